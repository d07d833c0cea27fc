//! What can be asked of a schedule, and what is answered.

use super::state::{Booking, Canceller, Entry, EntryEnd, Offer, SeatHold, Source, Status};
use crate::base::{
    ids::{AccountId, BookingId, CourseId, EntryId, OfferId, StudentId, TeacherId},
    time::Timestamp,
};

/// A wish. Who may wish it was decided before; whether it is granted is decided here.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Book {
        student: StudentId,
        account: AccountId,
        source: Source,
        note: Option<Box<str>>,
        /// Refuse, after everything else, when the schedule is of another course.
        expect_course: Option<CourseId>,
        moved_from: Option<BookingId>,
        calendar: Evidence,
    },
    Hold {
        student: StudentId,
        account: AccountId,
        calendar: Evidence,
    },
    ReleaseHold {
        student: StudentId,
    },
    Cancel {
        student: StudentId,
        booking: BookingId,
        by: Canceller,
        reason: Option<Box<str>>,
    },
    MarkPaid {
        student: StudentId,
        booking: BookingId,
    },
    Confirm {
        student: StudentId,
        booking: BookingId,
    },
    Attend {
        student: StudentId,
        booking: BookingId,
        present: bool,
    },

    Join {
        student: StudentId,
        account: AccountId,
    },
    Leave {
        student: StudentId,
        entry: EntryId,
    },
    Begin {
        student: StudentId,
        entry: EntryId,
        offer: Option<OfferId>,
    },
    Accept {
        student: StudentId,
        entry: EntryId,
        offer: Option<OfferId>,
        account: AccountId,
        calendar: Evidence,
    },
    Decline {
        student: StudentId,
        entry: EntryId,
        offer: Option<OfferId>,
    },
    /// An operator takes an offer back; its student gets no other of the same round.
    WithdrawOffer {
        offer: OfferId,
    },
    /// An operator offers a free seat to those who wait, by hand.
    OfferSeat,

    SetCapacity {
        capacity: u32,
    },
    Reschedule {
        starts_at: Timestamp,
        ends_at: Timestamp,
        teacher: Option<TeacherId>,
        /// The booked students whose calendars were checked for the new times, sorted.
        checked: Vec<StudentId>,
        conflict: bool,
    },
    /// The place is another, which the rows keep: everyone is told what holds now.
    TellPlace,
    Block,
    Unblock,
    Complete,
    Revoke {
        reason: Option<Box<str>>,
    },
    /// Only what is due: sent by timers.
    Tick,
}

/// What the student's calendar said about the times that the schedule had when it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// Another active booking of the student overlaps them.
    pub conflict: bool,
}

impl Evidence {
    /// Nobody has looked yet; the engine does, with the student's calendar in its hand.
    pub fn unknown() -> Self {
        Self { starts_at: Timestamp::MIN, ends_at: Timestamp::MIN, conflict: false }
    }
}

/// What was granted; every command that is not refused has one.
#[derive(Clone, Debug, PartialEq)]
pub enum Receipt {
    Booked(Booking),
    Held(SeatHold),
    HoldReleased,
    Booking(Booking),
    Joined {
        entry: EntryId,
        position: u32,
        length: u32,
        capacity: u32,
    },
    /// The entry after it ended.
    Left {
        entry: Entry,
        end: EntryEnd,
        at: Timestamp,
    },
    Begun {
        offer: OfferId,
        begun_at: Timestamp,
        confirm_by: Timestamp,
    },
    Accepted {
        booking: Booking,
        entry: Entry,
        at: Timestamp,
    },
    Declined {
        entry: Entry,
        ended: Option<(EntryEnd, Timestamp)>,
        position: Option<u32>,
        offers: Vec<Offer>,
    },
    SeatOffered {
        offers: u32,
    },
    Changed {
        status: Status,
        cancelled: u32,
    },
    Ticked,
}
