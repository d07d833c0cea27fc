//! The inbox: what is told to whom, in whose language, and what was read.

use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, text};

on_both! {
    a_message_tells_a_booking
    messages_are_read_once
    another_ones_messages_are_not_there
    the_waitlist_is_told_in_literal_words
    an_offer_that_lapses_is_told_with_what_became_of_it
    a_change_is_told_as_what_holds_now
    reasons_are_told_in_words
    who_is_told_what
    a_class_reminds_of_itself
    a_blocked_class_reminds_whoever_is_booked
}

async fn latest(app: &TestApp, who: &Person, kind: &str) -> Value {
    app.messages(who, kind).await.first().unwrap_or_else(|| panic!("no {kind}")).clone()
}

async fn a_message_tells_a_booking(app: &mut TestApp) {
    let class = app.class(1, json!({ "location": "二楼" })).await;
    let amy = app.student("amy").await;
    let booking = amy.book(&class).await.is(201);
    let message = latest(app, &amy, "booking_confirmed").await;
    let names = ["kind", "title", "created_at", "read_at"].map(|name| &message[name]);
    assert_eq!(names, [&json!("booking_confirmed"), &json!("预约成功"), &json!(at("08:00:00.000")), &Value::Null]);
    assert_eq!(message["body"], "《书法》11-12 19:00 (UTC+08:00)，二楼，amy。预约编号 BK20251112-000001。");
    let facts = ["booking_id", "booking_no", "schedule_id", "course_name"].map(|name| &message["data"][name]);
    assert_eq!(facts, [&booking["id"], &booking["booking_no"], &json!(class), &json!("书法")]);
    let english = amy.in_english().get("/messages").await.items()[0].clone();
    assert_eq!((&english["title"], &english["id"]), (&json!("Booking confirmed"), &message["id"]));
}

async fn messages_are_read_once(app: &mut TestApp) {
    let amy = app.student("amy").await;
    for hour in ["14", "16", "18"] {
        let times = json!({ "starts_at": at(&format!("{hour}:00:00.000")) });
        amy.booked(&app.class(1, times).await).await;
    }
    let all = app.messages(&amy, "").await;
    let ids: Vec<String> = all.iter().map(|m| text(&m["id"])).collect();
    assert_eq!(ids.len(), 3);
    let unread = async || amy.get("/messages?unread=1").await.is(200)["total"].clone();
    assert_eq!(unread().await, 3);
    let path = format!("/messages/{}/read", ids[1]);
    app.advance_to("09:00:00.000").await;
    let read = amy.put(&path, json!({})).await.is(200);
    assert_eq!((&read["id"], &read["read_at"]), (&json!(ids[1]), &json!(at("09:00:00.000"))));
    app.advance_to("09:30:00.000").await;
    assert_eq!(amy.put(&path, json!({})).await.is(200), read, "the first time counts");
    let left = amy.get("/messages?unread=true").await.is(200);
    let left_ids: Vec<_> = left["items"].as_array().expect("items").iter().map(|m| text(&m["id"])).collect();
    assert_eq!(left_ids, [ids[0].clone(), ids[2].clone()]);
    assert_eq!(amy.post("/messages/read-all", json!({})).await.is(200), json!({ "read": 2 }));
    assert_eq!(unread().await, 0);
    let times: Vec<_> = amy.get("/messages").await.items().iter().map(|m| text(&m["read_at"])).collect();
    assert_eq!(times, [at("09:30:00.000"), at("09:00:00.000"), at("09:30:00.000")]);
    assert_eq!(amy.post("/messages/read-all", json!({})).await.is(200), json!({ "read": 0 }));
    // Pages and kinds.
    let page = amy.get("/messages?page_size=2&page=2").await.is(200);
    assert_eq!((&page["total"], &page["items"][0]["id"]), (&json!(3), &json!(ids[2])));
    assert_eq!(amy.get("/messages?kind=booking_cancelled").await.is(200)["total"], 0);
    assert_eq!(amy.get("/messages?kind=booking_confirmed&unread=0").await.is(200)["total"], 3);
}

async fn another_ones_messages_are_not_there(app: &mut TestApp) {
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    amy.booked(&app.class(1, json!({})).await).await;
    let path = format!("/messages/{}/read", text(&latest(app, &amy, "").await["id"]));
    for other in [&ben, &app.operator, &app.admin] {
        other.put(&path, json!({})).await.fails(404, "not_found");
        assert_eq!(other.get("/messages").await.is(200)["total"], 0);
        assert_eq!(other.post("/messages/read-all", json!({})).await.is(200), json!({ "read": 0 }));
    }
    assert_eq!(amy.get("/messages?unread=1").await.is(200)["total"], 1);
    // Another device of the same account sees the same.
    let phone = app.student("amy").await;
    phone.put(&path, json!({})).await.is(200);
    assert_eq!(amy.get("/messages?unread=1").await.is(200)["total"], 0);
}

async fn the_waitlist_is_told_in_literal_words(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let seated = app.student("seated").await;
    let seat = seated.booked(&class).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let a = amy.join(&class).await;
    let b = ben.join(&class).await;
    app.advance_to("12:00:00.000").await;
    seated.cancel(&seat).await.is(200);
    let offered = latest(app, &amy, "seat_offered").await;
    assert_eq!(offered["title"], "有名额，立即预约");
    let body =
        "《书法》11-12 19:00 (UTC+08:00)，amy。已通知所有候补用户，先确认者得，请在 11-12 12:15 (UTC+08:00) 前确认。";
    assert_eq!(offered["body"], body);
    let offer = amy.offer(&class).await;
    let facts = ["waitlist_id", "offer_id", "stage", "sent_at", "deadline"].map(|name| &offered["data"][name]);
    assert_eq!(facts, [&json!(a), &offer["id"], &json!("race"), &offer["sent_at"], &offer["deadline"]]);
    app.advance_to("12:09:59.999").await;
    assert_eq!(app.messages(&amy, "offer_reminder").await.len(), 0);
    app.advance_to("12:10:00.000").await;
    assert_eq!(latest(app, &amy, "offer_reminder").await["title"], "确认预约？还剩5分钟决策时间");
    let won = text(&amy.accept(&a).await.is(200)["booking"]["id"]);
    assert_eq!(latest(app, &ben, "offer_lost").await["title"], "名额已被抢占");
    assert_eq!(latest(app, &ben, "offer_lost").await["data"]["waitlist_id"], b);
    amy.cancel(&won).await.is(200);
    app.advance_to("12:25:00.000").await;
    let lapsed = latest(app, &ben, "offer_lapsed").await;
    assert_eq!(lapsed["title"], "候补确认已过期");
    let words = "候补确认已过期，名额现已按顺位单独保留给您，请留意新的通知。您仍在候补队列中。";
    assert!(text(&lapsed["body"]).contains(words), "{lapsed}");
    assert_eq!(latest(app, &ben, "seat_offered").await["data"]["stage"], "turn");
    let cat = app.student("cat").await;
    app.advance_to("12:40:00.000").await;
    cat.booked(&class).await;
    let dan = app.student("dan").await;
    dan.join(&class).await;
    app.advance_to("13:00:00.000").await;
    assert_eq!(latest(app, &dan, "waitlist_closed").await["title"], "候补已截止");
    // The clock was moved over several deadlines at once, and each was told at its own.
    let race = ["seat_offered", "offer_reminder"];
    let expected = [&race[..], &["offer_lost"], &race, &["offer_lapsed"], &race, &["offer_lapsed"]].concat();
    assert_eq!(app.inbox(&ben).await, expected);
}

async fn an_offer_that_lapses_is_told_with_what_became_of_it(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let seated = app.student("seated").await;
    let seat = seated.booked(&class).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    amy.join(&class).await;
    ben.join(&class).await;
    app.advance_to("12:20:00.000").await;
    seated.cancel(&seat).await.is(200);
    let body = |message: &Value| text(&message["body"]).rsplit("。候补").next().unwrap_or_default().to_owned();
    // The race lapses: the seat is Amy's alone, which is not what Ben is told.
    app.advance_to("12:35:00.000").await;
    let yours = "确认已过期，名额现已按顺位单独保留给您，请留意新的通知。您仍在候补队列中。";
    assert_eq!(body(&latest(app, &amy, "offer_lapsed").await), yours);
    let next = "确认已过期，名额已顺位给下一位候补用户。您仍在候补队列中。";
    assert_eq!(body(&latest(app, &ben, "offer_lapsed").await), next);
    app.advance_to("12:50:00.000").await;
    assert_eq!(body(&latest(app, &amy, "offer_lapsed").await), "确认已过期，名额已顺位给下一位候补用户。");
    assert_eq!(latest(app, &ben, "offer_reminder").await["title"], "确认预约？还剩5分钟决策时间");
    // Ben's turn ends with the queue: there is no next one.
    app.advance_to("13:00:00.000").await;
    assert_eq!(body(&latest(app, &ben, "offer_lapsed").await), "确认已过期。");
    assert_eq!(latest(app, &ben, "waitlist_closed").await["title"], "候补已截止");

    // A race that the cutoff ends leaves nobody in the queue.
    let policy = json!({ "cutoff_ms": 3_600_000, "window_ms": 3_600_000, "reminder_ms": 20_000 });
    let late = app.class(1, json!({ "policy": policy })).await;
    let seat = seated.booked(&late).await;
    amy.join(&late).await;
    app.advance_to("17:55:00.000").await;
    seated.cancel(&seat).await.is(200);
    app.advance_to("17:59:40.000").await;
    assert_eq!(latest(app, &amy, "offer_reminder").await["title"], "确认预约？还剩20秒决策时间");
    app.advance_to("18:00:00.000").await;
    assert_eq!(body(&latest(app, &amy, "offer_lapsed").await), "确认已过期。");

    let off = app.class(1, json!({ "starts_at": "2025-11-13T19:00:00+08:00" })).await;
    seated.booked(&off).await;
    amy.join(&off).await;
    app.operator.post(&format!("/schedules/{off}/revoke"), json!({})).await.is(200);
    let closed = text(&latest(app, &amy, "waitlist_closed").await["body"]);
    assert!(closed.ends_with("课次已撤销，候补随之结束，您可以选择其他课程。"), "{closed}");
}

async fn a_change_is_told_as_what_holds_now(app: &mut TestApp) {
    let (tom, tim) = (app.teacher("tom").await, app.teacher("tim").await);
    let class = app.class(3, json!({ "teacher_id": tom.teacher })).await;
    let amy = app.student("amy").await;
    amy.booked(&class).await;
    app.operator.patch(&format!("/schedules/{class}"), json!({ "teacher_id": tim.teacher })).await.is(200);
    let told = latest(app, &amy, "schedule_changed").await;
    assert_eq!(told["title"], "课程安排已调整");
    assert_eq!(told["body"], "现在的安排：《书法》11-12 19:00 (UTC+08:00)，amy。老师：tim。");
}

/// A code is for programs: people read what it means.
async fn reasons_are_told_in_words(app: &mut TestApp) {
    let course = app.course(json!({ "price_fen": 100 })).await;
    let unpaid = app.class_of(&course, 1, json!({})).await;
    let tom = app.teacher("tom").await;
    let course = app.course(json!({ "confirm_mode": "teacher" })).await;
    let times = json!({ "starts_at": at("09:00:00.000"), "ends_at": at("10:00:00.000"), "teacher_id": tom.teacher });
    let unanswered = app.class_of(&course, 1, times).await;
    let (revoked, from, to) =
        (app.class(1, json!({})).await, app.class(1, json!({})).await, app.class(1, json!({})).await);
    let amy = app.student("amy").await;
    amy.booked(&unpaid).await;
    app.advance_to("08:05:00.000").await;
    amy.booked(&unanswered).await;
    app.advance_to("09:00:00.000").await;
    amy.booked(&revoked).await;
    app.operator.post(&format!("/schedules/{revoked}/revoke"), json!({})).await.is(200);
    let booking = amy.booked(&from).await;
    amy.put(&format!("/bookings/{booking}/move"), json!({ "schedule_id": to })).await.is(200);
    app.messages(&amy, "").await;
    for person in [&amy, &amy.in_english()] {
        let told = person.get("/messages?kind=booking_cancelled").await.items();
        assert_eq!(told.len(), 4);
        for message in told {
            let body = text(&message["body"]);
            assert!(!body.contains('_') && !body.contains("moved"), "a code shows through: {body}");
        }
    }
}

async fn who_is_told_what(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let class = app.class(3, json!({ "teacher_id": tom.teacher })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let (a, b) = (amy.booked(&class).await, ben.booked(&class).await);
    amy.cancel(&a).await.is(200);
    app.operator.put(&format!("/bookings/{b}/cancel"), json!({ "reason": "停电" })).await.is(200);
    let told = latest(app, &ben, "booking_cancelled").await;
    let body = text(&told["body"]);
    assert!(body.ends_with("由运营取消。原因：停电。"), "{body}");
    assert_eq!(app.inbox(&amy).await, ["booking_confirmed", "booking_cancelled"]);
    let teachers = ["booking_confirmed", "booking_confirmed", "booking_cancelled", "booking_cancelled"];
    assert_eq!(app.inbox(&tom).await, teachers);
    assert_eq!(app.inbox(&app.teacher("tim").await).await, [""; 0]);
    assert_eq!(app.inbox(&app.operator).await, [""; 0]);
}

async fn a_class_reminds_of_itself(app: &mut TestApp) {
    let class = app.class(3, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    amy.booked(&class).await;
    let gone = ben.booked(&class).await;
    ben.cancel(&gone).await.is(200);
    app.advance_to("18:59:59.999").await;
    let reminded = app.messages(&amy, "class_reminder").await;
    assert!(!reminded.is_empty(), "before the class");
    assert!(reminded.iter().all(|m| m["data"]["schedule_id"] == class && m["title"] == "上课提醒"), "{reminded:?}");
    assert_eq!(app.messages(&ben, "class_reminder").await.len(), 0, "who cancelled is not reminded");
    let told = reminded.len();
    app.advance_to("21:00:00.000").await;
    assert_eq!(app.messages(&amy, "class_reminder").await.len(), told);
}

async fn a_blocked_class_reminds_whoever_is_booked(app: &mut TestApp) {
    let class = app.class(3, json!({})).await;
    let amy = app.student("amy").await;
    amy.booked(&class).await;
    app.admin.post(&format!("/schedules/{class}/block"), json!({})).await.is(200);
    app.advance_to("18:59:59.999").await;
    let reminded = app.messages(&amy, "class_reminder").await;
    assert_eq!(reminded.len(), 2, "half an hour and a quarter of an hour before: {reminded:?}");
}
