//! Load and baselines. Every figure is a ratio to something measured in the same run, on the same
//! machine, with the same client.

mod baseline;
mod bench;
mod client;
mod race;
mod server;
mod table;
mod ws;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// The same as yueke's, so that the baseline has it too.
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
    /// Measure, beside the baseline, and print a table.
    Bench(bench::Options),
    /// A herd at one class of 20 seats and 8 places: exactly 20 and 8; then races with one winner each.
    Race {
        /// A running server in demo mode, such as 127.0.0.1:8080.
        #[arg(long)]
        target: SocketAddr,
        #[arg(long, default_value_t = 1_000)]
        clients: usize,
    },
    /// The design that people would pick instead, as a server of its own.
    Baseline {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        database_url: Option<String>,
        #[arg(long, default_value_t = 16)]
        connections: u32,
    },
}

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    raise_file_limit();
    refuse_huge_pages();
    let result = match command {
        Command::Baseline { listen, database_url, connections } => {
            actix_web::rt::System::new().block_on(baseline::serve(listen, database_url.as_deref(), connections))
        }
        Command::Bench(options) => runtime().block_on(bench::run(options)),
        Command::Race { target, clients } => runtime().block_on(race::run(target, clients)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("loadtests: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One thread: the client must leave the cores to the server.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime needs no more than a thread")
}

/// Thousands of sockets need as many file descriptors, here and in the servers that are started.
fn raise_file_limit() {
    #[cfg(unix)]
    if let Ok((soft, hard)) = rlimit::Resource::NOFILE.get()
        && soft < hard
        && let Err(error) = rlimit::Resource::NOFILE.set(hard, hard)
    {
        eprintln!("only {soft} files may be open ({error}); raise it with `ulimit -n`");
    }
}

/// As yueke does, so that the baseline has it too and the client's own pauses are not measured.
fn refuse_huge_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        eprintln!("goes on with huge pages: {error}");
    }
}

fn default_server() -> PathBuf {
    // Beside this command, where cargo put it.
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("yueke")));
    beside.unwrap_or_else(|| "target/release/yueke".into())
}
