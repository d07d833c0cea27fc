//! Schedules: planning them, running them, and what they show now.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::courses::{Course, short_text, within};
use crate::{
    args,
    base::{
        ids::{CourseId, OrgId, ScheduleId, StudentId, TeacherId},
        keys::{RequestKey, StoredAnswer},
        limits::{AHEAD_MAX, CAPACITY_MAX, DURATION_MAX, NAME_CHARS_MAX},
        time::{MINUTE, Timestamp},
        units::Fen,
    },
    domain::{
        access::Action,
        schedule::{
            Command, Policy, Receipt, Rejection,
            command::Evidence,
            state::Head,
            view::{Mine, View},
        },
    },
    engine::{Answer, Order, Render, Seen},
    flows::plan::{self, Move, Plan, TeacherBusy},
    live::{
        CourseNames,
        bodies::{HoldBody, ScheduleBody},
    },
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Nothing, Query, answer, bad_instant, path_id},
        reply,
    },
};

// ---- asking the engine

/// How a granted command is told.
pub type Tell = Arc<dyn Fn(&Receipt, &Head, Timestamp) -> (u16, String) + Send + Sync>;

/// Asks a schedule for something and answers as `tell` says; under a key the answer is rendered
/// in the turn that decides and stored with its effect.
pub async fn ask(
    ctx: &Ctx,
    schedule: ScheduleId,
    command: Command,
    key: Option<RequestKey>,
    tell: Tell,
) -> Result<HttpResponse, Problem> {
    let order = Order::keyed(command, key, render(ctx, tell.clone()));
    send(ctx, schedule, order, tell).await
}

/// The same, but a refusal comes back without being kept under the key.
pub async fn ask_once_granted(
    ctx: &Ctx,
    schedule: ScheduleId,
    command: Command,
    key: Option<RequestKey>,
    tell: Tell,
) -> Result<HttpResponse, Problem> {
    let order = Order::keyed(command, key, render(ctx, tell.clone())).handing_refusals_back();
    send(ctx, schedule, order, tell).await
}

async fn send(ctx: &Ctx, schedule: ScheduleId, order: Order, tell: Tell) -> Result<HttpResponse, Problem> {
    check_ours(ctx, schedule).await?;
    // Looked up before anything is decided: the journal would find it as well, but only after a
    // turn that others have built upon.
    if let Some((key, _)) = &order.key
        && let Some(before) = ctx.app.store.recall(key).await?
    {
        return ctx.keyed(before);
    }
    let answered = tokio::time::timeout(ANSWER_WITHIN, ctx.app.engine.submit(schedule, order)).await;
    match answered.map_err(|_| Problem::Timeout)?? {
        Answer::Given { outcome: Ok(receipt), head, at } => {
            let (status, body) = tell(&receipt, &head, at);
            Ok(reply::raw(status, body))
        }
        given => answer(given),
    }
}

/// Another org's schedule does not exist here. Asked before every order, so the answer is kept; and
/// by handlers that would make the caller's first student before they order.
pub async fn check_ours(ctx: &Ctx, id: ScheduleId) -> Result<(), Problem> {
    if ctx.app.our_schedules.get(&id).is_some() {
        return Ok(());
    }
    let sql = "select id from schedules where id = $1 and org_id = $2";
    let found = ctx.app.store.reader().one(sql, args![id, ctx.app.org]).await?;
    found.ok_or(Problem::Rule(Rejection::UnknownSchedule))?;
    ctx.app.our_schedules.insert(id, ());
    Ok(())
}

/// Not waited for any longer; what was asked for may still be done.
const ANSWER_WITHIN: std::time::Duration = std::time::Duration::from_secs(15);

fn render(ctx: &Ctx, tell: Tell) -> Render {
    let (lang, request_id) = (ctx.lang, ctx.request_id.clone());
    Box::new(move |outcome, head, at| -> StoredAnswer {
        match outcome {
            Ok(receipt) => {
                let (status, body) = tell(receipt, head, at);
                reply::stored(status, body)
            }
            Err(rejection) => reply::stored_problem(&Problem::Rule(*rejection), lang, &request_id),
        }
    })
}

// ---- planning

/// Lengths in milliseconds, money in fen; what is not given follows the house rules.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyChange {
    window_ms: Option<i64>,
    cutoff_ms: Option<i64>,
    grace_ms: Option<i64>,
    reminder_ms: Option<i64>,
    hold_ms: Option<i64>,
    pay_ms: Option<i64>,
    cancel_notice_ms: Option<i64>,
    price_modifier_fen: Option<i64>,
    /// A freed seat is offered only to those in the queue who can be reached now, on an open page or
    /// by a message; to all when nobody can. Whoever is left out keeps their place.
    skip_unreachable: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewSchedule {
    course_id: String,
    /// RFC 3339.
    starts_at: String,
    /// Left out: the course's duration.
    ends_at: Option<String>,
    capacity: Option<u32>,
    teacher_id: Option<String>,
    #[serde(default)]
    location: String,
    #[serde(default)]
    policy: PolicyChange,
}

/// Plans a class. Without a teacher it is the caller's own, when the caller is one.
#[utoipa::path(post, path = "/schedules", tag = "schedules", request_body = NewSchedule,
    responses((status = 201, body = ScheduleBody), (status = 400), (status = 403), (status = 409)))]
pub async fn create_schedule(ctx: Ctx, caller: Caller, body: Body<NewSchedule>) -> Result<HttpResponse, Problem> {
    caller.needs(Action::PlanOwnClasses)?;
    let plan = plan_of(&ctx, &caller, body.value).await?;
    let name = ctx.app.courses.name(plan.course);
    let (app, lang, zone, request_id) = (ctx.app.clone(), ctx.lang, ctx.zone(), ctx.request_id.clone());
    let render = Box::new(move |made: Result<&crate::domain::schedule::Opened, TeacherBusy>| match made {
        Err(TeacherBusy) => reply::stored_problem(&Problem::TeacherBusy, lang, &request_id),
        Ok(opened) => {
            let s = crate::domain::schedule::Schedule::opened(opened);
            let waitlist = crate::engine::WaitlistSizes::of(&*app.sizes, &s.head);
            let view = s.view(opened.at, waitlist);
            let body = ScheduleBody::of(&view, app.store.epoch(), opened.at, &name, &Mine::default(), zone);
            reply::stored(201, reply::body(lang, 201, body))
        }
    });
    let _planning = match plan.teacher {
        Some(_) => Some(ctx.app.planning.lock().await),
        None => None,
    };
    let made = plan::open_schedule(&ctx.app.store, &ctx.app.clock, &*ctx.app.ids, body.key, plan, render);
    ctx.keyed(made.await?)
}

async fn plan_of(ctx: &Ctx, caller: &Caller, new: NewSchedule) -> Result<Plan, Problem> {
    let NewSchedule { course_id, starts_at, ends_at, capacity, teacher_id, location, policy } = new;
    let rest = Shared { course_id, teacher_id, capacity, location, policy }.checked(ctx, caller).await?;
    let starts_at = Timestamp::parse(&starts_at).ok_or_else(|| bad_instant("starts_at"))?;
    let ends_at = match &ends_at {
        Some(text) => Timestamp::parse(text).ok_or_else(|| bad_instant("ends_at"))?,
        None => rest.ends_at(starts_at),
    };
    check_times(ctx.now(), starts_at, ends_at)?;
    Ok(rest.plan(ctx.app.org, starts_at, ends_at))
}

/// What classes that are planned together have in common, as it was asked for: all but their times.
pub struct Shared {
    pub course_id: String,
    pub teacher_id: Option<String>,
    pub capacity: Option<u32>,
    pub location: String,
    pub policy: PolicyChange,
}

impl Shared {
    pub async fn checked(self, ctx: &Ctx, caller: &Caller) -> Result<Checked, Problem> {
        let Self { course_id, teacher_id, capacity, location, policy } = self;
        let course: CourseId = course_id.parse().map_err(|_| unknown("course_id"))?;
        let course = ctx.app.courses.get(course).await?.ok_or_else(|| unknown("course_id"))?;
        let capacity = capacity.unwrap_or(course.default_capacity);
        within("capacity", i64::from(capacity), 1, i64::from(CAPACITY_MAX))?;
        short_text("location", &location, NAME_CHARS_MAX, true)?;
        let teacher = teacher_of(ctx, caller, teacher_id.as_deref()).await?;
        let policy = policy_of(&course, &policy)?;
        Ok(Checked { course, teacher, capacity, location, policy })
    }
}

/// The same, found sound.
pub struct Checked {
    course: Arc<Course>,
    pub teacher: Option<TeacherId>,
    capacity: u32,
    location: String,
    policy: Policy,
}

impl Checked {
    /// When nobody said so.
    pub fn ends_at(&self, starts_at: Timestamp) -> Timestamp {
        starts_at + self.course.duration_min * MINUTE
    }

    pub fn plan(&self, org: OrgId, starts_at: Timestamp, ends_at: Timestamp) -> Plan {
        let Self { course, teacher, capacity, location, policy } = self;
        let (course, location, policy) = (course.id, location.clone(), policy.clone());
        Plan { org, course, teacher: *teacher, starts_at, ends_at, capacity: *capacity, location, policy }
    }
}

pub fn unknown(field: &'static str) -> Problem {
    Problem::invalid(field, "不存在", "does not exist")
}

pub fn check_times(now: Timestamp, starts_at: Timestamp, ends_at: Timestamp) -> Result<(), Problem> {
    if starts_at <= now {
        return Err(Problem::invalid("starts_at", "开始时间已过", "lies in the past"));
    }
    if starts_at - now > AHEAD_MAX {
        return Err(Problem::invalid("starts_at", "最多提前两年", "at most two years ahead"));
    }
    if ends_at <= starts_at {
        return Err(Problem::invalid("ends_at", "应晚于开始时间", "must come after starts_at"));
    }
    if ends_at - starts_at > DURATION_MAX {
        return Err(Problem::invalid("ends_at", "课程最长24小时", "a class lasts at most 24 hours"));
    }
    Ok(())
}

/// The teacher of a class: a named one, else the caller; only staff may name another.
async fn teacher_of(ctx: &Ctx, caller: &Caller, named: Option<&str>) -> Result<Option<TeacherId>, Problem> {
    let Some(named) = named else { return Ok(caller.teacher()) };
    let id: TeacherId = named.parse().map_err(|_| unknown("teacher_id"))?;
    if caller.teacher() == Some(id) {
        return Ok(Some(id));
    }
    caller.needs(Action::PlanAnyClass)?;
    let sql = "select id from teachers where id = $1 and org_id = $2";
    let found = ctx.app.store.reader().one(sql, args![id, ctx.app.org]).await?;
    found.map(|_| Some(id)).ok_or_else(|| unknown("teacher_id"))
}

/// The rules' numbers of a new class: the house rules with what was asked for, within their bounds.
pub fn policy_of(course: &Course, change: &PolicyChange) -> Result<Policy, Problem> {
    let house = Policy::default();
    let policy = Policy {
        window_ms: change.window_ms.unwrap_or(house.window_ms),
        cutoff_ms: change.cutoff_ms.unwrap_or(house.cutoff_ms),
        grace_ms: change.grace_ms.unwrap_or(house.grace_ms),
        reminder_ms: change.reminder_ms.unwrap_or(house.reminder_ms),
        hold_ms: change.hold_ms.unwrap_or(house.hold_ms),
        pay_ms: change.pay_ms.unwrap_or(house.pay_ms),
        cancel_notice_ms: change.cancel_notice_ms.unwrap_or(house.cancel_notice_ms),
        confirm: course.confirm_mode,
        price_fen: course.price_fen,
        price_modifier_fen: Fen(change.price_modifier_fen.unwrap_or(0)),
        course_kind: course.kind(),
        tier: course.tier,
        skip_unreachable: change.skip_unreachable.unwrap_or(house.skip_unreachable),
    };
    if let Some((field, min, max)) = policy.out_of_bounds() {
        let field = format!("policy.{field}");
        return Err(Problem::invalid(field, format!("应在{min}到{max}毫秒之间"), format!("use {min} to {max} ms")));
    }
    within("policy.price_modifier_fen", policy.price_modifier_fen.0, -100_000_000, 100_000_000)?;
    Ok(policy)
}

// ---- running

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ScheduleChange {
    capacity: Option<u32>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    teacher_id: Option<String>,
    location: Option<String>,
}

/// Changes a class: its times, teacher and place, then its capacity. Booked and waiting students are
/// told of another time, teacher or place, once of all of it, and so are the teachers.
#[utoipa::path(patch, path = "/schedules/{id}", tag = "schedules", request_body = ScheduleChange,
    responses((status = 200, body = ScheduleBody), (status = 404), (status = 409)))]
pub async fn change_schedule(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<ScheduleChange>,
) -> Result<HttpResponse, Problem> {
    let id = managed(&ctx, &caller, &req).await?;
    let Body { value, key } = body;
    Ctx::to_the_end(async move { ctx.once(key, apply_change(&ctx, &caller, id, value)).await }).await
}

/// Step by step. What can be refused is looked at before the first step, so that a refusal leaves
/// all as it was, unless someone books in between.
async fn apply_change(
    ctx: &Ctx,
    caller: &Caller,
    id: ScheduleId,
    change: ScheduleChange,
) -> Result<StoredAnswer, Problem> {
    if let Some(location) = &change.location {
        short_text("location", location, NAME_CHARS_MAX, true)?;
    }
    if let Some(capacity) = change.capacity {
        within("capacity", i64::from(capacity), 1, i64::from(CAPACITY_MAX))?;
    }
    let View { taken, held, offered, head, .. } = ctx.app.engine.look(id, None).await?.view;
    if change.capacity.is_some_and(|capacity| capacity < taken + held + offered) {
        return Err(Problem::Rule(Rejection::CapacityInUse));
    }
    let moves = change.starts_at.is_some() || change.ends_at.is_some() || change.teacher_id.is_some();
    let to = if moves { Some(new_times(ctx, caller, &change, &head).await?) } else { None };
    // Who is told of the move reads the place where it is told: it stands there first, and nobody is told twice.
    let is_told = to.as_ref().is_some_and(|to| to.changes(&head));
    let left = match change.location {
        Some(location) => set_place(ctx, id, location).await?,
        None => None,
    };
    if let Some(to) = to
        && let Err(problem) = move_schedule(ctx, id, to).await
    {
        if let Some(left) = left {
            set_place(ctx, id, left).await?;
        }
        return Err(problem);
    }
    if left.is_some() && !is_told {
        plain(ctx, id, Command::TellPlace).await?;
    }
    if let Some(capacity) = change.capacity {
        plain(ctx, id, Command::SetCapacity { capacity }).await?;
    }
    shown(ctx, id, None).await
}

/// The place that it leaves; none where it is there already.
async fn set_place(ctx: &Ctx, id: ScheduleId, location: String) -> Result<Option<String>, Problem> {
    let left = ctx.app.store.write(move |tx| {
        Box::pin(async move {
            let sql = "select location from schedules where id = $1 and location <> $2";
            let Some(row) = tx.one(sql, args![id, location.clone()]).await? else { return Ok(None) };
            let left = row.text("location")?.to_owned();
            tx.exec("update schedules set location = $2 where id = $1", args![id, location]).await?;
            Ok(Some(left))
        })
    });
    Ok(left.await?)
}

async fn new_times(ctx: &Ctx, caller: &Caller, change: &ScheduleChange, head: &Head) -> Result<Move, Problem> {
    let starts_at = match &change.starts_at {
        Some(text) => Timestamp::parse(text).ok_or_else(|| bad_instant("starts_at"))?,
        None => head.starts_at,
    };
    let ends_at = match &change.ends_at {
        Some(text) => Timestamp::parse(text).ok_or_else(|| bad_instant("ends_at"))?,
        // Moved as a whole: it lasts as long as before.
        None => starts_at + (head.ends_at - head.starts_at),
    };
    check_times(ctx.now(), starts_at, ends_at)?;
    let teacher = match &change.teacher_id {
        Some(named) => teacher_of(ctx, caller, Some(named)).await?,
        None => head.teacher,
    };
    Ok(Move { starts_at, ends_at, teacher })
}

async fn move_schedule(ctx: &Ctx, id: ScheduleId, to: Move) -> Result<(), Problem> {
    let _planning = ctx.app.planning.lock().await;
    let busy = match to.teacher {
        Some(teacher) => {
            let Move { starts_at, ends_at, .. } = to;
            let find = ctx.app.store.write(move |tx| {
                Box::pin(crate::store::schedules::teacher_busy(tx, teacher, Some(id), starts_at, ends_at))
            });
            find.await?
        }
        None => None,
    };
    if busy.is_some() {
        return Err(Problem::TeacherBusy);
    }
    let tell: Tell = Arc::new(|_, _, _| (200, String::new()));
    match plan::reschedule(&ctx.app.engine, id, to, None, || render(ctx, tell.clone())).await? {
        Answer::Given { outcome: Err(rejection), .. } => Err(Problem::Rule(rejection)),
        Answer::Given { outcome: Ok(_), .. } | Answer::Stored(_) => Ok(()),
    }
}

/// A command whose receipt nobody reads.
async fn plain(ctx: &Ctx, id: ScheduleId, command: Command) -> Result<(), Problem> {
    match ctx.app.engine.submit(id, Order::new(command)).await? {
        Answer::Given { outcome: Err(rejection), .. } => Err(Problem::Rule(rejection)),
        Answer::Given { outcome: Ok(_), .. } | Answer::Stored(_) => Ok(()),
    }
}

/// The schedule of the path, if the caller may run it: staff all, a teacher their own.
pub async fn managed(ctx: &Ctx, caller: &Caller, req: &HttpRequest) -> Result<ScheduleId, Problem> {
    caller.needs(Action::PlanOwnClasses)?;
    let id: ScheduleId = path_id(req, "id")?;
    let sql = "select teacher_id from schedules where id = $1 and org_id = $2";
    let row = ctx.app.store.reader().one(sql, args![id, ctx.app.org]).await?.ok_or(Problem::NotFound)?;
    let teacher: Option<TeacherId> = row.opt_parse("teacher_id")?;
    if caller.is_staff() || (teacher.is_some() && teacher == caller.teacher()) {
        Ok(id)
    } else {
        Err(Problem::NotFound)
    }
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Reason {
    reason: Option<String>,
}

impl Reason {
    pub fn checked(self) -> Result<Option<Box<str>>, Problem> {
        if let Some(reason) = &self.reason {
            short_text("reason", reason, NAME_CHARS_MAX, true)?;
        }
        Ok(self.reason.filter(|r| !r.trim().is_empty()).map(Into::into))
    }
}

async fn run(
    ctx: &Ctx,
    caller: &Caller,
    req: &HttpRequest,
    key: Option<RequestKey>,
    command: Command,
) -> Result<HttpResponse, Problem> {
    let id = managed(ctx, caller, req).await?;
    let work = async {
        plain(ctx, id, command).await?;
        shown(ctx, id, None).await
    };
    ctx.once(key, work).await
}

/// Cancels the class and all its bookings; whoever paid is refunded, whoever waits is told.
#[utoipa::path(post, path = "/schedules/{id}/revoke", tag = "schedules", request_body = Reason,
    responses((status = 200, body = ScheduleBody), (status = 404), (status = 409)))]
pub async fn revoke(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Reason>) -> Result<HttpResponse, Problem> {
    let reason = body.value.checked()?;
    run(&ctx, &caller, &req, body.key, Command::Revoke { reason }).await
}

/// Takes no more bookings; those that there are stay.
#[utoipa::path(post, path = "/schedules/{id}/block", tag = "schedules", responses((status = 200, body = ScheduleBody)))]
pub async fn block(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Nothing>) -> Result<HttpResponse, Problem> {
    run(&ctx, &caller, &req, body.key, Command::Block).await
}

/// Opens it again; free seats are offered to those who wait.
#[utoipa::path(post, path = "/schedules/{id}/unblock", tag = "schedules", responses((status = 200, body = ScheduleBody)))]
pub async fn unblock(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Nothing>) -> Result<HttpResponse, Problem> {
    run(&ctx, &caller, &req, body.key, Command::Unblock).await
}

/// The class took place; everyone who was confirmed was there, unless marked absent.
#[utoipa::path(post, path = "/schedules/{id}/complete", tag = "schedules", responses((status = 200, body = ScheduleBody)))]
pub async fn complete(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    run(&ctx, &caller, &req, body.key, Command::Complete).await
}

// ---- holding a seat

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ForStudent {
    profile_id: Option<String>,
}

/// Keeps a seat for five minutes while its student decides; asked again, the same hold.
#[utoipa::path(post, path = "/schedules/{id}/hold", tag = "schedules", request_body = ForStudent,
    responses((status = 200), (status = 404), (status = 409)))]
pub async fn hold(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<ForStudent>) -> Result<HttpResponse, Problem> {
    let id: ScheduleId = path_id(&req, "id")?;
    check_ours(&ctx, id).await?;
    let student = ctx.app.people.resolve(&caller, body.value.profile_id.as_deref(), ctx.now()).await?;
    let command = Command::Hold { student, account: caller.account(), calendar: Evidence::unknown() };
    let (lang, zone) = (ctx.lang, ctx.zone());
    let tell: Tell = Arc::new(move |receipt, _, _| {
        let Receipt::Held(hold) = receipt else { unreachable!("a hold is answered with a hold") };
        (200, reply::body(lang, 200, HoldBody::of(hold, zone)))
    });
    ask(&ctx, id, command, body.key, tell).await
}

/// Gives the held seat back. Whose it is may stand in the address: some clients send no body with a DELETE.
#[utoipa::path(delete, path = "/schedules/{id}/hold", tag = "schedules", params(("profile_id" = Option<String>, Query)),
    responses((status = 200)))]
pub async fn release_hold(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    query: Query,
    body: Body<ForStudent>,
) -> Result<HttpResponse, Problem> {
    let id: ScheduleId = path_id(&req, "id")?;
    check_ours(&ctx, id).await?;
    let profile = body.value.profile_id.as_deref().or(query.get("profile_id"));
    let student = ctx.app.people.resolve(&caller, profile, ctx.now()).await?;
    let lang = ctx.lang;
    let tell: Tell = Arc::new(move |_, _, _| (200, reply::body(lang, 200, serde_json::json!({ "released": true }))));
    ask(&ctx, id, Command::ReleaseHold { student }, body.key, tell).await
}

// ---- looking

/// The live state, with the caller's own part.
#[utoipa::path(get, path = "/schedules/{id}", tag = "schedules", params(("student_id" = Option<String>, Query)),
    responses((status = 200, body = ScheduleBody), (status = 404)))]
pub async fn get_schedule(ctx: Ctx, caller: Caller, req: HttpRequest, query: Query) -> Result<HttpResponse, Problem> {
    let id: ScheduleId = path_id(&req, "id")?;
    let viewer = viewer_of(&ctx, &caller, &query).await?;
    show(&ctx, id, viewer).await
}

/// Whose part to show: the asked-for student's, who must be the caller's; else the caller's own.
/// They may book next.
pub async fn viewer_of(ctx: &Ctx, caller: &Caller, query: &Query) -> Result<Option<StudentId>, Problem> {
    let viewer = match query.get("student_id") {
        Some(named) => Some(ctx.app.people.resolve(caller, Some(named), ctx.now()).await?),
        None => ctx.app.people.students_of(caller.account()).await?.first().map(|s| s.id),
    };
    if let Some(student) = viewer {
        ctx.app.engine.expect(student).await;
    }
    Ok(viewer)
}

async fn show(ctx: &Ctx, id: ScheduleId, viewer: Option<StudentId>) -> Result<HttpResponse, Problem> {
    shown(ctx, id, viewer).await.map(|answer| reply::from_stored(&answer))
}

async fn shown(ctx: &Ctx, id: ScheduleId, viewer: Option<StudentId>) -> Result<StoredAnswer, Problem> {
    let seen = ctx.app.engine.look(id, viewer).await?;
    if seen.view.head.org != ctx.app.org {
        return Err(Problem::Rule(Rejection::UnknownSchedule));
    }
    Ok(ctx.told(body_of(ctx, &seen).await?))
}

pub async fn body_of(ctx: &Ctx, seen: &Seen) -> Result<ScheduleBody, Problem> {
    let course = ctx.app.courses.get(seen.view.head.course).await?;
    let name = course.as_ref().map_or("", |c| &c.name);
    Ok(ScheduleBody::of(&seen.view, seen.epoch, seen.at, name, &seen.mine, ctx.zone()))
}
