//! Moving SQLite's write-ahead log into the database file, beside the writer instead of within
//! its commits: a checkpoint syncs the whole file, which would hold up every booking behind it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::task::JoinHandle;

use super::{open::Target, sql::Conn};

/// How often the log's size is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A log below this is left alone.
const PASSIVE_BYTES: u64 = 4 << 20;
/// A log that a steady load keeps from ever being quite moved is cut at this size; writers wait
/// for that, but only for what the last passive run left.
const CUT_BYTES: u64 = 128 << 20;

/// Runs until it is aborted; that is safe at any point.
pub fn spawn(target: Target, path: PathBuf) -> JoinHandle<()> {
    tokio::spawn(async move {
        let log = log_of(&path);
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut conn: Option<Conn> = None;
        let mut last = 0;
        loop {
            look.tick().await;
            let size = std::fs::metadata(&log).map_or(0, |m| m.len());
            if size < PASSIVE_BYTES || (size == last && size < CUT_BYTES) {
                last = size;
                continue;
            }
            let run =
                if size >= CUT_BYTES { "pragma wal_checkpoint(truncate)" } else { "pragma wal_checkpoint(passive)" };
            if let Err(error) = checkpoint(&target, &mut conn, run).await {
                // A full or locked disk: the log keeps everything until it works again.
                tracing::warn!(%error, "a checkpoint did not go through");
                conn = None;
            }
            last = std::fs::metadata(&log).map_or(0, |m| m.len());
        }
    })
}

async fn checkpoint(target: &Target, conn: &mut Option<Conn>, run: &str) -> anyhow::Result<()> {
    let conn = match conn {
        Some(conn) => conn,
        None => conn.insert(target.connect().await?),
    };
    conn.all(run, vec![]).await?;
    Ok(())
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
