//! After several failures in a row WeChat is left alone for a while: who asks is told at once.

use std::sync::Mutex;

use crate::base::{
    sync::lock,
    time::{Millis, SECOND, Timestamp},
};

/// Calls in a row without an answer.
const FAILURES_MAX: u32 = 5;
/// From one attempt to the next while there are no answers.
pub const PAUSE: Millis = 5 * SECOND;

pub struct Breaker(Mutex<State>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { since: Timestamp, probing: bool },
}

/// A call that may be made. Whoever gives it up without an end leaves the next probe to another.
pub struct Permit<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }
}

impl Breaker {
    /// None where the call would be in vain.
    pub fn enter(&self, now: Timestamp) -> Option<Permit<'_>> {
        let mut state = lock(&self.0);
        match &mut *state {
            State::Closed { failures: _ } => Some(Permit { breaker: self, probe: false }),
            // A clock that was set back must not keep it open.
            State::Open { since, probing } if !*probing && !(0..PAUSE).contains(&(now - *since)) => {
                *probing = true;
                Some(Permit { breaker: self, probe: true })
            }
            State::Open { since: _, probing: _ } => None,
        }
    }

    pub fn is_closed(&self) -> bool {
        matches!(*lock(&self.0), State::Closed { failures: _ })
    }
}

impl Permit<'_> {
    /// How the call went: any answer shows that WeChat is there, a refusal too.
    pub fn end(self, answered: bool, now: Timestamp) {
        let mut state = lock(&self.breaker.0);
        *state = match *state {
            State::Closed { failures: _ } | State::Open { since: _, probing: _ } if answered => {
                State::Closed { failures: 0 }
            }
            State::Closed { failures } if failures + 1 < FAILURES_MAX => State::Closed { failures: failures + 1 },
            State::Closed { failures: _ } => State::Open { since: now, probing: false },
            State::Open { since: _, probing: _ } if self.probe => State::Open { since: now, probing: false },
            State::Open { since, probing } => State::Open { since, probing },
        };
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe
            && let State::Open { since: _, probing } = &mut *lock(&self.breaker.0)
        {
            *probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_000_000);

    fn call(breaker: &Breaker, answered: bool, at: Timestamp) -> bool {
        breaker.enter(at).map(|permit| permit.end(answered, at)).is_some()
    }

    fn open() -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            assert!(breaker.is_closed() && call(&breaker, false, T0));
        }
        assert!(!breaker.is_closed());
        breaker
    }

    #[test]
    fn only_failures_in_a_row_open_it() {
        let breaker = Breaker::default();
        for _ in 0..10 {
            for answered in [false, false, false, false, true] {
                assert!(call(&breaker, answered, T0));
            }
        }
        assert!(breaker.is_closed());
    }

    #[test]
    fn open_it_asks_once_in_a_while_and_closes_on_an_answer() {
        let breaker = open();
        assert!(!call(&breaker, true, T0 + PAUSE - 1), "too early");
        let probe = breaker.enter(T0 + PAUSE).expect("a probe");
        assert!(breaker.enter(T0 + PAUSE).is_none(), "one at a time");
        probe.end(false, T0 + PAUSE + 10);
        assert!(!call(&breaker, true, T0 + 2 * PAUSE + 9), "the pause begins anew");
        assert!(call(&breaker, true, T0 + 2 * PAUSE + 10));
        assert!(breaker.is_closed());
    }

    #[test]
    fn a_probe_that_is_given_up_leaves_it_to_another() {
        let breaker = open();
        drop(breaker.enter(T0 + PAUSE).expect("a probe"));
        assert!(breaker.enter(T0 + PAUSE).is_some());
    }

    #[test]
    fn what_was_under_way_when_it_opened_may_close_it_but_does_not_prolong_it() {
        let breaker = Breaker::default();
        let (early, late) = (breaker.enter(T0), breaker.enter(T0));
        for _ in 0..FAILURES_MAX {
            call(&breaker, false, T0);
        }
        early.expect("a permit").end(false, T0 + PAUSE - 1);
        assert!(breaker.enter(T0 + PAUSE).is_some(), "not prolonged");
        late.expect("a permit").end(true, T0 + PAUSE);
        assert!(breaker.is_closed());
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_keep_it_open() {
        assert!(open().enter(T0 - PAUSE).is_some());
    }
}
