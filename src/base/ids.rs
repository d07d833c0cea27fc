//! Typed ids. All are ULIDs: 26 characters, sortable by the instant at which they were made,
//! so that new rows go to the end of their index.

use std::{
    fmt::{self, Write},
    str::FromStr,
    sync::Mutex,
};

use rand::{Rng, SeedableRng, TryRngCore, rngs::StdRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::time::Timestamp;

/// The text is not the id of anything: ids are ULIDs of 26 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct BadId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            pub const fn from_u128(n: u128) -> Self {
                Self(n)
            }

            pub const fn as_u128(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buf = [0; ulid::ULID_LEN];
                f.write_str(ulid::Ulid(self.0).array_to_str(&mut buf))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                let mut buf = [0; ulid::ULID_LEN];
                ulid::Ulid(id.0).array_to_str(&mut buf).to_owned()
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(s: &str) -> Result<Self, BadId> {
                parse(s).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                let mut buf = [0; ulid::ULID_LEN];
                s.serialize_str(ulid::Ulid(self.0).array_to_str(&mut buf))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let s = std::borrow::Cow::<'de, str>::deserialize(d)?;
                s.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    OrgId,
    /// A login (账号). A person may have several students (学员档案) under it.
    AccountId,
    SessionId,
    /// The one who sits in the class (学员档案).
    StudentId,
    TeacherId,
    CourseId,
    /// One occurrence of a course (课次·排课): the unit that an actor owns.
    ScheduleId,
    BookingId,
    HoldId,
    /// One place in a waitlist (候补).
    EntryId,
    /// One freed seat on its way to a new owner.
    RoundId,
    OfferId,
    MessageId,
    OutboxId,
    /// One message on its way over a channel to the outside.
    DeliveryId,
    /// One login, or a try, in the log.
    LoginId,
    /// One text message that was asked for.
    SmsId,
}

fn parse(s: &str) -> Result<u128, BadId> {
    // `Ulid::from_string` lets the first character overflow 128 bits; refuse instead.
    if s.len() != ulid::ULID_LEN || s.as_bytes()[0] > b'7' {
        return Err(BadId);
    }
    ulid::Ulid::from_string(s).map(|u| u.0).map_err(|_| BadId)
}

/// Where new ids come from. A trait object because simulation replays the same ids from a seed.
pub trait IdSource: Send + Sync {
    /// A new ULID whose time part is `at`; strictly greater than any before it from this source.
    fn next(&self, at: Timestamp) -> u128;
}

/// Ids from a seeded generator; monotonic even within a millisecond or when the clock falls back.
pub struct SeededIds(Mutex<(StdRng, u128)>);

impl SeededIds {
    pub fn from_seed(seed: u64) -> Self {
        Self(Mutex::new((StdRng::seed_from_u64(seed), 0)))
    }

    /// Seeded by the operating system.
    pub fn from_os() -> Self {
        Self(Mutex::new((StdRng::from_os_rng(), 0)))
    }

    /// Only ids greater than `last`, the greatest of the server's life before: its clock may have
    /// been ahead of this one.
    pub fn after(self, last: u128) -> Self {
        let Self(state) = self;
        let (rng, _) = state.into_inner().unwrap_or_else(|e| e.into_inner());
        Self(Mutex::new((rng, last)))
    }
}

impl IdSource for SeededIds {
    fn next(&self, at: Timestamp) -> u128 {
        let mut state = self.0.lock().unwrap_or_else(|e| e.into_inner());
        let (rng, last) = &mut *state;
        let fresh = ulid::Ulid::from_parts(at.as_millis().max(0) as u64, rng.random()).0;
        // Within one millisecond, step by a random amount: ordered, and still not guessable.
        *last = if fresh >> 80 > *last >> 80 { fresh } else { *last + u128::from(rng.random::<u32>()) + 1 };
        *last
    }
}

/// Secret bytes from the operating system: tokens and tickets, which nobody may guess or replay
/// from a seed.
pub fn secret_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).expect("the operating system has randomness");
    bytes
}

/// Two digits for each byte, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Never fails for a string.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The number printed for people, `BK20251112-000001`: unique, rising within its local date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookingNo {
    /// The local date as `yyyymmdd`.
    pub date: u32,
    pub number: u32,
}

impl From<BookingNo> for String {
    fn from(no: BookingNo) -> Self {
        no.to_string()
    }
}

impl fmt::Display for BookingNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BK{:08}-{:06}", self.date, self.number)
    }
}

impl fmt::Debug for BookingNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BookingNo {
    type Err = BadId;

    fn from_str(s: &str) -> Result<Self, BadId> {
        let (date, number) = s.strip_prefix("BK").and_then(|s| s.split_once('-')).ok_or(BadId)?;
        Ok(Self { date: date.parse().map_err(|_| BadId)?, number: number.parse().map_err(|_| BadId)? })
    }
}

impl Serialize for BookingNo {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BookingNo {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = std::borrow::Cow::<'de, str>::deserialize(d)?;
        s.parse().map_err(de::Error::custom)
    }
}

/// A version of one schedule's state: rises by one with each committed turn that changed it.
pub type Version = u64;

/// Which life of the owner wrote something: rises by one at each start of the server.
pub type Epoch = u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_within_a_millisecond_and_when_the_clock_falls_back() {
        let ids = SeededIds::from_seed(1);
        let mut last = 0;
        for ms in [5, 5, 5, 9, 3, 3] {
            let id = ids.next(Timestamp::from_millis(ms));
            assert!(id > last);
            last = id;
        }
    }

    #[test]
    fn ids_rise_over_a_restart_that_finds_the_clock_behind() {
        let last = SeededIds::from_seed(1).next(Timestamp::from_millis(9));
        let next = SeededIds::from_seed(2).after(last).next(Timestamp::from_millis(3));
        assert!(next > last);
    }

    #[test]
    fn ids_round_trip_and_refuse_what_is_not_one() {
        let id = ScheduleId::from_u128(SeededIds::from_seed(2).next(Timestamp::from_millis(1_700_000_000_000)));
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "x", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "候补候补候补候补01", "01ARZ3NDEKTSV4RRFFQ69G5FA!"] {
            assert_eq!(bad.parse::<ScheduleId>(), Err(BadId), "{bad}");
        }
    }

    #[test]
    fn booking_numbers_read_as_they_are_printed() {
        let no = BookingNo { date: 20251112, number: 1 };
        assert_eq!(no.to_string(), "BK20251112-000001");
        assert_eq!("BK20251112-000001".parse(), Ok(no));
    }
}
