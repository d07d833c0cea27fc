//! Rate limits per caller and per address, on the server's own clock.

use std::{
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as GovernorClock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::keyed::DashMapStateStore,
};

use super::error::Problem;
use crate::{
    base::{ids::AccountId, time::Clock},
    config::LimitConfig,
};

#[derive(Clone)]
struct Ticks(Clock);

impl GovernorClock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.now().as_millis().max(0) as u64 * 1_000_000)
    }
}

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, Ticks, NoOpMiddleware<Nanos>>;

/// A burst of this many seconds' worth may come at once.
const BURST_SECONDS: u32 = 3;
/// After this many checks, keys that are idle are forgotten.
const CLEAN_EVERY: u32 = 50_000;

struct Limit<K: Hash + Eq + Clone> {
    limiter: Keyed<K>,
    clock: Ticks,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(per_second: u32, clock: &Clock) -> Option<Self> {
        let rate = NonZeroU32::new(per_second)?;
        let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::new(BURST_SECONDS)?));
        let clock = Ticks(clock.clone());
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Some(Self { limiter, clock, checks: AtomicU32::new(0) })
    }

    fn check(&self, key: &K) -> Result<(), Problem> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CLEAN_EVERY == CLEAN_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.earliest_possible().duration_since(self.clock.now());
            Problem::RateLimited { retry_after: (wait.as_u64() / 1_000_000_000) as u32 + 1 }
        })
    }
}

pub struct Limits {
    callers: Option<Limit<AccountId>>,
    addresses: Option<Limit<IpAddr>>,
}

impl Limits {
    pub fn new(config: LimitConfig, clock: &Clock) -> Self {
        Self { callers: Limit::new(config.per_caller, clock), addresses: Limit::new(config.per_address, clock) }
    }

    pub fn caller(&self, account: AccountId) -> Result<(), Problem> {
        self.callers.as_ref().map_or(Ok(()), |l| l.check(&account))
    }

    pub fn address(&self, address: IpAddr) -> Result<(), Problem> {
        self.addresses.as_ref().map_or(Ok(()), |l| l.check(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{SECOND, Timestamp};

    #[test]
    fn a_burst_passes_the_next_waits_and_time_heals() {
        let clock = Clock::manual(Timestamp::from_millis(1_000_000));
        let limits = Limits::new(LimitConfig { per_caller: 2, per_address: 0 }, &clock);
        let amy = AccountId::from_u128(1);
        for _ in 0..6 {
            limits.caller(amy).unwrap();
        }
        let Err(Problem::RateLimited { retry_after }) = limits.caller(amy) else { panic!("the seventh passes") };
        assert_eq!(retry_after, 1);
        assert!(limits.caller(AccountId::from_u128(2)).is_ok(), "another caller is not concerned");
        clock.move_to(clock.now() + SECOND);
        limits.caller(amy).unwrap();
    }
}
