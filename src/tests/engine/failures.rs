//! Batches that fail, actors that panic, clients that leave.

use std::sync::{atomic::Ordering, mpsc};

use yueke::{
    base::keys::StoredAnswer,
    domain::schedule::{Receipt, Rejection},
    engine::{
        Order,
        journal::{AppendError, Fault},
    },
};

use super::fake::{Mode, World, answer, book, eventually, given, join, key, keyed, stored_body, student, trouble};

fn fault() -> Fault {
    Fault::new("the disk is on fire")
}

/// Three orders in a row, and a look upon the second; then the first batch fails.
async fn a_row_of_orders_after_which(fail: impl Fn(&World)) -> (World, [String; 4]) {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 5, 24);
    let first = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    let second = w.ask(class, book(2));
    w.journal.wait_for(2).await;
    let look = w.look(class, 2);
    let third = w.ask(class, join(3));
    crate::crash::process::pause(std::time::Duration::from_millis(30)).await;
    let loads = w.journal.loads.load(Ordering::SeqCst);
    fail(&w);
    w.journal.commit(1);
    let told = [trouble(first).await, trouble(second).await, trouble(look).await, trouble(third).await];
    assert_eq!(w.heard.commits(), 0, "nothing void was made visible");
    w.journal.set_mode(Mode::AtOnce);
    // The next order meets a new actor, which starts from the rows.
    assert!(matches!(w.submit(class, book(4)).await, Ok(Receipt::Booked(_))));
    assert!(w.journal.loads.load(Ordering::SeqCst) > loads);
    assert!(w.journal.stored(class).audit().is_empty());
    (w, told)
}

fn class() -> yueke::base::ids::ScheduleId {
    yueke::base::ids::ScheduleId::from_u128(1)
}

#[actix_web::test]
async fn a_refused_batch_voids_what_stands_on_it() {
    let (w, told) = a_row_of_orders_after_which(|w| w.journal.fail(AppendError::Refused(fault()))).await;
    assert_eq!(told, ["unavailable", "unavailable", "unavailable", "unavailable"]);
    assert_eq!(w.journal.stored(class()).seats_taken(), 1);
    assert!(w.submit(class(), book(1)).await.is_ok(), "surely not written, so it can be tried again");
}

#[actix_web::test]
async fn a_stale_batch_voids_what_stands_on_it() {
    let (w, told) = a_row_of_orders_after_which(|w| w.journal.fail(AppendError::Stale)).await;
    assert_eq!(told, ["unavailable", "unavailable", "unavailable", "unavailable"]);
    assert!(w.submit(class(), book(1)).await.is_ok());
}

#[actix_web::test]
async fn an_unknown_outcome_that_was_not_written() {
    let (w, told) = a_row_of_orders_after_which(|w| w.journal.fail(AppendError::Unknown(fault()))).await;
    assert_eq!(told, ["unknown", "unavailable", "unavailable", "unavailable"]);
    assert!(w.submit(class(), book(1)).await.is_ok());
}

#[actix_web::test]
async fn an_unknown_outcome_that_was_written() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 5, 24);
    let first = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    w.journal.commit_and_lose_the_answer();
    assert_eq!(trouble(first).await, "unknown");
    w.journal.set_mode(Mode::AtOnce);
    // The truth is in the rows: neither the class nor the calendar forgot it.
    assert_eq!(w.submit(class, book(1)).await, Err(Rejection::AlreadyBooked));
    let overlapping = w.class(2, 5, 24);
    assert_eq!(w.submit(overlapping, book(1)).await, Err(Rejection::TimeConflict));
}

#[actix_web::test]
async fn a_new_actor_waits_for_what_the_one_before_had_on_its_way() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 5, 24);
    let first = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    let second = w.ask(class, book(2));
    w.journal.wait_for(2).await;
    w.journal.commit_and_lose_the_answer();
    assert_eq!(trouble(first).await, "unknown");
    // Starts a new actor, while the second order still finds the version that it expects.
    let another = w.ask(class, join(3));
    crate::crash::process::pause(std::time::Duration::from_millis(30)).await;
    w.journal.commit(1);
    assert!(matches!(given(second).await, Ok(Receipt::Booked(_))));
    assert_eq!(given(another).await, Err(Rejection::SeatsAvailable));
    let seen = answer(w.look(class, 2)).await.ok().expect("seen");
    assert!(seen.mine.booking.is_some(), "acknowledged, and not seen");
}

/// A refusal that is kept under its key changes nothing, and still tells of what went before.
#[actix_web::test]
async fn a_kept_refusal_of_what_is_void_is_void() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 1, 24);
    let first = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    let full = w.ask_order(class, keyed(book(2), key("full", "x"), "full"));
    w.journal.wait_for(2).await;
    let look = w.look(class, 1);
    crate::crash::process::pause(std::time::Duration::from_millis(30)).await;
    w.journal.fail(AppendError::Refused(fault()));
    w.journal.commit(1);
    let told = [trouble(first).await, trouble(full).await, trouble(look).await];
    assert_eq!(told, ["unavailable", "unavailable", "unavailable"]);
    w.journal.set_mode(Mode::AtOnce);
    let again = w.ask_order(class, keyed(book(2), key("full", "x"), "booked"));
    assert_eq!(stored_body(again).await, "201 booked", "the refusal was never true, so it was not kept");
}

#[actix_web::test]
async fn watchers_are_told_the_truth_after_a_failure() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 5, 24);
    let (board, mut watcher) = w.engine.watch(class).await.ok().expect("the class is there");
    let first = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    watcher.borrow_and_update();
    w.journal.commit_and_lose_the_answer();
    assert_eq!(trouble(first).await, "unknown");
    // Without a further order: whoever watches would otherwise wait for ever.
    eventually("the board shows what was written", || board.read(None).is_some_and(|(s, _)| s.view.taken == 1)).await;
}

#[actix_web::test]
async fn rows_that_cannot_be_read_are_told_and_read_again() {
    let w = World::new(Mode::AtOnce);
    let class = w.class(1, 5, 24);
    w.journal.fail_loads(Some("the disk is on fire"));
    assert_eq!(trouble(w.ask(class, join(1))).await, "unavailable");
    assert_eq!(trouble(w.look(class, 1)).await, "unavailable");
    w.journal.fail_loads(None);
    assert!(w.submit(class, book(1)).await.is_ok());
    let nowhere = yueke::base::ids::ScheduleId::from_u128(404);
    assert_eq!(trouble(w.ask(nowhere, book(1))).await, "refused unknown_schedule");
    assert_eq!(trouble(w.look(nowhere, 1)).await, "refused unknown_schedule");
}

#[actix_web::test]
async fn a_panic_ends_its_actor_and_nothing_else() {
    let w = World::new(Mode::AtOnce);
    let (broken, others) = (w.class(1, 5, 24), [w.class(2, 5, 30), w.class(3, 5, 40)]);
    for class in others.into_iter().chain([broken]) {
        assert!(w.submit(class, book(9)).await.is_ok());
    }
    let panics = Order::keyed(book(1), Some(key("k", "x")), Box::new(|_, _, _| panic!("on purpose")));
    assert_eq!(trouble(w.ask_order(broken, panics)).await, "unknown");
    for class in others.into_iter().chain([broken]) {
        assert!(w.submit(class, book(2)).await.is_ok());
    }
    assert_eq!(w.journal.stored(broken).seats_taken(), 2);
    // The panic held the student's calendar and the key; both are free again.
    assert!(w.submit(broken, book(1)).await.is_ok());
}

/// An order whose rendering holds its actor up until it is told to go on.
fn holding_up(n: u128) -> (Order, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (entered, inside) = mpsc::channel();
    let (go_on, told) = mpsc::channel();
    let render = Box::new(move |_: &_, _: &_, _| {
        let _ = entered.send(());
        let _ = told.recv();
        StoredAnswer { status: 201, body: "late".into() }
    });
    (Order::keyed(join(n), Some(key("slow", "x")), render), inside, go_on)
}

#[actix_web::test]
async fn an_order_that_meets_a_retiring_actor_goes_to_the_next_one() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 1, 24);
    let first = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    let (slow, inside, go_on) = holding_up(2);
    let slow = w.ask_order(class, slow);
    eventually("the actor is held up", || inside.try_recv().is_ok()).await;
    // In the mailbox, in this order: the failure, then an order.
    w.journal.fail(AppendError::Refused(fault()));
    let bounced = w.ask(class, book(3));
    crate::crash::process::pause(std::time::Duration::from_millis(30)).await;
    w.journal.set_mode(Mode::AtOnce);
    go_on.send(()).expect("the actor waits");
    assert_eq!(trouble(first).await, "unavailable");
    assert_eq!(trouble(slow).await, "unavailable");
    assert!(matches!(given(bounced).await, Ok(Receipt::Booked(_))), "handed over, not dropped");
    assert_eq!(w.journal.stored(class).seats_taken(), 1);
}

#[actix_web::test]
async fn a_client_that_goes_away_loses_nothing() {
    let w = World::new(Mode::ByHand);
    let (class, overlapping) = (w.class(1, 5, 24), w.class(2, 5, 24));
    let gone = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    gone.abort();
    assert!(gone.await.is_err_and(|e| e.is_cancelled()));
    // Its calendar stays locked until the batch is settled.
    let second = w.ask(overlapping, book(1));
    crate::crash::process::pause(std::time::Duration::from_millis(30)).await;
    assert_eq!(w.journal.waiting(), 1);
    w.journal.commit(1);
    assert_eq!(given(second).await, Err(Rejection::TimeConflict));
    let seen = answer(w.look(class, 1)).await.ok().expect("seen");
    assert!(seen.mine.booking.is_some());
    assert!(w.journal.stored(class).booking_of(student(1)).is_some());
}
