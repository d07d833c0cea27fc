//! What came of a message, and what follows from it.

use std::collections::HashSet;

use crate::{
    args,
    base::{
        ids::{AccountId, DeliveryId},
        time::{MINUTE, Millis, SECOND, Timestamp},
    },
    gateways::wechat::Failure,
    outbox::{address::Source, notices::Kind},
    store::{
        StoreError,
        sql::{self, Conn},
    },
};

use super::{
    grants::{Used, note_refused, note_sent},
    letter::Unsent,
};

/// Tries before a message is left to an operator.
pub const TRIES_MAX: i64 = 5;
const BACKOFF: Millis = SECOND;
/// When the day's quota is used up, or our account at WeChat has a fault: somebody has to see to it.
const ACCOUNT_FAULT_AGAIN: Millis = 5 * MINUTE;
const DETAIL_CHARS_MAX: usize = 300;

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Sent {
        remote_id: String,
    },
    /// Nobody takes it.
    Refused(&'static str),
    Dropped(&'static str),
    /// Given up; an operator may send it again.
    Failed {
        reason: &'static str,
        detail: String,
    },
    /// Tried again at its time.
    Later {
        after: Millis,
        counts: bool,
        reason: &'static str,
        detail: String,
    },
    /// WeChat is not to be had: it stays where it is, and so do all behind it.
    Stopped {
        detail: String,
    },
}

/// What became of a message until now.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    pub attempts: i64,
    /// The last try may have arrived.
    pub is_unknown: bool,
}

/// The reason of a try without an answer.
pub const UNKNOWN: &str = "unknown";

impl Outcome {
    pub fn of_unsent(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Refused(reason) => Self::Refused(reason),
            Unsent::Dropped(reason) => Self::Dropped(reason),
        }
    }

    /// `before` is what the tries until now came to. The codes are those of WeChat's
    /// `subscribeMessage.send`.
    pub fn of(result: Result<String, Failure>, before: &Before) -> Self {
        let attempts = before.attempts;
        let failure = match result {
            Ok(remote_id) => return Self::Sent { remote_id },
            Err(failure) => failure,
        };
        let detail: String = failure.to_string().chars().take(DETAIL_CHARS_MAX).collect();
        match failure {
            Failure::Unavailable(_) => Self::Stopped { detail },
            Failure::Unknown(_) => Self::again(UNKNOWN, detail, attempts),
            Failure::Refused { code, .. } => match code {
                // The grant was there before a try whose answer was lost: most likely that one arrived.
                43101 if before.is_unknown => Self::Refused("maybe_sent"),
                43101 => Self::Refused("no_grant"),
                40003 => Self::Refused("bad_openid"),
                40037 => Self::Failed { reason: "bad_template", detail },
                41030 => Self::Failed { reason: "bad_page", detail },
                47003 => Self::Failed { reason: "bad_field", detail },
                45168 | 87014 => Self::Failed { reason: "bad_content", detail },
                45009 | 45011 => Self::Later { after: ACCOUNT_FAULT_AGAIN, counts: false, reason: "quota", detail },
                48001 | 61024 => {
                    Self::Later { after: ACCOUNT_FAULT_AGAIN, counts: false, reason: "account_fault", detail }
                }
                _ => Self::again("refused", detail, attempts),
            },
        }
    }

    fn again(reason: &'static str, detail: String, attempts: i64) -> Self {
        if attempts + 1 >= TRIES_MAX {
            return Self::Failed { reason, detail };
        }
        // 1 s, 4 s, 16 s, 64 s.
        Self::Later { after: BACKOFF << (2 * attempts.clamp(0, 10)), counts: true, reason, detail }
    }

    /// As in the column `state`.
    pub fn state(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Refused(_) => "refused",
            Self::Dropped(_) => "dropped",
            Self::Failed { .. } => "failed",
            Self::Later { .. } | Self::Stopped { .. } => "queued",
        }
    }
}

/// One message that was dealt with.
#[derive(Clone, Debug)]
pub struct Done {
    pub id: DeliveryId,
    pub account: AccountId,
    pub kind: Kind,
    pub template: String,
    pub attempts: i64,
    pub happened_at: Timestamp,
    pub began_at: Timestamp,
    /// WeChat was asked, and did not only seem to be of no use.
    pub was_asked: bool,
    pub outcome: Outcome,
}

/// Writes what came of them, and the grants that were used up. What was noted before, in a commit
/// whose answer was lost, is not noted again.
pub async fn record(tx: &mut Conn, done: &[Done], now: Timestamp) -> Result<(), StoreError> {
    let ids: Vec<DeliveryId> = done.iter().map(|d| d.id).collect();
    let mut rows = Source::Transaction(tx);
    let open = rows.for_each_of("select id from deliveries where state = 'queued' and id in", &ids).await?;
    let open = open.iter().map(|row| row.parse("id")).collect::<Result<HashSet<DeliveryId>, _>>()?;
    let done: Vec<&Done> = done.iter().filter(|d| open.contains(&d.id)).collect();
    let rows = done.iter().filter_map(|d| row(d, now)).collect();
    super::exec_list(tx, &COLUMNS, rows, |source| {
        format!(
            "update deliveries set state = v.column2, reason = v.column3, detail = v.column4, attempts = v.column5, \
             next_at = v.column6, sent_at = v.column7, remote_id = v.column8, template_id = v.column9, \
             updated_at = v.column10 from {source} where deliveries.id = v.column1"
        )
    })
    .await?;
    let used = |is: fn(&Outcome) -> bool| -> Vec<Used> {
        let mut seen = HashSet::new();
        let used = done.iter().filter(|d| d.was_asked && is(&d.outcome));
        // PostgreSQL takes no row twice in one statement.
        let used = used.filter(|d| seen.insert((d.account, &*d.template)));
        used.map(|d| Used { account: d.account, template: d.template.clone(), began_at: d.began_at }).collect()
    };
    note_sent(tx, &used(|o| matches!(o, Outcome::Sent { .. })), now).await?;
    note_refused(tx, &used(|o| matches!(o, Outcome::Refused("no_grant" | "maybe_sent"))), now).await
}

fn row(done: &Done, now: Timestamp) -> Option<Vec<sql::Arg>> {
    let Done { id, account: _, kind: _, template, attempts, happened_at: _, began_at, was_asked: _, outcome } = done;
    let state = outcome.state();
    let (reason, detail, tries, next_at, sent_at, remote) = match outcome {
        Outcome::Sent { remote_id } => (None, None, 1, now, Some(now), Some(remote_id.as_str())),
        Outcome::Refused(reason) => (Some(*reason), None, 1, now, None, None),
        Outcome::Dropped(reason) => (Some(*reason), None, 0, now, None, None),
        Outcome::Failed { reason, detail } => (Some(*reason), Some(detail.as_str()), 1, now, None, None),
        Outcome::Later { after, counts, reason, detail } => {
            (Some(*reason), Some(detail.as_str()), i64::from(*counts), *began_at + *after, None, None)
        }
        Outcome::Stopped { .. } => return None,
    };
    Some(args![*id, state, reason, detail, attempts + tries, next_at, sent_at, remote, &**template, now])
}

const COLUMNS: [sql::Kind; 10] = [
    sql::Kind::Text,
    sql::Kind::Text,
    sql::Kind::Text,
    sql::Kind::Text,
    sql::Kind::Int,
    sql::Kind::Int,
    sql::Kind::Int,
    sql::Kind::Text,
    sql::Kind::Text,
    sql::Kind::Int,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: i64) -> Result<String, Failure> {
        Err(Failure::Refused { code, message: "no".into() })
    }

    #[test]
    fn every_answer_has_its_consequence() {
        let unknown = || Err(Failure::Unknown("reset".into()));
        let told = |outcome: Outcome| match outcome {
            Outcome::Sent { remote_id } => format!("sent {remote_id}"),
            Outcome::Refused(reason) => format!("refused {reason}"),
            Outcome::Dropped(reason) => format!("dropped {reason}"),
            Outcome::Failed { reason, .. } => format!("failed {reason}"),
            Outcome::Later { after, counts, reason, .. } => format!("later {reason} {} {counts}", after / SECOND),
            Outcome::Stopped { .. } => "stopped".into(),
        };
        let table = [
            (Ok("7".to_owned()), 0, false, "sent 7"),
            (refused(43101), 0, false, "refused no_grant"),
            (refused(43101), 1, true, "refused maybe_sent"),
            (refused(40003), 0, false, "refused bad_openid"),
            (refused(40037), 0, false, "failed bad_template"),
            (refused(41030), 0, false, "failed bad_page"),
            (refused(47003), 0, false, "failed bad_field"),
            (refused(45168), 0, false, "failed bad_content"),
            (refused(45009), 4, false, "later quota 300 false"),
            (refused(48001), 4, false, "later account_fault 300 false"),
            (refused(-1), 0, false, "later refused 1 true"),
            (refused(-1), 1, false, "later refused 4 true"),
            (refused(43108), 2, false, "later refused 16 true"),
            (refused(-1), 3, false, "later refused 64 true"),
            (refused(-1), 4, false, "failed refused"),
            (unknown(), 0, false, "later unknown 1 true"),
            (unknown(), 4, true, "failed unknown"),
            (Err(Failure::Unavailable("away".into())), 4, false, "stopped"),
        ];
        for (result, attempts, is_unknown, expected) in table {
            let before = Before { attempts, is_unknown };
            assert_eq!(told(Outcome::of(result.clone(), &before)), expected, "{result:?} after {attempts}");
        }
    }
}
