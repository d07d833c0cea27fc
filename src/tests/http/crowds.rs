//! Many requests at once: one seat has one owner, and one student is in one place.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::app::{Answer, Person, TestApp, at, on_both, text};

on_both! {
    the_seats_go_to_as_many_as_there_are
    one_student_is_in_one_place
    one_of_many_confirms_wins
    the_last_place_in_line_goes_to_one
    a_booking_moves_to_one_place
    a_booking_is_cancelled_once
    a_refresh_token_is_taken_once
    a_rush_is_told_in_numbers
}

/// How many were answered with this status; the others must all be refused with this reason.
fn count(answers: Vec<Answer>, status: u16, reason: &str) -> usize {
    let (good, rest): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == status);
    for answer in rest {
        answer.refused(reason);
    }
    good.len()
}

async fn the_seats_go_to_as_many_as_there_are(app: &mut TestApp) {
    let class = app.class(3, json!({})).await;
    let people = app.students("p", 20).await;
    let answers = join_all(people.iter().map(|p| p.book(&class))).await;
    assert_eq!(count(answers, 201, "schedule_full"), 3);
    let seen = app.admin.sees(&class).await;
    assert_eq!((&seen["seats_taken"], &seen["seats_left"]), (&json!(3), &json!(0)));
    let booked = app.admin.get("/bookings?status=confirmed").await.items();
    let mut numbers: Vec<_> = booked.iter().map(|b| text(&b["booking_no"])).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 3);
    app.audit().await;
}

async fn one_student_is_in_one_place(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let mut classes = Vec::new();
    for minute in 0..10 {
        let starts_at = at(&format!("19:{minute:02}:00.000"));
        classes.push(app.class(2, json!({ "starts_at": starts_at })).await);
    }
    let answers = join_all(classes.iter().map(|c| amy.book(c))).await;
    assert_eq!(count(answers, 201, "time_conflict"), 1);
    assert_eq!(amy.get("/bookings").await.is(200)["total"], 1);
    // The same class many times, without a key.
    let ben = app.student("ben").await;
    let answers = join_all((0..10).map(|_| ben.book(&classes[0]))).await;
    assert_eq!(count(answers, 201, "already_booked"), 1);
}

async fn one_of_many_confirms_wins(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let seated = app.student("seated").await;
    let seat = seated.booked(&class).await;
    let mut line = Vec::new();
    for person in app.students("p", 8).await {
        let entry = person.join(&class).await;
        line.push((person, entry));
    }
    seated.cancel(&seat).await.is(200);
    let answers = join_all(line.iter().map(|(person, entry)| person.accept(entry))).await;
    assert_eq!(count(answers, 200, "offer_taken"), 1);
    let mut places = Vec::new();
    for (person, entry) in &line {
        places.push(person.place(entry).await);
    }
    let waiting: Vec<u64> = places.iter().filter(|(s, _)| s == "waiting").map(|(_, n)| *n).collect();
    assert_eq!(waiting, [1, 2, 3, 4, 5, 6, 7], "the others keep their order");
    assert_eq!(app.admin.sees(&class).await["seats_taken"], 1);
}

async fn the_last_place_in_line_goes_to_one(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    app.student("seated").await.booked(&class).await;
    let people = app.students("p", 12).await;
    let answers = join_all(people.iter().map(|p| p.try_join(&class))).await;
    let mut places: Vec<_> = answers.iter().filter_map(|a| a.body["data"]["position"].as_u64()).collect();
    places.sort_unstable();
    assert_eq!(places, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(count(answers, 200, "queue_full"), 8);
}

async fn move_to(person: &Person, booking: &str, to: &str) -> Answer {
    person.put(&format!("/bookings/{booking}/move"), json!({ "schedule_id": to })).await
}

async fn a_booking_moves_to_one_place(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let from = app.class(1, json!({})).await;
    let booking = amy.booked(&from).await;
    let mut others = Vec::new();
    for hour in [10, 12, 14, 16] {
        let starts_at = at(&format!("{hour}:00:00.000"));
        others.push(app.class(1, json!({ "starts_at": starts_at })).await);
    }
    let answers = join_all(others.iter().map(|to| move_to(&amy, &booking, to))).await;
    assert_eq!(count(answers, 200, "booking_ended"), 1);
    assert_eq!(amy.get("/bookings?status=confirmed").await.is(200)["total"], 1);
    let mut taken = 0;
    for class in others.iter().chain([&from]) {
        taken += app.admin.sees(class).await["seats_taken"].as_u64().expect("a number");
    }
    assert_eq!(taken, 1, "one seat");
}

async fn a_booking_is_cancelled_once(app: &mut TestApp) {
    let course = app.course(json!({ "price_fen": 100 })).await;
    let class = app.class_of(&course, 1, json!({})).await;
    let amy = app.student("amy").await;
    let booking = amy.booked(&class).await;
    let paid = join_all((0..5).map(|_| amy.pay(&booking))).await;
    assert!(paid.iter().all(|a| a.status == 200 && a.text == paid[0].text));
    let ended = join_all((0..10).map(|_| amy.cancel(&booking))).await;
    assert!(ended.iter().all(|a| a.status == 200 && a.text == ended[0].text));
    assert_eq!(ended[0].body["data"]["payment_status"], "refunded");
    let kinds = app.inbox(&amy).await;
    assert_eq!(kinds, ["booking_pending", "booking_confirmed", "booking_cancelled"]);
}

async fn a_refresh_token_is_taken_once(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let nobody = app.anybody();
    let body = json!({ "refresh_token": amy.refresh });
    let answers = join_all((0..6).map(|_| nobody.post("/token/refresh", body.clone()))).await;
    let good: Vec<&Answer> = answers.iter().filter(|a| a.status == 200).collect();
    assert_eq!(good.len(), 1);
    // The others looked like a thief: nobody is left in.
    let fresh = amy.again(&good[0].body["data"]);
    fresh.get("/users/profile").await.fails(401, "unauthorized");
}

async fn a_rush_is_told_in_numbers(app: &mut TestApp) {
    let class = app.class(5, json!({})).await;
    let rush = json!({ "schedule_id": class, "students": 20 });
    let told = app.student("amy").await.post("/dev/rush", rush.clone()).await.is(200);
    let numbers = ["students", "booked", "queued", "refused"].map(|name| &told[name]);
    assert_eq!(numbers, [&json!(20), &json!(5), &json!(6), &json!(9)]);
    let seen = app.admin.sees(&class).await;
    assert_eq!((&seen["seats_taken"], &seen["waitlist"]["length"]), (&json!(5), &json!(6)));
    let freed = app.admin.post("/dev/release", json!({ "schedule_id": class })).await.is(200);
    assert_eq!((&freed["status"], &freed["schedule_id"]), (&json!("cancelled"), &json!(class)));
    assert_eq!(app.admin.sees(&class).await["seats_offered"], 1);
    for (field, wrong) in [("students", json!(0)), ("students", json!(501)), ("students", json!(-1))] {
        let body = crate::harness::app::with(rush.clone(), json!({ field: wrong }));
        app.admin.post("/dev/rush", body).await.invalid(field);
    }
    for path in ["/dev/rush", "/dev/release"] {
        let body = json!({ "schedule_id": "x", "students": 1 });
        app.admin.ask(Method::POST, path, body).await.fails(404, "unknown_schedule");
        app.admin.ask(Method::POST, path, Value::Null).await.invalid("schedule_id");
    }
}
