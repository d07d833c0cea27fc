//! Moving SQLite's write-ahead log into the database file, beside the writer instead of within
//! its commits: a checkpoint syncs the database file, and every booking behind it would wait.
//!
//! A log that is written to all the time is never quite moved, and grows. So from time to time
//! the writer itself moves what little is left, between two commits; then the log begins anew at
//! its start, over blocks that the file already has, which is also the fastest way to write it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::task::JoinHandle;

use super::{
    open::Target,
    sql::{BadColumn, Conn},
    writer::Writer,
};

/// How often the log is looked at: often, so that each run moves little and syncs it fast, for
/// commits wait behind it at the disk.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A log below this is left alone.
const LOG_BYTES_MIN: u64 = 4 << 20;
/// From this many pages on the log is to begin anew …
const PAGES_FULL: i64 = 8_192;
/// … once no more than this many are left for the writer to move: a few milliseconds.
const PAGES_LEFT: i64 = 256;
/// Runs in a row to bring a full log down to that; each finds only what the one before let through.
const RUNS_MAX: usize = 8;

/// Runs until it is aborted; that is safe at any point.
pub fn spawn(target: Target, path: PathBuf, writer: Writer) -> JoinHandle<()> {
    tokio::spawn(async move {
        let log = log_of(&path);
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut conn: Option<Conn> = None;
        let mut seen = 0;
        loop {
            look.tick().await;
            let groups = writer.groups();
            let size = std::fs::metadata(&log).map_or(0, |m| m.len());
            if groups == seen || size < LOG_BYTES_MIN {
                continue;
            }
            seen = groups;
            if let Err(error) = move_log(&target, &mut conn, &writer).await {
                // A full or locked disk: the log keeps everything until it works again.
                tracing::warn!(%error, "a checkpoint did not go through");
                conn = None;
            }
        }
    })
}

async fn move_log(target: &Target, conn: &mut Option<Conn>, writer: &Writer) -> anyhow::Result<()> {
    let conn = match conn {
        Some(conn) => conn,
        None => conn.insert(target.connect().await?),
    };
    for _ in 0..RUNS_MAX {
        let Moved { pages, left } = run(conn).await?;
        if pages < PAGES_FULL {
            return Ok(());
        }
        if left <= PAGES_LEFT {
            writer.checkpoint().await;
            return Ok(());
        }
    }
    Ok(())
}

/// What a run found in the log, and what of it could not be moved yet.
pub(super) struct Moved {
    pages: i64,
    left: i64,
}

/// Moves what no reader still needs in the log; waits for nobody.
pub(super) async fn run(conn: &mut Conn) -> anyhow::Result<Moved> {
    let row = conn.one("pragma wal_checkpoint(passive)", vec![]).await?;
    let row = row.ok_or_else(|| anyhow::anyhow!("a checkpoint answered nothing"))?;
    let read = |column| -> Result<i64, BadColumn> { row.int(column) };
    let (pages, moved) = (read("log")?, read("checkpointed")?);
    Ok(Moved { pages, left: pages - moved })
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
