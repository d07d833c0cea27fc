//! A freed seat: who waits is written to, once, and only while the offer stands.

use serde_json::json;

use super::phone::{Phone, day, deal, full_class, log, wechat};
use crate::harness::app::{TestApp, on_both, text};

on_both! {
    a_freed_seat_arrives_on_every_phone
    a_tapped_message_leads_to_the_seat
    an_offer_that_was_won_meanwhile_is_not_announced
    the_relay_may_stumble_and_nobody_hears_twice
    who_cannot_be_reached_is_left_out_only_where_the_class_says_so
    when_nobody_can_be_reached_nobody_is_left_out
}

async fn a_freed_seat_arrives_on_every_phone(app: &mut TestApp) {
    let mut phones = Vec::new();
    for i in 0..8 {
        phones.push(Phone::reachable(app, &format!("p{i}"), 1).await);
    }
    let waiting: Vec<&Phone> = phones.iter().collect();
    let (_, holder, booking) = full_class(app, &waiting, json!({})).await;
    app.advance_to("12:30:00.000").await;
    holder.cancel(&booking).await.ok();
    for phone in &phones {
        let messages = phone.messages(app).await;
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!(messages[0].title, "候补名额通知");
        assert_eq!(messages[0].values, ["书法", &day("19:00"), &day("12:45"), "有名额，立即预约"]);
    }
    assert_eq!(log(app, "kind=seat_offered").await, vec!["seat_offered sent"; 8]);
}

async fn a_tapped_message_leads_to_the_seat(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 1).await;
    let (class, holder, booking) = full_class(app, &[&amy], json!({})).await;
    holder.cancel(&booking).await.ok();
    let page = amy.messages(app).await[0].page.clone();
    let entry =
        page.strip_prefix("pages/notifications/waitlist?id=").expect("the page of the place in line").to_owned();
    let accepted = amy.accept(&entry).await.ok();
    assert_eq!(text(&accepted["booking"]["schedule_id"]), class);
    // What became of it is a message of a template that she has allowed as well.
    assert_eq!(amy.titles(app).await, ["候补名额通知", "预约结果通知"]);
}

async fn an_offer_that_was_won_meanwhile_is_not_announced(app: &mut TestApp) {
    let (amy, ben) = (Phone::reachable(app, "amy", 1).await, Phone::reachable(app, "ben", 1).await);
    let (_, holder, booking) = full_class(app, &[&amy, &ben], json!({})).await;
    wechat(app, json!({ "down": "refuse" })).await;
    holder.cancel(&booking).await.ok();
    deal(app).await;
    let waiting = log(app, "kind=seat_offered").await;
    assert!(waiting.len() == 2 && waiting.iter().all(|line| line.starts_with("seat_offered queued")), "{waiting:?}");
    let entry = text(&amy.get("/waitlist/my").await.items()[0]["waitlist_id"]);
    amy.accept(&entry).await.ok();
    wechat(app, json!({ "down": "off" })).await;
    app.advance_to("08:01:00.000").await;
    assert_eq!(log(app, "kind=seat_offered").await, vec!["seat_offered dropped offer_ended"; 2]);
    assert!(ben.titles(app).await.is_empty());
    assert_eq!(amy.titles(app).await, ["预约结果通知"]);
}

/// The mark that a row was relayed is lost: the same messages come again, under the same keys.
async fn the_relay_may_stumble_and_nobody_hears_twice(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 3).await;
    let (_, holder, booking) = full_class(app, &[&amy], json!({})).await;
    holder.cancel(&booking).await.ok();
    deal(app).await;
    for _ in 0..3 {
        let again = "update outbox set relayed_at = null";
        let store = &app.running.app.store;
        store.write(move |tx| Box::pin(async move { Ok(tx.exec(again, vec![]).await?) })).await.expect("written");
        deal(app).await;
    }
    assert_eq!(amy.titles(app).await, ["候补名额通知"]);
}

async fn who_cannot_be_reached_is_left_out_only_where_the_class_says_so(app: &mut TestApp) {
    for (skip, offered) in [(false, true), (true, false)] {
        let name = |who: &str| format!("{who}{skip}");
        let (amy, ben) = (Phone::of(app, &name("amy")).await, Phone::reachable(app, &name("ben"), 1).await);
        let class = app.class(1, json!({ "policy": { "skip_unreachable": skip } })).await;
        let holder = app.student(&name("holder")).await;
        let booking = holder.booked(&class).await;
        let place = amy.join(&class).await;
        ben.join(&class).await;
        // Who joins is looked up beside the request.
        app.running.app.reach.look_at(amy.account.parse().expect("an id")).await.expect("rows");
        holder.cancel(&booking).await.ok();
        assert_eq!(amy.offer(&class).await.is_null(), !offered, "skip {skip}");
        assert!(!ben.offer(&class).await.is_null());
        let told = app.messages(&amy, "offer_skipped").await;
        assert_eq!(told.is_empty(), offered, "skip {skip}: {told:?}");
        if !offered {
            assert_eq!(told[0]["data"]["reason"], "unreachable");
            assert_eq!(amy.place(&place).await, ("waiting".to_owned(), 1), "the place is kept");
        }
    }
}

async fn when_nobody_can_be_reached_nobody_is_left_out(app: &mut TestApp) {
    let amy = Phone::of(app, "amy").await;
    let (class, holder, booking) = full_class(app, &[&amy], json!({ "policy": { "skip_unreachable": true } })).await;
    app.running.app.reach.look_at(amy.account.parse().expect("an id")).await.expect("rows");
    holder.cancel(&booking).await.ok();
    assert!(!amy.offer(&class).await.is_null());
}
