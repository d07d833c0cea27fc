//! The students under an account, and finding them.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, on_both, text};

on_both! {
    a_parent_adds_and_renames_children
    a_student_has_sound_values
    one_tap_adds_one_student
    the_staff_find_everybody
}

async fn names(who: &Person, query: &str) -> Vec<String> {
    who.get(&format!("/students{query}")).await.items().iter().map(|s| text(&s["nickname"])).collect()
}

async fn add(who: &Person, nickname: &str) -> Value {
    who.post("/students", json!({ "nickname": nickname })).await.is(201)
}

async fn a_parent_adds_and_renames_children(app: &mut TestApp) {
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let child = add(&amy, "小<b>明</b> & 'Lin'").await;
    let expected = json!({ "id": child["id"], "nickname": "小<b>明</b> & 'Lin'", "relation": "child" });
    assert_eq!(child, expected);
    amy.post("/students", json!({ "nickname": "Lily", "relation": "sibling" })).await.is(201);
    assert_eq!(names(&amy, "").await, ["amy", "小<b>明</b> & 'Lin'", "Lily"]);
    assert_eq!(
        (names(&amy, "?q=li").await, names(&amy, "?q=%25").await),
        (vec!["小<b>明</b> & 'Lin'".into(), "Lily".into()], vec![])
    );
    assert_eq!(names(&ben, "").await, ["ben"]);
    // Booked for at once, and by nobody else.
    let class = app.class(3, json!({})).await;
    let book = json!({ "schedule_id": class, "profile_id": child["id"] });
    ben.post("/bookings", book.clone()).await.fails(404, "not_found");
    assert_eq!(amy.post("/bookings", book).await.is(201)["student_id"], child["id"]);

    let path = format!("/students/{}", text(&child["id"]));
    let renamed = amy.patch(&path, json!({ "nickname": "小明" })).await.is(200);
    assert_eq!(renamed, json!({ "id": child["id"], "nickname": "小明", "relation": "child" }));
    assert_eq!(names(&amy, "").await, ["amy", "小明", "Lily"]);
    ben.patch(&path, json!({ "nickname": "x" })).await.fails(404, "not_found");
    // The staff's change is seen by the parent at once.
    let renamed = app.operator.patch(&path, json!({ "nickname": "林小明" })).await.is(200);
    assert_eq!((&renamed["nickname"], &renamed["account_nickname"]), (&json!("林小明"), &json!("amy")));
    assert_eq!(names(&amy, "").await, ["amy", "林小明", "Lily"]);
    let roster = app.operator.get(&format!("/schedules/{class}/roster")).await.is(200);
    assert_eq!(
        (&roster["bookings"][0]["nickname"], &roster["bookings"][0]["booked_by_name"]),
        (&json!("林小明"), &json!("amy"))
    );
}

async fn a_student_has_sound_values(app: &mut TestApp) {
    let amy = app.student("amy").await;
    for (wrong, field) in [
        (json!({}), "nickname"),
        (json!({ "nickname": " " }), "nickname"),
        (json!({ "nickname": "长".repeat(51) }), "nickname"),
        (json!({ "nickname": "a\0" }), "nickname"),
        (json!({ "nickname": "x", "relation": "boss" }), "relation"),
        (json!({ "nickname": "x", "relation": 5 }), "relation"),
    ] {
        amy.post("/students", wrong).await.invalid(field);
    }
    amy.patch(&format!("/students/{}", amy.student), json!({ "nickname": "" })).await.invalid("nickname");
    amy.get(&format!("/students?q={}", "x".repeat(201))).await.invalid("q");
    amy.post("/students", json!({ "nickname": "me too", "relation": "self" })).await.refused("self_exists");
    assert_eq!(names(&amy, "").await, ["amy"]);
    let tom = app.teacher("tom").await;
    tom.post("/students", json!({ "nickname": "tom", "relation": "self" })).await.is(201);
    assert_eq!(names(&tom, "").await, ["tom"]);
    for n in 1..20 {
        add(&amy, &format!("child {n}")).await;
    }
    amy.post("/students", json!({ "nickname": "one more" })).await.refused("too_many_students");
    assert_eq!(amy.get("/students?page_size=100").await.is(200)["total"], 20);
}

async fn one_tap_adds_one_student(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let tap = || amy.keyed("tap", Method::POST, "/students", json!({ "nickname": "小明" }));
    let answers = join_all([tap(), tap(), tap()]).await;
    let first = &answers[0];
    assert_eq!(first.status, 201);
    for answer in &answers {
        assert_eq!(answer.text, first.text);
    }
    assert_eq!(tap().await.text, first.text);
    assert_eq!(names(&amy, "").await, ["amy", "小明"]);
    amy.keyed("tap", Method::POST, "/students", json!({ "nickname": "小红" })).await.fails(422, "request_key_reused");
}

async fn the_staff_find_everybody(app: &mut TestApp) {
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let child = add(&amy, "小明").await;
    let all = app.operator.get("/students").await.is(200);
    assert_eq!(all["total"], 3);
    let first = json!({ "id": amy.student, "nickname": "amy", "relation": "self", "account_id": amy.account,
        "account_nickname": "amy" });
    assert_eq!(all["items"][0], first);
    let mut both = names(&app.operator, "?q=AMY").await;
    both.sort();
    assert_eq!(both, ["amy", "小明"], "by the name of whoever books for them, too");
    assert_eq!(names(&app.operator, "?q=%E5%B0%8F").await, ["小明"]);
    assert_eq!(names(&app.operator, "?q=_").await, Vec::<String>::new());
    let page = app.operator.get("/students?page_size=2&page=2").await.is(200);
    assert_eq!((page["items"].as_array().expect("items").len(), &page["total"]), (1, &json!(3)));
    assert_eq!(names(&ben, "?q=amy").await, Vec::<String>::new());
    // A student with two accounts is one student.
    let sql = format!(
        "insert into account_students (account_id, student_id, relation, created_at) values ('{}', '{}', 'child', 5)",
        ben.account,
        text(&child["id"])
    );
    app.db.exec(&sql).await;
    assert_eq!(app.operator.get("/students").await.is(200)["total"], 3);
}
