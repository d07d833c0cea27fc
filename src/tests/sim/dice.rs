//! All chance of a run comes from one seed.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard},
};

use rand::{Rng, SeedableRng, distr::uniform::SampleUniform, rngs::StdRng};

#[derive(Clone)]
pub struct Dice(Arc<Mutex<StdRng>>);

impl Dice {
    pub fn of_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    fn rng(&self) -> MutexGuard<'_, StdRng> {
        self.0.lock().expect("throwing dice does not panic")
    }

    pub fn chance(&self, share: f64) -> bool {
        self.rng().random_bool(share.clamp(0.0, 1.0))
    }

    pub fn range<T: SampleUniform + PartialOrd>(&self, range: Range<T>) -> T {
        self.rng().random_range(range)
    }

    pub fn pick<T: Clone>(&self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.range(0..all.len())].clone())
    }
}
