//! kill -9, again and again.

use std::{path::Path, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    ledger::{Ledger, nothing_is_lost, rows_are_what_was_told},
    load::Load,
    process::{Server, check, free_port},
};
use crate::store::{
    database::Database,
    scene::{Mailbox, Scene, append},
};

/// On every change; many more are run by night.
fn kills(usual: u32) -> u32 {
    std::env::var("YUEKE_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[actix_web::test]
async fn nothing_acknowledged_is_lost_to_kills_on_sqlite() {
    let db = Database::sqlite();
    let folder = db.folder().to_owned();
    kill_again_and_again(&db, &folder, kills(20)).await;
}

#[actix_web::test]
async fn nothing_acknowledged_is_lost_to_kills_on_postgres() {
    let Some(db) = Database::postgres().await else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    kill_again_and_again(&db, folder.path(), kills(5)).await;
}

async fn kill_again_and_again(db: &Database, folder: &Path, kills: u32) {
    let port = free_port();
    let mut server = Server::start(&db.url, port, folder).await;
    let mut load = Load::start(&server, u64::from(kills)).await;
    let mut rng = StdRng::seed_from_u64(u64::from(kills));
    for _ in 0..kills {
        // A random point within the traffic, not a quiet moment.
        load.wait_for_answers(rng.random_range(100..400), Duration::from_secs(20)).await;
        let told = load.ledger.so_far();
        server.kill();
        nothing_is_lost(db, &told).await;
        server = Server::start(&db.url, port, folder).await;
        nothing_is_lost(db, &told).await;
    }
    load.finish().await;
    let told = load.ledger.so_far();
    rows_are_what_was_told(db, &told).await;
    server.kill();
    check("audit", &db.url);
    check("replay", &db.url);

    // The run was worth its time: all kinds of things happened, and were cut short.
    let both = |map: &std::collections::BTreeMap<String, bool>| {
        map.values().any(|over| *over) && map.values().any(|over| !*over)
    };
    assert!(both(&told.bookings) && told.entries.values().any(|over| *over), "{:?}", told.answers);
    assert!(told.replayed > u64::from(kills), "{} answers were asked for again", told.replayed);
    eprintln!(
        "{kills} kills, {} bookings, {} places, answers {:?} to {} requests with copies, {} replayed, {} keys with \
         another body refused, slowest {} ms",
        told.bookings.len(),
        told.entries.len(),
        told.answers,
        load.stats.sent.load(std::sync::atomic::Ordering::Relaxed),
        told.replayed,
        load.stats.reused.load(std::sync::atomic::Ordering::Relaxed),
        load.stats.slowest_ms.load(std::sync::atomic::Ordering::Relaxed)
    );
}

/// The twin: a ledger with something in it that was never stored.
#[actix_web::test]
#[should_panic(expected = "is lost")]
async fn a_lost_booking_is_noticed() {
    let db = Database::sqlite();
    drop(db.open(crate::store::scene::at("09:00:00")).await);
    let ledger = Ledger::default();
    ledger.booked("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    nothing_is_lost(&db, &ledger.so_far()).await;
}

/// The twin: a class with more bookings than seats, which its own check would not have let pass.
#[actix_web::test]
#[should_panic(expected = "schedules are oversold")]
async fn an_oversold_class_is_noticed() {
    let db = Database::sqlite();
    let store = db.open(crate::store::scene::at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 5).await;
    for n in 1..=2 {
        let batch = scene.one(&scene.book(n));
        append(&store, &mut mailbox, batch).await.expect("written");
    }
    db.exec("update schedules set capacity = 1, booked = 1").await;
    nothing_is_lost(&db, &Ledger::default().so_far()).await;
}

/// The twin: a booking that nobody was told of.
#[actix_web::test]
#[should_panic(expected = "bookings that nobody was told of")]
async fn a_phantom_is_noticed() {
    let db = Database::sqlite();
    let store = db.open(crate::store::scene::at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 5).await;
    let batch = scene.one(&scene.book(1));
    append(&store, &mut mailbox, batch).await.expect("written");
    rows_are_what_was_told(&db, &Ledger::default().so_far()).await;
}
