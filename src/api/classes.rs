//! Lists of classes: of a day, a week, a month, a teacher, a course; and all, for whoever plans.
//!
//! A page is two statements for its rows and some more for their states, however many there are.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    courses::short_text,
    schedules::{body_of, unknown, viewer_of},
};
use crate::{
    args,
    base::{
        ids::{CourseId, ScheduleId, StudentId, TeacherId},
        limits::{LIST_SPAN_MAX, NAME_CHARS_MAX, PAGE_SIZE_MAX},
        time::{LocalDay, Timestamp},
        units::Fen,
    },
    domain::{access::Action, schedule::Rejection},
    engine::Seen,
    live::bodies::ScheduleBody,
    store::{filters::Filters, sql::Row},
    web::{
        error::Problem,
        extract::{Caller, Ctx, Page, Query, path_id},
        reply,
    },
};

/// A class in a list: its live state, and what only lists and rosters show.
#[derive(Serialize, ToSchema)]
pub struct Slot {
    #[serde(flatten)]
    schedule: ScheduleBody,
    #[schema(value_type = Option<String>)]
    teacher_id: Option<TeacherId>,
    teacher_name: Option<String>,
    location: String,
    /// 0 one-to-one, 1 class, 2 session, 3 trial.
    course_kind: i64,
    level: i64,
    category: String,
    /// What a seat costs.
    #[schema(value_type = i64)]
    final_price_fen: Fen,
}

/// A page of the classes of one local day.
#[derive(Serialize, ToSchema)]
pub struct Slots {
    date: String,
    #[serde(flatten)]
    page: reply::Listed<Slot>,
}

/// Each day of a month in numbers.
#[derive(Serialize, ToSchema)]
pub struct Month {
    #[schema(example = "2025-11")]
    month: String,
    days: Vec<MonthDay>,
}

#[derive(Serialize, ToSchema)]
pub struct MonthDay {
    date: String,
    classes: u32,
    /// Of these, how many have a seat left and have not begun.
    free: u32,
    /// Live bookings of the caller's students.
    mine_booked: u32,
    /// Their places in queues.
    mine_waiting: u32,
}

/// Of a class: nobody has all of its seats, is on the way to one, or was promised one.
const HAS_A_SEAT: &str = "s.status = 'open' and s.booked < s.capacity and s.booked + \
    (select count(*) from seat_holds h where h.schedule_id = s.id and h.status = 'active') + \
    (select count(*) from waitlist_rounds r where r.schedule_id = s.id and r.stage <> 'done') < s.capacity";

const JOINED: &str =
    "schedules s left join teachers t on t.id = s.teacher_id left join courses c on c.id = s.course_id";

// ---- for everybody

/// The classes of one local day, today unless `date` is given; as many to a page as there may be.
/// `student_id` says whose part of each is shown.
#[utoipa::path(get, path = "/slots", tag = "schedules",
    params(("date" = Option<String>, Query), ("teacher_id" = Option<String>, Query),
        ("course_id" = Option<String>, Query), ("student_id" = Option<String>, Query),
        ("page" = Option<u32>, Query), ("page_size" = Option<u32>, Query)),
    responses((status = 200, body = Slots), (status = 404)))]
pub async fn list_slots(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let filters = chosen(&ctx, &query)?;
    day_of(&ctx, &caller, &query, filters).await
}

/// One class as lists show it: its state, and who teaches it where for how much.
#[utoipa::path(get, path = "/slots/{id}", tag = "schedules", params(("student_id" = Option<String>, Query)),
    responses((status = 200, body = Slot), (status = 404)))]
pub async fn get_slot(ctx: Ctx, caller: Caller, req: HttpRequest, query: Query) -> Result<HttpResponse, Problem> {
    let id: ScheduleId = path_id(&req, "id")?;
    let viewer = viewer_of(&ctx, &caller, &query).await?;
    Ok(ctx.ok(slot(&ctx, id, viewer).await?))
}

/// The classes of a teacher on one local day.
#[utoipa::path(get, path = "/teachers/{id}/slots", tag = "schedules",
    params(("date" = Option<String>, Query), ("course_id" = Option<String>, Query),
        ("student_id" = Option<String>, Query), ("page" = Option<u32>, Query), ("page_size" = Option<u32>, Query)),
    responses((status = 200, body = Slots), (status = 404)))]
pub async fn list_teachers_slots(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    let teacher: TeacherId = path_id(&req, "id")?;
    let sql = "select id from teachers where id = $1 and org_id = $2";
    ctx.app.store.reader().one(sql, args![teacher, ctx.app.org]).await?.ok_or(Problem::NotFound)?;
    let mut filters = chosen(&ctx, &query)?;
    filters.and("s.teacher_id = ?", teacher);
    day_of(&ctx, &caller, &query, filters).await
}

async fn day_of(ctx: &Ctx, caller: &Caller, query: &Query, mut filters: Filters) -> Result<HttpResponse, Problem> {
    let day = days_of(ctx, query, "date", 1)?.remove(0);
    between(&mut filters, day.begins_at, day.ends_at);
    filters.and_always("s.status <> 'revoked'");
    let mut page = query.page()?;
    if query.get("page_size").is_none() {
        page.page_size = PAGE_SIZE_MAX;
    }
    let viewer = viewer_of(ctx, caller, query).await?;
    Ok(ctx.ok(Slots { date: day.date, page: listed(ctx, &filters, page, viewer).await? }))
}

/// The classes of seven days with a seat left, from `startDate` or today; none that has begun.
#[utoipa::path(get, path = "/slots/week", tag = "schedules",
    params(("startDate" = Option<String>, Query), ("teacher_id" = Option<String>, Query),
        ("course_id" = Option<String>, Query), ("student_id" = Option<String>, Query)),
    responses((status = 200, body = [Slot]), (status = 404)))]
pub async fn list_week(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let mut filters = chosen(&ctx, &query)?;
    let days = days_of(&ctx, &query, "startDate", 7)?;
    between(&mut filters, days[0].begins_at, days[6].ends_at);
    filters.and("s.starts_at > ?", ctx.now());
    filters.and_always(HAS_A_SEAT);
    let (page, viewer) = (query.page()?, viewer_of(&ctx, &caller, &query).await?);
    let mut week = listed(&ctx, &filters, page, viewer).await?;
    // Somebody may have taken the last seat since the rows were read.
    week.items.retain(|slot| slot.schedule.seats_left > 0);
    Ok(ctx.ok(week))
}

/// Each day of a month, this one unless `month` is given, in numbers.
#[utoipa::path(get, path = "/slots/month", tag = "schedules",
    params(("month" = Option<String>, Query), ("teacher_id" = Option<String>, Query),
        ("course_id" = Option<String>, Query), ("student_id" = Option<String>, Query)),
    responses((status = 200, body = Month), (status = 404)))]
pub async fn get_month(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let this = || ctx.zone().date(ctx.now())[..7].to_owned();
    let month = query.get("month").map_or_else(this, str::to_owned);
    let bad = || Problem::invalid("month", "应为 2025-11 这样的月份", "use a month such as 2025-11");
    let days = ctx.zone().month(&month).ok_or_else(bad)?;
    let chosen = chosen(&ctx, &query)?;
    let students = match query.get("student_id") {
        Some(named) => vec![ctx.app.people.resolve(&caller, Some(named), ctx.now()).await?],
        None => ctx.app.people.students_of(caller.account()).await?.iter().map(|s| s.id).collect(),
    };
    let mut counted = count_days(&ctx, &chosen, &days).await?;
    let booked = "bookings b on b.schedule_id = s.id and b.status in ('pending', 'confirmed')";
    for day in starts_of(&ctx, &chosen, &days, booked, "b", &students).await? {
        counted[day].mine_booked += 1;
    }
    let waiting = "waitlist w on w.schedule_id = s.id and w.status = 'active'";
    for day in starts_of(&ctx, &chosen, &days, waiting, "w", &students).await? {
        counted[day].mine_waiting += 1;
    }
    Ok(ctx.ok(Month { month, days: counted }))
}

/// One statement, a range of the index for each day.
async fn count_days(ctx: &Ctx, chosen: &Filters, days: &[LocalDay]) -> Result<Vec<MonthDay>, Problem> {
    let mut filters = chosen.clone();
    filters.and_always("s.status <> 'revoked'");
    let now = filters.bind(ctx.now());
    let row = |(n, day): (usize, &LocalDay)| {
        let (begins, ends) = (filters.bind(day.begins_at), filters.bind(day.ends_at));
        format!("(cast({n} as bigint), cast({begins} as bigint), cast({ends} as bigint))")
    };
    let rows: Vec<String> = days.iter().enumerate().map(row).collect();
    let sql = format!(
        "with days (n, begins, ends) as (values {}) select d.n as n, count(*) as classes, \
         sum(case when s.starts_at > {now} and {HAS_A_SEAT} then 1 else 0 end) as free \
         from days d join schedules s on s.starts_at >= d.begins and s.starts_at < d.ends where {} group by d.n",
        rows.join(","),
        filters.sql()
    );
    let empty =
        |day: &LocalDay| MonthDay { date: day.date.clone(), classes: 0, free: 0, mine_booked: 0, mine_waiting: 0 };
    let mut counted: Vec<MonthDay> = days.iter().map(empty).collect();
    for row in ctx.app.store.reader().all(&sql, filters.args()).await? {
        if let Some(day) = counted.get_mut(row.count("n")? as usize) {
            (day.classes, day.free) = (row.count("classes")?, row.count("free")?);
        }
    }
    Ok(counted)
}

/// Which days the students' rows of this table are on, an index for each row.
async fn starts_of(
    ctx: &Ctx,
    chosen: &Filters,
    days: &[LocalDay],
    join: &str,
    table: &str,
    students: &[StudentId],
) -> Result<Vec<usize>, Problem> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
    let mut filters = chosen.clone();
    between(&mut filters, first.begins_at, last.ends_at);
    filters.and_one_of(&format!("{table}.student_id"), students.iter().copied());
    let sql = format!("select s.starts_at from schedules s join {join} where {}", filters.sql());
    let rows = ctx.app.store.reader().all(&sql, filters.args()).await?;
    let day_of = |row: &Row| {
        let at = row.at("starts_at")?;
        Ok(days.partition_point(|day| day.ends_at <= at))
    };
    rows.iter().map(day_of).collect()
}

/// The classes of a course between `from` and `to`; from now on without `from`.
#[utoipa::path(get, path = "/courses/{id}/slots", tag = "schedules",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query),
        ("teacher_id" = Option<String>, Query), ("student_id" = Option<String>, Query)),
    responses((status = 200, body = [Slot]), (status = 404)))]
pub async fn list_courses_slots(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Problem> {
    let course: CourseId = path_id(&req, "id")?;
    ctx.app.courses.get(course).await?.ok_or(Problem::NotFound)?;
    let mut filters = chosen(&ctx, &query)?;
    filters.and("s.course_id = ?", course);
    filters.and_always("s.status <> 'revoked'");
    let (from, to) = span(&ctx, &query, ctx.now())?;
    between(&mut filters, from, to);
    let (page, viewer) = (query.page()?, viewer_of(&ctx, &caller, &query).await?);
    Ok(ctx.ok(listed(&ctx, &filters, page, viewer).await?))
}

// ---- for whoever plans

const STATUSES: [&str; 4] = ["open", "blocked", "completed", "revoked"];

/// All classes that the caller runs, by their start: a teacher's own, the staff's all. `from` and `to`
/// are local dates, both of them included, or instants; from today on without `from`. `q` is a part
/// of the course's or the teacher's name, or of the place.
#[utoipa::path(get, path = "/schedules", tag = "schedules",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query), ("teacher_id" = Option<String>, Query),
        ("course_id" = Option<String>, Query), ("status" = Option<String>, Query), ("q" = Option<String>, Query),
        ("student_id" = Option<String>, Query)),
    responses((status = 200, body = [Slot]), (status = 403), (status = 404)))]
pub async fn list_schedules(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    caller.needs(Action::PlanOwnClasses)?;
    let mut filters = chosen(&ctx, &query)?;
    if !caller.is_staff() {
        filters.and("s.teacher_id = ?", caller.teacher().ok_or(Problem::Forbidden)?);
    }
    let (zone, now) = (ctx.zone(), ctx.now());
    let today = zone.day(&zone.date(now)).map_or(now, |(begins_at, _)| begins_at);
    let (from, to) = span(&ctx, &query, today)?;
    between(&mut filters, from, to);
    if let Some(status) = query.get("status") {
        if !STATUSES.contains(&status) {
            let all = STATUSES.join(", ");
            return Err(Problem::invalid("status", format!("应为 {all}"), format!("use one of {all}")));
        }
        filters.and("s.status = ?", status);
    }
    if let Some(part) = query.get("q") {
        short_text("q", part, NAME_CHARS_MAX, true)?;
        filters.and_part_of(&["c.name", "t.name", "s.location"], part.trim());
    }
    let (page, viewer) = (query.page()?, viewer_of(&ctx, &caller, &query).await?);
    Ok(ctx.ok(listed(&ctx, &filters, page, viewer).await?))
}

// ---- what they have in common

/// The org's classes, of one teacher or course where the query names one.
fn chosen(ctx: &Ctx, query: &Query) -> Result<Filters, Problem> {
    let mut filters = Filters::default();
    filters.and("s.org_id = ?", ctx.app.org);
    if let Some(id) = query.get("teacher_id") {
        let id: TeacherId = id.parse().map_err(|_| unknown("teacher_id"))?;
        filters.and("s.teacher_id = ?", id);
    }
    if let Some(id) = query.get("course_id") {
        let id: CourseId = id.parse().map_err(|_| unknown("course_id"))?;
        filters.and("s.course_id = ?", id);
    }
    Ok(filters)
}

fn between(filters: &mut Filters, from: Timestamp, to: Timestamp) {
    filters.and("s.starts_at >= ?", from);
    filters.and("s.starts_at < ?", to);
}

/// So many local days from the one that the query names, or from today; never none.
fn days_of(ctx: &Ctx, query: &Query, name: &'static str, count: u64) -> Result<Vec<LocalDay>, Problem> {
    let zone = ctx.zone();
    let first = query.get(name).map_or_else(|| zone.date(ctx.now()), str::to_owned);
    let bad = || Problem::invalid(name, "应为 2025-11-12 这样的日期", "use a date such as 2025-11-12");
    zone.days(&first, count).ok_or_else(bad)
}

/// What `from` and `to` say, half-open: a date as `to` is a part of it.
fn span(ctx: &Ctx, query: &Query, default_from: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
    let from = query.instant("from", ctx.zone())?.unwrap_or(default_from);
    let last_day = query.get("to").and_then(|text| ctx.zone().day(text));
    let to = match last_day {
        Some((_, ends_at)) => ends_at,
        None => query.instant("to", ctx.zone())?.unwrap_or(from + LIST_SPAN_MAX),
    };
    if to <= from {
        return Err(Problem::invalid("to", "应晚于 from", "must come after `from`"));
    }
    if to - from > LIST_SPAN_MAX {
        return Err(Problem::invalid("to", "最多62天", "at most 62 days after `from`"));
    }
    Ok((from, to))
}

/// A page of the classes for which these hold, by their start.
async fn listed(
    ctx: &Ctx,
    filters: &Filters,
    page: Page,
    viewer: Option<StudentId>,
) -> Result<reply::Listed<Slot>, Problem> {
    let (reader, which) = (ctx.app.store.reader(), filters.sql());
    let sql = format!("select count(*) as n from {JOINED} where {which}");
    let total = reader.one(&sql, filters.args()).await?.map_or(Ok(0), |r| r.version("n"))?;
    let sql = format!(
        "select s.id, s.teacher_id, s.location, t.name as teacher_name from {JOINED} where {which} \
         order by s.starts_at, s.id limit {} offset {}",
        page.limit(),
        page.offset()
    );
    let rows = reader.all(&sql, filters.args()).await?;
    Ok(page.of(slots(ctx, &rows, viewer).await?, total))
}

/// One class, as lists show it.
pub async fn slot(ctx: &Ctx, id: ScheduleId, viewer: Option<StudentId>) -> Result<Slot, Problem> {
    let sql = format!(
        "select s.id, s.teacher_id, s.location, t.name as teacher_name from {JOINED} where s.id = $1 and s.org_id = $2"
    );
    let rows = ctx.app.store.reader().all(&sql, args![id, ctx.app.org]).await?;
    slots(ctx, &rows, viewer).await?.pop().ok_or(Problem::Rule(Rejection::UnknownSchedule))
}

async fn slots(ctx: &Ctx, rows: &[Row], viewer: Option<StudentId>) -> Result<Vec<Slot>, Problem> {
    let ids = rows.iter().map(|row| row.parse("id")).collect::<Result<Vec<ScheduleId>, _>>()?;
    let mut told: HashMap<ScheduleId, Seen> = HashMap::new();
    for seen in ctx.app.engine.look_all(&ids, viewer).await? {
        told.insert(seen.view.head.id, seen);
    }
    let mut slots = Vec::with_capacity(rows.len());
    for (row, id) in rows.iter().zip(ids) {
        if let Some(seen) = told.remove(&id) {
            slots.push(slot_of(ctx, row, &seen).await?);
        }
    }
    Ok(slots)
}

async fn slot_of(ctx: &Ctx, row: &Row, seen: &Seen) -> Result<Slot, Problem> {
    let head = &seen.view.head;
    let course = ctx.app.courses.get(head.course).await?;
    let course = course.as_deref();
    Ok(Slot {
        schedule: body_of(ctx, seen).await?,
        teacher_id: row.opt_parse("teacher_id")?,
        teacher_name: row.opt_text("teacher_name")?.map(str::to_owned),
        location: row.text("location")?.to_owned(),
        course_kind: course.map_or(1, |c| c.kind),
        level: course.map_or(0, |c| c.level),
        category: course.map_or(String::new(), |c| c.category.clone()),
        final_price_fen: head.policy.final_price(),
    })
}
