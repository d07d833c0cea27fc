//! Databases of a run: files in a temporary folder, or databases on a PostgreSQL server that are
//! dropped at the end, also those that a killed run left behind.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};

/// Which database the servers of a run keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// As in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// All that this run has made.
pub struct Databases {
    /// Which kind is made.
    pub kind: Kind,
    folder: tempfile::TempDir,
    server: Option<Postgres>,
    made: Mutex<Vec<String>>,
    folders: Mutex<u32>,
}

struct Postgres {
    url: String,
    /// Names this run's databases; the name of this connection tells others that it is alive.
    run: String,
    keeper: tokio::sync::Mutex<PgConnection>,
}

/// What the databases of every run begin with.
const PREFIX: &str = "bench_";

impl Databases {
    /// Looks after what dead runs left, too.
    pub async fn open(kind: Kind, postgres_url: Option<&str>) -> anyhow::Result<Self> {
        let server = match (kind, postgres_url) {
            (Kind::Sqlite, None) => None,
            (Kind::Sqlite, Some(_)) => bail!("--postgres-url goes with --database postgres"),
            (Kind::Postgres, None) => bail!(
                "name a PostgreSQL server on which databases may be made, as in \
                 --postgres-url postgres://user@127.0.0.1:5432/postgres (`scripts/postgres start DIR` makes one)"
            ),
            (Kind::Postgres, Some(url)) => Some(Postgres::connect(url).await?),
        };
        let folder = tempfile::Builder::new().prefix("yueke-load-").tempdir()?;
        Ok(Self { kind, folder, server, made: Mutex::default(), folders: Mutex::default() })
    }

    /// An empty folder of this run.
    pub fn folder(&self) -> anyhow::Result<PathBuf> {
        let mut number = self.folders.lock().expect("nobody panics here");
        *number += 1;
        let folder = self.folder.path().join(number.to_string());
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A fresh database's URL and a folder beside it.
    pub async fn make(&self) -> anyhow::Result<(String, PathBuf)> {
        let folder = self.folder()?;
        let url = self.url_of(&folder)?;
        if let Some(server) = &self.server {
            let name = format!("{}_{}", server.run, number_of(&folder)?);
            server.run(&format!("create database {name}")).await?;
            self.made.lock().expect("nobody panics here").push(name);
        }
        Ok((url, folder))
    }

    /// The database that belongs to this folder.
    pub fn url_of(&self, folder: &Path) -> anyhow::Result<String> {
        Ok(match &self.server {
            None => format!("sqlite://{}", folder.join("bench.db").display()),
            Some(server) => with_database(&server.url, &format!("{}_{}", server.run, number_of(folder)?))?,
        })
    }

    /// The folder of the whole run.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Drops all that was made; the servers on them have ended.
    pub async fn close(self) -> anyhow::Result<()> {
        let made = self.made.into_inner().expect("nobody panics here");
        if let Some(server) = &self.server {
            for name in made {
                server.run(&format!("drop database if exists {name} with (force)")).await?;
            }
        }
        Ok(())
    }
}

impl Postgres {
    async fn connect(url: &str) -> anyhow::Result<Self> {
        with_database(url, "x")?;
        let run = format!("{PREFIX}{}_{}", std::process::id(), chrono::Utc::now().timestamp_millis());
        let options: PgConnectOptions = url.parse().context("--postgres-url is not a PostgreSQL URL")?;
        let opened = PgConnection::connect_with(&options.application_name(&run)).await;
        let keeper = opened.context("the PostgreSQL server of --postgres-url does not let us in")?;
        let server = Self { url: url.to_owned(), run, keeper: tokio::sync::Mutex::new(keeper) };
        server.drop_leftovers().await?;
        Ok(server)
    }

    async fn run(&self, sql: &str) -> anyhow::Result<()> {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *self.keeper.lock().await).await?;
        Ok(())
    }

    async fn drop_leftovers(&self) -> anyhow::Result<()> {
        let (names, alive): (Vec<String>, Vec<String>) = {
            let mut keeper = self.keeper.lock().await;
            let names = sqlx::query_scalar(r"select datname::text from pg_database where datname like 'bench\_%'");
            let names = names.fetch_all(&mut *keeper).await?;
            let alive = sqlx::query_scalar(
                r"select application_name from pg_stat_activity where application_name like 'bench\_%'",
            );
            (names, alive.fetch_all(&mut *keeper).await?)
        };
        for name in leftovers(names, &alive) {
            eprintln!("drops {name}, which an earlier run left behind");
            self.run(&format!("drop database if exists {name} with (force)")).await?;
        }
        Ok(())
    }
}

/// Those of no run that is alive, and with names that only we give.
fn leftovers(names: Vec<String>, alive: &[String]) -> Vec<String> {
    let is_ours = |name: &str| {
        name.strip_prefix(PREFIX).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'_'))
    };
    let is_alive =
        |name: &str| alive.iter().any(|run| name.strip_prefix(run.as_str()).is_some_and(|n| n.starts_with('_')));
    names.into_iter().filter(|name| is_ours(name) && !is_alive(name)).collect()
}

fn number_of(folder: &Path) -> anyhow::Result<&str> {
    folder.file_name().and_then(|n| n.to_str()).context("a folder of this run")
}

/// The same server's URL for another database.
fn with_database(url: &str, name: &str) -> anyhow::Result<String> {
    let what = "--postgres-url must name a database, as in postgres://user@127.0.0.1:5432/postgres";
    let (rest, query) = url.split_once('?').map_or((url, None), |(rest, query)| (rest, Some(query)));
    let host = rest.find("://").context(what)? + 3;
    let slash = rest[host..].rfind('/').context(what)? + host;
    let query = query.map_or(String::new(), |q| format!("?{q}"));
    Ok(format!("{}/{name}{query}", &rest[..slash]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_databases_of_dead_runs_are_left_over() {
        let names = ["bench_1_5_1", "bench_1_50_1", "bench_2_6_1", "bench_3_1", "bench_of_mine", "yueke"];
        let names = names.map(str::to_owned).to_vec();
        let alive = ["bench_1_5".to_owned()];
        assert_eq!(leftovers(names, &alive), ["bench_1_50_1", "bench_2_6_1", "bench_3_1"]);
    }

    #[test]
    fn a_url_is_told_another_database() {
        assert_eq!(with_database("postgres://a@h:1/x", "y").unwrap(), "postgres://a@h:1/y");
        assert_eq!(with_database("postgres://a@h/x?sslmode=disable", "y").unwrap(), "postgres://a@h/y?sslmode=disable");
        assert!(with_database("postgres://a@h", "y").is_err());
        assert!(with_database("nonsense", "y").is_err());
    }

    #[tokio::test]
    async fn postgres_without_a_server_is_told_how() {
        let error = Databases::open(Kind::Postgres, None).await.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("--postgres-url postgres://"), "{error}");
        let error = Databases::open(Kind::Sqlite, Some("postgres://x/y")).await.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("--database postgres"), "{error}");
    }
}
