//! How full the queues are, class by class, and what might be done about it.

use std::cmp::Ordering;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::queues::{Line, lines};
use crate::{
    base::{ids::ScheduleId, lang::Lang, limits::WAITLIST_CAPACITY_MAX},
    domain::access::Action,
    web::{
        error::Problem,
        extract::{Caller, Ctx, Query},
    },
};

#[derive(Serialize, ToSchema)]
pub struct QueueOfClass {
    #[schema(value_type = String)]
    schedule_id: ScheduleId,
    course_name: String,
    teacher_name: Option<String>,
    starts_at: String,
    /// When the queue ends.
    cutoff_at: String,
    /// Of the class.
    capacity: u32,
    waitlist_length: u32,
    waitlist_capacity: u32,
    /// Whether that was set for this class alone.
    own_size: bool,
    full: bool,
    /// Only where nobody more is taken.
    suggestion: Option<Suggestion>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Suggestion {
    /// Let so many wait.
    Raise { capacity: u32, text: String },
    /// More wait than will ever get a seat here.
    AnotherClass { text: String },
}

/// The classes somebody waits for, the fullest queue first.
#[utoipa::path(get, path = "/admin/waitlist/classes", tag = "waitlist",
    responses((status = 200, body = [QueueOfClass]), (status = 403)))]
pub async fn list_classes(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    caller.needs(Action::RunWaitlists)?;
    let page = query.page()?;
    let mut lines = lines(&ctx.app, None).await?;
    // They come in the order of their start, which stays where two are as full.
    lines.sort_by(fuller_first);
    let total = lines.len() as u64;
    let mut items = Vec::new();
    for line in lines.into_iter().skip(page.offset() as usize).take(page.limit() as usize) {
        items.push(told(&ctx, line).await?);
    }
    Ok(ctx.ok(page.of(items, total)))
}

/// By what is taken of what there is; one that takes nobody at all is fuller than any.
fn fuller_first(a: &Line, b: &Line) -> Ordering {
    let part = |one: &Line, other: &Line| u64::from(one.length) * u64::from(other.capacity);
    part(b, a).cmp(&part(a, b))
}

async fn told(ctx: &Ctx, line: Line) -> Result<QueueOfClass, Problem> {
    let zone = ctx.zone();
    let course = ctx.app.courses.get(line.head.course).await?;
    Ok(QueueOfClass {
        schedule_id: line.head.id,
        course_name: course.map_or(String::new(), |c| c.name.clone()),
        starts_at: zone.rfc3339(line.head.starts_at),
        cutoff_at: zone.rfc3339(line.head.cutoff_at()),
        capacity: line.head.capacity,
        waitlist_length: line.length,
        waitlist_capacity: line.capacity,
        own_size: ctx.app.sizes.is_own(line.head.id),
        full: line.is_full(),
        suggestion: suggestion(line.is_full(), line.head.capacity, line.capacity, ctx.lang),
        teacher_name: line.teacher_name,
    })
}

/// As many as have seats may well give theirs up before the class: twice that, and the queue is only
/// a promise.
const WAITING_PER_SEAT_MAX: u32 = 2;

fn suggestion(full: bool, seats: u32, waitlist: u32, lang: Lang) -> Option<Suggestion> {
    let most = seats.saturating_mul(WAITING_PER_SEAT_MAX).min(WAITLIST_CAPACITY_MAX);
    if !full {
        return None;
    }
    Some(if waitlist < most {
        let capacity = waitlist.saturating_add((waitlist / 2).max(1)).min(most);
        let text = match lang {
            Lang::Zh => format!("候补队列已满，可将候补上限从{waitlist}人提高到{capacity}人"),
            Lang::En => format!("The queue is full: let {capacity} wait instead of {waitlist}"),
        };
        Suggestion::Raise { capacity, text }
    } else {
        let text = match lang {
            Lang::Zh => format!("候补上限已有{waitlist}人，而课程只有{seats}个名额，建议加开一节课或推荐其他课程"),
            Lang::En => format!("{waitlist} may wait for {seats} seats already: add a class, or offer another course"),
        };
        Suggestion::AnotherClass { text }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_grows_until_it_is_only_a_promise() {
        let told = |full, seats, waitlist| match suggestion(full, seats, waitlist, Lang::Zh) {
            None => "nothing".to_owned(),
            Some(Suggestion::Raise { capacity, .. }) => format!("{capacity}"),
            Some(Suggestion::AnotherClass { .. }) => "another".to_owned(),
        };
        for (full, seats, waitlist, expected) in [
            (false, 6, 8, "nothing"),
            (true, 6, 8, "12"),
            (true, 6, 12, "another"),
            (true, 1, 8, "another"),
            (true, 1, 0, "1"),
            (true, 30, 8, "12"),
            (true, 1_000_000, 10_000, "another"),
            (true, 1_000_000, 9_000, "10000"),
        ] {
            assert_eq!(told(full, seats, waitlist), expected, "{seats} seats, {waitlist} may wait");
        }
    }
}
