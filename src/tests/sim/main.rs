//! Deterministic simulation: the real domain, engine, writer and recovery on a simulated clock,
//! network and disk, driven by one seed and judged by an auditor of its own.
//!
//! ```text
//! SIM="cargo test --workspace --features sabotage --test yueke-sim --"
//! $SIM                               200 seeds, then every guard switched off
//! $SIM --seeds 10000                 more
//! $SIM --seed 4711                   one, with its story
//! $SIM --guard fence                 without this guard, until it is missed
//! $SIM --seed 4711 --guard fence     one without it, with its story
//! ```
//!
//! A guard that can be switched off without anything being noticed guards nothing, or is not
//! tested: then the run fails as well.

mod auditor;
mod client;
mod compare;
mod dice;
mod disk;
mod ears;
mod habits;
mod panics;
mod run;
mod server;
mod wall;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Parser;
use yueke::base::guard::Guard;

use self::run::{Shown, run};

#[derive(Parser)]
struct Options {
    /// How many seeds to play.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// Play this seed alone and tell its story.
    #[arg(long)]
    seed: Option<u64>,
    /// Switch this guard off: fence, lease, request_key …; with no seed, until it is missed.
    #[arg(long, value_parser = guard_named)]
    guard: Option<Guard>,
    /// Seeds after which a guard that is off should long have been missed.
    #[arg(long, default_value_t = 200)]
    patience: u64,
    /// Cargo passes the filter and flags of its own harness; they mean nothing here.
    #[arg(hide = true)]
    filter: Option<String>,
}

/// Time passes: the runtime's, which stands still while anybody works.
#[allow(clippy::disallowed_methods, reason = "nobody really sleeps")]
async fn pass(long: Duration) {
    tokio::time::sleep(long).await;
}

fn name_of(guard: Guard) -> String {
    let mut name = String::new();
    for c in format!("{guard:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

fn guard_named(name: &str) -> Result<Guard, String> {
    let names = || Guard::ALL.map(name_of).join(", ");
    Guard::ALL.into_iter().find(|g| name_of(*g) == name).ok_or_else(|| format!("use one of {}", names()))
}

fn main() -> ExitCode {
    let options = Options::parse();
    panics::watch();
    if let Some(seed) = options.seed {
        return one(seed, options.guard);
    }
    if let Some(guard) = options.guard {
        return if is_missed(guard, options.patience) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let began = Instant::now();
    let mut failed = 0;
    let total = Mutex::new(Shown::default());
    let bad = play(options.seeds, "seeds", |seed| {
        let shown = run(seed, None);
        let mut total = total.lock().expect("plain data");
        total.commits += shown.commits;
        total.judged += shown.judged;
        total.crashes += shown.crashes;
        first_violation(&shown)
    });
    let total = total.into_inner().expect("plain data");
    println!(
        "{} seeds: {} commits and {} answers judged, {} crashes, {:.1} s",
        options.seeds,
        total.commits,
        total.judged,
        total.crashes,
        began.elapsed().as_secs_f64()
    );
    if let Some((seed, what)) = bad {
        failed += 1;
        println!("seed {seed}: {what}\nplay it again with --seed {seed}");
    }
    if run(7, None).story != run(7, None).story {
        failed += 1;
        println!("the same seed gave two different runs");
    }
    for guard in Guard::ALL {
        failed += u64::from(!is_missed(guard, options.patience));
    }
    let passed = Guard::ALL.len() as u64 + 2 - failed;
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays with the guard switched off until something is found.
fn is_missed(guard: Guard, patience: u64) -> bool {
    let name = name_of(guard);
    let found = play(patience, &name, |seed| first_violation(&run(seed, Some(guard))));
    match &found {
        Some((seed, what)) => println!("{name:<14} missed after {:>3} seeds: {what}", seed + 1),
        None => println!("{name:<14} NOT MISSED in {patience} seeds"),
    }
    found.is_some()
}

fn first_violation(shown: &Shown) -> Option<String> {
    shown.violations.first().cloned()
}

fn one(seed: u64, guard: Option<Guard>) -> ExitCode {
    let shown = run(seed, guard);
    shown.story.iter().for_each(|line| println!("{line}"));
    println!("{} commits, {} answers judged, {} crashes", shown.commits, shown.judged, shown.crashes);
    shown.violations.iter().for_each(|what| println!("VIOLATION: {what}"));
    if shown.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays seeds from 0 on, on all cores, until one shows something; the lowest of those that did.
fn play(seeds: u64, what: &str, judge: impl Fn(u64) -> Option<String> + Sync) -> Option<(u64, String)> {
    let (next, stop_at) = (AtomicU64::new(0), AtomicU64::new(seeds));
    let found = Mutex::new(None::<(u64, String)>);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= stop_at.load(Ordering::SeqCst) {
                        return;
                    }
                    progress(what, seed, seeds);
                    if let Some(violation) = judge(seed) {
                        stop_at.fetch_min(seed, Ordering::SeqCst);
                        let mut found = found.lock().expect("plain data");
                        if found.as_ref().is_none_or(|(first, _)| seed < *first) {
                            *found = Some((seed, violation));
                        }
                    }
                }
            });
        }
    });
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[2K");
    }
    found.into_inner().expect("plain data")
}

fn progress(what: &str, seed: u64, seeds: u64) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[2K{what}: {seed} of {seeds}");
        let _ = std::io::stderr().flush();
    }
}
