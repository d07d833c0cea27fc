//! Holding a seat, and paying for one.

use crate::harness::script::check;

#[test]
fn a_hold_keeps_its_seat_for_five_minutes_to_the_millisecond() {
    check(
        "policy seats=1 start=2025-11-12T19:00
           10:00 amy holds -> held until 10:05; left 0; availability pending
           10:00 ben books -> refused schedule_full
           10:01 ben joins -> waiting 1/8
           10:04:59.999 ben books -> refused schedule_full
           10:05 tick      -> hold ended: amy; race#1 until 10:20: ben; cause#1 hold_ended
           10:05 amy books -> refused seat_on_offer
           10:06 ben accepts -> booked",
    );
    check(
        "policy seats=1 start=2025-11-12T19:00
           10:00 amy holds -> held until 10:05
           10:05 amy books -> booked; hold ended: amy",
    );
}

#[test]
fn with_one_seat_held_the_other_five_can_be_held() {
    check(
        "policy seats=6 start=2025-11-12T19:00
           10:00 s1..s6 holds -> 6 x held until 10:05
           10:00 s7 holds -> refused schedule_full
           end seats nobody | holds s1 s2 s3 s4 s5 s6 | left 0",
    );
}

#[test]
fn coming_back_finds_the_same_hold_and_its_booking_uses_it() {
    check(
        "policy seats=2 booked=s1 start=2025-11-12T19:00
           10:00 amy holds -> held until 10:05
           10:02 amy holds -> held until 10:05
           10:02 amy joins -> refused seats_available
           10:04:59.999 amy books -> booked; holds nobody
           10:04:59.999 amy holds -> refused already_booked
           10:05 tick -> amy booked",
    );
}

#[test]
fn leaving_releases_the_hold_and_renewals_are_capped() {
    check(
        "policy seats=1 start=2025-11-12T19:00
           10:00 amy holds    -> held until 10:05
           10:01 ben joins    -> waiting 1/8
           10:01 amy releases -> released; race#1 until 10:16: ben
           10:01 amy releases -> released
           10:02 ben declines -> declined, still 1; public#1
           10:02 amy holds    -> held until 10:07
           10:03 amy releases -> released; race#2 until 10:18: ben
           10:04 ben declines -> declined, still 1; public#2
           10:04 amy holds    -> held until 10:09
           10:09 tick         -> hold ended: amy; race#3 until 10:24: ben
           10:10 ben leaves   -> left; public#3
           10:10 amy holds    -> refused hold_limit
           10:10 cat holds    -> held until 10:15
           10:11 cat releases -> released
           10:29:59.999 amy holds -> refused hold_limit
           10:30 amy holds    -> held until 10:35
           10:31 amy books    -> booked",
    );
}

#[test]
fn holding_an_offered_seat_accepts_the_offer() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           10:00 s1 cancels -> cancelled; race#1 until 10:15: amy ben
           10:01 ben holds  -> held until 10:06; told amy offer_lost; queue amy; offered 0
           10:06 tick       -> hold ended: ben; race#2 until 10:21: amy; ben out
           10:07 amy books  -> booked; queue nobody",
    );
}

#[test]
fn whoever_waits_may_take_a_public_seat_and_gives_the_place_up_with_it() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben,cat start=2025-11-12T19:00
           10:00 s1 cancels  -> cancelled; race#1 until 10:15: amy ben cat
           10:01 amy ben cat declines -> declined, still 1, declined, still 2, declined, still 3; public#1
           10:02 amy books   -> booked; queue ben cat
           10:03 s2 cancels  -> cancelled; race#2 until 10:18: ben cat
           10:04 cat books   -> booked; told ben offer_lost; queue ben",
    );
}

#[test]
fn a_held_seat_is_given_back_when_its_student_accepts_another() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben start=2025-11-12T19:00
           10:00 s1 cancels  -> cancelled; race#1 until 10:15: amy ben
           10:01 amy ben declines -> declined, still 1, declined, still 2; public#1
           10:02 amy holds   -> held until 10:07; queue amy ben
           10:03 s2 cancels  -> cancelled; race#2 until 10:18: amy ben
           10:04 amy accepts -> booked; hold ended: amy; race#3 until 10:19: ben
           end seats amy | holds nobody | queue ben | offers race#3:ben | left 0",
    );
}

#[test]
fn a_booking_uses_the_hold_before_an_offer() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben start=2025-11-12T19:00
           10:00 s1 cancels  -> cancelled; race#1 until 10:15: amy ben
           10:01 amy ben declines -> declined, still 1, declined, still 2; public#1
           10:02 amy holds   -> held until 10:07
           10:03 s2 cancels  -> cancelled; race#2 until 10:18: amy ben
           10:04 amy books   -> booked; queue ben; offers race#2:ben",
    );
}

#[test]
fn an_unpaid_booking_keeps_its_seat_for_five_minutes_and_then_it_is_raced_for() {
    check(
        "policy seats=1 price=18000 start=2025-11-12T19:00
           10:00 amy books -> pay by 10:05; told amy teacher booking_pending; left 0
           10:00 ben books -> refused schedule_full
           10:00 ben joins -> waiting 1/8
           10:04:59.999 amy pays -> booked; told amy teacher booking_confirmed
           10:04:59.999 amy pays -> booked
           10:05 tick -> amy booked",
    );
    check(
        "policy seats=1 price=18000 start=2025-11-12T19:00
           10:00 amy books -> pay by 10:05
           10:01 ben joins -> waiting 1/8
           10:05 amy pays  -> refused payment_late; cancelled payment_timeout: amy; race#1 until 10:20: ben; \
                told amy teacher booking_cancelled; told ben seat_offered; cause#1 payment_lapsed
           10:06 ben accepts -> pay by 10:11
           10:11 tick      -> cancelled payment_timeout: ben; left 1
           10:11 ben pays  -> refused payment_late",
    );
}

#[test]
fn after_the_cutoff_an_unpaid_seat_is_public() {
    check(
        "policy seats=1 price=100 start=2025-11-12T19:00
           12:56 amy books -> pay by 13:01
           12:57 ben joins -> waiting 1/8
           13:00 tick      -> expired: ben
           13:01 tick      -> cancelled payment_timeout: amy; left 1",
    );
}

#[test]
fn a_promoted_seat_that_is_not_paid_for_goes_to_a_new_round() {
    check(
        "policy seats=1 price=100 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           10:00 s1 cancels  -> cancelled and refunded; race#1 until 10:15: amy ben
           10:01 amy accepts -> pay by 10:06; told ben offer_lost
           10:06 tick        -> cancelled payment_timeout: amy; race#2 until 10:21: ben
           10:07 ben accepts -> pay by 10:12
           10:08 ben pays    -> booked",
    );
}

#[test]
fn the_fee_comes_before_the_teacher_and_a_discount_may_end_it() {
    check(
        "policy seats=2 price=100 confirm=teacher start=2025-11-12T19:00
           10:00 amy books -> pay by 10:05
           10:01 teacher confirms amy -> refused payment_due
           10:02 amy pays -> ask teacher; told amy teacher booking_pending
           10:03 teacher confirms amy -> booked
           10:03 teacher confirms amy -> booked
           10:04 amy cancels -> cancelled and refunded; left 2
           10:04 amy cancels -> refused booking_ended",
    );
    check(
        "policy seats=1 price=100 discount=100 start=2025-11-12T19:00
           10:00 amy books -> booked
           10:00 amy pays  -> refused nothing_to_pay",
    );
}

#[test]
fn what_the_teacher_does_not_answer_by_the_start_is_cancelled_and_refunded() {
    check(
        "policy seats=2 confirm=teacher price=100 start=2025-11-12T19:00
           10:00 amy books -> pay by 10:05
           10:01 amy pays  -> ask teacher
           18:59:59.999 tick -> amy ask teacher
           19:00 teacher confirms amy -> refused booking_ended; cancelled teacher_unanswered: amy; \
                told amy teacher booking_cancelled; left 2",
    );
    // Paid after the start, when nobody can confirm any more: the money goes back at once.
    check(
        "policy seats=2 confirm=teacher price=100 start=2025-11-12T19:00
           18:58 amy books -> pay by 19:03
           19:01 amy pays  -> cancelled and refunded; cancelled teacher_unanswered: amy; left 2; due never",
    );
}

#[test]
fn promoted_and_arranged_bookings_need_no_teacher() {
    check(
        "policy seats=2 confirm=teacher booked=s1,s2 waiting=amy start=2025-11-12T19:00
           10:00 s1 cancels -> cancelled; race#1 until 10:15: amy
           10:01 amy accepts -> booked
           10:02 s2 cancels -> cancelled; left 1
           10:03 ben books arranged -> booked
           10:04 cat books -> refused schedule_full",
    );
}
