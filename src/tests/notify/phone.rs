//! People with a phone on which WeChat's messages arrive.

use std::ops::Deref;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, text};

/// A student who is logged in through WeChat.
pub struct Phone {
    person: Person,
    name: String,
}

impl Deref for Phone {
    type Target = Person;

    fn deref(&self) -> &Person {
        &self.person
    }
}

/// A message as it stands on the phone.
#[derive(Clone, Debug)]
pub struct Shown {
    pub title: String,
    pub page: String,
    pub values: Vec<String>,
}

impl Phone {
    pub async fn of(app: &TestApp, name: &str) -> Self {
        Self { person: app.student(name).await, name: format!("student:{name}") }
    }

    /// Who says yes to every message of a tap, as often as this.
    pub async fn reachable(app: &TestApp, name: &str, times: usize) -> Self {
        let phone = Self::of(app, name).await;
        for _ in 0..times {
            for tap in ["join", "book"] {
                phone.tap(tap, "accept").await;
            }
        }
        phone
    }

    /// What a tap asks for, whether it is used up or not.
    async fn templates(&self, tap: &str) -> Vec<String> {
        let known = self.get("/users/subscribe").await.ok();
        let wanted = match tap {
            "join" => vec!["seat_offered", "offer_reminder", "class_reminder"],
            _ => vec!["booking_cancelled", "schedule_changed"],
        };
        let templates = known["templates"].as_array().expect("templates");
        let tells = |t: &&Value| wanted.iter().any(|kind| t["kinds"].as_array().expect("kinds").contains(&json!(kind)));
        templates.iter().filter(tells).map(|t| text(&t["id"])).collect()
    }

    /// Answers WeChat's question, and hands the answer on as a client does.
    pub async fn tap(&self, tap: &str, choice: &str) -> Value {
        let choices: serde_json::Map<_, _> =
            self.templates(tap).await.into_iter().map(|id| (id, json!(choice))).collect();
        let results = self.ask_wechat(json!({ "choices": choices })).await;
        self.post("/users/subscribe", json!({ "results": results })).await.ok()
    }

    pub async fn ask_wechat(&self, choices: Value) -> Value {
        let path = format!("/sandbox/phone/{}/subscribe", self.name);
        self.send(Method::POST, &path, &[], choices).await.body
    }

    /// Newest first, after everything that is due was dealt with.
    pub async fn messages(&self, app: &TestApp) -> Vec<Shown> {
        deal(app).await;
        let path = format!("/sandbox/phone/{}/messages", self.name);
        let answer = self.send(Method::GET, &path, &[], Value::Null).await.body;
        let shown = |m: &Value| Shown {
            title: text(&m["title"]),
            page: m["page"].as_str().unwrap_or_default().to_owned(),
            values: m["fields"].as_array().expect("fields").iter().map(|f| text(&f["value"])).collect(),
        };
        answer["messages"].as_array().expect("messages").iter().map(shown).collect()
    }

    /// Titles, oldest first.
    pub async fn titles(&self, app: &TestApp) -> Vec<String> {
        self.messages(app).await.into_iter().rev().map(|m| m.title).collect()
    }
}

/// Everything that is due by now is told and sent, as far as it can be.
pub async fn deal(app: &TestApp) {
    let running = &app.running.app;
    running.outbox.drain(running.clock.now()).await.expect("the database is there");
}

/// Sets what goes wrong at WeChat.
pub async fn wechat(app: &TestApp, wishes: Value) -> Value {
    let answer = app.admin.send(Method::PUT, "/sandbox/control", &[], wishes).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body
}

/// How often WeChat answered a call with this code; 0 for success.
pub async fn answered(app: &TestApp, call: &str, code: i64) -> u64 {
    let state = app.admin.send(Method::GET, "/sandbox/control", &[], Value::Null).await.body;
    state["answered"][call][code.to_string()].as_u64().unwrap_or_default()
}

/// The operator's log, oldest first: kind, state and reason.
pub async fn log(app: &TestApp, query: &str) -> Vec<String> {
    deal(app).await;
    let items = app.operator.get(&format!("/notifications?page_size=100&{query}")).await.items();
    let told = |n: &Value| {
        let words = ["kind", "state", "reason"].map(|name| n[name].as_str().unwrap_or_default());
        words.join(" ").trim_end().to_owned()
    };
    items.iter().rev().map(told).collect()
}

/// A class of one seat at 19:00, whose holder is to cancel, with these people in its queue.
pub async fn full_class(app: &TestApp, waiting: &[&Phone], more: Value) -> (String, Person, String) {
    let class = app.class(1, more).await;
    let holder = app.student("holder").await;
    let booking = holder.booked(&class).await;
    for phone in waiting {
        phone.join(&class).await;
    }
    deal(app).await;
    (class, holder, booking)
}

pub fn day(time: &str) -> String {
    format!("2025年11月12日 {time}")
}

pub fn clock(time: &str) -> String {
    format!("manual:{}", at(time))
}
