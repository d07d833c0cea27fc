//! One yes is one message: what is counted, and what is asked for again.

use serde_json::{Value, json};

use super::phone::{Phone, answered, deal, full_class, log};
use crate::harness::app::{TestApp, on_both, text};

on_both! {
    a_yes_is_counted_and_used_up
    a_tap_sent_twice_counts_once
    a_no_is_kept_and_asked_again_a_ban_is_not
    what_a_client_made_up_is_refused
    without_a_grant_wechat_is_asked_once
    a_teacher_or_parent_hears_on_their_own_phone
}

async fn state(phone: &Phone) -> Value {
    phone.get("/users/subscribe").await.ok()
}

fn seat(state: &Value) -> Value {
    let templates = state["templates"].as_array().expect("templates");
    let tells = |t: &&Value| t["kinds"] == json!(["seat_offered"]);
    templates.iter().find(tells).expect("a template for a freed seat").clone()
}

async fn a_yes_is_counted_and_used_up(app: &mut TestApp) {
    let amy = Phone::of(app, "amy").await;
    let before = state(&amy).await;
    assert_eq!((&before["linked"], &before["reachable"]), (&json!(true), &json!(false)));
    let asked = before["ask"]["join"].as_array().expect("templates").len();
    assert_eq!(asked, 3, "a freed seat, its reminder, the class");
    let after = amy.tap("join", "accept").await;
    assert_eq!((&seat(&after)["remaining"], &seat(&after)["choice"]), (&json!(1), &json!("accept")));
    assert_eq!((&after["reachable"], &after["ask"]["join"]), (&json!(true), &json!([])));
    let (_, holder, booking) = full_class(app, &[&amy], json!({})).await;
    holder.cancel(&booking).await.ok();
    deal(app).await;
    let used = state(&amy).await;
    assert_eq!((&seat(&used)["remaining"], &used["reachable"]), (&json!(0), &json!(false)));
    assert_eq!(used["ask"]["join"], json!([seat(&used)["id"]]), "only what is used up is asked for again");
}

async fn a_tap_sent_twice_counts_once(app: &mut TestApp) {
    let amy = Phone::of(app, "amy").await;
    let id = text(&seat(&state(&amy).await)["id"]);
    let results = json!({ "results": { "errMsg": "requestSubscribeMessage:ok", id: "accept" } });
    let twice = async || amy.keyed("tap-1", reqwest::Method::POST, "/users/subscribe", results.clone()).await.ok();
    let (first, second) = (twice().await, twice().await);
    assert_eq!(first, second);
    assert_eq!(seat(&state(&amy).await)["remaining"], 1);
}

async fn a_no_is_kept_and_asked_again_a_ban_is_not(app: &mut TestApp) {
    let amy = Phone::of(app, "amy").await;
    let id = text(&seat(&state(&amy).await)["id"]);
    for (choice, asked) in [("reject", true), ("filter", true), ("ban", false), ("acceptWithAudio", false)] {
        let after = amy.post("/users/subscribe", json!({ "results": { &id: choice } })).await.ok();
        let expected = if choice.starts_with("accept") { "accept" } else { choice };
        assert_eq!(seat(&after)["choice"], expected);
        let wanted = after["ask"]["join"].as_array().expect("templates").contains(&json!(id));
        assert_eq!(wanted, asked, "{choice}");
    }
    assert_eq!(seat(&state(&amy).await)["remaining"], 1);
}

async fn what_a_client_made_up_is_refused(app: &mut TestApp) {
    let amy = Phone::of(app, "amy").await;
    let id = text(&seat(&state(&amy).await)["id"]);
    for results in [json!({}), json!({ "errMsg": "ok" }), json!({ "other": "accept" }), json!({ id: "yes" }), json!(7)]
    {
        amy.post("/users/subscribe", json!({ "results": results })).await.invalid("results");
    }
    // Whoever did not come through WeChat has nothing to say yes to.
    let made = app.admin.post("/dev/people", json!({ "role": "student", "prefix": "q", "count": 1 })).await.ok();
    let stranger = app.with_token(&text(&made["items"][0]["token"]));
    let unlinked = stranger.get("/users/subscribe").await.ok();
    assert_eq!((&unlinked["linked"], &unlinked["ask"]["join"]), (&json!(false), &json!([])));
    let id = text(&seat(&unlinked)["id"]);
    stranger.post("/users/subscribe", json!({ "results": { id: "accept" } })).await.refused("wechat_not_linked");
}

async fn without_a_grant_wechat_is_asked_once(app: &mut TestApp) {
    let amy = Phone::of(app, "amy").await;
    let (class, holder, booking) = full_class(app, &[&amy], json!({})).await;
    let before = answered(app, "send", 43101).await;
    holder.cancel(&booking).await.ok();
    assert_eq!(log(app, "kind=seat_offered").await, ["seat_offered refused no_grant"]);
    assert_eq!(answered(app, "send", 43101).await, before + 1);
    let known = state(&amy).await;
    assert_eq!((&seat(&known)["remaining"], seat(&known)["refused_at"].is_null()), (&json!(0), false));
    // The race ends and her turn begins: WeChat need not be asked what it has just said.
    app.advance_to("08:16:00.000").await;
    assert_eq!(log(app, "kind=seat_offered").await, vec!["seat_offered refused no_grant"; 2]);
    let reminders = log(app, "kind=offer_reminder").await.len() as u64;
    assert_eq!(answered(app, "send", 43101).await, before + 1 + reminders.min(1), "once a template");
    // With a yes it goes out, to be sent again by hand while the offer stands.
    amy.tap("join", "accept").await;
    let latest = app.operator.get(&format!("/notifications?kind=seat_offered&schedule_id={class}")).await.items();
    app.operator.post(&format!("/notifications/{}/resend", text(&latest[0]["id"])), json!({})).await.ok();
    assert_eq!(amy.titles(app).await, ["候补名额通知"]);
    assert_eq!(seat(&state(&amy).await)["remaining"], 0);
}

async fn a_teacher_or_parent_hears_on_their_own_phone(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 1).await;
    let class = app.class(2, json!({})).await;
    amy.booked(&class).await;
    assert_eq!(amy.titles(app).await, ["预约结果通知"]);
    let booked = amy.messages(app).await[0].clone();
    assert_eq!(booked.values[2], "BK20251112-000001");
    assert!(booked.page.starts_with("pages/booking/detail?id="), "{}", booked.page);
}
