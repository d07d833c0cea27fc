//! Clients that book, cancel, join and accept without end, and retry under the same key until
//! they are answered. Whatever they were told goes into the ledger.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use yueke::base::time::{Clock, DAY, HOUR, Zone};

use super::{
    ledger::Ledger,
    process::{Server, pause},
};

/// Classes to fight over.
pub const SCHEDULES: usize = 8;
const SEATS: u32 = 10;
/// Students of one client.
const STUDENTS: usize = 6;
const CLIENTS: usize = 20;
/// Of one request, on their way at once.
const COPIES_MAX: u32 = 5;
/// Answers that a client asks for again after a cut.
const REMEMBERED: usize = 3;
/// An answer that takes longer than this, with the retries, is given up as a failure of the test.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Load {
    /// Where a class is seen, and by whom.
    pub look: (String, String),
    pub ledger: Arc<Ledger>,
    pub stats: Arc<Stats>,
    stop: Arc<AtomicBool>,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
pub struct Stats {
    pub answered: AtomicU64,
    pub cuts: AtomicU64,
    pub refused_503: AtomicU64,
    pub without_retry_after: AtomicU64,
    pub slowest_ms: AtomicU64,
    /// Requests that were sent, and sent again.
    pub sent: AtomicU64,
    /// Keys that were tried with another body.
    pub reused: AtomicU64,
}

impl Load {
    /// Makes people and classes, and lets the clients go.
    pub async fn start(server: &Server, seed: u64) -> Self {
        let admin = server.login("admin").await;
        let people = json!({"role": "student", "prefix": format!("crash{seed}"), "count": CLIENTS * STUDENTS});
        let people = server.post(Some(&admin), "/dev/people", people).await;
        let mut tokens: VecDeque<String> =
            people["items"].as_array().expect("people").iter().map(|p| text(&p["token"])).collect();
        let course = json!({"name": "钢琴", "kind": 1, "duration_min": 60, "waitlist_capacity": 30});
        let course = text(&server.post(Some(&admin), "/courses", course).await["id"]);
        let mut schedules = Vec::new();
        for i in 0..SCHEDULES {
            let starts_at = Zone::SHANGHAI.rfc3339(Clock::system().now() + 3 * DAY + i as i64 * 2 * HOUR);
            let schedule = json!({"course_id": course, "starts_at": starts_at, "capacity": SEATS});
            schedules.push(text(&server.post(Some(&admin), "/schedules", schedule).await["id"]));
        }
        let (ledger, stats, stop) = (Arc::<Ledger>::default(), Arc::<Stats>::default(), Arc::<AtomicBool>::default());
        let clients = (0..CLIENTS).map(|i| {
            let client = Caller {
                http: Client::builder().timeout(Duration::from_secs(20)).build().expect("a client"),
                base: format!("{}/api/v1", server.base),
                rng: StdRng::seed_from_u64(seed * 1_000 + i as u64),
                name: format!("{seed}-{i}"),
                requests: 0,
                students: tokens
                    .drain(..STUDENTS)
                    .map(|token| Student { token, places: vec![Place::None; SCHEDULES] })
                    .collect(),
                schedules: schedules.clone(),
                remembered: VecDeque::new(),
                ledger: ledger.clone(),
                stats: stats.clone(),
                stop: stop.clone(),
            };
            tokio::spawn(client.run())
        });
        let clients = clients.collect();
        let look = (format!("{}/api/v1/schedules/{}", server.base, schedules[0]), admin);
        Self { look, ledger, stats, stop, clients }
    }

    pub fn answered(&self) -> u64 {
        self.stats.answered.load(Ordering::Relaxed)
    }

    /// Waits until this many more answers have come.
    pub async fn wait_for_answers(&self, more: u64, within: Duration) {
        let (goal, began) = (self.answered() + more, Instant::now());
        while self.answered() < goal {
            assert!(began.elapsed() < within, "no {more} answers within {within:?}");
            pause(Duration::from_millis(2)).await;
        }
    }

    /// Lets everyone end what they began. The server must be up.
    pub async fn finish(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            client.await.expect("no client panics");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// What a student has in a class, as they were told.
#[derive(Clone, PartialEq)]
enum Place {
    None,
    Booked(String),
    Waiting(String),
}

struct Student {
    token: String,
    places: Vec<Place>,
}

struct Caller {
    http: Client,
    base: String,
    rng: StdRng,
    name: String,
    requests: u64,
    students: Vec<Student>,
    schedules: Vec<String>,
    remembered: VecDeque<(Request, u16, String)>,
    ledger: Arc<Ledger>,
    stats: Arc<Stats>,
    stop: Arc<AtomicBool>,
}

#[derive(Clone)]
struct Request {
    token: String,
    key: String,
    method: Method,
    path: String,
    body: Value,
}

impl Caller {
    async fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            let (student, class) = (self.rng.random_range(0..STUDENTS), self.rng.random_range(0..SCHEDULES));
            self.act(student, class).await;
        }
    }

    async fn act(&mut self, student: usize, class: usize) {
        let place = self.students[student].places[class].clone();
        let schedule = self.schedules[class].clone();
        let next = match place {
            Place::None => {
                let (status, body) =
                    self.ask(student, Method::POST, "/bookings".into(), json!({"schedule_id": schedule})).await;
                if status == 201 {
                    let id = text(&body["data"]["id"]);
                    self.ledger.booked(&id);
                    Place::Booked(id)
                } else if self.rng.random_bool(0.5) {
                    self.join(student, &schedule).await
                } else {
                    Place::None
                }
            }
            Place::Booked(id) => {
                let path = format!("/bookings/{id}/cancel");
                let (status, _) = self.ask(student, Method::PUT, path, json!({"reason": "压力测试"})).await;
                if status == 200 {
                    self.ledger.cancelled(&id)
                } else {
                    self.surprise(&format!("cancel: {status}"))
                }
                Place::None
            }
            Place::Waiting(id) if self.rng.random_bool(0.2) => {
                let (status, body) = self.ask(student, Method::DELETE, format!("/waitlist/{id}"), json!({})).await;
                if status == 200 {
                    self.ledger.left(&id)
                } else {
                    self.surprise(&format!("leave: {status} {body}"))
                }
                Place::None
            }
            // Most of the time somebody else has to move first.
            Place::Waiting(id) if self.rng.random_bool(0.6) => Place::Waiting(id),
            Place::Waiting(id) => {
                let path = format!("/waitlist/{id}/respond");
                let (status, body) = self.ask(student, Method::PUT, path, json!({"action": "accept"})).await;
                match (status, body["data"]["booking"]["id"].as_str()) {
                    (200, Some(booking)) => {
                        self.ledger.left(&id);
                        self.ledger.booked(booking);
                        Place::Booked(booking.to_owned())
                    }
                    (409, None) => Place::Waiting(id),
                    _ => {
                        self.surprise(&format!("accept: {status} {body}"));
                        Place::Waiting(id)
                    }
                }
            }
        };
        self.students[student].places[class] = next;
    }

    async fn join(&mut self, student: usize, schedule: &str) -> Place {
        let body = json!({"course_schedule_id": schedule});
        let (status, body) = self.ask(student, Method::POST, "/waitlist/join".into(), body).await;
        match (status, body["data"]["waitlist_id"].as_str()) {
            (200 | 201, Some(id)) => {
                self.ledger.joined(id);
                Place::Waiting(id.to_owned())
            }
            (409, None) => Place::None,
            _ => {
                self.surprise(&format!("join: {status} {body}"));
                Place::None
            }
        }
    }

    fn surprise(&self, what: &str) {
        self.ledger.note(|e| e.wrong.push(what.to_owned()));
    }

    /// Asks until there is an answer; the key stays the same.
    async fn ask(&mut self, student: usize, method: Method, path: String, body: Value) -> (u16, Value) {
        self.requests += 1;
        let key = format!("{}-{}", self.name, self.requests);
        let request = Request { token: self.students[student].token.clone(), key, method, path, body };
        let (status, answer, was_cut) = self.answer_to(&request).await;
        // Late copies arrive at any time.
        if was_cut || self.rng.random_bool(0.03) {
            self.ask_again().await;
        }
        self.stats.answered.fetch_add(1, Ordering::Relaxed);
        self.ledger.note(|e| *e.answers.entry(status).or_default() += 1);
        let json = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("not JSON: {answer}"));
        self.remembered.push_back((request, status, answer));
        if self.remembered.len() > REMEMBERED {
            self.remembered.pop_front();
        }
        (status, json)
    }

    /// Sent up to five times at once: whichever comes first, all are told the same.
    async fn answer_to(&mut self, request: &Request) -> (u16, String, bool) {
        let (mut was_cut, began) = (false, Instant::now());
        loop {
            let sent = Instant::now();
            let copies = self.rng.random_range(1..=COPIES_MAX).min(self.rng.random_range(1..=COPIES_MAX));
            let mut given: Option<(u16, String)> = None;
            for answer in join_all((0..copies).map(|_| self.send(request))).await {
                match answer {
                    Ok((503, _, retry_after)) => {
                        self.stats.refused_503.fetch_add(1, Ordering::Relaxed);
                        self.stats.without_retry_after.fetch_add(u64::from(!retry_after), Ordering::Relaxed);
                    }
                    Ok((409, body, _)) if body.contains("request_in_progress") => {}
                    Ok((status, body, _)) => {
                        if given.as_ref().is_some_and(|first| *first != (status, body.clone())) {
                            self.surprise(&format!("{given:?} and also {status} {body}"));
                        }
                        given = Some((status, body));
                    }
                    Err(_) => {
                        was_cut = true;
                        self.stats.cuts.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            if let Some((status, body)) = given {
                self.stats.slowest_ms.fetch_max(sent.elapsed().as_millis() as u64, Ordering::Relaxed);
                return (status, body, was_cut);
            }
            assert!(began.elapsed() < PATIENCE, "{} {} was not answered", request.method, request.path);
            pause(Duration::from_millis(20)).await;
        }
    }

    /// An answer counts only when all of it has arrived.
    async fn send(&self, request: &Request) -> reqwest::Result<(u16, String, bool)> {
        self.stats.sent.fetch_add(1, Ordering::Relaxed);
        let Request { token, key, method, path, body } = request;
        let request = self.http.request(method.clone(), format!("{}{path}", self.base)).bearer_auth(token);
        let answer = request.header("Idempotency-Key", key).json(body).send().await?;
        let (status, retry_after) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        Ok((status, answer.text().await?, retry_after))
    }

    /// After a cut: the answers from before it are still the same, byte for byte, and no other request
    /// may have their keys.
    async fn ask_again(&mut self) {
        for (request, status, answer) in &self.remembered.clone() {
            let mut other = request.clone();
            other.body["note"] = json!("另一个请求");
            if let Ok((reused, body, _)) = self.send(&other).await
                && reused != 503
            {
                self.stats.reused.fetch_add(1, Ordering::Relaxed);
                if reused != 422 {
                    self.surprise(&format!("another body under a used key: {reused} {body}"));
                }
            }
            let (again, body, _) = self.answer_to(request).await;
            if (again, &body) != (*status, answer) {
                self.surprise(&format!(
                    "{} {}: was {status} {answer}, is {again} {body}",
                    request.method, request.path
                ));
            } else {
                self.ledger.note(|e| e.replayed += 1);
            }
        }
    }
}
