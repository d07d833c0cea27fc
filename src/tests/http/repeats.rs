//! Changes of several steps under a request key: the first answer is kept, and nothing is done again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, with};

on_both! {
    a_class_is_run_once_per_key
    a_booking_is_moved_once_per_key
    what_was_refused_is_refused_again
    a_move_onto_an_offered_seat_remembers_where_it_came_from
    an_old_key_disturbs_nobody
    a_move_tapped_twice_is_one_move
}

async fn twice(who: &Person, key: &str, method: Method, path: &str, body: Value) -> String {
    let first = who.keyed(key, method.clone(), path, body.clone()).await;
    let again = who.keyed(key, method.clone(), path, body.clone()).await;
    assert_eq!((first.status, &first.text), (again.status, &again.text), "{path}");
    who.keyed(key, method, path, with(body, json!({ "more": 1 }))).await.fails(422, "request_key_reused");
    first.text
}

async fn a_class_is_run_once_per_key(app: &mut TestApp) {
    let class = app.class(3, json!({})).await;
    let run = |what: &str| format!("/schedules/{class}/{what}");
    let operator = app.operator.clone();

    let blocked = twice(&operator, "block", Method::POST, &run("block"), json!({})).await;
    operator.post(&run("unblock"), json!({})).await.ok();
    // The same key does not block it again, and is answered as it was.
    let again = operator.keyed("block", Method::POST, &run("block"), json!({})).await;
    assert_eq!(again.text, blocked);
    assert_eq!(app.admin.sees(&class).await["availability"], "available");

    twice(&operator, "unblock", Method::POST, &run("unblock"), json!({})).await;
    let place = json!({ "capacity": 5, "location": "B" });
    twice(&operator, "change", Method::PATCH, &format!("/schedules/{class}"), place).await;
    assert_eq!(app.admin.sees(&class).await["capacity"], 5);
    twice(&operator, "early", Method::POST, &run("complete"), json!({})).await;
    app.advance_to("19:00:00.000").await;
    // What was refused before the start is refused under its key, and done under another.
    operator.keyed("early", Method::POST, &run("complete"), json!({})).await.refused("schedule_not_started");
    twice(&operator, "complete", Method::POST, &run("complete"), json!({})).await;

    let other = app.class(1, json!({ "starts_at": at("20:00:00.000") })).await;
    twice(&operator, "revoke", Method::POST, &format!("/schedules/{other}/revoke"), json!({})).await;
}

async fn a_booking_is_moved_once_per_key(app: &mut TestApp) {
    let (one, two) = (app.class(1, json!({})).await, app.class(1, json!({ "starts_at": at("15:00:00.000") })).await);
    let amy = app.student("amy").await;
    let booking = amy.booked(&one).await;
    let path = format!("/bookings/{booking}/move");
    let told = twice(&amy, "move", Method::PUT, &path, json!({ "schedule_id": two })).await;
    app.restart("08:00:00.000").await;
    assert_eq!(amy.keyed("move", Method::PUT, &path, json!({ "schedule_id": two })).await.text, told);
    assert_eq!(amy.sees(&one).await["seats_taken"], 0);
    assert_eq!(amy.sees(&two).await["seats_taken"], 1);
}

async fn what_was_refused_is_refused_again(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    app.student("amy").await.booked(&class).await;
    let path = format!("/schedules/{class}");
    let operator = app.operator.clone();
    operator.keyed("k", Method::PATCH, &path, json!({ "capacity": 0 })).await.invalid("capacity");
    // A fault of the caller is not remembered: the key is still free.
    operator.keyed("k", Method::PATCH, &path, json!({ "capacity": 2 })).await.ok();
    app.student("ben").await.booked(&class).await;
    operator.keyed("less", Method::PATCH, &path, json!({ "capacity": 1 })).await.refused("capacity_in_use");
    operator.patch(&path, json!({ "capacity": 3 })).await.ok();
    operator.keyed("less", Method::PATCH, &path, json!({ "capacity": 1 })).await.refused("capacity_in_use");
}

/// The second of two moves finds what the first one did, also where an offer was accepted with it.
async fn a_move_onto_an_offered_seat_remembers_where_it_came_from(app: &mut TestApp) {
    let (one, two) = (app.class(1, json!({})).await, app.class(1, json!({ "starts_at": at("15:00:00.000") })).await);
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let booking = amy.booked(&one).await;
    let taken = ben.booked(&two).await;
    amy.join(&two).await;
    ben.cancel(&taken).await.ok();
    let path = format!("/bookings/{booking}/move");
    let moved = amy.put(&path, json!({ "schedule_id": two })).await.ok();
    let again = amy.put(&path, json!({ "schedule_id": two })).await.ok();
    assert_eq!((&moved["id"], &moved["source"]), (&again["id"], &json!("race")));
}

/// Nobody else is disturbed by an old key.
async fn an_old_key_disturbs_nobody(app: &mut TestApp) {
    let class = app.class(100, json!({})).await;
    let amy = app.student("amy").await;
    let book = json!({ "schedule_id": class });
    let first = amy.keyed("k", Method::POST, "/bookings", book.clone()).await;
    let others = app.students("other", 20).await;
    for other in &others {
        amy.cancel(amy.sees(&class).await["mine"]["booking"]["id"].as_str().unwrap_or_default()).await;
        let (again, booked) =
            tokio::join!(amy.keyed("k", Method::POST, "/bookings", book.clone()), other.book(&class),);
        assert_eq!(again.text, first.text);
        booked.is(201);
    }
}

/// Two taps: one of them may be told to wait, and both are told the same in the end.
async fn a_move_tapped_twice_is_one_move(app: &mut TestApp) {
    let (one, two) = (app.class(1, json!({})).await, app.class(1, json!({ "starts_at": at("15:00:00.000") })).await);
    let amy = app.student("amy").await;
    let path = format!("/bookings/{}/move", amy.booked(&one).await);
    let tap = || amy.keyed("tap", Method::PUT, &path, json!({ "schedule_id": two }));
    let (left, right) = tokio::join!(tap(), tap());
    for answer in [left, right] {
        match answer.status {
            200 => {}
            _ => drop(answer.refused("request_in_progress")),
        }
    }
    tap().await.ok();
    assert_eq!(amy.sees(&one).await["seats_taken"], 0);
}
