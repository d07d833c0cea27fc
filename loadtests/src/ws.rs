//! A socket as a client sees it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::client::Connection;

/// Bytes that the kernel keeps for a client that does not read.
const NARROW: u32 = 4 << 10;

pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub async fn connect(address: SocketAddr, path: &str) -> anyhow::Result<Self> {
        Self::connect_with(address, path, None).await
    }

    async fn connect_with(address: SocketAddr, path: &str, room: Option<u32>) -> anyhow::Result<Self> {
        let tcp = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if let Some(bytes) = room {
            tcp.set_recv_buffer_size(bytes)?;
        }
        let stream = tcp.connect(address).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(format!("ws://{address}{path}"), stream).await?;
        Ok(Self(socket))
    }

    /// Connected and authenticated.
    pub async fn open(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        Self::let_in(address, token, None).await
    }

    /// With room for little: what is not read soon waits in the server.
    pub async fn open_narrow(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        Self::let_in(address, token, Some(NARROW)).await
    }

    async fn let_in(address: SocketAddr, token: &str, room: Option<u32>) -> anyhow::Result<Self> {
        // Given back before the socket is opened: a client has one connection at a time.
        let ticket = Connection::open(address).await?.json("POST", "/api/v1/ws/ticket", Some(token), None).await?;
        let mut socket = Self::connect_with(address, "/api/v1/ws", room).await?;
        socket.send(&json!({ "type": "auth", "ticket": ticket["ticket"] })).await?;
        let ready = socket.next().await?;
        if ready["type"] != "ready" {
            bail!("a socket was not let in: {ready}");
        }
        Ok(socket)
    }

    pub async fn send(&mut self, frame: &Value) -> anyhow::Result<()> {
        Ok(self.0.send(Message::text(frame.to_string())).await?)
    }

    /// Subscribes; whatever comes of it.
    pub async fn ask_for(&mut self, topic: &str) -> anyhow::Result<()> {
        self.send(&json!({ "type": "subscribe", "topic": topic })).await
    }

    /// Subscribes and waits for the snapshot.
    pub async fn subscribe(&mut self, topic: &str) -> anyhow::Result<Value> {
        self.ask_for(topic).await?;
        loop {
            let frame = self.next().await?;
            if frame["type"] == "snapshot" {
                return Ok(frame);
            }
            if frame["type"] == "error" {
                bail!("{topic}: {frame}");
            }
        }
    }

    pub async fn next_text(&mut self) -> anyhow::Result<String> {
        loop {
            match self.0.next().await.context("the socket was closed")?? {
                Message::Text(text) => return Ok(text.to_string()),
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
                Message::Close(reason) => bail!("the socket was closed: {reason:?}"),
            }
        }
    }

    pub async fn next(&mut self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.next_text().await?)?)
    }
}

/// The server closes a socket that was silent for a minute and a half.
pub const PING_EVERY: Duration = Duration::from_secs(30);

/// A text that came, and when.
pub struct Heard {
    pub at: Instant,
    pub text: String,
}

/// Reads on beside whatever else is done, and answers pings, until the receiver is dropped.
pub fn listen(mut socket: Socket) -> mpsc::UnboundedReceiver<Heard> {
    let (tell, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            tokio::select! {
                text = socket.next_text() => {
                    let Ok(text) = text else { return };
                    if tell.send(Heard { at: Instant::now(), text }).is_err() {
                        return;
                    }
                }
                _ = ping.tick() => {
                    // A closed socket is told by the next read.
                    let _ = socket.send(&json!({ "type": "ping" })).await;
                }
            }
        }
    });
    heard
}

/// The number behind `"version":` without reading the whole text.
pub fn version_of(text: &str) -> Option<u64> {
    number_after(text, "\"version\":")
}

/// What orders the frames of a topic.
pub fn order_of(text: &str) -> Option<(u64, u64)> {
    Some((number_after(text, "\"epoch\":")?, version_of(text)?))
}

fn number_after(text: &str, name: &str) -> Option<u64> {
    let rest = &text[text.find(name)? + name.len()..];
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
