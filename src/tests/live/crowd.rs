//! Many sockets, and bad ones among them. The server is a process of its own, so that each side
//! has its own file descriptors.

use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use yueke::base::time::{Clock, DAY, Zone};

use super::site::{Socket, text, version};
use crate::{
    crash::process::{Server, free_port},
    store::database::Database,
};

const SOCKETS: usize = 500;
const CHANGES: usize = 40;

struct Hall {
    server: Server,
    address: String,
    class: String,
    people: Vec<String>,
    _db: Database,
}

impl Hall {
    async fn open(people: usize, capacity: usize) -> Self {
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
        Self { server, address: format!("127.0.0.1:{port}"), class, people, _db: db }
    }

    async fn book(&self, person: usize) {
        self.server.post(Some(&self.people[person]), "/bookings", json!({"schedule_id": self.class})).await;
    }

    async fn read(&self) -> Value {
        let url = format!("{}/api/v1/schedules/{}", self.server.base, self.class);
        let answer = Client::new().request(Method::GET, url).bearer_auth(&self.people[0]).send().await;
        let body: Value = answer.expect("an answer").json().await.expect("JSON");
        body["data"].clone()
    }

    /// Let in, subscribed, and the snapshot read.
    async fn watcher(&self, person: usize) -> Socket {
        let ticket = self.server.post(Some(&self.people[person]), "/ws/ticket", json!(null)).await;
        let mut socket = Socket::connect(&self.address).await;
        socket.say(json!({"type": "auth", "ticket": ticket["ticket"]})).await;
        assert_eq!(socket.next().await["type"], "ready");
        socket.subscribe(&format!("schedule:{}", self.class)).await;
        socket
    }
}

#[actix_web::test]
async fn five_hundred_sockets_all_come_to_the_same_state() {
    let hall = Hall::open(SOCKETS, CHANGES + 10).await;
    let mut sockets = Vec::with_capacity(SOCKETS);
    for batch in (0..SOCKETS).collect::<Vec<_>>().chunks(50) {
        sockets.extend(futures_util::future::join_all(batch.iter().map(|n| hall.watcher(*n))).await);
    }
    let listening = sockets.into_iter().map(|mut socket| {
        tokio::spawn(async move {
            let mut last = (0, 0);
            loop {
                let frame = socket.next_of("frame").await;
                assert!(version(&frame) > last, "{:?} after {last:?}", version(&frame));
                last = version(&frame);
                if frame["data"]["seats_taken"] == CHANGES {
                    return last;
                }
            }
        })
    });
    let listening: Vec<_> = listening.collect();
    for person in 0..CHANGES {
        hall.book(person).await;
    }
    let newest = version(&hall.read().await);
    let began = Instant::now();
    for socket in listening {
        let heard = tokio::time::timeout(Duration::from_secs(10), socket).await.expect("in time").expect("no panic");
        assert_eq!(heard, newest);
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[actix_web::test]
async fn sockets_that_never_read_disturb_nobody() {
    let hall = Hall::open(60, 400).await;
    let mut good = hall.watcher(0).await;
    let mut bad = Vec::new();
    for n in 0..20 {
        let mut socket = hall.watcher(n % 10).await;
        // Each asks for far more than it will ever read: its pipe is full, and stays so.
        for _ in 0..200 {
            socket.say(json!({"type": "subscribe", "topic": format!("schedule:{}", hall.class)})).await;
        }
        bad.push(socket);
    }
    let mut last = (0, 0);
    for person in 0..50 {
        let began = Instant::now();
        hall.book(person).await;
        let frame = good.next_of("frame").await;
        assert!(began.elapsed() < Duration::from_secs(2), "a booking and its frame took {:?}", began.elapsed());
        assert!(version(&frame) > last);
        last = version(&frame);
    }
    assert_eq!(last, version(&hall.read().await));
    drop(bad);
}
