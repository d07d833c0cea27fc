//! How the server does, as the staff see it, and the audit that they run.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use yueke::{app::watch, store::audit};

use crate::harness::app::{TestApp, at, on_both, text};

on_both! {
    what_happened_is_sampled_by_the_servers_clock
    what_somebody_should_see_to_is_told_with_its_beginning
    an_audit_says_what_it_checked_and_what_is_wrong
    an_audit_that_runs_out_of_time_says_so
    one_audit_at_a_time
}

async fn health(app: &TestApp) -> Value {
    app.operator.get("/admin/health").await.is(200)
}

/// The sampler is told by the clock; it looks a moment later.
async fn samples(app: &TestApp, count: usize) -> Vec<Value> {
    for _ in 0..1_000 {
        let samples = health(app).await["samples"].as_array().expect("samples").clone();
        if samples.len() >= count {
            return samples;
        }
        tokio::task::yield_now().await;
    }
    panic!("there are no {count} samples: {}", health(app).await)
}

async fn what_happened_is_sampled_by_the_servers_clock(app: &mut TestApp) {
    let told = health(app).await;
    assert_eq!((&told["samples"], &told["alerts"]), (&json!([]), &json!([])));
    let expected = [json!(env!("CARGO_PKG_VERSION")), json!(at("08:00:00.000")), json!(10_000)];
    assert_eq!(["version", "started_at", "every_ms"].map(|name| &told[name]), expected.each_ref());
    assert!(["sqlite", "postgres"].contains(&&*text(&told["database"])));
    app.advance_to("08:00:09.999").await;
    assert_eq!(health(app).await["samples"], json!([]));

    let class = app.class(1, json!({})).await;
    app.student("amy").await.booked(&class).await;
    app.student("ben").await.book(&class).await.refused("schedule_full");
    app.advance_to("08:00:10.000").await;
    let first = samples(app, 1).await[0].clone();
    assert_eq!(first["at"], at("08:00:10.000"));
    // Other servers of this process count, too.
    let at_least_one = |name: &str| first[name].as_u64().is_some_and(|n| n >= 1);
    assert!(at_least_one("bookings") && at_least_one("refusals"), "{first}");
    for name in ["turn_p99_ms", "commit_p99_ms"] {
        assert!(first[name].as_f64().is_some_and(|ms| ms > 0.0), "{first}");
    }
    assert!(first["sockets"].is_i64() && first["journal_queue"].is_i64(), "{first}");

    // Then one in ten seconds, and no more than an hour of them.
    for second in 2..=370 {
        let (minute, second) = (second / 6, second % 6 * 10);
        app.advance_to(&format!("{:02}:{:02}:{second:02}.000", 8 + minute / 60, minute % 60)).await;
        app.running.app.health.look(app.running.app.clock.now(), 7);
    }
    let kept = health(app).await["samples"].as_array().expect("samples").clone();
    assert_eq!(kept.len(), 360);
    let times: Vec<String> = kept.iter().map(|s| text(&s["at"])).collect();
    assert!(times.is_sorted() && *times.last().expect("some") == at("09:01:40.000"), "{times:?}");
}

async fn what_somebody_should_see_to_is_told_with_its_beginning(app: &mut TestApp) {
    let look = async |app: &TestApp| watch::look(&app.running.app).await.map(drop).expect("the database answers");
    let course = app.course(json!({ "waitlist_capacity": 2 })).await;
    let class = app.class_of(&course, 1, json!({})).await;
    let [seated, amy, ben] = ["seated", "amy", "ben"].map(|name| app.student(name));
    seated.await.booked(&class).await;
    // Nobody in a test can be reached through WeChat.
    let place = amy.await.join(&class).await;
    look(app).await;
    app.advance_to("09:00:00.000").await;
    ben.await.join(&class).await;
    look(app).await;
    let told = health(app).await["alerts"].clone();
    let expected = json!([
        { "name": "queue_full", "text": "有候补队列已满：见 GET /admin/waitlist?full=true", "since": at("09:00:00.000") },
        { "name": "waiting_unreachable", "text": told[1]["text"], "since": at("08:00:00.000") },
    ]);
    assert_eq!(told, expected);
    let english = app.operator.in_english().get("/admin/health").await.is(200)["alerts"][0]["text"].clone();
    assert_eq!(english, "waitlists are full: see GET /admin/waitlist?full=true");
    app.operator.delete(&format!("/waitlist/{place}")).await.ok();
    look(app).await;
    let told = health(app).await["alerts"].clone();
    assert_eq!(
        told.as_array().expect("alerts").iter().map(|a| text(&a["name"])).collect::<Vec<_>>(),
        ["waiting_unreachable"]
    );
}

async fn an_audit_says_what_it_checked_and_what_is_wrong(app: &mut TestApp) {
    let told = app.operator.post("/admin/audit", json!({})).await.is(200);
    assert_eq!((&told["checked"], &told["complete"]), (&json!({ "schedules": 0, "bookings": 0 }), &json!(true)));
    let class = app.class(2, json!({})).await;
    app.student("amy").await.booked(&class).await;
    let told = app.admin.post("/admin/audit", json!({})).await.is(200);
    assert_eq!((&told["checked"], &told["wrong"]), (&json!({ "schedules": 1, "bookings": 1 }), &json!([])));
    assert!(told["took_ms"].is_u64(), "{told}");

    app.db.exec("update schedules set booked = 2").await;
    let asked = async || app.operator.keyed("audit", Method::POST, "/admin/audit", json!({})).await;
    let answer = asked().await;
    let wrong = answer.body["data"]["wrong"].clone();
    assert_eq!(wrong[0]["schedule_id"], class.as_str(), "{wrong}");
    let text = text(&wrong[0]["text"]);
    assert_eq!(text, format!("the counter of seats differs from a recount: {class} (2 counted, 1 booked)"));
    app.db.exec("update schedules set booked = 1").await;
    assert_eq!(asked().await.text, answer.text, "the same key, the same answer");
    assert_eq!(app.operator.post("/admin/audit", json!({})).await.is(200)["wrong"], json!([]));
}

async fn an_audit_that_runs_out_of_time_says_so(app: &mut TestApp) {
    for _ in 0..2 {
        app.class(2, json!({})).await;
    }
    let reader = app.running.app.store.reader();
    let found = audit::audit(reader, &|done, _| done < 1).await.expect("an audit");
    assert_eq!((found.schedules, found.complete), (1, false));
    let found = audit::audit(reader, &|_, _| true).await.expect("an audit");
    assert_eq!((found.schedules, found.complete), (2, true));
}

async fn one_audit_at_a_time(app: &mut TestApp) {
    let running = app.running.app.auditing.lock().await;
    let asked = async || app.operator.keyed("audit", Method::POST, "/admin/audit", json!({})).await;
    let refused = asked().await.refused("audit_running");
    assert_eq!(refused["message"], "核对正在进行，请稍候");
    drop(running);
    // Whoever had to wait may try again with the same key.
    asked().await.is(200);
    let class = app.class(2, json!({})).await;
    app.student("amy").await.booked(&class).await;
    let at_once = join_all((0..4).map(|_| app.admin.post("/admin/audit", json!({}))));
    let answers = tokio::time::timeout(Duration::from_secs(30), at_once).await.expect("answers");
    assert!(answers.iter().any(|a| a.status == 200), "one is done");
    assert!(answers.iter().all(|a| [200, 409].contains(&a.status)));
}
