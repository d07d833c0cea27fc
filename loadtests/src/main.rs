//! Load and baselines. Every figure is a ratio to something measured in the same run, on the same
//! machine, with the same client.

mod baseline;
mod bench;
mod client;
mod load;
mod progress;
mod race;
mod server;
mod table;
mod ws;

use std::{net::SocketAddr, process::ExitCode};

use anyhow::bail;
use clap::{Parser, Subcommand};

use crate::client::Target;

/// The allocator of the server under test, so that the baseline has no worse one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Load tests of yueke.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure, beside the baseline, and print a table. Fails when a safety check does.
    Bench(bench::Options),
    /// A herd at one class of 20 seats and 8 places: exactly 20 booked and 8 queued.
    Rush {
        /// A running server in demo mode, such as http://127.0.0.1:8080.
        #[arg(long)]
        target: Target,
        #[arg(long, default_value_t = 1_000)]
        clients: usize,
    },
    /// Freed seats, each raced for by the eight who wait: exactly one winner each.
    Race {
        /// A running server in demo mode, such as http://127.0.0.1:8080.
        #[arg(long)]
        target: Target,
        #[arg(long, default_value_t = 50)]
        rounds: usize,
        /// The herd that fills the class before.
        #[arg(long, default_value_t = 100)]
        clients: usize,
    },
    /// The design that people would pick instead, as a server of its own.
    Baseline {
        #[arg(long)]
        listen: SocketAddr,
        /// sqlite://path or postgres://…; without it only the bare limits are served.
        #[arg(long)]
        database_url: Option<String>,
        #[arg(long, default_value_t = 16)]
        connections: u32,
        /// SQLite: a commit that finds so many pages in the log checkpoints them.
        #[arg(long, default_value_t = baseline::CHECKPOINT_PAGES)]
        checkpoint_pages: u32,
    },
}

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    raise_file_limit();
    let result = match command {
        Command::Baseline { listen, database_url, connections, checkpoint_pages } => actix_web::rt::System::new()
            .block_on(baseline::serve(listen, database_url.as_deref(), connections, checkpoint_pages)),
        Command::Bench(options) => until_interrupted(bench::run(options)),
        Command::Rush { target, clients } => until_interrupted(race::rush(target.0, clients)),
        Command::Race { target, rounds, clients } => until_interrupted(race::race(target.0, rounds, clients)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::clear();
            eprintln!("loadtests: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One thread: the client must leave the cores to the server. An interrupt drops the work instead
/// of ending the process, so that the servers which were started end too.
fn until_interrupted(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            done = work => done,
            stopped = interrupted() => {
                stopped?;
                bail!("interrupted")
            }
        }
    })
}

#[cfg(unix)]
async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut hangup) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = term.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Thousands of sockets need as many file descriptors, here and in the servers that are started.
fn raise_file_limit() {
    #[cfg(unix)]
    if let Ok((soft, hard)) = rlimit::Resource::NOFILE.get()
        && soft < hard
    {
        // Where it stays too low, `need_files` says so before anything starts.
        let _ = rlimit::Resource::NOFILE.set(hard, hard);
    }
}

/// Refuses early what would fail halfway.
pub fn need_files(count: usize) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        let (soft, hard) = rlimit::Resource::NOFILE.get()?;
        // Some are open already: the runtime's, the terminal's, a database's.
        let needed = count as u64 + 100;
        if soft < needed {
            bail!(
                "{needed} files must be open at once, but only {soft} may be (at most {hard}): \
                 raise it with `ulimit -n {needed}`, or take fewer clients"
            );
        }
    }
    #[cfg(not(unix))]
    let _ = count;
    Ok(())
}
