//! What a schedule knows. Variants carry only what is true in that state.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::policy::Policy;
use crate::base::{
    ids::{
        AccountId, BookingId, BookingNo, CourseId, EntryId, HoldId, OfferId, OrgId, RoundId, ScheduleId, StudentId,
        TeacherId, Version,
    },
    time::Timestamp,
    units::Fen,
};

/// One schedule, as its actor holds it: all that is live, and of what has ended only what a late
/// answer still needs. Everything else is in the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    pub head: Head,
    pub version: Version,
    /// The latest instant that was stamped on it; instants never go back, whatever the clock does.
    pub stamped_at: Timestamp,
    /// All that occupy a seat. Boxed: the map's nodes keep room for a third more than they hold.
    pub(super) bookings: BTreeMap<StudentId, Box<Booking>>,
    pub(super) holds: BTreeMap<StudentId, SeatHold>,
    /// When the recent holds that ended without a booking were taken, to cap renewals; oldest first.
    pub(super) hold_uses: BTreeMap<StudentId, Vec<Timestamp>>,
    /// The queue, first in line first. A position is an index plus one, so positions have no gaps.
    pub(super) queue: Vec<Entry>,
    pub(super) next_seq: u32,
    /// Seats on offer, in the order of their release.
    pub(super) rounds: Vec<Round>,
    /// Oldest first.
    pub(super) ended_offers: Vec<EndedOffer>,
    /// Bookings with a deadline of their own: the fee, or the teacher's answer by the start.
    pub(super) unsettled: BTreeSet<(Timestamp, StudentId)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub id: ScheduleId,
    pub org: OrgId,
    pub course: CourseId,
    pub teacher: Option<TeacherId>,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub capacity: u32,
    pub status: Status,
    pub policy: Arc<Policy>,
}

impl Head {
    /// The end of the waitlist; half-open like every deadline.
    pub fn cutoff_at(&self) -> Timestamp {
        self.starts_at - self.policy.cutoff_ms
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Open,
    Blocked,
    Completed,
    Revoked,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    pub id: BookingId,
    pub no: BookingNo,
    pub student: StudentId,
    pub booked_by: AccountId,
    pub source: Source,
    pub price: Fen,
    pub final_price: Fen,
    pub created_at: Timestamp,
    pub payment: Payment,
    pub state: BookingState,
    /// Promoted when the notice window had already begun, so leaving is free until the start.
    pub free_exit: bool,
}

impl Booking {
    /// Pending or confirmed: may still be cancelled, moved, attended.
    pub fn is_active(&self) -> bool {
        match self.state {
            BookingState::AwaitingPayment { .. } | BookingState::AwaitingTeacher | BookingState::Confirmed { .. } => {
                true
            }
            BookingState::Completed { .. } | BookingState::NoShow { .. } | BookingState::Cancelled { .. } => false,
        }
    }
}

/// How a booking came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Direct,
    /// Arranged by staff (排课): confirmed at once.
    Arranged,
    Race,
    Turn,
    /// Moved here from another schedule.
    Moved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    NotRequired,
    Unpaid,
    Paid,
    Refunded,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum BookingState {
    AwaitingPayment { pay_by: Timestamp },
    AwaitingTeacher,
    Confirmed { confirmed_at: Timestamp },
    Completed { confirmed_at: Timestamp, completed_at: Timestamp },
    NoShow { confirmed_at: Timestamp, completed_at: Timestamp },
    Cancelled { cancelled_at: Timestamp, by: Canceller, reason: Option<Box<str>> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Canceller {
    /// The student, or a parent on their behalf.
    Student,
    Teacher,
    Operator,
    /// A deadline passed.
    System,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatHold {
    pub id: HoldId,
    pub student: StudentId,
    pub account: AccountId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// An active place in the queue. Waiting, notified or in turn follows from its live offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: EntryId,
    pub student: StudentId,
    pub account: AccountId,
    /// Rises with each join and never is given twice: the order of the queue.
    pub seq: u32,
    pub joined_at: Timestamp,
}

/// One freed seat on its way to a new owner (释放名额一轮).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    pub id: RoundId,
    pub released_at: Timestamp,
    pub cause: Cause,
    pub stage: Stage,
    pub deadline: Timestamp,
    /// None when no reminder is (any longer) to be sent in this stage.
    pub remind_at: Option<Timestamp>,
    /// Entries that get no turn in this round: they declined, or were passed over.
    pub passed: Vec<EntryId>,
    /// Live offers, first in line first.
    pub offers: Vec<Offer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 抢占: offered to all who wait, or under a policy that says so to all of them who can be
    /// reached; the first confirm wins.
    Race,
    /// 顺位: offered to one alone.
    Turn,
}

/// What freed a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Cancelled,
    HoldEnded,
    PaymentLapsed,
    CapacityRaised,
    Unblocked,
    /// Offered by hand by an operator.
    Manual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub id: OfferId,
    pub entry: EntryId,
    pub student: StudentId,
    pub stage: Stage,
    pub sent_at: Timestamp,
    pub deadline: Timestamp,
    pub begun_at: Option<Timestamp>,
}

impl Offer {
    /// The instant from which a confirm is late: the deadline, or the end of a begun flow's grace.
    pub fn confirm_by(&self, policy: &Policy) -> Timestamp {
        match self.begun_at {
            Some(begun) => self.deadline.max(begun + policy.grace_ms),
            None => self.deadline,
        }
    }
}

/// Kept so that a late answer is told why it is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedOffer {
    pub id: OfferId,
    pub student: StudentId,
    pub end: OfferEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferEnd {
    Accepted,
    Declined,
    /// Someone else was faster.
    Lost,
    Lapsed,
    /// The queue ended at the cutoff, or with the schedule.
    Closed,
    /// Taken back: its entry ended otherwise, or an operator withdrew it.
    Withdrawn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryEnd {
    Promoted,
    /// Left by the student or removed by an operator.
    Left,
    /// Its exclusive turn lapsed or was declined.
    TurnPassed,
    /// The cutoff came.
    Cutoff,
    /// The schedule was revoked or completed.
    ScheduleEnded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldEnd {
    Used,
    Released,
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundEnd {
    Won,
    /// Nobody wanted it: the seat is open to all.
    Public,
    /// The schedule was blocked or ended.
    Closed,
}

/// Why someone in line was passed over in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    TimeConflict,
    NoHours,
    /// There was no way to tell them of the race, and the policy leaves such people out.
    Unreachable,
}

/// Row images of all that a batch of events touched, in the order of the events; the last image
/// of an id is the one to keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    pub head: Option<Head>,
    pub bookings: Vec<BookingRow>,
    pub holds: Vec<HoldRow>,
    pub entries: Vec<EntryRow>,
    pub rounds: Vec<RoundRow>,
    pub offers: Vec<OfferRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BookingRow {
    pub booking: Booking,
    /// Only on the image that makes the booking: a note never changes afterwards.
    pub note: Option<Box<str>>,
    pub moved_from: Option<BookingId>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HoldRow {
    pub hold: SeatHold,
    pub ended: Option<(Timestamp, HoldEnd)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EntryRow {
    pub entry: Entry,
    pub ended: Option<(Timestamp, EntryEnd)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RoundRow {
    /// Without its offers: they are rows of their own.
    pub round: Round,
    pub ended: Option<(Timestamp, RoundEnd, Option<EntryId>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OfferRow {
    pub offer: Offer,
    pub round: RoundId,
    pub ended: Option<(Timestamp, OfferEnd)>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        let Self { head, bookings, holds, entries, rounds, offers } = self;
        head.is_none()
            && bookings.is_empty()
            && holds.is_empty()
            && entries.is_empty()
            && rounds.is_empty()
            && offers.is_empty()
    }
}

/// Everything that a schedule is put together from; what can be derived is not asked for.
pub struct Parts {
    pub head: Head,
    pub version: Version,
    pub stamped_at: Timestamp,
    pub bookings: BTreeMap<StudentId, Booking>,
    pub holds: BTreeMap<StudentId, SeatHold>,
    pub hold_uses: BTreeMap<StudentId, Vec<Timestamp>>,
    pub queue: Vec<Entry>,
    pub next_seq: u32,
    pub rounds: Vec<Round>,
    pub ended_offers: Vec<EndedOffer>,
}

impl Schedule {
    /// The state that these parts, read from rows, make.
    pub fn from_parts(parts: Parts) -> Self {
        let Parts { head, version, stamped_at, bookings, holds, hold_uses, queue, next_seq, rounds, ended_offers } =
            parts;
        let unsettled = BTreeSet::new();
        let mut s = Self {
            head,
            version,
            stamped_at,
            bookings: bookings.into_iter().map(|(student, b)| (student, Box::new(b))).collect(),
            holds,
            hold_uses,
            queue,
            next_seq,
            rounds,
            ended_offers,
            unsettled,
        };
        s.unsettled = s.bookings.values().filter_map(|b| s.settle_by(b).map(|t| (t, b.student))).collect();
        s
    }

    pub fn seats_taken(&self) -> u32 {
        self.bookings.len() as u32
    }

    pub fn seats_held(&self) -> u32 {
        self.holds.len() as u32
    }

    pub fn seats_offered(&self) -> u32 {
        self.rounds.len() as u32
    }

    /// Seats that anyone may take.
    pub fn seats_left(&self) -> u32 {
        self.head.capacity.saturating_sub(self.seats_taken() + self.seats_held() + self.seats_offered())
    }

    pub fn booking_of(&self, student: StudentId) -> Option<&Booking> {
        self.bookings.get(&student).map(|b| &**b)
    }

    pub fn booked_students(&self) -> impl Iterator<Item = StudentId> {
        self.bookings.values().filter(|b| b.is_active()).map(|b| b.student)
    }

    pub fn waiting_students(&self) -> impl Iterator<Item = StudentId> {
        self.queue.iter().map(|e| e.student)
    }

    /// Everyone who has anything here.
    pub fn present_students(&self) -> BTreeSet<StudentId> {
        self.bookings.keys().chain(self.holds.keys()).copied().chain(self.waiting_students()).collect()
    }

    pub fn hold_of(&self, student: StudentId) -> Option<&SeatHold> {
        self.holds.get(&student)
    }

    pub fn entry_of(&self, student: StudentId) -> Option<&Entry> {
        self.queue.iter().find(|e| e.student == student)
    }

    pub fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.queue.iter().find(|e| e.id == id)
    }

    pub fn queue_len(&self) -> u32 {
        self.queue.len() as u32
    }

    /// 1 for the first in line.
    pub fn position_of(&self, id: EntryId) -> Option<u32> {
        self.queue.iter().position(|e| e.id == id).map(|i| i as u32 + 1)
    }

    /// The entry's live offers with their rounds, in the order of the rounds' release.
    pub fn offers_of(&self, entry: EntryId) -> impl Iterator<Item = (&Round, &Offer)> {
        self.rounds.iter().flat_map(move |r| r.offers.iter().filter(move |o| o.entry == entry).map(move |o| (r, o)))
    }

    /// The live offer with the earliest deadline, ties by release.
    pub fn current_offer(&self, student: StudentId) -> Option<&Offer> {
        let offers = self.rounds.iter().flat_map(|r| &r.offers).filter(|o| o.student == student);
        // `min_by_key` keeps the first of equals, and rounds stand in the order of release.
        offers.min_by_key(|o| o.deadline)
    }

    pub fn is_in_turn(&self, entry: EntryId) -> bool {
        self.offers_of(entry).any(|(_, o)| o.stage == Stage::Turn)
    }

    /// How the latest offer to this student ended, or the one with this id.
    pub fn ended_offer(&self, student: StudentId, id: Option<OfferId>) -> Option<OfferEnd> {
        let mut ended = self.ended_offers.iter().rev().filter(|o| o.student == student);
        ended.find(|o| id.is_none_or(|id| id == o.id)).map(|o| o.end)
    }
}
