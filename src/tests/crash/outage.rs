//! The database goes away under load, and comes back.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use reqwest::Client;

use super::{
    cluster::Cluster,
    ledger::{nothing_is_lost, rows_are_what_was_told},
    load::Load,
    process::{Server, check, free_port, pause},
};
use crate::store::database::Database;

/// A number of the environment, for runs that may take their time.
fn asked_for(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Longer than this no request waits for an answer, whatever the database does: its client's own patience.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// After a fault has ended, bookings go on within this, without a restart.
pub const BACK_WITHIN: Duration = Duration::from_secs(5);

#[actix_web::test]
async fn a_database_that_comes_back_is_used_again_without_a_restart() {
    if std::env::var_os("YUEKE_TEST_POSTGRES_URL").is_none() {
        eprintln!("skipped: YUEKE_TEST_POSTGRES_URL is not set, so PostgreSQL may not be here");
        return;
    }
    let outages = asked_for("YUEKE_TEST_OUTAGES", 2);
    let cluster = Cluster::start();
    let db = Database::on_server(cluster.url.clone()).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = Server::start(&db.url, free_port(), folder.path()).await;
    let load = Load::start(&server, 77).await;
    let mut slowest = Duration::ZERO;
    for i in 0..outages {
        load.wait_for_answers(100, Duration::from_secs(20)).await;
        let told = load.ledger.so_far();
        match i % 2 {
            0 => cluster.stop_at_once(),
            _ => cluster.kill_postmaster(),
        }
        wait_for_refusals(&load).await;
        cluster.start_again().await;
        slowest = slowest.max(back_again(&load).await);
        assert!(server.is_running());
        nothing_is_lost(&db, &told).await;
    }
    end_well(load, server, &db).await;
    eprintln!("{outages} times PostgreSQL was stopped or its postmaster killed; slowest back {slowest:?}");
    drop(db);
}

#[actix_web::test]
async fn a_database_that_holds_still_keeps_nobody_waiting_for_ever() {
    if std::env::var_os("YUEKE_TEST_POSTGRES_URL").is_none() {
        eprintln!("skipped: YUEKE_TEST_POSTGRES_URL is not set, so PostgreSQL may not be here");
        return;
    }
    let length = Duration::from_millis(asked_for("YUEKE_TEST_PAUSE_MS", 1_000));
    let cluster = Cluster::start();
    let db = Database::on_server(cluster.url.clone()).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = Server::start(&db.url, free_port(), folder.path()).await;
    let load = Load::start(&server, 78).await;
    let (mut slowest, mut slowest_look) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..asked_for("YUEKE_TEST_OUTAGES", 1) {
        load.wait_for_answers(100, Duration::from_secs(20)).await;
        let told = load.ledger.so_far();
        let held = cluster.hold_still();
        let look = tokio::spawn(look(load.look.clone()));
        pause(length).await;
        drop(held);
        slowest_look = slowest_look.max(look.await.expect("no panic"));
        slowest = slowest.max(back_again(&load).await);
        assert!(server.is_running());
        nothing_is_lost(&db, &told).await;
    }
    end_well(load, server, &db).await;
    eprintln!("PostgreSQL held still for {length:?}; slowest look {slowest_look:?}, slowest back {slowest:?}");
    drop(db);
}

/// How long one waits to see a class.
async fn look((url, token): (String, String)) -> Duration {
    let began = Instant::now();
    let client = Client::builder().timeout(ANSWERED_WITHIN).build().expect("a client");
    client.get(url).bearer_auth(token).send().await.expect("an answer of some kind");
    began.elapsed()
}

/// Until clients have been told that it is away.
pub async fn wait_for_refusals(load: &Load) {
    let refused = load.stats.refused_503.load(Ordering::Relaxed);
    let began = Instant::now();
    while load.stats.refused_503.load(Ordering::Relaxed) < refused + 20 {
        assert!(began.elapsed() < Duration::from_secs(20), "clients are not told that it is away");
        pause(Duration::from_millis(5)).await;
    }
}

/// After the end of a fault: how long it takes until all go on again.
pub async fn back_again(load: &Load) -> Duration {
    let began = Instant::now();
    load.wait_for_answers(20, BACK_WITHIN).await;
    began.elapsed()
}

/// All end what they began; then the rows are what they were told, and nobody was left without an answer.
pub async fn end_well(mut load: Load, server: Server, db: &Database) {
    load.finish().await;
    let told = load.ledger.so_far();
    rows_are_what_was_told(db, &told).await;
    assert_eq!(load.stats.cuts.load(Ordering::Relaxed), 0, "every request is answered");
    assert_eq!(load.stats.without_retry_after.load(Ordering::Relaxed), 0, "each 503 says when to come back");
    assert!(told.answers.keys().all(|status| *status < 500), "{:?}", told.answers);
    server.kill();
    check("audit", &db.url);
    check("replay", &db.url);
}
