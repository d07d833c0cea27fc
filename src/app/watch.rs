//! What somebody should see to: as the metric `yueke_alert`, and in the log when it begins and ends.

use std::{collections::BTreeMap, time::Duration};

use tokio::task::JoinHandle;

use crate::{
    api::{health::advice, queues::count_full},
    args,
    base::{
        limits::HEALTH_EVERY,
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
pub type Found = BTreeMap<&'static str, i64>;

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

/// Notes how the server does, by its own clock, until it is aborted.
pub fn spawn_samples(app: App) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let next = app.clock.now() + HEALTH_EVERY;
            app.clock.sleep_until(next, Duration::from_millis(HEALTH_EVERY as u64)).await;
            app.health.look(app.clock.now(), app.store.writer().queue_len());
        }
    })
}

/// Once, and keeps what it found for whoever asks how the server does.
pub async fn look(app: &App) -> Result<Found, Problem> {
    // A look that was overtaken would tell of what is over.
    let _one_at_a_time = app.health.looking.lock().await;
    let found = find(app).await?;
    app.health.set_alerts(app.clock.now(), found.iter().filter(|(_, n)| **n > 0).map(|(alert, _)| *alert));
    Ok(found)
}

async fn find(app: &App) -> Result<Found, Problem> {
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
        match (was, *n) {
            (0, 1..) => tracing::warn!(alert, n, "{}", advice(alert).1),
            (1.., 0) => tracing::info!(alert, "this is over"),
            (_, _) => {}
        }
    }
}
