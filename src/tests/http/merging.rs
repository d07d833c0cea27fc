//! Numbers and WeChat users of accounts, and two accounts of one person.

use reqwest::Method;
use serde_json::{Value, json};
use yueke::{base::ids::AccountId, gateways::wechat::WxSession, web::extract::Ctx};

use super::codes::{NUMBER, code, pass};
use crate::{
    harness::app::{Person, TestApp, on_both, text},
    notify::phone::wechat,
};

on_both! {
    a_number_is_bound_and_found_in_use
    an_account_becomes_a_part_of_another
    the_profile_with_a_history_leads
    staff_teachers_and_the_disabled_stay_apart
    two_that_take_each_other_in_at_once_are_one
    a_wechat_user_has_one_account
    old_ids_lead_to_the_account_that_is
    grants_are_added_up
}

const MINUTE: i64 = 60_000;

async fn bind(app: &TestApp, person: &Person, number: &str) {
    let sent = code(app, person, number, "bind").await;
    person.put("/users/phone", json!({ "phone": number, "sms_code": sent })).await.is(200);
    pass(app, MINUTE).await;
}

async fn merge(app: &TestApp, person: &Person, number: &str) -> crate::harness::app::Answer {
    let sent = code(app, person, number, "merge").await;
    let answer = person.post("/users/merge", json!({ "phone": number, "sms_code": sent })).await;
    pass(app, MINUTE).await;
    answer
}

async fn a_number_is_bound_and_found_in_use(app: &mut TestApp) {
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    bind(app, &amy, NUMBER).await;
    assert_eq!(amy.get("/users/profile").await.is(200)["phone"], "138****5678");
    bind(app, &amy, NUMBER).await;
    let sent = code(app, &ben, NUMBER, "bind").await;
    let refused = ben.put("/users/phone", json!({ "phone": NUMBER, "sms_code": sent })).await;
    let told = refused.refused("phone_in_use");
    assert!(text(&told["message"]).contains("/users/merge"), "{told}");
    // Another number in place of the first, which is free then.
    bind(app, &amy, "13900000000").await;
    bind(app, &ben, NUMBER).await;
    for wrong in [json!({}), json!({ "phone": NUMBER }), json!({ "code": "x", "phone": NUMBER, "sms_code": "1" })] {
        ben.put("/users/phone", wrong).await.invalid("phone");
    }
    ben.put("/users/phone", json!({ "code": "button" })).await.invalid("code");
    wechat(app, json!({ "down": "refuse" })).await;
    let away = ben.put("/users/phone", json!({ "code": "button" })).await;
    assert!(away.headers.contains_key("retry-after"));
    away.fails(503, "wechat_unavailable");
}

async fn an_account_becomes_a_part_of_another(app: &mut TestApp) {
    let (amy, old) = (app.student("amy").await, app.student("old amy").await);
    let class = app.class(1, json!({})).await;
    let full = app.class(1, json!({ "starts_at": "2025-11-13T19:00:00+08:00" })).await;
    let booking = old.booked(&class).await;
    app.student("ben").await.booked(&full).await;
    let entry = old.join(&full).await;
    bind(app, &old, NUMBER).await;
    old.put("/password", json!({ "new_password": "correct horse" })).await.is(200);
    let told = app.messages(&old, "").await;
    assert!(!told.is_empty());

    let sent = code(app, &amy, NUMBER, "merge").await;
    let body = json!({ "phone": NUMBER, "sms_code": sent });
    let first = amy.keyed("k", Method::POST, "/users/merge", body.clone()).await;
    let merged = first.body["data"].clone();
    assert_eq!(merged["merged"], old.account, "{merged}");
    assert_eq!((&merged["phone"], &merged["password_dropped"]), (&json!("138****5678"), &json!(true)));
    let told_so = text(&merged["notice"]);
    assert!(told_so.contains("138****5678") && told_so.contains("原密码"), "{told_so}");
    assert_eq!(first.body["message"], merged["notice"]);
    assert_eq!(amy.keyed("k", Method::POST, "/users/merge", body.clone()).await.text, first.text);
    amy.post("/users/merge", body).await.invalid("sms_code");
    let students: Vec<String> =
        merged["students"].as_array().expect("students").iter().map(|s| text(&s["id"])).collect();
    assert_eq!(students, [old.student.clone(), amy.student.clone()], "the one with a history is meant first");

    // What was the other's is mine.
    assert_eq!(amy.get(&format!("/bookings/{booking}")).await.is(200)["status"], "confirmed");
    assert_eq!(amy.place(&entry).await, ("waiting".to_owned(), 1));
    let ids = |messages: &[Value]| messages.iter().map(|m| text(&m["id"])).collect::<Vec<_>>();
    assert_eq!(ids(&app.messages(&amy, "").await), ids(&told));
    assert_eq!(amy.get("/users/profile").await.is(200)["phone"], "138****5678");
    amy.cancel(&booking).await.is(200);
    amy.delete(&format!("/waitlist/{entry}")).await.is(200);
    // The other is logged out, and its ways in lead to me.
    old.get("/users/profile").await.fails(401, "unauthorized");
    app.anybody().post("/token/refresh", json!({ "refresh_token": old.refresh })).await.fails(401, "unauthorized");
    assert_eq!(app.student("old amy").await.account, amy.account);
    pass(app, MINUTE).await;
    let sent = code(app, &app.anybody(), NUMBER, "login").await;
    let again = app.anybody().post("/login", json!({ "phone": NUMBER, "sms_code": sent })).await.is(200);
    assert_eq!(again["user"]["id"], amy.account);
    // Once more: there is nothing left to merge.
    pass(app, MINUTE).await;
    let nothing = merge(app, &amy.in_english(), NUMBER).await;
    assert_eq!(nothing.body["message"], "There was nothing to merge: this is your account already");
    let nothing = nothing.is(200);
    assert_eq!((&nothing["merged"], &nothing["password_dropped"]), (&Value::Null, &json!(false)));
    app.restart("09:00:00.000").await;
    old.get("/users/profile").await.fails(401, "unauthorized");
    assert_eq!(amy.get("/students").await.is(200)["total"], 2);
}

async fn the_profile_with_a_history_leads(app: &mut TestApp) {
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    amy.booked(&app.class(1, json!({})).await).await;
    ben.booked(&app.class(1, json!({})).await).await;
    bind(app, &ben, NUMBER).await;
    let students = merge(app, &amy, NUMBER).await.is(200)["students"].clone();
    assert_eq!((&students[0]["id"], &students[0]["relation"]), (&json!(amy.student), &json!("self")));
    assert_eq!((&students[1]["id"], &students[1]["relation"]), (&json!(ben.student), &json!("former_self")));
    let booking = amy.book(&app.class(1, json!({ "starts_at": "2025-11-14T19:00:00+08:00" })).await).await.is(201);
    assert_eq!(booking["student_id"], amy.student);
    let theirs = json!({ "schedule_id": app.class(1, json!({ "starts_at": "2025-11-15T19:00:00+08:00" })).await,
        "profile_id": ben.student });
    assert_eq!(amy.post("/bookings", theirs).await.is(201)["student_id"], ben.student);
}

async fn staff_teachers_and_the_disabled_stay_apart(app: &mut TestApp) {
    let amy = app.student("amy").await;
    for (n, role) in ["teacher", "operator", "admin", "owner", "student"].into_iter().enumerate() {
        let number = format!("1370000000{n}");
        let other = app.login(role, "other").await;
        bind(app, &other, &number).await;
        if role == "student" {
            app.admin.post(&format!("/users/{}/disable", other.account), json!({})).await.is(200);
        }
        merge(app, &amy, &number).await.refused("account_not_mergeable");
        pass(app, 60 * MINUTE).await;
        if role != "student" {
            other.get("/users/profile").await.is(200);
        }
    }
    assert_eq!(amy.get("/students").await.is(200)["total"], 1);
    // The other way round it is fine: the staff may take a student's account of theirs in.
    bind(app, &amy, "13600000000").await;
    let olga = app.operator.clone();
    let merged = merge(app, &olga.in_english(), "13600000000").await.is(200);
    assert_eq!(merged["merged"], amy.account);
    let notice = "The other account is a part of this one now; its number 136****0000 leads here";
    assert_eq!((&merged["notice"], &merged["password_dropped"]), (&json!(notice), &json!(false)));
    merge(app, &olga, "13611111111").await.invalid("phone");
}

async fn two_that_take_each_other_in_at_once_are_one(app: &mut TestApp) {
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let (one, two) = ("13600000001", "13600000002");
    bind(app, &amy, one).await;
    bind(app, &ben, two).await;
    let (a, b) = (code(app, &amy, two, "merge").await, code(app, &ben, one, "merge").await);
    let (first, second) = futures_util::join!(
        amy.post("/users/merge", json!({ "phone": two, "sms_code": a })),
        ben.post("/users/merge", json!({ "phone": one, "sms_code": b })),
    );
    let won = [first.status, second.status].iter().filter(|s| **s == 200).count();
    assert_eq!(won, 1, "{} {}", first.text, second.text);
    let roots = "accounts a join accounts b on b.id = a.merged_into where b.merged_into is not null";
    assert_eq!(app.db.count(roots).await, 0, "nobody is a part of a part");
    assert_eq!(app.db.count("accounts where merged_into is not null").await, 1);
    assert_eq!(app.student("amy").await.account, app.student("ben").await.account);
}

/// What comes after WeChat has told whose code it is.
async fn a_wechat_user_has_one_account(app: &mut TestApp) {
    let enter = async |openid: &str, unionid: Option<&str>| -> AccountId {
        let ctx = Ctx { app: app.running.app.clone(), lang: Default::default(), request_id: "".into() };
        let session = WxSession { openid: openid.into(), unionid: unionid.map(str::to_owned) };
        yueke::api::auth::account_of_wechat(&ctx, session).await.expect("an account")
    };
    let amy = enter("o-amy", None).await;
    assert_eq!(enter("o-amy", None).await, amy);
    let ben = enter("o-ben", Some("u-ben")).await;
    assert_ne!(ben, amy);
    assert_eq!(enter("o-ben-elsewhere", Some("u-ben")).await, ben, "the same person in another program");
    // Told later than at the first time.
    assert_eq!(enter("o-amy", Some("u-amy")).await, amy);
    assert_eq!(enter("o-amy-elsewhere", Some("u-amy")).await, amy);
    assert_eq!(app.db.count("wx_accounts where openid like 'o-%'").await, 4);
    let seen = app.operator.get(&format!("/users/{amy}")).await.is(200);
    let nickname = text(&seen["nickname"]);
    assert!(nickname.starts_with("微信用户") && nickname.chars().count() == 8, "{nickname}");
    assert_eq!((&seen["roles"], &seen["students"][0]["relation"]), (&json!(["student"]), &json!("self")));
    // At once for the first time.
    let many = futures_util::future::join_all((0..8).map(|_| enter("o-cat", None))).await;
    assert!(many.iter().all(|account| *account == many[0]));
    // Another org's user of the same program is another account.
    let sql = "insert into orgs (id, name, zone, created_at, updated_at) \
        values ('00000000000000000000000001', 'ours', 'Asia/Shanghai', 0, 0)";
    app.db.exec(sql).await;
    app.restart("08:00:00.000").await;
    let ctx = Ctx { app: app.running.app.clone(), lang: Default::default(), request_id: "".into() };
    let session = WxSession { openid: "o-amy".into(), unionid: Some("u-amy".into()) };
    let there = yueke::api::auth::account_of_wechat(&ctx, session).await.expect("an account");
    assert_ne!(there, amy);
}

async fn old_ids_lead_to_the_account_that_is(app: &mut TestApp) {
    let people = app.students("p", 3).await;
    bind(app, &people[0], "13600000000").await;
    bind(app, &people[1], "13600000001").await;
    people[1].post("/users/role", json!({ "role": "student" })).await.is(200);
    assert_eq!(merge(app, &people[1], "13600000000").await.is(200)["merged"], people[0].account);
    assert_eq!(merge(app, &people[2], "13600000001").await.is(200)["merged"], people[1].account);
    for old in &people {
        let seen = app.operator.get(&format!("/users/{}", old.account)).await.is(200);
        assert_eq!(seen["id"], people[2].account);
        assert_eq!(seen["students"].as_array().map(Vec::len), Some(3));
    }
    let listed = app.operator.get("/users?role=student").await.items();
    assert_eq!(listed.len(), 1, "a part of another is not listed");
    // Both numbers lead in.
    for number in ["13600000000", "13600000001"] {
        let sent = code(app, &app.anybody(), number, "login").await;
        let told = app.anybody().post("/login", json!({ "phone": number, "sms_code": sent })).await.is(200);
        assert_eq!(told["user"]["id"], people[2].account);
    }
}

/// What WeChat users allowed goes with them; a refusal counts for the phone that it came from.
async fn grants_are_added_up(app: &mut TestApp) {
    let (amy, old) = (app.student("amy").await, app.student("old amy").await);
    bind(app, &old, NUMBER).await;
    for (who, template, remaining, choice, asked, refused) in [
        (&amy, "both", "2", "'accept'", "100", "null"),
        (&old, "both", "3", "'ban'", "200", "50"),
        (&amy, "asked later here", "1", "'accept'", "300", "60"),
        (&old, "asked later here", "0", "'reject'", "200", "null"),
        (&amy, "many", "999", "'accept'", "1", "null"),
        (&old, "many", "999", "null", "null", "null"),
        (&amy, "none left", "0", "null", "null", "66"),
        (&old, "none left", "0", "'accept'", "5", "77"),
        (&amy, "mine", "0", "null", "null", "88"),
        (&old, "theirs", "0", "null", "null", "99"),
    ] {
        let sql = format!(
            "insert into subscriptions (account_id, template_id, remaining, choice, asked_at, refused_at, created_at, \
             updated_at) values ('{}', '{template}', {remaining}, {choice}, {asked}, {refused}, 1, 1)",
            who.account
        );
        app.db.exec(&sql).await;
    }
    // Messages go to the phone of the account that is taken in.
    let sql = format!("update wx_accounts set updated_at = updated_at + 1 where account_id = '{}'", old.account);
    assert_eq!(app.db.exec(&sql).await, 1);
    merge(app, &amy, NUMBER).await.is(200);
    for row in [
        "template_id = 'both' and remaining = 5 and choice = 'ban' and asked_at = 200 and refused_at is null",
        "template_id = 'asked later here' and remaining = 1 and choice = 'accept' and asked_at = 300 \
         and refused_at is null",
        "template_id = 'many' and remaining = 1998 and choice = 'accept' and asked_at = 1",
        "template_id = 'none left' and remaining = 0 and choice = 'accept' and asked_at = 5 and refused_at = 77",
        "template_id = 'mine' and refused_at is null",
        "template_id = 'theirs' and refused_at = 99",
    ] {
        let sql = format!("subscriptions where account_id = '{}' and {row}", amy.account);
        assert_eq!(app.db.count(&sql).await, 1, "{row}");
    }
    assert_eq!(app.db.count("subscriptions").await, 6);
}
