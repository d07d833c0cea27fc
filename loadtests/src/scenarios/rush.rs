//! The opening of a popular class: everybody taps at once, some of them twice; who finds it full
//! joins its waitlist.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;
use serde_json::json;
use tokio::{sync::watch, task::JoinSet};

use super::{Findings, Ground, Scenario, number};
use crate::{
    check::Check,
    client::with_key,
    desk::Student,
    lane::{Lane, Lost, Reply},
    outcome::Figure,
    progress::{Progress, step},
    record::{Ending, Recorder},
    truth::{Mine, schedules_of},
};

/// Options of the rush.
#[derive(Args, Serialize)]
pub struct Rush {
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    clients: u32,
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    seats: u32,
    /// Places on the waitlist.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    places: u32,
    /// One client in so many taps twice, with the same request key.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    double_tap_every: u32,
}

/// What one client was told.
#[derive(Default)]
struct Told {
    booking: Option<String>,
    place: Option<String>,
    /// Of the last answer, for who got nothing.
    reason: String,
    /// A request had no answer: it may have happened or not.
    unknown: bool,
    unexpected: Vec<String>,
    /// Both answers to a double tap.
    twice: Option<(Result<Reply, Lost>, Result<Reply, Lost>)>,
    booked_after: Option<Duration>,
    ended_after: Duration,
}

/// All that is judged.
struct History {
    seats: usize,
    places: usize,
    told: Vec<Told>,
    rows: Vec<Mine>,
    seats_taken: usize,
    waiting: usize,
    /// Active bookings in the operator's list.
    listed: usize,
}

impl Scenario for Rush {
    const NAME: &'static str = "rush";
    const ABOUT: &'static str = "Everybody books one class at the same instant; who finds it full joins its waitlist.";

    fn connections(&self) -> usize {
        (self.clients + self.clients / self.double_tap_every) as usize
    }

    async fn run(&self, ground: &Ground, recorder: &Arc<Recorder>) -> anyhow::Result<Findings> {
        let (clients, places) = (self.clients as usize, self.places as usize);
        let mut desk = ground.desk().await?;
        step(&format!("{clients} students …"));
        let students = desk.students(&format!("rush{}-", ground.run), clients).await?;
        let course = desk.course_with_places("rush", places).await?;
        let schedule = desk.schedule(&course, self.seats as usize, 0).await?;
        let (start, started) = watch::channel(None);
        let mut tasks = JoinSet::new();
        for (i, student) in students.iter().enumerate() {
            if i % 500 == 0 {
                step(&format!("client {i} of {clients} looks at the class …"));
            }
            let mut lane = Lane::to(ground.address);
            lane.look(&format!("/api/v1/schedules/{schedule}"), &student.token).await?;
            let second = match i % self.double_tap_every as usize {
                0 => Some(Lane::warmed(ground.address).await?),
                _ => None,
            };
            let client = Client {
                number: i,
                student: student.clone(),
                schedule: schedule.clone(),
                lane,
                second,
                recorder: recorder.clone(),
            };
            tasks.spawn(client.run(started.clone()));
        }
        let mut told: Vec<Told> = (0..clients).map(|_| Told::default()).collect();
        recorder.restart();
        let progress = Progress::show(recorder, "rush", None);
        start.send(Some(Instant::now()))?;
        while let Some(done) = tasks.join_next().await {
            let (i, one) = done?;
            told[i] = one;
        }
        drop(progress);
        step("reading the rows …");
        let who = students.into_iter().map(|s| (s, schedule.clone())).collect();
        let rows = schedules_of(ground.address, who).await?.iter().map(Mine::of).collect();
        let now = desk.get(&format!("/schedules/{schedule}")).await?;
        let list = desk.get(&format!("/bookings?schedule_id={schedule}&status=confirmed&page_size=1")).await?;
        let history = History {
            seats: self.seats as usize,
            places,
            told,
            rows,
            seats_taken: number(&now, "seats_taken")? as usize,
            waiting: number(&now["waitlist"], "length")? as usize,
            listed: number(&list, "total")? as usize,
        };
        recorder.curve("clients with an answer", "", answered(&history.told));
        Ok(Findings { checks: checks(&history), figures: figures(&history, recorder) })
    }
}

/// How many were through, over time; a few hundred points.
fn answered(told: &[Told]) -> Vec<(f64, f64)> {
    let mut ends: Vec<f64> = told.iter().map(|t| t.ended_after.as_secs_f64()).collect();
    ends.sort_by(f64::total_cmp);
    let every = (ends.len() / 200).max(1);
    let point = |(i, at): (usize, &f64)| (*at, (i + 1) as f64);
    let mut points = vec![(0.0, 0.0)];
    points.extend(ends.iter().enumerate().step_by(every).map(point));
    points.extend(ends.iter().enumerate().next_back().map(point));
    points
}

fn figures(history: &History, recorder: &Recorder) -> Vec<Figure> {
    let ms = |d: Option<Duration>| d.unwrap_or_default().as_secs_f64() * 1_000.0;
    let sold_out = history.told.iter().filter_map(|t| t.booked_after).max();
    let last = history.told.iter().map(|t| t.ended_after).max();
    vec![
        Figure::of("the last seat was sold after", ms(sold_out), "ms"),
        Figure::of("everybody had their answer after", ms(last), "ms"),
        Figure::of("answers a second", recorder.totals().all() as f64 * 1_000.0 / ms(last).max(0.001), "/s"),
    ]
}

struct Client {
    number: usize,
    student: Student,
    schedule: String,
    lane: Lane,
    second: Option<Lane>,
    recorder: Arc<Recorder>,
}

impl Client {
    async fn run(mut self, mut started: watch::Receiver<Option<Instant>>) -> (usize, Told) {
        let mut told = Told::default();
        let began = match started.wait_for(Option::is_some).await {
            Ok(at) => at.unwrap_or_else(Instant::now),
            // The run was ended before it began.
            Err(_) => return (self.number, told),
        };
        self.book(&mut told, began).await;
        if told.booking.is_none() && !told.unknown && told.unexpected.is_empty() {
            self.join(&mut told).await;
        }
        told.ended_after = began.elapsed();
        (self.number, told)
    }

    async fn book(&mut self, told: &mut Told, began: Instant) {
        let (key, token) = (format!("book-{}", self.number), Some(self.student.token.as_str()));
        let body = json!({ "schedule_id": self.schedule });
        let request = with_key("POST", "/api/v1/bookings", token, Some(&key), Some(&body));
        let note = |result: &Result<Reply, Lost>, took| self.recorder.note("book", Ending::of(result), took);
        let first = match &mut self.second {
            None => self.lane.insist(&request, note).await,
            Some(second) => {
                let (first, second) = tokio::join!(self.lane.insist(&request, note), second.insist(&request, note));
                told.twice = Some((first.clone(), second));
                first
            }
        };
        match first {
            Err(_) => told.unknown = true,
            Ok(reply) if reply.status == 201 => {
                told.booking = reply.data()["id"].as_str().map(str::to_owned);
                told.booked_after = Some(began.elapsed());
            }
            Ok(reply) => told.refused(&reply, &["schedule_full", "seat_on_offer"]),
        }
    }

    async fn join(&mut self, told: &mut Told) {
        let (key, token) = (format!("join-{}", self.number), Some(self.student.token.as_str()));
        let body = json!({ "course_schedule_id": self.schedule });
        let request = with_key("POST", "/api/v1/waitlist/join", token, Some(&key), Some(&body));
        let note = |result: &Result<Reply, Lost>, took| self.recorder.note("join", Ending::of(result), took);
        match self.lane.insist(&request, note).await {
            Err(_) => told.unknown = true,
            Ok(reply) if reply.status == 200 => {
                told.place = reply.data()["waitlist_id"].as_str().map(str::to_owned);
            }
            Ok(reply) => told.refused(&reply, &["queue_full"]),
        }
    }
}

impl Told {
    fn refused(&mut self, reply: &Reply, expected: &[&str]) {
        self.reason = reply.text("reason");
        if reply.status != 409 || !expected.contains(&self.reason.as_str()) {
            self.unexpected.push(reply.to_string());
        }
    }
}

// ---- what must hold

fn checks(h: &History) -> Vec<Check> {
    let clients = h.told.len();
    let (seats, places) = (h.seats.min(clients), h.places.min(clients.saturating_sub(h.seats)));
    let booked = h.told.iter().filter(|t| t.booking.is_some()).count();
    let queued = h.told.iter().filter(|t| t.place.is_some()).count();
    let unexpected: Vec<String> = h.told.iter().flat_map(|t| t.unexpected.clone()).collect();
    let unknown: Vec<String> = of(h, |t, _| t.unknown.then(|| "had no answer".into()));
    let mut positions: Vec<u64> = h.rows.iter().filter_map(|r| Some(r.place.as_ref()?.1)).collect();
    positions.sort_unstable();
    let wrong_positions = positions.iter().zip(1..).filter(|(p, i)| *p != i);
    let wrong_positions: Vec<String> = wrong_positions.map(|(p, i)| format!("position {p} in place of {i}")).collect();
    let mut checks = vec![
        Check::equal("clients that were told they are booked", seats, booked),
        Check::equal("seats taken in the end", seats, h.seats_taken),
        Check::equal("active bookings in the operator's list", seats, h.listed),
        Check::equal("clients that were told they are queued", places, queued),
        Check::equal("length of the waitlist in the end", places, h.waiting),
        Check::none("answers that the rows contradict", clients, &of(h, contradiction)),
        Check::none("double taps with two answers", h.told.iter().filter(|t| t.twice.is_some()).count(), &of(h, torn)),
        Check::none("answers that nobody expects", clients, &unexpected),
        Check::none("clients without an answer", clients, &unknown),
    ];
    if places > 0 {
        checks.push(Check::none("positions that are not 1, 2, 3 …", positions.len(), &wrong_positions));
    }
    checks
}

/// What is wrong with whom.
fn of(h: &History, wrong: impl Fn(&Told, &Mine) -> Option<String>) -> Vec<String> {
    let each = h.told.iter().zip(&h.rows).enumerate();
    each.filter_map(|(i, (told, row))| Some(format!("client {i} {}", wrong(told, row)?))).collect()
}

fn contradiction(told: &Told, row: &Mine) -> Option<String> {
    let place = row.place.as_ref().map(|(id, _)| id);
    match (&told.booking, &row.booking) {
        (Some(told), Some(row)) if told != row => return Some(format!("was told booking {told}, but has {row}")),
        (Some(told), None) => return Some(format!("was told booking {told}, but has none")),
        (None, Some(row)) if !told.unknown => {
            return Some(format!("was refused ({}), but has booking {row}", told.reason));
        }
        (Some(_), Some(_)) | (None, Some(_)) | (None, None) => {}
    }
    match (&told.place, place) {
        (Some(told), Some(row)) if told != row => Some(format!("was told place {told}, but has {row}")),
        (Some(told), None) => Some(format!("was told place {told}, but has none")),
        (None, Some(row)) if !told.unknown => Some(format!("was refused ({}), but has place {row}", told.reason)),
        (Some(_), Some(_)) | (None, Some(_)) | (None, None) => None,
    }
}

fn torn(told: &Told, _: &Mine) -> Option<String> {
    match told.twice.as_ref()? {
        (Ok(a), Ok(b)) if a.status == b.status && a.body == b.body => None,
        (Ok(a), Ok(b)) => Some(format!("got `{a}` and `{b}` under one key")),
        // That is told as an answer that is missing.
        (Err(_), _) | (_, Err(_)) => None,
    }
}

#[cfg(test)]
mod tests;
