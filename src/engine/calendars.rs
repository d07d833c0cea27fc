//! One owner per student of what crosses schedules: when they are busy.
//!
//! A command that takes a seat locks its student's calendar until it is settled, so two bookings
//! of one student that overlap cannot both be granted, on whatever schedules and at whatever
//! moment. Calendars are read from rows on first use and may be dropped at any time.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use ahash::RandomState;
use dashmap::DashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::journal::{Commitment, Fault, Journal};
use crate::base::{
    ids::{ScheduleId, StudentId},
    limits::{CALENDARS_MAX, GROUP_BATCHES_MAX},
    sync::lock,
    time::{Clock, DAY, Timestamp},
};

pub struct Calendars {
    by_student: DashMap<StudentId, Arc<Calendar>, RandomState>,
    loader: mpsc::Sender<Load>,
}

struct Calendar {
    /// One at a time.
    turn: Arc<Semaphore>,
    /// None until read from rows.
    busy: Mutex<Option<Vec<Commitment>>>,
    /// Counts what was settled: rows that were read meanwhile must be read again.
    settled: AtomicU64,
}

/// A student's calendar, locked until dropped.
pub struct Permit {
    student: StudentId,
    calendar: Arc<Calendar>,
    _turn: OwnedSemaphorePermit,
}

impl Permit {
    /// Whether a commitment elsewhere than on these schedules overlaps `[starts_at, ends_at)`; none
    /// when what was read is not to be relied on any more.
    pub fn conflicts(&self, except: &[Option<ScheduleId>], starts_at: Timestamp, ends_at: Timestamp) -> Option<bool> {
        self.calendar.conflicts(except, starts_at, ends_at)
    }
}

type Loaded = Result<Vec<Commitment>, Fault>;
type Load = (StudentId, oneshot::Sender<Loaded>);

impl Calendar {
    fn conflicts(&self, except: &[Option<ScheduleId>], starts_at: Timestamp, ends_at: Timestamp) -> Option<bool> {
        let busy = lock(&self.busy);
        let mut others = busy.as_ref()?.iter().filter(|(id, _, _)| !except.contains(&Some(*id)));
        Some(others.any(|(_, from, to)| *from < ends_at && starts_at < *to))
    }
}

impl Calendars {
    pub fn start(journal: Arc<dyn Journal>, clock: Clock) -> Self {
        let (loader, queue) = mpsc::channel(GROUP_BATCHES_MAX);
        tokio::spawn(run_loader(journal, clock, queue));
        Self { by_student: DashMap::default(), loader }
    }

    /// Waits for the student's other commands in flight.
    pub async fn acquire(&self, student: StudentId) -> Result<Permit, Fault> {
        let calendar = self.calendar(student);
        let turn = calendar.turn.clone().acquire_owned().await;
        let turn = turn.map_err(|_| Fault::new("calendars are never closed"))?;
        self.read_rows(&calendar, student).await?;
        Ok(Permit { student, calendar, _turn: turn })
    }

    /// Reads what was forgotten since the calendar was locked: a write that failed concerned it.
    pub async fn read_again(&self, permit: &Permit) -> Result<(), Fault> {
        self.read_rows(&permit.calendar, permit.student).await
    }

    /// Reads the calendars of these students into memory. Takes no turn: a command that holds one
    /// may be waiting for the very actor that asks for this.
    pub async fn warm(&self, students: impl Iterator<Item = StudentId>) {
        for student in students {
            if let Err(fault) = self.read_rows(&self.calendar(student), student).await {
                // Only a hint is lost: overlap is checked again when they confirm.
                tracing::warn!(%fault, "reading a calendar");
            }
        }
    }

    async fn read_rows(&self, calendar: &Calendar, student: StudentId) -> Result<(), Fault> {
        while lock(&calendar.busy).is_none() {
            let before = calendar.settled.load(Ordering::SeqCst);
            let found = self.load(student).await?;
            let mut busy = lock(&calendar.busy);
            if busy.is_none() && calendar.settled.load(Ordering::SeqCst) == before {
                *busy = Some(found);
            }
        }
        Ok(())
    }

    /// What is known without asking the database.
    pub fn known_conflict(&self, student: StudentId, schedule: ScheduleId, from: Timestamp, to: Timestamp) -> bool {
        self.by_student.get(&student).is_some_and(|c| c.conflicts(&[Some(schedule)], from, to) == Some(true))
    }

    /// A booking became active or changed its times, and that is durable.
    pub fn commit(&self, student: StudentId, schedule: ScheduleId, from: Timestamp, to: Timestamp) {
        self.change(student, |busy| {
            busy.retain(|(id, _, _)| *id != schedule);
            busy.push((schedule, from, to));
        });
    }

    /// A booking ended, and that is durable.
    pub fn free(&self, student: StudentId, schedule: ScheduleId) {
        self.change(student, |busy| busy.retain(|(id, _, _)| *id != schedule));
    }

    /// Nobody knows what was written: read it again when it is next needed.
    pub fn forget(&self, student: StudentId) {
        if let Some(calendar) = self.by_student.get(&student) {
            let mut busy = lock(&calendar.busy);
            calendar.settled.fetch_add(1, Ordering::SeqCst);
            *busy = None;
        }
    }

    fn change(&self, student: StudentId, f: impl FnOnce(&mut Vec<Commitment>)) {
        if let Some(calendar) = self.by_student.get(&student) {
            let mut busy = lock(&calendar.busy);
            calendar.settled.fetch_add(1, Ordering::SeqCst);
            if let Some(busy) = busy.as_mut() {
                f(busy);
            }
        }
    }

    fn calendar(&self, student: StudentId) -> Arc<Calendar> {
        if let Some(calendar) = self.by_student.get(&student) {
            return calendar.clone();
        }
        if self.by_student.len() >= CALENDARS_MAX {
            // All that nobody holds: they are read again when needed.
            self.by_student.retain(|_, c| Arc::strong_count(c) > 1);
        }
        let fresh =
            || Calendar { turn: Arc::new(Semaphore::new(1)), busy: Mutex::new(None), settled: AtomicU64::new(0) };
        self.by_student.entry(student).or_insert_with(|| Arc::new(fresh())).clone()
    }

    async fn load(&self, student: StudentId) -> Loaded {
        let (reply, loaded) = oneshot::channel();
        let gone = || Fault::new("the calendar loader has stopped");
        self.loader.send((student, reply)).await.map_err(|_| gone())?;
        loaded.await.map_err(|_| gone())?
    }
}

/// Many first bookings at once are one query.
async fn run_loader(journal: Arc<dyn Journal>, clock: Clock, mut queue: mpsc::Receiver<Load>) {
    let mut wanted = Vec::new();
    while queue.recv_many(&mut wanted, GROUP_BATCHES_MAX).await > 0 {
        let students = wanted.iter().map(|(student, _)| *student).collect();
        // What ended a day ago cannot overlap anything that is still to be booked.
        let mut found = journal.commitments(students, clock.now() - DAY).await.map(|rows| {
            let mut by_student: HashMap<StudentId, Vec<Commitment>> = HashMap::new();
            rows.into_iter().for_each(|(student, c)| by_student.entry(student).or_default().push(c));
            by_student
        });
        for (student, reply) in wanted.drain(..) {
            let mine = match &mut found {
                Ok(found) => Ok(found.get(&student).cloned().unwrap_or_default()),
                Err(fault) => Err(fault.clone()),
            };
            // The asker may be gone.
            let _ = reply.send(mine);
        }
    }
}
