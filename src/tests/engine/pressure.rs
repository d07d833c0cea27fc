//! Too much at once: refused at once.

use std::{
    sync::{atomic::Ordering, mpsc},
    time::{Duration, Instant},
};

use yueke::{
    base::{
        keys::StoredAnswer,
        limits::{JOURNAL_QUEUE_MAX, MAILBOX_MAX},
    },
    engine::Order,
};

use super::fake::{Asked, Mode, World, book, eventually, join, key, trouble};
use crate::crash::process::pause;

#[actix_web::test]
async fn a_long_queue_at_the_journal_refuses_at_once() {
    let w = World::new(Mode::AtOnce);
    let class = w.class(1, 5, 24);
    w.journal.pretended_queue.store(JOURNAL_QUEUE_MAX, Ordering::SeqCst);
    assert_eq!(trouble(w.ask(class, book(1))).await, "busy");
    w.journal.pretended_queue.store(0, Ordering::SeqCst);
    assert!(w.submit(class, book(1)).await.is_ok());
}

#[actix_web::test]
async fn a_full_journal_voids_and_heals() {
    let w = World::new(Mode::AtOnce);
    let class = w.class(1, 5, 24);
    assert!(w.submit(class, book(1)).await.is_ok());
    w.journal.set_mode(Mode::Full);
    assert_eq!(trouble(w.ask(class, book(2))).await, "unavailable");
    assert_eq!(w.heard.commits(), 1);
    w.journal.set_mode(Mode::AtOnce);
    assert!(w.submit(class, book(2)).await.is_ok());
    assert_eq!(w.journal.stored(class).seats_taken(), 2);
}

#[actix_web::test]
async fn a_full_mailbox_refuses_at_once_and_others_go_on() {
    let w = World::new(Mode::AtOnce);
    // Threads are given out by id: these two do not share one.
    let (class, other) = (w.class(1, 5, 24), w.class(2, 5, 48));
    assert!(w.submit(class, book(1)).await.is_ok());
    let (entered, inside) = mpsc::channel();
    let (go_on, told) = mpsc::channel::<()>();
    let render = Box::new(move |_: &_, _: &_, _| {
        let _ = entered.send(());
        let _ = told.recv();
        StoredAnswer { status: 201, body: "late".into() }
    });
    let slow = w.ask_order(class, Order::keyed(join(2), Some(key("slow", "x")), render));
    eventually("the actor is held up", || inside.try_recv().is_ok()).await;

    let began = Instant::now();
    let asked: Vec<Asked<_>> = (0..MAILBOX_MAX as u128 + 200).map(|n| w.ask(class, join(1_000 + n))).collect();
    let busy = || asked.iter().filter(|a| a.is_finished()).count();
    eventually("the rest is refused", || busy() >= 150).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(w.submit(other, book(3)).await.is_ok(), "another class is not held up");
    go_on.send(()).expect("the actor waits");
    let mut told = std::collections::BTreeMap::<String, usize>::new();
    for asked in asked {
        *told.entry(trouble(asked).await).or_default() += 1;
    }
    assert!(told["busy"] >= 150 && told["answered"] >= MAILBOX_MAX - 10, "{told:?}");
    assert_eq!(trouble(slow).await, "answered");
}

#[actix_web::test]
async fn a_server_that_stops_takes_nothing_more() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 5, 24);
    let accepted = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    let engine = w.engine.clone();
    let closed = tokio::spawn(async move { engine.close().await });
    pause(Duration::from_millis(1)).await;
    assert_eq!(trouble(w.ask(class, book(2))).await, "closing");
    assert!(!closed.is_finished(), "what was accepted is waited for");
    w.journal.commit(1);
    assert_eq!(trouble(accepted).await, "answered");
    closed.await.expect("no panic");
    assert_eq!(w.journal.stored(class).seats_taken(), 1);
}
