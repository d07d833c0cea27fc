use std::sync::Arc;

use actix_web::{App, HttpServer, dev::ServerHandle, web};
use futures_util::{SinkExt, StreamExt, future::BoxFuture};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::{
    base::{
        ids::*,
        time::{Clock, DAY, HOUR, Zone},
    },
    domain::schedule::{
        Command, Opened, Policy,
        command::Evidence,
        state::{Head, Source, Status},
    },
    engine::{self, Answer, Engine, Order, WaitlistSizes, journal::Fault},
    live::{CourseNames, Hub, LiveParts, MeSnapshot, SessionCheck, wire},
    store::{Store, schedules},
};

const ORG: OrgId = OrgId::from_u128(1);
const CLASS: ScheduleId = ScheduleId::from_u128(2);
const ELSEWHERE: ScheduleId = ScheduleId::from_u128(3);
const AMY: StudentId = StudentId::from_u128(4);
const BEN: StudentId = StudentId::from_u128(5);
const TEACHER: TeacherId = TeacherId::from_u128(6);

struct Fakes;

impl CourseNames for Fakes {
    fn name(&self, _: CourseId) -> Arc<str> {
        Arc::from("太极")
    }
}

impl MeSnapshot for Fakes {
    fn me(&self, _: Viewer) -> BoxFuture<'static, Result<String, Fault>> {
        Box::pin(async { Ok(r#"{"entries":[]}"#.to_owned()) })
    }
}

impl SessionCheck for Fakes {
    fn still_valid(&self, session: SessionId) -> bool {
        session.as_u128() != 0
    }
}

impl WaitlistSizes for Fakes {
    fn of(&self, _: &Head) -> u32 {
        8
    }
}

/// A server with one class of our org, and one of another.
struct World {
    _folder: TempDir,
    engine: Engine,
    live: Live,
    server: ServerHandle,
    url: String,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::parse("2025-11-10T12:00:00+08:00").unwrap());
        let url = format!("sqlite://{}", folder.path().join("y.db").display());
        let store = Store::open(&url, clock.now()).await.unwrap();
        for (id, org) in [(CLASS, ORG), (ELSEWHERE, OrgId::from_u128(9))] {
            let head = Head {
                id,
                org,
                course: CourseId::from_u128(1),
                teacher: (org == ORG).then_some(TEACHER),
                starts_at: clock.now() + 2 * DAY,
                ends_at: clock.now() + 2 * DAY + HOUR,
                capacity: 2,
                status: Status::Open,
                policy: Arc::new(Policy::default()),
            };
            let opened = Opened { head, at: clock.now() };
            let epoch = store.epoch();
            let made = store.write(move |tx| Box::pin(async move { schedules::insert(tx, &opened, "", epoch).await }));
            made.await.unwrap();
        }
        let hub = Arc::new(Hub::new(clock.clone(), Zone::SHANGHAI, Arc::default()));
        let engine = Engine::start(engine::Parts {
            journal: Arc::new(store.clone()),
            clock,
            ids: Arc::new(SeededIds::from_seed(1)),
            sizes: Arc::new(Fakes),
            audience: hub.clone(),
            reach: Arc::new(engine::Everyone),
            epoch: store.epoch(),
            zone: Zone::SHANGHAI,
            last_booking_no: None,
            threads: engine::Threads::Own,
        });
        let fakes = Arc::new(Fakes);
        let live = Live::new(LiveParts {
            engine: engine.clone(),
            hub,
            zone: Zone::SHANGHAI,
            names: fakes.clone(),
            snapshots: fakes.clone(),
            sessions: fakes,
        });
        let served = live.clone();
        let server = HttpServer::new(move || {
            let live = served.clone();
            let open = move |request: HttpRequest, payload: Payload| {
                let live = live.clone();
                async move { upgrade(&request, payload, &live) }
            };
            App::new().route("/ws", web::get().to(open))
        })
        .on_connect(wire::on_connect)
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("ws://{}/ws", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        rt::spawn(server);
        Self { _folder: folder, engine, live, server: handle, url }
    }

    async fn connect(&self) -> Client {
        Client(tokio_tungstenite::connect_async(&self.url).await.unwrap().0)
    }

    fn viewer(&self) -> Viewer {
        Viewer {
            account: AccountId::from_u128(1),
            org: ORG,
            session: SessionId::from_u128(1),
            expires_at: self.engine.clock().now() + HOUR,
            students: Box::new([AMY]),
            teacher: None,
            is_staff: false,
        }
    }

    async fn enter(&self, viewer: Viewer) -> Client {
        let mut client = self.connect().await;
        let ticket = self.live.tickets().issue(viewer).unwrap();
        client.say(&json!({"type": "auth", "ticket": ticket})).await;
        assert_eq!(client.hear().await["type"], "ready");
        client
    }

    async fn book(&self, student: StudentId) {
        let (source, account) = (Source::Direct, AccountId::from_u128(1));
        let calendar = Evidence { starts_at: Timestamp::MIN, ends_at: Timestamp::MIN, conflict: false };
        let (note, expect_course, moved_from) = (None, None, None);
        let command = Command::Book { student, account, source, note, expect_course, moved_from, calendar };
        match self.engine.submit(CLASS, Order::new(command)).await {
            Ok(Answer::Given { outcome: Ok(_), .. }) => {}
            _ => panic!("{student} could not book"),
        }
    }

    async fn end(self) {
        self.server.stop(false).await;
    }
}

struct Client(tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>);

impl Client {
    async fn say(&mut self, what: &Value) {
        self.0.send(Message::text(what.to_string())).await.unwrap();
    }

    async fn subscribe(&mut self, topic: &str) {
        self.say(&json!({"type": "subscribe", "topic": topic})).await;
    }

    async fn hear(&mut self) -> Value {
        match timeout(Duration::from_secs(20), self.0.next()).await.unwrap().unwrap().unwrap() {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?} is no text"),
        }
    }

    async fn closed_with(&mut self) -> u16 {
        loop {
            match timeout(Duration::from_secs(20), self.0.next()).await.unwrap() {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                end => panic!("{end:?} instead of a close"),
            }
        }
    }
}

fn class() -> String {
    format!("schedule:{CLASS}")
}

#[actix::test]
async fn a_snapshot_and_then_a_frame_for_each_commit() {
    let w = World::new().await;
    let (mut amy, mut ben) =
        (w.enter(w.viewer()).await, w.enter(Viewer { students: Box::new([BEN]), ..w.viewer() }).await);
    for client in [&mut amy, &mut ben] {
        client.subscribe(&class()).await;
        let snapshot = client.hear().await;
        assert_eq!((&snapshot["type"], &snapshot["topic"]), (&json!("snapshot"), &json!(class())));
        assert_eq!((&snapshot["version"], &snapshot["data"]["seats_left"]), (&json!(1), &json!(2)));
        assert_eq!(snapshot["data"]["course_name"], "太极");
    }
    w.book(AMY).await;
    let (a, b) = (amy.hear().await, ben.hear().await);
    assert_eq!((&a["type"], &a["version"], &a["data"]["seats_left"]), (&json!("frame"), &json!(2), &json!(1)));
    assert_eq!(a["data"]["mine"]["booking"]["student_id"], json!(AMY));
    assert_eq!(b["data"]["mine"]["booking"], Value::Null);
    w.end().await;
}

#[actix::test]
async fn whoever_comes_back_sees_what_happened_meanwhile() {
    let w = World::new().await;
    let mut amy = w.enter(w.viewer()).await;
    amy.subscribe(&class()).await;
    amy.hear().await;
    amy.say(&json!({"type": "unsubscribe", "topic": class()})).await;
    amy.say(&json!({"type": "ping"})).await;
    assert_eq!(amy.hear().await["type"], "pong");
    w.book(BEN).await;
    amy.subscribe(&class()).await;
    assert_eq!(amy.hear().await["data"]["seats_left"], 1);
    w.book(AMY).await;
    assert_eq!(amy.hear().await["data"]["seats_left"], 0);
    w.end().await;
}

#[actix::test]
async fn events_go_to_students_and_teachers() {
    let w = World::new().await;
    let mut amy = w.enter(w.viewer()).await;
    amy.subscribe("me").await;
    let snapshot = amy.hear().await;
    assert_eq!((&snapshot["topic"], &snapshot["data"]), (&json!("me"), &json!({"entries": []})));
    let mut teacher = w.enter(Viewer { students: Box::default(), teacher: Some(TEACHER), ..w.viewer() }).await;
    teacher.subscribe("coach").await;
    assert_eq!(teacher.hear().await["topic"], "coach");
    w.book(AMY).await;
    for (client, topic) in [(&mut amy, "me"), (&mut teacher, "coach")] {
        let event = client.hear().await;
        assert_eq!((&event["type"], &event["topic"]), (&json!("event"), &json!(topic)));
        assert_eq!((&event["event"], &event["data"]["status"]), (&json!("booking"), &json!("confirmed")));
    }
    w.end().await;
}

#[actix::test]
async fn refusals_leave_the_socket_open() {
    let w = World::new().await;
    let mut amy = w.enter(w.viewer()).await;
    let unknown = format!("schedule:{}", ScheduleId::from_u128(77));
    let elsewhere = format!("schedule:{ELSEWHERE}");
    for (say, reason) in [
        (json!({"type": "subscribe", "topic": "weather"}), "not_found"),
        (json!({"type": "subscribe"}), "not_found"),
        (json!({"type": "subscribe", "topic": unknown}), "not_found"),
        (json!({"type": "subscribe", "topic": elsewhere}), "not_found"),
        (json!({"type": "subscribe", "topic": "coach"}), "forbidden"),
        (json!({"type": "subscribe", "topic": class(), "student_id": BEN}), "forbidden"),
        (json!({"type": "subscribe", "topic": class(), "student_id": "x"}), "forbidden"),
    ] {
        amy.say(&say).await;
        let heard = amy.hear().await;
        assert_eq!((&heard["type"], &heard["reason"]), (&json!("error"), &json!(reason)), "{say}");
    }
    w.end().await;
}

#[actix::test]
async fn nonsense_and_bad_tickets_close() {
    let w = World::new().await;
    for (say, code) in [
        (Message::text("hello"), 4400),
        (Message::text(r#"{"type":"dance"}"#), 4400),
        (Message::text("x".repeat(SOCKET_FRAME_BYTES_MAX + 1)), 4400),
        (Message::binary(vec![1, 2, 3]), 4400),
    ] {
        let mut amy = w.enter(w.viewer()).await;
        amy.0.send(say).await.unwrap();
        assert_eq!(amy.closed_with().await, code);
    }
    let used = w.live.tickets().issue(w.viewer()).unwrap();
    w.live.tickets().redeem(&used).unwrap();
    let ended = w.live.tickets().issue(Viewer { session: SessionId::from_u128(0), ..w.viewer() }).unwrap();
    for first in [
        json!({"type": "ping"}),
        json!({"type": "auth"}),
        json!({"type": "auth", "ticket": used}),
        json!({"type": "auth", "ticket": ended}),
    ] {
        let mut client = w.connect().await;
        client.say(&first).await;
        assert_eq!(client.closed_with().await, 4401, "{first}");
    }
    let mut silent = w.connect().await;
    assert_eq!(silent.closed_with().await, 4401);
    w.end().await;
}

#[actix::test]
async fn a_restart_is_told() {
    let w = World::new().await;
    let (mut amy, mut unknown) = (w.enter(w.viewer()).await, w.connect().await);
    w.live.0.closing.cancel();
    assert_eq!((amy.closed_with().await, unknown.closed_with().await), (1012, 1012));
    w.end().await;
}
