//! What follows from events for the outside: whom to tell what, and who sees something new.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    event::Event,
    state::{Booking, BookingState, Canceller, Changes, EntryEnd, OfferEnd, Payment, Schedule, SkipReason, Stage},
};
use crate::base::{
    ids::{BookingId, BookingNo, EntryId, OfferId, StudentId, TeacherId},
    time::Timestamp,
};

/// Something that someone should hear of; stored in the outbox as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    pub to: Recipient,
    #[serde(flatten)]
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    Student(StudentId),
    Teacher(TeacherId),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum What {
    /// Made, but the fee or the teacher's answer is still due.
    BookingPending {
        booking_id: BookingId,
        booking_no: BookingNo,
        student_id: StudentId,
        pay_deadline: Option<Timestamp>,
    },
    BookingConfirmed {
        booking_id: BookingId,
        booking_no: BookingNo,
        student_id: StudentId,
    },
    BookingCancelled {
        booking_id: BookingId,
        booking_no: BookingNo,
        student_id: StudentId,
        cancelled_by: Canceller,
        reason: Option<Box<str>>,
        refunded: bool,
    },
    BookingAttended {
        booking_id: BookingId,
        booking_no: BookingNo,
        student_id: StudentId,
        present: bool,
    },
    SeatOffered {
        waitlist_id: EntryId,
        offer_id: OfferId,
        stage: Stage,
        sent_at: Timestamp,
        deadline: Timestamp,
    },
    OfferReminder {
        waitlist_id: EntryId,
        offer_id: OfferId,
        stage: Stage,
        deadline: Timestamp,
    },
    OfferLost {
        waitlist_id: EntryId,
        offer_id: OfferId,
    },
    OfferLapsed {
        waitlist_id: EntryId,
        offer_id: OfferId,
        stage: Stage,
    },
    /// Taken back by the staff; the place in the queue is kept.
    OfferWithdrawn {
        waitlist_id: EntryId,
        offer_id: OfferId,
    },
    /// First in line but not given the turn, or left out of a race.
    OfferSkipped {
        waitlist_id: EntryId,
        reason: SkipReason,
    },
    WaitlistClosed {
        waitlist_id: EntryId,
    },
    ScheduleChanged {
        starts_at: Timestamp,
        ends_at: Timestamp,
    },
}

/// A new place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    pub student: StudentId,
    pub entry: EntryId,
    pub position: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    pub notices: Vec<Notice>,
    pub moved: Vec<Moved>,
    /// Bookings as they are now, for their students and the teacher.
    pub bookings: Vec<Booking>,
    /// Students whose own view changed.
    pub touched: BTreeSet<StudentId>,
    /// The times of all bookings moved.
    pub rescheduled: bool,
}

/// What follows from a turn's events; `s` is the schedule after them.
pub fn effects(s: &Schedule, events: &[Event], changes: &Changes) -> Effects {
    let mut e = Effects::default();
    for event in events {
        tell(s, event, changes, &mut e);
    }
    tell_left_out_once(&mut e.notices);
    e.bookings.extend(changes.bookings.iter().map(|row| row.booking.clone()));
    e.moved = moved(s, changes);
    e.touched.extend(e.moved.iter().map(|m| m.student));
    e
}

/// Several seats that are freed at once leave somebody out of several races; they hear of it once.
fn tell_left_out_once(notices: &mut Vec<Notice>) {
    let mut told = BTreeSet::new();
    notices.retain(|n| match n.what {
        What::OfferSkipped { waitlist_id, reason: SkipReason::Unreachable } => told.insert(waitlist_id),
        What::OfferSkipped { reason: SkipReason::TimeConflict | SkipReason::NoHours, .. }
        | What::BookingPending { .. }
        | What::BookingConfirmed { .. }
        | What::BookingCancelled { .. }
        | What::BookingAttended { .. }
        | What::SeatOffered { .. }
        | What::OfferReminder { .. }
        | What::OfferLost { .. }
        | What::OfferLapsed { .. }
        | What::OfferWithdrawn { .. }
        | What::WaitlistClosed { .. }
        | What::ScheduleChanged { .. } => true,
    });
}

/// All behind the first one who left, and whoever joined.
fn moved(s: &Schedule, changes: &Changes) -> Vec<Moved> {
    let Some(from) = changes.entries.iter().map(|row| row.entry.seq).min() else {
        return Vec::new();
    };
    let queue = s.queue.iter().zip(1..);
    queue
        .filter(|(entry, _)| entry.seq >= from)
        .map(|(entry, position)| Moved { student: entry.student, entry: entry.id, position })
        .collect()
}

fn tell(s: &Schedule, event: &Event, changes: &Changes, e: &mut Effects) {
    match event {
        Event::Opened(_) | Event::CapacityChanged { .. } | Event::StatusChanged { .. } | Event::RoundOpened { .. } => {}
        Event::RoundEnded { .. } => {}
        Event::Rescheduled { starts_at, ends_at, former, .. } => {
            e.rescheduled = true;
            let everyone: Vec<_> = s.booked_students().chain(s.queue.iter().map(|e| e.student)).collect();
            for student in everyone {
                to_student(e, student, Some(What::ScheduleChanged { starts_at: *starts_at, ends_at: *ends_at }));
            }
            let what = What::ScheduleChanged { starts_at: *starts_at, ends_at: *ends_at };
            let teachers = [s.head.teacher, *former].into_iter().flatten();
            e.notices.extend(teachers.map(|t| Notice { to: Recipient::Teacher(t), what: what.clone() }));
        }
        Event::Booked { student, .. }
        | Event::BookingPaid { student, .. }
        | Event::BookingConfirmed { student, .. }
        | Event::BookingCancelled { student, .. }
        | Event::BookingAttended { student, .. } => {
            e.touched.insert(*student);
            if let Some(what) = booking_news(event, changes) {
                let to = [Some(Recipient::Student(*student)), s.head.teacher.map(Recipient::Teacher)];
                e.notices.extend(to.into_iter().flatten().map(|to| Notice { to, what: what.clone() }));
            }
        }
        Event::Held { student, .. } | Event::HoldEnded { student, .. } | Event::Joined { student, .. } => {
            to_student(e, *student, None);
        }
        Event::OfferBegun { student, .. } => to_student(e, *student, None),
        Event::OfferSent { offer, entry, student, stage, deadline, at, .. } => {
            let (waitlist_id, offer_id) = (*entry, *offer);
            let what = What::SeatOffered { waitlist_id, offer_id, stage: *stage, sent_at: *at, deadline: *deadline };
            to_student(e, *student, Some(what));
        }
        Event::RoundReminded { round, at } => {
            // Only those whose offer is still alive after the whole turn, and none that was sent
            // in it: after a long sleep the reminder and the next stage fall together.
            let live: Vec<_> = s.rounds.iter().filter(|r| r.id == *round).flat_map(|r| r.offers.clone()).collect();
            for o in live.into_iter().filter(|o| o.sent_at < *at) {
                let (waitlist_id, offer_id) = (o.entry, o.id);
                let what = What::OfferReminder { waitlist_id, offer_id, stage: o.stage, deadline: o.deadline };
                to_student(e, o.student, Some(what));
            }
        }
        Event::OfferEnded { offer, student, end, .. } => to_student(e, *student, offer_news(s, *offer, *end, changes)),
        Event::EntryPassed { entry, student, reason, .. } => {
            to_student(e, *student, reason.map(|reason| What::OfferSkipped { waitlist_id: *entry, reason }));
        }
        Event::EntryEnded { entry, student, end, at } => {
            let closed = match end {
                EntryEnd::Cutoff | EntryEnd::ScheduleEnded => true,
                EntryEnd::TurnPassed => *at >= s.head.cutoff_at(),
                EntryEnd::Promoted | EntryEnd::Left => false,
            };
            to_student(e, *student, closed.then_some(What::WaitlistClosed { waitlist_id: *entry }));
        }
    }
}

fn to_student(e: &mut Effects, student: StudentId, what: Option<What>) {
    e.touched.insert(student);
    e.notices.extend(what.map(|what| Notice { to: Recipient::Student(student), what }));
}

fn offer_news(s: &Schedule, id: OfferId, end: OfferEnd, changes: &Changes) -> Option<What> {
    let offer = changes.offers.iter().rev().find(|row| row.offer.id == id)?.offer;
    let waitlist_id = offer.entry;
    match end {
        OfferEnd::Lost => Some(What::OfferLost { waitlist_id, offer_id: id }),
        OfferEnd::Lapsed => Some(What::OfferLapsed { waitlist_id, offer_id: id, stage: offer.stage }),
        OfferEnd::Withdrawn => {
            // What ended the entry with it is told by another notice, or was the student's own answer.
            s.entry(waitlist_id).map(|_| What::OfferWithdrawn { waitlist_id, offer_id: id })
        }
        // Its own student answered it, or is told by another notice.
        OfferEnd::Accepted | OfferEnd::Declined | OfferEnd::Closed => None,
    }
}

fn booking_news(event: &Event, changes: &Changes) -> Option<What> {
    let (id, state) = match event {
        Event::Booked { booking, state, .. } | Event::BookingPaid { booking, state, .. } => (*booking, Some(state)),
        Event::BookingConfirmed { booking, .. }
        | Event::BookingCancelled { booking, .. }
        | Event::BookingAttended { booking, .. } => (*booking, None),
        Event::Opened(_)
        | Event::StatusChanged { .. }
        | Event::CapacityChanged { .. }
        | Event::Rescheduled { .. }
        | Event::Held { .. }
        | Event::HoldEnded { .. }
        | Event::Joined { .. }
        | Event::EntryEnded { .. }
        | Event::RoundOpened { .. }
        | Event::OfferSent { .. }
        | Event::OfferBegun { .. }
        | Event::RoundReminded { .. }
        | Event::OfferEnded { .. }
        | Event::EntryPassed { .. }
        | Event::RoundEnded { .. } => return None,
    };
    let b = &changes.bookings.iter().rev().find(|row| row.booking.id == id)?.booking;
    let (booking_id, booking_no, student_id) = (b.id, b.no, b.student);
    Some(match state.unwrap_or(&b.state) {
        BookingState::AwaitingPayment { pay_by } => {
            What::BookingPending { booking_id, booking_no, student_id, pay_deadline: Some(*pay_by) }
        }
        BookingState::AwaitingTeacher => {
            What::BookingPending { booking_id, booking_no, student_id, pay_deadline: None }
        }
        BookingState::Confirmed { .. } => What::BookingConfirmed { booking_id, booking_no, student_id },
        BookingState::Completed { .. } => What::BookingAttended { booking_id, booking_no, student_id, present: true },
        BookingState::NoShow { .. } => What::BookingAttended { booking_id, booking_no, student_id, present: false },
        BookingState::Cancelled { by, reason, .. } => What::BookingCancelled {
            booking_id,
            booking_no,
            student_id,
            cancelled_by: *by,
            reason: reason.clone(),
            refunded: b.payment == Payment::Refunded,
        },
    })
}
