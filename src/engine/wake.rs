//! Timers. Only hints: a deadline is a stored instant, and whoever touches its schedule handles
//! it first. A lost hint costs time, never rightness.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Mutex,
    time::Duration,
};

use tokio::sync::Notify;

use crate::base::{
    ids::ScheduleId,
    limits::WAKE_HORIZON,
    sync::lock,
    time::{Clock, Timestamp},
};

#[derive(Default)]
pub struct Wake {
    armed: Mutex<Armed>,
    earlier: Notify,
}

#[derive(Default)]
struct Armed {
    order: BTreeSet<(Timestamp, ScheduleId)>,
    by_schedule: HashMap<ScheduleId, Timestamp>,
}

impl Wake {
    /// Sets, moves or clears a schedule's timer. What lies beyond the horizon is left to the sweep.
    pub fn arm(&self, schedule: ScheduleId, due: Option<Timestamp>, now: Timestamp) {
        let mut armed = lock(&self.armed);
        let due = due.filter(|&t| t - now <= WAKE_HORIZON);
        let before = match due {
            Some(t) => armed.by_schedule.insert(schedule, t),
            None => armed.by_schedule.remove(&schedule),
        };
        if before == due {
            return;
        }
        if let Some(t) = before {
            armed.order.remove(&(t, schedule));
        }
        if let Some(t) = due {
            armed.order.insert((t, schedule));
            if armed.order.first() == Some(&(t, schedule)) {
                self.earlier.notify_one();
            }
        }
    }

    /// Waits for the next deadlines and takes them off.
    pub async fn wait(&self, clock: &Clock) -> Vec<ScheduleId> {
        loop {
            let first = lock(&self.armed).order.first().map(|(t, _)| *t);
            match first {
                None => self.earlier.notified().await,
                Some(t) if t > clock.now() => {
                    // Looks again each second: the machine's clock may be set forward.
                    tokio::select! {
                        // One order, so that a simulated run can be repeated.
                        biased;
                        () = clock.sleep_until(t, Duration::from_secs(1)) => {}
                        () = self.earlier.notified() => {}
                    }
                }
                Some(_) => return self.take(clock.now()),
            }
        }
    }

    fn take(&self, now: Timestamp) -> Vec<ScheduleId> {
        let mut armed = lock(&self.armed);
        let mut due = Vec::new();
        while let Some(&(t, schedule)) = armed.order.first().filter(|(t, _)| *t <= now) {
            armed.order.remove(&(t, schedule));
            armed.by_schedule.remove(&schedule);
            due.push(schedule);
        }
        due
    }
}
