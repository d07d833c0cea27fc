//! A server in this process with a clock that is moved by hand, and clients with sockets.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async, tungstenite::Message};
use yueke::{
    app::{self, Running},
    config::Config,
};

use crate::{crash::process::pause, store::database::Database};

const NOON: &str = "2025-11-12T12:00:00.000+08:00";

/// How long anything may take on the wire.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Site {
    running: Running,
    base: String,
    db: Database,
    admin: String,
}

pub struct Person {
    pub token: String,
    pub student: String,
    pub teacher: String,
}

impl Site {
    pub async fn start() -> Self {
        let db = Database::sqlite();
        let settings = [
            ("YUEKE_LISTEN", "127.0.0.1:0".to_owned()),
            ("YUEKE_DATABASE_URL", db.url.clone()),
            ("YUEKE_DEMO_DATA", "0".to_owned()),
            ("YUEKE_CLOCK", format!("manual:{NOON}")),
            ("YUEKE_WORKERS", "1".to_owned()),
            ("YUEKE_JWT_SECRET", "a secret that outlives a restart of the server".to_owned()),
        ];
        let find = |name: &str| settings.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
        let config = Config::read(None, find).expect("good settings");
        let running = app::start(config).await.expect("the server starts");
        let base = running.address.to_string();
        let mut site = Self { running, base, db, admin: String::new() };
        site.admin = site.login("admin", "admin").await.token;
        site
    }

    /// Gracefully; then the rows are looked at.
    pub async fn stop(mut self) {
        self.running.stop().await;
        self.db.assert_sound().await;
    }

    pub async fn ask(&self, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("http://{}/api/v1{path}", self.base);
        let mut request = Client::new().request(method, url).bearer_auth(token);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("a JSON body"))
    }

    /// Asks, and is granted.
    pub async fn call(&self, token: &str, method: Method, path: &str, body: Value) -> Value {
        let (status, body) = self.ask(token, method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {body}");
        body["data"].clone()
    }

    pub async fn login(&self, role: &str, name: &str) -> Person {
        let code = format!("dev:{role}:{name}");
        let data = self.call("", Method::POST, "/login", json!({"code": code})).await;
        let or_empty = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        Person {
            token: text(&data["token"]),
            student: or_empty(&data["students"][0]["id"]),
            teacher: or_empty(&data["user"]["teacher_id"]),
        }
    }

    pub async fn student(&self, name: &str) -> Person {
        self.login("student", name).await
    }

    /// A class on the next evening.
    pub async fn class(&self, capacity: u32) -> String {
        self.class_of(capacity, json!({})).await
    }

    pub async fn class_of(&self, capacity: u32, more: Value) -> String {
        let course = json!({"name": "钢琴 \"进阶\"", "kind": 1, "duration_min": 60, "waitlist_capacity": 30});
        let course = self.call(&self.admin, Method::POST, "/courses", course).await;
        let mut body =
            json!({"course_id": course["id"], "starts_at": "2025-11-14T19:00:00+08:00", "capacity": capacity});
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        text(&self.call(&self.admin, Method::POST, "/schedules", body).await["id"])
    }

    /// The id of the booking.
    pub async fn book(&self, who: &Person, class: &str) -> String {
        text(&self.call(&who.token, Method::POST, "/bookings", json!({"schedule_id": class})).await["id"])
    }

    pub async fn cancel(&self, who: &Person, booking: &str) {
        self.call(&who.token, Method::PUT, &format!("/bookings/{booking}/cancel"), json!({})).await;
    }

    /// The id of the place.
    pub async fn join(&self, who: &Person, class: &str) -> String {
        let joined = self.call(&who.token, Method::POST, "/waitlist/join", json!({"course_schedule_id": class})).await;
        text(&joined["waitlist_id"])
    }

    pub async fn accept(&self, who: &Person, place: &str) -> String {
        let path = format!("/waitlist/{place}/respond");
        text(&self.call(&who.token, Method::PUT, &path, json!({"action": "accept"})).await["booking"]["id"])
    }

    pub async fn advance(&self, minutes: i64) {
        let body = json!({"advance_ms": minutes * 60_000});
        self.call(&self.admin, Method::PUT, "/dev/clock", body).await;
    }

    pub async fn ticket(&self, who: &Person) -> String {
        text(&self.call(&who.token, Method::POST, "/ws/ticket", json!(null)).await["ticket"])
    }

    /// Connected, and nothing said yet.
    pub async fn knock(&self) -> Socket {
        Socket::connect(&self.base).await
    }

    /// Connected and let in.
    pub async fn socket(&self, who: &Person) -> Socket {
        let mut socket = self.knock().await;
        let ticket = self.ticket(who).await;
        socket.say(json!({"type": "auth", "ticket": ticket})).await;
        let ready = socket.next().await;
        assert_eq!(ready["type"], "ready", "{ready}");
        socket
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// `address` is host and port.
    pub async fn connect(address: &str) -> Self {
        let (socket, _) = connect_async(format!("ws://{address}/api/v1/ws")).await.expect("an upgrade");
        Self(socket)
    }

    /// With hardly any room for what it is told.
    pub async fn connect_narrow(address: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a small buffer");
        let stream = socket.connect(address.parse().expect("an address")).await.expect("a connection");
        let url = format!("ws://{address}/api/v1/ws");
        let (socket, _) = client_async(url, MaybeTlsStream::Plain(stream)).await.expect("an upgrade");
        Self(socket)
    }

    pub async fn say(&mut self, what: Value) {
        self.say_raw(Message::text(what.to_string())).await;
    }

    pub async fn say_raw(&mut self, message: Message) {
        self.0.send(message).await.expect("the socket is open");
    }

    /// What is said next; none when the socket was closed.
    async fn hear(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message in time");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|f| u16::from(f.code))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    pub async fn next(&mut self) -> Value {
        self.hear().await.unwrap_or_else(|code| panic!("closed with {code:?}"))
    }

    /// The next that is of this kind; others are passed over.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let said = self.next().await;
            if said["type"] == kind {
                return said;
            }
        }
    }

    /// The code with which the server closes it, after whatever it still says.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match self.hear().await {
                Ok(_) => {}
                Err(code) => return code.expect("a close frame"),
            }
        }
    }

    /// All that is still said, and the code with which the server closes it then.
    pub async fn rest(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut said = Vec::new();
        loop {
            match self.hear().await {
                Ok(what) => said.push(what),
                Err(code) => return (said, code),
            }
        }
    }

    /// Logins are looked at every ten seconds.
    pub async fn close_code_within_a_beat(&mut self) -> u16 {
        let closed = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map(|f| u16::from(f.code)).expect("a code"),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => panic!("closed without a word"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(15), closed).await.expect("closed within a beat")
    }

    pub async fn subscribe(&mut self, topic: &str) -> Value {
        self.say(json!({"type": "subscribe", "topic": topic})).await;
        let snapshot = self.next_of("snapshot").await;
        assert_eq!(snapshot["topic"], topic);
        snapshot
    }

    /// Everything that was said before the answer to a ping.
    pub async fn until_pong(&mut self) -> Vec<Value> {
        self.say(json!({"type": "ping"})).await;
        let mut said = Vec::new();
        loop {
            let next = self.next().await;
            if next["type"] == "pong" {
                return said;
            }
            said.push(next);
        }
    }

    /// What comes until nothing more does for a moment.
    pub async fn settle(&mut self) -> Vec<Value> {
        let mut said = self.until_pong().await;
        pause(Duration::from_millis(50)).await;
        said.extend(self.until_pong().await);
        said
    }
}

/// The pair that orders frames.
pub fn version(frame: &Value) -> (u64, u64) {
    (frame["epoch"].as_u64().expect("an epoch"), frame["version"].as_u64().expect("a version"))
}
