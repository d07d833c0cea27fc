//! A schedule's state: a snapshot, then what changes, always newer.

use reqwest::Method;
use serde_json::{Value, json};

use super::site::{Site, version};

#[actix_web::test]
async fn a_snapshot_then_a_frame_after_each_commit() {
    let site = Site::start().await;
    let (amy, ben) = (site.student("amy").await, site.student("ben").await);
    let class = site.class(2).await;
    let topic = format!("schedule:{class}");
    let mut socket = site.socket(&amy).await;
    let snapshot = socket.subscribe(&topic).await;
    let read = site.call(&amy.token, Method::GET, &format!("/schedules/{class}"), json!(null)).await;
    assert_eq!(snapshot["data"], read, "the same as over HTTP");
    assert_eq!((&snapshot["epoch"], &snapshot["version"]), (&read["epoch"], &read["version"]));

    let mut last = version(&snapshot);
    let booking = site.book(&ben, &class).await;
    let frame = socket.next().await;
    assert_eq!((&frame["type"], &frame["topic"]), (&json!("frame"), &json!(topic)));
    assert_eq!((&frame["data"]["seats_taken"], &frame["data"]["mine"]["booking"]), (&json!(1), &Value::Null));
    assert!(version(&frame) > last);
    last = version(&frame);

    let mine = site.book(&amy, &class).await;
    let frame = socket.next().await;
    assert_eq!(frame["data"]["mine"]["booking"]["id"], json!(mine));
    assert_eq!(frame["data"]["availability"], "booked");
    assert!(version(&frame) > last);
    last = version(&frame);

    site.cancel(&ben, &booking).await;
    let frame = socket.next().await;
    assert_eq!(frame["data"]["seats_left"], 1);
    assert!(version(&frame) > last);
    let read = site.call(&amy.token, Method::GET, &format!("/schedules/{class}"), json!(null)).await;
    assert_eq!(frame["data"], read);
    // A refusal changes nothing, and tells nobody.
    let (status, _) = site.ask(&amy.token, Method::POST, "/bookings", json!({"schedule_id": class})).await;
    assert_eq!(status, 409);
    assert!(socket.settle().await.is_empty());
    site.stop().await;
}

#[actix_web::test]
async fn versions_rise_and_everyone_ends_with_the_newest() {
    let site = Site::start().await;
    let class = site.class(40).await;
    let topic = format!("schedule:{class}");
    let amy = site.student("amy").await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let mut socket = site.socket(&amy).await;
        let snapshot = socket.subscribe(&topic).await;
        sockets.push((socket, version(&snapshot)));
    }
    for n in 0..30 {
        let person = site.student(&format!("p{n}")).await;
        site.book(&person, &class).await;
    }
    let newest = site.call(&amy.token, Method::GET, &format!("/schedules/{class}"), json!(null)).await;
    for (socket, mut last) in sockets {
        let mut socket = socket;
        while last < version(&newest) {
            let frame = socket.next_of("frame").await;
            assert!(version(&frame) > last, "{:?} after {last:?}", version(&frame));
            last = version(&frame);
            if last == version(&newest) {
                assert_eq!(frame["data"], newest);
            }
        }
        assert!(socket.settle().await.is_empty());
    }
    site.stop().await;
}

#[actix_web::test]
async fn whoever_unsubscribes_hears_no_more() {
    let site = Site::start().await;
    let (amy, ben) = (site.student("amy").await, site.student("ben").await);
    let (left, kept) = (site.class(5).await, site.class_of(5, json!({"starts_at": "2025-11-15T19:00:00+08:00"})).await);
    let mut socket = site.socket(&amy).await;
    socket.subscribe(&format!("schedule:{left}")).await;
    socket.subscribe(&format!("schedule:{kept}")).await;
    socket.subscribe("me").await;
    socket.say(json!({"type": "unsubscribe", "topic": format!("schedule:{left}")})).await;
    socket.say(json!({"type": "unsubscribe", "topic": "me"})).await;
    // Nobody minds what was never heard.
    socket.say(json!({"type": "unsubscribe", "topic": "weather"})).await;
    assert!(socket.until_pong().await.is_empty());
    for class in [&left, &kept] {
        site.book(&ben, class).await;
        site.book(&amy, class).await;
    }
    let said = socket.settle().await;
    assert!(!said.is_empty());
    assert!(said.iter().all(|f| f["topic"] == format!("schedule:{kept}")), "{said:#?}");
    // And may come back.
    let snapshot = socket.subscribe(&format!("schedule:{left}")).await;
    assert_eq!(snapshot["data"]["seats_taken"], 2);
    site.stop().await;
}

#[actix_web::test]
async fn deadlines_are_told_like_everything_else() {
    let site = Site::start().await;
    let (amy, ben) = (site.student("amy").await, site.student("ben").await);
    let class = site.class(1).await;
    let mut socket = site.socket(&ben).await;
    socket.subscribe(&format!("schedule:{class}")).await;
    site.call(&amy.token, Method::POST, &format!("/schedules/{class}/hold"), json!({})).await;
    let frame = socket.next_of("frame").await;
    assert_eq!((&frame["data"]["seats_held"], &frame["data"]["availability"]), (&json!(1), &json!("pending")));
    assert_eq!(frame["data"]["mine"]["hold"], Value::Null, "it is amy's");
    site.advance(5).await;
    let frame = socket.next_of("frame").await;
    assert_eq!((&frame["data"]["seats_held"], &frame["data"]["seats_left"]), (&json!(0), &json!(1)));
    site.stop().await;
}
