//! Which batches of a group stand. Decided upon what is committed, and upon what stands before
//! them in the same group.

use std::collections::HashMap;

use crate::{
    base::{
        guard::{Guard, stands},
        ids::{Epoch, ScheduleId, Version},
        keys::{Keyed, RequestKey, StoredAnswer},
    },
    engine::journal::{AppendError, Batch, Fault},
};

use super::session::TransactionError;

/// What became of each batch of a group, in their order.
pub type Outcomes = Vec<Result<(), AppendError>>;

/// An answer that was given under a key.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub account: String,
    pub key: String,
    pub fingerprint: String,
    pub answer: StoredAnswer,
}

impl Receipt {
    pub fn judge(self, key: &RequestKey) -> Keyed {
        if *self.fingerprint == *key.fingerprint { Keyed::Answer(self.answer) } else { Keyed::Reused }
    }
}

/// Nothing is written under a lease that is another's.
pub fn check_lease(found: Option<Epoch>, own: Epoch) -> Result<(), TransactionError> {
    match found {
        Some(found) if found == own || !stands(Guard::Lease) => Ok(()),
        Some(_) => Err(TransactionError::Fenced),
        None => Err(TransactionError::Statement(Fault::new("the lease row is missing"))),
    }
}

/// A version that is not the expected one fails, and with it every later batch of that schedule:
/// none of them expects what is there.
pub fn judge(mut versions: HashMap<ScheduleId, Version>, receipts: Vec<Receipt>, batches: &[Batch]) -> Outcomes {
    let mut known: HashMap<_, _> = receipts.into_iter().map(|r| ((r.account.clone(), r.key.clone()), r)).collect();
    let mut outcomes = Vec::with_capacity(batches.len());
    for batch in batches {
        let slot = batch.receipt.as_ref().map(|(k, _)| (k.account.to_string(), k.key.to_string()));
        if let (Some(slot), Some((key, _))) = (&slot, &batch.receipt)
            && stands(Guard::RequestKey)
            && let Some(receipt) = known.get(slot)
        {
            outcomes.push(Err(match receipt.clone().judge(key) {
                Keyed::Answer(answer) => AppendError::Replayed(answer),
                Keyed::Reused => AppendError::KeyReused,
            }));
            continue;
        }
        // Also what only refuses: nobody is told for good what was decided upon a void turn.
        let expected = |v: &&mut Version| **v == batch.expected || !stands(Guard::Fence);
        let Some(version) = versions.get_mut(&batch.schedule).filter(expected) else {
            outcomes.push(Err(AppendError::Stale));
            continue;
        };
        *version += Version::from(batch.changes_schedule());
        if let (Some((account, key)), Some((k, answer))) = (slot, &batch.receipt) {
            let fingerprint = k.fingerprint.to_string();
            let receipt = Receipt { account: account.clone(), key: key.clone(), fingerprint, answer: answer.clone() };
            known.insert((account, key), receipt);
        }
        outcomes.push(Ok(()));
    }
    outcomes
}
