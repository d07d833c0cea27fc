//! The latest committed state of a schedule, for those who watch it.
//!
//! A board holds one state, not a queue: who is slow skips what came between, and no reader can
//! make it grow. An actor writes it after each commit, sockets read it.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, RwLock},
};

use bytestring::ByteString;
use tokio::sync::watch;

use crate::{
    base::{
        ids::{Epoch, StudentId},
        sync::{read, write},
        time::Timestamp,
    },
    domain::schedule::view::{Mine, View},
};

pub struct Board {
    state: RwLock<Option<Arc<BoardState>>>,
    mines: RwLock<HashMap<StudentId, Mine>>,
    changed: watch::Sender<u64>,
}

/// What everybody sees, and its encoding, made once by the first who needs it.
pub struct BoardState {
    pub view: View,
    pub epoch: Epoch,
    /// The instant of the commit's turn.
    pub at: Timestamp,
    /// For the live side, which knows the wire: the frame without a viewer's own part.
    pub encoded: OnceLock<ByteString>,
}

/// What a turn changes on a board.
pub struct Publication {
    pub state: BoardState,
    pub mines: Vec<(StudentId, Mine)>,
}

impl Default for Board {
    fn default() -> Self {
        Self { state: RwLock::new(None), mines: RwLock::default(), changed: watch::Sender::new(0) }
    }
}

impl Board {
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub fn is_watched(&self) -> bool {
        self.changed.receiver_count() > 0
    }

    /// The state and this student's part of it, of one and the same commit. None before the first.
    pub fn read(&self, student: Option<StudentId>) -> Option<(Arc<BoardState>, Option<Mine>)> {
        // The writer changes both under both locks, taken in the same order.
        let state = read(&self.state);
        let mines = read(&self.mines);
        let mine = student.and_then(|s| mines.get(&s).cloned());
        state.clone().map(|state| (state, mine))
    }

    /// Everything of one and the same commit, without a copy; for those who tell many at once.
    pub fn with(&self, f: impl FnOnce(&BoardState, &HashMap<StudentId, Mine>)) {
        let state = read(&self.state);
        let mines = read(&self.mines);
        if let Some(state) = &*state {
            f(state, &mines);
        }
    }

    /// Replaces everything.
    pub fn fill(&self, state: BoardState, mines: HashMap<StudentId, Mine>) {
        {
            let mut to_state = write(&self.state);
            let mut to_mines = write(&self.mines);
            (*to_state, *to_mines) = (Some(Arc::new(state)), mines);
        }
        self.notify();
    }

    pub fn publish(&self, p: Publication) {
        {
            let mut state = write(&self.state);
            let mut mines = write(&self.mines);
            *state = Some(Arc::new(p.state));
            for (student, mine) in p.mines {
                if mine.is_empty() {
                    mines.remove(&student);
                } else {
                    mines.insert(student, mine);
                }
            }
        }
        self.notify();
    }

    fn notify(&self) {
        self.changed.send_modify(|n| *n += 1);
    }
}
