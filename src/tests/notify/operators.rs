//! What operators see of messages: the log with its filters, the rates, and sending again.

use serde_json::json;

use super::phone::{Phone, deal, full_class, wechat};
use crate::harness::app::{TestApp, on_both, text};

on_both! {
    the_log_is_filtered
    rates_tell_what_became_of_each_template
    a_stale_message_that_is_sent_again_is_dropped_again
}

async fn the_log_is_filtered(app: &mut TestApp) {
    let (amy, ben) = (Phone::reachable(app, "amy", 1).await, Phone::of(app, "ben").await);
    let (class, holder, booking) = full_class(app, &[&amy, &ben], json!({})).await;
    app.advance_to("09:00:00.000").await;
    holder.cancel(&booking).await.ok();
    deal(app).await;
    let count = async |query: &str| {
        app.operator.get(&format!("/notifications?{query}")).await.is(200)["total"].as_u64().expect("a number")
    };
    let amys = format!("kind=seat_offered&account_id={}", amy.account);
    let of_class = format!("kind=seat_offered&schedule_id={class}");
    for (query, expected) in [
        ("kind=seat_offered", 2),
        ("kind=seat_offered&state=sent", 1),
        ("kind=seat_offered&state=refused", 1),
        ("kind=class_reminder", 0),
        (&*amys, 1),
        (&*of_class, 2),
        ("kind=seat_offered&schedule_id=other", 0),
        ("kind=seat_offered&from=2025-11-12T09:00:00%2B08:00", 2),
        ("kind=seat_offered&to=2025-11-12T09:00:00%2B08:00", 0),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    let row = &app.operator.get(&format!("/notifications?{amys}")).await.items()[0];
    let facts = ["state", "nickname", "channel", "title", "attempts"].map(|name| row[name].clone());
    assert_eq!(facts, [json!("sent"), json!("amy"), json!("wechat"), json!("有名额，立即预约"), json!(1)]);
    assert!(row["remote_id"].as_str().is_some_and(|id| id.len() > 15), "WeChat's own number: {row}");
    assert!(row["sent_at"].is_string() && row["next_at"].is_null());
    app.operator.get("/notifications?state=lost").await.invalid("state");
    app.operator.get("/notifications?kind=gossip").await.invalid("kind");
    app.operator.get("/notifications?from=soon").await.invalid("from");
    amy.get("/notifications").await.fails(403, "forbidden");
}

async fn rates_tell_what_became_of_each_template(app: &mut TestApp) {
    let (amy, ben) = (Phone::reachable(app, "amy", 1).await, Phone::of(app, "ben").await);
    let (_, holder, booking) = full_class(app, &[&amy, &ben], json!({})).await;
    holder.cancel(&booking).await.ok();
    deal(app).await;
    let rates = app.operator.get("/stats/notification").await.items();
    let seats = rates.iter().find(|r| r["kind"] == "seat_offered").expect("a row for freed seats");
    let facts = ["sent", "refused", "failed", "dropped", "queued"].map(|name| seats[name].as_u64().expect("a number"));
    assert_eq!((facts, &seats["rate"]), ([1, 1, 0, 0, 0], &json!(0.5)));
    assert_eq!(seats["reasons"], json!({ "no_grant": 1 }));
    assert!(seats["mean_seconds"].is_number());
}

async fn a_stale_message_that_is_sent_again_is_dropped_again(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 1).await;
    let (_, holder, booking) = full_class(app, &[&amy], json!({})).await;
    wechat(app, json!({ "fail_next": [{ "call": "send", "errcode": 47003 }] })).await;
    holder.cancel(&booking).await.ok();
    deal(app).await;
    let failed = text(&app.operator.get("/notifications?state=failed").await.items()[0]["id"]);
    app.advance_to("08:15:00.000").await;
    app.operator.post(&format!("/notifications/{failed}/resend"), json!({})).await.ok();
    deal(app).await;
    let row = app.operator.get("/notifications?state=dropped").await.items();
    assert_eq!((text(&row[0]["id"]), &row[0]["reason"]), (failed, &json!("offer_ended")));
    app.operator.post("/notifications/01ARZ3NDEKTSV4RRFFQ69G5FAV/resend", json!({})).await.fails(404, "not_found");
}
