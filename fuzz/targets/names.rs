//! Ids, booking numbers, instants, dates, zones, languages and demo logins. What is read is written
//! and read again to the same.

use std::{fmt::Debug, str::FromStr};

use yueke::{
    api::auth::demo_login,
    base::{
        ids::{BookingNo, ScheduleId},
        lang::Lang,
        time::{HOUR, Timestamp, Zone},
    },
    domain::access::Role,
};

fn again<T: FromStr + ToString + PartialEq + Debug>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string().parse().ok().as_ref(), Some(&read), "{text}");
    }
}

/// The input as each of them.
pub fn names(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    // All ids are made by one macro.
    again::<ScheduleId>(text);
    again::<BookingNo>(text);
    if let Some(at) = Timestamp::parse(text) {
        for zone in ["UTC", "Asia/Shanghai", "America/St_Johns", "Pacific/Kiritimati"] {
            let told = Zone::named(zone).expect("a zone").rfc3339(at);
            assert_eq!(Timestamp::parse(&told), Some(at), "{text}: {told}");
        }
    }
    for zone in [Zone::SHANGHAI].into_iter().chain(Zone::named("Pacific/Apia")) {
        if let Some((from, to)) = zone.day(text) {
            assert!(from < to && to - from <= 25 * HOUR, "{text}");
        }
    }
    if let Some(zone) = Zone::named(text) {
        assert_eq!(Zone::named(zone.name()), Some(zone));
    }
    if let Some(role) = Role::named(text) {
        assert_eq!(role.name(), text);
    }
    if let Some(wanted) = demo_login(text) {
        assert_eq!(format!("dev:{}:{}", wanted.role.name(), wanted.name), text);
        assert!(!wanted.name.trim().is_empty() && !wanted.name.contains(['\0', '\n']));
    }
    if Lang::of(Some(text)) == Lang::En {
        assert!(text.trim_start().to_ascii_lowercase().starts_with("en"));
    }
}
