//! Logins, tokens and sessions; who may move the clock; and what only a demo has.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use yueke::api::{auth::hash_password, people::Wanted};
use yueke::domain::access::Role;

use crate::{
    harness::app::{Person, TestApp, at, on_both, text},
    store::database::Database,
};

on_both! {
    a_demo_login_makes_a_person
    bad_logins_are_refused
    a_refresh_token_is_good_once
    logging_out_acts_at_once
    sessions_are_listed_and_ended
    tokens_end_and_cannot_be_forged
    passwords_lock_after_five_failures
    guesses_at_once_are_counted_one_by_one
    passwords_are_checked_by_the_few
    the_clock_moves_forward_only
    demo_people_come_by_the_number
}

async fn log_in(app: &TestApp, body: Value) -> crate::harness::app::Answer {
    app.anybody().post("/login", body).await
}

async fn a_demo_login_makes_a_person(app: &mut TestApp) {
    for (role, roles, students, teacher) in [
        ("student", json!(["student"]), 1, false),
        ("teacher", json!(["teacher"]), 0, true),
        ("operator", json!(["operator"]), 0, false),
        ("admin", json!(["admin"]), 0, false),
        ("owner", json!(["owner"]), 0, false),
    ] {
        let code = json!({ "code": format!("dev:{role}:小明") });
        let told = log_in(app, code.clone()).await.is(200);
        assert_eq!((&told["user"]["nickname"], &told["user"]["roles"]), (&json!("小明"), &roles));
        assert_eq!(told["students"].as_array().expect("students").len(), students, "{role}");
        assert_eq!(told["user"]["teacher_id"].is_string(), teacher, "{role}");
        assert!(told["expires_in"].as_i64().is_some_and(|s| s > 0), "{told}");
        if students == 1 {
            let student = &told["students"][0];
            assert_eq!((&student["nickname"], &student["relation"]), (&json!("小明"), &json!("self")));
        }
        let again = log_in(app, code).await.is(200);
        assert_eq!((&again["user"], &again["students"]), (&told["user"], &told["students"]), "the same person");
        assert_ne!(again["refresh_token"], told["refresh_token"]);
        let profile = app.with_token(&text(&told["token"])).get("/users/profile").await.is(200);
        assert_eq!((&profile["id"], &profile["roles"]), (&told["user"]["id"], &roles));
        assert_eq!((&profile["nickname"], &profile["students"]), (&json!("小明"), &told["students"]));
    }
}

async fn bad_logins_are_refused(app: &mut TestApp) {
    let long = format!("dev:student:{}", "长".repeat(201));
    for code in [
        "",
        "dev",
        "dev:",
        "dev:student",
        "dev:student:",
        "dev:student:  ",
        "dev::amy",
        "dev:god:amy",
        "DEV:student:amy",
        "dev:Student:amy",
        " dev:student:amy",
        "dev:student:a\nb",
        "dev:student:a\0b",
        "wx-code",
        &long,
    ] {
        log_in(app, json!({ "code": code })).await.fails(401, "invalid_credentials");
    }
    let told = log_in(app, json!({ "code": "dev:king:amy" })).await.fails(401, "invalid_credentials");
    let message = told["message"].as_str().unwrap_or_default();
    assert!(["dev:<", "student", "owner"].iter().all(|word| message.contains(word)), "{message}");
    for body in [
        json!({ "username": "nobody", "password": "x" }),
        json!({ "phone": "13800000000", "password": "x" }),
        json!({ "phone": "13800000000", "sms_code": "000000" }),
        json!({ "username": "' or 1=1 --", "password": "' or 1=1 --" }),
    ] {
        log_in(app, body).await.fails(401, "invalid_credentials");
    }
    for body in [json!({}), json!({ "username": "root" }), json!({ "password": "x" }), json!({ "phone": "1" })] {
        log_in(app, body).await.invalid("code");
    }
    log_in(app, json!({ "code": 5 })).await.invalid("code");
    log_in(app, json!({ "username": ["root"], "password": "x" })).await.invalid("username");
}

async fn refresh(app: &TestApp, token: &str) -> crate::harness::app::Answer {
    app.anybody().post("/token/refresh", json!({ "refresh_token": token })).await
}

async fn a_refresh_token_is_good_once(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let other = app.student("amy").await;
    app.advance_to("09:00:00.000").await;
    let told = refresh(app, &amy.refresh).await.is(200);
    let fresh = amy.again(&told);
    assert_eq!((&fresh.account, &fresh.student), (&amy.account, &amy.student));
    assert_ne!((&fresh.token, &fresh.refresh), (&amy.token, &amy.refresh));
    assert_eq!(told["user"]["roles"], json!(["student"]));
    fresh.get("/users/profile").await.is(200);
    amy.get("/users/profile").await.is(200);
    let third = amy.again(&refresh(app, &fresh.refresh).await.is(200));

    // Whoever shows the second token again may have stolen it: the session ends, for both.
    refresh(app, &fresh.refresh).await.fails(401, "unauthorized");
    for token in [&amy, &fresh, &third] {
        token.get("/users/profile").await.fails(401, "unauthorized");
        refresh(app, &token.refresh).await.fails(401, "unauthorized");
    }
    other.get("/users/profile").await.is(200);
    refresh(app, &other.refresh).await.is(200);

    for wrong in ["", "guess", &other.token, &other.refresh.to_uppercase()] {
        refresh(app, wrong).await.fails(401, "unauthorized");
    }
    app.anybody().post("/token/refresh", json!({})).await.invalid("refresh_token");
    // A month without a word ends it.
    let late = app.student("late").await;
    let month = 30 * 24 * 3_600_000_i64;
    let root = app.login("admin", "other root").await;
    root.put("/dev/clock", json!({ "advance_ms": month - 1 })).await.is(200);
    let late = late.again(&refresh(app, &late.refresh).await.is(200));
    let root = app.login("admin", "other root").await;
    root.put("/dev/clock", json!({ "advance_ms": month })).await.is(200);
    refresh(app, &late.refresh).await.fails(401, "unauthorized");
}

async fn logging_out_acts_at_once(app: &mut TestApp) {
    let (phone, tablet, desk) = (app.student("amy").await, app.student("amy").await, app.student("amy").await);
    let ben = app.student("ben").await;
    phone.post("/logout", json!({})).await.is(200);
    phone.get("/users/profile").await.fails(401, "unauthorized");
    phone.post("/logout", json!({})).await.fails(401, "unauthorized");
    refresh(app, &phone.refresh).await.fails(401, "unauthorized");
    tablet.get("/users/profile").await.is(200);
    app.restart("08:30:00.000").await;
    phone.get("/users/profile").await.fails(401, "unauthorized");
    tablet.post("/logout", json!({ "everywhere": true })).await.is(200);
    for person in [&tablet, &desk] {
        person.get("/users/profile").await.fails(401, "unauthorized");
        refresh(app, &person.refresh).await.fails(401, "unauthorized");
    }
    ben.get("/users/profile").await.is(200);
    assert_eq!(app.student("amy").await.account, phone.account, "one may come back");
}

async fn sessions_are_listed_and_ended(app: &mut TestApp) {
    let login = |device: &'static str| {
        let nobody = app.anybody();
        async move {
            let headers = [("content-type", "application/json"), ("user-agent", device)];
            let body = json!({ "code": "dev:student:amy" }).to_string();
            let told = nobody.send_raw(Method::POST, "/api/v1/login", &headers, body).await.is(200);
            nobody.again(&told)
        }
    };
    let phone = login("phone").await;
    app.advance_to("08:30:00.000").await;
    let tablet = login("tablet").await;
    let listed = tablet.get("/sessions").await.is(200);
    let [new, old] = [&listed["items"][0], &listed["items"][1]];
    assert_eq!((&listed["total"], &listed["page_size"]), (&json!(2), &json!(20)));
    let row = |id: &Value, device: &str, time: &str, current: bool| {
        json!({ "id": id, "device": device, "address": "127.0.0.1", "created_at": at(time), "last_used_at": at(time),
            "current": current })
    };
    assert_eq!(*new, row(&new["id"], "tablet", "08:30:00.000", true));
    assert_eq!(*old, row(&old["id"], "phone", "08:00:00.000", false));

    let path = format!("/sessions/{}", text(&old["id"]));
    app.student("ben").await.delete(&path).await.fails(404, "not_found");
    app.admin.delete(&path).await.fails(404, "not_found");
    phone.get("/sessions").await.is(200);
    tablet.delete(&path).await.is(200);
    phone.get("/sessions").await.fails(401, "unauthorized");
    refresh(app, &phone.refresh).await.fails(401, "unauthorized");
    tablet.delete(&path).await.fails(404, "not_found");
    assert_eq!(tablet.get("/sessions").await.is(200)["total"], 1);
    tablet.delete(&format!("/sessions/{}", text(&new["id"]))).await.is(200);
    tablet.get("/sessions").await.fails(401, "unauthorized");
}

async fn tokens_end_and_cannot_be_forged(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let parts: Vec<&str> = amy.token.split('.').collect();
    let admin: Vec<&str> = app.admin.token.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    for forged in [
        format!("{none}.{}.", admin[1]),
        format!("{none}.{}.{}", admin[1], admin[2]),
        format!("{}.{}.{}", parts[0], admin[1], parts[2]),
        format!("{}.{}.", admin[0], admin[1]),
        format!("{}x", amy.token),
        amy.refresh.clone(),
        "null".to_owned(),
        "x".repeat(5_000),
    ] {
        app.with_token(&forged).get("/users/profile").await.fails(401, "unauthorized");
    }
    let path = "/api/v1/users/profile";
    for header in ["", "Bearer", "Bearer ", "Basic cm9vdDpyb290", &amy.token, &format!("Token {}", amy.token)] {
        let headers = [("authorization", header)];
        app.anybody().send_raw(Method::GET, path, &headers, "").await.fails(401, "unauthorized");
    }
    for header in [format!("bearer {}", amy.token), format!("Bearer   {} ", amy.token)] {
        app.anybody().send_raw(Method::GET, path, &[("authorization", &header)], "").await.is(200);
    }
    // A login ends at its instant.
    let told = log_in(app, json!({ "code": "dev:student:amy" })).await.is(200);
    let (token, lives) = (text(&told["token"]), told["expires_in"].as_i64().expect("seconds"));
    let root = app.login("admin", "root").await;
    root.put("/dev/clock", json!({ "advance_ms": lives * 1_000 - 1 })).await.is(200);
    app.with_token(&token).get("/users/profile").await.is(200);
    root.put("/dev/clock", json!({ "advance_ms": 1 })).await.is(200);
    app.with_token(&token).get("/users/profile").await.fails(401, "token_expired");
}

/// Amy, who also logs in by a password.
async fn with_password(app: &TestApp) -> Person {
    let amy = app.student("amy").await;
    let hash = hash_password("correct horse", &[7; 16]).expect("a hash");
    let account = amy.account.clone();
    let sql = "update accounts set username = 'amy', phone = '+8613800000000', password_hash = $2 where id = $1";
    let set = app
        .running
        .app
        .store
        .write(move |tx| Box::pin(async move { Ok(tx.exec(sql, yueke::args![&*account, &*hash]).await?) }));
    set.await.expect("it is written");
    amy
}

async fn guesses_at_once_are_counted_one_by_one(app: &mut TestApp) {
    with_password(app).await;
    let good = json!({ "username": "amy", "password": "correct horse" });
    let guess = |n: usize| log_in(app, json!({ "username": "amy", "password": format!("guess {n}") }));
    let (mut wrong, mut locked) = (0, 0);
    for answer in join_all((0..8).map(guess)).await {
        match answer.body["reason"].as_str() {
            Some("invalid_credentials") => wrong += 1,
            Some("account_locked") => locked += 1,
            other => panic!("{other:?}: {}", answer.text),
        }
    }
    assert_eq!((wrong, locked), (4, 4), "the fifth locks, and no later one counts or lifts the lock");
    log_in(app, good.clone()).await.fails(401, "account_locked");
    app.advance_to("08:15:00.000").await;
    log_in(app, good).await.is(200);
}

async fn passwords_are_checked_by_the_few(app: &mut TestApp) {
    with_password(app).await;
    let permits = app.running.app.passwords.clone();
    let taken = permits.acquire_many(permits.available_permits() as u32).await.expect("nobody closes it");
    for name in ["amy", "nobody"] {
        let body = json!({ "username": name, "password": "correct horse" });
        let answer = log_in(app, body).await;
        assert_eq!(answer.headers["retry-after"], "1");
        answer.fails(503, "overloaded");
    }
    log_in(app, json!({ "code": "dev:student:ben" })).await.is(200);
    drop(taken);
    log_in(app, json!({ "username": "amy", "password": "correct horse" })).await.is(200);
}

async fn passwords_lock_after_five_failures(app: &mut TestApp) {
    let amy = with_password(app).await;
    let good = json!({ "username": "amy", "password": "correct horse" });
    let wrong = json!({ "username": "amy", "password": "Correct horse" });
    assert_eq!(log_in(app, good.clone()).await.is(200)["user"]["id"], amy.account);
    let by_phone = json!({ "phone": "13800000000", "password": "correct horse" });
    assert_eq!(log_in(app, by_phone).await.is(200)["user"]["id"], amy.account);
    for _ in 0..4 {
        log_in(app, wrong.clone()).await.fails(401, "invalid_credentials");
    }
    log_in(app, good.clone()).await.is(200);
    for _ in 0..4 {
        log_in(app, wrong.clone()).await.fails(401, "invalid_credentials");
    }
    log_in(app, wrong).await.fails(401, "account_locked");
    log_in(app, good.clone()).await.fails(401, "account_locked");
    app.advance_to("08:14:59.999").await;
    log_in(app, good.clone()).await.fails(401, "account_locked");
    app.advance_to("08:15:00.000").await;
    log_in(app, good).await.is(200);
}

async fn the_clock_moves_forward_only(app: &mut TestApp) {
    let root = &app.admin;
    let put = async |body: Value| root.put("/dev/clock", body).await;
    assert_eq!(root.get("/dev/clock").await.is(200), json!({ "now": at("08:00:00.000"), "manual": true }));
    let moved = put(json!({ "advance_ms": 1_500 })).await.is(200);
    assert_eq!(moved, json!({ "now": at("08:00:01.500"), "manual": true }));
    let moved = put(json!({ "now": "2025-11-12T00:30:00Z" })).await.is(200);
    assert_eq!(moved["now"], at("08:30:00.000"));
    put(json!({ "now": at("08:29:59.999") })).await.refused("clock_backwards");
    put(json!({ "advance_ms": -1 })).await.refused("clock_backwards");
    put(json!({ "now": at("08:30:00.000") })).await.is(200);
    put(json!({ "advance_ms": 0 })).await.is(200);
    for wrong in [
        json!({}),
        json!({ "now": "soon" }),
        json!({ "now": "9999-01-01T00:00:00Z" }),
        json!({ "now": at("09:00:00.000"), "advance_ms": 1 }),
        json!({ "advance_ms": i64::MAX }),
    ] {
        put(wrong).await.invalid("now");
    }
    put(json!({ "advance_ms": 1.5 })).await.invalid("advance_ms");
    for person in [&app.operator, &app.student("amy").await] {
        person.put("/dev/clock", json!({ "advance_ms": 1 })).await.fails(403, "forbidden");
    }
    assert_eq!(root.get("/dev/clock").await.is(200)["now"], at("08:30:00.000"));
}

async fn demo_people_come_by_the_number(app: &mut TestApp) {
    let make = async |role: &str, count: Value| {
        let body = json!({ "role": role, "prefix": "crowd", "count": count });
        app.admin.post("/dev/people", body).await
    };
    let people = make("student", json!(3)).await.items();
    let class = app.class(3, json!({})).await;
    for person in &people {
        let booking = app.with_token(&text(&person["token"])).book(&class).await.is(201);
        assert_eq!(booking["student_id"], person["student_id"]);
    }
    assert_eq!(make("student", json!(3)).await.items()[2]["account_id"], people[2]["account_id"]);
    make("god", json!(1)).await.invalid("role");
    for count in [json!(0), json!(-1), json!(20_001), json!(1_000_000_000_000_i64)] {
        make("student", count).await.invalid("count");
    }
    app.operator
        .post("/dev/people", json!({ "role": "student", "prefix": "x", "count": 1 }))
        .await
        .fails(403, "forbidden");
}

#[actix::test]
async fn a_clock_of_the_machine_cannot_be_moved() {
    let app = TestApp::start_with(Database::sqlite(), &[]).await;
    assert_eq!(app.admin.get("/dev/clock").await.is(200)["manual"], false);
    for body in [json!({ "advance_ms": 0 }), json!({ "advance_ms": -1 }), json!({ "now": at("09:00:00.000") })] {
        app.admin.put("/dev/clock", body).await.refused("clock_not_manual");
    }
    app.close().await;
}

/// Somebody with this role on a server where nobody logs in by name.
async fn signed(app: &TestApp, role: Role, name: &str) -> Person {
    let state = &app.running.app;
    let wanted = vec![Wanted { role, name: name.to_owned() }];
    let people = state.people.ensure(wanted, state.clock.now()).await.expect("people");
    let (person, _) = &people[0];
    let session = yueke::base::ids::SessionId::from_u128(state.ids.next(state.clock.now()));
    app.with_token(&state.tokens.sign(person.account, session, state.org, person.roles, person.teacher))
}

pub const PRODUCTION: [(&str, &str); 5] = [
    ("YUEKE_ENV", "production"),
    ("YUEKE_WECHAT_APPID", "wx0000000000000000"),
    ("YUEKE_WECHAT_SECRET", "00000000000000000000000000000000"),
    ("YUEKE_LIMIT_PER_CALLER", "0"),
    ("YUEKE_LIMIT_PER_ADDRESS", "0"),
];

#[actix::test]
async fn production_has_nothing_of_the_demo() {
    let app = TestApp::start_unpeopled(Database::sqlite(), &PRODUCTION).await;
    for code in ["dev:student:amy", "dev:admin:root", "", "no code", "候补"] {
        log_in(&app, json!({ "code": code })).await.fails(401, "invalid_credentials");
    }
    let (root, amy) = (signed(&app, Role::Admin, "root").await, signed(&app, Role::Student, "amy").await);
    root.get("/users/profile").await.is(200);
    for (method, path, body) in [
        (Method::GET, "/dev/clock", Value::Null),
        (Method::PUT, "/dev/clock", json!({ "advance_ms": 1 })),
        (Method::POST, "/dev/people", json!({ "role": "student", "prefix": "p", "count": 1 })),
        (Method::POST, "/dev/rush", json!({ "schedule_id": "x", "students": 1 })),
        (Method::POST, "/dev/release", json!({ "schedule_id": "x" })),
    ] {
        root.ask(method.clone(), path, body.clone()).await.fails(404, "not_found");
        app.anybody().ask(method, path, body).await.fails(401, "unauthorized");
    }
    // Nobody pays by saying so; staff mark what was paid.
    let course = json!({ "name": "书法", "kind": 1, "duration_min": 60, "price_fen": 100 });
    let course = text(&root.post("/courses", course).await.is(201)["id"]);
    let tomorrow = yueke::base::time::Zone::SHANGHAI.rfc3339(app.running.app.clock.now() + yueke::base::time::DAY);
    let class = json!({ "course_id": course, "starts_at": tomorrow });
    let class = text(&root.post("/schedules", class).await.is(201)["id"]);
    let booking = amy.booked(&class).await;
    amy.pay(&booking).await.fails(403, "forbidden");
    assert_eq!(root.pay(&booking).await.is(200)["payment_status"], "paid");
    app.close().await;
}

#[actix::test]
async fn too_many_requests_are_told_when_to_come_again() {
    let limits = [("YUEKE_LIMIT_PER_CALLER", "2"), ("YUEKE_CLOCK", "manual:2025-11-12T08:00:00+08:00")];
    let app = TestApp::start_with(Database::sqlite(), &limits).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    for _ in 0..6 {
        amy.get("/users/profile").await.is(200);
    }
    let refused = amy.get("/users/profile").await;
    assert_eq!(refused.headers["retry-after"], "1");
    refused.fails(429, "too_many_requests");
    ben.get("/users/profile").await.is(200);
    app.admin.put("/dev/clock", json!({ "advance_ms": 1_000 })).await.is(200);
    amy.get("/users/profile").await.is(200);
    app.close().await;
}
