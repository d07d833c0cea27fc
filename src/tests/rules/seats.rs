//! Every way by which seats come and go, and what staff may do to a class.

use crate::harness::script::check;

#[test]
fn two_first_bookers_leave_two_seats_fewer() {
    check(
        "policy seats=6 start=2025-11-12T19:00
           10:00 amy ben books -> 2 x booked; left 4
           10:00 amy books -> refused already_booked
           end seats amy ben | left 4",
    );
}

#[test]
fn the_first_reason_that_applies_is_told() {
    check(
        "policy seats=1 start=2025-11-12T19:00
           10:00 busy amy  -> set
           10:00 amy books -> refused time_conflict
           10:00 amy holds -> refused time_conflict
           10:00 ben books course 9 -> refused course_mismatch
           10:00 ben books -> booked
           10:00 cat books course 9 -> refused schedule_full
           10:00 amy books -> refused time_conflict
           10:00 operator blocks -> blocked; availability blocked
           10:00 ben books -> refused already_booked
           10:00 amy books -> refused schedule_not_open
           10:00 amy joins -> refused waitlist_closed
           10:00 operator unblocks -> open
           19:00 amy books -> refused schedule_started
           19:00 ben cancels -> refused schedule_started
           19:00 operator cancels ben -> refused schedule_started",
    );
}

#[test]
fn every_way_of_freeing_a_seat_starts_a_round() {
    let head = "policy seats=2 booked=s1,s2 waiting=amy start=2025-11-12T19:00\n";
    for (freed, cause) in [
        ("s1 cancels -> cancelled", "cancelled"),
        ("teacher cancels s1 -> cancelled", "cancelled"),
        ("operator cancels s1 -> cancelled", "cancelled"),
        ("operator sets capacity 3 -> open", "capacity_raised"),
    ] {
        check(&format!("{head} 10:00 {freed}; race#1 until 10:15: amy; cause#1 {cause}; told amy seat_offered"));
    }
    check(&format!(
        "{head}
           10:00 operator blocks -> blocked
           10:01 s1 cancels -> cancelled; left 1
           10:02 operator unblocks -> open; race#1 until 10:17: amy; cause#1 unblocked"
    ));
}

#[test]
fn two_cancels_and_one_waiter_promote_one_and_free_the_other_seat() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy start=2025-11-12T19:00
           10:00 s1 s2 cancels -> 2 x cancelled; race#1 until 10:15: amy; race#2 until 10:15: amy; left 0; offered 2
           10:01 ben books     -> refused seat_on_offer
           10:02 amy accepts   -> booked; public#2; left 1
           10:02 ben books     -> booked",
    );
}

#[test]
fn raising_the_capacity_opens_a_round_for_each_new_seat() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben,cat start=2025-11-12T19:00
           10:00 operator sets capacity 3 -> open; race#1 until 10:15: amy ben cat; race#2 until 10:15: amy ben cat
           10:01 cat accepts -> booked; told amy ben offer_lost; offers race#2:amy race#2:ben
           10:02 ben accepts -> booked; queue amy; offers none; left 0",
    );
}

#[test]
fn rounds_are_bounded_and_further_seats_are_public() {
    let mut races = String::new();
    for n in 1..=32 {
        races += &format!("; race#{n} until 10:15: amy");
    }
    check(&format!(
        "policy seats=1 booked=s1 waiting=amy start=2025-11-12T19:00
           10:00 operator sets capacity 41 -> open{races}; offered 32; left 8
           10:00 ben books -> booked"
    ));
}

#[test]
fn an_ineligible_head_of_the_line_is_passed_over_with_a_reason() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben,cat start=2025-11-12T19:00
           10:00 busy amy   -> set
           10:00 nohours ben -> set
           10:00 s1 cancels -> cancelled; race#1 until 10:15: amy ben cat
           10:01 amy accepts -> refused time_conflict
           10:15 tick       -> skipped time_conflict: amy; skipped no_hours: ben; turn#1 until 10:30: cat; \
                told amy ben offer_skipped
           10:30 tick       -> expired: cat; public#1; queue amy ben",
    );
}

#[test]
fn accepting_and_cancelling_passes_the_seat_on_at_once() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           10:00 s1 cancels  -> cancelled; race#1 until 10:15: amy ben
           10:01 amy accepts -> booked
           10:02 amy cancels -> cancelled; race#2 until 10:17: ben; told ben seat_offered
           10:03 amy accepts -> refused no_offer
           10:03 amy accepts race#1 -> refused no_offer
           10:04 ben accepts race#1 -> refused offer_taken
           10:04 ben accepts -> booked",
    );
}

#[test]
fn whoever_wins_at_the_last_millisecond_is_not_told_that_it_is_over() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           10:00 s1 cancels  -> cancelled; race#1 until 10:15: amy ben
           10:14:59.999 amy accepts -> booked; told nobody offer_lapsed; told ben offer_lost
           10:15 tick        -> told nobody offer_lapsed; told nobody offer_lost",
    );
}

#[test]
fn an_offer_taken_back_by_an_operator_does_not_return() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           10:00 s1 cancels  -> cancelled; race#1 until 10:15: amy ben
           10:01 operator withdraws amy race#1 -> offered 0; amy waiting 1; ben notified 2; told amy offer_withdrawn
           10:01 operator withdraws amy race#1 -> refused unknown_offer
           10:02 amy accepts -> refused no_offer
           10:15 tick        -> turn#1 until 10:30: ben
           10:16 operator withdraws ben turn#1 -> offered 0; public#1; queue amy ben; left 1; told ben offer_withdrawn",
    );
}

#[test]
fn a_seat_offered_by_hand_goes_through_the_same_gate() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           10:00 operator offers -> refused schedule_full
           10:00 s1 cancels  -> cancelled; race#1 until 10:15: amy ben
           10:00 operator offers -> refused schedule_full
           10:01 amy ben declines -> declined, still 1, declined, still 2; public#1
           10:02 operator offers -> offered 2; race#2 until 10:17: amy ben; cause#2 manual; left 0
           10:03 ben accepts -> booked
           10:04 operator removes amy -> left
           10:04 operator offers -> refused queue_empty
           10:05 operator blocks -> blocked
           10:05 operator offers -> refused schedule_not_open
           10:05 operator unblocks -> open
           13:00 operator offers -> refused waitlist_closed",
    );
}

#[test]
fn blocking_takes_offers_back_and_unblocking_starts_anew() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           10:00 s1 cancels -> cancelled; race#1 until 10:15: amy ben
           10:01 operator blocks -> blocked; closed#1; queue amy ben; amy waiting 1
           10:02 amy accepts -> refused no_offer
           10:02 operator blocks -> blocked
           10:20 operator unblocks -> open; race#2 until 10:35: amy ben
           10:20 operator unblocks -> open
           10:21 operator blocks -> blocked; closed#2
           13:00 tick -> expired: amy ben; told amy ben waitlist_closed",
    );
}

#[test]
fn revoking_cancels_all_and_tells_all() {
    check(
        "policy seats=3 price=100 booked=s1,s2 start=2025-11-12T19:00
           10:00 eve holds   -> held until 10:05
           10:00 amy joins   -> waiting 1/8
           10:01 s1 cancels  -> cancelled and refunded; race#1 until 10:16: amy
           10:02 fay joins   -> waiting 2/8
           10:03 operator revokes -> revoked, 1 cancelled; expired: amy fay; closed#1; hold ended: eve; \
                cancelled schedule_revoked: s2; told s2 teacher booking_cancelled; told amy fay waitlist_closed; due never
           10:03 operator revokes -> revoked
           10:04 amy accepts -> refused waitlist_closed
           10:04 amy joins   -> refused waitlist_closed
           10:04 ben books   -> refused schedule_not_open
           10:04 operator sets capacity 9 -> refused schedule_ended
           10:04 operator unblocks -> refused schedule_ended
           19:00 operator completes -> refused schedule_ended
           end seats nobody | holds nobody | queue nobody | offers none | status revoked",
    );
}

#[test]
fn completing_marks_those_who_were_there_and_may_be_corrected() {
    check(
        "policy seats=3 price=100 booked=s1,s2 start=2025-11-12T19:00
           18:59:59.999 operator completes -> refused schedule_not_started
           18:59:59.999 teacher marks s1 present -> refused schedule_not_started
           18:59:59.999 amy books -> pay by 19:04:59.999
           19:00 teacher marks s2 absent -> absent; told s2 teacher booking_attended
           19:01 teacher marks amy present -> refused booking_ended
           19:02 operator completes -> completed; told s1 teacher booking_attended; amy pay by 19:04:59.999
           19:02 operator completes -> completed
           19:03 teacher marks s1 absent -> absent
           19:03 teacher marks s1 absent -> absent
           19:03 teacher marks s2 present -> present
           19:03 operator revokes -> refused schedule_ended
           19:04:59.999 tick -> cancelled payment_timeout: amy",
    );
}

#[test]
fn a_student_may_cancel_until_the_notice_and_staff_until_the_start() {
    check(
        "policy seats=3 notice=2h booked=s1,s2,s3 start=2025-11-12T19:00
           16:59:59 s1 cancels -> cancelled
           16:59:59.999 s2 cancels -> cancelled
           17:00 s3 cancels -> refused cancel_too_late
           17:00:01 s3 cancels -> refused cancel_too_late
           18:59:59.999 teacher cancels s3 -> cancelled
           end seats nobody | left 3",
    );
}

#[test]
fn whoever_is_promoted_inside_the_notice_may_step_back() {
    check(
        "policy seats=2 notice=10h booked=s1,s2 waiting=amy,ben start=2025-11-12T19:00
           08:50 s1 cancels  -> cancelled; race#1 until 09:05: amy ben
           08:59:59.999 amy accepts -> booked; amy booked
           09:00 amy cancels -> refused cancel_too_late
           09:01 teacher cancels s2 -> cancelled; race#2 until 09:16: ben
           09:02 ben accepts -> booked; ben booked, may step back
           12:00 ben cancels -> cancelled; left 1",
    );
}

#[test]
fn moving_a_class_moves_its_cutoff_and_its_notice_but_no_promised_deadline() {
    check(
        "policy seats=2 notice=2h booked=s1,s2 waiting=amy,ben start=2025-11-12T19:00
           12:30 s1 cancels -> cancelled; race#1 until 12:45: amy ben
           12:31 operator moves start 20:00 -> open; told s2 amy ben teacher schedule_changed; due 12:40
           12:45 tick       -> turn#1 until 13:00: amy
           13:00 tick       -> expired: amy; turn#1 until 13:15: ben
           13:01 operator moves start 19:01 unchecked -> refused evidence_stale
           13:01 operator moves start 19:01 conflicting -> refused time_conflict
           13:01 operator moves start 19:01 -> open; expired: ben; public#1; told ben waitlist_closed
           17:00 s2 cancels -> cancelled
           19:01 operator moves start 20:00 -> refused schedule_started",
    );
}

#[test]
fn moving_a_class_moves_the_end_of_the_teachers_time() {
    check(
        "policy seats=2 confirm=teacher start=2025-11-12T19:00
           10:00 amy books -> ask teacher; due 19:00
           10:01 operator moves start 18:00 -> open; due 18:00
           18:00 tick -> cancelled teacher_unanswered: amy",
    );
}

#[test]
fn a_class_of_one_works_like_any_other() {
    check(
        "policy seats=1 kind=one_to_one start=2025-11-12T19:00
           10:00 amy books   -> booked; availability booked
           10:00 ben books   -> refused schedule_full
           10:00 ben joins   -> waiting 1/8
           10:01 amy cancels -> cancelled; race#1 until 10:16: ben
           10:02 ben books moved -> booked
           end seats ben | queue nobody",
    );
}

#[test]
fn siblings_wait_each_for_themselves_and_while_seats_are_free_nobody_waits() {
    check(
        "policy seats=1 start=2025-11-12T19:00
           10:00 amy joins -> refused seats_available
           10:00 s1 books  -> booked
           10:00 amy amy joins -> waiting 1/8, refused already_waiting
           10:00 ben joins -> waiting 2/8",
    );
}

#[test]
fn who_returns_is_last_and_gets_the_turn_last() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 amy leaves -> left
           09:00 amy joins  -> waiting 2/8
           09:01 s1 cancels -> cancelled; race#1 until 09:16: ben amy
           09:16 tick       -> turn#1 until 09:31: ben
           09:20 amy leaves -> left
           09:21 amy joins  -> waiting 2/8
           09:31 tick       -> expired: ben; turn#1 until 09:46: amy",
    );
}

#[test]
fn a_stop_between_a_cancellation_and_the_answers_loses_nothing() {
    check(
        "policy seats=2 price=100 booked=s1,s2 waiting=amy start=2025-11-12T19:00
           10:00 s1 cancels  -> cancelled and refunded; race#1 until 10:15: amy
           10:00 stop        ->
           10:00:01 restart  -> current amy race#1 until 10:15; due 10:10
           10:01 amy accepts -> pay by 10:06
           10:02 stop        ->
           10:30 restart     -> cancelled payment_timeout: amy; left 1",
    );
}
