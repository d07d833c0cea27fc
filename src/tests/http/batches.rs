//! Many classes planned at once.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, text, with};

on_both! {
    what_can_be_made_is_made
    a_dry_run_makes_nothing
    one_key_makes_one_batch
    two_batches_at_once_do_not_miss_each_other
    a_batch_has_sound_values
}

fn items(times: &[&str]) -> Value {
    times.iter().map(|t| json!({ "starts_at": t })).collect()
}

async fn total(who: &Person) -> u64 {
    who.get("/schedules?from=2025-11-12&to=2025-12-31").await.is(200)["total"].as_u64().expect("a total")
}

async fn what_can_be_made_is_made(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let course = app.course(json!({ "duration_min": 60, "default_capacity": 4 })).await;
    let taken = json!({ "course_id": course, "starts_at": "2025-11-13T10:30:00+08:00" });
    tom.post("/schedules", taken).await.is(201);
    let times = [
        "2025-11-13T09:00:00+08:00",
        "2025-11-13T10:00:00+08:00",
        "2025-11-12T08:00:00+08:00",
        "2025-11-13T02:00:00+08:00",
        "2025-11-13T02:30:00+08:00",
        "2025-11-12T17:00:00Z",
        "2030-01-01T00:00:00+08:00",
    ];
    let mut all = items(&times);
    all[3]["ends_at"] = json!("2025-11-13T03:00:00+08:00");
    let batch = json!({ "course_id": course, "location": "A", "capacity": 7, "policy": { "window_ms": 600_000 }, "items": all });
    let told = tom.post("/schedules/batch", batch).await.is(200);
    let created = told["created"].as_array().expect("a list");
    let times: Vec<_> = created.iter().map(|c| (text(&c["starts_at"]), text(&c["ends_at"]))).collect();
    let of =
        |from: &str, to: &str| (format!("2025-11-13T{from}:00.000+08:00"), format!("2025-11-13T{to}:00.000+08:00"));
    assert_eq!(times, [of("09:00", "10:00"), of("02:00", "03:00"), of("01:00", "02:00")]);
    let refused = json!([
        { "starts_at": "2025-11-13T10:00:00.000+08:00", "reason": "teacher_busy", "message": "该老师在此时段已有课程安排" },
        { "starts_at": at("08:00:00.000"), "reason": "invalid_request", "message": "参数 starts_at 无效：开始时间已过" },
        { "starts_at": "2025-11-13T02:30:00.000+08:00", "reason": "teacher_busy", "message": "该老师在此时段已有课程安排" },
        { "starts_at": "2030-01-01T00:00:00.000+08:00", "reason": "invalid_request", "message": "参数 starts_at 无效：最多提前两年" },
    ]);
    assert_eq!(told["refused"], refused);
    let slot = tom.get("/slots?date=2025-11-13").await.items()[0].clone();
    assert_eq!(slot["id"], created[2]["id"]);
    let told = ["location", "capacity", "teacher_id", "version"].map(|name| &slot[name]);
    assert_eq!(told, [&json!("A"), &json!(7), &json!(tom.teacher), &json!(1)]);
    // They are classes like any other.
    let amy = app.student("amy").await;
    amy.booked(&text(&created[0]["id"])).await;
    assert_eq!(total(&tom).await, 4);
    // Nobody's classes may be at one time.
    let same = items(&["2025-11-14T09:00:00+08:00", "2025-11-14T09:00:00+08:00"]);
    let told = app.operator.post("/schedules/batch", json!({ "course_id": course, "items": same })).await.is(200);
    assert_eq!((told["created"].as_array().expect("a list").len(), &told["refused"]), (2, &json!([])));
}

async fn a_dry_run_makes_nothing(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let course = app.course(json!({ "duration_min": 60 })).await;
    let times = items(&["2025-11-13T09:00:00+08:00", "2025-11-13T09:30:00+08:00", "2025-11-13T10:00:00+08:00"]);
    let batch = json!({ "course_id": course, "items": times });
    let dry = tom.post("/schedules/batch", with(batch.clone(), json!({ "dry_run": true }))).await.is(200);
    assert_eq!(total(&tom).await, 0);
    assert!(dry["created"].as_array().expect("a list").iter().all(|c| c["id"].is_null()), "{dry}");
    let mut made = tom.post("/schedules/batch", batch).await.is(200);
    assert_eq!(total(&tom).await, 2);
    for class in made["created"].as_array_mut().expect("a list") {
        class["id"] = Value::Null;
    }
    assert_eq!(made, dry, "it said what would be");
}

async fn one_key_makes_one_batch(app: &mut TestApp) {
    let course = app.course(json!({ "duration_min": 60 })).await;
    let times = items(&["2025-11-13T09:00:00+08:00", "2025-11-13T10:00:00+08:00"]);
    let batch = json!({ "course_id": course, "items": times });
    let tap = || app.operator.keyed("batch", Method::POST, "/schedules/batch", batch.clone());
    let answers = join_all([tap(), tap(), tap()]).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (200, &answers[0].text));
    }
    // Of nobody's classes none is in the way of another: only the key keeps them from being made again.
    assert_eq!(total(&app.operator).await, 2);
    app.advance_to("23:00:00.000").await;
    assert_eq!(tap().await.text, answers[0].text);
    let other = with(batch.clone(), json!({ "dry_run": true }));
    app.operator.keyed("batch", Method::POST, "/schedules/batch", other).await.fails(422, "request_key_reused");
}

async fn two_batches_at_once_do_not_miss_each_other(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let course = app.course(json!({ "duration_min": 60 })).await;
    let days: Vec<String> = (13..30).map(|day| format!("2025-11-{day}T09:00:00+08:00")).collect();
    let times = items(&days.iter().map(String::as_str).collect::<Vec<_>>());
    let batch = json!({ "course_id": course, "teacher_id": tom.teacher, "items": times });
    let answers =
        join_all([&tom, &app.operator, &app.admin].map(|who| who.post("/schedules/batch", batch.clone()))).await;
    let made = answers.into_iter().map(|a| a.is(200)["created"].as_array().expect("a list").len());
    assert_eq!(made.sum::<usize>(), days.len());
    assert_eq!(total(&tom).await, days.len() as u64);
}

async fn a_batch_has_sound_values(app: &mut TestApp) {
    let course = app.course(json!({})).await;
    let good = json!({ "course_id": course, "items": items(&["2025-11-13T09:00:00+08:00"]) });
    let many = vec![json!({ "starts_at": "2025-11-13T09:00:00+08:00" }); 201];
    for (wrong, field) in [
        (json!({ "items": [] }), "items"),
        (json!({ "items": many }), "items"),
        (json!({ "items": null }), "items"),
        (json!({ "items": [{}] }), "starts_at"),
        (json!({ "items": items(&["2025-11-13T09:00:00+08:00", "2025-11-13"]) }), "items[1].starts_at"),
        (json!({ "items": [{ "starts_at": "2025-11-13T09:00:00+08:00", "ends_at": "x" }] }), "items[0].ends_at"),
        (json!({ "course_id": "x" }), "course_id"),
        (json!({ "teacher_id": "x" }), "teacher_id"),
        (json!({ "capacity": 0 }), "capacity"),
        (json!({ "location": "长".repeat(201) }), "location"),
        (json!({ "policy": { "window_ms": 0 } }), "policy.window_ms"),
        (json!({ "dry_run": "yes" }), "dry_run"),
    ] {
        app.operator.post("/schedules/batch", with(good.clone(), wrong)).await.invalid(field);
    }
    assert_eq!(total(&app.operator).await, 0);
}
