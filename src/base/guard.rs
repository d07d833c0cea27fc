//! The guards that keep promises. A test of a promise must fail when its guard is off, or it
//! shows nothing; so a build for tests (the feature `sabotage`) can switch them off, one at a
//! time. In every other build they stand, and asking costs nothing.

/// What stands between a fault and a broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A batch is written onto the version that it was decided upon, and onto no other.
    Fence,
    /// Nothing is read for deciding while a commit is in doubt.
    Doubt,
    /// Nothing is written under another process's lease.
    Lease,
    /// A request key has one effect.
    RequestKey,
    /// No answer before its commit.
    OutputGate,
    /// What was decided upon a batch that failed is void.
    FreshStart,
    /// Whoever should hear of a turn stands in its transaction.
    Outbox,
    /// At the deadline is late.
    Deadline,
    /// A deadline whose handling failed is handled soon after.
    LookAgain,
    /// What is due comes before whatever is asked.
    DueFirst,
    /// A class has so many seats and no more.
    Capacity,
    /// A seat on offer is not sold to the public.
    OfferedSeat,
    /// One winner for each freed seat: the offers of the others end.
    OneWinner,
    /// The turn is the first in line's.
    Queue,
    /// One student is not in two classes at once.
    Calendar,
    /// Where the policy says so, a race leaves out who cannot be told of it.
    Reachable,
}

impl Guard {
    pub const ALL: [Self; 16] = [
        Self::Fence,
        Self::Doubt,
        Self::Lease,
        Self::RequestKey,
        Self::OutputGate,
        Self::FreshStart,
        Self::Outbox,
        Self::Deadline,
        Self::LookAgain,
        Self::DueFirst,
        Self::Capacity,
        Self::OfferedSeat,
        Self::OneWinner,
        Self::Queue,
        Self::Calendar,
        Self::Reachable,
    ];
}

/// Whether the guard is on.
#[cfg(not(feature = "sabotage"))]
#[inline(always)]
pub const fn stands(_: Guard) -> bool {
    true
}

#[cfg(feature = "sabotage")]
mod switch {
    use std::cell::Cell;

    use super::Guard;

    thread_local! {
        static OFF: Cell<Option<Guard>> = const { Cell::new(None) };
    }

    /// Whether the guard is on, on this thread.
    pub fn stands(guard: Guard) -> bool {
        OFF.get() != Some(guard)
    }

    /// On this thread, this guard is off and all others are on.
    pub fn switch_off(guard: Option<Guard>) {
        OFF.set(guard);
    }
}

#[cfg(feature = "sabotage")]
pub use switch::{stands, switch_off};
