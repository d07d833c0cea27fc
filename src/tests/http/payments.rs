//! Bookings that are not at once confirmed: a fee is due, a teacher is asked, or both.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, text};

on_both! {
    a_fee_is_paid_in_five_minutes
    an_unpaid_booking_lapses_at_its_deadline
    a_discount_is_never_below_zero
    a_teacher_confirms_until_the_start
    the_fee_comes_first_then_the_teacher
    what_is_arranged_needs_no_teacher
    a_paid_booking_is_refunded
    a_fee_is_paid_at_the_desk
}

/// What of a booking tells how far it is.
fn stage(booking: &Value) -> (String, String) {
    (text(&booking["status"]), text(&booking["payment_status"]))
}

fn is(status: &str, payment: &str) -> (String, String) {
    (status.to_owned(), payment.to_owned())
}

async fn read(person: &Person, booking: &str) -> Value {
    person.get(&format!("/bookings/{booking}")).await.is(200)
}

async fn confirm(person: &Person, booking: &str) -> crate::harness::app::Answer {
    person.put(&format!("/bookings/{booking}/confirm"), json!({})).await
}

async fn a_fee_is_paid_in_five_minutes(app: &mut TestApp) {
    let course = app.course(json!({ "price_fen": 8_800 })).await;
    let class = app.class_of(&course, 1, json!({})).await;
    let amy = app.student("amy").await;
    let booking = amy.book(&class).await.is(201);
    assert_eq!(stage(&booking), is("pending", "unpaid"));
    assert_eq!((&booking["price_fen"], &booking["final_price_fen"]), (&json!(8_800), &json!(8_800)));
    assert_eq!(booking["pay_deadline"], at("08:05:00.000"));
    assert_eq!(amy.sees(&class).await["seats_taken"], 1, "an unpaid booking is a taken seat");
    app.student("ben").await.book(&class).await.refused("schedule_full");
    let id = text(&booking["id"]);
    confirm(&app.operator, &id).await.refused("payment_due");

    app.advance_to("08:04:59.999").await;
    let paid = amy.pay(&id).await.is(200);
    assert_eq!(stage(&paid), is("confirmed", "paid"));
    assert_eq!((&paid["pay_deadline"], &paid["confirmed_at"]), (&Value::Null, &json!(at("08:04:59.999"))));
    app.advance_to("08:06:00.000").await;
    assert_eq!(amy.pay(&id).await.is(200), paid, "again: the same");
    assert_eq!(stage(&read(&amy, &id).await), is("confirmed", "paid"));
    assert_eq!(app.inbox(&amy).await, ["booking_pending", "booking_confirmed"]);
    let free = amy.booked(&app.class(1, json!({ "starts_at": at("22:00:00.000") })).await).await;
    amy.pay(&free).await.refused("nothing_to_pay");
}

async fn an_unpaid_booking_lapses_at_its_deadline(app: &mut TestApp) {
    let course = app.course(json!({ "price_fen": 1 })).await;
    let class = app.class_of(&course, 1, json!({ "policy": { "pay_ms": 60_000 } })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let booking = amy.booked(&class).await;
    app.advance_to("08:00:59.999").await;
    ben.book(&class).await.refused("schedule_full");
    app.advance_to("08:01:00.000").await;
    amy.pay(&booking).await.refused("payment_late");
    let lapsed = read(&amy, &booking).await;
    assert_eq!(stage(&lapsed), is("cancelled", "unpaid"));
    let told = ["cancelled_by", "cancel_reason", "cancelled_at", "pay_deadline"].map(|name| &lapsed[name]);
    assert_eq!(told, [&json!("system"), &json!("payment_timeout"), &json!(at("08:01:00.000")), &Value::Null]);
    assert_eq!(app.inbox(&amy).await, ["booking_pending", "booking_cancelled"]);
    let second = ben.booked(&class).await;
    ben.cancel(&second).await.is(200);
    ben.pay(&second).await.refused("payment_late");
    // A stop does not lengthen a deadline.
    let third = amy.booked(&class).await;
    app.restart("08:02:30.000").await;
    assert_eq!(stage(&read(&amy, &third).await), is("cancelled", "unpaid"));
    amy.pay(&third).await.refused("payment_late");
}

async fn a_discount_is_never_below_zero(app: &mut TestApp) {
    let course = app.course(json!({ "price_fen": 500 })).await;
    let amy = app.student("amy").await;
    for (hour, modifier, price, payment) in [
        (9, 250, 750, "unpaid"),
        (12, -200, 300, "unpaid"),
        (15, -500, 0, "not_required"),
        (18, -900, 0, "not_required"),
    ] {
        let policy = json!({
            "starts_at": at(&format!("{hour:02}:00:00.000")), "policy": { "price_modifier_fen": modifier },
        });
        let class = app.class_of(&course, 1, policy).await;
        let booking = amy.book(&class).await.is(201);
        let told = (&booking["price_fen"], &booking["final_price_fen"], &booking["payment_status"]);
        assert_eq!(told, (&json!(500), &json!(price), &json!(payment)), "{modifier}");
    }
}

async fn a_teacher_confirms_until_the_start(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let course = app.course(json!({ "confirm_mode": "teacher" })).await;
    let class = app.class_of(&course, 2, json!({ "teacher_id": tom.teacher })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let booking = amy.book(&class).await.is(201);
    assert_eq!(stage(&booking), is("pending", "not_required"));
    assert_eq!((&booking["confirmed_at"], &booking["pay_deadline"]), (&Value::Null, &Value::Null));
    let id = text(&booking["id"]);
    let unanswered = ben.booked(&class).await;
    amy.pay(&id).await.refused("nothing_to_pay");
    confirm(&amy, &id).await.fails(403, "forbidden");
    confirm(&app.teacher("tim").await, &id).await.fails(404, "unknown_booking");
    assert_eq!(amy.sees(&class).await["seats_left"], 0, "a pending booking is a taken seat");

    app.advance_to("18:59:59.999").await;
    let confirmed = confirm(&tom, &id).await.is(200);
    assert_eq!(
        (stage(&confirmed), &confirmed["confirmed_at"]),
        (is("confirmed", "not_required"), &json!(at("18:59:59.999")))
    );
    assert_eq!(confirm(&tom, &id).await.is(200), confirmed, "again: the same");
    app.advance_to("19:00:00.000").await;
    let lapsed = read(&ben, &unanswered).await;
    assert_eq!(stage(&lapsed), is("cancelled", "not_required"));
    assert_eq!((&lapsed["cancelled_by"], &lapsed["cancel_reason"]), (&json!("system"), &json!("teacher_unanswered")));
    confirm(&tom, &unanswered).await.refused("booking_ended");
    assert_eq!(amy.sees(&class).await["seats_taken"], 1);
}

async fn the_fee_comes_first_then_the_teacher(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let course = app.course(json!({ "confirm_mode": "teacher", "price_fen": 100 })).await;
    let class = app.class_of(&course, 2, json!({ "teacher_id": tom.teacher })).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let (first, second) = (amy.booked(&class).await, ben.booked(&class).await);
    confirm(&tom, &first).await.refused("payment_due");
    assert_eq!(stage(&amy.pay(&first).await.is(200)), is("pending", "paid"));
    assert_eq!(stage(&ben.pay(&second).await.is(200)), is("pending", "paid"));
    assert_eq!(stage(&confirm(&tom, &first).await.is(200)), is("confirmed", "paid"));
    app.advance_to("19:00:00.000").await;
    assert_eq!(stage(&read(&amy, &first).await), is("confirmed", "paid"));
    assert_eq!(stage(&read(&ben, &second).await), is("cancelled", "refunded"), "no answer until the start");
    assert_eq!(app.inbox(&ben).await.last().expect("a message"), "booking_cancelled");
}

async fn what_is_arranged_needs_no_teacher(app: &mut TestApp) {
    let course = app.course(json!({ "confirm_mode": "teacher" })).await;
    let class = app.class_of(&course, 2, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let arranged = json!({ "schedule_id": class, "profile_id": amy.student });
    let booking = app.operator.post("/bookings", arranged).await.is(201);
    assert_eq!((stage(&booking), &booking["source"]), (is("confirmed", "not_required"), &json!("arranged")));
    // Without a teacher of its own, staff confirm.
    let id = ben.booked(&class).await;
    assert_eq!(stage(&confirm(&app.operator, &id).await.is(200)), is("confirmed", "not_required"));
}

async fn a_paid_booking_is_refunded(app: &mut TestApp) {
    let course = app.course(json!({ "price_fen": 100 })).await;
    let class = app.class_of(&course, 3, json!({})).await;
    let (amy, ben, cat) = (app.student("amy").await, app.student("ben").await, app.student("cat").await);
    let (a, b, c) = (amy.booked(&class).await, ben.booked(&class).await, cat.booked(&class).await);
    amy.pay(&a).await.is(200);
    // Staff mark as paid what was paid at the desk.
    assert_eq!(stage(&app.operator.pay(&b).await.is(200)), is("confirmed", "paid"));
    assert_eq!(stage(&amy.cancel(&a).await.is(200)), is("cancelled", "refunded"));
    assert_eq!(stage(&cat.cancel(&c).await.is(200)), is("cancelled", "unpaid"));
    app.operator.post(&format!("/schedules/{class}/revoke"), json!({ "reason": "停电" })).await.is(200);
    let revoked = read(&ben, &b).await;
    assert_eq!((stage(&revoked), &revoked["cancel_reason"]), (is("cancelled", "refunded"), &json!("停电")));
    amy.pay(&a).await.refused("payment_late");
}

async fn a_fee_is_paid_at_the_desk(app: &mut TestApp) {
    let course = app.course(json!({ "price_fen": 8_800 })).await;
    let class = app.class_of(&course, 3, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let booking = amy.booked(&class).await;
    let path = format!("/bookings/{booking}/paid");
    amy.put(&path, json!({})).await.fails(403, "forbidden");
    // Two at the desk at once: paid once.
    let answers = join_all([&app.operator, &app.admin].map(|who| who.put(&path, json!({})))).await;
    for answer in answers {
        assert_eq!(stage(&answer.is(200)), is("confirmed", "paid"));
    }
    assert_eq!(stage(&app.operator.put(&path, json!({})).await.is(200)), is("confirmed", "paid"));
    let events = app.operator.get(&format!("/schedules/{class}/history")).await.items();
    assert_eq!(events.iter().filter(|e| e["event"] == "booking_paid").count(), 1);
    let late = ben.booked(&class).await;
    app.advance_to("08:05:00.000").await;
    app.operator.put(&format!("/bookings/{late}/paid"), json!({})).await.refused("payment_late");
    let free = amy.booked(&app.class(1, json!({ "starts_at": at("22:00:00.000") })).await).await;
    app.operator.put(&format!("/bookings/{free}/paid"), json!({})).await.refused("nothing_to_pay");
}
