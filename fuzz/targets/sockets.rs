//! What a client says over its socket. What is understood is said again to the same; a topic comes
//! back in an error as it was said.

use serde_json::{Value, json};
use yueke::live::{
    frame,
    inbound::{Said, Topic, Whose},
};

/// The input as one text frame.
pub fn sockets(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(said) = Said::parse(text) else { return };
    assert_eq!(Said::parse(&say(&said).to_string()).as_ref(), Ok(&said));
    let (Said::Subscribe { topic, .. } | Said::Unsubscribe { topic }) = &said else { return };
    let told: Value = serde_json::from_str(&frame::error("unknown_topic", Some(topic))).expect("a frame is JSON");
    assert_eq!(told, json!({ "type": "error", "reason": "unknown_topic", "topic": topic }));
    if let Some(Topic::Schedule(id)) = Topic::parse(topic) {
        assert_eq!(Topic::parse(&format!("schedule:{id}")), Some(Topic::Schedule(id)));
    }
}

fn say(said: &Said) -> Value {
    match said {
        Said::Auth { ticket } => json!({ "type": "auth", "ticket": ticket }),
        Said::Subscribe { topic, student: Whose::Own } => json!({ "type": "subscribe", "topic": topic }),
        Said::Subscribe { topic, student: Whose::Student(id) } => {
            json!({ "type": "subscribe", "topic": topic, "student_id": id })
        }
        Said::Subscribe { topic, student: Whose::Nobody } => {
            json!({ "type": "subscribe", "topic": topic, "student_id": 0 })
        }
        Said::Unsubscribe { topic } => json!({ "type": "unsubscribe", "topic": topic }),
        Said::Ping => json!({ "type": "ping" }),
    }
}
