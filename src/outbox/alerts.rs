//! What somebody should see to: as the metric `yueke_alert`, and in the log when it begins and ends.

use std::{collections::BTreeMap, time::Duration};

use tokio::task::JoinHandle;

use super::{notices::Kind, pause, wechat::Templates};
use crate::{
    args,
    base::{
        metrics,
        time::{Clock, MINUTE, Millis},
    },
    gateways::wechat::WeChat,
    store::{Store, StoreError},
};

const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Failures this young count.
const LATELY: Millis = 10 * MINUTE;
/// A message that is due for longer is late.
const LATE: Millis = MINUTE;

/// The watch of a server.
pub struct Watch {
    pub store: Store,
    pub clock: Clock,
    pub wechat: WeChat,
    pub templates: std::sync::Arc<Templates>,
}

/// How many of each; none when all is well.
type Found = BTreeMap<&'static str, i64>;

impl Watch {
    /// Looks until it is aborted; that is safe at any point.
    pub fn spawn(self) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut before = Found::new();
            loop {
                match self.look().await {
                    Ok(found) => {
                        tell(&before, &found);
                        before = found;
                    }
                    Err(error) => tracing::debug!(%error, "looking for what somebody should see to"),
                }
                pause(LOOK_EVERY).await;
            }
        })
    }

    pub async fn look(&self) -> Result<Found, StoreError> {
        let now = self.clock.now();
        let seat = self.templates.of(Kind::SeatOffered).map(|t| t.id.clone()).unwrap_or_default();
        let count = async |sql: &str, args| -> Result<i64, StoreError> {
            let row = self.store.reader().one(sql, args).await?;
            Ok(row.map(|r| r.int("n")).transpose()?.unwrap_or_default())
        };
        let failed = "select count(*) as n from deliveries where state = 'failed' and updated_at > $1";
        let late = "select count(*) as n from deliveries where state = 'queued' and next_at < $1";
        let unreachable = "select count(*) as n from waitlist e where e.status = 'active' and not exists \
            (select 1 from account_students l join subscriptions u on u.account_id = l.account_id \
            where l.student_id = e.student_id and u.template_id = $1 and u.remaining > 0)";
        let used_up = "select count(*) as n from waitlist e where e.status = 'active' and \
            (select coalesce(sum(u.remaining), 0) from account_students l \
            join subscriptions u on u.account_id = l.account_id \
            where l.student_id = e.student_id and u.template_id = $1) = 1";
        Ok(Found::from([
            ("wechat_away", i64::from(!self.wechat.is_well())),
            ("send_failures", count(failed, args![now - LATELY]).await?),
            ("messages_late", count(late, args![now - LATE]).await?),
            ("waiting_unreachable", count(unreachable, args![&*seat]).await?),
            ("quota_near_its_end", count(used_up, args![&*seat]).await?),
        ]))
    }
}

fn tell(before: &Found, found: &Found) {
    for (alert, n) in found {
        metrics::ALERTS.with_label_values(&[alert]).set(*n);
        let was = before.get(alert).copied().unwrap_or_default();
        let advice = advice(alert);
        match (was, *n) {
            (0, 1..) => tracing::warn!(alert, n, "{advice}"),
            (1.., 0) => tracing::info!(alert, "this is over"),
            (_, _) => {}
        }
    }
}

fn advice(alert: &str) -> &'static str {
    match alert {
        "wechat_away" => "WeChat does not answer: messages wait and go out when it does",
        "send_failures" => "WeChat messages were given up: see GET /notifications?state=failed",
        "messages_late" => "WeChat messages are late: see yueke_deliveries_waiting and the log",
        "waiting_unreachable" => "people wait who cannot be written to: see GET /admin/waitlist",
        "quota_near_its_end" => "people wait who can be written to once more: they are asked again at their next tap",
        "queue_full" => "waitlists are full: see GET /admin/waitlist?full=1",
        _ => "see the log",
    }
}
