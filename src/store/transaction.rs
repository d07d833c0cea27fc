//! One transaction of the writer in SQL, in three trips: begin, rows, commit. In a rush each of
//! them holds up all who wait for the group.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::{
    checkpoint,
    judge::Receipt,
    open::{Target, lock_alone},
    rows,
    session::{Begun, Connect, Done, Session, TransactionError, Work},
    sql::{Arg, BadColumn, Bundle, Conn, Kind, ROWS_MAX, rows_args, rows_source},
    writer::StoreError,
};
use crate::{
    args,
    base::{
        ids::{Epoch, ScheduleId},
        keys::{RequestKey, StoredAnswer},
        time::Timestamp,
    },
    engine::journal::{Batch, Fault},
};

/// How the writer comes to its connection.
pub(super) struct Link {
    /// The connection that was made when the store was opened.
    pub first: Option<Conn>,
    pub target: Target,
    /// Whether a new connection must have the database for itself, like the first.
    pub alone: bool,
}

/// PostgreSQL may not have noticed yet that the connection before is gone.
const WAIT_FOR_OLD_SELF: Duration = Duration::from_secs(1);

impl Connect for Link {
    type Session = Conn;

    async fn connect(&mut self) -> Result<Conn, Fault> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let mut conn = self.target.connect().await.map_err(Fault::new)?;
        if self.alone && lock_alone(&mut conn, WAIT_FOR_OLD_SELF).await.map_err(Fault::new)?.is_some() {
            return Err(Fault::new("another connection still has the database for itself"));
        }
        if conn.is_postgres() {
            // A commit that is still on its way holds the lease's row; after it there is none.
            conn.script("begin; select epoch from lease where id = 1 for update; rollback")
                .await
                .map_err(Fault::new)?;
        }
        tracing::info!("connected to the database again");
        Ok(conn)
    }
}

impl Session for Conn {
    async fn begin(&mut self, batches: &[Batch]) -> Result<Begun, TransactionError> {
        // The lease is read under a lock that a takeover must wait for; `for key share` would not do.
        let (begin, lock) = match self {
            Self::Sqlite(_) => ("begin immediate", ""),
            Self::Postgres(_) => ("begin", " for share"),
        };
        let mut ids: Vec<ScheduleId> = batches.iter().map(|b| b.schedule).collect();
        ids.sort_unstable();
        ids.dedup();
        // Ids are letters and digits: nothing in them ends a quotation.
        let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
        let sql = format!(
            "{begin}; select '' as id, epoch as version from (select epoch from lease where id = 1{lock}) as held \
             union all select id, version from schedules where id in ({})",
            if ids.is_empty() { "''".to_owned() } else { ids.join(",") }
        );
        let bad = |e: BadColumn| TransactionError::Statement(Fault::new(e));
        let mut begun = Begun { lease: None, versions: HashMap::with_capacity(ids.len()) };
        for row in self.ask(&sql).await.map_err(statement_error)? {
            let version = row.version("version").map_err(bad)?;
            match row.text("id").map_err(bad)? {
                "" => begun.lease = Some(version),
                _ => drop(begun.versions.insert(row.parse("id").map_err(bad)?, version)),
            }
        }
        Ok(begun)
    }

    async fn receipts(&mut self, keys: &[&RequestKey]) -> Result<Vec<Receipt>, TransactionError> {
        find_receipts(self, keys).await.map_err(statement_error)
    }

    async fn write(&mut self, batches: &[&Batch], epoch: Epoch) -> Result<(), TransactionError> {
        let receipts: Vec<_> = batches.iter().filter_map(|b| b.receipt.as_ref().map(|(k, a)| (k, a, b.at))).collect();
        let mut bundle = Bundle::new(self);
        rows::write(self, &mut bundle, batches, epoch).await.map_err(statement_error)?;
        add_receipts(&mut bundle, &receipts);
        bundle.run(self).await.map_err(statement_error)
    }

    async fn run(&mut self, work: Work) -> Result<Done, StoreError> {
        self.script("savepoint task").await?;
        let result = work(self).await;
        if result.is_err() {
            self.script("rollback to savepoint task").await?;
        }
        self.script("release savepoint task").await?;
        result
    }

    async fn commit(&mut self) -> Result<(), TransactionError> {
        let Err(e) = self.script("commit").await else {
            return Ok(());
        };
        // An error that the database itself reports before it starts to write, such as a lock that
        // was not to be had, leaves the transaction open: it can be rolled back. Anything else may
        // have reached the disk; what ends the session too, which a pooler also says of a lost server.
        let surely_not = match (&*self, e.as_database_error()) {
            (Self::Sqlite(_), Some(d)) => matches!(d.code().as_deref(), Some("5" | "6" | "13")),
            (Self::Postgres(_), Some(d)) => {
                d.try_downcast_ref::<PgDatabaseError>().is_some_and(|d| d.severity() == PgSeverity::Error)
            }
            (_, None) => false,
        };
        if surely_not {
            Err(self.roll_back(TransactionError::Statement(Fault::new(e))).await)
        } else {
            Err(TransactionError::CommitLost(Fault::new(e)))
        }
    }

    async fn roll_back(&mut self, error: TransactionError) -> TransactionError {
        match (self.script("rollback").await, error) {
            (Ok(()), error) => error,
            // SQLite rolls back by itself on some errors, such as a full disk; then there is nothing left to do.
            (Err(e), error @ TransactionError::Statement(_)) if e.to_string().contains("no transaction is active") => {
                error
            }
            (Err(e), TransactionError::Statement(first)) => {
                TransactionError::Lost(Fault::new(format!("{first}; then {e}")))
            }
            (Err(_), error) => error,
        }
    }

    async fn checkpoint(&mut self) {
        if let Err(error) = checkpoint::run(self).await {
            tracing::warn!(%error, "the log could not be moved between two commits");
        }
    }

    async fn close(self) {
        self.close().await;
    }
}

fn statement_error(e: sqlx::Error) -> TransactionError {
    match e {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            TransactionError::Lost(Fault::new(e))
        }
        e => TransactionError::Statement(Fault::new(e)),
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
