//! An ordinary day, only faster: many classes, a mixture of everything, at a given rate.

use std::{sync::Arc, time::Duration};

use clap::Args;
use serde::Serialize;

use super::{Findings, Ground, Scenario};
use crate::{
    crowd::{Crowd, Shape},
    outcome::Figure,
    pace,
    progress::Progress,
    record::Recorder,
};

/// Options of the steady load.
#[derive(Args, Serialize)]
pub struct Steady {
    /// Requests a second, however slow the answers are.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    rate: u32,
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    classes: u32,
    /// Connections that share the requests.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    connections: u32,
}

/// Forty people want the twenty seats of a class.
const SEATS: usize = 20;
const PLACES: usize = 8;
const STUDENTS: usize = 40;
/// Of a hundred requests.
const LOOKS: u32 = 40;

impl Scenario for Steady {
    const NAME: &'static str = "steady";
    const ABOUT: &'static str = "Students of many classes book, cancel, join, leave, look and claim, at a fixed rate. \
        Latency counts from the instant at which a request was due.";

    fn connections(&self) -> usize {
        self.connections as usize
    }

    fn validate(&self) -> anyhow::Result<()> {
        let students = self.classes as usize * STUDENTS;
        anyhow::ensure!(
            self.connections as usize <= students,
            "--connections {} are more than the {students} students of {} classes: take more --classes",
            self.connections,
            self.classes
        );
        Ok(())
    }

    async fn run(&self, ground: &Ground, recorder: &Arc<Recorder>) -> anyhow::Result<Findings> {
        let mut desk = ground.desk().await?;
        let classes = self.classes as usize;
        let shape = Shape { classes, seats: SEATS, places: PLACES, students_per_class: STUDENTS, looks: LOOKS };
        let crowd = Crowd::gather(ground, &mut desk, shape).await?;
        let (rate, length) = (f64::from(self.rate), Duration::from_secs(self.seconds.into()));
        recorder.restart();
        let progress = Progress::show(recorder, "steady", Some(length));
        pace::act(ground.address, &crowd, recorder, self.connections as usize, rate, length).await?;
        drop(progress);
        let (took, totals) = (recorder.elapsed().as_secs_f64(), recorder.totals());
        let (p50, p99) = recorder.quantiles();
        let figures = vec![
            Figure::of("answers a second", totals.all() as f64 / took, "/s").at_least(rate * 0.99),
            Figure::of("p50 of all", p50, "ms"),
            Figure::of("p99 of all", p99, "ms"),
            Figure::of("refused by the rules", totals.refused as f64, ""),
        ];
        Ok(Findings { checks: crowd.judge(ground, &mut desk).await?, figures })
    }
}
