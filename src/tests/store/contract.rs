//! What the engine relies on: what was appended is what is loaded, and nothing is written that
//! should not be.

use std::collections::BTreeSet;

use yueke::{
    base::{ids::ScheduleId, time::MINUTE},
    domain::schedule::{Event, Schedule},
    engine::journal::{AppendError, Batch},
};

use super::{
    database::Database,
    on_both_databases,
    scene::{Mailbox, Scene, SeededFacts, append, append_all, at, load, student},
};

on_both_databases![loaded_state_is_the_state_in_memory, a_stale_batch_writes_nothing_and_voids_those_behind_it,];

async fn loaded_state_is_the_state_in_memory(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut seen = BTreeSet::new();
    for seed in 0..20 {
        let mut scene = Scene::open(&store, &mailbox, seed).await;
        for step in 0..60 {
            let command = scene.random_step();
            let batches = scene.act(&command);
            seen.extend(batches.iter().flat_map(|b| &b.events).map(kind));
            let outcomes = append_all(&store, &mut mailbox, batches).await;
            assert!(outcomes.iter().all(Result::is_ok), "seed {seed} step {step}: {outcomes:?}");
            if step % 6 == 5 {
                let loaded = load(&store, scene.s.head.id).await;
                assert_same(&scene.s, &loaded, &format!("seed {seed} step {step}"));
                assert_same_future(&mut scene, loaded, &format!("seed {seed} step {step}"));
            }
        }
        for command in scene.last_steps() {
            let batches = scene.act(&command);
            seen.extend(batches.iter().flat_map(|b| &b.events).map(kind));
            append_all(&store, &mut mailbox, batches).await;
        }
        assert_same(&scene.s, &load(&store, scene.s.head.id).await, &format!("seed {seed} at its end"));
    }
    db.assert_sound().await;
    assert_eq!(seen.len(), KINDS_OF_EVENTS - 1, "every kind but the first event came up: {seen:?}");
}

const KINDS_OF_EVENTS: usize = 20;

/// The name under which it is stored.
fn kind(event: &Event) -> String {
    let json = serde_json::to_value(event).expect("events are plain data");
    json["event"].as_str().expect("an event has a name").to_owned()
}

/// All that can be seen.
fn assert_same(memory: &Schedule, loaded: &Schedule, when: &str) {
    let now = memory.stamped_at;
    assert_eq!(memory.view(now, 6), loaded.view(now, 6), "{when}");
    assert_eq!(memory.stamped_at, loaded.stamped_at, "{when}");
    assert_eq!(memory.next_due(), loaded.next_due(), "{when}");
    for n in 0..10 {
        assert_eq!(memory.mine(student(n)), loaded.mine(student(n)), "{when}");
        assert_eq!(memory.ended_offer(student(n), None), loaded.ended_offer(student(n), None), "{when}");
    }
    assert_eq!(memory.audit(), loaded.audit(), "{when}");
}

/// All that cannot: the two decide the same from here on.
fn assert_same_future(scene: &mut Scene, mut loaded: Schedule, when: &str) {
    let (present, now) = (scene.s.clone(), scene.now);
    let rng = scene.rng.clone();
    let (facts, twin) = (SeededFacts::new(99), SeededFacts::new(99));
    for step in 0..25 {
        let command = scene.random_step();
        let now = scene.now;
        loop {
            let (a, b) = (scene.s.settle_due(now, &facts), loaded.settle_due(now, &twin));
            assert_eq!(a, b, "{when}, then {step} due");
            if a.is_none() {
                break;
            }
        }
        let instant = scene.s.instant(now);
        assert_eq!(
            scene.s.handle(&command, instant, &facts),
            loaded.handle(&command, instant, &twin),
            "{when}, then {step}: {command:?}"
        );
    }
    (scene.s, scene.now, scene.rng) = (present, now, rng);
}

async fn rows_of(db: &Database, id: ScheduleId) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in ["schedule_events", "bookings", "waitlist", "waitlist_offers", "outbox", "receipts"] {
        let filter = if table == "receipts" { String::new() } else { format!(" where schedule_id = '{id}'") };
        counts.push(db.count(&format!("{table}{filter}")).await);
    }
    counts
}

async fn a_stale_batch_writes_nothing_and_voids_those_behind_it(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 5).await;
    let first = scene.one(&scene.book(1));
    assert!(append(&store, &mut mailbox, first).await.is_ok());
    let before = rows_of(&db, scene.s.head.id).await;

    // The next one never arrives; all that were decided on top of it must fail with it.
    let lost = scene.one(&scene.book(2));
    scene.now = scene.now + MINUTE;
    let behind = vec![scene.one(&scene.book(3)), scene.one(&scene.cancel(1)), scene.one(&scene.book(4))];
    let outcomes = append_all(&store, &mut mailbox, behind).await;
    assert!(outcomes.iter().all(|o| matches!(o, Err(AppendError::Stale))), "{outcomes:?}");
    assert_eq!(rows_of(&db, scene.s.head.id).await, before);
    assert_eq!(load(&store, scene.s.head.id).await.version, lost.expected);
    db.assert_sound().await;

    // In its place it is still good, once. A refusal that was decided upon the void ones is void as well.
    let refusal =
        |scene: &mut Scene, name| scene.refusal((super::scene::key(name, "x"), super::scene::answer(409, "{}")));
    let void = refusal(&mut scene, "void");
    let upon_it = Batch { expected: lost.expected + 1, ..refusal(&mut scene, "upon it") };
    let outcomes = append_all(&store, &mut mailbox, vec![lost, void, upon_it]).await;
    assert!(matches!(&outcomes[..], [Ok(()), Err(AppendError::Stale), Ok(())]), "{outcomes:?}");
    db.assert_sound().await;
}
