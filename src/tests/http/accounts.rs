//! Accounts as the staff run them, what people change of their own, and the log of logins.

use reqwest::Method;
use serde_json::{Value, json};

use super::codes::NUMBER;
use crate::harness::app::{Person, TestApp, at, on_both, text};

on_both! {
    accounts_are_listed_and_found
    a_disabled_account_is_out_at_once
    who_may_disable_whom
    roles_act_with_the_next_request
    who_says_who_is_staff
    one_chooses_to_teach_but_not_to_lead
    a_role_that_was_taken_away_is_not_taken_back
    a_profile_is_changed
    a_new_device_or_place_is_told
    logins_are_logged
    names_and_numbers_stay_in_their_org
    the_oldest_of_too_many_sessions_gives_way
}

async fn act(person: &Person, account: &str, what: &str) -> crate::harness::app::Answer {
    person.post(&format!("/users/{account}/{what}"), json!({})).await
}

async fn set_roles(person: &Person, account: &str, roles: Value) -> crate::harness::app::Answer {
    person.put(&format!("/users/{account}/roles"), json!({ "roles": roles })).await
}

async fn accounts_are_listed_and_found(app: &mut TestApp) {
    let amy = app.student("Amy 100%").await;
    app.student("a_b").await;
    app.teacher("tom").await;
    app.db.exec(&format!("update accounts set phone = '+86{NUMBER}' where id = '{}'", amy.account)).await;
    let find = async |query: &str| -> Vec<String> {
        let items = app.operator.get(&format!("/users?{query}")).await.items();
        items.iter().map(|a| text(&a["nickname"])).collect()
    };
    assert_eq!(find("").await, ["tom", "a_b", "Amy 100%", "olga", "root"]);
    assert_eq!(find("role=teacher").await, ["tom"]);
    assert_eq!(find("query=amy").await, ["Amy 100%"]);
    assert_eq!(find("query=100%25").await, ["Amy 100%"]);
    assert_eq!(find("query=%25%25").await, [""; 0], "no pattern of its own");
    assert_eq!(find("query=_").await, ["a_b"]);
    assert_eq!(find("query=%5C").await, [""; 0]);
    assert_eq!(find("query=138%201234%205678").await, ["Amy 100%"]);
    assert_eq!(find("query=138").await, [""; 0], "a number is found whole or not at all");
    assert_eq!(find(&format!("query={}", amy.account.to_lowercase())).await, ["Amy 100%"]);
    assert_eq!(find("query=nobody&role=student").await, [""; 0]);
    act(&app.admin, &amy.account, "disable").await.is(200);
    assert_eq!(find("disabled=1").await, ["Amy 100%"]);
    assert_eq!(find("disabled=0&role=student").await, ["a_b"]);
    for (query, field) in [("role=god", "role"), ("disabled=maybe", "disabled"), ("page=0", "page")] {
        app.operator.get(&format!("/users?{query}")).await.invalid(field);
    }
    let page = app.operator.get("/users?page_size=2&page=2").await.is(200);
    assert_eq!((&page["total"], &page["items"][0]["nickname"]), (&json!(5), &json!("Amy 100%")));

    let seen = app.operator.get(&format!("/users/{}", amy.account)).await;
    assert!(!seen.text.contains(NUMBER), "{}", seen.text);
    let seen = seen.is(200);
    assert_eq!((&seen["phone"], &seen["disabled"]), (&json!("138****5678"), &json!(true)));
    assert_eq!((&seen["sessions"], &seen["last_login_at"]), (&json!(0), &json!(at("08:00:00.000"))));
    assert_eq!(seen["students"][0]["id"], amy.student);
}

async fn a_disabled_account_is_out_at_once(app: &mut TestApp) {
    let (amy, tablet) = (app.student("amy").await, app.student("amy").await);
    let path = format!("/users/{}/disable", amy.account);
    let first = app.admin.keyed("k", Method::POST, &path, json!({})).await;
    assert_eq!(app.admin.keyed("k", Method::POST, &path, json!({})).await.text, first.text);
    assert_eq!(first.is(200)["disabled"], true);
    let out = async |app: &TestApp| {
        for person in [&amy, &tablet] {
            person.get("/users/profile").await.fails(401, "unauthorized");
            let refresh = json!({ "refresh_token": person.refresh });
            app.anybody().post("/token/refresh", refresh).await.fails(401, "unauthorized");
        }
        app.anybody().post("/login", json!({ "code": "dev:student:amy" })).await.fails(401, "invalid_credentials");
    };
    out(app).await;
    app.restart("08:30:00.000").await;
    out(app).await;
    assert_eq!(act(&app.admin, &amy.account, "enable").await.is(200)["disabled"], false);
    // Enabling logs nobody in.
    amy.get("/users/profile").await.fails(401, "unauthorized");
    assert_eq!(app.student("amy").await.account, amy.account);
    let logged = app.operator.get(&format!("/users/{}/logins", amy.account)).await.items();
    let outcomes: Vec<_> = logged.iter().map(|l| text(&l["outcome"])).collect();
    assert_eq!(outcomes, ["ok", "disabled", "disabled", "ok", "ok"]);
}

async fn who_may_disable_whom(app: &mut TestApp) {
    let owner = app.login("owner", "first").await;
    let (admin, second) = (app.admin.clone(), app.login("admin", "second").await);
    act(&admin, &admin.account, "disable").await.refused("own_account");
    act(&admin, &owner.account, "disable").await.fails(403, "forbidden");
    act(&owner, &owner.account, "disable").await.refused("own_account");
    act(&admin, &second.account, "disable").await.is(200);
    act(&owner, &admin.account, "disable").await.is(200);
    act(&admin, &second.account, "enable").await.fails(401, "unauthorized");
    act(&owner, &admin.account, "enable").await.is(200);
    act(&owner, &second.account, "enable").await.is(200);
    // Of two owners one may go, and then the other stays.
    let other = app.login("owner", "other").await;
    act(&other, &owner.account, "disable").await.is(200);
    set_roles(&other, &other.account, json!(["student"])).await.refused("last_owner");
    act(&other, &owner.account, "enable").await.is(200);
    set_roles(&other, &other.account, json!(["student"])).await.is(200);
    other.get("/users/profile").await.fails(401, "unauthorized");
    assert_eq!(app.login("owner", "other").await.get("/users/profile").await.is(200)["roles"], json!(["student"]));
}

async fn roles_act_with_the_next_request(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let course = json!({ "name": "新", "kind": 1, "duration_min": 60 });
    amy.post("/courses", course.clone()).await.fails(403, "forbidden");
    let seen = set_roles(&app.admin, &amy.account, json!(["teacher", "student"])).await.is(200);
    assert!(seen["teacher_id"].is_string(), "{seen}");
    // The very token that she has; after a restart too, and after an exchange.
    amy.post("/courses", course.clone()).await.is(201);
    app.restart("08:30:00.000").await;
    amy.post("/courses", course.clone()).await.is(201);
    assert_eq!(amy.get("/users/profile").await.is(200)["teacher_id"], seen["teacher_id"]);
    let told = app.anybody().post("/token/refresh", json!({ "refresh_token": amy.refresh })).await.is(200);
    assert_eq!(told["user"]["roles"], json!(["student", "teacher"]));
    let amy = amy.again(&told);
    set_roles(&app.admin, &amy.account, json!(["student"])).await.is(200);
    amy.get("/users/profile").await.fails(401, "unauthorized");
    let again = app.student("amy").await;
    assert_eq!((again.account, again.teacher), (amy.account, String::new()));
}

async fn who_says_who_is_staff(app: &mut TestApp) {
    let owner = app.login("owner", "owner").await;
    let amy = app.student("amy").await;
    for roles in [json!(["admin"]), json!(["student", "owner"])] {
        set_roles(&app.admin, &amy.account, roles).await.fails(403, "forbidden");
    }
    set_roles(&app.admin, &amy.account, json!(["operator", "student"])).await.is(200);
    amy.get("/waitlist/capacity").await.is(200);
    set_roles(&owner, &amy.account, json!(["admin", "operator", "student"])).await.is(200);
    // An admin takes nobody's admin role, and does nothing to an owner.
    set_roles(&app.admin, &amy.account, json!(["student"])).await.fails(403, "forbidden");
    set_roles(&app.admin, &owner.account, json!(["owner", "student"])).await.fails(403, "forbidden");
    for what in ["disable", "enable", "unlock"] {
        act(&app.admin, &owner.account, what).await.fails(403, "forbidden");
    }
    for wrong in [json!([]), json!(["god"]), json!(["student", ""])] {
        set_roles(&owner, &amy.account, wrong).await.invalid("roles");
    }
    for path in ["disable", "enable", "unlock"] {
        act(&owner, "01ARZ3NDEKTSV4RRFFQ69G5FAV", path).await.fails(404, "not_found");
        act(&owner, "nobody", path).await.fails(404, "not_found");
    }
}

async fn one_chooses_to_teach_but_not_to_lead(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let choose = |person: &Person, role: &str| {
        let (person, role) = (person.clone(), role.to_owned());
        async move { person.post("/users/role", json!({ "role": role })).await }
    };
    for role in ["operator", "admin", "owner"] {
        for person in [&amy, &app.operator, &app.admin] {
            choose(person, role).await.fails(403, "forbidden");
        }
    }
    for role in ["", "god", "Teacher"] {
        choose(&amy, role).await.invalid("role");
    }
    let told = choose(&amy, "teacher").await.is(200);
    assert_eq!(told["roles"], json!(["student", "teacher"]));
    assert_eq!(choose(&amy, "teacher").await.is(200)["teacher_id"], told["teacher_id"]);
    let listed = app.operator.get("/teachers").await.items();
    assert_eq!((listed.len(), &listed[0]["name"]), (1, &json!("amy")));
    amy.get("/coach/bookings").await.is(200);
    assert_eq!(choose(&amy, "parent").await.is(200)["roles"], told["roles"]);
    choose(&app.operator, "teacher").await.refused("role_chosen");
    assert_eq!(choose(&app.operator, "student").await.is(200)["roles"], json!(["student", "operator"]));
    app.operator.booked(&app.class(1, json!({})).await).await;
}

async fn a_role_that_was_taken_away_is_not_taken_back(app: &mut TestApp) {
    let tom = app.student("tom").await;
    let choose = async |role: &str| app.student("tom").await.post("/users/role", json!({ "role": role })).await;
    let teacher = choose("teacher").await.is(200)["teacher_id"].clone();
    set_roles(&app.admin, &tom.account, json!(["student"])).await.is(200);
    choose("teacher").await.refused("role_chosen");
    assert_eq!(choose("parent").await.is(200)["roles"], json!(["student"]));
    assert_eq!(app.student("tom").await.teacher, "");
    // Nor through another account that takes this one in.
    let amy = app.student("amy").await;
    app.db.exec(&format!("update accounts set merged_into = '{}' where id = '{}'", amy.account, tom.account)).await;
    amy.post("/users/role", json!({ "role": "teacher" })).await.refused("role_chosen");
    app.db.exec(&format!("update accounts set merged_into = null where id = '{}'", tom.account)).await;
    let given = set_roles(&app.admin, &tom.account, json!(["student", "teacher"])).await.is(200);
    assert_eq!(given["teacher_id"], teacher);
    choose("teacher").await.is(200);
}

async fn a_profile_is_changed(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let body = json!({ "nickname": "艾米", "signature": "早睡早起" });
    let told = amy.put("/users/profile", body).await.is(200);
    assert_eq!((&told["nickname"], &told["signature"]), (&json!("艾米"), &json!("早睡早起")));
    assert_eq!(told["students"][0]["nickname"], "艾米", "the same person");
    assert_eq!(amy.get("/students").await.items()[0]["nickname"], "艾米");
    assert_eq!(amy.put("/users/profile", json!({ "signature": "" })).await.is(200)["nickname"], "艾米");
    assert_eq!(amy.get("/users/profile").await.is(200)["signature"], "");
    for (body, field) in [
        (json!({ "nickname": "" }), "nickname"),
        (json!({ "nickname": "长".repeat(51) }), "nickname"),
        (json!({ "nickname": "a\0" }), "nickname"),
        (json!({ "signature": "长".repeat(201) }), "signature"),
        (json!({ "signature": 5 }), "signature"),
    ] {
        amy.put("/users/profile", body).await.invalid(field);
    }
}

async fn from(app: &TestApp, device: &str, forwarded: &str) -> Value {
    let headers = [("content-type", "application/json"), ("x-device", device), ("x-forwarded-for", forwarded)];
    let body = json!({ "code": "dev:student:amy" }).to_string();
    app.anybody().send_raw(Method::POST, "/api/v1/login", &headers, body).await.is(200)
}

async fn a_new_device_or_place_is_told(app: &mut TestApp) {
    let clock = format!("manual:{}", at("08:00:00.000"));
    app.restart_with(&[("YUEKE_CLOCK", &clock), ("YUEKE_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let amy = app.anybody().again(&from(app, "phone", "203.0.113.7").await);
    let news = async |app: &TestApp| app.messages(&amy, "new_login").await;
    assert_eq!(news(app).await.len(), 0, "the first is no news");
    from(app, "phone", "203.0.113.99").await;
    assert_eq!(news(app).await.len(), 0, "the same place");
    from(app, "tablet", "203.0.113.7").await;
    from(app, "phone", "198.51.100.1").await;
    from(app, "tablet", "198.51.100.2").await;
    let told = news(app).await;
    assert_eq!(told.len(), 2, "a new device, a new place, and neither");
    let body = text(&told[1]["body"]);
    assert!(body.contains("tablet（203.0.113.7）") && body.contains("11-12 08:00 (UTC+08:00)"), "{body}");
    let english = text(&amy.in_english().get("/messages?kind=new_login").await.items()[0]["body"]);
    assert!(english.contains("phone (198.51.100.1)") && english.contains("change your password"), "{english}");
    let devices: Vec<_> = amy.get("/sessions").await.items().iter().map(|s| text(&s["device"])).collect();
    assert_eq!(devices, ["tablet", "phone", "tablet", "phone", "phone"]);
}

async fn logins_are_logged(app: &mut TestApp) {
    let amy = app.anybody().again(&from(app, "艾米的手机", "").await);
    let logged = amy.get("/logins").await.is(200);
    let row = json!({ "at": at("08:00:00.000"), "method": "demo", "outcome": "ok", "address": "127.0.0.1",
        "device": "艾米的手机" });
    assert_eq!((&logged["total"], &logged["items"][0]), (&json!(1), &row));
    let other = app.student("ben").await;
    other.get(&format!("/users/{}/logins", amy.account)).await.fails(403, "forbidden");
    let seen = app.operator.get(&format!("/users/{}/logins", amy.account)).await.is(200);
    assert_eq!(seen["items"][0], row);
    // A device's name is bounded, and cannot break a line.
    let headers = [("content-type", "application/json"), ("x-device", &*"x".repeat(5_000))];
    let body = json!({ "code": "dev:student:amy" }).to_string();
    app.anybody().send_raw(Method::POST, "/api/v1/login", &headers, body).await.is(200);
    assert_eq!(text(&amy.get("/logins").await.items()[0]["device"]).len(), 200);
}

/// The same name, number and WeChat user may be in another org of the same database, and be nobody here.
async fn names_and_numbers_stay_in_their_org(app: &mut TestApp) {
    let good = json!({ "username": "amy", "password": "correct horse" });
    let there = app.anybody().post("/register", good.clone()).await.is(201);
    let there = app.anybody().again(&there);
    let sql = format!("update accounts set phone = '+86{NUMBER}' where id = '{}'", there.account);
    app.db.exec(&sql).await;
    let demo = app.student("demo").await;
    let sql = "insert into orgs (id, name, zone, created_at, updated_at) \
        values ('00000000000000000000000001', 'ours', 'Asia/Shanghai', 0, 0)";
    app.db.exec(sql).await;
    app.restart("08:00:00.000").await;
    let nobody = app.anybody();
    nobody.post("/login", good.clone()).await.fails(401, "invalid_credentials");
    let by_phone = json!({ "phone": NUMBER, "password": "correct horse" });
    nobody.post("/login", by_phone).await.fails(401, "invalid_credentials");
    for person in [&there, &demo] {
        nobody.post("/token/refresh", json!({ "refresh_token": person.refresh })).await.fails(401, "unauthorized");
    }
    assert_ne!(app.student("demo").await.account, demo.account);
    let here = nobody.post("/register", good.clone()).await.is(201);
    assert_ne!(here["user"]["id"], there.account);
    assert_eq!(nobody.post("/login", good).await.is(200)["user"]["id"], here["user"]["id"]);
    // The admin here finds nobody of there.
    let root = app.login("admin", "our root").await;
    assert_eq!(root.get(&format!("/users?query={NUMBER}")).await.is(200)["total"], 0);
    root.get(&format!("/users/{}", there.account)).await.fails(404, "not_found");
}

async fn the_oldest_of_too_many_sessions_gives_way(app: &mut TestApp) {
    let most = yueke::base::limits::SESSIONS_PER_ACCOUNT_MAX;
    let (first, second) = (app.student("amy").await, app.student("amy").await);
    for _ in 2..most {
        app.student("amy").await;
    }
    first.get("/users/profile").await.is(200);
    app.student("amy").await;
    first.get("/users/profile").await.fails(401, "unauthorized");
    assert_eq!(second.get("/sessions").await.is(200)["total"], most);
}
