//! What is going on, for whoever waits.

use std::{
    io::{IsTerminal, Write},
    sync::Mutex,
};

/// The last line that went to something other than a terminal, which gets no line twice.
static LAST: Mutex<String> = Mutex::new(String::new());

/// Over the last line in a terminal; else a line of its own.
pub fn step(text: &str) {
    let mut out = std::io::stderr();
    // Progress that cannot be shown is no reason to stop.
    if out.is_terminal() {
        let _ = write!(out, "\r\x1b[2K{text}");
        let _ = out.flush();
        return;
    }
    let mut last = LAST.lock().expect("no panic while it is held");
    if *last != text {
        let _ = writeln!(out, "{text}");
        *last = text.to_owned();
    }
}

/// As [`step`], but too often for a log.
pub fn tick(text: &str) {
    if std::io::stderr().is_terminal() {
        step(text);
    }
}

pub fn clear() {
    if std::io::stderr().is_terminal() {
        step("");
    }
}

/// A line that stays.
pub fn note(text: &str) {
    clear();
    eprintln!("{text}");
}
