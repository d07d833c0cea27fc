//! A journal in memory, and an engine on top of it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use yueke::{
    base::{
        ids::{AccountId, BookingId, CourseId, OrgId, ScheduleId, SeededIds, StudentId},
        keys::{RequestKey, StoredAnswer},
        time::{Clock, HOUR, Timestamp, Zone},
    },
    domain::schedule::{
        Changes, Command, Opened, Policy, Receipt, Rejection, Schedule,
        command::Evidence,
        state::{Canceller, Head, Source, Status},
    },
    engine::{
        Answer, Audience, Engine, Order, Parts, Published, Reach, Seen, Threads, Trouble, WaitlistSizes,
        journal::{AppendError, Batch, Commitment, Fault, Journal, Settled},
    },
};

use crate::crash::process::pause;

pub fn now() -> Timestamp {
    Timestamp::parse("2025-11-12T12:00:00+08:00").expect("an instant")
}

pub fn student(n: u128) -> StudentId {
    StudentId::from_u128(100 + n)
}

pub fn account(n: u128) -> AccountId {
    AccountId::from_u128(200 + n)
}

pub fn key(name: &str, fingerprint: &str) -> RequestKey {
    RequestKey { account: account(0), key: name.into(), fingerprint: fingerprint.into() }
}

/// Looks until it is so; what is waited for is on another thread.
pub async fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(10), "{what}");
        pause(Duration::from_millis(1)).await;
    }
}

/// Committed schedules, and batches on their way.
pub struct FakeJournal {
    kept: Mutex<Kept>,
    /// Told as the length of the queue, on top of what really waits.
    pub pretended_queue: AtomicUsize,
    pub loads: AtomicUsize,
    settled: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Kept {
    stored: HashMap<ScheduleId, Schedule>,
    receipts: HashMap<(AccountId, Arc<str>), (Arc<str>, StoredAnswer)>,
    waiting: VecDeque<Batch>,
    mode: Mode,
    load_fault: Option<Fault>,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub enum Mode {
    /// Batches wait for [`FakeJournal::commit`].
    #[default]
    ByHand,
    AtOnce,
    /// Takes nothing more.
    Full,
    /// Tells that it wrote, and does not: the twin of the tests of the gate.
    Lying,
}

impl FakeJournal {
    fn new(mode: Mode) -> Arc<Self> {
        let kept = Mutex::new(Kept { mode, ..Kept::default() });
        Arc::new(Self {
            kept,
            pretended_queue: AtomicUsize::new(0),
            loads: AtomicUsize::new(0),
            settled: Arc::default(),
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("the fake does not panic")
    }

    pub fn set_mode(&self, mode: Mode) {
        self.kept().mode = mode;
    }

    pub fn fail_loads(&self, fault: Option<&str>) {
        self.kept().load_fault = fault.map(Fault::new);
    }

    pub fn waiting(&self) -> usize {
        self.kept().waiting.len()
    }

    pub async fn wait_for(&self, batches: usize) {
        eventually(&format!("{batches} batches on their way"), || self.waiting() == batches).await;
    }

    /// Writes the oldest batches, as the store does: what does not fit is stale.
    pub fn commit(&self, count: usize) {
        for _ in 0..count {
            let batch = self.kept().waiting.pop_front().expect("a batch waits");
            self.settle(batch, None);
        }
    }

    /// The oldest batch fails.
    pub fn fail(&self, error: AppendError) {
        let batch = self.kept().waiting.pop_front().expect("a batch waits");
        self.settle(batch, Some(error));
    }

    /// The oldest batch is written, but nobody hears of it.
    pub fn commit_and_lose_the_answer(&self) {
        let mut kept = self.kept();
        let batch = kept.waiting.pop_front().expect("a batch waits");
        assert!(kept.write(&batch).is_ok());
        drop(kept);
        self.settle(batch, Some(AppendError::Unknown(Fault::new("the answer was lost"))));
    }

    fn settle(&self, batch: Batch, error: Option<AppendError>) {
        let outcome = match error {
            Some(error) => Err(error),
            None => self.kept().write(&batch),
        };
        self.settled.fetch_add(1, Ordering::SeqCst);
        batch.owner.do_send(Settled(vec![(batch.seq, outcome)]));
    }

    pub fn stored(&self, id: ScheduleId) -> Schedule {
        self.kept().stored[&id].clone()
    }

    pub fn put(&self, s: Schedule) {
        self.kept().stored.insert(s.head.id, s);
    }
}

impl Kept {
    fn write(&mut self, batch: &Batch) -> Result<(), AppendError> {
        if let Some((key, _)) = &batch.receipt
            && let Some((fingerprint, answer)) = self.receipts.get(&(key.account, key.key.clone()))
        {
            let same = *fingerprint == key.fingerprint;
            return Err(if same { AppendError::Replayed(answer.clone()) } else { AppendError::KeyReused });
        }
        let s = self.stored.get_mut(&batch.schedule).expect("the schedule is there");
        if s.version != batch.expected && self.mode != Mode::Lying {
            return Err(AppendError::Stale);
        }
        if !batch.events.is_empty() && self.mode != Mode::Lying {
            batch.events.iter().for_each(|event| s.apply(event, &mut Changes::default()));
            s.version += 1;
        }
        if let Some((key, answer)) = &batch.receipt {
            let kept = (key.fingerprint.clone(), answer.clone());
            self.receipts.insert((key.account, key.key.clone()), kept);
        }
        Ok(())
    }
}

impl Journal for FakeJournal {
    fn append(&self, batch: Batch) -> Result<(), Box<Batch>> {
        let mode = self.kept().mode;
        match mode {
            Mode::Full => return Err(Box::new(batch)),
            Mode::ByHand => self.kept().waiting.push_back(batch),
            Mode::AtOnce | Mode::Lying => self.settle(batch, None),
        }
        Ok(())
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), Fault>> {
        let (settled, appended) = (self.settled.clone(), self.settled.load(Ordering::SeqCst) + self.waiting());
        Box::pin(async move {
            eventually("what was appended is settled", || settled.load(Ordering::SeqCst) >= appended).await;
            Ok(())
        })
    }

    fn load(&self, id: ScheduleId) -> BoxFuture<'static, Result<Option<Schedule>, Fault>> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let kept = self.kept();
        let loaded = match &kept.load_fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(kept.stored.get(&id).cloned()),
        };
        Box::pin(async move { loaded })
    }

    fn due(&self, until: Timestamp, limit: u32) -> BoxFuture<'static, Result<Vec<(ScheduleId, Timestamp)>, Fault>> {
        let kept = self.kept();
        let due = kept.stored.values().filter_map(|s| Some((s.head.id, s.next_due().filter(|t| *t < until)?)));
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(id, at)| (*at, *id));
        due.truncate(limit as usize);
        Box::pin(async move { Ok(due) })
    }

    fn commitments(
        &self,
        students: Vec<StudentId>,
        after: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<(StudentId, Commitment)>, Fault>> {
        let kept = self.kept();
        let mut found = Vec::new();
        for s in kept.stored.values().filter(|s| s.head.ends_at > after) {
            for student in students.iter().filter(|student| s.booking_of(**student).is_some_and(|b| b.is_active())) {
                found.push((*student, (s.head.id, s.head.starts_at, s.head.ends_at)));
            }
        }
        Box::pin(async move { Ok(found) })
    }

    fn queue_len(&self) -> usize {
        self.waiting() + self.pretended_queue.load(Ordering::SeqCst)
    }
}

/// What became visible outside, in order.
#[derive(Default)]
pub struct Heard(Mutex<Vec<ScheduleId>>);

impl Heard {
    pub fn commits(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }
}

impl Audience for Heard {
    fn publish(&self, p: &Published) {
        self.0.lock().expect("no panic").push(p.head.id);
    }
}

struct ThreeMayWait;

impl WaitlistSizes for ThreeMayWait {
    fn of(&self, _: &Head) -> u32 {
        3
    }
}

/// Whom no news reaches.
#[derive(Default)]
pub struct Deaf(Mutex<HashSet<StudentId>>);

impl Deaf {
    pub fn set(&self, student: StudentId, deaf: bool) {
        let mut all = self.0.lock().expect("no panic");
        if deaf {
            all.insert(student)
        } else {
            all.remove(&student)
        };
    }
}

impl Reach for Deaf {
    fn can_hear(&self, student: StudentId) -> bool {
        !self.0.lock().expect("no panic").contains(&student)
    }
}

pub struct World {
    pub engine: Engine,
    pub journal: Arc<FakeJournal>,
    pub heard: Arc<Heard>,
    pub clock: Clock,
    pub deaf: Arc<Deaf>,
}

pub type Asked<T> = JoinHandle<Result<T, Trouble>>;

impl World {
    /// Must run within an actix system.
    pub fn new(mode: Mode) -> Self {
        let (journal, heard, clock) = (FakeJournal::new(mode), Arc::<Heard>::default(), Clock::manual(now()));
        let deaf = Arc::<Deaf>::default();
        let engine = Engine::start(Parts {
            journal: journal.clone(),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::from_seed(1)),
            sizes: Arc::new(ThreeMayWait),
            audience: heard.clone(),
            reach: deaf.clone(),
            epoch: 1,
            zone: Zone::SHANGHAI,
            last_booking_no: None,
            // So that a test can hold up an actor without holding up itself.
            threads: Threads::Others(2),
        });
        Self { engine, journal, heard, clock, deaf }
    }

    /// A class of an hour that begins this many hours from now.
    pub fn class(&self, n: u128, capacity: u32, hours: i64) -> ScheduleId {
        self.class_under(Policy { cutoff_ms: 0, ..Policy::default() }, n, capacity, hours)
    }

    pub fn class_under(&self, policy: Policy, n: u128, capacity: u32, hours: i64) -> ScheduleId {
        let id = ScheduleId::from_u128(n);
        let starts_at = now() + hours * HOUR;
        let head = Head {
            id,
            org: OrgId::from_u128(1),
            course: CourseId::from_u128(1),
            teacher: None,
            starts_at,
            ends_at: starts_at + HOUR,
            capacity,
            status: Status::Open,
            policy: Arc::new(policy),
        };
        self.journal.put(Schedule::opened(&Opened { head, at: now() }));
        id
    }

    /// Asks without waiting for the answer.
    pub fn ask(&self, class: ScheduleId, command: Command) -> Asked<Answer> {
        self.ask_order(class, Order::new(command))
    }

    pub fn ask_order(&self, class: ScheduleId, order: Order) -> Asked<Answer> {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.submit(class, order).await })
    }

    pub fn look(&self, class: ScheduleId, n: u128) -> Asked<Seen> {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.look(class, Some(student(n))).await })
    }

    /// Asks and waits.
    pub async fn submit(&self, class: ScheduleId, command: Command) -> Result<Receipt, Rejection> {
        granted(self.engine.submit(class, Order::new(command)).await)
    }
}

pub fn book(n: u128) -> Command {
    Command::Book {
        student: student(n),
        account: account(n),
        source: Source::Direct,
        note: None,
        expect_course: None,
        moved_from: None,
        calendar: Evidence::unknown(),
    }
}

pub fn join(n: u128) -> Command {
    Command::Join { student: student(n), account: account(n) }
}

pub fn cancel(n: u128, booking: BookingId) -> Command {
    Command::Cancel { student: student(n), booking, by: Canceller::Student, reason: None }
}

/// What the rules said; anything else is a failure of the test.
pub fn granted(answer: Result<Answer, Trouble>) -> Result<Receipt, Rejection> {
    match answer {
        Ok(Answer::Given { outcome, .. }) => outcome,
        Ok(Answer::Stored(stored)) => panic!("stored: {stored:?}"),
        Err(trouble) => panic!("{}", told(&trouble)),
    }
}

pub async fn answer<T>(asked: Asked<T>) -> Result<T, Trouble> {
    tokio::time::timeout(Duration::from_secs(10), asked).await.expect("an answer in time").expect("no panic")
}

pub async fn given(asked: Asked<Answer>) -> Result<Receipt, Rejection> {
    granted(answer(asked).await)
}

/// The trouble in a word.
pub fn told(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Refused(rejection) => format!("refused {}", rejection.name()),
        Trouble::Busy => "busy".into(),
        Trouble::Closing => "closing".into(),
        Trouble::Unavailable(_) => "unavailable".into(),
        Trouble::Unknown(_) => "unknown".into(),
        Trouble::KeyReused => "key reused".into(),
        Trouble::InProgress => "in progress".into(),
        Trouble::Bounced(_) => "bounced".into(),
    }
}

pub async fn trouble<T>(asked: Asked<T>) -> String {
    match answer(asked).await {
        Ok(_) => "answered".into(),
        Err(trouble) => told(&trouble),
    }
}

/// The same request under its key, as handlers send it: 201 when granted, 409 when not.
pub fn keyed(command: Command, key: RequestKey, body: &'static str) -> Order {
    Order::keyed(
        command,
        Some(key),
        Box::new(move |outcome, _, _| StoredAnswer {
            status: if outcome.is_ok() { 201 } else { 409 },
            body: body.into(),
        }),
    )
}

pub async fn stored_body(asked: Asked<Answer>) -> String {
    match answer(asked).await {
        Ok(Answer::Stored(stored)) => format!("{} {}", stored.status, stored.body),
        Ok(Answer::Given { .. }) => "not stored".into(),
        Err(trouble) => told(&trouble),
    }
}
