//! Between this program and a server that it starts: a copy of itself that ends the server as soon
//! as the pipe from this program closes. The kernel closes it however this program ends, so that
//! even `kill -9` leaves no server behind.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::Context;
use clap::Args;

/// What the guard is told.
#[derive(Args)]
pub struct Options {
    /// Where the server's output goes.
    #[arg(long)]
    log: PathBuf,
    program: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// How soon a server that ended by itself is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Starts the server, tells its id on standard output, and ends with it or with whoever asked for it.
pub fn stand(options: Options) -> anyhow::Result<ExitCode> {
    let log = File::options().create(true).append(true).open(&options.log)?;
    let mut command = Command::new(&options.program);
    command.args(&options.arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let mut server = command.spawn().context("the server could not be started")?;
    println!("{}", server.id());
    io::stdout().flush()?;
    let (gone, asked) = mpsc::channel::<()>();
    thread::spawn(move || {
        // Nothing is ever sent; an error is an end as well.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop(gone);
    });
    loop {
        if let Some(status) = server.try_wait()? {
            let code = status.code().and_then(|c| u8::try_from(c).ok());
            return Ok(code.map_or(ExitCode::FAILURE, ExitCode::from));
        }
        if asked.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) {
            server.kill()?;
            server.wait()?;
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// A server behind its guard.
pub struct Guarded {
    guard: Child,
    /// The server's own id.
    pub pid: u32,
}

impl Guarded {
    /// Starts `program` as `prepare` wants it: its folder and environment.
    pub fn start(
        program: &Path,
        arguments: &[String],
        log: &Path,
        prepare: impl FnOnce(&mut Command),
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("guard").arg("--log").arg(log).arg("--").arg(program).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        prepare(&mut command);
        // Ctrl-C is sent to the whole group of the terminal; the server is ended in order instead.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut guard = command.spawn().context("the server's guard could not be started")?;
        let mut line = String::new();
        BufReader::new(guard.stdout.take().context("the guard's output")?).read_line(&mut line)?;
        let pid = line.trim().parse().with_context(|| format!("{} could not be started", program.display()))?;
        Ok(Self { guard, pid })
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> anyhow::Result<Option<std::process::ExitStatus>> {
        Ok(self.guard.try_wait()?)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The guard hears the end of the pipe, ends the server and then itself.
        drop(self.guard.stdin.take());
        if let Err(error) = self.guard.wait() {
            eprintln!("a server's guard was not heard of again: {error}");
        }
    }
}
