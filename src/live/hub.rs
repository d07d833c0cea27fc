//! Tells people, over their sockets, what happened to them.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use bytestring::ByteString;
use dashmap::DashMap;
use serde_json::json;
use tokio::sync::{Notify, mpsc};

use super::{
    bodies::{self, BookingBody, booking_body},
    frame,
};
use crate::{
    base::{
        ids::{BookingId, StudentId, TeacherId},
        limits::SOCKET_QUEUE_MAX,
        time::{Clock, Timestamp, Zone},
    },
    domain::schedule::{
        effects::{Moved, Recipient, What},
        state::{Booking, Head},
    },
    engine::{Audience, Published},
};

/// Who listens to whose events.
pub struct Hub {
    clock: Clock,
    zone: Zone,
    students: DashMap<StudentId, Vec<Arc<Mouth>>>,
    teachers: DashMap<TeacherId, Vec<Arc<Mouth>>>,
    listening: AtomicUsize,
    version: AtomicU64,
    /// Rung when a commit left something in the outbox.
    outbox_bell: Arc<Notify>,
}

/// One socket's queue, seen from the hub.
struct Mouth {
    queue: mpsc::Sender<ByteString>,
    overrun: AtomicBool,
}

/// One socket's queue, seen from the socket. Dropping it ends all listening.
pub struct Ear {
    hub: Arc<Hub>,
    mouth: Arc<Mouth>,
    queue: mpsc::Receiver<ByteString>,
    students: Box<[StudentId]>,
    teacher: Option<TeacherId>,
}

impl Hub {
    pub fn new(clock: Clock, zone: Zone, outbox_bell: Arc<Notify>) -> Self {
        Self {
            clock,
            zone,
            students: DashMap::new(),
            teachers: DashMap::new(),
            listening: AtomicUsize::new(0),
            version: AtomicU64::new(0),
            outbox_bell,
        }
    }

    /// A queue that hears nothing yet.
    pub fn ear(self: &Arc<Self>) -> Ear {
        let (sender, queue) = mpsc::channel(SOCKET_QUEUE_MAX);
        let mouth = Arc::new(Mouth { queue: sender, overrun: AtomicBool::new(false) });
        self.listening.fetch_add(1, Ordering::Relaxed);
        Ear { hub: self.clone(), mouth, queue, students: Box::default(), teacher: None }
    }

    /// Orders the snapshots of the topics that have no version of their own.
    pub fn next_version(&self) -> u64 {
        self.version.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether a socket of one of this student's accounts is open.
    pub fn listens(&self, student: StudentId) -> bool {
        self.students.contains_key(&student)
    }

    fn tell_student(&self, student: StudentId, event: &Event, now: Timestamp) {
        if let Some(mouths) = self.students.get(&student) {
            event.send_to(&mouths, "me", now, self.zone);
        }
    }

    fn tell_booking(&self, p: &Published, b: &Booking, now: Timestamp) {
        let student = self.students.get(&b.student);
        let teacher = p.head.teacher.and_then(|t| self.teachers.get(&t));
        if student.is_none() && teacher.is_none() {
            return;
        }
        let event = Event::booking(b, &p.head, p.at, self.zone);
        if let Some(mouths) = student {
            event.send_to(&mouths, "me", now, self.zone);
        }
        if let Some(mouths) = teacher {
            event.send_to(&mouths, "coach", now, self.zone);
        }
    }
}

impl Audience for Hub {
    fn publish(&self, p: &Published) {
        if !p.effects.notices.is_empty() {
            self.outbox_bell.notify_one();
        }
        if self.listening.load(Ordering::Relaxed) == 0 {
            return;
        }
        let now = self.clock.now();
        for notice in &p.effects.notices {
            match notice.to {
                Recipient::Student(student) if self.students.contains_key(&student) => {
                    if let Some(event) = Event::of(&notice.what, &p.head, p.at, self.zone) {
                        self.tell_student(student, &event, now);
                    }
                }
                // Teachers hear of bookings themselves, below.
                Recipient::Student(_) | Recipient::Teacher(_) => {}
            }
        }
        for moved in &p.effects.moved {
            if self.students.contains_key(&moved.student) {
                self.tell_student(moved.student, &Event::position(moved, &p.head), now);
            }
        }
        // A turn may touch a booking twice; only how it is now is told.
        let latest: HashMap<BookingId, usize> = p.effects.bookings.iter().zip(0..).map(|(b, i)| (b.id, i)).collect();
        for (i, b) in p.effects.bookings.iter().enumerate() {
            if latest.get(&b.id) == Some(&i) {
                self.tell_booking(p, b, now);
            }
        }
    }
}

impl Ear {
    pub fn hear_students(&mut self, students: &[StudentId]) {
        self.forget_students();
        for student in students {
            self.hub.students.entry(*student).or_default().push(self.mouth.clone());
        }
        self.students = students.into();
    }

    pub fn hear_teacher(&mut self, teacher: TeacherId) {
        self.forget_teacher();
        self.hub.teachers.entry(teacher).or_default().push(self.mouth.clone());
        self.teacher = Some(teacher);
    }

    pub fn forget_students(&mut self) {
        for student in std::mem::take(&mut self.students) {
            remove(&self.hub.students, student, &self.mouth);
        }
    }

    pub fn forget_teacher(&mut self) {
        if let Some(teacher) = self.teacher.take() {
            remove(&self.hub.teachers, teacher, &self.mouth);
        }
    }

    pub fn is_idle(&self) -> bool {
        self.students.is_empty() && self.teacher.is_none()
    }

    /// None when something was left out, because the queue was full.
    pub async fn next(&mut self) -> Option<ByteString> {
        let event = self.queue.recv().await;
        event.filter(|_| !self.mouth.overrun.load(Ordering::Relaxed))
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.forget_students();
        self.forget_teacher();
        self.hub.listening.fetch_sub(1, Ordering::Relaxed);
    }
}

fn remove<K: Hash + Eq>(listeners: &DashMap<K, Vec<Arc<Mouth>>>, key: K, mouth: &Arc<Mouth>) {
    if let Some(mut mouths) = listeners.get_mut(&key) {
        mouths.retain(|m| !Arc::ptr_eq(m, mouth));
    }
    listeners.remove_if(&key, |_, mouths| mouths.is_empty());
}

/// Encoded only when somebody hears it.
struct Event {
    name: &'static str,
    /// The same for the same happening, so that a client can drop what it has seen.
    id: String,
    data: String,
}

impl Event {
    fn send_to(&self, mouths: &[Arc<Mouth>], topic: &str, now: Timestamp, zone: Zone) {
        let text = frame::event(topic, self.name, &self.id, now, &self.data, zone);
        for mouth in mouths {
            if mouth.queue.try_send(text.clone()).is_err() {
                mouth.overrun.store(true, Ordering::Relaxed);
            }
        }
    }

    fn of(what: &What, head: &Head, at: Timestamp, zone: Zone) -> Option<Self> {
        let schedule_id = head.id;
        let told = |t: Timestamp| zone.rfc3339(t);
        let (name, id, data) = match what {
            // The booking itself is told.
            What::BookingPending { .. }
            | What::BookingConfirmed { .. }
            | What::BookingCancelled { .. }
            | What::BookingAttended { .. } => return None,
            What::SeatOffered { waitlist_id, offer_id, stage, sent_at, deadline } => (
                "seat_offered",
                offer_id.to_string(),
                json!({
                    "schedule_id": schedule_id, "waitlist_id": waitlist_id, "offer_id": offer_id, "stage": stage,
                    "sent_at": told(*sent_at), "deadline": told(*deadline),
                }),
            ),
            What::OfferReminder { waitlist_id, offer_id, stage, deadline } => (
                "offer_reminder",
                offer_id.to_string(),
                json!({
                    "schedule_id": schedule_id, "waitlist_id": waitlist_id, "offer_id": offer_id, "stage": stage,
                    "deadline": told(*deadline),
                }),
            ),
            What::OfferLost { waitlist_id, offer_id } => (
                "offer_lost",
                offer_id.to_string(),
                json!({"schedule_id": schedule_id, "waitlist_id": waitlist_id, "offer_id": offer_id}),
            ),
            What::OfferLapsed { waitlist_id, offer_id, stage } => (
                "offer_lapsed",
                offer_id.to_string(),
                json!({
                    "schedule_id": schedule_id, "waitlist_id": waitlist_id, "offer_id": offer_id, "stage": stage,
                }),
            ),
            What::OfferWithdrawn { waitlist_id, offer_id } => (
                "offer_withdrawn",
                offer_id.to_string(),
                json!({"schedule_id": schedule_id, "waitlist_id": waitlist_id, "offer_id": offer_id}),
            ),
            What::OfferSkipped { waitlist_id, reason } => (
                "offer_skipped",
                format!("{waitlist_id}:{}", at.as_millis()),
                json!({"schedule_id": schedule_id, "waitlist_id": waitlist_id, "reason": reason}),
            ),
            What::WaitlistClosed { waitlist_id } => (
                "waitlist_closed",
                waitlist_id.to_string(),
                json!({"schedule_id": schedule_id, "waitlist_id": waitlist_id}),
            ),
            What::ScheduleChanged { starts_at, ends_at } => (
                "schedule_changed",
                format!("{schedule_id}:{}", at.as_millis()),
                json!({"schedule_id": schedule_id, "starts_at": told(*starts_at), "ends_at": told(*ends_at)}),
            ),
        };
        Some(Self { name, id: format!("{name}:{id}"), data: data.to_string() })
    }

    /// An entry only ever moves forward, so entry and position name the move.
    fn position(moved: &Moved, head: &Head) -> Self {
        let Moved { student: _, entry, position } = moved;
        let data = json!({"schedule_id": head.id, "waitlist_id": entry, "position": position});
        Self { name: "position", id: format!("position:{entry}:{position}"), data: data.to_string() }
    }

    fn booking(b: &Booking, head: &Head, at: Timestamp, zone: Zone) -> Self {
        let body: BookingBody = booking_body(b, head, zone);
        let state = (body.status, body.payment_status);
        let id = format!("booking:{}:{}:{:?}:{:?}", b.id, at.as_millis(), state.0, state.1).to_lowercase();
        Self { name: "booking", id, data: bodies::json(&body) }
    }
}

#[cfg(test)]
mod tests;
