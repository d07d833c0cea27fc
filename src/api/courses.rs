//! Courses: what a schedule is an occurrence of.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use dashmap::DashMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    args,
    base::{
        ids::{AccountId, CourseId, OrgId},
        limits::{CAPACITY_MAX, NAME_CHARS_MAX, PRICE_FEN_MAX, WAITLIST_CAPACITY_MAX},
        time::Timestamp,
        units::Fen,
    },
    domain::{
        access::Action,
        schedule::policy::{ConfirmMode, CourseKind, Tier},
    },
    engine::journal::Fault,
    live::CourseNames,
    store::{
        Store, StoreError,
        sql::{Conn, Row},
    },
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Query, path_id},
        reply,
    },
};

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Course {
    #[schema(value_type = String)]
    pub id: CourseId,
    pub name: String,
    /// 0 one-to-one, 1 class, 2 session, 3 trial.
    pub kind: i64,
    #[schema(value_type = String, example = "standard")]
    pub tier: Tier,
    pub level: i64,
    pub category: String,
    pub duration_min: i64,
    pub default_capacity: u32,
    #[schema(value_type = i64)]
    pub price_fen: Fen,
    pub hours_per_session: Option<i64>,
    #[schema(value_type = String, example = "auto")]
    pub confirm_mode: ConfirmMode,
    #[serde(skip)]
    pub created_by: Option<AccountId>,
}

impl Course {
    pub fn kind(&self) -> CourseKind {
        match self.kind {
            0 => CourseKind::OneToOne,
            2 => CourseKind::Session,
            3 => CourseKind::Trial,
            // The table admits 0 to 3 only.
            _ => CourseKind::Group,
        }
    }
}

/// The org's courses, remembered: this process is the only one that changes them.
pub struct Courses {
    store: Store,
    org: OrgId,
    known: DashMap<CourseId, Arc<Course>>,
    /// Held from reading a row to remembering it, so that an older one never replaces a newer one.
    reading: tokio::sync::Mutex<()>,
}

const COLUMNS: &str = "id, name, kind, tier, level, category, duration_min, default_capacity, price_fen, \
    hours_per_session, confirm_mode, created_by";

impl Courses {
    pub fn new(store: Store, org: OrgId) -> Self {
        Self { store, org, known: DashMap::new(), reading: tokio::sync::Mutex::default() }
    }

    pub async fn get(&self, id: CourseId) -> Result<Option<Arc<Course>>, StoreError> {
        if let Some(course) = self.known.get(&id) {
            return Ok(Some(course.clone()));
        }
        self.refresh(id).await
    }

    /// Reads again what was changed.
    pub async fn refresh(&self, id: CourseId) -> Result<Option<Arc<Course>>, StoreError> {
        let _reading = self.reading.lock().await;
        let sql = format!("select {COLUMNS} from courses where id = $1 and org_id = $2");
        let Some(row) = self.store.reader().one(&sql, args![id, self.org]).await? else { return Ok(None) };
        let course = Arc::new(read(&row)?);
        self.known.insert(id, course.clone());
        Ok(Some(course))
    }

    /// All of them, so that names are known without waiting.
    pub async fn warm(&self) -> Result<(), StoreError> {
        let sql = format!("select {COLUMNS} from courses where org_id = $1");
        for row in self.store.reader().all(&sql, args![self.org]).await? {
            let course = read(&row)?;
            self.known.insert(course.id, Arc::new(course));
        }
        Ok(())
    }

    pub fn remember(&self, course: Course) {
        self.known.insert(course.id, Arc::new(course));
    }
}

impl CourseNames for Courses {
    fn name(&self, id: CourseId) -> Arc<str> {
        self.known.get(&id).map_or_else(|| "".into(), |c| c.name.as_str().into())
    }
}

fn read(row: &Row) -> Result<Course, StoreError> {
    let tier = match row.text("tier")? {
        "vip" => Tier::Vip,
        "standard" => Tier::Standard,
        other => return Err(row.bad("tier", other).into()),
    };
    let confirm_mode = match row.text("confirm_mode")? {
        "auto" => ConfirmMode::Auto,
        "teacher" => ConfirmMode::Teacher,
        other => return Err(row.bad("confirm_mode", other).into()),
    };
    Ok(Course {
        id: row.parse("id")?,
        name: row.text("name")?.to_owned(),
        kind: row.int("kind")?,
        tier,
        level: row.int("level")?,
        category: row.text("category")?.to_owned(),
        duration_min: row.int("duration_min")?,
        default_capacity: row.count("default_capacity")?,
        price_fen: row.fen("price_fen")?,
        hours_per_session: row.opt_int("hours_per_session")?,
        confirm_mode,
        created_by: row.opt_parse("created_by")?,
    })
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NewCourse {
    pub name: String,
    pub kind: i64,
    pub duration_min: i64,
    #[serde(default)]
    pub price_fen: i64,
    #[serde(default)]
    pub level: i64,
    #[serde(default)]
    pub category: String,
    #[serde(default = "standard")]
    #[schema(value_type = String)]
    pub tier: Tier,
    #[serde(default = "auto")]
    #[schema(value_type = String)]
    pub confirm_mode: ConfirmMode,
    pub hours_per_session: Option<i64>,
    pub default_capacity: Option<u32>,
    pub waitlist_capacity: Option<u32>,
}

fn standard() -> Tier {
    Tier::Standard
}

fn auto() -> ConfirmMode {
    ConfirmMode::Auto
}

/// `field` between the bounds, or a 400 that names it.
pub fn within(field: &'static str, value: i64, min: i64, max: i64) -> Result<(), Problem> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Problem::invalid(field, format!("应在{min}到{max}之间"), format!("use {min} to {max}")))
}

/// A text that is neither empty (unless it may be) nor too long.
pub fn short_text(field: &'static str, text: &str, max: usize, may_be_empty: bool) -> Result<(), Problem> {
    if text.trim().is_empty() && !may_be_empty {
        return Err(Problem::invalid(field, "不能为空", "must not be empty"));
    }
    if text.chars().count() > max {
        return Err(Problem::invalid(field, format!("最多{max}个字符"), format!("at most {max} characters")));
    }
    if text.contains('\0') {
        return Err(Problem::invalid(field, "含有非法字符", "contains a NUL character"));
    }
    Ok(())
}

impl NewCourse {
    /// Everything that a course may not be, with the name of its field.
    pub fn check(&self) -> Result<(), Problem> {
        short_text("name", &self.name, NAME_CHARS_MAX, false)?;
        short_text("category", &self.category, NAME_CHARS_MAX, true)?;
        within("kind", self.kind, 0, 3)?;
        within("duration_min", self.duration_min, 1, 24 * 60)?;
        within("price_fen", self.price_fen, 0, PRICE_FEN_MAX)?;
        within("level", self.level, 0, 1_000)?;
        within("default_capacity", i64::from(self.default_capacity()), 1, i64::from(CAPACITY_MAX))?;
        if let Some(hours) = self.hours_per_session {
            within("hours_per_session", hours, 0, 100)?;
        }
        if let Some(n) = self.waitlist_capacity {
            within("waitlist_capacity", i64::from(n), 0, i64::from(WAITLIST_CAPACITY_MAX))?;
        }
        Ok(())
    }

    /// One-to-one has one seat; anything else as many as an ordinary class.
    fn default_capacity(&self) -> u32 {
        self.default_capacity.unwrap_or(if self.kind == 0 { 1 } else { 6 })
    }

    pub fn into_course(self, id: CourseId, by: AccountId) -> Course {
        let default_capacity = self.default_capacity();
        Course {
            id,
            name: self.name,
            kind: self.kind,
            tier: self.tier,
            level: self.level,
            category: self.category,
            duration_min: self.duration_min,
            default_capacity,
            price_fen: Fen(self.price_fen),
            hours_per_session: self.hours_per_session,
            confirm_mode: self.confirm_mode,
            created_by: Some(by),
        }
    }
}

pub fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Standard => "standard",
        Tier::Vip => "vip",
    }
}

fn confirm_name(mode: ConfirmMode) -> &'static str {
    match mode {
        ConfirmMode::Auto => "auto",
        ConfirmMode::Teacher => "teacher",
    }
}

/// One row.
pub async fn insert_course(tx: &mut Conn, c: &Course, org: OrgId, at: Timestamp) -> Result<(), StoreError> {
    let sql = "insert into courses (id, org_id, name, kind, tier, level, category, duration_min, default_capacity, \
        price_fen, hours_per_session, confirm_mode, created_by, created_at, updated_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)";
    let args = args![
        c.id,
        org,
        &*c.name,
        c.kind,
        tier_name(c.tier),
        c.level,
        &*c.category,
        c.duration_min,
        c.default_capacity,
        c.price_fen,
        c.hours_per_session,
        confirm_name(c.confirm_mode),
        c.created_by,
        at,
    ];
    tx.exec(sql, args).await?;
    Ok(())
}

/// Makes a course. Teachers make courses of their own.
#[utoipa::path(post, path = "/courses", tag = "courses", request_body = NewCourse,
    responses((status = 201, body = Course), (status = 400), (status = 403)))]
pub async fn create_course(ctx: Ctx, caller: Caller, body: Body<NewCourse>) -> Result<HttpResponse, Problem> {
    caller.needs(Action::PlanOwnClasses)?;
    body.value.check()?;
    let (at, org, lang) = (ctx.now(), ctx.app.org, ctx.lang);
    let waitlist = body.value.waitlist_capacity;
    let course = body.value.into_course(CourseId::from_u128(ctx.app.ids.next(at)), caller.account());
    let by = caller.account();
    let made = course.clone();
    let keyed = ctx.app.store.write_keyed(body.key, at, move |tx| {
        Box::pin(async move {
            insert_course(tx, &made, org, at).await?;
            if let Some(capacity) = waitlist {
                super::sizes::upsert(tx, "course", &made.id.to_string(), capacity, by, at).await?;
            }
            Ok(reply::stored(201, reply::body(lang, 201, &made)))
        })
    });
    let keyed = keyed.await?;
    // Under a key that was used before, nothing was made.
    if ctx.app.courses.get(course.id).await?.is_some() && waitlist.is_some() {
        ctx.app.sizes.refresh_course(&ctx.app.store, course.id).await?;
    }
    ctx.keyed(keyed)
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CourseChange {
    name: Option<String>,
    price_fen: Option<i64>,
    level: Option<i64>,
    category: Option<String>,
    default_capacity: Option<u32>,
    duration_min: Option<i64>,
}

impl CourseChange {
    /// What a new course may not be, a changed one may not become.
    fn check(&self, course: &Course) -> Result<(), Problem> {
        let course = course.clone();
        let Self { name, price_fen, level, category, default_capacity, duration_min } = self.clone();
        let changed = NewCourse {
            name: name.unwrap_or(course.name),
            kind: course.kind,
            duration_min: duration_min.unwrap_or(course.duration_min),
            price_fen: price_fen.unwrap_or(course.price_fen.0),
            level: level.unwrap_or(course.level),
            category: category.unwrap_or(course.category),
            tier: course.tier,
            confirm_mode: course.confirm_mode,
            hours_per_session: course.hours_per_session,
            default_capacity: Some(default_capacity.unwrap_or(course.default_capacity)),
            waitlist_capacity: None,
        };
        changed.check()
    }

    /// Only what is given: another change may be on its way.
    async fn write(self, tx: &mut Conn, id: CourseId, at: Timestamp) -> Result<Course, StoreError> {
        let Self { name, price_fen, level, category, default_capacity, duration_min } = self;
        let sql = format!(
            "update courses set name = coalesce($2, name), price_fen = coalesce($3, price_fen), \
             level = coalesce($4, level), category = coalesce($5, category), \
             default_capacity = coalesce($6, default_capacity), duration_min = coalesce($7, duration_min), \
             updated_at = $8 where id = $1 returning {COLUMNS}"
        );
        let capacity = default_capacity.map(i64::from);
        let args = args![id, name, price_fen, level, category, capacity, duration_min, at];
        read(&tx.one(&sql, args).await?.ok_or(sqlx::Error::RowNotFound)?)
    }
}

/// Changes a course; schedules that exist keep the rules they were made with.
#[utoipa::path(patch, path = "/courses/{id}", tag = "courses", request_body = CourseChange,
    responses((status = 200, body = Course), (status = 404)))]
pub async fn change_course(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<CourseChange>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Action::PlanOwnClasses)?;
    let id: CourseId = path_id(&req, "id")?;
    let course = ctx.app.courses.get(id).await?.ok_or(Problem::NotFound)?;
    if !caller.is_staff() && course.created_by != Some(caller.account()) {
        return Err(Problem::NotFound);
    }
    let change = body.value;
    change.check(&course)?;
    let (at, lang, app) = (ctx.now(), ctx.lang, ctx.app.clone());
    // To its end, also when the client goes away: what is remembered must be what is stored.
    let changed = actix_web::rt::spawn(async move {
        let write = app.store.write_keyed(body.key, at, move |tx| {
            Box::pin(async move { Ok(reply::stored(200, reply::body(lang, 200, change.write(tx, id, at).await?))) })
        });
        let keyed = write.await?;
        app.courses.refresh(id).await?;
        Ok::<_, StoreError>(keyed)
    });
    let keyed = changed.await.map_err(|e| Problem::Internal(Fault::new(e)))??;
    ctx.keyed(keyed)
}

/// One course.
#[utoipa::path(get, path = "/courses/{id}", tag = "courses", responses((status = 200, body = Course), (status = 404)))]
pub async fn get_course(ctx: Ctx, _caller: Caller, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let course = ctx.app.courses.get(path_id(&req, "id")?).await?.ok_or(Problem::NotFound)?;
    Ok(ctx.ok(&*course))
}

/// The org's courses, newest first.
#[utoipa::path(get, path = "/courses", tag = "courses", responses((status = 200, body = [Course])))]
pub async fn list_courses(ctx: Ctx, _caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let reader = ctx.app.store.reader();
    let total = reader.one("select count(*) as n from courses where org_id = $1", args![ctx.app.org]).await?;
    let total = total.map_or(Ok(0), |r| r.version("n"))?;
    let sql = format!("select {COLUMNS} from courses where org_id = $1 order by id desc limit $2 offset $3");
    let rows = reader.all(&sql, args![ctx.app.org, page.limit(), page.offset()]).await?;
    let items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(ctx.ok(page.of(items, total)))
}
