//! The database goes away under load, and comes back.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{
    cluster::Cluster,
    ledger::{nothing_is_lost, rows_are_what_was_told},
    load::Load,
    process::{Server, check, free_port, pause},
};
use crate::store::database::Database;

#[actix_web::test]
async fn a_database_that_comes_back_is_used_again_without_a_restart() {
    if std::env::var_os("YUEKE_TEST_POSTGRES_URL").is_none() {
        eprintln!("skipped: YUEKE_TEST_POSTGRES_URL is not set, so PostgreSQL may not be here");
        return;
    }
    let cluster = Cluster::start();
    let db = Database::on_server(cluster.url.clone()).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = Server::start(&db.url, free_port(), folder.path()).await;
    let mut load = Load::start(&server, 77).await;
    for _ in 0..3 {
        load.wait_for_answers(100, Duration::from_secs(20)).await;
        let told = load.ledger.so_far();
        cluster.stop_at_once();
        let refused = load.stats.refused_503.load(Ordering::Relaxed);
        let began = Instant::now();
        while load.stats.refused_503.load(Ordering::Relaxed) < refused + 20 {
            assert!(began.elapsed() < Duration::from_secs(20), "clients are not told that it is away");
            pause(Duration::from_millis(5)).await;
        }
        cluster.start_again();
        load.wait_for_answers(20, Duration::from_secs(5)).await;
        assert!(server.is_running());
        nothing_is_lost(&db, &told).await;
    }
    load.finish().await;
    let told = load.ledger.so_far();
    rows_are_what_was_told(&db, &told).await;
    assert_eq!(load.stats.cuts.load(Ordering::Relaxed), 0, "every request is answered");
    assert_eq!(load.stats.without_retry_after.load(Ordering::Relaxed), 0, "each 503 says when to come back");
    assert!(told.answers.keys().all(|status| *status < 500), "{:?}", told.answers);
    server.kill();
    check("audit", &db.url);
    check("replay", &db.url);
    drop(db);
}
