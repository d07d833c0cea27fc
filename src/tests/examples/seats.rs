//! Sizes of queues, holds, fees, reminders, and the student's own calendar.

use serde_json::json;

use super::{
    on_both,
    school::{School, granted, instant, refused, text},
};
use crate::store::database::Database;

on_both! {
    a_queue_takes_as_many_as_it_may
    an_operator_changes_the_size_of_a_queue
    a_hold_and_a_fee_last_five_minutes
    two_requests_for_one_seat
    reminders_come_once_each
    nobody_is_in_two_places
    a_request_key_gives_the_same_bytes
}

async fn a_queue_takes_as_many_as_it_may(db: Database) {
    let school = School::open(db, "08:00:00.000").await;
    for (tier, size) in [("standard", 8), ("vip", 5)] {
        let class = school.class(1, json!({ "tier": tier }), json!({})).await;
        school.booked(&school.student(&format!("seated-{tier}")).await, &class).await;
        let people = school.students(&format!("{tier}-"), 20).await;
        let answers = futures_util::future::join_all(people.iter().map(|p| school.try_join(p, &class))).await;
        let mut positions: Vec<u64> =
            answers.iter().filter(|a| a.0 == 200).filter_map(|a| a.1["data"]["position"].as_u64()).collect();
        positions.sort_unstable();
        assert_eq!(positions, (1..=size).collect::<Vec<u64>>());
        for full in answers.iter().filter(|a| a.0 != 200) {
            refused(full, "queue_full");
            assert_eq!(full.1["error"], "候补队列已满，请选择其他课程");
        }
        assert_eq!(
            school.seen(&people[0], &class).await["waitlist"],
            json!({ "capacity": size, "length": size, "open": true })
        );
        let first = people.iter().zip(&answers).find(|(_, a)| a.1["data"]["position"] == 2).expect("a second");
        let entry = text(&first.1.1["data"]["waitlist_id"]);
        refused(&school.try_join(first.0, &class).await, "already_waiting");
        granted(&school.ask(&first.0.token, "DELETE", &format!("/waitlist/{entry}"), json!({})).await);
        let again = school.try_join(first.0, &class).await;
        assert_eq!(again.1["data"]["position"], size, "who joins again is the last in line");
    }
    school.close();
}

async fn an_operator_changes_the_size_of_a_queue(db: Database) {
    let school = School::open(db, "08:00:00.000").await;
    let class = school.class(1, json!({}), json!({})).await;
    school.booked(&school.student("seated").await, &class).await;
    let people = school.students("p", 10).await;
    for person in &people[..8] {
        school.join(person, &class).await;
    }
    refused(&school.try_join(&people[8], &class).await, "queue_full");
    let size = |n: u32| json!({ "scope": "schedule", "ref": class, "capacity": n });
    school.operate("PUT", "/waitlist/capacity", size(10)).await;
    school.join(&people[8], &class).await;
    school.operate("PUT", "/waitlist/capacity", size(5)).await;
    let seen = school.seen(&people[0], &class).await;
    assert_eq!(seen["waitlist"], json!({ "capacity": 5, "length": 9, "open": true }), "nobody is sent away");
    refused(&school.try_join(&people[9], &class).await, "queue_full");
    let none = school.try_operate("PATCH", &format!("/schedules/{class}"), json!({ "capacity": 0 })).await;
    assert_eq!((none.0, none.1["reason"].as_str()), (400, Some("invalid_request")));
    school.close();
}

async fn a_hold_and_a_fee_last_five_minutes(db: Database) {
    let school = School::open(db, "10:00:00.000").await;
    let class = school.class(1, json!({ "price_fen": 18_000 }), json!({})).await;
    let (amy, ben) = (school.student("amy").await, school.student("ben").await);
    let held = school.ask(&amy.token, "POST", &format!("/schedules/{class}/hold"), json!({})).await;
    granted(&held);
    assert_eq!(held.1["data"]["expires_at"], instant("10:05:00.000"));
    let seen = school.seen(&ben, &class).await;
    assert_eq!((&seen["availability"], &seen["seats_held"]), (&json!("pending"), &json!(1)));
    refused(&school.book(&ben, &class).await, "schedule_full");
    school.at("10:05:00.000").await;
    let booking = school.booked(&ben, &class).await;
    let detail = school.seen(&ben, &class).await["mine"]["booking"].clone();
    assert_eq!((&detail["status"], &detail["payment_status"]), (&json!("pending"), &json!("unpaid")));
    assert_eq!(detail["pay_deadline"], instant("10:10:00.000"));
    school.at("10:09:59.000").await;
    let pay = json!({ "booking_id": booking });
    let paid = school.ask(&ben.token, "POST", "/pay", pay.clone()).await;
    granted(&paid);
    assert_eq!(paid.1["data"]["status"], "confirmed");
    assert_eq!(school.ask(&ben.token, "POST", "/pay", pay).await.1["data"], paid.1["data"], "paid once");
    school.cancel(&ben, &booking).await;
    let booking = school.booked(&amy, &class).await;
    let cat = school.student("cat").await;
    let entry = school.join(&cat, &class).await;
    school.at("10:15:00.000").await;
    let late = school.ask(&amy.token, "POST", "/pay", json!({ "booking_id": booking })).await;
    refused(&late, "payment_late");
    assert_eq!(school.entry(&cat, &entry).await["status"], "notified", "the seat goes to whoever waits");
    school.close();
}

async fn two_requests_for_one_seat(db: Database) {
    let school = School::open(db, "08:00:00.000").await;
    let class = school.class(1, json!({ "confirm_mode": "teacher" }), json!({})).await;
    let (amy, ben) = (school.student("amy").await, school.student("ben").await);
    let (a, b) = tokio::join!(school.book(&amy, &class), school.book(&ben, &class));
    let (won, lost) = if a.0 == 201 { (a, b) } else { (b, a) };
    assert_eq!((won.0, won.1["data"]["status"].as_str()), (201, Some("pending")));
    refused(&lost, "schedule_full");
    assert_eq!(lost.1["error"], "时段已被预约");
    // Nobody answers until the start.
    school.at("19:00:00.000").await;
    let path = format!("/bookings/{}", text(&won.1["data"]["id"]));
    let booking = school.operate("GET", &path, json!({})).await;
    assert_eq!((&booking["status"], &booking["cancelled_by"]), (&json!("cancelled"), &json!("system")));
    school.close();
}

async fn reminders_come_once_each(db: Database) {
    let school = School::open(db, "08:00:00.000").await;
    let class = school.class(2, json!({}), json!({})).await;
    let (amy, ben) = (school.student("amy").await, school.student("ben").await);
    school.booked(&amy, &class).await;
    let booking = school.booked(&ben, &class).await;
    for (time, amys, bens) in [("18:29:59.999", 0, 0), ("18:30:00.000", 1, 1), ("18:44:59.999", 1, 1)] {
        school.at(time).await;
        assert_eq!(
            (school.messages(&amy, "class_reminder").await, school.messages(&ben, "class_reminder").await),
            (amys, bens),
            "{time}"
        );
    }
    school.cancel(&ben, &booking).await;
    school.at("18:50:00.000").await;
    assert_eq!((school.messages(&amy, "class_reminder").await, school.messages(&ben, "class_reminder").await), (2, 1));
    school.close();
}

async fn nobody_is_in_two_places(db: Database) {
    let school = School::open(db, "08:00:00.000").await;
    let first = school.class(5, json!({}), json!({})).await;
    let second = school.class(5, json!({}), json!({ "starts_at": instant("20:00:00") })).await;
    let after = school.class(5, json!({}), json!({ "starts_at": instant("21:00:00") })).await;
    for i in 0..5 {
        let amy = school.student(&format!("amy{i}")).await;
        let (a, b) = tokio::join!(school.book(&amy, &first), school.book(&amy, &second));
        let (won, lost) = if a.0 == 201 { (&a, &b) } else { (&b, &a) };
        assert_eq!(won.0, 201, "{}", won.1);
        refused(lost, "time_conflict");
        // 19:00 to 21:00 and 21:00 touch and do not overlap; 20:00 to 22:00 does.
        let third = school.book(&amy, &after).await;
        if a.0 == 201 { granted(&third) } else { refused(&third, "time_conflict") }
    }
    school.close();
}

async fn a_request_key_gives_the_same_bytes(db: Database) {
    let mut school = School::open(db, "08:00:00.000").await;
    let class = school.class(1, json!({}), json!({})).await;
    let (amy, ben) = (school.student("amy").await, school.student("ben").await);
    let first = school.keyed(&amy, "key-1", &class).await;
    let refusal = school.keyed(&ben, "key-1", &class).await;
    assert_eq!((first.0, refusal.0), (201, 409));
    assert_eq!(school.keyed(&amy, "key-1", &class).await, first);
    school.restart("09:00:00.000").await;
    assert_eq!(school.keyed(&amy, "key-1", &class).await, first);
    assert_eq!(school.keyed(&ben, "key-1", &class).await, refusal);
    let other = school.class(1, json!({}), json!({ "starts_at": instant("10:00:00") })).await;
    assert_eq!(school.keyed(&amy, "key-1", &other).await.0, 422);
    school.close();
}
