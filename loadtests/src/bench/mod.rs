//! The benchmarks, one after the other.

mod bookings;
mod memory;
mod sockets;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::{
    databases::{Databases, Kind},
    progress::{end_of_steps, step},
    server::{Server, log_tails},
    signals::until_stopped,
    table::{Figure, markdown},
};

#[derive(Args)]
pub struct Options {
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    database: Kind,
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

/// What a benchmark needs: servers on databases of their own.
pub struct Bench<'a> {
    options: &'a Options,
    databases: &'a Databases,
    /// Of one popular class; half of it is what latency is measured at.
    saturation: Option<f64>,
}

const NAMES: [&str; 8] = ["hot", "many", "refusals", "latency", "sockets", "release", "memory", "stored"];

/// Measures, prints a table, and fails when one of the benchmarks could not be run.
pub async fn run(options: Options) -> anyhow::Result<()> {
    for name in &options.only {
        anyhow::ensure!(NAMES.contains(&name.as_str()), "there is no benchmark `{name}`: use {}", NAMES.join(", "));
    }
    anyhow::ensure!((1..=600).contains(&options.seconds), "--seconds must be 1 to 600");
    let databases = Databases::open(options.database, options.postgres_url.as_deref()).await?;
    let result = until_stopped(measure(&options, &databases)).await;
    databases.close().await?;
    result
}

async fn measure(options: &Options, databases: &Databases) -> anyhow::Result<()> {
    let mut bench = Bench { options, databases, saturation: None };
    let (mut figures, mut failed) = (Vec::new(), Vec::new());
    for name in NAMES {
        if !options.only.is_empty() && !options.only.iter().any(|n| n == name) {
            continue;
        }
        step(&format!("{name} …"));
        match bench.one(name).await {
            Ok(more) => figures.extend(more),
            Err(error) => {
                end_of_steps();
                eprintln!("{name}: {error:#}\n{}", log_tails(databases.root()));
                figures.push(Figure::failed(name));
                failed.push(name);
            }
        }
    }
    end_of_steps();
    println!("{}", markdown(&figures));
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&figures)?)?;
    }
    if !failed.is_empty() {
        bail!("could not be measured: {}", failed.join(", "));
    }
    Ok(())
}

impl Bench<'_> {
    async fn one(&mut self, name: &str) -> anyhow::Result<Vec<Figure>> {
        Ok(match name {
            "hot" => {
                let (figure, rate) = bookings::hot(self).await?;
                self.saturation = Some(rate);
                vec![figure]
            }
            "many" => vec![bookings::many(self).await?],
            "refusals" => vec![bookings::refusals(self).await?],
            "latency" => vec![bookings::latency(self, self.saturation).await?],
            "sockets" => vec![sockets::fan_out(self).await?],
            "release" => vec![sockets::release(self).await?],
            "memory" => memory::memory(self).await?,
            "stored" => vec![memory::stored(self).await?],
            _ => unreachable!("one of NAMES"),
        })
    }

    fn seconds(&self) -> u64 {
        self.options.seconds
    }

    fn binary(&self) -> PathBuf {
        self.options.server.clone().unwrap_or_else(crate::default_server)
    }

    async fn yueke(&mut self) -> anyhow::Result<Server> {
        let (url, folder) = self.databases.make().await?;
        Server::yueke(&self.binary(), &url, &folder).await
    }

    /// The baseline, with as many connections as serve it best.
    async fn baseline(&mut self, connections: u32) -> anyhow::Result<Server> {
        let (url, folder) = self.databases.make().await?;
        Server::baseline(Some(&url), connections, &folder).await
    }

    /// Without a database: the bare limits.
    async fn bare(&mut self) -> anyhow::Result<Server> {
        Server::baseline(None, 1, &self.databases.folder()?).await
    }
}

fn figure(name: &str, ours: String, baseline: String, ratio: f64, goal: &str, reached: bool) -> Figure {
    Figure { name: name.into(), ours, baseline, ratio: Some(ratio), goal: goal.into(), reached: Some(reached) }
}
