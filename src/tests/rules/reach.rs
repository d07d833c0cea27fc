//! Who cannot be told of a freed seat, under a policy that heeds it and under one that does not.

use yueke::{
    base::{
        ids::StudentId,
        time::{DAY, HOUR, Timestamp},
    },
    domain::schedule::{Command, Policy, Receipt, state::Canceller},
};

use crate::harness::{
    desk::{Book, account},
    script::check,
};

#[test]
fn who_cannot_hear_is_left_out_of_the_race_and_of_its_turns() {
    check(
        "policy seats=1 unreachable=skip booked=s1 waiting=amy,ben,cat start=2025-11-12T19:00
           09:00 amy cat cannot hear -> set
           09:00 s1 cancels  -> cancelled; skipped unreachable: amy cat; race#1 until 09:15: ben; \
                told amy cat offer_skipped; told ben seat_offered; amy waiting 1; ben notified 2; cat waiting 3
           09:01 amy accepts -> refused no_offer
           09:02 dan joins   -> waiting 4/8
           09:15 tick        -> turn#1 until 09:30: ben; told nobody offer_skipped
           09:30 tick        -> expired: ben; turn#1 until 09:45: dan; queue amy cat dan
           09:45 tick        -> expired: dan; public#1; queue amy cat; left 1
           09:46 eve books   -> booked",
    );
}

#[test]
fn who_was_left_out_and_can_hear_again_is_in_the_next_round_at_the_same_place() {
    check(
        "policy seats=1 unreachable=skip booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 amy cannot hear -> set
           09:00 s1 cancels    -> cancelled; skipped unreachable: amy; race#1 until 09:15: ben
           09:01 amy can hear  -> set
           09:02 ben declines  -> declined, still 2; public#1; amy waiting 1
           09:03 cat books     -> booked
           09:04 cat cancels   -> cancelled; race#2 until 09:19: amy ben; amy notified 1
           09:19 tick          -> turn#2 until 09:34: amy
           end queue amy ben",
    );
}

#[test]
fn where_nobody_can_be_reached_nobody_is_left_out() {
    check(
        "policy seats=1 unreachable=skip booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 amy ben cannot hear -> set
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy ben; told amy ben seat_offered; \
                told nobody offer_skipped
           09:15 tick        -> turn#1 until 09:30: amy
           09:16 amy accepts -> booked",
    );
}

#[test]
fn without_the_policy_it_does_not_matter_who_can_hear() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 amy cannot hear -> set
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy ben; told nobody offer_skipped
           09:15 tick        -> turn#1 until 09:30: amy",
    );
}

#[test]
fn it_counts_who_can_hear_when_the_seat_is_freed() {
    check(
        "policy seats=1 unreachable=skip booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy ben
           09:01 amy cannot hear -> set
           09:10 tick        -> told amy ben offer_reminder
           09:15 tick        -> turn#1 until 09:30: amy
           09:16 ben cannot hear -> set
           09:30 tick        -> expired: amy; turn#1 until 09:45: ben",
    );
}

#[test]
fn whoever_is_left_out_of_several_races_at_once_is_told_once() {
    check(
        "policy seats=1 unreachable=skip booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 amy cannot hear -> set
           09:00 operator sets capacity 3 -> open; skipped unreachable: amy; race#1 until 09:15: ben; \
                skipped unreachable: amy; race#2 until 09:15: ben; told amy offer_skipped; told ben ben seat_offered
           09:01 ben accepts -> booked; public#2; queue amy; left 1",
    );
}

#[test]
fn an_offer_by_hand_tells_to_how_many_it_went() {
    check(
        "policy seats=1 unreachable=skip booked=s1 waiting=amy,ben,cat start=2025-11-12T19:00
           09:00 operator blocks -> blocked
           09:00 s1 cancels  -> cancelled
           09:00 cat cannot hear -> set
           09:01 operator unblocks -> open; skipped unreachable: cat; race#1 until 09:16: amy ben
           09:02 amy ben declines -> declined, still 1, declined, still 2; public#1
           09:03 operator offers -> offered 2; skipped unreachable: cat; race#2 until 09:18: amy ben
           09:04 ben cannot hear -> set
           09:04 amy ben declines -> declined, still 1, declined, still 2; public#2
           09:05 operator offers -> offered 1; skipped unreachable: ben cat; race#3 until 09:20: amy",
    );
}

#[test]
fn a_restart_in_the_round_remembers_who_is_out_of_it() {
    check(
        "policy seats=1 unreachable=skip booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 amy cannot hear -> set
           09:00 s1 cancels  -> cancelled; skipped unreachable: amy; race#1 until 09:15: ben
           09:01 stop        ->
           09:02 restart     ->
           09:02 amy can hear -> set
           09:03 ben leaves  -> left; public#1; queue amy; left 1",
    );
}

/// The row of the round is kept once for the turn, not once for each who is out of it.
#[test]
fn thousands_who_are_left_out_are_one_image_of_the_row() {
    let at = Timestamp::parse("2025-11-12T09:00:00+08:00").expect("an instant");
    let policy = Policy { skip_unreachable: true, ..Policy::default() };
    let mut book = Book::new(policy, 1, [at + DAY, at + DAY + HOUR], at, 2_000);
    let student = StudentId::from_u128;
    let seat = Command::Book {
        student: student(1),
        account: account(student(1)),
        source: yueke::domain::schedule::state::Source::Direct,
        note: None,
        expect_course: None,
        moved_from: None,
        calendar: book.evidence(false),
    };
    let Ok(Receipt::Booked(seat)) = book.handle(&seat, at).map(|d| d.receipt) else { panic!("not booked") };
    for n in 2..2_000 {
        let join = Command::Join { student: student(n), account: account(student(n)) };
        assert!(book.s.handle(&join, at, &book.desk).is_ok());
    }
    book.desk.deaf.extend((2..1_999).map(student));
    let cancel = Command::Cancel { student: student(1), booking: seat.id, by: Canceller::Student, reason: None };
    let done = book.s.handle(&cancel, at, &book.desk).expect("granted");
    let images: Vec<_> = done.changes.rounds.iter().map(|row| row.round.passed.len()).collect();
    assert_eq!((images.len(), images.last(), done.changes.offers.len()), (2, Some(&1_997), 1));
}
