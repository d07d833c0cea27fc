//! The staff's look at everybody who waits.

use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, text};

on_both! {
    everybody_who_waits_is_told_with_offers_and_passes
    queues_are_paged_as_one_list_and_filtered_by_fullness
    a_size_that_is_taken_back_leaves_none_behind
    only_known_queues_and_words_are_asked_for
    classes_are_told_by_how_full_their_queues_are
}

async fn full(app: &TestApp, starts_at: &str) -> (String, Person, String) {
    let class = app.class(1, json!({ "starts_at": starts_at })).await;
    let seated = app.student("seated").await;
    let booking = seated.booked(&class).await;
    (class, seated, booking)
}

async fn queue(app: &TestApp, query: &str) -> Vec<Value> {
    app.operator.get(&format!("/admin/waitlist{query}")).await.items()
}

/// Of each: who, the place, the status, the stage of the offer and why they were last passed over.
fn told(rows: &[Value]) -> Vec<String> {
    let tell = |row: &Value| {
        let or_none = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        let (offer, passed) = (or_none(&row["offer"]["stage"]), or_none(&row["passed"]["reason"]));
        format!("{} {} {} {offer} {passed}", text(&row["nickname"]), row["position"], text(&row["status"]))
    };
    rows.iter().map(tell).collect()
}

async fn everybody_who_waits_is_told_with_offers_and_passes(app: &mut TestApp) {
    let (class, seated, seat) = full(app, &at("19:00:00.000")).await;
    let mut entries = Vec::new();
    for name in ["amy", "ben", "cat", "dan"] {
        let person = app.student(name).await;
        entries.push((person.join(&class).await, person));
    }
    assert_eq!(told(&queue(app, "").await)[..2], ["amy 1 waiting - -", "ben 2 waiting - -"]);
    // Ben is in another class at that time.
    let other = app.class(1, json!({ "starts_at": at("20:00:00.000") })).await;
    entries[1].1.booked(&other).await;
    seated.cancel(&seat).await.ok();
    let (entry, amy) = &entries[0];
    amy.begin(entry).await.ok();
    let rows = queue(app, &format!("?schedule_id={class}")).await;
    let first = &rows[0];
    let offer = json!({
        "id": amy.offer(&class).await["id"], "stage": "race", "sent_at": at("08:00:00.000"),
        "deadline": at("08:15:00.000"), "begun_at": at("08:00:00.000"),
    });
    let expected = json!({
        "schedule_id": class, "course_name": "书法", "starts_at": at("19:00:00.000"), "waitlist_length": 4,
        "waitlist_capacity": 8, "waitlist_id": entry, "position": 1, "student_id": amy.student, "nickname": "amy",
        "status": "notified", "joined_at": at("08:00:00.000"), "reachable": false, "offer": offer, "passed": null,
    });
    assert_eq!(*first, expected);
    assert_eq!(told(&rows)[1], "ben 2 notified race -");

    let withdraw = json!({ "schedule_id": class, "offer_id": rows[3]["offer"]["id"] });
    app.operator.post("/waitlist/withdraw", withdraw).await.is(200);
    app.advance_to("08:01:00.000").await;
    amy.decline(entry).await.ok();
    app.advance_to("08:15:00.000").await;
    let rows = queue(app, "").await;
    let expected = [
        "amy 1 waiting - declined",
        "ben 2 waiting - time_conflict",
        "cat 3 in_turn turn -",
        "dan 4 waiting - withdrawn",
    ];
    assert_eq!(told(&rows), expected);
    assert_eq!(
        (&rows[0]["passed"]["at"], &rows[1]["passed"]["at"]),
        (&json!(at("08:01:00.000")), &json!(at("08:15:00.000")))
    );
    // Cat's turn lapses; the seat is public and nobody has an offer.
    app.advance_to("08:30:00.000").await;
    assert_eq!(
        told(&queue(app, "").await),
        ["amy 1 waiting - declined", "ben 2 waiting - time_conflict", "dan 3 waiting - withdrawn"]
    );
}

async fn queues_are_paged_as_one_list_and_filtered_by_fullness(app: &mut TestApp) {
    let (evening, ..) = full(app, "2025-11-13T19:00:00+08:00").await;
    let (noon, ..) = full(app, "2025-11-13T12:00:00+08:00").await;
    let size = json!({ "scope": "schedule", "ref": noon, "capacity": 2 });
    app.operator.put("/waitlist/capacity", size).await.is(200);
    for (class, names) in [(&evening, ["amy", "ben", "cat"].as_slice()), (&noon, &["dan", "eve"])] {
        for name in names {
            app.student(name).await.join(class).await;
        }
    }
    let names = async |query: &str| -> Vec<String> {
        queue(app, query).await.iter().map(|row| format!("{} {}", text(&row["nickname"]), row["position"])).collect()
    };
    assert_eq!(names("").await, ["dan 1", "eve 2", "amy 1", "ben 2", "cat 3"]);
    assert_eq!(names("?page_size=3").await, ["dan 1", "eve 2", "amy 1"]);
    assert_eq!(names("?page_size=3&page=2").await, ["ben 2", "cat 3"]);
    assert_eq!(names("?page_size=3&page=3").await, Vec::<String>::new());
    assert_eq!(names("?page_size=1&page=5").await, ["cat 3"]);
    assert_eq!(names("?full=true").await, ["dan 1", "eve 2"]);
    assert_eq!(names("?full=false&page_size=2&page=2").await, ["cat 3"]);
    assert_eq!(names(&format!("?schedule_id={evening}&full=true")).await, Vec::<String>::new());
    assert_eq!(app.operator.get("/admin/waitlist?page_size=3").await.is(200)["total"], 5);
    assert_eq!(app.operator.get("/admin/waitlist?full=true").await.is(200)["total"], 2);
}

async fn a_size_that_is_taken_back_leaves_none_behind(app: &mut TestApp) {
    let (class, ..) = full(app, "2025-11-13T19:00:00+08:00").await;
    app.student("amy").await.join(&class).await;
    let set = async |body: Value| app.operator.put("/waitlist/capacity", body).await.is(200);
    let own = async || {
        let row = &app.operator.get("/admin/waitlist/classes").await.is(200)["items"][0];
        (row["waitlist_capacity"].clone(), row["own_size"].clone())
    };
    assert_eq!(own().await, (json!(8), json!(false)));
    set(json!({ "scope": "schedule", "ref": class, "capacity": 12 })).await;
    assert_eq!(own().await, (json!(12), json!(true)));
    let back = json!({ "scope": "schedule", "ref": class, "capacity": null });
    assert_eq!(set(back.clone()).await, back);
    set(back).await;
    assert_eq!(own().await, (json!(8), json!(false)));
    set(json!({ "scope": "global", "capacity": 9 })).await;
    assert_eq!(own().await, (json!(9), json!(false)), "what is wider counts again");
}

async fn only_known_queues_and_words_are_asked_for(app: &mut TestApp) {
    app.operator.get("/admin/waitlist?full=yes").await.invalid("full");
    app.operator.get("/admin/waitlist?page_size=101").await.invalid("page_size");
    for id in ["x", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        app.operator.get(&format!("/admin/waitlist?schedule_id={id}")).await.fails(404, "unknown_schedule");
    }
    let class = app.class(1, json!({})).await;
    assert_eq!(queue(app, &format!("?schedule_id={class}")).await, Vec::<Value>::new());
}

async fn classes_are_told_by_how_full_their_queues_are(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let one = async |starts_at: &str, capacity: u32, names: &[&str]| {
        let new = json!({ "starts_at": starts_at, "teacher_id": tom.teacher });
        let class = app.class(capacity, new).await;
        let hour = &starts_at[11..13];
        for n in 0..capacity {
            app.student(&format!("seated {hour} {n}")).await.booked(&class).await;
        }
        for name in names {
            app.student(name).await.join(&class).await;
        }
        class
    };
    assert_eq!(app.operator.get("/admin/waitlist/classes").await.is(200)["total"], 0);
    let some = one("2025-11-13T09:00:00+08:00", 1, &["amy", "ben"]).await;
    let small = one("2025-11-13T12:00:00+08:00", 1, &["cat", "dan"]).await;
    let wide = one("2025-11-13T15:00:00+08:00", 3, &["eve", "fay"]).await;
    one("2025-11-13T18:00:00+08:00", 1, &[]).await;
    for class in [&small, &wide] {
        let size = json!({ "scope": "schedule", "ref": class, "capacity": 2 });
        app.operator.put("/waitlist/capacity", size).await.is(200);
    }
    let told = app.operator.get("/admin/waitlist/classes").await.is(200);
    assert_eq!(told["total"], 3);
    let rows = told["items"].as_array().expect("items");
    let ids: Vec<&Value> = rows.iter().map(|r| &r["schedule_id"]).collect();
    assert_eq!(ids, [&json!(small), &json!(wide), &json!(some)]);
    let expected = json!({
        "schedule_id": wide, "course_name": "书法", "teacher_name": "tom", "starts_at": "2025-11-13T15:00:00.000+08:00",
        "cutoff_at": "2025-11-13T09:00:00.000+08:00", "capacity": 3, "waitlist_length": 2, "waitlist_capacity": 2,
        "own_size": true, "full": true,
        "suggestion": { "kind": "raise", "capacity": 3, "text": "候补队列已满，可将候补上限从2人提高到3人" },
    });
    assert_eq!(rows[1], expected);
    assert_eq!((&rows[0]["suggestion"]["kind"], &rows[2]["suggestion"]), (&json!("another_class"), &Value::Null));
    let second = app.operator.get("/admin/waitlist/classes?page_size=1&page=2").await.is(200);
    assert_eq!((&second["items"][0]["schedule_id"], &second["total"]), (&json!(wide), &json!(3)));
    let english = app.operator.in_english().get("/admin/waitlist/classes").await.items();
    assert_eq!(english[1]["suggestion"]["text"], "The queue is full: let 3 wait instead of 2");
}
