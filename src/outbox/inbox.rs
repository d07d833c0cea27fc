//! The in-app inbox (站内信): every message goes here, whatever other ways there are.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Channel, Delivery, address::exec_list};
use crate::{
    args,
    base::ids::{IdSource, MessageId},
    store::{
        StoreError,
        sql::{Conn, Kind},
    },
};

pub struct Inbox {
    ids: Arc<dyn IdSource>,
}

impl Inbox {
    pub fn new(ids: Arc<dyn IdSource>) -> Self {
        Self { ids }
    }
}

impl Channel for Inbox {
    fn name(&self) -> &'static str {
        "inbox"
    }

    fn send<'c>(&'c self, tx: &'c mut Conn, deliveries: &'c [Delivery]) -> BoxFuture<'c, Result<(), StoreError>> {
        Box::pin(async move {
            let row = |d: &Delivery| {
                let id = MessageId::from_u128(self.ids.next(d.at));
                args![id, &*d.key, d.account, d.kind.name(), &*d.data, d.at]
            };
            let rows: Vec<_> = deliveries.iter().map(row).collect();
            exec_list(tx, &COLUMNS, rows, |source| {
                format!(
                    "insert into messages (id, dedupe_key, account_id, kind, data, created_at) \
                     select column1, column2, column3, column4, column5, column6 from {source} \
                     where column1 is not null on conflict (dedupe_key) do nothing"
                )
            })
            .await
        })
    }
}

const COLUMNS: [Kind; 6] = [Kind::Text, Kind::Text, Kind::Text, Kind::Text, Kind::Text, Kind::Int];
