//! A server in this process, with a clock that is moved by hand, on a database of its own; and
//! the people who talk to it over HTTP.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::{Client, Method, Url, header::HeaderMap};
use serde_json::{Value, json};
use yueke::{
    app::{self, Running},
    config::Config,
};

use crate::store::database::Database;

/// When every test begins, unless it says otherwise.
const MORNING: &str = "08:00:00.000";

/// What tokens are signed with; it outlives the restarts of a test.
pub const SECRET: &str = "a secret that outlives the restarts of a test";

/// How long any answer may take; only a server that hangs takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test on SQLite and on PostgreSQL. Each begins with an empty database at 08:00 and ends
/// with a clean audit and replay.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            use crate::{harness::app::TestApp, store::database::Database};

            #[actix::test]
            async fn sqlite() {
                let mut app = TestApp::start(Database::sqlite()).await;
                super::$name(&mut app).await;
                app.close().await;
            }

            #[actix::test]
            async fn postgres() {
                if let Some(db) = Database::postgres().await {
                    let mut app = TestApp::start(db).await;
                    super::$name(&mut app).await;
                    app.close().await;
                }
            }
        }
    )*};
}
pub(crate) use on_both;

/// `12:30:00.000` of the examples' day.
pub fn at(time: &str) -> String {
    format!("2025-11-12T{time}+08:00")
}

pub struct TestApp {
    pub db: Database,
    pub running: Running,
    wire: Wire,
    pub admin: Person,
    pub operator: Person,
}

/// The way to the server, which has another address after each restart.
#[derive(Clone)]
struct Wire {
    client: Client,
    address: Arc<Mutex<SocketAddr>>,
}

/// Somebody with a token, or without.
#[derive(Clone)]
pub struct Person {
    wire: Wire,
    pub token: String,
    pub refresh: String,
    pub account: String,
    pub student: String,
    pub teacher: String,
    language: &'static str,
}

async fn serve(db: &Database, more: &[(&str, &str)]) -> Running {
    let settings = [
        ("YUEKE_LISTEN", "127.0.0.1:0"),
        ("YUEKE_DATABASE_URL", &db.url),
        ("YUEKE_DEMO_DATA", "0"),
        ("YUEKE_WORKERS", "1"),
        ("YUEKE_JWT_SECRET", SECRET),
    ];
    let find = |name: &str| more.iter().chain(&settings).find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    let config = Config::read(None, find).expect("good settings");
    app::start(config).await.expect("the server starts")
}

fn clock(time: &str) -> String {
    format!("manual:{}", at(time))
}

impl TestApp {
    pub async fn start(db: Database) -> Self {
        Self::start_with(db, &[("YUEKE_CLOCK", &clock(MORNING))]).await
    }

    /// With settings of its own, in demo mode.
    pub async fn start_with(db: Database, more: &[(&str, &str)]) -> Self {
        let mut app = Self::start_unpeopled(db, more).await;
        app.admin = app.login("admin", "root").await;
        app.operator = app.login("operator", "olga").await;
        app
    }

    /// Where nobody can log in by name.
    pub async fn start_unpeopled(db: Database, more: &[(&str, &str)]) -> Self {
        let running = serve(&db, more).await;
        let client = Client::builder().timeout(PATIENCE).build().expect("a client");
        let wire = Wire { client, address: Arc::new(Mutex::new(running.address)) };
        let nobody = Person::with_token(&wire, "");
        Self { db, running, wire, admin: nobody.clone(), operator: nobody }
    }

    /// Gracefully down, and up again on the same database at another time. Logins stay good.
    pub async fn restart(&mut self, time: &str) {
        self.restart_with(&[("YUEKE_CLOCK", &clock(time))]).await;
    }

    pub async fn restart_with(&mut self, more: &[(&str, &str)]) {
        self.running.stop().await;
        self.running = serve(&self.db, more).await;
        *self.wire.address.lock().expect("nobody panics with it") = self.running.address;
    }

    /// Stops; then every row is looked at.
    pub async fn close(mut self) {
        self.running.stop().await;
        self.db.assert_sound().await;
    }

    pub async fn audit(&self) {
        self.db.assert_sound().await;
    }

    // ---- people

    /// Nobody: no token at all.
    pub fn anybody(&self) -> Person {
        Person::with_token(&self.wire, "")
    }

    pub fn with_token(&self, token: &str) -> Person {
        Person::with_token(&self.wire, token)
    }

    pub async fn login(&self, role: &str, name: &str) -> Person {
        let code = format!("dev:{role}:{name}");
        let data = self.anybody().post("/login", json!({ "code": code })).await.ok();
        Person::logged_in(&self.wire, &data)
    }

    pub async fn student(&self, name: &str) -> Person {
        self.login("student", name).await
    }

    pub async fn students(&self, prefix: &str, count: usize) -> Vec<Person> {
        let mut people = Vec::new();
        for i in 0..count {
            people.push(self.student(&format!("{prefix}{i}")).await);
        }
        people
    }

    pub async fn teacher(&self, name: &str) -> Person {
        self.login("teacher", name).await
    }

    // ---- what there is to book

    /// A course of two hours; `more` overrides.
    pub async fn course(&self, more: Value) -> String {
        let new = with(json!({ "name": "书法", "kind": 1, "duration_min": 120 }), more);
        text(&self.admin.post("/courses", new).await.is(201)["id"])
    }

    /// A class from 19:00 to 21:00 of its own course; `more` overrides.
    pub async fn class(&self, capacity: u32, more: Value) -> String {
        self.class_of(&self.course(json!({})).await, capacity, more).await
    }

    pub async fn class_of(&self, course: &str, capacity: u32, more: Value) -> String {
        let new = json!({ "course_id": course, "starts_at": at("19:00:00.000"), "capacity": capacity });
        text(&self.admin.post("/schedules", with(new, more)).await.is(201)["id"])
    }

    /// Moves the clock to this time of the examples' day.
    pub async fn advance_to(&self, time: &str) {
        self.admin.put("/dev/clock", json!({ "now": at(time) })).await.ok();
    }

    /// The kinds of all of someone's messages, oldest first.
    pub async fn inbox(&self, who: &Person) -> Vec<String> {
        self.messages(who, "").await.iter().rev().map(|m| text(&m["kind"])).collect()
    }

    /// Newest first; all kinds when `kind` is empty.
    pub async fn messages(&self, who: &Person, kind: &str) -> Vec<Value> {
        self.running.app.outbox.relay.drain().await.expect("messages are delivered");
        who.get(&format!("/messages?page_size=100&kind={kind}")).await.items()
    }
}

impl Person {
    fn with_token(wire: &Wire, token: &str) -> Self {
        let none = String::new;
        Self {
            wire: wire.clone(),
            token: token.to_owned(),
            refresh: none(),
            account: none(),
            student: none(),
            teacher: none(),
            language: "zh",
        }
    }

    fn logged_in(wire: &Wire, data: &Value) -> Self {
        let or_empty = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        Self {
            token: text(&data["token"]),
            refresh: text(&data["refresh_token"]),
            account: text(&data["user"]["id"]),
            student: or_empty(&data["students"][0]["id"]),
            teacher: or_empty(&data["user"]["teacher_id"]),
            ..Self::with_token(wire, "")
        }
    }

    /// The same person after another login or an exchange of tokens.
    pub fn again(&self, data: &Value) -> Self {
        Self::logged_in(&self.wire, data)
    }

    pub fn in_english(&self) -> Self {
        Self { language: "en", ..self.clone() }
    }

    // ---- asking

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, Value::Null).await
    }

    /// Below `/api/v1`; null for no body.
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        self.send(method, &format!("/api/v1{path}"), &[], body).await
    }

    /// Under a request key.
    pub async fn keyed(&self, key: &str, method: Method, path: &str, body: Value) -> Answer {
        self.send(method, &format!("/api/v1{path}"), &[("idempotency-key", key)], body).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        if body.is_null() {
            return self.send_raw(method, path, headers, "").await;
        }
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        self.send_raw(method, path, &all, body.to_string()).await
    }

    /// Any path from the root, any bytes.
    pub async fn send_raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let address = *self.wire.address.lock().expect("nobody panics with it");
        let url = Url::parse(&format!("http://{address}{path}")).expect("a URL");
        let what = format!("{method} {path}");
        let mut request = self.wire.client.request(method, url).header("accept-language", self.language).body(body);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(what, request.send().await.expect("an answer")).await
    }

    // ---- what people do

    pub async fn book(&self, class: &str) -> Answer {
        self.post("/bookings", json!({ "schedule_id": class })).await
    }

    /// The id of the booking.
    pub async fn booked(&self, class: &str) -> String {
        text(&self.book(class).await.is(201)["id"])
    }

    pub async fn cancel(&self, booking: &str) -> Answer {
        self.put(&format!("/bookings/{booking}/cancel"), json!({})).await
    }

    pub async fn pay(&self, booking: &str) -> Answer {
        self.post("/pay", json!({ "booking_id": booking })).await
    }

    pub async fn try_join(&self, class: &str) -> Answer {
        self.post("/waitlist/join", json!({ "course_schedule_id": class })).await
    }

    /// The id of the entry.
    pub async fn join(&self, class: &str) -> String {
        text(&self.try_join(class).await.is(200)["waitlist_id"])
    }

    pub async fn begin(&self, entry: &str) -> Answer {
        self.post(&format!("/waitlist/{entry}/begin"), json!({})).await
    }

    pub async fn accept(&self, entry: &str) -> Answer {
        self.put(&format!("/waitlist/{entry}/respond"), json!({ "action": "accept" })).await
    }

    pub async fn decline(&self, entry: &str) -> Answer {
        self.put(&format!("/waitlist/{entry}/respond"), json!({ "action": "decline" })).await
    }

    /// The live state of a class as this person sees it.
    pub async fn sees(&self, class: &str) -> Value {
        self.get(&format!("/schedules/{class}")).await.ok()
    }

    pub async fn offer(&self, class: &str) -> Value {
        self.sees(class).await["mine"]["offer"].clone()
    }

    pub async fn entry(&self, entry: &str) -> Value {
        self.get(&format!("/waitlist/{entry}")).await.ok()
    }

    /// Status and position of an entry.
    pub async fn place(&self, entry: &str) -> (String, u64) {
        let entry = self.entry(entry).await;
        (text(&entry["status"]), entry["position"].as_u64().expect("a position"))
    }
}

/// An answer whose envelope is as it must be.
pub struct Answer {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    async fn of(what: String, answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{what}: {status}, {e}: {text}"));
        let answer = Self { what, status, headers, text, body };
        answer.check_envelope();
        answer
    }

    fn check_envelope(&self) {
        if self.what.ends_with("/openapi.json") || !self.what.contains("/api") {
            return;
        }
        let Self { what, status, body, .. } = self;
        assert_eq!(body["code"], *status, "{what}: {body}");
        let said = |name: &str| body[name].as_str().is_some_and(|s| !s.is_empty());
        assert!(said("message"), "{what}: {body}");
        let mut names: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
        names.sort_unstable();
        if *status < 400 {
            assert_eq!(names, ["code", "data", "message"], "{what}: {body}");
        } else {
            assert_eq!(names, ["code", "data", "error", "message", "reason", "request_id"], "{what}: {body}");
            assert!(body["data"].is_null() && said("reason") && said("error") && said("request_id"), "{what}: {body}");
        }
        let kind = self.headers.get("content-type").and_then(|v| v.to_str().ok());
        assert_eq!(kind, Some("application/json; charset=utf-8"), "{what}");
        assert!(self.headers.contains_key("x-request-id"), "{what}");
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        self.body["data"].clone()
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {} {}", self.what, self.status, self.text);
        self.body["data"].clone()
    }

    #[track_caller]
    pub fn items(self) -> Vec<Value> {
        self.ok()["items"].as_array().expect("items").clone()
    }

    /// Refused by a rule.
    #[track_caller]
    pub fn refused(self, reason: &str) -> Value {
        self.fails(409, reason)
    }

    /// The whole body of an error.
    #[track_caller]
    pub fn fails(self, status: u16, reason: &str) -> Value {
        let got = (self.status, self.body["reason"].as_str());
        assert_eq!(got, (status, Some(reason)), "{}: {}", self.what, self.text);
        self.body
    }

    /// Invalid, and the message names this field.
    #[track_caller]
    pub fn invalid(self, field: &str) {
        let what = self.what.clone();
        let body = self.fails(400, "invalid_request");
        let message = body["message"].as_str().unwrap_or_default();
        assert!(message.contains(field), "{what} should name `{field}`: {message}");
    }
}

#[track_caller]
pub fn text(v: &Value) -> String {
    v.as_str().unwrap_or_else(|| panic!("a text, not {v}")).to_owned()
}

/// One object over another.
pub fn with(mut under: Value, over: Value) -> Value {
    if let (Some(under), Value::Object(over)) = (under.as_object_mut(), over) {
        under.extend(over);
    }
    under
}
