//! Which boards are watched, and the fan-out: one task per watched schedule hands each new state
//! to all its sockets, so that a frame costs a socket one send and not a wake-up of its own.
//!
//! The fan-out never waits. A socket whose queue is full is left out and told that it is behind;
//! it then writes the newest state itself, at its own pace. A thousand sockets that come back at
//! once cost the engine one question per schedule.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, Weak},
};

use actix_web::rt;
use actix_ws::Session;
use bytestring::ByteString;
use dashmap::DashMap;
use futures_util::FutureExt;
use tokio::{
    sync::{Notify, OnceCell, watch},
    task::JoinHandle,
};

use super::{
    CourseNames,
    frame::{Kind, frame},
    logins::Login,
};
use crate::{
    base::{
        ids::{Epoch, ScheduleId, StudentId, Version},
        sync::lock,
        time::Zone,
    },
    engine::{Board, Engine, Trouble},
};

pub struct Boards {
    engine: Engine,
    names: Arc<dyn CourseNames>,
    zone: Zone,
    watched: Arc<DashMap<ScheduleId, Weak<Slot>>>,
}

/// A board that is kept up to date for as long as this lives.
pub struct Watched {
    slot: Arc<Slot>,
    board: Arc<Board>,
}

struct Slot {
    schedule: ScheduleId,
    outlets: Mutex<Vec<Weak<Outlet>>>,
    filled: OnceCell<Kept>,
    home: Weak<DashMap<ScheduleId, Weak<Slot>>>,
}

struct Kept {
    board: Arc<Board>,
    fan_out: JoinHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        // With the task goes its watch, and the engine stops to write the board.
        self.fan_out.abort();
    }
}

/// A socket's way to be told of one schedule.
pub struct Outlet {
    pub student: Option<StudentId>,
    login: Arc<Login>,
    line: Mutex<Line>,
    /// Rung when the socket has to write for itself.
    behind: Arc<Notify>,
}

struct Line {
    out: Session,
    /// The last state that was sent; a later frame is always a newer one.
    told: (Epoch, Version),
    /// The socket itself is writing: the fan-out keeps out of its way.
    taken: bool,
}

impl Outlet {
    /// Taken by the socket from the start: its snapshot comes first.
    pub fn new(student: Option<StudentId>, login: Arc<Login>, out: Session, behind: Arc<Notify>) -> Self {
        Self { student, login, line: Mutex::new(Line { out, told: (0, 0), taken: true }), behind }
    }

    /// Sends a frame if it is news and there is room for it.
    fn offer(&self, state: (Epoch, Version), frame: impl FnOnce() -> ByteString) {
        let mut line = lock(&self.line);
        if line.taken || line.told >= state || self.login.is_ended() {
            return;
        }
        match line.out.text(frame()).now_or_never() {
            Some(Ok(())) => line.told = state,
            // Closed: its task knows by itself.
            Some(Err(_)) => {}
            None => self.behind.notify_one(),
        }
    }

    pub fn told(&self) -> (Epoch, Version) {
        lock(&self.line).told
    }

    pub fn take(&self) {
        lock(&self.line).taken = true;
    }

    pub fn give_back(&self, told: (Epoch, Version)) {
        let mut line = lock(&self.line);
        (line.told, line.taken) = (told, false);
    }
}

impl Boards {
    pub fn new(engine: Engine, names: Arc<dyn CourseNames>, zone: Zone) -> Self {
        Self { engine, names, zone, watched: Arc::default() }
    }

    pub async fn watch(&self, schedule: ScheduleId) -> Result<Watched, Trouble> {
        let slot = self.slot(schedule);
        let kept = slot
            .filled
            .get_or_try_init(|| async {
                let (board, changes) = self.engine.watch(schedule).await?;
                let fan_out = FanOut {
                    slot: Arc::downgrade(&slot),
                    board: board.clone(),
                    engine: self.engine.clone(),
                    names: self.names.clone(),
                    zone: self.zone,
                };
                Ok(Kept { board, fan_out: rt::spawn(fan_out.run(changes)) })
            })
            .await?;
        let board = kept.board.clone();
        Ok(Watched { slot, board })
    }

    fn slot(&self, schedule: ScheduleId) -> Arc<Slot> {
        let mut entry = self.watched.entry(schedule).or_default();
        entry.upgrade().unwrap_or_else(|| {
            let home = Arc::downgrade(&self.watched);
            let slot = Arc::new(Slot { schedule, outlets: Mutex::default(), filled: OnceCell::new(), home });
            *entry = Arc::downgrade(&slot);
            slot
        })
    }
}

struct FanOut {
    slot: Weak<Slot>,
    board: Arc<Board>,
    engine: Engine,
    names: Arc<dyn CourseNames>,
    zone: Zone,
}

impl FanOut {
    async fn run(self, mut changes: watch::Receiver<u64>) {
        while changes.changed().await.is_ok() {
            let Some(slot) = self.slot.upgrade() else { return };
            self.tell(&slot);
        }
    }

    fn tell(&self, slot: &Slot) {
        let mut outlets: Vec<Arc<Outlet>> = Vec::new();
        lock(&slot.outlets).retain(|outlet| match outlet.upgrade() {
            Some(outlet) => {
                outlets.push(outlet);
                true
            }
            None => false,
        });
        let now = self.engine.clock().now();
        self.board.with(|state, mines| {
            let version = (state.epoch, state.view.version);
            for outlet in &outlets {
                let mine = outlet.student.and_then(|s| mines.get(&s));
                let name = || self.names.name(state.view.head.course);
                outlet.offer(version, || frame(Kind::Frame, state, mine, now, name, self.zone));
            }
        });
    }
}

impl Watched {
    pub fn schedule(&self) -> ScheduleId {
        self.slot.schedule
    }

    /// From now on the fan-out tells this outlet, as long as it lives.
    pub fn tell(&self, outlet: &Arc<Outlet>) {
        lock(&self.slot.outlets).push(Arc::downgrade(outlet));
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
