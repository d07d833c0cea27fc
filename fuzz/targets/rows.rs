//! JSON that is kept in the database: events, notices, and the data that messages are told from.
//! What is read is written and read again to the same.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use yueke::{
    base::{lang::Lang, time::Zone},
    domain::schedule::{
        Event,
        effects::{Notice, What},
    },
    outbox::notices::{Kind, tell},
};

fn again<T: Serialize + DeserializeOwned>(read: &T) {
    let written = serde_json::to_string(read).expect("plain data");
    let read: T = serde_json::from_str(&written).unwrap_or_else(|e| panic!("{e}: {written}"));
    assert_eq!(serde_json::to_string(&read).expect("plain data"), written);
}

/// The input as the stored event of a schedule.
pub fn events(text: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<Event>(text) {
        again(&event);
    }
}

/// The input as a stored notice, and as the data of a message of every kind, which is told leniently.
pub fn notices(text: &[u8]) {
    if let Ok(notice) = serde_json::from_slice::<Notice>(text) {
        again(&notice);
    }
    if let Ok(what) = serde_json::from_slice::<What>(text) {
        assert_eq!(Kind::named(Kind::of(&what).name()), Some(Kind::of(&what)));
    }
    let Ok(data) = serde_json::from_slice::<Value>(text) else { return };
    for kind in Kind::ALL.map(Kind::name).into_iter().chain(["unheard_of"]) {
        for lang in [Lang::Zh, Lang::En] {
            let (title, body) = tell(kind, &data, lang, Zone::SHANGHAI);
            assert!(!title.is_empty() && body.len() <= 1_024 + 4 * text.len(), "{kind}: {title}: {body}");
        }
    }
}
