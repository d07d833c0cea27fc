//! One watcher: connects, subscribes, remembers the last state, and comes back after a storm.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Class, STORMED};
use crate::{
    desk::Student,
    record::Recorder,
    ws::{PING_EVERY, Socket, order_of},
};

/// What a watcher has seen.
#[derive(Clone, Default)]
pub struct Seen {
    /// Epoch and version of the last state.
    pub order: Option<(u64, u64)>,
    text: String,
    /// A snapshot came on this connection.
    is_open: bool,
    pub gaps: Vec<String>,
    pub frames: u64,
    pub skipped: u64,
    pub failed_attempts: u64,
    pub last_error: String,
    /// The era in which it was last connected and up to date.
    pub back_in: Option<u32>,
    /// What a snapshot must not be older than, and when the storm began.
    wanted: (u64, u64),
    since: Option<Instant>,
}

/// More would only repeat each other.
const GAPS_MAX: usize = 10;
/// Between two attempts to connect.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

pub fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().expect("nobody panics while it is held")
}

impl Seen {
    /// All drop now; who comes back must see at least this.
    pub fn storm(&mut self, wanted: (u64, u64)) {
        (self.wanted, self.since) = (wanted, Some(Instant::now()));
    }

    /// The body of the last state.
    pub fn state(&self) -> Value {
        let mut frame: Value = serde_json::from_str(&self.text).unwrap_or_default();
        frame["data"].take()
    }

    /// Judges the order of a frame or snapshot and keeps it; its order, if it was one.
    pub fn take(&mut self, text: String) -> Option<(u64, u64)> {
        let is_snapshot = text.starts_with(r#"{"type":"snapshot""#);
        if !is_snapshot && !text.starts_with(r#"{"type":"frame""#) {
            return None;
        }
        self.frames += 1;
        let Some(now) = order_of(&text) else {
            self.gap("a frame without epoch and version".into());
            return None;
        };
        if !is_snapshot && !self.is_open {
            self.gap(format!("frame {now:?} before any snapshot"));
        }
        match self.order {
            Some(before) if is_snapshot && now < before => self.gap(format!("snapshot {now:?} after {before:?}")),
            Some(before) if !is_snapshot && now <= before => self.gap(format!("frame {now:?} after {before:?}")),
            Some(before) if !is_snapshot && now != (before.0, before.1 + 1) => {
                self.skipped += 1;
                // Whoever is slow skips; what comes instead must then be a whole state.
                if !is_whole(&text) {
                    self.gap(format!("frame {now:?} after {before:?} is no whole state"));
                }
            }
            Some(_) | None => {}
        }
        (self.order, self.text, self.is_open) = (Some(now), text, true);
        Some(now)
    }

    fn gap(&mut self, what: String) {
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push(what);
        }
    }
}

/// Seats, waitlist and what the viewer has: nothing before it is needed.
fn is_whole(text: &str) -> bool {
    [r#""seats_taken":"#, r#""waitlist":{"#, r#""mine":{"#].iter().all(|name| text.contains(name))
}

pub struct Watcher {
    pub address: SocketAddr,
    pub student: Student,
    pub topic: String,
    pub class: Arc<Class>,
    pub seen: Arc<Mutex<Seen>>,
    pub recorder: Arc<Recorder>,
}

impl Watcher {
    /// Until the era ends: then it drops its socket and begins anew.
    pub async fn run(self, mut era: watch::Receiver<u32>) {
        loop {
            let now = *era.borrow_and_update();
            lock(&self.seen).is_open = false;
            tokio::select! {
                Err(error) = self.session(now) => {
                    self.failed(&error);
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
                changed = era.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn failed(&self, error: &anyhow::Error) {
        let mut seen = lock(&self.seen);
        seen.failed_attempts += 1;
        seen.last_error = format!("{error:#}");
    }

    async fn session(&self, era: u32) -> anyhow::Result<std::convert::Infallible> {
        let mut socket = Socket::open(self.address, &self.student.token).await?;
        socket.ask_for(&self.topic).await?;
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            tokio::select! {
                text = socket.next_text() => self.hear(text?, era)?,
                _ = ping.tick() => socket.send(&json!({ "type": "ping" })).await?,
            }
        }
    }

    fn hear(&self, text: String, era: u32) -> anyhow::Result<()> {
        let at = Instant::now();
        anyhow::ensure!(!text.starts_with(r#"{"type":"error""#), "{text}");
        let mut seen = lock(&self.seen);
        let is_frame = text.starts_with(r#"{"type":"frame""#);
        let Some(order) = seen.take(text) else { return Ok(()) };
        if seen.back_in != Some(era) && order >= seen.wanted {
            seen.back_in = Some(era);
            if let Some(since) = seen.since {
                self.recorder.time(STORMED, at - since);
            }
        }
        drop(seen);
        if is_frame {
            self.class.saw(order.1, at, &self.recorder);
        }
        Ok(())
    }
}
