//! The queue: first come, first in line, closed at the cutoff.

use super::{
    command::Receipt,
    event::Event,
    rejection::Rejection,
    state::{EntryEnd, OfferEnd, Schedule, Status},
    turn::Turn,
};
use crate::base::{
    ids::{AccountId, EntryId, OfferId, StudentId},
    time::Timestamp,
};

impl Schedule {
    /// Whether one may join: before the cutoff, and the schedule open, full or not.
    pub fn waitlist_open(&self, at: Timestamp) -> bool {
        self.head.status == Status::Open && at < self.head.cutoff_at()
    }

    /// Whether a confirm flow that was begun in time protects this entry beyond `at`.
    pub(super) fn is_protected(&self, entry: EntryId, at: Timestamp) -> bool {
        self.offers_of(entry).any(|(_, o)| o.begun_at.is_some() && o.confirm_by(&self.head.policy) > at)
    }
}

impl Turn<'_> {
    pub(super) fn join(&mut self, student: StudentId, account: AccountId) -> Result<Receipt, Rejection> {
        if !self.s.waitlist_open(self.at) {
            return Err(Rejection::WaitlistClosed);
        }
        if self.s.booking_of(student).is_some() {
            return Err(Rejection::AlreadyBooked);
        }
        if self.s.entry_of(student).is_some() {
            return Err(Rejection::AlreadyWaiting);
        }
        // One's own hold is a seat to book, too.
        if self.s.seats_left() > 0 || self.s.hold_of(student).is_some() {
            return Err(Rejection::SeatsAvailable);
        }
        let capacity = self.facts.waitlist_capacity(self.s);
        if self.s.queue_len() >= capacity {
            return Err(Rejection::QueueFull);
        }
        let entry = EntryId::from_u128(self.facts.id(self.at));
        self.emit(Event::Joined { entry, student, account, seq: self.s.next_seq, at: self.at });
        let length = self.s.queue_len();
        Ok(Receipt::Joined { entry, position: length, length, capacity })
    }

    pub(super) fn leave(&mut self, student: StudentId, id: EntryId) -> Result<Receipt, Rejection> {
        let entry = self.s.entry(id).filter(|e| e.student == student).ok_or(Rejection::UnknownEntry)?.clone();
        self.end_entry(id, EntryEnd::Left, OfferEnd::Declined);
        Ok(Receipt::Left { entry, end: EntryEnd::Left, at: self.at })
    }

    /// Ends an entry and takes all its live offers with it.
    pub(super) fn end_entry(&mut self, entry: EntryId, end: EntryEnd, offers: OfferEnd) {
        self.take_back_offers(entry, None, offers);
        if let Some(student) = self.s.entry(entry).map(|e| e.student) {
            self.emit(Event::EntryEnded { entry, student, end, at: self.at });
        }
    }

    /// Ends the live offers of an entry, all but one.
    pub(super) fn take_back_offers(&mut self, entry: EntryId, but: Option<OfferId>, end: OfferEnd) {
        let live = self.s.offers_of(entry).filter(|(_, o)| Some(o.id) != but);
        let live: Vec<_> = live.map(|(r, o)| (r.id, o.id, o.student)).collect();
        for (round, offer, student) in live {
            self.emit(Event::OfferEnded { round, offer, student, end, at: self.at });
        }
    }

    /// From the cutoff on nobody waits, but for those whose begun confirm is still protected.
    pub(super) fn close_queue_after_cutoff(&mut self) {
        if self.at < self.s.head.cutoff_at() {
            return;
        }
        let over: Vec<_> = self.s.queue.iter().map(|e| e.id).filter(|&e| !self.s.is_protected(e, self.at)).collect();
        for entry in over {
            self.end_entry(entry, EntryEnd::Cutoff, OfferEnd::Closed);
        }
    }
}
