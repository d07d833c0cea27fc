//! Demo data: what comes next at a small school, some of it full, some of it popular.

use anyhow::Context;

use crate::{
    api::{
        courses::{Course, insert_course},
        dev::book,
        people::Wanted,
    },
    args,
    base::{
        ids::{AccountId, CourseId, ScheduleId, StudentId, TeacherId},
        limits::DURATION_MAX,
        time::{HOUR, MINUTE, Timestamp, Zone},
        units::Fen,
    },
    domain::{
        access::Role,
        schedule::{
            Command, Policy,
            policy::{ConfirmMode, Tier},
        },
    },
    engine::{Answer, Order},
    flows::plan::{Plan, open_schedule},
    store::sql::Row,
    web::{reply, state::App},
};

/// A course of the demo, its teacher, and how its class stands when the page is opened.
struct Sample {
    name: &'static str,
    kind: i64,
    tier: Tier,
    minutes: i64,
    capacity: u32,
    teacher: &'static str,
    location: &'static str,
    booked: u32,
    waiting: u32,
    start: Start,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// In its turn, and no sooner than [`NOTICE`].
    ToCome,
    /// Within minutes, at whatever hour: whoever looks as a coach can soon take attendance. It ends
    /// before [`NOTICE`], so that its teacher is free for what is to come.
    Soon,
}

const SAMPLES: [Sample; 9] = [
    Sample {
        name: "书法入门",
        kind: 1,
        tier: Tier::Standard,
        minutes: 60,
        capacity: 6,
        teacher: "林老师",
        location: "松风教室",
        booked: 6,
        waiting: 3,
        start: Start::ToCome,
    },
    Sample {
        name: "少儿绘画",
        kind: 1,
        tier: Tier::Standard,
        minutes: 60,
        capacity: 8,
        teacher: "周老师",
        location: "竹影教室",
        booked: 5,
        waiting: 0,
        start: Start::ToCome,
    },
    Sample {
        name: "国际象棋",
        kind: 2,
        tier: Tier::Standard,
        minutes: 45,
        capacity: 10,
        teacher: "何老师",
        location: "梅园教室",
        booked: 2,
        waiting: 0,
        start: Start::ToCome,
    },
    Sample {
        name: "钢琴一对一",
        kind: 0,
        tier: Tier::Vip,
        minutes: 45,
        capacity: 1,
        teacher: "苏老师",
        location: "琴房 2",
        booked: 1,
        waiting: 2,
        start: Start::ToCome,
    },
    Sample {
        name: "瑜伽小班",
        kind: 1,
        tier: Tier::Standard,
        minutes: 60,
        capacity: 12,
        teacher: "唐老师",
        location: "云舍",
        booked: 12,
        waiting: 5,
        start: Start::ToCome,
    },
    Sample {
        name: "英语口语",
        kind: 1,
        tier: Tier::Standard,
        minutes: 60,
        capacity: 6,
        teacher: "林老师",
        location: "松风教室",
        booked: 0,
        waiting: 0,
        start: Start::ToCome,
    },
    Sample {
        name: "编程试听",
        kind: 3,
        tier: Tier::Standard,
        minutes: 45,
        capacity: 20,
        teacher: "何老师",
        location: "梅园教室",
        booked: 9,
        waiting: 0,
        start: Start::ToCome,
    },
    Sample {
        name: "陶艺体验",
        kind: 2,
        tier: Tier::Vip,
        minutes: 90,
        capacity: 6,
        teacher: "周老师",
        location: "窑坊",
        booked: 6,
        waiting: 4,
        start: Start::ToCome,
    },
    Sample {
        name: "硬笔速写",
        kind: 1,
        tier: Tier::Standard,
        minutes: 45,
        capacity: 8,
        teacher: "林老师",
        location: "松风教室",
        booked: 5,
        waiting: 0,
        start: Start::Soon,
    },
];

/// The demo's classes take bookings and waitlists until shortly before they start, so that there
/// is something to see at any hour.
const DEMO_CUTOFF: i64 = 10 * MINUTE;
/// Offers stand for two minutes: long enough to read, short enough to watch.
const DEMO_WINDOW: i64 = 2 * MINUTE;

/// From one class to the next.
const STEP: i64 = 30 * MINUTE;
/// Of a class that is to come: there is time to look at it.
const NOTICE: i64 = HOUR;
/// The one that starts soon does so at the first of these steps that is at least this far away.
const SOON_STEP: i64 = 5 * MINUTE;
const SOON: i64 = 2 * MINUTE;
/// The first and the last class of a day start at these hours.
const OPENS: i64 = 9 * HOUR;
const LAST_START: i64 = 21 * HOUR;
/// Where a teacher is busy the next hours are tried, within a day.
const TRIES: usize = 24;
/// Marks the courses that are the demo's own.
const CATEGORY: &str = "演示";

/// Fills an empty database; at a later start plans a class for each demo course that has none to
/// come. What is not the demo's is left alone, and what cannot be planned is skipped: a server
/// starts with whatever demo data it could get.
pub async fn fill(app: &App) {
    match plan_all(app).await {
        Ok(0) => {}
        Ok(classes) => tracing::info!(classes, "filled in the demo data"),
        Err(error) => tracing::warn!(error = format!("{error:#}"), "the demo data was not filled in"),
    }
}

/// How many classes were planned.
async fn plan_all(app: &App) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let fresh = is_empty(app).await?;
    let courses = known_courses(app, now).await?;
    if !fresh && courses.is_empty() {
        return Ok(0);
    }
    let teachers = teachers(app).await?;
    let mut planned = 0;
    let mut starts_at = next_start(app.config.zone, now + NOTICE);
    for (sample, teacher) in SAMPLES.iter().zip(teachers) {
        let course = match courses.iter().find(|known| known.name == sample.name) {
            Some(known) if known.has_class(sample.start) => continue,
            Some(known) => known.id,
            None => make_course(app, sample).await?,
        };
        let opened = match sample.start {
            Start::ToCome => open_when_free(app, sample, course, teacher, starts_at).await?,
            Start::Soon => {
                let at = up_to(SOON_STEP, now + SOON);
                open(app, sample, course, teacher, at).await?.map(|schedule| (schedule, at))
            }
        };
        match opened {
            Some((schedule, at)) => {
                planned += 1;
                people(app, sample, schedule, at).await?;
            }
            // Then there is a class of this teacher's under way, or about to begin, all the same.
            None if sample.start == Start::Soon => {}
            None => tracing::warn!(course = sample.name, teacher = sample.teacher, "no free hour for a demo class"),
        }
        starts_at = next_start(app.config.zone, starts_at + STEP);
    }
    Ok(planned)
}

async fn is_empty(app: &App) -> anyhow::Result<bool> {
    let sql = "select id from courses where org_id = $1 limit 1";
    Ok(app.store.reader().one(sql, args![app.org]).await?.is_none())
}

/// A demo course of an earlier start.
struct Known {
    id: CourseId,
    name: String,
    /// A class of it still takes bookings.
    is_coming: bool,
    /// A class of it has not ended.
    is_left: bool,
}

impl Known {
    fn has_class(&self, start: Start) -> bool {
        match start {
            Start::ToCome => self.is_coming,
            Start::Soon => self.is_left,
        }
    }
}

async fn known_courses(app: &App, now: Timestamp) -> anyhow::Result<Vec<Known>> {
    let sql = "select c.id, c.name, (select count(*) from schedules s where s.course_id = c.id \
        and s.starts_at > $3 and s.status <> 'revoked') as coming, (select count(*) from schedules s \
        where s.course_id = c.id and s.ends_at > $4 and s.status <> 'revoked') as left_over from courses c \
        where c.org_id = $1 and c.category = $2 and c.created_by is null order by coming desc, c.id";
    let rows = app.store.reader().all(sql, args![app.org, CATEGORY, now + DEMO_CUTOFF, now]).await?;
    let read = |row: &Row| {
        let (name, is_coming) = (row.text("name")?.to_owned(), row.int("coming")? > 0);
        Ok(Known { id: row.parse("id")?, name, is_coming, is_left: row.int("left_over")? > 0 })
    };
    rows.iter().map(read).collect()
}

/// The first half hour at or after `from` at which a class may start.
fn next_start(zone: Zone, from: Timestamp) -> Timestamp {
    let at = up_to(STEP, from);
    let Some((midnight, next)) = zone.day(&zone.date(at)) else { return at };
    if at < midnight + OPENS {
        midnight + OPENS
    } else if at > midnight + LAST_START {
        next + OPENS
    } else {
        at
    }
}

/// The first whole step of the clock at or after `from`.
fn up_to(step: i64, from: Timestamp) -> Timestamp {
    Timestamp::from_millis((from.as_millis() + step - 1).div_euclid(step) * step)
}

async fn teachers(app: &App) -> anyhow::Result<Vec<TeacherId>> {
    let wanted = SAMPLES.iter().map(|s| Wanted { role: Role::Teacher, name: s.teacher.into() }).collect();
    let people = app.people.ensure(wanted, app.clock.now()).await?;
    people.into_iter().map(|(person, _)| person.teacher.context("a teacher's account without a teacher")).collect()
}

async fn make_course(app: &App, s: &Sample) -> anyhow::Result<CourseId> {
    let (at, org) = (app.clock.now(), app.org);
    let course = Course {
        id: CourseId::from_u128(app.ids.next(at)),
        name: s.name.into(),
        kind: s.kind,
        tier: s.tier,
        level: 1,
        category: CATEGORY.into(),
        duration_min: s.minutes,
        default_capacity: s.capacity,
        price_fen: Fen::ZERO,
        hours_per_session: None,
        confirm_mode: ConfirmMode::Auto,
        created_by: None,
    };
    let (id, made) = (course.id, course.clone());
    app.store.write(move |tx| Box::pin(async move { insert_course(tx, &made, org, at).await })).await?;
    app.courses.remember(course);
    Ok(id)
}

/// Opens the class at the first hour from `from` on at which its teacher is free.
async fn open_when_free(
    app: &App,
    sample: &Sample,
    course: CourseId,
    teacher: TeacherId,
    from: Timestamp,
) -> anyhow::Result<Option<(ScheduleId, Timestamp)>> {
    let mut starts_at = from;
    for _ in 0..TRIES {
        if let Some(schedule) = open(app, sample, course, teacher, starts_at).await? {
            return Ok(Some((schedule, starts_at)));
        }
        starts_at = next_start(app.config.zone, starts_at + STEP);
    }
    Ok(None)
}

/// `None` when the teacher is busy then.
async fn open(
    app: &App,
    s: &Sample,
    course: CourseId,
    teacher: TeacherId,
    starts_at: Timestamp,
) -> anyhow::Result<Option<ScheduleId>> {
    let course = app.courses.get(course).await?.context("a demo course is gone")?;
    let policy = Policy {
        cutoff_ms: DEMO_CUTOFF,
        window_ms: DEMO_WINDOW,
        reminder_ms: MINUTE,
        course_kind: course.kind(),
        tier: course.tier,
        ..Policy::default()
    };
    let plan = Plan {
        org: app.org,
        course: course.id,
        teacher: Some(teacher),
        starts_at,
        ends_at: starts_at + (s.minutes * MINUTE).min(DURATION_MAX),
        capacity: s.capacity,
        location: s.location.into(),
        policy,
    };
    let (tell, made) = tokio::sync::oneshot::channel();
    let render = Box::new(move |opened: Result<&crate::domain::schedule::Opened, _>| {
        // Nobody listens any more only when the start was given up.
        let _ = tell.send(opened.ok().map(|o| o.head.id));
        reply::stored(201, String::new())
    });
    open_schedule(&app.store, &app.clock, &*app.ids, None, plan, render).await?;
    Ok(made.await?)
}

/// Students that are booked and waiting already; each class has its own, so that none overlap.
async fn people(app: &App, s: &Sample, schedule: ScheduleId, starts_at: Timestamp) -> anyhow::Result<()> {
    let class = starts_at.as_millis() / STEP * SAMPLES.len() as i64
        + SAMPLES.iter().position(|x| x.name == s.name).unwrap_or(0) as i64;
    let name = |i: u32| name_of(class * PER_CLASS_MAX + i64::from(i));
    let wanted = (0..s.booked + s.waiting).map(|i| Wanted { role: Role::Student, name: name(i) }).collect();
    let people = app.people.ensure(wanted, app.clock.now()).await?;
    let students = people.iter().filter_map(|(person, links)| Some((links.first()?.id, person.account)));
    for (i, (student, account)) in students.enumerate() {
        let command = command_of(i < s.booked as usize, student, account);
        let answer = app.engine.submit(schedule, Order::new(command)).await;
        if !matches!(answer, Ok(Answer::Given { outcome: Ok(_), .. })) {
            tracing::warn!(%schedule, course = s.name, "a demo student was not taken in");
        }
    }
    Ok(())
}

/// No class of the demo has more people.
const PER_CLASS_MAX: i64 = 17;
const FAMILY_NAMES: [&str; 34] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓",
];
const GIVEN_NAMES: [&str; 30] = [
    "子涵", "欣怡", "宇航", "诗涵", "浩宇", "梓萱", "若曦", "明哲", "雅婷", "博文", "佳慧", "志远", "静怡", "文轩",
    "晓彤", "家豪", "语嫣", "昊天", "婉清", "泽宇", "思琪", "嘉铭", "雨晴", "承志", "书瑶", "景行", "心怡", "伟诚",
    "知夏", "乐天",
];

/// The n-th of 1,020 people, over and over: those of one class, and of the classes around it, differ.
fn name_of(n: i64) -> String {
    let (family, round) = (n.rem_euclid(34), n.div_euclid(34));
    let given = (round * 239 + family * 7).rem_euclid(30);
    format!("{}{}", FAMILY_NAMES[family as usize], GIVEN_NAMES[given as usize])
}

fn command_of(book_now: bool, student: StudentId, account: AccountId) -> Command {
    if book_now { book(student, account) } else { Command::Join { student, account } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_of_classes_near_each_other_have_names_of_their_own() {
        let names: std::collections::HashSet<_> = (7_000..8_020).map(name_of).collect();
        assert_eq!(names.len(), 1_020);
        assert!(SAMPLES.iter().all(|s| i64::from(s.booked + s.waiting) <= PER_CLASS_MAX));
    }

    #[test]
    fn classes_start_on_the_half_hour_while_the_school_is_open() {
        let table = [
            ("12T13:40", "12T14:00"),
            ("12T14:00", "12T14:00"),
            ("12T20:31", "12T21:00"),
            ("12T21:01", "13T09:00"),
            ("12T23:50", "13T09:00"),
            ("13T00:00", "13T09:00"),
            ("13T08:59", "13T09:00"),
        ];
        let at = |text: &str| Timestamp::parse(&format!("2025-11-{text}:00+08:00")).unwrap();
        for (from, expected) in table {
            assert_eq!(next_start(Zone::SHANGHAI, at(from)), at(expected), "{from}");
        }
    }
}
