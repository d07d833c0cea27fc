//! Minutes of a mixed load: does the server's memory come to rest?

use std::{convert::Infallible, sync::Arc, time::Duration};

use anyhow::ensure;
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::{Findings, Ground, MEMORY, Scenario};
use crate::{
    crowd::{Crowd, Shape},
    outcome::Figure,
    pace,
    progress::Progress,
    record::Recorder,
    ws::{PING_EVERY, Socket},
};

/// Options of the soak.
#[derive(Args, Serialize)]
pub struct Soak {
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    minutes: u32,
    /// Requests a second.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    rate: u32,
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    classes: u32,
    /// Sockets that watch the classes.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=20_000))]
    sockets: u32,
}

const SEATS: usize = 20;
const PLACES: usize = 8;
const STUDENTS: usize = 40;
const LOOKS: u32 = 40;
const CONNECTIONS: usize = 100;
/// Caches and lists fill in this share of the time; growth is judged after it.
const WARM_UP: f64 = 0.5;

impl Scenario for Soak {
    const NAME: &'static str = "soak";
    const ABOUT: &'static str = "A mixed load for minutes, watched over sockets. \
        Memory is judged in the second half; in the first, caches fill.";

    fn connections(&self) -> usize {
        CONNECTIONS + self.sockets as usize
    }

    async fn run(&self, ground: &Ground, recorder: &Arc<Recorder>) -> anyhow::Result<Findings> {
        let mut desk = ground.desk().await?;
        let classes = self.classes as usize;
        let shape = Shape { classes, seats: SEATS, places: PLACES, students_per_class: STUDENTS, looks: LOOKS };
        let crowd = Crowd::gather(ground, &mut desk, shape).await?;
        let mut watchers = tokio::task::JoinSet::new();
        for i in 0..self.sockets as usize {
            let class = i % classes;
            let mut socket = Socket::open(ground.address, &crowd.student_of(class).token).await?;
            socket.subscribe(&format!("schedule:{}", crowd.classes[class])).await?;
            watchers.spawn(watch(socket));
        }
        let (rate, length) = (f64::from(self.rate), Duration::from_secs(60 * u64::from(self.minutes)));
        recorder.restart();
        let progress = Progress::show(recorder, "soak", Some(length));
        pace::act(ground.address, &crowd, recorder, CONNECTIONS, rate, length).await?;
        drop(progress);
        if let Some(ended) = watchers.try_join_next() {
            let _never: Infallible = ended??;
        }
        let (p50, p99) = recorder.quantiles();
        let mut figures = vec![Figure::of("p50 of all", p50, "ms"), Figure::of("p99 of all", p99, "ms")];
        if let Some(points) = recorder.curve_of(MEMORY) {
            let after = length.as_secs_f64() * WARM_UP;
            let settled: Vec<(f64, f64)> = points.into_iter().filter(|(at, _)| *at >= after).collect();
            ensure!(settled.len() > 2, "the server's memory was read too seldom");
            figures.push(Figure::of("memory in the end", settled[settled.len() - 1].1, "MiB"));
            figures.push(
                Figure::of("slope of the memory", slope(&settled) * 1_024.0 * 60.0, "KiB/min").at_most(SLOPE_MAX),
            );
        }
        Ok(Findings { checks: crowd.judge(ground, &mut desk).await?, figures })
    }
}

/// Reads on; ends only when the socket does.
async fn watch(mut socket: Socket) -> anyhow::Result<Infallible> {
    let mut ping = tokio::time::interval(PING_EVERY);
    loop {
        tokio::select! {
            text = socket.next_text() => drop(text?),
            _ = ping.tick() => socket.send(&json!({ "type": "ping" })).await?,
        }
    }
}

/// A megabyte a minute: 1.4 GiB a day would be seen by an operator, less is noise of the allocator
/// within minutes.
const SLOPE_MAX: f64 = 1_024.0;

/// Of the line that fits best, per unit of the first coordinate.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let over: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let under: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    if under == 0.0 { 0.0 } else { over / under }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_found_through_noise() {
        let line: Vec<(f64, f64)> =
            (0..100).map(|i| (f64::from(i), 3.0 + 0.5 * f64::from(i) + f64::from(i % 2))).collect();
        assert!((slope(&line) - 0.5).abs() < 0.01);
        assert_eq!(slope(&[(1.0, 2.0)]), 0.0);
    }
}
