//! Bookings: asking twice, at once, for others, and what becomes of them.

use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, text};

on_both! {
    a_seat_is_booked_and_told
    refusals_come_in_their_order
    nobody_books_for_anothers_student
    one_cannot_be_in_two_places
    students_cancel_with_notice_and_staff_until_the_start
    a_cancelled_booking_stays_as_it_was_cancelled
    a_held_seat_is_kept_for_five_minutes
    holds_are_few
    who_was_there_is_told_after_the_start
    a_booking_moves_when_there_is_a_seat
    lists_are_filtered
    notes_are_changed_by_who_wrote_them
    who_came_is_corrected_after_the_class
}

async fn a_seat_is_booked_and_told(app: &mut TestApp) {
    let class = app.class(2, json!({})).await;
    let amy = app.student("amy").await;
    let booking = amy.book(&class).await.is(201);
    let expected = json!({
        "id": booking["id"], "booking_no": "BK20251112-000001", "schedule_id": class, "student_id": amy.student,
        "status": "confirmed", "payment_status": "not_required", "price_fen": 0, "final_price_fen": 0,
        "pay_deadline": null, "source": "direct", "starts_at": at("19:00:00.000"), "ends_at": at("21:00:00.000"),
        "created_at": at("08:00:00.000"), "confirmed_at": at("08:00:00.000"), "cancelled_at": null,
        "cancelled_by": null, "cancel_reason": null, "completed_at": null,
    });
    assert_eq!(booking, expected);
    let seen = amy.sees(&class).await;
    assert_eq!(seen["mine"], json!({ "booking": booking, "hold": null, "waitlist_entry": null, "offer": null }));
    assert_eq!((&seen["seats_taken"], &seen["seats_left"]), (&json!(1), &json!(1)));
    assert!(app.admin.sees(&class).await["mine"]["booking"].is_null(), "another's booking is not shown");
    assert_eq!(app.inbox(&amy).await, ["booking_confirmed"]);
    let second = app.student("ben").await.book(&class).await.is(201);
    assert_eq!(second["booking_no"], "BK20251112-000002");
}

/// Where several refusals apply, the one that the contract lists first is told.
async fn refusals_come_in_their_order(app: &mut TestApp) {
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let class = app.class(1, json!({})).await;
    let other = app.class(5, json!({})).await;
    amy.booked(&class).await;
    amy.book(&class).await.refused("already_booked");
    let full = ben.book(&class).await.refused("schedule_full");
    assert_eq!(full["error"], "时段已被预约");
    amy.book(&other).await.refused("time_conflict");
    app.operator.post(&format!("/schedules/{class}/block"), json!({})).await.ok();
    amy.book(&class).await.refused("already_booked");
    ben.book(&class).await.refused("schedule_not_open");
    app.operator.post(&format!("/schedules/{other}/block"), json!({})).await.ok();
    amy.book(&other).await.refused("schedule_not_open");
    app.operator.post(&format!("/schedules/{other}/unblock"), json!({})).await.ok();
    app.advance_to("18:59:59.999").await;
    ben.booked(&other).await;
    app.advance_to("19:00:00.000").await;
    amy.book(&other).await.refused("schedule_started");
    let wrong = json!({ "schedule_id": class, "profile_id": ben.student });
    amy.post("/bookings", wrong).await.fails(404, "not_found");
}

async fn nobody_books_for_anothers_student(app: &mut TestApp) {
    let class = app.class(5, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let for_ben = json!({ "schedule_id": class, "profile_id": ben.student });
    for person in [&amy, &app.teacher("tom").await] {
        person.post("/bookings", for_ben.clone()).await.fails(404, "not_found");
    }
    assert_eq!(app.admin.sees(&class).await["seats_taken"], 0);
    // Staff arrange a booking; it is the student's.
    let booking = app.operator.post("/bookings", for_ben.clone()).await.is(201);
    assert_eq!((&booking["student_id"], &booking["source"]), (&json!(ben.student), &json!("arranged")));
    ben.post("/bookings", for_ben).await.refused("already_booked");
    let path = format!("/bookings/{}", text(&booking["id"]));
    assert_eq!(ben.get(&path).await.is(200)["id"], booking["id"]);
    amy.get(&path).await.fails(404, "unknown_booking");
    amy.put(&format!("{path}/cancel"), json!({})).await.fails(404, "unknown_booking");
    amy.post("/pay", json!({ "booking_id": booking["id"] })).await.fails(404, "unknown_booking");
    assert_eq!(app.inbox(&ben).await, ["booking_confirmed"]);
}

async fn one_cannot_be_in_two_places(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let evening = app.class(5, json!({})).await;
    amy.booked(&evening).await;
    for (from, to, fits) in [
        ("18:00", "19:00", true),
        ("21:00", "22:00", true),
        ("20:59", "22:30", false),
        ("17:00", "19:01", false),
        ("19:30", "20:00", false),
        ("15:00", "23:00", false),
    ] {
        let times = json!({ "starts_at": at(&format!("{from}:00.000")), "ends_at": at(&format!("{to}:00.000")) });
        let class = app.class(5, times).await;
        let answer = amy.book(&class).await;
        if fits {
            answer.is(201);
        } else {
            answer.refused("time_conflict");
        }
    }
}

async fn students_cancel_with_notice_and_staff_until_the_start(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let notice = json!({ "policy": { "cancel_notice_ms": 3_600_000 }, "teacher_id": tom.teacher });
    let class = app.class(5, notice).await;
    let (amy, ben, cat) = (app.student("amy").await, app.student("ben").await, app.student("cat").await);
    let dan = app.student("dan").await;
    let mut bookings = Vec::new();
    for person in [&amy, &ben, &cat, &dan] {
        bookings.push(person.booked(&class).await);
    }
    app.advance_to("17:59:59.999").await;
    let cancelled = amy.cancel(&bookings[0]).await.is(200);
    let told = ["status", "cancelled_by", "cancelled_at", "cancel_reason"].map(|name| &cancelled[name]);
    assert_eq!(told, [&json!("cancelled"), &json!("student"), &json!(at("17:59:59.999")), &Value::Null]);
    app.advance_to("18:00:00.000").await;
    ben.cancel(&bookings[1]).await.refused("cancel_too_late");
    ben.delete(&format!("/bookings/{}", bookings[1])).await.refused("cancel_too_late");
    app.advance_to("18:59:59.999").await;
    assert_eq!(tom.cancel(&bookings[1]).await.is(200)["cancelled_by"], "teacher");
    let reason = json!({ "reason": "老师请假" });
    let cancelled = app.operator.put(&format!("/bookings/{}/cancel", bookings[2]), reason).await.is(200);
    assert_eq!(cancelled["cancelled_by"], "operator");
    assert_eq!(cancelled["cancel_reason"], "老师请假");
    assert_eq!(app.admin.sees(&class).await["seats_taken"], 1);
    app.advance_to("19:00:00.000").await;
    for person in [&dan, &tom, &app.operator] {
        person.cancel(&bookings[3]).await.refused("schedule_started");
    }
    assert_eq!(app.inbox(&cat).await.last().expect("a message"), "booking_cancelled");
}

async fn a_cancelled_booking_stays_as_it_was_cancelled(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let amy = app.student("amy").await;
    let booking = amy.booked(&class).await;
    let path = format!("/bookings/{booking}");
    let first = amy.put(&format!("{path}/cancel"), json!({ "reason": "ill" })).await.is(200);
    app.advance_to("09:00:00.000").await;
    assert_eq!(amy.put(&format!("{path}/cancel"), json!({ "reason": "well" })).await.is(200), first);
    assert_eq!(amy.delete(&path).await.is(200), first);
    assert_eq!(app.operator.cancel(&booking).await.is(200), first);
    for verb in ["confirm", "complete", "no-show"] {
        app.operator.put(&format!("{path}/{verb}"), json!({})).await.refused("booking_ended");
    }
    // A new one is another booking, and the old one stays.
    let again = amy.book(&class).await.is(201);
    assert_ne!(again["id"], first["id"]);
    assert_eq!(amy.put(&format!("{path}/cancel"), json!({})).await.is(200), first);
    assert_eq!(amy.sees(&class).await["mine"]["booking"]["id"], again["id"]);
    assert_eq!(amy.get("/bookings").await.is(200)["total"], 2);
}

fn seats(seen: &Value) -> [u64; 4] {
    ["seats_taken", "seats_held", "seats_offered", "seats_left"].map(|name| seen[name].as_u64().expect("a number"))
}

async fn hold(person: &Person, class: &str) -> crate::harness::app::Answer {
    person.post(&format!("/schedules/{class}/hold"), json!({})).await
}

async fn a_held_seat_is_kept_for_five_minutes(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let held = hold(&amy, &class).await.is(200);
    assert_eq!(held, json!({ "hold_id": held["hold_id"], "expires_at": at("08:05:00.000") }));
    app.advance_to("08:01:00.000").await;
    assert_eq!(hold(&amy, &class).await.is(200), held, "again: the same");
    let seen = amy.sees(&class).await;
    assert_eq!((&seen["mine"]["hold"], &seen["availability"]), (&held, &json!("pending")));
    assert_eq!(seats(&seen), [0, 1, 0, 0]);
    ben.book(&class).await.refused("schedule_full");
    hold(&ben, &class).await.refused("schedule_full");
    app.advance_to("08:04:59.999").await;
    let body = json!({ "schedule_id": class, "hold_id": held["hold_id"] });
    let booking = amy.post("/bookings", body).await.is(201);
    let seen = amy.sees(&class).await;
    assert_eq!((seats(&seen), &seen["mine"]["hold"]), ([1, 0, 0, 0], &Value::Null));
    assert_eq!(seen["availability"], "booked");
    amy.cancel(&text(&booking["id"])).await.ok();

    let held = hold(&amy, &class).await.is(200);
    assert_eq!(held["expires_at"], at("08:09:59.999"));
    app.advance_to("08:09:59.998").await;
    ben.book(&class).await.refused("schedule_full");
    app.advance_to("08:09:59.999").await;
    let seen = amy.sees(&class).await;
    assert_eq!((seats(&seen), &seen["mine"]["hold"]), ([0, 0, 0, 1], &Value::Null));
    ben.booked(&class).await;
    // The hold is gone, so it opens nothing any more.
    let body = json!({ "schedule_id": class, "hold_id": held["hold_id"] });
    amy.post("/bookings", body).await.refused("schedule_full");
}

async fn holds_are_few(app: &mut TestApp) {
    let class = app.class(3, json!({})).await;
    let amy = app.student("amy").await;
    let path = format!("/schedules/{class}/hold");
    for _ in 0..3 {
        hold(&amy, &class).await.is(200);
        assert_eq!(amy.delete(&path).await.is(200), json!({ "released": true }));
        assert_eq!(seats(&amy.sees(&class).await), [0, 0, 0, 3]);
    }
    assert_eq!(amy.delete(&path).await.is(200), json!({ "released": true }), "again: the same answer");
    hold(&amy, &class).await.refused("hold_limit");
    hold(&app.student("ben").await, &class).await.is(200);
    app.advance_to("08:30:00.000").await;
    hold(&amy, &class).await.is(200);
}

async fn who_was_there_is_told_after_the_start(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let class = app.class(5, json!({ "teacher_id": tom.teacher })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let (a, b) = (amy.booked(&class).await, ben.booked(&class).await);
    let mark = async |booking: &str, verb: &str| tom.put(&format!("/bookings/{booking}/{verb}"), json!({})).await;
    app.advance_to("18:59:59.999").await;
    mark(&a, "complete").await.refused("schedule_not_started");
    mark(&b, "no-show").await.refused("schedule_not_started");
    app.advance_to("19:00:00.000").await;
    let done = mark(&a, "complete").await.is(200);
    assert_eq!((&done["status"], &done["completed_at"]), (&json!("completed"), &json!(at("19:00:00.000"))));
    assert_eq!(mark(&b, "no-show").await.is(200)["status"], "no_show");
    assert_eq!(mark(&a, "complete").await.is(200), done, "again: the same");
    // A slip of the finger can be corrected.
    assert_eq!(mark(&a, "no-show").await.is(200)["status"], "no_show");
    assert_eq!(mark(&a, "complete").await.is(200)["status"], "completed");
    amy.cancel(&a).await.refused("booking_ended");
    assert_eq!(app.admin.get("/bookings?status=no_show").await.items()[0]["id"], b);
}

async fn a_booking_moves_when_there_is_a_seat(app: &mut TestApp) {
    let policy = json!({ "policy": { "cancel_notice_ms": 3_600_000 } });
    let (from, to) = (app.class(1, policy).await, app.class(1, json!({})).await);
    let later = app.class(1, json!({ "starts_at": at("22:00:00.000"), "ends_at": at("23:00:00.000") })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let booking = amy.booked(&from).await;
    let move_to = async |who: &Person, booking: &str, to: &str| {
        who.put(&format!("/bookings/{booking}/move"), json!({ "schedule_id": to })).await
    };
    let seat = ben.booked(&to).await;
    move_to(&ben, &booking, &later).await.fails(404, "unknown_booking");
    move_to(&amy, &booking, &from).await.refused("already_booked");
    move_to(&amy, &booking, "01ARZ3NDEKTSV4RRFFQ69G5FAV").await.fails(404, "unknown_schedule");
    move_to(&amy, &booking, &to).await.refused("schedule_full");
    assert_eq!(amy.get(&format!("/bookings/{booking}")).await.is(200)["status"], "confirmed", "it keeps its seat");
    ben.cancel(&seat).await.ok();
    // Both are at the same hour: the one that is given up is no conflict.
    let moved = move_to(&amy, &booking, &to).await.is(200);
    assert_eq!((&moved["schedule_id"], &moved["source"]), (&json!(to), &json!("moved")));
    let old = amy.get(&format!("/bookings/{booking}")).await.is(200);
    assert_eq!((&old["status"], &old["cancel_reason"]), (&json!("cancelled"), &json!("moved")));
    assert_eq!(move_to(&amy, &booking, &to).await.is(200), moved, "again: the same");
    move_to(&amy, &booking, &later).await.refused("booking_ended");
    assert_eq!((seats(&amy.sees(&from).await), seats(&amy.sees(&to).await)), ([0, 0, 0, 1], [1, 0, 0, 0]));

    let booking = ben.booked(&from).await;
    app.advance_to("18:00:00.000").await;
    move_to(&ben, &booking, &later).await.refused("cancel_too_late");
    move_to(&app.operator, &booking, &later).await.is(200);
}

async fn lists_are_filtered(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let mut bookings = Vec::new();
    for (day, hour) in [(12, 19), (13, 0), (13, 23), (14, 0)] {
        let starts_at = format!("2025-11-{day}T{hour:02}:00:00+08:00");
        let ends_at = format!("2025-11-{day}T{hour:02}:30:00+08:00");
        let times = json!({ "starts_at": starts_at, "ends_at": ends_at, "teacher_id": tom.teacher });
        bookings.push(amy.booked(&app.class(5, times).await).await);
    }
    let other = ben.booked(&app.class(5, json!({})).await).await;
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| bookings[i].as_str());
    amy.cancel(b).await.ok();
    for (who, query, expected) in [
        (&amy, "/bookings", vec![d, c, b, a]),
        (&amy, "/bookings?status=confirmed", vec![d, c, a]),
        (&amy, "/bookings?status=cancelled", vec![b]),
        (&amy, "/bookings?status=pending", vec![]),
        (&amy, "/bookings?from=2025-11-13&to=2025-11-14", vec![c, b]),
        (&amy, "/bookings?from=2025-11-12T16:00:00.001Z", vec![d, c]),
        (&amy, "/bookings?from=2025-11-13T00:00:00%2B08:00&to=2025-11-13T23:00:00%2B08:00", vec![b]),
        (&amy, "/bookings?to=2025-11-12", vec![]),
        (&amy, "/bookings?page_size=3&page=2", vec![a]),
        (&ben, "/bookings", vec![&*other]),
        (&tom, "/bookings", vec![]),
        (&app.operator, "/bookings?status=cancelled", vec![b]),
        (&app.operator, "/bookings?to=2025-11-13", vec![&*other, a]),
        (&amy, "/bookings/mine/upcoming", vec![a, c, d]),
        (&amy, "/bookings/mine/upcoming?page_size=1&page=2", vec![c]),
        (&ben, "/bookings/mine/upcoming", vec![&*other]),
        (&tom, "/coach/bookings", vec![a, b, c, d]),
        (&tom, "/coach/bookings?date=2025-11-13", vec![b, c]),
        (&tom, "/coach/bookings?date=2025-11-15", vec![]),
    ] {
        let listed: Vec<String> = who.get(query).await.items().iter().map(|b| text(&b["id"])).collect();
        assert_eq!(listed, expected, "{query}");
    }
    for list in ["/bookings", "/bookings/mine/upcoming"] {
        let by_student = format!("{list}?student_id={}", ben.student);
        assert_eq!(app.operator.get(&by_student).await.items()[0]["id"], other);
        amy.get(&by_student).await.fails(404, "not_found");
    }
    let whole = amy.get(&format!("/bookings/{d}")).await.is(200);
    assert_eq!(whole, amy.get("/bookings").await.items()[0], "alone as in the list");
    let class = amy.get(&format!("/slots/{}", text(&whole["schedule_id"]))).await.is(200);
    for fact in ["course_id", "course_name", "teacher_name", "location"] {
        assert_eq!(whole[fact], class[fact], "{fact}");
    }
    assert_eq!((&whole["teacher_name"], &whole["nickname"]), (&json!("tom"), &json!("amy")));
    app.advance_to("19:30:00.000").await;
    assert_eq!(amy.get("/bookings/mine/upcoming").await.is(200)["total"], 2, "what has ended is not to come");
}

async fn notes_are_changed_by_who_wrote_them(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let class = app.class(3, json!({ "teacher_id": tom.teacher })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let booking = amy.booked(&class).await;
    let path = format!("/bookings/{booking}");
    let noted = amy.patch(&path, json!({ "student_note": "带毛笔 <i>" })).await.is(200);
    assert_eq!((&noted["note"], noted.get("teacher_note")), (&json!("带毛笔 <i>"), None));
    let noted = tom.patch(&path, json!({ "teacher_note": "左手" })).await.is(200);
    assert_eq!((&noted["note"], &noted["teacher_note"]), (&json!("带毛笔 <i>"), &json!("左手")));
    for who in [&amy, &tom] {
        let forbidden = if who.account == amy.account { "teacher_note" } else { "student_note" };
        who.patch(&path, json!({ forbidden: "x" })).await.fails(403, "forbidden");
    }
    ben.patch(&path, json!({ "student_note": "x" })).await.fails(404, "unknown_booking");
    amy.patch(&path, json!({ "student_note": "长".repeat(2_001) })).await.invalid("student_note");
    // What happens to the booking afterwards leaves the notes alone.
    amy.cancel(&booking).await.is(200);
    let roster = tom.get(&format!("/schedules/{class}/roster")).await.is(200);
    let told = ["student_note", "teacher_note"].map(|name| &roster["bookings"][0][name]);
    assert_eq!(told, [&json!("带毛笔 <i>"), &json!("左手")]);
    // The student never sees the teacher's.
    for list in [path.as_str(), "/bookings"] {
        assert!(!amy.get(list).await.text.contains("左手"), "{list}");
    }
    for (who, list) in [(&tom, "/coach/bookings"), (&app.operator, "/bookings"), (&tom, path.as_str())] {
        assert!(who.get(list).await.text.contains("左手"), "{list}");
    }
    let cleared = tom.patch(&path, json!({ "teacher_note": "" })).await.is(200);
    assert_eq!(cleared.get("teacher_note"), None);
    // Whoever arranged it may note what the student said.
    let arranged = json!({ "schedule_id": class, "profile_id": ben.student });
    let arranged = text(&app.operator.post("/bookings", arranged).await.is(201)["id"]);
    let path = format!("/bookings/{arranged}");
    assert_eq!(app.operator.patch(&path, json!({ "student_note": "迟到" })).await.is(200)["note"], "迟到");
    app.admin.patch(&path, json!({ "student_note": "x" })).await.fails(403, "forbidden");
    assert_eq!(ben.patch(&path, json!({})).await.is(200)["note"], "迟到");
}

async fn who_came_is_corrected_after_the_class(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let class = app.class(3, json!({ "teacher_id": tom.teacher })).await;
    let amy = app.student("amy").await;
    let booking = amy.booked(&class).await;
    app.advance_to("21:00:00.000").await;
    tom.post(&format!("/schedules/{class}/complete"), json!({})).await.is(200);
    for (who, mark, status) in [
        (&tom, "no-show", "no_show"),
        (&app.operator, "complete", "completed"),
        (&tom, "complete", "completed"),
        (&app.operator, "no-show", "no_show"),
    ] {
        let path = format!("/bookings/{booking}/{mark}");
        assert_eq!(who.put(&path, json!({})).await.is(200)["status"], status);
        amy.put(&path, json!({})).await.fails(403, "forbidden");
    }
    // Also when the class is read from its rows again.
    app.restart("21:30:00.000").await;
    assert_eq!(tom.put(&format!("/bookings/{booking}/complete"), json!({})).await.is(200)["status"], "completed");
}
