//! A lean HTTP/1.1 client: it shares the machine's cores with the server that it measures, so
//! requests are bytes made beforehand, and of an answer only status and body are looked at.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    str::FromStr,
};

use anyhow::{Context, bail};
use bytes::Bytes;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Where a server listens, as a person writes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target(pub SocketAddr);

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            return Err("only plain http is spoken here".into());
        }
        let host = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        let full = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let mut found = full.to_socket_addrs().map_err(|e| format!("{full}: {e}"))?;
        found.next().map(Self).ok_or_else(|| format!("{full} has no address"))
    }
}

/// The bytes of one request.
pub fn request(method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Bytes {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: yueke\r\n");
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
    text.into()
}

/// One keep-alive connection with one request in flight.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Where an answer ends.
#[derive(Debug, PartialEq)]
pub struct Parsed {
    pub status: u16,
    pub body: std::ops::Range<usize>,
}

/// The status and the end of an answer's head; None while it is not complete.
pub fn parse_head(buffer: &[u8]) -> anyhow::Result<Option<(u16, usize)>> {
    let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(None) };
    let digits = buffer.starts_with(b"HTTP/1.1 ").then(|| buffer.get(9..12)).flatten();
    let status = digits.and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| d.parse().ok());
    Ok(Some((status.context("an answer that is no HTTP")?, end + 4)))
}

/// None while the answer is not complete.
fn parse(buffer: &[u8]) -> anyhow::Result<Option<Parsed>> {
    let Some((status, start)) = parse_head(buffer)? else { return Ok(None) };
    let head = std::str::from_utf8(&buffer[..start]).context("an answer that is no HTTP")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let body = start..start + length.context("an answer without content-length")?;
    Ok((buffer.len() >= body.end).then_some(Parsed { status, body }))
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.with_context(|| format!("no server answers at {address}; is it running?"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4 << 10) })
    }

    pub async fn call(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        loop {
            if let Some(Parsed { status, body }) = parse(&self.buffer)? {
                return Ok((status, &self.buffer[body]));
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
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(text));
        }
        let mut value: Value = serde_json::from_slice(text).with_context(|| format!("{path}: not a yueke server?"))?;
        Ok(value["data"].take())
    }
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
        assert_eq!(parse(whole).unwrap(), Some(Parsed { status: 201, body: 43..45 }));
    }

    #[test]
    fn what_is_no_answer_is_told() {
        for text in
            ["nonsense\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn requests_carry_their_body_and_token() {
        let bytes = request("POST", "/x", Some("t"), Some(&serde_json::json!({"a": 1})));
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\n") && text.contains("Bearer t\r\n"));
        assert!(text.ends_with("content-length: 7\r\n\r\n{\"a\":1}"));
    }

    #[test]
    fn a_target_is_a_url_or_an_address() {
        let wanted = Target("127.0.0.1:8080".parse().unwrap());
        for text in ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "127.0.0.1:8080"] {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
        assert!("https://127.0.0.1".parse::<Target>().is_err());
        assert!("127.0.0.1:notaport".parse::<Target>().is_err());
    }
}
