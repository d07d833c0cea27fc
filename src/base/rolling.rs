//! How often something happened lately, by key: at most so often within any stretch of time, not
//! within an hour of the clock face, at whose turn twice as much could be done.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use super::time::{Millis, Timestamp};

/// At most so often within this length.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub at_most: usize,
    pub within: Millis,
}

/// What happened to each key within the longest of its rules.
pub struct Rolling<K> {
    rules: &'static [Rule],
    keys_max: usize,
    seen: HashMap<K, VecDeque<Timestamp>>,
}

impl<K: Hash + Eq> Rolling<K> {
    /// Remembers no more than `keys_max` keys: what is more than that is refused as if it had been
    /// too often, since it cannot be counted.
    pub fn new(rules: &'static [Rule], keys_max: usize) -> Self {
        Self { rules, keys_max, seen: HashMap::new() }
    }

    /// How long to wait before it may happen again; zero for now.
    pub fn wait(&mut self, key: &K, now: Timestamp) -> Millis {
        let Some(seen) = self.seen.get(key) else {
            if self.seen.len() >= self.keys_max {
                self.forget_before(now);
            }
            return if self.seen.len() < self.keys_max { 0 } else { self.longest() };
        };
        let wait = |rule: &Rule| match seen.len().checked_sub(rule.at_most) {
            // The one that must have left the stretch before another fits in.
            Some(nth) => (seen[nth] + rule.within) - now,
            None => 0,
        };
        self.rules.iter().map(wait).max().unwrap_or_default().max(0)
    }

    pub fn note(&mut self, key: K, now: Timestamp) {
        let (longest, most) = (self.longest(), self.rules.iter().map(|r| r.at_most).max().unwrap_or_default());
        let seen = self.seen.entry(key).or_default();
        while seen.front().is_some_and(|at| *at + longest <= now) || seen.len() > most {
            seen.pop_front();
        }
        seen.push_back(now);
    }

    fn longest(&self) -> Millis {
        self.rules.iter().map(|r| r.within).max().unwrap_or_default()
    }

    /// Keys that nothing happened to lately.
    pub fn forget_before(&mut self, now: Timestamp) {
        let longest = self.longest();
        self.seen.retain(|_, seen| seen.back().is_some_and(|at| *at + longest > now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{HOUR, MINUTE};

    const RULES: &[Rule] = &[Rule { at_most: 1, within: MINUTE }, Rule { at_most: 3, within: HOUR }];

    #[test]
    fn all_rules_hold_over_any_stretch() {
        let mut rolling = Rolling::new(RULES, 10);
        let at = |minute: i64| Timestamp::from_millis(minute * MINUTE);
        for minute in [0, 1, 50] {
            assert_eq!(rolling.wait(&"a", at(minute)), 0, "{minute}");
            rolling.note("a", at(minute));
            assert_eq!(rolling.wait(&"b", at(minute)), 0, "another key is not concerned");
        }
        assert_eq!(rolling.wait(&"a", at(50)), 10 * MINUTE);
        assert_eq!(rolling.wait(&"a", at(59)), MINUTE);
        assert_eq!(rolling.wait(&"a", at(60)), 0);
        rolling.note("a", at(60));
        assert_eq!(rolling.wait(&"a", at(60)), MINUTE);
    }

    #[test]
    fn keys_are_bounded_and_old_ones_make_room() {
        let mut rolling = Rolling::new(RULES, 10);
        let at = Timestamp::from_millis;
        for key in 0..10 {
            rolling.note(key, at(key));
        }
        assert_eq!(rolling.wait(&10, at(10)), HOUR);
        assert_eq!(rolling.wait(&10, at(HOUR + 10)), 0);
        assert!(rolling.seen.is_empty());
    }
}
