//! Release rounds: a freed seat is first raced for by all who wait, then offered to one after
//! the other in the order of the queue, and is public when nobody took it.

use super::{
    command::Receipt,
    event::Event,
    rejection::Rejection,
    seats::Wish,
    state::{Booking, Cause, EntryEnd, Offer, OfferEnd, Round, RoundEnd, Schedule, SkipReason, Source, Stage, Status},
    turn::Turn,
};
use crate::base::{
    guard::{Guard, stands},
    ids::{BookingId, EntryId, OfferId, RoundId, StudentId},
    limits::ROUNDS_LIVE_MAX,
    time::Timestamp,
};

/// Somebody's place in the queue, and who it is.
type InLine = (EntryId, StudentId);

impl Turn<'_> {
    // ---- answers

    /// Stamps the start of a confirm, so that it may end a little after the deadline (流程保护).
    pub(super) fn begin(
        &mut self,
        student: StudentId,
        entry: EntryId,
        offer: Option<OfferId>,
    ) -> Result<Receipt, Rejection> {
        let (round, live) = self.live_offer(student, entry, offer)?;
        let policy = self.s.head.policy.clone();
        let again = live.begun_at.is_some_and(|begun| self.at < begun + policy.grace_ms);
        if !again {
            // Past the deadline only a protected offer is still live, and it is not protected anew.
            if self.at >= live.deadline {
                return Err(Rejection::OfferLapsed);
            }
            self.emit(Event::OfferBegun { round, offer: live.id, student, at: self.at });
        }
        let begun_at = if again { live.begun_at.unwrap_or(self.at) } else { self.at };
        let confirm_by = Offer { begun_at: Some(begun_at), ..live }.confirm_by(&policy);
        Ok(Receipt::Begun { offer: live.id, begun_at, confirm_by })
    }

    pub(super) fn accept(&mut self, wish: Wish, entry: EntryId, offer: Option<OfferId>) -> Result<Receipt, Rejection> {
        let (_, live) = self.live_offer(wish.student, entry, offer)?;
        self.check_calendar(&wish.calendar)?;
        let entry = self.s.entry(live.entry).expect("a live offer's entry is active").clone();
        let booking = self.win(wish, live.id, None, None);
        Ok(Receipt::Accepted { booking, entry, at: self.at })
    }

    pub(super) fn decline(
        &mut self,
        student: StudentId,
        entry: EntryId,
        offer: Option<OfferId>,
    ) -> Result<Receipt, Rejection> {
        let (round, live) = self.live_offer(student, entry, offer)?;
        let entry = self.s.entry(live.entry).expect("a live offer's entry is active").clone();
        self.refuse_offer(round, &live, OfferEnd::Declined);
        // What follows from it must have happened before it is told.
        self.settle_rounds();
        let position = self.s.position_of(entry.id);
        let ended = position.is_none().then_some((EntryEnd::TurnPassed, self.at));
        let offers = self.s.offers_of(entry.id).map(|(_, o)| *o).collect();
        Ok(Receipt::Declined { entry, ended, position, offers })
    }

    pub(super) fn withdraw_offer(&mut self, offer: OfferId) -> Result<Receipt, Rejection> {
        let found = self.s.rounds.iter().find_map(|r| r.offers.iter().find(|o| o.id == offer).map(|o| (r.id, *o)));
        let (round, live) = found.ok_or(Rejection::UnknownOffer)?;
        self.emit(Event::EntryPassed { round, entry: live.entry, student: live.student, reason: None, at: self.at });
        let (student, end, at) = (live.student, OfferEnd::Withdrawn, self.at);
        self.emit(Event::OfferEnded { round, offer, student, end, at });
        Ok(Receipt::SeatOffered { offers: 0 })
    }

    /// By hand, through the same gate as any freed seat.
    pub(super) fn offer_seat(&mut self) -> Result<Receipt, Rejection> {
        if self.s.head.status != Status::Open {
            return Err(Rejection::ScheduleNotOpen);
        }
        if self.at >= self.s.head.cutoff_at() {
            return Err(Rejection::WaitlistClosed);
        }
        if self.s.queue.is_empty() {
            return Err(Rejection::QueueEmpty);
        }
        if self.s.seats_left() == 0 {
            return Err(Rejection::ScheduleFull);
        }
        self.freed.push(Cause::Manual);
        // Opened before it is told to how many: some of those who wait may be left out.
        self.settle_rounds();
        let offers = self.events.iter().filter(|e| matches!(e, Event::OfferSent { .. })).count();
        Ok(Receipt::SeatOffered { offers: offers as u32 })
    }

    /// The offer that an answer is about, or why there is none.
    fn live_offer(
        &self,
        student: StudentId,
        entry: EntryId,
        id: Option<OfferId>,
    ) -> Result<(RoundId, Offer), Rejection> {
        let live = match id {
            None => self.s.current_offer(student).map(|o| o.id),
            id => id,
        };
        let found = self
            .s
            .rounds
            .iter()
            .flat_map(|r| r.offers.iter().map(move |o| (r.id, *o)))
            .find(|(_, o)| Some(o.id) == live && o.student == student);
        if let Some(found) = found.filter(|(_, o)| o.entry == entry) {
            return Ok(found);
        }
        Err(match self.s.ended_offer(student, id) {
            Some(OfferEnd::Lost) => Rejection::OfferTaken,
            Some(OfferEnd::Lapsed) => Rejection::OfferLapsed,
            Some(OfferEnd::Closed) => Rejection::WaitlistClosed,
            Some(OfferEnd::Accepted | OfferEnd::Declined | OfferEnd::Withdrawn) | None => Rejection::NoOffer,
        })
    }

    /// Gives the seat of an offer to the one who holds the offer.
    pub(super) fn win(
        &mut self,
        wish: Wish,
        offer: OfferId,
        note: Option<Box<str>>,
        moved_from: Option<BookingId>,
    ) -> Booking {
        let source = self.close_won_round(wish.student, offer);
        // Two seats are one too many: the one that was only held goes to those who still wait.
        self.release_hold(wish.student);
        self.take_seat(wish, source, note, moved_from)
    }

    /// Ends the round for all others and promotes the winner's entry; the seat is theirs to take.
    pub(super) fn close_won_round(&mut self, student: StudentId, offer: OfferId) -> Source {
        let won = self.s.rounds.iter().find(|r| r.offers.iter().any(|o| o.id == offer));
        let (round, offers) = won.map(|r| (r.id, r.offers.clone())).expect("the caller found this offer alive");
        let mut source = Source::Race;
        let mut winner = None;
        for o in offers.into_iter().filter(|o| o.id == offer || stands(Guard::OneWinner)) {
            let end = if o.id == offer { OfferEnd::Accepted } else { OfferEnd::Lost };
            if o.id == offer {
                winner = Some(o.entry);
                source = match o.stage {
                    Stage::Race => Source::Race,
                    Stage::Turn => Source::Turn,
                };
            }
            self.emit(Event::OfferEnded { round, offer: o.id, student: o.student, end, at: self.at });
        }
        if stands(Guard::OneWinner) {
            self.emit(Event::RoundEnded { round, end: RoundEnd::Won, winner, at: self.at });
        }
        if let Some(entry) = self.s.entry_of(student).map(|e| e.id) {
            self.end_entry(entry, EntryEnd::Promoted, OfferEnd::Withdrawn);
        }
        source
    }

    /// An offer that its student will not take: in a race the entry goes on waiting, a turn ends it.
    pub(super) fn refuse_offer(&mut self, round: RoundId, offer: &Offer, end: OfferEnd) {
        let Offer { id, entry, student, stage, .. } = *offer;
        if stage == Stage::Turn {
            // What goes with the entry goes first, so that a late answer hears how the turn ended.
            self.take_back_offers(entry, Some(id), OfferEnd::Withdrawn);
        }
        self.emit(Event::OfferEnded { round, offer: id, student, end, at: self.at });
        match stage {
            Stage::Turn => self.end_entry(entry, EntryEnd::TurnPassed, OfferEnd::Withdrawn),
            Stage::Race if end == OfferEnd::Declined => {
                self.emit(Event::EntryPassed { round, entry, student, reason: None, at: self.at });
            }
            Stage::Race => {}
        }
    }

    // ---- stages

    /// Brings every round to where it belongs at this instant: the queue after its cutoff, then
    /// next stages where no live offer is left, then a new round for each freed seat.
    pub(super) fn settle_rounds(&mut self) {
        self.close_queue_after_cutoff();
        while let Some(round) = self.s.rounds.iter().find(|r| r.offers.is_empty()).map(|r| r.id) {
            self.next_stage(round);
        }
        for cause in std::mem::take(&mut self.freed) {
            if !self.open_round(cause) {
                // The rest is public as well: nothing that stopped this one changes within a turn.
                break;
            }
        }
    }

    fn next_stage(&mut self, round: RoundId) {
        while let Some((entry, student)) = self.next_in_line(round) {
            let Some(reason) = self.facts.skip_reason(self.s, student) else {
                let deadline = self.deadline();
                self.send_offer(round, entry, student, Stage::Turn, deadline);
                return;
            };
            self.emit(Event::EntryPassed { round, entry, student, reason: Some(reason), at: self.at });
        }
        self.emit(Event::RoundEnded { round, end: RoundEnd::Public, winner: None, at: self.at });
    }

    /// First in line, not in turn for another seat, and not out of this round.
    fn next_in_line(&self, round: RoundId) -> Option<(EntryId, StudentId)> {
        if self.s.head.status != Status::Open || self.at >= self.s.head.cutoff_at() {
            return None;
        }
        let passed = &self.s.rounds.iter().find(|r| r.id == round)?.passed;
        let mut waiting = self.s.queue.iter().filter(|e| !passed.contains(&e.id) && !self.s.is_in_turn(e.id));
        let next = if stands(Guard::Queue) { waiting.next() } else { waiting.next_back() }?;
        Some((next.id, next.student))
    }

    /// False when the seat is public instead.
    fn open_round(&mut self, cause: Cause) -> bool {
        let closed = self.s.head.status != Status::Open || self.at >= self.s.head.cutoff_at();
        let full = self.s.rounds.len() >= ROUNDS_LIVE_MAX || self.s.seats_left() == 0;
        if closed || full || self.s.queue.is_empty() {
            return false;
        }
        let round = RoundId::from_u128(self.facts.id(self.at));
        self.emit(Event::RoundOpened { round, cause, at: self.at });
        let (racers, left_out) = self.racers();
        for (entry, student) in left_out {
            let reason = Some(SkipReason::Unreachable);
            self.emit(Event::EntryPassed { round, entry, student, reason, at: self.at });
        }
        let deadline = self.deadline();
        for (entry, student) in racers {
            self.send_offer(round, entry, student, Stage::Race, deadline);
        }
        true
    }

    /// To whom a race is offered, and who is left out because nothing would tell them of it. Where
    /// nobody can be reached nobody is left out.
    fn racers(&self) -> (Vec<InLine>, Vec<InLine>) {
        let all = self.s.queue.iter().map(|e| (e.id, e.student));
        if !self.s.head.policy.skip_unreachable || !stands(Guard::Reachable) {
            return (all.collect(), Vec::new());
        }
        let (reached, deaf): (Vec<_>, Vec<_>) = all.partition(|(_, student)| self.facts.can_hear(*student));
        if reached.is_empty() { (deaf, reached) } else { (reached, deaf) }
    }

    fn send_offer(&mut self, round: RoundId, entry: EntryId, student: StudentId, stage: Stage, deadline: Timestamp) {
        let reminder_ms = self.s.head.policy.reminder_ms;
        let remind_at = Some(deadline - reminder_ms).filter(|&t| t > self.at && reminder_ms > 0);
        let offer = OfferId::from_u128(self.facts.id(self.at));
        self.emit(Event::OfferSent { round, offer, entry, student, stage, deadline, remind_at, at: self.at });
    }

    /// No offer outlives the queue.
    fn deadline(&self) -> Timestamp {
        (self.at + self.s.head.policy.window_ms).min(self.s.head.cutoff_at())
    }

    /// Takes all offers back, for a schedule that is not open any more; those who wait go on waiting.
    pub(super) fn close_rounds(&mut self, end: OfferEnd) {
        let live: Vec<_> =
            self.s.rounds.iter().flat_map(|r| r.offers.iter().map(move |o| (r.id, o.id, o.student))).collect();
        for (round, offer, student) in live {
            self.emit(Event::OfferEnded { round, offer, student, end, at: self.at });
        }
        self.end_rounds(RoundEnd::Closed);
    }

    pub(super) fn end_rounds(&mut self, end: RoundEnd) {
        let live: Vec<_> = self.s.rounds.iter().map(|r| r.id).collect();
        for round in live {
            self.emit(Event::RoundEnded { round, end, winner: None, at: self.at });
        }
    }
}

impl Schedule {
    /// Live offers whose time is over at `at`, by round and then by place in line.
    pub(super) fn lapsed_offers(&self, at: Timestamp) -> Vec<(RoundId, Offer)> {
        let lapsed = |r: &Round| {
            let over = r.offers.iter().filter(|o| o.confirm_by(&self.head.policy) <= at);
            over.map(|o| (r.id, *o)).collect::<Vec<_>>()
        };
        self.rounds.iter().flat_map(lapsed).collect()
    }
}
