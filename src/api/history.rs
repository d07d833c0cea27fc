//! What happened to a class, told from its event log.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::schedules::managed;
use crate::{
    args,
    base::{
        ids::StudentId,
        time::{Timestamp, Zone},
    },
    domain::schedule::{
        Event, Opened,
        state::{BookingState, Head},
    },
    store::{
        StoreError,
        sql::{Kind, ROWS_MAX, Reader, Row, rows_args, rows_source},
    },
    web::{
        error::Problem,
        extract::{Caller, Ctx, Query},
    },
};

#[derive(Serialize, ToSchema)]
pub struct HistoryItem {
    /// Everything of one version happened at once.
    version: u64,
    at: String,
    #[schema(example = "entry_passed")]
    event: &'static str,
    #[schema(value_type = Option<String>)]
    student_id: Option<StudentId>,
    nickname: Option<String>,
    /// What this event has to say: ids, instants, states and reasons.
    #[schema(value_type = Object)]
    details: Value,
}

/// What happened to a class, the latest last. A page has so many versions, each with all of its
/// events, and `total` counts versions.
#[utoipa::path(get, path = "/schedules/{id}/history", tag = "schedules",
    responses((status = 200, body = [HistoryItem]), (status = 404)))]
pub async fn list_history(ctx: Ctx, caller: Caller, req: HttpRequest, query: Query) -> Result<HttpResponse, Problem> {
    let id = managed(&ctx, &caller, &req).await?;
    let page = query.page()?;
    // What is due on it is a part of its history.
    let total = ctx.app.engine.look(id, None).await?.view.version;
    let reader = ctx.app.store.reader();
    let sql = "select schedule_id as id, version, events from schedule_events \
        where schedule_id = $1 and version > $2 and version <= $3 order by version";
    let rows = reader.all(sql, args![id, page.offset(), page.offset() + page.limit()]).await?;
    let mut items = Vec::new();
    for row in &rows {
        let version = row.version("version")?;
        items.extend(events_of(row)?.iter().map(|event| item(version, event, ctx.zone())));
    }
    let names = nicknames(reader, items.iter().filter_map(|i| i.student_id)).await?;
    for item in &mut items {
        item.nickname = item.student_id.and_then(|s| names.get(&s).cloned());
    }
    Ok(ctx.ok(page.of(items, total)))
}

/// All events of one turn.
pub fn events_of(row: &Row) -> Result<Vec<Event>, Problem> {
    let events = row.text("events")?;
    Ok(serde_json::from_str(events).map_err(|e| row.bad("events", e))?)
}

pub async fn nicknames(
    reader: &Reader,
    students: impl Iterator<Item = StudentId>,
) -> Result<HashMap<StudentId, String>, StoreError> {
    let students: Vec<StudentId> = students.collect::<BTreeSet<_>>().into_iter().collect();
    let mut names = HashMap::new();
    for some in students.chunks(ROWS_MAX) {
        let (postgres, kinds) = (reader.is_postgres(), [Kind::Text]);
        let source = rows_source(postgres, &kinds, some.len());
        let sql = format!("select id, nickname from students where id in (select column1 from {source})");
        let list = some.iter().map(|s| args![*s]).collect();
        for row in reader.all(&sql, rows_args(postgres, &kinds, list)).await? {
            names.insert(row.parse("id")?, row.text("nickname")?.to_owned());
        }
    }
    Ok(names)
}

fn item(version: u64, event: &Event, zone: Zone) -> HistoryItem {
    let (name, student_id, details) = told(event, zone);
    HistoryItem { version, at: zone.rfc3339(event.at()), event: name, student_id, nickname: None, details }
}

/// The name of an event as it is stored, whom it is about, and the rest of it.
fn told(event: &Event, zone: Zone) -> (&'static str, Option<StudentId>, Value) {
    let t = |at: &Timestamp| zone.rfc3339(*at);
    match event {
        Event::Opened(Opened { head, at: _ }) => ("opened", None, plan(head, zone)),
        Event::StatusChanged { status, at: _ } => ("status_changed", None, json!({ "status": status })),
        Event::CapacityChanged { capacity, at: _ } => ("capacity_changed", None, json!({ "capacity": capacity })),
        Event::Rescheduled { starts_at, ends_at, teacher, former, at: _ } => {
            let times = json!({
                "starts_at": t(starts_at), "ends_at": t(ends_at), "teacher_id": teacher, "former_teacher_id": former,
            });
            ("rescheduled", None, times)
        }
        Event::Booked { student, .. }
        | Event::BookingPaid { student, .. }
        | Event::BookingConfirmed { student, .. }
        | Event::BookingCancelled { student, .. }
        | Event::BookingAttended { student, .. } => {
            let (name, details) = booking(event, zone);
            (name, Some(*student), details)
        }
        Event::Held { hold, student, account: _, expires_at, at: _ } => {
            ("held", Some(*student), json!({ "hold_id": hold, "expires_at": t(expires_at) }))
        }
        Event::HoldEnded { student, end, at: _ } => ("hold_ended", Some(*student), json!({ "end": end })),
        Event::Joined { entry, student, account: _, seq: _, at: _ } => {
            ("joined", Some(*student), json!({ "waitlist_id": entry }))
        }
        Event::EntryEnded { entry, student, end, at: _ } => {
            ("entry_ended", Some(*student), json!({ "waitlist_id": entry, "end": end }))
        }
        Event::RoundOpened { round, cause, at: _ } => {
            ("round_opened", None, json!({ "round_id": round, "cause": cause }))
        }
        Event::OfferSent { round, offer, entry, student, stage, deadline, remind_at: _, at: _ } => {
            let details = json!({
                "round_id": round, "offer_id": offer, "waitlist_id": entry, "stage": stage, "deadline": t(deadline),
            });
            ("offer_sent", Some(*student), details)
        }
        Event::OfferBegun { round, offer, student, at: _ } => {
            ("offer_begun", Some(*student), json!({ "round_id": round, "offer_id": offer }))
        }
        Event::RoundReminded { round, at: _ } => ("round_reminded", None, json!({ "round_id": round })),
        Event::OfferEnded { round, offer, student, end, at: _ } => {
            ("offer_ended", Some(*student), json!({ "round_id": round, "offer_id": offer, "end": end }))
        }
        Event::EntryPassed { round, entry, student, reason, at: _ } => {
            ("entry_passed", Some(*student), json!({ "round_id": round, "waitlist_id": entry, "reason": reason }))
        }
        Event::RoundEnded { round, end, winner, at: _ } => {
            ("round_ended", None, json!({ "round_id": round, "end": end, "winner_waitlist_id": winner }))
        }
    }
}

fn plan(head: &Head, zone: Zone) -> Value {
    let Head { id: _, org: _, course, teacher, starts_at, ends_at, capacity, status, policy: _ } = head;
    json!({
        "course_id": course, "teacher_id": teacher, "starts_at": zone.rfc3339(*starts_at),
        "ends_at": zone.rfc3339(*ends_at), "capacity": capacity, "status": status,
    })
}

fn booking(event: &Event, zone: Zone) -> (&'static str, Value) {
    match event {
        Event::Booked {
            booking,
            no,
            student: _,
            booked_by,
            source,
            price: _,
            final_price,
            payment,
            state,
            free_exit: _,
            note: _,
            moved_from,
            at: _,
        } => {
            let (state, pay_by) = state_of(state);
            let details = json!({
                "booking_id": booking, "booking_no": no, "booked_by": booked_by, "source": source, "state": state,
                "payment_status": payment, "final_price_fen": final_price,
                "pay_deadline": pay_by.map(|t| zone.rfc3339(t)), "moved_from": moved_from,
            });
            ("booked", details)
        }
        Event::BookingPaid { student: _, booking, state, at: _ } => {
            ("booking_paid", json!({ "booking_id": booking, "state": state_of(state).0 }))
        }
        Event::BookingConfirmed { student: _, booking, at: _ } => {
            ("booking_confirmed", json!({ "booking_id": booking }))
        }
        Event::BookingCancelled { student: _, booking, by, reason, at: _ } => {
            ("booking_cancelled", json!({ "booking_id": booking, "cancelled_by": by, "reason": reason }))
        }
        Event::BookingAttended { student: _, booking, present, at: _ } => {
            ("booking_attended", json!({ "booking_id": booking, "present": present }))
        }
        Event::Opened(_)
        | Event::StatusChanged { .. }
        | Event::CapacityChanged { .. }
        | Event::Rescheduled { .. }
        | Event::Held { .. }
        | Event::HoldEnded { .. }
        | Event::Joined { .. }
        | Event::EntryEnded { .. }
        | Event::RoundOpened { .. }
        | Event::OfferSent { .. }
        | Event::OfferBegun { .. }
        | Event::RoundReminded { .. }
        | Event::OfferEnded { .. }
        | Event::EntryPassed { .. }
        | Event::RoundEnded { .. } => unreachable!("the caller has looked"),
    }
}

fn state_of(state: &BookingState) -> (&'static str, Option<Timestamp>) {
    match state {
        BookingState::AwaitingPayment { pay_by } => ("awaiting_payment", Some(*pay_by)),
        BookingState::AwaitingTeacher => ("awaiting_teacher", None),
        BookingState::Confirmed { .. } => ("confirmed", None),
        BookingState::Completed { .. } => ("completed", None),
        BookingState::NoShow { .. } => ("no_show", None),
        BookingState::Cancelled { .. } => ("cancelled", None),
    }
}
