//! The twins of the clean audits: rows spoilt by hand, and what audit and replay say of them. A
//! check that stays silent here proves nothing where it stays silent elsewhere.

use yueke::{
    store::{StoreError, audit::{audit, replay}, open::Target},
};

use super::{
    database::Database,
    on_both_databases,
    scene::{Mailbox, Scene, append_all, at},
};

on_both_databases![
    every_kind_of_damage_is_told,
    an_impossible_row_is_named,
];

/// A schedule of two seats in the middle of everything: two booked, a race won, two waiting.
async fn eventful(db: &Database) -> Scene {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 2).await;
    let mut batches = Vec::new();
    for n in [1, 2] {
        batches.push(scene.one(&scene.book(n)));
    }
    for n in [3, 4, 5] {
        batches.push(scene.one(&scene.join(n)));
    }
    batches.push(scene.one(&scene.cancel(1)));
    batches.push(scene.one(&scene.accept(4)));
    batches.push(scene.one(&scene.cancel(2)));
    let outcomes = append_all(&store, &mut mailbox, batches).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    scene
}

/// Damage, and the finding that it must give.
const DAMAGE: &[(&str, &str)] = &[
    ("update schedules set booked = 0", "the counter of seats differs from a recount"),
    ("update schedules set booked = 2", "the counter of seats differs from a recount"),
    ("update schedules set version = version + 1", "a schedule's version differs from its events"),
    ("delete from schedule_events where version = 3", "a schedule's version differs from its events"),
    ("delete from schedule_events", "has a row but no events"),
    ("update schedule_events set epoch = 99 where version = 9", "an event was written under an epoch newer"),
    ("update schedule_events set epoch = 0 where version = 9", "epochs fall within a schedule"),
    ("update waitlist_offers set status = 'accepted' where status = 'lost'", "a round has not exactly one winner"),
    ("update waitlist_offers set status = 'declined' where status = 'accepted'", "a round has not exactly one winner"),
    ("update waitlist_rounds set outcome = 'public' where outcome = 'won'", "a round has not exactly one winner"),
    ("update waitlist_offers set status = 'live' where status = 'lost'", "an offer is alive in a round that is over"),
    ("update waitlist set status = 'cancelled', end_reason = 'left' where status = 'active'", "an offer is alive for someone who does not wait"),
    ("update bookings set starts_at = starts_at + 60000 where status = 'confirmed'", "a booking repeats other times than"),
    ("update bookings set price_fen = price_fen + 1 where status = 'confirmed'", "booking"),
    ("update bookings set student_id = '00000000000000000000000000' where status = 'cancelled'", "booking"),
    ("update bookings set status = 'cancelled', cancelled_at = 1, cancelled_by = 'system' where status = 'confirmed'", "its row differs from its events"),
    ("update bookings set cancelled_by = 'operator' where status = 'cancelled'", "its row differs from its events"),
    ("delete from bookings where status = 'cancelled'", "rows that the events made are missing"),
    ("delete from waitlist where status = 'promoted'", "rows that the events made are missing"),
    ("delete from waitlist_offers where status = 'lost'", "rows that the events made are missing"),
    ("update waitlist set end_reason = 'left' where status = 'promoted'", "waitlist entry"),
    ("update waitlist_offers set deadline = deadline + 1", "offer"),
    ("update waitlist_rounds set stage = 'done' where stage = 'race'", "round"),
    ("update schedules set capacity = 5", "replayed"),
    ("update schedules set location = location, ends_at = ends_at + 1", "replayed"),
    ("delete from outbox where id = (select min(id) from outbox)", "outbox rows"),
    ("insert into outbox (id, schedule_id, notices, created_at, next_at) select 'x', schedule_id, notices, created_at, next_at from outbox limit 1", "outbox rows"),
    ("update waitlist set seq = 100 - seq", "the queue is not in the order"),
];

async fn every_kind_of_damage_is_told(db: Database) {
    eventful(&db).await;
    db.assert_sound().await;
    let mut silent = Vec::new();
    for (damage, expected) in DAMAGE {
        let mut spoilt = Spoilt::begin(&db).await;
        assert!(spoilt.exec(damage).await > 0, "`{damage}` touches nothing");
        let faults = spoilt.faults().await;
        if !faults.iter().any(|f| f.contains(expected)) {
            silent.push(format!("`{damage}`: expected `{expected}`, found {faults:#?}"));
        }
        spoilt.mend().await;
        db.assert_sound().await;
    }
    assert!(silent.is_empty(), "\n{}", silent.join("\n"));
}
