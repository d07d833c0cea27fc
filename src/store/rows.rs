//! Row images to rows: a few multi-row statements for a whole group, whatever its size.

use std::collections::{HashMap, hash_map::Entry as Slot};

use super::{
    names::{
        booking_columns, entry_columns, hold_end, offer_end, payment, round_end, source, stage, status, stored_cause,
    },
    sql::{Arg, Bundle, Conn, Kind},
};
use crate::{
    args,
    base::{
        ids::{Epoch, ScheduleId},
        time::Timestamp,
    },
    domain::schedule::state::{BookingRow, EntryRow, Head, HoldRow, OfferRow, RoundRow},
    engine::journal::Batch,
};

/// A table that takes row images: inserted, or the changeable columns updated.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    /// The rest of the statement after the values.
    conflict: &'static str,
}

const EVENTS: Table =
    Table { name: "schedule_events", columns: &["schedule_id", "version", "epoch", "at", "events"], conflict: "" };

const OUTBOX: Table =
    Table { name: "outbox", columns: &["id", "schedule_id", "notices", "created_at", "next_at"], conflict: "" };

const BOOKINGS: Table = Table {
    name: "bookings",
    columns: &[
        "id",
        "booking_no",
        "schedule_id",
        "student_id",
        "booked_by",
        "teacher_id",
        "starts_at",
        "ends_at",
        "source",
        "price_fen",
        "final_price_fen",
        "note",
        "moved_from",
        "free_exit",
        "created_at",
        "status",
        "payment_status",
        "pay_deadline",
        "confirmed_at",
        "cancelled_at",
        "cancelled_by",
        "cancel_reason",
        "completed_at",
        "updated_at",
    ],
    conflict: " on conflict (id) do update set status = excluded.status, payment_status = excluded.payment_status, \
        pay_deadline = excluded.pay_deadline, confirmed_at = coalesce(excluded.confirmed_at, bookings.confirmed_at), \
        cancelled_at = excluded.cancelled_at, cancelled_by = excluded.cancelled_by, \
        cancel_reason = excluded.cancel_reason, completed_at = excluded.completed_at, updated_at = excluded.updated_at",
};

const HOLDS: Table = Table {
    name: "seat_holds",
    columns: &[
        "id",
        "schedule_id",
        "student_id",
        "account_id",
        "created_at",
        "expires_at",
        "status",
        "ended_at",
        "updated_at",
    ],
    conflict: " on conflict (id) do update set status = excluded.status, ended_at = excluded.ended_at, \
        updated_at = excluded.updated_at",
};

const ENTRIES: Table = Table {
    name: "waitlist",
    columns: &[
        "id",
        "schedule_id",
        "student_id",
        "account_id",
        "seq",
        "joined_at",
        "created_at",
        "status",
        "end_reason",
        "ended_at",
        "updated_at",
    ],
    conflict: " on conflict (id) do update set status = excluded.status, end_reason = excluded.end_reason, \
        ended_at = excluded.ended_at, updated_at = excluded.updated_at",
};

const ROUNDS: Table = Table {
    name: "waitlist_rounds",
    columns: &[
        "id",
        "schedule_id",
        "released_at",
        "cause",
        "created_at",
        "stage",
        "deadline",
        "remind_at",
        "passed",
        "outcome",
        "winner_id",
        "ended_at",
        "updated_at",
    ],
    conflict: " on conflict (id) do update set stage = excluded.stage, deadline = excluded.deadline, \
        remind_at = excluded.remind_at, passed = excluded.passed, outcome = excluded.outcome, \
        winner_id = excluded.winner_id, ended_at = excluded.ended_at, updated_at = excluded.updated_at",
};

const OFFERS: Table = Table {
    name: "waitlist_offers",
    columns: &[
        "id",
        "round_id",
        "schedule_id",
        "waitlist_id",
        "student_id",
        "stage",
        "sent_at",
        "deadline",
        "created_at",
        "begun_at",
        "responded_at",
        "status",
        "updated_at",
    ],
    conflict: " on conflict (id) do update set begun_at = excluded.begun_at, responded_at = excluded.responded_at, \
        status = excluded.status, updated_at = excluded.updated_at",
};

impl Table {
    /// Text, or else an integer: instants, amounts and counts are told by their names.
    fn kinds(&self) -> Vec<Kind> {
        let int = |c: &str| {
            let ends = ["_at", "_fen", "deadline", "version", "epoch"];
            ends.iter().any(|end| c.ends_with(end)) || ["at", "seq", "free_exit"].contains(&c)
        };
        self.columns.iter().map(|c| if int(c) { Kind::Int } else { Kind::Text }).collect()
    }
}

/// A schedule's new version and what depends on it.
const ADVANCE: [Kind; 7] = [Kind::Text, Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Int, Kind::Int];

fn insert(bundle: &mut Bundle, table: &Table, rows: Vec<Vec<Arg>>) {
    let Table { name, columns, conflict } = table;
    bundle.add(&table.kinds(), rows, |source| {
        let values: Vec<String> = (1..=columns.len()).map(|i| format!("v.column{i}")).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        format!("insert into {name} ({columns}) select {values} from {source} where v.column1 is not null{conflict}")
    });
}

/// Adds the batches of one group, all of which stand, in their order.
pub async fn write(conn: &mut Conn, bundle: &mut Bundle, batches: &[&Batch], epoch: Epoch) -> sqlx::Result<()> {
    let changing: Vec<&&Batch> = batches.iter().filter(|b| b.changes_schedule()).collect();
    let mut latest: HashMap<ScheduleId, &Batch> = HashMap::new();
    for batch in &changing {
        latest.insert(batch.schedule, batch);
        if let Some(head) = &batch.changes.head {
            write_head(conn, head, batch.at).await?;
        }
    }
    let advance =
        latest.values().map(|b| args![b.schedule, b.expected + 1, epoch, b.booked, b.head.capacity, b.at, b.next_due]);
    bundle.add(&ADVANCE, advance.collect(), |source| {
        format!(
            "update schedules set version = v.column2, epoch = v.column3, booked = v.column4, \
             capacity = v.column5, stamped_at = v.column6, updated_at = v.column6, next_due_at = v.column7 \
             from {source} where schedules.id = v.column1"
        )
    });

    let events = changing.iter().map(|b| {
        let json = serde_json::to_string(&b.events).expect("events are plain data");
        args![b.schedule, b.expected + 1, epoch, b.at, json]
    });
    insert(bundle, &EVENTS, events.collect());

    let images = |f: fn(&Batch) -> Vec<Image>| latest_images(changing.iter().flat_map(|b| f(b)));
    insert(bundle, &HOLDS, images(hold_rows));
    insert(bundle, &BOOKINGS, images(booking_rows));
    insert(bundle, &ENTRIES, images(entry_rows));
    insert(bundle, &ROUNDS, images(round_rows));
    insert(bundle, &OFFERS, images(offer_rows));

    let outbox = changing.iter().filter_map(|b| {
        let (id, effects) = b.notices.as_ref()?;
        let json = serde_json::to_string(&effects.notices).expect("notices are plain data");
        Some(args![*id, b.schedule, json, b.at, b.at])
    });
    insert(bundle, &OUTBOX, outbox.collect());
    Ok(())
}

/// A row's id and its columns.
type Image = (u128, Vec<Arg>);

/// Rare: the operator changed what the schedule is. Its bookings repeat the times so that a
/// student's calendar is one index scan.
async fn write_head(conn: &mut Conn, head: &Head, at: Timestamp) -> sqlx::Result<()> {
    // Capacity and counters go together in `advance`, or the database's own check would see them apart.
    let sql = "update schedules set teacher_id = $2, starts_at = $3, ends_at = $4, status = $5, \
        updated_at = $6 where id = $1";
    conn.exec(sql, args![head.id, head.teacher, head.starts_at, head.ends_at, status(head.status), at]).await?;
    let sql = "update bookings set teacher_id = $2, starts_at = $3, ends_at = $4 \
        where schedule_id = $1 and status in ('pending', 'confirmed')";
    conn.exec(sql, args![head.id, head.teacher, head.starts_at, head.ends_at]).await?;
    Ok(())
}

/// One row per id, the last image, at the place of the last image: an upsert may not touch a row
/// twice, and a seat must be given up before it is taken again.
fn latest_images(images: impl Iterator<Item = Image>) -> Vec<Vec<Arg>> {
    let mut at: HashMap<u128, usize> = HashMap::new();
    let mut rows: Vec<Option<Vec<Arg>>> = Vec::new();
    for (id, row) in images {
        let place = rows.len();
        match at.entry(id) {
            Slot::Vacant(slot) => {
                slot.insert(place);
                rows.push(Some(row));
            }
            Slot::Occupied(mut slot) => {
                let earlier = rows[*slot.get()].take();
                slot.insert(place);
                rows.push(Some(keep_first_note(earlier, row)));
            }
        }
    }
    rows.into_iter().flatten().collect()
}

/// Images after the first do not repeat a booking's note and origin.
fn keep_first_note(earlier: Option<Vec<Arg>>, mut later: Vec<Arg>) -> Vec<Arg> {
    if let Some(earlier) = earlier
        && later.len() == BOOKINGS.columns.len()
    {
        for i in [NOTE, MOVED_FROM] {
            if later[i] == Arg::NullText {
                later[i] = earlier[i].clone();
            }
        }
    }
    later
}

const NOTE: usize = 11;
const MOVED_FROM: usize = 12;

fn booking_rows(batch: &Batch) -> Vec<Image> {
    let head = &batch.head;
    let row = |r: &BookingRow| {
        let b = &r.booking;
        let s = booking_columns(&b.state);
        let args = args![
            b.id,
            b.no,
            batch.schedule,
            b.student,
            b.booked_by,
            head.teacher,
            head.starts_at,
            head.ends_at,
            source(b.source),
            b.price,
            b.final_price,
            r.note.as_deref().map(str::to_owned),
            r.moved_from,
            i64::from(b.free_exit),
            b.created_at,
            s.status,
            payment(b.payment),
            s.pay_deadline,
            s.confirmed_at,
            s.cancelled_at,
            s.cancelled_by.map(str::to_owned),
            s.cancel_reason,
            s.completed_at,
            batch.at,
        ];
        (b.id.as_u128(), args)
    };
    batch.changes.bookings.iter().map(row).collect()
}

fn hold_rows(batch: &Batch) -> Vec<Image> {
    let row = |r: &HoldRow| {
        let h = &r.hold;
        let (ended_at, status) = r.ended.map_or((None, "active"), |(at, end)| (Some(at), hold_end(end)));
        let args =
            args![h.id, batch.schedule, h.student, h.account, h.created_at, h.expires_at, status, ended_at, batch.at,];
        (h.id.as_u128(), args)
    };
    batch.changes.holds.iter().map(row).collect()
}

fn entry_rows(batch: &Batch) -> Vec<Image> {
    let row = |r: &EntryRow| {
        let e = &r.entry;
        let (status, reason) = entry_columns(r.ended.map(|(_, end)| end));
        let args = args![
            e.id,
            batch.schedule,
            e.student,
            e.account,
            e.seq,
            e.joined_at,
            e.joined_at,
            status,
            reason.map(str::to_owned),
            r.ended.map(|(at, _)| at),
            batch.at,
        ];
        (e.id.as_u128(), args)
    };
    batch.changes.entries.iter().map(row).collect()
}

fn round_rows(batch: &Batch) -> Vec<Image> {
    let row = |r: &RoundRow| {
        let round = &r.round;
        let passed = serde_json::to_string(&round.passed).expect("ids are plain data");
        let (stage, outcome, winner, ended_at) = match r.ended {
            Some((at, end, winner)) => ("done", Some(round_end(end).to_owned()), winner, Some(at)),
            None => (stage(round.stage), None, None, None),
        };
        let args = args![
            round.id,
            batch.schedule,
            round.released_at,
            stored_cause(round.cause),
            round.released_at,
            stage,
            round.deadline,
            round.remind_at,
            passed,
            outcome,
            winner,
            ended_at,
            batch.at,
        ];
        (round.id.as_u128(), args)
    };
    batch.changes.rounds.iter().map(row).collect()
}

fn offer_rows(batch: &Batch) -> Vec<Image> {
    let row = |r: &OfferRow| {
        let o = &r.offer;
        let (responded_at, status) = r.ended.map_or((None, "live"), |(at, end)| (Some(at), offer_end(end)));
        let args = args![
            o.id,
            r.round,
            batch.schedule,
            o.entry,
            o.student,
            stage(o.stage),
            o.sent_at,
            o.deadline,
            o.sent_at,
            o.begun_at,
            responded_at,
            status,
            batch.at,
        ];
        (o.id.as_u128(), args)
    };
    batch.changes.offers.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_image_stands_at_the_place_of_the_last() {
        let rows = [(1, args!["a", 1i64]), (2, args!["b", 1i64]), (1, args!["a", 2i64])];
        assert_eq!(latest_images(rows.into_iter()), [args!["b", 1i64], args!["a", 2i64]]);
    }
}
