//! Runs the rules: one actor for each schedule in use.
//!
//! A message is decided at once, on the state as it will be when everything before it is written;
//! its answer is held back until everything it was decided upon is durable (the output gate of
//! [`actor`]). So a popular schedule is bound by deciding, not by the disk, and nobody ever sees
//! what could still be rolled back. This module knows neither SQL nor HTTP.

pub mod actor;
pub mod board;
pub mod calendars;
pub mod journal;
mod messages;
mod numbers;
mod registry;
mod wake;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::{oneshot, watch};

pub use self::{
    board::{Board, BoardState},
    calendars::Permit,
    messages::{Answer, Order, Render, Seen, Trouble},
};
use self::{
    calendars::Calendars,
    journal::{Fault, Journal},
    messages::{Attach, Look, Submit},
    numbers::Numbers,
    registry::Registry,
    wake::Wake,
};
use crate::{
    base::{
        ids::{BookingNo, Epoch, IdSource, ScheduleId, StudentId},
        limits::{JOURNAL_QUEUE_MAX, LOOK_AGAIN, LOOK_WITHIN, SWEEP_EVERY, WAKE_HORIZON},
        time::{Clock, Millis, SECOND, Timestamp, Zone},
    },
    domain::schedule::{
        Command, Facts, Rejection, Schedule,
        effects::Effects,
        state::{Head, SkipReason},
    },
};

/// What a committed turn tells the live side.
pub struct Published {
    pub head: Head,
    pub at: Timestamp,
    pub effects: Arc<Effects>,
}

/// Hears of every committed turn that concerns somebody, in the order of commits per schedule.
pub trait Audience: Send + Sync + 'static {
    /// Called on an actor's thread: must not block.
    fn publish(&self, p: &Published);
}

/// How many may wait for a schedule, by the operators' table.
pub trait WaitlistSizes: Send + Sync + 'static {
    fn of(&self, head: &Head) -> u32;
}

/// Who would hear of an offer now.
pub trait Reach: Send + Sync + 'static {
    /// Called on an actor's thread, in the midst of a turn: must not block.
    fn can_hear(&self, student: StudentId) -> bool;
}

/// Where nothing is known of how people are reached, all are taken to be.
pub struct Everyone;

impl Reach for Everyone {
    fn can_hear(&self, _: StudentId) -> bool {
        true
    }
}

/// What an engine is made of; chosen by `app`, or by a test.
pub struct Parts {
    pub journal: Arc<dyn Journal>,
    pub clock: Clock,
    pub ids: Arc<dyn IdSource>,
    pub sizes: Arc<dyn WaitlistSizes>,
    pub audience: Arc<dyn Audience>,
    pub reach: Arc<dyn Reach>,
    pub epoch: Epoch,
    pub zone: Zone,
    /// The greatest booking number given so far.
    pub last_booking_no: Option<BookingNo>,
    pub threads: Threads,
}

/// Where actors run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// On the caller's own: with few cores each hand-over to another thread costs more than it gains.
    Own,
    Others(usize),
}

impl Threads {
    /// What serves a machine of so many cores best.
    pub fn for_cores(cores: usize) -> Self {
        if cores <= 2 { Self::Own } else { Self::Others(cores) }
    }
}

/// The way to all schedules. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub(crate) struct Inner {
    pub journal: Arc<dyn Journal>,
    pub clock: Clock,
    pub ids: Arc<dyn IdSource>,
    pub sizes: Arc<dyn WaitlistSizes>,
    pub audience: Arc<dyn Audience>,
    pub reach: Arc<dyn Reach>,
    pub epoch: Epoch,
    pub running_since: Timestamp,
    pub numbers: Numbers,
    pub calendars: Calendars,
    pub registry: Registry,
    pub wake: Wake,
    closing: AtomicBool,
}

impl Engine {
    /// Must be called within an actix system: actors live on threads of their own.
    pub fn start(parts: Parts) -> Self {
        let Parts { journal, clock, ids, sizes, audience, reach, epoch, zone, last_booking_no, threads } = parts;
        let running_since = clock.now();
        let engine = Self(Arc::new(Inner {
            calendars: Calendars::start(journal.clone(), clock.clone()),
            numbers: Numbers::new(zone, last_booking_no),
            registry: Registry::start(threads),
            wake: Wake::default(),
            closing: AtomicBool::new(false),
            journal,
            clock,
            ids,
            sizes,
            audience,
            reach,
            epoch,
            running_since,
        }));
        if !engine.0.clock.is_manual() {
            // A manual clock is moved by someone who handles every deadline on the way.
            tokio::spawn(engine.clone().run_timers());
            tokio::spawn(engine.clone().run_sweep());
        }
        engine
    }

    pub fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Asks a schedule for something, and waits until the answer is durable. The student whose
    /// calendar matters is locked for as long, so that no two of their bookings can overlap.
    pub async fn submit(&self, schedule: ScheduleId, mut order: Order) -> Result<Answer, Trouble> {
        if self.is_closing() {
            return Err(Trouble::Closing);
        }
        if self.0.journal.queue_len() > JOURNAL_QUEUE_MAX / 2 {
            return Err(Trouble::Busy);
        }
        if let Some(student) = order.calendar_of() {
            order.permit = Some(self.0.calendars.acquire(student).await.map_err(Trouble::Unavailable)?);
        }
        // A retired or stopped actor hands the order back untouched; so does one that finds the
        // student's calendar forgotten.
        for _ in 0..RESUBMIT_MAX {
            if let Some(permit) = &order.permit {
                self.0.calendars.read_again(permit).await.map_err(Trouble::Unavailable)?;
            }
            let (reply, answer) = oneshot::channel();
            self.send(schedule, Submit { order, reply })?;
            match answer.await {
                Ok(Err(Trouble::Bounced(back))) => order = *back,
                Ok(answer) => return answer,
                // The actor is gone in the middle of it.
                Err(_) => return Err(Trouble::Unknown(Fault::new("the schedule's actor stopped"))),
            }
        }
        Err(Trouble::Busy)
    }

    /// The student's calendar, locked; for what concerns several schedules at once.
    pub async fn lock_calendar(&self, student: StudentId) -> Result<Permit, Trouble> {
        self.0.calendars.acquire(student).await.map_err(Trouble::Unavailable)
    }

    /// Reads the student's calendar into memory. Who looks at a class may book it the next moment,
    /// and at the opening of a popular one everybody does: then no booking waits for this.
    pub async fn expect(&self, student: StudentId) {
        self.0.calendars.warm(std::iter::once(student)).await;
    }

    /// The durable state as of now. Wakes no actor, unless something is due on the schedule.
    pub async fn look(&self, schedule: ScheduleId, student: Option<StudentId>) -> Result<Seen, Trouble> {
        let within = Duration::from_millis(LOOK_WITHIN as u64);
        let gone = || Trouble::Unavailable(Fault::new("the database does not answer"));
        tokio::time::timeout(within, self.look_on(schedule, student)).await.map_err(|_| gone())?
    }

    /// The same of many, in their order. What is not in memory is read in one go.
    pub async fn look_all(&self, schedules: &[ScheduleId], student: Option<StudentId>) -> Result<Vec<Seen>, Trouble> {
        let within = Duration::from_millis(LOOK_WITHIN as u64);
        let gone = || Trouble::Unavailable(Fault::new("the database does not answer"));
        let asleep = schedules.iter().copied().filter(|id| !self.0.registry.is_live(*id)).collect();
        let loaded = tokio::time::timeout(within, self.0.journal.load_shown(asleep)).await.map_err(|_| gone())?;
        let now = self.0.clock.now();
        let loaded = loaded.map_err(Trouble::Unavailable)?.into_iter();
        let quiet = loaded.filter(|s| s.next_due().is_none_or(|due| due > now));
        let see = |s: Schedule| (s.head.id, Seen::of(&s, now, self.0.sizes.of(&s.head), self.0.epoch, student));
        let mut seen: HashMap<ScheduleId, Seen> = quiet.map(see).collect();
        let known: Vec<_> = schedules.iter().map(|id| (*id, seen.remove(id))).collect();
        let looks = stream::iter(known).map(async |(id, seen)| match seen {
            Some(seen) => Ok(seen),
            None => self.look(id, student).await,
        });
        looks.buffered(LOOKS_AT_ONCE).try_collect().await
    }

    async fn look_on(&self, schedule: ScheduleId, student: Option<StudentId>) -> Result<Seen, Trouble> {
        if !self.0.registry.is_live(schedule) {
            let loaded = self.0.journal.load(schedule).await.map_err(Trouble::Unavailable)?;
            let s = loaded.ok_or(Trouble::Refused(Rejection::UnknownSchedule))?;
            let now = self.0.clock.now();
            if s.next_due().is_none_or(|due| due > now) {
                return Ok(Seen::of(&s, now, self.0.sizes.of(&s.head), self.0.epoch, student));
            }
        }
        for _ in 0..RESUBMIT_MAX {
            let (reply, answer) = oneshot::channel();
            self.send(schedule, Look { student, reply })?;
            match answer.await {
                Ok(Err(Trouble::Bounced(_))) => {}
                Ok(answer) => return answer,
                Err(_) => return Err(Trouble::Unavailable(Fault::new("the schedule's actor stopped"))),
            }
        }
        Err(Trouble::Busy)
    }

    /// The schedule's board, filled; it is kept up to date as long as someone watches it.
    pub async fn watch(&self, schedule: ScheduleId) -> Result<(Arc<Board>, watch::Receiver<u64>), Trouble> {
        let board = self.0.registry.board(schedule);
        // Taken first: the actor drops a board that nobody watches.
        let watcher = board.watch();
        for _ in 0..RESUBMIT_MAX {
            let (reply, answer) = oneshot::channel();
            self.send(schedule, Attach { board: board.clone(), reply })?;
            match answer.await {
                Ok(Err(Trouble::Bounced(_))) => {}
                Ok(Ok(())) => return Ok((board, watcher)),
                Ok(Err(trouble)) => {
                    // A board of nothing must not be kept for everyone who asks for it.
                    drop(watcher);
                    self.0.registry.drop_unwatched_board(schedule);
                    return Err(trouble);
                }
                Err(_) => return Err(Trouble::Unavailable(Fault::new("the schedule's actor stopped"))),
            }
        }
        Err(Trouble::Busy)
    }

    /// The students with an active booking, sorted.
    pub async fn booked_students(&self, schedule: ScheduleId) -> Result<Vec<StudentId>, Trouble> {
        let loaded = self.0.journal.load(schedule).await.map_err(Trouble::Unavailable)?;
        let s = loaded.ok_or(Trouble::Refused(Rejection::UnknownSchedule))?;
        Ok(s.booked_students().collect())
    }

    /// Handles what is due on one schedule, and waits until that is durable.
    pub async fn tick(&self, schedule: ScheduleId) -> Result<(), Trouble> {
        self.submit(schedule, Order::new(Command::Tick)).await.map(drop)
    }

    /// The earliest stored deadline up to `until`, after everything so far is written.
    pub async fn next_due(&self, until: Timestamp) -> Result<Option<(ScheduleId, Timestamp)>, Fault> {
        self.0.journal.flush().await?;
        Ok(self.0.journal.due(until + 1, 1).await?.into_iter().next())
    }

    /// Refuses new orders, and waits until what was accepted is written.
    pub async fn close(&self) {
        self.0.closing.store(true, Ordering::Relaxed);
        if let Err(fault) = self.0.journal.flush().await {
            tracing::error!(%fault, "some writes were still open at the end");
        }
    }

    fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::Relaxed)
    }

    fn send<M>(&self, schedule: ScheduleId, message: M) -> Result<(), Trouble>
    where
        M: actix::Message<Result = ()> + Send + 'static,
        actor::ScheduleActor: actix::Handler<M>,
    {
        self.0.registry.send(&self.0, schedule, message).map_err(|_| Trouble::Busy)
    }

    async fn run_timers(self) {
        loop {
            let due = self.0.wake.wait(&self.0.clock).await;
            if self.is_closing() {
                return;
            }
            for schedule in due {
                let (reply, _) = oneshot::channel();
                if self.send(schedule, Submit { order: Order::new(Command::Tick), reply }).is_err() {
                    // Its mailbox is full: each message in it looks at the deadlines first anyway.
                    tracing::debug!(%schedule, "a tick found a full mailbox");
                }
            }
        }
    }

    /// Finds deadlines of schedules that are not in memory: at the start, and then twice per horizon.
    async fn run_sweep(self) {
        while !self.is_closing() {
            let now = self.0.clock.now();
            let pause = match self.0.journal.due(now + WAKE_HORIZON, u32::MAX).await {
                Ok(due) => {
                    due.into_iter().for_each(|(schedule, at)| self.0.wake.arm(schedule, Some(at), now));
                    SWEEP_EVERY
                }
                Err(fault) => {
                    tracing::error!(%fault, "looking for deadlines");
                    LOOK_AGAIN
                }
            };
            self.pause_or_clock_is_set(pause).await;
        }
    }

    /// A clock that was set, or a machine that slept, brings near what was too far away to be armed.
    async fn pause_or_clock_is_set(&self, pause: Millis) {
        for _ in 0..pause / SECOND {
            let before = self.0.clock.now();
            self.0.clock.sleep_until(before + SECOND, Duration::from_secs(1)).await;
            if (self.0.clock.now() - before - SECOND).abs() > SECOND {
                return;
            }
        }
    }
}

/// Of a list, actors are asked for their state this many at a time.
const LOOKS_AT_ONCE: usize = 16;

/// An order meets a retiring actor once; more often only when the database keeps failing.
const RESUBMIT_MAX: usize = 4;

impl Facts for Inner {
    fn id(&self, at: Timestamp) -> u128 {
        self.ids.next(at)
    }

    fn booking_no(&self, at: Timestamp) -> BookingNo {
        self.numbers.next(at)
    }

    fn waitlist_capacity(&self, s: &Schedule) -> u32 {
        self.sizes.of(&s.head)
    }

    fn skip_reason(&self, s: &Schedule, student: StudentId) -> Option<SkipReason> {
        let busy = self.calendars.known_conflict(student, s.head.id, s.head.starts_at, s.head.ends_at);
        busy.then_some(SkipReason::TimeConflict)
    }

    fn can_hear(&self, student: StudentId) -> bool {
        self.reach.can_hear(student)
    }

    fn running_since(&self) -> Timestamp {
        self.running_since
    }
}
