//! The one task that writes. It owns its connection, drains whatever is queued into one
//! transaction and tells each owner what became of its batches, in order, after the commit.

use std::{
    any::Any,
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::{
    checkpoint,
    open::{Target, lock_alone},
    rows,
    sql::{Arg, BadColumn, Bundle, Conn, Kind, ROWS_MAX, rows_args, rows_source},
};
use crate::{
    args,
    base::{
        ids::{Epoch, ScheduleId, Version},
        keys::{Keyed, RequestKey, StoredAnswer},
        limits::{GROUP_BATCHES_MAX, JOURNAL_QUEUE_MAX},
        metrics,
        time::Timestamp,
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

type Done = Box<dyn Any + Send>;
type Work = Box<dyn for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<Done, StoreError>> + Send>;

struct Task {
    work: Work,
    reply: oneshot::Sender<Result<Done, StoreError>>,
}

enum Job {
    Batch(Box<Batch>),
    Task(Task),
    Flush(oneshot::Sender<()>),
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
}

impl Writer {
    pub(super) fn start(conn: Conn, target: Target, epoch: Epoch, alone: bool) -> Self {
        let (jobs, queue) = mpsc::channel(JOURNAL_QUEUE_MAX);
        let groups = Arc::new(AtomicU64::new(0));
        let fenced = Arc::new(AtomicBool::new(false));
        let (counted, told) = (groups.clone(), fenced.clone());
        let state = Writing { conn: Some(conn), target, epoch, alone, groups: counted, fenced: told };
        tokio::spawn(state.run(queue));
        Self { jobs, groups, fenced }
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
        done.await.map_err(|_| gone())
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
    pub(super) async fn close(&self) {
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

/// PostgreSQL may not have noticed yet that the connection before is gone.
const WAIT_FOR_OLD_SELF: Duration = Duration::from_secs(1);

struct Writing {
    /// None while the database is away.
    conn: Option<Conn>,
    target: Target,
    epoch: Epoch,
    /// Whether a new connection must have the database for itself, like the first.
    alone: bool,
    groups: Arc<AtomicU64>,
    fenced: Arc<AtomicBool>,
}

/// How far a transaction came when it failed.
enum GroupError {
    /// Rolled back, and the connection is still good.
    Statement(Fault),
    /// The connection is gone, and nothing was committed.
    Lost(Fault),
    /// Gone while the commit was on its way.
    CommitLost(Fault),
    /// Another process took the lease.
    Fenced,
}

type Outcomes = Vec<Result<(), AppendError>>;

impl Writing {
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
            for reply in flushes {
                // A flusher that went away needs no answer.
                let _ = reply.send(());
            }
            for reply in checkpoints {
                self.checkpoint().await;
                let _ = reply.send(());
            }
        }
        if let Some(conn) = self.conn.take() {
            conn.close().await;
        }
        for reply in closers {
            let _ = reply.send(());
        }
    }

    async fn checkpoint(&mut self) {
        if let Some(conn) = &mut self.conn
            && let Err(error) = checkpoint::run(conn).await
        {
            tracing::warn!(%error, "the log could not be moved between two commits");
        }
    }

    async fn group(&mut self, batches: Vec<Batch>, tasks: Vec<Task>) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        metrics::GROUP_BATCHES.observe((batches.len() + tasks.len()) as f64);
        let timer = metrics::COMMIT_SECONDS.start_timer();
        match self.transaction(&batches, tasks).await {
            Ok(outcomes) => settle(batches, outcomes),
            Err((GroupError::Statement(fault), tasks)) if batches.len() > 1 => {
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
    async fn transaction(&mut self, batches: &[Batch], tasks: Vec<Task>) -> Result<Outcomes, (GroupError, Vec<Task>)> {
        if let Err(fault) = self.reconnect().await {
            return Err((GroupError::Lost(fault), tasks));
        }
        let Some(conn) = self.conn.as_mut() else {
            return Err((GroupError::Lost(Fault::new("no connection")), tasks));
        };
        let written = write_batches(conn, batches, self.epoch).await;
        let outcomes = match written {
            Ok(outcomes) => outcomes,
            Err(error) => return Err((roll_back(conn, error).await, tasks)),
        };
        let mut done = Vec::with_capacity(tasks.len());
        for Task { work, reply } in tasks {
            done.push((reply, in_savepoint(conn, work).await));
        }
        match commit(conn).await {
            Ok(()) => {
                for (reply, result) in done {
                    // The asker may have gone away; what was written stays written.
                    let _ = reply.send(result);
                }
                Ok(outcomes)
            }
            Err(error) => {
                let answer = match &error {
                    GroupError::CommitLost(fault) => StoreError::Unknown(fault.clone()),
                    GroupError::Statement(fault) | GroupError::Lost(fault) => StoreError::Unavailable(fault.clone()),
                    GroupError::Fenced => StoreError::Unavailable(Fault::new("another process took over")),
                };
                for (reply, _) in done {
                    let _ = reply.send(Err(answer.clone()));
                }
                Err((error, Vec::new()))
            }
        }
    }

    async fn reconnect(&mut self) -> Result<(), Fault> {
        if self.conn.is_none() {
            let mut conn = self.target.connect().await.map_err(Fault::new)?;
            if self.alone && lock_alone(&mut conn, WAIT_FOR_OLD_SELF).await.map_err(Fault::new)?.is_some() {
                return Err(Fault::new("another connection still has the database for itself"));
            }
            tracing::info!("connected to the database again");
            self.conn = Some(conn);
        }
        Ok(())
    }

    /// What a failed transaction means for each of its batches.
    async fn failed(&mut self, error: GroupError, batches: usize) -> Outcomes {
        let outcome = match error {
            GroupError::Statement(fault) => {
                tracing::error!(%fault, "a write was refused");
                AppendError::Refused(fault)
            }
            GroupError::Lost(fault) => {
                tracing::error!(%fault, "the database is away");
                self.drop_connection().await;
                AppendError::Refused(fault)
            }
            GroupError::CommitLost(fault) => {
                tracing::error!(%fault, "the answer to a commit was lost");
                self.drop_connection().await;
                AppendError::Unknown(fault)
            }
            GroupError::Fenced => {
                tracing::error!("another process took the lease; this one writes nothing more: stop it");
                self.fenced.store(true, Ordering::Relaxed);
                AppendError::Stale
            }
        };
        vec![Err(outcome); batches]
    }

    async fn fail_tasks(&mut self, error: GroupError, tasks: Vec<Task>) {
        let outcome = self.failed(error, 1).await;
        let fault = outcome.first().and_then(|o| o.as_ref().err()).map(fault_of);
        refuse_tasks(tasks, &StoreError::Unavailable(fault.unwrap_or_else(|| Fault::new("not written"))));
    }

    async fn drop_connection(&mut self) {
        if let Some(conn) = self.conn.take() {
            // Closing politely would wait for a server that may be gone.
            drop(conn);
        }
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

async fn in_savepoint(conn: &mut Conn, work: Work) -> Result<Done, StoreError> {
    conn.script("savepoint task").await?;
    let result = work(conn).await;
    if result.is_err() {
        conn.script("rollback to savepoint task").await?;
    }
    conn.script("release savepoint task").await?;
    result
}

/// Decides each batch against what is committed, then writes those that stand.
async fn write_batches(conn: &mut Conn, batches: &[Batch], epoch: Epoch) -> Result<Outcomes, GroupError> {
    let versions = begin(conn, batches, epoch).await?;
    if batches.is_empty() {
        return Ok(Vec::new());
    }
    let outcomes = judge(conn, versions, batches).await.map_err(statement_error)?;
    let standing: Vec<&Batch> = batches.iter().zip(&outcomes).filter(|(_, o)| o.is_ok()).map(|(b, _)| b).collect();
    let receipts: Vec<_> = standing.iter().filter_map(|b| b.receipt.as_ref().map(|(k, a)| (k, a, b.at))).collect();
    let mut bundle = Bundle::new(conn);
    rows::write(conn, &mut bundle, &standing, epoch).await.map_err(statement_error)?;
    add_receipts(&mut bundle, &receipts);
    bundle.run(conn).await.map_err(statement_error)?;
    Ok(outcomes)
}

/// Begins the transaction, under our own lease, and reads the versions of the batches' schedules.
/// Everything in one trip: in a rush each of them holds up all who wait for this group.
async fn begin(conn: &mut Conn, batches: &[Batch], epoch: Epoch) -> Result<HashMap<ScheduleId, Version>, GroupError> {
    // The lease is read under a lock that a takeover must wait for; `for key share` would not do.
    let (begin, lock) = match conn {
        Conn::Sqlite(_) => ("begin immediate", ""),
        Conn::Postgres(_) => ("begin", " for share"),
    };
    let mut ids: Vec<ScheduleId> = batches.iter().filter(|b| b.changes_schedule()).map(|b| b.schedule).collect();
    ids.sort_unstable();
    ids.dedup();
    // Ids are letters and digits: nothing in them ends a quotation.
    let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    let sql = format!(
        "{begin}; select '' as id, epoch as version from (select epoch from lease where id = 1{lock}) as held \
         union all select id, version from schedules where id in ({})",
        if ids.is_empty() { "''".to_owned() } else { ids.join(",") }
    );
    let bad = |e: BadColumn| GroupError::Statement(Fault::new(e));
    let (mut held, mut versions) = (None, HashMap::with_capacity(ids.len()));
    for row in conn.ask(&sql).await.map_err(statement_error)? {
        let version = row.version("version").map_err(bad)?;
        match row.text("id").map_err(bad)? {
            "" => held = Some(version),
            _ => drop(versions.insert(row.parse("id").map_err(bad)?, version)),
        }
    }
    match held {
        Some(found) if found == epoch => Ok(versions),
        Some(_) => Err(GroupError::Fenced),
        None => Err(GroupError::Statement(Fault::new("the lease row is missing"))),
    }
}

async fn commit(conn: &mut Conn) -> Result<(), GroupError> {
    let Err(e) = conn.script("commit").await else {
        return Ok(());
    };
    // An error that the database itself reports before it starts to write, such as a lock that
    // was not to be had, leaves the transaction open: it can be rolled back. Anything else may
    // have reached the disk.
    let surely_not = match (&*conn, e.as_database_error()) {
        (Conn::Sqlite(_), Some(d)) => matches!(d.code().as_deref(), Some("5" | "6" | "13")),
        (Conn::Postgres(_), Some(_)) => true,
        (_, None) => false,
    };
    if surely_not {
        Err(roll_back(conn, GroupError::Statement(Fault::new(e))).await)
    } else {
        Err(GroupError::CommitLost(Fault::new(e)))
    }
}

async fn roll_back(conn: &mut Conn, error: GroupError) -> GroupError {
    match (conn.script("rollback").await, error) {
        (Ok(()), error) => error,
        // SQLite rolls back by itself on some errors, such as a full disk; then there is nothing left to do.
        (Err(e), error @ GroupError::Statement(_)) if e.to_string().contains("no transaction is active") => error,
        (Err(e), GroupError::Statement(first)) => GroupError::Lost(Fault::new(format!("{first}; then {e}"))),
        (Err(_), error) => error,
    }
}

fn statement_error(e: sqlx::Error) -> GroupError {
    match e {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            GroupError::Lost(Fault::new(e))
        }
        e => GroupError::Statement(Fault::new(e)),
    }
}

/// Which batches stand. A version that is not the expected one fails, and with it every later
/// batch of that schedule, because none of them expects what is there.
async fn judge(
    conn: &mut Conn,
    mut versions: HashMap<ScheduleId, Version>,
    batches: &[Batch],
) -> sqlx::Result<Outcomes> {
    let keys: Vec<&RequestKey> = batches.iter().filter_map(|b| b.receipt.as_ref().map(|(k, _)| k)).collect();
    let found = find_receipts(conn, &keys).await?;
    let mut known: HashMap<_, _> = found.into_iter().map(|r| ((r.account.clone(), r.key.clone()), r)).collect();
    let mut outcomes = Vec::with_capacity(batches.len());
    for batch in batches {
        let slot = batch.receipt.as_ref().map(|(k, _)| (k.account.to_string(), k.key.to_string()));
        if let (Some(slot), Some((key, _))) = (&slot, &batch.receipt)
            && let Some(receipt) = known.get(slot)
        {
            outcomes.push(Err(match receipt.clone().judge(key) {
                Keyed::Answer(answer) => AppendError::Replayed(answer),
                Keyed::Reused => AppendError::KeyReused,
            }));
            continue;
        }
        if batch.changes_schedule() {
            let Some(version) = versions.get_mut(&batch.schedule).filter(|v| **v == batch.expected) else {
                outcomes.push(Err(AppendError::Stale));
                continue;
            };
            *version += 1;
        }
        if let (Some((account, key)), Some((k, answer))) = (slot, &batch.receipt) {
            let fingerprint = k.fingerprint.to_string();
            let receipt = Receipt { account: account.clone(), key: key.clone(), fingerprint, answer: answer.clone() };
            known.insert((account, key), receipt);
        }
        outcomes.push(Ok(()));
    }
    Ok(outcomes)
}

/// An answer that was given under a key.
#[derive(Clone)]
pub(super) struct Receipt {
    account: String,
    key: String,
    fingerprint: String,
    answer: StoredAnswer,
}

impl Receipt {
    pub(super) fn judge(self, key: &RequestKey) -> Keyed {
        if *self.fingerprint == *key.fingerprint { Keyed::Answer(self.answer) } else { Keyed::Reused }
    }
}

pub(super) async fn find_receipts(conn: &mut Conn, keys: &[&RequestKey]) -> sqlx::Result<Vec<Receipt>> {
    let mut found = Vec::new();
    let kinds = [Kind::Text, Kind::Text];
    for chunk in keys.chunks(ROWS_MAX) {
        let source = rows_source(conn.is_postgres(), &kinds, chunk.len());
        let sql = format!(
            "select account_id, request_key, fingerprint, status, body from receipts \
             where (account_id, request_key) in (select v.column1, v.column2 from {source})"
        );
        let rows: Vec<Vec<Arg>> = chunk.iter().map(|k| args![k.account, &*k.key]).collect();
        for row in conn.all(&sql, rows_args(conn.is_postgres(), &kinds, rows)).await? {
            let decode = |e: BadColumn| sqlx::Error::Decode(e.into());
            found.push(Receipt {
                account: row.text("account_id").map_err(decode)?.to_owned(),
                key: row.text("request_key").map_err(decode)?.to_owned(),
                fingerprint: row.text("fingerprint").map_err(decode)?.to_owned(),
                answer: StoredAnswer {
                    status: row.int("status").map_err(decode)? as u16,
                    body: Arc::from(row.text("body").map_err(decode)?),
                },
            });
        }
    }
    Ok(found)
}

pub(super) fn add_receipts(bundle: &mut Bundle, receipts: &[(&RequestKey, &StoredAnswer, Timestamp)]) {
    let kinds = [Kind::Text, Kind::Text, Kind::Text, Kind::Int, Kind::Text, Kind::Int];
    let row = |(k, a, at): &(&RequestKey, &StoredAnswer, Timestamp)| {
        args![k.account, &*k.key, &*k.fingerprint, i64::from(a.status), &*a.body, *at]
    };
    bundle.add(&kinds, receipts.iter().map(row).collect(), |source| {
        format!(
            "insert into receipts (account_id, request_key, fingerprint, status, body, created_at) \
             select v.column1, v.column2, v.column3, v.column4, v.column5, v.column6 from {source} \
             where v.column1 is not null"
        )
    });
}
