//! The waitlist: places in line, offers and the answers to them, and how many may wait.

use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, text};

on_both! {
    joining_tells_the_place
    refusals_to_join_come_in_their_order
    places_move_up_when_someone_leaves
    an_offer_is_begun_and_accepted
    a_late_answer_is_told_why
    a_declined_race_keeps_the_place_and_a_declined_turn_ends_it
    an_offer_is_the_students_own
    a_seat_on_offer_is_not_public
    one_cannot_accept_what_overlaps
    operators_offer_and_take_back
    the_narrowest_size_counts
}

/// A full class of one seat, and its booking.
async fn full(app: &TestApp) -> (String, Person, String) {
    let class = app.class(1, json!({})).await;
    let seated = app.student("seated").await;
    let booking = seated.booked(&class).await;
    (class, seated, booking)
}

/// These students wait, in this order.
async fn line(app: &TestApp, class: &str, names: &[&str]) -> Vec<(Person, String)> {
    let mut line = Vec::new();
    for name in names {
        let person = app.student(name).await;
        let entry = person.join(class).await;
        line.push((person, entry));
    }
    line
}

fn place(status: &str, position: u64) -> (String, u64) {
    (status.to_owned(), position)
}

async fn joining_tells_the_place(app: &mut TestApp) {
    // The queue of tonight's class closes in five hours; that of the next month's is open for long.
    let (class, seated, _) = full(app).await;
    let far = app.class(1, json!({ "starts_at": "2025-12-12T19:00:00+08:00" })).await;
    seated.booked(&far).await;
    for (name, wait) in [("amy", "1天内"), ("ben", "1-2天"), ("cat", "2-3天")] {
        let joined = app.student(name).await.try_join(&far).await.is(200);
        assert_eq!(joined["estimated_wait_time"], wait);
    }
    for (name, position, wait) in [("amy", 1, "5小时内"), ("ben", 2, "5小时内"), ("cat", 3, "5小时内")] {
        let person = app.student(name).await;
        let joined = person.try_join(&class).await;
        let id = joined.body["data"]["waitlist_id"].clone();
        let data = json!({
            "waitlist_id": id, "position": position, "estimated_wait_time": wait,
            "waitlist": { "capacity": 8, "length": position },
        });
        assert_eq!(joined.body, json!({ "code": 200, "message": "加入候补成功", "data": data }));
        let path = format!("/waitlist/position/{}", text(&id));
        let expected =
            json!({ "waitlist_id": id, "position": position, "status": "waiting", "estimated_wait_time": wait });
        assert_eq!(person.get(&path).await.is(200), expected);
        let seen = person.sees(&class).await;
        let entry = json!({ "id": id, "position": position, "status": "waiting", "joined_at": at("08:00:00.000") });
        assert_eq!(seen["mine"]["waitlist_entry"], entry);
        assert_eq!(seen["waitlist"], json!({ "capacity": 8, "length": position, "open": true }));
    }
    let english = app.student("dan").await.in_english().try_join(&class).await;
    assert_eq!(english.body["message"], "You are on the waitlist");
}

async fn refusals_to_join_come_in_their_order(app: &mut TestApp) {
    let (class, seated, _) = full(app).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    seated.try_join(&class).await.refused("already_booked");
    amy.join(&class).await;
    amy.try_join(&class).await.refused("already_waiting");
    let size = json!({ "scope": "schedule", "ref": class, "capacity": 1 });
    app.operator.put("/waitlist/capacity", size).await.is(200);
    amy.try_join(&class).await.refused("already_waiting");
    let body = ben.try_join(&class).await.refused("queue_full");
    assert_eq!((&body["message"], &body["error"]), (&json!("候补队列已满，请选择其他课程"), &body["message"]));
    let free = app.class(2, json!({})).await;
    ben.try_join(&free).await.refused("seats_available");
    let last = app.class(1, json!({})).await;
    ben.post(&format!("/schedules/{last}/hold"), json!({})).await.is(200);
    ben.try_join(&last).await.refused("seats_available");
    amy.join(&last).await;
    for named in [&seated.student, "x"] {
        let body = json!({ "course_schedule_id": class, "profile_id": named });
        ben.post("/waitlist/join", body).await.fails(404, "not_found");
    }
    app.advance_to("13:00:00.000").await;
    for person in [&seated, &amy, &ben] {
        person.try_join(&class).await.refused("waitlist_closed");
    }
    ben.try_join(&free).await.refused("waitlist_closed");
}

async fn places_move_up_when_someone_leaves(app: &mut TestApp) {
    let (class, seated, _) = full(app).await;
    let line = line(app, &class, &["amy", "ben", "cat"]).await;
    let [(amy, a), (ben, b), (cat, c)] = &line[..] else { panic!("three") };
    let leave = async |who: &Person, entry: &str| who.delete(&format!("/waitlist/{entry}")).await;
    for other in [ben, &seated, &app.teacher("tom").await] {
        leave(other, a).await.fails(404, "unknown_entry");
    }
    let left = leave(amy, a).await.is(200);
    let expected = json!({
        "id": a, "waitlist_id": a, "position": 0, "status": "cancelled", "joined_at": at("08:00:00.000"),
        "schedule_id": class, "student_id": amy.student, "course_name": "书法", "starts_at": at("19:00:00.000"),
        "estimated_wait_time": null,
    });
    assert_eq!(left, expected);
    assert_eq!(leave(amy, a).await.is(200), expected, "again: the same");
    assert_eq!(amy.entry(a).await, expected);
    assert_eq!((ben.place(b).await, cat.place(c).await), (place("waiting", 1), place("waiting", 2)));
    // Whoever comes back stands at the end.
    let again = amy.join(&class).await;
    assert_eq!(amy.place(&again).await, place("waiting", 3));
    let mine = amy.get("/waitlist/my").await.is(200);
    let listed: Vec<_> = mine["items"].as_array().expect("items").iter().map(|e| (&e["id"], &e["status"])).collect();
    assert_eq!(listed, [(&json!(again), &json!("waiting")), (&json!(a), &json!("cancelled"))]);
    assert_eq!(mine["total"], 2);
    // Staff take someone out of the line.
    assert_eq!(leave(&app.operator, b).await.is(200)["status"], "cancelled");
    assert_eq!((cat.place(c).await, amy.place(&again).await), (place("waiting", 1), place("waiting", 2)));
    assert_eq!(cat.sees(&class).await["waitlist"]["length"], 2);
}

async fn statuses(who: &Person, entry: &str) -> Vec<(String, String)> {
    let offers = who.get(&format!("/waitlist/{entry}/notifications")).await.items();
    offers.iter().map(|o| (text(&o["stage"]), text(&o["status"]))).collect()
}

fn told(stages: &[(&str, &str)]) -> Vec<(String, String)> {
    stages.iter().map(|(stage, status)| ((*stage).to_owned(), (*status).to_owned())).collect()
}

async fn an_offer_is_begun_and_accepted(app: &mut TestApp) {
    let (class, seated, seat) = full(app).await;
    let line = line(app, &class, &["amy", "ben"]).await;
    let [(amy, a), (ben, b)] = &line[..] else { panic!("two") };
    amy.begin(a).await.refused("no_offer");
    amy.accept(a).await.refused("no_offer");
    assert_eq!(statuses(amy, a).await, told(&[]));
    app.advance_to("09:00:00.000").await;
    seated.cancel(&seat).await.is(200);

    let offer = amy.offer(&class).await;
    let expected = json!({
        "id": offer["id"], "stage": "race", "sent_at": at("09:00:00.000"), "deadline": at("09:15:00.000"),
        "begun_at": null,
    });
    assert_eq!(offer, expected);
    let sent = json!({
        "offer_id": offer["id"], "stage": "race", "sent_at": at("09:00:00.000"), "deadline": at("09:15:00.000"),
        "status": "sent",
    });
    let list = json!({ "items": [sent], "total": 1, "page": 1, "page_size": 20 });
    assert_eq!(amy.get(&format!("/waitlist/{a}/notifications")).await.is(200), list);
    ben.get(&format!("/waitlist/{a}/notifications")).await.fails(404, "unknown_entry");

    app.advance_to("09:14:00.000").await;
    let begun = amy.begin(a).await.is(200);
    let expected = json!({ "offer_id": offer["id"], "begun_at": at("09:14:00.000"), "confirm_by": at("09:19:00.000") });
    assert_eq!(begun, expected);
    app.advance_to("09:14:30.000").await;
    assert_eq!(amy.begin(a).await.is(200), expected, "again: the same");
    assert_eq!(statuses(amy, a).await, told(&[("race", "begun")]));
    app.advance_to("09:18:59.999").await;
    let accepted = amy.accept(a).await.is(200);
    let entry = json!({ "id": a, "position": 0, "status": "promoted", "joined_at": at("08:00:00.000") });
    assert_eq!(accepted["entry"], entry);
    let booking = &accepted["booking"];
    let facts = ["schedule_id", "student_id", "status", "payment_status", "source"].map(|name| &booking[name]);
    assert_eq!(
        facts,
        [&json!(class), &json!(amy.student), &json!("confirmed"), &json!("not_required"), &json!("race")]
    );
    assert_eq!(amy.get(&format!("/bookings/{}", text(&booking["id"]))).await.is(200)["id"], booking["id"]);
    assert_eq!(statuses(amy, a).await, told(&[("race", "accepted")]));
    assert_eq!((amy.place(a).await, ben.place(b).await), (place("promoted", 0), place("waiting", 1)));
    assert_eq!(amy.sees(&class).await["mine"]["waitlist_entry"], Value::Null);
    // Ben did not begin in time.
    assert_eq!(statuses(ben, b).await, told(&[("race", "lapsed")]));
}

async fn a_late_answer_is_told_why(app: &mut TestApp) {
    let (class, seated, seat) = full(app).await;
    let line = line(app, &class, &["amy", "ben"]).await;
    let [(amy, a), (ben, b)] = &line[..] else { panic!("two") };
    app.advance_to("09:00:00.000").await;
    seated.cancel(&seat).await.is(200);
    let winner = text(&amy.accept(a).await.is(200)["booking"]["id"]);
    let body = ben.accept(b).await.refused("offer_taken");
    assert_eq!((&body["message"], &body["error"]), (&json!("名额已被抢占"), &json!("名额已被抢占")));
    ben.begin(b).await.refused("offer_taken");
    ben.decline(b).await.refused("offer_taken");
    amy.accept(a).await.refused("no_offer");
    assert_eq!(statuses(ben, b).await, told(&[("race", "lost")]));

    amy.cancel(&winner).await.is(200);
    let race = ben.offer(&class).await;
    app.advance_to("09:15:00.000").await;
    // The race is over and it is the turn of the first in line: the old offer is not the new one.
    assert_eq!(ben.place(b).await, place("in_turn", 1));
    let turn = ben.offer(&class).await;
    assert_eq!((&turn["stage"], &turn["deadline"]), (&json!("turn"), &json!(at("09:30:00.000"))));
    let respond = format!("/waitlist/{b}/respond");
    let old = json!({ "action": "accept", "offer_id": race["id"] });
    let lapsed = "候补确认已过期，名额已顺位给下一位候补用户";
    let body = ben.put(&respond, old).await.refused("offer_lapsed");
    assert_eq!((&body["message"], &body["error"]), (&json!(lapsed), &json!(lapsed)));
    let english = ben.in_english().put(&respond, json!({ "action": "accept", "offer_id": race["id"] })).await;
    let body = english.refused("offer_lapsed");
    assert_eq!(body["message"], "The time to confirm is over: the seat went to the next in line");
    assert_eq!(body["error"], lapsed);
    app.advance_to("09:30:00.000").await;
    for answer in [ben.accept(b).await, ben.begin(b).await, ben.decline(b).await] {
        answer.refused("offer_lapsed");
    }
    assert_eq!(ben.place(b).await, place("expired", 0));
    assert_eq!(statuses(ben, b).await, told(&[("turn", "lapsed"), ("race", "lapsed"), ("race", "lost")]));
    assert_eq!(ben.sees(&class).await["seats_left"], 1, "nobody is left: it is public");
}

async fn a_declined_race_keeps_the_place_and_a_declined_turn_ends_it(app: &mut TestApp) {
    let (class, seated, seat) = full(app).await;
    let line = line(app, &class, &["amy", "ben"]).await;
    let [(amy, a), (ben, b)] = &line[..] else { panic!("two") };
    app.advance_to("09:00:00.000").await;
    seated.cancel(&seat).await.is(200);
    let declined = amy.decline(a).await.is(200);
    let entry = json!({ "id": a, "position": 1, "status": "waiting", "joined_at": at("08:00:00.000") });
    assert_eq!(declined, json!({ "booking": null, "entry": entry }));
    amy.accept(a).await.refused("no_offer");
    assert_eq!(statuses(amy, a).await, told(&[("race", "declined")]));
    // Out of this round: the turn goes to the next.
    app.advance_to("09:15:00.000").await;
    assert_eq!((amy.place(a).await, ben.place(b).await), (place("waiting", 1), place("in_turn", 2)));
    let declined = ben.decline(b).await.is(200);
    let entry = json!({ "id": b, "position": 0, "status": "expired", "joined_at": at("08:00:00.000") });
    assert_eq!(declined, json!({ "booking": null, "entry": entry }));
    let seen = amy.sees(&class).await;
    assert_eq!((&seen["seats_left"], &seen["waitlist"]["length"]), (&json!(1), &json!(1)));
    assert_eq!(amy.place(a).await, place("waiting", 1));
    ben.try_join(&class).await.refused("seats_available");
}

async fn an_offer_is_the_students_own(app: &mut TestApp) {
    let (class, seated, seat) = full(app).await;
    let line = line(app, &class, &["amy", "ben"]).await;
    let [(amy, a), (ben, b)] = &line[..] else { panic!("two") };
    seated.cancel(&seat).await.is(200);
    let (mine, theirs) = (amy.offer(&class).await["id"].clone(), ben.offer(&class).await["id"].clone());
    assert_ne!(mine, theirs);
    for person in [ben, &seated, &app.teacher("tom").await] {
        person.accept(a).await.fails(404, "unknown_entry");
        person.begin(a).await.fails(404, "unknown_entry");
        person.get(&format!("/waitlist/{a}")).await.fails(404, "unknown_entry");
        person.get(&format!("/waitlist/position/{a}")).await.fails(404, "unknown_entry");
    }
    for wrong in [theirs, json!("x"), json!("01ARZ3NDEKTSV4RRFFQ69G5FAV")] {
        let path = format!("/waitlist/{a}");
        let respond = json!({ "action": "accept", "offer_id": wrong });
        amy.put(&format!("{path}/respond"), respond).await.refused("no_offer");
        amy.post(&format!("{path}/begin"), json!({ "offer_id": wrong })).await.refused("no_offer");
    }
    let respond = json!({ "action": "accept", "offer_id": mine });
    amy.put(&format!("/waitlist/{a}/respond"), respond).await.is(200);
    ben.accept(b).await.refused("offer_taken");
}

async fn a_seat_on_offer_is_not_public(app: &mut TestApp) {
    let (class, seated, seat) = full(app).await;
    let line = line(app, &class, &["amy", "ben"]).await;
    let [(amy, a), (ben, _)] = &line[..] else { panic!("two") };
    seated.cancel(&seat).await.is(200);
    // Whoever has an offer does not wait.
    assert_eq!(amy.entry(a).await["estimated_wait_time"], "名额待您确认");
    assert_eq!(amy.in_english().entry(a).await["estimated_wait_time"], "a seat waits for your answer");
    let cat = app.student("cat").await;
    for answer in [
        cat.book(&class).await,
        seated.book(&class).await,
        cat.post(&format!("/schedules/{class}/hold"), json!({})).await,
    ] {
        assert_eq!(answer.refused("seat_on_offer")["error"], "时段已被预约");
    }
    let seen = cat.sees(&class).await;
    let seats = ["seats_taken", "seats_offered", "seats_left", "availability"].map(|name| &seen[name]);
    assert_eq!(seats, [&json!(0), &json!(1), &json!(0), &json!("booked")]);
    // To book it is to accept the offer.
    let booking = amy.book(&class).await.is(201);
    assert_eq!(booking["source"], "race");
    assert_eq!(amy.place(a).await, place("promoted", 0));
    ben.book(&class).await.refused("schedule_full");
}

async fn one_cannot_accept_what_overlaps(app: &mut TestApp) {
    let (class, seated, seat) = full(app).await;
    let amy = app.student("amy").await;
    let entry = amy.join(&class).await;
    seated.cancel(&seat).await.is(200);
    let other = app.class(1, json!({ "starts_at": at("20:00:00.000") })).await;
    let booking = amy.booked(&other).await;
    amy.accept(&entry).await.refused("time_conflict");
    amy.book(&class).await.refused("time_conflict");
    assert_eq!(amy.place(&entry).await, place("notified", 1), "the offer stands");
    amy.cancel(&booking).await.is(200);
    amy.accept(&entry).await.is(200);
}

async fn operators_offer_and_take_back(app: &mut TestApp) {
    let (class, seated, seat) = full(app).await;
    let line = line(app, &class, &["amy", "ben"]).await;
    let [(amy, a), (ben, b)] = &line[..] else { panic!("two") };
    let notify = async || app.operator.post("/waitlist/notify", json!({ "schedule_id": class })).await;
    notify().await.refused("schedule_full");
    seated.cancel(&seat).await.is(200);
    notify().await.refused("schedule_full");
    let withdraw = json!({ "schedule_id": class, "offer_id": amy.offer(&class).await["id"] });
    let withdrawn = app.operator.post("/waitlist/withdraw", withdraw.clone()).await.is(200);
    assert_eq!(withdrawn, json!({ "withdrawn": true }));
    app.operator.post("/waitlist/withdraw", withdraw).await.fails(404, "unknown_offer");
    assert_eq!((amy.offer(&class).await, amy.place(a).await), (Value::Null, place("waiting", 1)));
    assert_eq!(app.messages(amy, "offer_withdrawn").await.len(), 1);
    amy.accept(a).await.refused("no_offer");
    ben.decline(b).await.is(200);
    // Both are out of the round, so the seat is public; now it is offered to both again.
    assert_eq!(ben.sees(&class).await["seats_left"], 1);
    assert_eq!(notify().await.is(200), json!({ "offers": 2 }));
    assert_eq!((amy.place(a).await, ben.place(b).await), (place("notified", 1), place("notified", 2)));
    assert_eq!(ben.sees(&class).await["seats_offered"], 1);

    let empty = app.class(1, json!({})).await;
    let notify = async |class: &str| app.operator.post("/waitlist/notify", json!({ "schedule_id": class })).await;
    notify(&empty).await.refused("queue_empty");
    app.operator.post(&format!("/schedules/{empty}/block"), json!({})).await.is(200);
    notify(&empty).await.refused("schedule_not_open");
    app.advance_to("13:00:00.000").await;
    notify(&class).await.refused("waitlist_closed");
}

async fn the_narrowest_size_counts(app: &mut TestApp) {
    let course = app.course(json!({ "tier": "vip" })).await;
    let class = app.class_of(&course, 1, json!({})).await;
    let plain = app.class(1, json!({})).await;
    let list = app.operator.get("/waitlist/capacity").await.is(200);
    let size = |scope: &str, of: &str, capacity: u32| json!({ "scope": scope, "ref": of, "capacity": capacity });
    assert_eq!(list["items"], json!([size("global", "", 8), size("type", "vip", 5)]));
    let sizes = async || {
        let mut sizes = Vec::new();
        for class in [&class, &plain] {
            sizes.push(app.admin.sees(class).await["waitlist"]["capacity"].as_u64().expect("a number"));
        }
        sizes
    };
    assert_eq!(sizes().await, [5, 8]);
    for (scope, of, capacity, expected) in [
        ("global", "", 20, [5, 20]),
        ("type", "1", 19, [5, 19]),
        ("type", "2", 1, [5, 19]),
        ("type", "standard", 18, [5, 18]),
        ("type", "vip", 17, [17, 18]),
        ("course", &*course, 16, [16, 18]),
        ("schedule", &*class, 15, [15, 18]),
        ("course", &*course, 30, [15, 18]),
        ("schedule", &*plain, 0, [15, 0]),
    ] {
        let told = app.operator.put("/waitlist/capacity", size(scope, of, capacity)).await.is(200);
        assert_eq!(told, size(scope, of, capacity));
        assert_eq!(sizes().await, expected, "{scope} {of}");
    }
    app.student("amy").await.booked(&plain).await;
    app.student("ben").await.try_join(&plain).await.refused("queue_full");
    // Nobody who waits is sent away.
    app.operator.put("/waitlist/capacity", size("schedule", &plain, 2)).await.is(200);
    line(app, &plain, &["ben", "cat"]).await;
    app.operator.put("/waitlist/capacity", size("schedule", &plain, 1)).await.is(200);
    let dan = app.student("dan").await;
    dan.try_join(&plain).await.refused("queue_full");
    assert_eq!(dan.sees(&plain).await["waitlist"], json!({ "capacity": 1, "length": 2, "open": true }));
}
