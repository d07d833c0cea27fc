//! The one task that writes. It owns its connection, drains whatever is queued into one
//! transaction and tells each owner what became of its batches, in order, after the commit.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::{
    judge::{Outcomes, check_lease, judge},
    session::{Connect, Done, Session, TransactionError, Work},
    sql::{BadColumn, Conn},
};
use crate::{
    base::{
        guard::{Guard, stands},
        ids::{Epoch, ScheduleId},
        limits::{GROUP_BATCHES_MAX, JOURNAL_QUEUE_MAX},
        metrics,
    },
    engine::journal::{AppendError, Batch, Fault, Settled},
};

/// Why a write did not happen, or might not have.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("the database cannot write now: {0}")]
    Unavailable(Fault),
    #[error("the answer to the commit was lost: {0}")]
    Unknown(Fault),
    #[error("a stored value is not what it should be: {0}")]
    Corrupt(Fault),
}

impl From<sqlx::Error> for StoreError {
    fn from(e: sqlx::Error) -> Self {
        match e {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(Fault::new(e)),
            e => Self::Unavailable(Fault::new(e)),
        }
    }
}

impl From<BadColumn> for StoreError {
    fn from(e: BadColumn) -> Self {
        Self::Corrupt(Fault::new(e))
    }
}

struct Task {
    work: Work,
    reply: oneshot::Sender<Result<Done, StoreError>>,
}

enum Job {
    Batch(Box<Batch>),
    Task(Task),
    Flush(oneshot::Sender<Result<(), Fault>>),
    /// SQLite: what is left of the log into the database, while nobody writes.
    Checkpoint(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

/// The way to the writing task. Cheap to clone; the task ends when the last clone is dropped.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    groups: Arc<AtomicU64>,
    fenced: Arc<AtomicBool>,
    in_doubt: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the task, which writes under this epoch's lease and ends with [`close`](Self::close).
    pub fn start(link: impl Connect, epoch: Epoch) -> Self {
        let (jobs, queue) = mpsc::channel(JOURNAL_QUEUE_MAX);
        let groups = Arc::new(AtomicU64::new(0));
        let fenced = Arc::new(AtomicBool::new(false));
        let in_doubt = Arc::new(AtomicBool::new(false));
        let state = Writing {
            session: None,
            link,
            epoch,
            groups: groups.clone(),
            fenced: fenced.clone(),
            in_doubt: in_doubt.clone(),
        };
        tokio::spawn(state.run(queue));
        Self { jobs, groups, fenced, in_doubt }
    }

    pub fn append(&self, batch: Batch) -> Result<(), Box<Batch>> {
        self.jobs.try_send(Job::Batch(Box::new(batch))).map_err(|e| match e.into_inner() {
            Job::Batch(batch) => batch,
            Job::Task(_) | Job::Flush(_) | Job::Checkpoint(_) | Job::Close(_) => {
                unreachable!("what was sent is what comes back")
            }
        })
    }

    pub async fn flush(&self) -> Result<(), Fault> {
        let (reply, done) = oneshot::channel();
        let gone = || Fault::new("the writer has stopped");
        self.jobs.send(Job::Flush(reply)).await.map_err(|_| gone())?;
        done.await.map_err(|_| gone())?
    }

    /// Rows that are read after this are not changed any more by a commit whose answer was lost.
    pub async fn wait_out_doubt(&self) -> Result<(), Fault> {
        let wait = self.in_doubt.load(Ordering::SeqCst) && stands(Guard::Doubt);
        if wait { self.flush().await } else { Ok(()) }
    }

    /// Another process took the lease: nothing is written any more.
    pub(super) fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::Relaxed)
    }

    /// Transactions so far.
    pub(super) fn groups(&self) -> u64 {
        self.groups.load(Ordering::Relaxed)
    }

    /// Moves the rest of the log between two groups; see `checkpoint`.
    pub(super) async fn checkpoint(&self) {
        let (reply, done) = oneshot::channel();
        if self.jobs.send(Job::Checkpoint(reply)).await.is_ok() {
            // Not done is done at the next look.
            let _ = done.await;
        }
    }

    /// Writes everything that is queued, then takes nothing more.
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.jobs.send(Job::Close(reply)).await.is_ok() {
            // Gone without an answer is closed as well.
            let _ = done.await;
        }
    }

    /// Jobs waiting to be written.
    pub fn queue_len(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        let (reply, done) = oneshot::channel();
        let work: Work = Box::new(move |conn| {
            let result = work(conn);
            Box::pin(async move { Ok(Box::new(result.await?) as Done) })
        });
        self.jobs.try_send(Job::Task(Task { work, reply })).map_err(|e| {
            StoreError::Unavailable(Fault::new(match e {
                mpsc::error::TrySendError::Full(_) => "too much is waiting to be written",
                mpsc::error::TrySendError::Closed(_) => "the server is stopping",
            }))
        })?;
        let done = done.await.map_err(|_| StoreError::Unknown(Fault::new("the writer has stopped")))??;
        Ok(*done.downcast().expect("the work's own type comes back"))
    }
}

struct Writing<C: Connect> {
    /// None while the database is away.
    session: Option<C::Session>,
    link: C,
    epoch: Epoch,
    groups: Arc<AtomicU64>,
    fenced: Arc<AtomicBool>,
    /// A commit may still be on its way: until there is a new connection, which the old one has to end for.
    in_doubt: Arc<AtomicBool>,
}

impl<C: Connect> Writing<C> {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(GROUP_BATCHES_MAX);
        let mut closers = Vec::new();
        while closers.is_empty() && queue.recv_many(&mut jobs, GROUP_BATCHES_MAX).await > 0 {
            let (mut batches, mut tasks) = (Vec::new(), Vec::new());
            let (mut flushes, mut checkpoints) = (Vec::new(), Vec::new());
            for job in jobs.drain(..) {
                match job {
                    Job::Batch(batch) => batches.push(*batch),
                    Job::Task(task) => tasks.push(task),
                    Job::Flush(reply) => flushes.push(reply),
                    Job::Checkpoint(reply) => checkpoints.push(reply),
                    Job::Close(reply) => {
                        queue.close();
                        closers.push(reply);
                    }
                }
            }
            if !batches.is_empty() || !tasks.is_empty() {
                self.group(batches, tasks).await;
            }
            let certain = if flushes.is_empty() { Ok(()) } else { self.resolve_doubt().await };
            for reply in flushes {
                // A flusher that went away needs no answer.
                let _ = reply.send(certain.clone());
            }
            for reply in checkpoints {
                self.checkpoint().await;
                let _ = reply.send(());
            }
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
        for reply in closers {
            let _ = reply.send(());
        }
    }

    async fn checkpoint(&mut self) {
        if let Some(session) = &mut self.session {
            session.checkpoint().await;
        }
    }

    async fn resolve_doubt(&mut self) -> Result<(), Fault> {
        if self.in_doubt.load(Ordering::SeqCst) { self.connect().await } else { Ok(()) }
    }

    async fn group(&mut self, batches: Vec<Batch>, tasks: Vec<Task>) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        metrics::GROUP_BATCHES.observe((batches.len() + tasks.len()) as f64);
        let timer = metrics::COMMIT_SECONDS.start_timer();
        match self.transaction(&batches, tasks).await {
            Ok(outcomes) => settle(batches, outcomes),
            Err((TransactionError::Statement(fault), tasks)) if batches.len() > 1 => {
                // One bad batch must not take the others with it.
                tracing::warn!(%fault, batches = batches.len(), "a group failed; writing its batches one by one");
                for batch in batches {
                    let single = [batch];
                    let outcome = match self.transaction(&single, Vec::new()).await {
                        Ok(outcomes) => outcomes,
                        Err((error, _)) => self.failed(error, 1).await,
                    };
                    settle(single.into(), outcome);
                }
                if !tasks.is_empty()
                    && let Err((error, tasks)) = self.transaction(&[], tasks).await
                {
                    self.fail_tasks(error, tasks).await;
                }
            }
            Err((error, tasks)) => {
                let outcomes = self.failed(error, batches.len()).await;
                let fault = outcomes.first().and_then(|o| o.as_ref().err()).map(fault_of);
                settle(batches, outcomes);
                let fault = fault.unwrap_or_else(|| Fault::new("the database cannot write now"));
                refuse_tasks(tasks, &StoreError::Unavailable(fault));
            }
        }
        timer.observe_duration();
    }

    /// Writes all of it in one transaction, or nothing. On failure the tasks that have not run come
    /// back; those that ran have been answered.
    async fn transaction(
        &mut self,
        batches: &[Batch],
        tasks: Vec<Task>,
    ) -> Result<Outcomes, (TransactionError, Vec<Task>)> {
        if let Err(fault) = self.connect().await {
            return Err((TransactionError::Lost(fault), tasks));
        }
        let session = self.session.as_mut().expect("was just made");
        let outcomes = match write_batches(session, batches, self.epoch).await {
            Ok(outcomes) => outcomes,
            Err(error) => return Err((session.roll_back(error).await, tasks)),
        };
        let mut done = Vec::with_capacity(tasks.len());
        for Task { work, reply } in tasks {
            done.push((reply, session.run(work).await));
        }
        match session.commit().await {
            Ok(()) => {
                for (reply, result) in done {
                    // The asker may have gone away; what was written stays written.
                    let _ = reply.send(result);
                }
                Ok(outcomes)
            }
            Err(error) => {
                let answer = match &error {
                    TransactionError::CommitLost(fault) => StoreError::Unknown(fault.clone()),
                    TransactionError::Statement(fault) | TransactionError::Lost(fault) => {
                        StoreError::Unavailable(fault.clone())
                    }
                    TransactionError::Fenced => StoreError::Unavailable(Fault::new("another process took over")),
                };
                for (reply, _) in done {
                    let _ = reply.send(Err(answer.clone()));
                }
                Err((error, Vec::new()))
            }
        }
    }

    /// What a failed transaction means for each of its batches.
    async fn failed(&mut self, error: TransactionError, batches: usize) -> Outcomes {
        let outcome = match error {
            TransactionError::Statement(fault) => {
                tracing::error!(%fault, "a write was refused");
                AppendError::Refused(fault)
            }
            TransactionError::Lost(fault) => {
                tracing::error!(%fault, "the database is away");
                self.drop_connection();
                AppendError::Refused(fault)
            }
            TransactionError::CommitLost(fault) => {
                tracing::error!(%fault, "the answer to a commit was lost");
                self.in_doubt.store(true, Ordering::SeqCst);
                self.drop_connection();
                AppendError::Unknown(fault)
            }
            TransactionError::Fenced => {
                tracing::error!("another process took the lease; this one writes nothing more: stop it");
                self.fenced.store(true, Ordering::Relaxed);
                AppendError::Stale
            }
        };
        vec![Err(outcome); batches]
    }

    async fn fail_tasks(&mut self, error: TransactionError, tasks: Vec<Task>) {
        let outcome = self.failed(error, 1).await;
        let fault = outcome.first().and_then(|o| o.as_ref().err()).map(fault_of);
        refuse_tasks(tasks, &StoreError::Unavailable(fault.unwrap_or_else(|| Fault::new("not written"))));
    }

    /// A new connection is made only once it is settled what the one before has written.
    async fn connect(&mut self) -> Result<(), Fault> {
        if self.session.is_none() {
            self.session = Some(self.link.connect().await?);
            self.in_doubt.store(false, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Closing politely would wait for a server that may be gone.
    fn drop_connection(&mut self) {
        self.session = None;
    }
}

fn fault_of(e: &AppendError) -> Fault {
    match e {
        AppendError::Refused(f) | AppendError::Unknown(f) => f.clone(),
        AppendError::Stale => Fault::new("another process took over"),
        AppendError::Replayed(_) | AppendError::KeyReused => Fault::new("answered before"),
    }
}

fn refuse_tasks(tasks: Vec<Task>, error: &StoreError) {
    for task in tasks {
        let _ = task.reply.send(Err(error.clone()));
    }
}

/// One message for each owner, with its outcomes in the order of its batches.
fn settle(batches: Vec<Batch>, outcomes: Outcomes) {
    let mut order = Vec::new();
    let mut by_schedule: HashMap<ScheduleId, usize> = HashMap::new();
    for (batch, outcome) in batches.into_iter().zip(outcomes) {
        let i = *by_schedule.entry(batch.schedule).or_insert_with(|| {
            order.push((batch.owner.clone(), Vec::new()));
            order.len() - 1
        });
        // An actor that was started anew has another mailbox: its outcomes must not be mixed up.
        if order[i].0 == batch.owner {
            order[i].1.push((batch.seq, outcome));
        } else {
            by_schedule.insert(batch.schedule, order.len());
            order.push((batch.owner.clone(), vec![(batch.seq, outcome)]));
        }
    }
    for (owner, outcomes) in order {
        // `do_send` ignores the mailbox's bound on purpose: an acknowledgement must not be lost,
        // and there are never more of them than batches that passed the bound of the queue.
        owner.do_send(Settled(outcomes));
    }
}

/// Decides each batch against what is committed, then writes those that stand.
async fn write_batches<S: Session>(
    session: &mut S,
    batches: &[Batch],
    epoch: Epoch,
) -> Result<Outcomes, TransactionError> {
    let begun = session.begin(batches).await?;
    check_lease(begun.lease, epoch)?;
    if batches.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = batches.iter().filter_map(|b| b.receipt.as_ref().map(|(k, _)| k)).collect();
    let receipts = session.receipts(&keys).await?;
    let outcomes = judge(begun.versions, receipts, batches);
    let standing: Vec<&Batch> = batches.iter().zip(&outcomes).filter(|(_, o)| o.is_ok()).map(|(b, _)| b).collect();
    session.write(&standing, epoch).await?;
    Ok(outcomes)
}
