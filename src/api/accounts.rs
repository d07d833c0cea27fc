//! Accounts as the staff see and run them: who there is, who may log in, who may do what.

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    auth::sessions::{self, Which},
    people::{Held, ROLES_OF, StudentLink, add_role, ensure_teacher, masked_phone, read_roles},
};
use crate::{
    args,
    base::{
        ids::{AccountId, IdSource, OrgId, SessionId, TeacherId},
        limits::NAME_CHARS_MAX,
        phone::Phone,
        time::Timestamp,
    },
    domain::access::{Action, Role, Roles},
    store::{
        StoreError,
        sql::{Arg, Conn, Row},
    },
    web::{
        error::Problem,
        extract::{AnyBody, Body, Caller, Ctx, Query, path_id},
        state::App,
    },
};

#[derive(Serialize, ToSchema)]
pub struct AccountRow {
    #[schema(value_type = String)]
    id: AccountId,
    nickname: String,
    username: Option<String>,
    /// As in `138****5678`.
    phone: Option<String>,
    roles: Vec<&'static str>,
    disabled: bool,
    /// After too many wrong passwords.
    locked_until: Option<String>,
    created_at: String,
    last_login_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct AccountDetail {
    #[serde(flatten)]
    account: AccountRow,
    signature: String,
    #[schema(value_type = Option<String>)]
    teacher_id: Option<TeacherId>,
    students: Vec<StudentLink>,
    /// Devices that are logged in.
    sessions: u64,
}

const COLUMNS: &str = "a.id, a.nickname, a.signature, a.username, a.phone, a.disabled_at, a.locked_until, \
    a.created_at, a.last_login_at";

fn read(ctx: &Ctx, row: &Row, roles: Roles) -> Result<AccountRow, Problem> {
    let told = |at: Option<Timestamp>| at.map(|at| ctx.zone().rfc3339(at));
    let locked_until = row.opt_at("locked_until")?.filter(|until| *until > ctx.now());
    Ok(AccountRow {
        id: row.parse("id")?,
        nickname: row.text("nickname")?.to_owned(),
        username: row.opt_text("username")?.map(str::to_owned),
        phone: masked_phone(row)?,
        roles: roles.names(),
        disabled: row.opt_at("disabled_at")?.is_some(),
        locked_until: told(locked_until),
        created_at: ctx.zone().rfc3339(row.at("created_at")?),
        last_login_at: told(row.opt_at("last_login_at")?),
    })
}

/// The org's accounts, newest first. `query` is the beginning or a part of a name, or a whole number
/// or id; `role` and `disabled` (1 or 0) choose.
#[utoipa::path(get, path = "/users", tag = "accounts",
    params(("query" = Option<String>, Query), ("role" = Option<String>, Query), ("disabled" = Option<String>, Query)),
    responses((status = 200, body = [AccountRow])))]
pub async fn list_accounts(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    caller.needs(Action::SeeAccounts)?;
    let page = query.page()?;
    let (filters, mut args) = filters(&ctx.app, &query)?;
    let reader = ctx.app.store.reader();
    let sql = format!("select count(*) as n from accounts a where {filters}");
    let total = reader.one(&sql, args.clone()).await?.map_or(Ok(0), |r| r.version("n"))?;
    let (limit, offset) = (args.len() + 1, args.len() + 2);
    args.extend(args![page.limit(), page.offset()]);
    let sql = format!(
        "select {COLUMNS} from accounts a where {filters} order by a.created_at desc, a.id desc \
         limit ${limit} offset ${offset}"
    );
    let mut items = Vec::new();
    // A page has few rows, and each has few roles.
    for row in reader.all(&sql, args).await? {
        let (roles, _) = read_roles(&reader.all(ROLES_OF, args![row.parse::<AccountId>("id")?]).await?)?;
        items.push(read(&ctx, &row, roles)?);
    }
    Ok(ctx.ok(page.of(items, total)))
}

fn filters(app: &App, query: &Query) -> Result<(String, Vec<Arg>), Problem> {
    let (mut sql, mut args): (String, Vec<Arg>) = ("a.org_id = $1 and a.merged_into is null".into(), args![app.org]);
    if let Some(text) = query.get("query") {
        super::courses::short_text("query", text, NAME_CHARS_MAX, true)?;
        let part = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let phone = Phone::parse(text).map_or_else(|_| text.to_owned(), |p| p.as_str().to_owned());
        let n = args.len();
        args.extend(args![format!("%{part}%"), phone, text.to_uppercase()]);
        sql += &format!(
            " and (lower(a.nickname) like ${} escape '\\' or lower(coalesce(a.username, '')) like ${} escape '\\' \
             or a.phone = ${} or a.id = ${})",
            n + 1,
            n + 1,
            n + 2,
            n + 3
        );
    }
    if let Some(role) = query.get("role") {
        let role = Role::named(role).ok_or_else(|| Problem::invalid("role", "未知角色", "is not a role"))?;
        args.push(role.name().into());
        let n = args.len();
        sql += &format!(" and exists (select 1 from account_roles r where r.account_id = a.id and r.role = ${n})");
    }
    sql += match query.get("disabled") {
        None => "",
        Some("1" | "true") => " and a.disabled_at is not null",
        Some("0" | "false") => " and a.disabled_at is null",
        Some(_) => return Err(Problem::invalid("disabled", "应为 0 或 1", "use 0 or 1")),
    };
    Ok((sql, args))
}

/// One account. The id of one that became a part of another gives the other.
#[utoipa::path(get, path = "/users/{id}", tag = "accounts", responses((status = 200, body = AccountDetail)))]
pub async fn get_account(ctx: Ctx, caller: Caller, req: HttpRequest) -> Result<HttpResponse, Problem> {
    caller.needs(Action::SeeAccounts)?;
    let account = resolve(&ctx.app, path_id(&req, "id")?).await?;
    Ok(ctx.ok(detail(&ctx, account).await?))
}

async fn detail(ctx: &Ctx, account: AccountId) -> Result<AccountDetail, Problem> {
    let reader = ctx.app.store.reader();
    let sql = format!("select {COLUMNS} from accounts a where a.id = $1");
    let row = reader.one(&sql, args![account]).await?.ok_or(Problem::NotFound)?;
    let (roles, teacher_id) = read_roles(&reader.all(ROLES_OF, args![account]).await?)?;
    Ok(AccountDetail {
        account: read(ctx, &row, roles)?,
        signature: row.text("signature")?.to_owned(),
        teacher_id,
        students: ctx.app.people.students_of(account).await?.to_vec(),
        sessions: sessions::count_live(&ctx.app, account, ctx.now()).await?,
    })
}

/// This org's account with the id, or the one that it became a part of.
async fn resolve(app: &App, id: AccountId) -> Result<AccountId, Problem> {
    let sql = "select coalesce(merged_into, id) as id from accounts where id = $1 and org_id = $2";
    let row = app.store.reader().one(sql, args![id, app.org]).await?.ok_or(Problem::NotFound)?;
    Ok(row.parse("id")?)
}

/// An account's logins of the last half year, newest first, also those that failed.
#[utoipa::path(get, path = "/users/{id}/logins", tag = "accounts",
    responses((status = 200, body = [super::auth::sessions::LoginRow])))]
pub async fn list_logins(ctx: Ctx, caller: Caller, req: HttpRequest, query: Query) -> Result<HttpResponse, Problem> {
    caller.needs(Action::SeeAccounts)?;
    let account = resolve(&ctx.app, path_id(&req, "id")?).await?;
    sessions::logins_of(&ctx, account, &query).await
}

// ---- who may log in

/// Ends all sessions at once, and lets nobody log in to the account any more.
#[utoipa::path(post, path = "/users/{id}/disable", tag = "accounts",
    responses((status = 200, body = AccountDetail), (status = 409)))]
pub async fn disable(ctx: Ctx, caller: Caller, req: HttpRequest, body: AnyBody) -> Result<HttpResponse, Problem> {
    run(ctx, caller, req, body, Measure::Disable).await
}

/// Lets people log in to the account again; nobody is logged in by it.
#[utoipa::path(post, path = "/users/{id}/enable", tag = "accounts", responses((status = 200, body = AccountDetail)))]
pub async fn enable(ctx: Ctx, caller: Caller, req: HttpRequest, body: AnyBody) -> Result<HttpResponse, Problem> {
    run(ctx, caller, req, body, Measure::Enable).await
}

/// Ends the lock after too many wrong passwords before its time.
#[utoipa::path(post, path = "/users/{id}/unlock", tag = "accounts", responses((status = 200, body = AccountDetail)))]
pub async fn unlock(ctx: Ctx, caller: Caller, req: HttpRequest, body: AnyBody) -> Result<HttpResponse, Problem> {
    run(ctx, caller, req, body, Measure::Unlock).await
}

#[derive(Clone, Debug, PartialEq)]
enum Measure {
    Disable,
    Enable,
    Unlock,
    Roles(Roles),
}

async fn run(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: AnyBody,
    measure: Measure,
) -> Result<HttpResponse, Problem> {
    caller.needs(Action::ManageAccounts)?;
    let account = resolve(&ctx.app, path_id(&req, "id")?).await?;
    ctx.once(body.key, take(&ctx, &caller, account, measure)).await
}

async fn take(
    ctx: &Ctx,
    caller: &Caller,
    account: AccountId,
    measure: Measure,
) -> Result<crate::base::keys::StoredAnswer, Problem> {
    let (app, now) = (ctx.app.clone(), ctx.now());
    let (by, may) = (caller.account(), caller.claims.roles);
    Ctx::to_the_end(async move {
        // In the order of the commits, also for the tokens.
        let _one_by_one = app.doors.roles.lock().await;
        let taken = Taken { account, by, may, measure: measure.clone(), org: app.org, now };
        let ids = app.ids.clone();
        let done = app.store.write(move |tx| Box::pin(async move { taken.write(tx, &*ids).await }));
        let Done { ended, held } = done.await??;
        sessions::forget(&app, &ended);
        // Nobody is written to who is disabled.
        app.reach.look_again(vec![account]);
        if let Some((roles, teacher)) = held {
            app.tokens.set_roles(account, roles, teacher);
        }
        tracing::info!(%account, %by, ?measure, sessions = ended.len(), "an account was changed by an admin");
        Ok(())
    })
    .await?;
    Ok(ctx.told(detail(ctx, account).await?))
}

/// A measure on its way into the rows.
struct Taken {
    account: AccountId,
    by: AccountId,
    may: Roles,
    measure: Measure,
    org: OrgId,
    now: Timestamp,
}

#[derive(Default)]
struct Done {
    ended: Vec<SessionId>,
    /// What the account may do now, where that changed.
    held: Option<Held>,
}

impl Taken {
    async fn write(self, tx: &mut Conn, ids: &dyn IdSource) -> Result<Result<Done, Problem>, StoreError> {
        let Self { account, by, may, ref measure, org: _, now } = self;
        let (before, _) = read_roles(&tx.all(ROLES_OF, args![account]).await?)?;
        // An admin does not put an owner out, nor lets one in.
        if before.has(Role::Owner) && !may.may(Action::NameAdmins) {
            return Ok(Err(Problem::Forbidden));
        }
        match measure {
            Measure::Disable => {
                if account == by {
                    return Ok(Err(Problem::OwnAccount));
                }
                if before.has(Role::Owner) && self.is_last_owner(tx).await? {
                    return Ok(Err(Problem::LastOwner));
                }
                let sql = "update accounts set disabled_at = coalesce(disabled_at, $2), updated_at = $2 where id = $1";
                tx.exec(sql, args![account, now]).await?;
                let ended = sessions::revoke(tx, account, Which::All, now).await?;
                Ok(Ok(Done { ended, held: None }))
            }
            Measure::Enable => {
                let sql = "update accounts set disabled_at = null, updated_at = $2 where id = $1";
                tx.exec(sql, args![account, now]).await?;
                Ok(Ok(Done::default()))
            }
            Measure::Unlock => {
                let sql = "update accounts set failed_logins = 0, locked_until = null, updated_at = $2 where id = $1";
                tx.exec(sql, args![account, now]).await?;
                Ok(Ok(Done::default()))
            }
            Measure::Roles(roles) => self.set_roles(tx, ids, before, *roles).await,
        }
    }

    async fn set_roles(
        &self,
        tx: &mut Conn,
        ids: &dyn IdSource,
        before: Roles,
        roles: Roles,
    ) -> Result<Result<Done, Problem>, StoreError> {
        let Self { account, by: _, may, measure: _, org, now } = *self;
        let named = |role| before.has(role) != roles.has(role);
        if (named(Role::Admin) || named(Role::Owner)) && !may.may(Action::NameAdmins) {
            return Ok(Err(Problem::Forbidden));
        }
        if before.has(Role::Owner) && !roles.has(Role::Owner) && self.is_last_owner(tx).await? {
            return Ok(Err(Problem::LastOwner));
        }
        let lost = Role::ALL.into_iter().filter(|r| before.has(*r) && !roles.has(*r));
        let mut has_lost = false;
        for role in lost {
            has_lost = true;
            let sql = "delete from account_roles where account_id = $1 and role = $2";
            tx.exec(sql, args![account, role.name()]).await?;
        }
        for role in Role::ALL.into_iter().filter(|r| roles.has(*r)) {
            add_role(tx, account, role, now).await?;
        }
        let teacher = if roles.has(Role::Teacher) {
            let row = tx.one("select nickname from accounts where id = $1", args![account]).await?;
            let name = row.map_or(Ok(String::new()), |r| r.text("nickname").map(str::to_owned))?;
            Some(ensure_teacher(tx, ids, org, account, &name, now).await?)
        } else {
            None
        };
        if roles != before {
            let sql = "update accounts set roles_changed_at = $2, updated_at = $2 where id = $1";
            tx.exec(sql, args![account, now]).await?;
        }
        // Who may do less is logged out, so that no open socket goes on showing what it may not.
        let ended = if has_lost { sessions::revoke(tx, account, Which::All, now).await? } else { Vec::new() };
        Ok(Ok(Done { ended, held: Some((roles, teacher)) }))
    }

    /// Whether nobody else who may log in is an owner.
    async fn is_last_owner(&self, tx: &mut Conn) -> Result<bool, StoreError> {
        let sql = "select a.id from accounts a join account_roles r on r.account_id = a.id and r.role = 'owner' \
            where a.org_id = $1 and a.id <> $2 and a.disabled_at is null and a.merged_into is null limit 1";
        Ok(tx.one(sql, args![self.org, self.account]).await?.is_none())
    }
}

// ---- who may do what

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewRoles {
    /// All that the account shall have, at least one.
    roles: Vec<String>,
}

/// Sets what an account may do; an owner alone says who is an admin or an owner. More acts with the
/// account's next request; less logs it out everywhere.
#[utoipa::path(put, path = "/users/{id}/roles", tag = "accounts", request_body = NewRoles,
    responses((status = 200, body = AccountDetail), (status = 409)))]
pub async fn set_roles(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<NewRoles>,
) -> Result<HttpResponse, Problem> {
    caller.needs(Action::ManageAccounts)?;
    let account = resolve(&ctx.app, path_id(&req, "id")?).await?;
    let roles = body.value.roles.iter().map(|name| Role::named(name)).collect::<Option<Roles>>();
    let roles = roles.filter(|roles| *roles != Roles::default()).ok_or_else(|| {
        let zh = "应为非空列表，取值 student、teacher、operator、admin、owner";
        Problem::invalid("roles", zh, "use one or more of student, teacher, operator, admin, owner")
    })?;
    ctx.once(body.key, take(&ctx, &caller, account, Measure::Roles(roles))).await
}
