//! Databases of one test's own: a file in a temporary folder, or a database on the PostgreSQL
//! that YUEKE_TEST_POSTGRES_URL names.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use yueke::{
    args,
    base::{ids::secret_bytes, time::Timestamp},
    store::{
        Store,
        audit::{audit, replay},
        open::Target,
        sql::Conn,
    },
};

/// Gone when dropped.
pub struct Database {
    pub url: String,
    place: Place,
}

enum Place {
    Folder(TempDir),
    /// Belongs to somebody else.
    File,
    Server {
        admin: String,
        name: String,
    },
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("yueke.db").display());
        Self { url, place: Place::Folder(folder) }
    }

    /// One that is there already.
    pub fn of_file(path: PathBuf) -> Self {
        Self { url: format!("sqlite://{}", path.display()), place: Place::File }
    }

    /// None, with a line that says so, when no server is named.
    pub async fn postgres() -> Option<Self> {
        let Ok(admin) = std::env::var("YUEKE_TEST_POSTGRES_URL") else {
            eprintln!("skipped: YUEKE_TEST_POSTGRES_URL names no PostgreSQL server (scripts/test starts one)");
            return None;
        };
        Some(Self::on_server(admin).await)
    }

    pub async fn on_server(admin: String) -> Self {
        Self::on_server_with(admin, "").await
    }

    /// All of its tables are in this folder, which belongs to the server's user.
    pub async fn on_tablespace(admin: String, folder: &Path) -> Self {
        let sql = format!("create tablespace of_tests location '{}'", folder.display());
        run_on(&admin, &sql).await.expect("a tablespace");
        Self::on_server_with(admin, "tablespace of_tests").await
    }

    async fn on_server_with(admin: String, more: &str) -> Self {
        let name = format!("t_{:032x}", u128::from_ne_bytes(secret_bytes()));
        run_on(&admin, &format!("create database {name} {more}")).await.expect("a database of its own");
        let (server, _) = admin.rsplit_once('/').expect("a URL that ends with a database");
        Self { url: format!("{server}/{name}"), place: Place::Server { admin, name } }
    }

    /// Where the file is; SQLite only.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(self.url.strip_prefix("sqlite://").expect("an SQLite database"))
    }

    pub fn folder(&self) -> &Path {
        match &self.place {
            Place::Folder(folder) => folder.path(),
            Place::File | Place::Server { .. } => panic!("no folder of its own"),
        }
    }

    pub async fn open(&self, at: Timestamp) -> Store {
        Store::open(&self.url, at).await.expect("the database opens")
    }

    pub async fn take_over(&self, at: Timestamp) -> Store {
        Store::take_over(&self.url, at).await.expect("the database opens")
    }

    /// A connection that goes past all guards of the store.
    pub async fn connect(&self) -> Conn {
        Target::parse(&self.url).expect("a good URL").connect().await.expect("a connection")
    }

    pub async fn exec(&self, sql: &str) -> u64 {
        let mut conn = self.connect().await;
        let changed = conn.exec(sql, args![]).await.expect("the statement runs");
        conn.close().await;
        changed
    }

    /// One number.
    pub async fn count(&self, sql: &str) -> i64 {
        let mut conn = self.connect().await;
        let row = conn.one(&format!("select count(*) as n from {sql}"), args![]).await.expect("the statement runs");
        conn.close().await;
        row.expect("a count has a row").int("n").expect("a number")
    }

    /// All that audit and replay find wrong; a failure to read is a finding too.
    pub async fn faults(&self) -> Vec<String> {
        let reader = Target::parse(&self.url).expect("a good URL").reader().await.expect("a reader");
        let mut wrong = Vec::new();
        for checked in [audit(&reader, &|_, _| true).await, replay(&reader, &|_, _| true).await] {
            match checked {
                Ok(report) => wrong.extend(report.wrong.iter().map(ToString::to_string)),
                Err(error) => wrong.push(error.to_string()),
            }
        }
        wrong
    }

    pub async fn assert_sound(&self) {
        let faults = self.faults().await;
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Place::Server { admin, name } = &self.place else { return };
        let (admin, sql) = (admin.clone(), format!("drop database if exists {name} with (force)"));
        // A destructor cannot wait for a future of the runtime it runs in.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run_on(&admin, &sql)).map_err(std::io::Error::other)
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            eprintln!("{name} is left behind");
        }
    }
}

async fn run_on(url: &str, sql: &str) -> sqlx::Result<()> {
    let mut conn = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
    conn.close().await
}
