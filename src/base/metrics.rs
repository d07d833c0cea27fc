//! What the engine and the store count, on the process's default registry; `GET /metrics` tells it.
//! One list, so that an operator finds every name in one place.

use std::sync::LazyLock;

use prometheus::{
    Histogram, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, exponential_buckets, register_histogram,
    register_histogram_vec, register_int_counter_vec, register_int_gauge, register_int_gauge_vec,
};

macro_rules! metrics {
    ($($name:ident: $kind:ty = $make:expr;)*) => {
        $(pub static $name: LazyLock<$kind> = LazyLock::new(|| $make.expect("a metric is registered once"));)*

        /// Registers all, so that a metric shows before it first moves.
        pub fn register_all() {
            $(LazyLock::force(&$name);)*
        }
    };
}

/// From 10 µs to some 10 s.
fn seconds() -> Vec<f64> {
    exponential_buckets(0.000_01, 2.5, 16).unwrap_or_default()
}

metrics! {
    TURN_SECONDS: Histogram = register_histogram!(
        "yueke_turn_seconds", "Deciding one command in an actor", seconds());
    COMMIT_SECONDS: Histogram = register_histogram!(
        "yueke_commit_seconds", "Writing one group, from begin to commit", seconds());
    GROUP_BATCHES: Histogram = register_histogram!(
        "yueke_group_batches", "Batches and other writes in one group commit", exponential_buckets(1.0, 2.0, 12).unwrap_or_default());
    DEADLINE_LAG_SECONDS: Histogram = register_histogram!(
        "yueke_deadline_lag_seconds", "From a stored deadline to its handling", seconds());
    JOURNAL_QUEUE: IntGauge = register_int_gauge!(
        "yueke_journal_queue", "Writes that wait for the next group");
    ACTORS_LIVE: IntGauge = register_int_gauge!(
        "yueke_actors_live", "Schedules held in memory");
    SOCKETS_OPEN: IntGauge = register_int_gauge!(
        "yueke_sockets_open", "Open WebSocket sessions");
    OUTBOX_PENDING: IntGauge = register_int_gauge!(
        "yueke_outbox_pending", "Outbox rows not yet relayed");
    OUTBOX_AGE_SECONDS: IntGauge = register_int_gauge!(
        "yueke_outbox_age_seconds", "Age of the oldest outbox row not yet relayed");
    DELIVERIES: IntCounterVec = register_int_counter_vec!(
        "yueke_deliveries_total", "Messages to WeChat, by what came of them", &["kind", "state", "reason"]);
    DELIVERIES_WAITING: IntGauge = register_int_gauge!(
        "yueke_deliveries_waiting", "Messages to WeChat that are due");
    DELIVERIES_AGE_SECONDS: IntGauge = register_int_gauge!(
        "yueke_deliveries_age_seconds", "Since when the oldest message to WeChat is due");
    DELIVERY_SECONDS: Histogram = register_histogram!(
        "yueke_delivery_seconds", "From what happened to WeChat's taking the message", seconds());
    ALERTS: IntGaugeVec = register_int_gauge_vec!(
        "yueke_alert", "What somebody should see to: how many, none when all is well", &["alert"]);
    REJECTIONS: IntCounterVec = register_int_counter_vec!(
        "yueke_rejections_total", "Commands refused by a rule", &["reason"]);
    ACTOR_FAILURES: IntCounterVec = register_int_counter_vec!(
        "yueke_actor_failures_total", "Actors stopped and loaded anew", &["cause"]);
    WECHAT_SECONDS: HistogramVec = register_histogram_vec!(
        "yueke_wechat_seconds", "From a request to WeChat to the end of its answer", &["call"], seconds());
    WECHAT_CALLS: IntCounterVec = register_int_counter_vec!(
        "yueke_wechat_calls_total", "Requests to WeChat by outcome: ok, unavailable, unknown, or its error code", &["call", "outcome"]);
}
