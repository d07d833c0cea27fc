//! Codes by SMS: six digits that prove a number, once, for one purpose, for five minutes.

use std::time::Duration;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{doors::Wish, passwords::limited, sessions::Visitor};
use crate::{
    args,
    base::{
        ids::{OrgId, SmsId, secret_bytes},
        lang::Lang,
        limits::{SMS_CODE_TTL, SMS_RESEND, SMS_TRIES_MAX, SMS_WITHIN},
        phone::Phone,
        time::{SECOND, Timestamp},
    },
    gateways::sms::SmsFailure,
    store::{StoreError, sql::Conn},
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx},
        state::App,
    },
};

/// What a code is good for, and for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Login,
    Bind,
    Reset,
    Register,
    Merge,
}

impl Purpose {
    const ALL: [Self; 5] = [Self::Login, Self::Bind, Self::Reset, Self::Register, Self::Merge];

    fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Bind => "bind",
            Self::Reset => "reset",
            Self::Register => "register",
            Self::Merge => "merge",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// About an account that somebody is logged in to.
    fn needs_login(self) -> bool {
        match self {
            Self::Bind | Self::Merge => true,
            Self::Login | Self::Reset | Self::Register => false,
        }
    }

    /// Says what it is for, so that nobody can be talked into telling a code for something else.
    fn text(self, code: &str, lang: Lang) -> String {
        let minutes = SMS_CODE_TTL / (60 * SECOND);
        match lang {
            Lang::Zh => {
                let what = match self {
                    Self::Login => "登录",
                    Self::Bind => "绑定手机号",
                    Self::Reset => "重置密码",
                    Self::Register => "注册",
                    Self::Merge => "合并账号（该手机号的账号将并入另一账号）",
                };
                format!(
                    "【约课】您正在{what}，验证码 {code}，{minutes}分钟内有效。工作人员不会向您索要，请勿告诉他人。"
                )
            }
            Lang::En => {
                let what = match self {
                    Self::Login => "log in",
                    Self::Bind => "bind this number",
                    Self::Reset => "reset your password",
                    Self::Register => "register",
                    Self::Merge => "merge this number's account into another one",
                };
                format!("[yueke] {code} is your code to {what}. It is good for {minutes} minutes. Tell it to nobody.")
            }
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct SendCode {
    phone: String,
    /// `login`, `bind`, `reset`, `register` or `merge`.
    purpose: String,
}

#[derive(Serialize, ToSchema)]
pub struct CodeSent {
    /// Seconds.
    expires_in: i64,
    /// Seconds until another one may be asked for.
    resend_in: i64,
}

/// Sends a code to a number. The answer is the same whether or not an account has the number.
/// `bind` and `merge` are for who is logged in.
#[utoipa::path(post, path = "/sms/send", tag = "login", request_body = SendCode,
    responses((status = 200, body = CodeSent), (status = 400), (status = 401)))]
pub async fn send_code(
    ctx: Ctx,
    caller: Option<Caller>,
    visitor: Visitor,
    body: Body<SendCode>,
) -> Result<HttpResponse, Problem> {
    let SendCode { phone, purpose } = body.value;
    let purpose = Purpose::named(&purpose).ok_or_else(|| {
        let zh = "应为 login、bind、reset、register 或 merge";
        Problem::invalid("purpose", zh, "use login, bind, reset, register or merge")
    })?;
    if purpose.needs_login() && caller.is_none() {
        return Err(Problem::Unauthorized);
    }
    let phone = read_phone(&phone)?;
    if !phone.is_at_home() {
        let zh = "短信验证码仅支持中国大陆手机号";
        return Err(Problem::invalid("phone", zh, "codes are sent to numbers of mainland China only"));
    }
    let account = caller.map(|c| c.account());
    let address = limited(&ctx.app, &visitor).map(|a| super::doors::home(a).to_string());
    let wish = Wish { org: ctx.app.org, phone, address, device: visitor.named_device, account };
    let work = async { Ok(ctx.told(send(&ctx, wish, purpose).await?)) };
    ctx.once(body.key, work).await
}

async fn send(ctx: &Ctx, wish: Wish, purpose: Purpose) -> Result<CodeSent, Problem> {
    if !ctx.app.sms.is_there() {
        return Err(Problem::SmsUnavailable { configured: false });
    }
    let now = ctx.now();
    // Counted before it is sent: what fails on the way may have cost its price.
    ctx.app.doors.sms(&wish, now)?;
    let (app, lang) = (ctx.app.clone(), ctx.lang);
    Ctx::to_the_end(async move {
        let code = fresh_code();
        let phone = wish.phone.clone();
        store_code(&app, &wish, purpose, &code, now).await?;
        let text = purpose.text(&code, lang);
        let sent = tokio::time::timeout(Duration::from_millis(SMS_WITHIN as u64), app.sms.send(&phone, &text)).await;
        match sent {
            Ok(Ok(())) => Ok(CodeSent { expires_in: SMS_CODE_TTL / SECOND, resend_in: SMS_RESEND / SECOND }),
            // The code stays good: a provider that does not answer may have sent it.
            Err(_) => {
                tracing::warn!(?phone, "the SMS provider did not answer in time");
                Err(Problem::SmsUnavailable { configured: true })
            }
            Ok(Err(SmsFailure::Unavailable(why))) => {
                tracing::warn!(?phone, why, "a text was not sent");
                Err(Problem::SmsUnavailable { configured: true })
            }
            Ok(Err(SmsFailure::NotConfigured)) => Err(Problem::SmsUnavailable { configured: false }),
        }
    })
    .await
}

/// Six digits from the operating system; that 2^64 is no multiple of a million favours none by more
/// than a part in ten billion.
fn fresh_code() -> String {
    format!("{:06}", u64::from_le_bytes(secret_bytes()) % 1_000_000)
}

/// In place of the one before, with a row that counts, in one transaction.
async fn store_code(app: &App, wish: &Wish, purpose: Purpose, code: &str, now: Timestamp) -> Result<(), StoreError> {
    let id = SmsId::from_u128(app.ids.next(now));
    let Wish { org, phone, address, device, account } = wish.clone();
    let seal = seal(app, &phone, purpose, code);
    let stored = app.store.write(move |tx| {
        Box::pin(async move {
            let sql = "insert into sms_codes (org_id, phone, purpose, code_hash, created_at, expires_at) \
                values ($1, $2, $3, $4, $5, $6) on conflict (org_id, phone, purpose) do update set \
                code_hash = excluded.code_hash, tries = 0, created_at = excluded.created_at, \
                expires_at = excluded.expires_at, used_at = null";
            let args = args![org, phone.as_str(), purpose.name(), seal, now, now + SMS_CODE_TTL];
            tx.exec(sql, args).await?;
            let sql = "insert into sms_sends (id, org_id, phone, purpose, address, device, account_id, at) \
                values ($1, $2, $3, $4, $5, $6, $7, $8)";
            let (address, device) = (address.unwrap_or_default(), device.unwrap_or_default());
            tx.exec(sql, args![id, org, phone.as_str(), purpose.name(), address, device, account, now]).await?;
            Ok(())
        })
    });
    stored.await
}

/// What is stored of a code. Six digits are soon tried out, so it is the server's own secret that
/// keeps whoever reads the database from them.
pub(super) fn seal(app: &App, phone: &Phone, purpose: Purpose, code: &str) -> String {
    app.tokens.seal(&format!("sms:{}:{}:{}:{}", app.org, phone.as_str(), purpose.name(), code.trim()))
}

/// Uses a code up, if it is the right one; else that was one of its tries. The caller commits either.
pub(super) async fn take_code(
    tx: &mut Conn,
    org: OrgId,
    phone: &Phone,
    purpose: Purpose,
    seal: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "update sms_codes set tries = tries + 1, used_at = case when code_hash = $4 then $5 else used_at end \
        where org_id = $1 and phone = $2 and purpose = $3 and used_at is null and expires_at > $5 and tries < $6 \
        returning code_hash";
    let args = args![org, phone.as_str(), purpose.name(), seal, now, SMS_TRIES_MAX];
    Ok(tx.one(sql, args).await?.is_some_and(|row| row.text("code_hash").is_ok_and(|stored| stored == seal)))
}

pub(super) fn wrong_code() -> Problem {
    Problem::invalid(
        "sms_code",
        "验证码不正确、已使用或已过期",
        "is wrong, used already, or expired: ask for a new one",
    )
}

pub(super) fn read_phone(text: &str) -> Result<Phone, Problem> {
    Phone::parse(text).map_err(|_| {
        let zh = "应为手机号，如 13812345678 或 +8613812345678";
        Problem::invalid("phone", zh, "use a telephone number, such as 13812345678 or +8613812345678")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_six_digits_and_differ() {
        let codes: HashSet<String> = (0..1_000).map(|_| fresh_code()).collect();
        assert!(codes.iter().all(|c| c.len() == 6 && c.bytes().all(|b| b.is_ascii_digit())));
        assert!(codes.len() > 990, "{}", codes.len());
    }

    #[test]
    fn every_purpose_is_told_in_both_languages() {
        let mut texts = HashSet::new();
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::named(purpose.name()), Some(purpose));
            for lang in [Lang::Zh, Lang::En] {
                let text = purpose.text("012345", lang);
                assert!(text.contains("012345") && text.is_ascii() == (lang == Lang::En), "{text}");
                texts.insert(text);
            }
        }
        assert_eq!(texts.len(), 2 * Purpose::ALL.len());
    }
}
