//! Registering, and passwords: how they are set, changed, forgotten, and guessed.

use reqwest::Method;
use serde_json::{Value, json};

use super::codes::{NUMBER, code, pass};
use crate::{
    harness::app::{Answer, Person, TestApp, on_both, text},
    store::database::Database,
};

on_both! {
    a_name_or_a_number_registers
    what_cannot_be_registered_is_told
    a_password_is_changed_and_logs_others_out
    the_old_password_is_guessed_no_more_than_at_the_door
    a_login_under_way_does_not_outlive_its_password
    a_forgotten_password_is_reset
    unknown_names_are_answered_like_known_ones
    an_admin_unlocks
    the_command_line_sets_a_new_password
    the_command_line_works_beside_a_busy_server
}

const GOOD: &str = "correct horse";
const NEW: &str = "battery staple";
const MINUTE: i64 = 60_000;

async fn log_in(app: &TestApp, body: Value) -> Answer {
    app.anybody().post("/login", body).await
}

async fn by_name(app: &TestApp, name: &str, password: &str) -> Answer {
    log_in(app, json!({ "username": name, "password": password })).await
}

async fn register(app: &TestApp, name: &str) -> Person {
    let nobody = app.anybody();
    let told = nobody.post("/register", json!({ "username": name, "password": GOOD })).await.is(201);
    nobody.again(&told)
}

async fn a_name_or_a_number_registers(app: &mut TestApp) {
    let nobody = app.anybody();
    let body = json!({ "username": "amy", "password": GOOD, "nickname": "艾米" });
    let told = nobody.post("/register", body.clone()).await.is(201);
    assert_eq!((&told["user"]["nickname"], &told["user"]["roles"]), (&json!("艾米"), &json!(["student"])));
    let amy = nobody.again(&told);
    amy.booked(&app.class(1, json!({})).await).await;
    assert_eq!(by_name(app, "amy", GOOD).await.is(200)["user"]["id"], amy.account);
    nobody.post("/register", body).await.refused("name_taken");

    let sent = code(app, &nobody, NUMBER, "register").await;
    let body = json!({ "phone": NUMBER, "sms_code": sent, "password": GOOD });
    let told = nobody.post("/register", body.clone()).await.is(201);
    assert_eq!(told["user"]["nickname"], "138****5678");
    nobody.post("/register", body).await.invalid("sms_code");
    let body = json!({ "phone": "+86 138 1234 5678", "password": GOOD });
    assert_eq!(log_in(app, body).await.is(200)["user"]["id"], told["user"]["id"]);
    // Whoever has the number is told that it has an account.
    pass(app, MINUTE).await;
    let sent = code(app, &nobody, NUMBER, "register").await;
    let body = json!({ "phone": NUMBER, "sms_code": sent, "password": GOOD });
    nobody.post("/register", body).await.refused("phone_in_use");
}

async fn what_cannot_be_registered_is_told(app: &mut TestApp) {
    let nobody = app.anybody();
    let before = app.db.count("accounts").await;
    for (body, field) in [
        (json!({ "password": GOOD }), "username"),
        (json!({ "username": "amy", "phone": NUMBER, "sms_code": "1", "password": GOOD }), "username"),
        (json!({ "username": "amy" }), "password"),
        (json!({ "username": "Amy", "password": GOOD }), "username"),
        (json!({ "username": "13812345678", "password": GOOD }), "username"),
        (json!({ "username": "a\0b", "password": GOOD }), "username"),
        (json!({ "username": "amy", "password": "short" }), "password"),
        (json!({ "username": "amy", "password": "password123" }), "password"),
        (json!({ "username": "margaret", "password": "margaret2024" }), "password"),
        (json!({ "username": "amy", "password": "x".repeat(129) }), "password"),
        (json!({ "username": "amy", "password": GOOD, "nickname": "" }), "nickname"),
        (json!({ "username": "amy", "password": GOOD, "nickname": "长".repeat(51) }), "nickname"),
        (json!({ "phone": NUMBER, "password": GOOD }), "sms_code"),
        (json!({ "phone": "1", "sms_code": "1", "password": GOOD }), "phone"),
    ] {
        let answer = nobody.post("/register", body.clone()).await;
        assert!(!answer.text.contains(GOOD), "{}", answer.text);
        answer.invalid(field);
    }
    assert_eq!(app.db.count("accounts").await, before);
}

async fn a_password_is_changed_and_logs_others_out(app: &mut TestApp) {
    let amy = register(app, "amy").await;
    let tablet = amy.again(&by_name(app, "amy", GOOD).await.is(200));
    let set = |old: &str, new: &str| amy.put("/password", json!({ "old_password": old, "new_password": new }));
    set("wrong horse", NEW).await.invalid("old_password");
    amy.put("/password", json!({ "new_password": NEW })).await.invalid("old_password");
    for weak in ["short", "1234567890", "Amy Amy Amy", "aaaaaaaaaaaa"] {
        set(GOOD, weak).await.invalid("new_password");
    }
    tablet.get("/users/profile").await.is(200);
    set(GOOD, NEW).await.is(200);
    amy.get("/users/profile").await.is(200);
    tablet.get("/users/profile").await.fails(401, "unauthorized");
    let refreshed = json!({ "refresh_token": tablet.refresh });
    app.anybody().post("/token/refresh", refreshed).await.fails(401, "unauthorized");
    by_name(app, "amy", GOOD).await.fails(401, "invalid_credentials");
    by_name(app, "amy", NEW).await.is(200);
    // Under a key it is changed once, and told so again.
    let body = json!({ "old_password": NEW, "new_password": "a third good one" });
    let first = amy.keyed("k", Method::PUT, "/password", body.clone()).await;
    let again = amy.keyed("k", Method::PUT, "/password", body).await;
    assert_eq!((first.status, &first.text), (200, &again.text));
    amy.keyed("k", Method::PUT, "/password", json!({ "new_password": NEW })).await.fails(422, "request_key_reused");
    let plain = "receipts where request_key = 'k' and length(fingerprint) = 64";
    assert_eq!(app.db.count(plain).await, 0, "no digest of a password is stored");
    // Who never had one needs no old one.
    let ben = app.student("ben").await;
    ben.put("/password", json!({ "new_password": GOOD })).await.is(200);
    ben.put("/password", json!({ "new_password": NEW })).await.invalid("old_password");
}

async fn the_old_password_is_guessed_no_more_than_at_the_door(app: &mut TestApp) {
    let amy = register(app, "amy").await;
    let set = |old: &str| amy.put("/password", json!({ "old_password": old, "new_password": NEW }));
    for _ in 0..4 {
        set("wrong horse").await.invalid("old_password");
    }
    let locked = set("wrong horse").await.fails(401, "account_locked");
    assert_eq!(locked["message"], "登录失败次数过多，请15分钟后再试");
    set(GOOD).await.fails(401, "account_locked");
    pass(app, 10 * MINUTE - 1).await;
    let locked = set(GOOD).await.fails(401, "account_locked");
    assert_eq!(locked["message"], "登录失败次数过多，请6分钟后再试");
    pass(app, 1).await;
    let login = json!({ "username": "amy", "password": GOOD });
    let locked = app.anybody().in_english().post("/login", login).await.fails(401, "account_locked");
    assert_eq!(locked["message"], "Too many failed logins: try again in 5 minutes");
    by_name(app, "amy", GOOD).await.fails(401, "account_locked");
    pass(app, 5 * MINUTE).await;
    set(GOOD).await.is(200);
}

/// Whoever shows the old password while it is being changed is out as soon as it has been.
async fn a_login_under_way_does_not_outlive_its_password(app: &mut TestApp) {
    let amy = register(app, "amy").await;
    for n in 0..4 {
        let (old, new) = if n % 2 == 0 { (GOOD, NEW) } else { (NEW, GOOD) };
        let changed = std::cell::Cell::new(false);
        let change = async {
            amy.put("/password", json!({ "old_password": old, "new_password": new })).await.is(200);
            changed.set(true);
        };
        let log_in = async {
            let mut inside = Vec::new();
            while !changed.get() {
                let answer = by_name(app, "amy", old).await;
                match answer.status {
                    200 => inside.push(amy.again(&answer.is(200))),
                    _ => drop(answer.fails(401, "invalid_credentials")),
                }
            }
            inside
        };
        let ((), inside) = futures_util::join!(change, log_in);
        for person in inside {
            person.get("/users/profile").await.fails(401, "unauthorized");
        }
        by_name(app, "amy", new).await.is(200);
    }
}

async fn a_forgotten_password_is_reset(app: &mut TestApp) {
    let amy = register(app, "amy").await;
    let sent = code(app, &amy, NUMBER, "bind").await;
    amy.put("/users/phone", json!({ "phone": NUMBER, "sms_code": sent })).await.is(200);
    for _ in 0..5 {
        by_name(app, "amy", "wrong horse").await;
    }
    by_name(app, "amy", GOOD).await.fails(401, "account_locked");
    pass(app, MINUTE).await;
    let nobody = app.anybody();
    let sent = code(app, &nobody, NUMBER, "reset").await;
    let reset = |code: &str, new: &str| {
        nobody.post("/password/reset", json!({ "phone": NUMBER, "sms_code": code, "new_password": new }))
    };
    reset(&sent, "short").await.invalid("new_password");
    reset("guess", NEW).await.invalid("sms_code");
    amy.get("/users/profile").await.is(200);
    reset(&sent, NEW).await.is(200);
    amy.get("/users/profile").await.fails(401, "unauthorized");
    by_name(app, "amy", NEW).await.is(200);
    reset(&sent, GOOD).await.invalid("sms_code");
    // A number that nobody has hears a code as well, and only it is told.
    let other = "13900000000";
    let sent = code(app, &nobody, other, "reset").await;
    let body = json!({ "phone": other, "sms_code": sent, "new_password": NEW });
    nobody.post("/password/reset", body).await.invalid("phone");
}

/// The same words, status and lock, in the same order.
async fn unknown_names_are_answered_like_known_ones(app: &mut TestApp) {
    let amy = register(app, "amy").await;
    let sent = code(app, &amy, NUMBER, "bind").await;
    amy.put("/users/phone", json!({ "phone": NUMBER, "sms_code": sent })).await.is(200);
    register(app, "disabled").await;
    app.db.exec("update accounts set disabled_at = 1 where username = 'disabled'").await;
    let mut told: Vec<Vec<(u16, Value)>> = Vec::new();
    for named in [
        json!({ "username": "amy" }),
        json!({ "username": "nobody" }),
        json!({ "username": "disabled" }),
        json!({ "phone": "13900000000" }),
        json!({ "phone": "no number" }),
    ] {
        let mut answers = Vec::new();
        for (after, n) in [(0, 7), (15 * MINUTE, 6)] {
            pass(app, after).await;
            for _ in 0..n {
                let answer =
                    log_in(app, crate::harness::app::with(named.clone(), json!({ "password": "wrong" }))).await;
                answers.push((answer.status, answer.body["reason"].clone()));
            }
        }
        pass(app, 15 * MINUTE).await;
        told.push(answers);
    }
    assert!(told[0].iter().any(|(_, reason)| reason == "account_locked"));
    for other in &told[1..] {
        assert_eq!(*other, told[0]);
    }
    // What was typed for a name may be somebody's password.
    assert_eq!(app.db.count("unknown_logins where name_hash like '%nobody%'").await, 0);
    // The lock of a name that there is not outlives a restart as well.
    let wrong = async |app: &TestApp| by_name(app, "nobody", "wrong").await;
    while wrong(app).await.body["reason"] != "account_locked" {}
    let later = text(&app.admin.get("/dev/clock").await.is(200)["now"])[11..23].to_owned();
    app.restart(&later).await;
    wrong(app).await.fails(401, "account_locked");
}

async fn an_admin_unlocks(app: &mut TestApp) {
    let amy = register(app, "amy").await;
    for _ in 0..5 {
        by_name(app, "amy", "wrong horse").await;
    }
    let path = format!("/users/{}", amy.account);
    let seen = app.operator.get(&path).await.is(200);
    assert!(text(&seen["locked_until"]).contains("08:15:00"), "{seen}");
    app.operator.post(&format!("{path}/unlock"), json!({})).await.fails(403, "forbidden");
    let seen = app.admin.post(&format!("{path}/unlock"), json!({})).await.is(200);
    assert_eq!(seen["locked_until"], Value::Null);
    by_name(app, "amy", GOOD).await.is(200);
    let logged: Vec<String> = amy.get("/logins").await.items().iter().map(|l| text(&l["outcome"])).collect();
    assert_eq!(logged, ["ok", "locked", "wrong", "wrong", "wrong", "wrong", "ok"]);
}

/// One password tried on many names, from one place.
#[actix::test]
async fn an_address_that_guesses_is_slowed_down() {
    let limits = [("YUEKE_LIMIT_PER_ADDRESS", "100000"), ("YUEKE_CLOCK", "manual:2025-11-12T08:00:00+08:00")];
    let app = TestApp::start_with(Database::sqlite(), &limits).await;
    let most = yueke::base::limits::FAILURES_PER_ADDRESS.at_most;
    for n in 0..most {
        by_name(&app, &format!("name{n}"), "summer2025").await.fails(401, "invalid_credentials");
    }
    let refused = by_name(&app, "another", "summer2025").await;
    assert_eq!(refused.headers["retry-after"], (15 * 60).to_string());
    refused.fails(429, "too_many_requests");
    app.student("amy").await;
    pass(&app, 15 * MINUTE).await;
    by_name(&app, "another", "summer2025").await.fails(401, "invalid_credentials");
    app.close().await;
}

/// Before the server ever ran, and by the same rules.
#[actix::test]
async fn the_command_line_makes_accounts_that_log_in() {
    let db = Database::sqlite();
    let make = |name: &str, role: &str, password: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_yueke"));
        command.args(["account", name, "--role", role]).env("YUEKE_DATABASE_URL", &db.url);
        let output = command.env("YUEKE_PASSWORD", password).output().expect("the binary runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (password, word) in [("short", "at least 10"), ("1234567890", "everybody"), ("root root!", "name")] {
        let (made, told) = make("root", "owner", password);
        assert!(!made && told.contains(word) && !told.contains(password), "{told}");
    }
    for (name, role) in [("root", "owner"), ("Tom", "teacher"), ("amy", "student")] {
        assert_eq!(make(name, role, GOOD), (true, String::new()));
    }
    assert!(make("root", "admin", GOOD).1.contains("taken"));
    let clock = "manual:2025-11-12T08:00:00+08:00";
    let app = TestApp::start_unpeopled(db, &[("YUEKE_CLOCK", clock)]).await;
    assert_eq!(by_name(&app, "root", GOOD).await.is(200)["user"]["roles"], json!(["owner"]));
    assert!(by_name(&app, "Tom", GOOD).await.is(200)["user"]["teacher_id"].is_string());
    assert_eq!(by_name(&app, "amy", GOOD).await.is(200)["students"][0]["relation"], "self");
    app.close().await;
}

/// `yueke account`, with these arguments and this password.
async fn account(url: &str, args: &[&str], password: &str) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_yueke"));
    command.arg("account").args(args).env("YUEKE_DATABASE_URL", url).env("YUEKE_PASSWORD", password);
    let run = move || command.output().expect("the binary runs");
    let output = actix_web::rt::task::spawn_blocking(run).await.expect("it ends");
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&told).into_owned())
}

/// A forgotten password of the only owner has this way back.
async fn the_command_line_sets_a_new_password(app: &mut TestApp) {
    let url = app.db.url.clone();
    let (made, told) = account(&url, &["boss"], GOOD).await;
    assert!(made, "{told}");
    let boss = app.anybody().again(&by_name(app, "boss", GOOD).await.is(200));
    for _ in 0..5 {
        by_name(app, "boss", "wrong horse").await;
    }
    let (made, told) = account(&url, &["boss"], NEW).await;
    assert!(!made && told.contains("taken") && told.contains("--reset"), "{told}");
    for (args, password, word) in [
        (&["nobody", "--reset"][..], NEW, "no account"),
        (&["boss", "--reset"], "short", "at least 10"),
        (&["boss", "--reset"], "bossboss11", "name"),
        (&["boss", "--reset", "--role", "admin"], NEW, "--role"),
    ] {
        let (done, told) = account(&url, args, password).await;
        assert!(!done && told.contains(word), "{told}");
    }
    let (done, told) = account(&url, &["boss", "--reset"], NEW).await;
    assert!(done && told.contains("1 session") && told.contains("restart") && !told.contains(NEW), "{told}");
    by_name(app, "boss", NEW).await.is(200);
    by_name(app, "boss", GOOD).await.fails(401, "invalid_credentials");
    // A server that runs exchanges no token of the old sessions, and knows them ended after a restart.
    let refresh = json!({ "refresh_token": boss.refresh });
    app.anybody().post("/token/refresh", refresh).await.fails(401, "unauthorized");
    let disable = "update accounts set disabled_at = 1 where username = 'boss'";
    app.db.exec(disable).await;
    let (done, told) = account(&url, &["boss", "--reset"], GOOD).await;
    assert!(!done && told.contains("disabled"), "{told}");
}

/// What it reads first is still so when it writes, however much the server writes meanwhile.
async fn the_command_line_works_beside_a_busy_server(app: &mut TestApp) {
    let url = app.db.url.clone();
    let made = std::cell::Cell::new(false);
    let commands = async {
        for n in 0..5 {
            let (made, told) = account(&url, &[&format!("owner{n}")], GOOD).await;
            assert!(made, "{told}");
            let (done, told) = account(&url, &[&format!("owner{n}"), "--reset"], NEW).await;
            assert!(done, "{told}");
        }
        made.set(true);
    };
    let busy = async {
        while !made.get() {
            app.student("amy").await;
        }
    };
    futures_util::join!(commands, busy, async {
        while !made.get() {
            app.student("ben").await;
        }
    });
    by_name(app, "owner4", NEW).await.is(200);
}
