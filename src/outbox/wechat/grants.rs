//! What people let us send: one message for each time they said yes to its template.
//!
//! WeChat keeps the true count and does not tell it. Ours is a hint: it says whom to ask again and
//! whom an operator should call. A refusal for want of a grant (43101) is the truth.

use std::sync::Arc;

use crate::{
    args,
    base::{ids::AccountId, time::Timestamp},
    store::{
        StoreError,
        sql::{self, Conn, Reader},
    },
};

/// What a person tapped, as WeChat's client tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One more message.
    Accept,
    Reject,
    /// The template was switched off for us by WeChat.
    Ban,
    /// WeChat did not ask, as another template has the same title.
    Filter,
}

impl Choice {
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Ban => "ban",
            Self::Filter => "filter",
        }
    }

    /// As `wx.requestSubscribeMessage` spells it; the variants of accept differ in how it is announced.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "accept" | "acceptWithAlert" | "acceptWithAudio" | "acceptWithForcePush" => Some(Self::Accept),
            "reject" => Some(Self::Reject),
            "ban" => Some(Self::Ban),
            "filter" => Some(Self::Filter),
            _ => None,
        }
    }
}

/// What is known of one person and template.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub template: String,
    pub remaining: u32,
    pub choice: Option<Choice>,
    pub refused_at: Option<Timestamp>,
}

/// Hears of accounts whose grants have changed.
pub type GrantsChanged = Arc<dyn Fn(Vec<AccountId>) + Send + Sync>;

/// Grants of one template that are counted at most: nobody taps more often for a joke.
const REMAINING_MAX: i64 = 1_000;

/// Notes what a tap returned, by template.
pub async fn note_choices(
    tx: &mut Conn,
    account: AccountId,
    choices: &[(String, Choice)],
    at: Timestamp,
) -> Result<(), StoreError> {
    for (template, choice) in choices {
        let granted = i64::from(*choice == Choice::Accept);
        let sql = "insert into subscriptions (account_id, template_id, remaining, choice, asked_at, created_at, updated_at) \
            values ($1, $2, $3, $4, $5, $5, $5) on conflict (account_id, template_id) do update set \
            remaining = case when subscriptions.remaining + $3 < $6 then subscriptions.remaining + $3 else $6 end, \
            choice = $4, asked_at = $5, updated_at = $5, \
            refused_at = case when $3 = 0 then subscriptions.refused_at else null end";
        tx.exec(sql, args![account, &**template, granted, choice.name(), at, REMAINING_MAX]).await?;
    }
    Ok(())
}

pub async fn read_grants(reader: &Reader, account: AccountId) -> Result<Vec<Grant>, StoreError> {
    let sql = "select template_id, remaining, choice, refused_at from subscriptions where account_id = $1 \
        order by template_id";
    let rows = reader.all(sql, args![account]).await?;
    let read = |row: &sql::Row| {
        let choice = row.opt_text("choice")?.map(|c| Choice::named(c).ok_or_else(|| row.bad("choice", "unknown")));
        Ok(Grant {
            template: row.text("template_id")?.to_owned(),
            remaining: row.count("remaining")?,
            choice: choice.transpose()?,
            refused_at: row.opt_at("refused_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// A grant that was used up, or that was not there.
#[derive(Clone, Debug)]
pub(super) struct Used {
    pub account: AccountId,
    pub template: String,
    /// Said yes since: then the refusal was about the time before.
    pub began_at: Timestamp,
}

pub(super) async fn note_sent(tx: &mut Conn, used: &[Used], at: Timestamp) -> Result<(), StoreError> {
    let rows = used.iter().map(|u| args![u.account, &*u.template, at]).collect();
    let kinds = [sql::Kind::Text, sql::Kind::Text, sql::Kind::Int];
    super::exec_list(tx, &kinds, rows, |source| {
        format!(
            "update subscriptions set remaining = subscriptions.remaining - 1, updated_at = v.column3 from {source} \
             where subscriptions.account_id = v.column1 and subscriptions.template_id = v.column2 \
             and subscriptions.remaining > 0"
        )
    })
    .await
}

pub(super) async fn note_refused(tx: &mut Conn, used: &[Used], at: Timestamp) -> Result<(), StoreError> {
    let rows = used.iter().map(|u| args![u.account, &*u.template, at, u.began_at]).collect();
    let kinds = [sql::Kind::Text, sql::Kind::Text, sql::Kind::Int, sql::Kind::Int];
    super::exec_list(tx, &kinds, rows, |source| {
        format!(
            "insert into subscriptions (account_id, template_id, remaining, refused_at, asked_at, created_at, updated_at) \
             select column1, column2, 0, column3, null, column4, column3 from {source} where column1 is not null \
             on conflict (account_id, template_id) do update set remaining = 0, refused_at = excluded.refused_at, \
             updated_at = excluded.updated_at \
             where subscriptions.asked_at is null or subscriptions.asked_at <= excluded.created_at"
        )
    })
    .await
}
