//! One student, several classes: what overlaps is granted once.

use yueke::{
    domain::schedule::{Receipt, Rejection},
    engine::Order,
};

use super::fake::{Mode, World, book, cancel, given, granted, student};

#[actix_web::test]
async fn two_overlapping_bookings_at_once_are_one() {
    let w = World::new(Mode::AtOnce);
    for n in 0..40 {
        let (a, b) = (w.class(1_000 + 2 * n, 5, 24), w.class(1_001 + 2 * n, 5, 24));
        let (first, second) = (w.ask(a, book(n)), w.ask(b, book(n)));
        let outcomes = [given(first).await, given(second).await];
        assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1, "{outcomes:?}");
        assert!(outcomes.contains(&Err(Rejection::TimeConflict)), "{outcomes:?}");
    }
}

#[actix_web::test]
async fn classes_that_only_touch_do_not_overlap() {
    let w = World::new(Mode::AtOnce);
    let classes = [w.class(1, 5, 24), w.class(2, 5, 25), w.class(3, 5, 23)];
    for class in classes {
        assert!(w.submit(class, book(1)).await.is_ok());
    }
}

#[actix_web::test]
async fn a_cancelled_booking_frees_its_hour() {
    let w = World::new(Mode::AtOnce);
    let (a, b) = (w.class(1, 5, 24), w.class(2, 5, 24));
    let Ok(Receipt::Booked(booking)) = w.submit(a, book(1)).await else { panic!("not booked") };
    assert_eq!(w.submit(b, book(1)).await, Err(Rejection::TimeConflict));
    assert!(w.submit(a, cancel(1, booking.id)).await.is_ok());
    assert!(w.submit(b, book(1)).await.is_ok());
    assert_eq!(w.submit(a, book(1)).await, Err(Rejection::TimeConflict));
}

/// A booking that replaces another one does not conflict with it, but with everything else.
#[actix_web::test]
async fn a_move_does_not_conflict_with_its_origin() {
    let w = World::new(Mode::AtOnce);
    let (a, b, c) = (w.class(1, 5, 24), w.class(2, 5, 24), w.class(3, 5, 24));
    assert!(w.submit(a, book(1)).await.is_ok());
    assert_eq!(granted(w.engine.submit(b, Order::moving(book(1), c)).await), Err(Rejection::TimeConflict));
    assert!(granted(w.engine.submit(b, Order::moving(book(1), a)).await).is_ok());
}

/// What was booked before the server started is in the rows, not in its memory.
#[actix_web::test]
async fn calendars_are_read_from_rows() {
    let w = World::new(Mode::AtOnce);
    let (a, b) = (w.class(1, 5, 24), w.class(2, 5, 24));
    assert!(w.submit(a, book(1)).await.is_ok());
    let stored = w.journal.stored(a);
    let fresh = World::new(Mode::AtOnce);
    fresh.journal.put(stored);
    fresh.class(2, 5, 24);
    assert_eq!(fresh.submit(b, book(1)).await, Err(Rejection::TimeConflict));
    assert!(fresh.journal.stored(b).booking_of(student(1)).is_none());
}
