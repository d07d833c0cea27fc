//! The connection to the database ends around a COMMIT: the client is told that the outcome is
//! unknown, the same key then tells the truth, and memory is what the rows are.

use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use yueke::{
    args,
    base::time::{Clock, DAY, Zone},
    store::sql::Conn,
};

use super::{
    process::{Server, check, free_port, pause},
    proxy::{Cut, Proxy, port_of},
};
use crate::store::database::Database;

/// On every run; `YUEKE_TEST_CUTS` asks for more.
const CUTS: usize = 50;
/// From the cut to the first answer that is no refusal.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// Students who come and go.
const STUDENTS: usize = 8;

#[actix_web::test]
async fn a_lost_commit_is_told_as_unknown_and_then_truly() {
    let Some(db) = Database::postgres().await else { return };
    let cuts = std::env::var("YUEKE_TEST_CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(CUTS);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let proxy = Proxy::start(port_of(&db.url)).await;
    let server = Server::start(&proxy.url(&db.url), free_port(), folder.path()).await;
    let mut scene = Scene::set(&server, &db, proxy).await;
    let mut rng = StdRng::seed_from_u64(cuts as u64);
    for i in 0..cuts {
        scene.cut(i, Cut::ALL[rng.random_range(0..Cut::ALL.len())], rng.random_bool(0.4)).await;
    }
    assert_eq!(scene.proxy.cuts(), cuts as u64);
    eprintln!("{cuts} commits cut, slowest back after {} ms, {:?}", scene.slowest.as_millis(), scene.kinds);
    drop(scene);
    server.kill();
    check("audit", &db.url);
    check("replay", &db.url);
}

/// A class of two seats, of which the bystander keeps one, and a line of those who wait for the other.
struct Scene<'a> {
    proxy: Proxy,
    db: &'a Database,
    http: Client,
    base: String,
    class: String,
    students: Vec<Student>,
    bystander: Student,
    slowest: Duration,
    kinds: std::collections::BTreeMap<(&'static str, String), u32>,
}

struct Student {
    id: String,
    token: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq)]
enum Place {
    None,
    Booked(String),
    Waiting(String),
}

struct Told {
    status: u16,
    body: String,
    retry_after: bool,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

impl<'a> Scene<'a> {
    async fn set(server: &Server, db: &'a Database, proxy: Proxy) -> Self {
        let admin = server.login("admin").await;
        let people = json!({"role": "student", "prefix": "cut", "count": STUDENTS + 1});
        let people = server.post(Some(&admin), "/dev/people", people).await;
        let course = json!({"name": "钢琴", "kind": 1, "duration_min": 60, "waitlist_capacity": 30});
        let course = server.post(Some(&admin), "/courses", course).await["id"].clone();
        let starts_at = Zone::SHANGHAI.rfc3339(Clock::system().now() + 3 * DAY);
        let class = json!({"course_id": course, "starts_at": starts_at, "capacity": 2});
        let class = server.post(Some(&admin), "/schedules", class).await;
        let student = |p: &Value| Student { id: text(&p["student_id"]), token: text(&p["token"]), place: Place::None };
        let mut students: Vec<_> = people["items"].as_array().expect("people").iter().map(student).collect();
        let bystander = students.pop().expect("one more");
        server.post(Some(&bystander.token), "/bookings", json!({"schedule_id": class["id"]})).await;
        Self {
            proxy,
            db,
            http: Client::builder().timeout(Duration::from_secs(20)).build().expect("a client"),
            base: format!("{}/api/v1", server.base),
            class: text(&class["id"]),
            students,
            bystander,
            slowest: Duration::ZERO,
            kinds: Default::default(),
        }
    }

    /// One request whose commit is cut.
    async fn cut(&mut self, i: usize, cut: Cut, leaves: bool) {
        let (who, kind, method, path, body) = self.next(i, leaves);
        let key = format!("cut-{i}-{kind}");
        self.proxy.arm(cut, Some(&key));
        let began = Instant::now();
        let told = self.send(who, &method, &path, &key, &body).await;
        assert_eq!((told.status, &told.json()["reason"]), (503, &json!("outcome_unknown")), "{cut:?} {kind}");
        assert!(told.retry_after, "{}", told.body);
        *self.kinds.entry((kind, format!("{cut:?}"))).or_default() += 1;

        // Brings the class into memory again at once, and is refused in any case.
        let another = self.http.post(format!("{}/bookings", self.base)).bearer_auth(&self.bystander.token);
        let another = another.json(&json!({"schedule_id": self.class})).send().await.expect("an answer").status();
        assert!(matches!(another.as_u16(), 409 | 503), "{another}");

        let had = self.students[who].place.clone();
        let now = self.agrees(who, began).await;
        match cut {
            Cut::Before => assert_eq!(now, had, "{kind} was done without its COMMIT"),
            Cut::After | Cut::Fatal => assert_ne!(now, had, "{kind} is lost"),
            Cut::InFlight => {
                while !self.proxy.is_settled() {
                    pause(Duration::from_millis(5)).await;
                }
            }
        }
        let truth = self.until_answered(who, &method, &path, &key, &body, began).await;
        assert!(matches!(truth.status, 200 | 201), "{cut:?} {kind}: {}", truth.body);
        let place = self.agrees(who, began).await;
        let id = match &place {
            Place::None => None,
            Place::Booked(id) | Place::Waiting(id) => Some(id.clone()),
        };
        let answered = truth.json()["data"].clone();
        let given = answered["booking"]["id"].as_str().or(answered["waitlist_id"].as_str()).or(answered["id"].as_str());
        match kind {
            "book" | "join" | "accept" => assert_eq!(given, id.as_deref(), "{cut:?} {kind}"),
            _ => assert_eq!(place, Place::None, "{cut:?} {kind}"),
        }
        let again = self.until_answered(who, &method, &path, &key, &body, Instant::now()).await;
        assert_eq!((again.status, again.body), (truth.status, truth.body), "{cut:?} {kind}");
        self.students[who].place = place;
    }

    /// The next thing that somebody can do: book, queue up behind, free the seat, win it, go.
    fn next(&self, i: usize, leaves: bool) -> (usize, &'static str, Method, String, Value) {
        let find = |wanted: fn(&Place) -> bool| self.students.iter().position(|s| wanted(&s.place));
        let booked = find(|p| matches!(p, Place::Booked(_)));
        let waiting = find(|p| matches!(p, Place::Waiting(_)));
        let waiting_many = self.students.iter().filter(|s| matches!(s.place, Place::Waiting(_))).count();
        let path = |who: usize, before: &str, after: &str| match &self.students[who].place {
            Place::Booked(id) | Place::Waiting(id) => format!("{before}{id}{after}"),
            Place::None => unreachable!("somewhere"),
        };
        match (booked, waiting) {
            (None, None) => {
                (i % STUDENTS, "book", Method::POST, "/bookings".into(), json!({"schedule_id": self.class}))
            }
            (None, Some(w)) => {
                let body = json!({"action": "accept"});
                (w, "accept", Method::PUT, path(w, "/waitlist/", "/respond"), body)
            }
            (Some(_), _) if waiting_many < 3 => {
                let free = find(|p| *p == Place::None).expect("few have a place");
                let body = json!({"course_schedule_id": self.class});
                (free, "join", Method::POST, "/waitlist/join".into(), body)
            }
            (Some(_), Some(w)) if leaves => (w, "leave", Method::DELETE, path(w, "/waitlist/", ""), json!({})),
            (Some(b), _) => (b, "cancel", Method::PUT, path(b, "/bookings/", "/cancel"), json!({})),
        }
    }

    async fn send(&self, who: usize, method: &Method, path: &str, key: &str, body: &Value) -> Told {
        let request = self.http.request(method.clone(), format!("{}{path}", self.base));
        let request = request.bearer_auth(&self.students[who].token).header("Idempotency-Key", key);
        let request = if *method == Method::GET { request } else { request.json(body) };
        let answer = request.send().await.expect("the server answers");
        let (status, retry_after) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        Told { status, body: answer.text().await.expect("all of it"), retry_after }
    }

    /// Nothing but refusals that may be repeated comes before the answer.
    async fn until_answered(
        &mut self,
        who: usize,
        method: &Method,
        path: &str,
        key: &str,
        body: &Value,
        began: Instant,
    ) -> Told {
        loop {
            let told = self.send(who, method, path, key, body).await;
            if told.status != 503 {
                self.slowest = self.slowest.max(began.elapsed());
                return told;
            }
            assert!(told.retry_after, "{}", told.body);
            assert!(began.elapsed() < BACK_WITHIN, "{path} is still refused: {}", told.body);
            pause(Duration::from_millis(10)).await;
        }
    }

    /// What the server shows is what the rows are; the student's own place in it.
    async fn agrees(&mut self, who: usize, began: Instant) -> Place {
        let path = format!("/schedules/{}", self.class);
        let seen = self.until_answered(who, &Method::GET, &path, "-", &Value::Null, began).await;
        assert_eq!(seen.status, 200, "{}", seen.body);
        let seen = seen.json()["data"].clone();
        let mut conn = self.db.connect().await;
        let class = &self.class;
        let booked = format!("bookings where schedule_id = '{class}' and status in ('pending', 'confirmed')");
        let waiting = format!("waitlist where schedule_id = '{class}' and status = 'active'");
        let offered = format!("waitlist_rounds where schedule_id = '{class}' and stage <> 'done'");
        let rows =
            [count(&mut conn, &booked).await, count(&mut conn, &offered).await, count(&mut conn, &waiting).await];
        let told = [&seen["seats_taken"], &seen["seats_offered"], &seen["waitlist"]["length"]];
        assert_eq!(told.map(|n| n.as_i64().expect("a number")), rows, "memory is not what the rows are");
        let student = &self.students[who].id;
        let booking = id_of(&mut conn, &booked, student).await;
        let entry = id_of(&mut conn, &waiting, student).await;
        conn.close().await;
        let mine = &seen["mine"];
        assert_eq!(mine["booking"]["id"].as_str(), booking.as_deref(), "memory is not what the rows are");
        assert_eq!(mine["waitlist_entry"]["id"].as_str(), entry.as_deref(), "memory is not what the rows are");
        booking.map(Place::Booked).or(entry.map(Place::Waiting)).unwrap_or(Place::None)
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn count(conn: &mut Conn, rows: &str) -> i64 {
    let row = conn.one(&format!("select count(*) as n from {rows}"), args![]).await.expect("rows");
    row.expect("a count has a row").int("n").expect("a number")
}

async fn id_of(conn: &mut Conn, rows: &str, student: &str) -> Option<String> {
    let sql = format!("select id from {rows} and student_id = $1");
    let found = conn.all(&sql, args![student]).await.expect("rows");
    assert!(found.len() < 2, "{student} has two places");
    found.first().map(|row| row.text("id").expect("an id").to_owned())
}
