//! Logging in by a code of WeChat's. A code is good once and for minutes: it is never logged.

use super::{
    LoggedIn,
    sessions::{self, Method, Visitor, link_openid},
};
use crate::{
    api::people::{NewAccount, Wanted, insert_account},
    args,
    base::{
        ids::{AccountId, IdSource, OrgId},
        limits::NAME_CHARS_MAX,
        time::Timestamp,
    },
    domain::access::Role,
    gateways::wechat::{Failure, WxPhone, WxSession},
    store::{StoreError, sql::Conn},
    web::{error::Problem, extract::Ctx, state::App},
};

/// WeChat's codes have some 32 characters.
const CODE_CHARS_MAX: usize = 256;

pub(super) async fn by_code(ctx: &Ctx, visitor: &Visitor, code: &str) -> Result<LoggedIn, Problem> {
    let is_demo_code = code.starts_with("dev:");
    if ctx.app.config.is_demo() && is_demo_code {
        return by_demo_code(ctx, visitor, code).await;
    }
    if is_demo_code {
        return Err(Problem::InvalidCredentials);
    }
    let session = session_of(&ctx.app, code).await?;
    let account = account_of(ctx, session).await?;
    sessions::open(ctx, visitor, account, Method::WeChat).await
}

/// Whose login code this is.
pub(super) async fn session_of(app: &App, code: &str) -> Result<WxSession, Problem> {
    check_code(code)?;
    app.wechat.session_of(code).await.map_err(|failure| problem_of(&failure))
}

/// The number behind a phone button's code, which is another one than the login's.
pub(super) async fn phone_of(app: &App, code: &str) -> Result<WxPhone, Problem> {
    check_code(code)?;
    app.wechat.phone_of(code).await.map_err(|failure| problem_of(&failure))
}

/// What cannot be a code is not asked about.
fn check_code(code: &str) -> Result<(), Problem> {
    let fits = (1..=CODE_CHARS_MAX).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(()) } else { Err(Problem::InvalidCredentials) }
}

/// Requests for one user within a minute are too many beyond a hundred.
const SLOW_DOWN_SECONDS: u32 = 60;

fn problem_of(failure: &Failure) -> Problem {
    match failure {
        // Unknown, expired, or used before.
        Failure::Refused { code: 40_029 | 40_163, .. } => Problem::InvalidCredentials,
        Failure::Refused { code: 45_011, .. } => Problem::RateLimited { retry_after: SLOW_DOWN_SECONDS },
        Failure::Refused { code: 40_226, .. } => Problem::WeChatBlocked,
        Failure::Refused { code: -1, .. } | Failure::Unavailable(_) | Failure::Unknown(_) => {
            tracing::warn!(%failure, "somebody could not log in by WeChat");
            Problem::WeChatUnavailable
        }
        // Ours to mend: a wrong AppID or secret, an address that is not listed, a quota that is used up.
        Failure::Refused { .. } => {
            tracing::error!(%failure, "WeChat refuses to let people log in: check YUEKE_WECHAT_APPID and its secret");
            Problem::WeChatUnavailable
        }
    }
}

/// The account of a WeChat user, made at their first login.
pub async fn account_of(ctx: &Ctx, session: WxSession) -> Result<AccountId, Problem> {
    let (org, ids, at) = (ctx.app.org, ctx.app.ids.clone(), ctx.now());
    let found = ctx.app.store.write(move |tx| {
        Box::pin(async move {
            if let Some(account) = find(tx, org, &session, at).await? {
                return Ok(account);
            }
            let account = newcomer(tx, &*ids, org, at).await?;
            link(tx, org, account, &session, at).await?;
            Ok(account)
        })
    });
    Ok(found.await?)
}

async fn newcomer(tx: &mut Conn, ids: &dyn IdSource, org: OrgId, at: Timestamp) -> Result<AccountId, StoreError> {
    let number = ids.next(at);
    // Until they choose a name: the last letters of an id tell newcomers apart.
    let id = AccountId::from_u128(number).to_string();
    let name = format!("微信用户{}", &id[id.len() - 4..]);
    let (person, _) = insert_account(tx, ids, &NewAccount::named(org, &name, Role::Student), at).await?;
    Ok(person.account)
}

/// The account that this openid, or another one of the same person, belongs to. A unionid that was
/// not told before is kept, and a second openid is linked. The openid that somebody came with last
/// is the one that messages go to.
pub(super) async fn find(
    tx: &mut Conn,
    org: OrgId,
    session: &WxSession,
    at: Timestamp,
) -> Result<Option<AccountId>, StoreError> {
    let WxSession { openid, unionid } = session;
    let sql = "update wx_accounts set unionid = coalesce($3, unionid), updated_at = $4 \
        where org_id = $1 and openid = $2 returning account_id";
    if let Some(row) = tx.one(sql, args![org, &**openid, unionid.as_deref(), at]).await? {
        return Ok(Some(row.parse("account_id")?));
    }
    let Some(unionid) = unionid else { return Ok(None) };
    let sql = "select account_id from wx_accounts where org_id = $1 and unionid = $2 order by created_at limit 1";
    let Some(row) = tx.one(sql, args![org, &**unionid]).await? else { return Ok(None) };
    let account: AccountId = row.parse("account_id")?;
    link(tx, org, account, session, at).await?;
    Ok(Some(account))
}

pub(super) async fn link(
    tx: &mut Conn,
    org: OrgId,
    account: AccountId,
    session: &WxSession,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "insert into wx_accounts (org_id, openid, unionid, account_id, created_at, updated_at) \
        values ($1, $2, $3, $4, $5, $5)";
    tx.exec(sql, args![org, &*session.openid, session.unionid.as_deref(), account, at]).await?;
    Ok(())
}

// ---- demo

async fn by_demo_code(ctx: &Ctx, visitor: &Visitor, code: &str) -> Result<LoggedIn, Problem> {
    let wanted = demo_login(code).ok_or(Problem::NoDemoCode)?;
    let openid = ctx.app.demo_openid.as_ref().and_then(|openid_of| openid_of(wanted.role.name(), &wanted.name));
    let mut people = ctx.app.people.ensure(vec![wanted], ctx.now()).await?;
    let (person, _) = people.pop().ok_or(Problem::InvalidCredentials)?;
    if let Some(openid) = openid {
        let (org, at) = (ctx.app.org, ctx.now());
        let linked = ctx
            .app
            .store
            .write(move |tx| Box::pin(async move { link_openid(tx, org, person.account, &openid, at).await }));
        linked.await?;
    }
    sessions::open(ctx, visitor, person.account, Method::Demo).await
}

/// `dev:<role>:<name>`.
pub fn demo_login(code: &str) -> Option<Wanted> {
    let (role, name) = code.strip_prefix("dev:")?.split_once(':')?;
    let fits = !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.contains(['\0', '\n']);
    Some(Wanted { role: Role::named(role)?, name: name.to_owned() }).filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_codes_name_a_role_and_a_person() {
        assert!(demo_login("dev:student:amy").is_some());
        for bad in ["dev:student:", "dev:god:amy", "student:amy", "dev:student", "", "dev:student:a\nb"] {
            assert!(demo_login(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_wechat_says_is_told_as_what_to_do() {
        let refused = |code| Failure::Refused { code, message: "invalid code".into() };
        for (failure, status, reason, again) in [
            (refused(40_029), 401, "invalid_credentials", None),
            (refused(40_163), 401, "invalid_credentials", None),
            (refused(45_011), 429, "too_many_requests", Some(60)),
            (refused(40_226), 403, "wechat_blocked", None),
            (refused(40_013), 503, "wechat_unavailable", Some(5)),
            (refused(-1), 503, "wechat_unavailable", Some(5)),
            (Failure::Unavailable("away".into()), 503, "wechat_unavailable", Some(5)),
            (Failure::Unknown("cut".into()), 503, "wechat_unavailable", Some(5)),
        ] {
            let row = problem_of(&failure).row();
            assert_eq!((row.status, row.reason, row.retry_after), (status, reason, again), "{failure}");
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_not_asked_about() {
        for bad in ["", " ", "a b", "a\n", "候补", &"x".repeat(CODE_CHARS_MAX + 1)] {
            assert!(matches!(check_code(bad), Err(Problem::InvalidCredentials)), "{bad}");
        }
        assert!(check_code("0a3Xyz_-").is_ok());
    }
}
