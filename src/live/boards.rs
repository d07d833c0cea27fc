//! Which boards are watched, so that a thousand sockets that come back at once cost the engine
//! one question per schedule.

use std::{
    ops::Deref,
    sync::{Arc, Weak},
};

use dashmap::DashMap;
use tokio::sync::{OnceCell, watch};

use crate::{
    base::ids::ScheduleId,
    engine::{Board, Engine, Trouble},
};

pub struct Boards {
    engine: Engine,
    watched: Arc<DashMap<ScheduleId, Weak<Slot>>>,
}

/// A board that is kept up to date for as long as this lives.
pub struct Watched {
    slot: Arc<Slot>,
    board: Arc<Board>,
}

struct Slot {
    schedule: ScheduleId,
    filled: OnceCell<Kept>,
    home: Weak<DashMap<ScheduleId, Weak<Slot>>>,
}

struct Kept {
    board: Arc<Board>,
    /// The engine writes only boards that somebody watches.
    _watcher: watch::Receiver<u64>,
}

impl Boards {
    pub fn new(engine: Engine) -> Self {
        Self { engine, watched: Arc::default() }
    }

    pub async fn watch(&self, schedule: ScheduleId) -> Result<Watched, Trouble> {
        let slot = self.slot(schedule);
        let kept = slot
            .filled
            .get_or_try_init(|| async {
                let (board, _watcher) = self.engine.watch(schedule).await?;
                Ok(Kept { board, _watcher })
            })
            .await?;
        let board = kept.board.clone();
        Ok(Watched { slot, board })
    }

    fn slot(&self, schedule: ScheduleId) -> Arc<Slot> {
        let mut entry = self.watched.entry(schedule).or_default();
        entry.upgrade().unwrap_or_else(|| {
            let home = Arc::downgrade(&self.watched);
            let slot = Arc::new(Slot { schedule, filled: OnceCell::new(), home });
            *entry = Arc::downgrade(&slot);
            slot
        })
    }
}

impl Watched {
    pub fn schedule(&self) -> ScheduleId {
        self.slot.schedule
    }
}

impl Deref for Watched {
    type Target = Board;

    fn deref(&self) -> &Board {
        &self.board
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            // Another slot may have taken the place already.
            home.remove_if(&self.schedule, |_, slot| slot.strong_count() == 0);
        }
    }
}
