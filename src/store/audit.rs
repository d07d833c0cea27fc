//! Proof from rows: every invariant, and events replayed against rows. Reads only.

use std::{collections::HashMap, fmt};

use super::{
    names::{entry_columns, round_end, stage, stored_cause},
    recover::{self, BOOKING_COLUMNS, ENTRY_COLUMNS, HOLD_COLUMNS, OFFER_COLUMNS},
    sql::{Arg, BadColumn, Reader, Row},
    writer::StoreError,
};
use crate::{
    args,
    base::{
        ids::{BookingId, EntryId, HoldId, OfferId, RoundId, ScheduleId},
        time::Timestamp,
    },
    domain::schedule::{
        Changes, Event, Schedule,
        effects::effects,
        state::{Booking, EntryRow, HoldRow, Offer, OfferEnd, RoundRow},
    },
    engine::journal::Fault,
};

/// What was looked at and what was wrong.
#[derive(Debug, Default)]
pub struct Report {
    pub schedules: u64,
    pub events: u64,
    pub bookings: u64,
    pub wrong: Vec<Wrong>,
    /// False when somebody had enough before the end.
    pub complete: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where it belongs to one.
    pub schedule: Option<ScheduleId>,
    pub text: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Report {
    fn wrong(&mut self, schedule: Option<ScheduleId>, text: String) {
        self.wrong.push(Wrong { schedule, text });
    }
}

/// Called with the number of schedules done and of all; false ends it there.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) -> bool + Sync);

/// A page of ids keeps memory flat however many schedules there are.
const PAGE: i64 = 500;
/// More would not be read by anyone.
const WRONG_MAX: usize = 1_000;

/// Whose id a check finds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Schedule,
    Other,
}

/// Checks that hold over all rows: a name, a query that finds what breaks it, and what it finds.
const CHECKS: &[(&str, &str, Of)] = &[
    (
        "the counter of seats differs from a recount",
        "select s.id as id, s.booked || ' counted, ' || count(b.id) || ' booked' as detail from schedules s \
         left join bookings b on b.schedule_id = s.id and b.status <> 'cancelled' \
         group by s.id, s.booked having s.booked <> count(b.id)",
        Of::Schedule,
    ),
    (
        "more seats are booked than there are",
        "select id, booked || ' of ' || capacity as detail from schedules where booked > capacity",
        Of::Schedule,
    ),
    (
        "a student is booked twice at the same time",
        "select a.student_id as id, a.id || ' and ' || b.id as detail from bookings a \
         join bookings b on a.student_id = b.student_id and a.id < b.id and a.starts_at < b.ends_at \
         and b.starts_at < a.ends_at where a.status in ('pending', 'confirmed') and b.status in ('pending', 'confirmed')",
        Of::Other,
    ),
    (
        "a teacher has two classes at the same time",
        "select a.teacher_id as id, a.id || ' and ' || b.id as detail from schedules a \
         join schedules b on a.teacher_id = b.teacher_id and a.id < b.id and a.starts_at < b.ends_at \
         and b.starts_at < a.ends_at where a.status <> 'revoked' and b.status <> 'revoked'",
        Of::Other,
    ),
    (
        "a schedule's version differs from its events",
        "select s.id as id, 'version ' || s.version || ', events ' || count(e.version) || ' to ' || \
         coalesce(max(e.version), 0) as detail from schedules s left join schedule_events e on e.schedule_id = s.id \
         group by s.id, s.version having s.version <> count(e.version) or s.version <> coalesce(max(e.version), 0)",
        Of::Schedule,
    ),
    (
        "an event was written under an epoch newer than the lease",
        "select e.schedule_id as id, 'epoch ' || e.epoch as detail from schedule_events e \
         join lease l on l.id = 1 where e.epoch > l.epoch",
        Of::Schedule,
    ),
    (
        "epochs fall within a schedule",
        "select a.schedule_id as id, 'version ' || b.version as detail from schedule_events a \
         join schedule_events b on b.schedule_id = a.schedule_id and b.version = a.version + 1 where b.epoch < a.epoch",
        Of::Schedule,
    ),
    (
        "a round has not exactly one winner",
        "select r.id as id, r.outcome || ', ' || count(o.id) || ' accepted' as detail from waitlist_rounds r \
         left join waitlist_offers o on o.round_id = r.id and o.status = 'accepted' group by r.id, r.outcome \
         having count(o.id) > 1 or (coalesce(r.outcome, '') = 'won') <> (count(o.id) = 1)",
        Of::Other,
    ),
    (
        "an offer is alive in a round that is over",
        "select o.id as id, r.id as detail from waitlist_offers o join waitlist_rounds r on r.id = o.round_id \
         where o.status = 'live' and r.stage = 'done'",
        Of::Other,
    ),
    (
        "an offer is alive for someone who does not wait any more",
        "select o.id as id, w.status as detail from waitlist_offers o join waitlist w on w.id = o.waitlist_id \
         where o.status = 'live' and w.status <> 'active'",
        Of::Other,
    ),
    (
        "a booking repeats other times than its schedule's",
        "select b.id as id, s.id as detail from bookings b join schedules s on s.id = b.schedule_id \
         where b.status in ('pending', 'confirmed') and (b.starts_at <> s.starts_at or b.ends_at <> s.ends_at)",
        Of::Other,
    ),
];

/// Every invariant, recomputed from rows.
pub async fn audit(reader: &Reader, progress: Progress<'_>) -> Result<Report, StoreError> {
    let mut report = Report { bookings: count(reader, "bookings").await?, ..Report::default() };
    for (what, sql, of) in CHECKS {
        for row in reader.all(&format!("{sql} limit 100"), vec![]).await? {
            let schedule = if *of == Of::Schedule { row.text("id")?.parse().ok() } else { None };
            report.wrong(schedule, format!("{what}: {} ({})", row.text("id")?, row.text("detail")?));
        }
    }
    let total = count(reader, "schedules").await?;
    let mut pages = Pages::default();
    while let Some(ids) = pages.next(reader).await? {
        for id in ids {
            match recover::load(reader, id).await {
                Ok(Some(s)) => audit_one(&s).into_iter().for_each(|text| report.wrong(Some(id), text)),
                Ok(None) => {}
                Err(StoreError::Corrupt(fault)) => report.wrong(Some(id), fault.to_string()),
                Err(e) => return Err(e),
            }
            report.schedules += 1;
            if !progress(report.schedules, total) {
                return Ok(report);
            }
        }
        if report.wrong.len() > WRONG_MAX {
            return Ok(report);
        }
    }
    report.complete = true;
    Ok(report)
}

/// Deadlines that passed while the server was down are handled at its next start: no breach.
fn audit_one(s: &Schedule) -> Vec<String> {
    s.audit()
}

/// Replays every schedule's events and compares what comes out with the rows.
pub async fn replay(reader: &Reader, progress: Progress<'_>) -> Result<Report, StoreError> {
    let mut report = Report { bookings: count(reader, "bookings").await?, ..Report::default() };
    let kept_from = reader.one("select outbox_kept_from from lease where id = 1", vec![]).await?;
    let kept_from = kept_from.map_or(Ok(Timestamp::MIN), |r| r.at("outbox_kept_from"))?;
    let total = count(reader, "schedules").await?;
    let mut pages = Pages::default();
    while let Some(ids) = pages.next(reader).await? {
        for id in ids {
            replay_one(reader, id, kept_from, &mut report).await?;
            report.schedules += 1;
            if !progress(report.schedules, total) {
                return Ok(report);
            }
        }
        if report.wrong.len() > WRONG_MAX {
            return Ok(report);
        }
    }
    report.complete = true;
    Ok(report)
}

async fn count(reader: &Reader, table: &str) -> Result<u64, StoreError> {
    let row = reader.one(&format!("select count(*) as n from {table}"), vec![]).await?;
    Ok(row.map_or(Ok(0), |r| r.version("n"))?)
}

#[derive(Default)]
struct Pages {
    after: Option<String>,
}

impl Pages {
    async fn next(&mut self, reader: &Reader) -> Result<Option<Vec<ScheduleId>>, StoreError> {
        let after = self.after.clone().unwrap_or_default();
        let rows =
            reader.all("select id from schedules where id > $1 order by id limit $2", args![after, PAGE]).await?;
        let ids = rows.iter().map(|r| r.parse("id")).collect::<Result<Vec<ScheduleId>, _>>()?;
        self.after = ids.last().map(ScheduleId::to_string);
        Ok((!ids.is_empty()).then_some(ids))
    }
}

/// Notices from before `kept_from` may have been deleted.
async fn replay_one(
    reader: &Reader,
    id: ScheduleId,
    kept_from: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    let sql = "select version, at, events from schedule_events where schedule_id = $1 order by version";
    let rows = reader.all(sql, args![id]).await?;
    let mut replayed: Option<Schedule> = None;
    let mut images = Images::default();
    let mut turns_that_tell = 0;
    for row in &rows {
        let corrupt = |e| StoreError::Corrupt(Fault::new(format!("schedule_events of {id}: {e}")));
        let events: Vec<Event> = serde_json::from_str(row.text("events")?).map_err(corrupt)?;
        report.events += events.len() as u64;
        let mut changes = Changes::default();
        for event in &events {
            match (&mut replayed, event) {
                (Some(s), event) => s.apply(event, &mut changes),
                (none, Event::Opened(opened)) => *none = Some(Schedule::opened(opened)),
                (None, _) => report.wrong(Some(id), format!("{id}: its first event does not open it")),
            }
        }
        if let Some(s) = &mut replayed {
            s.version = row.version("version")?;
            let is_kept = row.at("at")? >= kept_from;
            turns_that_tell += u64::from(is_kept && !effects(s, &events, &changes).notices.is_empty());
        }
        images.keep(changes);
    }
    let (Some(replayed), Some(stored)) = (replayed, recover::load(reader, id).await?) else {
        report.wrong(Some(id), format!("{id}: has a row but no events"));
        return Ok(());
    };
    let mut differing = Vec::new();
    images.compare(reader, id, &mut differing).await?;
    differing.into_iter().for_each(|text| report.wrong(Some(id), text));
    let of = |s: &Schedule| (s.version, s.stamped_at, s.head.clone());
    if of(&replayed) != of(&stored) {
        report.wrong(Some(id), format!("{id}: replayed {:?}, stored {:?}", of(&replayed), of(&stored)));
    }
    let row = reader.one("select next_due_at from schedules where id = $1", args![id]).await?;
    let next_due = row.map_or(Ok(None), |r| r.opt_at("next_due_at"))?;
    if next_due != stored.next_due() {
        let right = stored.next_due();
        report.wrong(Some(id), format!("{id}: the next deadline is stored as {next_due:?}, but is {right:?}"));
    }
    let sql = "select count(*) as n from outbox where schedule_id = $1 and created_at >= $2";
    let told = reader.one(sql, args![id, kept_from]).await?;
    let told = told.map_or(Ok(0), |r| r.version("n"))?;
    if told != turns_that_tell {
        report.wrong(Some(id), format!("{id}: {turns_that_tell} turns tell somebody something, {told} outbox rows"));
    }
    Ok(())
}

/// The last image of everything that the events touched.
#[derive(Default)]
struct Images {
    bookings: HashMap<BookingId, Booking>,
    holds: HashMap<HoldId, HoldRow>,
    entries: HashMap<EntryId, EntryRow>,
    offers: HashMap<OfferId, (Offer, Option<OfferEnd>)>,
    rounds: HashMap<RoundId, RoundRow>,
}

impl Images {
    fn keep(&mut self, changes: Changes) {
        let Changes { head: _, bookings, holds, entries, rounds, offers } = changes;
        self.bookings.extend(bookings.into_iter().map(|r| (r.booking.id, r.booking)));
        self.holds.extend(holds.into_iter().map(|r| (r.hold.id, r)));
        self.entries.extend(entries.into_iter().map(|r| (r.entry.id, r)));
        self.rounds.extend(rounds.into_iter().map(|r| (r.round.id, r)));
        self.offers.extend(offers.into_iter().map(|r| (r.offer.id, (r.offer, r.ended.map(|(_, end)| end)))));
    }

    async fn compare(mut self, reader: &Reader, id: ScheduleId, wrong: &mut Vec<String>) -> Result<(), StoreError> {
        let of = |table: &str, columns: &str| format!("select {columns} from {table} where schedule_id = $1");
        let args = || -> Vec<Arg> { args![id] };
        for row in reader.all(&of("bookings", BOOKING_COLUMNS), args()).await? {
            let mut stored = recover::read_booking(&row)?;
            let replayed = self.bookings.remove(&stored.id);
            if let Some(replayed) = &replayed {
                // Kept by the row, not by the state of a cancelled booking.
                stored.free_exit = replayed.free_exit;
            }
            differ("booking", &row, replayed.as_ref() == Some(&stored), wrong)?;
        }
        for row in reader.all(&of("seat_holds", HOLD_COLUMNS), args()).await? {
            let (hold, end) = recover::read_hold(&row)?;
            let replayed = self.holds.remove(&hold.id);
            let same = replayed.is_some_and(|r| r.hold == hold && r.ended.map(|(_, end)| end) == end);
            differ("hold", &row, same, wrong)?;
        }
        for row in reader.all(&of("waitlist", ENTRY_COLUMNS), args()).await? {
            let entry = recover::read_entry(&row)?;
            let end = (row.text("status")?, row.opt_text("end_reason")?);
            let replayed = self.entries.remove(&entry.id);
            let same = replayed.is_some_and(|r| r.entry == entry && entry_columns(r.ended.map(|(_, end)| end)) == end);
            differ("waitlist entry", &row, same, wrong)?;
        }
        let columns = "id, released_at, cause, stage, deadline, remind_at, passed, outcome, winner_id";
        for row in reader.all(&of("waitlist_rounds", columns), args()).await? {
            let same = match self.rounds.remove(&row.parse("id")?) {
                Some(replayed) => is_round(&row, &replayed)?,
                None => false,
            };
            differ("round", &row, same, wrong)?;
        }
        for row in reader.all(&of("waitlist_offers", OFFER_COLUMNS), args()).await? {
            let (_, offer, end) = recover::read_offer(&row)?;
            let replayed = self.offers.remove(&offer.id);
            differ("offer", &row, replayed == Some((offer, end)), wrong)?;
        }
        let Self { bookings, holds, entries, offers, rounds } = self;
        let missing = bookings.len() + holds.len() + entries.len() + offers.len() + rounds.len();
        if missing > 0 {
            wrong.push(format!("{id}: {missing} rows that the events made are missing"));
        }
        Ok(())
    }
}

fn is_round(row: &Row, RoundRow { round, ended }: &RoundRow) -> Result<bool, BadColumn> {
    let (stage, outcome, winner) = match ended {
        Some((_, end, winner)) => ("done", Some(round_end(*end)), *winner),
        None => (stage(round.stage), None, None),
    };
    let passed: Vec<EntryId> = serde_json::from_str(row.text("passed")?).map_err(|e| row.bad("passed", e))?;
    Ok(row.at("released_at")? == round.released_at
        && row.text("cause")? == stored_cause(round.cause)
        && row.text("stage")? == stage
        && row.at("deadline")? == round.deadline
        && row.opt_at("remind_at")? == round.remind_at
        && passed == round.passed
        && row.opt_text("outcome")? == outcome
        && row.opt_parse("winner_id")? == winner)
}

fn differ(what: &str, row: &Row, same: bool, wrong: &mut Vec<String>) -> Result<(), StoreError> {
    if !same {
        wrong.push(format!("{what} {}: its row differs from its events", row.text("id")?));
    }
    Ok(())
}
