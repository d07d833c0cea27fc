//! What a run sees as it happens: histograms of latency by kind of request, and a series by the
//! second. Latencies are kept in microseconds.

use std::{
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::{
    client::histogram,
    lane::{Lost, Reply},
};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its answer was a success.
    Done,
    /// By a rule (409), a limit (429) or for the moment (503).
    Refused,
    /// Anything else, also no answer.
    Failed,
}

impl Ending {
    /// Judged by the status.
    pub fn of(reply: &Result<Reply, Lost>) -> Self {
        match reply.as_ref().map(|r| r.status) {
            Ok(200..=299) => Self::Done,
            Ok(409 | 429 | 503) => Self::Refused,
            Ok(_) | Err(_) => Self::Failed,
        }
    }
}

/// Counted by ending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub done: u64,
    pub refused: u64,
    pub failed: u64,
}

impl Totals {
    fn add(&mut self, ending: Ending) {
        match ending {
            Ending::Done => self.done += 1,
            Ending::Refused => self.refused += 1,
            Ending::Failed => self.failed += 1,
        }
    }

    /// However they ended.
    pub fn all(&self) -> u64 {
        self.done + self.refused + self.failed
    }
}

/// One second of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Seconds since the beginning.
    pub at: u64,
    pub done: u64,
    pub refused: u64,
    pub failed: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// A curve of its own, such as the server's memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    pub name: String,
    pub unit: String,
    /// Seconds since the beginning, and the value.
    pub points: Vec<(f64, f64)>,
}

/// Something that happened at an instant of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub at: f64,
    pub what: String,
}

/// Shared by all tasks of a run.
pub struct Recorder {
    inner: Mutex<Inner>,
}

struct Inner {
    began: Instant,
    totals: Totals,
    all: Histogram<u64>,
    named: Vec<(String, Histogram<u64>)>,
    second: Totals,
    second_latency: Histogram<u64>,
    second_at: u64,
    seconds: Vec<Second>,
    curves: Vec<Curve>,
    marks: Vec<Mark>,
}

/// What is left of a recorder in the end.
pub struct Recorded {
    pub named: Vec<(String, Histogram<u64>)>,
    pub seconds: Vec<Second>,
    pub curves: Vec<Curve>,
    pub marks: Vec<Mark>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                began: Instant::now(),
                totals: Totals::default(),
                all: histogram(),
                named: Vec::new(),
                second: Totals::default(),
                second_latency: histogram(),
                second_at: 0,
                seconds: Vec::new(),
                curves: Vec::new(),
                marks: Vec::new(),
            }),
        }
    }
}

impl Recorder {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics while noting")
    }

    /// The run proper begins: what was set up is not part of it.
    pub fn restart(&self) {
        *self.lock() = Self::default().inner.into_inner().expect("it is new");
    }

    /// Since the run began.
    pub fn elapsed(&self) -> Duration {
        self.lock().began.elapsed()
    }

    /// A request of this kind was answered, after this long.
    pub fn note(&self, name: &str, ending: Ending, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut inner = self.lock();
        inner.turn_second();
        inner.totals.add(ending);
        inner.second.add(ending);
        inner.second_latency.saturating_record(micros);
        inner.all.saturating_record(micros);
        inner.named(name).saturating_record(micros);
    }

    /// A length of time that is no request's.
    pub fn time(&self, name: &str, took: Duration) {
        self.lock().named(name).saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// A point of a curve, now.
    pub fn point(&self, name: &str, unit: &str, value: f64) {
        let mut inner = self.lock();
        let at = inner.began.elapsed().as_secs_f64();
        match inner.curves.iter_mut().find(|c| c.name == name) {
            Some(curve) => curve.points.push((at, value)),
            None => inner.curves.push(Curve { name: name.into(), unit: unit.into(), points: vec![(at, value)] }),
        }
    }

    /// A whole curve.
    pub fn curve(&self, name: &str, unit: &str, points: Vec<(f64, f64)>) {
        self.lock().curves.push(Curve { name: name.into(), unit: unit.into(), points });
    }

    /// Something happens now.
    pub fn mark(&self, what: &str) {
        let mut inner = self.lock();
        let at = inner.began.elapsed().as_secs_f64();
        inner.marks.push(Mark { at, what: what.into() });
    }

    /// Counted so far.
    pub fn totals(&self) -> Totals {
        self.lock().totals
    }

    /// p50 and p99 so far, in milliseconds.
    pub fn quantiles(&self) -> (f64, f64) {
        let inner = self.lock();
        (ms_at(&inner.all, 0.5), ms_at(&inner.all, 0.99))
    }

    /// A quantile of one kind so far, in milliseconds.
    pub fn ms(&self, name: &str, quantile: f64) -> f64 {
        ms_at(self.lock().named(name), quantile)
    }

    /// All latencies so far, to tell those of a phase apart.
    pub fn latencies(&self) -> Histogram<u64> {
        self.lock().all.clone()
    }

    /// The points of a curve so far.
    pub fn curve_of(&self, name: &str) -> Option<Vec<(f64, f64)>> {
        Some(self.lock().curves.iter().find(|c| c.name == name)?.points.clone())
    }

    /// How many of one kind were noted.
    pub fn count(&self, name: &str) -> u64 {
        self.lock().named(name).len()
    }

    /// Everything. The last second is not a whole one, so it tells no rate; of a short run it is
    /// all there is.
    pub fn take(&self) -> Recorded {
        let mut inner = self.lock();
        if inner.seconds.len() < SHORT {
            inner.end_second();
        }
        Recorded {
            named: std::mem::take(&mut inner.named),
            seconds: std::mem::take(&mut inner.seconds),
            curves: std::mem::take(&mut inner.curves),
            marks: std::mem::take(&mut inner.marks),
        }
    }
}

impl Inner {
    fn named(&mut self, name: &str) -> &mut Histogram<u64> {
        let at = self.named.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
            self.named.push((name.to_owned(), histogram()));
            self.named.len() - 1
        });
        &mut self.named[at].1
    }

    /// Seconds in which nothing was answered are told too: they are what one looks for.
    fn turn_second(&mut self) {
        let now = self.began.elapsed().as_secs();
        while self.second_at < now {
            self.end_second();
        }
    }

    fn end_second(&mut self) {
        let Totals { done, refused, failed } = std::mem::take(&mut self.second);
        let (p50_ms, p99_ms) = (ms_at(&self.second_latency, 0.5), ms_at(&self.second_latency, 0.99));
        self.seconds.push(Second { at: self.second_at, done, refused, failed, p50_ms, p99_ms });
        self.second_latency.clear();
        self.second_at += 1;
    }
}

/// Seconds.
const SHORT: usize = 3;

/// Of a histogram in microseconds.
pub fn ms_at(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_counted_by_ending_and_kind() {
        let recorder = Recorder::default();
        recorder.note("book", Ending::Done, Duration::from_millis(2));
        recorder.note("book", Ending::Refused, Duration::from_millis(4));
        recorder.note("look", Ending::Failed, Duration::from_millis(6));
        assert_eq!(recorder.totals(), Totals { done: 1, refused: 1, failed: 1 });
        assert_eq!(recorder.count("book"), 2);
        assert!((recorder.ms("look", 0.5) - 6.0).abs() < 0.1);
        let seconds = recorder.take().seconds;
        assert_eq!((seconds.len(), seconds[0].done, seconds[0].refused), (1, 1, 1));
    }

    #[test]
    fn an_ending_is_judged_by_the_status() {
        let with = |status| Ending::of(&Ok(Reply { status, retry_after: None, body: Vec::new() }));
        assert_eq!([200, 201, 409, 429, 503].map(with)[..2], [Ending::Done; 2]);
        assert_eq!([409, 429, 503].map(with), [Ending::Refused; 3]);
        assert_eq!([400, 404, 500, 302].map(with), [Ending::Failed; 4]);
        assert_eq!(Ending::of(&Err(Lost("gone".into()))), Ending::Failed);
    }
}
