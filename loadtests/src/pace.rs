//! Requests at a fixed rate, however slow the answers are: latency counts from the instant at which
//! a request was due, so that a stall is not hidden by the requests that it held back.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinSet};

use crate::{crowd::Crowd, lane::Lane, record::Recorder};

/// What is due within this is sent together; it costs a wake-up.
const TICK: Duration = Duration::from_micros(500);

/// Instants at which requests are due, handed to whichever lane is free.
struct Beat {
    due: Semaphore,
    next: AtomicU64,
    began: Instant,
    per_second: f64,
    over: AtomicBool,
}

impl Beat {
    /// When the next request is due; none when the time is over.
    async fn next(&self) -> Option<Instant> {
        self.due.acquire().await.ok()?.forget();
        let i = self.next.fetch_add(1, Ordering::Relaxed);
        Some(self.began + Duration::from_secs_f64(i as f64 / self.per_second))
    }

    /// On a thread of its own: the timers of a runtime are exact to a millisecond only.
    fn ring(&self, count: u64) {
        for i in 0..count {
            let due = self.began + Duration::from_secs_f64(i as f64 / self.per_second);
            if let Some(early) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(early.max(TICK));
            }
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            self.due.add_permits(1);
        }
    }
}

/// Ends the ringing with the run.
struct Ending(Arc<Beat>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// Lets the crowd act at this rate, for this long, over this many connections.
pub async fn act(
    address: SocketAddr,
    crowd: &Arc<Crowd>,
    recorder: &Arc<Recorder>,
    lanes: usize,
    per_second: f64,
    length: Duration,
) -> anyhow::Result<()> {
    let mut open = Vec::with_capacity(lanes);
    for _ in 0..lanes {
        open.push(Lane::warmed(address).await?);
    }
    let count = (per_second * length.as_secs_f64()) as u64;
    let beat = Arc::new(Beat {
        due: Semaphore::new(0),
        next: AtomicU64::new(0),
        began: Instant::now(),
        per_second,
        over: AtomicBool::new(false),
    });
    let _ending = Ending(beat.clone());
    let mut tasks = JoinSet::new();
    for mut lane in open {
        let (beat, crowd, recorder) = (beat.clone(), crowd.clone(), recorder.clone());
        tasks.spawn(async move {
            while let Some(due) = beat.next().await {
                crowd.act(&mut lane, due, &recorder).await;
            }
        });
    }
    let ringer = {
        let beat = beat.clone();
        tokio::task::spawn_blocking(move || beat.ring(count))
    };
    ringer.await?;
    // What was due is still answered; then nobody waits for more.
    while beat.next.load(Ordering::Relaxed) < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    beat.due.close();
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    Ok(())
}
