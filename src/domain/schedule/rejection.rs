//! Why a command was refused. A refusal is a value, not a fault: the state is as it was.

/// Listed in precedence: where several apply, the one that stands first here is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    // What it names is not there.
    UnknownSchedule,
    UnknownBooking,
    UnknownEntry,
    UnknownOffer,

    // Joining.
    WaitlistClosed,

    // Booking, holding, joining, accepting.
    AlreadyBooked,
    AlreadyWaiting,
    ScheduleNotOpen,
    ScheduleStarted,
    TimeConflict,
    SeatsAvailable,
    QueueFull,
    HoldLimit,
    SeatOnOffer,
    ScheduleFull,
    NotEnoughHours,
    CourseMismatch,

    // Answering an offer.
    OfferTaken,
    OfferLapsed,
    NoOffer,

    // Changing a booking.
    BookingEnded,
    CancelTooLate,
    PaymentDue,
    PaymentLate,
    NothingToPay,
    NotAwaitingConfirm,
    ScheduleNotStarted,

    // Running a schedule.
    CapacityInUse,
    ScheduleEnded,
    QueueEmpty,

    /// The caller checked calendars against times or students that have changed since: look and
    /// ask again. Never leaves the engine.
    EvidenceStale,
}

impl Rejection {
    /// The stable code, as programs see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownSchedule => "unknown_schedule",
            Self::UnknownBooking => "unknown_booking",
            Self::UnknownEntry => "unknown_entry",
            Self::UnknownOffer => "unknown_offer",
            Self::WaitlistClosed => "waitlist_closed",
            Self::AlreadyBooked => "already_booked",
            Self::AlreadyWaiting => "already_waiting",
            Self::ScheduleNotOpen => "schedule_not_open",
            Self::ScheduleStarted => "schedule_started",
            Self::TimeConflict => "time_conflict",
            Self::SeatsAvailable => "seats_available",
            Self::QueueFull => "queue_full",
            Self::HoldLimit => "hold_limit",
            Self::SeatOnOffer => "seat_on_offer",
            Self::ScheduleFull => "schedule_full",
            Self::NotEnoughHours => "not_enough_hours",
            Self::CourseMismatch => "course_mismatch",
            Self::OfferTaken => "offer_taken",
            Self::OfferLapsed => "offer_lapsed",
            Self::NoOffer => "no_offer",
            Self::BookingEnded => "booking_ended",
            Self::CancelTooLate => "cancel_too_late",
            Self::PaymentDue => "payment_due",
            Self::PaymentLate => "payment_late",
            Self::NothingToPay => "nothing_to_pay",
            Self::NotAwaitingConfirm => "not_awaiting_confirm",
            Self::ScheduleNotStarted => "schedule_not_started",
            Self::CapacityInUse => "capacity_in_use",
            Self::ScheduleEnded => "schedule_ended",
            Self::QueueEmpty => "queue_empty",
            Self::EvidenceStale => "evidence_stale",
        }
    }
}
