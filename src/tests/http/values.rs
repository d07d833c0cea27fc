//! Values that cannot be: each is refused with 400 and the name of its field, in both languages,
//! and nothing is changed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, on_both, text, with};

on_both! {
    courses_have_sound_values
    schedules_have_sound_values
    changes_of_a_schedule_are_whole_or_nothing
    bookings_and_places_have_sound_values
    queries_have_sound_values
    a_refusal_tells_the_limit_in_the_readers_language
}

/// Sends a good body with this one field changed.
async fn refuse(person: &Person, path: &str, good: &Value, field: &str, wrong: Value) {
    let body = with(good.clone(), json!({ field: wrong }));
    println!("POST {path} {body}");
    person.post(path, body).await.invalid(field);
}

async fn courses_have_sound_values(app: &mut TestApp) {
    let root = &app.admin;
    let good = json!({ "name": "书法", "kind": 1, "duration_min": 60 });
    let wrong = [
        (
            "name",
            vec![json!(""), json!("  "), json!(null), json!(5), json!(["x"]), json!("长".repeat(201)), json!("a\0")],
        ),
        ("kind", vec![json!(-1), json!(4), json!(1.5), json!("1"), json!(null), json!(1e30)]),
        ("duration_min", vec![json!(0), json!(-60), json!(1_441), json!(1_000_000_000_000_i64)]),
        ("price_fen", vec![json!(-1), json!(100_000_001), json!(i64::MAX), json!(u64::MAX), json!(9.5), json!("9")]),
        ("level", vec![json!(-1), json!(1_001)]),
        ("category", vec![json!("长".repeat(201)), json!(1)]),
        ("tier", vec![json!("gold"), json!("VIP"), json!(""), json!(1)]),
        ("confirm_mode", vec![json!("maybe"), json!(true)]),
        ("hours_per_session", vec![json!(-1), json!(101), json!("2")]),
        ("default_capacity", vec![json!(0), json!(-1), json!(1_000_001), json!(1_000_000_000_000_i64), json!(2.5)]),
        ("waitlist_capacity", vec![json!(-1), json!(10_001), json!(1_000_000_000_000_i64), json!("8")]),
    ];
    for (field, values) in wrong {
        for value in values {
            refuse(root, "/courses", &good, field, value).await;
        }
    }
    for field in ["name", "kind", "duration_min"] {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(field);
        root.post("/courses", body).await.invalid(field);
    }
    assert_eq!(root.get("/courses").await.is(200)["total"], 0);

    let edges = json!({
        "name": "长".repeat(200), "kind": 3, "duration_min": 1_440, "price_fen": 100_000_000, "level": 1_000,
        "tier": "vip", "confirm_mode": "teacher", "hours_per_session": 100, "default_capacity": 1_000_000,
        "waitlist_capacity": 10_000,
    });
    let course = root.post("/courses", edges).await.is(201);
    let path = format!("/courses/{}", text(&course["id"]));
    for (field, value) in [
        ("name", json!("")),
        ("price_fen", json!(-1)),
        ("default_capacity", json!(0)),
        ("duration_min", json!(1_441)),
        ("level", json!("high")),
    ] {
        root.patch(&path, json!({ "category": "changed", field: value })).await.invalid(field);
    }
    assert_eq!(root.get(&path).await.is(200), course);
}

async fn schedules_have_sound_values(app: &mut TestApp) {
    let course = app.course(json!({})).await;
    let root = &app.admin;
    let good = json!({ "course_id": course, "starts_at": "2025-11-12T19:00:00+08:00" });
    let instants = [
        json!("tomorrow"),
        json!("2025-11-12"),
        json!("2025-11-12 19:00"),
        json!("2025-11-12T19:00:00"),
        json!("2025-02-30T19:00:00+08:00"),
        json!("2025-11-12T25:00:00+08:00"),
        json!(1_762_945_200),
        json!(""),
        json!("9999-12-31T23:59:59Z"),
        json!("+99999-01-01T00:00:00Z"),
        json!("0001-01-01T00:00:00Z"),
        json!("1999-12-31T23:59:59Z"),
    ];
    for wrong in instants {
        refuse(root, "/schedules", &good, "starts_at", wrong.clone()).await;
        refuse(root, "/schedules", &good, "ends_at", wrong).await;
    }
    for (field, wrong) in [
        // It is eight o'clock: now is not later.
        ("starts_at", json!("2025-11-12T08:00:00+08:00")),
        ("starts_at", json!("2025-11-12T07:59:59.999+08:00")),
        ("starts_at", json!("2027-11-15T08:00:00+08:00")),
        ("starts_at", json!(null)),
        ("ends_at", json!("2025-11-12T19:00:00+08:00")),
        ("ends_at", json!("2025-11-12T18:59:59+08:00")),
        ("ends_at", json!("2025-11-13T19:00:00.001+08:00")),
        ("capacity", json!(0)),
        ("capacity", json!(-1)),
        ("capacity", json!(1_000_001)),
        ("capacity", json!(1_000_000_000_000_i64)),
        ("capacity", json!(1.5)),
        ("capacity", json!("6")),
        ("course_id", json!(null)),
        ("course_id", json!(7)),
        ("teacher_id", json!("tom")),
        ("teacher_id", json!("01ARZ3NDEKTSV4RRFFQ69G5FAV")),
        ("location", json!("长".repeat(201))),
        ("location", json!("a\0b")),
        ("policy", json!("default")),
    ] {
        refuse(root, "/schedules", &good, field, wrong).await;
    }
    for (field, wrong) in [
        ("window", json!(1)),
        ("window_ms", json!(0)),
        ("window_ms", json!(604_800_001)),
        ("cutoff_ms", json!(-1)),
        ("grace_ms", json!(3_600_001)),
        ("reminder_ms", json!(-1)),
        ("hold_ms", json!(999)),
        ("pay_ms", json!(86_400_001)),
        ("cancel_notice_ms", json!(-1)),
        ("cancel_notice_ms", json!("1h")),
        ("skip_unreachable", json!("yes")),
        ("price_modifier_fen", json!(100_000_001)),
    ] {
        let body = with(good.clone(), json!({ "policy": { field: wrong } }));
        root.post("/schedules", body).await.invalid(&format!("policy.{field}"));
    }
    assert_eq!(root.get("/slots").await.is(200)["items"], json!([]));
    let edge = json!({ "ends_at": "2025-11-13T19:00:00+08:00", "capacity": 1_000_000 });
    root.post("/schedules", with(good, edge)).await.is(201);
}

async fn changes_of_a_schedule_are_whole_or_nothing(app: &mut TestApp) {
    let class = app.class(2, json!({ "location": "A" })).await;
    app.student("amy").await.booked(&class).await;
    app.student("ben").await.booked(&class).await;
    let path = format!("/schedules/{class}");
    let before = app.admin.get("/slots").await.is(200)["items"][0].clone();
    let moved = json!({ "location": "B", "starts_at": "2025-11-12T20:00:00+08:00", "capacity": 3 });
    for (field, wrong) in [
        ("capacity", json!(0)),
        ("capacity", json!(1_000_001)),
        ("location", json!("长".repeat(201))),
        ("starts_at", json!("2025-11-12T08:00:00+08:00")),
        ("ends_at", json!("2025-11-12T20:00:00+08:00")),
        ("teacher_id", json!("nobody")),
    ] {
        app.admin.patch(&path, with(moved.clone(), json!({ field: wrong }))).await.invalid(field);
    }
    app.admin.patch(&path, with(moved.clone(), json!({ "capacity": 1 }))).await.refused("capacity_in_use");
    assert_eq!(app.admin.get("/slots").await.is(200)["items"][0], before, "nothing of it was done");
    app.admin.patch(&path, moved).await.is(200);
    let after = &app.admin.get("/slots").await.is(200)["items"][0];
    assert_eq!((&after["location"], &after["capacity"]), (&json!("B"), &json!(3)));
    assert_eq!(after["starts_at"], "2025-11-12T20:00:00.000+08:00");
}

async fn bookings_and_places_have_sound_values(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let amy = app.student("amy").await;
    let good = json!({ "schedule_id": class });
    for (field, wrong) in [
        ("schedule_id", json!(null)),
        ("schedule_id", json!(5)),
        ("schedule_id", json!({})),
        ("profile_id", json!(5)),
        ("hold_id", json!(5)),
        ("note", json!(5)),
        ("note", json!("长".repeat(2_001))),
        ("note", json!("a\0b")),
        // The same thing under its two names.
        ("slotId", json!(class)),
    ] {
        let told = if field == "slotId" { "schedule_id" } else { field };
        amy.post("/bookings", with(good.clone(), json!({ field: wrong }))).await.invalid(told);
    }
    amy.post("/bookings", json!({})).await.invalid("schedule_id");
    assert_eq!(amy.get("/bookings").await.is(200)["total"], 0);
    let noted = amy.post("/bookings", with(good, json!({ "note": "长".repeat(2_000) }))).await.is(201);
    let booking = format!("/bookings/{}", text(&noted["id"]));
    assert_eq!(amy.get(&booking).await.is(200)["note"], "长".repeat(2_000));
    amy.put(&format!("{booking}/cancel"), json!({ "reason": "长".repeat(201) })).await.invalid("reason");
    amy.put(&format!("{booking}/cancel"), json!({ "reason": 5 })).await.invalid("reason");
    amy.delete(&format!("{booking}?x=1")).await.is(200);
    app.student("cat").await.booked(&class).await;

    amy.post("/waitlist/join", json!({})).await.invalid("course_schedule_id");
    amy.post("/waitlist/join", json!({ "course_schedule_id": 1 })).await.invalid("course_schedule_id");
    let entry = amy.join(&class).await;
    for action in [json!("maybe"), json!("ACCEPT"), json!(null), json!(1)] {
        amy.put(&format!("/waitlist/{entry}/respond"), json!({ "action": action })).await.invalid("action");
    }
    amy.put(&format!("/waitlist/{entry}/respond"), json!({})).await.invalid("action");
    for (wrong, field) in [
        (json!({ "scope": "planet", "capacity": 1 }), "scope"),
        (json!({ "capacity": 1 }), "scope"),
        (json!({ "scope": "global" }), "capacity"),
        (json!({ "scope": "global", "capacity": -1 }), "capacity"),
        (json!({ "scope": "global", "capacity": 10_001 }), "capacity"),
        (json!({ "scope": "global", "ref": "x", "capacity": 1 }), "ref"),
        (json!({ "scope": "type", "ref": "gold", "capacity": 1 }), "ref"),
        (json!({ "scope": "type", "capacity": 1 }), "ref"),
    ] {
        app.operator.put("/waitlist/capacity", wrong).await.invalid(field);
    }
    assert_eq!(amy.sees(&class).await["waitlist"], json!({ "capacity": 8, "length": 1, "open": true }));
}

async fn queries_have_sound_values(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    for (person, path, field) in [
        (&app.admin, "/bookings?status=odd", "status"),
        (&app.admin, "/bookings?status=Confirmed", "status"),
        (&app.admin, "/bookings?from=yesterday", "from"),
        (&app.admin, "/bookings?from=2025-02-30", "from"),
        (&app.admin, "/bookings?to=9999-12-31T00:00:00Z", "to"),
        (&app.admin, "/bookings?to=12", "to"),
        (&app.admin, "/slots?date=2025-13-01", "date"),
        (&app.admin, "/slots?date=9999-12-31", "date"),
        (&app.admin, "/slots?date=today", "date"),
        (&app.admin, "/slots?teacher_id=tom", "teacher_id"),
        (&app.admin, "/slots/week?startDate=2025-02-30", "startDate"),
        (&app.admin, "/slots/week?startDate=2199-12-31", "startDate"),
        (&app.admin, "/slots/week?page=0", "page"),
        (&app.admin, "/slots/week?course_id=x", "course_id"),
        (&app.admin, "/slots/month?month=2025-13", "month"),
        (&app.admin, "/slots/month?month=2025-1", "month"),
        (&app.admin, "/slots/month?month=2025-11-01", "month"),
        (&app.admin, "/slots/month?month=9999-01", "month"),
        (&app.admin, "/schedules?from=yesterday", "from"),
        (&app.admin, "/schedules?to=2025-02-30", "to"),
        (&app.admin, "/schedules?from=2025-11-13&to=2025-11-12", "to"),
        (&app.admin, "/schedules?from=2025-11-01&to=2026-01-02", "to"),
        (&app.admin, "/schedules?to=2025-11-11", "to"),
        (&app.admin, "/schedules?status=full", "status"),
        (&app.admin, "/schedules?page_size=101", "page_size"),
        (&app.admin, "/schedules?teacher_id=1", "teacher_id"),
        (&app.admin, "/schedules?q=%00", "q"),
        (&tom, "/coach/bookings?date=2025-11-12T00:00:00Z", "date"),
        (&tom, "/coach/bookings?date=0000-00-00", "date"),
    ] {
        person.get(path).await.invalid(field);
    }
}

async fn a_refusal_tells_the_limit_in_the_readers_language(app: &mut TestApp) {
    let wrong = json!({ "name": "书法", "kind": 1, "duration_min": 0 });
    let chinese = app.admin.post("/courses", wrong.clone()).await.fails(400, "invalid_request");
    assert_eq!(chinese["message"], "参数 duration_min 无效：应在1到1440之间");
    let english = app.admin.in_english().post("/courses", wrong).await.fails(400, "invalid_request");
    assert_eq!(english["message"], "invalid `duration_min`: use 1 to 1440");
    let long = json!({ "schedule_id": "x", "note": "n".repeat(2_001) });
    let chinese = app.admin.post("/bookings", long.clone()).await.fails(400, "invalid_request");
    assert_eq!(chinese["message"], "参数 note 无效：最多2000个字符");
    let english = app.admin.in_english().post("/bookings", long).await.fails(400, "invalid_request");
    assert_eq!(english["message"], "invalid `note`: at most 2000 characters");
    let none = app.admin.in_english().ask(Method::POST, "/bookings", Value::Null).await.fails(400, "invalid_request");
    assert_eq!(none["message"], "invalid `schedule_id`: missing field `schedule_id` at line 1 column 2");
}
