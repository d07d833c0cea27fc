//! How states are spelled in rows; each list is total, so a new case breaks the build.

use crate::{
    base::time::Timestamp,
    domain::schedule::state::{
        BookingState, Canceller, Cause, EntryEnd, HoldEnd, OfferEnd, Payment, RoundEnd, Source, Stage, Status,
    },
};

/// Spells an enum and reads it back: `names!(status: Status { Open = "open", … })` makes
/// `status(Status) -> &str` and `read_status(&str) -> Option<Status>`.
macro_rules! names {
    ($($write:ident, $read:ident: $type:ident { $($case:ident = $name:literal),* $(,)? })*) => {$(
        pub fn $write(v: $type) -> &'static str {
            match v { $($type::$case => $name,)* }
        }

        pub fn $read(name: &str) -> Option<$type> {
            match name { $($name => Some($type::$case),)* _ => None }
        }
    )*};
}

names! {
    status, read_status: Status {
        Open = "open", Blocked = "blocked", Completed = "completed", Revoked = "revoked",
    }
    source, read_source: Source {
        Direct = "direct", Arranged = "arranged", Race = "race", Turn = "turn", Moved = "moved",
    }
    payment, read_payment: Payment {
        NotRequired = "not_required", Unpaid = "unpaid", Paid = "paid", Refunded = "refunded",
    }
    canceller, read_canceller: Canceller {
        Student = "student", Teacher = "teacher", Operator = "operator", System = "system",
    }
    stage, read_stage: Stage { Race = "race", Turn = "turn" }
    stored_cause, read_cause: Cause {
        Cancelled = "cancelled", HoldEnded = "hold_ended", PaymentLapsed = "payment_lapsed",
        CapacityRaised = "capacity_raised", Unblocked = "unblocked", Manual = "manual",
    }
    hold_end, read_hold_end: HoldEnd { Used = "used", Released = "released", Expired = "expired" }
    offer_end, read_offer_end: OfferEnd {
        Accepted = "accepted", Declined = "declined", Lost = "lost", Lapsed = "lapsed", Closed = "closed",
        Withdrawn = "withdrawn",
    }
    round_end, read_round_end: RoundEnd { Won = "won", Public = "public", Closed = "closed" }
    entry_end, read_entry_end: EntryEnd {
        Promoted = "promoted", Left = "left", TurnPassed = "turn_passed", Cutoff = "cutoff",
        ScheduleEnded = "schedule_ended",
    }
}

/// The row's status and the reason beside it.
pub fn entry_columns(end: Option<EntryEnd>) -> (&'static str, Option<&'static str>) {
    let Some(end) = end else {
        return ("active", None);
    };
    let status = match end {
        EntryEnd::Promoted => "promoted",
        EntryEnd::Left => "cancelled",
        EntryEnd::TurnPassed | EntryEnd::Cutoff | EntryEnd::ScheduleEnded => "expired",
    };
    (status, Some(entry_end(end)))
}

/// What a booking's state looks like in its row.
#[derive(Debug, Default, PartialEq)]
pub struct BookingColumns {
    pub status: &'static str,
    pub pay_deadline: Option<Timestamp>,
    pub confirmed_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub cancelled_by: Option<&'static str>,
    pub cancel_reason: Option<String>,
    pub completed_at: Option<Timestamp>,
}

pub fn booking_columns(state: &BookingState) -> BookingColumns {
    let none = BookingColumns::default();
    match state {
        BookingState::AwaitingPayment { pay_by } => {
            BookingColumns { status: "pending", pay_deadline: Some(*pay_by), ..none }
        }
        BookingState::AwaitingTeacher => BookingColumns { status: "pending", ..none },
        BookingState::Confirmed { confirmed_at } => {
            BookingColumns { status: "confirmed", confirmed_at: Some(*confirmed_at), ..none }
        }
        BookingState::Completed { confirmed_at, completed_at } => BookingColumns {
            status: "completed",
            confirmed_at: Some(*confirmed_at),
            completed_at: Some(*completed_at),
            ..none
        },
        BookingState::NoShow { confirmed_at, completed_at } => BookingColumns {
            status: "no_show",
            confirmed_at: Some(*confirmed_at),
            completed_at: Some(*completed_at),
            ..none
        },
        BookingState::Cancelled { cancelled_at, by, reason } => BookingColumns {
            status: "cancelled",
            cancelled_at: Some(*cancelled_at),
            cancelled_by: Some(canceller(*by)),
            cancel_reason: reason.as_deref().map(str::to_owned),
            ..none
        },
    }
}
