//! One message at a time to one person.

use ahash::RandomState;
use tokio::sync::{Mutex, MutexGuard};

/// People share a lane where chance has it, so that there is no list that grows.
const LANES: usize = 1_024;

pub struct Lanes {
    lanes: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { lanes: (0..LANES).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }
}

impl Lanes {
    /// Waits until nothing is on its way to this person; first come, first served.
    pub async fn enter(&self, openid: &str) -> MutexGuard<'_, ()> {
        let lane = self.hasher.hash_one(openid) as usize % LANES;
        self.lanes[lane].lock().await
    }
}
