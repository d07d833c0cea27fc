//! Deadlines. They are stored instants; a timer is only a hint to look. Whatever is due is
//! handled before any command, so a late timer cannot crown an offer that has lapsed.

use super::{
    command::Receipt,
    event::Event,
    state::{BookingState, Canceller, Cause, HoldEnd, OfferEnd, Schedule, Stage},
    turn::{Decision, Facts, Turn},
};
use crate::base::{
    guard::{Guard, stands},
    limits::LATE_MAX,
    time::Timestamp,
};

/// At the deadline is late.
pub fn is_over(deadline: Timestamp, now: Timestamp) -> bool {
    deadline < now || (deadline == now && stands(Guard::Deadline))
}

impl Schedule {
    /// The earliest instant at which something happens by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        let policy = &self.head.policy;
        let offers = self.rounds.iter().flat_map(|r| {
            let ends = r.offers.iter().map(|o| o.confirm_by(policy));
            ends.chain(r.remind_at)
        });
        let holds = self.holds.values().map(|h| h.expires_at);
        let bookings = self.unsettled.first().map(|(t, _)| *t);
        let cutoff = self.head.cutoff_at();
        let cutoff = self.queue.iter().any(|e| !self.is_protected(e.id, cutoff)).then_some(cutoff);
        offers.chain(holds).chain(bookings).chain(cutoff).min()
    }

    /// Handles the earliest thing that is due by `now`, and everything else of its instant; none
    /// when nothing is due. Call until none.
    pub fn settle_due(&mut self, now: Timestamp, facts: &dyn Facts) -> Option<Decision> {
        let due = self.next_due().filter(|&due| is_over(due, now))?;
        // While the server runs a deadline is handled as of its own instant, however late the
        // timer. What was slept through is handled as of now: the next in line gets a whole turn.
        let slept = due < facts.running_since() || now - due > LATE_MAX;
        let at = self.instant(if slept { now } else { due });
        let mut turn = Turn::new(self, at, facts);
        turn.handle_due();
        Some(turn.finish(Receipt::Ticked))
    }
}

impl Turn<'_> {
    /// All that is due at this instant, in the order that the rules give: reminders, offers lapse,
    /// the cutoff, holds and payments expire. Next stages and new rounds follow in `settle_rounds`.
    pub(super) fn handle_due(&mut self) {
        self.remind();
        self.lapse_offers();
        self.close_queue_after_cutoff();
        self.expire_holds();
        self.expire_bookings();
    }

    /// Races first: a turn that lapses ends its entry, and that must not take back what lapses by
    /// itself at the same instant.
    fn lapse_offers(&mut self) {
        let lapsed = self.s.lapsed_offers(self.at).into_iter();
        let (races, turns): (Vec<_>, Vec<_>) = lapsed.partition(|(_, o)| o.stage == Stage::Race);
        for (round, offer) in races.into_iter().chain(turns) {
            self.refuse_offer(round, &offer, OfferEnd::Lapsed);
        }
    }

    fn remind(&mut self) {
        let due: Vec<_> = self.s.rounds.iter().filter(|r| r.remind_at.is_some_and(|t| t <= self.at)).collect();
        let due: Vec<_> = due.into_iter().map(|r| r.id).collect();
        for round in due {
            self.emit(Event::RoundReminded { round, at: self.at });
        }
    }

    fn expire_holds(&mut self) {
        let over: Vec<_> = self.s.holds.values().filter(|h| h.expires_at <= self.at).map(|h| h.student).collect();
        for student in over {
            self.emit(Event::HoldEnded { student, end: HoldEnd::Expired, at: self.at });
            self.freed.push(Cause::HoldEnded);
        }
    }

    pub(super) fn expire_bookings(&mut self) {
        while let Some(&(due, student)) = self.s.unsettled.first()
            && due <= self.at
        {
            let Some(b) = self.s.booking_of(student) else {
                break;
            };
            let (reason, cause) = match b.state {
                BookingState::AwaitingPayment { .. } => ("payment_timeout", Cause::PaymentLapsed),
                BookingState::AwaitingTeacher => ("teacher_unanswered", Cause::Cancelled),
                // Only these two are in `unsettled`.
                BookingState::Confirmed { .. }
                | BookingState::Completed { .. }
                | BookingState::NoShow { .. }
                | BookingState::Cancelled { .. } => break,
            };
            let booking = b.id;
            self.end_booking(student, booking, Canceller::System, Some(reason.into()), cause);
        }
    }
}
