//! One server per database, copies of it while it runs, and no way to run it without its safety.

use std::process::Command;

use yueke::{
    args,
    engine::journal::AppendError,
    store::{
        OpenError, Store,
        backup::{BackupError, backup},
    },
};

use super::{
    database::Database,
    on_both_databases,
    scene::{Mailbox, Scene, append, append_all, at},
};

on_both_databases![epochs_rise_with_each_start];

async fn epochs_rise_with_each_start(db: Database) {
    let mut last = 0;
    for _ in 0..3 {
        let store = db.open(at("09:00:00")).await;
        assert!(store.epoch() > last);
        last = store.epoch();
        assert_eq!(db.count(&format!("lease where epoch = {last}")).await, 1);
    }
}

#[actix_web::test]
async fn whoever_lost_the_lease_commits_nothing_more() {
    let Some(db) = Database::postgres().await else { return };
    let old = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&old, &mailbox, 1, 9).await;
    let first = scene.one(&scene.book(1));
    assert!(append(&old, &mut mailbox, first).await.is_ok());

    let new = db.take_over(at("09:00:00")).await;
    assert!(new.epoch() > old.epoch());
    let late = vec![scene.one(&scene.book(2)), scene.one(&scene.book(3))];
    let task = old.write(|tx| {
        Box::pin(async move { Ok(tx.exec("update lease set owner = 'old' where id = 1", args![]).await?) })
    });
    let (outcomes, task) = tokio::join!(append_all(&old, &mut mailbox, late), task);
    assert!(outcomes.iter().all(|o| matches!(o, Err(AppendError::Stale))), "{outcomes:?}");
    assert!(task.is_err());
    assert_eq!(db.count("bookings").await, 1);
    assert_eq!(db.count("lease where owner = 'old'").await, 0);

    // The new owner goes on from the rows.
    scene.s = super::scene::load(&new, scene.s.head.id).await;
    scene.epoch = new.epoch();
    let next = scene.one(&scene.book(2));
    assert!(append(&new, &mut mailbox, next).await.is_ok());
    assert_eq!(db.count(&format!("schedule_events where epoch = {}", new.epoch())).await, 1);
    db.assert_sound().await;
}

#[actix_web::test]
async fn a_takeover_waits_for_the_commit_under_way() {
    let Some(db) = Database::postgres().await else { return };
    let old = db.open(at("09:00:00")).await;
    // A task that holds the transaction, and with it the lease, until it is told to go on.
    let (entered, inside) = tokio::sync::oneshot::channel();
    let (go_on, told) = tokio::sync::oneshot::channel::<()>();
    let slow = tokio::spawn({
        let old = old.clone();
        async move {
            old.write(move |tx| {
                Box::pin(async move {
                    let _ = entered.send(());
                    let _ = told.await;
                    let sql = "insert into receipts (account_id, request_key, fingerprint, status, body, created_at) \
                        values ('a', 'slow', '', 200, '', 1)";
                    Ok(tx.exec(sql, args![]).await?)
                })
            })
            .await
        }
    });
    inside.await.expect("the task runs");
    let taking = db.take_over(at("09:00:00"));
    tokio::pin!(taking);
    let early = tokio::time::timeout(std::time::Duration::from_millis(400), &mut taking).await;
    assert!(early.is_err(), "the lease was taken under a running transaction");
    go_on.send(()).expect("the task waits");
    assert_eq!(slow.await.expect("no panic").expect("written, because it came first"), 1);
    let new = taking.await;
    assert!(new.epoch() > old.epoch());
    assert_eq!(db.count("receipts").await, 1);
}

/// What a second server says when it is refused.
fn second_server_told(db: &Database) -> String {
    let second = Command::new(env!("CARGO_BIN_EXE_yueke"))
        .arg("serve")
        .env("YUEKE_DATABASE_URL", &db.url)
        .env("YUEKE_LISTEN", "127.0.0.1:0")
        .output()
        .expect("the binary runs");
    assert!(!second.status.success());
    String::from_utf8_lossy(&second.stderr).into_owned()
}

#[actix_web::test]
async fn a_second_process_on_the_same_file_is_refused() {
    let db = Database::sqlite();
    let _store = db.open(at("09:00:00")).await;
    let Err(error) = Store::open(&db.url, at("09:00:00")).await else { panic!("opened twice") };
    assert!(matches!(&error, OpenError::InUse { .. }), "{error}");

    let told = second_server_told(&db);
    let path = db.file().display().to_string();
    assert!(told.contains(&path) && told.contains("in use by another yueke process"), "{told}");
}

#[actix_web::test]
async fn a_second_server_on_the_same_postgres_is_refused_and_takes_nothing_from_the_first() {
    let Some(db) = Database::postgres().await else { return };
    let store = db.open(at("09:00:00")).await;
    let told = second_server_told(&db);
    assert!(told.contains("in use by another yueke process (connected as pid "), "{told}");
    store.write(|_| Box::pin(async { Ok(()) })).await.expect("the first one still writes");
    // Once the first has gone, however it went, the next one is let in.
    store.close().await;
    db.open(at("09:00:00")).await;
}

#[actix_web::test]
async fn commits_reach_the_disk_before_they_are_told() {
    let db = Database::sqlite();
    let store = db.open(at("09:00:00")).await;
    let settings = store.write(|tx| {
        Box::pin(async move {
            let one = |row: Option<yueke::store::sql::Row>, name: &str| row.and_then(|r| r.int(name).ok());
            let synchronous = one(tx.one("select * from pragma_synchronous", args![]).await?, "synchronous");
            let mode = tx.one("select * from pragma_journal_mode", args![]).await?;
            let mode = mode.and_then(|r| r.text("journal_mode").map(str::to_owned).ok());
            Ok((synchronous, mode))
        })
    });
    // 2 is FULL: less loses acknowledged commits when the power fails.
    assert_eq!(settings.await.expect("the writer answers"), (Some(2), Some("wal".to_owned())));
}

#[actix_web::test]
async fn a_server_without_durable_commits_is_refused() {
    let Some(db) = Database::postgres().await else { return };
    db.exec("do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$")
        .await;
    let Err(error) = Store::open(&db.url, at("09:00:00")).await else { panic!("opened without durability") };
    assert!(matches!(&error, OpenError::NotDurable { setting: "synchronous_commit", .. }), "{error}");
}

#[actix_web::test]
async fn a_backup_is_taken_while_the_server_writes() {
    let db = Database::sqlite();
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 3).await;
    let copy = db.folder().join("copy.db");
    let (url, to) = (db.url.clone(), copy.clone());
    let copying = tokio::spawn(async move { backup(&url, &to).await });
    let mut written = 0;
    while !copying.is_finished() || written < 50 {
        let command = scene.random_step();
        for outcome in append_all(&store, &mut mailbox, scene.act(&command)).await {
            outcome.expect("writing goes on");
            written += 1;
        }
    }
    copying.await.expect("no panic").expect("the copy is good");

    let twin = Database::of_file(copy.clone());
    twin.assert_sound().await;
    assert_eq!(twin.count("schedules").await, 1);
    let reopened = Store::open(&twin.url, at("09:00:00")).await.expect("the copy opens");
    assert!(reopened.epoch() > store.epoch());

    let again = backup(&db.url, &copy).await;
    assert!(matches!(&again, Err(BackupError::Exists(path)) if path.ends_with("copy.db")), "{again:?}");
    let none = backup("sqlite:///nowhere/at/all.db", &db.folder().join("other.db")).await;
    assert!(matches!(&none, Err(BackupError::Open(_))), "{none:?}");
    let postgres = backup("postgres://a@127.0.0.1/b", &db.folder().join("other.db")).await;
    assert!(matches!(&postgres, Err(BackupError::NotSqlite)), "{postgres:?}");
}
