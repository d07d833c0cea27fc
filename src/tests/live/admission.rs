//! Who is let in, what is not understood, and how a socket ends.

use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use yueke::base::{limits::DEMO_TOKEN_TTL, time::MINUTE};

use super::site::{Site, text};

#[actix_web::test]
async fn a_ticket_lets_in_once() {
    let site = Site::start().await;
    let amy = site.student("amy").await;
    let ticket = site.ticket(&amy).await;
    assert!(ticket.len() >= 32, "hard to guess");
    let mut first = site.knock().await;
    first.say(json!({"type": "auth", "ticket": ticket})).await;
    assert_eq!(first.next().await["type"], "ready");
    let mut second = site.knock().await;
    second.say(json!({"type": "auth", "ticket": ticket})).await;
    assert_eq!(second.close_code().await, 4401);
    assert!(first.until_pong().await.is_empty(), "the first is not disturbed");
    site.stop().await;
}

#[actix_web::test]
async fn a_ticket_ends_after_thirty_seconds() {
    let site = Site::start().await;
    let amy = site.student("amy").await;
    let answer = site.call(&amy.token, Method::POST, "/ws/ticket", json!(null)).await;
    assert_eq!(answer["expires_in"], 30);
    let late = text(&answer["ticket"]);
    site.advance(1).await;
    let mut socket = site.knock().await;
    socket.say(json!({"type": "auth", "ticket": late})).await;
    assert_eq!(socket.close_code().await, 4401);
    site.stop().await;
}

#[actix_web::test]
async fn whoever_does_not_begin_with_a_good_ticket_is_closed() {
    let site = Site::start().await;
    let amy = site.student("amy").await;
    for first in [
        json!({"type": "auth", "ticket": "0".repeat(64)}),
        json!({"type": "auth", "ticket": amy.token}),
        json!({"type": "auth"}),
        json!({"type": "auth", "ticket": ["x"]}),
        json!({"type": "ping"}),
        json!({"type": "subscribe", "topic": "me"}),
        json!({"type": "dance"}),
        json!("hello"),
    ] {
        let mut socket = site.knock().await;
        socket.say(first.clone()).await;
        assert_eq!(socket.close_code().await, 4401, "{first}");
    }
    let mut socket = site.knock().await;
    socket.say_raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.close_code().await, 4401);
    let (status, _) = site.ask("", Method::POST, "/ws/ticket", json!(null)).await;
    assert_eq!(status, 401);
    site.stop().await;
}

/// About the wire, so it follows the machine's clock: five seconds.
#[actix_web::test]
async fn whoever_says_nothing_is_closed() {
    let site = Site::start().await;
    let mut socket = site.knock().await;
    let began = std::time::Instant::now();
    assert_eq!(socket.close_code().await, 4401);
    assert!((4.5..7.0).contains(&began.elapsed().as_secs_f64()), "after {:?}", began.elapsed());
    site.stop().await;
}

#[actix_web::test]
async fn nonsense_closes_the_socket() {
    let site = Site::start().await;
    let amy = site.student("amy").await;
    let too_long = json!({"type": "ping", "x": "候".repeat(6_000)}).to_string();
    for nonsense in ["hello", "", "[]", "{}", "{\"type\":\"dance\"}", "{\"type\":7}", "{\"type\":\"ping\"", &too_long] {
        let mut socket = site.socket(&amy).await;
        socket.say_raw(Message::text(nonsense)).await;
        assert_eq!(socket.close_code().await, 4400, "{:.40}", nonsense);
    }
    let mut socket = site.socket(&amy).await;
    socket.say_raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.close_code().await, 4400);
    // Almost too long is not.
    let mut socket = site.socket(&amy).await;
    socket.say(json!({"type": "ping", "x": "x".repeat(16_000)})).await;
    assert_eq!(socket.next().await["type"], "pong");
    site.stop().await;
}

#[actix_web::test]
async fn what_one_may_not_see_is_told_and_the_socket_stays() {
    let site = Site::start().await;
    let (amy, ben) = (site.student("amy").await, site.student("ben").await);
    let class = site.class(2).await;
    let topic = format!("schedule:{class}");
    let mut socket = site.socket(&amy).await;
    for (said, reason) in [
        (json!({"type": "subscribe", "topic": topic, "student_id": ben.student}), "forbidden"),
        (json!({"type": "subscribe", "topic": topic, "student_id": "nobody"}), "forbidden"),
        (json!({"type": "subscribe", "topic": "coach"}), "forbidden"),
        (json!({"type": "subscribe", "topic": "weather"}), "not_found"),
        (json!({"type": "subscribe", "topic": "schedule:01ARZ3NDEKTSV4RRFFQ69G5FAV"}), "not_found"),
        (json!({"type": "subscribe", "topic": "schedule:x"}), "not_found"),
        (json!({"type": "subscribe"}), "not_found"),
    ] {
        socket.say(said.clone()).await;
        let error = socket.next().await;
        assert_eq!((&error["type"], &error["reason"]), (&json!("error"), &json!(reason)), "{said}: {error}");
        assert_eq!(error["topic"].as_str().unwrap_or(""), said["topic"].as_str().unwrap_or(""), "{error}");
    }
    assert_eq!(socket.subscribe(&topic).await["data"]["id"], json!(class));
    // Staff may look over anyone's shoulder.
    site.book(&ben, &class).await;
    let operator = site.login("operator", "olga").await;
    let mut socket = site.socket(&operator).await;
    socket.say(json!({"type": "subscribe", "topic": topic, "student_id": ben.student})).await;
    assert_eq!(socket.next().await["data"]["mine"]["booking"]["student_id"], json!(ben.student));
    site.stop().await;
}

#[actix_web::test]
async fn a_logout_closes_the_sockets_of_its_login() {
    let site = Site::start().await;
    let amy = site.student("amy").await;
    let again = site.student("amy").await;
    let (mut ended, mut stays) = (site.socket(&amy).await, site.socket(&again).await);
    let unused = site.ticket(&amy).await;
    site.call(&amy.token, Method::POST, "/logout", json!(null)).await;
    let mut socket = site.knock().await;
    socket.say(json!({"type": "auth", "ticket": unused})).await;
    assert_eq!(socket.close_code().await, 4401, "a ticket does not outlive its login");
    assert_eq!(ended.close_code_within_a_beat().await, 4401);
    assert!(stays.until_pong().await.is_empty());
    site.stop().await;
}

/// Whoever is put out, or may do less than before, sees no more through a socket that was open.
#[actix_web::test]
async fn a_disabled_account_and_a_lost_role_close_sockets() {
    let site = Site::start().await;
    let owner = site.login("owner", "owner").await;
    let (amy, olga) = (site.student("amy").await, site.login("operator", "olga").await);
    let (mut out, mut demoted, mut stays) =
        (site.socket(&amy).await, site.socket(&olga).await, site.socket(&owner).await);
    let unused = site.ticket(&amy).await;
    let id = async |who: &str| text(&site.call(who, Method::GET, "/users/profile", json!(null)).await["id"]);
    let (amys, olgas) = (id(&amy.token).await, id(&olga.token).await);
    let began = std::time::Instant::now();
    site.call(&owner.token, Method::POST, &format!("/users/{amys}/disable"), json!(null)).await;
    let roles = json!({"roles": ["student"]});
    site.call(&owner.token, Method::PUT, &format!("/users/{olgas}/roles"), roles).await;
    for who in [&amy, &olga] {
        let (status, _) = site.ask(&who.token, Method::GET, "/users/profile", json!(null)).await;
        assert_eq!(status, 401, "the very next request");
    }
    let mut socket = site.knock().await;
    socket.say(json!({"type": "auth", "ticket": unused})).await;
    assert_eq!(socket.close_code().await, 4401, "a ticket does not outlive its account");
    assert_eq!(out.close_code_within_a_beat().await, 4401);
    assert_eq!(demoted.close_code_within_a_beat().await, 4401);
    assert!(began.elapsed().as_secs() < 60, "after {:?}", began.elapsed());
    assert!(stays.until_pong().await.is_empty());
    site.stop().await;
}

/// Not even what is decided in the moment after it.
#[actix_web::test]
async fn nothing_is_heard_after_a_login_has_ended() {
    let site = Site::start().await;
    let class = site.class(50).await;
    let amy = site.student("amy").await;
    let account = text(&site.call(&amy.token, Method::GET, "/users/profile", json!(null)).await["id"]);
    let tom = site.login("teacher", "tom").await;
    let mut others = Vec::new();
    for n in 0..10 {
        others.push(site.student(&format!("other {n}")).await);
    }
    let admin = site.login("admin", "root").await;
    let way = |what: &str| (Method::POST, format!("/users/{account}/{what}"), json!(null));
    for (ended, (method, path, body)) in [
        (true, way("disable")),
        (true, (Method::POST, "/logout".into(), json!(null))),
        (true, (Method::PUT, format!("/users/{account}/roles"), json!({"roles": ["teacher"]}))),
        (false, (Method::PUT, format!("/users/{account}/roles"), json!({"roles": ["student", "teacher"]}))),
    ] {
        site.call(&admin.token, Method::POST, &format!("/users/{account}/enable"), json!(null)).await;
        site.call(&admin.token, Method::PUT, &format!("/users/{account}/roles"), json!({"roles": ["student"]})).await;
        let amy = site.student("amy").await;
        let mut sockets = Vec::new();
        for _ in 0..5 {
            let mut socket = site.socket(&amy).await;
            socket.subscribe(&format!("schedule:{class}")).await;
            sockets.push(socket);
        }
        let mut toms = site.socket(&tom).await;
        let who = if path == "/logout" { &amy } else { &admin };
        site.call(&who.token, method, &path, body).await;
        let other = others.pop().expect("enough of them");
        let booking = site.book(&other, &class).await;
        for mut socket in sockets {
            if ended {
                assert_eq!(socket.rest().await, (vec![], Some(4401)), "{path}");
            } else {
                assert_eq!(socket.next_of("frame").await["data"]["mine"]["booking"], json!(null));
            }
        }
        assert!(toms.until_pong().await.is_empty(), "others stay");
        site.cancel(&other, &booking).await;
    }
    site.stop().await;
}

#[actix_web::test]
async fn a_login_that_runs_out_closes_its_sockets() {
    let site = Site::start().await;
    let amy = site.student("amy").await;
    let mut socket = site.socket(&amy).await;
    site.advance(DEMO_TOKEN_TTL / MINUTE - 1).await;
    assert!(socket.until_pong().await.is_empty());
    site.advance(1).await;
    assert_eq!(socket.close_code_within_a_beat().await, 4401);
    site.stop().await;
}

#[actix_web::test]
async fn a_graceful_stop_says_that_the_server_restarts() {
    let site = Site::start().await;
    let amy = site.student("amy").await;
    let mut socket = site.socket(&amy).await;
    socket.subscribe("me").await;
    let mut idle = site.knock().await;
    let (_, code, idle) = tokio::join!(site.stop(), socket.close_code(), idle.close_code());
    assert_eq!((code, idle), (1012, 1012));
}
