//! A server that is killed while messages are on their way: nobody hears nothing.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use yueke::base::time::{Clock, DAY, Zone};

use super::{APPID, BOOKED, SECRET, Wx, all};
use crate::crash::process::{free_port, pause};

const PEOPLE: usize = 60;
const KILLS: usize = 5;

struct Server {
    child: Child,
    base: String,
    client: Client,
}

impl Server {
    async fn start(folder: &Path, port: u16, wx: &Wx) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_yueke"))
            .current_dir(folder)
            .env("YUEKE_LISTEN", format!("127.0.0.1:{port}"))
            .env("YUEKE_DATABASE_URL", "sqlite://y.db")
            .env("YUEKE_DEMO_DATA", "0")
            .env("YUEKE_LOG", "error")
            .env("YUEKE_WECHAT_URL", &wx.base)
            .env("YUEKE_WECHAT_APPID", APPID)
            .env("YUEKE_WECHAT_SECRET", SECRET)
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let server = Self { child, base: format!("http://127.0.0.1:{port}"), client: Client::new() };
        let began = Instant::now();
        while server.client.get(format!("{}/readyz", server.base)).send().await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not start");
            pause(Duration::from_millis(10)).await;
        }
        server
    }

    async fn ask(&self, method: Method, path: &str, token: &str, body: Value) -> Value {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.base)).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        assert!(answer["code"].as_u64().is_some_and(|code| code < 300), "{path}: {answer}");
        answer["data"].clone()
    }

    async fn login(&self, code: &str) -> String {
        let data = self.ask(Method::POST, "/login", "", json!({ "code": code })).await;
        data["token"].as_str().expect("a token").to_owned()
    }

    /// Messages that are in this state.
    async fn count(&self, state: &str, operator: &str) -> usize {
        let log = self.ask(Method::GET, &format!("/notifications?state={state}"), operator, Value::Null).await;
        log["total"].as_u64().expect("a number") as usize
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[actix::test]
async fn a_kill_in_the_midst_of_sending_loses_no_message() {
    let wx = Wx::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let template = format!(
        "[templates.booking_confirmed]\nid = '{BOOKED}'\npage = 'pages/home/index'\n\
         fields = {{ thing1 = '{{course_name}}', character_string3 = '{{booking_no}}' }}\n"
    );
    fs::write(folder.path().join("yueke.toml"), template).expect("a file");
    let port = free_port();
    let mut server = Server::start(folder.path(), port, &wx).await;
    let admin = server.login("dev:admin:root").await;
    let course = json!({ "name": "书法", "kind": 1, "duration_min": 60 });
    let course = server.ask(Method::POST, "/courses", &admin, course).await["id"].clone();
    let starts_at = Zone::SHANGHAI.rfc3339(Clock::system().now() + 2 * DAY);
    let class = json!({ "course_id": course, "starts_at": starts_at, "capacity": PEOPLE });
    let class = server.ask(Method::POST, "/schedules", &admin, class).await["id"].clone();
    let mut people = Vec::new();
    for i in 0..PEOPLE {
        let name = format!("p{i}");
        let (code, _) = wx.login_code(&name).await;
        people.push((name, server.login(&code).await));
    }
    // Enough consent for every one of them to hear of it once for each life of the server.
    all(people.iter().map(|(name, _)| wx.consent(name, KILLS + 1))).await;

    // Some are done at WeChat, and the answer never comes: to be killed then is to have sent in vain.
    wx.control(json!({ "down": "lost" })).await;
    all(people.iter().map(|(_, token)| server.ask(Method::POST, "/bookings", token, json!({ "schedule_id": class }))))
        .await;
    let began = Instant::now();
    // Whoever it is: after the first lost answer nobody else is written to.
    while all(people.iter().map(|(name, _)| wx.messages(name))).await.iter().all(Vec::is_empty) {
        assert!(began.elapsed() < Duration::from_secs(30), "nothing is sent");
        pause(Duration::from_millis(5)).await;
    }
    let mut killed_with = Vec::new();
    for kill in 0..KILLS {
        killed_with.push(PEOPLE - server.count("sent", &admin).await);
        drop(server);
        wx.control(json!({ "down": "off", "latency_ms": 60 })).await;
        server = Server::start(folder.path(), port, &wx).await;
        // Each time a little later, so that some of them have come back by then.
        pause(Duration::from_millis(60 * kill as u64)).await;
    }
    let began = Instant::now();
    // Not until none waits: some may not even have been written down as messages by then.
    while server.count("sent", &admin).await < PEOPLE {
        assert!(began.elapsed() < Duration::from_secs(30), "some are not sent");
        pause(Duration::from_millis(50)).await;
    }
    assert!(killed_with.iter().any(|n| *n > 0), "no kill met a message on its way: {killed_with:?}");
    let mut twice = 0;
    for (name, _) in &people {
        let heard = wx.messages(name).await.len();
        assert!((1..=1 + KILLS).contains(&heard), "{name} heard {heard} times");
        twice += heard - 1;
    }
    assert!(twice > 0, "no kill fell between sending and noting");
    println!("messages to be sent at the kills: {killed_with:?}; heard more than once: {twice}");
    assert_eq!(server.count("queued", &admin).await, 0);
    wx.stop().await;
}
