//! Numbers of accounts, and two accounts of one person.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account_of_phone,
    codes::{self, Purpose, take_code},
    passwords::no_account,
    sessions::{self, Which},
    wechat,
};
use crate::{
    api::people::{ROLES_OF, StudentLink, load_person, masked_phone, read_roles},
    args,
    base::{
        ids::{AccountId, OrgId, SessionId},
        phone::Phone,
        time::Timestamp,
    },
    domain::access::{Role, Roles},
    gateways::wechat::WxSession,
    store::{StoreError, sql::Conn},
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx},
        reply::{self, Lang},
        state::App,
    },
};

/// `code` of WeChat's phone button, or a number with the `sms_code` that was sent for `bind`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BindPhone {
    code: Option<String>,
    phone: Option<String>,
    sms_code: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Bound {
    /// As in `138****5678`.
    phone: String,
}

/// Makes a number mine, in place of the one that I had.
#[utoipa::path(put, path = "/users/phone", tag = "people", request_body = BindPhone,
    responses((status = 200, body = Bound), (status = 409)))]
pub async fn bind_phone(ctx: Ctx, caller: Caller, body: Body<BindPhone>) -> Result<HttpResponse, Problem> {
    let account = caller.account();
    let work = async {
        let (phone, seal) = match body.value {
            BindPhone { code: Some(code), phone: None, sms_code: None } => (by_button(&ctx.app, &code).await?, None),
            BindPhone { code: None, phone: Some(phone), sms_code: Some(code) } => {
                let phone = codes::read_phone(&phone)?;
                let seal = codes::seal(&ctx.app, &phone, Purpose::Bind, &code);
                (phone, Some(seal))
            }
            BindPhone { .. } => {
                let en = "send either `code`, or `phone` with `sms_code`";
                return Err(Problem::invalid("phone", "请提供 code，或 phone 与 sms_code", en));
            }
        };
        let masked = phone.masked();
        let (org, now) = (ctx.app.org, ctx.now());
        let bound = ctx
            .app
            .store
            .write(move |tx| Box::pin(async move { bind(tx, org, account, &phone, seal.as_deref(), now).await }));
        bound.await??;
        Ok(ctx.told(Bound { phone: masked }))
    };
    ctx.once(body.key, work).await
}

async fn by_button(app: &App, code: &str) -> Result<Phone, Problem> {
    let told = wechat::phone_of(app, code).await.map_err(|problem| match problem {
        // The caller is logged in: it is the code that is wrong.
        Problem::InvalidCredentials => Problem::invalid(
            "code",
            "手机号授权码无效、已使用或已过期",
            "is wrong, used already, or expired: ask again",
        ),
        other => other,
    })?;
    Phone::of_parts(&told.country_code, &told.number).map_err(|_| {
        tracing::warn!("WeChat told a number that is none");
        Problem::WeChatUnavailable
    })
}

async fn bind(
    tx: &mut Conn,
    org: OrgId,
    account: AccountId,
    phone: &Phone,
    seal: Option<&str>,
    now: Timestamp,
) -> Result<Result<(), Problem>, StoreError> {
    // It may have been put out while WeChat was asked.
    if load_person(tx, org, account).await?.is_none() {
        return Ok(Err(Problem::Unauthorized));
    }
    if let Some(seal) = seal
        && !take_code(tx, org, phone, Purpose::Bind, seal, now).await?
    {
        return Ok(Err(codes::wrong_code()));
    }
    match account_of_phone(tx, org, phone).await? {
        // Also where a part of it has the number.
        Some(owner) if owner == account => return Ok(Ok(())),
        Some(_) => return Ok(Err(Problem::PhoneInUse)),
        None => {}
    }
    let sql = "update accounts set phone = $2, updated_at = $3 where id = $1";
    tx.exec(sql, args![account, phone.as_str(), now]).await?;
    Ok(Ok(()))
}

/// A number with the `sms_code` that was sent for `merge`, or a login `code` of WeChat's.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Merge {
    code: Option<String>,
    phone: Option<String>,
    sms_code: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Merged {
    /// The account that is a part of mine now; none where there was nothing to merge.
    #[schema(value_type = Option<String>)]
    merged: Option<AccountId>,
    /// The other account had a password, which is gone: nobody logs in with it any more.
    password_dropped: bool,
    /// The other account's number, as in `138****5678`, which leads to mine now.
    phone: Option<String>,
    /// The same in words, as in the envelope's `message`: to be shown to the person.
    notice: String,
    students: Vec<StudentLink>,
}

/// What came of a merge.
enum MergedNow {
    Taken(Taken),
    /// A WeChat user whom nobody else had.
    Bound,
    Nothing,
}

/// The other account, and its ways in.
struct Taken {
    other: AccountId,
    had_password: bool,
    phone: Option<String>,
    ended: Vec<SessionId>,
}

impl MergedNow {
    fn notice(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Taken(taken), lang) => taken.notice(lang),
            (Self::Bound, Lang::Zh) => "该微信已绑定到本账号".to_owned(),
            (Self::Bound, Lang::En) => "This WeChat user is bound to your account now".to_owned(),
            (Self::Nothing, Lang::Zh) => "无需合并：这就是您的账号".to_owned(),
            (Self::Nothing, Lang::En) => "There was nothing to merge: this is your account already".to_owned(),
        }
    }
}

impl Taken {
    fn notice(&self, lang: Lang) -> String {
        let phone = self.phone.as_deref();
        match lang {
            Lang::Zh => {
                let phone = phone.map_or(String::new(), |p| format!("，手机号 {p} 今后登录本账号"));
                let password = if self.had_password { "；该账号的原密码已失效" } else { "" };
                format!("另一账号已并入本账号{phone}{password}")
            }
            Lang::En => {
                let phone = phone.map_or(String::new(), |p| format!("; its number {p} leads here"));
                let password = if self.had_password { ". Its password is gone" } else { "" };
                format!("The other account is a part of this one now{phone}{password}")
            }
        }
    }
}

/// Makes another account of mine a part of this one. A number is proven by a code that was sent to
/// it, a WeChat user by a login code; whoever proves one of these has proven that account. A WeChat
/// user without an account is bound to this one.
#[utoipa::path(post, path = "/users/merge", tag = "people", request_body = Merge,
    responses((status = 200, body = Merged), (status = 409)))]
pub async fn merge_account(ctx: Ctx, caller: Caller, body: Body<Merge>) -> Result<HttpResponse, Problem> {
    let mine = caller.account();
    let work = async {
        let proof = proof_of(&ctx.app, body.value).await?;
        let (app, now) = (ctx.app.clone(), ctx.now());
        let merged = Ctx::to_the_end(async move {
            let org = app.org;
            // Nobody is written to at the account that goes, on its way or not.
            let _still = app.outbox.relay.hold().await;
            let done = app.store.write(move |tx| Box::pin(async move { merge(tx, org, mine, proof, now).await }));
            let merged = done.await??;
            if let MergedNow::Taken(taken) = &merged {
                sessions::forget(&app, &taken.ended);
                app.people.forget(taken.other);
                app.people.forget(mine);
                app.reach.look_again(vec![mine]);
                tracing::info!(account = %mine, merged = %taken.other, "an account became a part of another");
            }
            Ok(merged)
        });
        let merged = merged.await?;
        let students = ctx.app.people.students_of(mine).await?.to_vec();
        let notice = merged.notice(ctx.lang);
        let (merged, password_dropped, phone) = match merged {
            MergedNow::Taken(taken) => (Some(taken.other), taken.had_password, taken.phone),
            MergedNow::Bound | MergedNow::Nothing => (None, false, None),
        };
        let told = Merged { merged, password_dropped, phone, notice: notice.clone(), students };
        Ok(reply::stored(200, reply::body_saying(&notice, 200, told)))
    };
    ctx.once(body.key, work).await
}

enum Proof {
    Phone { phone: Phone, seal: String },
    WeChat(WxSession),
}

async fn proof_of(app: &App, body: Merge) -> Result<Proof, Problem> {
    match body {
        Merge { code: Some(code), phone: None, sms_code: None } => {
            let session = wechat::session_of(app, &code).await.map_err(|problem| match problem {
                Problem::InvalidCredentials => {
                    let en = "is wrong, used already, or expired: get a new one";
                    Problem::invalid("code", "微信登录凭证无效、已使用或已过期", en)
                }
                other => other,
            });
            Ok(Proof::WeChat(session?))
        }
        Merge { code: None, phone: Some(phone), sms_code: Some(code) } => {
            let phone = codes::read_phone(&phone)?;
            let seal = codes::seal(app, &phone, Purpose::Merge, &code);
            Ok(Proof::Phone { phone, seal })
        }
        Merge { .. } => {
            let en = "send either `phone` with `sms_code`, or `code`";
            Err(Problem::invalid("phone", "请提供 phone 与 sms_code，或 code", en))
        }
    }
}

/// All or nothing, and the same when it is asked for again.
async fn merge(
    tx: &mut Conn,
    org: OrgId,
    mine: AccountId,
    proof: Proof,
    now: Timestamp,
) -> Result<Result<MergedNow, Problem>, StoreError> {
    // Before anything is bound to it: it may have been put out while WeChat was asked. And of two
    // accounts that take each other in at once, the first is the one.
    if load_person(tx, org, mine).await?.is_none() {
        return Ok(Err(Problem::Unauthorized));
    }
    let other = match &proof {
        Proof::Phone { phone, seal } => {
            if !take_code(tx, org, phone, Purpose::Merge, seal, now).await? {
                return Ok(Err(codes::wrong_code()));
            }
            match account_of_phone(tx, org, phone).await? {
                Some(other) => other,
                None => return Ok(Err(no_account())),
            }
        }
        Proof::WeChat(session) => match wechat::find(tx, org, session, now).await? {
            Some(other) => other,
            None => {
                wechat::link(tx, org, mine, session, now).await?;
                return Ok(Ok(MergedNow::Bound));
            }
        },
    };
    if other == mine {
        return Ok(Ok(MergedNow::Nothing));
    }
    let sql = "select disabled_at from accounts where id = $1";
    let is_disabled = match tx.one(sql, args![other]).await? {
        Some(row) => row.opt_at("disabled_at")?.is_some(),
        None => true,
    };
    let (roles, _) = read_roles(&tx.all(ROLES_OF, args![other]).await?)?;
    // What teachers and staff may do is not handed on by a text message, and nobody who was put out
    // comes back in as a part of somebody else.
    if is_disabled || roles.with(Role::Student) != Roles::from(Role::Student) {
        return Ok(Err(Problem::NotMergeable));
    }
    Ok(Ok(MergedNow::Taken(move_all(tx, mine, other, now).await?)))
}

/// What was the other's and is mine now. What says who *did* something keeps the old id, which the
/// row that stays resolves: the booker of a booking, the account of a place in line or of a held
/// seat (all of them also stand in events, and events must give the same rows again), the log of
/// logins, answers under request keys.
async fn move_all(tx: &mut Conn, mine: AccountId, other: AccountId, now: Timestamp) -> Result<Taken, StoreError> {
    let leads = "relation = 'self' and exists (select 1 from bookings b where b.student_id = l.student_id \
        union all select 1 from waitlist w where w.student_id = l.student_id)";
    let has_history = async |tx: &mut Conn, account: AccountId| -> Result<bool, StoreError> {
        let sql = format!("select l.student_id from account_students l where l.account_id = $1 and {leads} limit 1");
        Ok(tx.one(&sql, args![account]).await?.is_some())
    };
    // A person has one profile of their own, which is meant when a request names none: the one with
    // a history, and mine when both or neither has one. The other stays bookable beside it.
    let theirs_leads = !has_history(tx, mine).await? && has_history(tx, other).await?;
    let mine_has = "select student_id from account_students where account_id = $1 and relation = 'self'";
    let mine_has = tx.one(mine_has, args![mine]).await?.is_some();
    let loser = if theirs_leads || !mine_has { mine } else { other };
    let sql = "update account_students set relation = 'former_self' where account_id = $1 and relation = 'self'";
    tx.exec(sql, args![loser]).await?;

    add_grants(tx, mine, other, now).await?;
    for sql in [
        // Students, and with them their bookings, places and hours. One that both have is mine already.
        "delete from account_students where account_id = $2 and student_id in \
         (select student_id from account_students where account_id = $1)",
        "update account_students set account_id = $1 where account_id = $2",
        "update wx_accounts set account_id = $1 where account_id = $2",
        "update messages set account_id = $1 where account_id = $2",
        // What is on its way.
        "update deliveries set account_id = $1 where account_id = $2",
        // What became a part of the other before leads to me without a detour.
        "update accounts set merged_into = $1 where merged_into = $2",
    ] {
        tx.exec(sql, args![mine, other]).await?;
    }
    // The number and the name become mine where I have none; else they stay with the part that they
    // came with, and lead to me. The other's password is gone: whoever knew it has proven nothing.
    let row = tx.one("select phone, username, password_hash from accounts where id = $1", args![other]).await?;
    let sql = "update accounts set merged_into = $2, password_hash = null, phone = case when exists \
        (select 1 from accounts m where m.id = $2 and m.phone is not null) then phone end, username = case when exists \
        (select 1 from accounts m where m.id = $2 and m.username is not null) then username end, updated_at = $3 \
        where id = $1";
    tx.exec(sql, args![other, mine, now]).await?;
    let (mut had_password, mut phone) = (false, None);
    if let Some(row) = row {
        had_password = row.opt_text("password_hash")?.is_some();
        phone = masked_phone(&row)?;
        let sql = "update accounts set phone = coalesce(phone, $2), username = coalesce(username, $3), \
            updated_at = $4 where id = $1";
        tx.exec(sql, args![mine, row.opt_text("phone")?, row.opt_text("username")?, now]).await?;
    }
    let ended = sessions::revoke(tx, other, Which::All, now).await?;
    Ok(Taken { other, had_password, phone, ended })
}

/// What may still be sent is a WeChat user's, and comes along: of a template that both allowed, as
/// often as both did. A refusal counts only for the openid that messages go to from now on.
async fn add_grants(tx: &mut Conn, mine: AccountId, other: AccountId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "select account_id from wx_accounts where account_id in ($1, $2) \
        order by updated_at desc, openid limit 1";
    let row = tx.one(sql, args![mine, other]).await?;
    let spoken_to: Option<AccountId> = row.map(|r| r.parse("account_id")).transpose()?;
    for account in [mine, other].into_iter().filter(|account| spoken_to != Some(*account)) {
        let sql = "update subscriptions set refused_at = null, updated_at = $2 \
            where account_id = $1 and refused_at is not null";
        tx.exec(sql, args![account, now]).await?;
    }
    let is_later = "coalesce(o.asked_at, 0) > coalesce(subscriptions.asked_at, 0)";
    let sum = format!(
        "update subscriptions set remaining = subscriptions.remaining + o.remaining, \
         choice = case when {is_later} then o.choice else subscriptions.choice end, \
         asked_at = case when {is_later} then o.asked_at else subscriptions.asked_at end, \
         refused_at = case when subscriptions.remaining + o.remaining > 0 then null \
         else coalesce(subscriptions.refused_at, o.refused_at) end, updated_at = $3 from subscriptions o \
         where subscriptions.account_id = $1 and o.account_id = $2 and o.template_id = subscriptions.template_id"
    );
    tx.exec(&sum, args![mine, other, now]).await?;
    for sql in [
        "delete from subscriptions where account_id = $2 and template_id in \
         (select template_id from subscriptions where account_id = $1)",
        "update subscriptions set account_id = $1 where account_id = $2",
    ] {
        tx.exec(sql, args![mine, other]).await?;
    }
    Ok(())
}
