//! One turn: a command checked against the state, granted as events or refused.

use super::{
    command::{Command, Receipt},
    due::is_over,
    event::Event,
    rejection::Rejection,
    state::{Cause, Changes, Schedule, SkipReason},
};
use crate::base::{
    guard::{Guard, stands},
    ids::{BookingNo, StudentId},
    time::Timestamp,
};

/// What a rule needs to know from outside the schedule, and what it may draw.
pub trait Facts {
    /// A new id; rises with each call.
    fn id(&self, at: Timestamp) -> u128;
    fn booking_no(&self, at: Timestamp) -> BookingNo;
    /// How many may wait for this schedule now.
    fn waitlist_capacity(&self, s: &Schedule) -> u32;
    /// Why this student should not be given an exclusive turn here; none when nothing is known against it.
    fn skip_reason(&self, s: &Schedule, student: StudentId) -> Option<SkipReason>;
    /// Whether this student would hear of an offer now; asked only under a policy that heeds it.
    fn can_hear(&self, student: StudentId) -> bool;
    /// The server has been running since; deadlines before were slept through.
    fn running_since(&self) -> Timestamp;
}

/// What a turn did: never empty-handed, for a refusal is the error instead.
#[derive(Debug, PartialEq)]
pub struct Decision {
    pub events: Vec<Event>,
    pub changes: Changes,
    pub receipt: Receipt,
}

/// A turn in progress.
pub(super) struct Turn<'a> {
    pub(super) s: &'a mut Schedule,
    pub(super) at: Timestamp,
    pub(super) facts: &'a dyn Facts,
    pub(super) events: Vec<Event>,
    pub(super) changes: Changes,
    /// Seats that this turn has freed, in order; each becomes a round, or public, at its end.
    pub(super) freed: Vec<Cause>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(s: &'a mut Schedule, at: Timestamp, facts: &'a dyn Facts) -> Self {
        Self { s, at, facts, events: Vec::new(), changes: Changes::default(), freed: Vec::new() }
    }

    /// Makes it true, and remembers that it happened.
    pub(super) fn emit(&mut self, event: Event) {
        self.s.apply(&event, &mut self.changes);
        self.events.push(event);
    }

    pub(super) fn finish(mut self, receipt: Receipt) -> Decision {
        self.settle_rounds();
        Decision { events: self.events, changes: self.changes, receipt }
    }
}

impl Schedule {
    /// The instant at which a command that arrives `now` is judged: the clock may fall back, the
    /// schedule's time does not.
    pub fn instant(&self, now: Timestamp) -> Timestamp {
        now.max(self.stamped_at)
    }

    /// Checks and grants one command. What is due by `at` must have been handled before, by
    /// [`settle_due`](Self::settle_due). On a rejection the state is as it was.
    pub fn handle(&mut self, command: &Command, at: Timestamp, facts: &dyn Facts) -> Result<Decision, Rejection> {
        debug_assert!(
            !stands(Guard::DueFirst) || self.next_due().is_none_or(|due| !is_over(due, at)),
            "what is due comes before a command"
        );
        let mut turn = Turn::new(self, at, facts);
        let receipt = turn.dispatch(command)?;
        Ok(turn.finish(receipt))
    }
}

impl Turn<'_> {
    fn dispatch(&mut self, command: &Command) -> Result<Receipt, Rejection> {
        match command {
            Command::Book { student, account, source, note, expect_course, moved_from, calendar } => {
                let wish = super::seats::Wish { student: *student, account: *account, calendar: *calendar };
                self.book(wish, *source, note.clone(), *expect_course, *moved_from)
            }
            Command::Hold { student, account, calendar } => {
                self.hold(super::seats::Wish { student: *student, account: *account, calendar: *calendar })
            }
            Command::ReleaseHold { student } => Ok(self.release_hold(*student)),
            Command::Cancel { student, booking, by, reason } => self.cancel(*student, *booking, *by, reason.clone()),
            Command::MarkPaid { student, booking } => self.mark_paid(*student, *booking),
            Command::Confirm { student, booking } => self.confirm(*student, *booking),
            Command::Attend { student, booking, present } => self.attend(*student, *booking, *present),
            Command::Join { student, account } => self.join(*student, *account),
            Command::Leave { student, entry } => self.leave(*student, *entry),
            Command::Begin { student, entry, offer } => self.begin(*student, *entry, *offer),
            Command::Accept { student, entry, offer, account, calendar } => {
                let wish = super::seats::Wish { student: *student, account: *account, calendar: *calendar };
                self.accept(wish, *entry, *offer)
            }
            Command::Decline { student, entry, offer } => self.decline(*student, *entry, *offer),
            Command::WithdrawOffer { offer } => self.withdraw_offer(*offer),
            Command::OfferSeat => self.offer_seat(),
            Command::SetCapacity { capacity } => self.set_capacity(*capacity),
            Command::Reschedule { starts_at, ends_at, teacher, checked, conflict } => {
                self.reschedule(*starts_at, *ends_at, *teacher, checked, *conflict)
            }
            Command::TellPlace => Ok(self.tell_place()),
            Command::Block => self.block(),
            Command::Unblock => self.unblock(),
            Command::Complete => self.complete(),
            Command::Revoke { reason } => self.revoke(reason.clone()),
            Command::Tick => Ok(Receipt::Ticked),
        }
    }
}
