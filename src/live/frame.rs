//! Frames: a schedule's whole small state for one viewer, with the pair that orders them.
//!
//! A commit on a popular class is told to thousands, and nearly all of them see the same, so the
//! frame of a viewer without anything of their own is encoded once and shared. Whoever has
//! something gets the shared text up to `"mine":`, and their own end.

use bytestring::ByteString;

use super::bodies::{MineBody, json, schedule_body};
use crate::{
    base::time::{Millis, SECOND, Timestamp, Zone},
    domain::schedule::view::Mine,
    engine::BoardState,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The answer to a subscription.
    Snapshot,
    /// After a commit.
    Frame,
}

const HEAD: &str = r#"{"type":"frame""#;
const SNAPSHOT_HEAD: &str = r#"{"type":"snapshot""#;
const NOT_MINE: &str = r#"{"booking":null,"hold":null,"waitlist_entry":null,"offer":null}"#;
const TAIL: &str = "}}";
/// Quotes inside of a name are escaped, so this stands nowhere else.
const SERVER_TIME: &str = r#""server_time":""#;

/// A shared frame tells the instant of its commit. Told later than this it would set a client's
/// clock wrong, so then its instants are replaced.
const FRESH: Millis = SECOND / 10;

/// The frame of one viewer; `now` is what they are told as the server's time.
pub fn frame(
    kind: Kind,
    state: &BoardState,
    mine: Option<&Mine>,
    now: Timestamp,
    course_name: impl FnOnce() -> std::sync::Arc<str>,
    zone: Zone,
) -> ByteString {
    let closed_since = state.view.waitlist_open && now >= state.view.cutoff_at;
    let at = if closed_since { now } else { state.at };
    let own;
    let shared = if closed_since {
        own = encode(state, at, &course_name(), zone);
        &own
    } else {
        state.encoded.get_or_init(|| encode(state, at, &course_name(), zone))
    };
    let mine = mine.filter(|m| !m.is_empty());
    let is_fresh = (now - at).abs() < FRESH;
    if kind == Kind::Frame && mine.is_none() && is_fresh {
        return shared.clone();
    }
    let mut text = String::with_capacity(shared.len() + 512);
    let common = &shared[HEAD.len()..shared.len() - NOT_MINE.len() - TAIL.len()];
    text.push_str(match kind {
        Kind::Snapshot => SNAPSHOT_HEAD,
        Kind::Frame => HEAD,
    });
    if is_fresh {
        text.push_str(common);
    } else {
        push_with_server_time(&mut text, common, &zone.rfc3339(now));
    }
    match mine {
        Some(mine) => text.push_str(&json(&MineBody::of(mine, &state.view.head, zone))),
        None => text.push_str(NOT_MINE),
    }
    text.push_str(TAIL);
    text.into()
}

fn encode(state: &BoardState, at: Timestamp, course_name: &str, zone: Zone) -> ByteString {
    let BoardState { view, epoch, .. } = state;
    let data = schedule_body(view, *epoch, at, course_name, &Mine::default(), zone);
    debug_assert!(data.ends_with(&format!("{NOT_MINE}}}")), "{data}");
    let (id, version, server_time) = (view.head.id, view.version, zone.rfc3339(at));
    format!(
        r#"{HEAD},"topic":"schedule:{id}","epoch":{epoch},"version":{version},{SERVER_TIME}{server_time}","data":{data}}}"#
    )
    .into()
}

fn push_with_server_time(text: &mut String, common: &str, server_time: &str) {
    let mut pieces = common.split(SERVER_TIME);
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let after = piece.find('"').map_or("", |end| &piece[end..]);
        text.push_str(SERVER_TIME);
        text.push_str(server_time);
        text.push_str(after);
    }
}

/// A snapshot of a topic that is not a schedule; `data` is JSON.
pub fn snapshot(topic: &str, epoch: u64, version: u64, now: Timestamp, data: &str, zone: Zone) -> ByteString {
    let server_time = zone.rfc3339(now);
    format!(
        r#"{SNAPSHOT_HEAD},"topic":"{topic}","epoch":{epoch},"version":{version},{SERVER_TIME}{server_time}","data":{data}}}"#
    )
    .into()
}

/// Something that happened to a person; `id` lets them drop what they have seen, `data` is JSON.
pub fn event(topic: &str, event: &str, id: &str, now: Timestamp, data: &str, zone: Zone) -> ByteString {
    let server_time = zone.rfc3339(now);
    format!(
        r#"{{"type":"event","topic":"{topic}","event":"{event}","id":"{id}",{SERVER_TIME}{server_time}","data":{data}}}"#
    )
    .into()
}

pub fn ready(now: Timestamp, zone: Zone) -> ByteString {
    format!(r#"{{"type":"ready",{SERVER_TIME}{}"}}"#, zone.rfc3339(now)).into()
}

pub fn pong(now: Timestamp, zone: Zone) -> ByteString {
    format!(r#"{{"type":"pong",{SERVER_TIME}{}"}}"#, zone.rfc3339(now)).into()
}

/// `topic` is what the client said, told back as it came.
pub fn error(reason: &str, topic: Option<&str>) -> ByteString {
    let topic = topic.map_or_else(String::new, |t| format!(r#","topic":{}"#, json(&t)));
    format!(r#"{{"type":"error","reason":"{reason}"{topic}}}"#).into()
}

#[cfg(test)]
mod tests;
