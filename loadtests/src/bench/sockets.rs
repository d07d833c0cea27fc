//! Fan-out to sockets, and how soon those who wait hear of a freed seat.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::sync::Notify;

use super::{Bench, figure};
use crate::{
    client::{self, Connection, histogram},
    desk::Desk,
    progress::step,
    table::Figure,
    ws::{Socket, version_of},
};

const SOCKETS: usize = 1_000;
const ROUNDS: usize = 3;
/// Freed seats whose news is timed.
const RELEASES: usize = 200;

/// Sockets that count what they get, and how many have seen the latest version.
#[derive(Default)]
struct Crowd {
    wanted: AtomicU64,
    there: AtomicU64,
    messages: AtomicU64,
    all: Notify,
}

impl Crowd {
    fn listen(self: &Arc<Self>, mut socket: Socket) {
        let crowd = self.clone();
        tokio::spawn(async move {
            let mut seen = 0;
            while let Ok(text) = socket.next_text().await {
                crowd.messages.fetch_add(1, Ordering::Relaxed);
                let wanted = crowd.wanted.load(Ordering::SeqCst);
                if seen < wanted && version_of(&text).is_some_and(|v| v >= wanted) {
                    seen = wanted;
                    if crowd.there.fetch_add(1, Ordering::SeqCst) + 1 == SOCKETS as u64 {
                        crowd.all.notify_one();
                    }
                }
            }
        });
    }

    /// Waits until all sockets have seen `version`, which `send` brings about.
    async fn round(&self, version: u64, send: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
        self.there.store(0, Ordering::SeqCst);
        self.wanted.store(version, Ordering::SeqCst);
        send.await?;
        let all = tokio::time::timeout(Duration::from_secs(20), self.all.notified()).await;
        all.map_err(|_| anyhow::anyhow!("not all sockets heard of version {version}"))
    }
}

/// Messages delivered per second to many watchers of one class.
pub async fn fan_out(bench: &mut Bench<'_>) -> anyhow::Result<Figure> {
    let server = bench.yueke().await?;
    let mut desk = Desk::open(server.address).await?;
    let course = desk.course("watched").await?;
    let schedule = desk.schedule(&course, 1_000_000, 0).await?;
    let students = desk.students("watch", SOCKETS + 1).await?;
    step(&format!("{SOCKETS} sockets …"));
    let (ours, bare_crowd) = (Arc::new(Crowd::default()), Arc::new(Crowd::default()));
    let topic = format!("schedule:{schedule}");
    let mut version = 0;
    let mut bytes = 0;
    for student in &students[..SOCKETS] {
        let mut socket = Socket::open(server.address, &student.token).await?;
        let snapshot = socket.subscribe(&topic).await?;
        version = snapshot["version"].as_u64().context("a snapshot without a version")?;
        bytes = snapshot.to_string().len();
        ours.listen(socket);
    }
    let bare = bench.bare().await?;
    for _ in 0..SOCKETS {
        bare_crowd.listen(Socket::connect(bare.address, "/bare-ws").await?);
    }
    let mut seat = Seat {
        connection: Connection::open(server.address).await?,
        token: students[SOCKETS].token.clone(),
        schedule,
        booking: None,
    };
    let mut publisher = Connection::open(bare.address).await?;
    let limit = Duration::from_secs(bench.seconds()) / ROUNDS as u32;
    let (mut our_time, mut bare_time, mut bare_version) = (Duration::ZERO, Duration::ZERO, 0);
    let (before, bare_before) = (ours.messages.load(Ordering::Relaxed), bare_crowd.messages.load(Ordering::Relaxed));
    for round in 0..ROUNDS {
        step(&format!("fan-out to {SOCKETS} sockets, round {} of {ROUNDS} …", round + 1));
        let began = Instant::now();
        while began.elapsed() < limit {
            version += 1;
            ours.round(version, seat.toggle()).await?;
        }
        our_time += began.elapsed();
        let began = Instant::now();
        while began.elapsed() < limit {
            bare_version += 1;
            let body = json!({ "bytes": bytes, "version": bare_version });
            let request = client::request("POST", "/bare-ws/publish", None, Some(&body));
            bare_crowd
                .round(bare_version, async {
                    publisher.call(&request).await?;
                    Ok(())
                })
                .await?;
        }
        bare_time += began.elapsed();
    }
    let rate = |crowd: &Crowd, before: u64, took: Duration| {
        (crowd.messages.load(Ordering::Relaxed) - before) as f64 / took.as_secs_f64()
    };
    let (a, b) = (rate(&ours, before, our_time), rate(&bare_crowd, bare_before, bare_time));
    let name = format!("frames/s to {SOCKETS} watchers of one class");
    Ok(figure(&name, format!("{a:.0}"), format!("{b:.0} bare socket server"), a / b, "≥ 0.80", a / b >= 0.8))
}

/// A seat that is booked and given up in turns: each a durable change that everybody sees.
struct Seat {
    connection: Connection,
    token: String,
    schedule: String,
    booking: Option<String>,
}

impl Seat {
    async fn toggle(&mut self) -> anyhow::Result<()> {
        let token = Some(self.token.as_str());
        if let Some(booking) = self.booking.take() {
            let path = format!("/api/v1/bookings/{booking}");
            self.connection.json("DELETE", &path, token, Some(&json!({}))).await?;
        } else {
            let body = json!({ "schedule_id": self.schedule });
            let booked = self.connection.json("POST", "/api/v1/bookings", token, Some(&body)).await?;
            self.booking = Some(booked["id"].as_str().context("a booking without an id")?.to_owned());
        }
        Ok(())
    }
}

/// From the request that frees a seat to the last of the eight who wait.
pub async fn release(bench: &mut Bench<'_>) -> anyhow::Result<Figure> {
    let server = bench.yueke().await?;
    let mut desk = Desk::open(server.address).await?;
    let course = desk.course("race").await?;
    let people = desk.students("race", 9).await?;
    let mut sockets = Vec::new();
    for waiting in &people[1..] {
        let mut socket = Socket::open(server.address, &waiting.token).await?;
        socket.subscribe("me").await?;
        sockets.push(socket);
    }
    let mut connection = Connection::open(server.address).await?;
    let mut times = histogram();
    for i in 0..RELEASES {
        step(&format!("freed seat {} of {RELEASES} …", i + 1));
        let schedule = desk.schedule(&course, 1, 2 * i as i64).await?;
        let body = json!({ "schedule_id": schedule });
        let booked = connection.json("POST", "/api/v1/bookings", Some(&people[0].token), Some(&body)).await?;
        for waiting in &people[1..] {
            let body = json!({ "course_schedule_id": schedule });
            connection.json("POST", "/api/v1/waitlist/join", Some(&waiting.token), Some(&body)).await?;
        }
        let cancel = format!("/api/v1/bookings/{}", booked["id"].as_str().unwrap_or_default());
        let cancel = client::request("DELETE", &cancel, Some(&people[0].token), Some(&json!({})));
        let began = Instant::now();
        let told = futures_util::future::join_all(sockets.iter_mut().map(|s| offered(s, &schedule)));
        let (answer, told) = tokio::join!(connection.call(&cancel), told);
        ensure!(answer?.0 == 200, "the cancellation was refused");
        // The last of the eight counts.
        let mut last = began;
        for at in told {
            last = last.max(at?);
        }
        times.record((last - began).as_micros() as u64)?;
    }
    let (p50, p99) = (times.value_at_quantile(0.5) as f64 / 1e3, times.value_at_quantile(0.99) as f64 / 1e3);
    let ours = format!("{p99:.1} ms (p50 {p50:.1})");
    Ok(figure("freed seat → all eight told, p99", ours, "20 ms".into(), p99 / 20.0, "≤ 20 ms", p99 <= 20.0))
}

async fn offered(socket: &mut Socket, schedule: &str) -> anyhow::Result<Instant> {
    loop {
        let frame = socket.next().await?;
        if frame["event"] == "seat_offered" && frame["data"]["schedule_id"] == schedule {
            return Ok(Instant::now());
        }
    }
}
