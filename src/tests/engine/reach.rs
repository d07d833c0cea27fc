//! Who can be reached is asked in the turn that frees the seat, of whatever knows it then.

use yueke::domain::schedule::{Policy, Receipt, view::PlaceStatus};

use super::fake::{Mode, World, answer, book, cancel, join, student};

#[actix_web::test]
async fn a_race_leaves_out_who_cannot_be_reached_when_the_seat_is_freed() {
    let w = World::new(Mode::AtOnce);
    let policy = Policy { cutoff_ms: 0, skip_unreachable: true, ..Policy::default() };
    let class = w.class_under(policy, 1, 1, 24);
    let Ok(Receipt::Booked(first)) = w.submit(class, book(1)).await else { panic!("not booked") };
    for n in 2..=3 {
        assert!(w.submit(class, join(n)).await.is_ok());
    }
    w.deaf.set(student(2), true);
    assert!(w.submit(class, cancel(1, first.id)).await.is_ok());
    let [second, third] = [answer(w.look(class, 2)).await, answer(w.look(class, 3)).await];
    let (second, third) = (second.ok().expect("seen").mine, third.ok().expect("seen").mine);
    let place = second.place.expect("still waits");
    assert_eq!((place.position, place.status, second.offer), (1, PlaceStatus::Waiting, None));
    assert!(third.offer.is_some());
}

#[actix_web::test]
async fn under_the_usual_policy_all_who_wait_are_asked() {
    let w = World::new(Mode::AtOnce);
    let class = w.class(1, 1, 24);
    let Ok(Receipt::Booked(first)) = w.submit(class, book(1)).await else { panic!("not booked") };
    assert!(w.submit(class, join(2)).await.is_ok() && w.submit(class, join(3)).await.is_ok());
    w.deaf.set(student(2), true);
    assert!(w.submit(class, cancel(1, first.id)).await.is_ok());
    let seen = answer(w.look(class, 2)).await.ok().expect("seen");
    assert!(seen.mine.offer.is_some());
}
