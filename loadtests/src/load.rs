//! Many requests over many connections, and what came back.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use bytes::Bytes;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::{
    client::Connection,
    need_files,
    progress::{step, tick},
};

/// Unexpected answers that are shown.
const SHOWN: usize = 5;

/// What a run of requests came to.
pub struct Run {
    pub took: Duration,
    /// Microseconds.
    pub latency: Histogram<u64>,
    /// Answers by status.
    statuses: Vec<(u16, u64)>,
    expect: u16,
    /// The first answers that were not the expected one.
    surprises: Vec<String>,
}

impl Run {
    fn new(expect: u16) -> Self {
        Self { took: Duration::ZERO, latency: histogram(), statuses: Vec::new(), expect, surprises: Vec::new() }
    }

    pub fn count(&self, status: u16) -> u64 {
        self.statuses.iter().find(|(s, _)| *s == status).map_or(0, |(_, n)| *n)
    }

    pub fn expected(&self) -> u64 {
        self.count(self.expect)
    }

    pub fn unexpected(&self) -> u64 {
        self.statuses.iter().filter(|(s, _)| *s != self.expect).map(|(_, n)| n).sum()
    }

    /// Expected answers per second.
    pub fn rate(&self) -> f64 {
        self.expected() as f64 / self.took.as_secs_f64()
    }

    pub fn ms(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1_000.0
    }

    pub fn surprises(&self) -> String {
        self.surprises.join("\n  ")
    }

    /// For the side that must not do anything else.
    pub fn only_expected(&self) -> anyhow::Result<()> {
        ensure!(self.unexpected() == 0, "{} unexpected answers, first:\n  {}", self.unexpected(), self.surprises());
        Ok(())
    }

    fn note(&mut self, status: u16, body: &[u8], latency: Duration) {
        self.add(status, 1);
        if status != self.expect && self.surprises.len() < SHOWN {
            self.surprises.push(format!("{status} {}", String::from_utf8_lossy(body)));
        }
        self.latency.saturating_record(latency.as_micros() as u64);
    }

    fn add(&mut self, status: u16, n: u64) {
        match self.statuses.iter_mut().find(|(s, _)| *s == status) {
            Some((_, count)) => *count += n,
            None => self.statuses.push((status, n)),
        }
    }

    fn merge(&mut self, part: Self) -> anyhow::Result<()> {
        self.latency.add(&part.latency)?;
        part.statuses.iter().for_each(|(status, n)| self.add(*status, *n));
        self.surprises.extend(part.surprises);
        self.surprises.truncate(SHOWN);
        Ok(())
    }
}

pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds in order")
}

/// Requests and how to send them, each connection with one in flight.
pub struct Plan {
    pub requests: Arc<[Bytes]>,
    pub connections: usize,
    pub limit: Duration,
    /// The status that is no surprise.
    pub expect: u16,
    /// Start over when the requests are used up.
    pub again: bool,
}

impl Plan {
    /// Each request once, however long it takes.
    pub fn once(requests: Vec<Bytes>, connections: usize, expect: u16) -> Self {
        Self { requests: requests.into(), connections, limit: Duration::MAX, expect, again: false }
    }
}

async fn connect(address: SocketAddr, count: usize) -> anyhow::Result<Vec<Connection>> {
    need_files(count)?;
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        open.push(Connection::open(address).await?);
    }
    Ok(open)
}

/// As fast as the answers come: whoever is free takes the next request.
pub async fn closed_loop(address: SocketAddr, what: &str, plan: Plan) -> anyhow::Result<Run> {
    let Plan { requests, connections, limit, expect, again } = plan;
    let open = connect(address, connections.min(requests.len())).await?;
    let (next, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in open {
        let (requests, next, done) = (requests.clone(), next.clone(), done.clone());
        tasks.spawn(async move {
            let mut part = Run::new(expect);
            while began.elapsed() < limit {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= requests.len() && !again {
                    break;
                }
                let sent = Instant::now();
                let (status, body) = connection.call(&requests[i % requests.len()]).await?;
                part.note(status, body, sent.elapsed());
                done.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(part)
        });
    }
    gather(what, tasks, began, expect, &done).await
}

/// At a fixed rate, however slow the answers are. Latency counts from the instant at which a
/// request was due, so that a stall is not hidden by the requests that it held back.
pub async fn open_loop(address: SocketAddr, what: &str, plan: Plan, per_second: f64) -> anyhow::Result<Run> {
    let Plan { requests, connections, expect, .. } = plan;
    let open = connect(address, connections.min(requests.len())).await?;
    let done = Arc::new(AtomicU64::new(0));
    let lanes = open.len();
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (lane, mut connection) in open.into_iter().enumerate() {
        let (requests, done) = (requests.clone(), done.clone());
        tasks.spawn(async move {
            let mut part = Run::new(expect);
            for i in (lane..requests.len()).step_by(lanes) {
                let due = due(i, per_second);
                tokio::time::sleep_until((began + due).into()).await;
                let (status, body) = connection.call(&requests[i]).await?;
                part.note(status, body, began.elapsed().saturating_sub(due));
                done.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(part)
        });
    }
    gather(what, tasks, began, expect, &done).await
}

/// When the `i`th request is due, from the beginning.
fn due(i: usize, per_second: f64) -> Duration {
    Duration::from_secs_f64(i as f64 / per_second)
}

async fn gather(
    what: &str,
    mut tasks: JoinSet<anyhow::Result<Run>>,
    began: Instant,
    expect: u16,
    done: &AtomicU64,
) -> anyhow::Result<Run> {
    step(what);
    let mut run = Run::new(expect);
    let mut shown = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            part = tasks.join_next() => match part {
                Some(part) => run.merge(part??)?,
                None => break,
            },
            _ = shown.tick() => {
                let n = done.load(Ordering::Relaxed);
                tick(&format!("{what} {n} answers, {:.0}/s", n as f64 / began.elapsed().as_secs_f64()));
            }
        }
    }
    run.took = began.elapsed();
    Ok(run)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// Answers 200 to everything, but stalls once for `stall` before its first answer.
    async fn stalling_server(stall: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1_024];
            let mut first = true;
            while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                if std::mem::take(&mut first) {
                    tokio::time::sleep(stall).await;
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            }
        });
        address
    }

    fn plan(count: usize, expect: u16) -> Plan {
        Plan::once(vec![crate::client::request("GET", "/", None, None); count], 1, expect)
    }

    #[tokio::test]
    async fn a_stall_is_charged_to_the_requests_it_held_back() {
        let address = stalling_server(Duration::from_millis(200)).await;
        let run = open_loop(address, "", plan(100, 200), 1_000.0).await.unwrap();
        // 100 requests in 100 ms behind a stall of 200 ms: each of them waited at least 100 ms.
        assert!(run.latency.min() >= 90_000 && run.latency.max() >= 199_000, "{:?}", run.ms(0.5));
        let address = stalling_server(Duration::from_millis(200)).await;
        let run = closed_loop(address, "", plan(100, 200)).await.unwrap();
        assert!(run.ms(0.5) < 50.0, "only the first waited");
    }

    #[tokio::test]
    async fn unexpected_answers_are_counted_and_the_first_are_shown() {
        let address = stalling_server(Duration::ZERO).await;
        let run = closed_loop(address, "", plan(20, 201)).await.unwrap();
        assert_eq!((run.expected(), run.unexpected(), run.surprises.len()), (0, 20, SHOWN));
        assert!(run.only_expected().unwrap_err().to_string().contains("200 ok"));
    }

    #[test]
    fn requests_are_due_at_even_distances() {
        assert_eq!(due(0, 500.0), Duration::ZERO);
        assert_eq!(due(5, 500.0), Duration::from_millis(10));
    }
}
