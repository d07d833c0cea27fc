//! Outbox rows to deliveries: in order, at least once, and never in the way of bookings.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};
use tokio::{
    sync::{Mutex, MutexGuard, Notify},
    task::JoinHandle,
};

use super::{
    Channels, Delivery, Kind,
    address::{About, AddressBook, Source, distinct, exec_list, live_offers},
    pause,
};
use crate::{
    args,
    base::{
        ids::{BookingId, EntryId, OfferId, OutboxId, ScheduleId},
        metrics,
        time::{Clock, MINUTE, Millis, SECOND, Timestamp, Zone},
    },
    domain::schedule::{
        effects::{Notice, Recipient, What},
        state::{SkipReason, Stage},
    },
    store::{
        Store, StoreError,
        sql::{self, Conn, Row},
    },
};

/// Rows taken up at once.
const ROWS_PER_STEP: usize = 64;
/// Deliveries in one write; a schedule with a long queue makes several of them.
const DELIVERIES_PER_WRITE: usize = 256;
/// Looked again at least this often, should a bell be missed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// After the bell: what is told within this goes in one write.
const GATHER: Duration = Duration::from_millis(15);
/// Writes in the queue beyond which the relay lets bookings go first …
const BUSY_QUEUE: usize = 64;
/// … but no longer than this before each write, so that messages arrive within seconds.
const GIVE_WAY: Duration = Duration::from_millis(200);
const COUNT_EVERY: Duration = Duration::from_secs(5);
/// Tries of a row before it is given up; its error stays in the row.
const TRIES_MAX: i64 = 5;
const BACKOFF: Millis = SECOND;

/// The one relay of a server. Cheap to clone.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    bell: Arc<Notify>,
    channels: Channels,
    /// One step at a time: otherwise drained would not mean delivered.
    turn: Mutex<()>,
}

/// In a rush the relay rests this many times as long as it worked: messages may come a little
/// later, bookings must not.
const REST: u32 = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    Gentle,
    Full,
}

/// A row of the outbox.
struct Pending {
    id: OutboxId,
    schedule: ScheduleId,
    at: Timestamp,
    notices: Vec<Notice>,
}

impl Relay {
    /// `bell` is rung after each commit that leaves something in the outbox.
    pub fn new(store: Store, clock: Clock, bell: Arc<Notify>, channels: Channels) -> Self {
        Self(Arc::new(Inner { store, clock, bell, channels, turn: Mutex::new(()) }))
    }

    /// Relays until it is aborted; that is safe at any point.
    pub fn spawn(&self) -> JoinHandle<()> {
        // What an earlier server left is not to wait for the first look.
        self.0.bell.notify_one();
        tokio::spawn(self.clone().run())
    }

    async fn run(self) {
        let mut count = tokio::time::interval(COUNT_EVERY);
        loop {
            tokio::select! {
                _ = tokio::time::timeout(LOOK_EVERY, self.0.bell.notified()) => {
                    pause(GATHER).await;
                    if let Err(error) = self.relay(Pace::Gentle).await {
                        tracing::warn!(%error, "the relay waits for the database");
                    }
                }
                _ = count.tick() => {
                    if let Err(error) = self.count().await {
                        tracing::debug!(%error, "counting the outbox");
                    }
                }
            }
        }
    }

    /// Nothing is relayed while this is held: who is written to is read before it is written.
    pub async fn hold(&self) -> MutexGuard<'_, ()> {
        self.0.turn.lock().await
    }

    /// Relays everything that is due by now, as fast as it goes; the number of rows.
    pub async fn drain(&self) -> Result<usize, StoreError> {
        self.relay(Pace::Full).await
    }

    async fn relay(&self, pace: Pace) -> Result<usize, StoreError> {
        let _turn = self.0.turn.lock().await;
        let mut relayed = 0;
        loop {
            let began = Instant::now();
            let rows = self.due().await?;
            if rows.is_empty() {
                return Ok(relayed);
            }
            relayed += rows.len();
            let (mut good, mut bad) = (Vec::with_capacity(rows.len()), Vec::new());
            for row in &rows {
                match Pending::read(row) {
                    Ok(pending) => good.push(pending),
                    Err(error) => bad.push((row.parse("id")?, error)),
                }
            }
            for (id, error) in bad {
                self.failed(id, &error).await?;
            }
            self.deliver_or_part(&good).await?;
            if pace == Pace::Gentle && rows.len() == ROWS_PER_STEP {
                pause((began.elapsed() * REST).min(GIVE_WAY)).await;
            }
        }
    }

    async fn due(&self) -> Result<Vec<Row>, StoreError> {
        let sql = "select id, schedule_id, notices, created_at from outbox \
            where relayed_at is null and next_at <= $1 order by next_at, id limit $2";
        Ok(self.0.store.reader().all(sql, args![self.0.clock.now(), ROWS_PER_STEP as i64]).await?)
    }

    /// One bad row must not hold up the others: what cannot go together goes one by one.
    async fn deliver_or_part(&self, rows: &[Pending]) -> Result<(), StoreError> {
        match self.deliver(rows).await {
            Ok(()) => Ok(()),
            Err(error) if rows.len() <= 1 => {
                for row in rows {
                    // Not even this can be written while the database is away; then the row is as it was.
                    self.failed(row.id, &error).await?;
                }
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, rows = rows.len(), "relaying row by row");
                for row in rows {
                    Box::pin(self.deliver_or_part(std::slice::from_ref(row))).await?;
                }
                Ok(())
            }
        }
    }

    async fn deliver(&self, rows: &[Pending]) -> Result<(), StoreError> {
        let book = self.addresses(rows).await?;
        // Where each row's deliveries end.
        let mut deliveries = Vec::new();
        let mut ends = Vec::with_capacity(rows.len());
        for row in rows {
            row.deliveries(&book, &mut deliveries);
            ends.push((row.id, deliveries.len()));
        }
        let mut written = 0;
        let mut rest = ends.as_slice();
        while !rest.is_empty() {
            let until = deliveries.len().min(written + DELIVERIES_PER_WRITE);
            let complete = rest.partition_point(|(_, end)| *end <= until);
            let relayed = rest[..complete].iter().map(|(id, _)| *id).collect();
            rest = &rest[complete..];
            self.give_way().await;
            self.write(deliveries[written..until].to_vec(), relayed).await?;
            written = until;
        }
        Ok(())
    }

    async fn addresses(&self, rows: &[Pending]) -> Result<AddressBook, StoreError> {
        let notices = || rows.iter().flat_map(|row| &row.notices);
        let schedules = distinct(rows.iter().map(|row| row.schedule));
        let to = notices().filter_map(|n| match n.to {
            Recipient::Student(student) => Some(student),
            Recipient::Teacher(_) => None,
        });
        let students = distinct(to.chain(notices().filter_map(|n| booked_student(&n.what))));
        let teachers = distinct(notices().filter_map(|n| match n.to {
            Recipient::Teacher(teacher) => Some(teacher),
            Recipient::Student(_) => None,
        }));
        AddressBook::load(&mut Source::Reader(self.0.store.reader()), &schedules, &students, &teachers).await
    }

    /// Deliveries and the marks of the rows that are done with them, in one transaction.
    async fn write(&self, deliveries: Vec<Delivery>, relayed: Vec<OutboxId>) -> Result<(), StoreError> {
        let channels = self.0.channels.clone();
        let now = self.0.clock.now();
        let work = self.0.store.write(move |tx| {
            Box::pin(async move {
                let deliveries = still_of_use(tx, deliveries).await?;
                channels.send(tx, &deliveries).await?;
                let marks: Vec<_> = relayed.iter().map(|id| args![*id, now]).collect();
                exec_list(tx, &[sql::Kind::Text, sql::Kind::Int], marks, |source| {
                    format!(
                        "update outbox set relayed_at = v.column2, attempts = attempts + 1, error = null \
                         from {source} where outbox.id = v.column1"
                    )
                })
                .await
            })
        });
        work.await?;
        self.0.channels.committed();
        Ok(())
    }

    async fn failed(&self, id: OutboxId, error: &StoreError) -> Result<(), StoreError> {
        tracing::warn!(%id, %error, "an outbox row could not be relayed");
        let now = self.0.clock.now();
        let error: String = error.to_string().chars().take(500).collect();
        self.0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let row = tx.one("select attempts from outbox where id = $1", args![id]).await?;
                    let tries = row.map(|r| r.int("attempts")).transpose()?.unwrap_or_default() + 1;
                    let given_up = (tries >= TRIES_MAX).then_some(now);
                    let sql =
                        "update outbox set attempts = $2, next_at = $3, relayed_at = $4, error = $5 where id = $1";
                    tx.exec(sql, args![id, tries, now + backoff(tries), given_up, error]).await?;
                    if given_up.is_some() {
                        tracing::error!(%id, "an outbox row is given up");
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Bookings go first when the disk is what everybody waits for.
    async fn give_way(&self) {
        let step = GIVE_WAY / 20;
        for _ in 0..20 {
            if self.0.store.writer().queue_len() <= BUSY_QUEUE {
                return;
            }
            pause(step).await;
        }
    }

    async fn count(&self) -> Result<(), StoreError> {
        let reader = self.0.store.reader();
        let row = reader.one("select count(*) as n from outbox where relayed_at is null", vec![]).await?;
        metrics::OUTBOX_PENDING.set(row.map(|r| r.int("n")).transpose()?.unwrap_or_default());
        let sql = "select created_at from outbox where relayed_at is null order by next_at limit 1";
        let oldest = reader.one(sql, vec![]).await?.map(|r| r.at("created_at")).transpose()?;
        let age = oldest.map_or(0, |at| (self.0.clock.now() - at).max(0) / SECOND);
        metrics::OUTBOX_AGE_SECONDS.set(age);
        Ok(())
    }
}

/// 1 s, 4 s, 16 s, 64 s … and no more than ten minutes.
fn backoff(tries: i64) -> Millis {
    let factor = 1 << (2 * (tries - 1).clamp(0, 10));
    (BACKOFF * factor).min(10 * MINUTE)
}

/// An offer that has ended meanwhile is not announced: the news of its end is on its way.
async fn still_of_use(tx: &mut Conn, deliveries: Vec<Delivery>) -> Result<Vec<Delivery>, StoreError> {
    let offers: Vec<OfferId> = distinct(deliveries.iter().filter_map(|d| d.offer));
    if offers.is_empty() {
        return Ok(deliveries);
    }
    let live = live_offers(tx, &offers).await?;
    Ok(deliveries.into_iter().filter(|d| d.offer.is_none_or(|offer| live.contains(&offer))).collect())
}

impl Pending {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let notices = serde_json::from_str(row.text("notices")?).map_err(|e| row.bad("notices", e))?;
        Ok(Self { id: row.parse("id")?, schedule: row.parse("schedule_id")?, at: row.at("created_at")?, notices })
    }

    fn deliveries(&self, book: &AddressBook, deliveries: &mut Vec<Delivery>) {
        let Some(about) = book.about.get(&self.schedule) else {
            tracing::warn!(schedule = %self.schedule, "notices of a schedule that is not there");
            return;
        };
        for (index, notice) in self.notices.iter().enumerate() {
            let accounts = book.accounts_of(notice.to);
            if accounts.is_empty() {
                continue;
            }
            let data = self.data(notice, about, book).to_string();
            deliveries.extend(accounts.iter().map(|account| Delivery {
                key: format!("{}:{index}:{account}", self.id),
                account: *account,
                kind: Kind::of(&notice.what),
                data: data.clone(),
                at: self.at,
                schedule: self.schedule,
                starts_at: about.starts_at,
                offer: announced_offer(&notice.what),
                booking: told_booking(&notice.what),
            }));
        }
    }

    /// What the message keeps: ids and instants as they are told over HTTP, and what else happened
    /// in the same turn.
    fn data(&self, notice: &Notice, about: &About, book: &AddressBook) -> Value {
        let mut data = about.data();
        let student = booked_student(&notice.what).or(match notice.to {
            Recipient::Student(student) => Some(student),
            Recipient::Teacher(_) => None,
        });
        if let Some(student) = student {
            book.name_student(&mut data, student);
        }
        if matches!(notice.to, Recipient::Teacher(_)) {
            data.insert("to".into(), json!("teacher"));
        }
        data.extend(particulars(&notice.what, about.zone));
        match notice.what {
            What::OfferReminder { .. } => {
                data.insert("sent_at".into(), json!(about.zone.rfc3339(self.at)));
            }
            What::OfferLost { waitlist_id, .. } => {
                data.insert("waiting".into(), json!(!self.closes(waitlist_id)));
            }
            What::OfferLapsed { waitlist_id, stage, .. } => {
                data.insert("waiting".into(), json!(stage == Stage::Race && !self.closes(waitlist_id)));
                data.insert("seat".into(), json!(heir(&self.notices, waitlist_id)));
            }
            What::OfferSkipped { waitlist_id, reason: SkipReason::TimeConflict | SkipReason::NoHours } => {
                data.insert("seat".into(), json!(heir(&self.notices, waitlist_id)));
            }
            // Others race for the seat; whoever was given a turn meanwhile has another one.
            What::OfferSkipped { reason: SkipReason::Unreachable, .. } => {}
            What::WaitlistClosed { .. } => {
                data.insert("revoked".into(), json!(book.is_revoked(self.schedule)));
            }
            What::ScheduleChanged { .. } => book.name_teacher(&mut data, self.schedule),
            What::BookingPending { .. }
            | What::BookingConfirmed { .. }
            | What::BookingCancelled { .. }
            | What::BookingAttended { .. }
            | What::SeatOffered { .. }
            | What::OfferWithdrawn { .. } => {}
        }
        Value::Object(data)
    }

    /// Whether this place in line ended in the same turn.
    fn closes(&self, entry: EntryId) -> bool {
        self.notices.iter().any(|n| matches!(n.what, What::WaitlistClosed { waitlist_id } if waitlist_id == entry))
    }
}

/// Where a seat went that somebody did not take: unknown when nobody in line was given it.
fn heir(notices: &[Notice], passed_by: EntryId) -> Option<&'static str> {
    let mut heirs = notices.iter().filter_map(|n| {
        let What::SeatOffered { waitlist_id, stage: Stage::Turn, .. } = n.what else { return None };
        Some(waitlist_id)
    });
    let first = heirs.next()?;
    Some(if first == passed_by || heirs.any(|h| h == passed_by) { "yours" } else { "next" })
}

fn booked_student(what: &What) -> Option<crate::base::ids::StudentId> {
    match what {
        What::BookingPending { student_id, .. }
        | What::BookingConfirmed { student_id, .. }
        | What::BookingCancelled { student_id, .. }
        | What::BookingAttended { student_id, .. } => Some(*student_id),
        What::SeatOffered { .. }
        | What::OfferReminder { .. }
        | What::OfferLost { .. }
        | What::OfferLapsed { .. }
        | What::OfferWithdrawn { .. }
        | What::OfferSkipped { .. }
        | What::WaitlistClosed { .. }
        | What::ScheduleChanged { .. } => None,
    }
}

fn told_booking(what: &What) -> Option<BookingId> {
    match what {
        What::BookingPending { booking_id, .. }
        | What::BookingConfirmed { booking_id, .. }
        | What::BookingCancelled { booking_id, .. }
        | What::BookingAttended { booking_id, .. } => Some(*booking_id),
        What::SeatOffered { .. }
        | What::OfferReminder { .. }
        | What::OfferLost { .. }
        | What::OfferLapsed { .. }
        | What::OfferWithdrawn { .. }
        | What::OfferSkipped { .. }
        | What::WaitlistClosed { .. }
        | What::ScheduleChanged { .. } => None,
    }
}

fn announced_offer(what: &What) -> Option<OfferId> {
    match what {
        What::SeatOffered { offer_id, .. } | What::OfferReminder { offer_id, .. } => Some(*offer_id),
        What::BookingPending { .. }
        | What::BookingConfirmed { .. }
        | What::BookingCancelled { .. }
        | What::BookingAttended { .. }
        | What::OfferLost { .. }
        | What::OfferLapsed { .. }
        | What::OfferWithdrawn { .. }
        | What::OfferSkipped { .. }
        | What::WaitlistClosed { .. }
        | What::ScheduleChanged { .. } => None,
    }
}

fn particulars(what: &What, zone: Zone) -> Map<String, Value> {
    let told = |t: &Timestamp| zone.rfc3339(*t);
    let particulars = match what {
        What::BookingPending { booking_id, booking_no, student_id: _, pay_deadline } => {
            json!({"booking_id": booking_id, "booking_no": booking_no, "pay_deadline": pay_deadline.as_ref().map(told)})
        }
        What::BookingConfirmed { booking_id, booking_no, student_id: _ } => {
            json!({"booking_id": booking_id, "booking_no": booking_no})
        }
        What::BookingCancelled { booking_id, booking_no, student_id: _, cancelled_by, reason, refunded } => json!({
            "booking_id": booking_id, "booking_no": booking_no, "cancelled_by": cancelled_by, "reason": reason,
            "refunded": refunded,
        }),
        What::BookingAttended { booking_id, booking_no, student_id: _, present } => {
            json!({"booking_id": booking_id, "booking_no": booking_no, "present": present})
        }
        What::SeatOffered { waitlist_id, offer_id, stage, sent_at, deadline } => json!({
            "waitlist_id": waitlist_id, "offer_id": offer_id, "stage": stage, "sent_at": told(sent_at),
            "deadline": told(deadline),
        }),
        What::OfferReminder { waitlist_id, offer_id, stage, deadline } => json!({
            "waitlist_id": waitlist_id, "offer_id": offer_id, "stage": stage, "deadline": told(deadline),
        }),
        What::OfferLost { waitlist_id, offer_id } | What::OfferWithdrawn { waitlist_id, offer_id } => {
            json!({"waitlist_id": waitlist_id, "offer_id": offer_id})
        }
        What::OfferLapsed { waitlist_id, offer_id, stage } => {
            json!({"waitlist_id": waitlist_id, "offer_id": offer_id, "stage": stage})
        }
        What::OfferSkipped { waitlist_id, reason } => json!({"waitlist_id": waitlist_id, "reason": reason}),
        What::WaitlistClosed { waitlist_id } => json!({"waitlist_id": waitlist_id}),
        // As it was told then, even if it has changed again since.
        What::ScheduleChanged { starts_at, ends_at } => {
            json!({"starts_at": told(starts_at), "ends_at": told(ends_at)})
        }
    };
    match particulars {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}
