//! How often something may be asked for, by the minute or by the day in Beijing.

use std::collections::HashMap;

use super::state::Refusal;
use crate::base::time::{MINUTE, Timestamp, Zone};

/// Quotas by person are forgotten beyond this: the oldest minutes first.
const COUNTERS_MAX: usize = 20_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quota {
    PlainToken,
    StableToken,
    StableTokenMinute,
    ForcedToken,
    /// For each person.
    Login,
    Send,
    CheckText,
    CheckTextMinute,
    QrMinute,
}

impl Quota {
    fn most(self) -> u32 {
        match self {
            Self::PlainToken => 2_000,
            Self::StableToken => 500_000,
            Self::StableTokenMinute => 10_000,
            Self::ForcedToken => 20,
            Self::Login => 100,
            Self::Send => 10_000_000,
            Self::CheckText => 2_000_000,
            Self::CheckTextMinute => 4_000,
            Self::QrMinute => 5_000,
        }
    }

    /// The minute or the day that it counts for.
    fn span(self, now: Timestamp) -> i64 {
        match self {
            Self::StableTokenMinute | Self::Login | Self::CheckTextMinute | Self::QrMinute => now.as_millis() / MINUTE,
            Self::PlainToken | Self::StableToken | Self::ForcedToken | Self::Send | Self::CheckText => {
                i64::from(Zone::SHANGHAI.date_number(now))
            }
        }
    }

    fn refusal(self) -> Refusal {
        match self {
            Self::Login => Refusal::new(45011, "api minute-quota reach limit, must slower, retry next minute"),
            Self::StableTokenMinute | Self::CheckTextMinute | Self::QrMinute => {
                Refusal::new(45009, "reach max api minute quota limit")
            }
            Self::PlainToken | Self::StableToken | Self::ForcedToken | Self::Send | Self::CheckText => {
                Refusal::new(45009, "reach max api daily quota limit")
            }
        }
    }
}

#[derive(Default)]
pub struct Quotas(HashMap<(Quota, String), (i64, u32)>);

impl Quotas {
    /// One of them, for this person where it is by person.
    pub fn take(&mut self, quota: Quota, person: &str, now: Timestamp) -> Result<(), Refusal> {
        if self.0.len() >= COUNTERS_MAX {
            self.0.retain(|(quota, _), (span, _)| *span == quota.span(now));
        }
        if self.0.len() >= COUNTERS_MAX {
            return Err(quota.refusal());
        }
        let span = quota.span(now);
        let counter = self.0.entry((quota, person.to_owned())).or_insert((span, 0));
        if counter.0 != span {
            *counter = (span, 0);
        }
        if counter.1 >= quota.most() {
            return Err(quota.refusal());
        }
        counter.1 += 1;
        Ok(())
    }
}
