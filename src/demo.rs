//! Demo data: a day at a small school, some of it full, some of it popular.

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
        time::{DAY, HOUR, MINUTE, Timestamp},
        units::Fen,
    },
    domain::{
        access::Role,
        schedule::{
            Command, Policy,
            policy::{ConfirmMode, Tier},
        },
    },
    engine::Order,
    flows::plan::{Plan, open_schedule},
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
}

const SAMPLES: [Sample; 8] = [
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
    },
];

/// The demo's classes take bookings and waitlists until shortly before they start, so that there
/// is something to see at any hour.
const DEMO_CUTOFF: i64 = 10 * MINUTE;
/// Offers stand for two minutes: long enough to read, short enough to watch.
const DEMO_WINDOW: i64 = 2 * MINUTE;

/// Fills in a day of classes, unless some are still to come.
pub async fn fill(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let sql = "select count(*) as n from schedules where org_id = $1 and starts_at > $2";
    let coming = app.store.reader().one(sql, args![app.org, now + HOUR]).await?;
    if coming.map_or(Ok(0), |r| r.int("n"))? > 0 {
        return Ok(());
    }
    let teachers = teachers(app).await?;
    let mut starts_at = first_start(app, now);
    for (i, sample) in SAMPLES.iter().enumerate() {
        let teacher = teachers[i];
        let schedule = open(app, sample, teacher, starts_at).await?;
        people(app, sample, schedule, i).await?;
        starts_at = starts_at + STEP;
    }
    tracing::info!(classes = SAMPLES.len(), "filled in the demo data");
    Ok(())
}

/// From one class to the next.
const STEP: i64 = 30 * MINUTE;

/// In two hours on the half hour; early enough that the last class is of the same day, if the day
/// is still young enough for that, else tomorrow morning.
fn first_start(app: &App, now: Timestamp) -> Timestamp {
    let zone = app.config.zone;
    let half_hour = |at: Timestamp| Timestamp::from_millis((at.as_millis() / STEP + 1) * STEP);
    let all = SAMPLES.len() as i64 * STEP;
    let Some((_, midnight)) = zone.day(&zone.date(now)) else { return half_hour(now + HOUR) };
    let wanted = half_hour(now + 2 * HOUR);
    if wanted + all <= midnight {
        wanted
    } else if half_hour(now + HOUR) + all <= midnight {
        half_hour(now + HOUR)
    } else {
        midnight + 9 * HOUR
    }
}

async fn teachers(app: &App) -> anyhow::Result<Vec<TeacherId>> {
    let wanted = SAMPLES.iter().map(|s| Wanted { role: Role::Teacher, name: s.teacher.into() }).collect();
    let people = app.people.ensure(wanted, app.clock.now()).await?;
    Ok(people.into_iter().filter_map(|(person, _)| person.teacher).collect())
}

async fn open(app: &App, s: &Sample, teacher: TeacherId, starts_at: Timestamp) -> anyhow::Result<ScheduleId> {
    let (at, org) = (app.clock.now(), app.org);
    let course = Course {
        id: CourseId::from_u128(app.ids.next(at)),
        name: s.name.into(),
        kind: s.kind,
        tier: s.tier,
        level: 1,
        category: "演示".into(),
        duration_min: s.minutes,
        default_capacity: s.capacity,
        price_fen: Fen::ZERO,
        hours_per_session: None,
        confirm_mode: ConfirmMode::Auto,
        created_by: None,
    };
    let made = course.clone();
    app.store.write(move |tx| Box::pin(async move { insert_course(tx, &made, org, at).await })).await?;
    let policy = Policy {
        cutoff_ms: DEMO_CUTOFF,
        window_ms: DEMO_WINDOW,
        reminder_ms: MINUTE,
        course_kind: course.kind(),
        tier: course.tier,
        ..Policy::default()
    };
    let plan = Plan {
        org,
        course: course.id,
        teacher: Some(teacher),
        starts_at,
        ends_at: starts_at + (s.minutes * MINUTE).min(DURATION_MAX),
        capacity: s.capacity,
        location: s.location.into(),
        policy,
    };
    app.courses.remember(course);
    let (tell, made) = tokio::sync::oneshot::channel();
    let render = Box::new(move |opened: Result<&crate::domain::schedule::Opened, _>| {
        // Nobody listens any more only when the start was given up.
        let _ = tell.send(opened.ok().map(|o| o.head.id));
        reply::stored(201, String::new())
    });
    open_schedule(&app.store, &app.clock, &*app.ids, None, plan, render).await?;
    made.await?.ok_or_else(|| anyhow::anyhow!("the teacher of {} is busy", s.name))
}

/// Students that are booked and waiting already; each class has its own, so that none overlap.
async fn people(app: &App, s: &Sample, schedule: ScheduleId, class: usize) -> anyhow::Result<()> {
    let day = app.clock.now().as_millis() / DAY;
    let name = |i: u32| format!("演示学员{}-{:02}·{day}", class + 1, i + 1);
    let wanted = (0..s.booked + s.waiting).map(|i| Wanted { role: Role::Student, name: name(i) }).collect();
    let people = app.people.ensure(wanted, app.clock.now()).await?;
    let students = people.iter().filter_map(|(person, links)| Some((links.first()?.id, person.account)));
    for (i, (student, account)) in students.enumerate() {
        let command = command_of(i < s.booked as usize, student, account);
        app.engine.submit(schedule, Order::new(command)).await.map_err(|_| anyhow::anyhow!("a demo booking failed"))?;
    }
    Ok(())
}

fn command_of(book_now: bool, student: StudentId, account: AccountId) -> Command {
    if book_now { book(student, account) } else { Command::Join { student, account } }
}
