//! Codes by SMS: what they prove, how often they are sent, and what stays of them.

use serde_json::{Value, json};
use yueke::base::{
    limits::{SMS_PER_ADDRESS, SMS_PER_NUMBER},
    phone::Phone,
};

use crate::{
    harness::app::{Answer, Person, TestApp, on_both, text},
    store::database::Database,
};

on_both! {
    a_number_logs_in_by_a_code
    a_code_is_good_once_for_one_purpose_and_five_minutes
    a_code_is_guessed_five_times
    a_number_hears_no_more_than_it_may
    a_restart_forgets_no_message
    codes_stand_nowhere_as_they_are
    what_cannot_be_sent_is_told
}

pub const NUMBER: &str = "13812345678";

pub async fn send(person: &Person, number: &str, purpose: &str) -> Answer {
    person.post("/sms/send", json!({ "phone": number, "purpose": purpose })).await
}

/// The last code that came to a number.
pub fn received(app: &TestApp, number: &str) -> String {
    let phone = Phone::parse(number).expect("a number");
    let text = app.running.app.sms.last_to(&phone).expect("a text came");
    let digits: String = text.split(|c: char| !c.is_ascii_digit()).find(|w| w.len() == 6).expect("a code").to_owned();
    digits
}

/// Asks for a code, and reads it.
pub async fn code(app: &TestApp, person: &Person, number: &str, purpose: &str) -> String {
    send(person, number, purpose).await.is(200);
    received(app, number)
}

async fn log_in(app: &TestApp, number: &str, code: &str) -> Answer {
    app.anybody().post("/login", json!({ "phone": number, "sms_code": code })).await
}

/// Another code, whatever this one is.
pub fn other_than(code: &str) -> String {
    if code == "000000" { "000001".to_owned() } else { "000000".to_owned() }
}

pub async fn pass(app: &TestApp, ms: i64) {
    app.admin.put("/dev/clock", json!({ "advance_ms": ms })).await.is(200);
}

const MINUTE: i64 = 60_000;

async fn a_number_logs_in_by_a_code(app: &mut TestApp) {
    let told = send(&app.anybody(), NUMBER, "login").await.is(200);
    assert_eq!(told, json!({ "expires_in": 300, "resend_in": 60 }));
    let first = log_in(app, "+86 138-1234-5678", &received(app, NUMBER)).await.is(200);
    assert_eq!((&first["user"]["roles"], &first["user"]["nickname"]), (&json!(["student"]), &json!("138****5678")));
    assert_eq!(first["students"][0]["relation"], "self");
    pass(app, MINUTE).await;
    let code = code(app, &app.anybody(), "0086 13812345678", "login").await;
    let body = json!({ "phone": NUMBER, "sms_code": code });
    let again = app.anybody().post("/login/phone", body).await.is(200);
    assert_eq!((&again["user"], &again["students"]), (&first["user"], &first["students"]), "the same account");
    let profile = app.with_token(&text(&again["token"])).get("/users/profile").await.is(200);
    assert_eq!((&profile["phone"], &profile["has_password"]), (&json!("138****5678"), &json!(false)));
    // A text in English for who asks in English.
    pass(app, MINUTE).await;
    send(&app.anybody().in_english(), NUMBER, "login").await.is(200);
    let english = app.running.app.sms.last_to(&Phone::parse(NUMBER).expect("a number")).expect("a text");
    assert!(english.starts_with("[yueke] ") && english.contains("log in"), "{english}");
}

async fn a_code_is_good_once_for_one_purpose_and_five_minutes(app: &mut TestApp) {
    let nobody = app.anybody();
    let login = code(app, &nobody, NUMBER, "login").await;
    let reset = json!({ "phone": NUMBER, "sms_code": login, "new_password": "battery staple" });
    nobody.post("/password/reset", reset).await.invalid("sms_code");
    let other = "13900000000";
    log_in(app, other, &login).await.fails(401, "invalid_credentials");
    log_in(app, NUMBER, &login).await.is(200);
    log_in(app, NUMBER, &login).await.fails(401, "invalid_credentials");

    pass(app, MINUTE).await;
    let old = code(app, &nobody, NUMBER, "login").await;
    pass(app, MINUTE).await;
    let new = code(app, &nobody, NUMBER, "login").await;
    if old != new {
        log_in(app, NUMBER, &old).await.fails(401, "invalid_credentials");
    }
    pass(app, 5 * MINUTE - 1).await;
    log_in(app, NUMBER, &new).await.is(200);
    let late = code(app, &nobody, NUMBER, "login").await;
    pass(app, 5 * MINUTE).await;
    log_in(app, NUMBER, &late).await.fails(401, "invalid_credentials");
}

async fn a_code_is_guessed_five_times(app: &mut TestApp) {
    let nobody = app.anybody();
    for (guesses, right) in [(4, 200), (5, 401)] {
        let code = code(app, &nobody, NUMBER, "login").await;
        let wrong = other_than(&code);
        for answer in futures_util::future::join_all((0..guesses).map(|_| log_in(app, NUMBER, &wrong))).await {
            answer.fails(401, "invalid_credentials");
        }
        assert_eq!(log_in(app, NUMBER, &code).await.status, right, "after {guesses} guesses");
        pass(app, MINUTE).await;
    }
    let fresh = code(app, &nobody, NUMBER, "login").await;
    log_in(app, NUMBER, &fresh).await.is(200);
}

async fn a_number_hears_no_more_than_it_may(app: &mut TestApp) {
    let nobody = app.anybody();
    send(&nobody, NUMBER, "login").await.is(200);
    for (person, purpose) in [(&nobody, "login"), (&nobody, "reset"), (&app.admin, "bind")] {
        let refused = send(person, "+86 138 1234 5678", purpose).await;
        assert_eq!(refused.headers["retry-after"], "60", "whatever it is for");
        let told = refused.fails(429, "too_many_requests");
        assert_eq!(told["message"], "请求过于频繁，请60秒后再试");
    }
    for _ in 0..4 {
        pass(app, MINUTE).await;
        send(&nobody, NUMBER, "login").await.is(200);
    }
    pass(app, MINUTE).await;
    let refused = send(&nobody, NUMBER, "login").await;
    assert_eq!(refused.headers["retry-after"], (55 * 60).to_string());
    assert_eq!(refused.fails(429, "too_many_requests")["message"], "请求过于频繁，请55分钟后再试");
    let told = send(&nobody.in_english(), NUMBER, "login").await.fails(429, "too_many_requests");
    assert_eq!(told["message"], "Too many requests: try again in 55 minutes");
    send(&nobody, "13900000000", "login").await.is(200);
    // One device is, too, and not all that bear its model's name.
    let ask = async |from: &str, n: usize| {
        let headers = [("content-type", "application/json"), ("x-device", "iPhone 15"), ("x-forwarded-for", from)];
        let body = json!({ "phone": format!("1360000000{n}"), "purpose": "login" }).to_string();
        nobody.send_raw(reqwest::Method::POST, "/api/v1/sms/send", &headers, body).await.status
    };
    for n in 0..7 {
        assert_eq!(ask("", n).await, 200, "without an address there is no device to tell");
    }
    // An account is bounded too, whatever numbers it names.
    let amy = app.student("amy").await;
    for n in 0..5 {
        send(&amy, &format!("1370000000{n}"), "bind").await.is(200);
    }
    send(&amy, "13700000009", "bind").await.fails(429, "too_many_requests");
    send(&nobody, "13700000009", "login").await.is(200);
}

async fn a_restart_forgets_no_message(app: &mut TestApp) {
    let nobody = app.anybody();
    let code = code(app, &nobody, NUMBER, "login").await;
    app.restart("08:00:59.000").await;
    let refused = send(&nobody, NUMBER, "login").await;
    assert_eq!(refused.headers["retry-after"], "1");
    refused.fails(429, "too_many_requests");
    log_in(app, NUMBER, &code).await.is(200);
    app.restart("08:01:00.000").await;
    send(&nobody, NUMBER, "login").await.is(200);
}

/// Neither a code nor a password, and no whole number outside of its own columns.
async fn codes_stand_nowhere_as_they_are(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let bind = code(app, &amy, NUMBER, "bind").await;
    let refused = amy.put("/users/phone", json!({ "phone": NUMBER, "sms_code": other_than(&bind) })).await;
    let told = refused.text.clone();
    refused.invalid("sms_code");
    assert!(!told.contains(&bind) && !told.contains(NUMBER), "{told}");
    let body = json!({ "phone": NUMBER, "sms_code": bind });
    let bound = amy.keyed("k", reqwest::Method::PUT, "/users/phone", body).await;
    assert!(!bound.text.contains(NUMBER), "{}", bound.text);
    assert_eq!(bound.is(200), json!({ "phone": "138****5678" }));
    amy.put("/password", json!({ "new_password": "battery staple" })).await.is(200);
    let mut tables = super::tables::Tables::of(&app.db).await;
    let all = tables.all().await;
    tables.close().await;
    let mut with_number: Vec<&str> =
        all.lines().filter(|l| l.contains(NUMBER)).filter_map(|l| l.split(' ').next()).collect();
    with_number.dedup();
    assert_eq!(with_number, ["accounts", "sms_codes", "sms_sends"]);
    assert!(!all.contains("battery staple"));
    let holds_code = all.lines().any(|l| l.split(' ').any(|w| w == bind));
    assert!(!holds_code, "a code is sealed");
}

async fn what_cannot_be_sent_is_told(app: &mut TestApp) {
    let nobody = app.anybody();
    for number in ["", "1", "12345678901", "phone", "13812345678x"] {
        send(&nobody, number, "login").await.invalid("phone");
    }
    send(&nobody, "+442079460958", "login").await.invalid("phone");
    for purpose in ["", "Login", "pay"] {
        send(&nobody, NUMBER, purpose).await.invalid("purpose");
    }
    nobody.post("/sms/send", json!({ "phone": NUMBER })).await.invalid("purpose");
    for purpose in ["bind", "merge"] {
        send(&nobody, NUMBER, purpose).await.fails(401, "unauthorized");
    }
    // None of that was counted.
    let amy = app.student("amy").await;
    send(&amy, NUMBER, "merge").await.is(200);
    // Under a key it is one message.
    pass(app, MINUTE).await;
    let wish = json!({ "phone": NUMBER, "purpose": "bind" });
    let first = amy.keyed("k", reqwest::Method::POST, "/sms/send", wish.clone()).await;
    let again = amy.keyed("k", reqwest::Method::POST, "/sms/send", wish).await;
    assert_eq!((first.status, &first.text), (200, &again.text));
}

/// Where addresses are limited, hundreds of requests from one place cost no more than it may.
#[actix::test]
async fn one_address_drains_nothing() {
    let limits = [("YUEKE_LIMIT_PER_ADDRESS", "100000"), ("YUEKE_CLOCK", "manual:2025-11-12T08:00:00+08:00")];
    let app = TestApp::start_with(Database::sqlite(), &limits).await;
    let mut sent = 0;
    for n in 0..600 {
        if n % 100 == 99 {
            pass(&app, 60 * MINUTE).await;
        }
        sent += usize::from(send(&app.anybody(), &format!("137{n:08}"), "login").await.status == 200);
    }
    let [hour, day] = SMS_PER_ADDRESS else { panic!("two rules") };
    assert!(sent >= hour.at_most && sent <= day.at_most, "{sent}");
    assert_eq!(app.db.count("sms_sends").await, sent as i64);
    assert_eq!(SMS_PER_NUMBER[0].at_most, 1);
    app.close().await;
}

/// Production without a provider says so, and counts nothing.
#[actix::test]
async fn without_a_provider_no_code_is_sent() {
    let app = TestApp::start_unpeopled(Database::sqlite(), &super::people::PRODUCTION).await;
    let answer = send(&app.anybody(), NUMBER, "login").await;
    assert!(answer.headers.contains_key("retry-after"));
    let body = answer.fails(503, "sms_unavailable");
    assert!(body["message"].as_str().is_some_and(|m| m.contains("短信服务商")), "{body}");
    assert!(!body["message"].as_str().is_some_and(|m| m.contains("配置")), "no setting names one: {body}");
    assert_eq!(app.db.count("sms_sends").await, 0);
    let none: Value = app.anybody().post("/login", json!({ "phone": NUMBER, "sms_code": "1" })).await.body;
    assert_eq!(none["reason"], "invalid_credentials");
    app.close().await;
}
