//! Taking and giving up seats: book, hold, cancel, pay, confirm, attend; and what an operator
//! does to the schedule as a whole.

use super::{
    command::{Evidence, Receipt},
    event::Event,
    policy::ConfirmMode,
    rejection::Rejection,
    state::{
        Booking, BookingState, Canceller, Cause, EntryEnd, Head, HoldEnd, OfferEnd, Payment, RoundEnd, Source, Status,
    },
    turn::Turn,
};
use crate::base::{
    guard::{Guard, stands},
    ids::{AccountId, BookingId, CourseId, HoldId, OfferId, StudentId, TeacherId},
    limits::{HOLD_WINDOW, HOLDS_PER_STUDENT_MAX},
    time::Timestamp,
};

/// A student who wants a seat.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub student: StudentId,
    pub account: AccountId,
    pub calendar: Evidence,
}

/// Where a booking's seat comes from.
enum Seat {
    Held,
    Offered(OfferId),
    Free,
}

impl Turn<'_> {
    pub(super) fn book(
        &mut self,
        wish: Wish,
        source: Source,
        note: Option<Box<str>>,
        expect_course: Option<CourseId>,
        moved_from: Option<BookingId>,
    ) -> Result<Receipt, Rejection> {
        self.check_open_to(&wish)?;
        let seat = self.find_seat(wish.student)?;
        if expect_course.is_some_and(|c| c != self.s.head.course) {
            return Err(Rejection::CourseMismatch);
        }
        let booking = match seat {
            Seat::Offered(offer) => self.win(wish, offer, note, moved_from),
            Seat::Held => {
                self.emit(Event::HoldEnded { student: wish.student, end: HoldEnd::Used, at: self.at });
                self.take_seat(wish, source, note, moved_from)
            }
            Seat::Free => self.take_seat(wish, source, note, moved_from),
        };
        Ok(Receipt::Booked(booking))
    }

    pub(super) fn hold(&mut self, wish: Wish) -> Result<Receipt, Rejection> {
        // Back and re-enter: the same hold, with the same end.
        if let Some(hold) = self.s.hold_of(wish.student) {
            return Ok(Receipt::Held(hold.clone()));
        }
        self.check_open_to(&wish)?;
        let taken = self.s.hold_uses.get(&wish.student).into_iter().flatten();
        if taken.filter(|&&t| self.at - t < HOLD_WINDOW).count() >= HOLDS_PER_STUDENT_MAX {
            return Err(Rejection::HoldLimit);
        }
        if let Seat::Offered(offer) = self.find_seat(wish.student)? {
            // The offer is accepted; its seat is paid for, or given up, like any held one.
            self.close_won_round(wish.student, offer);
        }
        let hold = HoldId::from_u128(self.facts.id(self.at));
        let expires_at = self.at + self.s.head.policy.hold_ms;
        self.emit(Event::Held { hold, student: wish.student, account: wish.account, expires_at, at: self.at });
        let held = self.s.hold_of(wish.student).expect("was just made");
        Ok(Receipt::Held(held.clone()))
    }

    /// Everything that speaks against a seat for this student before seats are counted.
    fn check_open_to(&self, wish: &Wish) -> Result<(), Rejection> {
        if self.s.booking_of(wish.student).is_some() {
            return Err(Rejection::AlreadyBooked);
        }
        self.check_open()?;
        self.check_calendar(&wish.calendar)
    }

    fn check_open(&self) -> Result<(), Rejection> {
        if self.s.head.status != Status::Open {
            return Err(Rejection::ScheduleNotOpen);
        }
        if self.at >= self.s.head.starts_at {
            return Err(Rejection::ScheduleStarted);
        }
        Ok(())
    }

    pub(super) fn check_calendar(&self, calendar: &Evidence) -> Result<(), Rejection> {
        if (calendar.starts_at, calendar.ends_at) != (self.s.head.starts_at, self.s.head.ends_at) {
            return Err(Rejection::EvidenceStale);
        }
        if calendar.conflict { Err(Rejection::TimeConflict) } else { Ok(()) }
    }

    fn find_seat(&self, student: StudentId) -> Result<Seat, Rejection> {
        if self.s.hold_of(student).is_some() {
            Ok(Seat::Held)
        } else if let Some(offer) = self.s.current_offer(student) {
            Ok(Seat::Offered(offer.id))
        } else if self.s.seats_left() > 0
            || !stands(Guard::Capacity)
            || (self.s.seats_offered() > 0 && !stands(Guard::OfferedSeat))
        {
            Ok(Seat::Free)
        } else if self.s.seats_offered() > 0 {
            Err(Rejection::SeatOnOffer)
        } else {
            Err(Rejection::ScheduleFull)
        }
    }

    /// Books a seat that is this student's to take, and closes their place in the queue.
    pub(super) fn take_seat(
        &mut self,
        wish: Wish,
        source: Source,
        note: Option<Box<str>>,
        moved_from: Option<BookingId>,
    ) -> Booking {
        let policy = self.s.head.policy.clone();
        let promoted = matches!(source, Source::Race | Source::Turn);
        let arranged = promoted || source == Source::Arranged;
        let final_price = policy.final_price();
        let fee_due = final_price.0 > 0;
        let (payment, state) = if fee_due {
            (Payment::Unpaid, BookingState::AwaitingPayment { pay_by: self.at + policy.pay_ms })
        } else {
            (Payment::NotRequired, self.state_without_fee(arranged))
        };
        let student = wish.student;
        self.emit(Event::Booked {
            booking: BookingId::from_u128(self.facts.id(self.at)),
            no: self.facts.booking_no(self.at),
            student,
            booked_by: wish.account,
            source,
            price: policy.price_fen,
            final_price,
            payment,
            state,
            // Who is promoted when it is already too late to cancel may still step back.
            free_exit: promoted && self.at >= self.s.head.starts_at - policy.cancel_notice_ms,
            note,
            moved_from,
            at: self.at,
        });
        if let Some(entry) = self.s.entry_of(student).map(|e| e.id) {
            self.end_entry(entry, EntryEnd::Promoted, OfferEnd::Withdrawn);
        }
        self.s.booking_of(student).expect("was just made").clone()
    }

    fn state_without_fee(&self, arranged: bool) -> BookingState {
        match self.s.head.policy.confirm {
            ConfirmMode::Teacher if !arranged => BookingState::AwaitingTeacher,
            ConfirmMode::Teacher | ConfirmMode::Auto => BookingState::Confirmed { confirmed_at: self.at },
        }
    }

    pub(super) fn release_hold(&mut self, student: StudentId) -> Receipt {
        if self.s.hold_of(student).is_some() {
            self.emit(Event::HoldEnded { student, end: HoldEnd::Released, at: self.at });
            self.freed.push(Cause::HoldEnded);
        }
        Receipt::HoldReleased
    }

    pub(super) fn cancel(
        &mut self,
        student: StudentId,
        booking: BookingId,
        by: Canceller,
        reason: Option<Box<str>>,
    ) -> Result<Receipt, Rejection> {
        let b = self.booking(student, booking)?;
        if !b.is_active() {
            return Err(Rejection::BookingEnded);
        }
        if self.at >= self.s.head.starts_at {
            return Err(Rejection::ScheduleStarted);
        }
        let notice_from = self.s.head.starts_at - self.s.head.policy.cancel_notice_ms;
        if by == Canceller::Student && self.at >= notice_from && !b.free_exit {
            return Err(Rejection::CancelTooLate);
        }
        Ok(Receipt::Booking(self.end_booking(student, booking, by, reason, Cause::Cancelled)))
    }

    /// Cancels, refunds what was paid, and frees the seat.
    pub(super) fn end_booking(
        &mut self,
        student: StudentId,
        booking: BookingId,
        by: Canceller,
        reason: Option<Box<str>>,
        cause: Cause,
    ) -> Booking {
        self.emit(Event::BookingCancelled { student, booking, by, reason, at: self.at });
        self.freed.push(cause);
        self.latest_image_of_a_booking()
    }

    fn latest_image_of_a_booking(&self) -> Booking {
        self.changes.bookings.last().expect("the caller has just changed one").booking.clone()
    }

    fn booking(&self, student: StudentId, id: BookingId) -> Result<&Booking, Rejection> {
        // One that ended is not kept here: it is in its row.
        self.s.booking_of(student).filter(|b| b.id == id).ok_or(Rejection::BookingEnded)
    }

    pub(super) fn mark_paid(&mut self, student: StudentId, booking: BookingId) -> Result<Receipt, Rejection> {
        let b = self.booking(student, booking).map_err(|_| Rejection::PaymentLate)?;
        match (b.payment, &b.state) {
            (Payment::Unpaid, BookingState::AwaitingPayment { .. }) => {}
            // Three callbacks have one effect.
            (Payment::Paid, _) => return Ok(Receipt::Booking(b.clone())),
            (Payment::Unpaid | Payment::NotRequired | Payment::Refunded, _) => {
                return Err(Rejection::NothingToPay);
            }
        }
        let arranged = matches!(b.source, Source::Race | Source::Turn | Source::Arranged);
        let state = self.state_without_fee(arranged);
        self.emit(Event::BookingPaid { student, booking, state, at: self.at });
        // Paid after the start, when no teacher can confirm any more: the money goes back at once.
        self.expire_bookings();
        Ok(Receipt::Booking(self.latest_image_of_a_booking()))
    }

    pub(super) fn confirm(&mut self, student: StudentId, booking: BookingId) -> Result<Receipt, Rejection> {
        let b = self.booking(student, booking)?;
        match b.state {
            BookingState::AwaitingTeacher => {}
            BookingState::Confirmed { .. } => return Ok(Receipt::Booking(b.clone())),
            BookingState::AwaitingPayment { .. } => return Err(Rejection::PaymentDue),
            BookingState::Completed { .. } | BookingState::NoShow { .. } | BookingState::Cancelled { .. } => {
                return Err(Rejection::NotAwaitingConfirm);
            }
        }
        self.emit(Event::BookingConfirmed { student, booking, at: self.at });
        self.booking(student, booking).cloned().map(Receipt::Booking)
    }

    pub(super) fn attend(
        &mut self,
        student: StudentId,
        booking: BookingId,
        present: bool,
    ) -> Result<Receipt, Rejection> {
        let b = self.booking(student, booking)?;
        if self.at < self.s.head.starts_at {
            return Err(Rejection::ScheduleNotStarted);
        }
        let same = match b.state {
            BookingState::Confirmed { .. } => false,
            BookingState::Completed { .. } => present,
            BookingState::NoShow { .. } => !present,
            BookingState::AwaitingPayment { .. } | BookingState::AwaitingTeacher | BookingState::Cancelled { .. } => {
                return Err(Rejection::BookingEnded);
            }
        };
        if !same {
            self.emit(Event::BookingAttended { student, booking, present, at: self.at });
        }
        self.booking(student, booking).cloned().map(Receipt::Booking)
    }

    // ---- the schedule as a whole

    pub(super) fn set_capacity(&mut self, capacity: u32) -> Result<Receipt, Rejection> {
        self.check_running()?;
        let used = self.s.seats_taken() + self.s.seats_held() + self.s.seats_offered();
        if capacity < used {
            return Err(Rejection::CapacityInUse);
        }
        let before = self.s.head.capacity;
        if capacity != before {
            self.emit(Event::CapacityChanged { capacity, at: self.at });
            self.freed.extend(std::iter::repeat_n(Cause::CapacityRaised, capacity.saturating_sub(before) as usize));
        }
        Ok(self.changed(0))
    }

    pub(super) fn reschedule(
        &mut self,
        starts_at: Timestamp,
        ends_at: Timestamp,
        teacher: Option<TeacherId>,
        checked: &[StudentId],
        conflict: bool,
    ) -> Result<Receipt, Rejection> {
        self.check_running()?;
        let head = &self.s.head;
        if (head.starts_at, head.ends_at, head.teacher) == (starts_at, ends_at, teacher) {
            return Ok(self.changed(0));
        }
        if self.at >= head.starts_at {
            return Err(Rejection::ScheduleStarted);
        }
        if (head.starts_at, head.ends_at) != (starts_at, ends_at) {
            if !self.s.booked_students().eq(checked.iter().copied()) {
                return Err(Rejection::EvidenceStale);
            }
            if conflict {
                return Err(Rejection::TimeConflict);
            }
        }
        let former = head.teacher.filter(|_| head.teacher != teacher);
        self.emit(Event::Rescheduled { starts_at, ends_at, teacher, former, at: self.at });
        // The new start may lie so near that the queue, or a deadline, is already over.
        self.handle_due();
        Ok(self.changed(0))
    }

    /// Whoever is in the class by now has found it.
    pub(super) fn tell_place(&mut self) -> Receipt {
        let Head { starts_at, ends_at, teacher, .. } = self.s.head;
        if self.check_running().is_ok() && self.at < starts_at {
            self.emit(Event::Rescheduled { starts_at, ends_at, teacher, former: None, at: self.at });
        }
        self.changed(0)
    }

    pub(super) fn block(&mut self) -> Result<Receipt, Rejection> {
        self.check_running()?;
        if self.s.head.status == Status::Open {
            self.close_rounds(OfferEnd::Withdrawn);
            self.emit(Event::StatusChanged { status: Status::Blocked, at: self.at });
        }
        Ok(self.changed(0))
    }

    pub(super) fn unblock(&mut self) -> Result<Receipt, Rejection> {
        self.check_running()?;
        if self.s.head.status == Status::Blocked {
            self.emit(Event::StatusChanged { status: Status::Open, at: self.at });
            let free = self.s.seats_left();
            self.freed.extend(std::iter::repeat_n(Cause::Unblocked, free as usize));
        }
        Ok(self.changed(0))
    }

    pub(super) fn complete(&mut self) -> Result<Receipt, Rejection> {
        match self.s.head.status {
            Status::Completed => return Ok(self.changed(0)),
            Status::Revoked => return Err(Rejection::ScheduleEnded),
            Status::Open | Status::Blocked => {}
        }
        if self.at < self.s.head.starts_at {
            return Err(Rejection::ScheduleNotStarted);
        }
        self.end_queue_and_holds();
        // Who never paid is not said to have been there.
        let confirmed = |b: &Booking| matches!(b.state, BookingState::Confirmed { .. });
        let present = self.s.bookings.values().filter(|b| confirmed(b)).map(|b| (b.student, b.id));
        let present: Vec<_> = present.collect();
        for (student, booking) in present {
            self.emit(Event::BookingAttended { student, booking, present: true, at: self.at });
        }
        self.emit(Event::StatusChanged { status: Status::Completed, at: self.at });
        self.freed.clear();
        Ok(self.changed(0))
    }

    pub(super) fn revoke(&mut self, reason: Option<Box<str>>) -> Result<Receipt, Rejection> {
        match self.s.head.status {
            Status::Revoked => return Ok(self.changed(0)),
            Status::Completed => return Err(Rejection::ScheduleEnded),
            Status::Open | Status::Blocked => {}
        }
        // First the status: whatever is freed below must not be offered to anyone.
        self.emit(Event::StatusChanged { status: Status::Revoked, at: self.at });
        self.end_queue_and_holds();
        let booked: Vec<_> = self.s.bookings.values().filter(|b| b.is_active()).map(|b| (b.student, b.id)).collect();
        for (student, booking) in &booked {
            let reason = reason.clone().or_else(|| Some("schedule_revoked".into()));
            self.end_booking(*student, *booking, Canceller::System, reason, Cause::Cancelled);
        }
        self.freed.clear();
        Ok(self.changed(booked.len() as u32))
    }

    fn end_queue_and_holds(&mut self) {
        let entries: Vec<_> = self.s.queue.iter().map(|e| e.id).collect();
        for entry in entries {
            self.end_entry(entry, EntryEnd::ScheduleEnded, OfferEnd::Closed);
        }
        self.end_rounds(RoundEnd::Closed);
        let holders: Vec<_> = self.s.holds.keys().copied().collect();
        for student in holders {
            self.emit(Event::HoldEnded { student, end: HoldEnd::Released, at: self.at });
        }
    }

    fn check_running(&self) -> Result<(), Rejection> {
        match self.s.head.status {
            Status::Open | Status::Blocked => Ok(()),
            Status::Completed | Status::Revoked => Err(Rejection::ScheduleEnded),
        }
    }

    fn changed(&self, cancelled: u32) -> Receipt {
        let Head { status, .. } = self.s.head;
        Receipt::Changed { status, cancelled }
    }
}
