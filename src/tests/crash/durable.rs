//! Nothing is acknowledged before it is on the disk: what the kernel saw of a server, in order.

use std::{
    collections::HashMap,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::json;

use super::process::{Server, free_port, pause};

/// Requests one after the other, each with a commit of its own, and then as many at once.
const BOOKINGS: usize = 60;

/// Acknowledged bookings that no finished `fdatasync` or `fsync`, begun after they were asked for, stands
/// before; and how many acknowledgements there were.
fn judge(trace: &str) -> (Vec<String>, usize) {
    // By connection: 0 asked, 1 a sync has begun since, 2 it has ended.
    let mut asked: HashMap<String, u8> = HashMap::new();
    let (mut wrong, mut acknowledged) = (Vec::new(), 0);
    // By thread: what an unfinished call was about.
    let mut unfinished: HashMap<&str, String> = HashMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ').map(|(t, c)| (t, c.trim())) else { continue };
        let fd = |call: &str| call.split(['(', ',', ')']).nth(1).unwrap_or_default().trim().to_owned();
        if call.starts_with("fdatasync(") || call.starts_with("fsync(") {
            asked.values_mut().for_each(|state| *state = (*state).max(1));
        }
        if call.ends_with("<unfinished ...>") {
            unfinished.insert(thread, fd(call));
        }
        let is_over = !call.ends_with("<unfinished ...>");
        let is_sync = ["fdatasync(", "fsync(", "<... fdatasync", "<... fsync"].iter().any(|c| call.starts_with(c));
        if is_sync && is_over && call.ends_with("= 0") {
            asked.values_mut().filter(|state| **state == 1).for_each(|state| *state = 2);
        }
        if call.contains("POST /api/v1/bookings ") {
            let fd = if call.starts_with("<...") { unfinished.remove(thread).unwrap_or_default() } else { fd(call) };
            asked.insert(fd, 0);
        }
        if call.contains("HTTP/1.1 201 ") && !call.starts_with("<...") {
            acknowledged += 1;
            if asked.remove(&fd(call)) != Some(2) {
                wrong.push(line.to_owned());
            }
        }
    }
    (wrong, acknowledged)
}

struct Tracer(Child);

impl Tracer {
    async fn attach(pid: u32, file: &Path) -> Self {
        let calls = "trace=fdatasync,fsync,recvfrom,read,readv,sendto,write,writev,sendmsg";
        let child = Command::new("strace")
            .args(["-f", "-s", "48", "-e", calls, "-o"])
            .arg(file)
            .args(["-p", &pid.to_string()])
            .stderr(Stdio::null())
            .spawn()
            .expect("strace is installed by scripts/test");
        // It is attached when it has seen the first of anything.
        let began = Instant::now();
        while std::fs::metadata(file).map_or(0, |m| m.len()) == 0 {
            assert!(began.elapsed() < Duration::from_secs(10), "strace sees nothing: is ptrace allowed here?");
            pause(Duration::from_millis(20)).await;
        }
        Self(child)
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // Ends with the server, too.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[actix_web::test]
async fn an_acknowledgement_follows_its_sync() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("yueke.db").display());
    let server = Server::start(&url, free_port(), folder.path()).await;
    let admin = server.login("admin").await;
    let course = json!({ "name": "t", "kind": 1, "duration_min": 60 });
    let course = server.post(Some(&admin), "/courses", course).await["id"].clone();
    let start = (chrono::DateTime::UNIX_EPOCH + server_time(&server).await + Duration::from_secs(86_400)).to_rfc3339();
    let class = json!({ "course_id": course, "starts_at": start, "capacity": 10_000 });
    let class = server.post(Some(&admin), "/schedules", class).await["id"].clone();
    let people = json!({ "role": "student", "prefix": "t", "count": 2 * BOOKINGS });
    let people = server.post(Some(&admin), "/dev/people", people).await["items"].clone();
    let tokens: Vec<_> = people.as_array().expect("people").iter().filter_map(|p| p["token"].as_str()).collect();

    let file = folder.path().join("trace");
    let tracer = Tracer::attach(server.pid(), &file).await;
    let book = |token: &str| {
        let request = Client::new().post(format!("{}/api/v1/bookings", server.base)).bearer_auth(token);
        request.json(&json!({ "schedule_id": class })).send()
    };
    for token in &tokens[..BOOKINGS] {
        assert_eq!(book(token).await.expect("an answer").status(), 201);
    }
    let rush = futures_util::future::join_all(tokens[BOOKINGS..].iter().map(|token| book(token))).await;
    assert!(rush.into_iter().all(|a| a.is_ok_and(|a| a.status() == 201)));
    server.kill();
    drop(tracer);

    let trace = std::fs::read_to_string(&file).expect("a trace");
    let (wrong, acknowledged) = judge(&trace);
    assert_eq!(acknowledged, 2 * BOOKINGS);
    assert!(wrong.is_empty(), "acknowledged before they were durable: {wrong:#?}");
    // The twin: without the syncs every one of them would have been found.
    let unsynced: String = trace.lines().filter(|l| !l.contains("sync")).map(|l| format!("{l}\n")).collect();
    assert_eq!(judge(&unsynced).0.len(), 2 * BOOKINGS);
}

/// Since 1970.
async fn server_time(server: &Server) -> Duration {
    let answer = Client::new().get(format!("{}/readyz", server.base)).send().await.expect("an answer");
    let date = answer.headers().get("date").and_then(|d| d.to_str().ok()).expect("a date");
    let date = chrono::DateTime::parse_from_rfc2822(date).expect("a date");
    Duration::from_secs(date.timestamp().max(0) as u64)
}

#[test]
fn a_trace_is_judged_in_order() {
    let good = "1 recvfrom(9, \"POST /api/v1/bookings HTTP/1.1\", 100) = 90\n\
                2 fdatasync(5 <unfinished ...>\n2 <... fdatasync resumed>) = 0\n\
                1 sendto(9, \"HTTP/1.1 201 Created\", 20) = 20";
    assert_eq!(judge(good), (vec![], 1));
    let early = "1 recvfrom(9, \"POST /api/v1/bookings HTTP/1.1\", 100) = 90\n2 fdatasync(5 <unfinished ...>\n\
                 1 sendto(9, \"HTTP/1.1 201 Created\", 20) = 20\n2 <... fdatasync resumed>) = 0";
    assert_eq!(judge(early).0.len(), 1);
    let another = "2 fdatasync(5 <unfinished ...>\n1 recvfrom(9, \"POST /api/v1/bookings HTTP/1.1\", 100) = 90\n\
                   2 <... fdatasync resumed>) = 0\n1 sendto(9, \"HTTP/1.1 201 Created\", 20) = 20";
    assert_eq!(judge(another).0.len(), 1, "a sync that began before the request is not its own");
}
