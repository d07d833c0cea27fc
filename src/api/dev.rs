//! Demo mode: a clock that is moved by hand, people by the thousand, a rush on a class.

use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::HttpResponse;
use futures_util::{StreamExt, future::BoxFuture, stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{people::Wanted, schedules::check_ours};
use crate::{
    args,
    base::{
        ids::{AccountId, ScheduleId, SessionId, StudentId},
        keys::StoredAnswer,
        limits::NAME_CHARS_MAX,
        time::{DAY, Timestamp},
    },
    domain::{
        access::{Action, Role},
        schedule::{
            Command, Receipt, Rejection,
            command::Evidence,
            state::{Canceller, Source},
        },
    },
    engine::{Answer, Engine, Order, journal::Fault},
    flows::clock::{Alarm, MoveError, move_clock},
    live::bodies::booking_body,
    outbox::Outbox,
    store::StoreError,
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, bad_instant},
        state::App,
    },
};

fn demo_only(ctx: &Ctx) -> Result<(), Problem> {
    if ctx.app.config.is_demo() { Ok(()) } else { Err(Problem::DemoOnly) }
}

// ---- the clock

#[derive(Serialize, ToSchema)]
pub struct ClockNow {
    now: String,
    manual: bool,
}

fn clock_now(ctx: &Ctx) -> ClockNow {
    ClockNow { now: ctx.zone().rfc3339(ctx.now()), manual: ctx.app.clock.is_manual() }
}

/// What the server takes for now.
#[utoipa::path(get, path = "/dev/clock", tag = "demo", responses((status = 200, body = ClockNow)))]
pub async fn get_clock(ctx: Ctx, _caller: Caller) -> Result<HttpResponse, Problem> {
    demo_only(&ctx)?;
    Ok(ctx.ok(clock_now(&ctx)))
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct MoveClock {
    now: Option<String>,
    advance_ms: Option<i64>,
}

/// Moves a manual clock forward; every deadline on the way is handled at its own instant.
#[utoipa::path(put, path = "/dev/clock", tag = "demo", request_body = MoveClock,
    responses((status = 200, body = ClockNow), (status = 403), (status = 409)))]
pub async fn set_clock(ctx: Ctx, caller: Caller, body: Body<MoveClock>) -> Result<HttpResponse, Problem> {
    demo_only(&ctx)?;
    caller.needs(Action::MoveClock)?;
    // To its end, also when the client goes away: its key would be kept for no move, or a part of one.
    let moved = actix_web::rt::spawn(async move { ctx.once(body.key, advance(&ctx, body.value)).await });
    moved.await.map_err(|e| Problem::Internal(Fault::new(e)))?
}

async fn advance(ctx: &Ctx, to: MoveClock) -> Result<StoredAnswer, Problem> {
    if !ctx.app.clock.is_manual() {
        return Err(Problem::ClockNotManual);
    }
    // One at a time: the second starts from where the first came to.
    let _moving = ctx.app.planning.lock().await;
    let to = match to {
        MoveClock { now: Some(now), advance_ms: None } => Timestamp::parse(&now).ok_or_else(|| bad_instant("now"))?,
        MoveClock { now: None, advance_ms: Some(ms) } if ms < 0 => return Err(Problem::ClockBackwards),
        MoveClock { now: None, advance_ms: Some(ms) } if ms <= 3_660 * DAY => ctx.now() + ms,
        MoveClock { .. } => {
            let en = "send either `now` or `advance_ms` (at most ten years)";
            return Err(Problem::invalid("now", "请提供 now 或 advance_ms 之一", en));
        }
    };
    let alarm = OutboxAlarm(ctx.app.outbox.clone());
    move_clock(&ctx.app.engine, &alarm, to).await.map_err(|e| match e {
        MoveError::NotManual => Problem::ClockNotManual,
        MoveError::Backwards => Problem::ClockBackwards,
        MoveError::Stuck(fault) => Problem::Unavailable(fault),
    })?;
    Ok(ctx.told(clock_now(ctx)))
}

/// Class reminders and messages keep to the same clock.
struct OutboxAlarm(Outbox);

impl Alarm for OutboxAlarm {
    fn next(&self, after: Timestamp, until: Timestamp) -> BoxFuture<'_, Result<Option<Timestamp>, Fault>> {
        Box::pin(async move { Ok(self.0.jobs.next_reminder(after, until).await?) })
    }

    fn run(&self, now: Timestamp) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move { Ok(self.0.drain(now).await?) })
    }
}

// ---- people

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct MakePeople {
    role: String,
    prefix: String,
    count: u32,
}

#[derive(Serialize, ToSchema)]
pub struct MadePerson {
    token: String,
    #[schema(value_type = String)]
    account_id: AccountId,
    #[schema(value_type = Option<String>)]
    student_id: Option<StudentId>,
}

#[derive(Serialize, ToSchema)]
pub struct MadePeople {
    items: Vec<MadePerson>,
}

const PEOPLE_MAX: u32 = 20_000;

/// Many people at once, with tokens that live for a day; for load tests.
#[utoipa::path(post, path = "/dev/people", tag = "demo", request_body = MakePeople,
    responses((status = 200, body = MadePeople), (status = 403)))]
pub async fn make_people(ctx: Ctx, caller: Caller, body: Body<MakePeople>) -> Result<HttpResponse, Problem> {
    demo_only(&ctx)?;
    caller.needs(Action::MakePeople)?;
    let MakePeople { role, prefix, count } = body.value;
    let role = Role::named(&role).ok_or_else(|| Problem::invalid("role", "未知角色", "is not a role"))?;
    super::courses::short_text("prefix", &prefix, NAME_CHARS_MAX / 2, false)?;
    super::courses::within("count", i64::from(count), 1, i64::from(PEOPLE_MAX))?;
    let wanted = (0..count).map(|i| Wanted { role, name: format!("{prefix}-{i:05}") }).collect();
    ctx.once(body.key, made_people(&ctx, wanted)).await
}

async fn made_people(ctx: &Ctx, wanted: Vec<Wanted>) -> Result<StoredAnswer, Problem> {
    let people = ctx.app.people.ensure(wanted, ctx.now()).await?;
    let made = people.into_iter().map(|(person, students)| {
        let session = SessionId::from_u128(ctx.app.ids.next(ctx.now()));
        let token = ctx.app.tokens.sign_for(person.account, session, ctx.app.org, person.roles, person.teacher, DAY);
        MadePerson { token, account_id: person.account, student_id: students.first().map(|s| s.id) }
    });
    Ok(ctx.told(MadePeople { items: made.collect() }))
}

// ---- a rush

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Rush {
    schedule_id: String,
    students: u32,
}

#[derive(Default, Serialize, ToSchema)]
pub struct RushResult {
    students: u32,
    booked: u32,
    queued: u32,
    refused: u32,
    took_ms: u64,
}

const RUSH_MAX: u32 = 500;
/// Places in the queue that a rush leaves to the visitors who watch it.
const RUSH_LEAVES: u32 = 2;

/// Sends many demo students at one class at once; who finds it full joins the queue, but for its
/// last two places.
#[utoipa::path(post, path = "/dev/rush", tag = "demo", request_body = Rush, responses((status = 200, body = RushResult)))]
pub async fn rush(ctx: Ctx, _caller: Caller, body: Body<Rush>) -> Result<HttpResponse, Problem> {
    demo_only(&ctx)?;
    let Rush { schedule_id, students } = body.value;
    super::courses::within("students", i64::from(students), 1, i64::from(RUSH_MAX))?;
    let id: ScheduleId = schedule_id.parse().map_err(|_| Problem::Rule(Rejection::UnknownSchedule))?;
    let work = async { Ok(ctx.told(rush_on(&ctx, id, students).await?)) };
    ctx.once(body.key, work).await
}

async fn rush_on(ctx: &Ctx, id: ScheduleId, students: u32) -> Result<RushResult, Problem> {
    check_ours(ctx, id).await?;
    let class = ctx.app.engine.look(id, None).await?.view;
    let room = AtomicU32::new(class.waitlist_capacity.saturating_sub(class.waitlist_len + RUSH_LEAVES));
    let crowd = crowd(&ctx.app, students).await?;
    // How long it really took: the server's own clock may stand still.
    let began = std::time::Instant::now();
    let mut result = RushResult { students, ..RushResult::default() };
    let mut outcomes = stream::iter(crowd)
        .map(|(student, account)| book_or_join(&ctx.app.engine, &room, id, student, account))
        .buffer_unordered(RUSH_MAX as usize);
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Outcome::Booked => result.booked += 1,
            Outcome::Queued => result.queued += 1,
            Outcome::Refused => result.refused += 1,
        }
    }
    result.took_ms = began.elapsed().as_millis() as u64;
    Ok(result)
}

/// New demo students for each rush: those of the last one are booked already.
async fn crowd(app: &App, students: u32) -> Result<Vec<(StudentId, AccountId)>, StoreError> {
    let at = app.clock.now();
    let rush = app.ids.next(at) as u32;
    let name = |i: u32| format!("{}{i:03}·{rush:08x}", FAMILY_NAMES[i as usize % FAMILY_NAMES.len()]);
    let wanted = (0..students).map(|i| Wanted { role: Role::Student, name: name(i) }).collect();
    let people = app.people.ensure(wanted, at).await?;
    Ok(people.iter().filter_map(|(person, s)| Some((s.first()?.id, person.account))).collect())
}

const FAMILY_NAMES: [&str; 8] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄"];

enum Outcome {
    Booked,
    Queued,
    Refused,
}

async fn book_or_join(
    engine: &Engine,
    room: &AtomicU32,
    id: ScheduleId,
    student: StudentId,
    account: AccountId,
) -> Outcome {
    let granted = |answer| matches!(answer, Ok(Answer::Given { outcome: Ok(_), .. }));
    if granted(engine.submit(id, Order::new(book(student, account))).await) {
        return Outcome::Booked;
    }
    if room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
        return Outcome::Refused;
    }
    let join = Command::Join { student, account };
    if granted(engine.submit(id, Order::new(join)).await) {
        return Outcome::Queued;
    }
    room.fetch_add(1, Ordering::Relaxed);
    Outcome::Refused
}

pub fn book(student: StudentId, account: AccountId) -> Command {
    let (source, calendar) = (Source::Direct, Evidence::unknown());
    Command::Book { student, account, source, note: None, expect_course: None, moved_from: None, calendar }
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Release {
    schedule_id: String,
}

/// A booked demo student cancels: one seat is free, and those who wait race for it.
#[utoipa::path(post, path = "/dev/release", tag = "demo", request_body = Release, responses((status = 200), (status = 409)))]
pub async fn release(ctx: Ctx, caller: Caller, body: Body<Release>) -> Result<HttpResponse, Problem> {
    demo_only(&ctx)?;
    let id: ScheduleId = body.value.schedule_id.parse().map_err(|_| Problem::Rule(Rejection::UnknownSchedule))?;
    ctx.once(body.key, release_one(&ctx, &caller, id)).await
}

async fn release_one(ctx: &Ctx, caller: &Caller, id: ScheduleId) -> Result<StoredAnswer, Problem> {
    check_ours(ctx, id).await?;
    // Not the visitor's own booking: they want to watch, not to lose it.
    let sql = "select b.id, b.student_id from bookings b where b.schedule_id = $1 \
        and b.status in ('pending', 'confirmed') and not exists (select 1 from account_students l \
        where l.student_id = b.student_id and l.account_id = $2) order by b.id limit 1";
    let row = ctx.app.store.reader().one(sql, args![id, caller.account()]).await?;
    let row = row.ok_or(Problem::Rule(Rejection::BookingEnded))?;
    let (student, booking) = (row.parse("student_id")?, row.parse("id")?);
    let command = Command::Cancel { student, booking, by: Canceller::Student, reason: None };
    match ctx.app.engine.submit(id, Order::new(command)).await? {
        Answer::Given { outcome: Ok(Receipt::Booking(b)), head, .. } => {
            Ok(ctx.told(booking_body(&b, &head, ctx.zone())))
        }
        Answer::Given { outcome: Err(rejection), .. } => Err(Problem::Rule(rejection)),
        Answer::Given { outcome: Ok(_), .. } | Answer::Stored(_) => {
            unreachable!("a cancellation without a key is answered with its booking")
        }
    }
}
