//! Who was left out of a race, over HTTP. A server of these tests reaches everybody, so the turn
//! that leaves somebody out is decided here and written to the server's own journal.

use std::sync::Arc;

use serde_json::{Value, json};
use yueke::{
    base::ids::{BookingId, Epoch, OutboxId, ScheduleId, StudentId},
    domain::schedule::{
        Command, Decision, Facts,
        effects::effects,
        state::{Canceller, Schedule},
    },
    engine::journal::Batch,
};

use crate::{
    harness::{
        app::{Person, TestApp, on_both, text},
        desk::Desk,
    },
    store::scene::{Mailbox, append, load},
};

on_both! {
    a_class_is_planned_with_the_choice
    whoever_was_left_out_is_told_so_and_shown_no_offer
}

async fn a_class_is_planned_with_the_choice(app: &mut TestApp) {
    app.class(1, json!({})).await;
    assert_eq!(app.db.count("schedules where policy like '%skip_unreachable%'").await, 0);
    for choice in [true, false] {
        let starts_at = format!("2025-11-1{}T19:00:00+08:00", 3 + u8::from(choice));
        app.class(1, json!({ "starts_at": starts_at, "policy": { "skip_unreachable": choice } })).await;
    }
    assert_eq!(app.db.count("schedules where policy like '%\"skip_unreachable\":true%'").await, 1);
    assert_eq!(app.db.count("schedules where policy like '%skip_unreachable%'").await, 1);
}

async fn whoever_was_left_out_is_told_so_and_shown_no_offer(app: &mut TestApp) {
    let class = app.class(1, json!({ "policy": { "skip_unreachable": true } })).await;
    let seated = app.student("seated").await;
    let booking = seated.booked(&class).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let (first, second) = (amy.join(&class).await, ben.join(&class).await);
    // No actor is in memory that would not know of what is written behind its back.
    app.restart("09:00:00.000").await;
    cancel_where_nobody_reaches(app, &class, (&seated, &booking), &amy).await;

    assert_eq!(amy.place(&first).await, ("waiting".to_owned(), 1));
    assert_eq!(ben.place(&second).await, ("notified".to_owned(), 2));
    assert_eq!(amy.sees(&class).await["mine"]["offer"], Value::Null);
    assert_eq!(offers(&amy, &first).await, Vec::<Value>::new());
    amy.accept(&first).await.refused("no_offer");
    let told = app.messages(&amy, "offer_skipped").await;
    assert_eq!(
        (told.len(), &told[0]["data"]["reason"], &told[0]["data"]["seat"]),
        (1, &json!("unreachable"), &Value::Null)
    );
    assert!(text(&told[0]["body"]).contains("无法通知到您"), "{told:?}");
    assert_eq!(app.inbox(&ben).await, ["seat_offered"]);

    let queue = app.operator.get(&format!("/admin/waitlist?schedule_id={class}")).await.items();
    assert_eq!(queue[0]["passed"], json!({ "reason": "unreachable", "at": crate::harness::app::at("09:00:00.000") }));
    assert_eq!((&queue[0]["status"], &queue[0]["offer"]), (&json!("waiting"), &Value::Null));
    let history = app.operator.get(&format!("/schedules/{class}/history")).await.items();
    let passed = history.iter().find(|e| e["event"] == "entry_passed").expect("it is told");
    assert_eq!((&passed["nickname"], &passed["details"]["reason"]), (&json!("amy"), &json!("unreachable")));

    // The turn is not hers either, although she is first in line.
    app.advance_to("09:15:00.000").await;
    assert_eq!(amy.place(&first).await, ("waiting".to_owned(), 1));
    assert_eq!(ben.place(&second).await, ("in_turn".to_owned(), 2));
    assert_eq!(offers(&amy, &first).await, Vec::<Value>::new());
    // The next seat is for everybody whom this server reaches: for all.
    ben.decline(&second).await.ok();
    assert_eq!(amy.sees(&class).await["seats_left"], 1);
    app.operator.post("/waitlist/notify", json!({ "schedule_id": class })).await.is(200);
    assert_eq!(amy.place(&first).await, ("notified".to_owned(), 1));
    amy.accept(&first).await.ok();
}

async fn offers(who: &Person, entry: &str) -> Vec<Value> {
    who.get(&format!("/waitlist/{entry}/notifications")).await.items()
}

/// The booking is cancelled while no news reaches `deaf`.
async fn cancel_where_nobody_reaches(app: &TestApp, class: &str, seat: (&Person, &str), deaf: &Person) {
    let id: ScheduleId = class.parse().expect("an id");
    let mut desk = Desk::new(8);
    desk.deaf.insert(deaf.student.parse().expect("an id"));
    let student: StudentId = seat.0.student.parse().expect("an id");
    let booking: BookingId = seat.1.parse().expect("an id");
    let command = Command::Cancel { student, booking, by: Canceller::Student, reason: None };
    let (store, mut mailbox) = (&app.running.app.store, Mailbox::open());
    let mut s = load(store, id).await;
    let at = s.instant(app.running.app.clock.now());
    let decision = s.handle(&command, at, &desk).expect("granted");
    let notices = OutboxId::from_u128(desk.id(at));
    let batch = batch(&mut s, decision, store.epoch(), notices, &mailbox);
    append(store, &mut mailbox, batch).await.expect("written");
}

fn batch(s: &mut Schedule, decision: Decision, epoch: Epoch, notices: OutboxId, mailbox: &Mailbox) -> Batch {
    let Decision { events, changes, receipt: _ } = decision;
    let expected = s.version;
    s.version += 1;
    let told = effects(s, &events, &changes);
    Batch {
        schedule: s.head.id,
        expected,
        epoch,
        at: s.stamped_at,
        events,
        changes,
        head: s.head.clone(),
        booked: s.seats_taken(),
        next_due: s.next_due(),
        notices: Some((notices, Arc::new(told))),
        receipt: None,
        seq: 1,
        owner: mailbox.owner.clone(),
    }
}
