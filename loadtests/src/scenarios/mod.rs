//! The scenarios, and what they have in common: where they run, what they leave behind.

pub mod announce;
pub mod overload;
pub mod race;
pub mod rush;
pub mod slow;
pub mod soak;
pub mod sockets;
pub mod steady;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Instant};

use anyhow::{Context, ensure};
use clap::Args;
use serde::Serialize;

use crate::{
    check::Check,
    databases::{Databases, Kind},
    desk::Desk,
    files, out,
    outcome::{Figure, Latency, Machine, Outcome, SCHEMA, ServerInfo},
    progress::{end_of_steps, step},
    record::Recorder,
    server::{Server, log_tails, resident_kib},
    signals::until_stopped,
    target,
};

/// Where a scenario runs, and where its result goes.
#[derive(Args)]
pub struct Common {
    /// The database of the server that is started.
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    database: Kind,
    /// A PostgreSQL server on which databases may be made, such as postgres://postgres@127.0.0.1:5432/postgres.
    #[arg(long)]
    postgres_url: Option<String>,
    /// The server's binary; the one beside this command unless given.
    #[arg(long)]
    server: Option<PathBuf>,
    /// A running server in demo mode instead, such as 127.0.0.1:8080 or http://127.0.0.1:8080.
    #[arg(long, conflicts_with_all = ["database", "postgres_url", "server"])]
    target: Option<String>,
    /// The process of a running server on this machine, to watch its memory.
    #[arg(long, requires = "target")]
    pid: Option<u32>,
    /// The folder for result.json and report.html; load-results/<scenario>-<time> unless given.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// What a scenario comes with, besides its options.
pub trait Scenario: Serialize {
    /// Its subcommand.
    const NAME: &'static str;
    /// One sentence on what is done.
    const ABOUT: &'static str;

    /// Connections that are open at once.
    fn connections(&self) -> usize;

    /// What options of their own range cannot say.
    fn validate(&self) -> anyhow::Result<()> {
        Ok(())
    }

    /// Makes the load and judges what came of it.
    async fn run(&self, ground: &Ground, recorder: &Arc<Recorder>) -> anyhow::Result<Findings>;
}

/// What a scenario found.
#[derive(Default)]
pub struct Findings {
    pub checks: Vec<Check>,
    pub figures: Vec<Figure>,
}

/// A server to run on.
pub struct Ground {
    pub address: SocketAddr,
    /// Of the server, where it is known.
    pub pid: Option<u32>,
    /// Distinguishes the people of this run from those of others on the same server.
    pub run: String,
    version: String,
    on: String,
    /// Ends with the run.
    _server: Option<Server>,
}

impl Ground {
    /// Logs in as an admin.
    pub async fn desk(&self) -> anyhow::Result<Desk> {
        Desk::open(self.address).await
    }

    /// The server's resident memory in MiB, where it can be read.
    pub fn memory_mib(&self) -> Option<f64> {
        Some(resident_kib(self.pid?)? as f64 / 1_024.0)
    }
}

/// Runs a scenario and leaves its result; false when something was violated.
pub async fn play<S: Scenario>(scenario: &S, common: &Common) -> anyhow::Result<bool> {
    scenario.validate()?;
    let target = common.target.as_deref().map(target::parse).transpose()?;
    let out = out::prepare(common.out.as_deref(), S::NAME)?;
    files::enough(scenario.connections(), target.is_none())?;
    let (databases, url) = (Databases::open(common.database, common.postgres_url.as_deref()).await?, target);
    let result = until_stopped(on_ground(scenario, common, &databases, url)).await;
    databases.close().await?;
    let outcome = result?;
    out::write(&out, &outcome)?;
    Ok(outcome.is_safe())
}

async fn on_ground<S: Scenario>(
    scenario: &S,
    common: &Common,
    databases: &Databases,
    target: Option<SocketAddr>,
) -> anyhow::Result<Outcome> {
    let ground = prepare(common, databases, target).await?;
    let (started_at, machine) = (chrono::Utc::now(), Machine::this());
    let recorder = Arc::new(Recorder::default());
    let began = Instant::now();
    let result = {
        let _memory = ground.pid.map(|pid| watch_memory(pid, recorder.clone()));
        scenario.run(&ground, &recorder).await
    };
    let took_s = began.elapsed().as_secs_f64();
    end_of_steps();
    let Findings { checks, figures } = result.unwrap_or_else(|error| {
        let told = format!("{error:#}\n{}", log_tails(databases.root()));
        Findings { checks: vec![Check::broken_off(told.trim_end())], figures: Vec::new() }
    });
    let recorded = recorder.take();
    Ok(Outcome {
        schema: SCHEMA,
        scenario: S::NAME.into(),
        about: S::ABOUT.into(),
        started_at: started_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        took_s,
        command: std::env::args().skip(1).collect(),
        settings: serde_json::to_value(scenario)?,
        server: ServerInfo {
            version: ground.version.clone(),
            loadtests_version: env!("CARGO_PKG_VERSION").into(),
            on: ground.on.clone(),
        },
        machine,
        checks,
        figures,
        latencies: recorded.named.iter().map(|(name, histogram)| Latency::of(name, histogram)).collect(),
        seconds: recorded.seconds,
        curves: recorded.curves,
        marks: recorded.marks,
    })
}

async fn prepare(common: &Common, databases: &Databases, target: Option<SocketAddr>) -> anyhow::Result<Ground> {
    let run = format!("{:x}", chrono::Utc::now().timestamp_millis());
    let Some(address) = target else {
        step("starting a server …");
        let (url, folder) = databases.make().await?;
        let binary = common.server.clone().unwrap_or_else(crate::default_server);
        let server = Server::yueke(&binary, &url, &folder).await?;
        let (address, pid) = (server.address, Some(server.pid()));
        let version = target::probe(address).await?;
        return Ok(Ground { address, pid, run, version, on: databases.kind.name().into(), _server: Some(server) });
    };
    let version = target::probe(address).await?;
    if let Some(pid) = common.pid {
        ensure!(
            resident_kib(pid).is_some(),
            "no memory can be read of a process {pid}: is it the server's, on this machine?"
        );
    }
    Ok(Ground { address, pid: common.pid, run, version, on: format!("at {address}"), _server: None })
}

/// A curve of the server's memory, for as long as it is held.
fn watch_memory(pid: u32, recorder: Arc<Recorder>) -> tokio::task::JoinSet<()> {
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            ticks.tick().await;
            if let Some(kib) = resident_kib(pid) {
                recorder.point(MEMORY, "MiB", kib as f64 / 1_024.0);
            }
        }
    });
    tasks
}

/// The name of that curve.
pub const MEMORY: &str = "memory of the server";

/// The number behind a name of an answer.
pub fn number(value: &serde_json::Value, name: &str) -> anyhow::Result<u64> {
    value[name].as_u64().with_context(|| format!("an answer without {name}"))
}
