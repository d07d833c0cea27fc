//! Making an account without WeChat.

use actix_web::HttpResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    LoggedIn, account_of_phone,
    codes::{self, Purpose, take_code},
    passwords::{check_password, hash_in_turn, limited},
    sessions::{self, Method, Visitor},
};
use crate::{
    api::{
        courses::short_text,
        people::{NICKNAME_CHARS_MAX, NewAccount, insert_account},
    },
    args,
    base::limits::{USERNAME_CHARS_MAX, USERNAME_CHARS_MIN},
    domain::access::Role,
    web::{
        error::Problem,
        extract::{Body, Ctx},
        reply,
    },
};

/// `username`, or `phone` with the `sms_code` that was sent for `register`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Register {
    username: Option<String>,
    phone: Option<String>,
    sms_code: Option<String>,
    password: String,
    nickname: Option<String>,
}

/// Makes an account, a student's, and logs in to it.
///
/// Which names are taken can be found out here, as wherever people choose their names; which numbers
/// have an account only by whoever has the number.
#[utoipa::path(post, path = "/register", tag = "login", request_body = Register,
    responses((status = 201, body = LoggedIn), (status = 400), (status = 409)))]
pub async fn register(ctx: Ctx, visitor: Visitor, body: Body<Register>) -> Result<HttpResponse, Problem> {
    let Register { username, phone, sms_code, password, nickname } = body.value;
    let (app, org, now) = (&ctx.app, ctx.app.org, ctx.now());
    let phone = phone.as_deref().map(codes::read_phone).transpose()?;
    match (&username, &phone, &sms_code) {
        (Some(name), None, None) => check_username(name)?,
        (None, Some(_), Some(_)) => {}
        (None, Some(_), None) => {
            return Err(Problem::invalid("sms_code", "请提供短信验证码", "send the code that came by SMS"));
        }
        (None, None, _) | (Some(_), Some(_), _) | (Some(_), None, Some(_)) => {
            let en = "send either `username`, or `phone` with `sms_code`";
            return Err(Problem::invalid("username", "请提供 username，或 phone 与 sms_code", en));
        }
    }
    let nickname = nickname.or_else(|| username.clone()).or_else(|| phone.as_ref().map(|p| p.masked()));
    let nickname = nickname.unwrap_or_default();
    short_text("nickname", &nickname, NICKNAME_CHARS_MAX, false)?;
    let number = phone.as_ref().map_or("", |p| p.as_str());
    check_password("password", &password, &[username.as_deref().unwrap_or_default(), &nickname, number])?;
    app.doors.register(limited(app, &visitor), now)?;
    let hash = hash_in_turn(app, password).await?;
    let seal = phone.as_ref().zip(sms_code.as_ref()).map(|(p, code)| codes::seal(app, p, Purpose::Register, code));
    let ids = app.ids.clone();
    let made = app.store.write(move |tx| {
        Box::pin(async move {
            if let (Some(phone), Some(seal)) = (&phone, &seal) {
                if !take_code(tx, org, phone, Purpose::Register, seal, now).await? {
                    return Ok(Err(codes::wrong_code()));
                }
                if account_of_phone(tx, org, phone).await?.is_some() {
                    return Ok(Err(Problem::PhoneInUse));
                }
            }
            let sql = "select id from accounts where org_id = $1 and username = $2";
            if let Some(name) = &username
                && tx.one(sql, args![org, &**name]).await?.is_some()
            {
                return Ok(Err(Problem::NameTaken));
            }
            let new = NewAccount {
                username: username.as_deref(),
                phone: phone.as_ref(),
                password_hash: Some(&hash),
                ..NewAccount::named(org, &nickname, Role::Student)
            };
            let (person, _) = insert_account(tx, &*ids, &new, now).await?;
            Ok(Ok(person.account))
        })
    });
    let account = made.await??;
    let logged_in = sessions::open(&ctx, &visitor, account, Method::Register).await?;
    Ok(reply::raw(201, reply::body(ctx.lang, 201, logged_in)))
}

/// One spelling for each name, and none that could be taken for a number.
fn check_username(name: &str) -> Result<(), Problem> {
    let length = (USERNAME_CHARS_MIN..=USERNAME_CHARS_MAX).contains(&name.len());
    let mut bytes = name.bytes();
    let begins = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    if length && begins && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b)) {
        return Ok(());
    }
    let zh = format!("应为{USERNAME_CHARS_MIN}–{USERNAME_CHARS_MAX}个小写字母、数字或 . _ -，以字母开头");
    let en = format!(
        "use {USERNAME_CHARS_MIN} to {USERNAME_CHARS_MAX} lower-case letters, digits or . _ - and begin with a letter"
    );
    Err(Problem::invalid("username", zh, en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        for good in ["amy", "amy.li-2_x", &"a".repeat(32)] {
            assert!(check_username(good).is_ok(), "{good}");
        }
        for bad in ["", "am", "Amy", "1amy", "13812345678", "小明同学", "a b c", "a\0b", "amy@x", &"a".repeat(33)] {
            assert!(check_username(bad).is_err(), "{bad}");
        }
    }
}
