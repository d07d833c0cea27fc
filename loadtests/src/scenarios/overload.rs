//! Far beyond what the server can do: it refuses quickly, says when to come back, goes on serving
//! as many as before, and is itself again soon after.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;
use tokio::{sync::watch, task::JoinSet};

use super::{Findings, Ground, Scenario};
use crate::{
    check::Check,
    crowd::{Crowd, Shape},
    lane::{Lane, Reply},
    outcome::Figure,
    progress::{Progress, step},
    record::{Recorder, Totals},
};

/// Options of the overload.
#[derive(Args, Serialize)]
pub struct Overload {
    /// Clients at saturation, each with one request in flight.
    #[arg(long, default_value_t = 800, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// How many times as many there are in the burst.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=100))]
    times: u32,
    /// How long each phase takes.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Refused clients come back at once instead of when they are asked to.
    #[arg(long)]
    impatient: bool,
}

/// How often goodput is looked at.
const WINDOW: Duration = Duration::from_millis(250);
/// What a server must still do in a burst, of what it does at its best.
const GOODPUT: f64 = 0.8;
/// How soon it is itself again.
const RECOVERY_MAX_S: f64 = 5.0;
/// A refusal is of use only when it comes at once.
const REFUSAL_MAX_MS: f64 = 50.0;
/// More would only repeat each other.
const MUTE_MAX: usize = 100;

/// Refusals of the moment.
#[derive(Default)]
struct Refusals {
    count: usize,
    reasons: BTreeMap<String, usize>,
    /// Those that do not say when to come back.
    mute: Vec<String>,
}

impl Refusals {
    fn note(&mut self, reply: &Reply) {
        self.count += 1;
        *self.reasons.entry(reply.text("reason")).or_default() += 1;
        if reply.retry_after.is_none() && self.mute.len() < MUTE_MAX {
            self.mute.push(reply.to_string());
        }
    }
}

struct Load {
    address: SocketAddr,
    crowd: Arc<Crowd>,
    recorder: Arc<Recorder>,
    refusals: Arc<Mutex<Refusals>>,
    active: watch::Sender<usize>,
    is_impatient: bool,
}

impl Scenario for Overload {
    const NAME: &'static str = "overload";
    const ABOUT: &'static str = "Clients book and cancel on one class as fast as they are answered: first as many as \
        saturate the server, then many times as many, then as many as before.";

    fn connections(&self) -> usize {
        (self.clients * self.times) as usize
    }

    async fn run(&self, ground: &Ground, recorder: &Arc<Recorder>) -> anyhow::Result<Findings> {
        let (mut desk, all) = (ground.desk().await?, self.connections());
        let shape = Shape { classes: 1, seats: 1_000_000, places: 0, students_per_class: all, looks: 0 };
        let crowd = Crowd::gather(ground, &mut desk, shape).await?;
        let load = Load {
            address: ground.address,
            crowd: crowd.clone(),
            recorder: recorder.clone(),
            refusals: Arc::default(),
            active: watch::channel(0).0,
            is_impatient: self.impatient,
        };
        let mut clients = load.clients(all).await?;
        let (length, few) = (Duration::from_secs(self.seconds.into()), self.clients as usize);
        recorder.restart();
        // What fills once, fills now.
        load.phase("warm-up", few, length / 3).await;
        let before = load.phase("saturation", few, length).await;
        let burst = load.phase("burst", all, length).await;
        let rest = Duration::from_secs_f64(RECOVERY_MAX_S + 2.0);
        let after = load.phase("after", few, rest).await;
        load.active.send_replace(CLOSED);
        step("the last answers …");
        while let Some(ended) = clients.join_next().await {
            ended?;
        }
        let mut checks = crowd.judge(ground, &mut desk).await?;
        let refusals = load.refusals.lock().expect("nobody panics while it is held");
        checks.push(retry_after(&refusals));
        let mut figures = vec![
            Figure::of("goodput at saturation", before.goodput(), "changes/s"),
            Figure::of("goodput in the burst", burst.goodput(), "changes/s"),
            Figure::of("goodput in the burst, of saturation", burst.goodput() / before.goodput(), "").at_least(GOODPUT),
            Figure::of("refused for now", refusals.count as f64, ""),
        ];
        let by_reason = refusals.reasons.iter();
        figures.extend(by_reason.map(|(why, n)| Figure::of(&format!("refused as {why}"), *n as f64, "")));
        if refusals.count > 0 {
            let p99 = recorder.ms(REFUSED, 0.99);
            figures.push(Figure::of("p99 of a refusal", p99, "ms").at_most(REFUSAL_MAX_MS));
        }
        let recovered = after.recovered(before.goodput() * GOODPUT).unwrap_or(rest.as_secs_f64());
        figures.push(Figure::of("as before again after", recovered, "s").at_most(RECOVERY_MAX_S));
        Ok(Findings { checks, figures })
    }
}

const REFUSED: &str = "refused for now";
/// As a number of clients: the run is over.
const CLOSED: usize = usize::MAX;

/// What was counted in each window of a phase.
struct Phase {
    windows: Vec<Totals>,
}

impl Load {
    /// All clients, connected; none is active yet.
    async fn clients(&self, count: usize) -> anyhow::Result<JoinSet<()>> {
        let mut clients = JoinSet::new();
        for i in 0..count {
            if i % 500 == 0 {
                step(&format!("client {i} of {count} …"));
            }
            // Who waits for a class to open has looked at it.
            let mut lane = Lane::to(self.address);
            let path = format!("/api/v1/schedules/{}", self.crowd.classes[0]);
            lane.look(&path, &self.crowd.member(i).token).await?;
            let (crowd, recorder, refusals) = (self.crowd.clone(), self.recorder.clone(), self.refusals.clone());
            let (mut active, is_impatient) = (self.active.subscribe(), self.is_impatient);
            clients.spawn(async move {
                loop {
                    let Ok(now) = active.wait_for(|n| *n > i).await.map(|n| *n) else { return };
                    if now == CLOSED {
                        return;
                    }
                    let sent = Instant::now();
                    let Ok(reply) = crowd.act_as(i, &mut lane, sent, &recorder).await else { continue };
                    if !reply.is_for_now() {
                        continue;
                    }
                    recorder.time(REFUSED, sent.elapsed());
                    refusals.lock().expect("nobody panics while it is held").note(&reply);
                    if !is_impatient {
                        let wait = Duration::from_secs(reply.retry_after.unwrap_or(1).into());
                        // Not all in the same instant: who is asked to come back spreads a little.
                        tokio::time::sleep(wait + wait.mul_f64((i % 100) as f64 / 200.0)).await;
                    }
                }
            });
        }
        Ok(clients)
    }

    async fn phase(&self, name: &str, clients: usize, length: Duration) -> Phase {
        let progress = Progress::show(&self.recorder, &format!("{name}, {clients} clients"), Some(length));
        self.recorder.mark(name);
        self.active.send_replace(clients);
        let (mut ticks, mut windows) = (tokio::time::interval(WINDOW), Vec::new());
        ticks.tick().await;
        let (began, mut last) = (Instant::now(), self.recorder.totals());
        while began.elapsed() < length {
            ticks.tick().await;
            let now = self.recorder.totals();
            windows.push(Totals {
                done: now.done - last.done,
                refused: now.refused - last.refused,
                failed: now.failed - last.failed,
            });
            last = now;
        }
        drop(progress);
        Phase { windows }
    }
}

impl Phase {
    /// Durable changes a second.
    fn goodput(&self) -> f64 {
        let done: u64 = self.windows.iter().map(|w| w.done).sum();
        done as f64 / (self.windows.len() as f64 * WINDOW.as_secs_f64())
    }

    /// Seconds until a whole second does as much as wanted, and refuses nobody.
    fn recovered(&self, wanted: f64) -> Option<f64> {
        let is_well = |w: &[Totals]| {
            let done: u64 = w.iter().map(|w| w.done).sum();
            done as f64 >= wanted && w.iter().all(|w| w.refused + w.failed == 0)
        };
        let a_second = (1.0 / WINDOW.as_secs_f64()) as usize;
        self.windows.windows(a_second).position(is_well).map(|i| i as f64 * WINDOW.as_secs_f64())
    }
}

fn retry_after(refusals: &Refusals) -> Check {
    let name = "refusals that do not say when to come back";
    if refusals.count == 0 {
        // The clients of this machine could not overload the server.
        return Check::equal(name, "none".to_owned(), "none".to_owned());
    }
    Check::none(name, refusals.count, &refusals.mute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_without_retry_after_is_found() {
        let busy = |retry_after| Reply { status: 503, retry_after, body: Vec::new() };
        let mut refusals = Refusals::default();
        assert!(retry_after(&refusals).ok);
        refusals.note(&busy(Some(1)));
        assert!(retry_after(&refusals).ok);
        refusals.note(&busy(None));
        assert!(!retry_after(&refusals).ok);
    }

    #[test]
    fn recovery_is_a_whole_second_of_goodput_without_refusals() {
        let window = |done, refused| Totals { done, refused, failed: 0 };
        let mut windows = vec![window(10, 0), window(100, 5), window(100, 0), window(100, 0), window(100, 0)];
        assert_eq!(Phase { windows: windows.clone() }.recovered(400.0), None);
        windows.push(window(100, 0));
        let phase = Phase { windows };
        assert_eq!(phase.recovered(400.0), Some(0.5));
        assert!((phase.goodput() - 340.0).abs() < 1.0);
    }
}
