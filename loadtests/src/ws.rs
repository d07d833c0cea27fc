//! A socket as a client sees it.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::client::Connection;

pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub async fn connect(address: SocketAddr, path: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = client_async(format!("ws://{address}{path}"), stream).await?;
        Ok(Self(socket))
    }

    /// Connected and authenticated.
    pub async fn open(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let ticket = Connection::open(address).await?.json("POST", "/api/v1/ws/ticket", Some(token), None).await?;
        let mut socket = Self::connect(address, "/api/v1/ws").await?;
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

    /// Subscribes and waits for the snapshot.
    pub async fn subscribe(&mut self, topic: &str) -> anyhow::Result<Value> {
        self.send(&json!({ "type": "subscribe", "topic": topic })).await?;
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

/// The number behind `"version":` without reading the whole text.
pub fn version_of(text: &str) -> Option<u64> {
    let rest = &text[text.find("\"version\":")? + 10..];
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
