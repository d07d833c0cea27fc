//! What somebody should see to: as the metric `yueke_alert`, and in the log when it begins and ends.

use std::{collections::BTreeMap, time::Duration};

use tokio::task::JoinHandle;

use crate::{
    api::queues::count_full,
    args,
    base::{
        metrics,
        time::{MINUTE, Millis},
    },
    outbox::{Kind, Postman},
    web::{error::Problem, state::App},
};

const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Failures this young count.
const LATELY: Millis = 10 * MINUTE;
/// A message that is due for longer is late.
const LATE: Millis = MINUTE;

/// How many of each; none when all is well.
type Found = BTreeMap<&'static str, i64>;

/// Looks until it is aborted; that is safe at any point.
pub fn spawn(app: App) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut look_again = tokio::time::interval(LOOK_EVERY);
        let mut before = Found::new();
        loop {
            look_again.tick().await;
            match look(&app).await {
                Ok(found) => {
                    tell(&before, &found);
                    before = found;
                }
                Err(error) => tracing::debug!(%error, "looking for what somebody should see to"),
            }
        }
    })
}

pub async fn look(app: &App) -> Result<Found, Problem> {
    let now = app.clock.now();
    let seat = app.templates.of(Kind::SeatOffered).map(|t| t.id.clone()).unwrap_or_default();
    let count = async |sql: &str, args| -> Result<i64, Problem> {
        let row = app.store.reader().one(sql, args).await?;
        Ok(row.map(|r| r.int("n")).transpose()?.unwrap_or_default())
    };
    let failed = "select count(*) as n from deliveries where state = 'failed' and updated_at > $1";
    let late = "select count(*) as n from deliveries where state = 'queued' and next_at < $1";
    let left = "select count(*) as n from waitlist e where e.status = 'active' and \
        (select coalesce(sum(u.remaining), 0) from account_students l \
        join subscriptions u on u.account_id = l.account_id \
        where l.student_id = e.student_id and u.template_id = $1) = $2";
    Ok(Found::from([
        ("wechat_away", i64::from(!app.wechat.is_well() || app.outbox.postman.as_ref().is_some_and(Postman::is_away))),
        ("send_failures", count(failed, args![now - LATELY]).await?),
        ("messages_late", count(late, args![now - LATE]).await?),
        ("waiting_unreachable", count(left, args![&*seat, 0i64]).await?),
        ("quota_near_its_end", count(left, args![&*seat, 1i64]).await?),
        ("queue_full", count_full(app).await? as i64),
    ]))
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
        "wechat_away" => "WeChat takes no messages: they wait, and go out when it does; the log says why",
        "send_failures" => "WeChat messages were given up: see GET /notifications?state=failed",
        "messages_late" => "WeChat messages are late: see yueke_deliveries_waiting and the log",
        "waiting_unreachable" => "people wait who cannot be written to: see GET /admin/waitlist",
        "quota_near_its_end" => "people wait who can be written to once more: they are asked again at their next tap",
        "queue_full" => "waitlists are full: see GET /admin/waitlist?full=true",
        _ => "see the log",
    }
}
