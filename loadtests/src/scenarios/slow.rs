//! Sockets whose clients are stuck, among good ones: they hurt only themselves, are let go in time,
//! and the server keeps little for them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Args;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::{Findings, Ground, Scenario};
use crate::{
    check::Check,
    client::{Connection, request},
    crowd::{Crowd, Shape},
    outcome::Figure,
    pace,
    progress::{Progress, step},
    record::{Recorder, ms_at},
    ws::{Socket, listen},
};

/// Options of the slow sockets.
#[derive(Args, Serialize)]
pub struct Slow {
    /// Requests a second.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    rate: u32,
    /// How long bookings are measured: without, with, and again without slow sockets.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Sockets that are read as they should be.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    good: u32,
    /// Sockets that watch every class and are never read.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    never_reading: u32,
    /// Sockets of which nothing is heard any more, not even answers to pings.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    half_open: u32,
}

const CLASSES: usize = 20;
const SEATS: usize = 20;
const PLACES: usize = 8;
const STUDENTS: usize = 40;
const LOOKS: u32 = 20;
const CONNECTIONS: usize = 50;
/// The server has let go of a stuck socket by then.
const REAPED_WITHIN_S: f64 = 60.0;
/// Beyond it nobody waits for the last ones.
const WAIT_MAX: Duration = Duration::from_secs(90);
/// What a slow socket may keep at most in the server …
const KEPT_KIB: f64 = 256.0;
/// … beside what an ordinary load adds in the meantime, mostly the database's page cache.
const BESIDE_MIB: f64 = 64.0;
/// p99 with slow sockets, of that without.
const SLOWER_MAX: f64 = 1.2;

impl Scenario for Slow {
    const NAME: &'static str = "slow";
    const ABOUT: &'static str = "Bookings without, with and again without stuck sockets: some watch everything and are \
        never read, of others nothing is heard any more.";

    fn connections(&self) -> usize {
        CONNECTIONS + (self.good + self.never_reading + self.half_open) as usize
    }

    async fn run(&self, ground: &Ground, recorder: &Arc<Recorder>) -> anyhow::Result<Findings> {
        let mut desk = ground.desk().await?;
        let shape =
            Shape { classes: CLASSES, seats: SEATS, places: PLACES, students_per_class: STUDENTS, looks: LOOKS };
        let crowd = Crowd::gather(ground, &mut desk, shape).await?;
        step("good sockets …");
        let mut good = Vec::new();
        for i in 0..self.good as usize {
            let mut socket = Socket::open(ground.address, &crowd.student_of(i % CLASSES).token).await?;
            socket.subscribe(&format!("schedule:{}", crowd.classes[i % CLASSES])).await?;
            good.push(listen(socket));
        }
        recorder.restart();
        // What fills once, fills now.
        self.measure("warm-up", ground, &crowd, recorder, 3).await?;
        let first = self.measure("without", ground, &crowd, recorder, self.seconds).await?;
        let memory_before = ground.memory_mib();
        step("slow sockets …");
        let attached = Instant::now();
        let bad = self.attach(ground, &crowd).await?;
        let with = self.measure("with", ground, &crowd, recorder, self.seconds).await?;
        let reaped_after = self.wait_reaped(ground, &crowd, recorder, attached).await?;
        let peak = recorder.curve_of(super::MEMORY).map(|points| points.iter().map(|p| p.1).fold(0.0, f64::max));
        drop(bad);
        let second = self.measure("again without", ground, &crowd, recorder, self.seconds).await?;
        let mut without = first;
        without.add(&second)?;
        let (p99_without, p99_with) = (ms_at(&without, 0.99), ms_at(&with, 0.99));
        let mut figures = vec![
            Figure::of("p99 without slow sockets", p99_without, "ms"),
            Figure::of("p99 with slow sockets", p99_with, "ms"),
            Figure::of("p99 with, of that without", p99_with / p99_without, "").at_most(SLOWER_MAX),
        ];
        let mut checks = crowd.judge(ground, &mut desk).await?;
        let memory = memory_before.zip(peak);
        figures.extend(memory.map(|(before, peak)| Figure::of("memory added", peak - before, "MiB")));
        figures.push(Figure::of("slow sockets were let go after", reaped_after, "s"));
        let dead = good.iter_mut().enumerate().filter_map(|(i, heard)| {
            while heard.try_recv().is_ok() {}
            heard.is_closed().then(|| format!("good socket {i} was closed"))
        });
        let (slow, good) = (self.never_reading + self.half_open, self.good as usize);
        checks.extend(Fate { slow, reaped_after, memory, good, dead: dead.collect() }.checks());
        Ok(Findings { checks, figures })
    }
}

impl Slow {
    /// Latencies of a phase.
    async fn measure(
        &self,
        name: &str,
        ground: &Ground,
        crowd: &Arc<Crowd>,
        recorder: &Arc<Recorder>,
        seconds: u32,
    ) -> anyhow::Result<Histogram<u64>> {
        let before = recorder.latencies();
        let length = Duration::from_secs(seconds.into());
        recorder.mark(name);
        let progress = Progress::show(recorder, name, Some(length));
        pace::act(ground.address, crowd, recorder, CONNECTIONS, f64::from(self.rate), length).await?;
        drop(progress);
        let mut after = recorder.latencies();
        after.subtract(&before)?;
        Ok(after)
    }

    /// Let in like any other, and never read from then on.
    async fn attach(&self, ground: &Ground, crowd: &Crowd) -> anyhow::Result<Vec<Socket>> {
        let mut bad = Vec::new();
        for i in 0..(self.never_reading + self.half_open) as usize {
            let mut socket = Socket::open_narrow(ground.address, &crowd.student_of(i % CLASSES).token).await?;
            if i < self.never_reading as usize {
                for class in &crowd.classes {
                    socket.ask_for(&format!("schedule:{class}")).await?;
                }
            }
            bad.push(socket);
        }
        Ok(bad)
    }

    /// Seconds since they came until the server has only the good ones left. The load goes on.
    async fn wait_reaped(
        &self,
        ground: &Ground,
        crowd: &Arc<Crowd>,
        recorder: &Arc<Recorder>,
        attached: Instant,
    ) -> anyhow::Result<f64> {
        recorder.mark("until they are let go");
        loop {
            let open = sockets_open(ground).await?;
            recorder.point("open sockets", "", open);
            let waited = attached.elapsed();
            if open <= f64::from(self.good) || waited > WAIT_MAX {
                return Ok(waited.as_secs_f64());
            }
            step(&format!(
                "{open:.0} sockets are open after {:.0} s, {} of them good …",
                waited.as_secs_f64(),
                self.good
            ));
            let second = Duration::from_secs(1);
            pace::act(ground.address, crowd, recorder, CONNECTIONS, f64::from(self.rate), second).await?;
        }
    }
}

/// As the server counts them.
async fn sockets_open(ground: &Ground) -> anyhow::Result<f64> {
    let mut connection = Connection::open(ground.address).await?;
    let (status, body) = connection.call(&request("GET", "/metrics", None, None)).await?;
    anyhow::ensure!(status == 200, "/metrics answers {status}");
    let line = String::from_utf8_lossy(body).lines().find_map(|l| l.strip_prefix("yueke_sockets_open ")?.parse().ok());
    line.context("/metrics does not tell yueke_sockets_open")
}

/// What became of the sockets.
struct Fate {
    slow: u32,
    reaped_after: f64,
    /// MiB before, and at most.
    memory: Option<(f64, f64)>,
    good: usize,
    dead: Vec<String>,
}

impl Fate {
    fn checks(&self) -> Vec<Check> {
        let bound = f64::from(self.slow) * KEPT_KIB / 1_024.0 + BESIDE_MIB;
        let memory =
            |(before, peak)| Check::at_most("memory that slow sockets add at most", bound, peak - before, "MiB");
        let reaped = Check::at_most("slow sockets are all let go after", REAPED_WITHIN_S, self.reaped_after, "s");
        let dead = Check::none("good sockets that were closed", self.good, &self.dead);
        [reaped, dead].into_iter().chain(self.memory.map(memory)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violated(fate: &Fate) -> Vec<String> {
        fate.checks().into_iter().filter(|c| !c.ok).map(|c| c.name).collect()
    }

    #[test]
    fn each_check_finds_its_violation() {
        let fair = || Fate { slow: 100, reaped_after: 50.0, memory: Some((100.0, 120.0)), good: 5, dead: Vec::new() };
        assert!(violated(&fair()).is_empty());
        let late = Fate { reaped_after: 61.0, ..fair() };
        assert_eq!(violated(&late), ["slow sockets are all let go after"]);
        let fat = Fate { memory: Some((100.0, 190.0)), ..fair() };
        assert_eq!(violated(&fat), ["memory that slow sockets add at most"]);
        let cut = Fate { dead: vec!["good socket 1 was closed".into()], ..fair() };
        assert_eq!(violated(&cut), ["good sockets that were closed"]);
    }
}
