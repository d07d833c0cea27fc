//! Every invariant of one schedule, checked from scratch.

use std::collections::BTreeSet;

use super::state::{BookingState, Payment, Schedule, Stage, Status};

impl Schedule {
    /// What is wrong with this state, in words; empty when all is well.
    pub fn audit(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut check = |ok: bool, what: &str| {
            if !ok {
                wrong.push(format!("{}: {what}", self.head.id));
            }
        };
        let used = self.seats_taken() + self.seats_held() + self.seats_offered();
        check(used <= self.head.capacity, &format!("{used} seats used of {}", self.head.capacity));
        check(self.seats_left() == self.head.capacity.saturating_sub(used), "seats left differ from a recount");

        let students: BTreeSet<_> = self.queue.iter().map(|e| e.student).collect();
        check(students.len() == self.queue.len(), "a student waits twice");
        check(self.queue.is_sorted_by(|a, b| a.seq < b.seq), "the queue is not in the order of joining");
        check(self.queue.iter().all(|e| e.seq < self.next_seq), "a place was given twice");
        check(self.queue.iter().all(|e| !self.bookings.contains_key(&e.student)), "someone waits and is booked");
        check(self.holds.keys().all(|s| !self.bookings.contains_key(s)), "someone holds a seat and is booked");

        for r in &self.rounds {
            check(!r.offers.is_empty(), "a round without a live offer is still open");
            check(r.offers.iter().all(|o| o.stage == r.stage), "a round mixes race and turn");
            check(r.stage == Stage::Race || r.offers.len() == 1, "a turn of more than one");
            for o in &r.offers {
                check(self.entry(o.entry).is_some_and(|e| e.student == o.student), "an offer without its entry");
                check(o.begun_at.is_none_or(|t| t >= o.sent_at && t < o.deadline), "begun outside the offer's time");
                check(!r.passed.contains(&o.entry), "an offer to someone who is out of the round");
            }
        }
        let turns: Vec<_> =
            self.queue.iter().map(|e| self.offers_of(e.id).filter(|(_, o)| o.stage == Stage::Turn)).collect();
        check(turns.into_iter().all(|t| t.count() <= 1), "in turn for two seats at once");
        let open = self.head.status == Status::Open;
        check(open || self.rounds.is_empty(), "offers of a schedule that is not open");

        let unsettled = self.bookings.values().filter_map(|b| self.settle_by(b).map(|t| (t, b.student))).collect();
        check(self.unsettled == unsettled, "the index of unsettled bookings differs from a recount");
        for b in self.bookings.values() {
            let unpaid = matches!(b.state, BookingState::AwaitingPayment { .. });
            check(unpaid == (b.payment == Payment::Unpaid), "payment and state of a booking disagree");
            check(!matches!(b.state, BookingState::Cancelled { .. }), "a cancelled booking keeps its seat");
        }
        check(self.next_due().is_none_or(|t| t > self.stamped_at), "something due was not handled");
        wrong
    }
}
