//! What the tables of who may do what ask for: a word such as `$booking` is made anew each time.

use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, text};

/// Makes what rows ask for, each at an hour of its own.
pub struct Scene {
    pub student: Person,
    pub teacher: Person,
    seated: Person,
    course: String,
    hours: u32,
    offer: String,
    /// Accounts, names and numbers.
    made: u32,
}

impl Scene {
    pub async fn new(app: &TestApp) -> Self {
        let teacher = app.teacher("teacher").await;
        let course = json!({ "name": "钢琴", "kind": 1, "duration_min": 60 });
        let course = text(&teacher.post("/courses", course).await.is(201)["id"]);
        let (student, seated) = (app.student("student").await, app.student("seated").await);
        Self { student, teacher, seated, course, hours: 0, offer: String::new(), made: 0 }
    }

    /// A path and a body with their words made.
    pub async fn fill(&mut self, app: &TestApp, path: &str, body: &str) -> (String, Value) {
        // The path first: a body may name what the path made.
        let (mut path, mut body) = (path.to_owned(), body.to_owned());
        while let Some(word) = word_in(&path).or_else(|| word_in(&body)) {
            let made = self.make(app, &word[1..]).await;
            path = path.replace(&word, &made);
            body = body.replace(&word, &made);
        }
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).expect("JSON") };
        (path, body)
    }

    pub async fn make(&mut self, app: &TestApp, what: &str) -> String {
        match what {
            "student" => self.student.student.clone(),
            "teacher" => self.teacher.teacher.clone(),
            "account" => {
                self.made += 1;
                app.student(&format!("account {}", self.made)).await.account
            }
            "owner" => app.login("owner", "owner").await.account,
            "name" => {
                self.made += 1;
                format!("name-{}", self.made)
            }
            "number" => {
                self.made += 1;
                format!("139{:08}", self.made)
            }
            "course" => {
                let course = json!({ "name": "钢琴", "kind": 1, "duration_min": 60 });
                text(&self.teacher.post("/courses", course).await.is(201)["id"])
            }
            "hour" => self.hour(),
            "free" => self.class(&self.course.clone(), 5).await,
            "class" => {
                let class = self.class(&self.course.clone(), 5).await;
                self.student.booked(&class).await;
                class
            }
            "booking" => {
                let class = self.class(&self.course.clone(), 5).await;
                self.student.booked(&class).await
            }
            "pending" => self.booking_of(app, json!({ "confirm_mode": "teacher" })).await,
            "unpaid" => self.booking_of(app, json!({ "price_fen": 100 })).await,
            "full" => self.full().await.0,
            "entry" => {
                let (class, _) = self.full().await;
                self.student.join(&class).await
            }
            "contested" => {
                let (class, seat) = self.full().await;
                self.student.join(&class).await;
                self.seated.cancel(&seat).await.ok();
                self.offer = text(&self.student.offer(&class).await["id"]);
                class
            }
            "offer" => self.offer.clone(),
            "session" => {
                let phone = app.student("student").await;
                let sessions = phone.get("/sessions").await.items();
                let current = sessions.iter().find(|s| s["current"] == true).expect("the session that asks");
                text(&current["id"])
            }
            "message" => {
                let class = self.class(&self.course.clone(), 5).await;
                self.student.booked(&class).await;
                text(&app.messages(&self.student, "booking_confirmed").await[0]["id"])
            }
            "delivery" => {
                let class = self.class(&self.course.clone(), 5).await;
                self.student.booked(&class).await;
                app.running.app.outbox.drain(app.running.app.clock.now()).await.expect("messages are sent");
                text(&app.operator.get("/notifications?state=refused").await.items()[0]["id"])
            }
            other => panic!("nobody knows how to make {other}"),
        }
    }

    pub fn hour(&mut self) -> String {
        self.hours += 1;
        let (day, hour) = (self.hours / 24, self.hours % 24);
        // November and December of 2025, then January of 2026: far from any cutoff.
        let (year, month, day) = match day {
            0..15 => (2025, 11, day + 16),
            15..46 => (2025, 12, day - 14),
            _ => (2026, 1, day - 45),
        };
        format!("{year}-{month:02}-{day:02}T{hour:02}:00:00+08:00")
    }

    async fn class(&mut self, course: &str, capacity: u32) -> String {
        let new = json!({ "course_id": course, "starts_at": self.hour(), "capacity": capacity });
        text(&self.teacher.post("/schedules", new).await.is(201)["id"])
    }

    async fn booking_of(&mut self, app: &TestApp, course: Value) -> String {
        let course = app.course(crate::harness::app::with(json!({ "duration_min": 60 }), course)).await;
        let class = self.class(&course, 5).await;
        self.student.booked(&class).await
    }

    /// A class whose only seat is taken, and the booking that takes it.
    async fn full(&mut self) -> (String, String) {
        let class = self.class(&self.course.clone(), 1).await;
        let seat = self.seated.booked(&class).await;
        (class, seat)
    }
}

/// The first `$word`.
pub fn word_in(text: &str) -> Option<String> {
    let from = text.find('$')?;
    let rest = &text[from + 1..];
    let length = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
    Some(text[from..from + 1 + length].to_owned())
}
