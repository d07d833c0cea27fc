//! One client's way to the server: a connection that is opened again when it was lost, and answers
//! that can be kept.

use std::{
    fmt,
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::client::{Answer, Connection, request};

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Seconds, where the answer says when to come back.
    pub retry_after: Option<u32>,
    pub body: Vec<u8>,
}

impl Reply {
    /// What the answer is about; null where it is no envelope.
    pub fn data(&self) -> Value {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["data"].take()
    }

    /// A text beside the data, such as `reason`.
    pub fn text(&self, name: &str) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body[name].as_str().unwrap_or_default().to_owned()
    }

    /// Refused for the moment only.
    pub fn is_for_now(&self) -> bool {
        matches!(self.status, 429 | 503)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(&self.body);
        let text: String = text.chars().take(200).collect();
        write!(f, "{} {text}", self.status)
    }
}

/// No answer came; what became of the request is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost(pub String);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer: {}", self.0)
    }
}

/// Longer than any server of ours takes for anything.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A connection that is opened when it is needed.
pub struct Lane {
    address: SocketAddr,
    connection: Option<Connection>,
    used: Instant,
}

/// The server closes connections that were idle for longer; one may be closing as we send.
const IDLE_MAX: Duration = Duration::from_secs(30);

impl Lane {
    /// Not connected yet.
    pub fn to(address: SocketAddr) -> Self {
        Self { address, connection: None, used: Instant::now() }
    }

    /// One that the server has taken: while it still takes a thousand others it answers nobody.
    pub async fn warmed(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self { address, connection: Some(Connection::warmed(address).await?), used: Instant::now() })
    }

    /// Sends and waits for the answer.
    pub async fn send(&mut self, request: &[u8]) -> Result<Reply, Lost> {
        if self.used.elapsed() > IDLE_MAX {
            self.connection = None;
        }
        let answered = tokio::time::timeout(ANSWER_WITHIN, self.exchange(request)).await;
        let result = answered.unwrap_or_else(|_| Err(Lost(format!("not within {} s", ANSWER_WITHIN.as_secs()))));
        self.used = Instant::now();
        if result.is_err() {
            // An answer that comes late must not be taken for the next one's.
            self.connection = None;
        }
        result
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Reply, Lost> {
        let lost = |e: anyhow::Error| Lost(format!("{e:#}"));
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(Connection::open(self.address).await.map_err(lost)?),
        };
        let Answer { status, retry_after, body } = connection.ask(request).await.map_err(lost)?;
        Ok(Reply { status, retry_after, body: body.to_vec() })
    }

    /// Sends what may be sent again, under a request key or a look, until there is an answer that
    /// stays; `note` hears of each.
    pub async fn insist(
        &mut self,
        request: &[u8],
        mut note: impl FnMut(&Result<Reply, Lost>, Duration),
    ) -> Result<Reply, Lost> {
        let began = Instant::now();
        loop {
            let sent = Instant::now();
            let result = self.send(request).await;
            note(&result, sent.elapsed());
            let wait = match &result {
                Ok(reply) if reply.is_for_now() => Duration::from_secs(reply.retry_after.unwrap_or(1).into()),
                Ok(reply) if reply.status == 409 && reply.text("reason") == "request_in_progress" => IN_PROGRESS,
                Err(_) => Duration::from_secs(1),
                Ok(_) => return result,
            };
            if began.elapsed() > INSIST_FOR {
                return result;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// The data of a look as it stands now.
    pub async fn look(&mut self, path: &str, token: &str) -> anyhow::Result<Value> {
        let reply = self.insist(&request("GET", path, Some(token), None), |_, _| {}).await;
        let reply = reply.map_err(|lost| anyhow::anyhow!("{path}: {lost}"))?;
        anyhow::ensure!(reply.status == 200, "{path}: {reply}");
        Ok(reply.data())
    }
}

/// A server that says `not now` for so long is not coming back.
const INSIST_FOR: Duration = Duration::from_secs(30);
/// Until a twin of a request has its answer; sooner than is asked for, to meet it under way again.
const IN_PROGRESS: Duration = Duration::from_millis(50);
