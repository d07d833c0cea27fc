//! A way to PostgreSQL that breaks at the worst moment. It reads just enough of the protocol to
//! know a COMMIT when it goes by, and whose transaction it ends.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

use super::process::pause;

/// What becomes of a COMMIT; in each case the connection of the one who sent it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It never arrives.
    Before,
    /// It is done, and the answer never arrives.
    After,
    /// It is still on its way when the connection ends, and is done a moment later.
    InFlight,
    /// It is done, and the answer is that the connection broke: what poolers say.
    Fatal,
}

impl Cut {
    pub const ALL: [Self; 4] = [Self::Before, Self::After, Self::InFlight, Self::Fatal];
}

/// How long a COMMIT is on its way after the connection is gone.
const FLIGHT: Duration = Duration::from_millis(100);

pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    upstream: u16,
    armed: Mutex<Option<Armed>>,
    cuts: AtomicU64,
    /// Of those, the ones of which nothing is on its way any more.
    over: AtomicU64,
    /// Counts up when every connection has to end.
    broken: watch::Sender<u64>,
}

struct Armed {
    cut: Cut,
    /// Something that only the meant transaction has in it; without one the next COMMIT is meant.
    mark: Option<String>,
}

impl Proxy {
    pub async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (armed, broken) = (Mutex::default(), watch::Sender::new(0));
        let shared = Shared { upstream, armed, cuts: AtomicU64::new(0), over: AtomicU64::new(0), broken };
        let shared = Arc::new(shared);
        let of_all = shared.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = of_all.clone();
                // An error is an end like any other.
                tokio::spawn(async move { carry(client, shared).await.ok() });
            }
        });
        Self { port, shared, accepting }
    }

    /// `url` by way of this proxy.
    pub fn url(&self, url: &str) -> String {
        url.replace(&format!(":{}/", port_of(url)), &format!(":{}/", self.port))
    }

    /// Cuts the COMMIT of the next transaction that has `mark` in it.
    pub fn arm(&self, cut: Cut, mark: Option<&str>) {
        *self.armed() = Some(Armed { cut, mark: mark.map(str::to_owned) });
    }

    /// How many COMMITs were cut.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::Relaxed)
    }

    /// Whether no COMMIT is on its way by itself.
    pub fn is_settled(&self) -> bool {
        self.cuts() == self.shared.over.load(Ordering::Relaxed)
    }

    /// Ends every connection, wherever it is.
    pub fn break_all(&self) {
        self.shared.broken.send_modify(|n| *n += 1);
    }

    fn armed(&self) -> std::sync::MutexGuard<'_, Option<Armed>> {
        self.shared.armed.lock().expect("nobody panics with it")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.break_all();
    }
}

/// Of a PostgreSQL URL.
pub fn port_of(url: &str) -> u16 {
    let port = url.rsplit(':').next().and_then(|rest| rest.split('/').next());
    port.and_then(|p| p.parse().ok()).expect("a URL with a port")
}

async fn carry(client: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", shared.upstream)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut broken = shared.broken.subscribe();
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let cut = tokio::select! {
        cut = forward(from_client, &mut to_server, &shared) => cut?,
        copied = tokio::io::copy(&mut from_server, &mut to_client) => return copied.map(drop),
        _ = broken.changed() => return Ok(()),
    };
    let Some((cut, commit)) = cut else { return Ok(()) };
    shared.cuts.fetch_add(1, Ordering::Relaxed);
    let ended = end(cut, &commit, to_client, &mut to_server, &mut from_server).await;
    shared.over.fetch_add(1, Ordering::Relaxed);
    ended
}

async fn end(
    cut: Cut,
    commit: &[u8],
    mut to_client: OwnedWriteHalf,
    to_server: &mut OwnedWriteHalf,
    from_server: &mut OwnedReadHalf,
) -> io::Result<()> {
    match cut {
        Cut::Before => {}
        Cut::After => finish(commit, to_server, from_server).await?,
        Cut::InFlight => {
            drop(to_client);
            pause(FLIGHT).await;
            finish(commit, to_server, from_server).await?;
        }
        Cut::Fatal => {
            finish(commit, to_server, from_server).await?;
            let fields = b"SFATAL\0VFATAL\0C08P01\0Mserver closed the connection unexpectedly\0\0";
            to_client.write_u8(b'E').await?;
            to_client.write_u32(fields.len() as u32 + 4).await?;
            to_client.write_all(fields).await?;
        }
    }
    Ok(())
}

/// Hands messages on until a COMMIT is to be cut, which is not handed on, or the client is gone.
async fn forward(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    shared: &Shared,
) -> io::Result<Option<(Cut, Vec<u8>)>> {
    let (mut buffer, mut has_started, mut transaction) = (Vec::new(), false, Vec::new());
    loop {
        if from.read_buf(&mut buffer).await? == 0 {
            return Ok(None);
        }
        while let Some(length) = length_of_first(&buffer, has_started) {
            let message: Vec<u8> = buffer.drain(..length).collect();
            if has_started {
                match query(&message) {
                    Some(sql) if sql.starts_with("begin") => transaction.clear(),
                    Some("commit") => {
                        if let Some(cut) = shared.is_meant(&transaction) {
                            return Ok(Some((cut, message)));
                        }
                    }
                    _ => {}
                }
                transaction.extend_from_slice(&message);
            } else {
                // Protocol 3.0; what comes before is the question whether there is TLS.
                has_started = message[4..8] == 0x0003_0000u32.to_be_bytes();
            }
            to.write_all(&message).await?;
        }
    }
}

impl Shared {
    fn is_meant(&self, transaction: &[u8]) -> Option<Cut> {
        let mut armed = self.armed.lock().expect("nobody panics with it");
        let has = |mark: &str| transaction.windows(mark.len()).any(|w| w == mark.as_bytes());
        armed.take_if(|a| a.mark.as_deref().is_none_or(has)).map(|a| a.cut)
    }
}

/// Of the first message, when all of it is there. The first ones of a connection have no type.
fn length_of_first(buffer: &[u8], has_type: bool) -> Option<usize> {
    let at = usize::from(has_type);
    let length = buffer.get(at..at + 4)?.try_into().map(u32::from_be_bytes).ok()? as usize + at;
    (buffer.len() >= length).then_some(length)
}

/// The text of a simple query.
fn query(message: &[u8]) -> Option<&str> {
    let text = message.strip_prefix(b"Q")?.get(4..)?;
    std::str::from_utf8(text).ok().map(|t| t.trim_end_matches('\0'))
}

/// Delivers the COMMIT and waits until the server is ready for the next query: then it is done.
async fn finish(commit: &[u8], to: &mut OwnedWriteHalf, from: &mut OwnedReadHalf) -> io::Result<()> {
    to.write_all(commit).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"Z\0\0\0\x05I") {
        if from.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    Ok(())
}
