//! Logging in and out: by WeChat, by a password, by a code that was sent to a number.
//!
//! Whatever way somebody came, [`sessions::open`] lets them in: it is the one place that looks
//! whether the account may log in at all, and that notes who came from where.

pub mod codes;
pub mod doors;
pub mod merge;
pub mod passwords;
pub mod register;
pub mod sessions;
mod wechat;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::{
    codes::{Purpose, take_code},
    sessions::{Method, Visitor},
    wechat::by_code,
};
pub use self::{
    passwords::hash_password,
    wechat::{account_of as account_of_wechat, demo_login},
};
use super::people::{NewAccount, StudentLink, insert_account};
use crate::{
    args,
    base::{
        ids::{AccountId, TeacherId},
        phone::Phone,
    },
    domain::access::Role,
    store::{StoreError, sql::Conn},
    web::{
        error::Problem,
        extract::{Body, Ctx},
    },
};

/// One of: `code` (WeChat's); `username` or `phone` with `password`; `phone` with `sms_code`.
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

/// Logs in. A WeChat user's or a number's first login makes their account. In demo mode `code` may
/// be `dev:<role>:<name>`.
#[utoipa::path(post, path = "/login", tag = "login", request_body = Login,
    responses((status = 200, body = LoggedIn), (status = 400), (status = 401), (status = 403)))]
pub async fn login(ctx: Ctx, visitor: Visitor, body: Body<Login>) -> Result<HttpResponse, Problem> {
    let logged_in = match body.value {
        Login { code: Some(code), .. } => by_code(&ctx, &visitor, &code).await?,
        Login { username: Some(name), password: Some(password), .. } => {
            passwords::by_password(&ctx, &visitor, passwords::Named::Username(name), password).await?
        }
        Login { phone: Some(phone), password: Some(password), .. } => {
            passwords::by_password(&ctx, &visitor, passwords::Named::phone(&phone), password).await?
        }
        Login { phone: Some(phone), sms_code: Some(code), .. } => by_sms(&ctx, &visitor, &phone, &code).await?,
        Login { .. } => {
            let en = "send `code`, or `username` or `phone` with `password`, or `phone` with `sms_code`";
            let zh = "请提供 code，或 username/phone 与 password，或 phone 与 sms_code";
            return Err(Problem::invalid("code", zh, en));
        }
    };
    Ok(ctx.ok(logged_in))
}

/// The same as `POST /login`: the body tells how.
#[utoipa::path(post, path = "/login/wx", tag = "login", request_body = Login,
    responses((status = 200, body = LoggedIn), (status = 400), (status = 401), (status = 403)))]
pub async fn login_wx(ctx: Ctx, visitor: Visitor, body: Body<Login>) -> Result<HttpResponse, Problem> {
    login(ctx, visitor, body).await
}

/// The same as `POST /login`: the body tells how.
#[utoipa::path(post, path = "/login/phone", tag = "login", request_body = Login,
    responses((status = 200, body = LoggedIn), (status = 400), (status = 401), (status = 403)))]
pub async fn login_phone(ctx: Ctx, visitor: Visitor, body: Body<Login>) -> Result<HttpResponse, Problem> {
    login(ctx, visitor, body).await
}

/// Whoever has the code has the number, and with it the account; a number that nobody has gets one,
/// as a WeChat user does.
async fn by_sms(ctx: &Ctx, visitor: &Visitor, phone: &str, code: &str) -> Result<LoggedIn, Problem> {
    let phone = Phone::parse(phone).map_err(|_| Problem::InvalidCredentials)?;
    let seal = codes::seal(&ctx.app, &phone, Purpose::Login, code);
    let (org, ids, now) = (ctx.app.org, ctx.app.ids.clone(), ctx.now());
    let found = ctx.app.store.write(move |tx| {
        Box::pin(async move {
            if !take_code(tx, org, &phone, Purpose::Login, &seal, now).await? {
                return Ok(None);
            }
            if let Some(account) = account_of_phone(tx, org, &phone).await? {
                return Ok(Some(account));
            }
            let masked = phone.masked();
            let new = NewAccount { phone: Some(&phone), ..NewAccount::named(org, &masked, Role::Student) };
            let (person, _) = insert_account(tx, &*ids, &new, now).await?;
            Ok(Some(person.account))
        })
    });
    let account = found.await?.ok_or(Problem::InvalidCredentials)?;
    sessions::open(ctx, visitor, account, Method::Sms).await
}

/// Whose number this is; of an account that became a part of another, the other.
async fn account_of_phone(
    tx: &mut Conn,
    org: crate::base::ids::OrgId,
    phone: &Phone,
) -> Result<Option<AccountId>, StoreError> {
    let sql = "select coalesce(merged_into, id) as id from accounts where org_id = $1 and phone = $2";
    let row = tx.one(sql, args![org, phone.as_str()]).await?;
    Ok(row.map(|r| r.parse("id")).transpose()?)
}
