//! Access tokens as WeChat keeps them: two kinds, of which each dies in its own way.

use std::collections::VecDeque;

use super::{
    quotas::{Quota, Quotas},
    state::Refusal,
};
use crate::base::{
    ids::{hex, secret_bytes},
    time::{MINUTE, Millis, SECOND, Timestamp},
};

const LIFE: Millis = 7_200 * SECOND;
const OVERLAP: Millis = 5 * MINUTE;
const FORCE_PAUSE: Millis = 30 * SECOND;
/// Older ones are invalid instead of expired.
const REMEMBERED_MAX: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Plain,
    Stable,
}

struct Token {
    text: String,
    kind: Kind,
    until: Timestamp,
    killed: bool,
}

#[derive(Default)]
pub struct Tokens {
    /// Newest last.
    all: VecDeque<Token>,
    forced_at: Option<Timestamp>,
}

impl Tokens {
    /// The newest of its kind replaces the others, which live on for five minutes.
    pub fn plain(&mut self, now: Timestamp, quotas: &mut Quotas) -> Result<(String, i64), Refusal> {
        quotas.take(Quota::PlainToken, "", now)?;
        for old in self.all.iter_mut().filter(|t| t.kind == Kind::Plain) {
            old.until = old.until.min(now + OVERLAP);
        }
        Ok(self.make(Kind::Plain, now))
    }

    /// The same until its last five minutes; by force a new one, at which the others die.
    pub fn stable(&mut self, force: bool, now: Timestamp, quotas: &mut Quotas) -> Result<(String, i64), Refusal> {
        quotas.take(Quota::StableTokenMinute, "", now)?;
        quotas.take(Quota::StableToken, "", now)?;
        let soon = self.forced_at.is_some_and(|at| (0..FORCE_PAUSE).contains(&(now - at)));
        if force && !soon {
            quotas.take(Quota::ForcedToken, "", now)?;
            self.forced_at = Some(now);
            self.kill(Kind::Stable);
        }
        let newest = self.all.iter().rev().find(|t| t.kind == Kind::Stable && !t.killed);
        match newest {
            Some(token) if now < token.until - OVERLAP => Ok((token.text.clone(), (token.until - now) / SECOND)),
            Some(_) | None => Ok(self.make(Kind::Stable, now)),
        }
    }

    fn make(&mut self, kind: Kind, now: Timestamp) -> (String, i64) {
        let secret = hex(&secret_bytes::<48>());
        let text = format!("{}_{secret}-{}", self.all.len() + 60, self.all.len());
        if self.all.len() == REMEMBERED_MAX {
            self.all.pop_front();
        }
        self.all.push_back(Token { text: text.clone(), kind, until: now + LIFE, killed: false });
        (text, LIFE / SECOND)
    }

    fn kill(&mut self, kind: Kind) {
        self.all.iter_mut().filter(|t| t.kind == kind).for_each(|t| t.killed = true);
    }

    /// All of them, at once, as when somebody else asks for a new one by force.
    pub fn kill_all(&mut self) {
        self.kill(Kind::Plain);
        self.kill(Kind::Stable);
    }

    pub fn check(&self, text: Option<&str>, now: Timestamp) -> Result<(), Refusal> {
        let Some(text) = text.filter(|t| !t.is_empty()) else {
            return Err(Refusal::new(41001, "access_token missing"));
        };
        match self.all.iter().find(|t| t.text == text) {
            Some(token) if !token.killed && now < token.until => Ok(()),
            Some(token) if !token.killed => Err(Refusal::new(42001, "access_token expired")),
            Some(_) | None => Err(Refusal::new(40001, "invalid credential, access_token is invalid or not latest")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn seconds(n: i64) -> Timestamp {
        T0 + n * SECOND
    }

    #[test]
    fn the_stable_one_is_the_same_until_its_last_five_minutes_and_then_two_are_good() {
        let (mut tokens, mut quotas) = (Tokens::default(), Quotas::default());
        let mut get = |at: i64| {
            let got = tokens.stable(false, seconds(at), &mut quotas).expect("a token");
            assert!(got.1 >= 300, "never less than the overlap");
            got
        };
        let (first, life) = get(0);
        assert_eq!((life, get(6_899)), (7_200, (first.clone(), 301)));
        let (second, life) = get(6_900);
        assert_eq!((second == first, life), (false, 7_200));
        for (at, code) in [(7_199, None), (7_200, Some(42001))] {
            assert_eq!(tokens.check(Some(&first), seconds(at)).err().map(|r| r.code), code);
            assert!(tokens.check(Some(&second), seconds(at)).is_ok());
        }
    }

    #[test]
    fn by_force_the_old_one_dies_at_once_but_not_twice_within_30_seconds_nor_21_times_a_day() {
        let (mut tokens, mut quotas) = (Tokens::default(), Quotas::default());
        let first = tokens.stable(false, T0, &mut quotas).expect("a token").0;
        let second = tokens.stable(true, T0, &mut quotas).expect("a token").0;
        assert_eq!(tokens.check(Some(&first), T0).expect_err("dead").code, 40001);
        assert_eq!(tokens.stable(true, seconds(29), &mut quotas).expect("a token").0, second);
        for n in 1..20 {
            tokens.stable(true, seconds(30 * n), &mut quotas).expect("a token");
        }
        assert_eq!(tokens.stable(true, seconds(600), &mut quotas).expect_err("used up").code, 45009);
    }

    #[test]
    fn a_plain_one_lives_on_for_five_minutes_after_the_next_and_there_are_2000_a_day() {
        let (mut tokens, mut quotas) = (Tokens::default(), Quotas::default());
        let first = tokens.plain(T0, &mut quotas).expect("a token").0;
        let stable = tokens.stable(false, T0, &mut quotas).expect("a token").0;
        let second = tokens.plain(T0, &mut quotas).expect("a token").0;
        assert!(tokens.check(Some(&first), seconds(299)).is_ok());
        assert_eq!(tokens.check(Some(&first), seconds(300)).expect_err("late").code, 42001);
        assert!(tokens.check(Some(&second), seconds(300)).is_ok() && tokens.check(Some(&stable), T0).is_ok());
        let refused = (2..3_000).find_map(|_| tokens.plain(T0, &mut quotas).err()).expect("used up");
        assert_eq!(refused.code, 45009);
        assert_eq!(tokens.check(None, T0).expect_err("none").code, 41001);
    }
}
