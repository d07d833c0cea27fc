//! A database in memory, with every fault that a disk and a network have. It outlives the server
//! that writes to it; the server's own writer, fences and recovery run on top of it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures_util::future::BoxFuture;
use yueke::{
    base::{
        ids::{BookingId, BookingNo, EntryId, Epoch, HoldId, OfferId, RoundId, ScheduleId, StudentId, Version},
        keys::{Keyed, RequestKey},
        limits::{ENDED_OFFERS_MAX, HOLD_WINDOW},
        time::Timestamp,
    },
    domain::schedule::{
        Changes, Event, Schedule,
        effects::Effects,
        state::{BookingState, EntryRow, Head, HoldRow, OfferRow, RoundRow},
    },
    engine::journal::{Batch, Commitment, Fault, Journal},
    store::{
        judge::Receipt,
        recover::Rows,
        session::{Begun, Connect, Done, Session, TransactionError, Work},
        writer::{StoreError, Writer},
    },
};

use super::{auditor::Auditor, dice::Dice, pass};

/// One turn, as it reaches the disk.
#[derive(Clone)]
pub struct Written {
    pub schedule: ScheduleId,
    pub expected: Version,
    pub epoch: Epoch,
    pub at: Timestamp,
    pub events: Vec<Event>,
    pub changes: Changes,
    pub head: Head,
    pub booked: u32,
    pub next_due: Option<Timestamp>,
    pub notices: Option<Arc<Effects>>,
    pub receipt: Option<Receipt>,
}

impl Written {
    fn of(b: &Batch, epoch: Epoch) -> Self {
        let receipt = b.receipt.as_ref().map(|(key, answer)| Receipt {
            account: key.account.to_string(),
            key: key.key.to_string(),
            fingerprint: key.fingerprint.to_string(),
            answer: answer.clone(),
        });
        Self {
            schedule: b.schedule,
            expected: b.expected,
            epoch,
            at: b.at,
            events: b.events.clone(),
            changes: b.changes.clone(),
            head: b.head.clone(),
            booked: b.booked,
            next_due: b.next_due,
            notices: b.notices.as_ref().map(|(_, effects)| effects.clone()),
            receipt,
        }
    }
}

/// How often what goes wrong, in shares of one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weather {
    /// The connection is gone before anything was written.
    pub lost: f64,
    /// The database refuses a statement.
    pub refused: f64,
    /// The reply to a commit is lost: it was done, it was not, or it is done a while later.
    pub reply_lost: f64,
    pub reads_fail: f64,
    /// Something takes long.
    pub slow: f64,
}

#[derive(Default)]
struct Tables {
    lease: Epoch,
    schedules: BTreeMap<ScheduleId, Kept>,
    bookings: BTreeMap<BookingId, (ScheduleId, yueke::domain::schedule::state::Booking)>,
    receipts: HashMap<(String, String), Receipt>,
    /// A commit that is on its way although its sender has heard nothing: done by whoever comes next.
    late: Option<Vec<Written>>,
}

struct Kept {
    head: Head,
    version: Version,
    stamped_at: Timestamp,
    next_due: Option<Timestamp>,
    holds: BTreeMap<HoldId, HoldRow>,
    entries: BTreeMap<EntryId, EntryRow>,
    rounds: BTreeMap<RoundId, RoundRow>,
    offers: BTreeMap<OfferId, OfferRow>,
    events: Vec<Event>,
}

pub struct Disk {
    tables: Mutex<Tables>,
    weather: Mutex<Weather>,
    dice: Dice,
    pub auditor: Arc<Mutex<Auditor>>,
    /// The lease's row: held by a transaction from its beginning to its end.
    row: Arc<tokio::sync::Mutex<()>>,
}

impl Disk {
    pub fn new(dice: Dice, auditor: Arc<Mutex<Auditor>>) -> Arc<Self> {
        Arc::new(Self { tables: Mutex::default(), weather: Mutex::default(), dice, auditor, row: Arc::default() })
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().expect("whoever held the tables did not panic")
    }

    pub fn weather(&self) -> Weather {
        *self.weather.lock().expect("plain data")
    }

    pub fn set_weather(&self, weather: Weather) {
        *self.weather.lock().expect("plain data") = weather;
    }

    pub fn put_schedule(&self, head: Head, opened: Event) {
        let stamped_at = opened.at();
        let kept = Kept {
            head: head.clone(),
            version: 1,
            stamped_at,
            next_due: None,
            holds: BTreeMap::new(),
            entries: BTreeMap::new(),
            rounds: BTreeMap::new(),
            offers: BTreeMap::new(),
            events: vec![opened],
        };
        self.tables().schedules.insert(head.id, kept);
    }

    /// From here on whoever held the lease can commit nothing more.
    pub async fn take_lease(&self) -> Epoch {
        let _row = self.row.lock().await;
        self.finish_late(1.0);
        let mut tables = self.tables();
        tables.lease += 1;
        tables.lease
    }

    pub fn lease(&self) -> Epoch {
        self.tables().lease
    }

    /// What was still on its way when the machine stopped either was done or never is.
    pub fn machine_stopped(&self) {
        self.finish_late(0.5);
    }

    fn finish_late(&self, share: f64) {
        let late = self.tables().late.take();
        if let Some(batches) = late
            && self.dice.chance(share)
        {
            self.apply(batches);
        }
    }

    fn apply(&self, batches: Vec<Written>) {
        let mut tables = self.tables();
        let lease = tables.lease;
        for b in batches {
            self.auditor.lock().expect("an auditor does not panic").committed(&b, lease);
            tables.apply(b);
        }
    }

    pub fn last_booking_no(&self) -> Option<BookingNo> {
        self.tables().bookings.values().map(|(_, b)| b.no).max()
    }

    /// The greatest id that is kept.
    pub fn last_id(&self) -> u128 {
        let tables = self.tables();
        let kept = tables.schedules.values().flat_map(|s| {
            let holds = s.holds.keys().map(|id| id.as_u128());
            let entries = s.entries.keys().map(|id| id.as_u128());
            let rounds = s.rounds.keys().map(|id| id.as_u128());
            holds.chain(entries).chain(rounds).chain(s.offers.keys().map(|id| id.as_u128()))
        });
        kept.chain(tables.bookings.keys().map(|id| id.as_u128())).max().unwrap_or(0)
    }

    pub fn schedules(&self) -> Vec<ScheduleId> {
        self.tables().schedules.keys().copied().collect()
    }

    /// What rows make of a schedule, and what its events make of it.
    pub fn both_ways(&self, id: ScheduleId) -> (Schedule, Schedule) {
        let tables = self.tables();
        let kept = &tables.schedules[&id];
        let mut replayed: Option<Schedule> = None;
        for event in &kept.events {
            match (&mut replayed, event) {
                (slot, Event::Opened(opened)) => *slot = Some(Schedule::opened(opened)),
                (Some(s), event) => s.apply(event, &mut Changes::default()),
                (None, _) => {}
            }
        }
        let mut replayed = replayed.expect("the first event opens");
        replayed.version = kept.version;
        (tables.assemble(id).expect("a kept schedule"), replayed)
    }

    async fn pause(&self) {
        let usual = Duration::from_micros(self.dice.range(0..1_500));
        let slow = self.dice.chance(self.weather().slow);
        pass(if slow { Duration::from_millis(self.dice.range(50..3_000)) } else { usual }).await;
    }

    /// A read over the network, which may fail.
    async fn read<T>(&self, read: impl FnOnce(&Tables) -> T) -> Result<T, Fault> {
        self.pause().await;
        if self.dice.chance(self.weather().reads_fail) {
            return Err(Fault::new("the read got no answer"));
        }
        let found = read(&self.tables());
        self.pause().await;
        Ok(found)
    }

    /// What was answered under a key, as a handler looks it up before it asks.
    pub async fn recall(&self, key: &RequestKey) -> Result<Option<Keyed>, Fault> {
        let slot = (key.account.to_string(), key.key.to_string());
        self.read(|t| t.receipts.get(&slot).map(|r| r.clone().judge(key))).await
    }
}

impl Tables {
    fn apply(&mut self, b: Written) {
        if let Some(receipt) = b.receipt {
            self.receipts.insert((receipt.account.clone(), receipt.key.clone()), receipt);
        }
        if b.events.is_empty() {
            return;
        }
        let Some(kept) = self.schedules.get_mut(&b.schedule) else { return };
        kept.version = b.expected + 1;
        (kept.head, kept.stamped_at, kept.next_due) = (b.head, b.at, b.next_due);
        kept.events.extend(b.events);
        let Changes { head: _, bookings, holds, entries, rounds, offers } = b.changes;
        for row in bookings {
            self.bookings.insert(row.booking.id, (b.schedule, row.booking));
        }
        kept.holds.extend(holds.into_iter().map(|row| (row.hold.id, row)));
        kept.entries.extend(entries.into_iter().map(|row| (row.entry.id, row)));
        kept.rounds.extend(rounds.into_iter().map(|row| (row.round.id, row)));
        kept.offers.extend(offers.into_iter().map(|row| (row.offer.id, row)));
    }

    /// The same choice of rows as the statements of `store::recover`.
    fn assemble(&self, id: ScheduleId) -> Option<Schedule> {
        let kept = self.schedules.get(&id)?;
        let mine = self.bookings.values().filter(|(schedule, _)| *schedule == id).map(|(_, b)| b.clone());
        let bookings = mine.filter(|b| !matches!(b.state, BookingState::Cancelled { .. })).collect();
        let forgiven = |h: &HoldRow| {
            let mut later = self.bookings.range(BookingId::from_u128(h.hold.id.as_u128())..);
            later.any(|(_, (schedule, b))| *schedule == id && b.student == h.hold.student)
        };
        let recent =
            |h: &&HoldRow| h.ended.is_none() || (h.hold.created_at > kept.stamped_at - HOLD_WINDOW && !forgiven(h));
        let mut holds: Vec<_> = kept.holds.values().filter(recent).collect();
        holds.sort_by_key(|h| (h.hold.created_at, h.hold.id));
        let mut queue: Vec<_> = kept.entries.values().filter(|e| e.ended.is_none()).map(|e| e.entry.clone()).collect();
        queue.sort_by_key(|e| e.seq);
        let mut offers: Vec<_> = kept.offers.values().collect();
        offers.sort_by_key(|o| std::cmp::Reverse((o.ended.map_or(o.offer.sent_at, |(at, _)| at), o.offer.id)));
        let rows = Rows {
            head: kept.head.clone(),
            version: kept.version,
            stamped_at: kept.stamped_at,
            bookings,
            holds: holds.into_iter().map(|h| (h.hold.clone(), h.ended.map(|(_, end)| end))).collect(),
            queue,
            next_seq: kept.entries.values().map(|e| e.entry.seq).max().unwrap_or(0) + 1,
            rounds: kept.rounds.values().filter(|r| r.ended.is_none()).map(|r| r.round.clone()).collect(),
            offers: offers
                .into_iter()
                .take(ENDED_OFFERS_MAX)
                .map(|o| (o.round, o.offer, o.ended.map(|(_, end)| end)))
                .collect(),
        };
        Some(rows.assemble())
    }
}

/// Makes the writer's connections.
pub struct Link(pub Arc<Disk>);

impl Connect for Link {
    type Session = Line;

    async fn connect(&mut self) -> Result<Line, Fault> {
        self.0.pause().await;
        if self.0.tables().late.is_some() {
            // A cut line takes its time, to connect again as to end what was on it.
            pass(Duration::from_millis(self.0.dice.range(20..800))).await;
        }
        if self.0.dice.chance(self.0.weather().lost * 5.0) {
            return Err(Fault::new("the database does not answer"));
        }
        let _row = self.0.row.lock().await;
        self.0.finish_late(1.0);
        Ok(Line { disk: self.0.clone(), row: None, pending: Vec::new() })
    }
}

/// One connection.
pub struct Line {
    disk: Arc<Disk>,
    row: Option<tokio::sync::OwnedMutexGuard<()>>,
    pending: Vec<Written>,
}

impl Line {
    async fn step(&self, name: &str) -> Result<(), TransactionError> {
        self.disk.pause().await;
        let weather = self.disk.weather();
        if self.disk.dice.chance(weather.lost) {
            return Err(TransactionError::Lost(Fault::new(format!("connection lost at {name}"))));
        }
        if self.disk.dice.chance(weather.refused) {
            return Err(TransactionError::Statement(Fault::new(format!("{name} was refused"))));
        }
        Ok(())
    }
}

impl Session for Line {
    async fn begin(&mut self, batches: &[Batch]) -> Result<Begun, TransactionError> {
        self.row = Some(self.disk.row.clone().lock_owned().await);
        self.disk.finish_late(1.0);
        self.step("begin").await?;
        let tables = self.disk.tables();
        let version = |b: &Batch| Some((b.schedule, tables.schedules.get(&b.schedule)?.version));
        Ok(Begun { lease: Some(tables.lease), versions: batches.iter().filter_map(version).collect() })
    }

    async fn receipts(&mut self, keys: &[&RequestKey]) -> Result<Vec<Receipt>, TransactionError> {
        self.step("receipts").await?;
        let tables = self.disk.tables();
        let slot = |k: &&RequestKey| (k.account.to_string(), k.key.to_string());
        Ok(keys.iter().filter_map(|k| tables.receipts.get(&slot(k)).cloned()).collect())
    }

    async fn write(&mut self, batches: &[&Batch], epoch: Epoch) -> Result<(), TransactionError> {
        self.step("write").await?;
        self.pending = batches.iter().map(|b| Written::of(b, epoch)).collect();
        Ok(())
    }

    async fn run(&mut self, _: Work) -> Result<Done, StoreError> {
        Err(StoreError::Unavailable(Fault::new("ordinary writes are not simulated")))
    }

    async fn commit(&mut self) -> Result<(), TransactionError> {
        let batches = std::mem::take(&mut self.pending);
        if let Err(error) = self.step("commit").await {
            self.row = None;
            return Err(match error {
                TransactionError::Lost(fault) => TransactionError::CommitLost(fault),
                error => error,
            });
        }
        let lost = || TransactionError::CommitLost(Fault::new("no reply to the commit"));
        if self.disk.dice.chance(self.disk.weather().reply_lost) {
            match self.disk.dice.range(0..4) {
                0 => self.disk.apply(batches),
                1..3 => self.disk.tables().late = Some(batches),
                _ => {}
            }
            self.row = None;
            return Err(lost());
        }
        self.disk.apply(batches);
        self.row = None;
        // Between the commit and its reply a process may die.
        self.disk.pause().await;
        Ok(())
    }

    async fn roll_back(&mut self, error: TransactionError) -> TransactionError {
        self.pending.clear();
        self.row = None;
        error
    }

    async fn checkpoint(&mut self) {}

    async fn close(self) {}
}

/// The engine's journal: the product's writer on the simulated disk.
pub struct SimJournal {
    pub disk: Arc<Disk>,
    pub writer: Writer,
}

impl Journal for SimJournal {
    fn append(&self, batch: Batch) -> Result<(), Box<Batch>> {
        self.writer.append(batch)
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), Fault>> {
        let writer = self.writer.clone();
        Box::pin(async move { writer.flush().await })
    }

    fn load(&self, id: ScheduleId) -> BoxFuture<'static, Result<Option<Schedule>, Fault>> {
        let (disk, writer) = (self.disk.clone(), self.writer.clone());
        Box::pin(async move {
            writer.wait_out_doubt().await?;
            disk.read(|t| t.assemble(id)).await
        })
    }

    fn due(&self, until: Timestamp, limit: u32) -> BoxFuture<'static, Result<Vec<(ScheduleId, Timestamp)>, Fault>> {
        let disk = self.disk.clone();
        Box::pin(async move {
            let mut due: Vec<_> = disk
                .read(|t| t.schedules.iter().filter_map(|(id, s)| Some((*id, s.next_due?))).collect::<Vec<_>>())
                .await?;
            due.retain(|(_, at)| *at < until);
            due.sort_by_key(|(id, at)| (*at, *id));
            due.truncate(limit as usize);
            Ok(due)
        })
    }

    fn commitments(
        &self,
        students: Vec<StudentId>,
        after: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<(StudentId, Commitment)>, Fault>> {
        let (disk, writer) = (self.disk.clone(), self.writer.clone());
        Box::pin(async move {
            writer.wait_out_doubt().await?;
            disk.read(|t| {
                let mut found = Vec::new();
                for (schedule, b) in t.bookings.values().filter(|(_, b)| b.is_active() && students.contains(&b.student))
                {
                    let head = &t.schedules[schedule].head;
                    if head.ends_at > after {
                        found.push((b.student, (*schedule, head.starts_at, head.ends_at)));
                    }
                }
                found
            })
            .await
        })
    }

    fn queue_len(&self) -> usize {
        self.writer.queue_len()
    }
}
