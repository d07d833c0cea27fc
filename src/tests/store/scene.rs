//! A schedule that lives in memory beside the store: random turns, and the batches they make.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use actix::{Actor, Context, Handler, Recipient};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tokio::sync::mpsc;
use yueke::{
    base::{
        ids::{
            AccountId, BookingNo, CourseId, Epoch, IdSource, OfferId, OrgId, OutboxId, ScheduleId, SeededIds,
            StudentId, TeacherId,
        },
        keys::{RequestKey, StoredAnswer},
        time::{HOUR, MINUTE, SECOND, Timestamp},
        units::Fen,
    },
    domain::schedule::{
        Changes, Command, Decision, Event, Facts, Opened, Policy, Schedule,
        command::Evidence,
        effects::effects,
        policy::ConfirmMode,
        state::{Booking, Canceller, Head, SkipReason, Source, Status},
    },
    engine::journal::{AppendError, Batch, Journal, Settled},
    store::{Store, schedules},
};

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2025-11-12T{text}+08:00")).expect("an instant")
}

pub fn student(n: u128) -> StudentId {
    StudentId::from_u128(1_000 + n)
}

pub fn account(n: u128) -> AccountId {
    AccountId::from_u128(2_000 + n)
}

pub fn key(name: &str, fingerprint: &str) -> RequestKey {
    RequestKey { account: account(0), key: name.into(), fingerprint: fingerprint.into() }
}

pub fn answer(status: u16, body: &str) -> StoredAnswer {
    StoredAnswer { status, body: body.into() }
}

/// Ids and numbers as the engine draws them, from a seed.
pub struct SeededFacts {
    ids: SeededIds,
    number: AtomicU32,
    date: u32,
}

impl SeededFacts {
    /// Schedules of one database need different dates, because booking numbers are unique.
    pub fn new(seed: u64) -> Self {
        Self { ids: SeededIds::from_seed(seed), number: AtomicU32::new(0), date: 20_000_000 + seed as u32 % 1_000_000 }
    }
}

impl Facts for SeededFacts {
    fn id(&self, at: Timestamp) -> u128 {
        self.ids.next(at)
    }

    fn booking_no(&self, _: Timestamp) -> BookingNo {
        BookingNo { date: self.date, number: self.number.fetch_add(1, Ordering::Relaxed) + 1 }
    }

    fn waitlist_capacity(&self, _: &Schedule) -> u32 {
        6
    }

    fn skip_reason(&self, _: &Schedule, student: StudentId) -> Option<SkipReason> {
        student.as_u128().is_multiple_of(7).then_some(SkipReason::TimeConflict)
    }

    fn can_hear(&self, student: StudentId) -> bool {
        !student.as_u128().is_multiple_of(4)
    }

    fn running_since(&self) -> Timestamp {
        Timestamp::MIN
    }
}

pub struct Scene {
    pub s: Schedule,
    pub facts: SeededFacts,
    pub rng: StdRng,
    pub now: Timestamp,
    pub epoch: Epoch,
    owner: Recipient<Settled>,
    seq: u64,
    students: u128,
}

impl Scene {
    /// Must run within an actix system. The seed decides the policy too, so that every kind of
    /// schedule comes up.
    pub async fn open(store: &Store, mailbox: &Mailbox, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let facts = SeededFacts::new(seed);
        let now = at("09:00:00");
        let policy = Policy {
            window_ms: 15 * MINUTE,
            cutoff_ms: HOUR,
            pay_ms: 5 * MINUTE,
            confirm: if seed.is_multiple_of(3) { ConfirmMode::Teacher } else { ConfirmMode::Auto },
            price_fen: if seed.is_multiple_of(2) { Fen(10_000) } else { Fen::ZERO },
            skip_unreachable: seed % 4 < 2,
            ..Policy::default()
        };
        // Seeds do not overlap in time: only a schedule of one's own is of interest here.
        let starts_at = now + 10 * HOUR + seed as i64 * 4 * HOUR;
        let head = Head {
            id: ScheduleId::from_u128(facts.id(now)),
            org: OrgId::from_u128(1),
            course: CourseId::from_u128(1),
            teacher: rng.random_bool(0.5).then(|| TeacherId::from_u128(9)),
            starts_at,
            ends_at: starts_at + HOUR,
            capacity: rng.random_range(1..4),
            status: Status::Open,
            policy: Arc::new(policy),
        };
        Self::with_head(store, mailbox, head, rng, facts, now).await
    }

    /// Free of charge, confirmed at once.
    pub async fn plain(store: &Store, mailbox: &Mailbox, seed: u64, capacity: u32) -> Self {
        let facts = SeededFacts::new(seed);
        let now = at("09:00:00");
        let starts_at = now + 10 * HOUR + seed as i64 * 4 * HOUR;
        let head = Head {
            id: ScheduleId::from_u128(facts.id(now)),
            org: OrgId::from_u128(1),
            course: CourseId::from_u128(1),
            teacher: None,
            starts_at,
            ends_at: starts_at + HOUR,
            capacity,
            status: Status::Open,
            policy: Arc::new(Policy::default()),
        };
        Self::with_head(store, mailbox, head, StdRng::seed_from_u64(seed), facts, now).await
    }

    async fn with_head(
        store: &Store,
        mailbox: &Mailbox,
        head: Head,
        rng: StdRng,
        facts: SeededFacts,
        now: Timestamp,
    ) -> Self {
        let opened = Opened { head, at: now };
        let (epoch, row) = (store.epoch(), opened.clone());
        store
            .write(move |tx| Box::pin(async move { schedules::insert(tx, &row, "一号教室", epoch).await }))
            .await
            .expect("the schedule is made");
        let owner = mailbox.owner.clone();
        Self { s: Schedule::opened(&opened), facts, rng, now, epoch, owner, seq: 0, students: 10 }
    }

    /// Everything that one command does: first what is due, then the command itself. None of it is
    /// written yet.
    pub fn act(&mut self, command: &Command) -> Vec<Batch> {
        let mut done = Vec::new();
        while self.s.next_due().is_some_and(|due| due <= self.now) {
            let decision = self.s.settle_due(self.now, &self.facts).expect("what is due has an effect");
            let at = self.s.stamped_at;
            done.push(self.batch(decision, at));
        }
        let at = self.s.instant(self.now);
        if let Ok(decision) = self.s.handle(command, at, &self.facts)
            && !decision.events.is_empty()
        {
            done.push(self.batch(decision, at));
        }
        let wrong = self.s.audit();
        assert!(wrong.is_empty(), "{wrong:?}");
        done
    }

    fn batch(&mut self, decision: Decision, at: Timestamp) -> Batch {
        let Decision { events, changes, receipt: _ } = decision;
        let expected = self.s.version;
        self.s.version += 1;
        let told = effects(&self.s, &events, &changes);
        let notices = (!told.notices.is_empty()).then(|| (OutboxId::from_u128(self.facts.id(at)), Arc::new(told)));
        self.bare(expected, at, events, changes, notices)
    }

    fn bare(
        &mut self,
        expected: u64,
        at: Timestamp,
        events: Vec<Event>,
        changes: Changes,
        notices: Option<(OutboxId, Arc<yueke::domain::schedule::effects::Effects>)>,
    ) -> Batch {
        self.seq += 1;
        Batch {
            schedule: self.s.head.id,
            expected,
            epoch: self.epoch,
            at,
            events,
            changes,
            head: self.s.head.clone(),
            booked: self.s.seats_taken(),
            next_due: self.s.next_due(),
            notices,
            receipt: None,
            seq: self.seq,
            owner: self.owner.clone(),
        }
    }

    /// A refusal that is remembered: a receipt and nothing else.
    pub fn refusal(&mut self, receipt: (RequestKey, StoredAnswer)) -> Batch {
        let batch = self.bare(self.s.version, self.now, Vec::new(), Changes::default(), None);
        Batch { receipt: Some(receipt), ..batch }
    }

    /// Exactly one batch.
    pub fn one(&mut self, command: &Command) -> Batch {
        let mut done = self.act(command);
        assert_eq!(done.len(), 1, "{command:?}");
        done.remove(0)
    }

    pub fn evidence(&self) -> Evidence {
        Evidence { starts_at: self.s.head.starts_at, ends_at: self.s.head.ends_at, conflict: false }
    }

    pub fn book(&self, n: u128) -> Command {
        Command::Book {
            student: student(n),
            account: account(n),
            source: Source::Direct,
            note: Some("带琴".into()),
            expect_course: None,
            moved_from: None,
            calendar: self.evidence(),
        }
    }

    pub fn booking(&self, n: u128) -> &Booking {
        self.s.booking_of(student(n)).expect("booked")
    }

    pub fn cancel(&self, n: u128) -> Command {
        let booking = self.booking(n).id;
        Command::Cancel { student: student(n), booking, by: Canceller::Student, reason: Some("生病".into()) }
    }

    pub fn join(&self, n: u128) -> Command {
        Command::Join { student: student(n), account: account(n) }
    }

    pub fn accept(&self, n: u128) -> Command {
        let entry = self.s.entry_of(student(n)).expect("waits").id;
        Command::Accept { student: student(n), entry, offer: None, account: account(n), calendar: self.evidence() }
    }

    fn reschedule(&mut self) -> Command {
        let shift = self.rng.random_range(-6..6) * MINUTE;
        let (starts_at, ends_at) = (self.s.head.starts_at + shift, self.s.head.ends_at + shift);
        let checked = self.s.booked_students().collect();
        Command::Reschedule { starts_at, ends_at, teacher: self.s.head.teacher, checked, conflict: false }
    }

    /// What happens when the class begins, and after it.
    pub fn last_steps(&mut self) -> Vec<Command> {
        let booked: Vec<StudentId> = self.s.booked_students().collect();
        let attend = booked.iter().zip(0..).filter_map(|(student, i)| {
            let booking = self.s.booking_of(*student)?.id;
            Some(Command::Attend { student: *student, booking, present: i % 2 == 0 })
        });
        let end = match self.rng.random_range(0..2) {
            0 => Command::Complete,
            _ => Command::Revoke { reason: Some("老师请假".into()) },
        };
        let steps = attend.chain([end]).collect();
        self.now = self.now.max(self.s.head.starts_at + MINUTE);
        steps
    }

    /// A command that may or may not be granted, and some time passing before it.
    pub fn random_step(&mut self) -> Command {
        let pause = *[0, 0, 1, SECOND, MINUTE, 4 * MINUTE, 20 * MINUTE].choose(&mut self.rng).expect("not empty");
        self.now = self.now + pause;
        // Someone who is here already, as often as not: there is more to do with them.
        let present: Vec<u128> = self.s.present_students().iter().map(|s| s.as_u128() - 1_000).collect();
        let n = match present.choose(&mut self.rng) {
            Some(n) if self.rng.random_bool(0.5) => *n,
            _ => self.rng.random_range(0..self.students),
        };
        let (student, account) = (student(n), account(n));
        let calendar = self.evidence();
        let booking = self.s.booking_of(student).map(|b| b.id);
        let entry = self.s.entry_of(student).map(|e| e.id);
        let offer: Option<OfferId> = self.s.current_offer(student).map(|o| o.id).filter(|_| self.rng.random_bool(0.5));
        match (self.rng.random_range(0..100), booking, entry) {
            (0..15, _, _) => self.book(n),
            (15..20, _, _) => Command::Hold { student, account, calendar },
            (20..22, _, _) => Command::ReleaseHold { student },
            (22..36, Some(booking), _) => {
                let by = *[Canceller::Student, Canceller::Teacher, Canceller::Operator].choose(&mut self.rng).unwrap();
                let reason = self.rng.random_bool(0.5).then(|| "有事 'quoted' \"\\ \n😀".into());
                Command::Cancel { student, booking, by, reason }
            }
            (36..44, Some(booking), _) => Command::MarkPaid { student, booking },
            (44..50, Some(booking), _) => Command::Confirm { student, booking },
            (50..52, Some(booking), _) => Command::Attend { student, booking, present: self.rng.random_bool(0.7) },
            (22..60, None, Some(entry)) => Command::Accept { student, entry, offer, account, calendar },
            (60..66, _, Some(entry)) => Command::Begin { student, entry, offer },
            (66..72, _, Some(entry)) => Command::Decline { student, entry, offer },
            (72..76, _, Some(entry)) => Command::Leave { student, entry },
            (22..88, _, _) => self.join(n),
            (88..92, _, _) => Command::SetCapacity { capacity: self.rng.random_range(1..5) },
            (92, _, _) => Command::Block,
            (93..96, _, _) => Command::Unblock,
            (96, _, _) => Command::OfferSeat,
            (97..99, _, _) => self.reschedule(),
            _ => Command::Tick,
        }
    }
}

/// Where the journal's answers arrive.
pub struct Mailbox {
    pub owner: Recipient<Settled>,
    settled: mpsc::UnboundedReceiver<(u64, Result<(), AppendError>)>,
}

struct Listener(mpsc::UnboundedSender<(u64, Result<(), AppendError>)>);

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Settled> for Listener {
    type Result = ();

    fn handle(&mut self, m: Settled, _: &mut Self::Context) {
        for outcome in m.0 {
            // The test may have ended.
            let _ = self.0.send(outcome);
        }
    }
}

impl Mailbox {
    pub fn open() -> Self {
        let (sender, settled) = mpsc::unbounded_channel();
        Self { owner: Listener(sender).start().recipient(), settled }
    }

    pub async fn next(&mut self) -> (u64, Result<(), AppendError>) {
        self.settled.recv().await.expect("the listener lives as long as its mailbox")
    }

    pub async fn outcomes(&mut self, count: usize) -> Vec<Result<(), AppendError>> {
        let mut outcomes = Vec::with_capacity(count);
        for _ in 0..count {
            outcomes.push(self.next().await.1);
        }
        outcomes
    }
}

/// Appends them in one go and waits for what became of each.
pub async fn append_all(store: &Store, mailbox: &mut Mailbox, batches: Vec<Batch>) -> Vec<Result<(), AppendError>> {
    let count = batches.len();
    for batch in batches {
        assert!(store.append(batch).is_ok(), "the queue has room");
    }
    mailbox.outcomes(count).await
}

pub async fn append(store: &Store, mailbox: &mut Mailbox, batch: Batch) -> Result<(), AppendError> {
    append_all(store, mailbox, vec![batch]).await.remove(0)
}

/// As the store would give it to a new actor.
pub async fn load(store: &Store, id: ScheduleId) -> Schedule {
    store.load(id).await.expect("the rows are readable").expect("the schedule is there")
}
