//! The access token: fetched once for however many ask, renewed while the old one is still good,
//! replaced when WeChat calls it dead.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

use super::wire::Trouble;
use crate::base::{
    sync::lock,
    time::{Clock, MINUTE, Millis, SECOND, Timestamp},
};

/// WeChat gives out a new token from here on, while the old one stays good.
const EARLY: Millis = 5 * MINUTE;
/// What was just fetched is not renewed, whatever its end; a renewal that failed waits as well.
const RENEW_PAUSE: Millis = 10 * SECOND;
/// WeChat ignores force that comes sooner.
const FORCE_PAUSE: Millis = 30 * SECOND;
/// A flight that began before the token was known to be dead may bring the dead one.
const FLIGHTS_MAX: usize = 2;

/// A token as WeChat gave it.
pub struct Fetched {
    pub token: String,
    pub seconds: i64,
}

/// Asks WeChat for a token, by force or not.
pub type Fetch = Arc<dyn Fn(bool) -> BoxFuture<'static, Result<Fetched, Trouble>> + Send + Sync>;

/// Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    clock: Clock,
    fetch: Fetch,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The request that is under way, which all who need a token wait for.
    flight: Option<Flight>,
    flights: u64,
    /// Not renewed before.
    renew_at: Option<Timestamp>,
    forced_at: Option<Timestamp>,
}

struct Held {
    token: Token,
    until: Timestamp,
}

#[derive(Clone)]
struct Flight {
    number: u64,
    result: Shared<BoxFuture<'static, Result<Token, Trouble>>>,
}

/// Ends the flight, also one that is cut short: nobody may wait for what never comes.
struct Landing {
    tokens: Tokens,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut state = lock(&self.tokens.0.state);
        if state.flight.as_ref().is_some_and(|f| f.number == self.number) {
            state.flight = None;
        }
    }
}

impl Tokens {
    pub fn new(clock: Clock, fetch: Fetch) -> Self {
        Self(Arc::new(Inner { clock, fetch, state: Mutex::default() }))
    }

    /// A token that should be good.
    pub async fn get(&self) -> Result<Token, Trouble> {
        let flight = {
            let now = self.0.clock.now();
            let mut state = lock(&self.0.state);
            let good = state.held.as_ref().filter(|h| now < h.until).map(|h| h.token.clone());
            match good {
                Some(token) => {
                    // In the background: nobody waits while the old one is good.
                    if state.renew_at.is_some_and(|at| now >= at) && state.flight.is_none() {
                        self.depart(&mut state, None);
                    }
                    return Ok(token);
                }
                None => self.depart(&mut state, None),
            }
        };
        flight.result.await
    }

    /// Another token than this one, which WeChat called dead.
    pub async fn instead_of(&self, dead: &Token) -> Result<Token, Trouble> {
        for _ in 0..FLIGHTS_MAX {
            let flight = {
                let mut state = lock(&self.0.state);
                match &state.held {
                    Some(held) if held.token != *dead => return Ok(held.token.clone()),
                    // Whoever comes now waits for the new one.
                    Some(_) => state.held = None,
                    None => {}
                }
                self.depart(&mut state, Some(dead.clone()))
            };
            let token = flight.result.await?;
            if token != *dead {
                return Ok(token);
            }
        }
        Err(Trouble::NotReached("WeChat gives out a token that it does not take".into()))
    }

    /// Fetches a token now, whatever is held.
    pub async fn fetch(&self) -> Result<(), Trouble> {
        let flight = self.depart(&mut lock(&self.0.state), None);
        flight.result.await.map(drop)
    }

    /// The request that is under way, or a new one. It runs by itself: who asked may go away.
    fn depart(&self, state: &mut State, dead: Option<Token>) -> Flight {
        if let Some(flight) = &state.flight {
            return flight.clone();
        }
        state.flights += 1;
        let landing = Landing { tokens: self.clone(), number: state.flights };
        let task = tokio::spawn(async move { landing.tokens.renew(dead).await });
        let result =
            task.map(|r| r.unwrap_or_else(|_| Err(Trouble::NotReached("asking for a token was cut short".into()))));
        let flight = Flight { number: state.flights, result: result.boxed().shared() };
        state.flight = Some(flight.clone());
        flight
    }

    async fn renew(&self, dead: Option<Token>) -> Result<Token, Trouble> {
        let began = self.0.clock.now();
        let fetched = self.fetch_other_than(dead).await;
        let mut state = lock(&self.0.state);
        let now = self.0.clock.now();
        match fetched {
            Ok(Fetched { token, seconds }) => {
                let token = Token(token.into());
                let until = began + seconds * SECOND;
                state.renew_at = Some((until - EARLY).max(now + RENEW_PAUSE));
                state.held = Some(Held { token: token.clone(), until });
                Ok(token)
            }
            Err(trouble) => {
                state.renew_at = Some(now + RENEW_PAUSE);
                Err(trouble)
            }
        }
    }

    /// Force kills the token that others may hold, so it is used only where nothing else helps.
    async fn fetch_other_than(&self, dead: Option<Token>) -> Result<Fetched, Trouble> {
        let fetched = (self.0.fetch)(false).await?;
        if dead.is_none_or(|dead| *fetched.token != *dead.0) {
            return Ok(fetched);
        }
        {
            let now = self.0.clock.now();
            let mut state = lock(&self.0.state);
            if state.forced_at.is_some_and(|at| (0..FORCE_PAUSE).contains(&(now - at))) {
                return Err(Trouble::NotReached(
                    "WeChat gives out a dead token, and was forced to renew it just now".into(),
                ));
            }
            state.forced_at = Some(now);
        }
        tracing::warn!("WeChat gave out a token that it does not take; asking for another by force");
        (self.0.fetch)(true).await
    }
}

#[cfg(test)]
mod tests;
