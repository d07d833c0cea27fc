//! The real binary in production, with a sandbox in WeChat's place: what stops its start, and that
//! nothing secret ever stands in its log.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{APPID, SECRET, Wx};
use crate::{
    cli::{refused, yueke},
    crash::process::{free_port, pause},
};

const JWT_SECRET: &str = "what-the-tokens-are-signed-with-0123456789";
const PASSWORD: &str = "correct horse battery staple";
const PHONE: &str = "13900001234";
const FREED: &str = super::FREED;

/// Settings that fit the sandbox's templates.
fn settings(wx: &Wx) -> String {
    format!(
        "env = 'production'\nwechat_url = '{}'\nwechat_appid = '{APPID}'\nwechat_secret_file = 'wechat.secret'\n\
         jwt_secret_file = 'jwt.secret'\n\n[templates.seat_offered]\nid = '{FREED}'\n\
         page = 'pages/offer/index?entry={{waitlist_id}}'\nfields = {{ thing1 = '{{course_name}}', time2 = '{{deadline}}' }}\n\
         \n[templates.booking_confirmed]\nid = '{}'\npage = 'pages/home/index'\n\
         fields = {{ thing1 = '{{course_name}}', character_string3 = '{{booking_no}}' }}\n",
        wx.base,
        super::BOOKED
    )
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its rights");
}

/// A folder as the README has it.
fn folder(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join("yueke.toml"), settings, 0o644);
    write(&folder.path().join("wechat.secret"), &format!("{SECRET}\n"), 0o600);
    write(&folder.path().join("jwt.secret"), &format!("{JWT_SECRET}\n"), 0o600);
    folder
}

/// Runs beside the sandbox, which lives on this thread.
async fn run(args: &'static [&'static str], folder: &Path) -> (i32, String) {
    let folder = folder.to_owned();
    let run = move || yueke(args, &[("YUEKE_LISTEN", "127.0.0.1:0"), ("YUEKE_DATABASE_URL", "sqlite://y.db")], &folder);
    tokio::task::spawn_blocking(run).await.expect("it ran")
}

#[actix::test]
async fn the_settings_are_checked_with_wechat() {
    let wx = Wx::start().await;
    let good = settings(&wx);
    let (code, told) = run(&["wechat-check"], folder(&good).path()).await;
    assert_eq!(code, 0, "{told}");
    assert!(told.contains(APPID) && told.contains("2 templates") && told.contains("seat_offered"), "{told}");
    // All that is wrong at once, before anything is served.
    let wrong = good.replace(super::BOOKED, "template-that-nobody-has").replace("time2 =", "date9 =");
    for args in [&["wechat-check"][..], &["serve"]] {
        let folder = folder(&wrong);
        refused(
            run(args, folder.path()).await,
            &["template-that-nobody-has", "also has the fields time2", "has no field date9"],
        );
        assert!(!folder.path().join("y.db").exists(), "nothing was made");
    }
    let misspelt = good.replace("seat_offered", "seat_oferred").replace("{deadline}", "{dedline}");
    refused(run(&["serve"], folder(&misspelt).path()).await, &["seat_oferred: there is no such kind", "`dedline`"]);
    wx.stop().await;
}

#[actix::test]
async fn a_wrong_appid_or_secret_stops_the_start_with_what_to_do() {
    let wx = Wx::start().await;
    let other = settings(&wx).replace(APPID, "wx0000000000000000");
    refused(run(&["serve"], folder(&other).path()).await, &["40013", "look at YUEKE_WECHAT_APPID"]);
    let good = folder(&settings(&wx));
    write(&good.path().join("wechat.secret"), "another", 0o600);
    refused(run(&["wechat-check"], good.path()).await, &["40125", "look at YUEKE_WECHAT_SECRET"]);
    wx.control(json!({ "down": "refuse" })).await;
    let (code, told) = run(&["wechat-check"], folder(&settings(&wx)).path()).await;
    assert!(code == 1 && told.contains("could not be asked") && told.contains("YUEKE_WECHAT_URL"), "{told}");
    wx.stop().await;
}

#[actix::test]
async fn secrets_that_others_may_read_are_refused() {
    let wx = Wx::start().await;
    for mode in [0o644, 0o640, 0o604] {
        let folder = folder(&settings(&wx));
        write(&folder.path().join("wechat.secret"), SECRET, mode);
        refused(run(&["serve"], folder.path()).await, &["run chmod 600 wechat.secret"]);
    }
    let inline = settings(&wx).replace("wechat_secret_file = 'wechat.secret'", &format!("wechat_secret = '{SECRET}'"));
    let (code, told) = run(&["serve"], folder(&inline).path()).await;
    assert!(code == 1 && told.contains("chmod 600 yueke.toml") && !told.contains(SECRET), "{told}");
    let missing = folder(&settings(&wx));
    fs::remove_file(missing.path().join("jwt.secret")).expect("removed");
    refused(run(&["serve"], missing.path()).await, &["YUEKE_JWT_SECRET_FILE: cannot read jwt.secret"]);
    wx.stop().await;
}

/// A server in production whose log tells everything there is to tell.
struct Production {
    child: Child,
    base: String,
    client: Client,
}

impl Production {
    async fn start(folder: &Path) -> Self {
        let port = free_port();
        let log = fs::File::create(folder.join("server.log")).expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_yueke"))
            .current_dir(folder)
            .env("YUEKE_LISTEN", format!("127.0.0.1:{port}"))
            .env("YUEKE_DATABASE_URL", "sqlite://y.db")
            .env("YUEKE_LOG", "trace")
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let server = Self { child, base: format!("http://127.0.0.1:{port}"), client: Client::new() };
        let began = Instant::now();
        while server.client.get(format!("{}/readyz", server.base)).send().await.is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{}",
                fs::read_to_string(folder.join("server.log")).unwrap_or_default()
            );
            pause(Duration::from_millis(20)).await;
        }
        server
    }

    async fn ask(&self, method: Method, path: &str, token: &str, body: Value) -> Value {
        let mut request = self.client.request(method, format!("{}/api/v1{path}", self.base));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let request = if body.is_null() { request } else { request.json(&body) };
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Value {
        self.ask(Method::POST, path, token, body).await
    }
}

impl Drop for Production {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[actix::test]
async fn nothing_secret_is_logged() {
    let wx = Wx::start().await;
    let folder = folder(&settings(&wx));
    let server = Production::start(folder.path()).await;
    let mut secrets: Vec<String> = [SECRET, JWT_SECRET, PASSWORD, PHONE].map(str::to_owned).into();

    // The first page outside of demo mode logs nobody in.
    let page = server.client.get(&server.base).send().await.expect("an answer").text().await.expect("a page");
    assert!(page.contains("/api/v1/docs/") && !page.contains("<script"), "{page}");

    // Logging in, in every way that there is, well and badly.
    let (code, openid) = wx.login_code("amy").await;
    let login = server.post("/login", "", json!({ "code": code })).await;
    let token = login["data"]["token"].as_str().unwrap_or_else(|| panic!("a login: {login}")).to_owned();
    let refresh = login["data"]["refresh_token"].as_str().expect("a token").to_owned();
    let again = server.post("/login", "", json!({ "code": code })).await;
    assert_eq!(again["reason"], "invalid_credentials", "{again}");
    let exchanged = server.post("/token/refresh", "", json!({ "refresh_token": refresh })).await;
    let button = wx.post("/phone/amy/phone-code", json!({ "number": PHONE })).await;
    let button = button["code"].as_str().expect("a code").to_owned();
    let bound = server.ask(Method::PUT, "/users/phone", &token, json!({ "code": button })).await;
    assert_eq!(bound["code"], 200, "{bound}");
    for body in [
        json!({ "username": "amy", "password": PASSWORD }),
        json!({ "phone": PHONE, "password": PASSWORD }),
        json!({ "phone": PHONE, "sms_code": "123456" }),
    ] {
        server.post("/login", "", body).await;
    }
    let registered = server.post("/register", "", json!({ "username": "ben", "password": PASSWORD })).await;
    assert_eq!(registered["code"], 201, "{registered}");
    server.post("/sms/send", "", json!({ "phone": PHONE, "purpose": "login" })).await;
    // Consent, and everything that WeChat may answer to a message.
    wx.consent("amy", 3).await;
    server.post("/users/subscribe", &token, json!({ "results": { FREED: "accept", super::BOOKED: "accept" } })).await;
    for down in ["off", "refuse", "reset", "lost", "off"] {
        wx.control(json!({ "down": down, "kill_token": true })).await;
        let (code, _) = wx.login_code("cat").await;
        server.post("/login", "", json!({ "code": code })).await;
        secrets.push(code);
    }
    let wechats = wx
        .post("/cgi-bin/stable_token", json!({ "grant_type": "client_credential", "appid": APPID, "secret": SECRET }));
    let wechats = wechats.await["access_token"].as_str().expect("a token").to_owned();
    let last = exchanged["data"]["token"].as_str().expect("a token").to_owned();
    secrets.extend([code, button, token, refresh, last, wechats]);
    drop(server);

    let log = fs::read_to_string(folder.path().join("server.log")).expect("a log");
    assert!(log.contains("TRACE") && log.contains("/api/v1/login"), "it tells of everything");
    let found: Vec<&String> = secrets.iter().filter(|secret| log.contains(secret.as_str())).collect();
    let lines = |secret: &str| log.lines().find(|line| line.contains(secret)).unwrap_or_default().to_owned();
    assert!(found.is_empty(), "{:#?}", found.iter().map(|s| (s.as_str(), lines(s))).collect::<Vec<_>>());
    // The twin: a search that finds what is there.
    assert!(log.contains("yueke is up") && !openid.is_empty());
    wx.stop().await;
}
