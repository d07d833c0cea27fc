//! What the worked examples leave open: the finer rules of the waitlist, one by one.

use crate::harness::script::check;

#[test]
fn a_race_is_for_all_who_are_active_at_the_release_and_later_joiners_may_get_a_turn() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben start=2025-11-12T19:00
           09:00 s1 cancels -> cancelled; race#1 until 09:15: amy ben
           09:01 cat joins  -> waiting 3/8; cat waiting 3
           09:02 cat accepts -> refused no_offer
           09:15 tick       -> turn#1 until 09:30: amy
           09:20 s2 cancels -> cancelled; race#2 until 09:35: amy ben cat; amy in_turn 1; ben notified 2
           09:30 tick       -> expired: amy; turn#1 until 09:45: ben; offers turn#1:ben race#2:ben race#2:cat
           09:35 tick       -> turn#2 until 09:50: cat
           09:45 tick       -> expired: ben; public#1; cat in_turn 1; left 1
           09:46 cat accepts -> booked
           end seats cat | queue nobody | left 1",
    );
}

#[test]
fn a_turn_passes_over_those_who_declined_or_are_in_turn_for_another_seat() {
    check(
        "policy seats=3 booked=s1..s3 waiting=amy,ben,cat start=2025-11-12T19:00
           09:00 s1 cancels    -> cancelled; race#1 until 09:15: amy ben cat
           09:00 s2 cancels    -> cancelled; race#2 until 09:15: amy ben cat
           09:01 ben declines race#2 -> declined, still 2; ben notified 2
           09:15 tick          -> turn#1 until 09:30: amy; turn#2 until 09:30: cat; ben waiting 2
           09:16 amy declines  -> declined, out; expired: amy; turn#1 until 09:31: ben
           09:30 tick          -> expired: cat; public#2
           09:31 tick          -> expired: ben; public#1; left 2",
    );
}

#[test]
fn a_round_without_takers_is_public_although_decliners_wait_on() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 s1 cancels   -> cancelled; race#1 until 09:15: amy ben
           09:01 amy declines -> declined, still 1
           09:02 ben declines -> declined, still 2; public#1; left 1; told nobody offer_lapsed
           09:03 cat books    -> booked
           09:04 ben accepts  -> refused no_offer
           09:05 cat cancels  -> cancelled; race#2 until 09:20: amy ben",
    );
}

#[test]
fn the_next_stage_starts_when_the_last_live_offer_is_gone() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben,cat start=2025-11-12T19:00
           09:00 s1 cancels   -> cancelled; race#1 until 09:15: amy ben cat
           09:01 amy declines -> declined, still 1
           09:02 ben leaves   -> left
           09:03 dan joins    -> waiting 3/8
           09:04 cat declines -> declined, still 2; turn#1 until 09:19: dan; amy waiting 1; dan in_turn 3
           09:05 dan leaves   -> left; public#1; queue amy cat",
    );
    // Won elsewhere: the only racer for the second seat takes the first.
    check(
        "policy seats=2 booked=s1,s2 waiting=amy start=2025-11-12T19:00
           09:00 s1 s2 cancels -> 2 x cancelled; race#1 until 09:15: amy; race#2 until 09:15: amy
           09:01 ben joins     -> waiting 2/8
           09:02 amy accepts   -> booked; turn#2 until 09:17: ben; told nobody offer_lost",
    );
}

#[test]
fn the_current_offer_has_the_earliest_deadline_and_ties_go_by_release() {
    check(
        "policy seats=3 booked=s1..s3 waiting=amy,ben start=2025-11-12T19:00
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy ben
           09:10 s2 cancels  -> cancelled; race#2 until 09:25: amy ben; current amy race#1 until 09:15
           09:15 tick        -> turn#1 until 09:30: amy; current amy race#2 until 09:25; current ben race#2 until 09:25
           09:20 amy accepts -> booked; turn#1 until 09:35: ben; told ben offer_lost
           end queue ben | offers turn#1:ben",
    );
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben start=2025-11-12T19:00
           12:50 s1 cancels  -> cancelled; race#1 until 13:00: amy ben
           12:55 s2 cancels  -> cancelled; race#2 until 13:00: amy ben; current amy race#1 until 13:00
           12:56 amy accepts -> booked; offers race#2:ben; current ben race#2 until 13:00
           12:56 ben accepts race#1 -> refused offer_taken
           12:57 ben accepts -> booked",
    );
}

#[test]
fn a_begin_is_stamped_anew_only_after_its_grace_and_before_the_deadline() {
    check(
        "policy seats=1 booked=s1 waiting=amy start=2025-11-12T19:00
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy
           09:01 amy begins  -> begun 09:01, confirm by 09:15
           09:05:59.999 amy begins -> begun 09:01, confirm by 09:15
           09:06 amy begins  -> begun 09:06, confirm by 09:15
           09:10:59.999 amy begins -> begun 09:06, confirm by 09:15
           09:14 amy begins  -> begun 09:14, confirm by 09:19
           09:18:59.999 amy begins -> begun 09:14, confirm by 09:19; current amy race#1 until 09:15; amy notified 1
           09:19 amy begins race#1 -> refused offer_lapsed; turn#1 until 09:34: amy",
    );
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy ben
           09:14 amy begins  -> begun 09:14, confirm by 09:19
           09:15 ben begins  -> refused offer_lapsed
           09:18 amy leaves  -> left; turn#1 until 09:33: ben",
    );
}

#[test]
fn a_turn_is_protected_like_a_race() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben start=2025-11-12T19:00
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy ben
           09:15 tick        -> turn#1 until 09:30: amy
           09:29:59.999 amy begins -> begun 09:29:59.999, confirm by 09:34:59.999
           09:30 tick        -> amy in_turn 1; ben waiting 2
           09:34:59.998 ben accepts -> refused offer_lapsed
           09:34:59.999 amy accepts -> refused offer_lapsed; expired: amy; turn#1 until 09:49:59.999: ben",
    );
}

#[test]
fn the_seat_stays_on_offer_to_the_protected_alone_after_the_deadline() {
    check(
        "policy seats=1 booked=s1 waiting=amy,ben,cat start=2025-11-12T19:00
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy ben cat
           09:13 ben begins  -> begun 09:13, confirm by 09:18
           09:14 cat begins  -> begun 09:14, confirm by 09:19
           09:15 tick        -> offers race#1:ben race#1:cat; amy waiting 1; ben notified 2; offered 1; told amy offer_lapsed
           09:18 tick        -> offers race#1:cat; ben waiting 2; told ben offer_lapsed
           09:18 dan books   -> refused seat_on_offer
           09:19 tick        -> turn#1 until 09:34: amy; told cat offer_lapsed; told amy seat_offered",
    );
}

#[test]
fn at_the_cutoff_all_but_the_protected_expire_and_they_when_they_fail() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben,cat start=2025-11-12T19:00
           12:50 s1 cancels  -> cancelled; race#1 until 13:00: amy ben cat
           12:58 cat begins  -> begun 12:58, confirm by 13:03
           12:59 ben begins  -> begun 12:59, confirm by 13:04
           13:00 tick        -> expired: amy; queue ben cat; told amy waitlist_closed; waitlist closed; due 13:03
           13:03 tick        -> expired: cat; told cat waitlist_closed; told cat offer_lapsed; queue ben
           13:03 s2 cancels  -> cancelled; left 1; offered 1
           13:03:59.999 ben accepts -> booked; queue nobody; left 1",
    );
}

#[test]
fn an_entry_that_ends_takes_all_its_offers_with_it() {
    check(
        "policy seats=3 booked=s1..s3 waiting=amy,ben start=2025-11-12T19:00
           09:00 s1 s2 cancels -> 2 x cancelled; race#1 until 09:15: amy ben; race#2 until 09:15: amy ben
           09:01 amy leaves    -> left; offers race#1:ben race#2:ben
           09:02 ben accepts race#2 -> booked; public#1; offers none; left 1",
    );
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben start=2025-11-12T19:00
           09:00 s1 cancels -> cancelled; race#1 until 09:15: amy ben
           09:15 tick       -> turn#1 until 09:30: amy
           09:20 s2 cancels -> cancelled; race#2 until 09:35: amy ben
           09:30 tick       -> expired: amy; turn#1 until 09:45: ben; offers turn#1:ben race#2:ben
           09:31 amy accepts -> refused offer_lapsed
           09:31 amy accepts turn#1 -> refused offer_lapsed
           09:31 amy accepts race#2 -> refused no_offer",
    );
}

#[test]
fn a_late_answer_is_told_how_the_latest_offer_ended() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben,cat start=2025-11-12T19:00
           09:00 amy accepts -> refused no_offer
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy ben cat
           09:01 cat accepts -> booked
           09:02 amy accepts -> refused offer_taken
           09:02 amy begins  -> refused offer_taken
           09:02 amy declines -> refused offer_taken
           09:03 cat accepts -> refused no_offer
           09:10 s2 cancels  -> cancelled; race#2 until 09:25: amy ben
           09:25 tick        -> turn#2 until 09:40: amy
           09:26 ben accepts -> refused offer_lapsed
           09:26 ben accepts race#1 -> refused offer_taken
           09:40 tick        -> expired: amy; turn#2 until 09:55: ben
           09:41 ben declines -> declined, out; expired: ben; public#2
           09:42 ben accepts -> refused no_offer",
    );
    // Only a class that was moved forward ends its queue before an offer's own deadline.
    check(
        "policy seats=1 booked=s1 waiting=amy start=2025-11-12T19:00
           12:00 s1 cancels  -> cancelled; race#1 until 12:15: amy
           12:05 operator moves start 18:10 -> open; due 12:10
           12:10 amy accepts -> refused waitlist_closed; expired: amy; public#1; \
                told amy waitlist_closed; told nobody offer_lapsed; told nobody offer_reminder",
    );
}

#[test]
fn offers_that_end_with_the_queue_lapse_before_it_closes() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy start=2025-11-12T19:00
           12:50 s1 cancels  -> cancelled; race#1 until 13:00: amy
           12:51 s2 cancels  -> cancelled; race#2 until 13:00: amy
           13:00 amy accepts -> refused offer_lapsed; expired: amy; public#1; public#2
           13:00 amy accepts race#1 -> refused offer_lapsed
           13:00 amy accepts race#2 -> refused offer_lapsed",
    );
    check(
        "policy seats=2 booked=s1,s2 waiting=amy start=2025-11-12T19:00
           12:30 s1 cancels  -> cancelled; race#1 until 12:45: amy
           12:45 tick        -> turn#1 until 13:00: amy
           12:50 s2 cancels  -> cancelled; race#2 until 13:00: amy
           13:00 amy accepts -> refused offer_lapsed; expired: amy; public#1; public#2
           13:00 amy accepts race#2 -> refused offer_lapsed",
    );
}

#[test]
fn one_instant_has_an_order_and_commands_come_last() {
    // The turn lapses and the queue closes before the booking looks for a seat.
    check(
        "policy seats=3 booked=s1,s2 start=2025-11-12T19:00
           12:30 eve holds     -> held until 12:35
           12:31 amy ben joins -> waiting 1/8, waiting 2/8
           12:35 tick          -> hold ended: eve; race#1 until 12:50: amy ben
           12:36 ben accepts   -> booked; told amy offer_lost
           12:45 s1 cancels    -> cancelled; race#2 until 13:00: amy
           12:55 tick          -> told amy offer_reminder
           13:00 fay books     -> booked; expired: amy; public#2",
    );
    // A new round is told of to one who has just got the turn for another seat.
    check(
        "policy seats=2 window=5m booked=s1 start=2025-11-12T19:00
           09:00 eve holds     -> held until 09:05
           09:00 amy ben joins -> waiting 1/8, waiting 2/8
           09:00 s1 cancels    -> cancelled; race#1 until 09:05: amy ben
           09:05 tick          -> hold ended: eve; turn#1 until 09:10: amy; race#2 until 09:10: amy ben",
    );
    // A hold that ends at the cutoff finds nobody to offer its seat to.
    check(
        "policy seats=1 start=2025-11-12T19:00
           12:55 eve holds     -> held until 13:00
           12:56 amy joins     -> waiting 1/8
           13:00 amy books     -> booked; expired: amy; hold ended: eve",
    );
}

#[test]
fn effects_of_what_was_slept_through_carry_the_instant_of_the_restart() {
    check(
        "policy seats=2 booked=s1,s2 waiting=amy,ben start=2025-11-12T19:00
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy ben
           09:05 stop        -> queue amy ben
           09:50 restart     -> turn#1 until 10:05: amy; told amy seat_offered; told nobody offer_reminder; due 10:00
           10:00 tick        -> told amy offer_reminder
           10:05 tick        -> expired: amy; turn#1 until 10:20: ben",
    );
    check(
        "policy seats=2 booked=s1,s2 waiting=amy start=2025-11-12T19:00
           12:30 s1 cancels  -> cancelled; race#1 until 12:45: amy
           12:44 amy begins  -> begun 12:44, confirm by 12:49
           12:45:30 stop     -> amy notified 1
           12:46 restart     -> current amy race#1 until 12:45
           12:48:59.999 amy accepts -> booked",
    );
    check(
        "policy seats=2 booked=s1,s2 waiting=amy start=2025-11-12T19:00
           12:30 s1 cancels  -> cancelled; race#1 until 12:45: amy
           12:31 stop        ->
           13:30 restart     -> expired: amy; public#1; told amy waitlist_closed; left 1",
    );
}

#[test]
fn the_capacity_is_never_lowered_below_what_is_taken_held_or_on_offer() {
    check(
        "policy seats=4 booked=s1..s3 start=2025-11-12T19:00
           09:00 eve holds    -> held until 09:05
           09:00 amy joins    -> waiting 1/8
           09:01 s1 cancels   -> cancelled; race#1 until 09:16: amy
           09:01 operator sets capacity 3 -> refused capacity_in_use; left 0; offered 1; holds eve
           09:02 amy declines -> declined, still 1; public#1
           09:02 operator sets capacity 3 -> open; left 0
           09:02 operator sets capacity 2 -> refused capacity_in_use
           09:03 eve releases -> released; race#2 until 09:18: amy
           09:03 operator sets capacity 2 -> refused capacity_in_use
           09:04 amy leaves   -> left; public#2
           09:04 operator sets capacity 2 -> open
           09:04 operator sets capacity 1 -> refused capacity_in_use",
    );
}

#[test]
fn a_reminder_is_sent_in_races_and_turns_and_never_in_a_short_window() {
    check(
        "policy seats=1 booked=s1 waiting=amy start=2025-11-12T19:00
           09:00 s1 cancels  -> cancelled; race#1 until 09:15: amy
           09:10 tick        -> told amy offer_reminder
           09:15 tick        -> turn#1 until 09:30: amy; told nobody offer_reminder
           09:25 tick        -> told amy offer_reminder",
    );
    check(
        "policy seats=1 window=5m booked=s1 waiting=amy start=2025-11-12T19:00
           09:00 s1 cancels  -> cancelled; race#1 until 09:05: amy; told nobody offer_reminder; due 09:05",
    );
    check(
        "policy seats=1 booked=s1 waiting=amy start=2025-11-12T19:00
           12:55 s1 cancels  -> cancelled; race#1 until 13:00: amy; told nobody offer_reminder; due 13:00",
    );
    check(
        "policy seats=1 booked=s1 waiting=amy start=2025-11-12T19:00
           12:54:59.999 s1 cancels -> cancelled; race#1 until 13:00: amy; due 12:55
           12:55 tick        -> told amy offer_reminder",
    );
}
