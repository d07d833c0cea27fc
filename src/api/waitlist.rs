//! The waitlist: joining, standing in line, answering an offer.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schedules::{Tell, ask, ask_once_granted, check_ours};
use crate::{
    args,
    base::{
        ids::{CourseId, EntryId, OfferId, ScheduleId, StudentId},
        lang::Lang,
        time::{DAY, HOUR, MINUTE, Millis, Timestamp, Zone},
    },
    domain::{
        access::Action,
        schedule::{
            Command, Policy, Receipt, Rejection,
            command::Evidence,
            state::{Entry, EntryEnd, OfferEnd, Stage},
        },
    },
    engine::{Engine, journal::Fault},
    live::{
        MeSnapshot, Viewer,
        bodies::{BookingBody, EntryBody, EntryStatus, OfferBody, booking_body},
    },
    store::{Store, StoreError, recover, sql::Row},
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Nothing, Query, path_id},
        reply,
        state::App,
    },
};

// ---- joining

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Join {
    course_schedule_id: String,
    /// The student; left out, the caller's own.
    profile_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Joined {
    #[schema(value_type = String)]
    waitlist_id: EntryId,
    position: u32,
    estimated_wait_time: String,
    waitlist: Queue,
}

#[derive(Serialize, ToSchema)]
pub struct Queue {
    capacity: u32,
    length: u32,
}

/// Joins the queue of a full class.
#[utoipa::path(post, path = "/waitlist/join", tag = "waitlist", request_body = Join,
    responses((status = 200, body = Joined), (status = 404), (status = 409)))]
pub async fn join(ctx: Ctx, caller: Caller, body: Body<Join>) -> Result<HttpResponse, Problem> {
    let unknown = |_| Problem::Rule(Rejection::UnknownSchedule);
    let schedule: ScheduleId = body.value.course_schedule_id.parse().map_err(unknown)?;
    check_ours(&ctx, schedule).await?;
    let student = ctx.app.people.resolve(&caller, body.value.profile_id.as_deref(), ctx.now()).await?;
    let pace = Pace::of_schedule(&ctx.app, schedule).await?;
    let message = match ctx.lang {
        Lang::Zh => "加入候补成功",
        Lang::En => "You are on the waitlist",
    };
    let lang = ctx.lang;
    let tell: Tell = Arc::new(move |receipt, head, at| {
        let Receipt::Joined { entry, position, length, capacity } = receipt else {
            unreachable!("joining is answered with a place")
        };
        let body = Joined {
            waitlist_id: *entry,
            position: *position,
            estimated_wait_time: pace.wait(*position, head.cutoff_at() - at, lang),
            waitlist: Queue { capacity: *capacity, length: *length },
        };
        (200, reply::body_saying(message, 200, body))
    });
    let answer = ask(&ctx, schedule, Command::Join { student, account: caller.account() }, body.key, tell).await?;
    // Only who has a place is offered a seat: a rush of refusals must not ask the database for each.
    if answer.status().is_success() {
        ctx.app.reach.look_again(vec![caller.account()]);
    }
    Ok(answer)
}

/// Seats that this course released per day; one where nothing is known.
#[derive(Clone, Copy)]
struct Pace(f64);

/// The wait of somebody to whom a seat is offered right now.
fn on_offer(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "名额待您确认",
        Lang::En => "a seat waits for your answer",
    }
}

/// How far back the pace is measured.
const PACE_DAYS: i64 = 30;

impl Pace {
    async fn of_schedule(app: &App, schedule: ScheduleId) -> Result<Self, Problem> {
        let sql = "select course_id from schedules where id = $1 and org_id = $2";
        let row = app.store.reader().one(sql, args![schedule, app.org]).await?;
        let row = row.ok_or(Problem::Rule(Rejection::UnknownSchedule))?;
        Ok(Self::of_course(app, row.parse("course_id")?).await?)
    }

    async fn of_course(app: &App, course: CourseId) -> Result<Self, StoreError> {
        let sql = "select count(*) as n from waitlist_rounds r join schedules s on s.id = r.schedule_id \
            where s.course_id = $1 and r.released_at > $2";
        let row = app.store.reader().one(sql, args![course, app.clock.now() - PACE_DAYS * DAY]).await?;
        let released = row.map_or(Ok(0), |r| r.count("n"))?;
        Ok(Self(if released == 0 { 1.0 } else { f64::from(released) / PACE_DAYS as f64 }))
    }

    /// The wait as people say it: third in line at one seat a day is "2-3天". Never longer than
    /// what is left until the cutoff, when the queue ends.
    fn wait(self, position: u32, left: Millis, lang: Lang) -> String {
        let days = (f64::from(position) / self.0).ceil().clamp(1.0, 365.0) as i64;
        match (days.min(left / DAY), left / HOUR, left / MINUTE, lang) {
            (days @ 2.., _, _, Lang::Zh) => format!("{}-{days}天", days - 1),
            (days @ 2.., _, _, Lang::En) => format!("{}-{days} days", days - 1),
            (1, _, _, Lang::Zh) => "1天内".into(),
            (1, _, _, Lang::En) => "within a day".into(),
            (_, hours @ 1.., _, Lang::Zh) => format!("{hours}小时内"),
            (_, hours @ 1.., _, Lang::En) => format!("within {hours} h"),
            (_, _, minutes, Lang::Zh) => format!("{}分钟内", minutes.max(1)),
            (_, _, minutes, Lang::En) => format!("within {} min", minutes.max(1)),
        }
    }
}

// ---- standing in line

/// An entry as its row tells it, and whose it is.
struct Found {
    entry: Entry,
    schedule: ScheduleId,
    end: Option<EntryEnd>,
}

const ENTRY_COLUMNS: &str = "w.id, w.student_id, w.account_id, w.seq, w.joined_at, w.status, w.end_reason, \
    w.schedule_id, s.course_id, s.starts_at, s.policy, \
    (select count(*) from waitlist b where b.schedule_id = w.schedule_id and b.status = 'active' and b.seq <= w.seq) \
    as place, \
    (select max(o.stage) from waitlist_offers o where o.waitlist_id = w.id and o.status = 'live') as live_stage";

fn read_found(row: &Row) -> Result<Found, Problem> {
    let end = row.opt_text("end_reason")?;
    Ok(Found {
        entry: recover::read_entry(row)?,
        schedule: row.parse("schedule_id")?,
        end: end.map(|e| crate::store::names::read_entry_end(e).ok_or_else(|| row.bad("end_reason", e))).transpose()?,
    })
}

/// The entry of the path, if it is the caller's or the caller is staff.
async fn find(ctx: &Ctx, caller: &Caller, req: &HttpRequest) -> Result<(Found, Row), Problem> {
    let unknown = || Problem::Rule(Rejection::UnknownEntry);
    let id: EntryId = path_id(req, "id").map_err(|_| unknown())?;
    let sql = format!(
        "select {ENTRY_COLUMNS} from waitlist w join schedules s on s.id = w.schedule_id \
         where w.id = $1 and s.org_id = $2"
    );
    let row = ctx.app.store.reader().one(&sql, args![id, ctx.app.org]).await?.ok_or_else(unknown)?;
    let found = read_found(&row)?;
    if caller.is_staff() || ctx.app.people.owns(caller, found.entry.student).await? {
        Ok((found, row))
    } else {
        Err(unknown())
    }
}

fn ended_status(end: EntryEnd) -> EntryStatus {
    match end {
        EntryEnd::Promoted => EntryStatus::Promoted,
        EntryEnd::Left => EntryStatus::Cancelled,
        EntryEnd::TurnPassed | EntryEnd::Cutoff | EntryEnd::ScheduleEnded => EntryStatus::Expired,
    }
}

#[derive(Serialize, ToSchema)]
pub struct EntryDetail {
    #[serde(flatten)]
    entry: EntryBody,
    #[schema(value_type = String)]
    waitlist_id: EntryId,
    #[schema(value_type = String)]
    schedule_id: ScheduleId,
    #[schema(value_type = String)]
    student_id: StudentId,
    course_name: String,
    starts_at: String,
    estimated_wait_time: Option<String>,
}

fn cutoff_at(row: &Row) -> Result<Timestamp, Problem> {
    let policy = row.text("policy")?;
    let policy: Policy = serde_json::from_str(policy).map_err(|_| row.bad("policy", policy))?;
    Ok(row.at("starts_at")? - policy.cutoff_ms)
}

async fn detail(ctx: &Ctx, found: &Found, row: &Row) -> Result<EntryDetail, Problem> {
    let course: CourseId = row.parse("course_id")?;
    let (status, position) = match (found.end, row.opt_text("live_stage")?) {
        (Some(end), _) => (ended_status(end), 0),
        (None, Some("turn")) => (EntryStatus::InTurn, row.count("place")?),
        (None, Some(_)) => (EntryStatus::Notified, row.count("place")?),
        (None, None) => (EntryStatus::Waiting, row.count("place")?),
    };
    let wait = match status {
        EntryStatus::Waiting => {
            let left = cutoff_at(row)? - ctx.now();
            Some(Pace::of_course(&ctx.app, course).await?.wait(position, left, ctx.lang))
        }
        EntryStatus::Notified | EntryStatus::InTurn => Some(on_offer(ctx.lang).to_owned()),
        EntryStatus::Promoted | EntryStatus::Cancelled | EntryStatus::Expired => None,
    };
    let name = ctx.app.courses.get(course).await?.map_or(String::new(), |c| c.name.clone());
    let zone = ctx.zone();
    let joined_at = zone.rfc3339(found.entry.joined_at);
    Ok(EntryDetail {
        entry: EntryBody { id: found.entry.id, position, status, joined_at },
        waitlist_id: found.entry.id,
        schedule_id: found.schedule,
        student_id: found.entry.student,
        course_name: name,
        starts_at: zone.rfc3339(row.at("starts_at")?),
        estimated_wait_time: wait,
    })
}

/// What is due on the entry's schedule happens before its row is read.
async fn fresh(ctx: &Ctx, caller: &Caller, req: &HttpRequest) -> Result<(Found, Row), Problem> {
    let (found, _) = find(ctx, caller, req).await?;
    ctx.app.engine.look(found.schedule, None).await?;
    find(ctx, caller, req).await
}

/// One place in line.
#[utoipa::path(get, path = "/waitlist/{id}", tag = "waitlist", responses((status = 200, body = EntryDetail), (status = 404)))]
pub async fn get_entry(ctx: Ctx, caller: Caller, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let (found, row) = fresh(&ctx, &caller, &req).await?;
    Ok(ctx.ok(detail(&ctx, &found, &row).await?))
}

#[derive(Serialize, ToSchema)]
pub struct Position {
    #[schema(value_type = String)]
    waitlist_id: EntryId,
    position: u32,
    status: EntryStatus,
    estimated_wait_time: Option<String>,
}

/// Only the position.
#[utoipa::path(get, path = "/waitlist/position/{id}", tag = "waitlist", responses((status = 200, body = Position), (status = 404)))]
pub async fn get_position(ctx: Ctx, caller: Caller, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let (found, row) = fresh(&ctx, &caller, &req).await?;
    let EntryDetail { entry, waitlist_id, estimated_wait_time, .. } = detail(&ctx, &found, &row).await?;
    Ok(ctx.ok(Position { waitlist_id, position: entry.position, status: entry.status, estimated_wait_time }))
}

/// All my places, the latest first.
#[utoipa::path(get, path = "/waitlist/my", tag = "waitlist", responses((status = 200, body = [EntryDetail])))]
pub async fn list_mine(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let sql = "select count(*) as n from waitlist w join account_students l on l.student_id = w.student_id \
        where l.account_id = $1";
    let total = ctx.app.store.reader().one(sql, args![caller.account()]).await?.map_or(Ok(0), |r| r.version("n"))?;
    let sql = format!(
        "select {ENTRY_COLUMNS} from waitlist w join account_students l on l.student_id = w.student_id \
         join schedules s on s.id = w.schedule_id where l.account_id = $1 order by w.joined_at desc, w.id desc \
         limit {} offset {}",
        page.limit(),
        page.offset()
    );
    let mut items = Vec::new();
    for row in ctx.app.store.reader().all(&sql, args![caller.account()]).await? {
        items.push(detail(&ctx, &read_found(&row)?, &row).await?);
    }
    Ok(ctx.ok(page.of(items, total)))
}

/// Leaves the queue. Again: the same answer.
#[utoipa::path(delete, path = "/waitlist/{id}", tag = "waitlist", responses((status = 200, body = EntryDetail), (status = 404)))]
pub async fn leave(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Nothing>) -> Result<HttpResponse, Problem> {
    let (found, row) = find(&ctx, &caller, &req).await?;
    if found.end.is_some() {
        return ctx.once(body.key, async { Ok(ctx.told(detail(&ctx, &found, &row).await?)) }).await;
    }
    let mut after = detail(&ctx, &found, &row).await?;
    (after.entry.position, after.entry.status, after.estimated_wait_time) = (0, EntryStatus::Cancelled, None);
    let told = reply::body(ctx.lang, 200, after);
    let tell: Tell = Arc::new(move |_, _, _| (200, told.clone()));
    let command = Command::Leave { student: found.entry.student, entry: found.entry.id };
    let key = body.key;
    match ask_once_granted(&ctx, found.schedule, command, key.clone(), tell).await {
        // It ended between the look and the order: that is what its row says now.
        Err(Problem::Rule(Rejection::UnknownEntry)) => {
            let (found, row) = find(&ctx, &caller, &req).await?;
            ctx.once(key, async { Ok(ctx.told(detail(&ctx, &found, &row).await?)) }).await
        }
        Err(Problem::Rule(other)) => ctx.once(key, async { Err(Problem::Rule(other)) }).await,
        answer => answer,
    }
}

// ---- answering an offer

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Begin {
    offer_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Begun {
    #[schema(value_type = String)]
    offer_id: OfferId,
    begun_at: String,
    /// A confirm is accepted before this instant.
    confirm_by: String,
}

fn offer_id(text: Option<&str>) -> Result<Option<OfferId>, Problem> {
    text.map(|t| t.parse().map_err(|_| Problem::Rule(Rejection::NoOffer))).transpose()
}

/// Stamps that the student began to confirm, so that it may end a little after the deadline.
#[utoipa::path(post, path = "/waitlist/{id}/begin", tag = "waitlist", request_body = Begin,
    responses((status = 200, body = Begun), (status = 404), (status = 409)))]
pub async fn begin(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Begin>) -> Result<HttpResponse, Problem> {
    let (found, _) = find(&ctx, &caller, &req).await?;
    let offer = offer_id(body.value.offer_id.as_deref())?;
    let (lang, zone) = (ctx.lang, ctx.zone());
    let tell: Tell = Arc::new(move |receipt, _, _| {
        let Receipt::Begun { offer, begun_at, confirm_by } = receipt else {
            unreachable!("a beginning is answered with its stamp")
        };
        let (begun_at, confirm_by) = (zone.rfc3339(*begun_at), zone.rfc3339(*confirm_by));
        (200, reply::body(lang, 200, Begun { offer_id: *offer, begun_at, confirm_by }))
    });
    let command = Command::Begin { student: found.entry.student, entry: found.entry.id, offer };
    ask(&ctx, found.schedule, command, body.key, tell).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answering {
    Accept,
    Decline,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Respond {
    action: Answering,
    /// Left out: the current offer.
    offer_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Responded {
    booking: Option<BookingBody>,
    entry: EntryBody,
}

/// Accepts or declines the seat on offer.
#[utoipa::path(put, path = "/waitlist/{id}/respond", tag = "waitlist", request_body = Respond,
    responses((status = 200, body = Responded), (status = 404), (status = 409)))]
pub async fn respond(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Respond>) -> Result<HttpResponse, Problem> {
    let (found, _) = find(&ctx, &caller, &req).await?;
    let offer = offer_id(body.value.offer_id.as_deref())?;
    let (student, entry) = (found.entry.student, found.entry.id);
    let command = match body.value.action {
        Answering::Accept => {
            Command::Accept { student, entry, offer, account: caller.account(), calendar: Evidence::unknown() }
        }
        Answering::Decline => Command::Decline { student, entry, offer },
    };
    let (lang, zone) = (ctx.lang, ctx.zone());
    let tell: Tell = Arc::new(move |receipt, head, _| {
        let body = match receipt {
            Receipt::Accepted { booking, entry, at: _ } => Responded {
                booking: Some(booking_body(booking, head, zone)),
                entry: entry_body(entry, 0, EntryStatus::Promoted, zone),
            },
            Receipt::Declined { entry, ended, position, offers } => Responded {
                booking: None,
                entry: entry_body(entry, position.unwrap_or(0), status_after_decline(*ended, offers), zone),
            },
            other => unreachable!("an answer to an offer is not answered with {other:?}"),
        };
        (200, reply::body(lang, 200, body))
    });
    ask(&ctx, found.schedule, command, body.key, tell).await
}

fn entry_body(entry: &Entry, position: u32, status: EntryStatus, zone: Zone) -> EntryBody {
    EntryBody { id: entry.id, position, status, joined_at: zone.rfc3339(entry.joined_at) }
}

fn status_after_decline(
    ended: Option<(EntryEnd, Timestamp)>,
    offers: &[crate::domain::schedule::state::Offer],
) -> EntryStatus {
    match (ended, offers.iter().map(|o| o.stage).max()) {
        (Some((end, _)), _) => ended_status(end),
        (None, Some(Stage::Turn)) => EntryStatus::InTurn,
        (None, Some(Stage::Race)) => EntryStatus::Notified,
        (None, None) => EntryStatus::Waiting,
    }
}

#[derive(Serialize, ToSchema)]
pub struct OfferRow {
    #[schema(value_type = String)]
    offer_id: OfferId,
    #[schema(value_type = String, example = "race")]
    stage: Stage,
    sent_at: String,
    deadline: String,
    /// sent, begun, accepted, declined, lost or lapsed.
    status: &'static str,
}

/// Every offer that this entry was ever sent, the latest first.
#[utoipa::path(get, path = "/waitlist/{id}/notifications", tag = "waitlist", responses((status = 200, body = [OfferRow]), (status = 404)))]
pub async fn list_offers(ctx: Ctx, caller: Caller, req: HttpRequest, query: Query) -> Result<HttpResponse, Problem> {
    let (found, _) = fresh(&ctx, &caller, &req).await?;
    let page = query.page()?;
    let id = found.entry.id;
    let reader = ctx.app.store.reader();
    let total = reader.one("select count(*) as n from waitlist_offers where waitlist_id = $1", args![id]).await?;
    let total = total.map_or(Ok(0), |r| r.version("n"))?;
    let sql = format!(
        "select {} from waitlist_offers where waitlist_id = $1 order by sent_at desc, id desc limit $2 offset $3",
        recover::OFFER_COLUMNS
    );
    let rows = reader.all(&sql, args![id, page.limit(), page.offset()]).await?;
    let items = rows.iter().map(|r| offer_row(r, ctx.zone())).collect::<Result<Vec<_>, _>>()?;
    Ok(ctx.ok(page.of(items, total)))
}

fn offer_row(row: &Row, zone: Zone) -> Result<OfferRow, Problem> {
    let (_, offer, end) = recover::read_offer(row)?;
    let status = match end {
        None if offer.begun_at.is_some() => "begun",
        None => "sent",
        Some(OfferEnd::Accepted) => "accepted",
        Some(OfferEnd::Declined | OfferEnd::Withdrawn) => "declined",
        Some(OfferEnd::Lost) => "lost",
        Some(OfferEnd::Lapsed | OfferEnd::Closed) => "lapsed",
    };
    let (sent_at, deadline) = (zone.rfc3339(offer.sent_at), zone.rfc3339(offer.deadline));
    Ok(OfferRow { offer_id: offer.id, stage: offer.stage, sent_at, deadline, status })
}

// ---- operators

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Notify {
    schedule_id: String,
}

/// Offers a free seat to those who wait, by hand, through the same gate as any freed seat.
#[utoipa::path(post, path = "/waitlist/notify", tag = "waitlist", request_body = Notify,
    responses((status = 200), (status = 403), (status = 404), (status = 409)))]
pub async fn notify(ctx: Ctx, caller: Caller, body: Body<Notify>) -> Result<HttpResponse, Problem> {
    caller.needs(Action::RunWaitlists)?;
    let id: ScheduleId = body.value.schedule_id.parse().map_err(|_| Problem::Rule(Rejection::UnknownSchedule))?;
    let lang = ctx.lang;
    let tell: Tell = Arc::new(move |receipt, _, _| {
        let Receipt::SeatOffered { offers } = receipt else {
            unreachable!("an offer by hand is answered with a count")
        };
        (200, reply::body(lang, 200, serde_json::json!({ "offers": offers })))
    });
    ask(&ctx, id, Command::OfferSeat, body.key, tell).await
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Withdraw {
    schedule_id: String,
    offer_id: String,
}

/// Takes an offer back. Its student gets no other of the same round.
#[utoipa::path(post, path = "/waitlist/withdraw", tag = "waitlist", request_body = Withdraw,
    responses((status = 200), (status = 403), (status = 404)))]
pub async fn withdraw(ctx: Ctx, caller: Caller, body: Body<Withdraw>) -> Result<HttpResponse, Problem> {
    caller.needs(Action::RunWaitlists)?;
    let id: ScheduleId = body.value.schedule_id.parse().map_err(|_| Problem::Rule(Rejection::UnknownSchedule))?;
    let offer = body.value.offer_id.parse().map_err(|_| Problem::Rule(Rejection::UnknownOffer))?;
    let lang = ctx.lang;
    let tell: Tell = Arc::new(move |_, _, _| (200, reply::body(lang, 200, serde_json::json!({ "withdrawn": true }))));
    ask(&ctx, id, Command::WithdrawOffer { offer }, body.key, tell).await
}

// ---- what a socket begins with

/// The places and offers of an account, for the snapshot of its `me` topic.
pub struct Places {
    pub store: Store,
    pub engine: Engine,
    pub zone: Zone,
}

#[derive(Serialize)]
struct PlaceNow {
    schedule_id: ScheduleId,
    waitlist_id: EntryId,
    student_id: StudentId,
    position: u32,
    status: EntryStatus,
    offer: Option<OfferBody>,
}

impl Places {
    async fn of(store: Store, engine: Engine, zone: Zone, viewer: Viewer) -> Result<String, Fault> {
        let sql = "select w.schedule_id, w.student_id from waitlist w join account_students l \
            on l.student_id = w.student_id where l.account_id = $1 and w.status = 'active' limit 100";
        let rows = store.reader().all(sql, args![viewer.account]).await.map_err(Fault::new)?;
        let mut places = Vec::new();
        for row in rows {
            let schedule: ScheduleId = row.parse("schedule_id").map_err(Fault::new)?;
            let student: StudentId = row.parse("student_id").map_err(Fault::new)?;
            let Ok(seen) = engine.look(schedule, Some(student)).await else { continue };
            if let Some(place) = &seen.mine.place {
                let EntryBody { id, position, status, joined_at: _ } = EntryBody::of(place, zone);
                let offer = seen.mine.offer.as_ref().map(|o| OfferBody::of(o, zone));
                places.push(PlaceNow {
                    schedule_id: schedule,
                    waitlist_id: id,
                    student_id: student,
                    position,
                    status,
                    offer,
                });
            }
        }
        serde_json::to_string(&serde_json::json!({ "waitlist": places })).map_err(Fault::new)
    }
}

impl MeSnapshot for Places {
    fn me(&self, viewer: Viewer) -> BoxFuture<'static, Result<String, Fault>> {
        Box::pin(Self::of(self.store.clone(), self.engine.clone(), self.zone, viewer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_told_as_people_say_it_and_ends_with_the_queue() {
        let month = 30 * DAY;
        let table = [
            // seats a day, position, time to the cutoff, told in Chinese and English
            (1.0, 3, month, "2-3天", "2-3 days"),
            (1.0, 1, month, "1天内", "within a day"),
            (2.0, 3, month, "1-2天", "1-2 days"),
            (0.1, 8, 90 * DAY, "79-80天", "79-80 days"),
            (0.1, 8, month, "29-30天", "29-30 days"),
            (0.1, 3, 3 * DAY + HOUR, "2-3天", "2-3 days"),
            (1.0, 3, 2 * DAY, "1-2天", "1-2 days"),
            (1.0, 3, 2 * DAY - 1, "1天内", "within a day"),
            (1.0, 1, DAY, "1天内", "within a day"),
            (1.0, 1, DAY - 1, "23小时内", "within 23 h"),
            (0.1, 3, 7 * HOUR, "7小时内", "within 7 h"),
            (9.0, 1, 90 * MINUTE, "1小时内", "within 1 h"),
            (1.0, 2, HOUR - 1, "59分钟内", "within 59 min"),
            (1.0, 2, 1, "1分钟内", "within 1 min"),
            // A begun confirm may outlive the queue.
            (1.0, 2, -MINUTE, "1分钟内", "within 1 min"),
        ];
        for (pace, position, left, zh, en) in table {
            for (lang, told) in [(Lang::Zh, zh), (Lang::En, en)] {
                assert_eq!(Pace(pace).wait(position, left, lang), told, "{position} at {pace} a day, {left} ms");
            }
        }
    }
}
