//! Each class behaves as if it stood alone in one place and were asked one thing after the other,
//! whatever happens to the server and its database meanwhile.

mod checker;
mod clients;
mod model;
mod twins;

use std::{
    path::Path,
    process::Command,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::Client;
use serde_json::{Value, json};
use yueke::base::time::{Clock, DAY, HOUR, Zone};

use self::{
    checker::{Verdict, check, smallest, story},
    clients::{Caller, History, OPS, Stats},
    model::Rules,
};
use crate::{
    crash::{
        process::{self, Server, free_port, pause},
        proxy::{Cut, Proxy, port_of},
    },
    store::database::Database,
};

const CLIENTS: usize = 24;
/// At a time, so that several clients want the same seat at any moment.
const CLASSES: usize = 4;
const RULES: Rules = Rules { seats: 4, line_max: 6 };

/// On every run; `YUEKE_TEST_OPERATIONS` asks for more.
fn operations(usual: usize) -> usize {
    std::env::var("YUEKE_TEST_OPERATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[actix_web::test]
async fn classes_are_linearizable_on_sqlite() {
    let db = Database::sqlite();
    let folder = db.folder().to_owned();
    run(&db, None, &folder, operations(10_000)).await;
}

#[actix_web::test]
async fn classes_are_linearizable_on_postgres() {
    let Some(db) = Database::postgres().await else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let proxy = Proxy::start(port_of(&db.url)).await;
    run(&db, Some(proxy), folder.path(), operations(3_000)).await;
}

/// What is done to the server, and how often it was.
struct Nemesis<'a> {
    url: String,
    port: u16,
    folder: &'a Path,
    server: Option<Server>,
    proxy: Option<Proxy>,
    rng: StdRng,
    kills: u32,
    pauses: u32,
    cuts: u32,
}

impl Nemesis<'_> {
    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    async fn strike(&mut self) {
        match self.rng.random_range(0..4) {
            0 => {
                self.kills += 1;
                self.server.take().expect("it runs").kill();
                self.server = Some(Server::start(&self.url, self.port, self.folder).await);
            }
            1 => {
                self.pauses += 1;
                self.signal("-STOP");
                pause(Duration::from_millis(self.rng.random_range(20..150))).await;
                self.signal("-CONT");
            }
            n => {
                let Some(proxy) = &self.proxy else { return };
                self.cuts += 1;
                match n {
                    2 => proxy.arm(Cut::ALL[self.rng.random_range(0..Cut::ALL.len())], None),
                    _ => proxy.break_all(),
                }
            }
        }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.server().pid().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }
}

async fn run(db: &Database, proxy: Option<Proxy>, folder: &Path, operations: usize) {
    let url = proxy.as_ref().map_or_else(|| db.url.clone(), |proxy| proxy.url(&db.url));
    let port = free_port();
    let server = Some(Server::start(&url, port, folder).await);
    let rng = StdRng::seed_from_u64(operations as u64);
    let mut nemesis = Nemesis { url, port, folder, server, proxy, rng, kills: 0, pauses: 0, cuts: 0 };
    let (began, stats) = (Instant::now(), Arc::<Stats>::default());
    let mut callers = people(nemesis.server(), began, &stats).await;
    let course = course(nemesis.server()).await;
    let (mut checked, mut histories, mut checking) = (0, 0, Vec::new());
    while checked < operations {
        let wave = Arc::new(classes(nemesis.server(), &course, histories).await);
        let clients: Vec<_> = callers.drain(..).map(|caller| tokio::spawn(caller.run(wave.clone()))).collect();
        // While they are at it, a few times.
        let goal = stats.answered.load(Ordering::Relaxed) + (CLASSES * OPS) as u64 - 100;
        loop {
            let next = stats.answered.load(Ordering::Relaxed) + nemesis.rng.random_range(50..400);
            while stats.answered.load(Ordering::Relaxed) < next.min(goal) && !clients.iter().any(|c| c.is_finished()) {
                pause(Duration::from_millis(2)).await;
            }
            if next >= goal {
                break;
            }
            nemesis.strike().await;
        }
        for client in clients {
            callers.push(client.await.expect("no client panics"));
        }
        histories += wave.len();
        checked += wave.iter().map(|history| history.ops().len()).sum::<usize>();
        checking.push(std::thread::spawn(move || wave.iter().for_each(judge)));
        // As many at once as are not in the server's way.
        if checking.len() > 1 {
            checking.remove(0).join().expect("every history has an order");
        }
        if histories.is_multiple_of(40 * CLASSES) {
            eprintln!("{checked} of {operations} operations after {} s", began.elapsed().as_secs());
        }
    }
    checking.into_iter().for_each(|checking| checking.join().expect("every history has an order"));
    drop(nemesis.server.take());
    process::check("audit", &db.url);
    process::check("replay", &db.url);
    let of = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
    eprintln!(
        "{checked} operations in {histories} linearizable histories in {} s: {} kills, {} pauses, {} cuts; \
         {} open, {} told later, {} refused for now, {} unsent",
        began.elapsed().as_secs(),
        nemesis.kills,
        nemesis.pauses,
        nemesis.cuts,
        of(&stats.open),
        of(&stats.told_later),
        of(&stats.refused_503),
        of(&stats.unsent)
    );
    assert!(nemesis.kills > 0 && of(&stats.open) > 0 && of(&stats.told_later) > 0, "nothing happened to the server");
}

fn judge(history: &History) {
    let ops = history.ops();
    match check(RULES, &ops) {
        Verdict::Linearizable => {}
        Verdict::Violation(_) => panic!("class {}:\n{}", history.class, story(RULES, &smallest(RULES, &ops))),
        // To make it smaller would be to search as long for each of its parts.
        Verdict::GaveUp => panic!("class {}, too much was open at once:\n{}", history.class, story(RULES, &ops)),
    }
}

async fn people(server: &Server, began: Instant, stats: &Arc<Stats>) -> Vec<Caller> {
    let admin = server.login("admin").await;
    let people = json!({"role": "student", "prefix": "linear", "count": CLIENTS});
    let people = server.post(Some(&admin), "/dev/people", people).await;
    let people = people["items"].as_array().expect("people").iter().zip(0..);
    let caller = |(person, student): (&Value, u8)| Caller {
        http: Client::builder().timeout(Duration::from_secs(20)).build().expect("a client"),
        base: format!("{}/api/v1", server.base),
        token: person["token"].as_str().expect("a token").to_owned(),
        student,
        rng: StdRng::seed_from_u64(u64::from(student)),
        requests: 0,
        began,
        stats: stats.clone(),
        places: Vec::new(),
    };
    people.map(caller).collect()
}

async fn course(server: &Server) -> Value {
    let admin = server.login("admin").await;
    let course = json!({"name": "书法", "kind": 1, "duration_min": 60, "waitlist_capacity": RULES.line_max});
    server.post(Some(&admin), "/courses", course).await["id"].clone()
}

/// None of them overlaps another, and no offer lapses while it is asked.
async fn classes(server: &Server, course: &Value, before: usize) -> Vec<History> {
    let admin = server.login("admin").await;
    let mut made = Vec::new();
    for i in before..before + CLASSES {
        let starts_at = Zone::SHANGHAI.rfc3339(Clock::system().now() + 3 * DAY + i as i64 * 2 * HOUR);
        let class = json!({"course_id": course, "starts_at": starts_at, "capacity": RULES.seats,
            "policy": {"window_ms": 2 * HOUR}});
        let class = server.post(Some(&admin), "/schedules", class).await;
        made.push(History::of(class["id"].as_str().expect("an id").to_owned()));
    }
    made
}
