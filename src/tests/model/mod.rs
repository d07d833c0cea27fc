//! The domain against the plain model of `plain`: random wishes at random instants, and after each
//! the answers and the whole state are compared. `harness::desk` checks each step besides: the
//! audit is clean, a refusal changes nothing, and the events tell the same story.

mod pair;
mod plain;

use std::{cell::RefCell, collections::BTreeMap};

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};

use pair::{Fault, Pair, Step, Which};
use plain::{By, Odd, Rules};

/// Times steps is more than 10,000 on every run; `PROPTEST_CASES` asks for more.
const CASES: u32 = 1_000;
const STEPS: usize = 60;
const STUDENTS: u8 = 7;
const MINUTE: i64 = 60_000;

fn odd() -> impl Strategy<Value = Odd> {
    prop_oneof![12 => Just(Odd::No), 1 => Just(Odd::Stale), 1 => Just(Odd::Conflict), 1 => Just(Odd::Course)]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![3 => Just(Which::Current), 1 => any::<u8>().prop_map(Which::Latest), 1 => any::<u8>().prop_map(Which::Any)]
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..STUDENTS;
    let pick = any::<u8>;
    prop_oneof![
        5 => prop_oneof![4 => Just(-1i64), 6 => Just(0), 1 => Just(1), 1 => Just(4_999), 1 => Just(5_001)].prop_map(Step::ToDue),
        3 => prop_oneof![Just(1_000), Just(MINUTE), Just(7 * MINUTE)].prop_map(Step::Pass),
        1 => (0..10 * MINUTE).prop_map(Step::FallBack),
        1 => prop_oneof![Just(0i64), Just(2_000), Just(20 * MINUTE)].prop_map(Step::Restart),
        4 => (who(), any::<bool>(), odd()).prop_map(|(who, arranged, odd)| Step::Book(who, arranged, odd)),
        3 => (who(), odd()).prop_map(|(who, odd)| Step::Hold(who, odd)),
        1 => who().prop_map(Step::Release),
        1 => who().prop_map(Step::Dither),
        9 => (pick(), prop_oneof![Just(By::Student), Just(By::Staff)]).prop_map(|(b, by)| Step::Cancel(b, by)),
        6 => pick().prop_map(Step::Pay),
        2 => pick().prop_map(Step::Confirm),
        1 => (pick(), any::<bool>()).prop_map(|(b, present)| Step::Attend(b, present)),
        9 => who().prop_map(Step::Join),
        2 => (who(), any::<bool>()).prop_map(|(who, active)| Step::Leave(who, active)),
        5 => (who(), which()).prop_map(|(who, which)| Step::Begin(who, which)),
        5 => (who(), which(), odd()).prop_map(|(who, which, odd)| Step::Accept(who, which, odd)),
        4 => (who(), which()).prop_map(|(who, which)| Step::Decline(who, which)),
        2 => which().prop_map(Step::Withdraw),
        2 => Just(Step::OfferSeat),
        2 => (0..6u32).prop_map(Step::SetCapacity),
        1 => (-9..180i64, odd()).prop_map(|(minutes, odd)| Step::Move(minutes * MINUTE, odd)),
        1 => Just(Step::Block),
        4 => Just(Step::Unblock),
        2 => (who(), any::<bool>()).prop_map(|(who, skipped)| Step::Skip(who, skipped)),
        3 => (who(), any::<bool>()).prop_map(|(who, hears)| Step::Hear(who, hears)),
        1 => (0..6u32).prop_map(Step::SetWaitlist),
    ]
}

/// All rush in first. A class that ended is dull, so it ends last.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let end = prop_oneof![Just(Step::Complete), Just(Step::Revoke), Just(Step::Pass(0))];
    (proptest::collection::vec(step(), STEPS), end).prop_map(|(steps, end)| {
        let mut all: Vec<_> = (0..3).map(|who| Step::Book(who, true, Odd::No)).collect();
        all.extend((0..3).map(Step::Pay).chain((0..STUDENTS).map(Step::Join)));
        all.extend(steps);
        let after =
            [Step::Attend(1, true), Step::Attend(2, false), Step::Pay(2), Step::Confirm(2), Step::Cancel(1, By::Staff)];
        all.extend([end, Step::Pass(180 * MINUTE), Step::Join(0), Step::Book(4, false, Odd::No)]);
        all.extend(after);
        all.extend([Step::Complete, Step::Unblock, Step::SetCapacity(9)]);
        all
    })
}

/// Lengths in whole minutes, so that deadlines often meet at one instant.
fn rules() -> impl Strategy<Value = Rules> {
    let minutes = |range: std::ops::RangeInclusive<i64>| range.prop_map(|m| m * MINUTE);
    let lengths = (minutes(1..=15), minutes(0..=20), minutes(0..=6), minutes(0..=6), minutes(1..=6), minutes(1..=6));
    let notice = prop_oneof![Just(0), Just(40 * MINUTE)];
    let choices = (any::<bool>(), any::<bool>(), any::<bool>());
    (lengths, notice, choices).prop_map(|(lengths, notice, (teacher_confirms, fee, only_reachable))| {
        let (window, cutoff, grace, reminder, hold, pay) = lengths;
        Rules { window, cutoff, grace, reminder, hold, pay, notice, teacher_confirms, fee, only_reachable }
    })
}

type Scene = (Rules, u32, u32, i64, Vec<Step>);

fn scene() -> impl Strategy<Value = Scene> {
    (rules(), 1..4u32, 1..6u32, (20..180i64).prop_map(|m| m * MINUTE), steps())
}

type Seen = RefCell<BTreeMap<String, u32>>;

fn play(scene: Scene, fault: Option<Fault>, seen: &Seen) -> Result<(), TestCaseError> {
    let (rules, capacity, waitlist, ahead, steps) = scene;
    let mut pair = Pair::new(rules, capacity, waitlist, STUDENTS.into(), ahead, fault);
    for (i, step) in steps.into_iter().enumerate() {
        let told = pair.step(step);
        prop_assert!(told.is_ok(), "step {i}, {step:?}:\n{}", told.unwrap_err());
    }
    pair.book.reload();
    let mut seen = seen.borrow_mut();
    pair.answers.into_iter().for_each(|a| *seen.entry(a).or_default() += 1);
    Ok(())
}

fn config(cases: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// What must have been answered at least once, or the steps do not try enough.
#[rustfmt::skip]
const ANSWERS: &[&str] = &[
    "book: Unpaid", "book: Asked", "book: Confirmed", "book: already_booked", "book: schedule_not_open",
    "book: schedule_started", "book: evidence_stale", "book: time_conflict", "book: seat_on_offer",
    "book: schedule_full", "book: course_mismatch", "hold: until", "hold: hold_limit", "hold: seat_on_offer",
    "cancel: Cancelled", "cancel: booking_ended", "cancel: schedule_started", "cancel: cancel_too_late",
    "pay: Confirmed", "pay: Asked", "pay: payment_late", "pay: nothing_to_pay", "confirm: Confirmed",
    "confirm: payment_due", "confirm: booking_ended", "attend: Present", "attend: Absent", "attend: booking_ended",
    "attend: schedule_not_started", "join: 1/", "join: 3/", "join: already_booked", "join: already_waiting",
    "join: queue_full", "join: seats_available", "join: waitlist_closed", "leave: ", "leave: unknown_entry",
    "begin: confirm by", "begin: no_offer", "begin: offer_lapsed", "begin: offer_taken", "accept: Unpaid",
    "accept: Confirmed", "accept: time_conflict", "accept: offer_taken", "accept: offer_lapsed",
    "accept: waitlist_closed", "accept: no_offer", "decline: ", "decline: offer_taken", "withdraw: ",
    "withdraw: unknown_offer", "offer: ", "offer: queue_empty", "offer: schedule_full", "capacity: ",
    "capacity: capacity_in_use", "capacity: schedule_ended", "move: ", "move: time_conflict", "move: evidence_stale",
    "move: schedule_started", "block: ", "unblock: ", "unblock: schedule_ended", "complete: ",
    "complete: schedule_not_started", "complete: schedule_ended", "revoke: ", "due: true",
];

#[test]
fn the_domain_does_what_the_plain_model_does() {
    let seen = Seen::default();
    TestRunner::new(config(CASES)).run(&scene(), |s| play(s, None, &seen)).unwrap_or_else(|e| panic!("{e}"));
    let seen = seen.into_inner();
    let missing: Vec<_> = ANSWERS.iter().filter(|&&a| !seen.keys().any(|s| s.starts_with(a))).collect();
    assert!(missing.is_empty(), "never answered: {missing:?}, of {seen:#?}");
    assert!(seen.values().sum::<u32>() >= 10_000, "too few steps: {seen:#?}");
}

/// The comparison sees it when the domain is wrong: each of these makes it so, a little.
#[test]
fn the_comparison_finds_every_fault() {
    for fault in Fault::ALL {
        let mut runner = TestRunner::new(Config { max_shrink_iters: 0, ..config(CASES) });
        let found = runner.run(&scene(), |scene| play(scene, Some(fault), &Seen::default()));
        assert!(found.is_err(), "{fault:?} was not noticed");
    }
}
