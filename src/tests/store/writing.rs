//! The writing task: who may write, what fails alone, what is remembered.

use yueke::{
    args,
    base::keys::Keyed,
    engine::journal::{AppendError, Journal},
    store::StoreError,
};

use super::{
    database::Database,
    on_both_databases,
    scene::{Mailbox, Scene, answer, append, append_all, at, key, load},
};

on_both_databases![
    a_request_key_is_answered_once,
    a_key_under_way_in_the_same_group_is_found_too,
    a_poisoned_batch_fails_alone,
    a_failing_task_is_rolled_back_alone,
    a_keyed_task_is_answered_once,
    notices_stand_in_the_transaction_of_their_turn,
    a_batch_of_an_older_epoch_is_refused,
    flush_waits_for_what_was_appended_before,
];

async fn a_request_key_is_answered_once(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 5).await;
    let mut first = scene.one(&scene.book(1));
    first.receipt = Some((key("k", "book 1"), answer(201, "{\"预约\": 1}")));
    assert!(append(&store, &mut mailbox, first).await.is_ok());

    let mut same = scene.one(&scene.book(2));
    same.receipt = Some((key("k", "book 1"), answer(201, "another answer")));
    match append(&store, &mut mailbox, same).await {
        Err(AppendError::Replayed(found)) => assert_eq!(found, answer(201, "{\"预约\": 1}")),
        other => panic!("{other:?}"),
    }
    let mut scene = Scene::plain(&store, &mailbox, 2, 5).await;
    let mut other = scene.one(&scene.book(2));
    other.receipt = Some((key("k", "another request"), answer(201, "{}")));
    assert!(matches!(append(&store, &mut mailbox, other).await, Err(AppendError::KeyReused)));
    assert_eq!(db.count("receipts").await, 1);
    assert_eq!(db.count("bookings").await, 1);

    // Another account may use the same word.
    let mut scene = Scene::plain(&store, &mailbox, 3, 5).await;
    let mut foreign = scene.one(&scene.book(3));
    foreign.receipt = Some((
        yueke::base::keys::RequestKey { account: super::scene::account(5), ..key("k", "book 1") },
        answer(201, "{}"),
    ));
    assert!(append(&store, &mut mailbox, foreign).await.is_ok());
    db.assert_sound().await;
}

async fn a_key_under_way_in_the_same_group_is_found_too(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scenes = Vec::new();
    for seed in 1..=3 {
        scenes.push(Scene::plain(&store, &mailbox, seed, 5).await);
    }
    let mut batches: Vec<_> = scenes.iter_mut().map(|s| s.one(&s.book(1))).collect();
    batches[0].receipt = Some((key("k", "x"), answer(201, "first")));
    batches[1].receipt = Some((key("k", "x"), answer(201, "second")));
    batches[2].receipt = Some((key("k", "y"), answer(201, "third")));
    let outcomes = append_all(&store, &mut mailbox, batches).await;
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Err(AppendError::Replayed(a)) if *a == answer(201, "first")), "{outcomes:?}");
    assert!(matches!(&outcomes[2], Err(AppendError::KeyReused)), "{outcomes:?}");
    assert_eq!((db.count("receipts").await, db.count("bookings").await), (1, 1));

    // A refusal is remembered without a version of its own, but only of what is so.
    let mut void = scenes[0].refusal((key("void", "x"), answer(409, "full")));
    void.expected += 1;
    assert!(matches!(append(&store, &mut mailbox, void).await, Err(AppendError::Stale)));
    let refusal = scenes[0].refusal((key("r", "x"), answer(409, "full")));
    let again = scenes[0].refusal((key("r", "x"), answer(409, "still full")));
    let outcomes = append_all(&store, &mut mailbox, vec![refusal, again]).await;
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Err(AppendError::Replayed(a)) if *a == answer(409, "full")), "{outcomes:?}");
    db.assert_sound().await;
}

/// A batch that the database itself refuses: more seats booked than there are.
async fn a_poisoned_batch_fails_alone(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scenes = Vec::new();
    for seed in 1..=5 {
        scenes.push(Scene::plain(&store, &mailbox, seed, 2).await);
    }
    let mut batches: Vec<_> = scenes.iter_mut().map(|s| s.one(&s.book(1))).collect();
    batches[2].booked = 3;
    let then = scenes[2].book(2);
    let behind = scenes[2].one(&then);
    batches.push(yueke::engine::journal::Batch { booked: 3, ..behind });
    let task = store.write(|tx| {
        Box::pin(async move {
            let sql = "insert into receipts (account_id, request_key, fingerprint, status, body, created_at) \
                values ('a', 'task', '', 200, '', 1)";
            Ok(tx.exec(sql, args![]).await?)
        })
    });
    let (outcomes, task) = tokio::join!(append_all(&store, &mut mailbox, batches), task);
    let written: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(written.iter().filter(|ok| **ok).count(), 4, "{outcomes:?}");
    assert_eq!(task.expect("the task is written"), 1);
    assert_eq!(db.count("bookings").await, 4);
    assert_eq!(db.count("receipts").await, 1);
    assert_eq!(load(&store, scenes[2].s.head.id).await.version, 1);
    db.assert_sound().await;
}

async fn a_failing_task_is_rolled_back_alone(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 5).await;
    let batch = scene.one(&scene.book(1));
    let receipt = |key: &'static str, then: &'static str| {
        store.write(move |tx| {
            Box::pin(async move {
                let sql = "insert into receipts (account_id, request_key, fingerprint, status, body, created_at) \
                    values ('a', $1, '', 200, '', 1)";
                tx.exec(sql, args![key]).await?;
                tx.exec(then, args![]).await?;
                Ok(())
            })
        })
    };
    let fine = "update receipts set body = 'x' where request_key = 'nobody'";
    let (outcomes, first, second, third, fourth) = tokio::join!(
        append_all(&store, &mut mailbox, vec![batch]),
        receipt("a", fine),
        receipt("b", "insert into no_such_table values (1)"),
        receipt("a", fine),
        receipt("c", fine),
    );
    assert!(outcomes[0].is_ok(), "{outcomes:?}");
    assert!(first.is_ok() && fourth.is_ok());
    assert!(matches!(second, Err(StoreError::Unavailable(_))), "{second:?}");
    assert!(third.is_err(), "the same key twice");
    assert_eq!(db.count("receipts where request_key in ('a', 'c')").await, 2);
    assert_eq!(db.count("receipts").await, 2);
    assert_eq!(db.count("bookings").await, 1);
    db.assert_sound().await;
}

async fn a_keyed_task_is_answered_once(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let write = |fingerprint: &'static str, body: &'static str, status: u16| {
        store.write_keyed(Some(key("t", fingerprint)), at("09:00:00"), move |tx| {
            Box::pin(async move {
                tx.exec("update lease set owner = $1 where id = 1", args![body]).await?;
                Ok(answer(status, body))
            })
        })
    };
    // What is not remembered may be tried again.
    assert_eq!(write("x", "invalid", 400).await.expect("written"), Keyed::Answer(answer(400, "invalid")));
    assert_eq!(write("x", "one", 201).await.expect("written"), Keyed::Answer(answer(201, "one")));
    assert_eq!(write("x", "two", 201).await.expect("replayed"), Keyed::Answer(answer(201, "one")));
    assert_eq!(write("y", "three", 201).await.expect("answered"), Keyed::Reused);
    assert_eq!(db.count("lease where owner = 'one'").await, 1);
}

async fn notices_stand_in_the_transaction_of_their_turn(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 1).await;
    let told = scene.one(&scene.book(1));
    assert!(told.notices.is_some());
    assert!(append(&store, &mut mailbox, told).await.is_ok());
    assert_eq!(db.count("outbox").await, 1);
    // A refused batch tells nobody.
    let mut refused = scene.one(&scene.cancel(1));
    refused.expected += 7;
    assert!(append(&store, &mut mailbox, refused).await.is_err());
    assert_eq!(db.count("outbox").await, 1);
    db.assert_sound().await;
}

/// The lease is what counts, not what the batch says of itself.
async fn a_batch_of_an_older_epoch_is_refused(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 5).await;
    let first = scene.one(&scene.book(1));
    assert!(append(&store, &mut mailbox, first).await.is_ok());
    db.exec("update lease set epoch = epoch + 1").await;
    let late = vec![scene.one(&scene.book(2)), scene.one(&scene.book(3))];
    let task = store.write(|tx| {
        Box::pin(async move { Ok(tx.exec("update lease set owner = 'stale' where id = 1", args![]).await?) })
    });
    let (outcomes, task) = tokio::join!(append_all(&store, &mut mailbox, late), task);
    assert!(outcomes.iter().all(|o| matches!(o, Err(AppendError::Stale))), "{outcomes:?}");
    assert!(task.is_err(), "a task is fenced like a batch");
    assert_eq!(db.count("bookings").await, 1);
    assert_eq!(db.count("lease where owner = 'stale'").await, 0);
    db.assert_sound().await;
}

async fn flush_waits_for_what_was_appended_before(db: Database) {
    let store = db.open(at("09:00:00")).await;
    let mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 50).await;
    for n in 0..50 {
        let batch = scene.one(&scene.book(n));
        assert!(store.append(batch).is_ok());
    }
    store.flush().await.expect("the writer lives");
    assert_eq!(db.count("bookings").await, 50);
}
