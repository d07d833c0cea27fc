//! Request keys: the same key gives the same answer and one effect.

use std::sync::Arc;

use dashmap::DashSet;

use super::ids::AccountId;

/// A client's `Idempotency-Key`, scoped to its account. Two requests under one key are the same
/// request when their fingerprints are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    pub account: AccountId,
    pub key: Arc<str>,
    /// SHA-256 of method, path and body, in hex.
    pub fingerprint: Arc<str>,
}

/// An answer as it was given, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status; stored beside the body so that a replay needs to parse nothing.
    pub status: u16,
    pub body: Arc<str>,
}

impl StoredAnswer {
    /// Effects and refusals by a rule are kept under a request key; anything else may be tried again.
    pub fn is_remembered(&self) -> bool {
        (200..300).contains(&self.status) || self.status == 409
    }
}

/// What became of a write under a request key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// Written now, or under this key before: either way this is the answer.
    Answer(StoredAnswer),
    /// The key was used for another request.
    Reused,
}

/// The keys whose first request is being worked on.
#[derive(Default)]
pub struct UnderWay(DashSet<(AccountId, Arc<str>)>);

/// Under way until it is dropped.
pub struct Begun<'a> {
    all: &'a UnderWay,
    key: (AccountId, Arc<str>),
}

impl UnderWay {
    /// None while another request under this key has not ended.
    pub fn begin(&self, key: &RequestKey) -> Option<Begun<'_>> {
        let key = (key.account, key.key.clone());
        // Not made for whoever comes second: what is dropped ends what is under way.
        self.0.insert(key.clone()).then(|| Begun { all: self, key })
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.all.0.remove(&self.key);
    }
}
