//! A lean HTTP/1.1 client: it shares the machine's cores with the server that it measures, so
//! requests are bytes made beforehand, and of an answer only status and body are looked at.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
};

/// The bytes of one request.
pub fn request(method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Vec<u8> {
    with_key(method, path, token, None, body)
}

/// The bytes of one request that may be sent again under its key.
pub fn with_key(method: &str, path: &str, token: Option<&str>, key: Option<&str>, body: Option<&Value>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: yueke\r\n");
    if let Some(key) = key {
        text.push_str(&format!("idempotency-key: {key}\r\n"));
    }
    if let Some(token) = token {
        text.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    match body {
        Some(body) => {
            let body = body.to_string();
            text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        }
        None => text.push_str("content-length: 0\r\n\r\n"),
    }
    text.into_bytes()
}

/// One keep-alive connection with one request in flight.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as long as the connection is not used again.
pub struct Answer<'a> {
    pub status: u16,
    /// Seconds, where it says when to come back.
    pub retry_after: Option<u32>,
    pub body: &'a [u8],
}

/// Where an answer ends.
#[derive(Debug, PartialEq)]
struct Parsed {
    status: u16,
    retry_after: Option<u32>,
    body: std::ops::Range<usize>,
}

/// None while the answer is not complete.
fn parse(buffer: &[u8]) -> anyhow::Result<Option<Parsed>> {
    let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&buffer[..end]).context("an answer that is no HTTP")?;
    let status = head.get(9..12).and_then(|s| s.parse().ok()).context("an answer without a status")?;
    let number = |wanted: &str| {
        head.lines().find_map(|l| {
            let (name, value) = l.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().parse::<usize>().ok())?
        })
    };
    let length = number("content-length").context("an answer without content-length")?;
    let body = end + 4..end + 4 + length;
    if buffer.len() < body.end {
        return Ok(None);
    }
    // Only refusals have one, and a success is not to be searched for it.
    let retry_after = if status < 400 { None } else { number("retry-after").map(|n| n as u32) };
    Ok(Some(Parsed { status, retry_after, body }))
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("nothing answers at {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8 << 10) })
    }

    /// One that the server has taken: while it still takes a thousand others it answers nobody.
    pub async fn warmed(address: SocketAddr) -> anyhow::Result<Self> {
        let mut connection = Self::open(address).await?;
        let (status, _) = connection.call(&request("GET", "/readyz", None, None)).await?;
        anyhow::ensure!(status == 200, "the server at {address} is not ready: {status}");
        Ok(connection)
    }

    pub async fn call(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        let Answer { status, retry_after: _, body } = self.ask(request).await?;
        Ok((status, body))
    }

    /// With what the headers say.
    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        loop {
            if let Some(Parsed { status, retry_after, body }) = parse(&self.buffer)? {
                return Ok(Answer { status, retry_after, body: &self.buffer[body] });
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
        }
    }

    /// A request whose answer is read as JSON and must be a success.
    pub async fn json(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let (status, text) = self.call(&request(method, path, token, body)).await?;
        let text = String::from_utf8_lossy(text).into_owned();
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status} {text}");
        }
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{path}: not a yueke server?"))?;
        Ok(value["data"].clone())
    }
}

/// What a run of requests came to.
pub struct Run {
    pub took: Duration,
    pub latency: Histogram<u64>,
    /// Answers by status.
    pub statuses: Vec<(u16, u64)>,
    /// The first answer that was not the expected one.
    pub surprise: Option<String>,
}

impl Run {
    pub fn count(&self, status: u16) -> u64 {
        self.statuses.iter().find(|(s, _)| *s == status).map_or(0, |(_, n)| *n)
    }

    pub fn rate(&self, status: u16) -> f64 {
        self.count(status) as f64 / self.took.as_secs_f64()
    }

    pub fn ms(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1_000.0
    }
}

/// Latencies in microseconds.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds in order")
}

/// Sends all requests over `connections`, each with one in flight, until they are used up or the
/// time is; `expect` is the status that is no surprise.
pub async fn closed_loop(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    connections: usize,
    limit: Duration,
    expect: u16,
) -> anyhow::Result<Run> {
    let mut lanes: Vec<Vec<Vec<u8>>> = (0..connections).map(|_| Vec::new()).collect();
    for (i, request) in requests.into_iter().enumerate() {
        lanes[i % connections].push(request);
    }
    let mut open = Vec::with_capacity(connections);
    for lane in lanes {
        open.push((Connection::warmed(address).await?, lane));
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (mut connection, lane) in open {
        tasks.spawn(async move {
            let mut part = Part::of(lane.len());
            for request in lane {
                if began.elapsed() > limit {
                    break;
                }
                let sent = Instant::now();
                let (status, body) = connection.call(&request).await?;
                part.note(status, body, expect, sent.elapsed());
            }
            anyhow::Ok(part)
        });
    }
    gather(tasks, began).await
}

/// Sends requests at a fixed rate, however slow the answers are. Latency counts from the instant
/// at which a request was due, so that a stall is not hidden by the requests it held back.
pub async fn open_loop(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    connections: usize,
    per_second: f64,
    expect: u16,
) -> anyhow::Result<Run> {
    let count = requests.len();
    let mut lanes: Vec<Vec<(Duration, Vec<u8>)>> = (0..connections).map(|_| Vec::new()).collect();
    for (i, request) in requests.into_iter().enumerate() {
        lanes[i % connections].push((Duration::from_secs_f64(i as f64 / per_second), request));
    }
    let mut open = Vec::with_capacity(connections);
    for lane in lanes {
        open.push((Connection::warmed(address).await?, lane, Arc::new(Semaphore::new(0))));
    }
    let bells: Vec<_> = open.iter().map(|(_, _, bell)| bell.clone()).collect();
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (mut connection, lane, bell) in open {
        tasks.spawn(async move {
            let mut part = Part::of(lane.len());
            for (due, request) in lane {
                bell.acquire().await?.forget();
                let (status, body) = connection.call(&request).await?;
                part.note(status, body, expect, began.elapsed().saturating_sub(due));
            }
            anyhow::Ok(part)
        });
    }
    std::thread::spawn(move || ring(&bells, began, count, per_second));
    gather(tasks, began).await
}

/// Rings for each request when it is due, lane after lane. On a thread of its own: the timers of
/// a runtime are exact to a millisecond only.
fn ring(bells: &[Arc<Semaphore>], began: Instant, count: usize, per_second: f64) {
    for i in 0..count {
        let due = began + Duration::from_secs_f64(i as f64 / per_second);
        if let Some(early) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(early.max(TICK));
        }
        bells[i % bells.len()].add_permits(1);
    }
}

/// What is due within this is sent together; it costs a wake-up.
const TICK: Duration = Duration::from_micros(250);

/// What one connection saw. Plain numbers: a histogram for each would be more memory to walk
/// through than the requests themselves.
struct Part {
    micros: Vec<u32>,
    statuses: Vec<(u16, u64)>,
    surprise: Option<String>,
}

impl Part {
    fn of(requests: usize) -> Self {
        Self { micros: Vec::with_capacity(requests), statuses: Vec::new(), surprise: None }
    }

    fn note(&mut self, status: u16, body: &[u8], expect: u16, took: Duration) {
        self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        add(&mut self.statuses, status, 1);
        if status != expect && self.surprise.is_none() {
            self.surprise = Some(format!("{status} {}", String::from_utf8_lossy(body)));
        }
    }
}

fn add(statuses: &mut Vec<(u16, u64)>, status: u16, n: u64) {
    match statuses.iter_mut().find(|(s, _)| *s == status) {
        Some((_, count)) => *count += n,
        None => statuses.push((status, n)),
    }
}

async fn gather(mut tasks: JoinSet<anyhow::Result<Part>>, began: Instant) -> anyhow::Result<Run> {
    let mut run = Run { took: Duration::ZERO, latency: histogram(), statuses: Vec::new(), surprise: None };
    let mut parts = Vec::new();
    while let Some(part) = tasks.join_next().await {
        parts.push(part??);
    }
    run.took = began.elapsed();
    for part in parts {
        for micros in part.micros {
            run.latency.saturating_record(micros.into());
        }
        part.statuses.iter().for_each(|(status, n)| add(&mut run.statuses, *status, *n));
        run.surprise = run.surprise.or(part.surprise);
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_when_they_are_complete() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]).unwrap(), None, "{cut}");
        }
        assert_eq!(parse(whole).unwrap(), Some(Parsed { status: 201, retry_after: None, body: 43..45 }));
        let busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(parse(busy).unwrap().unwrap().retry_after, Some(2));
        assert!(parse(b"nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn requests_carry_their_body_and_token() {
        let bytes = request("POST", "/x", Some("t"), Some(&serde_json::json!({"a": 1})));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\n") && text.contains("Bearer t\r\n"));
        assert!(text.ends_with("content-length: 7\r\n\r\n{\"a\":1}"));
    }
}
