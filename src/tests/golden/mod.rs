//! What is stored as JSON must stay readable for ever: each line of these files was written by
//! some version of the program. A line may be added; one that has to be changed is a migration.

use std::collections::BTreeSet;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use yueke::domain::schedule::{
    Event, Policy,
    effects::{Notice, What},
    policy::{ConfirmMode, CourseKind, Tier},
    state::{
        BookingState, Canceller, Cause, EntryEnd, HoldEnd, OfferEnd, Payment, RoundEnd, SkipReason, Source, Stage,
        Status,
    },
};

const EVENTS: &str = include_str!("events.jsonl");
const NOTICES: &str = include_str!("notices.jsonl");
const POLICIES: &str = include_str!("policies.jsonl");

fn reads_and_writes<T: Serialize + DeserializeOwned>(lines: &str) {
    for line in lines.lines() {
        let read: T = serde_json::from_str(line).unwrap_or_else(|e| panic!("cannot be read any more: {e}: {line}"));
        assert_eq!(serde_json::to_string(&read).expect("JSON"), line, "is written otherwise than before");
    }
}

/// The names that serde knows for an enum: it lists them to whoever asks for one that is not there.
fn variants<T: DeserializeOwned>(tag: &str) -> Vec<String> {
    let none = if tag.is_empty() { Value::from("?") } else { serde_json::json!({ tag: "?" }) };
    let told = serde_json::from_value::<T>(none).err().expect("there is no `?`").to_string();
    let names: Vec<_> = told.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert!(names.len() > 1, "{told}");
    names
}

/// Every name stands somewhere in the lines as a value of one of these fields.
fn names_all<T: DeserializeOwned>(tag: &str, fields: &[&str], lines: &str) {
    let mut seen = BTreeSet::new();
    for line in lines.lines() {
        collect(&serde_json::from_str(line).expect("JSON"), fields, &mut seen);
    }
    let missing: Vec<_> = variants::<T>(tag).into_iter().filter(|name| !seen.contains(name)).collect();
    assert!(missing.is_empty(), "{} without a line: {missing:?}", std::any::type_name::<T>());
}

fn collect(value: &Value, fields: &[&str], seen: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::String(text) if fields.contains(&name.as_str()) => drop(seen.insert(text.clone())),
            _ => collect(value, fields, seen),
        }
    }
}

#[test]
fn events() {
    reads_and_writes::<Event>(EVENTS);
    names_all::<Event>("event", &["event"], EVENTS);
    names_all::<Status>("", &["status"], EVENTS);
    names_all::<Source>("", &["source"], EVENTS);
    names_all::<Canceller>("", &["by"], EVENTS);
    names_all::<Cause>("", &["cause"], EVENTS);
    names_all::<Stage>("", &["stage"], EVENTS);
    names_all::<SkipReason>("", &["reason"], EVENTS);
    names_all::<OfferEnd>("", &["end"], EVENTS);
    names_all::<EntryEnd>("", &["end"], EVENTS);
    names_all::<HoldEnd>("", &["end"], EVENTS);
    names_all::<RoundEnd>("", &["end"], EVENTS);
}

/// Bookings are made and paid in some of their states only; the others live in rows.
#[test]
fn states_of_bookings() {
    let rows = r#"{"is":"awaiting_payment","pay_by":1762000060000}
{"is":"awaiting_teacher"}
{"is":"confirmed","confirmed_at":1762000000000}
{"is":"completed","confirmed_at":1762000000000,"completed_at":1762000060000}
{"is":"no_show","confirmed_at":1762000000000,"completed_at":1762000060000}
{"is":"cancelled","cancelled_at":1762000000000,"by":"student","reason":null}"#;
    reads_and_writes::<BookingState>(rows);
    names_all::<BookingState>("is", &["is"], rows);
    assert_eq!(variants::<Payment>(""), ["not_required", "unpaid", "paid", "refunded"]);
}

#[test]
fn notices() {
    reads_and_writes::<Notice>(NOTICES);
    names_all::<What>("kind", &["kind"], NOTICES);
}

#[test]
fn policies() {
    reads_and_writes::<Policy>(POLICIES);
    names_all::<ConfirmMode>("", &["confirm"], POLICIES);
    names_all::<CourseKind>("", &["course_kind"], POLICIES);
    names_all::<Tier>("", &["tier"], POLICIES);
}

#[test]
#[should_panic(expected = "is written otherwise than before")]
fn a_renamed_field_is_found() {
    reads_and_writes::<Event>(&EVENTS.replace("\"remind_at\":null", "\"remind\":null"));
}

#[test]
#[should_panic(expected = "cannot be read any more")]
fn a_renamed_variant_is_found() {
    reads_and_writes::<Event>(&EVENTS.replace("\"round_reminded\"", "\"reminded\""));
}

#[test]
#[should_panic(expected = "without a line")]
fn a_variant_without_a_line_is_found() {
    let fewer: String = EVENTS.lines().filter(|l| !l.contains("\"moved\"")).map(|l| format!("{l}\n")).collect();
    names_all::<Source>("", &["source"], &fewer);
}
