//! What `--target` names: an address, and whether a yueke server in demo mode answers there.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::client::{Connection, request};

const EXAMPLE: &str = "name a running server as in --target 127.0.0.1:8080 or --target http://127.0.0.1:8080";
const START: &str = "start one with `YUEKE_ENV=demo cargo run --release`, or leave --target out and one is started";

/// The address that `127.0.0.1:8080`, `localhost:8080` or `http://localhost:8080/` means.
pub fn parse(text: &str) -> anyhow::Result<SocketAddr> {
    if text.starts_with("https://") {
        bail!("https:// is not supported: {EXAMPLE}, behind whatever ends TLS");
    }
    let host = text.strip_prefix("http://").unwrap_or(text);
    if host.contains("://") {
        bail!("`{text}` is no http:// URL: {EXAMPLE}");
    }
    let host = host.strip_suffix('/').unwrap_or(host);
    let is_plain = !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
    if !is_plain {
        bail!("`{text}` is no address: {EXAMPLE}");
    }
    let is_without_port = host.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err());
    let with_port = if is_without_port { format!("{host}:80") } else { host.to_owned() };
    let mut found = with_port.to_socket_addrs().with_context(|| format!("`{text}` is no address: {EXAMPLE}"))?;
    found.next().with_context(|| format!("`{text}` has no address: {EXAMPLE}"))
}

/// Asks the server who it is; answers its version.
pub async fn probe(address: SocketAddr) -> anyhow::Result<String> {
    let mut connection = match Connection::open(address).await {
        Ok(connection) => connection,
        Err(error) => bail!("nothing listens at {address} ({:#}): {START}", error.root_cause()),
    };
    let stranger = || format!("what listens at {address} is not a yueke server: {EXAMPLE}");
    let login = json!({ "code": "dev:admin:load" });
    let within = std::time::Duration::from_secs(10);
    let login = request("POST", "/api/v1/login", None, Some(&login));
    let answer = tokio::time::timeout(within, connection.call(&login)).await;
    let (status, body) = answer.with_context(stranger)?.with_context(stranger)?;
    let body: Value = serde_json::from_slice(body).with_context(stranger)?;
    if status != 200 || !body["data"]["token"].is_string() {
        // Every refusal of ours has both.
        if body["reason"].is_string() && body["request_id"].is_string() {
            bail!("the yueke server at {address} is not in demo mode, where load may be made: {START}");
        }
        bail!(stranger());
    }
    let (_, body) = connection.call(&request("GET", "/api/v1/openapi.json", None, None)).await?;
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    Ok(body["info"]["version"].as_str().unwrap_or("unknown").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_urls_are_understood() {
        let expected: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        for text in ["127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080/"] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        assert_eq!(parse("http://127.0.0.1").unwrap().port(), 80);
        assert_eq!(parse("[::1]:8080").unwrap(), "[::1]:8080".parse().unwrap());
    }

    #[test]
    fn anything_else_is_told_what_to_write() {
        for (text, told) in [
            ("https://127.0.0.1:8080", "https:// is not supported"),
            ("ftp://127.0.0.1", "no http:// URL"),
            ("http://127.0.0.1:8080/api/v1", "no address"),
            ("", "no address"),
            ("not a url", "no address"),
            ("127.0.0.1:99999", "no address"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(told) && error.contains("--target 127.0.0.1:8080"), "{text}: {error}");
        }
    }
}
