//! The benchmarks, one after the other.

mod bookings;
mod memory;
mod sockets;

use std::{io::Write, path::PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use sqlx::{Connection, PgConnection};

use crate::{
    server::Server,
    table::{Figure, markdown},
};

#[derive(Args)]
pub struct Options {
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// A PostgreSQL server on which databases may be made, such as postgres://postgres@127.0.0.1:5432/postgres.
    #[arg(long)]
    postgres_url: Option<String>,
    /// The server's binary; the one beside this command unless given.
    #[arg(long)]
    server: Option<PathBuf>,
    /// hot, many, refusals, latency, sockets, release, memory, stored; all unless given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// About how long each side of a comparison is measured.
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// Also write the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// What a benchmark needs: servers on databases of their own.
pub struct Bench {
    options: Options,
    folder: tempfile::TempDir,
    databases: u32,
}

const NAMES: [&str; 8] = ["hot", "many", "refusals", "latency", "sockets", "release", "memory", "stored"];

pub async fn run(options: Options) -> anyhow::Result<()> {
    for name in &options.only {
        anyhow::ensure!(NAMES.contains(&name.as_str()), "there is no benchmark `{name}`: use {}", NAMES.join(", "));
    }
    let mut bench = Bench { options, folder: tempfile::tempdir()?, databases: 0 };
    let mut figures = Vec::new();
    let mut saturation = None;
    for name in NAMES {
        if !bench.options.only.is_empty() && !bench.options.only.iter().any(|n| n == name) {
            continue;
        }
        step(&format!("{name} …"));
        match name {
            "hot" => {
                let (figure, rate) = bookings::hot(&mut bench).await?;
                saturation = Some(rate);
                figures.push(figure);
            }
            "many" => figures.push(bookings::many(&mut bench).await?),
            "refusals" => figures.push(bookings::refusals(&mut bench).await?),
            "latency" => figures.push(bookings::latency(&mut bench, saturation).await?),
            "sockets" => figures.push(sockets::fan_out(&mut bench).await?),
            "release" => figures.push(sockets::release(&mut bench).await?),
            "memory" => figures.extend(memory::memory(&mut bench).await?),
            "stored" => figures.push(memory::stored(&mut bench).await?),
            _ => unreachable!("one of NAMES"),
        }
    }
    eprintln!();
    println!("{}", markdown(&figures));
    if let Some(path) = &bench.options.json {
        std::fs::write(path, serde_json::to_string_pretty(&figures)?)?;
    }
    Ok(())
}

/// Tells what is going on, over the last line.
pub fn step(text: &str) {
    eprint!("\r\x1b[2K{text}");
    let _ = std::io::stderr().flush();
}

impl Bench {
    pub fn seconds(&self) -> u64 {
        self.options.seconds
    }

    fn binary(&self) -> PathBuf {
        self.options.server.clone().unwrap_or_else(crate::default_server)
    }

    /// A fresh database's URL and a folder beside it.
    async fn database(&mut self) -> anyhow::Result<(String, PathBuf)> {
        self.databases += 1;
        let folder = self.folder.path().join(self.databases.to_string());
        std::fs::create_dir_all(&folder)?;
        let url = self.url_of(&folder)?;
        if self.options.database == Database::Postgres {
            let server = self.options.postgres_url.as_deref();
            let server = server.context("name a PostgreSQL server with --postgres-url")?;
            let name = format!("create database bench_{}_{}", std::process::id(), self.databases);
            let mut connection = PgConnection::connect(server).await?;
            sqlx::raw_sql(sqlx::AssertSqlSafe(name)).execute(&mut connection).await?;
        }
        Ok((url, folder))
    }

    /// The database that belongs to this folder.
    fn url_of(&self, folder: &std::path::Path) -> anyhow::Result<String> {
        let number = folder.file_name().and_then(|n| n.to_str()).context("a folder of this run")?;
        Ok(match self.options.database {
            Database::Sqlite => format!("sqlite://{}", folder.join("bench.db").display()),
            Database::Postgres => {
                let server = self.options.postgres_url.as_deref().context("a PostgreSQL server")?;
                let (base, _) = server.rsplit_once('/').context("a PostgreSQL URL without a database")?;
                format!("{base}/bench_{}_{number}", std::process::id())
            }
        })
    }

    pub async fn yueke(&mut self) -> anyhow::Result<Server> {
        let (url, folder) = self.database().await?;
        Server::yueke(&self.binary(), &url, &folder).await
    }

    /// The baseline, with as many connections as serve it best.
    pub async fn baseline(&mut self, connections: u32) -> anyhow::Result<Server> {
        let (url, folder) = self.database().await?;
        Server::baseline(Some(&url), connections, &folder).await
    }

    /// Without a database: the bare limits.
    pub async fn bare(&mut self) -> anyhow::Result<Server> {
        self.databases += 1;
        let folder = self.folder.path().join(self.databases.to_string());
        std::fs::create_dir_all(&folder)?;
        Server::baseline(None, 1, &folder).await
    }
}

pub fn figure(name: &str, ours: String, baseline: String, ratio: f64, goal: &str, reached: bool) -> Figure {
    Figure { name: name.into(), ours, baseline, ratio: Some(ratio), goal: goal.into(), reached: Some(reached) }
}
