//! The words of a table: names, instants, lengths of time.

use serde::Serialize;
use yueke::{
    base::time::{DAY, HOUR, MINUTE, Millis, SECOND, Timestamp, Zone},
    domain::schedule::state::Stage,
};

const CAST: &[&str] = &["amy", "ben", "cat", "dan", "eve", "fay", "gus", "hal", "A", "B", "C"];

/// One of the cast, one of a crowd (`s1`), or several of it (`s1..s6`).
pub fn is_name(word: &str) -> bool {
    let is_crowd = |w: &str| w.len() > 1 && w.starts_with(['s', 'w']) && w[1..].bytes().all(|b| b.is_ascii_digit());
    CAST.contains(&word) || is_crowd(word) || word.split_once("..").is_some_and(|(a, b)| is_crowd(a) && is_crowd(b))
}

pub fn range(word: &str) -> Vec<String> {
    let Some((first, last)) = word.split_once("..") else { return vec![word.into()] };
    let number = |w: &str| w[1..].parse::<u32>().expect("s1..s6");
    (number(first)..=number(last)).map(|n| format!("{}{n}", &first[..1])).collect()
}

/// What `Script::fact` tells, as against something to look at.
pub fn is_fact(clause: &str) -> bool {
    let word = clause.split([' ', '#', ':']).next().unwrap_or_default();
    matches!(word, "race" | "turn" | "public" | "closed" | "expired" | "skipped" | "cancelled" | "hold")
}

pub fn label(stage: Stage, round: usize) -> String {
    format!("{}#{round}", word(&stage))
}

/// A plain case of ours as it is told everywhere.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).expect("a word")
}

pub fn number(text: &str) -> u32 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// `15m`, `6h`, `90s`, `2d`, `0`.
pub fn length(text: &str) -> Millis {
    let units = [("ms", 1), ("s", SECOND), ("m", MINUTE), ("h", HOUR), ("d", DAY)];
    let found = units.iter().find_map(|(unit, ms)| text.strip_suffix(unit)?.parse::<Millis>().ok().map(|n| n * ms));
    found.or_else(|| text.parse().ok()).unwrap_or_else(|| panic!("`{text}` is no length of time"))
}

/// `12:45`, `12:44:59.999`, `11-13T09:00`; without a date it is of `day`.
pub fn instant(text: &str, day: Timestamp) -> Timestamp {
    let date = Zone::SHANGHAI.date(day);
    let (date, time) = match text.split_once('T') {
        Some((month_and_day, time)) => (format!("{}-{month_and_day}", &date[..4]), time),
        None => (date, text),
    };
    let seconds = if time.len() == 5 { ":00" } else { "" };
    let at = Timestamp::parse(&format!("{date}T{time}{seconds}+08:00"));
    at.unwrap_or_else(|| panic!("`{text}` is no time"))
}

/// As short as it can be without losing anything.
pub fn clock(at: Timestamp, day: Timestamp) -> String {
    let text = Zone::SHANGHAI.rfc3339(at);
    let (date, time) = (&text[..10], &text[11..23]);
    let time = time.strip_suffix(".000").unwrap_or(time);
    let time = if time.len() == 8 { time.strip_suffix(":00").unwrap_or(time) } else { time };
    if date == Zone::SHANGHAI.date(day) { time.into() } else { format!("{}T{time}", &date[5..]) }
}

/// Equal answers in a row are counted.
pub fn repeated(answers: &[String]) -> String {
    let mut runs: Vec<(&str, u32)> = Vec::new();
    for answer in answers {
        match runs.last_mut().filter(|(last, _)| last == answer) {
            Some((_, count)) => *count += 1,
            None => runs.push((answer, 1)),
        }
    }
    let runs = runs.into_iter().map(|(answer, n)| if n == 1 { answer.into() } else { format!("{n} x {answer}") });
    runs.collect::<Vec<_>>().join(", ")
}

/// A line that went as written, or both.
pub fn told(written: &str, went: &str) -> Vec<(bool, String)> {
    let spaces = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (written, went) = (spaces(written), spaces(went));
    if written == went {
        return vec![(true, format!("  {written}"))];
    }
    vec![(false, format!("- {written}")), (false, format!("+ {went}"))]
}
