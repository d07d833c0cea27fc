//! Opening a database: the right one, alone, migrated, and as durable as we promise.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqlx::{
    ConnectOptions, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::task::JoinHandle;

use super::{
    checkpoint,
    sql::{Bundle, Conn, Reader},
    transaction::{Link, add_receipts, find_receipts},
    writer::{StoreError, Writer},
};
use crate::{
    args,
    base::{
        ids::Epoch,
        keys::{Keyed, RequestKey, StoredAnswer},
        time::Timestamp,
    },
    engine::journal::Fault,
};

/// Number, name and text of each step that the tables have taken: the files of `migrations/`.
///
/// Named here one by one, for the macro that reads the folder has all of sqlx built a second time.
pub const MIGRATIONS: [(i64, &str, &str); 7] = [
    (1, "engine", include_str!("../../migrations/0001_engine.sql")),
    (2, "people", include_str!("../../migrations/0002_people.sql")),
    (3, "moves", include_str!("../../migrations/0003_moves.sql")),
    (4, "tidy", include_str!("../../migrations/0004_tidy.sql")),
    (5, "accounts", include_str!("../../migrations/0005_accounts.sql")),
    (6, "deliveries", include_str!("../../migrations/0006_deliveries.sql")),
    (7, "notes", include_str!("../../migrations/0007_notes.sql")),
];

/// Why a database could not be opened, in words for the one who starts the server.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0} is not a database URL: use sqlite://path/to/file.db or postgres://user:password@host:port/name")]
    BadUrl(String),
    #[error("{path} is in use by another yueke process: stop it first, or give this one another database")]
    InUse { path: PathBuf },
    #[error(
        "{url} is in use by another yueke process (connected as pid {pid} of PostgreSQL): stop it first, or give this one another database"
    )]
    Served { url: String, pid: i64 },
    #[error("cannot use {path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("the database reports {setting} = {found}, but acknowledged bookings are only safe with {wanted}")]
    NotDurable { setting: &'static str, found: String, wanted: &'static str },
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("cannot reach the database: {0}")]
    Reach(#[from] sqlx::Error),
}

impl OpenError {
    /// Names the database where the words do not.
    pub fn at(self, url: &str) -> anyhow::Error {
        match self {
            Self::BadUrl(_) | Self::InUse { .. } | Self::Served { .. } | Self::File { .. } => self.into(),
            Self::NotDurable { .. } | Self::Migrate(_) | Self::Reach(_) => {
                anyhow::Error::new(self).context(redacted(url))
            }
        }
    }
}

/// How to connect, kept so that a lost connection can be made again.
#[derive(Clone)]
pub enum Target {
    Sqlite { path: PathBuf, options: Box<SqliteConnectOptions> },
    Postgres(Box<PgConnectOptions>),
}

impl Target {
    pub fn parse(url: &str) -> Result<Self, OpenError> {
        let bad = || OpenError::BadUrl(redacted(url));
        if let Some(path) = url.strip_prefix("sqlite://") {
            let path = PathBuf::from(path);
            if path.as_os_str().is_empty() || path.to_string_lossy().contains('?') {
                return Err(bad());
            }
            let options = SqliteConnectOptions::new()
                .filename(&path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(2))
                .statement_cache_capacity(512)
                .pragma("temp_store", "memory")
                .pragma("cache_size", "-16384")
                // Checkpoints run beside the writer (`checkpoint`).
                .pragma("wal_autocheckpoint", "0")
                // A log that a long reader let grow is cut when it begins anew.
                .pragma("journal_size_limit", "134217728");
            Ok(Self::Sqlite { path, options: Box::new(options) })
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(|_| bad())?;
            let options = options.application_name("yueke").statement_cache_capacity(512).options([
                ("statement_timeout", "10s"),
                ("lock_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "30s"),
            ]);
            Ok(Self::Postgres(Box::new(options)))
        } else {
            Err(bad())
        }
    }

    /// A connection of its own, checked for durability.
    pub async fn connect(&self) -> Result<Conn, OpenError> {
        let mut conn = match self {
            Self::Sqlite { options, .. } => Conn::Sqlite(options.connect().await?),
            Self::Postgres(options) => {
                let connect = options.connect();
                let limit = Duration::from_secs(5);
                let conn = tokio::time::timeout(limit, connect).await;
                Conn::Postgres(conn.map_err(|_| sqlx::Error::PoolTimedOut)??)
            }
        };
        assert_durable(&mut conn).await?;
        Ok(conn)
    }

    /// A pool for reading only.
    pub async fn reader(&self) -> Result<Reader, OpenError> {
        let wait = Duration::from_secs(3);
        Ok(match self {
            Self::Sqlite { options, .. } => Reader::Sqlite(
                SqlitePoolOptions::new()
                    .max_connections(4)
                    .acquire_timeout(wait)
                    // Each commit makes a reader forget its pages: the machine's own cache keeps them.
                    .connect_lazy_with(
                        (**options).clone().read_only(true).create_if_missing(false).pragma("cache_size", "-4096"),
                    ),
            ),
            Self::Postgres(options) => Reader::Postgres(
                PgPoolOptions::new().max_connections(8).acquire_timeout(wait).connect_lazy_with((**options).clone()),
            ),
        })
    }
}

/// `postgres://user:***@host/name`: fit for a log.
pub fn redacted(url: &str) -> String {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    // The question mark may stand in a password that was not encoded: then little is told.
    let host = place.find("://").map_or(0, |scheme| scheme + 3);
    if query.contains('@')
        && let Some(end) = place[host..].find([':', '/', '@'])
        && place[host + end..].starts_with(':')
    {
        return format!("{}:***", &place[..host + end]);
    }
    let told = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if name.contains("password") => format!("{name}=***"),
        Some(_) | None => pair.to_owned(),
    };
    let query = query.split('&').map(told).collect::<Vec<_>>().join("&");
    let place = redacted_place(place);
    if query.is_empty() { place } else { format!("{place}?{query}") }
}

fn redacted_place(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}://{user}:***{}", &url[..scheme], &url[at..])
        }
        _ => url.to_owned(),
    }
}

async fn assert_durable(conn: &mut Conn) -> Result<(), OpenError> {
    match conn {
        Conn::Sqlite(_) => {
            let synchronous = pragma(conn, "synchronous").await?;
            // 2 is FULL, 3 is EXTRA.
            if synchronous != "2" && synchronous != "3" {
                return Err(OpenError::NotDurable { setting: "synchronous", found: synchronous, wanted: "FULL" });
            }
            let mode = pragma(conn, "journal_mode").await?;
            if mode != "wal" {
                return Err(OpenError::NotDurable { setting: "journal_mode", found: mode, wanted: "wal" });
            }
        }
        Conn::Postgres(_) => {
            for setting in ["fsync", "synchronous_commit"] {
                let row = conn.one("select current_setting($1) as value", args![setting]).await?;
                let found = row.and_then(|r| r.text("value").map(str::to_owned).ok()).unwrap_or_default();
                if found == "off" {
                    return Err(OpenError::NotDurable { setting, found, wanted: "on" });
                }
            }
        }
    }
    Ok(())
}

async fn pragma(conn: &mut Conn, name: &str) -> sqlx::Result<String> {
    let row = conn.one(&format!("select * from pragma_{name}"), vec![]).await?;
    Ok(row.map_or_else(String::new, |r| {
        r.int(name).map(|n| n.to_string()).or_else(|_| r.text(name).map(str::to_owned)).unwrap_or_default()
    }))
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    target: Target,
    reader: Reader,
    writer: Writer,
    epoch: Epoch,
    file: Option<Arc<OwnFile>>,
}

/// What belongs to a database file that is this process's own.
struct OwnFile {
    /// A second process on the same file is refused for as long as this is held.
    lock: Mutex<Option<File>>,
    checkpoints: JoinHandle<()>,
}

impl Store {
    /// Opens for serving: alone, migrated, and under a new epoch.
    pub async fn open(url: &str, at: Timestamp) -> Result<Self, OpenError> {
        Self::open_as(url, at, true).await
    }

    /// Opens although another server may still be connected; from here on that one can commit
    /// nothing. PostgreSQL only: a file stays with the process that has it.
    pub async fn take_over(url: &str, at: Timestamp) -> Result<Self, OpenError> {
        Self::open_as(url, at, false).await
    }

    async fn open_as(url: &str, at: Timestamp, alone: bool) -> Result<Self, OpenError> {
        let target = Target::parse(url)?;
        let lock = match &target {
            Target::Sqlite { path, .. } => Some(lock_beside(path)?),
            Target::Postgres(_) => None,
        };
        migrate(&target).await?;
        let mut conn = target.connect().await?;
        if alone && let Some(pid) = lock_alone(&mut conn, WAIT_FOR_OTHER).await? {
            return Err(OpenError::Served { url: redacted(url), pid });
        }
        let epoch = take_lease(&mut conn, at).await?;
        let reader = target.reader().await?;
        let writer = Writer::start(Link { first: Some(conn), target: target.clone(), alone }, epoch);
        let file = match &target {
            Target::Sqlite { path, .. } => {
                let checkpoints = checkpoint::spawn(target.clone(), path.clone(), writer.clone());
                Some(Arc::new(OwnFile { lock: Mutex::new(lock), checkpoints }))
            }
            Target::Postgres(_) => None,
        };
        Ok(Self { target, reader, writer, epoch, file })
    }

    /// Writes what was accepted and lets go of the database, for all clones.
    pub async fn close(&self) {
        self.writer.close().await;
        self.reader.close().await;
        if let Some(file) = &self.file {
            file.checkpoints.abort();
            drop(file.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// This life of the server; rises with each start.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Runs `work` inside the next group commit and answers after it. What fails is rolled back
    /// alone, without the rest of the group.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        self.writer.run(work).await
    }

    /// [`write`](Self::write), with the answer kept under the request key in the same transaction.
    pub async fn write_keyed<F>(&self, key: Option<RequestKey>, at: Timestamp, work: F) -> Result<Keyed, StoreError>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<StoredAnswer, StoreError>> + Send + 'static,
    {
        let Some(key) = key else {
            return self.write(work).await.map(Keyed::Answer);
        };
        self.write(move |tx| {
            Box::pin(async move {
                if let Some(found) = find_receipts(tx, &[&key]).await?.into_iter().next() {
                    return Ok(found.judge(&key));
                }
                let answer = work(tx).await?;
                if answer.is_remembered() {
                    let mut bundle = Bundle::new(tx);
                    add_receipts(&mut bundle, &[(&key, &answer, at)]);
                    bundle.run(tx).await?;
                }
                Ok(Keyed::Answer(answer))
            })
        })
        .await
    }

    /// What was answered under this key, if anything was.
    pub async fn recall(&self, key: &RequestKey) -> Result<Option<Keyed>, StoreError> {
        let sql = "select fingerprint, status, body from receipts where account_id = $1 and request_key = $2";
        let Some(row) = self.reader.one(sql, args![key.account, &*key.key]).await? else { return Ok(None) };
        if row.text("fingerprint")? != &*key.fingerprint {
            return Ok(Some(Keyed::Reused));
        }
        let (status, body) = (row.int("status")? as u16, row.text("body")?.into());
        Ok(Some(Keyed::Answer(StoredAnswer { status, body })))
    }

    /// Whether the database answers now, and takes what this process writes.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if self.writer.is_fenced() {
            return Err(StoreError::Unavailable(Fault::new("another process took over the database")));
        }
        self.reader.one("select epoch from lease where id = 1", vec![]).await.map(drop).map_err(StoreError::from)
    }
}

fn lock_beside(path: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::File { path: path.to_owned(), source };
    make_private(path).map_err(failed)?;
    let lock =
        File::options().create(true).truncate(false).write(true).open(path.with_extension("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// An empty database file, with its folder, where there is none. Only its owner may read it, where
/// the system knows owners; what is kept beside it takes its rights.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(dir) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        fs::create_dir_all(dir)?;
    }
    create_private(File::options().create(true).truncate(false), path).map(drop)
}

/// A new file's rights are its owner's alone; elsewhere than on Unix the folder's rights count.
pub fn create_private(options: &mut fs::OpenOptions, path: &Path) -> std::io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.write(true).open(path)
}

/// Brings the tables up to date; repeatable.
pub async fn migrate(target: &Target) -> Result<(), OpenError> {
    if let Target::Sqlite { path, .. } = target {
        make_private(path).map_err(|source| OpenError::File { path: path.clone(), source })?;
    }
    let steps = MIGRATIONS.iter().map(|&(number, name, sql)| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let migrator = Migrator::with_migrations(steps.collect());
    match target.connect().await? {
        Conn::Sqlite(mut c) => migrator.run(&mut c).await?,
        Conn::Postgres(mut c) => migrator.run(&mut c).await?,
    }
    Ok(())
}

/// Any number that nobody else takes: "yueke" in ASCII.
const SERVING: i64 = 0x79_75_65_6b_65;
/// How long to wait for a server that was just killed: its end reaches PostgreSQL a moment later.
/// Below the connection's own bound on a statement.
const WAIT_FOR_OTHER: Duration = Duration::from_secs(8);

/// PostgreSQL: no other server writes to this database while this connection lives; else the
/// backend's id of the one that does. What a server that lost its connection might still send is
/// fenced by the lease. SQLite has its file's lock.
pub(super) async fn lock_alone(conn: &mut Conn, wait: Duration) -> sqlx::Result<Option<i64>> {
    if !conn.is_postgres() {
        return Ok(None);
    }
    conn.script(&format!("set lock_timeout = {}", wait.as_millis())).await?;
    let locked = conn.exec("select pg_advisory_lock($1)", args![SERVING]).await;
    conn.script("set lock_timeout = '5s'").await?;
    match locked {
        Ok(_) => Ok(None),
        // The lock was not to be had in time.
        Err(e) if e.as_database_error().and_then(|d| d.code()).as_deref() == Some("55P03") => {
            let sql = "select cast(pid as bigint) as pid from pg_locks where locktype = 'advisory' and granted \
                and database = (select oid from pg_database where datname = current_database()) \
                and (cast(classid as bigint) << 32) + cast(objid as bigint) = $1";
            let holder = conn.one(sql, args![SERVING]).await?;
            Ok(Some(holder.and_then(|r| r.int("pid").ok()).unwrap_or_default()))
        }
        Err(e) => Err(e),
    }
}

/// From here on, whoever held the lease before can commit nothing more.
async fn take_lease(conn: &mut Conn, at: Timestamp) -> Result<Epoch, OpenError> {
    let owner = format!("pid {}", std::process::id());
    let sql = "update lease set epoch = epoch + 1, owner = $1, taken_at = $2 where id = 1 returning epoch";
    let row = conn.one(sql, args![owner, at]).await?.ok_or(sqlx::Error::RowNotFound)?;
    row.version("epoch").map_err(|e| OpenError::Reach(sqlx::Error::Decode(e.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_never_reach_a_log() {
        assert_eq!(redacted("postgres://u:p%40ss@h:5432/d"), "postgres://u:***@h:5432/d");
        assert_eq!(redacted("postgres://u:p?s@h:5432/d"), "postgres://u:***");
        assert_eq!(redacted("sqlite://data/yueke.db"), "sqlite://data/yueke.db");
        assert_eq!(
            redacted("postgres://h/d?sslmode=require&password=p@ss"),
            "postgres://h/d?sslmode=require&password=***"
        );
        assert_eq!(redacted("postgres://u:p@h/d?user=u&password=x"), "postgres://u:***@h/d?user=u&password=***");
    }

    #[test]
    fn what_is_no_database_url_is_refused() {
        for bad in ["", "mysql://x", "sqlite://", "data/yueke.db", "postgres//x"] {
            assert!(matches!(Target::parse(bad), Err(OpenError::BadUrl(_))), "{bad}");
        }
    }
}
