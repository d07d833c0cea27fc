//! The way into WeChat, where people are when our page is closed: subscribe messages (订阅消息).
//!
//! The [`WeChatChannel`] only writes down what there is to send, in the relay's transaction. The
//! [`Postman`] sends it at its own pace: looks once more whether it is still of use, calls WeChat,
//! and notes what came of it, together with the grant that it used up ([`grants`]).

mod grants;
mod letter;
mod outcome;
mod postman;
pub mod quiet;
pub mod templates;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

pub use self::{
    grants::{Choice, Grant, GrantsChanged, note_choices, read_grants},
    postman::{Postman, PostmanParts},
    quiet::Quiet,
    templates::Templates,
};
use super::{Channel, Delivery, address::exec_list};
use crate::{
    args,
    base::ids::{DeliveryId, IdSource},
    store::{
        StoreError,
        sql::{Conn, Kind},
    },
};

/// Writes down what there is to send to people who are known to WeChat.
pub struct WeChatChannel {
    ids: Arc<dyn IdSource>,
    templates: Arc<Templates>,
    quiet: Option<Quiet>,
    /// Wakes the postman.
    bell: Arc<Notify>,
}

impl WeChatChannel {
    pub fn new(ids: Arc<dyn IdSource>, templates: Arc<Templates>, quiet: Option<Quiet>, bell: Arc<Notify>) -> Self {
        Self { ids, templates, quiet, bell }
    }
}

impl Channel for WeChatChannel {
    fn name(&self) -> &'static str {
        "wechat"
    }

    fn send<'c>(&'c self, tx: &'c mut Conn, deliveries: &'c [Delivery]) -> BoxFuture<'c, Result<(), StoreError>> {
        Box::pin(async move {
            let row = |d: &Delivery| {
                let template = self.templates.of(d.kind)?;
                let id = DeliveryId::from_u128(self.ids.next(d.at));
                let next_at = self.quiet.map_or(d.at, |quiet| quiet.earliest(d.kind, d.at, Some(d.starts_at)));
                let Delivery { key, account, kind, data, at, schedule, starts_at: _, offer, booking } = d;
                let (key, kind, template, data) = (&**key, kind.name(), &*template.id, &**data);
                Some(args![id, key, *account, *schedule, *offer, *booking, kind, template, data, next_at, *at])
            };
            let rows: Vec<_> = deliveries.iter().filter_map(row).collect();
            if rows.is_empty() {
                return Ok(());
            }
            exec_list(tx, &COLUMNS, rows, |source| {
                format!(
                    "insert into deliveries (id, dedupe_key, channel, account_id, schedule_id, offer_id, booking_id, \
                     kind, template_id, data, state, next_at, happened_at, created_at, updated_at) \
                     select column1, column2, 'wechat', column3, column4, column5, column6, \
                     column7, column8, column9, 'queued', column10, column11, column11, column11 from {source} \
                     where column1 is not null and exists (select 1 from wx_accounts w where w.account_id = column3) \
                     on conflict (dedupe_key) do nothing"
                )
            })
            .await
        })
    }

    fn committed(&self) {
        self.bell.notify_one();
    }
}

const COLUMNS: [Kind; 11] = [
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Text,
    Kind::Int,
    Kind::Int,
];
