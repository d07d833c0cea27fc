//! Lists of classes: days, weeks and months; a teacher's, a course's, and all.

use serde_json::{Value, json};

use crate::harness::app::{Person, TestApp, at, on_both, text};

on_both! {
    a_week_lists_what_has_a_seat_left
    a_month_counts_its_days
    a_teacher_and_a_course_have_their_lists
    who_plans_finds_their_classes
    a_page_of_many_is_told_as_one_by_one
}

/// A class with its place for a name.
async fn planned(app: &TestApp, starts_at: &str, place: &str, more: Value) -> String {
    let new = crate::harness::app::with(json!({ "starts_at": starts_at, "location": place }), more);
    app.class(1, new).await
}

/// The places of a list, in its order, and how many there are in all.
async fn places(who: &Person, path: &str) -> (Vec<String>, u64) {
    let list = who.get(path).await.is(200);
    let places = list["items"].as_array().expect("items").iter().map(|s| text(&s["location"])).collect();
    (places, list["total"].as_u64().expect("a total"))
}

fn found(places: &[&str], total: u64) -> (Vec<String>, u64) {
    (places.iter().map(|p| (*p).to_owned()).collect(), total)
}

async fn a_week_lists_what_has_a_seat_left(app: &mut TestApp) {
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    assert_eq!(places(&amy, "/slots/week").await, found(&[], 0));
    // Half an hour after midnight here it is still the day before in UTC.
    planned(app, "2025-11-13T00:30:00+08:00", "night", json!({})).await;
    planned(app, "2025-11-11T16:30:00Z", "before", json!({ "starts_at": "2025-11-12T08:00:01+08:00" })).await;
    let booked = planned(app, "2025-11-14T10:00:00+08:00", "booked", json!({})).await;
    let held =
        planned(app, "2025-11-14T12:00:00+08:00", "held", json!({ "ends_at": "2025-11-14T13:00:00+08:00" })).await;
    let offered = planned(app, "2025-11-14T13:00:00+08:00", "offered", json!({})).await;
    let blocked = planned(app, "2025-11-14T17:00:00+08:00", "blocked", json!({})).await;
    planned(app, "2025-11-18T23:59:00+08:00", "last", json!({})).await;
    planned(app, "2025-11-19T00:00:00+08:00", "next week", json!({})).await;
    amy.booked(&booked).await;
    amy.post(&format!("/schedules/{held}/hold"), json!({})).await.is(200);
    let seat = amy.booked(&offered).await;
    ben.join(&offered).await;
    amy.cancel(&seat).await.ok();
    app.admin.post(&format!("/schedules/{blocked}/block"), json!({})).await.is(200);

    assert_eq!(places(&amy, "/slots/week").await, found(&["before", "night", "last"], 3));
    assert_eq!(places(&amy, "/slots/week?startDate=2025-11-13").await, found(&["night", "last", "next week"], 3));
    assert_eq!(places(&amy, "/slots/week?startDate=2025-11-12&page_size=2&page=2").await, found(&["last"], 3));
    // A hold that ends, and an offer that nobody takes, give the seat back.
    app.advance_to("08:30:00.000").await;
    assert_eq!(places(&amy, "/slots/week").await, found(&["night", "held", "offered", "last"], 4));
    let week = amy.get("/slots/week").await.items();
    assert!(week.iter().all(|s| s["seats_left"] == 1 && s["rounds"] == json!([])), "{week:?}");
}

async fn a_month_counts_its_days(app: &mut TestApp) {
    let (amy, tom) = (app.student("amy").await, app.teacher("tom").await);
    let empty = |date: &str| json!({ "date": date, "classes": 0, "free": 0, "mine_booked": 0, "mine_waiting": 0 });
    let november = amy.get("/slots/month").await.is(200);
    assert_eq!(november["month"], "2025-11");
    let days = november["days"].as_array().expect("days").clone();
    assert_eq!((days.len(), &days[0], &days[29]), (30, &empty("2025-11-01"), &empty("2025-11-30")));
    let of = json!({ "teacher_id": tom.teacher });
    let night = planned(app, "2025-11-30T00:30:00+08:00", "night", of.clone()).await;
    let full =
        planned(app, "2025-11-30T23:30:00+08:00", "full", json!({ "ends_at": "2025-12-01T00:30:00+08:00" })).await;
    planned(app, "2025-12-01T00:00:00+08:00", "december", json!({})).await;
    let gone = planned(app, "2025-11-30T12:00:00+08:00", "gone", json!({})).await;
    app.admin.post(&format!("/schedules/{gone}/revoke"), json!({})).await.is(200);
    planned(app, "2025-11-12T09:00:00+08:00", "today", json!({})).await;
    amy.booked(&night).await;
    app.student("ben").await.booked(&full).await;
    amy.join(&full).await;
    let day = async |who: &Person, query: &str, day: usize| {
        who.get(&format!("/slots/month{query}")).await.is(200)["days"][day].clone()
    };
    let told = |classes: u32, free: u32, booked: u32, waiting: u32, date: &str| json!({ "date": date, "classes": classes, "free": free, "mine_booked": booked, "mine_waiting": waiting });
    assert_eq!(day(&amy, "", 29).await, told(2, 0, 1, 1, "2025-11-30"));
    assert_eq!(day(&amy, "?month=2025-11", 11).await, told(1, 1, 0, 0, "2025-11-12"));
    assert_eq!(day(&amy, "?month=2025-12", 0).await, told(1, 1, 0, 0, "2025-12-01"));
    assert_eq!(day(&tom, "", 29).await, told(2, 0, 0, 0, "2025-11-30"));
    assert_eq!(day(&amy, &format!("?teacher_id={}", tom.teacher), 29).await, told(1, 0, 1, 0, "2025-11-30"));
    let course = text(&amy.sees(&full).await["course_id"]);
    assert_eq!(day(&amy, &format!("?course_id={course}"), 29).await, told(1, 0, 0, 1, "2025-11-30"));
    assert_eq!(day(&app.operator, &format!("?student_id={}", amy.student), 29).await, told(2, 0, 1, 1, "2025-11-30"));
    // What has begun is not free any more.
    app.advance_to("09:00:00.000").await;
    assert_eq!(day(&amy, "", 11).await, told(1, 0, 0, 0, "2025-11-12"));
}

async fn a_teacher_and_a_course_have_their_lists(app: &mut TestApp) {
    let (amy, tom, tim) = (app.student("amy").await, app.teacher("tom").await, app.teacher("tim").await);
    let course = app.course(json!({ "duration_min": 60, "level": 3, "category": "国画", "price_fen": 5_000 })).await;
    let plan = async |who: &Person, time: &str, place: &str| {
        let new = json!({ "course_id": course, "starts_at": time, "location": place, "teacher_id": who.teacher,
            "policy": { "price_modifier_fen": -500 } });
        app.admin.post("/schedules", new).await.is(201);
    };
    plan(&tom, "2025-11-12T09:00:00+08:00", "T9").await;
    plan(&tim, "2025-11-12T09:00:00+08:00", "M9").await;
    plan(&tom, "2025-11-13T00:15:00+08:00", "T night").await;
    planned(app, "2025-11-12T10:00:00+08:00", "other", json!({ "teacher_id": tom.teacher })).await;
    let of_tom = format!("/teachers/{}/slots", tom.teacher);
    assert_eq!(places(&amy, &of_tom).await, found(&["T9", "other"], 2));
    assert_eq!(places(&amy, &format!("{of_tom}?date=2025-11-13")).await, found(&["T night"], 1));
    assert_eq!(places(&amy, &format!("{of_tom}?course_id={course}")).await, found(&["T9"], 1));
    assert_eq!(places(&amy, &format!("{of_tom}?date=2025-11-14")).await, found(&[], 0));
    assert_eq!(places(&amy, &format!("/slots?teacher_id={}", tim.teacher)).await, found(&["M9"], 1));
    let slot = amy.get(&format!("/slots?course_id={course}")).await.items()[0].clone();
    let told = ["course_kind", "level", "category", "final_price_fen"].map(|name| &slot[name]);
    assert_eq!(told, [&json!(1), &json!(3), &json!("国画"), &json!(4_500)]);

    let of_course = format!("/courses/{course}/slots");
    assert_eq!(places(&amy, &of_course).await, found(&["T9", "M9", "T night"], 3));
    assert_eq!(places(&amy, &format!("{of_course}?from=2025-11-13&to=2025-11-13")).await, found(&["T night"], 1));
    assert_eq!(places(&amy, &format!("{of_course}?page_size=1&page=2")).await, found(&["M9"], 3));
    app.advance_to("09:30:00.000").await;
    assert_eq!(places(&amy, &of_course).await, found(&["T night"], 1), "from now on");
    assert_eq!(places(&amy, &format!("{of_course}?from=2025-11-12")).await, found(&["T9", "M9", "T night"], 3));
    for none in ["/teachers/01ARZ3NDEKTSV4RRFFQ69G5FAV/slots", "/courses/x/slots"] {
        amy.get(none).await.fails(404, "not_found");
    }
}

async fn who_plans_finds_their_classes(app: &mut TestApp) {
    let (tom, tim) = (app.teacher("Tom_1").await, app.teacher("T%m").await);
    let of = |who: &Person| json!({ "teacher_id": who.teacher });
    planned(app, "2025-11-12T09:00:00+08:00", "A 教室", of(&tom)).await;
    let blocked = planned(app, "2025-11-12T23:59:59.999+08:00", "Hall", of(&tom)).await;
    planned(app, "2025-11-13T00:00:00+08:00", "back\\slash", of(&tim)).await;
    let revoked = planned(app, "2025-11-14T09:00:00+08:00", "gone", json!({})).await;
    app.admin.post(&format!("/schedules/{blocked}/block"), json!({})).await.is(200);
    app.admin.post(&format!("/schedules/{revoked}/revoke"), json!({})).await.is(200);
    let staff = &app.operator;
    assert_eq!(places(staff, "/schedules").await, found(&["A 教室", "Hall", "back\\slash", "gone"], 4));
    assert_eq!(places(&tom, "/schedules").await, found(&["A 教室", "Hall"], 2));
    assert_eq!(places(&tom, &format!("/schedules?teacher_id={}", tim.teacher)).await, found(&[], 0), "not another's");
    for (query, expected) in [
        ("from=2025-11-12&to=2025-11-12", &["A 教室", "Hall"][..]),
        ("from=2025-11-12T01:00:00Z&to=2025-11-12T16:00:00Z", &["A 教室", "Hall"]),
        ("from=2025-11-13T00:00:00%2B08:00", &["back\\slash", "gone"]),
        ("from=2025-11-12&to=2026-01-12", &["A 教室", "Hall", "back\\slash", "gone"]),
        ("from=2025-10-01&to=2025-11-11", &[]),
        ("status=blocked", &["Hall"]),
        ("status=revoked", &["gone"]),
        ("status=completed", &[]),
        ("q=hall", &["Hall"]),
        ("q=%E6%95%99%E5%AE%A4", &["A 教室"]),
        ("q=tom_", &["A 教室", "Hall"]),
        ("q=T%25", &["back\\slash"]),
        ("q=%5C", &["back\\slash"]),
        ("q=%E4%B9%A6", &["A 教室", "Hall", "back\\slash", "gone"]),
        ("q='%3B--", &[]),
    ] {
        let expected = found(expected, expected.len() as u64);
        assert_eq!(places(staff, &format!("/schedules?{query}")).await, expected, "{query}");
    }
    assert_eq!(places(staff, "/schedules?page_size=3&page=2").await, found(&["gone"], 4));
}

/// Each class of the list is as it is by itself.
async fn check_day(who: &Person, classes: &[String]) {
    let listed = who.get("/slots?date=2025-11-13").await.items();
    assert_eq!(listed.iter().map(|s| text(&s["id"])).collect::<Vec<_>>(), classes);
    for (slot, class) in listed.iter().zip(classes) {
        for (name, value) in who.sees(class).await.as_object().expect("an object") {
            assert_eq!(slot[name], *value, "{name} of {slot}");
        }
        assert_eq!(who.get(&format!("/slots/{class}")).await.is(200), *slot, "alone as in the list");
    }
}

/// What is asleep is read in one go, what is awake is asked: both say what a look says.
async fn a_page_of_many_is_told_as_one_by_one(app: &mut TestApp) {
    let (amy, ben, cat) = (app.student("amy").await, app.student("ben").await, app.student("cat").await);
    let mut classes = Vec::new();
    for hour in 9..21 {
        let starts_at = format!("2025-11-13T{hour:02}:00:00+08:00");
        let ends_at = format!("2025-11-13T{hour:02}:50:00+08:00");
        classes.push(app.class(2, json!({ "starts_at": starts_at, "ends_at": ends_at })).await);
    }
    let seat = amy.booked(&classes[0]).await;
    ben.booked(&classes[0]).await;
    cat.join(&classes[0]).await;
    amy.cancel(&seat).await.ok();
    amy.booked(&classes[1]).await;
    ben.post(&format!("/schedules/{}/hold", classes[2]), json!({})).await.is(200);
    amy.booked(&classes[3]).await;
    ben.booked(&classes[3]).await;
    cat.join(&classes[3]).await;
    let dan = app.student("dan").await;
    dan.join(&classes[3]).await;
    for who in [&amy, &ben, &cat, &dan, &app.operator] {
        check_day(who, &classes).await;
    }
    // Everybody is asleep.
    app.restart("08:04:00.000").await;
    let listed = cat.get("/slots?date=2025-11-13").await.items();
    assert_eq!(listed[0]["rounds"], json!([{ "stage": "race", "deadline": at("08:15:00.000") }]));
    assert_eq!(
        (&listed[0]["mine"]["offer"]["stage"], &listed[3]["mine"]["waitlist_entry"]["position"]),
        (&json!("race"), &json!(1))
    );
    for who in [&amy, &ben, &cat, &dan, &app.operator] {
        check_day(who, &classes).await;
    }
    // What is due is handled before it is told: the hold has ended, and nobody answered the race.
    app.restart("08:20:00.000").await;
    let listed = cat.get("/slots?date=2025-11-13").await.items();
    assert_eq!((&listed[2]["seats_held"], &listed[0]["rounds"][0]["stage"]), (&json!(0), &json!("turn")));
}
