//! Running the program as a user does.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// A run that has ended.
pub struct Run {
    pub status: Option<i32>,
    /// Both what it printed and what it told on the way.
    pub output: String,
    pub folder: tempfile::TempDir,
}

impl Run {
    pub fn result(&self) -> Value {
        let text = std::fs::read_to_string(self.folder.path().join("result.json")).expect("a result");
        serde_json::from_str(&text).expect("JSON")
    }

    pub fn page(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("report.html")).expect("a report")
    }
}

/// With a folder for the result.
pub fn loadtests(arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let (status, output) = plain(&[arguments, &["--out", &out]].concat());
    Run { status, output, folder }
}

/// As it stands. In a folder that goes away, for what a run leaves without being told where.
pub fn plain(arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let done = Command::new(env!("CARGO_BIN_EXE_loadtests")).args(arguments).current_dir(folder.path()).output();
    let done = done.expect("loadtests start");
    let output = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    (done.status.code(), output)
}

/// The server's binary, beside ours: another package's, which cargo does not build for this one.
pub fn server() -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_loadtests")).with_file_name("yueke");
    assert!(path.exists(), "{} is missing: run `cargo build` first", path.display());
    path.display().to_string()
}

/// A server in production.
pub struct Production {
    pub address: SocketAddr,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Production {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Production {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
        let child = Command::new(server())
            .current_dir(folder.path())
            .env("YUEKE_ENV", "production")
            .env("YUEKE_LISTEN", address.to_string())
            .env("YUEKE_DATABASE_URL", "sqlite://production.db")
            .env("YUEKE_JWT_SECRET", "of a test, and of 32 bytes or more")
            .env("YUEKE_WECHAT_APPID", "none")
            .env("YUEKE_WECHAT_SECRET", "none")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { address, child, _folder: folder }
    }
}
