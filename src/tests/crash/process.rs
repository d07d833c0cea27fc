//! The real binary as a child of the test.

use std::{
    future::pending,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::{Value, json};

/// Waits on the wire's clock, never for a rule.
pub async fn pause(length: Duration) {
    // Ends by running out of time.
    let _ = tokio::time::timeout(length, pending::<()>()).await;
}

/// As a service manager stops a server; waits until it has ended well, its log written.
pub async fn terminate(child: &mut Child) {
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(asked.success());
    let began = Instant::now();
    loop {
        match child.try_wait().expect("the child is known") {
            Some(status) => return assert!(status.success(), "the server ended with {status}"),
            None => assert!(began.elapsed() < Duration::from_secs(20), "the server does not stop"),
        }
        pause(Duration::from_millis(10)).await;
    }
}

/// A port that was free just now; the same one serves all lives of a server.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

pub struct Server {
    child: Child,
    pub base: String,
}

impl Server {
    /// Starts it and waits until it is ready.
    pub async fn start(database_url: &str, port: u16, folder: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_yueke"))
            .arg("serve")
            .current_dir(folder)
            .env("YUEKE_DATABASE_URL", database_url)
            .env("YUEKE_LISTEN", format!("127.0.0.1:{port}"))
            .env("YUEKE_DEMO_DATA", "0")
            .env("YUEKE_JWT_SECRET", "a secret that outlives every kill of the server")
            .env("YUEKE_LOG", "off")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts");
        let mut server = Self { child, base: format!("http://127.0.0.1:{port}") };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&mut self) {
        let client = Client::new();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.child.try_wait().expect("the child is known") {
                panic!("the server ended with {status}");
            }
            let ready = client.get(format!("{}/readyz", self.base)).send().await;
            if ready.is_ok_and(|r| r.status().is_success()) {
                return;
            }
            pause(Duration::from_millis(10)).await;
        }
        panic!("the server was not ready within 30 s");
    }

    /// As if the power of the process went out: no handler runs, no buffer is written.
    pub fn kill(mut self) {
        self.child.kill().expect("the child is killed");
        self.child.wait().expect("the child ends");
    }

    /// See the function of this name.
    pub async fn terminate(mut self) {
        terminate(&mut self.child).await;
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub async fn post(&self, token: Option<&str>, path: &str, body: Value) -> Value {
        let mut request = Client::new().post(format!("{}/api/v1{path}", self.base));
        if !body.is_null() {
            request = request.json(&body);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let body: Value = answer.json().await.expect("a JSON body");
        assert!(status.is_success(), "{path}: {body}");
        body["data"].clone()
    }

    pub async fn login(&self, role: &str) -> String {
        let data = self.post(None, "/login", json!({"code": format!("dev:{role}:{role}")})).await;
        data["token"].as_str().expect("a token").to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone, when the test killed it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of the binary on a database; what it printed, when all is well.
pub fn check(command: &str, database_url: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_yueke"))
        .arg(command)
        .env("YUEKE_DATABASE_URL", database_url)
        .output()
        .expect("the binary runs");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains(": 0 wrong"), "yueke {command}: {told}");
    told
}
