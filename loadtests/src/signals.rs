//! Ctrl-C and SIGTERM end a run in order: its servers stop, its databases are dropped.

use anyhow::bail;

/// The work, unless the user ends it first; then all that it holds is dropped.
pub async fn until_stopped<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::select! {
        done = work => done,
        name = asked_to_stop() => {
            eprintln!();
            bail!("ended by {name}");
        }
    }
}

async fn asked_to_stop() -> &'static str {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            return tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = tokio::signal::ctrl_c() => "Ctrl-C",
            };
        }
    }
    // Without a handler the default of the system holds, which ends us too.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    "Ctrl-C"
}
