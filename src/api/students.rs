//! The students under an account: finding, adding and renaming them.

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    courses::short_text,
    people::{NICKNAME_CHARS_MAX, StudentLink, insert_student},
};
use crate::{
    args,
    base::{
        ids::{AccountId, StudentId},
        keys::StoredAnswer,
        limits::{NAME_CHARS_MAX, STUDENTS_PER_ACCOUNT_MAX},
    },
    domain::access::Action,
    store::{
        StoreError,
        filters::Filters,
        sql::{Conn, Row},
    },
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Query, path_id},
        reply,
    },
};

/// A student, and for the staff one of the accounts that book for them: their own if there is one.
#[derive(Serialize, ToSchema)]
pub struct StudentRow {
    #[schema(value_type = String)]
    id: StudentId,
    nickname: String,
    /// `self`, `child` …; of the account.
    relation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    account_id: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_nickname: Option<String>,
}

impl From<&StudentLink> for StudentRow {
    fn from(link: &StudentLink) -> Self {
        let StudentLink { id, nickname, relation } = link.clone();
        Self { id, nickname, relation: Some(relation), account_id: None, account_nickname: None }
    }
}

/// The students I may book for: my own; for the staff, all of the school. `q` is a part of the
/// student's name, or of the name of whoever books for them.
#[utoipa::path(get, path = "/students", tag = "people", params(("q" = Option<String>, Query)),
    responses((status = 200, body = [StudentRow])))]
pub async fn list_students(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let part = query.get("q").unwrap_or_default().trim();
    short_text("q", part, NAME_CHARS_MAX, true)?;
    if caller.claims.roles.may(Action::BookForAnyone) {
        return list_all(&ctx, &query, part).await;
    }
    let page = query.page()?;
    let mine = ctx.app.people.students_of(caller.account()).await?;
    let part = part.to_lowercase();
    let found: Vec<_> = mine.iter().filter(|s| s.nickname.to_lowercase().contains(&part)).collect();
    let shown = found.iter().skip(page.offset() as usize).take(page.limit() as usize);
    let items: Vec<StudentRow> = shown.map(|s| StudentRow::from(*s)).collect();
    Ok(ctx.ok(page.of(items, found.len() as u64)))
}

/// Of several accounts with one student, one.
const WITH_ACCOUNT: &str = "students s left join account_students l on l.student_id = s.id and l.account_id = \
    (select o.account_id from account_students o where o.student_id = s.id \
    order by case when o.relation = 'self' then 0 else 1 end, o.created_at, o.account_id limit 1) \
    left join accounts a on a.id = l.account_id";

const COLUMNS: &str = "s.id, s.nickname, l.relation, l.account_id, a.nickname as account_nickname";

async fn list_all(ctx: &Ctx, query: &Query, part: &str) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let mut filters = Filters::default();
    filters.and("s.org_id = ?", ctx.app.org);
    if !part.is_empty() {
        filters.and_part_of(&["s.nickname", "a.nickname"], part);
    }
    let (reader, which) = (ctx.app.store.reader(), filters.sql());
    let sql = format!("select count(*) as n from {WITH_ACCOUNT} where {which}");
    let total = reader.one(&sql, filters.args()).await?.map_or(Ok(0), |r| r.version("n"))?;
    let sql = format!(
        "select {COLUMNS} from {WITH_ACCOUNT} where {which} order by s.nickname, s.id limit {} offset {}",
        page.limit(),
        page.offset()
    );
    let rows = reader.all(&sql, filters.args()).await?;
    Ok(ctx.ok(page.of(rows.iter().map(read).collect::<Result<Vec<_>, Problem>>()?, total)))
}

fn read(row: &Row) -> Result<StudentRow, Problem> {
    Ok(StudentRow {
        id: row.parse("id")?,
        nickname: row.text("nickname")?.to_owned(),
        relation: row.opt_text("relation")?.map(str::to_owned),
        account_id: row.opt_parse("account_id")?,
        account_nickname: row.opt_text("account_nickname")?.map(str::to_owned),
    })
}

/// Who somebody may be to whoever books for them.
const RELATIONS: [&str; 6] = ["self", "child", "spouse", "parent", "sibling", "other"];

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewStudent {
    nickname: String,
    /// `self`, `child` (unless given), `spouse`, `parent`, `sibling` or `other`.
    relation: Option<String>,
}

/// Adds a student whom I may book for.
#[utoipa::path(post, path = "/students", tag = "people", request_body = NewStudent,
    responses((status = 201, body = StudentLink), (status = 409)))]
pub async fn add_student(ctx: Ctx, caller: Caller, body: Body<NewStudent>) -> Result<HttpResponse, Problem> {
    let NewStudent { nickname, relation } = body.value;
    short_text("nickname", &nickname, NICKNAME_CHARS_MAX, false)?;
    let relation = relation.unwrap_or_else(|| "child".to_owned());
    if !RELATIONS.contains(&&*relation) {
        let all = RELATIONS.join(", ");
        return Err(Problem::invalid("relation", format!("应为 {all}"), format!("use one of {all}")));
    }
    let (account, key) = (caller.account(), body.key);
    let link = StudentLink { id: StudentId::from_u128(ctx.app.ids.next(ctx.now())), nickname, relation };
    // Whoever asks again finds what was made, also when this request's client has gone.
    Ctx::to_the_end(async move {
        let (org, now, lang, request_id) = (ctx.app.org, ctx.now(), ctx.lang, ctx.request_id.clone());
        let made = ctx.app.store.write_keyed(key, now, move |tx| {
            Box::pin(async move {
                if let Err(problem) = room_for(tx, account, &link.relation).await? {
                    return Ok(reply::stored_problem(&problem, lang, &request_id));
                }
                insert_student(tx, &link, org, account, now).await?;
                Ok(reply::stored(201, reply::body(lang, 201, link)))
            })
        });
        let made = made.await?;
        ctx.app.people.forget(account);
        ctx.keyed(made)
    })
    .await
}

/// Nobody is themselves twice, and nobody has a school of their own.
async fn room_for(tx: &mut Conn, account: AccountId, relation: &str) -> Result<Result<(), Problem>, StoreError> {
    let rows = tx.all("select relation from account_students where account_id = $1", args![account]).await?;
    if rows.len() >= STUDENTS_PER_ACCOUNT_MAX {
        return Ok(Err(Problem::TooManyStudents));
    }
    for row in &rows {
        if relation == "self" && row.text("relation")? == "self" {
            return Ok(Err(Problem::SelfExists));
        }
    }
    Ok(Ok(()))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct StudentChange {
    nickname: String,
}

/// Renames a student: one of mine; for the staff, anybody.
#[utoipa::path(patch, path = "/students/{id}", tag = "people", request_body = StudentChange,
    responses((status = 200, body = StudentRow), (status = 404)))]
pub async fn change_student(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<StudentChange>,
) -> Result<HttpResponse, Problem> {
    let id: StudentId = path_id(&req, "id")?;
    // Another's student does not exist.
    let id = ctx.app.people.resolve(&caller, Some(&id.to_string()), ctx.now()).await?;
    let Body { value: StudentChange { nickname }, key } = body;
    short_text("nickname", &nickname, NICKNAME_CHARS_MAX, false)?;
    Ctx::to_the_end(async move { ctx.once(key, rename(&ctx, &caller, id, nickname)).await }).await
}

/// As PATCH, for clients that have no such method: a mini-program's.
#[utoipa::path(put, path = "/students/{id}", tag = "people", request_body = StudentChange,
    responses((status = 200, body = StudentRow), (status = 404)))]
pub async fn put_student(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<StudentChange>,
) -> Result<HttpResponse, Problem> {
    change_student(ctx, caller, req, body).await
}

async fn rename(ctx: &Ctx, caller: &Caller, id: StudentId, nickname: String) -> Result<StoredAnswer, Problem> {
    let now = ctx.now();
    let renamed = ctx.app.store.write(move |tx| {
        Box::pin(async move {
            let sql = "update students set nickname = $2, updated_at = $3 where id = $1";
            tx.exec(sql, args![id, nickname, now]).await?;
            let rows = tx.all("select account_id from account_students where student_id = $1", args![id]).await?;
            Ok(rows.iter().map(|row| row.parse("account_id")).collect::<Result<Vec<AccountId>, _>>()?)
        })
    });
    for account in renamed.await? {
        ctx.app.people.forget(account);
    }
    let mine = ctx.app.people.students_of(caller.account()).await?;
    if let Some(link) = mine.iter().find(|s| s.id == id) {
        return Ok(ctx.told(StudentRow::from(link)));
    }
    let sql = format!("select {COLUMNS} from {WITH_ACCOUNT} where s.id = $1");
    let row = ctx.app.store.reader().one(&sql, args![id]).await?.ok_or(Problem::NotFound)?;
    Ok(ctx.told(read(&row)?))
}
