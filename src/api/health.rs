//! How the server does: what it did in the last hour, what somebody should see to, and whether its
//! rows are sound.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    base::{
        ids::ScheduleId,
        keys::StoredAnswer,
        lang::Lang,
        limits::{AUDIT_WITHIN, HEALTH_EVERY, HEALTH_SAMPLES_MAX},
        metrics::{self, Counts},
        sync::lock,
        time::{Millis, Timestamp, Zone},
    },
    domain::access::Action,
    engine::journal::Fault,
    store::audit::{self, Report},
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Nothing},
    },
};

/// What was seen of the server, the oldest first; nothing of it is kept over a restart.
pub struct Health {
    started_at: Timestamp,
    seen: Mutex<Seen>,
    /// Held by whoever looks for alerts, until they are set.
    pub looking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Seen {
    samples: VecDeque<Sample>,
    before: Reading,
    /// What somebody should see to, and since when.
    alerts: BTreeMap<&'static str, Timestamp>,
}

struct Sample {
    at: Timestamp,
    bookings: u64,
    refusals: u64,
    turn_p99: Option<f64>,
    commit_p99: Option<f64>,
    deadline_lag: Option<f64>,
    sockets: i64,
    journal_queue: i64,
}

/// The metrics that only rise, at one instant.
#[derive(Default)]
struct Reading {
    bookings: u64,
    refusals: u64,
    turns: Counts,
    commits: Counts,
    lags: Counts,
}

impl Reading {
    fn now() -> Self {
        Self {
            bookings: metrics::BOOKINGS.get(),
            refusals: metrics::total(&metrics::REJECTIONS),
            turns: Counts::of(&metrics::TURN_SECONDS),
            commits: Counts::of(&metrics::COMMIT_SECONDS),
            lags: Counts::of(&metrics::DEADLINE_LAG_SECONDS),
        }
    }
}

impl Health {
    pub fn new(started_at: Timestamp) -> Self {
        let seen = Seen { before: Reading::now(), ..Seen::default() };
        Self { started_at, seen: Mutex::new(seen), looking: tokio::sync::Mutex::default() }
    }

    /// What happened since the last look.
    pub fn look(&self, at: Timestamp, journal_queue: usize) {
        self.note(at, Reading::now(), journal_queue);
    }

    fn note(&self, at: Timestamp, now: Reading, journal_queue: usize) {
        let mut seen = lock(&self.seen);
        let before = &seen.before;
        let sample = Sample {
            at,
            bookings: now.bookings.saturating_sub(before.bookings),
            refusals: now.refusals.saturating_sub(before.refusals),
            turn_p99: now.turns.quantile_since(&before.turns, 0.99),
            commit_p99: now.commits.quantile_since(&before.commits, 0.99),
            deadline_lag: now.lags.quantile_since(&before.lags, 0.99),
            sockets: metrics::SOCKETS_OPEN.get(),
            journal_queue: journal_queue as i64,
        };
        if seen.samples.len() >= HEALTH_SAMPLES_MAX {
            seen.samples.pop_front();
        }
        seen.samples.push_back(sample);
        seen.before = now;
    }

    /// Those that were there before keep their instant.
    pub fn set_alerts(&self, now: Timestamp, alerts: impl Iterator<Item = &'static str>) {
        let mut seen = lock(&self.seen);
        seen.alerts = alerts.map(|name| (name, seen.alerts.get(name).copied().unwrap_or(now))).collect();
    }
}

/// What to do about an alert, in Chinese and English.
pub fn advice(alert: &str) -> (&'static str, &'static str) {
    match alert {
        "wechat_away" => (
            "微信暂时不接收消息：消息会保留，恢复后自动发出，原因见日志",
            "WeChat takes no messages: they wait, and go out when it does; the log says why",
        ),
        "send_failures" => (
            "有微信消息多次发送失败：见 GET /notifications?state=failed",
            "WeChat messages were given up: see GET /notifications?state=failed",
        ),
        "messages_late" => (
            "微信消息发送延迟：见 yueke_deliveries_waiting 与日志",
            "WeChat messages are late: see yueke_deliveries_waiting and the log",
        ),
        "waiting_unreachable" => (
            "有候补用户无法收到通知：见 GET /admin/waitlist",
            "people wait who cannot be written to: see GET /admin/waitlist",
        ),
        "quota_near_its_end" => (
            "有候补用户只剩一次通知额度：下次点击时会再次征求同意",
            "people wait who can be written to once more: they are asked again at their next tap",
        ),
        "queue_full" => (
            "有候补队列已满：见 GET /admin/waitlist?full=true",
            "waitlists are full: see GET /admin/waitlist?full=true",
        ),
        _ => ("见日志", "see the log"),
    }
}

#[derive(Serialize, ToSchema)]
pub struct HealthBody {
    version: &'static str,
    started_at: String,
    server_time: String,
    database: Database,
    /// From one sample to the next.
    every_ms: Millis,
    /// The oldest first.
    samples: Vec<HealthSample>,
    alerts: Vec<Alert>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    Sqlite,
    Postgres,
}

/// What happened since the sample before; null where nothing did.
#[derive(Serialize, ToSchema)]
pub struct HealthSample {
    at: String,
    bookings: u64,
    refusals: u64,
    turn_p99_ms: Option<f64>,
    commit_p99_ms: Option<f64>,
    sockets: i64,
    deadline_lag_ms: Option<f64>,
    journal_queue: i64,
}

#[derive(Serialize, ToSchema)]
pub struct Alert {
    #[schema(example = "queue_full")]
    name: &'static str,
    text: &'static str,
    since: String,
}

impl HealthSample {
    fn of(sample: &Sample, zone: Zone) -> Self {
        let Sample { at, bookings, refusals, turn_p99, commit_p99, deadline_lag, sockets, journal_queue } = sample;
        // A microsecond is as fine as the buckets are.
        let told = |seconds: &Option<f64>| seconds.map(|s| (s * 1_000_000.0).round() / 1_000.0);
        Self {
            at: zone.rfc3339(*at),
            bookings: *bookings,
            refusals: *refusals,
            turn_p99_ms: told(turn_p99),
            commit_p99_ms: told(commit_p99),
            sockets: *sockets,
            deadline_lag_ms: told(deadline_lag),
            journal_queue: *journal_queue,
        }
    }
}

/// How the server has been doing for the last hour, and what somebody should see to.
#[utoipa::path(get, path = "/admin/health", tag = "operations",
    responses((status = 200, body = HealthBody), (status = 403)))]
pub async fn get_health(ctx: Ctx, caller: Caller) -> Result<HttpResponse, Problem> {
    caller.needs(Action::WatchServer)?;
    let (app, zone) = (&ctx.app, ctx.zone());
    let body = {
        let seen = lock(&app.health.seen);
        let alert = |(name, since): (&&'static str, &Timestamp)| {
            let (zh, en) = advice(name);
            let text = match ctx.lang {
                Lang::Zh => zh,
                Lang::En => en,
            };
            Alert { name, text, since: zone.rfc3339(*since) }
        };
        HealthBody {
            version: env!("CARGO_PKG_VERSION"),
            started_at: zone.rfc3339(app.health.started_at),
            server_time: zone.rfc3339(ctx.now()),
            database: if app.store.reader().is_postgres() { Database::Postgres } else { Database::Sqlite },
            every_ms: HEALTH_EVERY,
            samples: seen.samples.iter().map(|s| HealthSample::of(s, zone)).collect(),
            alerts: seen.alerts.iter().map(alert).collect(),
        }
    };
    Ok(ctx.ok(body))
}

// ---- whether the rows are sound

#[derive(Serialize, ToSchema)]
pub struct AuditBody {
    checked: AuditChecked,
    wrong: Vec<AuditWrong>,
    took_ms: u64,
    /// False when there was no time for all classes: `yueke audit` takes as long as it needs.
    complete: bool,
}

#[derive(Serialize, ToSchema)]
pub struct AuditChecked {
    schedules: u64,
    bookings: u64,
}

#[derive(Serialize, ToSchema)]
pub struct AuditWrong {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    schedule_id: Option<ScheduleId>,
    text: String,
}

/// Checks every invariant from the rows, as `yueke audit` does; it reads only, beside everything
/// else. One at a time.
#[utoipa::path(post, path = "/admin/audit", tag = "operations",
    responses((status = 200, body = AuditBody), (status = 403), (status = 409)))]
pub async fn run_audit(ctx: Ctx, caller: Caller, body: Body<Nothing>) -> Result<HttpResponse, Problem> {
    caller.needs(Action::WatchServer)?;
    // Whoever hung up and asks again under the same key finds the answer, not another audit.
    Ctx::to_the_end(async move {
        // Before the key: whoever was told to wait may try again with the same one.
        let _running = ctx.app.auditing.try_lock().map_err(|_| Problem::AuditRunning)?;
        ctx.once(body.key, audited(&ctx)).await
    })
    .await
}

async fn audited(ctx: &Ctx) -> Result<StoredAnswer, Problem> {
    let began = std::time::Instant::now();
    let within = Duration::from_millis(AUDIT_WITHIN as u64);
    let in_time = |_, _| began.elapsed() < within;
    // One statement alone may take longer than all of it should.
    let found = tokio::time::timeout(within * 2, audit::audit(ctx.app.store.reader(), &in_time)).await;
    let slow = |_| Problem::Unavailable(Fault::new("the audit took too long"));
    let Report { schedules, events: _, bookings, wrong, complete } = found.map_err(slow)??;
    let wrong = wrong.into_iter().map(|w| AuditWrong { schedule_id: w.schedule, text: w.text });
    Ok(ctx.told(AuditBody {
        checked: AuditChecked { schedules, bookings },
        wrong: wrong.collect(),
        took_ms: began.elapsed().as_millis() as u64,
        complete,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_tells_what_came_since_the_one_before() {
        let health =
            Health { started_at: Timestamp::MIN, seen: Mutex::default(), looking: tokio::sync::Mutex::default() };
        let totals = [(3, 10), (3, 12), (8, 12)];
        for (n, (bookings, refusals)) in totals.into_iter().enumerate() {
            let now = Reading { bookings, refusals, ..Reading::default() };
            health.note(Timestamp::from_millis(n as i64), now, n);
        }
        let seen = lock(&health.seen);
        let told: Vec<_> = seen.samples.iter().map(|s| (s.bookings, s.refusals, s.journal_queue)).collect();
        assert_eq!(told, [(3, 10, 0), (0, 2, 1), (5, 0, 2)]);
    }

    #[test]
    fn an_alert_keeps_its_beginning_and_ends() {
        let health =
            Health { started_at: Timestamp::MIN, seen: Mutex::default(), looking: tokio::sync::Mutex::default() };
        let since = || lock(&health.seen).alerts.clone().into_iter().collect::<Vec<_>>();
        let at = Timestamp::from_millis;
        health.set_alerts(at(1), ["a"].into_iter());
        health.set_alerts(at(2), ["a", "b"].into_iter());
        assert_eq!(since(), [("a", at(1)), ("b", at(2))]);
        health.set_alerts(at(3), ["b"].into_iter());
        health.set_alerts(at(4), ["a", "b"].into_iter());
        assert_eq!(since(), [("a", at(4)), ("b", at(2))]);
    }
}
