//! Thousands of watchers: everybody sees every change, and after all of them dropped at once and
//! came back, everybody sees the truth.

mod watcher;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use tokio::{sync::watch, task::JoinSet};

use self::watcher::{Seen, Watcher};
use super::{Findings, Ground, Scenario, number};
use crate::{
    check::Check,
    crowd::{Crowd, Shape},
    lane::Lane,
    outcome::Figure,
    progress::{Progress, step},
    record::{Ending, Recorder},
    truth::schedules_of,
};

/// Options of the sockets.
#[derive(Args, Serialize)]
pub struct Sockets {
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sockets: u32,
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    classes: u32,
    /// Changes a second, over all classes.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// How long changes are watched before all sockets drop.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
}

/// Small classes with long queues: seats are freed, raced for, and positions move.
const SEATS: usize = 4;
const PLACES: usize = 8;
const STUDENTS: usize = 20;
const LOOKS: u32 = 30;
/// Changes go on this long after the storm began.
const STORM: Duration = Duration::from_secs(3);
/// How often all watchers are counted.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Who is not back by then does not come back.
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// After the last change.
const QUIET_WITHIN: Duration = Duration::from_secs(10);
/// How soon almost all must have converged.
const CONVERGED_MAX_MS: f64 = 10_000.0;

/// What is known of a class, and who saw it before it was known.
#[derive(Default)]
struct Changes {
    latest: (u64, u64),
    /// When the request was sent that led to this version.
    sent: BTreeMap<u64, Instant>,
    early: Vec<(u64, Instant)>,
}

/// Shared by the driver of a class and its watchers.
#[derive(Default)]
struct Class(Mutex<Changes>);

impl Class {
    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.0.lock().expect("nobody panics while it is held")
    }

    fn latest(&self) -> (u64, u64) {
        self.lock().latest
    }

    /// A watcher saw this version.
    fn saw(&self, version: u64, at: Instant, recorder: &Recorder) {
        let mut changes = self.lock();
        match changes.sent.get(&version) {
            Some(sent) => recorder.note(FRAME, Ending::Done, at.saturating_duration_since(*sent)),
            // The driver does not know yet how far its request has led.
            None if version > changes.latest.1 => changes.early.push((version, at)),
            None => {}
        }
    }

    /// A request that was sent then led here.
    fn changed(&self, now: (u64, u64), sent: Instant, recorder: &Recorder) {
        let mut changes = self.lock();
        for version in changes.latest.1 + 1..=now.1 {
            changes.sent.insert(version, sent);
        }
        changes.latest = now;
        for (_, at) in changes.early.extract_if(.., |(version, _)| *version <= now.1) {
            recorder.note(FRAME, Ending::Done, at.saturating_duration_since(sent));
        }
    }
}

const FRAME: &str = "change → seen by a watcher";
const STORMED: &str = "storm → back with the latest state";

impl Scenario for Sockets {
    const NAME: &'static str = "sockets";
    const ABOUT: &'static str = "Watchers see bookings, queues and offers change; then all drop at once and come back \
        while the changes go on; in the end each must see what HTTP says.";

    fn connections(&self) -> usize {
        // In the storm some come back before the server has seen them go.
        (self.sockets + self.sockets / 2 + self.classes) as usize
    }

    async fn run(&self, ground: &Ground, recorder: &Arc<Recorder>) -> anyhow::Result<Findings> {
        let (mut desk, count) = (ground.desk().await?, self.classes as usize);
        let shape = Shape { classes: count, seats: SEATS, places: PLACES, students_per_class: STUDENTS, looks: LOOKS };
        let crowd = Crowd::gather(ground, &mut desk, shape).await?;
        let classes: Vec<Arc<Class>> = (0..count).map(|_| Arc::default()).collect();
        fill(ground, &crowd, recorder).await?;
        let era = watch::channel(0u32).0;
        let (mut watchers, mut seen) = (JoinSet::new(), Vec::new());
        for i in 0..self.sockets as usize {
            let (class, mine) = (i % count, Arc::new(Mutex::new(Seen::default())));
            let watcher = Watcher {
                address: ground.address,
                // Each class is watched by all its students.
                student: crowd.member(class + (i / count) % STUDENTS * count),
                topic: format!("schedule:{}", crowd.classes[class]),
                class: classes[class].clone(),
                seen: mine.clone(),
                recorder: recorder.clone(),
            };
            seen.push(mine);
            watchers.spawn(watcher.run(era.subscribe()));
        }
        recorder.restart();
        let everybody = All { seen: &seen, classes: &classes, recorder };
        recorder.mark("connect");
        everybody.wait_in_era(0).await;
        recorder.mark("watch");
        let going = watch::channel(true).0;
        let mut drivers = JoinSet::new();
        for (i, class) in classes.iter().enumerate() {
            let every = Duration::from_secs_f64(count as f64 / f64::from(self.rate));
            let driver = Driver { number: i, class: class.clone(), crowd: crowd.clone(), token: desk.admin.clone() };
            drivers.spawn(driver.run(Lane::to(ground.address), every, recorder.clone(), going.subscribe()));
        }
        let before = recorder.count(FRAME);
        let progress = Progress::show(recorder, "watching", Some(Duration::from_secs(self.seconds.into())));
        everybody.watch(Duration::from_secs(self.seconds.into())).await;
        drop(progress);
        let frames_a_second = (recorder.count(FRAME) - before) as f64 / f64::from(self.seconds);
        let seen_after = recorder.ms(FRAME, 0.99);
        recorder.mark("storm");
        let targets: Vec<(u64, u64)> = classes.iter().map(|c| c.latest()).collect();
        seen.iter().enumerate().for_each(|(i, s)| watcher::lock(s).storm(targets[i % count]));
        era.send_replace(1);
        let (storm, progress) = (Instant::now(), Progress::show(recorder, "storm", None));
        everybody.wait_in_era(1).await;
        tokio::time::sleep(STORM.saturating_sub(storm.elapsed())).await;
        drop(progress);
        going.send_replace(false);
        while let Some(ended) = drivers.join_next().await {
            ended??;
        }
        step("the last frames …");
        everybody.wait_quiet().await;
        let who = (0..seen.len()).map(|i| (crowd.member(i % count + (i / count) % STUDENTS * count), i % count));
        let who = who.map(|(student, class)| (student, crowd.classes[class].clone())).collect();
        let truth = schedules_of(ground.address, who).await?;
        let seen: Vec<Seen> = seen.iter().map(|s| watcher::lock(s).clone()).collect();
        watchers.shutdown().await;
        let mut found = checks(&seen, &truth);
        found.extend(crowd.judge(ground, &mut desk).await?);
        let sum = |value: fn(&Seen) -> u64| seen.iter().map(value).sum::<u64>() as f64;
        let figures = vec![
            Figure::of("frames a second to all watchers", frames_a_second, "/s"),
            Figure::of("change → seen before the storm, p99", seen_after, "ms"),
            Figure::of("storm → converged, p50", recorder.ms(STORMED, 0.5), "ms"),
            Figure::of("storm → converged, p99", recorder.ms(STORMED, 0.99), "ms").at_most(CONVERGED_MAX_MS),
            Figure::of("attempts to connect that failed", sum(|s| s.failed_attempts), ""),
            Figure::of("frames", sum(|s| s.frames), ""),
            Figure::of("states skipped in favour of newer ones", sum(|s| s.skipped), ""),
        ];
        Ok(Findings { checks: found, figures })
    }
}

/// Lets seats and queues fill, so that there is something to free, to race for and to move up in.
async fn fill(ground: &Ground, crowd: &Arc<Crowd>, recorder: &Arc<Recorder>) -> anyhow::Result<()> {
    step("the classes fill …");
    let mut tasks = JoinSet::new();
    for class in 0..crowd.classes.len() {
        let (crowd, recorder, mut lane) = (crowd.clone(), recorder.clone(), Lane::to(ground.address));
        tasks.spawn(async move {
            for _ in 0..3 * STUDENTS {
                crowd.act_in(class, &mut lane, &recorder).await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    Ok(())
}

/// Changes one class again and again, one request after the other.
struct Driver {
    number: usize,
    class: Arc<Class>,
    crowd: Arc<Crowd>,
    token: String,
}

impl Driver {
    async fn run(
        self,
        mut lane: Lane,
        every: Duration,
        recorder: Arc<Recorder>,
        going: watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let path = format!("/api/v1/schedules/{}", self.crowd.classes[self.number]);
        // One class after the other, not all in the same instant.
        let share = self.number as f64 / self.crowd.classes.len() as f64;
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every.mul_f64(share), every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        while *going.borrow() {
            ticks.tick().await;
            let sent = Instant::now();
            self.crowd.act_in(self.number, &mut lane, &recorder).await;
            let now = lane.look(&path, &self.token).await?;
            self.class.changed((number(&now, "epoch")?, number(&now, "version")?), sent, &recorder);
        }
        Ok(())
    }
}

/// All watchers, as they are waited for.
struct All<'a> {
    seen: &'a [Arc<Mutex<Seen>>],
    classes: &'a [Arc<Class>],
    recorder: &'a Arc<Recorder>,
}

impl All<'_> {
    async fn wait_in_era(&self, era: u32) {
        let what = if era == 0 { "connected" } else { "back" };
        self.wait(BACK_WITHIN, what, |_, seen| seen.back_in == Some(era)).await;
    }

    async fn wait_quiet(&self) {
        self.wait(QUIET_WITHIN, "up to date", |class, seen| seen.order >= Some(class.latest())).await;
    }

    /// Only looks how many are there.
    async fn watch(&self, length: Duration) {
        let began = Instant::now();
        while began.elapsed() < length {
            tokio::time::sleep(LOOK_EVERY).await;
            self.count(|_, seen| seen.back_in == Some(0));
        }
    }

    fn count(&self, is_there: impl Fn(&Class, &Seen) -> bool) -> usize {
        let there = self.seen.iter().enumerate();
        let there = there.filter(|(i, s)| is_there(&self.classes[i % self.classes.len()], &watcher::lock(s))).count();
        self.recorder.point("watchers with the latest state", "", there as f64);
        there
    }

    /// Until all are; a bound, because a watcher that never is shall be told, not waited for.
    async fn wait(&self, at_most: Duration, what: &str, is_there: impl Fn(&Class, &Seen) -> bool) {
        let began = Instant::now();
        loop {
            let (there, all) = (self.count(&is_there), self.seen.len());
            if there == all || began.elapsed() > at_most {
                return;
            }
            step(&format!("{there} of {all} watchers are {what} …"));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

// ---- what must hold

fn checks(seen: &[Seen], truth: &[Value]) -> Vec<Check> {
    let told = |i: usize, what: String| format!("watcher {i} {what}");
    let gaps: Vec<String> =
        seen.iter().enumerate().flat_map(|(i, s)| s.gaps.iter().map(move |g| told(i, g.clone()))).collect();
    let away = seen.iter().enumerate().filter(|(_, s)| s.back_in != Some(1));
    let away: Vec<String> = away.map(|(i, s)| told(i, format!("({})", s.last_error))).collect();
    let differs = |(i, (seen, truth)): (usize, (&Seen, &Value))| {
        let difference = difference(&seen.state(), truth)?;
        Some(told(i, format!("sees {difference}")))
    };
    let wrong: Vec<String> = seen.iter().zip(truth).enumerate().filter_map(differs).collect();
    vec![
        Check::none("watchers that did not come back with the latest state", seen.len(), &away),
        Check::none(
            "frames out of order, or gaps without a whole state",
            seen.iter().map(|s| s.frames as usize).sum(),
            &gaps,
        ),
        Check::none("watchers who see in the end what HTTP does not say", seen.len(), &wrong),
    ]
}

/// The first field that is another one; what time it is does not matter.
fn difference(seen: &Value, truth: &Value) -> Option<String> {
    let (Some(seen), Some(truth)) = (seen.as_object(), truth.as_object()) else {
        return Some("no state at all".into());
    };
    let names = truth.keys().chain(seen.keys()).filter(|name| *name != "server_time");
    let mut differing = names.filter(|name| seen.get(*name) != truth.get(*name));
    let name = differing.next()?;
    let value = |object: &serde_json::Map<String, Value>| object.get(name).unwrap_or(&Value::Null).to_string();
    Some(format!("{name} {}, but HTTP says {}", value(seen), value(truth)))
}

#[cfg(test)]
mod tests;
