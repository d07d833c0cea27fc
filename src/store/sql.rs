//! The driver seam: one SQL text for SQLite and PostgreSQL.
//!
//! The dialect that both understand: lower-case, columns listed, `$1` placeholders, text ids,
//! bigint milliseconds, no booleans, `insert … on conflict`, `update … from (values …)` whose
//! columns are `column1`, `column2` ….

use sqlx::{
    AssertSqlSafe, Column, ColumnIndex, Connection, Decode, PgConnection, Row as _, SqliteConnection, Type,
    postgres::{PgArguments, PgPool, PgRow},
    query::Query,
    sqlite::{SqliteArguments, SqlitePool, SqliteRow},
};

use crate::base::{
    ids::{
        AccountId, BookingId, BookingNo, CourseId, EntryId, HoldId, MessageId, OfferId, OrgId, OutboxId, RoundId,
        ScheduleId, SessionId, StudentId, TeacherId,
    },
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
            fn from(v: $t) -> Self { Self::Text(v.to_string()) }
        }
        impl From<Option<$t>> for Arg {
            fn from(v: Option<$t>) -> Self { v.map_or(Self::NullText, |v| Self::Text(v.to_string())) }
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

arg_from!(text: &str, AccountId, BookingId, BookingNo, CourseId, EntryId, HoldId, MessageId, OfferId, OrgId,
    OutboxId, RoundId, ScheduleId, SessionId, StudentId, TeacherId);
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
            Self::Postgres(pool) => wrap(bind_postgres(sql, args).fetch_all(pool).await?, Row::Postgres),
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
/// power of two on SQLite, so prepared statements are always found again.
pub fn rows_source(postgres: bool, kinds: &[Kind], rows: usize) -> String {
    if postgres {
        let array = |(i, kind): (usize, &Kind)| match kind {
            Kind::Text => format!("${}::text[]", i + 1),
            Kind::Int => format!("${}::bigint[]", i + 1),
        };
        let arrays: Vec<String> = kinds.iter().enumerate().map(array).collect();
        let names: Vec<String> = (1..=kinds.len()).map(|i| format!("column{i}")).collect();
        format!("unnest({}) as v({})", arrays.join(","), names.join(","))
    } else {
        format!("(values {}) as v", placeholders(rows.next_power_of_two(), kinds.len()))
    }
}

/// The arguments of [`rows_source`].
pub fn rows_args(postgres: bool, kinds: &[Kind], rows: &[Vec<Arg>]) -> Vec<Arg> {
    if !postgres {
        let padding = (rows.len().next_power_of_two() - rows.len()) * kinds.len();
        return rows.iter().flatten().cloned().chain(std::iter::repeat_n(Arg::NullText, padding)).collect();
    }
    let text = |arg: &Arg| match arg {
        Arg::Text(v) => Some(v.clone()),
        _ => None,
    };
    let int = |arg: &Arg| match arg {
        Arg::Int(v) => Some(*v),
        _ => None,
    };
    let column = |(i, kind): (usize, &Kind)| match kind {
        Kind::Text => Arg::Texts(rows.iter().map(|row| text(&row[i])).collect()),
        Kind::Int => Arg::Ints(rows.iter().map(|row| int(&row[i])).collect()),
    };
    kinds.iter().enumerate().map(column).collect()
}

/// `(?,?),(?,?)`, for SQLite. Without numbers on purpose: SQLite keeps the names of numbered
/// parameters in a list that the driver searches from its start for each one it binds.
fn placeholders(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}
