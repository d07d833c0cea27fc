//! Freed seats announced in WeChat: how long until all who wait have been written to, one class at
//! a time and a thousand at once. WeChat is the sandbox within the server, with a latency of its own.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Findings, Ground, Scenario};
use crate::{
    check::Check,
    client::request,
    desk::{Desk, Student},
    lane::Lane,
    outcome::Figure,
    progress::step,
    record::Recorder,
};

/// Options of the announcements.
#[derive(Args, Serialize)]
pub struct Announce {
    /// Classes whose seats are freed at the same instant.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    classes: u32,
    /// Classes before them, one after the other.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    singly: u32,
    /// Of WeChat's answers.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=5_000))]
    latency_ms: u32,
}

/// Who waits for the one seat of a class.
const WAITING: usize = 8;
/// Requests under way while everything is made ready.
const AT_ONCE: usize = 32;
/// All is announced by then, or not at all.
const SENT_WITHIN: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A class with one seat, taken, and eight who wait.
struct Class {
    schedule: String,
    booking: String,
    holder: Student,
}

/// The announcements of one freed seat, as the log has them.
#[derive(Default)]
struct Told {
    sent: usize,
    /// Other states, as in `refused no_grant`.
    others: Vec<String>,
    /// From the release to the last, in milliseconds by the server's clock.
    took_ms: i64,
    released_at: i64,
    last_at: i64,
}

impl Scenario for Announce {
    const NAME: &'static str = "announce";
    const ABOUT: &'static str = "Seats are freed in classes where eight wait; all of them are written to in WeChat, \
        which answers with a latency: first one class at a time, then many at once.";

    fn connections(&self) -> usize {
        2 * AT_ONCE
    }

    async fn run(&self, ground: &Ground, recorder: &Arc<Recorder>) -> anyhow::Result<Findings> {
        let mut desk = ground.desk().await?;
        let (singly, classes) = (self.singly as usize, self.classes as usize);
        let control = json!({ "latency_ms": self.latency_ms });
        put(ground, "/sandbox/control", &control).await.context("this scenario needs the sandbox of demo mode")?;
        let made = make(ground, &mut desk, singly + classes).await?;
        let (first, rest) = made.split_at(singly);
        recorder.restart();

        let mut alone = Vec::new();
        for (i, class) in first.iter().enumerate() {
            if i % 10 == 0 {
                step(&format!("releasing singly, {i} of {singly} …"));
            }
            free(ground, class).await?;
            let told = until_told(&mut desk, class).await?;
            recorder.time("freed seat → all eight sent", Duration::from_millis(told.took_ms.max(0) as u64));
            alone.push(told);
        }

        step(&format!("releasing {classes} at once …"));
        let began = Instant::now();
        let freed: Vec<()> =
            stream::iter(rest).map(|c| free(ground, c)).buffer_unordered(AT_ONCE).try_collect().await?;
        recorder.time("all released", began.elapsed());
        ensure!(freed.len() == classes, "some were not released");
        let mut together = Vec::new();
        for class in rest {
            let told = until_told(&mut desk, class).await?;
            recorder.time("freed seat among all → all eight sent", Duration::from_millis(told.took_ms.max(0) as u64));
            together.push(told);
        }
        let span = match (together.iter().map(|t| t.released_at).min(), together.iter().map(|t| t.last_at).max()) {
            (Some(first), Some(last)) => (last - first) as f64 / 1_000.0,
            (_, _) => 0.0,
        };
        let figures = vec![
            Figure::of("messages", ((singly + classes) * WAITING) as f64, ""),
            Figure::of("freed seat → all eight sent, p50", recorder.ms("freed seat → all eight sent", 0.5), "ms"),
            Figure::of("freed seat → all eight sent, p99", recorder.ms("freed seat → all eight sent", 0.99), "ms")
                .at_most(2_000.0),
            Figure::of(&format!("{classes} released at once → all sent"), span, "s").at_most(10.0),
        ];
        Ok(Findings { checks: checks(&alone, &together), figures })
    }
}

/// Classes whose queues are full of people who let us write to them.
async fn make(ground: &Ground, desk: &mut Desk, count: usize) -> anyhow::Result<Vec<Class>> {
    let course = desk.course_with_places("announce", WAITING).await?;
    let holders = desk.students(&format!("holds{}-", ground.run), count).await?;
    let mut schedules = Vec::new();
    for i in 0..count {
        if i % 100 == 0 {
            step(&format!("class {i} of {count} …"));
        }
        schedules.push(desk.schedule(&course, 1, 0).await?);
    }
    let seats = schedules.into_iter().zip(holders).enumerate();
    let seated = stream::iter(seats).map(|(i, (schedule, holder))| async move {
        if i % 100 == 0 {
            step(&format!("queue {i} of {count} …"));
        }
        let mut lane = Lane::to(ground.address);
        let booked =
            ask(&mut lane, "POST", "/bookings", Some(&holder.token), &json!({ "schedule_id": schedule })).await?;
        let booking = booked["id"].as_str().context("a booking without an id")?.to_owned();
        for place in 0..WAITING {
            wait_for(&mut lane, &schedule, &format!("{}-{i}-{place}", ground.run)).await?;
        }
        anyhow::Ok(Class { schedule, booking, holder })
    });
    seated.buffer_unordered(AT_ONCE).try_collect().await
}

/// Logs in, says yes to a message, and joins.
async fn wait_for(lane: &mut Lane, schedule: &str, name: &str) -> anyhow::Result<()> {
    let login = ask(lane, "POST", "/login", None, &json!({ "code": format!("dev:student:{name}") })).await?;
    let token = login["token"].as_str().context("a login without a token")?.to_owned();
    let known = look(lane, "/users/subscribe", &token).await?;
    let ids = known["ask"]["join"].as_array().context("nothing to ask for")?;
    let template = ids.first().and_then(Value::as_str).context("nothing to ask for")?;
    let choices = json!({ "choices": { template: "accept" } });
    let path = format!("/sandbox/phone/student:{name}/subscribe");
    let reply = lane.send(&request("POST", &path, None, Some(&choices))).await;
    let reply = reply.map_err(|lost| anyhow::anyhow!("{path}: {lost}"))?;
    ensure!(reply.status == 200, "{path}: {reply}");
    ask(lane, "POST", "/users/subscribe", Some(&token), &json!({ "results": { template: "accept" } })).await?;
    ask(lane, "POST", "/waitlist/join", Some(&token), &json!({ "course_schedule_id": schedule })).await?;
    Ok(())
}

async fn free(ground: &Ground, class: &Class) -> anyhow::Result<()> {
    let path = format!("/bookings/{}", class.booking);
    ask(&mut Lane::to(ground.address), "DELETE", &path, Some(&class.holder.token), &json!({})).await?;
    Ok(())
}

async fn until_told(desk: &mut Desk, class: &Class) -> anyhow::Result<Told> {
    let began = Instant::now();
    loop {
        let path = format!("/notifications?kind=seat_offered&page_size=100&schedule_id={}", class.schedule);
        let log = desk.get(&path).await?;
        let rows = log["items"].as_array().context("a log without items")?;
        let told = told(rows)?;
        let is_over = rows.len() >= WAITING && rows.iter().all(|row| row["state"] != "queued");
        if is_over || began.elapsed() > SENT_WITHIN {
            return Ok(told);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn told(rows: &[Value]) -> anyhow::Result<Told> {
    let at = |row: &Value, name: &str| -> anyhow::Result<i64> {
        let text = row[name].as_str().with_context(|| format!("a row without {name}"))?;
        Ok(chrono::DateTime::parse_from_rfc3339(text)?.timestamp_millis())
    };
    let mut told = Told { released_at: i64::MAX, ..Told::default() };
    for row in rows {
        let (state, reason) = (row["state"].as_str().unwrap_or_default(), row["reason"].as_str().unwrap_or_default());
        if state != "sent" {
            told.others.push(format!("{state} {reason}"));
            continue;
        }
        let (happened, sent) = (at(row, "happened_at")?, at(row, "sent_at")?);
        told.sent += 1;
        told.released_at = told.released_at.min(happened);
        told.last_at = told.last_at.max(sent);
        told.took_ms = told.took_ms.max(sent - happened);
    }
    Ok(told)
}

async fn ask(lane: &mut Lane, method: &str, path: &str, token: Option<&str>, body: &Value) -> anyhow::Result<Value> {
    let request = request(method, &format!("/api/v1{path}"), token, Some(body));
    let reply = lane.send(&request).await.map_err(|lost| anyhow::anyhow!("{path}: {lost}"))?;
    ensure!(reply.status < 300, "{path}: {reply}");
    Ok(reply.data())
}

async fn look(lane: &mut Lane, path: &str, token: &str) -> anyhow::Result<Value> {
    lane.look(&format!("/api/v1{path}"), token).await
}

async fn put(ground: &Ground, path: &str, body: &Value) -> anyhow::Result<()> {
    let reply = Lane::to(ground.address).send(&request("PUT", path, None, Some(body))).await;
    let reply = reply.map_err(|lost| anyhow::anyhow!("{path}: {lost}"))?;
    ensure!(reply.status == 200, "{path}: {reply}");
    Ok(())
}

fn checks(alone: &[Told], together: &[Told]) -> Vec<Check> {
    let all = alone.iter().chain(together);
    let wrong: Vec<String> = all
        .clone()
        .filter(|t| t.sent != WAITING || !t.others.is_empty())
        .map(|t| {
            let mut others: BTreeMap<&str, usize> = BTreeMap::new();
            t.others.iter().for_each(|o| *others.entry(o.trim()).or_default() += 1);
            format!("{} sent, {others:?}", t.sent)
        })
        .collect();
    vec![Check::none("freed seats that were not announced to all eight, once each", all.count(), &wrong)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_not_written_to_is_found() {
        let row = |state: &str, ms: u32| {
            json!({ "state": state, "reason": "no_grant", "happened_at": "2025-11-12T12:30:00.000+08:00",
                "sent_at": format!("2025-11-12T12:30:00.{ms:03}+08:00") })
        };
        let good: Vec<Value> = (0..8).map(|i| row("sent", 100 + i)).collect();
        let seen = told(&good).unwrap();
        assert_eq!((seen.sent, seen.took_ms, seen.last_at - seen.released_at), (8, 107, 107));
        assert!(checks(&[seen], &[]).iter().all(|c| c.ok));
        for sabotage in
            [&good[1..], &[&good[..], &[row("sent", 9)]].concat(), &[&good[1..], &[row("refused", 0)]].concat()]
        {
            assert!(!checks(&[], &[told(sabotage).unwrap()])[0].ok);
        }
        assert!(!checks(&[], &[])[0].ok, "no release shows nothing");
    }
}
