//! Durable bookings and refusals, beside the row lock and the bare handler.

use std::{
    fs::File,
    io::{Seek, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::ensure;
use serde_json::json;

use super::{Bench, figure};
use crate::{
    baseline,
    client::{self, Connection, Run, closed_loop, open_loop},
    desk::{Desk, Student},
    progress::step,
    server::Server,
    table::Figure,
};

/// Connections of the client, each with one request in flight.
const CONNECTIONS: usize = 1_000;
/// Alternations of the two sides, so that a drift of the machine hits both.
const ROUNDS: usize = 3;
/// Pool sizes tried for the baseline; the best is kept.
const POOLS: [u32; 4] = [1, 4, 16, 64];

fn booking(token: &str, schedule: &str) -> Vec<u8> {
    client::request("POST", "/api/v1/bookings", Some(token), Some(&json!({ "schedule_id": schedule })))
}

/// Everybody looks at the class first, as people do who wait for it to open: both servers have seen
/// their tokens then.
async fn look(address: SocketAddr, requests: Vec<Vec<u8>>) -> anyhow::Result<()> {
    no_surprise(&closed_loop(address, requests, CONNECTIONS, Duration::MAX, 200).await?)
}

fn looking(token: &str, schedule: &str) -> Vec<u8> {
    client::request("GET", &format!("/api/v1/schedules/{schedule}"), Some(token), None)
}

/// What one side of a comparison did.
#[derive(Default)]
struct Side {
    done: u64,
    took: Duration,
    /// Of the server; none where it cannot be read.
    cpu: Option<Duration>,
}

impl Side {
    fn add(&mut self, run: &Run, status: u16, cpu: Option<Duration>) {
        self.done += run.count(status);
        self.took += run.took;
        self.cpu = cpu.map(|more| self.cpu.unwrap_or_default() + more);
    }

    /// `21000 (60 µs of CPU each)`.
    fn told(&self) -> String {
        let each = self.cpu.map(|cpu| format!(" ({:.0} µs of CPU each)", cpu.as_secs_f64() * 1e6 / self.done as f64));
        format!("{:.0}{}", self.rate(), each.unwrap_or_default())
    }

    fn rate(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64()
    }
}

fn no_surprise(run: &Run) -> anyhow::Result<()> {
    ensure!(run.surprise.is_none(), "an unexpected answer: {}", run.surprise.as_deref().unwrap_or_default());
    Ok(())
}

/// The baseline on fresh classes; distinct students, as many as the time allows.
struct Rival {
    server: Server,
    classes: Vec<String>,
    next: u64,
}

impl Rival {
    async fn start(bench: &mut Bench<'_>, pool: u32, classes: usize) -> anyhow::Result<Self> {
        let server = bench.baseline(pool).await?;
        let mut connection = Connection::open(server.address).await?;
        let mut names = Vec::new();
        for i in 0..classes {
            let body = json!({ "id": format!("class-{i}"), "capacity": 1_000_000_000 });
            let (status, text) = connection.call(&client::request("POST", "/schedules", None, Some(&body))).await?;
            ensure!(status == 201, "{}", String::from_utf8_lossy(text));
            names.push(format!("class-{i}"));
        }
        Ok(Self { server, classes: names, next: 0 })
    }

    /// Bookings of people who have looked at the class.
    async fn bookings(&mut self, count: usize) -> anyhow::Result<Vec<Vec<u8>>> {
        let people = (0..count).map(|_| {
            self.next += 1;
            (baseline::token(&format!("{:026}", self.next)), &self.classes[self.next as usize % self.classes.len()])
        });
        let people: Vec<_> = people.collect();
        look(self.server.address, people.iter().map(|(token, class)| looking(token, class)).collect()).await?;
        Ok(people.iter().map(|(token, class)| booking(token, class)).collect())
    }

    /// The pool size that serves this machine and database best.
    async fn best(bench: &mut Bench<'_>, classes: usize) -> anyhow::Result<(Self, u32)> {
        let mut best: Option<(f64, Self, u32)> = None;
        for pool in POOLS {
            step(&format!("the baseline with {pool} connections …"));
            let mut rival = Self::start(bench, pool, classes).await?;
            let bookings = rival.bookings(30_000).await?;
            let rate = timed(rival.server.address, bookings, Duration::from_secs(2)).await?.rate(201);
            if best.as_ref().is_none_or(|(most, _, _)| rate > *most) {
                best = Some((rate, rival, pool));
            }
        }
        let (_, rival, pool) = best.expect("POOLS is not empty");
        Ok((rival, pool))
    }
}

/// Durable bookings on one class. Also answers the rate, for `latency`.
pub async fn hot(bench: &mut Bench<'_>) -> anyhow::Result<(Figure, f64)> {
    let (ours, theirs, pool) = compare(bench, 1).await?;
    let ratio = ours.rate() / theirs.rate();
    let name = "durable bookings/s, one popular class";
    let beside = format!("{} row lock, pool {pool}", theirs.told());
    Ok((figure(name, ours.told(), beside, ratio, "≥ 10", ratio >= 10.0), ours.rate()))
}

/// Durable bookings over a thousand classes.
pub async fn many(bench: &mut Bench<'_>) -> anyhow::Result<Figure> {
    let (ours, theirs, pool) = compare(bench, 1_000).await?;
    let ratio = ours.rate() / theirs.rate();
    let beside = format!("{} row lock, pool {pool}", theirs.told());
    Ok(figure("durable bookings/s, 1,000 classes", ours.told(), beside, ratio, "≥ 4", ratio >= 4.0))
}

async fn compare(bench: &mut Bench<'_>, classes: usize) -> anyhow::Result<(Side, Side, u32)> {
    let (mut rival, pool) = Rival::best(bench, classes).await?;
    let server = bench.yueke().await?;
    let mut desk = Desk::open(server.address).await?;
    let course = desk.course("load").await?;
    step("planning classes …");
    let mut schedules = Vec::new();
    for i in 0..classes {
        schedules.push(desk.schedule(&course, 1_000_000, (i / 200) as i64).await?);
    }
    let limit = Duration::from_secs(bench.seconds()) / ROUNDS as u32;
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    for round in 0..ROUNDS {
        step(&format!("round {} of {ROUNDS}: making students …", round + 1));
        // As many as the fastest machine could book in the time.
        let count = (limit.as_secs_f64() * 40_000.0) as usize;
        let students = desk.students(&format!("r{round}-"), count).await?;
        let people: Vec<_> = students.iter().zip(schedules.iter().cycle()).collect();
        look(server.address, people.iter().map(|(s, class)| looking(&s.token, class)).collect()).await?;
        let requests = people.iter().map(|(s, class)| booking(&s.token, class)).collect();
        step(&format!("round {} of {ROUNDS}: booking …", round + 1));
        let before = server.cpu();
        ours.add(&timed(server.address, requests, limit).await?, 201, spent(&server, before));
        let requests = rival.bookings(count / 2).await?;
        let before = rival.server.cpu();
        theirs.add(&timed(rival.server.address, requests, limit).await?, 201, spent(&rival.server, before));
    }
    // Nothing lost and nothing invented: what was acknowledged is what is there.
    let mut taken = 0;
    for schedule in &schedules {
        taken += desk.seats_taken(schedule).await?;
    }
    ensure!(taken == ours.done, "{} bookings were acknowledged, but {taken} seats are taken", ours.done);
    Ok((ours, theirs, pool))
}

async fn timed(address: SocketAddr, bookings: Vec<Vec<u8>>, limit: Duration) -> anyhow::Result<Run> {
    let run = closed_loop(address, bookings, CONNECTIONS, limit, 201).await?;
    no_surprise(&run)?;
    Ok(run)
}

fn spent(server: &Server, before: Option<Duration>) -> Option<Duration> {
    Some(server.cpu()?.saturating_sub(before?))
}

/// Refusals of a full class, beside a handler that only checks the token.
pub async fn refusals(bench: &mut Bench<'_>) -> anyhow::Result<Figure> {
    let server = bench.yueke().await?;
    let mut desk = Desk::open(server.address).await?;
    let course = desk.course("full").await?;
    let schedule = desk.schedule(&course, 1, 0).await?;
    let students = desk.students("late", 2_000).await?;
    let first =
        closed_loop(server.address, vec![booking(&students[0].token, &schedule)], 1, Duration::MAX, 201).await?;
    no_surprise(&first)?;
    let bare = bench.bare().await?;
    let limit = Duration::from_secs(bench.seconds()) / ROUNDS as u32;
    let count = (limit.as_secs_f64() * 120_000.0) as usize;
    let late: Vec<Vec<u8>> = students[1..].iter().map(|s| booking(&s.token, &schedule)).collect();
    let bare_requests: Vec<Vec<u8>> = (0..students.len() - 1)
        .map(|i| {
            let token = baseline::token(&format!("{i:026}"));
            client::request("POST", "/bare", Some(&token), Some(&json!({ "schedule_id": schedule })))
        })
        .collect();
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    for round in 0..ROUNDS {
        step(&format!("refusals, round {} of {ROUNDS} …", round + 1));
        for (address, requests, side) in
            [(server.address, &late, &mut ours), (bare.address, &bare_requests, &mut theirs)]
        {
            let requests = requests.iter().cycle().take(count).cloned().collect();
            let run = closed_loop(address, requests, 64, limit, 409).await?;
            no_surprise(&run)?;
            side.add(&run, 409, None);
        }
    }
    ensure!(desk.seats_taken(&schedule).await? == 1, "a full class was sold again");
    let ratio = ours.rate() / theirs.rate();
    let (ours, theirs) = (format!("{:.0}", ours.rate()), format!("{:.0} bare handler", theirs.rate()));
    Ok(figure("refusals/s, full class", ours, theirs, ratio, "≥ 0.70", ratio >= 0.7))
}

/// A durable booking at half of saturation, from the instant at which it was due.
pub async fn latency(bench: &mut Bench<'_>, saturation: Option<f64>) -> anyhow::Result<Figure> {
    let saturation = match saturation {
        Some(rate) => rate,
        None => hot(bench).await?.1,
    };
    let server = bench.yueke().await?;
    let mut desk = Desk::open(server.address).await?;
    let course = desk.course("steady").await?;
    let schedule = desk.schedule(&course, 1_000_000, 0).await?;
    let rate = saturation / 2.0;
    let count = (rate * bench.seconds() as f64) as usize;
    let students: Vec<Student> = desk.students("steady", count + 500).await?;
    look(server.address, students.iter().map(|s| looking(&s.token, &schedule)).collect()).await?;
    let requests: Vec<Vec<u8>> = students.iter().map(|s| booking(&s.token, &schedule)).collect();
    let (warm, timed) = requests.split_at(500);
    closed_loop(server.address, warm.to_vec(), 64, Duration::MAX, 201).await?;
    let sync_ms = median_sync_ms(bench.databases.root())?;
    step(&format!("{rate:.0} bookings/s for {} s …", bench.seconds()));
    let run = open_loop(server.address, timed.to_vec(), CONNECTIONS, rate, 201).await?;
    no_surprise(&run)?;
    let (p50, p99, goal) = (run.ms(0.5), run.ms(0.99), 3.0 * sync_ms + 5.0);
    let name = format!("p99 of a durable booking at half of saturation ({rate:.0}/s)");
    let ours = format!("{p99:.1} ms (p50 {p50:.1})");
    let beside = format!("{sync_ms:.2} ms median fdatasync");
    Ok(figure(&name, ours, beside, p99 / goal, "≤ 3 × fdatasync + 5 ms", p99 <= goal))
}

/// How long this disk takes to make 4 KiB durable.
fn median_sync_ms(folder: &std::path::Path) -> anyhow::Result<f64> {
    let mut file = File::create(folder.join("sync.probe"))?;
    let mut times = Vec::new();
    for _ in 0..300 {
        file.rewind()?;
        file.write_all(&[7; 4_096])?;
        let began = Instant::now();
        file.sync_data()?;
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
