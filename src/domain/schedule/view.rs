//! What a schedule shows: to everybody, and to one student.

use super::state::{Booking, Entry, Head, Offer, Schedule, SeatHold, Stage, Status};
use crate::base::{
    ids::{StudentId, Version},
    time::Timestamp,
};

/// The whole small state that everybody may see.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub head: Head,
    pub version: Version,
    pub taken: u32,
    pub held: u32,
    pub offered: u32,
    pub left: u32,
    pub availability: Availability,
    pub waitlist_capacity: u32,
    pub waitlist_len: u32,
    pub waitlist_open: bool,
    pub cutoff_at: Timestamp,
    /// The seats on offer, the soonest deadline first.
    pub rounds: Vec<OnOffer>,
}

/// A seat on its way to a new owner, as everybody may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnOffer {
    pub stage: Stage,
    pub deadline: Timestamp,
}

/// Derived, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    Available,
    /// No seat left, but at least one is only held.
    Pending,
    Booked,
    Blocked,
    Completed,
    Revoked,
}

/// What one student has here; all empty for a stranger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mine {
    pub booking: Option<Booking>,
    pub hold: Option<SeatHold>,
    pub place: Option<Place>,
    /// The current offer: the live one with the earliest deadline.
    pub offer: Option<Offer>,
}

impl Mine {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A place in the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub entry: Entry,
    pub position: u32,
    pub status: PlaceStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceStatus {
    Waiting,
    Notified,
    InTurn,
}

impl Schedule {
    pub fn view(&self, at: Timestamp, waitlist_capacity: u32) -> View {
        View {
            head: self.head.clone(),
            version: self.version,
            taken: self.seats_taken(),
            held: self.seats_held(),
            offered: self.seats_offered(),
            left: self.seats_left(),
            availability: self.availability(),
            waitlist_capacity,
            waitlist_len: self.queue_len(),
            waitlist_open: self.waitlist_open(at),
            cutoff_at: self.head.cutoff_at(),
            rounds: self.on_offer(),
        }
    }

    fn on_offer(&self) -> Vec<OnOffer> {
        let rounds = self.rounds.iter().map(|r| OnOffer { stage: r.stage, deadline: r.deadline });
        let mut rounds: Vec<_> = rounds.collect();
        // In the order of their release where deadlines are the same.
        rounds.sort_by_key(|r| r.deadline);
        rounds
    }

    fn availability(&self) -> Availability {
        match self.head.status {
            Status::Blocked => Availability::Blocked,
            Status::Completed => Availability::Completed,
            Status::Revoked => Availability::Revoked,
            Status::Open if self.seats_left() > 0 => Availability::Available,
            Status::Open if self.seats_held() > 0 => Availability::Pending,
            Status::Open => Availability::Booked,
        }
    }

    pub fn mine(&self, student: StudentId) -> Mine {
        let place = self.entry_of(student).map(|entry| Place {
            position: self.position_of(entry.id).unwrap_or_default(),
            status: self.place_status(entry),
            entry: entry.clone(),
        });
        Mine {
            booking: self.booking_of(student).filter(|b| b.is_active()).cloned(),
            hold: self.hold_of(student).cloned(),
            place,
            offer: self.current_offer(student).copied(),
        }
    }

    fn place_status(&self, entry: &Entry) -> PlaceStatus {
        match self.offers_of(entry.id).map(|(_, o)| o.stage).max() {
            Some(Stage::Turn) => PlaceStatus::InTurn,
            Some(Stage::Race) => PlaceStatus::Notified,
            None => PlaceStatus::Waiting,
        }
    }
}
