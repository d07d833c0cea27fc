//! The output gate: nobody hears of anything before it is durable.

use std::time::Duration;

use yueke::{
    base::limits::STORED_ANSWERS_MAX,
    base::time::MINUTE,
    domain::schedule::{Command, Receipt, Rejection, command::Evidence},
    engine::Order,
};

use super::fake::{
    Mode, World, account, answer, book, given, granted, join, key, keyed, stored_body, student, trouble,
};
use crate::crash::process::pause;

/// Long enough for an answer that should not come.
const A_MOMENT: Duration = Duration::from_millis(30);

#[actix_web::test]
async fn answers_refusals_and_reads_wait_for_what_they_stand_on() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 2, 24);
    let (board, _watcher) = w.engine.watch(class).await.ok().expect("the class is there");
    let first = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    let refused = w.ask(class, book(1));
    pause(A_MOMENT).await;
    let look = w.look(class, 1);
    pause(A_MOMENT).await;
    let second = w.ask(class, book(2));
    w.journal.wait_for(2).await;
    pause(A_MOMENT).await;
    assert!(!first.is_finished() && !look.is_finished() && !second.is_finished());
    assert!(!refused.is_finished(), "a refusal tells of a booking that may still be void");
    assert_eq!(w.heard.commits(), 0);
    assert_eq!(board.read(None).expect("filled").0.view.taken, 0);

    w.journal.commit(1);
    assert!(matches!(given(first).await, Ok(Receipt::Booked(_))));
    let seen = answer(look).await.ok().expect("seen");
    assert_eq!((seen.view.taken, seen.view.version), (1, 2));
    assert!(seen.mine.booking.is_some());
    assert_eq!((w.heard.commits(), board.read(None).expect("filled").0.view.taken), (1, 1));
    pause(A_MOMENT).await;
    assert!(!second.is_finished());

    w.journal.commit(1);
    assert!(given(second).await.is_ok());
    // The calendar held the same student's second wish back until the first was settled.
    assert_eq!(given(refused).await, Err(Rejection::AlreadyBooked));
    assert_eq!((w.heard.commits(), board.read(None).expect("filled").0.view.taken), (2, 2));
}

#[actix_web::test]
async fn a_refusal_decided_on_top_of_an_open_batch_waits_for_it() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 1, 24);
    let first = w.ask(class, book(1));
    w.journal.wait_for(1).await;
    let full = w.ask(class, book(2));
    pause(A_MOMENT).await;
    let waits = w.ask(class, join(3));
    w.journal.wait_for(2).await;
    pause(A_MOMENT).await;
    assert!(!full.is_finished());
    w.journal.commit(1);
    assert!(given(first).await.is_ok());
    assert_eq!(given(full).await, Err(Rejection::ScheduleFull));
    assert!(!waits.is_finished());
    w.journal.commit(1);
    assert!(matches!(given(waits).await, Ok(Receipt::Joined { position: 1, .. })));
}

#[actix_web::test]
async fn the_order_of_asking_is_the_order_of_deciding() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 5, 24);
    let mut asked = Vec::new();
    for n in 0..20 {
        asked.push(w.ask(class, book(n)));
        // The students' calendars are read side by side; only what has arrived has an order.
        if n < 5 {
            w.journal.wait_for(n as usize + 1).await;
        } else {
            pause(Duration::from_millis(2)).await;
        }
    }
    w.journal.commit(5);
    for (n, asked) in asked.into_iter().enumerate() {
        let outcome = given(asked).await;
        assert_eq!(outcome.is_ok(), n < 5, "{n}: {outcome:?}");
    }
    let stored = w.journal.stored(class);
    assert_eq!((stored.version, stored.seats_taken()), (6, 5));
    assert!(stored.audit().is_empty());
}

#[actix_web::test]
async fn what_is_due_comes_before_the_message_that_finds_it() {
    let w = World::new(Mode::AtOnce);
    let class = w.class(1, 1, 24);
    let hold = Command::Hold { student: student(1), account: account(1), calendar: Evidence::unknown() };
    assert!(matches!(w.submit(class, hold).await, Ok(Receipt::Held(_))));
    assert_eq!(w.submit(class, book(2)).await, Err(Rejection::ScheduleFull));
    w.clock.move_to(super::fake::now() + 5 * MINUTE);
    let seen = w.engine.look(class, Some(student(1))).await.ok().expect("seen");
    assert_eq!((seen.view.held, seen.view.left), (0, 1));
    assert!(w.submit(class, book(2)).await.is_ok());
}

#[actix_web::test]
async fn a_key_gives_one_effect_and_one_answer() {
    let w = World::new(Mode::ByHand);
    let class = w.class(1, 2, 24);
    let first = w.ask_order(class, keyed(book(1), key("k", "x"), "one"));
    w.journal.wait_for(1).await;
    // No calendar stands before this one, so it reaches the actor while the key is in use.
    let meanwhile = w.ask_order(class, keyed(join(1), key("k", "x"), "two"));
    assert_eq!(trouble(meanwhile).await, "in progress");
    w.journal.commit(1);
    assert_eq!(stored_body(first).await, "201 one");

    // Right after it the actor itself knows the answer, and decides nothing.
    let again = w.ask_order(class, keyed(book(1), key("k", "x"), "again"));
    assert_eq!(stored_body(again).await, "201 one");
    let other = w.ask_order(class, keyed(book(2), key("k", "y"), "again"));
    assert_eq!(trouble(other).await, "key reused");

    // Later only the journal does.
    w.journal.set_mode(Mode::AtOnce);
    for n in 0..=STORED_ANSWERS_MAX {
        stored_body(w.ask_order(class, keyed(book(1), key(&format!("later {n}"), "x"), "later"))).await;
    }
    w.journal.set_mode(Mode::ByHand);
    let again = w.ask_order(class, keyed(book(1), key("k", "x"), "three"));
    w.journal.wait_for(1).await;
    w.journal.commit(1);
    assert_eq!(stored_body(again).await, "201 one");
    let other = w.ask_order(class, keyed(book(2), key("k", "y"), "four"));
    w.journal.wait_for(1).await;
    w.journal.commit(1);
    assert_eq!(stored_body(other).await, "key reused");
    assert_eq!(w.journal.stored(class).seats_taken(), 1);

    // A refusal is remembered too, and leaves the version alone.
    let refused = w.ask_order(class, keyed(book(1), key("r", "x"), "refused"));
    w.journal.wait_for(1).await;
    w.journal.commit(1);
    assert_eq!(stored_body(refused).await, "409 refused");
    assert_eq!(w.journal.stored(class).version, 2);
    // What was decided on top of a replayed answer was decided on nothing: all is well after it.
    w.journal.set_mode(Mode::AtOnce);
    assert!(w.submit(class, book(2)).await.is_ok());
}

/// The twin: with a journal that only says that it wrote, what was acknowledged is not there.
#[actix_web::test]
async fn a_journal_that_lies_is_caught() {
    let w = World::new(Mode::Lying);
    let class = w.class(1, 2, 24);
    assert!(w.submit(class, book(1)).await.is_ok());
    let acknowledged = w.journal.stored(class).booking_of(student(1)).is_some();
    assert!(!acknowledged, "the check of the other tests would not see the difference");
    let honest = World::new(Mode::AtOnce);
    let class = honest.class(1, 2, 24);
    assert!(granted(honest.engine.submit(class, Order::new(book(1))).await).is_ok());
    assert!(honest.journal.stored(class).booking_of(student(1)).is_some());
}
