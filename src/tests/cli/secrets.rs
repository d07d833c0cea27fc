//! What the log of a real server says at its most talkative, after people have logged in in every
//! way and failed in every way: no password, code, token or whole number.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::crash::process::{free_port, pause, terminate};

const SECRET: &str = "the server's own secret, of some length";
const NUMBER: &str = "13812345678";
const PASSWORD: &str = "correct horse";
const WRONG: &str = "a wrong guess of it";
const NEW: &str = "battery staple";

struct Server {
    child: Child,
    base: String,
    client: Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start(folder: &Path) -> Self {
        let port = free_port();
        let shown = File::create(folder.join("shown")).expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_yueke"))
            .current_dir(folder)
            .env("YUEKE_LISTEN", format!("127.0.0.1:{port}"))
            .env("YUEKE_DATABASE_URL", "sqlite://y.db")
            .env("YUEKE_DEMO_DATA", "0")
            .env("YUEKE_JWT_SECRET", SECRET)
            .env("YUEKE_LOG", "debug,yueke=trace")
            .env("YUEKE_LOG_DIRECTORY", "logs")
            .stdout(shown)
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let server = Self { child, base: format!("http://127.0.0.1:{port}"), client: Client::new() };
        for _ in 0..3_000 {
            let ready = server.client.get(format!("{}/readyz", server.base)).send().await;
            if ready.is_ok_and(|r| r.status().is_success()) {
                return server;
            }
            pause(Duration::from_millis(10)).await;
        }
        panic!("the server was not ready within 30 s");
    }

    async fn ask(&self, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.base)).bearer_auth(token);
        let answer = request.json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> (u16, Value) {
        self.ask(token, Method::POST, path, body).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[actix::test]
async fn nothing_secret_is_logged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = Server::start(folder.path()).await;
    let mut secrets = vec![SECRET.to_owned(), NUMBER.to_owned(), PASSWORD.into(), WRONG.into(), NEW.into()];

    let register = json!({ "username": "amy", "password": PASSWORD });
    let (status, told) = server.post("", "/register", register).await;
    assert_eq!(status, 201, "{told}");
    let (token, refresh) = (text(&told["data"]["token"]), text(&told["data"]["refresh_token"]));
    let send = json!({ "phone": NUMBER, "purpose": "bind" });
    assert_eq!(server.post(&token, "/sms/send", send).await.0, 200);
    let shown = fs::read_to_string(folder.path().join("shown")).expect("what was shown");
    let code = shown.split(|c: char| !c.is_ascii_digit()).rfind(|w| w.len() == 6).expect("a code").to_owned();
    let bind = |code: &str| json!({ "phone": NUMBER, "sms_code": code });
    assert_eq!(server.ask(&token, Method::PUT, "/users/phone", bind("guess")).await.0, 400);
    assert_eq!(server.ask(&token, Method::PUT, "/users/phone", bind(&code)).await.0, 200);
    let change = json!({ "old_password": PASSWORD, "new_password": NEW });
    assert_eq!(server.ask(&token, Method::PUT, "/password", change).await.0, 200);
    for _ in 0..6 {
        let (status, told) = server.post("", "/login", json!({ "phone": NUMBER, "password": WRONG })).await;
        assert!(status == 401 && !told.to_string().contains(WRONG), "{told}");
    }
    // Used twice: that is logged.
    let (_, told) = server.post("", "/token/refresh", json!({ "refresh_token": refresh })).await;
    let fresh = (text(&told["data"]["token"]), text(&told["data"]["refresh_token"]));
    assert_eq!(server.post("", "/token/refresh", json!({ "refresh_token": refresh })).await.0, 401);
    for broken in [json!({ "username": "amy", "password": [NEW] }), json!({ "code": { "x": NEW } })] {
        let (status, told) = server.post("", "/login", broken).await;
        assert!(status == 400 && !told.to_string().contains(NEW), "{told}");
    }
    secrets.extend([code, token, refresh, fresh.0, fresh.1]);
    terminate(&mut server.child).await;

    let mut log = String::new();
    for file in fs::read_dir(folder.path().join("logs")).expect("a folder").flatten() {
        log += &fs::read_to_string(file.path()).expect("a log");
    }
    assert!(log.contains("a refresh token was used twice"), "the log is there, and talkative: {log}");
    for secret in secrets {
        assert!(!log.contains(&secret), "{:?}", log.lines().find(|l| l.contains(&secret)));
    }
}
