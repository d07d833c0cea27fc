//! What all answers have in common: the envelope, both mounts, languages, request ids, pages, and
//! how a request that cannot be understood is refused.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use yueke::web::routes::ROUTES;

use crate::harness::app::{Person, TestApp, on_both, text};

/// An id that nothing has.
const NO_ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

on_both! {
    answers_have_one_envelope
    both_mounts_are_one_server
    what_no_route_takes_is_told_so
    bodies_have_a_size_and_a_kind
    what_is_no_json_is_refused
    ids_that_are_no_ids_name_nothing
    requests_carry_an_id
    lists_come_in_pages
    pages_have_bounds
}

async fn answers_have_one_envelope(app: &mut TestApp) {
    let list = json!({ "items": [], "total": 0, "page": 1, "page_size": 20 });
    let chinese = app.admin.get("/courses").await;
    assert_eq!(chinese.body, json!({ "code": 200, "message": "操作成功", "data": list }));
    let english = app.admin.in_english().get("/courses").await;
    assert_eq!(english.body, json!({ "code": 200, "message": "Done", "data": list }));

    let named = [("x-request-id", "a-fault-to-report")];
    let path = format!("/api/v1/schedules/{NO_ID}");
    let expected = |message: &str| {
        json!({
            "code": 404, "message": message, "data": null, "reason": "unknown_schedule",
            "error": "未找到该课次", "request_id": "a-fault-to-report",
        })
    };
    let chinese = app.admin.send(Method::GET, &path, &named, Value::Null).await;
    assert_eq!(chinese.body, expected("未找到该课次"));
    let english = app.admin.in_english().send(Method::GET, &path, &named, Value::Null).await;
    assert_eq!(english.body, expected("There is no such class"), "the literal text stays");

    for (language, message) in [
        ("en", "Done"),
        ("en-GB,en;q=0.9", "Done"),
        ("EN", "Done"),
        ("zh-CN,en;q=0.5", "操作成功"),
        ("fr", "操作成功"),
        ("", "操作成功"),
    ] {
        let client = reqwest::Client::new();
        let url = format!("http://{}/api/v1/courses", app.running.address);
        let asked = client.get(url).bearer_auth(&app.admin.token).header("accept-language", language);
        let body: Value = asked.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(body["message"], message, "{language}");
    }
}

async fn both_mounts_are_one_server(app: &mut TestApp) {
    let class = app.class(2, json!({})).await;
    let amy = app.student("amy").await;
    let new = json!({ "slotId": class });
    let booking = text(&amy.send(Method::POST, "/api/bookings", &[], new).await.is(201)["id"]);
    for prefix in ["/api", "/api/v1"] {
        let path = format!("{prefix}/bookings/{booking}");
        assert_eq!(amy.send(Method::GET, &path, &[], Value::Null).await.is(200)["id"], booking);
    }
    let nobody = app.anybody();
    let document = |path| nobody.send_raw(Method::GET, path, &[], "");
    let (older, newer) = (document("/api/openapi.json").await, document("/api/v1/openapi.json").await);
    assert_eq!((older.status, &older.body), (newer.status, &newer.body));
    assert_eq!((newer.status, newer.body["openapi"].as_str()), (200, Some("3.1.0")));
}

async fn what_no_route_takes_is_told_so(app: &mut TestApp) {
    for path in ["/nothing", "/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/courses"] {
        for person in [&app.anybody(), &app.admin] {
            for method in [Method::GET, Method::POST] {
                person.send_raw(method, path, &JSON, "{").await.fails(404, "not_found");
            }
        }
    }
    let mut taken: BTreeMap<&str, Vec<Method>> = BTreeMap::new();
    for route in ROUTES {
        let method = Method::from_bytes(route.method.to_uppercase().as_bytes()).expect("a method");
        let methods = taken.entry(route.path).or_default();
        methods.extend((method == Method::GET).then_some(Method::HEAD));
        methods.push(method);
    }
    for (path, methods) in taken {
        let mut allowed: Vec<&str> = methods.iter().map(Method::as_str).collect();
        allowed.sort_unstable();
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            if methods.contains(&method) {
                continue;
            }
            for prefix in ["/api", "/api/v1"] {
                let path = format!("{prefix}{}", path.replace("{id}", NO_ID));
                let answer = app.anybody().send_raw(method.clone(), &path, &[], "").await;
                let allow = answer.headers.get("allow").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
                answer.fails(405, "method_not_allowed");
                let mut told: Vec<&str> = allow.split(", ").collect();
                told.sort_unstable();
                assert_eq!(told, allowed, "{method} {path}");
            }
        }
    }
}

async fn bodies_have_a_size_and_a_kind(app: &mut TestApp) {
    let course = r#"{"name":"书法","kind":1,"duration_min":60}"#;
    let padded = |bytes: usize| format!("{course}{}", " ".repeat(bytes - course.len()));
    let send = |kind: &'static str, body: String| {
        let headers: Vec<_> = (!kind.is_empty()).then_some(("content-type", kind)).into_iter().collect();
        let admin = app.admin.clone();
        async move { admin.send_raw(Method::POST, "/api/v1/courses", &headers, body).await }
    };
    send("application/json", padded(1 << 20)).await.is(201);
    send("application/json", padded((1 << 20) + 1)).await.fails(413, "payload_too_large");
    send("application/json", padded(3 << 20)).await.fails(413, "payload_too_large");
    send("application/json; charset=utf-8", course.into()).await.is(201);
    send("Application/JSON", course.into()).await.is(201);
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        send(kind, course.into()).await.fails(415, "unsupported_media_type");
    }
    assert_eq!(app.admin.get("/courses").await.is(200)["total"], 3, "what was refused made nothing");
    // Nothing at all is an empty object: a body of which nothing is needed need not be sent.
    send("", String::new()).await.invalid("name");
    app.admin.send_raw(Method::POST, "/api/v1/messages/read-all", &[], "").await.is(200);
}

async fn what_is_no_json_is_refused(app: &mut TestApp) {
    let send = |body: Vec<u8>| app.admin.send_raw(Method::POST, "/api/v1/courses", &JSON, body);
    let good = r#"{"name":"书法","kind":1,"duration_min":60}"#;
    for (body, field) in [
        ("{", "body"),
        ("}", "body"),
        ("null", "body"),
        ("[]", "body"),
        ("5", "body"),
        (r#""name""#, "body"),
        ("{'name':1}", "body"),
        (r#"{"name":}"#, "name"),
        (r#"{"name":"x","#, "body"),
        (r#"{"name":"x","name":"y","kind":1,"duration_min":60}"#, "name"),
        (r#"{"name":"\ud800","kind":1,"duration_min":60}"#, "name"),
    ] {
        println!("{body}");
        send(body.into()).await.invalid(field);
    }
    send(format!("{good} {good}").into()).await.invalid("body");
    send([b"\xff\xfe".as_slice(), good.as_bytes()].concat()).await.invalid("body");
    send(good.replace("书法", "#").replace('#', "\u{fffd}").into()).await.is(201);
    let broken: Vec<u8> = good.bytes().filter(|b| *b != "书".as_bytes()[0]).collect();
    send(broken).await.invalid("name");
    send("[".repeat(100_000).into()).await.invalid("body");
    send(format!(r#"{{"name":{}"#, "[".repeat(100_000)).into()).await.invalid("name");
    assert_eq!(app.admin.get("/courses").await.is(200)["total"], 1);
}

async fn ids_that_are_no_ids_name_nothing(app: &mut TestApp) {
    let root = &app.admin;
    for id in [NO_ID, "1", "-1", "0", "null", "%20", "%27%20or%201%3D1", "候补", &"Z".repeat(26), &"a".repeat(5_000)]
    {
        for (path, reason) in [
            ("/bookings/#", "unknown_booking"),
            ("/waitlist/#", "unknown_entry"),
            ("/waitlist/position/#", "unknown_entry"),
            ("/waitlist/#/notifications", "unknown_entry"),
            ("/courses/#", "not_found"),
            ("/bookings?student_id=#", "not_found"),
            ("/slots?student_id=#", "not_found"),
        ] {
            root.get(&path.replace('#', id)).await.fails(404, reason);
        }
        for path in ["/bookings/#/cancel", "/bookings/#/confirm", "/bookings/#/complete", "/bookings/#/no-show"] {
            root.put(&path.replace('#', id), json!({})).await.fails(404, "unknown_booking");
        }
        root.delete(&format!("/bookings/{id}")).await.fails(404, "unknown_booking");
        root.delete(&format!("/waitlist/{id}")).await.fails(404, "unknown_entry");
        root.delete(&format!("/sessions/{id}")).await.fails(404, "not_found");
        root.put(&format!("/messages/{id}/read"), json!({})).await.fails(404, "not_found");
        let answer = json!({ "action": "accept" });
        root.put(&format!("/waitlist/{id}/respond"), answer).await.fails(404, "unknown_entry");
        for verb in ["revoke", "block", "unblock", "complete"] {
            root.post(&format!("/schedules/{id}/{verb}"), json!({})).await.fails(404, "not_found");
        }
        root.post("/bookings", json!({ "schedule_id": id })).await.fails(404, "unknown_schedule");
        root.post("/waitlist/join", json!({ "course_schedule_id": id })).await.fails(404, "unknown_schedule");
        root.post("/waitlist/notify", json!({ "schedule_id": id })).await.fails(404, "unknown_schedule");
        root.post("/pay", json!({ "booking_id": id })).await.fails(404, "unknown_booking");
        let new = json!({ "course_id": id, "starts_at": "2025-11-12T19:00:00+08:00" });
        root.post("/schedules", new).await.invalid("course_id");
        for scope in ["schedule", "course"] {
            let size = json!({ "scope": scope, "ref": id, "capacity": 1 });
            root.put("/waitlist/capacity", size).await.fails(404, "not_found");
        }
        // As a filter it is a value that nothing has.
        assert_eq!(root.get(&format!("/bookings?schedule_id={id}")).await.is(200)["total"], 0, "{id}");
        assert_eq!(root.get(&format!("/messages?kind={id}")).await.is(200)["total"], 0, "{id}");
    }
    root.get("/bookings/%00").await.fails(404, "unknown_booking");
    for (path, name) in [("/bookings?schedule_id=%00", "schedule_id"), ("/messages?kind=a%00b", "kind")] {
        root.get(path).await.invalid(name);
    }
    let nul = "\0";
    let size = json!({ "scope": "schedule", "ref": nul, "capacity": 1 });
    root.put("/waitlist/capacity", size).await.fails(404, "not_found");
    for login in [json!({ "username": nul, "password": "x" }), json!({ "phone": nul, "password": "x" })] {
        app.anybody().post("/login", login).await.fails(401, "invalid_credentials");
    }
}

async fn requests_carry_an_id(app: &mut TestApp) {
    let ask = async |given: Option<&str>, path: &str| {
        let headers: Vec<_> = given.map(|id| ("x-request-id", id)).into_iter().collect();
        let answer = app.admin.send_raw(Method::GET, &format!("/api/v1{path}"), &headers, "").await;
        let told = answer.headers["x-request-id"].to_str().expect("text").to_owned();
        if answer.status >= 400 {
            assert_eq!(answer.body["request_id"], told);
        }
        told
    };
    let long = "x".repeat(64);
    for path in ["/courses", "/nothing", "/bookings/none"] {
        for given in ["a", "A-9_z", NO_ID, &long] {
            assert_eq!(ask(Some(given), path).await, given);
        }
        let mut made = Vec::new();
        // What could break a line of a log, or fill it, is not taken over.
        for given in [None, Some(""), Some("a b"), Some("a\tb"), Some("<script>"), Some(&*"x".repeat(65))] {
            let told = ask(given, path).await;
            assert!(told.len() == 26 && told.bytes().all(|b| b.is_ascii_alphanumeric()), "{given:?}: {told}");
            made.push(told);
        }
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), 6, "each request has its own");
    }
}

/// The names and the numbers of one page of courses.
async fn page(root: &Person, query: &str) -> (Vec<String>, Value, Value, Value) {
    let list = root.get(&format!("/courses{query}")).await.is(200);
    let names = list["items"].as_array().expect("items").iter().map(|c| text(&c["name"])).collect();
    (names, list["total"].clone(), list["page"].clone(), list["page_size"].clone())
}

async fn lists_come_in_pages(app: &mut TestApp) {
    for i in 1..=21 {
        app.course(json!({ "name": format!("c{i:02}") })).await;
    }
    let names = |numbers: &[u32]| numbers.iter().map(|n| format!("c{n:02}")).collect::<Vec<_>>();
    let root = &app.admin;
    let first: Vec<u32> = (2..=21).rev().collect();
    assert_eq!(page(root, "").await, (names(&first), json!(21), json!(1), json!(20)));
    assert_eq!(page(root, "?page=2").await, (names(&[1]), json!(21), json!(2), json!(20)));
    assert_eq!(page(root, "?page=3").await, (vec![], json!(21), json!(3), json!(20)));
    assert_eq!(page(root, "?page_size=4&page=2").await, (names(&[17, 16, 15, 14]), json!(21), json!(2), json!(4)));
    assert_eq!(page(root, "?page_size=1&page=21").await, (names(&[1]), json!(21), json!(21), json!(1)));
    assert_eq!(page(root, "?page_size=100&page=100000").await, (vec![], json!(21), json!(100_000), json!(100)));
    assert_eq!(page(root, "?page=&page_size=").await.3, json!(20), "empty is not given");
    assert_eq!(page(root, "?unknown=1").await.3, json!(20), "unknown names are not minded");
}

async fn pages_have_bounds(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    app.student("ben").await.booked(&class).await;
    let amy = app.student("amy").await;
    let entry = amy.join(&class).await;
    let tom = app.teacher("tom").await;
    let offers = format!("/waitlist/{entry}/notifications");
    let logins = format!("/users/{}/logins", amy.account);
    let lists: [(&Person, &str); 14] = [
        (&amy, "/bookings"),
        (&amy, "/bookings/mine/upcoming"),
        (&tom, "/coach/bookings"),
        (&amy, "/courses"),
        (&amy, "/students"),
        (&amy, "/teachers"),
        (&amy, "/messages"),
        (&amy, "/waitlist/my"),
        (&amy, &offers),
        (&amy, "/sessions"),
        (&amy, "/logins"),
        (&app.operator, "/users"),
        (&app.operator, &logins),
        (&app.operator, "/waitlist/capacity"),
    ];
    for (person, path) in lists {
        for wrong in ["0", "-1", "1.5", "x", "1e2", "101x", "99999999999999999999", "%00"] {
            person.get(&format!("{path}?page={wrong}")).await.invalid("page");
            person.get(&format!("{path}?page_size={wrong}")).await.invalid("page_size");
        }
        person.get(&format!("{path}?page=100001")).await.invalid("page");
        person.get(&format!("{path}?page_size=101")).await.invalid("page_size");
        let list = person.get(&format!("{path}?page=7&page_size=3")).await.is(200);
        let mut names: Vec<&String> = list.as_object().expect("a list").keys().collect();
        names.sort_unstable();
        assert_eq!(names, ["items", "page", "page_size", "total"], "{path}");
        assert_eq!((&list["items"], &list["page"], &list["page_size"]), (&json!([]), &json!(7), &json!(3)), "{path}");
    }
    // What cannot be decoded at all.
    app.admin.get("/courses?page=%ff").await.fails(400, "invalid_request");
}
