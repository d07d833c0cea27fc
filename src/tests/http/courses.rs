//! Courses, and the lists of teachers and students.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::app::{TestApp, at, on_both, text, with};

on_both! {
    a_course_is_made_and_changed
    a_class_keeps_the_rules_it_was_made_with
    a_class_belongs_to_its_course
    a_renamed_course_is_told_at_once
    changes_of_a_course_at_once_are_all_kept
    nobody_is_remembered_to_have_no_student
    teachers_and_students_are_listed
}

async fn a_course_is_made_and_changed(app: &mut TestApp) {
    let root = &app.admin;
    let least = root.post("/courses", json!({ "name": "书法", "kind": 1, "duration_min": 60 })).await.is(201);
    let expected = json!({
        "id": least["id"], "name": "书法", "kind": 1, "tier": "standard", "level": 0, "category": "",
        "duration_min": 60, "default_capacity": 6, "price_fen": 0, "hours_per_session": null, "confirm_mode": "auto",
    });
    assert_eq!(least, expected);
    let one = root.post("/courses", json!({ "name": "钢琴", "kind": 0, "duration_min": 45 })).await.is(201);
    assert_eq!(one["default_capacity"], 1, "one to one");
    let all = json!({
        "name": "国画", "kind": 2, "tier": "vip", "level": 3, "category": "美术", "duration_min": 90,
        "default_capacity": 12, "price_fen": 8_800, "hours_per_session": 2, "confirm_mode": "teacher",
    });
    let made = root.post("/courses", all.clone()).await.is(201);
    assert_eq!(made, with(all, json!({ "id": made["id"] })));
    let path = format!("/courses/{}", text(&made["id"]));
    assert_eq!(root.get(&path).await.is(200), made);
    let change = json!({ "name": "工笔", "price_fen": 9_900, "level": 4, "default_capacity": 3 });
    let changed = root.patch(&path, change.clone()).await.is(200);
    assert_eq!(changed, with(made, change));
    assert_eq!(root.patch(&path, json!({})).await.is(200), changed, "nothing asked, nothing changed");
    app.restart("08:30:00.000").await;
    assert_eq!(app.admin.get(&path).await.is(200), changed);
    let listed = app.student("amy").await.get("/courses").await.items();
    assert_eq!(listed, [changed, one, least]);
}

async fn a_class_keeps_the_rules_it_was_made_with(app: &mut TestApp) {
    let course = app.course(json!({ "price_fen": 100 })).await;
    let before = app.class_of(&course, 5, json!({})).await;
    let change = json!({ "price_fen": 200, "duration_min": 30 });
    app.admin.patch(&format!("/courses/{course}"), change).await.is(200);
    let after = app.class_of(&course, 5, json!({ "starts_at": at("16:00:00.000") })).await;
    let amy = app.student("amy").await;
    for (class, price, ends_at) in [(&before, 100, "21:00:00.000"), (&after, 200, "16:30:00.000")] {
        let booking = amy.book(class).await.is(201);
        assert_eq!((&booking["price_fen"], &booking["ends_at"]), (&json!(price), &json!(at(ends_at))));
    }
}

async fn a_class_belongs_to_its_course(app: &mut TestApp) {
    let (course, other) = (app.course(json!({})).await, app.course(json!({})).await);
    let class = app.class_of(&course, 5, json!({})).await;
    let amy = app.student("amy").await;
    for (name, wrong) in [("courseId", &*other), ("course_id", &*other), ("courseId", "x")] {
        let answer = amy.post("/bookings", json!({ "schedule_id": class, name: wrong })).await;
        assert_eq!(answer.fails(400, "course_mismatch")["message"], "该时段不属于所选课程", "{name}");
    }
    assert_eq!(amy.sees(&class).await["seats_taken"], 0);
    amy.post("/bookings", json!({ "slotId": class, "courseId": course })).await.is(201);
}

async fn a_renamed_course_is_told_at_once(app: &mut TestApp) {
    let course = app.course(json!({})).await;
    let class = app.class_of(&course, 1, json!({})).await;
    let amy = app.student("amy").await;
    amy.booked(&class).await;
    app.admin.patch(&format!("/courses/{course}"), json!({ "name": "国画" })).await.is(200);
    assert_eq!(amy.sees(&class).await["course_name"], "国画");
    let planned = json!({ "course_id": course, "starts_at": at("22:00:00.000") });
    assert_eq!(app.admin.post("/schedules", planned).await.is(201)["course_name"], "国画");
    let ben = app.student("ben").await;
    let entry = ben.join(&class).await;
    assert_eq!(ben.entry(&entry).await["course_name"], "国画");
}

async fn teachers_and_students_are_listed(app: &mut TestApp) {
    let amy = app.student("amy").await;
    let mut expected = Vec::new();
    for name in ["tom", "tim"] {
        expected.push(json!({ "id": app.teacher(name).await.teacher, "name": name }));
    }
    assert_eq!(amy.get("/teachers").await.is(200)["total"], 2);
    assert_eq!(amy.get("/teachers").await.items(), expected);
    assert_eq!(amy.get("/teachers?page=2&page_size=1").await.items(), expected[1..]);
    let own = json!({ "id": amy.student, "nickname": "amy", "relation": "self" });
    let list = json!({ "items": [own], "total": 1, "page": 1, "page_size": 20 });
    assert_eq!(amy.get("/students").await.is(200), list);
    // Whoever books for themselves becomes a student, once.
    let tom = app.teacher("tom").await;
    assert_eq!(tom.get("/students").await.is(200)["total"], 0);
    let booking = tom.book(&app.class(2, json!({ "teacher_id": Value::Null })).await).await.is(201);
    let student = tom.get("/students").await.items()[0].clone();
    assert_eq!(student, json!({ "id": booking["student_id"], "nickname": "tom", "relation": "self" }));
    tom.booked(&app.class(1, json!({ "starts_at": at("22:00:00.000") })).await).await;
    assert_eq!(tom.get("/students").await.is(200)["total"], 1);
}

async fn changes_of_a_course_at_once_are_all_kept(app: &mut TestApp) {
    let path = format!("/courses/{}", app.course(json!({})).await);
    for round in 1..=5 {
        let changes = [
            json!({ "name": format!("国画 {round}") }),
            json!({ "price_fen": round * 100 }),
            json!({ "level": round }),
            json!({ "category": format!("美术 {round}") }),
            json!({ "default_capacity": round + 1 }),
            json!({ "duration_min": round * 30 }),
        ];
        for answer in join_all(changes.iter().map(|change| app.admin.patch(&path, change.clone()))).await {
            answer.is(200);
        }
        let seen = app.admin.get(&path).await.is(200);
        let expected = changes.into_iter().fold(seen.clone(), with);
        assert_eq!(seen, expected);
    }
    let seen = app.admin.get(&path).await.is(200);
    app.restart("08:30:00.000").await;
    assert_eq!(app.admin.get(&path).await.is(200), seen, "what is remembered is what is stored");
}

async fn nobody_is_remembered_to_have_no_student(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    assert_eq!(tom.get("/students").await.is(200)["total"], 0);
    // As a first booking makes it, whose asker went away before it was remembered.
    let (account, id) = (tom.account.clone(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let made = app.running.app.store.write(move |tx| {
        Box::pin(async move {
            let sql = "insert into students (id, org_id, nickname, created_at, updated_at) \
                select $2, org_id, nickname, created_at, updated_at from accounts where id = $1";
            tx.exec(sql, yueke::args![&*account, id]).await?;
            let sql = "insert into account_students (account_id, student_id, relation, created_at) \
                values ($1, $2, 'self', 0)";
            Ok(tx.exec(sql, yueke::args![&*account, id]).await?)
        })
    });
    made.await.expect("it is written");
    let expected = json!([{ "id": id, "nickname": "tom", "relation": "self" }]);
    assert_eq!(json!(tom.get("/students").await.items()), expected);
}
