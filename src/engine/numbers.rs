//! Booking numbers, `BK20251112-000001`: they rise, also across restarts and a clock that falls back.

use std::sync::Mutex;

use crate::base::{
    ids::BookingNo,
    sync::lock,
    time::{Timestamp, Zone},
};

pub struct Numbers {
    zone: Zone,
    last: Mutex<BookingNo>,
}

impl Numbers {
    pub fn new(zone: Zone, last: Option<BookingNo>) -> Self {
        Self { zone, last: Mutex::new(last.unwrap_or(BookingNo { date: 0, number: 0 })) }
    }

    /// The next of the local date; of the latest date there was, when the clock has fallen back behind it.
    pub fn next(&self, at: Timestamp) -> BookingNo {
        let date = self.zone.date_number(at);
        let mut last = lock(&self.last);
        *last = if date > last.date {
            BookingNo { date, number: 1 }
        } else {
            BookingNo { date: last.date, number: last.number + 1 }
        };
        *last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_over_midnight_and_a_clock_that_falls_back() {
        let numbers = Numbers::new(Zone::SHANGHAI, "BK20251112-000007".parse().ok());
        let at = |text| Timestamp::parse(text).unwrap();
        let next = |text| numbers.next(at(text)).to_string();
        assert_eq!(next("2025-11-12T23:59:59+08:00"), "BK20251112-000008");
        assert_eq!(next("2025-11-13T00:00:00+08:00"), "BK20251113-000001");
        assert_eq!(next("2025-11-12T10:00:00+08:00"), "BK20251113-000002");
    }
}
