//! Logging in and out. Access tokens are short; a refresh token is used once and exchanged, and
//! one that is used twice ends its session, because one of the two users is a thief.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header};
use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::people::{Person, StudentLink, Wanted};
use crate::{
    args,
    base::{
        ids::{AccountId, SessionId, TeacherId, secret_bytes},
        limits::{NAME_CHARS_MAX, REFRESH_TTL},
        time::{MINUTE, SECOND},
    },
    domain::access::{Role, Roles},
    store::{StoreError, sql::Row},
    web::{
        error::Problem,
        extract::{AnyBody, Body, Caller, Ctx, Query, path_id},
        state::App,
    },
};

/// Failed logins before an account is locked, and for how long.
const FAILURES_MAX: i64 = 5;
const LOCKED_FOR: i64 = 15 * MINUTE;

/// One of: `code`; `username` or `phone` with `password`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Login {
    code: Option<String>,
    username: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    sms_code: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct LoggedIn {
    token: String,
    refresh_token: String,
    /// Seconds.
    expires_in: i64,
    user: User,
    students: Vec<StudentLink>,
}

#[derive(Serialize, ToSchema)]
pub struct User {
    #[schema(value_type = String)]
    id: AccountId,
    nickname: String,
    roles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    teacher_id: Option<TeacherId>,
}

/// Logs in. In demo mode `code` may be `dev:<role>:<name>`.
#[utoipa::path(post, path = "/login", tag = "login", request_body = Login,
    responses((status = 200, body = LoggedIn), (status = 400), (status = 401)))]
pub async fn login(ctx: Ctx, req: HttpRequest, body: Body<Login>) -> Result<HttpResponse, Problem> {
    let (person, students) = match body.value {
        Login { code: Some(code), .. } => by_code(&ctx, &code).await?,
        Login { username: Some(name), password: Some(password), .. } => {
            by_password(&ctx, "username", &name, password).await?
        }
        Login { phone: Some(phone), password: Some(password), .. } => {
            by_password(&ctx, "phone", &phone, password).await?
        }
        Login { phone: Some(_), sms_code: Some(_), .. } => return Err(Problem::InvalidCredentials),
        Login { .. } => {
            let en = "send `code`, or `username` or `phone` with `password`";
            return Err(Problem::invalid("code", "请提供 code，或 username/phone 与 password", en));
        }
    };
    let device = req.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let logged_in = open_session(&ctx.app, person, students, device).await?;
    Ok(ctx.ok(logged_in))
}

async fn by_code(ctx: &Ctx, code: &str) -> Result<(Person, Arc<[StudentLink]>), Problem> {
    // WeChat's own codes come with the WeChat gateway; until then no other code is good.
    if !ctx.app.config.is_demo() {
        return Err(Problem::InvalidCredentials);
    }
    let wanted = demo_login(code).ok_or(Problem::NoDemoCode)?;
    let mut people = ctx.app.people.ensure(vec![wanted], ctx.now()).await?;
    people.pop().ok_or(Problem::InvalidCredentials)
}

/// `dev:<role>:<name>`.
pub fn demo_login(code: &str) -> Option<Wanted> {
    let (role, name) = code.strip_prefix("dev:")?.split_once(':')?;
    let fits = !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.contains(['\0', '\n']);
    Some(Wanted { role: Role::named(role)?, name: name.to_owned() }).filter(|_| fits)
}

async fn by_password(
    ctx: &Ctx,
    column: &'static str,
    name: &str,
    password: String,
) -> Result<(Person, Arc<[StudentLink]>), Problem> {
    if name.contains('\0') {
        return Err(Problem::InvalidCredentials);
    }
    let sql =
        format!("select id, nickname, password_hash, locked_until, disabled_at from accounts where {column} = $1");
    let row = ctx.app.store.reader().one(&sql, args![name]).await?;
    let hash = row.as_ref().map(|r| r.opt_text("password_hash")).transpose()?.flatten().map(str::to_owned);
    if let Some(row) = &row
        && row.opt_at("locked_until")?.is_some_and(|until| until > ctx.now())
    {
        return Err(Problem::AccountLocked);
    }
    // As much work for an unknown name as for a wrong password, so that neither can be told apart.
    let permit = ctx.app.passwords.clone().try_acquire_owned().map_err(|_| Problem::Overloaded)?;
    let good = actix_web::web::block(move || {
        // Given back when the work ends, also where nobody waits for it any more.
        let _permit = permit;
        verify_password(&password, hash.as_deref())
    })
    .await;
    let good = good.map_err(|_| Problem::Overloaded)?;
    let row = row.ok_or(Problem::InvalidCredentials)?;
    let account: AccountId = row.parse("id")?;
    if !good {
        return Err(note_failure(ctx, account).await?);
    }
    if row.opt_at("disabled_at")?.is_some() {
        return Err(Problem::InvalidCredentials);
    }
    note_success(ctx, account).await?;
    let person = load_person(&ctx.app, account, &row).await?;
    let students = ctx.app.people.students_of(account).await?;
    Ok((person, students))
}

/// Counted by the database, where guesses that come at once stand in a line; what comes after
/// the lock neither counts nor lifts it.
async fn note_failure(ctx: &Ctx, account: AccountId) -> Result<Problem, StoreError> {
    let now = ctx.now();
    let sql = "update accounts set failed_logins = case when failed_logins + 1 < $2 then failed_logins + 1 else 0 end, \
        locked_until = case when failed_logins + 1 < $2 then null else $3 end, updated_at = $4 \
        where id = $1 and (locked_until is null or locked_until <= $4) returning locked_until";
    let args = args![account, FAILURES_MAX, now + LOCKED_FOR, now];
    let row = ctx.app.store.write(move |tx| Box::pin(async move { Ok(tx.one(sql, args).await?) })).await?;
    let open = row.map(|r| r.opt_at("locked_until")).transpose()?.is_some_and(|until| until.is_none());
    Ok(if open { Problem::InvalidCredentials } else { Problem::AccountLocked })
}

/// Unless the account was locked while the password was checked.
async fn note_success(ctx: &Ctx, account: AccountId) -> Result<(), Problem> {
    let now = ctx.now();
    let sql = "update accounts set failed_logins = 0, locked_until = null, last_login_at = $2 \
        where id = $1 and (locked_until is null or locked_until <= $2)";
    let args = args![account, now];
    let noted = ctx.app.store.write(move |tx| Box::pin(async move { Ok(tx.exec(sql, args).await?) })).await?;
    if noted == 0 { Err(Problem::AccountLocked) } else { Ok(()) }
}

async fn load_person(app: &App, account: AccountId, row: &Row) -> Result<Person, Problem> {
    let reader = app.store.reader();
    let roles = reader.all("select role from account_roles where account_id = $1", args![account]).await?;
    let roles = roles.iter().map(|r| Ok(Role::named(r.text("role")?).ok_or_else(|| r.bad("role", "unknown"))?));
    let roles = roles.collect::<Result<Roles, Problem>>()?;
    let teacher = reader.one("select id from teachers where account_id = $1", args![account]).await?;
    let teacher = teacher.map(|r| r.parse("id")).transpose()?;
    Ok(Person { account, nickname: row.text("nickname")?.to_owned(), roles, teacher })
}

/// Argon2id with the library's defaults, in the PHC format.
pub fn hash_password(password: &str, salt: &[u8; 16]) -> anyhow::Result<String> {
    let salt = SaltString::encode_b64(salt).map_err(|e| anyhow::anyhow!("salt: {e}"))?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(|e| anyhow::anyhow!("password: {e}"))?.to_string())
}

fn verify_password(password: &str, hash: Option<&str>) -> bool {
    // The hash of a password that nobody has.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$\
        QbP0m2vpKGgqlmVjQ1Sf4tAQdpZzmy5LPUoKqyN7FhA";
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY));
    parsed.is_ok_and(|h| Argon2::default().verify_password(password.as_bytes(), &h).is_ok()) && hash.is_some()
}

/// A token of 256 bits that nobody can guess, and what is stored of it.
fn refresh_token() -> (String, String) {
    let token = hex(&secret_bytes::<32>());
    let stored = hash_refresh(&token);
    (token, stored)
}

fn hash_refresh(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

async fn open_session(
    app: &App,
    person: Person,
    students: Arc<[StudentLink]>,
    device: &str,
) -> Result<LoggedIn, Problem> {
    let at = app.clock.now();
    let session = SessionId::from_u128(app.ids.next(at));
    let (token, stored) = refresh_token();
    let device: String = device.chars().take(NAME_CHARS_MAX).collect();
    let account = person.account;
    let args = args![session, account, device, stored, at, at + REFRESH_TTL];
    let sql = "insert into sessions (id, account_id, device, refresh_hash, created_at, updated_at, expires_at) \
        values ($1, $2, $3, $4, $5, $5, $6)";
    app.store.write(move |tx| Box::pin(async move { Ok(tx.exec(sql, args).await?) })).await?;
    Ok(logged_in(app, person, students, session, token))
}

fn logged_in(app: &App, person: Person, students: Arc<[StudentLink]>, session: SessionId, refresh: String) -> LoggedIn {
    let Person { account, nickname, roles, teacher } = person;
    LoggedIn {
        token: app.tokens.sign(account, session, app.org, roles, teacher),
        refresh_token: refresh,
        expires_in: app.tokens.ttl() / SECOND,
        user: User { id: account, nickname, roles: roles.names(), teacher_id: teacher },
        students: students.to_vec(),
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct Refresh {
    refresh_token: String,
}

/// Exchanges a refresh token for new tokens. A token that was exchanged before ends its session.
#[utoipa::path(post, path = "/token/refresh", tag = "login", request_body = Refresh,
    responses((status = 200, body = LoggedIn), (status = 401)))]
pub async fn refresh(ctx: Ctx, body: Body<Refresh>) -> Result<HttpResponse, Problem> {
    let (at, presented) = (ctx.now(), hash_refresh(&body.value.refresh_token));
    let (token, stored) = refresh_token();
    let exchanged = ctx.app.store.write(move |tx| {
        Box::pin(async move {
            let sql = "select id, account_id, refresh_hash, expires_at, revoked_at from sessions \
                where refresh_hash = $1 or previous_hash = $1";
            let Some(row) = tx.one(sql, args![&*presented]).await? else { return Ok(Exchange::Refused) };
            let session: SessionId = row.parse("id")?;
            if row.opt_at("revoked_at")?.is_some() || row.at("expires_at")? <= at {
                return Ok(Exchange::Refused);
            }
            if row.text("refresh_hash")? != presented {
                tx.exec("update sessions set revoked_at = $2 where id = $1", args![session, at]).await?;
                return Ok(Exchange::Reused(session));
            }
            let sql = "update sessions set previous_hash = refresh_hash, refresh_hash = $2, updated_at = $3, \
                expires_at = $4 where id = $1";
            tx.exec(sql, args![session, stored, at, at + REFRESH_TTL]).await?;
            Ok(Exchange::Done(session, row.parse("account_id")?))
        })
    });
    let (session, account) = match exchanged.await? {
        Exchange::Done(session, account) => (session, account),
        Exchange::Refused => return Err(Problem::Unauthorized),
        Exchange::Reused(session) => {
            ctx.app.tokens.end_session(session);
            tracing::warn!(%session, "a refresh token was used twice: its session is ended");
            return Err(Problem::Unauthorized);
        }
    };
    let sql = "select nickname from accounts where id = $1 and disabled_at is null";
    let row = ctx.app.store.reader().one(sql, args![account]).await?.ok_or(Problem::Unauthorized)?;
    let person = load_person(&ctx.app, account, &row).await?;
    let students = ctx.app.people.students_of(account).await?;
    Ok(ctx.ok(logged_in(&ctx.app, person, students, session, token)))
}

enum Exchange {
    Done(SessionId, AccountId),
    Refused,
    Reused(SessionId),
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Logout {
    /// On all devices.
    everywhere: bool,
}

/// Ends this session, or all of the account's. Acts at once.
#[utoipa::path(post, path = "/logout", tag = "login", request_body = Logout, responses((status = 200)))]
pub async fn logout(ctx: Ctx, caller: Caller, body: Body<Logout>) -> Result<HttpResponse, Problem> {
    let only = (!body.value.everywhere).then_some(caller.claims.sid);
    end_sessions(&ctx, caller.account(), only).await?;
    Ok(ctx.ok(()))
}

async fn end_sessions(ctx: &Ctx, account: AccountId, only: Option<SessionId>) -> Result<usize, Problem> {
    let at = ctx.now();
    let ended = ctx.app.store.write(move |tx| {
        Box::pin(async move {
            let sql = "update sessions set revoked_at = $2 where account_id = $1 and revoked_at is null \
                and ($3 = '' or id = $3) returning id";
            let only = only.map_or(String::new(), |s| s.to_string());
            let rows = tx.all(sql, args![account, at, only]).await?;
            Ok(rows.iter().map(|r| r.parse("id")).collect::<Result<Vec<SessionId>, _>>()?)
        })
    });
    let ended = ended.await?;
    ended.iter().for_each(|session| ctx.app.tokens.end_session(*session));
    Ok(ended.len())
}

#[derive(Serialize, ToSchema)]
pub struct SessionRow {
    #[schema(value_type = String)]
    id: SessionId,
    device: String,
    created_at: String,
    current: bool,
}

/// The devices on which I am logged in.
#[utoipa::path(get, path = "/sessions", tag = "login", responses((status = 200, body = [SessionRow])))]
pub async fn list_sessions(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let (page, reader) = (query.page()?, ctx.app.store.reader());
    let (account, now) = (caller.account(), ctx.now());
    let live = "account_id = $1 and revoked_at is null and expires_at > $2";
    let sql = format!("select count(*) as n from sessions where {live}");
    let total = reader.one(&sql, args![account, now]).await?.map_or(Ok(0), |r| r.version("n"))?;
    let sql = format!(
        "select id, device, created_at from sessions where {live} order by created_at desc, id desc limit $3 offset $4"
    );
    let rows = reader.all(&sql, args![account, now, page.limit(), page.offset()]).await?;
    let read = |r: &Row| -> Result<SessionRow, Problem> {
        let id: SessionId = r.parse("id")?;
        let created_at = ctx.zone().rfc3339(r.at("created_at")?);
        Ok(SessionRow { id, device: r.text("device")?.to_owned(), created_at, current: id == caller.claims.sid })
    };
    let items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(ctx.ok(page.of(items, total)))
}

/// Logs one of my devices out.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "login", responses((status = 200), (status = 404)))]
pub async fn end_session(ctx: Ctx, caller: Caller, req: HttpRequest, body: AnyBody) -> Result<HttpResponse, Problem> {
    let id = path_id(&req, "id")?;
    let work = async {
        let ended = end_sessions(&ctx, caller.account(), Some(id)).await?;
        if ended == 0 { Err(Problem::NotFound) } else { Ok(ctx.told(())) }
    };
    ctx.once(body.key, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_verify_and_nobody_has_the_spare_hash() {
        let hash = hash_password("correct horse", &[7; 16]).unwrap();
        assert!(verify_password("correct horse", Some(&hash)));
        assert!(!verify_password("wrong", Some(&hash)));
        assert!(!verify_password("correct horse", None));
        assert!(!verify_password("", Some("not a hash")));
    }

    #[test]
    fn demo_codes_name_a_role_and_a_person() {
        assert!(demo_login("dev:student:amy").is_some());
        for bad in ["dev:student:", "dev:god:amy", "student:amy", "dev:student", "", "dev:student:a\nb"] {
            assert!(demo_login(bad).is_none(), "{bad}");
        }
    }
}
