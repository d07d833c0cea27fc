//! WeChat away, slow, busy or lost: bookings go on, messages catch up, and what is stale is dropped.

use serde_json::json;

use super::phone::{Phone, answered, deal, full_class, log, wechat};
use crate::{
    harness::app::{TestApp, on_both},
    store::database::Database,
};

on_both! {
    wechat_away_for_an_hour
    a_lost_answer_is_tried_again_and_given_up_after_five
    a_message_that_wechat_rejects_is_given_up_at_once
    a_dead_token_costs_nobody_a_message
    the_days_quota_is_waited_for
    answers_that_are_lost_are_five_tries
    a_token_that_is_refused_is_told_and_nothing_is_lost
}

async fn wechat_away_for_an_hour(app: &mut TestApp) {
    let (amy, ben) = (Phone::reachable(app, "amy", 2).await, Phone::reachable(app, "ben", 2).await);
    let (class, holder, booking) = full_class(app, &[&amy, &ben], json!({})).await;
    wechat(app, json!({ "down": "refuse" })).await;
    app.advance_to("09:00:00.000").await;
    holder.cancel(&booking).await.ok();
    // Bookings go on as if nothing was.
    let other = app.class(3, json!({ "starts_at": crate::harness::app::at("15:00:00.000") })).await;
    amy.booked(&other).await;
    ben.booked(&other).await;
    // The race ends, Amy's turn begins and ends, Ben's begins; none of it could be sent.
    app.advance_to("09:35:00.000").await;
    let third = app.class(3, json!({ "starts_at": crate::harness::app::at("17:10:00.000"), "ends_at": crate::harness::app::at("18:10:00.000") })).await;
    amy.booked(&third).await;
    assert!(amy.titles(app).await.is_empty() && ben.titles(app).await.is_empty());
    assert!(!ben.offer(&class).await.is_null(), "the turn went on without WeChat");
    let of = |who: &Phone| format!("account_id={}", who.account);
    for line in [log(app, &of(&amy)).await, log(app, &of(&ben)).await].concat() {
        assert!(line.contains(" queued") || line.contains(" dropped"), "{line}");
    }
    wechat(app, json!({ "down": "off" })).await;
    app.advance_to("09:36:00.000").await;
    // In the order in which it happened; of what is over, the reason.
    assert_eq!(
        log(app, &of(&amy)).await,
        [
            "seat_offered dropped offer_ended",
            "booking_confirmed sent",
            "offer_reminder dropped offer_ended",
            "seat_offered dropped offer_ended",
            "offer_reminder dropped offer_ended",
            "booking_confirmed sent",
        ]
    );
    assert_eq!(amy.titles(app).await, ["预约结果通知"; 2]);
    assert_eq!(ben.titles(app).await, ["预约结果通知", "候补名额通知"]);
}

async fn a_lost_answer_is_tried_again_and_given_up_after_five(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 1).await;
    let class = app.class(2, json!({})).await;
    wechat(app, json!({ "fail_next": [{ "call": "send", "errcode": 50002, "times": 100 }] })).await;
    amy.booked(&class).await;
    for (time, state) in [
        ("08:00:00.100", "queued"),
        ("08:00:01.200", "queued"),
        ("08:00:05.300", "queued"),
        ("08:00:21.400", "queued"),
        ("08:01:25.500", "failed"),
    ] {
        app.advance_to(time).await;
        assert_eq!(log(app, "").await, [format!("booking_confirmed {state} refused")], "{time}");
    }
    let given_up = &app.operator.get("/notifications?state=failed").await.items()[0];
    assert_eq!(given_up["attempts"], 5);
    assert!(given_up["detail"].as_str().is_some_and(|d| d.contains("50002")), "{given_up}");
    wechat(app, json!({ "fail_next": [] })).await;
    let path = format!("/notifications/{}/resend", given_up["id"].as_str().expect("an id"));
    app.operator.post(&path, json!({})).await.ok();
    assert_eq!(amy.titles(app).await, ["预约结果通知"]);
    app.operator.post(&path, json!({})).await.refused("already_sent");
}

async fn a_message_that_wechat_rejects_is_given_up_at_once(app: &mut TestApp) {
    for (code, told) in [(40037, "failed bad_template"), (47003, "failed bad_field"), (41030, "failed bad_page")] {
        let amy = Phone::reachable(app, &format!("amy{code}"), 1).await;
        let class = app.class(2, json!({})).await;
        wechat(app, json!({ "fail_next": [{ "call": "send", "errcode": code }] })).await;
        amy.booked(&class).await;
        let query = format!("account_id={}", amy.account);
        assert_eq!(log(app, &query).await, [format!("booking_confirmed {told}")]);
    }
}

async fn a_dead_token_costs_nobody_a_message(app: &mut TestApp) {
    let mut phones = Vec::new();
    for i in 0..8 {
        phones.push(Phone::reachable(app, &format!("p{i}"), 2).await);
    }
    let waiting: Vec<&Phone> = phones.iter().collect();
    let (_, holder, booking) = full_class(app, &waiting, json!({})).await;
    warm_the_token(app).await;
    wechat(app, json!({ "kill_token": true })).await;
    holder.cancel(&booking).await.ok();
    for phone in &phones {
        assert_eq!(phone.titles(app).await, ["候补名额通知"]);
    }
    assert!(answered(app, "stable_token", 0).await <= 3, "one refresh for all");
}

async fn warm_the_token(app: &TestApp) {
    let amy = Phone::reachable(app, "zoe", 1).await;
    let class = app.class(1, json!({ "starts_at": crate::harness::app::at("15:00:00.000"), "ends_at": crate::harness::app::at("16:00:00.000") })).await;
    amy.booked(&class).await;
    assert_eq!(amy.titles(app).await.len(), 1);
}

async fn the_days_quota_is_waited_for(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 1).await;
    let class = app.class(2, json!({})).await;
    wechat(app, json!({ "fail_next": [{ "call": "send", "errcode": 45009 }] })).await;
    amy.booked(&class).await;
    assert_eq!(log(app, "").await, ["booking_confirmed queued quota"]);
    app.advance_to("08:05:01.000").await;
    assert_eq!(amy.titles(app).await, ["预约结果通知"]);
}

/// A lost answer counts as a try, and may have been a message: the person hears of it more than once,
/// an operator in the end.
async fn answers_that_are_lost_are_five_tries(app: &mut TestApp) {
    let (amy, ben) = (Phone::reachable(app, "amy", 2).await, Phone::reachable(app, "ben", 2).await);
    let class = app.class(3, json!({})).await;
    warm_the_token(app).await;
    wechat(app, json!({ "down": "lost" })).await;
    amy.booked(&class).await;
    let of = |who: &Phone| format!("account_id={}", who.account);
    assert_eq!(log(app, &of(&amy)).await, ["booking_confirmed queued unknown"]);
    assert_eq!(amy.titles(app).await, ["预约结果通知"], "it arrived");
    app.advance_to("08:00:01.500").await;
    assert_eq!(amy.titles(app).await, ["预约结果通知"; 2]);
    // Both grants are used up: what WeChat says then is no news of hers.
    wechat(app, json!({ "down": "off" })).await;
    app.advance_to("08:00:10.000").await;
    assert_eq!(log(app, &of(&amy)).await, ["booking_confirmed refused maybe_sent"]);
    wechat(app, json!({ "down": "lost" })).await;
    ben.booked(&class).await;
    for time in ["08:00:12.000", "08:00:17.000", "08:00:34.000", "08:01:40.000", "08:02:00.000"] {
        app.advance_to(time).await;
    }
    assert_eq!(log(app, &of(&ben)).await, ["booking_confirmed failed unknown"]);
}

/// Hundreds of messages to one person must not hold up everybody else, and one that cannot be read
/// holds up nobody.
#[actix::test]
async fn one_persons_pile_holds_nobody_up() {
    for db in [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten() {
        let app = TestApp::start(db).await;
        let (amy, ben) = (Phone::reachable(&app, "amy", 1).await, Phone::reachable(&app, "ben", 1).await);
        let class = app.class(2, json!({})).await;
        wechat(&app, json!({ "down": "refuse" })).await;
        let booking = amy.booked(&class).await;
        deal(&app).await;
        // As if she had booked it 1,500 times, before Ben did once.
        let store = &app.running.app.store;
        let more = "insert into deliveries (id, dedupe_key, channel, account_id, schedule_id, booking_id, kind, \
            template_id, data, state, next_at, happened_at, created_at, updated_at) \
            with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500) \
            select substr(d.id, 1, 22) || cast(1000 + n.i as text), d.dedupe_key || n.i, d.channel, d.account_id, d.schedule_id, d.booking_id, d.kind, \
            d.template_id, d.data, d.state, d.next_at, d.happened_at, d.created_at, d.updated_at \
            from deliveries d cross join n where d.booking_id = $1";
        let args = yueke::args![&*booking];
        store.write(move |tx| Box::pin(async move { Ok(tx.exec(more, args).await?) })).await.expect("written");
        let broken = "update deliveries set data = 'no JSON' where id = (select min(id) from deliveries)";
        store.write(move |tx| Box::pin(async move { Ok(tx.exec(broken, vec![]).await?) })).await.expect("written");
        ben.booked(&class).await;
        wechat(&app, json!({ "down": "off" })).await;
        app.advance_to("08:01:00.000").await;
        assert_eq!(ben.titles(&app).await, ["预约结果通知"]);
        assert_eq!(amy.titles(&app).await, ["预约结果通知"], "one yes, one message");
        assert_eq!(answered(&app, "send", 43101).await, 1, "after a no, WeChat is not asked again");
        assert_eq!(app.operator.get("/notifications?state=failed").await.items()[0]["reason"], "unreadable");
        assert_eq!(app.operator.get("/notifications?state=queued").await.is(200)["total"], 0);
        app.close().await;
    }
}

/// The AppSecret was changed at WeChat, or the server has a new address.
async fn a_token_that_is_refused_is_told_and_nothing_is_lost(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 1).await;
    let class = app.class(2, json!({})).await;
    let refused = json!([{ "call": "stable_token", "errcode": 40164, "times": 100 }]);
    wechat(app, json!({ "kill_token": true, "fail_next": refused })).await;
    amy.booked(&class).await;
    assert_eq!(log(app, "").await, ["booking_confirmed queued"]);
    let postman = app.running.app.outbox.postman.clone().expect("a postman");
    assert!(postman.is_away());
    app.advance_to("09:00:00.000").await;
    assert_eq!(log(app, "").await, ["booking_confirmed queued"], "no try is counted");
    wechat(app, json!({ "fail_next": [] })).await;
    app.advance_to("09:00:30.000").await;
    assert_eq!(amy.titles(app).await, ["预约结果通知"]);
    assert!(!postman.is_away());
}

/// The sandbox within the server forgets with it; the server has not.
#[actix::test]
async fn what_was_on_its_way_is_sent_after_a_restart() {
    for db in [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten() {
        let mut app = TestApp::start(db).await;
        let amy = Phone::reachable(&app, "amy", 1).await;
        let class = app.class(2, json!({})).await;
        wechat(&app, json!({ "down": "refuse" })).await;
        amy.booked(&class).await;
        deal(&app).await;
        app.restart("08:10:00.000").await;
        assert_eq!(amy.titles(&app).await, ["预约结果通知"]);
        app.close().await;
    }
}
