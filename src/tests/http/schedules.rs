//! Schedules: planning them, changing them under people's feet, and the lists of a day.

use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, text, with};

on_both! {
    a_class_is_planned
    a_class_is_told_in_the_zone_of_the_house
    a_teacher_has_one_class_at_a_time
    a_capacity_covers_the_seats_in_use
    a_moved_class_takes_its_people_along
    a_new_place_and_a_new_teacher_are_told
    all_that_is_changed_at_once_is_told_once
    a_class_moved_past_its_cutoff_ends_its_queue
    a_blocked_class_takes_nobody
    a_revoked_class_ends_everything
    a_completed_class_stays
    a_fee_due_at_the_end_is_still_settled
    a_day_lists_its_classes
}

async fn a_class_is_planned(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let course = app.course(json!({ "duration_min": 90, "default_capacity": 4 })).await;
    let new = json!({ "course_id": course, "starts_at": at("19:00:00.000") });
    let class = tom.post("/schedules", new).await.is(201);
    let expected = json!({
        "id": class["id"], "course_id": course, "course_name": "书法", "starts_at": at("19:00:00.000"),
        "ends_at": at("20:30:00.000"), "capacity": 4, "seats_taken": 0, "seats_held": 0, "seats_offered": 0,
        "seats_left": 4, "availability": "available", "waitlist": { "capacity": 8, "length": 0, "open": true },
        "cutoff_at": at("13:00:00.000"), "epoch": class["epoch"], "version": class["version"],
        "server_time": at("08:00:00.000"), "rounds": [],
        "mine": { "booking": null, "hold": null, "waitlist_entry": null, "offer": null },
    });
    assert_eq!(class, expected);
    assert_eq!(tom.sees(&text(&class["id"])).await, expected);
    app.advance_to("13:00:00.000").await;
    let seen = tom.sees(&text(&class["id"])).await;
    assert_eq!((&seen["waitlist"]["open"], &seen["server_time"]), (&json!(false), &json!(at("13:00:00.000"))));
    let one = app.course(json!({ "kind": 0 })).await;
    let new = json!({ "course_id": one, "starts_at": at("22:00:00.000"), "policy": { "cutoff_ms": 0 } });
    let class = tom.post("/schedules", new).await.is(201);
    assert_eq!((&class["capacity"], &class["cutoff_at"]), (&json!(1), &json!(at("22:00:00.000"))));
    assert_eq!(class["waitlist"]["open"], true);
}

async fn a_class_is_told_in_the_zone_of_the_house(app: &mut TestApp) {
    for (starts_at, ends_at) in [
        ("2025-11-12T11:00:00Z", "2025-11-12T13:00:00Z"),
        ("2025-11-12T06:00:00-05:00", "2025-11-12T08:00:00.000-05:00"),
        ("2025-11-12T19:00:00.0004+08:00", "2025-11-12T21:00:00+08:00"),
    ] {
        let class = app.class(1, json!({ "starts_at": starts_at, "ends_at": ends_at })).await;
        let seen = app.admin.sees(&class).await;
        assert_eq!(seen["starts_at"], at("19:00:00.000"), "{starts_at}");
        assert_eq!(seen["ends_at"], at("21:00:00.000"), "{ends_at}");
    }
}

fn between(from: &str, to: &str) -> Value {
    json!({ "starts_at": at(&format!("{from}:00.000")), "ends_at": at(&format!("{to}:00.000")) })
}

async fn a_teacher_has_one_class_at_a_time(app: &mut TestApp) {
    let (tom, tim) = (app.teacher("tom").await, app.teacher("tim").await);
    let course = app.course(json!({})).await;
    let plan =
        async |who: &Person, times: Value| who.post("/schedules", with(json!({ "course_id": course }), times)).await;
    let class = text(&plan(&tom, between("19:00", "21:00")).await.is(201)["id"]);
    for (from, to) in
        [("19:00", "21:00"), ("20:59", "22:00"), ("18:00", "19:01"), ("19:30", "20:00"), ("12:00", "23:00")]
    {
        plan(&tom, between(from, to)).await.refused("teacher_busy");
        let for_tom = with(between(from, to), json!({ "teacher_id": tom.teacher }));
        plan(&app.operator, for_tom).await.refused("teacher_busy");
    }
    plan(&tom, between("18:00", "19:00")).await.is(201);
    let next = text(&plan(&tom, between("21:00", "22:00")).await.is(201)["id"]);
    plan(&tim, between("19:00", "21:00")).await.is(201);
    let nobodys = text(&plan(&app.operator, between("19:00", "21:00")).await.is(201)["id"]);

    let change = async |class: &str, change: Value| app.operator.patch(&format!("/schedules/{class}"), change).await;
    change(&next, json!({ "starts_at": at("20:30:00.000") })).await.refused("teacher_busy");
    change(&next, json!({ "ends_at": at("22:30:00.000") })).await.is(200);
    change(&class, json!({ "starts_at": at("19:15:00.000"), "ends_at": at("21:00:00.000") })).await.is(200);
    for teacher in [&tom, &tim] {
        change(&nobodys, json!({ "teacher_id": teacher.teacher })).await.refused("teacher_busy");
    }
    app.operator.post(&format!("/schedules/{class}/block"), json!({})).await.is(200);
    plan(&tom, between("20:00", "20:30")).await.refused("teacher_busy");
    app.operator.post(&format!("/schedules/{class}/revoke"), json!({})).await.is(200);
    change(&nobodys, json!({ "teacher_id": tom.teacher })).await.is(200);
    plan(&tom, between("20:00", "20:30")).await.refused("teacher_busy");
}

async fn a_capacity_covers_the_seats_in_use(app: &mut TestApp) {
    let class = app.class(3, json!({})).await;
    let change =
        async |capacity: u32| app.operator.patch(&format!("/schedules/{class}"), json!({ "capacity": capacity })).await;
    let (amy, ben, cat) = (app.student("amy").await, app.student("ben").await, app.student("cat").await);
    amy.booked(&class).await;
    ben.post(&format!("/schedules/{class}/hold"), json!({})).await.is(200);
    change(1).await.refused("capacity_in_use");
    assert_eq!(change(2).await.is(200)["seats_left"], 0);
    let entry = cat.join(&class).await;
    // A new seat is offered to who waits.
    let seen = change(3).await.is(200);
    assert_eq!((&seen["seats_offered"], &seen["seats_left"]), (&json!(1), &json!(0)));
    assert_eq!(cat.offer(&class).await["stage"], "race");
    change(2).await.refused("capacity_in_use");
    app.student("dan").await.book(&class).await.refused("seat_on_offer");
    assert_eq!(cat.accept(&entry).await.is(200)["booking"]["source"], "race");
    let seen = change(5).await.is(200);
    assert_eq!((&seen["seats_offered"], &seen["seats_left"]), (&json!(0), &json!(2)));
}

async fn a_moved_class_takes_its_people_along(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let class = app.class(1, json!({ "teacher_id": tom.teacher })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let booking = amy.booked(&class).await;
    ben.join(&class).await;
    let late = app.class(5, between("22:00", "23:00")).await;
    amy.booked(&late).await;
    let path = format!("/schedules/{class}");
    let to = |time: &str| json!({ "starts_at": at(time) });
    tom.patch(&path, to("20:00:00.001")).await.refused("time_conflict");
    assert_eq!(amy.sees(&class).await["starts_at"], at("19:00:00.000"));
    let moved = tom.patch(&path, to("20:00:00.000")).await.is(200);
    // It lasts as long as before, and its cutoff moves with it.
    let told = ["starts_at", "ends_at", "cutoff_at"].map(|name| &moved[name]);
    assert_eq!(told, [&json!(at("20:00:00.000")), &json!(at("22:00:00.000")), &json!(at("14:00:00.000"))]);
    let booking = amy.get(&format!("/bookings/{booking}")).await.is(200);
    assert_eq!((&booking["starts_at"], &booking["ends_at"]), (&moved["starts_at"], &moved["ends_at"]));
    // They are busy at the new hour, and free at the old one.
    amy.book(&app.class(1, between("20:30", "21:00")).await).await.refused("time_conflict");
    amy.book(&app.class(1, between("19:00", "20:00")).await).await.is(201);
    for person in [&amy, &ben, &tom] {
        let told = app.messages(person, "schedule_changed").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["data"]["starts_at"], at("20:00:00.000"));
    }
    // The same again changes nothing and tells nobody.
    tom.patch(&path, to("20:00:00.000")).await.is(200);
    assert_eq!(app.messages(&amy, "schedule_changed").await.len(), 1);
    app.advance_to("20:00:00.000").await;
    tom.patch(&path, to("21:00:00.000")).await.refused("schedule_started");
}

async fn a_new_place_and_a_new_teacher_are_told(app: &mut TestApp) {
    let (tom, tim) = (app.teacher("tom").await, app.teacher("tim").await);
    let class = app.class(1, json!({ "teacher_id": tom.teacher, "location": "Room 1" })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    amy.booked(&class).await;
    ben.join(&class).await;
    let path = format!("/schedules/{class}");
    app.operator.patch(&path, json!({ "location": "Room 2" })).await.is(200);
    for person in [&amy, &ben, &tom] {
        let told = app.messages(person, "schedule_changed").await;
        assert_eq!((told.len(), &told[0]["data"]["location"]), (1, &json!("Room 2")));
    }
    app.operator.patch(&path, json!({ "location": "Room 2" })).await.is(200);
    assert_eq!(app.messages(&amy, "schedule_changed").await.len(), 1, "the same place again");
    // Whoever had the class hears it too.
    app.operator.patch(&path, json!({ "teacher_id": tim.teacher })).await.is(200);
    for (person, times) in [(&amy, 2), (&ben, 2), (&tom, 2), (&tim, 1)] {
        let told = app.messages(person, "schedule_changed").await;
        assert_eq!((told.len(), &told[0]["data"]["teacher_name"]), (times, &json!("tim")));
    }
    // Who is in the class by now has found it.
    app.advance_to("20:00:00.000").await;
    app.operator.patch(&path, json!({ "location": "Room 3" })).await.is(200);
    assert_eq!(app.messages(&amy, "schedule_changed").await.len(), 2);
}

async fn all_that_is_changed_at_once_is_told_once(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let class = app.class(1, json!({ "teacher_id": tom.teacher, "location": "Room 1" })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    amy.booked(&class).await;
    ben.join(&class).await;
    let path = format!("/schedules/{class}");
    let change = json!({ "starts_at": at("20:00:00.000"), "location": "Room 2" });
    app.operator.patch(&path, change).await.is(200);
    for person in [&amy, &ben, &tom] {
        let told = app.messages(person, "schedule_changed").await;
        let data = &told[0]["data"];
        assert_eq!((told.len(), &data["location"]), (1, &json!("Room 2")));
        assert_eq!(data["starts_at"], at("20:00:00.000"));
    }
    // A move that is refused leaves the place as it was.
    amy.booked(&app.class(1, json!({ "starts_at": at("22:00:00.000"), "ends_at": at("23:00:00.000") })).await).await;
    let change = json!({ "starts_at": at("21:30:00.000"), "location": "Room 3" });
    app.operator.patch(&path, change).await.refused("time_conflict");
    let roster = app.operator.get(&format!("{path}/roster")).await.is(200);
    assert_eq!(roster["schedule"]["location"], "Room 2");
    // The time that it has is no other.
    let change = json!({ "starts_at": at("20:00:00.000"), "location": "Room 4" });
    app.operator.patch(&path, change).await.is(200);
    let told = app.messages(&amy, "schedule_changed").await;
    assert_eq!((told.len(), &told[0]["data"]["location"]), (2, &json!("Room 4")));
}

async fn a_class_moved_past_its_cutoff_ends_its_queue(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    app.student("amy").await.booked(&class).await;
    let ben = app.student("ben").await;
    let entry = ben.join(&class).await;
    let moved = json!({ "starts_at": at("14:00:00.000") });
    let seen = app.operator.patch(&format!("/schedules/{class}"), moved).await.is(200);
    assert_eq!((&seen["cutoff_at"], &seen["waitlist"]["length"]), (&json!(at("08:00:00.000")), &json!(0)));
    assert_eq!(ben.place(&entry).await, ("expired".to_owned(), 0));
    assert_eq!(app.inbox(&ben).await.last().expect("a message"), "waitlist_closed");
    app.student("cat").await.try_join(&class).await.refused("waitlist_closed");
}

async fn a_blocked_class_takes_nobody(app: &mut TestApp) {
    let class = app.class(2, json!({})).await;
    let (amy, ben, cat) = (app.student("amy").await, app.student("ben").await, app.student("cat").await);
    let booking = amy.booked(&class).await;
    ben.booked(&class).await;
    let entry = cat.join(&class).await;
    let run = async |verb: &str| app.operator.post(&format!("/schedules/{class}/{verb}"), json!({})).await.is(200);
    let seen = run("block").await;
    assert_eq!((&seen["availability"], &seen["waitlist"]["open"]), (&json!("blocked"), &json!(false)));
    assert_eq!(run("block").await["version"], seen["version"], "again: the same");
    amy.cancel(&booking).await.is(200);
    let seen = amy.sees(&class).await;
    assert_eq!((&seen["seats_taken"], &seen["seats_offered"], &seen["seats_left"]), (&json!(1), &json!(0), &json!(1)));
    amy.book(&class).await.refused("schedule_not_open");
    amy.post(&format!("/schedules/{class}/hold"), json!({})).await.refused("schedule_not_open");
    amy.try_join(&class).await.refused("waitlist_closed");
    assert_eq!(cat.place(&entry).await, ("waiting".to_owned(), 1));
    // Opened again, the free seat is offered to who waits.
    let seen = run("unblock").await;
    assert_eq!((&seen["availability"], &seen["seats_offered"]), (&json!("booked"), &json!(1)));
    assert_eq!(cat.place(&entry).await, ("notified".to_owned(), 1));
    // Blocked once more, the offer is taken back.
    run("block").await;
    assert!(cat.offer(&class).await.is_null());
    cat.accept(&entry).await.fails(409, "no_offer");
    assert_eq!(cat.place(&entry).await, ("waiting".to_owned(), 1));
}

async fn a_revoked_class_ends_everything(app: &mut TestApp) {
    let class = app.class(2, json!({})).await;
    let (amy, ben, cat) = (app.student("amy").await, app.student("ben").await, app.student("cat").await);
    let booking = amy.booked(&class).await;
    ben.post(&format!("/schedules/{class}/hold"), json!({})).await.is(200);
    let entry = cat.join(&class).await;
    let run = async |verb: &str| app.operator.post(&format!("/schedules/{class}/{verb}"), json!({})).await;
    let seen = run("revoke").await.is(200);
    assert_eq!(seen["availability"], "revoked");
    let seats = ["seats_taken", "seats_held", "seats_offered"].map(|name| &seen[name]);
    assert_eq!((seats, &seen["waitlist"]["length"]), ([&json!(0), &json!(0), &json!(0)], &json!(0)));
    let ended = amy.get(&format!("/bookings/{booking}")).await.is(200);
    let told = ["status", "cancelled_by", "cancel_reason"].map(|name| &ended[name]);
    assert_eq!(told, [&json!("cancelled"), &json!("system"), &json!("schedule_revoked")]);
    assert_eq!(cat.place(&entry).await, ("expired".to_owned(), 0));
    assert_eq!(app.inbox(&amy).await, ["booking_confirmed", "booking_cancelled"]);
    assert_eq!(app.inbox(&cat).await, ["waitlist_closed"]);

    assert_eq!(run("revoke").await.is(200)["version"], seen["version"], "again: the same");
    assert_eq!(app.inbox(&amy).await.len(), 2, "told once");
    for verb in ["block", "unblock", "complete"] {
        run(verb).await.refused("schedule_ended");
    }
    app.operator.patch(&format!("/schedules/{class}"), json!({ "capacity": 9 })).await.refused("schedule_ended");
    let later = json!({ "starts_at": at("20:00:00.000") });
    app.operator.patch(&format!("/schedules/{class}"), later).await.refused("schedule_ended");
    amy.book(&class).await.refused("schedule_not_open");
    amy.try_join(&class).await.refused("waitlist_closed");
    assert_eq!(amy.get("/slots").await.is(200)["items"], json!([]));
    amy.booked(&app.class(1, json!({})).await).await;
}

async fn a_completed_class_stays(app: &mut TestApp) {
    let class = app.class(3, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let (a, b) = (amy.booked(&class).await, ben.booked(&class).await);
    let run = async |verb: &str| app.operator.post(&format!("/schedules/{class}/{verb}"), json!({})).await;
    app.advance_to("18:59:59.999").await;
    run("complete").await.refused("schedule_not_started");
    app.advance_to("20:00:00.000").await;
    app.operator.put(&format!("/bookings/{b}/no-show"), json!({})).await.is(200);
    let seen = run("complete").await.is(200);
    assert_eq!(seen["availability"], "completed");
    assert_eq!(amy.get(&format!("/bookings/{a}")).await.is(200)["status"], "completed");
    assert_eq!(ben.get(&format!("/bookings/{b}")).await.is(200)["status"], "no_show");
    assert_eq!(run("complete").await.is(200)["version"], seen["version"], "again: the same");
    for verb in ["revoke", "block", "unblock"] {
        run(verb).await.refused("schedule_ended");
    }
    amy.cancel(&a).await.refused("booking_ended");
    assert_eq!(amy.get("/slots").await.items().len(), 1);
}

async fn a_fee_due_at_the_end_is_still_settled(app: &mut TestApp) {
    let course = app.course(json!({ "price_fen": 100 })).await;
    let class = app.class_of(&course, 3, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    app.advance_to("18:58:00.000").await;
    let (paid, unpaid) = (amy.booked(&class).await, ben.booked(&class).await);
    amy.pay(&paid).await.is(200);
    app.advance_to("19:01:00.000").await;
    app.operator.post(&format!("/schedules/{class}/complete"), json!({})).await.is(200);
    app.advance_to("19:03:00.000").await;
    ben.pay(&unpaid).await.refused("payment_late");
    let status = async |who: &Person, id: &str| text(&who.get(&format!("/bookings/{id}")).await.is(200)["status"]);
    assert_eq!(status(&amy, &paid).await, "completed");
    assert_eq!(status(&ben, &unpaid).await, "cancelled");
    assert_eq!(app.inbox(&ben).await, ["booking_pending", "booking_cancelled"]);
}

async fn a_day_lists_its_classes(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let mut classes = Vec::new();
    for (starts_at, location) in [
        ("2025-11-12T23:59:59.999+08:00", "A"),
        ("2025-11-13T23:59:59.999+08:00", "D"),
        ("2025-11-13T00:00:00+08:00", "B"),
        ("2025-11-13T01:00:00Z", "C"),
        ("2025-11-14T00:00:00+08:00", "E"),
    ] {
        classes.push(app.class(1, json!({ "starts_at": starts_at, "location": location })).await);
    }
    let own = json!({ "starts_at": at("10:00:00.000"), "location": "T", "teacher_id": tom.teacher });
    let own = app.class(2, own).await;
    let amy = app.student("amy").await;
    amy.booked(&own).await;
    for (query, date, expected) in [
        ("", "2025-11-12", vec!["T", "A"]),
        ("?date=2025-11-12", "2025-11-12", vec!["T", "A"]),
        ("?date=2025-11-13", "2025-11-13", vec!["B", "C", "D"]),
        ("?date=2025-11-14", "2025-11-14", vec!["E"]),
        ("?date=2025-11-11", "2025-11-11", vec![]),
    ] {
        let day = amy.get(&format!("/slots{query}")).await.is(200);
        let places: Vec<_> = day["items"].as_array().expect("items").iter().map(|s| text(&s["location"])).collect();
        assert_eq!((&day["date"], places), (&json!(date), expected.into_iter().map(str::to_owned).collect()));
    }
    // Page by page, with nothing cut off silently.
    let pages = ["?page_size=2", "?page_size=2&page=2", "?page_size=2&page=3", ""];
    for (query, (page, page_size, expected)) in pages.into_iter().zip([
        (1, 2, vec!["B", "C"]),
        (2, 2, vec!["D"]),
        (3, 2, vec![]),
        (1, 100, vec!["B", "C", "D"]),
    ]) {
        let and = if query.is_empty() { String::new() } else { query.replace('?', "&") };
        let day = amy.get(&format!("/slots?date=2025-11-13{and}")).await.is(200);
        let told = ["total", "page", "page_size"].map(|name| &day[name]);
        assert_eq!(told, [&json!(3), &json!(page), &json!(page_size)]);
        let places: Vec<_> = day["items"].as_array().expect("items").iter().map(|s| text(&s["location"])).collect();
        assert_eq!(places, expected);
    }
    amy.get("/slots?page_size=101").await.invalid("page_size");
    // A slot is the live state and what only lists show.
    let slot = amy.get("/slots").await.items()[0].clone();
    let listed = json!({ "teacher_id": tom.teacher, "teacher_name": "tom", "location": "T", "course_kind": 1,
        "level": 0, "category": "", "final_price_fen": 0 });
    assert_eq!(slot, with(amy.sees(&own).await, listed));
    assert_eq!(slot["mine"]["booking"]["student_id"], amy.student);
    let for_amy = format!("/slots?student_id={}", amy.student);
    assert_eq!(app.operator.get(&for_amy).await.items()[0]["mine"], slot["mine"]);
    assert!(app.operator.get("/slots").await.items()[0]["mine"]["booking"].is_null());
    let other = amy.get("/slots?date=2025-11-13").await.items()[0].clone();
    assert_eq!((&other["id"], &other["teacher_name"]), (&json!(classes[2]), &Value::Null));
}
