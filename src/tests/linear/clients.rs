//! Clients who all want the same few classes, and what each of them was told, when.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{Rng, rngs::StdRng};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::{
    checker::Op,
    model::{Ask, Name, Told, UNTOLD, View},
};
use crate::crash::process::pause;

/// Asked of one class; then all look at it once more.
pub const OPS: usize = 260;
/// A request that is sent again and again is answered by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// A class, and all that was ever asked of it.
pub struct History {
    pub class: String,
    ops: Mutex<Vec<Op>>,
    /// By id.
    names: Mutex<HashMap<String, Name>>,
    /// Told to whoever had asked for it.
    given: Mutex<HashSet<Name>>,
}

#[derive(Default)]
pub struct Stats {
    pub answered: AtomicU64,
    /// Never answered, and not asked again.
    pub open: AtomicU64,
    /// Not answered at first; the same key was told later.
    pub told_later: AtomicU64,
    pub refused_503: AtomicU64,
    /// Requests that a dead server never got.
    pub unsent: AtomicU64,
}

impl History {
    pub fn of(class: String) -> Self {
        Self { class, ops: Mutex::default(), names: Mutex::default(), given: Mutex::default() }
    }

    fn name(&self, id: &Value) -> Name {
        let id = id.as_str().expect("an id").to_owned();
        let mut names = self.names.lock().expect("nobody panics with it");
        let next = names.len() as Name + 1;
        *names.entry(id).or_insert(next)
    }

    fn given(&self, id: &Value) -> Name {
        let name = self.name(id);
        self.given.lock().expect("nobody panics with it").insert(name);
        name
    }

    fn begin(&self, op: Op) -> usize {
        let mut ops = self.ops.lock().expect("nobody panics with it");
        ops.push(op);
        ops.len() - 1
    }

    fn is_full(&self) -> bool {
        self.ops.lock().expect("nobody panics with it").len() >= OPS
    }

    /// Everything that reached the server; ids of which nobody was told who has them are one.
    pub fn ops(&self) -> Vec<Op> {
        let given = self.given.lock().expect("nobody panics with it");
        let known = |name: &Name| if given.contains(name) { *name } else { UNTOLD };
        let ops = self.ops.lock().expect("nobody panics with it");
        let sent = ops.iter().filter(|op| op.from < op.to);
        sent.map(|op| Op {
            ask: of_known(&op.ask, known),
            told: op.told.as_ref().map(|t| seen_of_known(t, known)),
            ..*op
        })
        .collect()
    }
}

fn of_known(ask: &Ask, known: impl Fn(&Name) -> Name) -> Ask {
    match ask {
        Ask::Cancel(name) => Ask::Cancel(known(name)),
        Ask::Leave(name) => Ask::Leave(known(name)),
        Ask::Accept(name) => Ask::Accept(known(name)),
        Ask::Place(name) => Ask::Place(known(name)),
        Ask::Book | Ask::Join | Ask::Look => ask.clone(),
    }
}

fn seen_of_known(told: &Told, known: impl Fn(&Name) -> Name) -> Told {
    match told {
        Told::Seen(view) => Told::Seen(View {
            booking: view.booking.as_ref().map(&known),
            place: view.place.as_ref().map(|(name, standing)| (known(name), *standing)),
            ..view.clone()
        }),
        other => other.clone(),
    }
}

/// One student at one device.
pub struct Caller {
    pub http: Client,
    pub base: String,
    pub token: String,
    pub student: u8,
    pub rng: StdRng,
    pub requests: u64,
    pub began: Instant,
    pub stats: Arc<Stats>,
    /// In each class of the wave, as far as is known.
    pub places: Vec<Place>,
}

#[derive(Clone)]
pub enum Place {
    None,
    Booked(String),
    Waiting(String),
    /// An answer is missing: look first.
    Unsure,
}

/// What came of one attempt.
enum Sent {
    Answer(u16, Value),
    /// Surely nothing happened.
    NotNow,
    Unknown,
}

impl Caller {
    /// Until each of the classes has had its share.
    pub async fn run(mut self, wave: Arc<Vec<History>>) -> Self {
        self.places = vec![Place::None; wave.len()];
        loop {
            let open: Vec<usize> = (0..wave.len()).filter(|i| !wave[*i].is_full()).collect();
            if open.is_empty() {
                break;
            }
            let class = open[self.rng.random_range(0..open.len())];
            self.act(&wave[class], class).await;
        }
        for (i, history) in wave.iter().enumerate() {
            while !self.ask(history, i, Ask::Look, None).await {}
        }
        self
    }

    async fn act(&mut self, history: &History, i: usize) {
        let dice = self.rng.random_range(0..100);
        let (ask, id) = match self.places[i].clone() {
            Place::Unsure => (Ask::Look, None),
            Place::None => match dice {
                0..45 => (Ask::Book, None),
                45..85 => (Ask::Join, None),
                _ => (Ask::Look, None),
            },
            Place::Booked(id) => match dice {
                0..60 => (Ask::Cancel(history.name(&json!(id))), Some(id)),
                60..70 => (Ask::Book, None),
                _ => (Ask::Look, None),
            },
            Place::Waiting(id) => match dice {
                0..35 => (Ask::Accept(history.name(&json!(id))), Some(id)),
                35..50 => (Ask::Leave(history.name(&json!(id))), Some(id)),
                50..65 => (Ask::Place(history.name(&json!(id))), Some(id)),
                65..80 => (Ask::Book, None),
                _ => (Ask::Look, None),
            },
        };
        self.ask(history, i, ask, id).await;
    }

    /// Whether there was an answer.
    async fn ask(&mut self, history: &History, i: usize, ask: Ask, id: Option<String>) -> bool {
        self.requests += 1;
        let key = format!("s{}-{}", self.student, self.requests);
        let from = self.micros();
        let at = history.begin(Op { student: self.student, ask: ask.clone(), told: None, from, to: u64::MAX });
        let end = |told: Option<Told>, to: u64| {
            let mut ops = history.ops.lock().expect("nobody panics with it");
            (ops[at].told, ops[at].to) = (told, to);
        };
        let (mut is_unknown, began) = (false, Instant::now());
        // A look that got no answer is of no use to anybody; most others want to know.
        let insists = !matches!(ask, Ask::Look | Ask::Place(_)) && self.rng.random_bool(0.5);
        loop {
            match self.send(history, &ask, id.as_deref(), &key).await {
                Sent::Answer(status, body) => {
                    let to = self.micros();
                    self.stats.answered.fetch_add(1, Ordering::Relaxed);
                    self.stats.told_later.fetch_add(u64::from(is_unknown), Ordering::Relaxed);
                    let told = self.told(history, &ask, status, &body);
                    self.places[i] = self.place_after(&ask, &told, &body, &self.places[i]);
                    end(Some(told), to);
                    return true;
                }
                Sent::NotNow if !is_unknown => {
                    // As if it had never been asked.
                    end(None, from);
                    pause(Duration::from_millis(10)).await;
                    return false;
                }
                Sent::NotNow => {}
                Sent::Unknown => is_unknown = true,
            }
            if !insists {
                self.stats.open.fetch_add(1, Ordering::Relaxed);
                self.places[i] = Place::Unsure;
                return false;
            }
            assert!(began.elapsed() < PATIENCE, "{ask:?} is not answered");
            pause(Duration::from_millis(10)).await;
        }
    }

    fn micros(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    fn request(&self, class: &str, ask: &Ask, id: Option<&str>) -> RequestBuilder {
        let id = id.unwrap_or_default();
        let (method, path, body) = match ask {
            Ask::Book => (Method::POST, "/bookings".into(), json!({"schedule_id": class})),
            Ask::Cancel(_) => (Method::PUT, format!("/bookings/{id}/cancel"), json!({})),
            Ask::Join => (Method::POST, "/waitlist/join".into(), json!({"course_schedule_id": class})),
            Ask::Leave(_) => (Method::DELETE, format!("/waitlist/{id}"), json!({})),
            Ask::Accept(_) => (Method::PUT, format!("/waitlist/{id}/respond"), json!({"action": "accept"})),
            Ask::Look => (Method::GET, format!("/schedules/{class}"), Value::Null),
            Ask::Place(_) => (Method::GET, format!("/waitlist/position/{id}"), Value::Null),
        };
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if body.is_null() { request } else { request.json(&body) }
    }

    async fn send(&self, history: &History, ask: &Ask, id: Option<&str>, key: &str) -> Sent {
        let request = self.request(&history.class, ask, id).header("Idempotency-Key", key);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(e) if e.is_connect() => {
                self.stats.unsent.fetch_add(1, Ordering::Relaxed);
                return Sent::NotNow;
            }
            Err(_) => return Sent::Unknown,
        };
        let status = answer.status().as_u16();
        let Ok(body) = answer.json::<Value>().await else { return Sent::Unknown };
        match (status, body["reason"].as_str()) {
            (503, Some("outcome_unknown")) | (500, _) => Sent::Unknown,
            (503, _) | (409, Some("request_in_progress")) => {
                self.stats.refused_503.fetch_add(1, Ordering::Relaxed);
                Sent::NotNow
            }
            _ => Sent::Answer(status, body),
        }
    }

    fn told(&self, history: &History, ask: &Ask, status: u16, body: &Value) -> Told {
        let data = &body["data"];
        let number = |v: &Value| v.as_u64().and_then(|n| u8::try_from(n).ok()).unwrap_or(u8::MAX);
        match (ask, status) {
            (Ask::Book, 201) => Told::Booked(history.given(&data["id"])),
            (Ask::Accept(_), 200) => Told::Booked(history.given(&data["booking"]["id"])),
            (Ask::Cancel(_), 200) => Told::Cancelled,
            (Ask::Leave(_), 200) => Told::Left,
            (Ask::Join, 200) => Told::Joined(history.given(&data["waitlist_id"]), number(&data["position"])),
            (Ask::Place(_), 200) => Told::Standing((number(&data["position"]), status_of(&data["status"]))),
            (Ask::Look, 200) => {
                let mine = &data["mine"];
                let name = |v: &Value| v.is_object().then(|| history.name(&v["id"]));
                let entry = &mine["waitlist_entry"];
                let standing = (number(&entry["position"]), status_of(&entry["status"]));
                Told::Seen(View {
                    taken: number(&data["seats_taken"]),
                    offered: number(&data["seats_offered"]),
                    left: number(&data["seats_left"]),
                    line: number(&data["waitlist"]["length"]),
                    booking: name(&mine["booking"]),
                    place: name(entry).map(|name| (name, standing)),
                })
            }
            // Which of them depends on how the other rounds ended.
            (Ask::Accept(_), 409) if matches!(body["reason"].as_str(), Some("offer_taken" | "no_offer")) => {
                Told::Refused("no_offer".into())
            }
            (_, 409) => Told::Refused(body["reason"].as_str().unwrap_or_default().to_owned()),
            _ => Told::Odd(format!("{status} {body}")),
        }
    }

    fn place_after(&self, ask: &Ask, told: &Told, body: &Value, before: &Place) -> Place {
        let data = &body["data"];
        let id = |v: &Value| v["id"].as_str().map(str::to_owned);
        match (ask, told) {
            (Ask::Book, Told::Booked(_)) => id(data).map_or(Place::Unsure, Place::Booked),
            (Ask::Accept(_), Told::Booked(_)) => id(&data["booking"]).map_or(Place::Unsure, Place::Booked),
            (Ask::Join, Told::Joined(..)) => {
                data["waitlist_id"].as_str().map_or(Place::Unsure, |id| Place::Waiting(id.into()))
            }
            (_, Told::Cancelled | Told::Left) => Place::None,
            (_, Told::Seen(_)) => {
                let (booking, entry) = (id(&data["mine"]["booking"]), id(&data["mine"]["waitlist_entry"]));
                booking.map(Place::Booked).or(entry.map(Place::Waiting)).unwrap_or(Place::None)
            }
            (_, Told::Refused(reason)) if matches!(&**reason, "already_booked" | "already_waiting") => Place::Unsure,
            (_, Told::Standing((0, _)) | Told::Odd(_)) => Place::Unsure,
            _ => before.clone(),
        }
    }
}

/// As the model says it; a place that is over is over in whatever way.
fn status_of(value: &Value) -> &'static str {
    match value.as_str() {
        Some("waiting") => "waiting",
        Some("notified") => "notified",
        Some("in_turn") => "in_turn",
        Some("promoted" | "cancelled" | "expired") => "over",
        _ => "?",
    }
}
