//! A yueke server seen as its operator: people, courses and classes are made here, and the truth
//! is read.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{client::request, lane::Lane};

/// A login that may plan and look.
pub struct Desk {
    pub admin: String,
    lane: Lane,
}

/// A student with a token.
#[derive(Clone)]
pub struct Student {
    pub token: String,
}

/// People that one request makes.
const PEOPLE_AT_ONCE: usize = 5_000;

impl Desk {
    /// Logs in as an admin of demo mode.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let mut desk = Self { admin: String::new(), lane: Lane::to(address) };
        let login = json!({ "code": "dev:admin:load" });
        let login = desk.ask("POST", "/login", None, Some(&login)).await;
        let login = login.context("this is not a yueke server in demo mode")?;
        desk.admin = login["token"].as_str().context("a login without a token")?.to_owned();
        Ok(desk)
    }

    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let request = request(method, &format!("/api/v1{path}"), token, body);
        let reply = self.lane.send(&request).await.map_err(|lost| anyhow::anyhow!("{method} {path}: {lost}"))?;
        ensure!((200..300).contains(&reply.status), "{method} {path}: {reply}");
        Ok(reply.data())
    }

    /// A request that must succeed.
    pub async fn call(&mut self, method: &str, path: &str, body: Value) -> anyhow::Result<Value> {
        let token = self.admin.clone();
        self.ask(method, path, Some(&token), Some(&body)).await
    }

    /// A look that must succeed.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let token = self.admin.clone();
        self.ask("GET", path, Some(&token), None).await
    }

    /// New students, or those of that prefix who are there.
    pub async fn students(&mut self, prefix: &str, count: usize) -> anyhow::Result<Vec<Student>> {
        let mut students = Vec::with_capacity(count);
        while students.len() < count {
            let part = (count - students.len()).min(PEOPLE_AT_ONCE);
            let body = json!({ "role": "student", "prefix": format!("{prefix}{}", students.len()), "count": part });
            let made = self.call("POST", "/dev/people", body).await?;
            for item in made["items"].as_array().context("people without items")? {
                let token = item["token"].as_str().context("a person without a token")?.to_owned();
                students.push(Student { token });
            }
        }
        Ok(students)
    }

    /// A course of an hour.
    pub async fn course(&mut self, name: &str) -> anyhow::Result<String> {
        let body = json!({ "name": name, "kind": 1, "duration_min": 60 });
        let course = self.call("POST", "/courses", body).await?;
        Ok(course["id"].as_str().context("a course without an id")?.to_owned())
    }

    /// A course of an hour whose classes have this many places in their queues.
    pub async fn course_with_places(&mut self, name: &str, places: usize) -> anyhow::Result<String> {
        let body = json!({ "name": name, "kind": 1, "duration_min": 60, "waitlist_capacity": places });
        let course = self.call("POST", "/courses", body).await?;
        Ok(course["id"].as_str().context("a course without an id")?.to_owned())
    }

    /// A class some days ahead; `hour` keeps classes of the same students apart.
    pub async fn schedule(&mut self, course: &str, capacity: usize, hour: i64) -> anyhow::Result<String> {
        let starts_at = chrono::Utc::now() + chrono::Duration::hours(72 + hour);
        let body = json!({ "course_id": course, "starts_at": starts_at.to_rfc3339(), "capacity": capacity });
        let schedule = self.call("POST", "/schedules", body).await?;
        Ok(schedule["id"].as_str().context("a schedule without an id")?.to_owned())
    }

    /// Seats that are booked.
    pub async fn seats_taken(&mut self, schedule: &str) -> anyhow::Result<u64> {
        let now = self.get(&format!("/schedules/{schedule}")).await?;
        now["seats_taken"].as_u64().context("a schedule without seats_taken")
    }
}
