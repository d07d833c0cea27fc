//! Freed seats: those who wait are told at once and confirm at once; one wins, the others are told
//! so in the product's own words.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Args;
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::{Findings, Ground, Scenario};
use crate::{
    check::Check,
    client::request,
    desk::Student,
    lane::{Lane, Lost, Reply},
    outcome::Figure,
    progress::{Progress, step},
    record::{Ending, Recorder},
    truth::Mine,
    ws::{Heard, Socket, listen},
};

/// Options of the races.
#[derive(Args, Serialize)]
pub struct Race {
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    classes: u32,
    /// Seats that each class frees, one after the other.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// Classes that race at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    at_once: u32,
}

/// Who waits for the one seat of a class.
const WAITING: usize = 8;
/// What the losers are told.
const TAKEN: &str = "名额已被抢占";
/// Nobody is told later than this, or not at all.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

/// One freed seat, as it went.
#[derive(Default)]
struct Round {
    class: usize,
    waiting: usize,
    told: usize,
    winners: Vec<String>,
    /// Answers to those who did not win.
    losses: Vec<Loss>,
    taken: u64,
    offered: u64,
    /// What the winner has in the rows.
    row: Option<String>,
}

struct Loss {
    reason: String,
    error: String,
    whole: String,
}

impl Scenario for Race {
    const NAME: &'static str = "race";
    const ABOUT: &'static str = "A booked student cancels; the eight who wait are told over their sockets and all \
        confirm at once. One wins, and joins those who free the next seat.";

    fn connections(&self) -> usize {
        2 * (WAITING + 1) * self.classes as usize
    }

    async fn run(&self, ground: &Ground, recorder: &Arc<Recorder>) -> anyhow::Result<Findings> {
        let (mut desk, classes) = (ground.desk().await?, self.classes as usize);
        let course = desk.course_with_places("race", WAITING).await?;
        let people = desk.students(&format!("race{}-", ground.run), classes * (WAITING + 1)).await?;
        let mut tables = Vec::new();
        for (i, people) in people.chunks(WAITING + 1).enumerate() {
            if i % 20 == 0 {
                step(&format!("class {i} of {classes} …"));
            }
            let schedule = desk.schedule(&course, 1, 0).await?;
            tables.push(Table::set(ground, i, schedule, people, recorder).await?);
        }
        recorder.restart();
        let progress = Progress::show(recorder, "race", None);
        let (rounds, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(self.at_once as usize)));
        let mut tasks = JoinSet::new();
        for mut table in tables {
            let (rounds, gate, count) = (rounds.clone(), gate.clone(), self.rounds);
            tasks.spawn(async move {
                for _ in 0..count {
                    let _turn = gate.acquire().await?;
                    let round = table.round().await?;
                    rounds.lock().expect("nobody panics while it is held").push(round);
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        drop(progress);
        let rounds = rounds.lock().expect("nobody panics while it is held");
        let figures = vec![
            Figure::of("races", rounds.len() as f64, ""),
            Figure::of("freed seat → told, p50", recorder.ms("told of a freed seat", 0.5), "ms"),
            Figure::of("freed seat → all eight told, p99", recorder.ms("all eight told", 0.99), "ms").at_most(20.0),
        ];
        Ok(Findings { checks: checks(&rounds), figures })
    }
}

struct Person {
    student: Student,
    lane: Lane,
    heard: mpsc::UnboundedReceiver<Heard>,
    /// Their place, for who waits.
    entry: String,
}

/// A class of one seat and those around it.
struct Table {
    number: usize,
    schedule: String,
    /// Who has the seat, and the booking.
    holder: Person,
    booking: String,
    waiting: Vec<Person>,
    recorder: Arc<Recorder>,
}

impl Person {
    async fn join(&mut self, schedule: &str) -> anyhow::Result<()> {
        let body = json!({ "course_schedule_id": schedule });
        let joined = self.must("POST", "/waitlist/join", &body).await?;
        self.entry = joined["waitlist_id"].as_str().context("a place without an id")?.to_owned();
        Ok(())
    }

    async fn must(&mut self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = request(method, &format!("/api/v1{path}"), Some(&self.student.token), Some(body));
        let reply = self.lane.send(&request).await.map_err(|lost| anyhow::anyhow!("{path}: {lost}"))?;
        anyhow::ensure!(reply.status < 300, "{path}: {reply}");
        Ok(reply.data())
    }

    /// When they were told of a seat of this class, and of which offer.
    async fn offer(&mut self, schedule: &str) -> Option<(Instant, String)> {
        let told = async {
            loop {
                let Heard { at, text } = self.heard.recv().await?;
                let event: Value = serde_json::from_str(&text).ok()?;
                let data = &event["data"];
                if event["event"] == "seat_offered" && data["schedule_id"] == schedule {
                    return Some((at, data["offer_id"].as_str()?.to_owned()));
                }
            }
        };
        tokio::time::timeout(TOLD_WITHIN, told).await.ok().flatten()
    }

    async fn accept(&mut self, offer: &str, recorder: &Recorder) -> Result<Reply, Lost> {
        let path = format!("/api/v1/waitlist/{}/respond", self.entry);
        let body = json!({ "action": "accept", "offer_id": offer });
        let request = request("PUT", &path, Some(&self.student.token), Some(&body));
        let sent = Instant::now();
        let result = self.lane.send(&request).await;
        recorder.note("confirm", Ending::of(&result), sent.elapsed());
        result
    }
}

impl Table {
    async fn set(
        ground: &Ground,
        number: usize,
        schedule: String,
        people: &[Student],
        recorder: &Arc<Recorder>,
    ) -> anyhow::Result<Self> {
        let mut seated = Vec::new();
        for student in people {
            let mut socket = Socket::open(ground.address, &student.token).await?;
            socket.subscribe("me").await?;
            let (heard, lane) = (listen(socket), Lane::to(ground.address));
            seated.push(Person { student: student.clone(), lane, heard, entry: String::new() });
        }
        let mut holder = seated.pop().context("a class without people")?;
        let booked = holder.must("POST", "/bookings", &json!({ "schedule_id": schedule })).await?;
        let booking = booked["id"].as_str().context("a booking without an id")?.to_owned();
        for person in &mut seated {
            person.join(&schedule).await?;
        }
        Ok(Self { number, schedule, holder, booking, waiting: seated, recorder: recorder.clone() })
    }

    async fn round(&mut self) -> anyhow::Result<Round> {
        let mut round = Round { class: self.number, waiting: self.waiting.len(), ..Round::default() };
        let (began, recorder) = (Instant::now(), self.recorder.clone());
        let told = join_all(self.waiting.iter_mut().map(|p| p.offer(&self.schedule)));
        let path = format!("/bookings/{}", self.booking);
        let body = json!({});
        let (cancelled, told) = tokio::join!(self.holder.must("DELETE", &path, &body), told);
        cancelled?;
        recorder.note("cancel", Ending::Done, began.elapsed());
        let times: Vec<Duration> = told.iter().flatten().map(|(at, _)| *at - began).collect();
        times.iter().for_each(|took| recorder.time("told of a freed seat", *took));
        round.told = times.len();
        if let Some(last) = times.iter().max().filter(|_| times.len() == told.len()) {
            recorder.time("all eight told", *last);
        }
        let confirms = self.waiting.iter_mut().zip(&told).enumerate().filter_map(|(i, (person, told))| {
            let ((_, offer), recorder) = (told.as_ref()?, &recorder);
            Some(async move { (i, person.accept(offer, recorder).await) })
        });
        let mut winner = None;
        for (i, answer) in join_all(confirms).await {
            match answer {
                Ok(reply) if reply.status == 200 => {
                    let booking = reply.data()["booking"]["id"].as_str().unwrap_or_default().to_owned();
                    winner = Some((i, booking.clone()));
                    round.winners.push(booking);
                }
                Ok(reply) => {
                    let (reason, error) = (reply.text("reason"), reply.text("error"));
                    round.losses.push(Loss { reason, error, whole: reply.to_string() });
                }
                Err(lost) => {
                    let (reason, error) = (String::new(), String::new());
                    round.losses.push(Loss { reason, error, whole: lost.to_string() });
                }
            }
        }
        self.look(&mut round, winner.as_ref().map(|(i, _)| *i)).await?;
        if let Some((i, booking)) = winner {
            let winner = self.waiting.remove(i);
            let mut former = std::mem::replace(&mut self.holder, winner);
            former.join(&self.schedule).await?;
            self.waiting.push(former);
            self.booking = booking;
        }
        Ok(round)
    }

    /// What the rows say, as the winner sees them.
    async fn look(&mut self, round: &mut Round, winner: Option<usize>) -> anyhow::Result<()> {
        let person = winner.map_or(&mut self.holder, |i| &mut self.waiting[i]);
        let token = person.student.token.clone();
        let now = person.lane.look(&format!("/api/v1/schedules/{}", self.schedule), &token).await?;
        round.taken = super::number(&now, "seats_taken")?;
        round.offered = super::number(&now, "seats_offered")?;
        round.row = Mine::of(&now).booking;
        Ok(())
    }
}

// ---- what must hold

fn checks(rounds: &[Round]) -> Vec<Check> {
    let wrong = |judge: &dyn Fn(&Round) -> Option<String>| -> Vec<String> {
        rounds.iter().filter_map(|r| Some(format!("class {}: {}", r.class, judge(r)?))).collect()
    };
    let untold =
        wrong(&|r| (r.told != WAITING || r.waiting != WAITING).then(|| format!("{} of {}", r.told, r.waiting)));
    let winners = wrong(&|r| (r.winners.len() != 1).then(|| format!("{} winners", r.winners.len())));
    let rows = wrong(&|r| {
        let is_told = r.taken == 1 && r.offered == 0 && r.row.is_some() && r.row.as_ref() == r.winners.first();
        let told = || format!("{} taken, {} on offer, the winner has {:?}", r.taken, r.offered, r.row);
        (!is_told).then(told)
    });
    let literal = wrong(&|r| {
        let is_literal = |l: &&Loss| l.reason != "offer_taken" || l.error != TAKEN;
        r.losses.iter().find(is_literal).map(|l| l.whole.clone())
    });
    let losses = rounds.iter().map(|r| r.losses.len()).sum();
    vec![
        Check::none("freed seats without exactly one winner", rounds.len(), &winners),
        Check::none("freed seats of which not all eight were told", rounds.len(), &untold),
        Check::none("races that ended otherwise in the rows", rounds.len(), &rows),
        Check::none(&format!("losers who were not told {TAKEN}"), losses, &literal),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fair() -> Vec<Round> {
        let loss = || Loss { reason: "offer_taken".into(), error: TAKEN.into(), whole: "409".into() };
        let losses = (0..7).map(|_| loss()).collect();
        let row = Some("b".to_owned());
        vec![Round { class: 0, waiting: 8, told: 8, winners: vec!["b".into()], losses, taken: 1, offered: 0, row }]
    }

    fn violated(rounds: &[Round]) -> Vec<String> {
        checks(rounds).into_iter().filter(|c| !c.ok).map(|c| c.name).collect()
    }

    /// A check's name, and what makes it fail.
    type Sabotage = (&'static str, fn(&mut Round));

    #[test]
    fn each_check_finds_its_violation() {
        assert!(violated(&fair()).is_empty());
        let sabotage: [Sabotage; 9] = [
            ("freed seats without exactly one winner", |r| r.winners.push("c".into())),
            ("freed seats without exactly one winner", |r| r.winners.clear()),
            ("freed seats of which not all eight were told", |r| r.told = 7),
            ("freed seats of which not all eight were told", |r| r.waiting = 7),
            ("races that ended otherwise in the rows", |r| r.taken = 2),
            ("races that ended otherwise in the rows", |r| r.offered = 1),
            ("races that ended otherwise in the rows", |r| r.row = Some("other".into())),
            ("losers who were not told 名额已被抢占", |r| r.losses[0].error = "taken".into()),
            ("losers who were not told 名额已被抢占", |r| r.losses[3].reason = "no_offer".into()),
        ];
        for (name, break_it) in sabotage {
            let mut rounds = fair();
            break_it(&mut rounds[0]);
            assert!(violated(&rounds).iter().any(|v| v == name), "{name}: {:?}", violated(&rounds));
        }
        assert_eq!(violated(&[]).len(), 4, "no race shows nothing");
    }
}
