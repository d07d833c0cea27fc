//! A class from the inside: who comes, who holds, who waits, and what becomes of freed seats.

use serde_json::{Value, json};

use crate::harness::app::{TestApp, at, on_both, text, with};

on_both! {
    a_roster_tells_everybody_in_a_class
    an_empty_class_has_an_empty_roster
    a_roster_says_why_somebody_was_passed_over
}

async fn a_roster_tells_everybody_in_a_class(app: &mut TestApp) {
    let tom = app.teacher("tom").await;
    let class = app.class(3, json!({ "teacher_id": tom.teacher, "location": "A" })).await;
    let (amy, ben) = (app.student("amy").await, app.student("<b>Ben</b> & '老'").await);
    let (cat, dan) = (app.student("cat").await, app.student("dan").await);
    let gone = amy.booked(&class).await;
    amy.cancel(&gone).await.ok();
    app.advance_to("08:01:00.000").await;
    let noted = json!({ "schedule_id": class, "note": "带毛笔" });
    let first = ben.post("/bookings", noted).await.is(201);
    app.advance_to("08:02:00.000").await;
    let arranged = json!({ "schedule_id": class, "profile_id": amy.student });
    let second = app.operator.post("/bookings", arranged).await.is(201);
    cat.post(&format!("/schedules/{class}/hold"), json!({})).await.is(200);
    dan.join(&class).await;

    let path = format!("/schedules/{class}/roster");
    let roster = tom.get(&path).await.is(200);
    assert_eq!(roster, app.operator.get(&path).await.is(200));
    let seen = tom.sees(&class).await;
    for (name, value) in seen.as_object().expect("an object") {
        assert_eq!(roster["schedule"][name], *value, "{name}");
    }
    assert_eq!((&roster["schedule"]["teacher_name"], &roster["schedule"]["location"]), (&json!("tom"), &json!("A")));
    let bookings = roster["bookings"].as_array().expect("bookings");
    let ids: Vec<&Value> = bookings.iter().map(|b| &b["id"]).collect();
    assert_eq!(ids, [&first["id"], &second["id"], &json!(gone)]);
    let booked = with(
        first,
        json!({
            "nickname": "<b>Ben</b> & '老'", "student_note": "带毛笔", "teacher_note": null,
            "booked_by_name": "<b>Ben</b> & '老'",
        }),
    );
    assert_eq!(bookings[0], booked);
    assert_eq!((&bookings[1]["nickname"], &bookings[1]["booked_by_name"]), (&json!("amy"), &json!("olga")));
    assert_eq!((&bookings[2]["status"], &bookings[2]["created_at"]), (&json!("cancelled"), &json!(at("08:00:00.000"))));
    let hold = json!([{ "student_id": cat.student, "nickname": "cat", "expires_at": at("08:07:00.000") }]);
    assert_eq!(roster["holds"], hold);
    let waiting = &roster["queue"][0];
    let expected = json!({
        "waitlist_id": waiting["waitlist_id"], "position": 1, "student_id": dan.student, "nickname": "dan",
        "status": "waiting", "joined_at": at("08:02:00.000"), "reachable": false, "offer": null, "passed": null,
    });
    assert_eq!((waiting, &roster["rounds"]), (&expected, &json!([])));

    // What is due is handled before it is told: the hold ends, and its seat is raced for.
    app.advance_to("08:08:00.000").await;
    let roster = tom.get(&path).await.is(200);
    assert_eq!((&roster["holds"], &roster["queue"][0]["status"]), (&json!([]), &json!("notified")));
    let round = &roster["rounds"][0];
    let expected = json!({
        "id": round["id"], "stage": "race", "released_at": at("08:07:00.000"), "deadline": at("08:22:00.000"),
        "cause": "hold_ended", "turn_of": null,
    });
    assert_eq!(*round, expected);
    app.advance_to("08:22:00.000").await;
    let roster = tom.get(&path).await.is(200);
    assert_eq!((&roster["rounds"][0]["stage"], &roster["rounds"][0]["turn_of"]), (&json!("turn"), &json!("dan")));
}

async fn an_empty_class_has_an_empty_roster(app: &mut TestApp) {
    let class = app.class(3, json!({})).await;
    let mut roster = app.operator.get(&format!("/schedules/{class}/roster")).await.is(200);
    assert_eq!(text(&roster["schedule"]["id"]), class);
    roster.as_object_mut().expect("an object").remove("schedule");
    assert_eq!(roster, json!({ "bookings": [], "holds": [], "queue": [], "rounds": [], "complete": true }));
    app.operator.get("/schedules/x/roster").await.fails(404, "not_found");
}

async fn a_roster_says_why_somebody_was_passed_over(app: &mut TestApp) {
    let class = app.class(1, json!({})).await;
    let (amy, ben) = (app.student("amy").await, app.student("ben").await);
    let seat = amy.booked(&class).await;
    let entry = ben.join(&class).await;
    amy.cancel(&seat).await.ok();
    ben.decline(&entry).await.ok();
    let path = format!("/schedules/{class}/roster");
    let passed = app.operator.get(&path).await.is(200)["queue"][0]["passed"].clone();
    assert_eq!(passed, json!({ "at": at("08:00:00.000"), "why": "declined", "text": "本人放弃了名额" }));
    let passed = app.operator.in_english().get(&path).await.is(200)["queue"][0]["passed"]["text"].clone();
    assert_eq!(passed, "declined the seat");
}
