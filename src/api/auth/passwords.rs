//! Passwords: Argon2id, some at a time, and five tries.
//!
//! What a good one is follows NIST SP 800-63B (section 3.1.1) and OWASP ASVS 5.0 (6.2): length
//! counts and any character may be in it, nothing is asked about capitals or digits, and what
//! everybody tries first is refused: the known ones, the person's own name or number, and rows of
//! one kind.

use actix_web::HttpResponse;
use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    LoggedIn, account_of_phone,
    codes::{self, Purpose, take_code},
    sessions::{self, Arrival, Method, Outcome, Visitor, Which},
};
use crate::{
    args,
    base::{
        ids::{AccountId, SessionId, secret_bytes},
        keys::RequestKey,
        limits::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN},
        phone::Phone,
        time::{MINUTE, SECOND, Timestamp},
    },
    store::{StoreError, sql::Conn},
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx},
        state::App,
    },
};

/// Failed logins before an account is locked, and for how long.
const FAILURES_MAX: i64 = 5;
const LOCKED_FOR: i64 = 15 * MINUTE;

/// By what an account is named when its password is shown.
pub enum Named {
    Username(String),
    Phone(Phone),
    /// Nobody can have what is no number; it is answered like one that nobody has.
    NoPhone(String),
}

impl Named {
    pub fn phone(text: &str) -> Self {
        Phone::parse(text).map_or_else(|_| Self::NoPhone(text.to_owned()), Self::Phone)
    }

    fn column(&self) -> &'static str {
        match self {
            Self::Username(_) => "username",
            Self::Phone(_) | Self::NoPhone(_) => "phone",
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Username(text) | Self::NoPhone(text) => text,
            Self::Phone(phone) => phone.as_str(),
        }
    }
}

pub(super) async fn by_password(
    ctx: &Ctx,
    visitor: &Visitor,
    named: Named,
    password: String,
) -> Result<LoggedIn, Problem> {
    let (app, now, from) = (&ctx.app, ctx.now(), limited(&ctx.app, visitor));
    if named.text().contains('\0') {
        return Err(Problem::InvalidCredentials);
    }
    app.doors.guess(from, now)?;
    // A part of another account leads to that.
    let sql = format!(
        "select t.id, t.password_hash, t.locked_until, t.disabled_at from accounts a \
         join accounts t on t.id = coalesce(a.merged_into, a.id) where a.org_id = $1 and a.{} = $2",
        named.column()
    );
    let row = app.store.reader().one(&sql, args![app.org, named.text()]).await?;
    // Asked for whether or not there is an account, so that it takes as long.
    let key = app.tokens.seal(&format!("name:{}:{}:{}", app.org, named.column(), named.text()));
    let sql = "select locked_until from unknown_logins where name_hash = $1";
    let unknown = app.store.reader().one(sql, args![&*key]).await?;
    let counted = row.as_ref().or(unknown.as_ref());
    let locked_until = counted.map(|r| r.opt_at("locked_until")).transpose()?.flatten();
    if is_locked(locked_until, now) {
        app.doors.guessed_wrong(from, now);
        return Err(refusal(locked_until, now));
    }
    let hash = row.as_ref().map(|r| r.opt_text("password_hash")).transpose()?.flatten().map(str::to_owned);
    // As much work for an unknown name as for a wrong password, so that neither can be told apart.
    let good = verify_in_turn(app, password, hash.clone()).await?;
    let Some(row) = row else {
        app.doors.guessed_wrong(from, now);
        return Err(note_unknown(ctx, key).await?);
    };
    let account: AccountId = row.parse("id")?;
    if !good || row.opt_at("disabled_at")?.is_some() {
        app.doors.guessed_wrong(from, now);
        return Err(note_failure(ctx, visitor, account).await?);
    }
    sessions::open_by_password(ctx, visitor, account, hash.unwrap_or_default()).await
}

fn is_locked(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_some_and(|until| until > now)
}

/// The answer to a password that lets nobody in, by how long the account is locked.
fn refusal(locked_until: Option<Timestamp>, now: Timestamp) -> Problem {
    match locked_until {
        Some(until) if until > now => Problem::AccountLocked { seconds: (until - now + SECOND - 1) / SECOND },
        Some(_) | None => Problem::InvalidCredentials,
    }
}

/// Where addresses are limited at all.
pub(super) fn limited(app: &App, visitor: &Visitor) -> Option<std::net::IpAddr> {
    visitor.address.filter(|_| app.config.limits.per_address > 0)
}

/// Counted by the database, where guesses that come at once stand in a line; what comes after
/// the lock neither counts nor lifts it.
async fn note_failure(ctx: &Ctx, visitor: &Visitor, account: AccountId) -> Result<Problem, Problem> {
    let now = ctx.now();
    let sql = "update accounts set failed_logins = case when failed_logins + 1 < $2 then failed_logins + 1 else 0 end, \
        locked_until = case when failed_logins + 1 < $2 then null else $3 end, updated_at = $4 \
        where id = $1 and (locked_until is null or locked_until <= $4) returning locked_until";
    let args = args![account, FAILURES_MAX, now + LOCKED_FOR, now];
    let ids = ctx.app.ids.clone();
    let session = SessionId::from_u128(0);
    let arrival = Arrival { session, account, method: Method::Password, visitor: visitor.clone(), at: now };
    let until = ctx.app.store.write(move |tx| {
        Box::pin(async move {
            let Some(row) = tx.one(sql, args).await? else { return locked_until(tx, account).await };
            let until = row.opt_at("locked_until")?;
            arrival.note(tx, &*ids, if until.is_none() { Outcome::Wrong } else { Outcome::Locked }).await?;
            Ok(until)
        })
    });
    Ok(refusal(until.await?, now))
}

async fn locked_until(tx: &mut Conn, account: AccountId) -> Result<Option<Timestamp>, StoreError> {
    let row = tx.one("select locked_until from accounts where id = $1", args![account]).await?;
    Ok(row.map(|r| r.opt_at("locked_until")).transpose()?.flatten())
}

/// The same for a name that no account has, with as much to write.
async fn note_unknown(ctx: &Ctx, key: String) -> Result<Problem, Problem> {
    let now = ctx.now();
    let sql = "insert into unknown_logins (name_hash, failures, locked_until, updated_at) values ($1, 1, null, $4) \
        on conflict (name_hash) do update set \
        failures = case when unknown_logins.failures + 1 < $2 then unknown_logins.failures + 1 else 0 end, \
        locked_until = case when unknown_logins.failures + 1 < $2 then null else $3 end, updated_at = $4 \
        where unknown_logins.locked_until is null or unknown_logins.locked_until <= $4 returning locked_until";
    let args = args![&*key, FAILURES_MAX, now + LOCKED_FOR, now];
    let until = ctx.app.store.write(move |tx| {
        Box::pin(async move {
            let row = match tx.one(sql, args).await? {
                Some(row) => Some(row),
                None => tx.one("select locked_until from unknown_logins where name_hash = $1", args![key]).await?,
            };
            Ok(row.map(|r| r.opt_at("locked_until")).transpose()?.flatten())
        })
    });
    Ok(refusal(until.await?, now))
}

/// In the transaction that opens the session: unless the account was locked, or got another
/// password, while this one was checked.
pub(super) async fn note_success(
    tx: &mut Conn,
    account: AccountId,
    checked: &str,
    now: Timestamp,
) -> Result<Result<(), Problem>, StoreError> {
    let sql = "update accounts set failed_logins = 0, locked_until = null \
        where id = $1 and password_hash = $2 and (locked_until is null or locked_until <= $3)";
    if tx.exec(sql, args![account, checked, now]).await? > 0 {
        return Ok(Ok(()));
    }
    Ok(Err(refusal(locked_until(tx, account).await?, now)))
}

// ---- hashing

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

/// Work for a thread that may take its time, as many at once as there are permits; busy otherwise.
async fn in_turn<T: Send + 'static>(app: &App, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let permit = app.passwords.clone().try_acquire_owned().map_err(|_| Problem::Overloaded)?;
    let done = actix_web::web::block(move || {
        // Given back when the work ends, also where nobody waits for it any more.
        let _permit = permit;
        work()
    });
    done.await.map_err(|_| Problem::Overloaded)
}

async fn verify_in_turn(app: &App, password: String, hash: Option<String>) -> Result<bool, Problem> {
    in_turn(app, move || verify_password(&password, hash.as_deref())).await
}

pub(super) async fn hash_in_turn(app: &App, password: String) -> Result<String, Problem> {
    let hashed = in_turn(app, move || hash_password(&password, &secret_bytes())).await?;
    hashed.map_err(|e| Problem::Internal(crate::engine::journal::Fault::new(e)))
}

// ---- what a good password is

/// What is tried first: of the lists of leaked passwords the ones that are long enough to be taken,
/// and those that Chinese lists add. In lower case, sorted.
const COMMON: &str = include_str!("common_passwords.txt");

/// Refuses a weak password, and tells what is wrong with it. `own` is what others know of the
/// person: names and numbers.
pub fn check_password(field: &'static str, password: &str, own: &[&str]) -> Result<(), Problem> {
    let length = password.chars().count();
    if length < PASSWORD_CHARS_MIN {
        let (zh, en) =
            (format!("至少{PASSWORD_CHARS_MIN}个字符"), format!("use at least {PASSWORD_CHARS_MIN} characters"));
        return Err(Problem::invalid(field, zh, en));
    }
    if length > PASSWORD_CHARS_MAX {
        let (zh, en) =
            (format!("最多{PASSWORD_CHARS_MAX}个字符"), format!("use at most {PASSWORD_CHARS_MAX} characters"));
        return Err(Problem::invalid(field, zh, en));
    }
    let lower = password.to_lowercase();
    if COMMON.lines().any(|common| common == lower) {
        return Err(Problem::invalid(field, "过于常见，很容易被猜到", "is one of those that everybody tries first"));
    }
    if is_row(&lower) {
        let zh = "不能只是重复同一小段（如 abcabc）或连续的字符（如 123456）";
        let en = "must not be one short piece over and over (as abcabc) nor characters in a row (as 123456)";
        return Err(Problem::invalid(field, zh, en));
    }
    if own.iter().any(|own| is_about(&lower, own)) {
        let (zh, en) = ("不能包含您的用户名、昵称或手机号", "must not be made of your name or number");
        return Err(Problem::invalid(field, zh, en));
    }
    Ok(())
}

/// Characters that others would add to a name without thinking.
const BEYOND_NAME_MIN: usize = 6;
/// Shorter names are a part of many words.
const NAME_TELLS_FROM: usize = 3;

/// Holds somebody's name or number, and little else.
fn is_about(lower: &str, own: &str) -> bool {
    let own = own.trim_start_matches("+86").to_lowercase();
    let length = own.chars().count();
    if length < NAME_TELLS_FROM || !lower.contains(&own) {
        return false;
    }
    lower.replace(&own, "").chars().count() < BEYOND_NAME_MIN
}

/// `aaaaaaaaaa`, `abababab`, `0123456789`, `zyxwvuts…`.
fn is_row(lower: &str) -> bool {
    let chars: Vec<u32> = lower.chars().map(u32::from).collect();
    let repeats = |n: usize| chars.iter().zip(chars.iter().skip(n)).all(|(a, b)| a == b);
    let steps = |by: i64| chars.windows(2).all(|w| i64::from(w[1]) - i64::from(w[0]) == by);
    (1..=3).any(repeats) || steps(1) || steps(-1)
}

// ---- changing it

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewPassword {
    /// Needed where there is one.
    old_password: Option<String>,
    new_password: String,
}

/// Sets my password, and ends all my other sessions.
#[utoipa::path(put, path = "/password", tag = "login", request_body = NewPassword,
    responses((status = 200), (status = 400)))]
pub async fn change_password(
    ctx: Ctx,
    caller: Caller,
    visitor: Visitor,
    body: Body<NewPassword>,
) -> Result<HttpResponse, Problem> {
    // A key is kept with a digest of its body, and this body is a password: sealed, so that nobody
    // who reads the rows tries passwords on the digest, which is quick, instead of on the hash.
    let key = body.key.map(|key| RequestKey {
        fingerprint: ctx.app.tokens.seal(&format!("request:{}", key.fingerprint)).into(),
        ..key
    });
    let work = async {
        change(&ctx, &caller, &visitor, body.value).await?;
        Ok(ctx.told(()))
    };
    ctx.once(key, work).await
}

async fn change(ctx: &Ctx, caller: &Caller, visitor: &Visitor, new: NewPassword) -> Result<(), Problem> {
    let (app, account, now) = (ctx.app.clone(), caller.account(), ctx.now());
    let NewPassword { old_password, new_password } = new;
    let sql = "select username, nickname, phone, password_hash, locked_until from accounts where id = $1";
    let row = app.store.reader().one(sql, args![account]).await?.ok_or(Problem::Unauthorized)?;
    let text = |name| Ok::<_, Problem>(row.opt_text(name)?.unwrap_or_default());
    let own = [text("username")?, text("nickname")?, text("phone")?];
    check_password("new_password", &new_password, &own)?;
    let before = row.opt_text("password_hash")?.map(str::to_owned);
    if before.is_some() {
        let locked_until = row.opt_at("locked_until")?;
        if is_locked(locked_until, now) {
            return Err(refusal(locked_until, now));
        }
        let old = old_password
            .ok_or_else(|| Problem::invalid("old_password", "请提供当前密码", "send the password that you have now"))?;
        if !verify_in_turn(&app, old, before.clone()).await? {
            // Who has found an unlocked phone guesses no more often than at the door.
            return Err(match note_failure(ctx, visitor, account).await? {
                Problem::InvalidCredentials => {
                    Problem::invalid("old_password", "当前密码不正确", "is not the password that you have now")
                }
                locked => locked,
            });
        }
    }
    let hash = hash_in_turn(&app, new_password).await?;
    let which = Which::AllBut(caller.claims.sid);
    Ctx::to_the_end(async move {
        let ended = app.store.write(move |tx| {
            Box::pin(async move {
                // Only over the one that was looked at: of two changes at once one is refused.
                let sql = "update accounts set password_hash = $2, failed_logins = 0, locked_until = null, \
                    updated_at = $3 where id = $1 and coalesce(password_hash, '') = $4";
                let before = before.unwrap_or_default();
                if tx.exec(sql, args![account, hash, now, before]).await? == 0 {
                    return Ok(None);
                }
                sessions::revoke(tx, account, which, now).await.map(Some)
            })
        });
        let ended = ended.await?.ok_or(Problem::InProgress)?;
        sessions::forget(&app, &ended);
        Ok(())
    })
    .await
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ResetPassword {
    phone: String,
    /// Sent for `reset`.
    sms_code: String,
    new_password: String,
}

/// Sets a forgotten password by a code to the account's number, and ends all its sessions.
#[utoipa::path(post, path = "/password/reset", tag = "login", request_body = ResetPassword,
    responses((status = 200), (status = 400)))]
pub async fn reset_password(ctx: Ctx, body: Body<ResetPassword>) -> Result<HttpResponse, Problem> {
    let (app, now) = (ctx.app.clone(), ctx.now());
    let ResetPassword { phone, sms_code, new_password } = body.value;
    let phone = codes::read_phone(&phone)?;
    check_password("new_password", &new_password, &[phone.as_str()])?;
    let seal = codes::seal(&app, &phone, Purpose::Reset, &sms_code);
    // Before the code is looked at, so that it takes as long whoever asks.
    let hash = hash_in_turn(&app, new_password).await?;
    Ctx::to_the_end(async move {
        let org = app.org;
        let done = app.store.write(move |tx| {
            Box::pin(async move {
                if !take_code(tx, org, &phone, Purpose::Reset, &seal, now).await? {
                    return Ok(Err(codes::wrong_code()));
                }
                let Some(account) = account_of_phone(tx, org, &phone).await? else {
                    return Ok(Err(no_account()));
                };
                let sql = "update accounts set password_hash = $2, failed_logins = 0, locked_until = null, \
                    updated_at = $3 where id = $1";
                tx.exec(sql, args![account, hash, now]).await?;
                Ok(Ok(sessions::revoke(tx, account, Which::All, now).await?))
            })
        });
        sessions::forget(&app, &done.await??);
        Ok(())
    })
    .await?;
    Ok(ctx.ok(()))
}

/// Told only to whoever has proven that the number is theirs.
pub(super) fn no_account() -> Problem {
    Problem::invalid("phone", "该手机号尚未注册", "no account has this number: register it")
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
    fn weak_passwords_are_told_what_is_wrong() {
        let own = ["margaret", "小明同学", "+8613812345678"];
        for (password, word) in [
            ("", "at least"),
            ("short", "at least"),
            ("九个字符的密码呀呀", "at least"),
            (&"x1".repeat(65), "at most"),
            ("1234567890", "everybody"),
            ("Password123", "everybody"),
            ("WOAINI1314520", "everybody"),
            ("iloveyou12345", "everybody"),
            ("11112222333", "everybody"),
            ("aaaaaaaaaa", "in a row"),
            ("abababababab", "over and over"),
            ("abcdefghijkl", "in a row"),
            ("zyxwvutsrqpo", "in a row"),
            ("一一一一一一一一一一", "in a row"),
            ("Margaret2024", "name or number"),
            ("margaretmargaret", "name or number"),
            ("小明同学小明同学!!", "name or number"),
            ("a13812345678", "name or number"),
        ] {
            let Err(Problem::Invalid { field, zh, en }) = check_password("new_password", password, &own) else {
                panic!("{password} is taken")
            };
            assert!(field == "new_password" && en.contains(word) && !zh.is_ascii(), "{password}: {en}");
        }
        for good in [
            "correct horse",
            "margaret rides a bicycle",
            "春眠不觉晓处处闻啼鸟",
            "🐎🔋📎🌾🐎📎🔋🌾🌾🐎",
            "          x",
            &(0..128).filter_map(|i| char::from_u32(0x4e00 + i * 7)).collect::<String>(),
        ] {
            assert!(check_password("p", good, &own).is_ok(), "{good}");
        }
        assert!(check_password("p", "a good long one", &["", "a", "+86"]).is_ok(), "no name tells nothing");
    }

    #[test]
    fn the_list_is_as_it_is_looked_at() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() > 100 && lines.is_sorted());
        for line in lines {
            assert!(line.chars().count() >= PASSWORD_CHARS_MIN && line == line.to_lowercase(), "{line}");
        }
    }
}
