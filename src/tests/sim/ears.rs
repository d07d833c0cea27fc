//! Who can be reached, and who could be when a round was opened.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use yueke::{
    base::{
        ids::{IdSource, RoundId, SeededIds, StudentId},
        time::Timestamp,
    },
    engine::Reach,
};

/// Whom no news reaches.
pub type Deaf = Arc<BTreeSet<StudentId>>;

/// What a server asks who can hear. Nothing happens in the midst of a turn, and the turn that opens
/// a round draws its id; so with each id is kept how it was then. The auditor judges by that,
/// however long the turn was on its way to the disk.
#[derive(Clone, Default)]
pub struct Ears(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    deaf: Deaf,
    at_id: HashMap<u128, Deaf>,
}

impl Ears {
    /// Goes out of reach, or comes back; true for out of it.
    pub fn toggle(&self, student: StudentId) -> bool {
        let mut known = self.0.lock().expect("plain data");
        let deaf = Arc::make_mut(&mut known.deaf);
        let is_deaf = !deaf.remove(&student);
        if is_deaf {
            deaf.insert(student);
        }
        is_deaf
    }

    /// Whom no news reached when this round was opened.
    pub fn deaf_at(&self, round: RoundId) -> Deaf {
        self.0.lock().expect("plain data").at_id.get(&round.as_u128()).cloned().unwrap_or_default()
    }
}

impl Reach for Ears {
    fn can_hear(&self, student: StudentId) -> bool {
        !self.0.lock().expect("plain data").deaf.contains(&student)
    }
}

/// The ids of one life of a server.
pub struct Ids {
    pub source: SeededIds,
    pub ears: Ears,
}

impl IdSource for Ids {
    fn next(&self, at: Timestamp) -> u128 {
        let id = self.source.next(at);
        let mut known = self.ears.0.lock().expect("plain data");
        let deaf = known.deaf.clone();
        known.at_id.insert(id, deaf);
        id
    }
}
