//! The servers under test: started in a temporary folder, on free ports, behind a guard.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::bail;

use crate::{client::Connection, guard::Guarded};

/// A server that this run started; it ends with it.
pub struct Server {
    pub address: SocketAddr,
    pub folder: PathBuf,
    process: Guarded,
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Server {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.pid
    }

    /// yueke in demo mode, empty, on this database.
    pub async fn yueke(binary: &Path, url: &str, folder: &Path) -> anyhow::Result<Self> {
        if !binary.exists() {
            bail!("{} is not there: build it with `cargo build --release`, or name it with --server", binary.display());
        }
        // The server runs in a folder of its own.
        let binary = std::path::absolute(binary)?;
        let address = free_address()?;
        let prepare = |command: &mut Command| {
            command
                .env("YUEKE_LISTEN", address.to_string())
                .env("YUEKE_DATABASE_URL", url)
                .env("YUEKE_ENV", "demo")
                .env("YUEKE_DEMO_DATA", "0")
                .env("YUEKE_LOG", "warn");
        };
        Self::start(&binary, &[], address, folder, prepare).await
    }

    /// The design that people would pick instead, or the bare limits.
    pub async fn baseline(url: Option<&str>, connections: u32, folder: &Path) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut arguments: Vec<String> = ["baseline", "--listen"].map(str::to_owned).to_vec();
        arguments.extend([address.to_string(), "--connections".to_owned(), connections.to_string()]);
        if let Some(url) = url {
            arguments.extend(["--database-url".to_owned(), url.to_owned()]);
        }
        Self::start(&std::env::current_exe()?, &arguments, address, folder, |_| {}).await
    }

    async fn start(
        program: &Path,
        arguments: &[String],
        address: SocketAddr,
        folder: &Path,
        prepare: impl FnOnce(&mut Command),
    ) -> anyhow::Result<Self> {
        let in_folder = |command: &mut Command| {
            command.current_dir(folder);
            prepare(command);
        };
        let process = Guarded::start(program, arguments, &folder.join(LOG), in_folder)?;
        let mut server = Self { address, folder: folder.to_owned(), process };
        server.wait_ready().await?;
        Ok(server)
    }

    async fn wait_ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.process.ended()? {
                bail!("the server ended with {status}:\n{}", log_tail(&self.folder));
            }
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok((200, _)) = connection.call(&crate::client::request("GET", "/readyz", None, None)).await
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the server at {} was not ready within a minute:\n{}", self.address, log_tail(&self.folder))
    }

    /// Processor time that it has used so far; Linux only.
    pub fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).ok()?;
        // After the name, which may hold anything: state is field 3, user time 14, system time 15.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        // The kernel reports in hundredths of a second, whatever its own clock.
        Some(Duration::from_millis(ticks * 10))
    }

    /// Resident memory in KiB; Linux only.
    pub fn resident_kib(&self) -> Option<u64> {
        resident_kib(self.pid())
    }
}

/// Resident memory of a process in KiB; Linux only.
pub fn resident_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

const LOG: &str = "server.log";
/// Enough to see what went wrong.
const TAIL_LINES: usize = 15;

/// The last lines of the log of the server in this folder.
pub fn log_tail(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join(LOG)).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// The last lines of the logs of all servers of a run that said something.
pub fn log_tails(root: &Path) -> String {
    let folders = std::fs::read_dir(root).map(|d| d.flatten().map(|e| e.path()).collect()).unwrap_or_default();
    let mut folders: Vec<PathBuf> = folders;
    folders.sort();
    let tails = folders.iter().map(|f| log_tail(f)).filter(|t| !t.is_empty());
    tails.map(|t| format!("the server's log ends with:\n{t}")).collect::<Vec<_>>().join("\n")
}
