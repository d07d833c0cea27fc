//! Rows to state: one total match for each table. A row that cannot be is an error that names
//! its table, its id and the column.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    names::{
        read_canceller, read_cause, read_entry_end, read_hold_end, read_offer_end, read_payment, read_round_end,
        read_source, read_stage, read_status,
    },
    sql::{BadColumn, Reader, Row},
    writer::StoreError,
};
use crate::{
    args,
    base::{
        ids::{RoundId, ScheduleId, StudentId},
        limits::{ENDED_OFFERS_MAX, HOLD_WINDOW},
        time::Timestamp,
    },
    domain::schedule::{
        Schedule,
        state::{
            Booking, BookingState, EndedOffer, Entry, Head, HoldEnd, Offer, OfferEnd, Parts, Payment, Round, SeatHold,
        },
    },
    engine::journal::Fault,
};

/// Names the row that a bad column stands in.
pub(super) fn in_row(table: &str, row: &Row) -> impl FnOnce(BadColumn) -> StoreError {
    let id = row.text("id").unwrap_or("?").to_owned();
    move |e| StoreError::Corrupt(Fault::new(format!("{table} {id}: {e}")))
}

fn all<T>(table: &str, rows: &[Row], read: impl Fn(&Row) -> Result<T, BadColumn>) -> Result<Vec<T>, StoreError> {
    rows.iter().map(|row| read(row).map_err(in_row(table, row))).collect()
}

/// A name that must be one of a list.
fn named<T>(row: &Row, column: &str, read: fn(&str) -> Option<T>) -> Result<T, BadColumn> {
    let name = row.text(column)?;
    read(name).ok_or_else(|| row.bad(column, format!("`{name}` is not a known value")))
}

/// The state as it was last committed; none when there is no such schedule. The statements are
/// not one transaction: the caller compares the version before and after.
pub async fn load(reader: &Reader, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
    // A commit between two of the statements shows in the version; then everything is read again.
    for _ in 0..LOAD_TRIES {
        let Some(loaded) = load_once(reader, id).await? else { return Ok(None) };
        let again = reader.one("select version from schedules where id = $1", args![id]).await?;
        if again.is_some_and(|row| row.version("version").is_ok_and(|v| v == loaded.version)) {
            return Ok(Some(loaded));
        }
    }
    Err(StoreError::Unavailable(Fault::new("the schedule changes faster than it can be read")))
}

const LOAD_TRIES: usize = 20;

async fn load_once(reader: &Reader, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
    let sql = "select id, org_id, course_id, teacher_id, starts_at, ends_at, capacity, status, policy, version, \
        stamped_at from schedules where id = $1";
    let Some(row) = reader.one(sql, args![id]).await? else { return Ok(None) };
    let head = read_head(&row).map_err(in_row("schedules", &row))?;
    let version = row.version("version")?;
    let stamped_at = row.at("stamped_at")?;

    let sql =
        format!("select {BOOKING_COLUMNS} from bookings where schedule_id = $1 and status <> 'cancelled' order by id");
    let bookings = all("bookings", &reader.all(&sql, args![id]).await?, read_booking)?;

    let sql = format!(
        "select {HOLD_COLUMNS} from seat_holds h where schedule_id = $1 \
         and (status = 'active' or (created_at > $2 and not exists (select 1 from bookings b \
         where b.schedule_id = h.schedule_id and b.student_id = h.student_id and b.id > h.id))) order by created_at, id"
    );
    let holds = reader.all(&sql, args![id, stamped_at - HOLD_WINDOW]).await?;
    let holds = all("seat_holds", &holds, read_hold)?;

    let sql = format!("select {ENTRY_COLUMNS} from waitlist where schedule_id = $1 and status = 'active' order by seq");
    let queue = all("waitlist", &reader.all(&sql, args![id]).await?, read_entry)?;
    let sql = "select coalesce(max(seq), 0) as last from waitlist where schedule_id = $1";
    let last = reader.one(sql, args![id]).await?.map_or(Ok(0), |row| row.count("last"))?;

    let sql =
        format!("select {ROUND_COLUMNS} from waitlist_rounds where schedule_id = $1 and stage <> 'done' order by id");
    let rounds = all("waitlist_rounds", &reader.all(&sql, args![id]).await?, read_round)?;

    let sql = format!(
        "select {OFFER_COLUMNS} from waitlist_offers where schedule_id = $1 \
         order by coalesce(responded_at, sent_at) desc, id desc limit $2"
    );
    let offers = reader.all(&sql, args![id, ENDED_OFFERS_MAX as i64]).await?;
    let offers = all("waitlist_offers", &offers, read_offer)?;

    let state = Rows { head, version, stamped_at, bookings, holds, queue, next_seq: last + 1, rounds, offers };
    Ok(Some(state.assemble()))
}

pub const BOOKING_COLUMNS: &str = "id, booking_no, schedule_id, student_id, booked_by, source, price_fen, \
    final_price_fen, free_exit, created_at, status, payment_status, pay_deadline, confirmed_at, cancelled_at, \
    cancelled_by, cancel_reason, completed_at, starts_at, ends_at, teacher_id, note, moved_from";

/// What [`read_hold`] reads.
pub const HOLD_COLUMNS: &str = "id, student_id, account_id, created_at, expires_at, status";

/// What [`read_entry`] reads.
pub const ENTRY_COLUMNS: &str = "id, student_id, account_id, seq, joined_at, status, end_reason";

/// What [`read_offer`] reads.
pub const OFFER_COLUMNS: &str = "id, round_id, waitlist_id, student_id, stage, sent_at, deadline, begun_at, status";

/// What [`read_round`] reads.
pub const ROUND_COLUMNS: &str = "id, released_at, cause, stage, deadline, remind_at, passed, outcome";

/// What is kept of one schedule, as far as its actor needs it.
pub struct Rows {
    pub head: Head,
    pub version: u64,
    pub stamped_at: Timestamp,
    /// All but those that were cancelled.
    pub bookings: Vec<Booking>,
    /// The live ones, and what [`HOLD_WINDOW`] may still count: a booking forgives the holds before
    /// it. Oldest first.
    pub holds: Vec<(SeatHold, Option<HoldEnd>)>,
    /// First in line first.
    pub queue: Vec<Entry>,
    pub next_seq: u32,
    /// The live ones, without their offers, in the order of their release.
    pub rounds: Vec<Round>,
    /// Latest first.
    pub offers: Vec<(RoundId, Offer, Option<OfferEnd>)>,
}

impl Rows {
    /// One of which nothing is read yet but this.
    pub fn of(head: Head, version: u64, stamped_at: Timestamp) -> Self {
        let (bookings, holds, queue) = (Vec::new(), Vec::new(), Vec::new());
        let (rounds, offers) = (Vec::new(), Vec::new());
        Self { head, version, stamped_at, bookings, holds, queue, next_seq: 1, rounds, offers }
    }

    /// The state that these rows make.
    pub fn assemble(self) -> Schedule {
        let Self { head, version, stamped_at, bookings, holds, queue, next_seq, mut rounds, offers } = self;
        let mut ended_offers = Vec::new();
        for (round, offer, end) in offers.into_iter().rev() {
            match end {
                Some(end) => ended_offers.push(EndedOffer { id: offer.id, student: offer.student, end }),
                None => {
                    if let Some(r) = rounds.iter_mut().find(|r| r.id == round) {
                        r.offers.push(offer);
                    }
                }
            }
        }
        // First in line first.
        let seq = |o: &Offer| queue.iter().find(|e| e.id == o.entry).map(|e| e.seq);
        rounds.iter_mut().for_each(|r| r.offers.sort_by_key(seq));
        let mut live = BTreeMap::new();
        let mut uses: BTreeMap<StudentId, Vec<Timestamp>> = BTreeMap::new();
        for (hold, end) in holds {
            match end {
                None => {
                    live.insert(hold.student, hold);
                }
                Some(HoldEnd::Used) => {}
                Some(HoldEnd::Released | HoldEnd::Expired) => {
                    uses.entry(hold.student).or_default().push(hold.created_at);
                }
            }
        }
        Schedule::from_parts(Parts {
            head,
            version,
            stamped_at,
            bookings: bookings.into_iter().map(|b| (b.student, b)).collect(),
            holds: live,
            hold_uses: uses,
            queue,
            next_seq,
            rounds,
            ended_offers,
        })
    }
}

pub fn read_head(row: &Row) -> Result<Head, BadColumn> {
    let policy = serde_json::from_str(row.text("policy")?).map_err(|e| row.bad("policy", e))?;
    Ok(Head {
        id: row.parse("id")?,
        org: row.parse("org_id")?,
        course: row.parse("course_id")?,
        teacher: row.opt_parse("teacher_id")?,
        starts_at: row.at("starts_at")?,
        ends_at: row.at("ends_at")?,
        capacity: row.count("capacity")?,
        status: named(row, "status", read_status)?,
        policy: Arc::new(policy),
    })
}

/// From [`BOOKING_COLUMNS`].
pub fn read_booking(row: &Row) -> Result<Booking, BadColumn> {
    let payment = named(row, "payment_status", read_payment)?;
    Ok(Booking {
        id: row.parse("id")?,
        no: row.parse("booking_no")?,
        student: row.parse("student_id")?,
        booked_by: row.parse("booked_by")?,
        source: named(row, "source", read_source)?,
        price: row.fen("price_fen")?,
        final_price: row.fen("final_price_fen")?,
        created_at: row.at("created_at")?,
        payment,
        state: read_booking_state(row, payment)?,
        free_exit: row.int("free_exit")? != 0,
    })
}

fn read_booking_state(row: &Row, payment: Payment) -> Result<BookingState, BadColumn> {
    let needed = |column: &'static str| row.opt_at(column)?.ok_or_else(|| row.bad(column, "is missing"));
    Ok(match (row.text("status")?, payment) {
        ("pending", Payment::Unpaid) => BookingState::AwaitingPayment { pay_by: needed("pay_deadline")? },
        ("pending", Payment::NotRequired | Payment::Paid) => BookingState::AwaitingTeacher,
        ("confirmed", Payment::NotRequired | Payment::Paid) => {
            BookingState::Confirmed { confirmed_at: needed("confirmed_at")? }
        }
        ("completed", Payment::NotRequired | Payment::Paid) => {
            BookingState::Completed { confirmed_at: needed("confirmed_at")?, completed_at: needed("completed_at")? }
        }
        ("no_show", Payment::NotRequired | Payment::Paid) => {
            BookingState::NoShow { confirmed_at: needed("confirmed_at")?, completed_at: needed("completed_at")? }
        }
        ("cancelled", Payment::NotRequired | Payment::Unpaid | Payment::Refunded) => BookingState::Cancelled {
            cancelled_at: needed("cancelled_at")?,
            by: named(row, "cancelled_by", read_canceller)?,
            reason: row.opt_text("cancel_reason")?.map(Into::into),
        },
        (status, payment) => return Err(row.bad("status", format!("`{status}` with payment {payment:?}"))),
    })
}

pub fn read_hold(row: &Row) -> Result<(SeatHold, Option<HoldEnd>), BadColumn> {
    let end = match row.text("status")? {
        "active" => None,
        _ => Some(named(row, "status", read_hold_end)?),
    };
    let hold = SeatHold {
        id: row.parse("id")?,
        student: row.parse("student_id")?,
        account: row.parse("account_id")?,
        created_at: row.at("created_at")?,
        expires_at: row.at("expires_at")?,
    };
    Ok((hold, end))
}

pub fn read_entry(row: &Row) -> Result<Entry, BadColumn> {
    // An ended entry must say why, though its state needs only that it ended.
    match (row.text("status")?, row.opt_text("end_reason")?) {
        ("active", None) => {}
        ("promoted" | "cancelled" | "expired", Some(_)) => {
            named(row, "end_reason", read_entry_end)?;
        }
        (status, reason) => return Err(row.bad("status", format!("`{status}` with reason {reason:?}"))),
    }
    Ok(Entry {
        id: row.parse("id")?,
        student: row.parse("student_id")?,
        account: row.parse("account_id")?,
        seq: row.count("seq")?,
        joined_at: row.at("joined_at")?,
    })
}

pub fn read_round(row: &Row) -> Result<Round, BadColumn> {
    if row.opt_text("outcome")?.is_some() {
        named(row, "outcome", read_round_end)?;
        return Err(row.bad("outcome", "a round that is not done has one"));
    }
    Ok(Round {
        id: row.parse("id")?,
        released_at: row.at("released_at")?,
        cause: named(row, "cause", read_cause)?,
        stage: named(row, "stage", read_stage)?,
        deadline: row.at("deadline")?,
        remind_at: row.opt_at("remind_at")?,
        passed: serde_json::from_str(row.text("passed")?).map_err(|e| row.bad("passed", e))?,
        offers: Vec::new(),
    })
}

pub fn read_offer(row: &Row) -> Result<(RoundId, Offer, Option<OfferEnd>), BadColumn> {
    let end = match row.text("status")? {
        "live" => None,
        _ => Some(named(row, "status", read_offer_end)?),
    };
    let offer = Offer {
        id: row.parse("id")?,
        entry: row.parse("waitlist_id")?,
        student: row.parse("student_id")?,
        stage: named(row, "stage", read_stage)?,
        sent_at: row.at("sent_at")?,
        deadline: row.at("deadline")?,
        begun_at: row.opt_at("begun_at")?,
    };
    Ok((row.parse("round_id")?, offer, end))
}
