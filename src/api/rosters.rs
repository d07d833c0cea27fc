//! Who comes to a class, who holds a seat, who waits, and where its freed seats are on their way to.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    classes::{Slot, slot},
    queues::{InLine, PassedBecause, people_in},
    schedules::managed,
};
use crate::{
    args,
    base::{
        ids::{EntryId, RoundId, ScheduleId, StudentId},
        lang::Lang,
        limits::ROSTER_ROWS_MAX,
    },
    domain::schedule::state::{Cause, Round, Stage},
    live::bodies::{BookingBody, EntryStatus, OfferBody},
    store::{
        recover::{BOOKING_COLUMNS, ROUND_COLUMNS, read_booking, read_round},
        sql::Row,
    },
    web::{
        error::Problem,
        extract::{Caller, Ctx},
    },
};

#[derive(Serialize, ToSchema)]
pub struct Roster {
    schedule: Slot,
    /// The live ones first, in the order in which they were made, then those that were cancelled.
    bookings: Vec<RosterBooking>,
    holds: Vec<RosterHold>,
    /// First in line first.
    queue: Vec<RosterEntry>,
    /// The seats on offer, the soonest deadline first.
    rounds: Vec<RosterRound>,
    /// False where some list is too long to be given in full: then its first are there.
    complete: bool,
}

#[derive(Serialize, ToSchema)]
pub struct RosterBooking {
    #[serde(flatten)]
    booking: BookingBody,
    nickname: String,
    /// What the student, or whoever booked for them, wrote.
    student_note: Option<String>,
    teacher_note: Option<String>,
    booked_by_name: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct RosterHold {
    #[schema(value_type = String)]
    student_id: StudentId,
    nickname: String,
    expires_at: String,
}

#[derive(Serialize, ToSchema)]
pub struct RosterEntry {
    #[schema(value_type = String)]
    waitlist_id: EntryId,
    position: u32,
    #[schema(value_type = String)]
    student_id: StudentId,
    nickname: String,
    status: EntryStatus,
    joined_at: String,
    /// Whether WeChat may still tell them of a freed seat.
    reachable: bool,
    /// The live one with the earliest deadline.
    offer: Option<OfferBody>,
    passed: Option<PassedOver>,
}

/// When and why somebody was last out of a round.
#[derive(Serialize, ToSchema)]
pub struct PassedOver {
    at: String,
    why: PassedBecause,
    text: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct RosterRound {
    #[schema(value_type = String)]
    id: RoundId,
    #[schema(value_type = String, example = "race")]
    stage: Stage,
    released_at: String,
    deadline: String,
    #[schema(value_type = String, example = "cancelled")]
    cause: Cause,
    /// Whose turn it is; none in a race.
    turn_of: Option<String>,
}

/// Everybody in a class and in its queue. What is due on it happens before it is told.
#[utoipa::path(get, path = "/schedules/{id}/roster", tag = "schedules",
    responses((status = 200, body = Roster), (status = 404)))]
pub async fn get_roster(ctx: Ctx, caller: Caller, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let id = managed(&ctx, &caller, &req).await?;
    // First: whoever sees a later state over a socket asks again, and none is missed in between.
    let schedule = slot(&ctx, id, None).await?;
    let lang = ctx.lang;
    let (mut queue, mut bookings, mut holds) =
        (people_in(&ctx, id, 0, ONE_MORE).await?, bookings(&ctx, id).await?, holds(&ctx, id).await?);
    let whole = [cut(&mut queue), cut(&mut bookings), cut(&mut holds)];
    Ok(ctx.ok(Roster {
        schedule,
        bookings,
        holds,
        queue: queue.into_iter().map(|person| RosterEntry::of(person, lang)).collect(),
        rounds: rounds(&ctx, id).await?,
        complete: whole.into_iter().all(|is_whole| is_whole),
    }))
}

/// One row above what is given tells that there are more.
const ONE_MORE: i64 = ROSTER_ROWS_MAX + 1;

/// Whether all are there.
fn cut<T>(rows: &mut Vec<T>) -> bool {
    let whole = rows.len() < ONE_MORE as usize;
    rows.truncate(ROSTER_ROWS_MAX as usize);
    whole
}

impl RosterEntry {
    fn of(person: InLine, lang: Lang) -> Self {
        let InLine { waitlist_id, position, student_id, nickname, status, joined_at, reachable, offer, passed } =
            person;
        let passed = passed.map(|(why, at)| PassedOver { at, why, text: why.text(lang) });
        Self { waitlist_id, position, student_id, nickname, status, joined_at, reachable, offer, passed }
    }
}

async fn bookings(ctx: &Ctx, id: ScheduleId) -> Result<Vec<RosterBooking>, Problem> {
    let columns: Vec<_> = BOOKING_COLUMNS.split(", ").map(|c| format!("b.{}", c.trim())).collect();
    let sql = format!(
        "select {}, b.teacher_note, s.nickname, a.nickname as booked_by_name from bookings b \
         left join students s on s.id = b.student_id left join accounts a on a.id = b.booked_by \
         where b.schedule_id = $1 order by case b.status when 'cancelled' then 1 else 0 end, b.created_at, b.id limit $2",
        columns.join(", ")
    );
    let zone = ctx.zone();
    let read = |row: &Row| {
        Ok(RosterBooking {
            booking: BookingBody::of(&read_booking(row)?, id, (row.at("starts_at")?, row.at("ends_at")?), zone),
            nickname: row.opt_text("nickname")?.unwrap_or_default().to_owned(),
            student_note: row.opt_text("note")?.map(str::to_owned),
            teacher_note: row.opt_text("teacher_note")?.map(str::to_owned),
            booked_by_name: row.opt_text("booked_by_name")?.map(str::to_owned),
        })
    };
    let rows = ctx.app.store.reader().all(&sql, args![id, ONE_MORE]).await?;
    rows.iter().map(read).collect()
}

async fn holds(ctx: &Ctx, id: ScheduleId) -> Result<Vec<RosterHold>, Problem> {
    let sql = "select h.student_id, s.nickname, h.expires_at from seat_holds h \
        left join students s on s.id = h.student_id where h.schedule_id = $1 and h.status = 'active' \
        order by h.created_at, h.id limit $2";
    let read = |row: &Row| {
        Ok(RosterHold {
            student_id: row.parse("student_id")?,
            nickname: row.opt_text("nickname")?.unwrap_or_default().to_owned(),
            expires_at: ctx.zone().rfc3339(row.at("expires_at")?),
        })
    };
    let rows = ctx.app.store.reader().all(sql, args![id, ONE_MORE]).await?;
    rows.iter().map(read).collect()
}

async fn rounds(ctx: &Ctx, id: ScheduleId) -> Result<Vec<RosterRound>, Problem> {
    let columns: Vec<_> = ROUND_COLUMNS.split(", ").map(|c| format!("r.{c}")).collect();
    // In its turn stage a round has one live offer.
    let sql = format!(
        "select {}, s.nickname from waitlist_rounds r left join waitlist_offers o on o.round_id = r.id \
         and o.status = 'live' and o.stage = 'turn' left join students s on s.id = o.student_id \
         where r.schedule_id = $1 and r.stage <> 'done' order by r.deadline, r.id",
        columns.join(", ")
    );
    let zone = ctx.zone();
    let read = |row: &Row| {
        let Round { id, released_at, cause, stage, deadline, remind_at: _, passed: _, offers: _ } = read_round(row)?;
        let turn_of = row.opt_text("nickname")?.map(str::to_owned);
        let (released_at, deadline) = (zone.rfc3339(released_at), zone.rfc3339(deadline));
        Ok(RosterRound { id, stage, released_at, deadline, cause, turn_of })
    };
    let rows = ctx.app.store.reader().all(&sql, args![id]).await?;
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_cut_says_so() {
        let mut just_full = vec![(); ROSTER_ROWS_MAX as usize];
        assert!(cut(&mut just_full));
        let mut longer = vec![(); ONE_MORE as usize];
        assert!(!cut(&mut longer));
        assert_eq!(longer.len(), ROSTER_ROWS_MAX as usize);
    }
}
