//! A socket as a client sees it; lean for the same reason as the HTTP client.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use bytes::{Buf, Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::client::{Connection, parse_head};

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

pub struct Socket {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Socket {
    pub async fn connect(address: SocketAddr, path: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // The key keeps caches away; there is none on the way here.
        let upgrade = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(upgrade.as_bytes()).await?;
        let mut buffer = BytesMut::with_capacity(2 << 10);
        loop {
            if let Some((status, end)) = parse_head(&buffer)? {
                ensure!(status == 101, "{path}: {status} instead of a socket");
                buffer.advance(end);
                return Ok(Self { stream, buffer });
            }
            ensure!(stream.read_buf(&mut buffer).await? > 0, "{path}: closed instead of a socket");
        }
    }

    /// Connected and authenticated; `http` fetches the ticket.
    pub async fn open(address: SocketAddr, http: &mut Connection, token: &str) -> anyhow::Result<Self> {
        let ticket = http.json("POST", "/api/v1/ws/ticket", Some(token), None).await?;
        let mut socket = Self::connect(address, "/api/v1/ws").await?;
        socket.send(&json!({ "type": "auth", "ticket": ticket["ticket"] })).await?;
        let ready = socket.next().await?;
        ensure!(ready["type"] == "ready", "a socket was not let in: {ready}");
        Ok(socket)
    }

    pub async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        Ok(self.stream.write_all(&client_frame(TEXT, message.to_string().as_bytes())).await?)
    }

    /// Subscribes and waits for the snapshot.
    pub async fn subscribe(&mut self, topic: &str) -> anyhow::Result<Value> {
        self.send(&json!({ "type": "subscribe", "topic": topic })).await?;
        loop {
            let frame = self.next().await?;
            if frame["type"] == "snapshot" {
                return Ok(frame);
            }
            ensure!(frame["type"] != "error", "{topic}: {frame}");
        }
    }

    pub async fn next_text(&mut self) -> anyhow::Result<Bytes> {
        loop {
            while let Some(frame) = parse_frame(&self.buffer)? {
                self.buffer.advance(frame.head);
                let payload = self.buffer.split_to(frame.payload).freeze();
                match frame.opcode {
                    TEXT => return Ok(payload),
                    PING => self.stream.write_all(&client_frame(PONG, &payload)).await?,
                    CLOSE => bail!("the socket was closed: {}", close_reason(&payload)),
                    _ => {}
                }
            }
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the socket was cut");
        }
    }

    pub async fn next(&mut self) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.next_text().await?)?)
    }
}

#[derive(Debug, PartialEq)]
struct Frame {
    opcode: u8,
    /// Bytes before the payload.
    head: usize,
    payload: usize,
}

/// The frame at the beginning, as a server sends it: whole and without a mask. None while it is
/// not complete.
fn parse_frame(buffer: &[u8]) -> anyhow::Result<Option<Frame>> {
    let [first, second, rest @ ..] = buffer else { return Ok(None) };
    ensure!(first & 0x80 != 0 && first & 0x70 == 0, "a frame in pieces or with extensions");
    ensure!(second & 0x80 == 0, "a server's frame with a mask");
    let (head, payload) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (10, usize::try_from(u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))?)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (2, usize::from(short)),
    };
    let frame = Frame { opcode: first & 0x0f, head, payload };
    Ok((buffer.len() >= head + payload).then_some(frame))
}

/// A client must mask; a mask of zeros leaves the bytes as they are.
fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        medium @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

fn close_reason(payload: &[u8]) -> String {
    match payload {
        [a, b, reason @ ..] => format!("{} {}", u16::from_be_bytes([*a, *b]), String::from_utf8_lossy(reason)),
        _ => "no reason given".into(),
    }
}

/// The number behind the first `"version":` without reading the whole text.
pub fn version_of(text: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"\"version\":";
    let at = text.windows(KEY.len()).position(|w| w == KEY)? + KEY.len();
    let digits = text[at..].iter().take_while(|c| c.is_ascii_digit());
    let mut digits = digits.map(|c| u64::from(c - b'0')).peekable();
    digits.peek()?;
    digits.try_fold(0_u64, |n, d| n.checked_mul(10)?.checked_add(d))
}

/// Fails with a clear line when a snapshot has none.
pub fn version_in(snapshot: &Value) -> anyhow::Result<u64> {
    snapshot["version"].as_u64().context("a snapshot without a version")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_frame(payload: usize) -> Vec<u8> {
        let mut frame = client_frame(TEXT, &vec![b'x'; payload]);
        frame[1] &= 0x7f;
        let head = frame.len() - payload;
        frame.drain(head - 4..head);
        frame
    }

    #[test]
    fn frames_of_all_sizes_are_read_when_they_are_complete() {
        for (payload, head) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut bytes = server_frame(payload);
            assert_eq!(parse_frame(&bytes).unwrap(), Some(Frame { opcode: TEXT, head, payload }));
            bytes.pop();
            assert_eq!(parse_frame(&bytes).unwrap(), None, "{payload}");
        }
    }

    #[test]
    fn a_masked_or_split_frame_is_refused() {
        assert!(parse_frame(&client_frame(TEXT, b"x")).is_err());
        assert!(parse_frame(&[TEXT, 0]).is_err());
    }

    #[test]
    fn a_version_is_found_without_reading_the_rest() {
        assert_eq!(version_of(br#"{"epoch":2,"version":17,"data":{"version":3}}"#), Some(17));
        assert_eq!(version_of(br#"{"version":"no"}"#), None);
        assert_eq!(version_of(b"{}"), None);
    }
}
