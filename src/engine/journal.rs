//! What the engine asks of a store: append batches durably, load a schedule, find what is due.

use std::sync::Arc;

use actix::{Message, Recipient};
use futures_util::future::BoxFuture;

use crate::{
    base::{
        ids::{Epoch, OutboxId, ScheduleId, StudentId, Version},
        keys::{RequestKey, StoredAnswer},
        time::Timestamp,
    },
    domain::schedule::{Changes, Event, Schedule, effects::Effects, state::Head},
};

/// What one turn changed, to be written in one transaction or not at all.
pub struct Batch {
    pub schedule: ScheduleId,
    /// The version that the turn was decided upon. Written only onto exactly this version, also when
    /// the turn changes nothing and only its refusal is kept.
    pub expected: Version,
    pub epoch: Epoch,
    pub at: Timestamp,
    pub events: Vec<Event>,
    pub changes: Changes,
    /// The schedule after the turn; its bookings' rows repeat its times.
    pub head: Head,
    /// Occupied seats after the turn, for the database's own check.
    pub booked: u32,
    pub next_due: Option<Timestamp>,
    /// Whom to tell what; one outbox row.
    pub notices: Option<(OutboxId, Arc<Effects>)>,
    pub receipt: Option<(RequestKey, StoredAnswer)>,
    /// The owner's count of its batches, handed back in [`Settled`].
    pub seq: u64,
    pub owner: Recipient<Settled>,
}

impl Batch {
    /// A refusal under a request key writes its receipt and leaves the schedule's version alone.
    pub fn changes_schedule(&self) -> bool {
        !self.events.is_empty()
    }
}

/// What became of an owner's batches; in the order in which they were appended.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Settled(pub Vec<(u64, Result<(), AppendError>)>);

#[derive(Debug, Clone)]
pub enum AppendError {
    /// The request key was used before, for the same request: this was the answer. Nothing was written.
    Replayed(StoredAnswer),
    /// The request key was used before, for another request. Nothing was written.
    KeyReused,
    /// Someone else wrote the schedule since, or holds the lease now. Nothing was written.
    Stale,
    /// Surely not written.
    Refused(Fault),
    /// The answer to the commit was lost: it may have been written or not.
    Unknown(Fault),
}

/// Something unexpected, with what is known of its cause; shared by all that failed for it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub Arc<str>);

impl Fault {
    pub fn new(cause: impl std::fmt::Display) -> Self {
        Self(cause.to_string().into())
    }
}

/// A student's other commitments: half-open intervals by schedule.
pub type Commitment = (ScheduleId, Timestamp, Timestamp);

/// The durable side of the engine. [`append`](Self::append) must keep the order of one owner's batches.
pub trait Journal: Send + Sync + 'static {
    /// Never blocks. A batch that cannot be queued comes back, so that the owner can refuse it.
    fn append(&self, batch: Batch) -> Result<(), Box<Batch>>;

    /// Resolves when everything appended before it is settled, and nothing of it can still be
    /// written: neither by a commit whose answer was lost.
    fn flush(&self) -> BoxFuture<'static, Result<(), Fault>>;

    /// The committed state; none when there is no such schedule.
    fn load(&self, id: ScheduleId) -> BoxFuture<'static, Result<Option<Schedule>, Fault>>;

    /// Many of them, in whatever order, as far as they are shown: nothing may be decided upon these.
    fn load_shown(&self, ids: Vec<ScheduleId>) -> BoxFuture<'static, Result<Vec<Schedule>, Fault>> {
        let loads: Vec<_> = ids.into_iter().map(|id| self.load(id)).collect();
        Box::pin(async move {
            let mut shown = Vec::with_capacity(loads.len());
            for load in loads {
                shown.extend(load.await?);
            }
            Ok(shown)
        })
    }

    /// Schedules with a stored deadline before `until`, earliest first.
    fn due(&self, until: Timestamp, limit: u32) -> BoxFuture<'static, Result<Vec<(ScheduleId, Timestamp)>, Fault>>;

    /// Active bookings that end after `after`, for each of the students.
    fn commitments(
        &self,
        students: Vec<StudentId>,
        after: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<(StudentId, Commitment)>, Fault>>;

    /// Batches waiting to be written.
    fn queue_len(&self) -> usize;
}
