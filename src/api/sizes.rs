//! How many may wait: the operators' table, and what it comes to for one schedule.

use std::sync::Arc;

use actix_web::HttpResponse;
use dashmap::DashMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::courses::{tier_name, within};
use crate::{
    args,
    base::{
        ids::{AccountId, CourseId, ScheduleId},
        limits::WAITLIST_CAPACITY_MAX,
        time::Timestamp,
    },
    domain::{
        access::Action,
        schedule::{
            policy::{CourseKind, Tier},
            state::Head,
        },
    },
    engine::WaitlistSizes,
    store::{Store, StoreError, sql::Conn},
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Query},
        reply,
    },
};

/// Where nothing else is said.
const GLOBAL_DEFAULT: u32 = 8;
/// The built-in size of the tier `vip`.
const VIP_DEFAULT: u32 = 5;

/// The whole table, in memory: it has a row for each thing that an operator ever sized.
#[derive(Default)]
pub struct Sizes(DashMap<(Scope, String), u32>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Schedule,
    Course,
    /// A tier (`vip`, `standard`) or a course kind (`0` to `3`).
    Type,
    Global,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Course => "course",
            Self::Type => "type",
            Self::Global => "global",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Schedule, Self::Course, Self::Type, Self::Global].into_iter().find(|s| s.name() == name)
    }
}

impl Sizes {
    pub async fn load(store: &Store) -> Result<Arc<Self>, StoreError> {
        let sizes = Self::default();
        for row in store.reader().all("select scope, ref, capacity from waitlist_capacity", vec![]).await? {
            let scope = Scope::named(row.text("scope")?).ok_or_else(|| row.bad("scope", "is not a known scope"))?;
            sizes.0.insert((scope, row.text("ref")?.to_owned()), row.count("capacity")?);
        }
        Ok(Arc::new(sizes))
    }

    /// Remembers what the table says now. A repeated request must not bring back what it once set.
    async fn refresh(&self, store: &Store, scope: Scope, reference: &str) -> Result<(), StoreError> {
        let sql = "select capacity from waitlist_capacity where scope = $1 and ref = $2";
        let thing = (scope, reference.to_owned());
        match store.reader().one(sql, args![scope.name(), reference]).await? {
            Some(row) => self.0.insert(thing, row.count("capacity")?),
            None => self.0.remove(&thing).map(|(_, capacity)| capacity),
        };
        Ok(())
    }

    /// Whether it has one of its own, which nothing wider changes.
    pub fn is_own(&self, schedule: ScheduleId) -> bool {
        self.get(Scope::Schedule, schedule.to_string()).is_some()
    }

    pub async fn refresh_course(&self, store: &Store, course: CourseId) -> Result<(), StoreError> {
        self.refresh(store, Scope::Course, &course.to_string()).await
    }

    fn get(&self, scope: Scope, reference: impl Into<String>) -> Option<u32> {
        self.0.get(&(scope, reference.into())).map(|n| *n)
    }
}

impl WaitlistSizes for Sizes {
    /// The schedule's own, its course's, its tier's, its kind's, the global one.
    fn of(&self, head: &Head) -> u32 {
        let policy = &head.policy;
        let tier =
            || self.get(Scope::Type, tier_name(policy.tier)).or((policy.tier == Tier::Vip).then_some(VIP_DEFAULT));
        self.get(Scope::Schedule, head.id.to_string())
            .or_else(|| self.get(Scope::Course, head.course.to_string()))
            .or_else(tier)
            .or_else(|| self.get(Scope::Type, kind_number(policy.course_kind)))
            .or_else(|| self.get(Scope::Global, ""))
            .unwrap_or(GLOBAL_DEFAULT)
    }
}

fn kind_number(kind: CourseKind) -> &'static str {
    match kind {
        CourseKind::OneToOne => "0",
        CourseKind::Group => "1",
        CourseKind::Session => "2",
        CourseKind::Trial => "3",
    }
}

pub async fn upsert(
    tx: &mut Conn,
    scope: &str,
    reference: &str,
    capacity: u32,
    by: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "insert into waitlist_capacity (scope, ref, capacity, updated_by, updated_at) \
        values ($1, $2, $3, $4, $5) on conflict (scope, ref) do update set capacity = excluded.capacity, \
        updated_by = excluded.updated_by, updated_at = excluded.updated_at";
    tx.exec(sql, args![scope, reference, capacity, by, at]).await?;
    Ok(())
}

/// Nothing sizes it any more but what is wider.
async fn remove(tx: &mut Conn, scope: &str, reference: &str) -> Result<(), StoreError> {
    tx.exec("delete from waitlist_capacity where scope = $1 and ref = $2", args![scope, reference]).await?;
    Ok(())
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Size {
    scope: Scope,
    /// The schedule's or course's id, a tier or a kind; empty for `global`.
    #[serde(rename = "ref", default)]
    reference: String,
    /// Null takes back what was set: then the next wider one counts.
    #[serde(deserialize_with = "given")]
    capacity: Option<u32>,
}

/// To leave it out is not to say null.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    Option::deserialize(from)
}

/// Sets how many may wait. Nobody who waits already is sent away.
#[utoipa::path(put, path = "/waitlist/capacity", tag = "waitlist", request_body = Size,
    responses((status = 200, body = Size), (status = 403), (status = 404)))]
pub async fn set_size(ctx: Ctx, caller: Caller, body: Body<Size>) -> Result<HttpResponse, Problem> {
    caller.needs(Action::RunWaitlists)?;
    let mut size = body.value;
    if let Some(capacity) = size.capacity {
        within("capacity", i64::from(capacity), 0, i64::from(WAITLIST_CAPACITY_MAX))?;
    }
    size.reference = known_reference(&ctx, &size).await?;
    // One at a time, so that the table's last word is also the memory's.
    let _planning = ctx.app.planning.lock().await;
    let (at, lang, by, row) = (ctx.now(), ctx.lang, caller.account(), size.clone());
    let keyed = ctx.app.store.write_keyed(body.key, at, move |tx| {
        Box::pin(async move {
            match row.capacity {
                Some(capacity) => upsert(tx, row.scope.name(), &row.reference, capacity, by, at).await?,
                None => remove(tx, row.scope.name(), &row.reference).await?,
            }
            Ok(reply::stored(200, reply::body(lang, 200, &row)))
        })
    });
    let keyed = keyed.await?;
    ctx.app.sizes.refresh(&ctx.app.store, size.scope, &size.reference).await?;
    ctx.keyed(keyed)
}

/// The reference as the table spells it.
async fn known_reference(ctx: &Ctx, size: &Size) -> Result<String, Problem> {
    match size.scope {
        Scope::Global if size.reference.is_empty() => Ok(String::new()),
        Scope::Global => Err(Problem::invalid("ref", "global 不需要 ref", "leave it out for `global`")),
        Scope::Type if ["vip", "standard", "0", "1", "2", "3"].contains(&size.reference.as_str()) => {
            Ok(size.reference.clone())
        }
        Scope::Type => {
            Err(Problem::invalid("ref", "应为 vip、standard 或课程类型 0–3", "use vip, standard or a kind 0 to 3"))
        }
        Scope::Course => {
            let id = size.reference.parse().map_err(|_| Problem::NotFound)?;
            ctx.app.courses.get(id).await?.map(|c| c.id.to_string()).ok_or(Problem::NotFound)
        }
        Scope::Schedule => {
            let sql = "select id from schedules where id = $1 and org_id = $2";
            let id: ScheduleId = size.reference.parse().map_err(|_| Problem::NotFound)?;
            let row = ctx.app.store.reader().one(sql, args![id, ctx.app.org]).await?;
            row.map(|_| id.to_string()).ok_or(Problem::NotFound)
        }
    }
}

/// The table, with its built-in defaults.
#[utoipa::path(get, path = "/waitlist/capacity", tag = "waitlist", responses((status = 200, body = [Size])))]
pub async fn list_sizes(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    caller.needs(Action::RunWaitlists)?;
    let page = query.page()?;
    let size = |(scope, reference): (Scope, String), capacity| Size { scope, reference, capacity: Some(capacity) };
    let mut items: Vec<Size> = ctx.app.sizes.0.iter().map(|r| size(r.key().clone(), *r.value())).collect();
    let has =
        |items: &[Size], scope, reference: &str| items.iter().any(|s| s.scope == scope && s.reference == reference);
    if !has(&items, Scope::Global, "") {
        items.push(Size { scope: Scope::Global, reference: String::new(), capacity: Some(GLOBAL_DEFAULT) });
    }
    if !has(&items, Scope::Type, "vip") {
        items.push(Size { scope: Scope::Type, reference: "vip".into(), capacity: Some(VIP_DEFAULT) });
    }
    items.sort_by(|a, b| (a.scope.name(), &a.reference).cmp(&(b.scope.name(), &b.reference)));
    let total = items.len() as u64;
    let items: Vec<Size> = items.into_iter().skip(page.offset() as usize).take(page.limit() as usize).collect();
    Ok(ctx.ok(page.of(items, total)))
}
