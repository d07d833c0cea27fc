//! Instants, the clock, and the org's zone.
//!
//! Instants are milliseconds since 1970 in UTC. Intervals and deadlines are half-open: at the
//! deadline is late. Only [`Clock`] may ask the machine for the time (clippy bans it elsewhere);
//! everything else takes an instant as an argument.

use std::{
    fmt,
    ops::{Add, Sub},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// 2000-01-01T00:00:00Z.
const FIRST: Timestamp = Timestamp(946_684_800_000);
/// 2200-01-01T00:00:00Z.
const END: Timestamp = Timestamp(7_258_118_400_000);

impl Timestamp {
    pub const MIN: Self = Self(i64::MIN);

    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 (`2025-11-12T12:45:00.000+08:00`); the years 2000 to 2199 of UTC only, so that
    /// no arithmetic on an accepted instant can overflow, and every zone's way to tell it is accepted.
    pub fn parse(text: &str) -> Option<Self> {
        let at = Self(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis());
        (FIRST..END).contains(&at).then_some(at)
    }

    /// From this to `later`, zero when that is in the past.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0).max(0) as u64)
    }
}

impl Add<Millis> for Timestamp {
    type Output = Self;

    fn add(self, ms: Millis) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl Sub<Millis> for Timestamp {
    type Output = Self;

    fn sub(self, ms: Millis) -> Self {
        Self(self.0.saturating_sub(ms))
    }
}

impl Sub for Timestamp {
    type Output = Millis;

    fn sub(self, earlier: Self) -> Millis {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Utc.timestamp_millis_opt(self.0).single() {
            Some(t) => f.write_str(&t.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{}ms", self.0),
        }
    }
}

/// A length of time in milliseconds.
pub type Millis = i64;

pub const SECOND: Millis = 1_000;
pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;
pub const DAY: Millis = 24 * HOUR;

/// A time zone that an org lives in. What is stored is UTC; dates are told in this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(chrono_tz::Tz);

impl Zone {
    pub const SHANGHAI: Self = Self(chrono_tz::Asia::Shanghai);

    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// RFC 3339 with milliseconds and this zone's offset at that instant.
    pub fn rfc3339(self, at: Timestamp) -> String {
        self.at(at).to_rfc3339_opts(SecondsFormat::Millis, false)
    }

    /// The local date as `yyyymmdd`.
    pub fn date_number(self, at: Timestamp) -> u32 {
        let d = self.at(at);
        d.year().max(0) as u32 * 10_000 + d.month() * 100 + d.day()
    }

    /// The local date as `yyyy-mm-dd`.
    pub fn date(self, at: Timestamp) -> String {
        self.at(at).format("%Y-%m-%d").to_string()
    }

    /// Hours and minutes as a person reads them, `11-12 19:00`.
    pub fn short(self, at: Timestamp) -> String {
        self.at(at).format("%m-%d %H:%M").to_string()
    }

    /// The half-open interval of one local day, given as `yyyy-mm-dd`.
    pub fn day(self, date: &str) -> Option<(Timestamp, Timestamp)> {
        let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().filter(|d| (2000..2200).contains(&d.year()))?;
        let next = date.checked_add_days(Days::new(1))?;
        Some((self.midnight(date)?, self.midnight(next)?))
    }

    /// So many local days, the first given as `yyyy-mm-dd`.
    pub fn days(self, first: &str, count: u64) -> Option<Vec<LocalDay>> {
        let first = NaiveDate::parse_from_str(first, "%Y-%m-%d").ok()?;
        let day = |n| {
            let date = first.checked_add_days(Days::new(n))?.format("%Y-%m-%d").to_string();
            let (begins_at, ends_at) = self.day(&date)?;
            Some(LocalDay { date, begins_at, ends_at })
        };
        (0..count).map(day).collect()
    }

    /// All local days of a month, given as `yyyy-mm`.
    pub fn month(self, month: &str) -> Option<Vec<LocalDay>> {
        let first = format!("{month}-01");
        let date =
            NaiveDate::parse_from_str(&first, "%Y-%m-%d").ok().filter(|d| d.format("%Y-%m").to_string() == month)?;
        self.days(&first, u64::from(date.num_days_in_month()))
    }

    /// The next instant after `at` at which the clock on the wall shows this time of day.
    pub fn next_time_of_day(self, at: Timestamp, since_midnight: Millis) -> Timestamp {
        let today = self.at(at).date_naive();
        let of_day = |days: u64| {
            let midnight = today.checked_add_days(Days::new(days))?.and_time(NaiveTime::MIN);
            let naive = midnight + chrono::Duration::milliseconds(since_midnight);
            // Where the clock skips it, an hour later.
            let found =
                (0..3).find_map(|h| self.0.from_local_datetime(&(naive + chrono::Duration::hours(h))).earliest());
            found.map(|t| Timestamp(t.timestamp_millis())).filter(|t| *t > at)
        };
        (0..3).find_map(of_day).unwrap_or(at + DAY)
    }

    /// A zone may skip midnight (a daylight-saving change): then the day begins at the first instant it has.
    fn midnight(self, date: NaiveDate) -> Option<Timestamp> {
        let naive = date.and_time(NaiveTime::MIN);
        (0..24)
            .find_map(|h| self.0.from_local_datetime(&(naive + chrono::Duration::hours(h))).earliest())
            .map(|t| Timestamp(t.timestamp_millis()))
    }

    fn at(self, at: Timestamp) -> DateTime<FixedOffset> {
        let utc = Utc.timestamp_millis_opt(at.0).single().unwrap_or_default();
        utc.with_timezone(&self.0).fixed_offset()
    }
}

/// A day of the zone, half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalDay {
    /// As in `2025-11-12`.
    pub date: String,
    pub begins_at: Timestamp,
    pub ends_at: Timestamp,
}

/// The server's clock: the machine's, one that is moved by hand (demo mode and tests), or one
/// that is read elsewhere (simulation).
#[derive(Clone)]
pub struct Clock(Arc<ClockKind>);

enum ClockKind {
    System,
    Elsewhere(Box<dyn Fn() -> Timestamp + Send + Sync>),
    Manual { now: AtomicI64, moved: Notify },
}

impl Clock {
    pub fn system() -> Self {
        Self(Arc::new(ClockKind::System))
    }

    pub fn manual(start: Timestamp) -> Self {
        Self(Arc::new(ClockKind::Manual { now: AtomicI64::new(start.0), moved: Notify::new() }))
    }

    /// Shows what `read` says, and may jump like the machine's; whoever sleeps on it sleeps on the runtime's timer.
    pub fn elsewhere(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(ClockKind::Elsewhere(Box::new(read))))
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            ClockKind::System => Timestamp(Utc::now().timestamp_millis()),
            ClockKind::Elsewhere(read) => read(),
            ClockKind::Manual { now, .. } => Timestamp(now.load(Ordering::SeqCst)),
        }
    }

    pub fn is_manual(&self) -> bool {
        matches!(&*self.0, ClockKind::Manual { .. })
    }

    /// Moves a manual clock forward; false when it is the machine's clock or `to` lies behind.
    pub fn move_to(&self, to: Timestamp) -> bool {
        match &*self.0 {
            ClockKind::System | ClockKind::Elsewhere(_) => false,
            ClockKind::Manual { now, moved } => {
                let forward = now.fetch_max(to.0, Ordering::SeqCst) <= to.0;
                moved.notify_waiters();
                forward
            }
        }
    }

    /// Waits until this clock shows `at` or later, but no longer than `longest` on the machine's
    /// clock: that one can be set, so a sleeper looks again now and then.
    #[allow(clippy::disallowed_methods, reason = "the one place that sleeps on behalf of the clock")]
    pub async fn sleep_until(&self, at: Timestamp, longest: Duration) {
        match &*self.0 {
            ClockKind::System | ClockKind::Elsewhere(_) => tokio::time::sleep(self.now().until(at).min(longest)).await,
            ClockKind::Manual { moved, .. } => loop {
                let changed = moved.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.now() >= at {
                    return;
                }
                changed.await;
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_told_in_the_orgs_zone() {
        let at = Timestamp::parse("2025-11-12T04:45:00Z").unwrap();
        assert_eq!(Zone::SHANGHAI.rfc3339(at), "2025-11-12T12:45:00.000+08:00");
        assert_eq!(Timestamp::parse("2025-11-12T12:45:00.000+08:00"), Some(at));
        assert_eq!(Zone::SHANGHAI.date_number(at), 20251112);
    }

    #[test]
    fn absurd_dates_are_not_instants() {
        for bad in ["9999-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2025-13-01T00:00:00Z", "yesterday", ""] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_instant_that_is_accepted_is_accepted_in_every_zone() {
        for (text, good) in [
            ("2000-01-01T00:00:00Z", true),
            ("1999-12-31T20:00:00-04:00", true),
            ("2000-01-01T07:59:59.999+08:00", false),
            ("2200-01-01T07:59:59.999+08:00", true),
            ("2199-12-31T23:30:00-05:00", false),
        ] {
            assert_eq!(Timestamp::parse(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn a_day_of_a_daylight_saving_change_has_23_hours() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let (from, to) = berlin.day("2026-03-29").unwrap();
        assert_eq!(to - from, 23 * HOUR);
    }

    #[test]
    fn a_month_has_its_days() {
        for (month, days, first, last) in [
            ("2025-11", 30, "2025-11-01", "2025-11-30"),
            ("2024-02", 29, "2024-02-01", "2024-02-29"),
            ("2025-12", 31, "2025-12-01", "2025-12-31"),
        ] {
            let all = Zone::SHANGHAI.month(month).unwrap();
            assert_eq!((all.len(), &*all[0].date, &*all[days - 1].date), (days, first, last));
            assert!(all.windows(2).all(|two| two[0].ends_at == two[1].begins_at), "{month}");
        }
        for bad in ["2025-13", "2025-1", "2025-11-01", "1999-12", "2200-01", "11-2025", "2025", "", "2025-+1", "x"] {
            assert_eq!(Zone::SHANGHAI.month(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn a_manual_clock_moves_forward_only_and_wakes_sleepers() {
        let clock = Clock::manual(Timestamp::from_millis(10));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(Timestamp::from_millis(20), Duration::MAX).await }
        });
        assert!(clock.move_to(Timestamp::from_millis(20)));
        assert!(!clock.move_to(Timestamp::from_millis(19)));
        assert_eq!(clock.now().as_millis(), 20);
        sleeper.await.unwrap();
    }
}
