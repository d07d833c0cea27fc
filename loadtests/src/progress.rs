//! What a run tells while it goes on: one line that is rewritten in a terminal, else a plain line
//! every few seconds.

use std::{
    io::{IsTerminal, Write, stderr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::record::Recorder;

/// How often the line in a terminal is rewritten.
const REWRITE_EVERY: Duration = Duration::from_millis(250);
/// How often a plain line is written.
const TELL_EVERY: Duration = Duration::from_secs(3);

/// When the last plain line was written.
static TOLD_AT: Mutex<Option<Instant>> = Mutex::new(None);

/// Tells what is going on now, over the last line.
pub fn step(text: &str) {
    if stderr().is_terminal() {
        eprint!("\r\x1b[2K{text}");
        // A terminal that went away is no reason to stop.
        let _ = stderr().flush();
        return;
    }
    let mut told_at = TOLD_AT.lock().expect("nobody panics while it is held");
    if told_at.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
        *told_at = Some(Instant::now());
        eprintln!("{text}");
    }
}

/// Leaves the rewritten line; what follows begins on one of its own.
pub fn end_of_steps() {
    if stderr().is_terminal() {
        eprintln!();
    }
}

/// Tells how a run goes for as long as it lives.
pub struct Progress(JoinHandle<()>);

impl Progress {
    /// `length` is how long it is going to take, where that is known.
    pub fn show(recorder: &Arc<Recorder>, what: &str, length: Option<Duration>) -> Self {
        let (recorder, what) = (recorder.clone(), what.to_owned());
        // A step that came just before would swallow one that is as rare as they may be.
        let every = if stderr().is_terminal() { REWRITE_EVERY } else { TELL_EVERY / 3 };
        let (began, done_before) = (recorder.elapsed(), recorder.totals().all());
        Self(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticks.tick().await;
            let (mut last, mut at) = (done_before, began);
            loop {
                ticks.tick().await;
                let (now, done) = (recorder.elapsed(), recorder.totals().all());
                let rate = (done - last) as f64 / (now - at).as_secs_f64();
                (last, at) = (done, now);
                let left = length.map(|l| l.saturating_sub(now - began));
                step(&format!("{what}: {}", line(&recorder, rate, left)));
            }
        }))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.abort();
        end_of_steps();
    }
}

fn line(recorder: &Recorder, rate: f64, left: Option<Duration>) -> String {
    let totals = recorder.totals();
    let (p50, p99) = recorder.quantiles();
    let left = left.map_or(String::new(), |l| format!(", {} s left", l.as_secs_f64().ceil()));
    format!(
        "{rate:.0}/s, p50 {p50:.1} ms, p99 {p99:.1} ms, {} done, {} refused, {} errors{left}",
        totals.done, totals.refused, totals.failed
    )
}
