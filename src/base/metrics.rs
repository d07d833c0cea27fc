//! What the engine and the store count, on the process's default registry; `GET /metrics` tells it.
//! One list, so that an operator finds every name in one place.

use std::sync::LazyLock;

use prometheus::{
    Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, core::Collector, exponential_buckets,
    register_histogram, register_histogram_vec, register_int_counter, register_int_counter_vec, register_int_gauge,
    register_int_gauge_vec,
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
    BOOKINGS: IntCounter = register_int_counter!(
        "yueke_bookings_total", "Bookings made");
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

/// Of a counter with labels, all together.
pub fn total(counter: &IntCounterVec) -> u64 {
    let families = counter.collect();
    let values = families.iter().flat_map(|f| f.get_metric()).map(|m| m.get_counter().get_value());
    values.sum::<f64>() as u64
}

/// How much a histogram had counted up to each of its bounds, at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts(Vec<(f64, u64)>);

impl Counts {
    pub fn of(histogram: &Histogram) -> Self {
        let families = histogram.collect();
        let metric = families.first().and_then(|f| f.get_metric().first());
        let Some(told) = metric.map(|m| m.get_histogram()) else { return Self::default() };
        let bounds = told.get_bucket().iter().map(|b| (b.upper_bound(), b.cumulative_count()));
        // What lies beyond the last bound is counted by the whole.
        Self(bounds.chain([(f64::INFINITY, told.get_sample_count())]).collect())
    }

    /// Below this lies such a part of all that was observed since `before`; none when nothing was.
    /// Within a bucket what was observed is taken to be spread evenly.
    pub fn quantile_since(&self, before: &Self, part: f64) -> Option<f64> {
        let earlier = |i: usize| before.0.get(i).map_or(0, |(_, n)| *n);
        let counted: Vec<u64> = self.0.iter().enumerate().map(|(i, (_, n))| n.saturating_sub(earlier(i))).collect();
        let all = *counted.last().filter(|n| **n > 0)?;
        let rank = part * all as f64;
        let at = counted.iter().position(|n| *n as f64 >= rank)?;
        let (low, below) = if at == 0 { (0.0, 0) } else { (self.0[at - 1].0, counted[at - 1]) };
        let high = self.0[at].0;
        let within = (rank - below as f64) / (counted[at] - below).max(1) as f64;
        Some(if high.is_finite() { low + (high - low) * within } else { low })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_of_what_came_since() {
        let counts = |n: [u64; 4]| Counts([1.0, 2.0, 4.0, f64::INFINITY].into_iter().zip(n).collect());
        let before = counts([10, 10, 10, 10]);
        assert_eq!(before.quantile_since(&before, 0.99), None);
        let close = |after: [u64; 4], part: f64, expected: f64| {
            let found = counts(after).quantile_since(&before, part).expect("something came");
            assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
        };
        close([20, 20, 20, 20], 0.5, 0.5);
        close([10, 20, 20, 20], 0.5, 1.5);
        close([15, 20, 20, 20], 1.0, 2.0);
        close([109, 109, 110, 110], 0.99, 1.0);
        // Beyond the last bound nothing is known but that.
        close([10, 10, 10, 20], 0.99, 4.0);
        assert_eq!(counts([1, 1, 1, 1]).quantile_since(&Counts::default(), 1.0), Some(1.0));
    }
}
