//! What a client says over its socket.

use serde::Deserialize;
use serde_json::Value;

use crate::base::ids::{ScheduleId, StudentId};

#[derive(Debug, PartialEq)]
pub enum Said {
    Auth { ticket: String },
    Subscribe { topic: String, student: Whose },
    Unsubscribe { topic: String },
    Ping,
}

/// Whose part of a schedule is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The account's own first student.
    Own,
    Student(StudentId),
    /// No student has such an id.
    Nobody,
}

/// Not JSON, or of no known type: the socket is closed.
#[derive(Debug, PartialEq, Eq)]
pub struct Nonsense;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Schedule(ScheduleId),
    Me,
    Coach,
}

impl Topic {
    /// None for a topic that does not exist.
    pub fn parse(topic: &str) -> Option<Self> {
        match topic {
            "me" => Some(Self::Me),
            "coach" => Some(Self::Coach),
            _ => topic.strip_prefix("schedule:")?.parse().ok().map(Self::Schedule),
        }
    }
}

/// Fields of another type than expected are as good as missing: only nonsense closes a socket.
#[derive(Deserialize)]
struct Raw {
    r#type: String,
    #[serde(default)]
    topic: Value,
    #[serde(default)]
    student_id: Value,
    #[serde(default)]
    ticket: Value,
}

impl Said {
    pub fn parse(text: &str) -> Result<Self, Nonsense> {
        let Raw { r#type, topic, student_id, ticket } = serde_json::from_str(text).map_err(|_| Nonsense)?;
        match &*r#type {
            "auth" => Ok(Self::Auth { ticket: string(ticket) }),
            "subscribe" => Ok(Self::Subscribe { topic: string(topic), student: whose(&student_id) }),
            "unsubscribe" => Ok(Self::Unsubscribe { topic: string(topic) }),
            "ping" => Ok(Self::Ping),
            _ => Err(Nonsense),
        }
    }
}

fn string(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn whose(value: &Value) -> Whose {
    match value {
        Value::Null => Whose::Own,
        Value::String(text) => text.parse().map_or(Whose::Nobody, Whose::Student),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Whose::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_are_understood() {
        assert_eq!(Said::parse(r#"{"type":"ping","extra":1}"#), Ok(Said::Ping));
        let said = Said::parse(r#"{"type":"subscribe","topic":"me"}"#);
        assert_eq!(said, Ok(Said::Subscribe { topic: "me".into(), student: Whose::Own }));
        let said = Said::parse(r#"{"type":"subscribe","topic":7,"student_id":"x"}"#);
        assert_eq!(said, Ok(Said::Subscribe { topic: String::new(), student: Whose::Nobody }));
    }

    #[test]
    fn nonsense_is_nonsense() {
        let deep = "[".repeat(10_000);
        for bad in ["", "hello", "[]", "{}", r#"{"type":"dance"}"#, r#"{"type":1}"#, &deep] {
            assert_eq!(Said::parse(bad), Err(Nonsense), "{bad}");
        }
    }

    #[test]
    fn topics() {
        let id = ScheduleId::from_u128(7);
        assert_eq!(Topic::parse(&format!("schedule:{id}")), Some(Topic::Schedule(id)));
        assert_eq!(Topic::parse("me"), Some(Topic::Me));
        for unknown in ["", "schedule:", "schedule:x", "schedules", "Me"] {
            assert_eq!(Topic::parse(unknown), None, "{unknown}");
        }
    }
}
