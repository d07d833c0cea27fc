//! A server with a clock that is moved by hand, and the people of the examples.

use std::process::{Child, Command, Stdio};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{
    crash::process::{check, free_port, pause},
    store::database::Database,
};

/// An answer: the status and the whole envelope.
pub type Answer = (u16, Value);

pub struct School {
    pub db: Database,
    port: u16,
    child: Child,
    client: Client,
    admin: String,
}

/// A student who is logged in.
#[derive(Clone)]
pub struct Person {
    pub token: String,
}

fn start(db: &Database, port: u16, now: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_yueke"))
        .env("YUEKE_DATABASE_URL", &db.url)
        .env("YUEKE_LISTEN", format!("127.0.0.1:{port}"))
        .env("YUEKE_CLOCK", format!("manual:{}", instant(now)))
        .env("YUEKE_DEMO_DATA", "0")
        .env("YUEKE_JWT_SECRET", "a secret that outlives the restarts of a test")
        .env("YUEKE_LOG", "error")
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts")
}

/// `12:30:00` of the examples' day.
pub fn instant(time: &str) -> String {
    format!("2025-11-12T{time}+08:00")
}

impl School {
    /// Opens on this database at that time of the examples' day.
    pub async fn open(db: Database, now: &str) -> Self {
        let port = free_port();
        let child = start(&db, port, now);
        let mut school = Self { db, port, child, client: Client::new(), admin: String::new() };
        school.ready().await;
        school.admin = school.login("admin", "root").await.token;
        school
    }

    async fn ready(&self) {
        for _ in 0..3_000 {
            let url = format!("http://127.0.0.1:{}/readyz", self.port);
            if self.client.get(url).send().await.is_ok_and(|a| a.status().is_success()) {
                return;
            }
            pause(std::time::Duration::from_millis(10)).await;
        }
        panic!("the server was not ready within 30 s");
    }

    /// As if the machine went down, and came back at another time.
    pub async fn restart(&mut self, now: &str) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        self.child = start(&self.db, self.port, now);
        self.ready().await;
        self.admin = self.login("admin", "root").await.token;
    }

    /// Every invariant and every event, at the end of an example.
    pub fn close(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        check("audit", &self.db.url);
        check("replay", &self.db.url);
    }

    pub async fn ask(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.port);
        let request = self.client.request(method, url).bearer_auth(token).json(&body);
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("an envelope");
        assert_eq!(body["code"], status, "{body}");
        (status, body)
    }

    async fn done(&self, token: &str, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(token, method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {answer}");
        answer["data"].clone()
    }

    pub async fn operate(&self, method: &str, path: &str, body: Value) -> Value {
        self.done(&self.admin, method, path, body).await
    }

    pub async fn try_operate(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask(&self.admin, method, path, body).await
    }

    pub async fn login(&self, role: &str, name: &str) -> Person {
        let url = format!("http://127.0.0.1:{}/api/v1/login", self.port);
        let body = json!({ "code": format!("dev:{role}:{name}") });
        let answer = self.client.post(url).json(&body).send().await.expect("an answer");
        let data = answer.json::<Value>().await.expect("an envelope")["data"].clone();
        Person { token: text(&data["token"]) }
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

    /// The class of the examples: 19:00 to 21:00, or what `more` says.
    pub async fn class(&self, capacity: u32, course: Value, more: Value) -> String {
        let mut new = json!({ "name": "书法", "kind": 1, "duration_min": 120 });
        merge(&mut new, course);
        let course = self.operate("POST", "/courses", new).await;
        let mut new = json!({ "course_id": course["id"], "starts_at": instant("19:00:00"), "capacity": capacity });
        merge(&mut new, more);
        text(&self.operate("POST", "/schedules", new).await["id"])
    }

    pub async fn book(&self, who: &Person, class: &str) -> Answer {
        self.ask(&who.token, "POST", "/bookings", json!({ "schedule_id": class })).await
    }

    pub async fn booked(&self, who: &Person, class: &str) -> String {
        let (status, answer) = self.book(who, class).await;
        assert_eq!(status, 201, "{answer}");
        text(&answer["data"]["id"])
    }

    /// A booking under a request key: the status and the bytes.
    pub async fn keyed(&self, who: &Person, key: &str, class: &str) -> (u16, String) {
        let url = format!("http://127.0.0.1:{}/api/v1/bookings", self.port);
        let request = self.client.post(url).bearer_auth(&who.token).header("idempotency-key", key);
        let answer = request.json(&json!({ "schedule_id": class })).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    pub async fn cancel(&self, who: &Person, booking: &str) {
        self.done(&who.token, "PUT", &format!("/bookings/{booking}/cancel"), json!({})).await;
    }

    pub async fn try_join(&self, who: &Person, class: &str) -> Answer {
        self.ask(&who.token, "POST", "/waitlist/join", json!({ "course_schedule_id": class })).await
    }

    pub async fn join(&self, who: &Person, class: &str) -> String {
        let (status, answer) = self.try_join(who, class).await;
        assert_eq!(status, 200, "{answer}");
        text(&answer["data"]["waitlist_id"])
    }

    pub async fn respond(&self, who: &Person, entry: &str, action: &str, offer: Option<&str>) -> Answer {
        let body = json!({ "action": action, "offer_id": offer });
        self.ask(&who.token, "PUT", &format!("/waitlist/{entry}/respond"), body).await
    }

    pub async fn accept(&self, who: &Person, entry: &str) -> Answer {
        self.respond(who, entry, "accept", None).await
    }

    pub async fn begin(&self, who: &Person, entry: &str) -> Answer {
        self.ask(&who.token, "POST", &format!("/waitlist/{entry}/begin"), json!({})).await
    }

    pub async fn at(&self, time: &str) {
        self.operate("PUT", "/dev/clock", json!({ "now": instant(time) })).await;
    }

    /// The live state, as this person sees it.
    pub async fn seen(&self, who: &Person, class: &str) -> Value {
        self.done(&who.token, "GET", &format!("/schedules/{class}"), json!({})).await
    }

    pub async fn entry(&self, who: &Person, entry: &str) -> Value {
        self.done(&who.token, "GET", &format!("/waitlist/{entry}"), json!({})).await
    }

    pub async fn kinds(&self, who: &Person) -> Vec<String> {
        let listed = self.done(&who.token, "GET", "/messages?page_size=100", json!({})).await;
        let items = listed["items"].as_array().expect("items").clone();
        items.iter().rev().map(|m| text(&m["kind"])).collect()
    }

    pub async fn messages(&self, who: &Person, kind: &str) -> usize {
        self.kinds(who).await.iter().filter(|k| *k == kind).count()
    }
}

impl Drop for School {
    fn drop(&mut self) {
        // Already gone when the example ended well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn text(v: &Value) -> String {
    v.as_str().unwrap_or_else(|| panic!("a text, not {v}")).to_owned()
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

/// Refused by this rule, with 409.
#[track_caller]
pub fn refused(answer: &Answer, reason: &str) {
    assert_eq!((answer.0, answer.1["reason"].as_str()), (409, Some(reason)), "{}", answer.1);
}

#[track_caller]
pub fn granted(answer: &Answer) {
    assert!((200..300).contains(&answer.0), "{}", answer.1);
}
