//! What the demo is filled with, at any hour, and at a restart.

use serde_json::{Value, json};

use crate::{
    harness::app::{TestApp, text},
    store::database::Database,
};

/// Starts with demo data, or starts again, at this local time.
async fn start(time: &str) -> TestApp {
    let clock = format!("manual:{time}:00.000+08:00");
    TestApp::start_with(Database::sqlite(), &[("YUEKE_CLOCK", &clock), ("YUEKE_DEMO_DATA", "1")]).await
}

async fn restart(app: &mut TestApp, time: &str) {
    let clock = format!("manual:{time}:00.000+08:00");
    app.restart_with(&[("YUEKE_CLOCK", &clock), ("YUEKE_DEMO_DATA", "1")]).await;
}

/// What of these days has not begun, but for the one class that is about to.
async fn coming(app: &TestApp, now: &str, days: [&str; 2]) -> Vec<Value> {
    let amy = app.student("amy").await;
    let mut all = Vec::new();
    for day in days {
        all.extend(amy.get(&format!("/slots?date={day}")).await.items());
    }
    all.retain(|slot| text(&slot["starts_at"]).as_str() > now && slot["course_name"] != SOON);
    all
}

/// The course whose class is about to begin, or has begun.
const SOON: &str = "硬笔速写";

fn names(slots: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = slots.iter().map(|s| text(&s["course_name"])).collect();
    names.sort();
    names
}

#[actix::test]
async fn at_any_hour_a_day_of_classes_is_to_come() {
    for hour in ["00:30", "06:00", "13:40", "18:59", "19:00", "21:30", "23:59"] {
        let now = format!("2025-11-12T{hour}");
        let app = start(&now).await;
        let slots = coming(&app, &now, ["2025-11-12", "2025-11-13"]).await;
        assert_eq!(slots.len(), 8, "{hour}");
        let full = |s: &&Value| s["seats_left"] == 0 && s["waitlist"]["open"] == true;
        assert_eq!(slots.iter().filter(full).count(), 4, "{hour}");
        app.close().await;
    }
}

/// Its classes of this day, and who is in the first of them.
async fn soon(app: &TestApp, day: &str) -> (Vec<Value>, Vec<Value>) {
    let mut slots = app.admin.get(&format!("/slots?date={day}")).await.items();
    slots.retain(|slot| slot["course_name"] == SOON);
    let roster = app.admin.get(&format!("/schedules/{}/roster", text(&slots[0]["id"]))).await.ok();
    (slots, roster["bookings"].as_array().expect("a roster").clone())
}

#[actix::test]
async fn a_class_begins_within_minutes_and_its_coach_takes_attendance() {
    let mut app = start("2025-11-12T02:58").await;
    let (slots, roster) = soon(&app, "2025-11-12").await;
    let starts_at = text(&slots[0]["starts_at"]);
    assert_eq!((&*starts_at, roster.len()), ("2025-11-12T03:00:00.000+08:00", 5));
    let lin = app.teacher("林老师").await;
    let here = format!("/bookings/{}/complete", text(&roster[0]["id"]));
    lin.put(&here, json!({})).await.refused("schedule_not_started");
    app.admin.put("/dev/clock", json!({ "now": starts_at })).await.ok();
    assert_eq!(lin.put(&here, json!({})).await.is(200)["status"], "completed");
    // As long as it goes on, a restart begins no other.
    restart(&mut app, "2025-11-12T03:44").await;
    assert_eq!(soon(&app, "2025-11-12").await.0.len(), 1);
    restart(&mut app, "2025-11-12T03:45").await;
    let starts: Vec<_> = soon(&app, "2025-11-12").await.0.iter().map(|s| text(&s["starts_at"])).collect();
    assert_eq!(starts, ["2025-11-12T03:00:00.000+08:00", "2025-11-12T03:50:00.000+08:00"]);
    app.close().await;
}

#[actix::test]
async fn a_restart_plans_what_is_missing_and_never_fails() {
    let mut app = start("2025-11-12T13:40").await;
    let first = coming(&app, "2025-11-12T13:40", ["2025-11-12", "2025-11-13"]).await;
    // A demo teacher has something else the next morning.
    let teacher = app.admin.get("/teachers?page_size=100").await.items();
    let lin = teacher.iter().find(|t| t["name"] == "林老师").expect("a demo teacher");
    let course = app.course(json!({ "duration_min": 240 })).await;
    let own = json!({ "course_id": course, "starts_at": "2025-11-13T09:00:00+08:00", "capacity": 3,
        "teacher_id": lin["id"] });
    app.admin.post("/schedules", own).await.is(201);
    restart(&mut app, "2025-11-12T14:00").await;
    assert_eq!(coming(&app, "2025-11-12T13:40", ["2025-11-12", "2025-11-13"]).await.len(), 9, "nothing was missing");
    let times = [
        ("2025-11-12T18:40", ["2025-11-12", "2025-11-13"]),
        ("2025-11-12T23:50", ["2025-11-13", "2025-11-14"]),
        ("2025-11-13T13:05", ["2025-11-13", "2025-11-14"]),
        ("2025-11-14T09:15", ["2025-11-14", "2025-11-15"]),
    ];
    for (now, days) in times {
        restart(&mut app, now).await;
        let mut slots = coming(&app, now, days).await;
        slots.retain(|s| s["course_id"] != course.as_str());
        assert_eq!(names(&slots), names(&first), "{now}");
        let full: Vec<_> = slots.iter().filter(|s| s["seats_left"] == 0).collect();
        assert_eq!(full.len(), 4, "{now}");
    }
    app.close().await;
}

#[actix::test]
async fn a_rush_leaves_room_in_the_queue_for_those_who_watch() {
    let app = TestApp::start(Database::sqlite()).await;
    let class = app.class(3, json!({})).await;
    let rush = json!({ "schedule_id": class, "students": 60 });
    let amy = app.student("amy").await;
    let outcome = amy.post("/dev/rush", rush.clone()).await.ok();
    let queue = amy.sees(&class).await["waitlist"].clone();
    let capacity = queue["capacity"].as_u64().expect("a number");
    assert_eq!(queue["length"], capacity - 2);
    assert_eq!(
        (&outcome["booked"], &outcome["queued"], &outcome["refused"]),
        (&json!(3), &json!(capacity - 2), &json!(59 - capacity))
    );
    amy.join(&class).await;
    let outcome = amy.post("/dev/rush", rush).await.ok();
    assert_eq!((&outcome["queued"], &outcome["refused"]), (&json!(0), &json!(60)));
    app.student("ben").await.join(&class).await;
    app.close().await;
}

#[actix::test]
async fn a_database_with_something_else_in_it_is_left_alone() {
    let clock = [("YUEKE_CLOCK", "manual:2025-11-12T08:00:00.000+08:00")];
    let mut app = TestApp::start_with(Database::sqlite(), &clock).await;
    app.course(json!({})).await;
    restart(&mut app, "2025-11-12T09:00").await;
    assert_eq!(coming(&app, "2025-11-12T09:00", ["2025-11-12", "2025-11-13"]).await.len(), 0);
    assert_eq!(app.admin.get("/courses").await.items().len(), 1);
    app.close().await;
}
