//! Load, races and baselines. Every figure is measured on the same machine, in the same run and
//! with the same client as what it is compared with; every scenario checks what must hold whatever
//! the load.

mod baseline;
mod bench;
mod check;
mod client;
mod compare;
mod crowd;
mod databases;
mod desk;
mod files;
mod guard;
mod lane;
mod out;
mod outcome;
mod pace;
mod progress;
mod record;
mod report;
mod scenarios;
mod server;
mod signals;
mod table;
mod target;
mod truth;
mod ws;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use scenarios::{Common, Scenario, play};

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
    /// Everybody books one class at the same instant.
    Rush(Of<scenarios::rush::Rush>),
    /// Many classes and a mixture of everything, at a given rate.
    Steady(Of<scenarios::steady::Steady>),
    /// Seats are freed, and those who wait race for them.
    Race(Of<scenarios::race::Race>),
    /// Thousands of watchers, who all drop at once and come back.
    Sockets(Of<scenarios::sockets::Sockets>),
    /// Minutes of a mixture; does memory come to rest?
    Soak(Of<scenarios::soak::Soak>),
    /// Stuck sockets among good ones.
    Slow(Of<scenarios::slow::Slow>),
    /// Far beyond saturation, and back.
    Overload(Of<scenarios::overload::Overload>),
    /// Freed seats are announced in WeChat, which answers slowly.
    Announce(Of<scenarios::announce::Announce>),
    /// Two results of the same scenario, side by side.
    Compare(compare::Options),
    /// Measure, beside the baseline, and print a table.
    Bench(bench::Options),
    /// The design that people would pick instead, as a server of its own.
    Baseline {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        database_url: Option<String>,
        #[arg(long, default_value_t = 16)]
        connections: u32,
    },
    #[command(hide = true)]
    Guard(guard::Options),
}

/// A scenario's options and those that all have.
#[derive(Args)]
struct Of<S: Args> {
    #[command(flatten)]
    scenario: S,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    files::raise();
    refuse_huge_pages();
    let done = match command {
        Command::Baseline { listen, database_url, connections } => {
            let serving = baseline::serve(listen, database_url.as_deref(), connections);
            actix_web::rt::System::new().block_on(serving).map(|()| ExitCode::SUCCESS)
        }
        Command::Guard(options) => guard::stand(options),
        Command::Bench(options) => runtime().block_on(bench::run(options)).map(|()| ExitCode::SUCCESS),
        Command::Compare(options) => compare::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Rush(of) => played(&of),
        Command::Steady(of) => played(&of),
        Command::Race(of) => played(&of),
        Command::Sockets(of) => played(&of),
        Command::Soak(of) => played(&of),
        Command::Slow(of) => played(&of),
        Command::Overload(of) => played(&of),
        Command::Announce(of) => played(&of),
    };
    done.unwrap_or_else(|error| {
        eprintln!("loadtests: {error:#}");
        ExitCode::from(COULD_NOT_RUN)
    })
}

/// A violated check is 1, as with tests; this is told apart from it.
const COULD_NOT_RUN: u8 = 2;

fn played<S: Scenario + Args>(of: &Of<S>) -> anyhow::Result<ExitCode> {
    let is_safe = runtime().block_on(play(&of.scenario, &of.common))?;
    Ok(if is_safe { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One thread: the client must leave the cores to the server.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime needs no more than a thread")
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
