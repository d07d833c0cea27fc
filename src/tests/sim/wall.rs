//! The clock on the wall.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use tokio::time::Instant;
use yueke::base::time::{Millis, Timestamp};

/// The wall clock of the simulated machine: it goes on with the runtime's time, and jumps.
#[derive(Clone)]
pub struct Wall(Arc<(AtomicI64, Mutex<Option<Instant>>)>);

impl Wall {
    pub fn showing(at: Timestamp) -> Self {
        Self(Arc::new((AtomicI64::new(at.as_millis()), Mutex::new(None))))
    }

    pub fn now(&self) -> Timestamp {
        let began = *self.0.1.lock().expect("plain data");
        let since = began.map_or(0, |began| began.elapsed().as_millis() as i64);
        Timestamp::from_millis(self.0.0.load(Ordering::SeqCst) + since)
    }

    pub fn jump(&self, by: Millis) {
        self.0.0.fetch_add(by, Ordering::SeqCst);
    }

    /// The runtime has begun, or is about to end.
    pub fn runs(&self, yes: bool) {
        let now = self.now();
        *self.0.1.lock().expect("plain data") = yes.then(Instant::now);
        self.0.0.store(now.as_millis(), Ordering::SeqCst);
    }
}
