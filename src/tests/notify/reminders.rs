//! By the clock: class reminders, offer reminders, and hours in which nobody is woken.

use serde_json::json;

use super::phone::{Phone, clock, day, full_class, log};
use crate::{
    harness::app::{TestApp, on_both},
    store::database::Database,
};

on_both! {
    a_class_reminds_at_thirty_and_fifteen_minutes
    an_offer_reminds_five_minutes_before_its_end
    a_cancelled_class_reminds_nobody
}

async fn a_class_reminds_at_thirty_and_fifteen_minutes(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 2).await;
    let class = app.class(2, json!({ "location": "二楼" })).await;
    amy.booked(&class).await;
    app.advance_to("18:29:59.999").await;
    assert_eq!(amy.titles(app).await, ["预约结果通知"]);
    app.advance_to("18:30:00.000").await;
    assert_eq!(amy.titles(app).await, ["预约结果通知", "上课提醒"]);
    assert_eq!(amy.messages(app).await[0].values, ["书法", &day("19:00"), "二楼"]);
    app.advance_to("18:45:00.000").await;
    app.advance_to("18:59:00.000").await;
    assert_eq!(amy.titles(app).await, ["预约结果通知", "上课提醒", "上课提醒"]);
}

async fn an_offer_reminds_five_minutes_before_its_end(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 2).await;
    let (_, holder, booking) = full_class(app, &[&amy], json!({})).await;
    app.advance_to("12:30:00.000").await;
    holder.cancel(&booking).await.ok();
    app.advance_to("12:39:59.999").await;
    assert_eq!(amy.titles(app).await, ["候补名额通知"]);
    app.advance_to("12:40:00.000").await;
    let reminder = amy.messages(app).await[0].clone();
    assert_eq!(reminder.title, "候补确认提醒");
    assert_eq!(reminder.values, ["书法", &day("12:45"), "确认预约？还剩5分钟决策时间"]);
}

async fn a_cancelled_class_reminds_nobody(app: &mut TestApp) {
    let amy = Phone::reachable(app, "amy", 3).await;
    let class = app.class(2, json!({})).await;
    let booking = amy.booked(&class).await;
    app.advance_to("18:20:00.000").await;
    amy.cancel(&booking).await.ok();
    app.advance_to("18:50:00.000").await;
    assert_eq!(log(app, "kind=class_reminder").await, [""; 0]);
    assert_eq!(amy.titles(app).await, ["预约结果通知"; 2]);
}

#[actix::test]
async fn at_night_only_what_cannot_wait_is_sent() {
    let settings = [("YUEKE_CLOCK", clock("20:00:00.000")), ("YUEKE_QUIET_HOURS", "22:30-07:30".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let app = TestApp::start_with(Database::sqlite(), &settings).await;
    let amy = Phone::reachable(&app, "amy", 2).await;
    let tomorrow = json!({ "starts_at": "2025-11-13T19:00:00.000+08:00" });
    let (class, holder, booking) = full_class(&app, &[&amy], tomorrow.clone()).await;
    let other = app
        .class(1, json!({ "starts_at": "2025-11-13T15:00:00.000+08:00", "ends_at": "2025-11-13T16:00:00.000+08:00" }))
        .await;
    app.advance_to("23:00:00.000").await;
    amy.booked(&other).await;
    holder.cancel(&booking).await.ok();
    assert_eq!(amy.titles(&app).await, ["候补名额通知"], "an offer does not wait until the morning");
    assert!(!amy.offer(&class).await.is_null());
    app.admin.put("/dev/clock", json!({ "now": "2025-11-13T07:29:59.999+08:00" })).await.ok();
    let before = amy.titles(&app).await;
    assert!(!before.contains(&"预约结果通知".to_owned()), "{before:?}");
    app.admin.put("/dev/clock", json!({ "now": "2025-11-13T07:30:00.000+08:00" })).await.ok();
    assert_eq!(amy.titles(&app).await.iter().filter(|t| *t == "预约结果通知").count(), 1);
    app.close().await;
}
