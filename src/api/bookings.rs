//! Bookings: making, cancelling, paying, confirming, attending, moving and finding them.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    courses::short_text,
    schedules::{Reason, Tell, ask, ask_once_granted, check_ours},
};
use crate::{
    args,
    base::{
        ids::{BookingId, CourseId, ScheduleId, StudentId, TeacherId},
        keys::{RequestKey, StoredAnswer},
        limits::NOTE_CHARS_MAX,
        time::{Timestamp, Zone},
    },
    domain::{
        access::Action,
        schedule::{
            Command, Receipt, Rejection,
            command::Evidence,
            state::{Booking, Canceller, Head, Source},
        },
    },
    flows::transfer::{self, Moved, Origin},
    live::bodies::{BookingBody, booking_body},
    store::{
        filters::Filters,
        recover::{BOOKING_COLUMNS, read_booking},
        sql::Row,
    },
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Nothing, Query, path_id},
        reply::{self, Lang},
    },
};

/// A receipt that is a booking, told as one.
fn tell_booking(lang: Lang, zone: Zone, status: u16) -> Tell {
    Arc::new(move |receipt, head, _| {
        let (Receipt::Booked(b) | Receipt::Booking(b)) = receipt else {
            unreachable!("a booking's command is answered with a booking")
        };
        (status, reply::body(lang, status, booking_body(b, head, zone)))
    })
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewBooking {
    #[serde(alias = "slotId", alias = "slot_id")]
    schedule_id: String,
    /// The student; left out, the caller's own.
    profile_id: Option<String>,
    /// Accepted and not needed: a student's live hold is used with or without it.
    #[allow(dead_code, reason = "part of the documented body")]
    hold_id: Option<String>,
    note: Option<String>,
    #[serde(alias = "courseId")]
    course_id: Option<String>,
}

/// Books a seat: the student's held one, the one on offer to them, or a free one.
#[utoipa::path(post, path = "/bookings", tag = "bookings", request_body = NewBooking,
    responses((status = 201, body = BookingBody), (status = 400), (status = 404), (status = 409)))]
pub async fn create_booking(ctx: Ctx, caller: Caller, body: Body<NewBooking>) -> Result<HttpResponse, Problem> {
    let new = body.value;
    if let Some(note) = &new.note {
        short_text("note", note, NOTE_CHARS_MAX, true)?;
    }
    let schedule: ScheduleId = new.schedule_id.parse().map_err(|_| Problem::Rule(Rejection::UnknownSchedule))?;
    check_ours(&ctx, schedule).await?;
    let student = ctx.app.people.resolve(&caller, new.profile_id.as_deref(), ctx.now()).await?;
    let own = ctx.app.people.owns(&caller, student).await?;
    // An unreadable course id is a course that this schedule is not of.
    let expect_course = new.course_id.map(|c| c.parse().unwrap_or(CourseId::from_u128(0)));
    let command = Command::Book {
        student,
        account: caller.account(),
        source: if own { Source::Direct } else { Source::Arranged },
        note: new.note.filter(|n| !n.is_empty()).map(Into::into),
        expect_course,
        moved_from: None,
        calendar: Evidence::unknown(),
    };
    ask(&ctx, schedule, command, body.key, tell_booking(ctx.lang, ctx.zone(), 201)).await
}

// ---- one booking

/// A booking as its row tells it, and whose it is.
struct Found {
    booking: Booking,
    schedule: ScheduleId,
    times: (Timestamp, Timestamp),
    teacher: Option<TeacherId>,
    note: Option<String>,
    teacher_note: Option<String>,
}

impl Found {
    fn body(&self, zone: Zone) -> BookingBody {
        BookingBody::of(&self.booking, self.schedule, self.times, zone)
    }

    fn whole(self, facts: Facts, hand: Hand, zone: Zone) -> WholeBooking {
        let booking = self.body(zone);
        let teacher_note = self.teacher_note.filter(|_| hand.needs_staff_or_teacher().is_ok());
        WholeBooking { booking, facts, note: self.note, teacher_note }
    }
}

/// What a page says beside a booking: which class it is, and who goes there.
#[derive(Serialize, ToSchema)]
struct Facts {
    #[schema(value_type = String)]
    course_id: CourseId,
    course_name: String,
    teacher_name: Option<String>,
    location: String,
    /// The student's.
    nickname: String,
}

/// Columns of `Facts`, of a row of `bookings`.
const FACTS: &str = "(select s.course_id from schedules s where s.id = bookings.schedule_id) as course_id, \
    (select c.name from schedules s join courses c on c.id = s.course_id where s.id = bookings.schedule_id) \
    as course_name, \
    (select t.name from schedules s join teachers t on t.id = s.teacher_id where s.id = bookings.schedule_id) \
    as teacher_name, \
    (select s.location from schedules s where s.id = bookings.schedule_id) as location, \
    (select p.nickname from students p where p.id = bookings.student_id) as nickname";

/// A booking with what only lists and its own pages show.
#[derive(Serialize, ToSchema)]
pub struct WholeBooking {
    #[serde(flatten)]
    booking: BookingBody,
    #[serde(flatten)]
    facts: Facts,
    /// What the student, or whoever booked for them, wrote.
    note: Option<String>,
    /// Shown to the teachers and the staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    teacher_note: Option<String>,
}

fn read_found(row: &Row) -> Result<Found, Problem> {
    Ok(Found {
        booking: read_booking(row)?,
        schedule: row.parse("schedule_id")?,
        times: (row.at("starts_at")?, row.at("ends_at")?),
        teacher: row.opt_parse("teacher_id")?,
        note: row.opt_text("note")?.map(str::to_owned),
        teacher_note: row.opt_text("teacher_note")?.map(str::to_owned),
    })
}

fn read_facts(row: &Row) -> Result<Facts, Problem> {
    Ok(Facts {
        course_id: row.parse("course_id")?,
        course_name: row.text("course_name")?.to_owned(),
        teacher_name: row.opt_text("teacher_name")?.map(str::to_owned),
        location: row.text("location")?.to_owned(),
        nickname: row.opt_text("nickname")?.unwrap_or_default().to_owned(),
    })
}

/// Read for itself: who cancels or confirms a booking has no use for it.
async fn facts_of(ctx: &Ctx, booking: BookingId) -> Result<Facts, Problem> {
    let sql = format!("select {FACTS} from bookings where id = $1");
    let row = ctx.app.store.reader().one(&sql, args![booking]).await?;
    read_facts(&row.ok_or(Problem::Rule(Rejection::UnknownBooking))?)
}

/// In what capacity someone touches a booking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hand {
    Student,
    Teacher,
    Staff,
}

impl Hand {
    fn canceller(self) -> Canceller {
        match self {
            Self::Student => Canceller::Student,
            Self::Teacher => Canceller::Teacher,
            Self::Staff => Canceller::Operator,
        }
    }

    fn needs_staff_or_teacher(self) -> Result<(), Problem> {
        match self {
            Self::Teacher | Self::Staff => Ok(()),
            Self::Student => Err(Problem::Forbidden),
        }
    }
}

/// Bookings on classes of the org that follows.
const OF_ORG: &str = "schedule_id in (select s.id from schedules s where s.org_id";

/// The booking of the path, if it concerns the caller; to anybody else it does not exist.
async fn find(ctx: &Ctx, caller: &Caller, req: &HttpRequest) -> Result<(Found, Hand), Problem> {
    let id: BookingId = path_id(req, "id").map_err(|_| Problem::Rule(Rejection::UnknownBooking))?;
    find_id(ctx, caller, id).await
}

async fn find_id(ctx: &Ctx, caller: &Caller, id: BookingId) -> Result<(Found, Hand), Problem> {
    let unknown = || Problem::Rule(Rejection::UnknownBooking);
    let sql = format!("select {BOOKING_COLUMNS}, teacher_note from bookings where id = $1 and {OF_ORG} = $2)");
    let row = ctx.app.store.reader().one(&sql, args![id, ctx.app.org]).await?.ok_or_else(unknown)?;
    let found = read_found(&row)?;
    // Who is several of these acts with the freest hand.
    let hand = if caller.is_staff() {
        Hand::Staff
    } else if found.teacher.is_some() && found.teacher == caller.teacher() {
        Hand::Teacher
    } else if ctx.app.people.owns(caller, found.booking.student).await? {
        Hand::Student
    } else {
        return Err(unknown());
    };
    Ok((found, hand))
}

/// One booking.
#[utoipa::path(get, path = "/bookings/{id}", tag = "bookings", responses((status = 200, body = WholeBooking), (status = 404)))]
pub async fn get_booking(ctx: Ctx, caller: Caller, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let (mut found, mut hand) = find(&ctx, &caller, &req).await?;
    if found.booking.is_active() {
        // What is due on its schedule happens before its row is read.
        ctx.app.engine.look(found.schedule, None).await?;
        (found, hand) = find(&ctx, &caller, &req).await?;
    }
    let facts = facts_of(&ctx, found.booking.id).await?;
    Ok(ctx.ok(found.whole(facts, hand, ctx.zone())))
}

/// Asks the booking's schedule; a booking that has ended meanwhile is looked at again.
async fn change(ctx: &Ctx, found: &Found, command: Command, key: Option<RequestKey>) -> Result<HttpResponse, Problem> {
    ask(ctx, found.schedule, command, key, tell_booking(ctx.lang, ctx.zone(), 200)).await
}

/// Gives the seat up. Again: the same answer.
#[utoipa::path(put, path = "/bookings/{id}/cancel", tag = "bookings", request_body = Reason,
    responses((status = 200, body = BookingBody), (status = 404), (status = 409)))]
pub async fn cancel(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Reason>) -> Result<HttpResponse, Problem> {
    let (found, hand) = find(&ctx, &caller, &req).await?;
    let (reason, key) = (body.value.checked()?, body.key);
    if found.booking.is_active() {
        let (student, booking) = (found.booking.student, found.booking.id);
        let command = Command::Cancel { student, booking, by: hand.canceller(), reason };
        let tell = tell_booking(ctx.lang, ctx.zone(), 200);
        match ask_once_granted(&ctx, found.schedule, command, key.clone(), tell).await {
            // It ended between the look and the order.
            Err(Problem::Rule(Rejection::BookingEnded)) => {}
            Err(Problem::Rule(other)) => return ctx.once(key, async { Err(Problem::Rule(other)) }).await,
            answer => return answer,
        }
    }
    ctx.once(key, cancelled_already(&ctx, &caller, found.booking.id)).await
}

/// The documents' older way to cancel: the same answer.
#[utoipa::path(delete, path = "/bookings/{id}", tag = "bookings", request_body = Reason,
    responses((status = 200, body = BookingBody), (status = 404), (status = 409)))]
pub async fn delete_booking(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<Reason>,
) -> Result<HttpResponse, Problem> {
    cancel(ctx, caller, req, body).await
}

/// Cancelled by whomever: that is what was asked for. Completed or missed: too late.
async fn cancelled_already(ctx: &Ctx, caller: &Caller, id: BookingId) -> Result<StoredAnswer, Problem> {
    let (found, _) = find_id(ctx, caller, id).await?;
    match found.booking.state {
        crate::domain::schedule::state::BookingState::Cancelled { .. } => Ok(ctx.told(found.body(ctx.zone()))),
        _ => Err(Problem::Rule(Rejection::BookingEnded)),
    }
}

/// The teacher, or staff, accepts a booking that waits for it.
#[utoipa::path(put, path = "/bookings/{id}/confirm", tag = "bookings",
    responses((status = 200, body = BookingBody), (status = 403), (status = 404), (status = 409)))]
pub async fn confirm(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Nothing>) -> Result<HttpResponse, Problem> {
    let (found, hand) = find(&ctx, &caller, &req).await?;
    hand.needs_staff_or_teacher()?;
    let command = Command::Confirm { student: found.booking.student, booking: found.booking.id };
    change(&ctx, &found, command, body.key).await
}

/// The student was there.
#[utoipa::path(put, path = "/bookings/{id}/complete", tag = "bookings",
    responses((status = 200, body = BookingBody), (status = 403), (status = 404), (status = 409)))]
pub async fn complete(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    attend(&ctx, &caller, &req, body, true).await
}

/// The student was not there.
#[utoipa::path(put, path = "/bookings/{id}/no-show", tag = "bookings",
    responses((status = 200, body = BookingBody), (status = 403), (status = 404), (status = 409)))]
pub async fn no_show(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Nothing>) -> Result<HttpResponse, Problem> {
    attend(&ctx, &caller, &req, body, false).await
}

async fn attend(
    ctx: &Ctx,
    caller: &Caller,
    req: &HttpRequest,
    body: Body<Nothing>,
    present: bool,
) -> Result<HttpResponse, Problem> {
    let (found, hand) = find(ctx, caller, req).await?;
    hand.needs_staff_or_teacher()?;
    let command = Command::Attend { student: found.booking.student, booking: found.booking.id, present };
    change(ctx, &found, command, body.key).await
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct MoveTo {
    #[serde(alias = "slotId")]
    schedule_id: String,
}

/// Moves a booking to another class: the new seat is claimed first, then the old one given up.
#[utoipa::path(put, path = "/bookings/{id}/move", tag = "bookings", request_body = MoveTo,
    responses((status = 200, body = BookingBody), (status = 404), (status = 409)))]
pub async fn move_booking(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<MoveTo>,
) -> Result<HttpResponse, Problem> {
    let to: ScheduleId = body.value.schedule_id.parse().map_err(|_| Problem::Rule(Rejection::UnknownSchedule))?;
    let (found, hand) = find(&ctx, &caller, &req).await?;
    let (id, key) = (found.booking.id, body.key);
    Ctx::to_the_end(async move { ctx.once(key, do_move(&ctx, &caller, id, hand, to)).await }).await
}

async fn do_move(
    ctx: &Ctx,
    caller: &Caller,
    id: BookingId,
    hand: Hand,
    to: ScheduleId,
) -> Result<StoredAnswer, Problem> {
    check_ours(ctx, to).await?;
    let _moving = ctx.app.moving.lock().await;
    // As it is now: another move may have come first.
    let (found, _) = find_id(ctx, caller, id).await?;
    let from = Origin { booking: found.booking.id, schedule: found.schedule, student: found.booking.student };
    let before = transfer::claimed_before(&ctx.app.store, from, to).await?;
    if before.is_none() {
        check_movable(ctx, &found, hand).await?;
    }
    if to == found.schedule {
        return Err(Problem::Rule(Rejection::AlreadyBooked));
    }
    let (store, engine) = (&ctx.app.store, &ctx.app.engine);
    match transfer::transfer(store, engine, from, to, caller.account(), hand.canceller()).await? {
        Moved::Now(booking, head) => Ok(ctx.told(booking_body(&booking, &head, ctx.zone()))),
        Moved::Before(id) => {
            let (found, _) = find_id(ctx, caller, id).await?;
            Ok(ctx.told(found.body(ctx.zone())))
        }
    }
}

/// Moving away is cancelling: the same notice, asked before the new seat is claimed.
async fn check_movable(ctx: &Ctx, found: &Found, hand: Hand) -> Result<(), Problem> {
    if !found.booking.is_active() {
        return Err(Problem::Rule(Rejection::BookingEnded));
    }
    let Head { starts_at, policy, .. } = ctx.app.engine.look(found.schedule, None).await?.view.head;
    if ctx.now() >= starts_at {
        return Err(Problem::Rule(Rejection::ScheduleStarted));
    }
    let late = ctx.now() >= starts_at - policy.cancel_notice_ms && !found.booking.free_exit;
    if hand == Hand::Student && late { Err(Problem::Rule(Rejection::CancelTooLate)) } else { Ok(()) }
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Pay {
    booking_id: String,
}

/// Pays a booking: through the demo provider in demo mode; otherwise staff mark it as paid.
#[utoipa::path(post, path = "/pay", tag = "bookings", request_body = Pay,
    responses((status = 200, body = BookingBody), (status = 404), (status = 409)))]
pub async fn pay(ctx: Ctx, caller: Caller, body: Body<Pay>) -> Result<HttpResponse, Problem> {
    let id = body.value.booking_id.parse().map_err(|_| Problem::Rule(Rejection::UnknownBooking))?;
    let (found, _) = find_id(&ctx, &caller, id).await?;
    if !ctx.app.config.is_demo() {
        caller.needs(Action::TakePayments)?;
    }
    let command = Command::MarkPaid { student: found.booking.student, booking: found.booking.id };
    change(&ctx, &found, command, body.key).await
}

/// The staff were paid at the desk. Again: the same answer.
#[utoipa::path(put, path = "/bookings/{id}/paid", tag = "bookings",
    responses((status = 200, body = BookingBody), (status = 403), (status = 404), (status = 409)))]
pub async fn mark_paid(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Action::TakePayments)?;
    let (found, _) = find(&ctx, &caller, &req).await?;
    let command = Command::MarkPaid { student: found.booking.student, booking: found.booking.id };
    change(&ctx, &found, command, body.key).await
}

/// What is left out stays as it is; an empty text takes the note away.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct NoteChange {
    /// By the student, or whoever booked for them.
    student_note: Option<String>,
    /// By the teacher, or the staff.
    teacher_note: Option<String>,
}

/// Changes what is noted about a booking.
#[utoipa::path(patch, path = "/bookings/{id}", tag = "bookings", request_body = NoteChange,
    responses((status = 200, body = WholeBooking), (status = 403), (status = 404)))]
pub async fn change_notes(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<NoteChange>,
) -> Result<HttpResponse, Problem> {
    let (found, hand) = find(&ctx, &caller, &req).await?;
    let Body { value: notes, key } = body;
    if let Some(note) = &notes.student_note {
        short_text("student_note", note, NOTE_CHARS_MAX, true)?;
        let Booking { student, booked_by, .. } = found.booking;
        if booked_by != caller.account() && !ctx.app.people.owns(&caller, student).await? {
            return Err(Problem::Forbidden);
        }
    }
    if let Some(note) = &notes.teacher_note {
        short_text("teacher_note", note, NOTE_CHARS_MAX, true)?;
        hand.needs_staff_or_teacher()?;
    }
    ctx.once(key, write_notes(&ctx, &caller, found.booking.id, notes)).await
}

/// As PATCH, for clients that have no such method: a mini-program's.
#[utoipa::path(put, path = "/bookings/{id}", tag = "bookings", request_body = NoteChange,
    responses((status = 200, body = WholeBooking), (status = 403), (status = 404)))]
pub async fn put_notes(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<NoteChange>,
) -> Result<HttpResponse, Problem> {
    change_notes(ctx, caller, req, body).await
}

async fn write_notes(ctx: &Ctx, caller: &Caller, id: BookingId, notes: NoteChange) -> Result<StoredAnswer, Problem> {
    let now = ctx.now();
    let written = ctx.app.store.write(move |tx| {
        Box::pin(async move {
            let NoteChange { student_note, teacher_note } = notes;
            for (column, note) in [("note", student_note), ("teacher_note", teacher_note)] {
                let sql = format!("update bookings set {column} = $2, updated_at = $3 where id = $1");
                if let Some(note) = note {
                    tx.exec(&sql, args![id, Some(note).filter(|n| !n.is_empty()), now]).await?;
                }
            }
            Ok(())
        })
    });
    written.await?;
    let (found, hand) = find_id(ctx, caller, id).await?;
    let facts = facts_of(ctx, id).await?;
    Ok(ctx.told(found.whole(facts, hand, ctx.zone())))
}

// ---- lists

const STATUSES: [&str; 5] = ["pending", "confirmed", "cancelled", "completed", "no_show"];

/// A page of the bookings for which these hold.
async fn listed(ctx: &Ctx, query: &Query, filters: Filters, hand: Hand, order: &str) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let (which, args) = (filters.sql(), filters.args());
    let reader = ctx.app.store.reader();
    let sql = format!("select count(*) as n from bookings where {which}");
    let total = reader.one(&sql, args.clone()).await?.map_or(Ok(0), |r| r.version("n"))?;
    let sql = format!(
        "select {BOOKING_COLUMNS}, teacher_note, {FACTS} from bookings where {which} order by {order} limit {} offset {}",
        page.limit(),
        page.offset()
    );
    let rows = reader.all(&sql, args).await?;
    let body = |row: &Row| Ok(read_found(row)?.whole(read_facts(row)?, hand, ctx.zone()));
    let items = rows.iter().map(body).collect::<Result<Vec<_>, Problem>>()?;
    Ok(ctx.ok(page.of(items, total)))
}

/// Bookings of the caller's students; for staff, of everybody. Latest class first.
#[utoipa::path(get, path = "/bookings", tag = "bookings",
    params(("status" = Option<String>, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses((status = 200, body = [WholeBooking])))]
pub async fn list_bookings(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let mut filters = Filters::default();
    match named_student(&ctx, &caller, &query).await? {
        Some(student) => filters.and_one_of("student_id", [student]),
        None if caller.is_staff() => filters.and(&format!("{OF_ORG} = ?)"), ctx.app.org),
        None => filters.and_one_of("student_id", my_students(&ctx, &caller).await?),
    }
    if let Some(status) = query.get("status") {
        if !STATUSES.contains(&status) {
            let all = STATUSES.join(", ");
            return Err(Problem::invalid("status", format!("应为 {all}"), format!("use one of {all}")));
        }
        filters.and("status = ?", status);
    }
    if let Some(schedule) = query.get("schedule_id") {
        filters.and("schedule_id = ?", schedule);
    }
    if let Some(from) = query.instant("from", ctx.zone())? {
        filters.and("starts_at >= ?", from);
    }
    if let Some(to) = query.instant("to", ctx.zone())? {
        filters.and("starts_at < ?", to);
    }
    let hand = if caller.is_staff() { Hand::Staff } else { Hand::Student };
    listed(&ctx, &query, filters, hand, "starts_at desc, id desc").await
}

/// The student that `student_id` names, who must be the caller's.
async fn named_student(ctx: &Ctx, caller: &Caller, query: &Query) -> Result<Option<StudentId>, Problem> {
    match query.student()? {
        Some(_) => Ok(Some(ctx.app.people.resolve(caller, query.get("student_id"), ctx.now()).await?)),
        None => Ok(None),
    }
}

async fn my_students(ctx: &Ctx, caller: &Caller) -> Result<Vec<StudentId>, Problem> {
    Ok(ctx.app.people.students_of(caller.account()).await?.iter().map(|s| s.id).collect())
}

/// My active bookings that are still to come, soonest first; of all my students unless one is named.
#[utoipa::path(get, path = "/bookings/mine/upcoming", tag = "bookings",
    params(("student_id" = Option<String>, Query), ("page" = Option<u32>, Query), ("page_size" = Option<u32>, Query)),
    responses((status = 200, body = [WholeBooking]), (status = 404)))]
pub async fn list_upcoming(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let mut filters = Filters::default();
    match named_student(&ctx, &caller, &query).await? {
        Some(student) => filters.and_one_of("student_id", [student]),
        None => filters.and_one_of("student_id", my_students(&ctx, &caller).await?),
    }
    filters.and_always("status in ('pending', 'confirmed')");
    filters.and("ends_at > ?", ctx.now());
    listed(&ctx, &query, filters, Hand::Student, "starts_at, id").await
}

/// The bookings on the teacher's classes, of one local day when `date` is given.
#[utoipa::path(get, path = "/coach/bookings", tag = "bookings", params(("date" = Option<String>, Query)),
    responses((status = 200, body = [WholeBooking]), (status = 403)))]
pub async fn list_coach_bookings(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let teacher = caller.teacher().ok_or(Problem::Forbidden)?;
    let mut filters = Filters::default();
    filters.and("teacher_id = ?", teacher);
    if let Some(date) = query.get("date") {
        let bad = || Problem::invalid("date", "应为 2025-11-12 这样的日期", "use a date such as 2025-11-12");
        let (from, to) = ctx.zone().day(date).ok_or_else(bad)?;
        filters.and("starts_at >= ?", from);
        filters.and("starts_at < ?", to);
    }
    listed(&ctx, &query, filters, Hand::Teacher, "starts_at, id").await
}
