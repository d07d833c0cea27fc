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
