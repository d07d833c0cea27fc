//! Logging in by WeChat, against the sandbox that a demo server has in itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::codes::{NUMBER, code as sms_code, pass};
use crate::harness::app::{Answer, Person, TestApp, on_both, text};

on_both! {
    a_first_login_makes_an_account
    a_demo_person_has_a_phone
    a_code_is_good_once_and_for_minutes
    what_wechat_says_is_passed_on
    a_button_tells_a_number
    a_wechat_user_is_bound_or_merged
    nothing_is_bound_to_who_was_put_out_meanwhile
}

const MINUTE: i64 = 60_000;

async fn sandbox(app: &TestApp, method: Method, path: &str, body: Value) -> Value {
    app.anybody().send(method, &format!("/sandbox{path}"), &[], body).await.body
}

/// What `wx.login` gives on this person's phone.
async fn code(app: &TestApp, person: &str) -> String {
    text(&sandbox(app, Method::POST, &format!("/phone/{person}/login-code"), json!({})).await["code"])
}

async fn log_in(app: &TestApp, code: &str) -> Answer {
    app.anybody().post("/login", json!({ "code": code })).await
}

async fn enter(app: &TestApp, person: &str) -> Person {
    let told = log_in(app, &code(app, person).await).await.is(200);
    app.anybody().again(&told)
}

async fn a_first_login_makes_an_account(app: &mut TestApp) {
    let told = log_in(app, &code(app, "小明").await).await.is(200);
    let nickname = text(&told["user"]["nickname"]);
    assert!(nickname.starts_with("微信用户") && nickname.chars().count() == 8, "{nickname}");
    assert_eq!((&told["user"]["roles"], &told["students"][0]["relation"]), (&json!(["student"]), &json!("self")));
    let first = app.anybody().again(&told);
    first.booked(&app.class(1, json!({})).await).await;
    let body = json!({ "code": code(app, "小明").await });
    let again = app.anybody().post("/login/wx", body).await.is(200);
    assert_eq!((&again["user"], &again["students"]), (&told["user"], &told["students"]), "the same person");
    assert_ne!(enter(app, "小红").await.account, first.account);
    app.restart("09:00:00.000").await;
    assert_eq!(enter(app, "小明").await.account, first.account);
    let methods: Vec<_> = first.get("/logins").await.items().iter().map(|l| text(&l["method"])).collect();
    assert_eq!(methods, ["wechat", "wechat", "wechat"]);
}

async fn a_demo_person_has_a_phone(app: &mut TestApp) {
    let amy = app.student("amy").await;
    assert_eq!(enter(app, "student:amy").await.account, amy.account);
    app.student("amy").await;
    assert_eq!(app.db.count("wx_accounts where account_id is not null").await, 3, "amy, root and olga, once each");
    // People by the number have none.
    app.admin.post("/dev/people", json!({ "role": "student", "prefix": "p", "count": 3 })).await.is(200);
    assert_eq!(app.db.count("wx_accounts").await, 3);
}

async fn a_code_is_good_once_and_for_minutes(app: &mut TestApp) {
    let code = code(app, "amy").await;
    log_in(app, &code).await.is(200);
    for bad in [&*code, "made-up", "", "候补", "a b", &"x".repeat(300)] {
        let answer = log_in(app, bad).await;
        assert!(bad.is_empty() || !answer.text.contains(bad), "{}", answer.text);
        answer.fails(401, "invalid_credentials");
    }
    let late = self::code(app, "amy").await;
    pass(app, 5 * MINUTE).await;
    log_in(app, &late).await.fails(401, "invalid_credentials");
}

async fn what_wechat_says_is_passed_on(app: &mut TestApp) {
    let amy = enter(app, "amy").await;
    for (errcode, status, reason, again) in [
        (45_011, 429, "too_many_requests", Some("60")),
        (40_226, 403, "wechat_blocked", None),
        (40_013, 503, "wechat_unavailable", Some("5")),
    ] {
        let fail = json!({ "fail_next": [{ "call": "jscode2session", "errcode": errcode, "times": 1 }] });
        sandbox(app, Method::PUT, "/control", fail).await;
        let answer = log_in(app, &code(app, "amy").await).await;
        let told = answer.headers.get("retry-after").and_then(|v| v.to_str().ok());
        assert_eq!(told, again, "{errcode}");
        answer.fails(status, reason);
    }
    sandbox(app, Method::PUT, "/control", json!({ "down": "refuse" })).await;
    let answer = log_in(app, "any-code").await;
    assert!(answer.headers.contains_key("retry-after"));
    answer.fails(503, "wechat_unavailable");
    // Whoever is in stays in, and others come by other ways.
    amy.get("/users/profile").await.is(200);
    app.student("ben").await;
    sandbox(app, Method::PUT, "/control", json!({ "down": "off" })).await;
    pass(app, MINUTE).await;
    assert_eq!(enter(app, "amy").await.account, amy.account);
}

async fn a_button_tells_a_number(app: &mut TestApp) {
    let (amy, ben) = (enter(app, "amy").await, enter(app, "ben").await);
    let button = async |person: &str| {
        let path = format!("/phone/{person}/phone-code");
        text(&sandbox(app, Method::POST, &path, json!({ "number": NUMBER })).await["code"])
    };
    let body = json!({ "code": button("amy").await });
    let bound = amy.keyed("k", Method::PUT, "/users/phone", body.clone()).await;
    assert_eq!(amy.keyed("k", Method::PUT, "/users/phone", body.clone()).await.text, bound.text);
    assert_eq!(bound.is(200), json!({ "phone": "138****5678" }));
    amy.put("/users/phone", body).await.invalid("code");
    amy.put("/users/phone", json!({ "code": code(app, "amy").await })).await.invalid("code");
    ben.put("/users/phone", json!({ "code": button("ben").await })).await.refused("phone_in_use");
    // It is the number that logs in now, too.
    let sent = sms_code(app, &app.anybody(), NUMBER, "login").await;
    let told = app.anybody().post("/login", json!({ "phone": NUMBER, "sms_code": sent })).await.is(200);
    assert_eq!(told["user"]["id"], amy.account);
}

async fn a_wechat_user_is_bound_or_merged(app: &mut TestApp) {
    // Staff who were made with a password come in by WeChat from now on.
    let olga = app.operator.clone();
    let merged = olga.post("/users/merge", json!({ "code": code(app, "olgas-phone").await })).await.is(200);
    assert_eq!(merged["merged"], Value::Null, "nobody else had it");
    assert_eq!(enter(app, "olgas-phone").await.account, olga.account);
    // Somebody who came by WeChat first.
    let (amy, phone) = (app.student("amy").await, enter(app, "amys-phone").await);
    let booking = phone.booked(&app.class(1, json!({})).await).await;
    let merged = amy.post("/users/merge", json!({ "code": code(app, "amys-phone").await })).await.is(200);
    assert_eq!(merged["merged"], phone.account);
    phone.get("/users/profile").await.fails(401, "unauthorized");
    amy.get(&format!("/bookings/{booking}")).await.is(200);
    assert_eq!(enter(app, "amys-phone").await.account, amy.account);
    // A teacher's account is not taken by it.
    let tom = app.teacher("tom").await;
    amy.post("/users/merge", json!({ "code": code(app, "teacher:tom").await })).await.refused("account_not_mergeable");
    tom.get("/users/profile").await.is(200);
    amy.post("/users/merge", json!({ "code": "made-up" })).await.invalid("code");
    for wrong in [json!({}), json!({ "phone": NUMBER }), json!({ "code": "x", "phone": NUMBER, "sms_code": "1" })] {
        amy.post("/users/merge", wrong).await.invalid("phone");
    }
}

/// While WeChat was asked, which the rows alone tell here.
async fn nothing_is_bound_to_who_was_put_out_meanwhile(app: &mut TestApp) {
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    app.db.exec(&format!("update accounts set disabled_at = 1 where id = '{}'", amy.account)).await;
    app.db
        .exec(&format!("update accounts set merged_into = '{}' where id = '{}'", app.admin.account, ben.account))
        .await;
    for out in [&amy, &ben] {
        let known = app.db.count("wx_accounts").await;
        let body = json!({ "code": code(app, "a-new-phone").await });
        out.post("/users/merge", body).await.fails(401, "unauthorized");
        assert_eq!(app.db.count("wx_accounts").await, known);
        let button = sandbox(app, Method::POST, "/phone/new/phone-code", json!({ "number": NUMBER })).await;
        out.put("/users/phone", json!({ "code": button["code"] })).await.fails(401, "unauthorized");
        assert_eq!(app.db.count("accounts where phone is not null").await, 0);
    }
}
