//! Many classes planned at once, such as a term's.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schedules::{Checked, PolicyChange, Shared, check_times};
use crate::{
    base::{
        ids::ScheduleId,
        lang::Lang,
        limits::BATCH_MAX,
        time::{Timestamp, Zone},
    },
    domain::access::Action,
    flows::plan::{self, Made, Plan, Plans, TeacherBusy},
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, bad_instant},
        reply,
    },
};

/// Classes that differ in their times alone.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewSchedules {
    course_id: String,
    teacher_id: Option<String>,
    capacity: Option<u32>,
    #[serde(default)]
    location: String,
    #[serde(default)]
    policy: PolicyChange,
    items: Vec<BatchItem>,
    /// Makes nothing, and says what would be.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct BatchItem {
    /// RFC 3339.
    starts_at: String,
    /// Left out: the course's duration.
    ends_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Batch {
    created: Vec<BatchCreated>,
    refused: Vec<BatchRefused>,
}

#[derive(Serialize, ToSchema)]
pub struct BatchCreated {
    /// Null in a dry run.
    #[schema(value_type = Option<String>)]
    id: Option<ScheduleId>,
    starts_at: String,
    ends_at: String,
}

#[derive(Serialize, ToSchema)]
pub struct BatchRefused {
    starts_at: String,
    #[schema(example = "teacher_busy")]
    reason: &'static str,
    message: String,
}

/// Plans up to 200 classes, in their order. What can be made is made, all of it at once; what cannot
/// is told with its reason. Two of the same teacher that overlap each other count, too.
#[utoipa::path(post, path = "/schedules/batch", tag = "schedules", request_body = NewSchedules,
    responses((status = 200, body = Batch), (status = 400), (status = 403)))]
pub async fn create_schedules(ctx: Ctx, caller: Caller, body: Body<NewSchedules>) -> Result<HttpResponse, Problem> {
    caller.needs(Action::PlanOwnClasses)?;
    let Body { value: new, key } = body;
    let NewSchedules { course_id, teacher_id, capacity, location, policy, items, dry_run } = new;
    if items.is_empty() || items.len() > BATCH_MAX {
        return Err(Problem::invalid("items", format!("应有1到{BATCH_MAX}项"), format!("use 1 to {BATCH_MAX}")));
    }
    let shared = Shared { course_id, teacher_id, capacity, location, policy }.checked(&ctx, &caller).await?;
    let times = items.iter().enumerate().map(|(n, item)| times_of(&shared, n, item));
    let times = times.collect::<Result<Vec<_>, _>>()?;
    let now = ctx.now();
    let checked: Vec<_> = times
        .iter()
        .map(|(starts_at, ends_at)| check_times(now, *starts_at, *ends_at).map_err(|p| (*starts_at, p)))
        .collect();
    let fit = times.iter().zip(&checked).filter(|(_, checked)| checked.is_ok());
    let plans: Vec<Plan> =
        fit.map(|((starts_at, ends_at), _)| shared.plan(ctx.app.org, *starts_at, *ends_at)).collect();
    let plans = Plans { teacher: shared.teacher, all: plans, dry_run };
    let (lang, zone) = (ctx.lang, ctx.zone());
    let render = Box::new(move |made: Vec<Result<Made, TeacherBusy>>| {
        reply::stored(200, reply::body(lang, 200, told(checked, &times, made, lang, zone)))
    });
    let _planning = match shared.teacher {
        Some(_) => Some(ctx.app.planning.lock().await),
        None => None,
    };
    let (store, clock, ids) = (&ctx.app.store, &ctx.app.clock, &*ctx.app.ids);
    let made = plan::open_schedules(store, clock, ids, key, plans, render);
    ctx.keyed(made.await?)
}

/// Whoever sends what is no instant has made a mistake in all of it.
fn times_of(shared: &Checked, n: usize, item: &BatchItem) -> Result<(Timestamp, Timestamp), Problem> {
    let read = |name: &str, text: &str| Timestamp::parse(text).ok_or_else(|| bad_instant(format!("items[{n}].{name}")));
    let starts_at = read("starts_at", &item.starts_at)?;
    let ends_at = match &item.ends_at {
        Some(text) => read("ends_at", text)?,
        None => shared.ends_at(starts_at),
    };
    Ok((starts_at, ends_at))
}

/// `made` is what became of those whose times are sound.
fn told(
    checked: Vec<Result<(), (Timestamp, Problem)>>,
    times: &[(Timestamp, Timestamp)],
    made: Vec<Result<Made, TeacherBusy>>,
    lang: Lang,
    zone: Zone,
) -> Batch {
    let mut batch = Batch { created: Vec::new(), refused: Vec::new() };
    let mut made = made.into_iter();
    let mut refuse = |at: Timestamp, problem: &Problem| {
        let row = problem.row();
        let message = match lang {
            Lang::Zh => row.zh,
            Lang::En => row.en,
        };
        batch.refused.push(BatchRefused {
            starts_at: zone.rfc3339(at),
            reason: row.reason,
            message: message.into_owned(),
        });
    };
    for (checked, (starts_at, ends_at)) in checked.into_iter().zip(times) {
        match checked {
            Err((at, problem)) => refuse(at, &problem),
            Ok(()) => match made.next() {
                Some(Ok(Made(id))) => {
                    let (starts_at, ends_at) = (zone.rfc3339(*starts_at), zone.rfc3339(*ends_at));
                    batch.created.push(BatchCreated { id, starts_at, ends_at });
                }
                Some(Err(TeacherBusy)) | None => refuse(*starts_at, &Problem::TeacherBusy),
            },
        }
    }
    batch
}
