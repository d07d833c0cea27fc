//! Hours in which nobody is woken.

use crate::{
    base::time::{HOUR, MINUTE, Millis, Timestamp, Zone},
    outbox::notices::Kind,
};

/// A class that begins so soon after the quiet hours is not first heard of then.
const SOON_AFTER: Millis = 3 * HOUR;

/// From one time of day to another, over midnight or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Since midnight.
    pub from: Millis,
    pub until: Millis,
    /// Whether what cannot wait is sent all the same.
    pub urgent: bool,
    pub zone: Zone,
}

impl Quiet {
    /// `22:30-07:30`.
    pub fn parse(text: &str, urgent: bool, zone: Zone) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let (from, until) = (time_of_day(from)?, time_of_day(until)?);
        (from != until).then_some(Self { from, until, urgent, zone })
    }

    /// When a message of this kind may go out that could go out at `at`; of a class that begins before
    /// the morning is over, nothing can wait.
    pub fn earliest(&self, kind: Kind, at: Timestamp, starts_at: Option<Timestamp>) -> Timestamp {
        let now = self.since_midnight(at);
        let quiet = if self.from < self.until {
            (self.from..self.until).contains(&now)
        } else {
            now >= self.from || now < self.until
        };
        if !quiet {
            return at;
        }
        let morning = self.zone.next_time_of_day(at, self.until);
        let soon = starts_at.is_some_and(|starts| at < starts && starts < morning + SOON_AFTER);
        if self.urgent && (is_urgent(kind) || soon) { at } else { morning }
    }

    fn since_midnight(&self, at: Timestamp) -> Millis {
        let told = self.zone.rfc3339(at);
        let part = |range: std::ops::Range<usize>| told.get(range).and_then(|t| t.parse::<Millis>().ok()).unwrap_or(0);
        part(11..13) * HOUR + part(14..16) * MINUTE + part(17..19) * 1_000 + part(20..23)
    }
}

/// Of no use in the morning.
fn is_urgent(kind: Kind) -> bool {
    match kind {
        Kind::SeatOffered | Kind::OfferReminder | Kind::ClassReminder | Kind::BookingPending => true,
        Kind::BookingConfirmed
        | Kind::BookingCancelled
        | Kind::BookingAttended
        | Kind::OfferLost
        | Kind::OfferLapsed
        | Kind::OfferWithdrawn
        | Kind::OfferSkipped
        | Kind::WaitlistClosed
        | Kind::ScheduleChanged
        | Kind::MakeupCredit
        | Kind::CompensationGranted
        | Kind::NewLogin => false,
    }
}

fn time_of_day(text: &str) -> Option<Millis> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let number =
        |text: &str, below: i64| text.parse::<i64>().ok().filter(|n| text.len() == 2 && (0..below).contains(n));
    Some(number(hours, 24)? * HOUR + number(minutes, 60)? * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_wait_waits_until_the_morning() {
        let quiet = Quiet::parse("22:30-07:30", true, Zone::SHANGHAI).unwrap();
        let at = |text: &str| Timestamp::parse(&format!("{text}+08:00")).unwrap();
        for (kind, asked, sent) in [
            (Kind::BookingConfirmed, "2025-11-12T22:29:59", "2025-11-12T22:29:59"),
            (Kind::BookingConfirmed, "2025-11-12T22:30:00", "2025-11-13T07:30:00"),
            (Kind::BookingConfirmed, "2025-11-13T07:29:59", "2025-11-13T07:30:00"),
            (Kind::BookingConfirmed, "2025-11-13T07:30:00", "2025-11-13T07:30:00"),
            (Kind::SeatOffered, "2025-11-13T03:00:00", "2025-11-13T03:00:00"),
        ] {
            assert_eq!(quiet.earliest(kind, at(asked), None), at(sent), "{kind:?} {asked}");
        }
        let all = Quiet { urgent: false, ..quiet };
        assert_eq!(all.earliest(Kind::SeatOffered, at("2025-11-13T03:00:00"), None), at("2025-11-13T07:30:00"));
        let noon = Quiet::parse("12:00-14:00", true, Zone::SHANGHAI).unwrap();
        assert_eq!(noon.earliest(Kind::OfferLost, at("2025-11-13T13:00:00"), None), at("2025-11-13T14:00:00"));
        assert_eq!(noon.earliest(Kind::OfferLost, at("2025-11-13T15:00:00"), None), at("2025-11-13T15:00:00"));
    }

    #[test]
    fn a_class_of_the_early_morning_does_not_wait_and_the_clock_on_the_wall_counts() {
        let quiet = Quiet::parse("22:30-07:30", true, Zone::SHANGHAI).unwrap();
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let (night, morning) = (at("2025-11-12T23:00:00+08:00"), at("2025-11-13T07:30:00+08:00"));
        for (starts, sent) in [("2025-11-13T10:29:59+08:00", night), ("2025-11-13T10:30:00+08:00", morning)] {
            assert_eq!(quiet.earliest(Kind::BookingCancelled, night, Some(at(starts))), sent, "{starts}");
        }
        let berlin = Quiet { zone: Zone::named("Europe/Berlin").unwrap(), ..quiet };
        for (asked, sent) in [
            ("2026-10-24T23:00:00+02:00", "2026-10-25T07:30:00+01:00"),
            ("2026-03-28T23:00:00+01:00", "2026-03-29T07:30:00+02:00"),
        ] {
            assert_eq!(berlin.earliest(Kind::OfferLost, at(asked), None), at(sent), "{asked}");
        }
    }

    #[test]
    fn what_is_no_pair_of_times_is_refused() {
        for bad in ["", "22:30", "22:30-24:00", "7:30-8:00", "22:30-22:30", "a-b", "22:60-07:00"] {
            assert_eq!(Quiet::parse(bad, true, Zone::SHANGHAI), None, "{bad}");
        }
    }
}
