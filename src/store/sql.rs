//! The driver seam: one SQL text for SQLite and PostgreSQL.
//!
//! The dialect that both understand: lower-case, columns listed, `$1` placeholders, text ids,
//! bigint milliseconds, no booleans, `insert … on conflict`, `update … from (values …)` whose
//! columns are `column1`, `column2` ….

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, Column, ColumnIndex, Connection, Decode, PgConnection, Row as _, SqliteConnection, Type,
    postgres::{PgArguments, PgPool, PgRow},
    query::Query,
    sqlite::{SqliteArguments, SqlitePool, SqliteRow},
};

use crate::base::{
    ids::{
        AccountId, BookingId, BookingNo, CourseId, DeliveryId, EntryId, HoldId, LoginId, MessageId, OfferId, OrgId,
        OutboxId, RoundId, ScheduleId, SessionId, SmsId, StudentId, TeacherId,
    },
    limits,
    time::Timestamp,
    units::Fen,
};

/// One value to bind.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    Text(String),
    Int(i64),
    NullText,
    NullInt,
    /// A whole column of rows; PostgreSQL only, made by [`rows_args`].
    Texts(Vec<Option<String>>),
    Ints(Vec<Option<i64>>),
}

/// What a column of a list of rows holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Int,
}

/// `args![id, name, price]`: values to bind, in the order of their placeholders.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::sql::Arg::from($value)),*] };
}

macro_rules! arg_from {
    (text: $($t:ty),*) => {$(
        impl From<$t> for Arg {
            fn from(v: $t) -> Self { Self::Text(v.into()) }
        }
        impl From<Option<$t>> for Arg {
            fn from(v: Option<$t>) -> Self { v.map_or(Self::NullText, |v| Self::Text(v.into())) }
        }
    )*};
    (int: $($t:ty => $f:expr),* $(,)?) => {$(
        impl From<$t> for Arg {
            #[allow(clippy::redundant_closure_call)]
            fn from(v: $t) -> Self { Self::Int(($f)(v)) }
        }
        impl From<Option<$t>> for Arg {
            fn from(v: Option<$t>) -> Self { v.map_or(Self::NullInt, Self::from) }
        }
    )*};
}

arg_from!(text: &str, AccountId, BookingId, BookingNo, CourseId, DeliveryId, EntryId, HoldId, LoginId, MessageId,
    OfferId, OrgId, OutboxId, RoundId, ScheduleId, SessionId, SmsId, StudentId, TeacherId);
arg_from!(int:
    i64 => |v| v,
    u32 => i64::from,
    // Versions and epochs count up from one and never come near the sign bit.
    u64 => |v| v as i64,
    Timestamp => Timestamp::as_millis,
    Fen => |v: Fen| v.0,
);

impl From<String> for Arg {
    fn from(v: String) -> Self {
        Self::Text(v)
    }
}

impl From<Option<String>> for Arg {
    fn from(v: Option<String>) -> Self {
        v.map_or(Self::NullText, Self::Text)
    }
}

/// A row, whichever driver it came from. Reading a column that is not there or of another type is
/// an error that names it.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A stored value that should not be there: names the column and what was wrong.
#[derive(Debug, thiserror::Error)]
#[error("column {column}: {problem}")]
pub struct BadColumn {
    pub column: String,
    pub problem: String,
}

impl Row {
    fn get<'r, T>(&'r self, column: &str) -> Result<T, BadColumn>
    where
        T: Decode<'r, sqlx::Sqlite> + Type<sqlx::Sqlite> + Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>,
        for<'c> &'c str: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    {
        let value = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        value.map_err(|e| BadColumn { column: column.to_owned(), problem: e.to_string() })
    }

    pub fn int(&self, column: &str) -> Result<i64, BadColumn> {
        self.get(column)
    }

    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, BadColumn> {
        self.get(column)
    }

    pub fn text(&self, column: &str) -> Result<&str, BadColumn> {
        self.get(column)
    }

    pub fn opt_text(&self, column: &str) -> Result<Option<&str>, BadColumn> {
        self.get(column)
    }

    pub fn count(&self, column: &str) -> Result<u32, BadColumn> {
        u32::try_from(self.int(column)?).map_err(|e| self.bad(column, e))
    }

    pub fn version(&self, column: &str) -> Result<u64, BadColumn> {
        u64::try_from(self.int(column)?).map_err(|e| self.bad(column, e))
    }

    pub fn at(&self, column: &str) -> Result<Timestamp, BadColumn> {
        self.int(column).map(Timestamp::from_millis)
    }

    pub fn opt_at(&self, column: &str) -> Result<Option<Timestamp>, BadColumn> {
        Ok(self.opt_int(column)?.map(Timestamp::from_millis))
    }

    pub fn fen(&self, column: &str) -> Result<Fen, BadColumn> {
        self.int(column).map(Fen)
    }

    /// An id, or anything else that is stored as its text.
    pub fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<T, BadColumn> {
        self.text(column)?.parse().map_err(|e| self.bad(column, e))
    }

    pub fn opt_parse<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, BadColumn> {
        self.opt_text(column)?.map(|t| t.parse().map_err(|e| self.bad(column, e))).transpose()
    }

    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Sqlite(row) => row.columns().iter().map(Column::name).collect(),
            Self::Postgres(row) => row.columns().iter().map(Column::name).collect(),
        }
    }

    pub fn bad(&self, column: &str, problem: impl std::fmt::Display) -> BadColumn {
        BadColumn { column: column.to_owned(), problem: problem.to_string() }
    }
}

fn bind_sqlite(sql: &str, args: Vec<Arg>) -> Query<'static, sqlx::Sqlite, SqliteArguments> {
    args.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |q, arg| match arg {
        Arg::Text(v) => q.bind(v),
        Arg::Int(v) => q.bind(v),
        Arg::NullText => q.bind(None::<String>),
        Arg::NullInt => q.bind(None::<i64>),
        Arg::Texts(_) | Arg::Ints(_) => unreachable!("only PostgreSQL is given arrays"),
    })
}

fn bind_postgres(sql: &str, args: Vec<Arg>) -> Query<'static, sqlx::Postgres, PgArguments> {
    args.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |q, arg| match arg {
        Arg::Text(v) => q.bind(v),
        Arg::Int(v) => q.bind(v),
        Arg::NullText => q.bind(None::<String>),
        Arg::NullInt => q.bind(None::<i64>),
        Arg::Texts(v) => q.bind(v),
        Arg::Ints(v) => q.bind(v),
    })
}

const READ_WITHIN: Duration = Duration::from_millis(limits::READ_WITHIN as u64);

/// A pool for reading; each statement sees committed rows only.
#[derive(Clone)]
pub enum Reader {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Reader {
    pub async fn all(&self, sql: &str, args: Vec<Arg>) -> sqlx::Result<Vec<Row>> {
        Ok(match self {
            Self::Sqlite(pool) => wrap(bind_sqlite(sql, args).fetch_all(pool).await?, Row::Sqlite),
            Self::Postgres(pool) => {
                // A server that holds still does not heed its own bounds, either.
                let read = tokio::time::timeout(READ_WITHIN, bind_postgres(sql, args).fetch_all(pool)).await;
                wrap(read.map_err(|_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))??, Row::Postgres)
            }
        })
    }

    pub async fn one(&self, sql: &str, args: Vec<Arg>) -> sqlx::Result<Option<Row>> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

/// One connection, in or out of a transaction.
pub enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Conn {
    pub async fn all(&mut self, sql: &str, args: Vec<Arg>) -> sqlx::Result<Vec<Row>> {
        Ok(match self {
            Self::Sqlite(c) => wrap(bind_sqlite(sql, args).fetch_all(c).await?, Row::Sqlite),
            Self::Postgres(c) => wrap(bind_postgres(sql, args).fetch_all(c).await?, Row::Postgres),
        })
    }

    pub async fn one(&mut self, sql: &str, args: Vec<Arg>) -> sqlx::Result<Option<Row>> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    /// Rows affected.
    pub async fn exec(&mut self, sql: &str, args: Vec<Arg>) -> sqlx::Result<u64> {
        Ok(match self {
            Self::Sqlite(c) => bind_sqlite(sql, args).execute(c).await?.rows_affected(),
            Self::Postgres(c) => bind_postgres(sql, args).execute(c).await?.rows_affected(),
        })
    }

    /// The rows of statements without arguments, several at once.
    pub async fn ask(&mut self, sql: &str) -> sqlx::Result<Vec<Row>> {
        Ok(match self {
            Self::Sqlite(c) => wrap(sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(c).await?, Row::Sqlite),
            Self::Postgres(c) => wrap(sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(c).await?, Row::Postgres),
        })
    }

    /// Statements without arguments, several at once.
    pub async fn script(&mut self, sql: &str) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(c) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(drop),
            Self::Postgres(c) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(drop),
        }
    }

    /// Whether lists of rows go over as arrays ([`rows_source`]).
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Takes the row lock that PostgreSQL needs and SQLite, with its one writer, does not have.
    pub fn lock_suffix(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " for update",
        }
    }

    /// Ends it politely. A connection that is just dropped may leave its session behind for a while.
    pub async fn close(self) {
        let closed = match self {
            Self::Sqlite(c) => c.close().await,
            Self::Postgres(c) => c.close().await,
        };
        if let Err(e) = closed {
            tracing::debug!(error = %e, "closing a connection");
        }
    }
}

fn wrap<R>(rows: Vec<R>, f: fn(R) -> Row) -> Vec<Row> {
    rows.into_iter().map(f).collect()
}

/// Rows of one list: at most this many, so that the widest table stays within SQLite's parameters.
pub const ROWS_MAX: usize = 512;

/// A list of rows as something to select from: `from {source}` has the columns `column1`,
/// `column2` … and, on SQLite, padding: rows whose first column is null.
///
/// One statement text serves every length on PostgreSQL (arrays), and every length up to the next
/// [`padded`] one on SQLite, so prepared statements are always found again.
pub fn rows_source(postgres: bool, kinds: &[Kind], rows: usize) -> String {
    if postgres { arrays(kinds, 0) } else { format!("(values {}) as v", placeholders(padded(rows), kinds.len())) }
}

/// Rows as columns: `bound` arguments stand before them.
fn arrays(kinds: &[Kind], bound: usize) -> String {
    let array = |(i, kind): (usize, &Kind)| match kind {
        Kind::Text => format!("${}::text[]", bound + i + 1),
        Kind::Int => format!("${}::bigint[]", bound + i + 1),
    };
    let arrays: Vec<String> = kinds.iter().enumerate().map(array).collect();
    let names: Vec<String> = (1..=kinds.len()).map(|i| format!("column{i}")).collect();
    format!("unnest({}) as v({})", arrays.join(","), names.join(","))
}

/// 1, 2, 3, 4, 6, 8, 12, 16 …: few enough that each has its prepared statement, and never more
/// than a third of it empty.
fn padded(rows: usize) -> usize {
    let power = rows.next_power_of_two();
    if power >= 4 && rows <= power / 4 * 3 { power / 4 * 3 } else { power }
}

/// The arguments of [`rows_source`].
pub fn rows_args(postgres: bool, kinds: &[Kind], mut rows: Vec<Vec<Arg>>) -> Vec<Arg> {
    if !postgres {
        let padding = (padded(rows.len()) - rows.len()) * kinds.len();
        return rows.into_iter().flatten().chain(std::iter::repeat_n(Arg::NullText, padding)).collect();
    }
    let text = |arg: &mut Arg| match arg {
        Arg::Text(v) => Some(std::mem::take(v)),
        _ => None,
    };
    let int = |arg: &mut Arg| match arg {
        Arg::Int(v) => Some(*v),
        _ => None,
    };
    let column = |(i, kind): (usize, &Kind)| match kind {
        Kind::Text => Arg::Texts(rows.iter_mut().map(|row| text(&mut row[i])).collect()),
        Kind::Int => Arg::Ints(rows.iter_mut().map(|row| int(&mut row[i])).collect()),
    };
    kinds.iter().enumerate().map(column).collect()
}

/// Statements over lists of rows that go to the database in one trip. On SQLite they run one
/// after the other; on PostgreSQL they are parts of one statement and see the rows as they were
/// before it, so no two of them may write the same table.
pub struct Bundle {
    postgres: bool,
    sql: String,
    args: Vec<Arg>,
    parts: usize,
}

impl Bundle {
    pub fn new(conn: &Conn) -> Self {
        Self { postgres: conn.is_postgres(), sql: String::new(), args: Vec::new(), parts: 0 }
    }

    /// `sql` makes the statement from the list's source, as in [`rows_source`].
    pub fn add(&mut self, kinds: &[Kind], rows: Vec<Vec<Arg>>, sql: impl Fn(&str) -> String) {
        debug_assert!(rows.iter().all(|row| row.len() == kinds.len()), "a row of another width: {}", sql("…"));
        // Arrays have no bound; SQLite's parameters have.
        let most = if self.postgres { usize::MAX } else { ROWS_MAX };
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let chunk: Vec<_> = rows.by_ref().take(most).collect();
            let source =
                if self.postgres { arrays(kinds, self.args.len()) } else { rows_source(false, kinds, chunk.len()) };
            let statement = sql(&source);
            self.sql += &match (self.postgres, self.parts) {
                (false, _) => format!("{statement};"),
                (true, 0) => format!("with part0 as ({statement})"),
                (true, n) => format!(", part{n} as ({statement})"),
            };
            self.args.extend(rows_args(self.postgres, kinds, chunk));
            self.parts += 1;
        }
    }

    pub async fn run(mut self, conn: &mut Conn) -> sqlx::Result<()> {
        if self.parts == 0 {
            return Ok(());
        }
        if self.postgres {
            self.sql += " select 1";
        }
        conn.exec(&self.sql, self.args).await.map(drop)
    }
}

/// `(?,?),(?,?)`, for SQLite. Without numbers on purpose: SQLite keeps the names of numbered
/// parameters in a list that the driver searches from its start for each one it binds.
fn placeholders(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}
