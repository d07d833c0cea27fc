//! What goes wrong on purpose, and what was counted.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

pub const LATENCY_MS_MAX: u64 = 60_000;
const FAILURES_MAX: usize = 100;
const TIMES_MAX: u32 = 10_000;
/// Error codes of each call that are counted.
const COUNTED_MAX: usize = 100;

/// The calls of WeChat's that are here, by the last part of their paths.
pub const CALLS: [&str; 8] = [
    "jscode2session",
    "token",
    "stable_token",
    "send",
    "getuserphonenumber",
    "msg_sec_check",
    "getwxacodeunlimit",
    "gettemplate",
];

/// How WeChat is out of reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Down {
    #[default]
    Off,
    /// 503, and nothing is done.
    Refuse,
    /// No answer for a long time, and nothing is done.
    Hang,
    /// The connection ends, and nothing is done.
    Reset,
    /// It is done, and the connection ends before the answer.
    Lost,
}

/// Refuses this call so many times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailNext {
    pub call: String,
    pub errcode: i64,
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// What is left out stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wishes {
    pub latency_ms: Option<u64>,
    pub busy_rate: Option<f64>,
    pub down: Option<Down>,
    pub fail_next: Option<Vec<FailNext>>,
    pub auto_accept: Option<bool>,
    pub kill_token: Option<bool>,
    pub seed: Option<u64>,
}

impl Wishes {
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), String> {
        if self.latency_ms.is_some_and(|ms| ms > LATENCY_MS_MAX) {
            return Err(format!("latency_ms is 0 to {LATENCY_MS_MAX}"));
        }
        if self.busy_rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            return Err("busy_rate is 0 to 1".into());
        }
        let failures = self.fail_next.as_deref().unwrap_or_default();
        if failures.len() > FAILURES_MAX {
            return Err(format!("fail_next has at most {FAILURES_MAX} entries"));
        }
        for FailNext { call, errcode, times } in failures {
            if !CALLS.contains(&&**call) {
                return Err(format!("fail_next: call is one of {}", CALLS.join(", ")));
            }
            if *errcode == 0 || !(1..=TIMES_MAX).contains(times) {
                return Err(format!("fail_next: errcode is not 0, and times is 1 to {TIMES_MAX}"));
            }
        }
        Ok(())
    }
}

pub struct Faults {
    pub latency_ms: u64,
    busy_rate: f64,
    pub down: Down,
    fail_next: Vec<FailNext>,
    pub auto_accept: bool,
    dice: StdRng,
    /// By call, how often each error code was answered; 0 for success.
    answered: BTreeMap<String, BTreeMap<i64, u64>>,
}

/// What is told of them.
#[derive(Serialize)]
pub struct Shown<'a> {
    latency_ms: u64,
    busy_rate: f64,
    down: Down,
    fail_next: &'a [FailNext],
    auto_accept: bool,
    answered: &'a BTreeMap<String, BTreeMap<i64, u64>>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            busy_rate: 0.0,
            down: Down::Off,
            fail_next: Vec::new(),
            auto_accept: false,
            dice: StdRng::from_os_rng(),
            answered: BTreeMap::new(),
        }
    }
}

impl Faults {
    /// Wishes that were checked.
    pub fn set(&mut self, wishes: Wishes) {
        let Wishes { latency_ms, busy_rate, down, fail_next, auto_accept, kill_token: _, seed } = wishes;
        self.latency_ms = latency_ms.unwrap_or(self.latency_ms);
        self.busy_rate = busy_rate.unwrap_or(self.busy_rate);
        self.down = down.unwrap_or(self.down);
        self.auto_accept = auto_accept.unwrap_or(self.auto_accept);
        if let Some(fail_next) = fail_next {
            self.fail_next = fail_next;
        }
        if let Some(seed) = seed {
            self.dice = StdRng::seed_from_u64(seed);
        }
    }

    /// The error that this call answers on purpose, if it does.
    pub fn next(&mut self, call: &str) -> Option<i64> {
        if let Some(i) = self.fail_next.iter().position(|f| f.call == call) {
            let failure = &mut self.fail_next[i];
            let errcode = failure.errcode;
            failure.times -= 1;
            if failure.times == 0 {
                self.fail_next.remove(i);
            }
            return Some(errcode);
        }
        (self.busy_rate > 0.0 && self.dice.random_bool(self.busy_rate)).then_some(-1)
    }

    /// What is added to an error's message: ` rid: xxxxxxxx-xxxxxxxx-xxxxxxxx`.
    pub fn rid(&mut self, seconds: i64) -> String {
        format!(" rid: {:08x}-{:08x}-{:08x}", seconds as u32, self.dice.random::<u32>(), self.dice.random::<u32>())
    }

    pub fn count(&mut self, call: &str, code: i64) {
        let codes = self.answered.entry(call.to_owned()).or_default();
        if codes.len() < COUNTED_MAX || codes.contains_key(&code) {
            *codes.entry(code).or_default() += 1;
        }
    }

    pub fn show(&self) -> Shown<'_> {
        let Self { latency_ms, busy_rate, down, fail_next, auto_accept, dice: _, answered } = self;
        Shown {
            latency_ms: *latency_ms,
            busy_rate: *busy_rate,
            down: *down,
            fail_next,
            auto_accept: *auto_accept,
            answered,
        }
    }
}
