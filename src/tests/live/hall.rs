//! A server that is a process of its own: it can be restarted, and each side has its own file
//! descriptors.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use yueke::base::time::{Clock, DAY, Zone};

use super::site::{Socket, text};
use crate::{
    crash::process::{Server, free_port},
    store::database::Database,
};

pub struct Hall {
    server: Server,
    port: u16,
    address: String,
    pub class: String,
    people: Vec<String>,
    db: Database,
}

impl Hall {
    pub async fn open(people: usize, capacity: usize) -> Self {
        let db = Database::sqlite();
        let port = free_port();
        let server = Server::start(&db.url, port, db.folder()).await;
        let admin = server.login("admin").await;
        let made = json!({"role": "student", "prefix": "crowd", "count": people});
        let made = server.post(Some(&admin), "/dev/people", made).await;
        let people = made["items"].as_array().expect("people").iter().map(|p| text(&p["token"])).collect();
        let course = json!({"name": "合唱", "kind": 1, "duration_min": 60});
        let course = text(&server.post(Some(&admin), "/courses", course).await["id"]);
        let starts_at = Zone::SHANGHAI.rfc3339(Clock::system().now() + 3 * DAY);
        let class = json!({"course_id": course, "starts_at": starts_at, "capacity": capacity});
        let class = text(&server.post(Some(&admin), "/schedules", class).await["id"]);
        Self { server, port, address: format!("127.0.0.1:{port}"), class, people, db }
    }

    pub async fn book(&self, person: usize) {
        self.server.post(Some(&self.people[person]), "/bookings", json!({"schedule_id": self.class})).await;
    }

    pub async fn read(&self) -> Value {
        let url = format!("{}/api/v1/schedules/{}", self.server.base, self.class);
        let answer = Client::new().request(Method::GET, url).bearer_auth(&self.people[0]).send().await;
        let body: Value = answer.expect("an answer").json().await.expect("JSON");
        body["data"].clone()
    }

    /// Let in, subscribed, and the snapshot read.
    pub async fn watcher(&self, person: usize) -> Socket {
        self.watcher_with_snapshot(person).await.0
    }

    pub async fn watcher_with_snapshot(&self, person: usize) -> (Socket, Value) {
        self.let_in(person, Socket::connect(&self.address).await).await
    }

    /// Let in, subscribed, and with hardly any room for what it is told.
    pub async fn narrow_watcher(&self, person: usize) -> Socket {
        self.let_in(person, Socket::connect_narrow(&self.address).await).await.0
    }

    /// The number behind a name at `/metrics`.
    pub async fn metric(&self, name: &str) -> f64 {
        let answer = Client::new().get(format!("{}/metrics", self.server.base)).send().await.expect("an answer");
        let text = answer.text().await.expect("a text");
        let line = text.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}"));
        line.trim().parse().expect("a number")
    }

    async fn let_in(&self, person: usize, mut socket: Socket) -> (Socket, Value) {
        let ticket = self.server.post(Some(&self.people[person]), "/ws/ticket", json!(null)).await;
        socket.say(json!({"type": "auth", "ticket": ticket["ticket"]})).await;
        assert_eq!(socket.next().await["type"], "ready");
        let snapshot = socket.subscribe(&format!("schedule:{}", self.class)).await;
        (socket, snapshot)
    }

    /// Asks it to stop, waits until it has, and starts it again.
    pub async fn restart(self) -> Self {
        let Self { server, port, address, class, people, db } = self;
        server.terminate().await;
        let server = Server::start(&db.url, port, db.folder()).await;
        Self { server, port, address, class, people, db }
    }

    pub async fn kill_and_start(self) -> Self {
        let Self { server, port, address, class, people, db } = self;
        server.kill();
        let server = Server::start(&db.url, port, db.folder()).await;
        Self { server, port, address, class, people, db }
    }
}
