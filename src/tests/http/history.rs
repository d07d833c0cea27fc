//! What happened to a class, as its staff and its teacher are told.

use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, text};

on_both! {
    a_class_is_told_from_its_beginning
    every_kind_of_event_is_told_under_its_stored_name
    history_is_paged_by_what_happened_at_once
}

async fn history(who: &Person, class: &str, query: &str) -> Vec<Value> {
    who.get(&format!("/schedules/{class}/history{query}")).await.items()
}

/// Of each: the time, the event, and whom it is about.
fn told(items: &[Value]) -> Vec<String> {
    let tell = |item: &Value| {
        let who = item["nickname"].as_str().unwrap_or("-");
        format!("{} {} {who}", &text(&item["at"])[11..16], text(&item["event"]))
    };
    items.iter().map(tell).collect()
}

async fn a_class_is_told_from_its_beginning(app: &mut TestApp) {
    let teacher = app.teacher("tom").await;
    let course = app.course(json!({})).await;
    let class = json!({ "course_id": course, "starts_at": at("19:00:00.000"), "capacity": 1 });
    let class = text(&teacher.post("/schedules", class).await.is(201)["id"]);
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let seat = amy.booked(&class).await;
    let entry = ben.join(&class).await;
    app.advance_to("09:00:00.000").await;
    amy.cancel(&seat).await.ok();
    app.advance_to("09:05:00.000").await;
    ben.begin(&entry).await.ok();
    ben.accept(&entry).await.ok();

    let items = history(&teacher, &class, "").await;
    let expected = [
        "08:00 opened -",
        "08:00 booked amy",
        "08:00 joined ben",
        "09:00 booking_cancelled amy",
        "09:00 round_opened -",
        "09:00 offer_sent ben",
        "09:05 offer_begun ben",
        "09:05 offer_ended ben",
        "09:05 round_ended -",
        "09:05 entry_ended ben",
        "09:05 booked ben",
    ];
    assert_eq!(told(&items), expected);
    assert_eq!(items, history(&app.operator, &class, "").await);
    let details = |n: usize| &items[n]["details"];
    let opened = json!({
        "course_id": course, "teacher_id": teacher.teacher, "starts_at": at("19:00:00.000"),
        "ends_at": at("21:00:00.000"), "capacity": 1, "status": "open",
    });
    assert_eq!(*details(0), opened);
    assert_eq!((&details(1)["booking_id"], &details(1)["state"]), (&json!(seat), &json!("confirmed")));
    assert_eq!(*details(3), json!({ "booking_id": seat, "cancelled_by": "student", "reason": null }));
    assert_eq!((&details(5)["stage"], &details(5)["deadline"]), (&json!("race"), &json!(at("09:15:00.000"))));
    assert_eq!((&details(7)["end"], &details(8)["end"]), (&json!("accepted"), &json!("won")));
    assert_eq!((&details(10)["source"], &items[10]["student_id"]), (&json!("race"), &json!(ben.student)));
}

/// As the log itself spells them.
async fn every_kind_of_event_is_told_under_its_stored_name(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let golden = include_str!("../golden/events.jsonl");
    let stored: Vec<Value> = golden.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let mut version = 1;
    for chunk in stored.chunks(10) {
        version += 1;
        let events = Value::from(chunk.to_vec()).to_string();
        let sql = "insert into schedule_events (schedule_id, version, epoch, at, events)";
        app.db.exec(&format!("{sql} values ('{class}', {version}, 1, 1762900000000, '{events}')")).await;
    }
    app.db.exec(&format!("update schedules set version = {version} where id = '{class}'")).await;
    app.restart("08:00:00.000").await;
    let items = history(&app.admin, &class, "?page_size=100").await;
    let names = |of: &[Value]| of.iter().map(|e| text(&e["event"])).collect::<Vec<_>>();
    assert_eq!(names(&items[1..]), names(&stored));
    for (item, event) in items[1..].iter().zip(&stored) {
        assert_eq!(item["student_id"], event["student"], "{event}");
        let details = item["details"].as_object().expect("an object");
        assert!(!details.is_empty() && !details.contains_key("at"), "{item}");
    }
    app.db.exec(&format!("delete from schedule_events where schedule_id = '{class}' and version > 1")).await;
    app.db.exec(&format!("update schedules set version = 1 where id = '{class}'")).await;
}

async fn history_is_paged_by_what_happened_at_once(app: &mut TestApp) {
    let class = app.class(3, json!({})).await;
    for name in ["amy", "ben", "cat"] {
        app.student(name).await.booked(&class).await;
    }
    let page = async |query: &str| told(&history(&app.operator, &class, query).await);
    assert_eq!(page("?page_size=2").await, ["08:00 opened -", "08:00 booked amy"]);
    assert_eq!(page("?page_size=2&page=2").await, ["08:00 booked ben", "08:00 booked cat"]);
    assert_eq!(page("?page_size=2&page=3").await, Vec::<String>::new());
    let first = app.operator.get(&format!("/schedules/{class}/history?page_size=2")).await.is(200);
    assert_eq!((&first["total"], &first["items"][1]["version"]), (&json!(4), &json!(2)));
    // Nothing was due at the end of a queue that nobody stood in.
    app.advance_to("13:00:00.000").await;
    assert_eq!(page("").await.len(), 4);
}
