//! Planning schedules: making one, and moving one to other times. Both must find the teacher
//! free, and moving one also every student that is booked on it.

use std::sync::Arc;

use crate::{
    base::{
        ids::{CourseId, IdSource, OrgId, ScheduleId, TeacherId},
        keys::{Keyed, RequestKey, StoredAnswer},
        time::{Clock, Timestamp},
    },
    domain::schedule::{
        Command, Opened, Policy, Rejection,
        state::{Head, Status},
    },
    engine::{Answer, Engine, Order, Render, Trouble},
    store::{Store, StoreError, schedules},
};

/// A schedule to be made; its fields were checked before.
pub struct Plan {
    pub org: OrgId,
    pub course: CourseId,
    pub teacher: Option<TeacherId>,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub capacity: u32,
    pub location: String,
    pub policy: Policy,
}

/// The teacher has another class then.
pub struct TeacherBusy;

/// Turns what became of a plan into the answer that is stored under a request key.
pub type RenderPlan = Box<dyn FnOnce(Result<&Opened, TeacherBusy>) -> StoredAnswer + Send>;

/// Makes a schedule, unless its teacher has another class then.
pub async fn open_schedule(
    store: &Store,
    clock: &Clock,
    ids: &dyn IdSource,
    key: Option<RequestKey>,
    plan: Plan,
    render: RenderPlan,
) -> Result<Keyed, StoreError> {
    let at = clock.now();
    let (opened, location) = opened(plan, ScheduleId::from_u128(ids.next(at)), at);
    let Head { teacher, starts_at, ends_at, .. } = opened.head;
    let epoch = store.epoch();
    store
        .write_keyed(key, at, move |tx| {
            Box::pin(async move {
                if let Some(teacher) = teacher
                    && schedules::teacher_busy(tx, teacher, None, starts_at, ends_at).await?.is_some()
                {
                    return Ok(render(Err(TeacherBusy)));
                }
                schedules::insert(tx, &opened, &location, epoch).await?;
                Ok(render(Ok(&opened)))
            })
        })
        .await
}

/// Many schedules of one teacher, or of none.
pub struct Plans {
    pub teacher: Option<TeacherId>,
    pub all: Vec<Plan>,
    /// Makes nothing, and says what would be.
    pub dry_run: bool,
}

/// A schedule that was made; without an id where nothing was to be made.
pub struct Made(pub Option<ScheduleId>);

/// Turns what became of each of many plans into the answer that is stored under a request key.
pub type RenderPlans = Box<dyn FnOnce(Vec<Result<Made, TeacherBusy>>) -> StoredAnswer + Send>;

/// Makes those schedules for which their teacher has time, in their order and in one transaction
/// with the answer: whatever fails in the midst of it has made none.
pub async fn open_schedules(
    store: &Store,
    clock: &Clock,
    ids: &dyn IdSource,
    key: Option<RequestKey>,
    plans: Plans,
    render: RenderPlans,
) -> Result<Keyed, StoreError> {
    let at = clock.now();
    let Plans { teacher, all, dry_run } = plans;
    let all: Vec<_> = all.into_iter().map(|plan| opened(plan, ScheduleId::from_u128(ids.next(at)), at)).collect();
    let epoch = store.epoch();
    store
        .write_keyed(key, at, move |tx| {
            Box::pin(async move {
                let from = all.iter().map(|(o, _)| o.head.starts_at).min();
                let to = all.iter().map(|(o, _)| o.head.ends_at).max();
                let mut taken = match (teacher, from, to) {
                    (Some(teacher), Some(from), Some(to)) => schedules::times_of(tx, teacher, from, to).await?,
                    (_, _, _) => Vec::new(),
                };
                let (mut fit, mut told) = (Vec::new(), Vec::new());
                for (opened, location) in all {
                    let Head { id, starts_at, ends_at, .. } = opened.head;
                    if taken.iter().any(|(from, to)| *from < ends_at && starts_at < *to) {
                        told.push(Err(TeacherBusy));
                        continue;
                    }
                    // Two of these must not overlap, either.
                    taken.extend(teacher.map(|_| (starts_at, ends_at)));
                    told.push(Ok(Made(Some(id).filter(|_| !dry_run))));
                    fit.push((opened, location));
                }
                if !dry_run {
                    schedules::insert_all(tx, &fit, epoch).await?;
                }
                Ok(render(told))
            })
        })
        .await
}

/// The first event of a planned schedule, and its place.
fn opened(plan: Plan, id: ScheduleId, at: Timestamp) -> (Opened, String) {
    let Plan { org, course, teacher, starts_at, ends_at, capacity, location, policy } = plan;
    let (status, policy) = (Status::Open, Arc::new(policy));
    let head = Head { id, org, course, teacher, starts_at, ends_at, capacity, status, policy };
    (Opened { head, at }, location)
}

/// The new times and teacher of a schedule.
#[derive(Clone, Copy)]
pub struct Move {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub teacher: Option<TeacherId>,
}

impl Move {
    /// Where nothing is another than before, nobody is told.
    pub fn changes(&self, head: &Head) -> bool {
        (self.starts_at, self.ends_at, self.teacher) != (head.starts_at, head.ends_at, head.teacher)
    }
}

/// Moves a schedule to other times or another teacher. Every booked student's calendar is locked
/// meanwhile, in one order for everybody, so that two moves cannot wait for each other.
pub async fn reschedule(
    engine: &Engine,
    schedule: ScheduleId,
    to: Move,
    key: Option<RequestKey>,
    render: impl Fn() -> Render,
) -> Result<Answer, Trouble> {
    for _ in 0..TRIES {
        let checked = engine.booked_students(schedule).await?;
        let mut permits = Vec::with_capacity(checked.len());
        for student in &checked {
            permits.push(engine.lock_calendar(*student).await?);
        }
        let conflicts = permits.iter().map(|p| p.conflicts(&[Some(schedule)], to.starts_at, to.ends_at));
        // Forgotten since it was locked: all of them anew.
        let Some(conflicts) = conflicts.collect::<Option<Vec<_>>>() else { continue };
        let conflict = conflicts.contains(&true);
        let Move { starts_at, ends_at, teacher } = to;
        let command = Command::Reschedule { starts_at, ends_at, teacher, checked, conflict };
        match engine.submit(schedule, Order::keyed(command, key.clone(), render())).await? {
            // Someone booked or left between the look and the lock.
            Answer::Given { outcome: Err(Rejection::EvidenceStale), .. } => {}
            answer => return Ok(answer),
        }
    }
    Err(Trouble::Busy)
}

/// Bookings that come and go faster than this many looks are a rush: the operator tries later.
const TRIES: usize = 5;
