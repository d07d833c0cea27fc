//! Accounts and the students under them.

use std::sync::{Arc, Mutex};

use actix_web::HttpResponse;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::courses::short_text;
use crate::{
    args,
    base::{
        ids::{AccountId, IdSource, OrgId, StudentId, TeacherId},
        phone::Phone,
        sync::lock,
        time::Timestamp,
    },
    domain::access::{Role, Roles},
    store::{
        Store, StoreError,
        sql::{Conn, Row},
    },
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Query},
    },
};

/// A student as one of their accounts sees them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StudentLink {
    #[schema(value_type = String)]
    pub id: StudentId,
    pub nickname: String,
    /// `self`, `child` …
    pub relation: String,
}

impl StudentLink {
    /// The account's own profile.
    fn own(id: StudentId, nickname: String) -> Self {
        Self { id, nickname, relation: "self".to_owned() }
    }
}

/// An account as it logs in.
#[derive(Clone, Debug)]
pub struct Person {
    pub account: AccountId,
    pub nickname: String,
    pub roles: Roles,
    pub teacher: Option<TeacherId>,
}

/// Who belongs to whom, remembered: this process is the only one that changes it.
pub struct People {
    store: Store,
    ids: Arc<dyn IdSource>,
    org: OrgId,
    students: Cache<AccountId, Arc<[StudentLink]>>,
    /// How often something was forgotten: what was read before that is not remembered after it.
    forgotten: Mutex<u64>,
}

/// Remembered accounts; beyond, those that were asked for least give way.
const REMEMBERED_MAX: usize = 200_000;

impl People {
    pub fn new(store: Store, ids: Arc<dyn IdSource>, org: OrgId) -> Self {
        Self { store, ids, org, students: Cache::new(REMEMBERED_MAX), forgotten: Mutex::default() }
    }

    /// The account's students, `self` first.
    pub async fn students_of(&self, account: AccountId) -> Result<Arc<[StudentLink]>, StoreError> {
        if let Some(found) = self.students.get(&account) {
            return Ok(found);
        }
        let forgotten = *lock(&self.forgotten);
        let sql = "select s.id, s.nickname, l.relation from account_students l join students s on s.id = l.student_id \
            where l.account_id = $1 order by case when l.relation = 'self' then 0 else 1 end, s.id";
        let rows = self.store.reader().all(sql, args![account]).await?;
        let read = |row: &Row| {
            let nickname = row.text("nickname")?.to_owned();
            Ok(StudentLink { id: row.parse("id")?, nickname, relation: row.text("relation")?.to_owned() })
        };
        let found: Arc<[StudentLink]> = rows.iter().map(read).collect::<Result<Vec<_>, StoreError>>()?.into();
        let now = lock(&self.forgotten);
        if *now == forgotten {
            self.remember(account, found.clone());
        }
        Ok(found)
    }

    /// Read anew at the next look.
    pub fn forget(&self, account: AccountId) {
        let mut forgotten = lock(&self.forgotten);
        *forgotten += 1;
        self.students.remove(&account);
    }

    /// Never that there is none: the first one may be made between reading and remembering.
    fn remember(&self, account: AccountId, students: Arc<[StudentLink]>) {
        if !students.is_empty() {
            self.students.insert(account, students);
        }
    }

    /// The student that a request is about: the named one, which must be the caller's unless they
    /// are staff; else the caller's own, which is made when there is none.
    pub async fn resolve(&self, caller: &Caller, named: Option<&str>, at: Timestamp) -> Result<StudentId, Problem> {
        let mine = self.students_of(caller.account()).await?;
        let Some(named) = named else {
            if let Some(first) = mine.first() {
                return Ok(first.id);
            }
            return Ok(self.make_self(caller.account(), at).await?);
        };
        let id: StudentId = named.parse().map_err(|_| Problem::NotFound)?;
        if mine.iter().any(|s| s.id == id) || (caller.is_staff() && self.exists(id).await?) {
            return Ok(id);
        }
        Err(Problem::NotFound)
    }

    /// Whether this student is one that the caller may act for.
    pub async fn owns(&self, caller: &Caller, student: StudentId) -> Result<bool, Problem> {
        Ok(self.students_of(caller.account()).await?.iter().any(|s| s.id == student))
    }

    async fn exists(&self, id: StudentId) -> Result<bool, StoreError> {
        let sql = "select id from students where id = $1 and org_id = $2";
        Ok(self.store.reader().one(sql, args![id, self.org]).await?.is_some())
    }

    async fn make_self(&self, account: AccountId, at: Timestamp) -> Result<StudentId, StoreError> {
        let (id, org) = (StudentId::from_u128(self.ids.next(at)), self.org);
        let made = self.store.write(move |tx| {
            Box::pin(async move {
                // Two first requests at once: the second finds what the first made.
                let sql = "select student_id from account_students where account_id = $1 and relation = 'self'";
                if let Some(row) = tx.one(sql, args![account]).await? {
                    return Ok(row.parse("student_id")?);
                }
                let sql = "select nickname from accounts where id = $1";
                let nickname = tx
                    .one(sql, args![account])
                    .await?
                    .map_or(Ok(String::new()), |r| r.text("nickname").map(str::to_owned))?;
                insert_student(tx, &StudentLink::own(id, nickname), org, account, at).await?;
                Ok(id)
            })
        });
        made.await
    }

    /// The accounts of the org's demo people with these logins, made where they are missing, in
    /// one transaction.
    pub async fn ensure(
        &self,
        wanted: Vec<Wanted>,
        at: Timestamp,
    ) -> Result<Vec<(Person, Arc<[StudentLink]>)>, StoreError> {
        let (ids, org) = (self.ids.clone(), self.org);
        let made = self.store.write(move |tx| {
            Box::pin(async move {
                let mut people = Vec::with_capacity(wanted.len());
                for w in &wanted {
                    people.push(ensure_one(tx, &*ids, org, w, at).await?);
                }
                Ok(people)
            })
        });
        let mut people = Vec::new();
        for (person, student) in made.await? {
            let link = |id| StudentLink::own(id, person.nickname.clone());
            let links: Arc<[StudentLink]> = match student {
                Some(Fresh::Made(id)) => {
                    let links: Arc<[StudentLink]> = vec![link(id)].into();
                    self.remember(person.account, links.clone());
                    links
                }
                Some(Fresh::Found) | None => self.students_of(person.account).await?,
            };
            people.push((person, links));
        }
        Ok(people)
    }
}

/// A demo login, `dev:<role>:<name>`.
#[derive(Clone)]
pub struct Wanted {
    pub role: Role,
    pub name: String,
}

enum Fresh {
    Made(StudentId),
    Found,
}

async fn ensure_one(
    tx: &mut Conn,
    ids: &dyn IdSource,
    org: OrgId,
    w: &Wanted,
    at: Timestamp,
) -> Result<(Person, Option<Fresh>), StoreError> {
    let external = format!("dev:{}:{}", w.role.name(), w.name);
    let sql = "select t.id, t.nickname from accounts a join accounts t on t.id = coalesce(a.merged_into, a.id) \
        where a.org_id = $1 and a.external_id = $2";
    if let Some(row) = tx.one(sql, args![org, &*external]).await? {
        let account: AccountId = row.parse("id")?;
        let (roles, teacher) = read_roles(&tx.all(ROLES_OF, args![account]).await?)?;
        let nickname = row.text("nickname")?.to_owned();
        return Ok((Person { account, nickname, roles, teacher }, Some(Fresh::Found)));
    }
    let new = NewAccount { external_id: Some(&external), ..NewAccount::named(org, &w.name, w.role) };
    let (person, student) = insert_account(tx, ids, &new, at).await?;
    Ok((person, student.map(Fresh::Made)))
}

/// What a new account begins with.
pub struct NewAccount<'a> {
    pub org: OrgId,
    pub nickname: &'a str,
    pub role: Role,
    pub external_id: Option<&'a str>,
    pub username: Option<&'a str>,
    pub phone: Option<&'a Phone>,
    pub password_hash: Option<&'a str>,
}

impl<'a> NewAccount<'a> {
    /// With no way to log in yet.
    pub fn named(org: OrgId, nickname: &'a str, role: Role) -> Self {
        Self { org, nickname, role, external_id: None, username: None, phone: None, password_hash: None }
    }
}

/// The one way in which an account is made: with its role, and what belongs to that; a student gets
/// their own profile, a teacher the row that plans name.
pub async fn insert_account(
    tx: &mut Conn,
    ids: &dyn IdSource,
    new: &NewAccount<'_>,
    at: Timestamp,
) -> Result<(Person, Option<StudentId>), StoreError> {
    let NewAccount { org, nickname, role, external_id, username, phone, password_hash } = *new;
    let account = AccountId::from_u128(ids.next(at));
    let sql = "insert into accounts (id, org_id, external_id, username, nickname, phone, password_hash, created_at, \
        updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let phone = phone.map(Phone::as_str);
    tx.exec(sql, args![account, org, external_id, username, nickname, phone, password_hash, at]).await?;
    add_role(tx, account, role, at).await?;
    let mut person = Person { account, nickname: nickname.to_owned(), roles: role.into(), teacher: None };
    match role {
        Role::Student => {
            let student = StudentId::from_u128(ids.next(at));
            insert_student(tx, &StudentLink::own(student, nickname.to_owned()), org, account, at).await?;
            Ok((person, Some(student)))
        }
        Role::Teacher => {
            person.teacher = Some(ensure_teacher(tx, ids, org, account, nickname, at).await?);
            Ok((person, None))
        }
        Role::Operator | Role::Admin | Role::Owner => Ok((person, None)),
    }
}

pub async fn add_role(tx: &mut Conn, account: AccountId, role: Role, at: Timestamp) -> Result<(), StoreError> {
    let sql = "insert into account_roles (account_id, role, created_at) values ($1, $2, $3) \
        on conflict (account_id, role) do nothing";
    tx.exec(sql, args![account, role.name(), at]).await?;
    Ok(())
}

/// The account's teacher row, which stays when the role is taken away: classes name it.
pub async fn ensure_teacher(
    tx: &mut Conn,
    ids: &dyn IdSource,
    org: OrgId,
    account: AccountId,
    name: &str,
    at: Timestamp,
) -> Result<TeacherId, StoreError> {
    if let Some(row) = tx.one("select id from teachers where account_id = $1", args![account]).await? {
        return Ok(row.parse("id")?);
    }
    let teacher = TeacherId::from_u128(ids.next(at));
    let sql = "insert into teachers (id, org_id, account_id, name, created_at, updated_at) \
        values ($1, $2, $3, $4, $5, $5)";
    tx.exec(sql, args![teacher, org, account, name, at]).await?;
    Ok(teacher)
}

/// For [`read_roles`].
pub const ROLES_OF: &str = "select r.role, t.id as teacher_id from account_roles r \
    left join teachers t on t.account_id = r.account_id where r.account_id = $1";

/// What an account may do, and as which teacher.
pub fn read_roles(rows: &[Row]) -> Result<(Roles, Option<TeacherId>), StoreError> {
    let role = |r: &Row| Role::named(r.text("role")?).ok_or_else(|| r.bad("role", "unknown"));
    let roles = rows.iter().map(role).collect::<Result<Roles, _>>()?;
    let teacher = rows.first().filter(|_| roles.has(Role::Teacher));
    Ok((roles, teacher.map(|r| r.opt_parse("teacher_id")).transpose()?.flatten()))
}

/// An account that may log in, as it is now; none where it may not: unknown, another org's,
/// disabled, or a part of another.
pub async fn load_person(tx: &mut Conn, org: OrgId, account: AccountId) -> Result<Option<Person>, StoreError> {
    let sql = "select nickname from accounts where id = $1 and org_id = $2 and disabled_at is null \
        and merged_into is null";
    let Some(row) = tx.one(sql, args![account, org]).await? else { return Ok(None) };
    let (roles, teacher) = read_roles(&tx.all(ROLES_OF, args![account]).await?)?;
    Ok(Some(Person { account, nickname: row.text("nickname")?.to_owned(), roles, teacher }))
}

/// A student whom the account may book for.
pub async fn insert_student(
    tx: &mut Conn,
    link: &StudentLink,
    org: OrgId,
    account: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let StudentLink { id, nickname, relation } = link;
    let sql = "insert into students (id, org_id, nickname, created_at, updated_at) values ($1, $2, $3, $4, $4)";
    tx.exec(sql, args![*id, org, &**nickname, at]).await?;
    let sql = "insert into account_students (account_id, student_id, relation, created_at) values ($1, $2, $3, $4)";
    tx.exec(sql, args![account, *id, &**relation, at]).await?;
    Ok(())
}

#[derive(Serialize, ToSchema)]
pub struct Profile {
    #[schema(value_type = String)]
    id: AccountId,
    nickname: String,
    signature: String,
    username: Option<String>,
    /// As in `138****5678`.
    phone: Option<String>,
    /// Whether a password is set.
    has_password: bool,
    roles: Vec<&'static str>,
    #[schema(value_type = Option<String>)]
    teacher_id: Option<TeacherId>,
    students: Vec<StudentLink>,
    created_at: String,
}

/// Who I am.
#[utoipa::path(get, path = "/users/profile", tag = "people", responses((status = 200, body = Profile)))]
pub async fn get_profile(ctx: Ctx, caller: Caller) -> Result<HttpResponse, Problem> {
    let (roles, teacher) = (caller.claims.roles, caller.teacher());
    Ok(ctx.ok(profile(&ctx, caller.account(), roles, teacher).await?))
}

async fn profile(
    ctx: &Ctx,
    account: AccountId,
    roles: Roles,
    teacher_id: Option<TeacherId>,
) -> Result<Profile, Problem> {
    let sql = "select nickname, signature, username, phone, password_hash, created_at from accounts where id = $1";
    let row = ctx.app.store.reader().one(sql, args![account]).await?.ok_or(Problem::Unauthorized)?;
    let students = ctx.app.people.students_of(account).await?.to_vec();
    Ok(Profile {
        id: account,
        nickname: row.text("nickname")?.to_owned(),
        signature: row.text("signature")?.to_owned(),
        username: row.opt_text("username")?.map(str::to_owned),
        phone: masked_phone(&row)?,
        has_password: row.opt_text("password_hash")?.is_some(),
        roles: roles.names(),
        teacher_id,
        students,
        created_at: ctx.zone().rfc3339(row.at("created_at")?),
    })
}

pub fn masked_phone(row: &Row) -> Result<Option<String>, StoreError> {
    Ok(row.opt_parse::<Phone>("phone")?.map(|phone| phone.masked()))
}

/// Longer names are no names.
pub const NICKNAME_CHARS_MAX: usize = 50;
const SIGNATURE_CHARS_MAX: usize = 200;

/// What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProfileChange {
    nickname: Option<String>,
    signature: Option<String>,
}

/// Changes my name, which my own student bears too, and my signature.
#[utoipa::path(put, path = "/users/profile", tag = "people", request_body = ProfileChange,
    responses((status = 200, body = Profile)))]
pub async fn change_profile(ctx: Ctx, caller: Caller, body: Body<ProfileChange>) -> Result<HttpResponse, Problem> {
    let ProfileChange { nickname, signature } = body.value;
    if let Some(nickname) = &nickname {
        short_text("nickname", nickname, NICKNAME_CHARS_MAX, false)?;
    }
    if let Some(signature) = &signature {
        short_text("signature", signature, SIGNATURE_CHARS_MAX, true)?;
    }
    let (account, now) = (caller.account(), ctx.now());
    let work = async {
        let changed = ctx.app.store.write(move |tx| {
            Box::pin(async move {
                let sql = "update accounts set nickname = coalesce($2, nickname), \
                    signature = coalesce($3, signature), updated_at = $4 where id = $1";
                tx.exec(sql, args![account, nickname.as_deref(), signature, now]).await?;
                let sql = "update students set nickname = $2, updated_at = $3 where id in \
                    (select student_id from account_students where account_id = $1 and relation = 'self')";
                if let Some(nickname) = nickname {
                    tx.exec(sql, args![account, nickname, now]).await?;
                }
                Ok(())
            })
        });
        changed.await?;
        ctx.app.people.forget(account);
        Ok(ctx.told(profile(&ctx, account, caller.claims.roles, caller.teacher()).await?))
    };
    ctx.once(body.key, work).await
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ChooseRole {
    /// `student`, `parent` (the same: somebody whose students are booked) or `teacher`.
    role: String,
}

/// Chooses what I am. Nobody makes themselves a part of the staff, and nobody who is something else
/// than a student, or from whom that role was taken away, makes themselves a teacher. Acts with the
/// next request.
#[utoipa::path(post, path = "/users/role", tag = "people", request_body = ChooseRole,
    responses((status = 200, body = Profile), (status = 403), (status = 409)))]
pub async fn choose_role(ctx: Ctx, caller: Caller, body: Body<ChooseRole>) -> Result<HttpResponse, Problem> {
    // A parent is somebody whose students are booked.
    let named = if body.value.role == "parent" { Some(Role::Student) } else { Role::named(&body.value.role) };
    let role = match named {
        Some(role @ (Role::Student | Role::Teacher)) => role,
        Some(Role::Operator | Role::Admin | Role::Owner) => return Err(Problem::Forbidden),
        None => {
            return Err(Problem::invalid("role", "应为 student、parent 或 teacher", "use student, parent or teacher"));
        }
    };
    let account = caller.account();
    let work = async {
        let (app, now) = (ctx.app.clone(), ctx.now());
        let (roles, teacher) = Ctx::to_the_end(async move {
            let _one_by_one = app.doors.roles.lock().await;
            let (ids, org) = (app.ids.clone(), app.org);
            let chosen =
                app.store.write(move |tx| Box::pin(async move { choose(tx, &*ids, org, account, role, now).await }));
            let (roles, teacher) = chosen.await??;
            app.tokens.set_roles(account, roles, teacher);
            app.people.forget(account);
            Ok((roles, teacher))
        })
        .await?;
        Ok(ctx.told(profile(&ctx, account, roles, teacher).await?))
    };
    ctx.once(body.key, work).await
}

/// What an account may do, and as which teacher.
pub type Held = (Roles, Option<TeacherId>);

async fn choose(
    tx: &mut Conn,
    ids: &dyn IdSource,
    org: OrgId,
    account: AccountId,
    role: Role,
    now: Timestamp,
) -> Result<Result<Held, Problem>, StoreError> {
    let Some(person) = load_person(tx, org, account).await? else { return Ok(Err(Problem::Unauthorized)) };
    if person.roles.has(role) {
        return Ok(Ok((person.roles, person.teacher)));
    }
    let is_plain = person.roles.with(Role::Student) == Roles::from(Role::Student);
    // Who taught before, also as an account that is a part of this one now, had the role taken away.
    let taught = "select id from teachers where account_id in \
        (select id from accounts where id = $1 or merged_into = $1) limit 1";
    if role == Role::Teacher && (!is_plain || tx.one(taught, args![account]).await?.is_some()) {
        return Ok(Err(Problem::RoleChosen));
    }
    add_role(tx, account, role, now).await?;
    let teacher = if role == Role::Teacher {
        Some(ensure_teacher(tx, ids, org, account, &person.nickname, now).await?)
    } else {
        person.teacher
    };
    tx.exec("update accounts set roles_changed_at = $2, updated_at = $2 where id = $1", args![account, now]).await?;
    Ok(Ok((person.roles.with(role), teacher)))
}

#[derive(Serialize, ToSchema)]
pub struct TeacherRow {
    #[schema(value_type = String)]
    id: TeacherId,
    name: String,
}

/// The org's teachers.
#[utoipa::path(get, path = "/teachers", tag = "people", responses((status = 200, body = [TeacherRow])))]
pub async fn list_teachers(ctx: Ctx, _caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let reader = ctx.app.store.reader();
    let total = reader.one("select count(*) as n from teachers where org_id = $1", args![ctx.app.org]).await?;
    let total = total.map_or(Ok(0), |r| r.version("n"))?;
    let sql = "select id, name from teachers where org_id = $1 order by id limit $2 offset $3";
    let rows = reader.all(sql, args![ctx.app.org, page.limit(), page.offset()]).await?;
    let read = |r: &Row| Ok(TeacherRow { id: r.parse("id")?, name: r.text("name")?.to_owned() });
    let items = rows.iter().map(read).collect::<Result<Vec<_>, Problem>>()?;
    Ok(ctx.ok(page.of(items, total)))
}
