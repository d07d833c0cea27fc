//! Histories by hand: what must be refused, and what only looks odd.

use super::{
    checker::{Op, Verdict, check, smallest, story},
    model::{Ask, Rules, Told, View},
};

const ONE_SEAT: Rules = Rules { seats: 1, line_max: 5 };

fn op(student: u8, from: u64, to: u64, ask: Ask, told: Told) -> Op {
    Op { student, ask, told: Some(told), from, to }
}

fn open(student: u8, from: u64, ask: Ask) -> Op {
    Op { student, ask, told: None, from, to: u64::MAX }
}

fn refused(reason: &str) -> Told {
    Told::Refused(reason.into())
}

/// Of a class of one seat, by someone who has nothing there.
fn seen(taken: u8, offered: u8, line: u8) -> Told {
    let left = 1 - taken.min(1) - offered;
    Told::Seen(View { taken, offered, left, line, booking: None, place: None })
}

fn is_wrong(ops: &[Op]) -> bool {
    match check(ONE_SEAT, ops) {
        Verdict::Linearizable => false,
        Verdict::Violation(_) => true,
        Verdict::GaveUp => panic!("given up: {}", story(ONE_SEAT, ops)),
    }
}

/// One booked, two in line, and the seat is freed: both may race for it.
fn race() -> Vec<Op> {
    vec![
        op(0, 10, 20, Ask::Book, Told::Booked(1)),
        op(1, 30, 40, Ask::Join, Told::Joined(2, 1)),
        op(2, 50, 60, Ask::Join, Told::Joined(3, 2)),
        op(0, 70, 80, Ask::Cancel(1), Told::Cancelled),
    ]
}

fn and(mut ops: Vec<Op>, more: impl IntoIterator<Item = Op>) -> Vec<Op> {
    ops.extend(more);
    ops
}

#[test]
fn two_winners_of_one_seat_are_refused() {
    let both = [op(1, 90, 200, Ask::Accept(2), Told::Booked(4)), op(2, 95, 190, Ask::Accept(3), Told::Booked(5))];
    assert!(is_wrong(&and(race(), both)));
    let one = [op(1, 90, 200, Ask::Accept(2), Told::Booked(4)), op(2, 95, 190, Ask::Accept(3), refused("no_offer"))];
    assert!(!is_wrong(&and(race(), one)));
}

#[test]
fn a_cancelled_booking_that_is_still_seen_is_refused() {
    let booked = || vec![op(0, 10, 20, Ask::Book, Told::Booked(1)), op(0, 30, 40, Ask::Cancel(1), Told::Cancelled)];
    assert!(is_wrong(&and(booked(), [op(3, 50, 60, Ask::Look, seen(1, 0, 0))])));
    assert!(!is_wrong(&and(booked(), [op(3, 35, 60, Ask::Look, seen(1, 0, 0))])), "it began before the answer");
    assert!(!is_wrong(&and(booked(), [op(3, 50, 60, Ask::Look, seen(0, 0, 0))])));
}

#[test]
fn an_oversold_class_is_refused() {
    let two = [op(0, 10, 90, Ask::Book, Told::Booked(1)), op(1, 20, 80, Ask::Book, Told::Booked(2))];
    assert!(is_wrong(&two));
    let one = [op(0, 10, 90, Ask::Book, Told::Booked(1)), op(1, 20, 80, Ask::Book, refused("schedule_full"))];
    assert!(!is_wrong(&one));
    // Refused before anybody had it.
    let early = [op(1, 10, 20, Ask::Book, refused("schedule_full")), op(0, 30, 40, Ask::Book, Told::Booked(1))];
    assert!(is_wrong(&early));
}

#[test]
fn a_booking_that_is_lost_in_a_crash_is_refused() {
    let lost = [op(0, 10, 20, Ask::Book, Told::Booked(1)), op(1, 900, 910, Ask::Book, Told::Booked(2))];
    assert!(is_wrong(&lost));
    let never_answered = [open(0, 10, Ask::Book), op(1, 900, 910, Ask::Book, Told::Booked(2))];
    assert!(!is_wrong(&never_answered));
}

#[test]
fn a_line_out_of_order_is_refused() {
    let places = |first: u8, second: u8| {
        vec![
            op(0, 10, 20, Ask::Book, Told::Booked(1)),
            op(1, 30, 40, Ask::Join, Told::Joined(2, 1)),
            op(2, 50, 60, Ask::Join, Told::Joined(3, 2)),
            op(1, 70, 80, Ask::Place(2), Told::Standing((first, "waiting"))),
            op(2, 70, 80, Ask::Place(3), Told::Standing((second, "waiting"))),
        ]
    };
    assert!(is_wrong(&places(2, 1)));
    assert!(!is_wrong(&places(1, 2)));
    // The two who race leave; of those who came later the first in line gets the turn.
    let later = || {
        let more = [
            op(3, 100, 110, Ask::Join, Told::Joined(4, 3)),
            op(4, 120, 130, Ask::Join, Told::Joined(5, 4)),
            op(1, 140, 150, Ask::Leave(2), Told::Left),
            op(2, 160, 170, Ask::Leave(3), Told::Left),
        ];
        and(race(), more)
    };
    assert!(is_wrong(&and(later(), [op(4, 180, 190, Ask::Accept(5), Told::Booked(6))])));
    assert!(!is_wrong(&and(later(), [op(3, 180, 190, Ask::Accept(4), Told::Booked(6))])));
}

#[test]
fn an_offered_seat_that_is_sold_to_the_public_is_refused() {
    assert!(is_wrong(&and(race(), [op(5, 90, 100, Ask::Book, Told::Booked(4))])));
    assert!(!is_wrong(&and(race(), [op(5, 90, 100, Ask::Book, refused("seat_on_offer"))])));
}

#[test]
fn what_was_never_answered_may_happen_late_or_never() {
    let cancel = || vec![op(0, 10, 20, Ask::Book, Told::Booked(1)), open(0, 30, Ask::Cancel(1))];
    let still = |from| op(3, from, from + 5, Ask::Look, seen(1, 0, 0));
    let gone = |from| op(3, from, from + 5, Ask::Look, seen(0, 0, 0));
    assert!(!is_wrong(&and(cancel(), [still(50), still(60), still(70)])));
    assert!(!is_wrong(&and(cancel(), [still(50), gone(60), gone(70)])));
    assert!(is_wrong(&and(cancel(), [gone(50), still(60)])), "it does not come back");
    // Whoever is seen with a booking that nobody was told of can only have it from the open request.
    let mine = Told::Seen(View { taken: 1, offered: 0, left: 0, line: 0, booking: Some(0), place: None });
    assert!(!is_wrong(&[open(0, 10, Ask::Book), op(0, 50, 60, Ask::Look, mine.clone())]));
    assert!(is_wrong(&[op(0, 50, 60, Ask::Look, mine)]));
}

#[test]
fn the_story_of_a_violation_is_short() {
    let mut ops = and(race(), [op(2, 95, 190, Ask::Accept(3), Told::Booked(5))]);
    ops.extend((0..40).map(|i| op(9, 200 + 10 * i, 205 + 10 * i, Ask::Look, seen(1, 0, 1))));
    ops.push(op(1, 900, 910, Ask::Accept(2), Told::Booked(4)));
    ops.extend((0..40).map(|i| op(9, 920 + 10 * i, 925 + 10 * i, Ask::Look, seen(1, 0, 0))));
    let short = smallest(ONE_SEAT, &ops);
    assert_eq!(short.len(), 6, "{}", story(ONE_SEAT, &short));
    assert!(story(ONE_SEAT, &short).contains("no order explains it"));
}
