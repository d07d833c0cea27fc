//! What a run came to, as `result.json` keeps it.

use std::path::Path;

use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    check::Check,
    record::{Curve, Mark, Second, ms_at},
};

/// Of `result.json`; raised whenever an older reader would misunderstand a newer file.
pub const SCHEMA: u32 = 1;

/// A whole run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub schema: u32,
    pub scenario: String,
    /// One sentence on what was done.
    pub about: String,
    pub started_at: String,
    pub took_s: f64,
    pub command: Vec<String>,
    /// The options of the scenario.
    pub settings: Value,
    pub server: ServerInfo,
    pub machine: Machine,
    pub checks: Vec<Check>,
    pub figures: Vec<Figure>,
    pub latencies: Vec<Latency>,
    pub seconds: Vec<Second>,
    pub curves: Vec<Curve>,
    pub marks: Vec<Mark>,
}

/// Who was tested by whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerInfo {
    pub version: String,
    pub loadtests_version: String,
    /// As in `SQLite`, or the address of a server that ran already.
    pub on: String,
}

/// Where it ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub system: String,
    pub processor: String,
    pub cores: usize,
    pub memory_mib: Option<u64>,
    /// Programs that wanted a core in the minute before the run: with many, latencies tell of them.
    pub load_before: Option<f64>,
}

/// A number that is told, with what was hoped for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: String,
    pub goal: Option<String>,
    pub reached: Option<bool>,
}

impl Figure {
    /// Without a goal.
    pub fn of(name: &str, value: f64, unit: &str) -> Self {
        Self { name: name.into(), value, unit: unit.into(), goal: None, reached: None }
    }

    /// As small as possible, at most `goal`.
    pub fn at_most(self, goal: f64) -> Self {
        let told = format!("≤ {} {}", plain(goal), self.unit);
        Self { reached: Some(self.value <= goal), goal: Some(told.trim_end().to_owned()), ..self }
    }

    /// As large as possible, at least `goal`.
    pub fn at_least(self, goal: f64) -> Self {
        let told = format!("≥ {} {}", plain(goal), self.unit);
        Self { reached: Some(self.value >= goal), goal: Some(told.trim_end().to_owned()), ..self }
    }

    /// `12,345.6 ms`.
    pub fn told(&self) -> String {
        format!("{} {}", plain(self.value), self.unit).trim_end().to_owned()
    }
}

/// With thousands separated, and as many decimals as matter.
pub fn plain(value: f64) -> String {
    let decimals = match value.abs() {
        v if v == v.trunc() || v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(w, r)| (w, Some(r)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |d| ("-", d));
    let groups: Vec<&str> = {
        let first = digits.len() % 3;
        let (head, tail) = digits.split_at(first);
        let tail = (0..tail.len() / 3).map(|i| &tail[3 * i..3 * i + 3]);
        Some(head).filter(|h| !h.is_empty()).into_iter().chain(tail).collect()
    };
    format!("{sign}{}{}", groups.join(","), rest.map_or(String::new(), |r| format!(".{r}")))
}

/// The latency of one kind of request, in milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latency {
    pub name: String,
    pub count: u64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
    /// Quantile and value, denser towards the end.
    pub curve: Vec<(f64, f64)>,
}

/// Points of a curve for each halving of what is left.
const TICKS_PER_HALF: u32 = 4;

impl Latency {
    /// From microseconds.
    pub fn of(name: &str, histogram: &Histogram<u64>) -> Self {
        let mut curve = Vec::new();
        // Beyond the slowest one there is nothing to see.
        let last = 1.0 - 1.0 / histogram.len().max(1) as f64;
        for step in histogram.iter_quantiles(TICKS_PER_HALF).take_while(|step| step.quantile() < last) {
            curve.push((step.quantile(), step.value_iterated_to() as f64 / 1_000.0));
        }
        curve.push((last, histogram.max() as f64 / 1_000.0));
        Self {
            name: name.into(),
            count: histogram.len(),
            mean: histogram.mean() / 1_000.0,
            p50: ms_at(histogram, 0.5),
            p90: ms_at(histogram, 0.9),
            p99: ms_at(histogram, 0.99),
            p999: ms_at(histogram, 0.999),
            max: histogram.max() as f64 / 1_000.0,
            curve,
        }
    }
}

impl Machine {
    /// The one that this runs on.
    pub fn this() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|l| l.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let kernel = read("/proc/sys/kernel/osrelease");
        let memory = field(&read("/proc/meminfo"), "MemTotal").and_then(|m| m.split(' ').next()?.parse::<u64>().ok());
        Self {
            system: format!("{} {} {}", std::env::consts::OS, std::env::consts::ARCH, kernel.trim()).trim().to_owned(),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".into()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: memory.map(|kib| kib / 1_024),
            load_before: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()),
        }
    }
}

impl Outcome {
    /// Those that must not be.
    pub fn violations(&self) -> Vec<&Check> {
        self.checks.iter().filter(|c| !c.ok).collect()
    }

    /// Nothing was violated, and something was checked.
    pub fn is_safe(&self) -> bool {
        !self.checks.is_empty() && self.violations().is_empty()
    }

    /// From a folder of results, or the file itself.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = if path.is_dir() { path.join("result.json") } else { path.to_owned() };
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let what = || format!("{} is not a result of loadtests", file.display());
        let value: Value = serde_json::from_str(&text).with_context(what)?;
        let schema = value["schema"].as_u64().with_context(what)?;
        ensure!(
            schema == u64::from(SCHEMA),
            "{} has schema {schema}, but this program reads {SCHEMA}: run the scenario again",
            file.display()
        );
        serde_json::from_value(value).with_context(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_write_them() {
        for (value, told) in [
            (0.0, "0"),
            (1.234, "1.23"),
            (12.34, "12.3"),
            (999.9, "1,000"),
            (1_234.5, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-1_234.0, "-1,234"),
        ] {
            assert_eq!(plain(value), told);
        }
    }

    #[test]
    fn goals_are_reached_or_not() {
        let figure = || Figure::of("p99", 20.0, "ms");
        assert_eq!((figure().at_most(20.0).reached, figure().at_most(19.9).reached), (Some(true), Some(false)));
        assert_eq!((figure().at_least(20.0).reached, figure().at_least(20.1).reached), (Some(true), Some(false)));
        assert_eq!(figure().at_most(50.0).goal.as_deref(), Some("≤ 50 ms"));
    }

    #[test]
    fn a_file_of_another_kind_or_schema_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("result.json");
        for (text, told) in [("{", "not a result"), ("{}", "not a result"), (r#"{"schema":99}"#, "schema 99")] {
            std::fs::write(&file, text).unwrap();
            let error = format!("{:#}", Outcome::read(folder.path()).unwrap_err());
            assert!(error.contains(told), "{error}");
        }
        assert!(Outcome::read(&folder.path().join("absent")).is_err());
    }
}
