//! Request keys: a repeated request is answered with the same bytes and has one effect.

use futures_util::future::join_all;
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};

use crate::harness::app::{Answer, Person, TestApp, at, on_both, text, with};

on_both! {
    a_repeated_request_has_one_effect
    every_change_of_a_booking_is_answered_again
    every_answer_to_an_offer_is_answered_again
    every_change_of_a_plan_is_answered_again
    a_refusal_is_answered_again
    another_request_under_the_key_is_refused
    what_was_no_decision_is_not_remembered
    everybody_has_keys_of_their_own
    keys_have_a_shape
    logging_in_ignores_keys
    a_clock_moves_once_per_key
    what_else_is_done_once_per_key
    answers_outlive_a_restart_and_a_day
    many_at_once_are_one
    a_repeated_size_is_not_set_again
}

/// Sends it, lets a second pass, sends it again, and with another body.
async fn twice(app: &TestApp, person: &Person, method: Method, path: &str, body: Value) -> Answer {
    let key: String = format!("{method} {path} {body}").chars().filter(char::is_ascii).take(255).collect();
    let key = &*key;
    let first = person.keyed(key, method.clone(), path, body.clone()).await;
    app.admin.put("/dev/clock", json!({ "advance_ms": 1_000 })).await.ok();
    let again = person.keyed(key, method.clone(), path, body.clone()).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text), "{method} {path}");
    let english = person.in_english().keyed(key, method.clone(), path, body.clone()).await;
    assert_eq!((english.status, &english.text), (first.status, &first.text), "{method} {path} in English");
    let other = with(body, json!({ "another": 1 }));
    person.keyed(key, method, path, other).await.fails(422, "request_key_reused");
    first
}

async fn a_repeated_request_has_one_effect(app: &mut TestApp) {
    let class = app.class(2, json!({})).await;
    let amy = app.student("amy").await;
    let booking = twice(app, &amy, Method::POST, "/bookings", json!({ "schedule_id": class })).await.is(201);
    let listed = amy.get("/bookings").await.is(200);
    assert_eq!((&listed["total"], &listed["items"][0]["id"]), (&json!(1), &booking["id"]));
    assert_eq!(amy.sees(&class).await["seats_taken"], 1);
    assert_eq!(app.inbox(&amy).await, ["booking_confirmed"], "told once");
    // The documents' older paths are the same requests.
    let (path, body) = ("/api/bookings", json!({ "schedule_id": class }));
    let key = format!("POST /bookings {body}");
    let older = amy.send(Method::POST, path, &[("idempotency-key", &key)], body).await.is(201);
    assert_eq!(older, booking);
}

async fn every_change_of_a_booking_is_answered_again(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let course = app.course(json!({ "confirm_mode": "teacher", "price_fen": 100 })).await;
    let class = app.class_of(&course, 5, json!({ "teacher_id": tom.teacher })).await;
    let (first, second) = (app.class(5, json!({})).await, app.class(5, json!({})).await);
    let amy = app.student("amy").await;

    let held = twice(app, &amy, Method::POST, &format!("/schedules/{class}/hold"), json!({})).await.is(200);
    assert!(held["hold_id"].is_string(), "{held}");
    let released = twice(app, &amy, Method::DELETE, &format!("/schedules/{class}/hold"), json!({})).await.is(200);
    assert_eq!(released, json!({ "released": true }));

    let booking = format!("/bookings/{}", amy.booked(&class).await);
    let pay = json!({ "booking_id": booking["/bookings/".len()..] });
    let paid = twice(app, &amy, Method::POST, "/pay", pay).await.is(200);
    assert_eq!((&paid["status"], &paid["payment_status"]), (&json!("pending"), &json!("paid")));
    let confirmed = twice(app, &tom, Method::PUT, &format!("{booking}/confirm"), json!({})).await.is(200);
    assert_eq!(confirmed["status"], "confirmed");
    let cancelled = twice(app, &amy, Method::PUT, &format!("{booking}/cancel"), json!({ "reason": "ill" })).await;
    assert_eq!(cancelled.is(200)["payment_status"], "refunded");
    let again = twice(app, &amy, Method::PUT, &format!("{booking}/cancel"), json!({ "reason": "late" })).await.is(200);
    assert_eq!(again["cancel_reason"], "ill", "under another key it is cancelled already");
    twice(app, &amy, Method::DELETE, &booking, json!({})).await.is(200);

    let booking = amy.booked(&first).await;
    let moved = json!({ "schedule_id": second });
    let moved = twice(app, &amy, Method::PUT, &format!("/bookings/{booking}/move"), moved).await.is(200);
    assert_eq!(moved["schedule_id"], second);
    assert_eq!(amy.sees(&first).await["seats_taken"], 0);
    assert_eq!(amy.sees(&second).await["seats_taken"], 1);
    let ben = app.student("ben").await.booked(&second).await;
    app.advance_to("19:00:00.000").await;
    let path = format!("/bookings/{}/complete", text(&moved["id"]));
    assert_eq!(twice(app, &app.operator, Method::PUT, &path, json!({})).await.is(200)["status"], "completed");
    let path = format!("/bookings/{ben}/no-show");
    assert_eq!(twice(app, &app.operator, Method::PUT, &path, json!({})).await.is(200)["status"], "no_show");
}

async fn every_answer_to_an_offer_is_answered_again(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let ben = app.student("ben").await;
    let seat = ben.booked(&class).await;
    let mut entries = Vec::new();
    for name in ["amy", "cat", "dan"] {
        let person = app.student(name).await;
        let join = json!({ "course_schedule_id": class });
        let joined = twice(app, &person, Method::POST, "/waitlist/join", join).await.is(200);
        entries.push((person, format!("/waitlist/{}", text(&joined["waitlist_id"]))));
    }
    assert_eq!(ben.sees(&class).await["waitlist"]["length"], 3);
    ben.cancel(&seat).await.ok();

    let (dan, entry) = &entries[2];
    let left = twice(app, dan, Method::DELETE, entry, json!({})).await.is(200);
    assert_eq!((&left["status"], &left["position"]), (&json!("cancelled"), &json!(0)));
    let left = dan.keyed("again", Method::DELETE, entry, json!({})).await;
    assert_eq!(dan.keyed("again", Method::DELETE, entry, json!({})).await.text, left.text);
    dan.keyed("again", Method::DELETE, entry, json!({ "x": 1 })).await.fails(422, "request_key_reused");

    let (amy, entry) = &entries[0];
    let begun = twice(app, amy, Method::POST, &format!("{entry}/begin"), json!({})).await.is(200);
    assert_eq!(amy.offer(&class).await["begun_at"], begun["begun_at"]);
    let accept = json!({ "action": "accept" });
    let accepted = twice(app, amy, Method::PUT, &format!("{entry}/respond"), accept).await.is(200);
    assert_eq!(accepted["booking"]["status"], "confirmed");

    let (cat, entry) = &entries[1];
    let lost = twice(app, cat, Method::PUT, &format!("{entry}/respond"), json!({ "action": "accept" })).await;
    lost.refused("offer_taken");
    let booking = text(&accepted["booking"]["id"]);
    amy.cancel(&booking).await.ok();
    let decline = json!({ "action": "decline" });
    let declined = twice(app, cat, Method::PUT, &format!("{entry}/respond"), decline).await.is(200);
    assert_eq!((&declined["booking"], &declined["entry"]["status"]), (&Value::Null, &json!("waiting")));
    let notify = json!({ "schedule_id": class });
    twice(app, &app.operator, Method::POST, "/waitlist/notify", notify).await;
    assert_eq!(app.inbox(amy).await.iter().filter(|k| *k == "booking_confirmed").count(), 1);
}

async fn every_change_of_a_plan_is_answered_again(app: &mut TestApp) {
    let root = &app.admin;
    let course = json!({ "name": "书法", "kind": 1, "duration_min": 60, "waitlist_capacity": 3 });
    let course = text(&twice(app, root, Method::POST, "/courses", course).await.is(201)["id"]);
    assert_eq!(root.get("/courses").await.is(200)["total"], 1);
    let sizes = root.get("/waitlist/capacity").await.items();
    assert_eq!(sizes.iter().filter(|s| s["scope"] == "course").count(), 1, "one course has a size");
    let path = format!("/courses/{course}");
    let named = twice(app, root, Method::PATCH, &path, json!({ "name": "国画" })).await.is(200);
    assert_eq!(named["name"], "国画");

    let class = json!({ "course_id": course, "starts_at": "2025-11-12T19:00:00+08:00", "capacity": 1 });
    let class = text(&twice(app, root, Method::POST, "/schedules", class).await.is(201)["id"]);
    assert_eq!(root.get("/slots").await.items().len(), 1);
    let path = format!("/schedules/{class}");
    let change = json!({ "capacity": 4, "location": "B", "starts_at": "2025-11-12T18:00:00+08:00" });
    assert_eq!(twice(app, root, Method::PATCH, &path, change).await.is(200)["capacity"], 4);
    for (verb, availability) in [("block", "blocked"), ("unblock", "available"), ("revoke", "revoked")] {
        let told = twice(app, root, Method::POST, &format!("{path}/{verb}"), json!({})).await.is(200);
        assert_eq!(told["availability"], availability);
    }
    // It stays as it is now, whatever is repeated.
    let block = format!("POST {path}/block {{}}");
    root.keyed(&block, Method::POST, &format!("{path}/block"), json!({})).await.is(200);
    assert_eq!(root.sees(&class).await["availability"], "revoked");
    twice(app, root, Method::POST, &format!("{path}/complete"), json!({})).await.refused("schedule_ended");
    let size = json!({ "scope": "global", "capacity": 4 });
    twice(app, root, Method::PUT, "/waitlist/capacity", size).await.is(200);

    let class = app.class_of(&course, 1, json!({})).await;
    let amy = app.student("amy").await;
    amy.booked(&class).await;
    let message = text(&app.messages(&amy, "").await[0]["id"]);
    let read = twice(app, &amy, Method::PUT, &format!("/messages/{message}/read"), json!({})).await.is(200);
    assert!(read["read_at"].is_string(), "{read}");
    let all = twice(app, &amy, Method::POST, "/messages/read-all", json!({})).await.is(200);
    assert_eq!(all, json!({ "read": 0 }));
}

async fn a_refusal_is_answered_again(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let seat = amy.booked(&class).await;
    let book = json!({ "schedule_id": class });
    let refused = ben.keyed("b1", Method::POST, "/bookings", book.clone()).await;
    amy.cancel(&seat).await.ok();
    let again = ben.keyed("b1", Method::POST, "/bookings", book.clone()).await;
    assert_eq!(again.text, refused.text, "although a seat is free now");
    again.refused("schedule_full");
    assert_eq!(amy.sees(&class).await["seats_taken"], 0);
    ben.keyed("b2", Method::POST, "/bookings", book).await.is(201);
}

async fn another_request_under_the_key_is_refused(app: &mut TestApp) {
    let (class, other) = (app.class(5, json!({})).await, app.class(5, json!({ "location": "B" })).await);
    let amy = app.student("amy").await;
    let book = json!({ "schedule_id": class });
    let first = amy.keyed("k", Method::POST, "/bookings", book.clone()).await;
    let booking = text(&first.body["data"]["id"]);
    let reused = "request_key_reused";
    amy.keyed("k", Method::POST, "/bookings", json!({ "schedule_id": other })).await.fails(422, reused);
    amy.keyed("k", Method::POST, "/bookings?x=1", book.clone()).await.fails(422, reused);
    amy.keyed("k", Method::DELETE, &format!("/bookings/{booking}"), json!({})).await.fails(422, reused);
    amy.keyed("k", Method::PUT, &format!("/bookings/{booking}/cancel"), json!({})).await.fails(422, reused);
    amy.keyed("k", Method::POST, &format!("/schedules/{other}/hold"), json!({})).await.fails(422, reused);
    // The same words in another order are other bytes.
    let spaced = format!(r#"{{ "schedule_id": "{class}" }}"#);
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    amy.send_raw(Method::POST, "/api/v1/bookings", &headers, spaced).await.fails(422, reused);
    assert_eq!(amy.keyed("k", Method::POST, "/bookings", book).await.text, first.text, "the first stands");
    assert_eq!(amy.get(&format!("/bookings/{booking}")).await.is(200)["status"], "confirmed");
    assert_eq!(amy.sees(&other).await["seats_held"], 0);
    // A key says nothing about looking.
    amy.keyed("k", Method::GET, "/bookings", Value::Null).await.is(200);
}

async fn what_was_no_decision_is_not_remembered(app: &mut TestApp) {
    let class = app.class(5, json!({})).await;
    let amy = app.student("amy").await;
    let book = json!({ "schedule_id": class });
    let path = "/bookings";
    amy.keyed("k", Method::POST, path, json!({})).await.invalid("schedule_id");
    amy.keyed("k", Method::POST, path, json!({ "schedule_id": "x" })).await.fails(404, "unknown_schedule");
    let headers = [("content-type", "text/plain"), ("idempotency-key", "k")];
    amy.send_raw(Method::POST, "/api/v1/bookings", &headers, "x").await.fails(415, "unsupported_media_type");
    amy.keyed("k", Method::POST, &format!("/schedules/{class}/block"), json!({})).await.fails(403, "forbidden");
    app.anybody().keyed("k", Method::POST, path, book.clone()).await.fails(401, "unauthorized");
    let booked = amy.keyed("k", Method::POST, path, book.clone()).await;
    let text = booked.text.clone();
    booked.is(201);
    amy.keyed("k", Method::POST, path, json!({})).await.invalid("schedule_id");
    assert_eq!(amy.keyed("k", Method::POST, path, book).await.text, text);
    let change = json!({ "capacity": 0 });
    app.admin.keyed("k", Method::PATCH, &format!("/schedules/{class}"), change).await.invalid("capacity");
    let change = json!({ "capacity": 9 });
    app.admin.keyed("k", Method::PATCH, &format!("/schedules/{class}"), change).await.is(200);
}

async fn everybody_has_keys_of_their_own(app: &mut TestApp) {
    let class = app.class(5, json!({})).await;
    let book = json!({ "schedule_id": class });
    let mut ids = Vec::new();
    for name in ["amy", "ben", "cat"] {
        let person = app.student(name).await;
        let booking = person.keyed("k", Method::POST, "/bookings", book.clone()).await.is(201);
        assert_eq!(booking["student_id"], person.student);
        // Another login of the same account is the same caller.
        let phone = app.student(name).await;
        let again = phone.keyed("k", Method::POST, "/bookings", book.clone()).await.is(201);
        assert_eq!(again, booking);
        ids.push(text(&booking["id"]));
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

async fn keys_have_a_shape(app: &mut TestApp) {
    let class = app.class(5, json!({})).await;
    let root = &app.admin;
    let long = "k".repeat(256);
    for key in ["", " ", "a\tb", &long] {
        for (method, path, body) in [
            (Method::POST, "/bookings".to_owned(), json!({ "schedule_id": class })),
            (Method::POST, "/waitlist/join".to_owned(), json!({ "course_schedule_id": class })),
            (Method::POST, format!("/schedules/{class}/block"), json!({})),
            (Method::POST, format!("/schedules/{class}/hold"), json!({})),
            (Method::DELETE, format!("/schedules/{class}/hold"), json!({})),
            (Method::PATCH, format!("/schedules/{class}"), json!({ "capacity": 9 })),
            (Method::PUT, "/waitlist/capacity".to_owned(), json!({ "scope": "global", "capacity": 1 })),
            (Method::POST, "/messages/read-all".to_owned(), json!({})),
            (Method::DELETE, format!("/sessions/{class}"), json!({})),
            (Method::POST, "/logout".to_owned(), json!({})),
            (Method::POST, "/ws/ticket".to_owned(), json!({})),
            (Method::PUT, "/dev/clock".to_owned(), json!({ "advance_ms": 1 })),
            (Method::POST, "/dev/people".to_owned(), json!({ "role": "student", "prefix": "p", "count": 1 })),
            (Method::POST, "/dev/rush".to_owned(), json!({ "schedule_id": class, "students": 1 })),
            (Method::POST, "/dev/release".to_owned(), json!({ "schedule_id": class })),
        ] {
            root.keyed(key, method, &path, body).await.invalid("Idempotency-Key");
        }
    }
    let url = format!("http://{}/api/v1/bookings", app.running.address);
    let chinese = HeaderValue::from_bytes("键".as_bytes()).expect("bytes");
    let asked = reqwest::Client::new().post(url).bearer_auth(&root.token).header("idempotency-key", chinese);
    let answer = asked.json(&json!({ "schedule_id": class })).send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
    let seen = root.sees(&class).await;
    assert_eq!((&seen["seats_taken"], &seen["seats_held"], &seen["capacity"]), (&json!(0), &json!(0), &json!(5)));
    for key in ["k", "a key with spaces, and ~!@#", &long[1..]] {
        let person = app.student(&key[..1]).await;
        let first = person.keyed(key, Method::POST, "/bookings", json!({ "schedule_id": class })).await;
        let again = person.keyed(key, Method::POST, "/bookings", json!({ "schedule_id": class })).await;
        assert_eq!(first.text, again.text);
    }
}

async fn answers_outlive_a_restart_and_a_day(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let book = json!({ "schedule_id": class });
    let booked = amy.keyed("k", Method::POST, "/bookings", book.clone()).await;
    let refused = ben.keyed("k", Method::POST, "/bookings", book.clone()).await;
    let block = format!("/schedules/{class}/block");
    let blocked = app.operator.keyed("k", Method::POST, &block, json!({})).await;
    app.restart("09:00:00.000").await;
    let (admin, path) = (app.admin.clone(), "/bookings");
    for _ in 0..2 {
        assert_eq!(amy.keyed("k", Method::POST, path, book.clone()).await.text, booked.text);
        assert_eq!(ben.keyed("k", Method::POST, path, book.clone()).await.text, refused.text);
        assert_eq!(app.operator.keyed("k", Method::POST, &block, json!({})).await.text, blocked.text);
        amy.keyed("k", Method::POST, path, json!({ "slotId": class })).await.fails(422, "request_key_reused");
        // The class began and ended on the way.
        admin.put("/dev/clock", json!({ "now": "2025-11-13T08:00:00+08:00" })).await.is(200);
    }
    assert_eq!((booked.status, refused.status), (201, 409));
    assert_eq!(amy.get("/bookings").await.is(200)["total"], 1);
}

async fn many_at_once_are_one(app: &mut TestApp) {
    let class = app.class(50, json!({})).await;
    let amy = app.student("amy").await;
    let course = json!({ "name": "国画", "kind": 1, "duration_min": 60 });
    for (person, path, body) in
        [(&amy, "/bookings", json!({ "schedule_id": class })), (&app.operator, "/courses", course)]
    {
        let asked = (0..20).map(|_| person.keyed("k", Method::POST, path, body.clone()));
        let answers = join_all(asked).await;
        let made: Vec<_> = answers.iter().filter(|a| a.status == 201).collect();
        assert!(!made.is_empty() && made.iter().all(|a| a.text == made[0].text));
        for answer in answers.iter().filter(|a| a.status != 201) {
            assert_eq!((answer.status, &answer.body["reason"]), (409, &json!("request_in_progress")));
        }
    }
    assert_eq!(amy.sees(&class).await["seats_taken"], 1);
    assert_eq!(app.admin.get("/courses").await.is(200)["total"], 2);
}

async fn a_repeated_size_is_not_set_again(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    app.student("ben").await.booked(&class).await;
    let set = async |key: &str, capacity: u32| {
        let size = json!({ "scope": "global", "capacity": capacity });
        app.operator.keyed(key, Method::PUT, "/waitlist/capacity", size).await
    };
    set("a", 1).await.is(200);
    set("b", 2).await.is(200);
    assert_eq!(set("a", 1).await.is(200)["capacity"], 1, "as it was answered");
    set("b", 3).await.fails(422, "request_key_reused");
    assert_eq!(app.admin.sees(&class).await["waitlist"]["capacity"], 2, "as it is");
    // Ids are told apart by what they name, not by how they are spelt.
    let size = json!({ "scope": "schedule", "ref": class.to_lowercase(), "capacity": 5 });
    assert_eq!(app.operator.put("/waitlist/capacity", size).await.is(200)["ref"], class);
    assert_eq!(app.admin.sees(&class).await["waitlist"]["capacity"], 5);
}

async fn logging_in_ignores_keys(app: &mut TestApp) {
    let code = json!({ "code": "dev:student:amy" });
    for person in [app.anybody(), app.with_token("stale")] {
        let told = person.keyed("k", Method::POST, "/login", code.clone()).await.is(200);
        let refresh = json!({ "refresh_token": told["refresh_token"] });
        person.keyed("k", Method::POST, "/token/refresh", refresh.clone()).await.is(200);
        // No key makes a token good twice.
        person.keyed("k", Method::POST, "/token/refresh", refresh).await.fails(401, "unauthorized");
    }
}

async fn a_clock_moves_once_per_key(app: &mut TestApp) {
    let hour = json!({ "advance_ms": 3_600_000 });
    let asked = (0..5).map(|_| app.admin.keyed("k", Method::PUT, "/dev/clock", hour.clone()));
    for answer in join_all(asked).await {
        match answer.status {
            200 => assert_eq!(answer.body["data"]["now"], at("09:00:00.000")),
            _ => drop(answer.refused("request_in_progress")),
        }
    }
    app.advance_to("09:30:00.000").await;
    let again = app.admin.keyed("k", Method::PUT, "/dev/clock", hour.clone()).await.is(200);
    assert_eq!(again["now"], at("09:00:00.000"), "as it was answered");
    assert_eq!(app.admin.get("/dev/clock").await.is(200)["now"], at("09:30:00.000"));
    app.admin.keyed("other", Method::PUT, "/dev/clock", hour).await.is(200);
    assert_eq!(app.admin.get("/dev/clock").await.is(200)["now"], at("10:30:00.000"));
}

async fn what_else_is_done_once_per_key(app: &mut TestApp) {
    let class = app.class(2, json!({})).await;
    let amy = app.student("amy").await;
    let rush = json!({ "schedule_id": class, "students": 2 });
    let told = twice(app, &amy, Method::POST, "/dev/rush", rush).await.is(200);
    assert_eq!(told["booked"], 2);
    twice(app, &amy, Method::POST, "/dev/release", json!({ "schedule_id": class })).await.is(200);
    assert_eq!(amy.sees(&class).await["seats_taken"], 1);
    twice(app, &amy, Method::POST, "/ws/ticket", json!({})).await.is(200);
    // Nothing is asked of its body.
    amy.send_raw(Method::POST, "/api/v1/ws/ticket", &[], "null").await.is(200);
    let people = json!({ "role": "student", "prefix": "p", "count": 2 });
    twice(app, &app.admin, Method::POST, "/dev/people", people).await.is(200);
    let tablet = app.student("amy").await;
    let listed = tablet.get("/sessions").await.items();
    let phone = listed.iter().find(|s| s["current"] == false).expect("another session");
    twice(app, &tablet, Method::DELETE, &format!("/sessions/{}", text(&phone["id"])), json!({})).await.is(200);
    let path = format!("/users/{}", app.student("ben").await.account);
    for what in ["disable", "enable", "unlock"] {
        twice(app, &app.admin, Method::POST, &format!("{path}/{what}"), json!({})).await.is(200);
    }
    twice(app, &app.admin, Method::PUT, &format!("{path}/roles"), json!({ "roles": ["teacher"] })).await.is(200);
    twice(app, &tablet, Method::PUT, "/users/profile", json!({ "signature": "x" })).await.is(200);
    twice(app, &tablet, Method::POST, "/users/role", json!({ "role": "teacher" })).await.is(200);
    twice(app, &tablet, Method::PUT, "/password", json!({ "new_password": "correct horse" })).await.is(200);
    twice(app, &tablet, Method::POST, "/sms/send", json!({ "phone": "13812345678", "purpose": "bind" })).await.is(200);
}
