//! The worked examples of the waitlist: a class on a Wednesday from 19:00, six seats, all taken;
//! A, B and C wait; the queue ends at 13:00.

use crate::harness::script::check;

#[test]
fn w1_one_may_join_until_the_millisecond_before_the_cutoff() {
    check(
        "policy seats=6 booked=s1..s6 start=2025-11-12T19:00
           12:59:59.999 amy joins -> waiting 1/8; waitlist open
           13:00:00 ben joins -> refused waitlist_closed; expired: amy; told amy waitlist_closed; waitlist closed",
    );
}

#[test]
fn w2_a_released_seat_is_offered_to_all_who_wait_and_closed_to_the_public() {
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C; told A B C seat_offered; left 0; offered 1
           12:30:00 amy books -> refused seat_on_offer
           12:30:00 amy holds -> refused seat_on_offer
           end seats s2 s3 s4 s5 s6 | queue A B C | offers race#1:A race#1:B race#1:C | due 12:40",
    );
}

#[test]
fn w3_whoever_has_not_answered_is_reminded_five_minutes_before_the_deadline() {
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C; told nobody offer_reminder
           12:35:00 C declines -> declined, still 3
           12:39:59.999 tick -> told nobody offer_reminder; due 12:40
           12:40:00 tick -> told A B offer_reminder; due 12:45
           12:44:00 tick -> told nobody offer_reminder",
    );
}

#[test]
fn w4_the_first_confirm_wins_and_the_others_keep_their_order() {
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C
           12:40:00 B accepts -> booked; told A C offer_lost; told B teacher booking_confirmed; A waiting 1; C waiting 2
           12:40:00 A C accepts -> 2 x refused offer_taken
           end seats s2 s3 s4 s5 s6 B | queue A C | offers none | left 0 | due 13:00",
    );
}

#[test]
fn w5_a_confirm_at_the_deadline_is_late() {
    let until_then = "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C\n";
    check(&format!("{until_then} 12:44:59.999 B accepts -> booked"));
    check(&format!("{until_then} 12:45:00 B accepts -> refused offer_lapsed; turn#1 until 13:00: A"));
}

#[test]
fn w6_after_a_silent_race_the_first_in_line_has_the_seat_alone() {
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C
           12:45:00 tick -> turn#1 until 13:00: A; told A B C offer_lapsed; told A seat_offered; A in_turn 1; B waiting 2
           12:46:00 B accepts -> refused offer_lapsed
           12:46:00 amy books -> refused seat_on_offer
           12:46:00 A accepts race#1 -> refused offer_lapsed; A in_turn 1
           12:46:00 A accepts turn#1 -> booked; queue B C; told A teacher booking_confirmed
           end seats s2 s3 s4 s5 s6 A | queue B C | left 0",
    );
}

#[test]
fn w7_a_silent_turn_that_ends_with_the_queue_leaves_the_seat_to_the_public() {
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C
           12:45:00 tick -> turn#1 until 13:00: A
           12:59:59.999 amy books -> refused seat_on_offer
           13:00:00 tick -> expired: A B C; public#1; told A B C waitlist_closed; told A offer_lapsed; left 1
           13:00:00 amy books -> booked
           end seats s2 s3 s4 s5 s6 amy | queue nobody | due never",
    );
}

#[test]
fn w8_every_turn_gets_a_whole_window_and_then_the_seat_is_public() {
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           09:00:00 s1 cancels -> cancelled; race#1 until 09:15: A B C
           09:15:00 tick -> turn#1 until 09:30: A
           09:30:00 tick -> expired: A; turn#1 until 09:45: B; told A offer_lapsed; told nobody waitlist_closed
           09:31:00 A accepts -> refused offer_lapsed; A out
           09:45:00 tick -> expired: B; turn#1 until 10:00: C
           09:59:59.999 tick -> left 0
           10:00:00 tick -> expired: C; public#1; left 1; waitlist open
           10:00:00 A joins -> refused seats_available
           10:00:00 amy books -> booked",
    );
}

#[test]
fn w9_a_confirm_begun_in_time_may_end_after_the_deadline() {
    let until_then = "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C\n";
    check(&format!(
        "{until_then}
           12:44:00 B begins -> begun 12:44, confirm by 12:49
           12:45:00 tick -> told A C offer_lapsed; B notified 2; A waiting 1; offered 1
           12:46:00 B accepts -> booked; queue A C"
    ));
    check(&format!("{until_then} 12:45:00 tick -> turn#1 until 13:00: A\n 12:46:00 B accepts -> refused offer_lapsed"));
    check(&format!(
        "{until_then}
           12:44:00 B begins -> begun 12:44, confirm by 12:49
           12:44:30 C accepts -> booked; told A B offer_lost
           12:44:31 B accepts -> refused offer_taken"
    ));
}

#[test]
fn w10_a_begun_confirm_that_never_ends_holds_the_next_stage_up_for_its_grace_only() {
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C
           12:44:00 B begins -> begun 12:44, confirm by 12:49
           12:48:59.999 amy books -> refused seat_on_offer; current B race#1 until 12:45
           12:49:00 B accepts -> refused offer_lapsed; turn#1 until 13:00: A; B waiting 2",
    );
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C
           12:45:00 B begins -> refused offer_lapsed; turn#1 until 13:00: A",
    );
}

#[test]
fn w11_no_deadline_lies_after_the_cutoff_and_only_a_begun_confirm_outlives_it() {
    let until_then = "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:50:00 s1 cancels -> cancelled; race#1 until 13:00: A B C; due 12:55
           12:59:00 B begins -> begun 12:59, confirm by 13:04
           13:00:00 tick -> expired: A C; B notified 1; left 0; told A C waitlist_closed; due 13:04\n";
    check(&format!("{until_then} 13:01:00 B accepts -> booked; queue nobody; left 0"));
    check(&format!(
        "{until_then}
           13:03:59.999 amy books -> refused seat_on_offer
           13:04:00 B accepts -> refused offer_lapsed; expired: B; public#1; left 1; told B waitlist_closed
           13:04:00 amy books -> booked"
    ));
}

#[test]
fn w12_a_seat_released_from_the_cutoff_on_is_public() {
    for at in ["13:00:00", "13:00:00.001", "18:59"] {
        let closing = if at == "13:00:00" { "" } else { "13:00 tick -> expired: A B C\n" };
        let expired = if at == "13:00:00" { "; expired: A B C" } else { "" };
        check(&format!(
            "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
               {closing}
               {at} s1 cancels -> cancelled{expired}; left 1; told nobody seat_offered
               {at} A books -> booked"
        ));
    }
}

#[test]
fn w13_a_restart_keeps_deadlines_and_places() {
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C
           12:42:00 stop -> queue A B C
           12:43:00 restart -> queue A B C; offers race#1:A race#1:B race#1:C; current B race#1 until 12:45; due 12:45
           12:44:59.999 B accepts -> booked",
    );
    check(
        "policy seats=6 booked=s1..s6 waiting=A,B,C start=2025-11-12T19:00
           12:30:00 s1 cancels -> cancelled; race#1 until 12:45: A B C
           12:41:00 stop ->
           12:47:00 restart -> turn#1 until 13:00: A; told A B C offer_lapsed; queue A B C
           12:59:59.999 A accepts -> booked",
    );
}

// ---- capacity

#[test]
fn the_queue_has_eight_places_and_tells_them() {
    check(
        "policy seats=6 booked=s1..s6 waiting=w1,w2,w3 start=2025-11-12T19:00
           10:00 amy joins -> waiting 4/8
           10:01 w5..w8 joins -> waiting 5/8, waiting 6/8, waiting 7/8, waiting 8/8
           10:02 ben joins -> refused queue_full
           10:02 ben books -> refused schedule_full",
    );
}

#[test]
fn of_twenty_who_join_at_once_eight_wait() {
    check(
        "policy seats=6 booked=s1..s6 start=2025-11-12T19:00
           10:00 w1..w20 joins -> waiting 1/8, waiting 2/8, waiting 3/8, waiting 4/8, waiting 5/8, waiting 6/8, \
                waiting 7/8, waiting 8/8, 12 x refused queue_full
           end queue w1 w2 w3 w4 w5 w6 w7 w8",
    );
}

#[test]
fn a_vip_class_has_five_places() {
    check(
        "policy seats=1 tier=vip waitlist=5 booked=s1 start=2025-11-12T19:00
           10:00 w1..w3 joins -> waiting 1/5, waiting 2/5, waiting 3/5
           10:00 w4..w6 joins -> waiting 4/5, waiting 5/5, refused queue_full",
    );
}

#[test]
fn positions_close_up_and_who_returns_is_the_last() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben,cat,dan start=2025-11-12T19:00
           10:00 ben leaves -> left; amy waiting 1; cat waiting 2; dan waiting 3; ben out
           10:01 amy joins -> refused already_waiting
           10:02 ben joins -> waiting 4/8
           10:03 s1 joins -> refused already_booked",
    );
}

#[test]
fn changing_the_size_of_the_queue_evicts_nobody() {
    check(
        "policy seats=1 booked=s1 waiting=w1..w8 start=2025-11-12T19:00
           10:00 waitlist 10 -> set
           10:00 w9 joins -> waiting 9/10
           10:01 waitlist 5 -> set
           10:01 w10 joins -> refused queue_full; queue w1 w2 w3 w4 w5 w6 w7 w8 w9
           10:02 w1 w2 w3 w4 leaves -> 4 x left
           10:02 w10 joins -> refused queue_full
           10:03 w5 leaves -> left
           10:03 w10 joins -> waiting 5/5",
    );
}

#[test]
fn the_notified_and_the_one_in_turn_count_in_the_queue() {
    check(
        "policy seats=1 waitlist=2 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           10:00 s1 cancels -> cancelled; race#1 until 10:15: amy ben
           10:01 cat joins -> refused queue_full
           10:15 tick -> turn#1 until 10:30: amy
           10:16 cat joins -> refused queue_full",
    );
}

// ---- the table itself

#[test]
fn a_table_that_is_wrong_or_incomplete_fails() {
    let head = "policy seats=1 booked=s1 waiting=amy start=2025-11-12T19:00\n";
    for wrong in [
        "12:30 s1 cancels -> booked; race#1 until 12:45: amy",
        "12:30 s1 cancels -> cancelled",
        "12:30 s1 cancels -> cancelled; race#1 until 12:45: amy; amy waiting 1",
        "12:30 s1 cancels -> cancelled; race#1 until 12:45: amy; told nobody seat_offered",
        "12:30 s1 cancels -> cancelled; race#1 until 12:45: amy\n 12:46 tick -> left 0",
        "12:30 s1 cancells -> cancelled; race#1 until 12:45: amy",
        "12:30 bob joins -> waiting 2/8",
        "12:30 tick -> nonsense 1",
        "end queue ben",
    ] {
        let table = format!("{head} {wrong}");
        let failed = std::panic::catch_unwind(|| check(&table)).is_err();
        assert!(failed, "this table passed: {wrong}");
    }
}
