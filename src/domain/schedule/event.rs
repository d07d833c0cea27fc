//! What happened: facts, and the one place where a fact changes the state.
//!
//! Events are stored as the JSON that their derives give; old events must stay readable, so a
//! field may be added with a default but never renamed (the format is pinned by a test).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::state::{
    Booking, BookingRow, BookingState, Canceller, Cause, Changes, EndedOffer, Entry, EntryEnd, EntryRow, Head, HoldEnd,
    HoldRow, Offer, OfferEnd, OfferRow, Payment, Round, RoundEnd, RoundRow, Schedule, SeatHold, SkipReason, Source,
    Stage, Status,
};
use crate::base::{
    ids::{AccountId, BookingId, BookingNo, EntryId, HoldId, OfferId, RoundId, StudentId, TeacherId},
    limits::{ENDED_OFFERS_MAX, HOLD_WINDOW},
    time::Timestamp,
    units::Fen,
};

/// The first event of every schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    pub head: Head,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    Opened(Opened),
    StatusChanged {
        status: Status,
        at: Timestamp,
    },
    CapacityChanged {
        capacity: u32,
        at: Timestamp,
    },
    Rescheduled {
        starts_at: Timestamp,
        ends_at: Timestamp,
        teacher: Option<TeacherId>,
        /// Whose class it was until now, if somebody else's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        former: Option<TeacherId>,
        at: Timestamp,
    },

    Booked {
        booking: BookingId,
        no: BookingNo,
        student: StudentId,
        booked_by: AccountId,
        source: Source,
        price: Fen,
        final_price: Fen,
        payment: Payment,
        state: BookingState,
        free_exit: bool,
        note: Option<Box<str>>,
        moved_from: Option<BookingId>,
        at: Timestamp,
    },
    BookingPaid {
        student: StudentId,
        booking: BookingId,
        state: BookingState,
        at: Timestamp,
    },
    BookingConfirmed {
        student: StudentId,
        booking: BookingId,
        at: Timestamp,
    },
    BookingCancelled {
        student: StudentId,
        booking: BookingId,
        by: Canceller,
        reason: Option<Box<str>>,
        at: Timestamp,
    },
    BookingAttended {
        student: StudentId,
        booking: BookingId,
        present: bool,
        at: Timestamp,
    },

    Held {
        hold: HoldId,
        student: StudentId,
        account: AccountId,
        expires_at: Timestamp,
        at: Timestamp,
    },
    HoldEnded {
        student: StudentId,
        end: HoldEnd,
        at: Timestamp,
    },

    Joined {
        entry: EntryId,
        student: StudentId,
        account: AccountId,
        seq: u32,
        at: Timestamp,
    },
    EntryEnded {
        entry: EntryId,
        student: StudentId,
        end: EntryEnd,
        at: Timestamp,
    },

    RoundOpened {
        round: RoundId,
        cause: Cause,
        at: Timestamp,
    },
    /// The first offer of a stage sets the round's stage and deadline.
    OfferSent {
        round: RoundId,
        offer: OfferId,
        entry: EntryId,
        student: StudentId,
        stage: Stage,
        deadline: Timestamp,
        remind_at: Option<Timestamp>,
        at: Timestamp,
    },
    OfferBegun {
        round: RoundId,
        offer: OfferId,
        student: StudentId,
        at: Timestamp,
    },
    /// All who still have a live, unanswered offer in this round were reminded.
    RoundReminded {
        round: RoundId,
        at: Timestamp,
    },
    OfferEnded {
        round: RoundId,
        offer: OfferId,
        student: StudentId,
        end: OfferEnd,
        at: Timestamp,
    },
    EntryPassed {
        round: RoundId,
        entry: EntryId,
        student: StudentId,
        reason: Option<SkipReason>,
        at: Timestamp,
    },
    RoundEnded {
        round: RoundId,
        end: RoundEnd,
        winner: Option<EntryId>,
        at: Timestamp,
    },
}

impl Event {
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Opened(o) => o.at,
            Self::StatusChanged { at, .. }
            | Self::CapacityChanged { at, .. }
            | Self::Rescheduled { at, .. }
            | Self::Booked { at, .. }
            | Self::BookingPaid { at, .. }
            | Self::BookingConfirmed { at, .. }
            | Self::BookingCancelled { at, .. }
            | Self::BookingAttended { at, .. }
            | Self::Held { at, .. }
            | Self::HoldEnded { at, .. }
            | Self::Joined { at, .. }
            | Self::EntryEnded { at, .. }
            | Self::RoundOpened { at, .. }
            | Self::OfferSent { at, .. }
            | Self::OfferBegun { at, .. }
            | Self::RoundReminded { at, .. }
            | Self::OfferEnded { at, .. }
            | Self::EntryPassed { at, .. }
            | Self::RoundEnded { at, .. } => *at,
        }
    }
}

impl Schedule {
    /// The state right after a schedule was made.
    pub fn opened(o: &Opened) -> Self {
        Self {
            head: o.head.clone(),
            version: 1,
            stamped_at: o.at,
            bookings: BTreeMap::new(),
            holds: BTreeMap::new(),
            hold_uses: BTreeMap::new(),
            queue: Vec::new(),
            next_seq: 1,
            rounds: Vec::new(),
            ended_offers: Vec::new(),
            unsettled: BTreeSet::new(),
        }
    }

    /// Makes a fact true, and notes the rows that it touched. Cannot fail: a fact about something
    /// that is not there touches nothing.
    pub fn apply(&mut self, event: &Event, changes: &mut Changes) {
        self.stamped_at = self.stamped_at.max(event.at());
        match event {
            Event::Opened(o) => changes.head = Some(o.head.clone()),
            Event::StatusChanged { status, .. } => {
                self.head.status = *status;
                changes.head = Some(self.head.clone());
            }
            Event::CapacityChanged { capacity, .. } => {
                self.head.capacity = *capacity;
                changes.head = Some(self.head.clone());
            }
            Event::Rescheduled { starts_at, ends_at, teacher, .. } => {
                self.reschedule(*starts_at);
                (self.head.ends_at, self.head.teacher) = (*ends_at, *teacher);
                changes.head = Some(self.head.clone());
            }
            Event::Booked { .. } => self.add_booking(event, changes),
            Event::BookingPaid { student, state, .. } => {
                self.change_booking(*student, Some(Payment::Paid), state.clone(), changes);
            }
            Event::BookingConfirmed { student, at, .. } => {
                self.change_booking(*student, None, BookingState::Confirmed { confirmed_at: *at }, changes);
            }
            Event::BookingCancelled { student, by, reason, at, .. } => {
                self.cancel_booking(*student, *by, reason.clone(), *at, changes);
            }
            Event::BookingAttended { student, present, at, .. } => self.attend(*student, *present, *at, changes),
            Event::Held { hold, student, account, expires_at, at } => {
                let hold = SeatHold {
                    id: *hold,
                    student: *student,
                    account: *account,
                    created_at: *at,
                    expires_at: *expires_at,
                };
                changes.holds.push(HoldRow { hold: hold.clone(), ended: None });
                self.holds.insert(*student, hold);
            }
            Event::HoldEnded { student, end, at } => self.end_hold(*student, *end, *at, changes),
            Event::Joined { entry, student, account, seq, at } => {
                let entry = Entry { id: *entry, student: *student, account: *account, seq: *seq, joined_at: *at };
                changes.entries.push(EntryRow { entry: entry.clone(), ended: None });
                self.queue.push(entry);
                self.next_seq = seq + 1;
            }
            Event::EntryEnded { entry, end, at, .. } => {
                if let Some(i) = self.queue.iter().position(|e| e.id == *entry) {
                    let entry = self.queue.remove(i);
                    changes.entries.push(EntryRow { entry, ended: Some((*at, *end)) });
                }
            }
            Event::RoundOpened { round, cause, at } => self.open_round(*round, *cause, *at, changes),
            Event::OfferSent { .. } => self.add_offer(event, changes),
            Event::OfferBegun { round, offer, at, .. } => {
                if let Some(o) = self.offer_mut(*round, *offer) {
                    o.begun_at = Some(*at);
                    changes.offers.push(OfferRow { offer: *o, round: *round, ended: None });
                }
            }
            Event::RoundReminded { round, .. } => {
                if let Some(r) = self.round_mut(*round) {
                    r.remind_at = None;
                    changes.rounds.push(RoundRow { round: without_offers(r), ended: None });
                }
            }
            Event::OfferEnded { round, offer, end, at, .. } => self.end_offer(*round, *offer, *end, *at, changes),
            Event::EntryPassed { round, entry, .. } => {
                if let Some(r) = self.round_mut(*round) {
                    r.passed.push(*entry);
                    match changes.rounds.last_mut().filter(|row| row.round.id == *round && row.ended.is_none()) {
                        // A race may leave out thousands at once, and an image for each would hold them all.
                        Some(row) => row.round.passed.push(*entry),
                        None => changes.rounds.push(RoundRow { round: without_offers(r), ended: None }),
                    }
                }
            }
            Event::RoundEnded { round, end, winner, at } => {
                if let Some(i) = self.rounds.iter().position(|r| r.id == *round) {
                    let round = without_offers(&self.rounds.remove(i));
                    changes.rounds.push(RoundRow { round, ended: Some((*at, *end, *winner)) });
                }
            }
        }
    }

    fn reschedule(&mut self, starts_at: Timestamp) {
        self.head.starts_at = starts_at;
        // Bookings that wait for the teacher are due at the start, which has just moved.
        self.unsettled = self.bookings.values().filter_map(|b| self.settle_by(b).map(|t| (t, b.student))).collect();
    }

    /// When this booking is cancelled unless something happens first.
    pub(super) fn settle_by(&self, b: &Booking) -> Option<Timestamp> {
        match b.state {
            BookingState::AwaitingPayment { pay_by } => Some(pay_by),
            BookingState::AwaitingTeacher => Some(self.head.starts_at),
            BookingState::Confirmed { .. }
            | BookingState::Completed { .. }
            | BookingState::NoShow { .. }
            | BookingState::Cancelled { .. } => None,
        }
    }

    fn add_booking(&mut self, event: &Event, changes: &mut Changes) {
        let Event::Booked {
            booking,
            no,
            student,
            booked_by,
            source,
            price,
            final_price,
            payment,
            state,
            free_exit,
            note,
            moved_from,
            at,
        } = event
        else {
            return;
        };
        let booking = Booking {
            id: *booking,
            no: *no,
            student: *student,
            booked_by: *booked_by,
            source: *source,
            price: *price,
            final_price: *final_price,
            created_at: *at,
            payment: *payment,
            state: state.clone(),
            free_exit: *free_exit,
        };
        self.hold_uses.remove(student);
        self.unsettled.extend(self.settle_by(&booking).map(|t| (t, *student)));
        let row = BookingRow { booking: booking.clone(), note: note.clone(), moved_from: *moved_from };
        changes.bookings.push(row);
        self.bookings.insert(*student, Box::new(booking));
    }

    fn change_booking(
        &mut self,
        student: StudentId,
        payment: Option<Payment>,
        state: BookingState,
        changes: &mut Changes,
    ) {
        let Some(mut b) = self.bookings.remove(&student) else {
            return;
        };
        if let Some(t) = self.settle_by(&b) {
            self.unsettled.remove(&(t, student));
        }
        (b.payment, b.state) = (payment.unwrap_or(b.payment), state);
        self.unsettled.extend(self.settle_by(&b).map(|t| (t, student)));
        changes.bookings.push(BookingRow { booking: (*b).clone(), note: None, moved_from: None });
        if !matches!(b.state, BookingState::Cancelled { .. }) {
            self.bookings.insert(student, b);
        }
    }

    fn cancel_booking(
        &mut self,
        student: StudentId,
        by: Canceller,
        reason: Option<Box<str>>,
        at: Timestamp,
        changes: &mut Changes,
    ) {
        let refund = self.bookings.get(&student).is_some_and(|b| b.payment == Payment::Paid);
        let state = BookingState::Cancelled { cancelled_at: at, by, reason };
        self.change_booking(student, refund.then_some(Payment::Refunded), state, changes);
    }

    fn attend(&mut self, student: StudentId, present: bool, at: Timestamp, changes: &mut Changes) {
        let confirmed_at = match self.bookings.get(&student).map(|b| &b.state) {
            Some(
                BookingState::Confirmed { confirmed_at }
                | BookingState::Completed { confirmed_at, .. }
                | BookingState::NoShow { confirmed_at, .. },
            ) => *confirmed_at,
            Some(
                BookingState::AwaitingPayment { .. } | BookingState::AwaitingTeacher | BookingState::Cancelled { .. },
            )
            | None => return,
        };
        let state = if present {
            BookingState::Completed { confirmed_at, completed_at: at }
        } else {
            BookingState::NoShow { confirmed_at, completed_at: at }
        };
        self.change_booking(student, None, state, changes);
    }

    fn end_hold(&mut self, student: StudentId, end: HoldEnd, at: Timestamp, changes: &mut Changes) {
        let Some(hold) = self.holds.remove(&student) else {
            return;
        };
        if end != HoldEnd::Used {
            self.hold_uses.entry(student).or_default().push(hold.created_at);
        }
        // Only what a renewal may still count is kept.
        self.hold_uses.retain(|_, taken| {
            taken.retain(|&t| at - t < HOLD_WINDOW);
            !taken.is_empty()
        });
        changes.holds.push(HoldRow { hold, ended: Some((at, end)) });
    }

    fn open_round(&mut self, id: RoundId, cause: Cause, at: Timestamp, changes: &mut Changes) {
        let round = Round {
            id,
            released_at: at,
            cause,
            stage: Stage::Race,
            deadline: at,
            remind_at: None,
            passed: Vec::new(),
            offers: Vec::new(),
        };
        changes.rounds.push(RoundRow { round: round.clone(), ended: None });
        self.rounds.push(round);
    }

    fn add_offer(&mut self, event: &Event, changes: &mut Changes) {
        let Event::OfferSent { round, offer, entry, student, stage, deadline, remind_at, at } = event else {
            return;
        };
        let Some(r) = self.round_mut(*round) else {
            return;
        };
        let offer = Offer {
            id: *offer,
            entry: *entry,
            student: *student,
            stage: *stage,
            sent_at: *at,
            deadline: *deadline,
            begun_at: None,
        };
        if r.offers.is_empty() {
            (r.stage, r.deadline, r.remind_at) = (*stage, *deadline, *remind_at);
            changes.rounds.push(RoundRow { round: without_offers(r), ended: None });
        }
        changes.offers.push(OfferRow { offer, round: *round, ended: None });
        r.offers.push(offer);
    }

    fn end_offer(&mut self, round: RoundId, offer: OfferId, end: OfferEnd, at: Timestamp, changes: &mut Changes) {
        let Some(r) = self.round_mut(round) else {
            return;
        };
        let Some(i) = r.offers.iter().position(|o| o.id == offer) else {
            return;
        };
        let offer = r.offers.remove(i);
        self.remember_ended(EndedOffer { id: offer.id, student: offer.student, end });
        changes.offers.push(OfferRow { offer, round, ended: Some((at, end)) });
    }

    fn remember_ended(&mut self, offer: EndedOffer) {
        // Dropped in blocks, so that the cost of moving the rest down is spread.
        if self.ended_offers.len() >= ENDED_OFFERS_MAX {
            self.ended_offers.drain(..ENDED_OFFERS_MAX / 4);
        }
        self.ended_offers.push(offer);
    }

    fn round_mut(&mut self, id: RoundId) -> Option<&mut Round> {
        self.rounds.iter_mut().find(|r| r.id == id)
    }

    fn offer_mut(&mut self, round: RoundId, offer: OfferId) -> Option<&mut Offer> {
        self.round_mut(round)?.offers.iter_mut().find(|o| o.id == offer)
    }
}

fn without_offers(r: &Round) -> Round {
    Round { offers: Vec::new(), passed: r.passed.clone(), ..*r }
}
