//! One message that waits to be sent, and whether it is still of use.

use serde_json::Value;

use super::outcome::{Before, UNKNOWN};
use crate::{
    base::{
        ids::{AccountId, DeliveryId},
        time::{DAY, MINUTE, Millis, Timestamp},
    },
    outbox::notices::Kind,
    store::{StoreError, sql::Row},
};

/// Minutes before the start; of the reminders before class the one that comes last.
const LAST_REMINDER: i64 = 15;
/// News older than this is none.
const NEWS_MAX: Millis = DAY;

/// With what it is about, as the rows say it at this moment.
#[derive(Clone, Debug)]
pub struct Letter {
    pub id: DeliveryId,
    pub account: AccountId,
    pub kind: Kind,
    pub data: Value,
    pub happened_at: Timestamp,
    pub before: Before,
    pub openid: Option<String>,
    pub is_disabled: bool,
    /// WeChat has no grant for it, and nobody said yes since.
    pub is_refused: bool,
    pub offer: Option<String>,
    pub booking: Option<String>,
    pub schedule: Option<String>,
    pub starts_at: Option<Timestamp>,
}

/// Everything that [`Letter::read`] needs, of those that are due by `$1`, in order, after the one that was
/// due at `$2` with the id `$3`.
pub const DUE: &str = "select d.id, d.account_id, d.kind, d.data, d.happened_at, d.next_at, d.attempts, d.reason, \
    o.status as offer_status, b.status as booking_status, s.status as schedule_status, s.starts_at, \
    a.disabled_at, u.refused_at, (select w.openid from wx_accounts w where w.account_id = d.account_id \
    order by w.updated_at desc, w.openid limit 1) as openid \
    from deliveries d left join accounts a on a.id = d.account_id \
    left join waitlist_offers o on o.id = d.offer_id left join bookings b on b.id = d.booking_id \
    left join schedules s on s.id = d.schedule_id \
    left join subscriptions u on u.account_id = d.account_id and u.template_id = d.template_id \
    where d.state = 'queued' and d.next_at <= $1 and (d.next_at, d.id) > ($2, $3) \
    order by d.next_at, d.id limit $4";

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// There is nobody to send it to, or who would take it.
    Refused(&'static str),
    /// It is of no use any more.
    Dropped(&'static str),
}

impl Letter {
    pub fn read(row: &Row) -> Result<Self, StoreError> {
        let text = |column| row.opt_text(column).map(|t| t.map(str::to_owned));
        let kind = row.text("kind")?;
        Ok(Self {
            id: row.parse("id")?,
            account: row.parse("account_id")?,
            kind: Kind::named(kind).ok_or_else(|| row.bad("kind", kind))?,
            data: serde_json::from_str(row.text("data")?).map_err(|e| row.bad("data", e))?,
            happened_at: row.at("happened_at")?,
            before: Before { attempts: row.int("attempts")?, is_unknown: row.opt_text("reason")? == Some(UNKNOWN) },
            openid: text("openid")?,
            is_disabled: row.opt_int("disabled_at")?.is_some(),
            is_refused: row.opt_int("refused_at")?.is_some(),
            offer: text("offer_status")?,
            booking: text("booking_status")?,
            schedule: text("schedule_status")?,
            starts_at: row.opt_at("starts_at")?,
        })
    }

    /// Asked right before it is sent: who won, gave up, cancelled or was moved meanwhile must not
    /// hear of what was before.
    pub fn still_of_use(&self, now: Timestamp) -> Result<(), Unsent> {
        if self.is_disabled {
            return Err(Unsent::Dropped("account_disabled"));
        }
        if now - self.happened_at >= NEWS_MAX {
            return Err(Unsent::Dropped("too_old"));
        }
        self.still_true(now).map_err(Unsent::Dropped)?;
        if self.openid.is_none() {
            return Err(Unsent::Refused("not_linked"));
        }
        if self.is_refused {
            return Err(Unsent::Refused("no_grant"));
        }
        Ok(())
    }

    fn still_true(&self, now: Timestamp) -> Result<(), &'static str> {
        let told = |field: &str| self.data.get(field).and_then(Value::as_str).and_then(Timestamp::parse);
        let before = |at: Option<Timestamp>| if at.is_some_and(|at| now >= at) { Err("too_late") } else { Ok(()) };
        let booking = |states: &[&str]| match &self.booking {
            Some(state) if !states.contains(&&**state) => Err("booking_changed"),
            Some(_) | None => Ok(()),
        };
        let is_revoked = self.schedule.as_deref() == Some("revoked");
        match self.kind {
            Kind::SeatOffered | Kind::OfferReminder if self.offer.as_deref() != Some("live") => Err("offer_ended"),
            Kind::SeatOffered | Kind::OfferReminder => before(told("deadline")),
            Kind::BookingPending => booking(&["pending"]).and_then(|()| before(told("pay_deadline"))),
            Kind::BookingConfirmed => booking(&["confirmed", "completed"]),
            Kind::ClassReminder if is_revoked || told("starts_at") != self.starts_at => Err("class_changed"),
            Kind::ClassReminder if self.is_reminded_of_again(now) => Err("superseded"),
            Kind::ClassReminder => booking(&["confirmed"]).and_then(|()| before(self.starts_at)),
            Kind::ScheduleChanged if is_revoked || told("starts_at") != self.starts_at => Err("class_changed"),
            Kind::ScheduleChanged => before(self.starts_at),
            Kind::BookingCancelled
            | Kind::BookingAttended
            | Kind::OfferLost
            | Kind::OfferLapsed
            | Kind::OfferWithdrawn
            | Kind::OfferSkipped
            | Kind::WaitlistClosed
            | Kind::MakeupCredit
            | Kind::CompensationGranted
            | Kind::NewLogin => Ok(()),
        }
    }
}

impl Letter {
    /// The earlier reminder, when the later one is due as well: nobody gets both at once.
    fn is_reminded_of_again(&self, now: Timestamp) -> bool {
        let minutes = self.data.get("minutes_before").and_then(Value::as_i64).unwrap_or_default();
        minutes > LAST_REMINDER && self.starts_at.is_some_and(|at| now >= at - LAST_REMINDER * MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(&format!("2025-11-12T{text}+08:00")).unwrap()
    }

    fn letter(kind: Kind) -> Letter {
        Letter {
            id: DeliveryId::from_u128(1),
            account: AccountId::from_u128(2),
            kind,
            data: json!({"deadline": "2025-11-12T12:45:00.000+08:00", "starts_at": "2025-11-12T19:00:00.000+08:00"}),
            happened_at: at("12:30:00"),
            before: Before { attempts: 0, is_unknown: false },
            openid: Some("o1".into()),
            is_disabled: false,
            is_refused: false,
            offer: Some("live".into()),
            booking: Some("confirmed".into()),
            schedule: Some("open".into()),
            starts_at: Some(at("19:00:00")),
        }
    }

    #[test]
    fn what_is_over_is_not_told() {
        use Unsent::{Dropped, Refused};
        type Change = fn(&mut Letter);
        let nothing: Change = |_| ();
        let earlier: Change = |l| l.data["minutes_before"] = json!(30);
        let table: [(Kind, &str, Change, Result<(), Unsent>); 23] = [
            (Kind::ClassReminder, "18:44:59.999", earlier, Ok(())),
            (Kind::ClassReminder, "18:45:00", earlier, Err(Dropped("superseded"))),
            (Kind::ScheduleChanged, "19:00:00", nothing, Err(Dropped("too_late"))),
            (Kind::SeatOffered, "12:44:59.999", nothing, Ok(())),
            (Kind::SeatOffered, "12:45:00", nothing, Err(Dropped("too_late"))),
            (Kind::SeatOffered, "12:31:00", |l| l.offer = Some("lost".into()), Err(Dropped("offer_ended"))),
            (Kind::SeatOffered, "12:31:00", |l| l.offer = None, Err(Dropped("offer_ended"))),
            (Kind::OfferReminder, "12:41:00", |l| l.offer = Some("accepted".into()), Err(Dropped("offer_ended"))),
            (Kind::ClassReminder, "18:30:00", nothing, Ok(())),
            (Kind::ClassReminder, "19:00:00", nothing, Err(Dropped("too_late"))),
            (Kind::ClassReminder, "18:30:00", |l| l.booking = None, Ok(())),
            (
                Kind::ClassReminder,
                "18:30:00",
                |l| l.booking = Some("cancelled".into()),
                Err(Dropped("booking_changed")),
            ),
            (Kind::ClassReminder, "18:30:00", |l| l.schedule = Some("revoked".into()), Err(Dropped("class_changed"))),
            (Kind::ClassReminder, "18:30:00", |l| l.starts_at = Some(at("20:00:00")), Err(Dropped("class_changed"))),
            (Kind::ScheduleChanged, "18:30:00", |l| l.starts_at = Some(at("20:00:00")), Err(Dropped("class_changed"))),
            (Kind::BookingConfirmed, "12:31:00", nothing, Ok(())),
            (
                Kind::BookingConfirmed,
                "12:31:00",
                |l| l.booking = Some("cancelled".into()),
                Err(Dropped("booking_changed")),
            ),
            (Kind::BookingPending, "12:31:00", nothing, Err(Dropped("booking_changed"))),
            (Kind::BookingCancelled, "12:31:00", |l| l.booking = Some("cancelled".into()), Ok(())),
            (Kind::OfferLost, "12:31:00", |l| l.happened_at = at("12:31:00") - DAY, Err(Dropped("too_old"))),
            (Kind::OfferLost, "12:31:00", |l| l.is_disabled = true, Err(Dropped("account_disabled"))),
            (Kind::OfferLost, "12:31:00", |l| l.openid = None, Err(Refused("not_linked"))),
            (Kind::SeatOffered, "12:31:00", |l| l.is_refused = true, Err(Refused("no_grant"))),
        ];
        for (i, (kind, now, change, expected)) in table.into_iter().enumerate() {
            let mut letter = letter(kind);
            change(&mut letter);
            assert_eq!(letter.still_of_use(at(now)), expected, "row {i}: {kind:?} at {now}");
        }
    }
}
