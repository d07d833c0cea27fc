//! Everybody who waits, for the staff: where, for how long, and why they were passed over.

use std::collections::HashMap;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::{history::events_of, schedules::check_ours};
use crate::{
    args,
    base::{
        ids::{EntryId, RoundId, ScheduleId, StudentId},
        lang::Lang,
        time::{Timestamp, Zone},
    },
    domain::{
        access::Action,
        schedule::{
            Event, Rejection,
            state::{Entry, Head, Offer, OfferEnd, SkipReason, Stage},
        },
    },
    engine::WaitlistSizes,
    live::bodies::{EntryStatus, OfferBody},
    store::recover,
    web::{
        error::Problem,
        extract::{Caller, Ctx, Page, Query},
        state::App,
    },
};

/// Of one queue, at most this many of the latest turns in which somebody was passed over are read.
const PASSES_READ_MAX: i64 = 200;

#[derive(Serialize, ToSchema)]
pub struct QueueRow {
    #[schema(value_type = String)]
    schedule_id: ScheduleId,
    course_name: String,
    starts_at: String,
    /// How many wait for this class, and how many may.
    waitlist_length: u32,
    waitlist_capacity: u32,
    #[schema(value_type = String)]
    waitlist_id: EntryId,
    /// 1 for the first in line.
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
    passed: Option<Passed>,
}

/// When and why somebody was last out of a round.
#[derive(Clone, Serialize, ToSchema)]
pub struct Passed {
    reason: PassedBecause,
    at: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassedBecause {
    TimeConflict,
    NoHours,
    Unreachable,
    Declined,
    /// The staff took the offer back.
    Withdrawn,
}

impl PassedBecause {
    /// As it is told to whoever asks why not them.
    pub fn text(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::TimeConflict => ("该时段已有其他预约", "has another booking at that time"),
            Self::NoHours => ("课时不足", "has not enough class hours"),
            Self::Unreachable => ("当时无法通知到本人", "could not be told of it at the time"),
            Self::Declined => ("本人放弃了名额", "declined the seat"),
            Self::Withdrawn => ("名额由工作人员收回", "the staff took the offer back"),
        };
        match lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }
}

/// Somewhere people wait.
pub struct Line {
    pub head: Head,
    pub teacher_name: Option<String>,
    pub length: u32,
    pub capacity: u32,
}

/// Everybody who waits, by the class that begins first and then by place in line. `full=true` for
/// queues that take nobody more, `full=false` for the others.
#[utoipa::path(get, path = "/admin/waitlist", tag = "waitlist",
    params(("schedule_id" = Option<String>, Query), ("full" = Option<bool>, Query)),
    responses((status = 200, body = [QueueRow]), (status = 403), (status = 404)))]
pub async fn list_queues(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    caller.needs(Action::RunWaitlists)?;
    let (page, full) = (query.page()?, full_of(&query)?);
    let schedule = match query.get("schedule_id") {
        Some(id) => Some(id.parse().map_err(|_| Problem::Rule(Rejection::UnknownSchedule))?),
        None => None,
    };
    if let Some(id) = schedule {
        check_ours(&ctx, id).await?;
        // What is due on it happens before it is told who waits.
        ctx.app.engine.look(id, None).await?;
    }
    let mut lines = lines(&ctx.app, schedule).await?;
    lines.retain(|line| full.is_none_or(|full| full == line.is_full()));
    let total = lines.iter().map(|line| u64::from(line.length)).sum();
    let mut items = Vec::new();
    for (line, skip, take) in on_page(&lines, page) {
        let course = ctx.app.courses.get(line.head.course).await?.map_or(String::new(), |c| c.name.clone());
        let people = people_in(&ctx, line.head.id, skip, take).await?;
        items.extend(people.into_iter().map(|person| line.row(&course, person, ctx.zone())));
    }
    Ok(ctx.ok(page.of(items, total)))
}

/// How many queues take nobody more.
pub async fn count_full(app: &App) -> Result<usize, Problem> {
    Ok(lines(app, None).await?.iter().filter(|line| line.is_full()).count())
}

impl Line {
    pub fn is_full(&self) -> bool {
        self.length >= self.capacity
    }

    fn row(&self, course: &str, person: InLine, zone: Zone) -> QueueRow {
        let InLine { waitlist_id, position, student_id, nickname, status, joined_at, reachable, offer, passed } =
            person;
        QueueRow {
            schedule_id: self.head.id,
            course_name: course.to_owned(),
            starts_at: zone.rfc3339(self.head.starts_at),
            waitlist_length: self.length,
            waitlist_capacity: self.capacity,
            waitlist_id,
            position,
            student_id,
            nickname,
            status,
            joined_at,
            reachable,
            offer,
            passed: passed.map(|(reason, at)| Passed { reason, at }),
        }
    }
}

fn full_of(query: &Query) -> Result<Option<bool>, Problem> {
    let bad = |_| Problem::invalid("full", "应为 true 或 false", "use true or false");
    query.get("full").map(str::parse).transpose().map_err(bad)
}

/// The queues with anybody in them; each ends at its cutoff, so these are few.
pub async fn lines(app: &App, schedule: Option<ScheduleId>) -> Result<Vec<Line>, Problem> {
    let (one, mut args) = (if schedule.is_some() { "and s.id = $2" } else { "" }, args![app.org]);
    args.extend(schedule.map(Into::into));
    let sql = format!(
        "select s.id, s.org_id, s.course_id, s.teacher_id, s.starts_at, s.ends_at, s.capacity, s.status, s.policy, \
         t.name as teacher_name, count(*) as waiting from schedules s \
         join waitlist w on w.schedule_id = s.id and w.status = 'active' left join teachers t on t.id = s.teacher_id \
         where s.org_id = $1 {one} group by s.id, t.id order by s.starts_at, s.id"
    );
    let mut lines = Vec::new();
    for row in app.store.reader().all(&sql, args).await? {
        let head = recover::read_head(&row)?;
        let teacher_name = row.opt_text("teacher_name")?.map(str::to_owned);
        lines.push(Line { teacher_name, length: row.count("waiting")?, capacity: app.sizes.of(&head), head });
    }
    Ok(lines)
}

/// Of each queue that is on this page, how many to leave out and how many to tell.
fn on_page(lines: &[Line], page: Page) -> Vec<(&Line, i64, i64)> {
    let (mut skip, mut room) = (page.offset(), page.limit());
    let mut parts = Vec::new();
    for line in lines {
        let length = i64::from(line.length);
        let take = (length - skip).clamp(0, room);
        if take > 0 {
            parts.push((line, skip, take));
        }
        (skip, room) = ((skip - length).max(0), room - take);
    }
    parts
}

/// Somebody in line, as the staff and the teacher see them.
pub struct InLine {
    pub waitlist_id: EntryId,
    pub position: u32,
    pub student_id: StudentId,
    pub nickname: String,
    pub status: EntryStatus,
    pub joined_at: String,
    pub reachable: bool,
    pub offer: Option<OfferBody>,
    /// The last time that they were out of a round.
    pub passed: Option<(PassedBecause, String)>,
}

/// Those who wait for a class, first in line first.
pub async fn people_in(ctx: &Ctx, id: ScheduleId, skip: i64, take: i64) -> Result<Vec<InLine>, Problem> {
    let reader = ctx.app.store.reader();
    let sql = "select w.id, w.student_id, w.account_id, w.seq, w.joined_at, w.status, w.end_reason, s.nickname \
        from waitlist w left join students s on s.id = w.student_id where w.schedule_id = $1 and w.status = 'active' \
        order by w.seq limit $2 offset $3";
    let rows = reader.all(sql, args![id, take, skip]).await?;
    let entries = rows.iter().map(recover::read_entry).collect::<Result<Vec<_>, _>>()?;
    let offers = live_offers(ctx, id, &entries).await?;
    let mut passes = passes(ctx, id, &entries).await?;
    let reachable = ctx.app.reach.written_to(id).await?;
    let zone = ctx.zone();
    let mut people = Vec::new();
    for ((row, entry), position) in rows.iter().zip(entries).zip(skip as u32 + 1..) {
        let live = || offers.iter().filter(|o| o.entry == entry.id);
        people.push(InLine {
            waitlist_id: entry.id,
            position,
            student_id: entry.student,
            nickname: row.opt_text("nickname")?.unwrap_or_default().to_owned(),
            status: status_of(live().map(|o| o.stage).max()),
            joined_at: zone.rfc3339(entry.joined_at),
            reachable: reachable.contains(&entry.student),
            offer: live().min_by_key(|o| o.deadline).map(|o| OfferBody::of(o, zone)),
            passed: passes.remove(&entry.id).map(|(because, at)| (because, zone.rfc3339(at))),
        });
    }
    Ok(people)
}

fn status_of(stage: Option<Stage>) -> EntryStatus {
    match stage {
        Some(Stage::Turn) => EntryStatus::InTurn,
        Some(Stage::Race) => EntryStatus::Notified,
        None => EntryStatus::Waiting,
    }
}

/// In the order of their release.
async fn live_offers(ctx: &Ctx, id: ScheduleId, entries: &[Entry]) -> Result<Vec<Offer>, Problem> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(Vec::new()) };
    let columns: Vec<_> = recover::OFFER_COLUMNS.split(", ").map(|c| format!("o.{c}")).collect();
    let sql = format!(
        "select {} from waitlist w join waitlist_offers o on o.waitlist_id = w.id and o.status = 'live' \
         where w.schedule_id = $1 and w.seq between $2 and $3 order by o.round_id",
        columns.join(", ")
    );
    let rows = ctx.app.store.reader().all(&sql, args![id, i64::from(first.seq), i64::from(last.seq)]).await?;
    rows.iter().map(|row| Ok(recover::read_offer(row)?.1)).collect()
}

/// Why and when these were last out of a round, from the event log.
async fn passes(
    ctx: &Ctx,
    id: ScheduleId,
    entries: &[Entry],
) -> Result<HashMap<EntryId, (PassedBecause, Timestamp)>, Problem> {
    let mut found = HashMap::new();
    let Some(since) = entries.iter().map(|e| e.joined_at).min() else { return Ok(found) };
    let sql = "select schedule_id as id, events from schedule_events where schedule_id = $1 and at >= $2 \
        and events like '%\"entry_passed\"%' order by version desc limit $3";
    for row in ctx.app.store.reader().all(sql, args![id, since, PASSES_READ_MAX]).await? {
        let events = events_of(&row)?;
        for event in events.iter().rev() {
            if let Event::EntryPassed { round, entry, student, reason, at } = event {
                let because = because(&events, *round, *student, *reason);
                found.entry(*entry).or_insert((because, *at));
            }
        }
    }
    Ok(found)
}

/// Where the event says nothing, an offer ended in the same turn, by one side or the other.
fn because(events: &[Event], round: RoundId, student: StudentId, reason: Option<SkipReason>) -> PassedBecause {
    match reason {
        Some(SkipReason::TimeConflict) => PassedBecause::TimeConflict,
        Some(SkipReason::NoHours) => PassedBecause::NoHours,
        Some(SkipReason::Unreachable) => PassedBecause::Unreachable,
        None => {
            let taken_back = events.iter().any(|e| {
                matches!(e, Event::OfferEnded { round: r, student: s, end: OfferEnd::Withdrawn, .. }
                    if *r == round && *s == student)
            });
            if taken_back { PassedBecause::Withdrawn } else { PassedBecause::Declined }
        }
    }
}
