//! Accounts and the students under them.

use std::sync::Arc;

use actix_web::HttpResponse;
use quick_cache::sync::Cache;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    args,
    base::{
        ids::{AccountId, IdSource, OrgId, StudentId, TeacherId},
        time::Timestamp,
    },
    domain::access::{Role, Roles},
    store::{Store, StoreError, sql::Conn},
    web::{
        error::Problem,
        extract::{Caller, Ctx, Query},
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
}

/// Remembered accounts; beyond, those that were asked for least give way.
const REMEMBERED_MAX: usize = 200_000;

impl People {
    pub fn new(store: Store, ids: Arc<dyn IdSource>, org: OrgId) -> Self {
        Self { store, ids, org, students: Cache::new(REMEMBERED_MAX) }
    }

    /// The account's students, `self` first.
    pub async fn students_of(&self, account: AccountId) -> Result<Arc<[StudentLink]>, StoreError> {
        if let Some(found) = self.students.get(&account) {
            return Ok(found);
        }
        let sql = "select s.id, s.nickname, l.relation from account_students l join students s on s.id = l.student_id \
            where l.account_id = $1 order by case when l.relation = 'self' then 0 else 1 end, s.id";
        let rows = self.store.reader().all(sql, args![account]).await?;
        let read = |row: &crate::store::sql::Row| {
            let nickname = row.text("nickname")?.to_owned();
            Ok(StudentLink { id: row.parse("id")?, nickname, relation: row.text("relation")?.to_owned() })
        };
        let found: Arc<[StudentLink]> = rows.iter().map(read).collect::<Result<Vec<_>, StoreError>>()?.into();
        self.remember(account, found.clone());
        Ok(found)
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
                insert_student(tx, id, org, account, &nickname, at).await?;
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
            let link = |id| StudentLink { id, nickname: person.nickname.clone(), relation: "self".into() };
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
    let found = tx.one("select id, nickname from accounts where external_id = $1", args![&*external]).await?;
    if let Some(row) = found {
        let account: AccountId = row.parse("id")?;
        let sql = "select id from teachers where account_id = $1";
        let teacher = tx.one(sql, args![account]).await?.map(|r| r.parse("id")).transpose()?;
        let nickname = row.text("nickname")?.to_owned();
        return Ok((Person { account, nickname, roles: w.role.into(), teacher }, Some(Fresh::Found)));
    }
    let account = AccountId::from_u128(ids.next(at));
    let sql = "insert into accounts (id, org_id, external_id, nickname, created_at, updated_at) \
        values ($1, $2, $3, $4, $5, $5)";
    tx.exec(sql, args![account, org, &*external, &*w.name, at]).await?;
    let sql = "insert into account_roles (account_id, role, created_at) values ($1, $2, $3)";
    tx.exec(sql, args![account, w.role.name(), at]).await?;
    let mut person = Person { account, nickname: w.name.clone(), roles: w.role.into(), teacher: None };
    match w.role {
        Role::Student => {
            let student = StudentId::from_u128(ids.next(at));
            insert_student(tx, student, org, account, &w.name, at).await?;
            Ok((person, Some(Fresh::Made(student))))
        }
        Role::Teacher => {
            let teacher = TeacherId::from_u128(ids.next(at));
            let sql = "insert into teachers (id, org_id, account_id, name, created_at, updated_at) \
                values ($1, $2, $3, $4, $5, $5)";
            tx.exec(sql, args![teacher, org, account, &*w.name, at]).await?;
            person.teacher = Some(teacher);
            Ok((person, None))
        }
        Role::Operator | Role::Admin | Role::Owner => Ok((person, None)),
    }
}

async fn insert_student(
    tx: &mut Conn,
    id: StudentId,
    org: OrgId,
    account: AccountId,
    nickname: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "insert into students (id, org_id, nickname, created_at, updated_at) values ($1, $2, $3, $4, $4)";
    tx.exec(sql, args![id, org, nickname, at]).await?;
    let sql = "insert into account_students (account_id, student_id, relation, created_at) values ($1, $2, 'self', $3)";
    tx.exec(sql, args![account, id, at]).await?;
    Ok(())
}

#[derive(Serialize, ToSchema)]
pub struct Profile {
    #[schema(value_type = String)]
    id: AccountId,
    nickname: String,
    roles: Vec<&'static str>,
    #[schema(value_type = Option<String>)]
    teacher_id: Option<TeacherId>,
    students: Vec<StudentLink>,
}

/// Who I am.
#[utoipa::path(get, path = "/users/profile", tag = "people", responses((status = 200, body = Profile)))]
pub async fn get_profile(ctx: Ctx, caller: Caller) -> Result<HttpResponse, Problem> {
    let row =
        ctx.app.store.reader().one("select nickname from accounts where id = $1", args![caller.account()]).await?;
    let nickname = row.ok_or(Problem::Unauthorized)?.text("nickname")?.to_owned();
    let students = ctx.app.people.students_of(caller.account()).await?.to_vec();
    let (roles, teacher_id) = (caller.claims.roles.names(), caller.teacher());
    Ok(ctx.ok(Profile { id: caller.account(), nickname, roles, teacher_id, students }))
}

/// The students I may book for.
#[utoipa::path(get, path = "/students", tag = "people", responses((status = 200, body = [StudentLink])))]
pub async fn list_students(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let mine = ctx.app.people.students_of(caller.account()).await?;
    let items: Vec<_> = mine.iter().skip(page.offset() as usize).take(page.limit() as usize).cloned().collect();
    Ok(ctx.ok(page.of(items, mine.len() as u64)))
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
    let read = |r: &crate::store::sql::Row| Ok(TeacherRow { id: r.parse("id")?, name: r.text("name")?.to_owned() });
    let items = rows.iter().map(read).collect::<Result<Vec<_>, Problem>>()?;
    Ok(ctx.ok(page.of(items, total)))
}
