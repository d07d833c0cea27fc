//! HTTP to others' servers, bounded in every way: how many at once, how long, how much is read.
//!
//! Not reqwest: asked for TLS on ring, it wants a provider installed before any client is built
//! anywhere in the process, and reads the machine's certificates for each. Nothing here names the
//! URL in an error, because secrets stand in it.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response, Uri, body::Incoming, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::{sync::Semaphore, time::timeout};

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// Shorter than servers keep a connection, so that few requests meet one that is being closed.
const IDLE_MAX: Duration = Duration::from_secs(15);
/// Of a server's answer, before its body.
const HEAD_BYTES_MAX: usize = 64 << 10;

pub struct Https {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    places: Semaphore,
    within: Duration,
}

/// What came back, whatever it is.
pub struct Answer {
    pub status: u16,
    /// Empty where none was given.
    pub content_type: String,
    pub body: Bytes,
}

/// Why nothing came back, without the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Surely not received.
    NotReached(String),
    /// It may have been received, and done.
    NoAnswer(String),
}

impl Https {
    /// At most so many requests at once, each of them over within this time.
    pub fn new(at_once_max: usize, within: Duration) -> anyhow::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_WITHIN));
        let provider = rustls::crypto::ring::default_provider();
        let tls = HttpsConnectorBuilder::new().with_provider_and_webpki_roots(provider)?;
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(at_once_max)
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .build(connector);
        Ok(Self { client, places: Semaphore::new(at_once_max), within })
    }

    /// Asks once. Redirects are not followed, and of the body at most so many bytes are read.
    pub async fn ask(&self, request: Request<Full<Bytes>>, bytes_max: usize) -> Result<Answer, Lost> {
        let mut sent = false;
        let asked = async {
            let Ok(_place) = self.places.acquire().await else {
                return Err(Lost::NotReached("the client is closed".into()));
            };
            sent = true;
            read(self.client.request(request).await.map_err(|e| lost(&e))?, bytes_max).await
        };
        match timeout(self.within, asked).await {
            Ok(answer) => answer,
            Err(_) if sent => Err(Lost::NoAnswer(format!("no answer within {:?}", self.within))),
            Err(_) => Err(Lost::NotReached("too many requests wait for an answer".into())),
        }
    }
}

async fn read(response: Response<Incoming>, bytes_max: usize) -> Result<Answer, Lost> {
    let status = response.status().as_u16();
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let body = Limited::new(response.into_body(), bytes_max).collect().await;
    let body = body.map_err(|e| Lost::NoAnswer(format!("the answer could not be read: {}", causes(&*e))))?;
    Ok(Answer { status, content_type, body: body.to_bytes() })
}

fn lost(error: &hyper_util::client::legacy::Error) -> Lost {
    let told = causes(error);
    if error.is_connect() { Lost::NotReached(told) } else { Lost::NoAnswer(told) }
}

fn causes(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

/// One value of a query, in the characters that may stand there.
pub fn percent(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut safe, byte| {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => safe.push(char::from(byte)),
            _ => safe.push_str(&format!("%{byte:02X}")),
        }
        safe
    })
}

/// A server's address, to which paths are added: `https://`, or `http://` to this machine only, as
/// secrets would be read on the way.
pub fn base_url(url: &str) -> anyhow::Result<String> {
    let trimmed = url.trim_end_matches('/');
    let uri: Uri = trimmed.parse().map_err(|_| anyhow::anyhow!("`{url}` is not a URL"))?;
    let (scheme, authority) = (uri.scheme_str().unwrap_or_default(), uri.authority());
    let Some(authority) = authority.filter(|a| !a.as_str().contains('@') && uri.query().is_none()) else {
        anyhow::bail!("`{url}` should be like https://api.weixin.qq.com: no name, password or query");
    };
    let host = authority.host();
    let loopback =
        host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    match scheme {
        "https" => Ok(trimmed.to_owned()),
        "http" if loopback => Ok(trimmed.to_owned()),
        _ => anyhow::bail!("`{url}` must begin with https:// (http:// only to this machine), or secrets could be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_any_text() {
        assert_eq!(percent("aZ09-._~"), "aZ09-._~");
        assert_eq!(percent("a b&c=d/约\n"), "a%20b%26c%3Dd%2F%E7%BA%A6%0A");
    }

    #[test]
    fn secrets_go_over_tls_or_stay_on_this_machine() {
        for (url, kept) in [
            ("https://api.weixin.qq.com", "https://api.weixin.qq.com"),
            ("https://api.weixin.qq.com/", "https://api.weixin.qq.com"),
            ("http://127.0.0.1:8090/sandbox", "http://127.0.0.1:8090/sandbox"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("http://localhost:1", "http://localhost:1"),
        ] {
            assert_eq!(base_url(url).expect(url), kept);
        }
        for bad in ["http://api.weixin.qq.com", "ftp://x", "api.weixin.qq.com", "", "https://u:p@h", "https://h?a=b"] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }
}
