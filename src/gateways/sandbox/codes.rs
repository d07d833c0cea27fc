//! Codes that are good once, for five minutes.

use std::collections::{HashMap, VecDeque};

use crate::base::{
    ids::{hex, secret_bytes},
    time::{MINUTE, Millis, Timestamp},
};

const LIFE: Millis = 5 * MINUTE;
/// The oldest give way.
const CODES_MAX: usize = 20_000;

#[derive(Default)]
pub struct Codes {
    codes: HashMap<String, Code>,
    /// Oldest first.
    order: VecDeque<String>,
}

struct Code {
    value: String,
    until: Timestamp,
    used: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BadCode {
    /// Never made, or too old.
    Unknown,
    Used,
}

impl Codes {
    /// A code that stands for this.
    pub fn make(&mut self, value: &str, now: Timestamp) -> String {
        while self.order.len() >= CODES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.codes.remove(&oldest);
            }
        }
        let code = hex(&secret_bytes::<16>());
        self.order.push_back(code.clone());
        self.codes.insert(code.clone(), Code { value: value.to_owned(), until: now + LIFE, used: false });
        code
    }

    /// What it stands for, the first time.
    pub fn take(&mut self, code: &str, now: Timestamp) -> Result<String, BadCode> {
        match self.codes.get_mut(code) {
            Some(code) if now >= code.until => Err(BadCode::Unknown),
            Some(code) if code.used => Err(BadCode::Used),
            Some(code) => {
                code.used = true;
                Ok(code.value.clone())
            }
            None => Err(BadCode::Unknown),
        }
    }
}
