//! For whoever runs the server: alive, ready, counted.

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    harness::app::{TestApp, at, on_both},
    store::database::Database,
};

on_both! {
    it_tells_that_it_is_well
    a_client_is_told_what_this_server_is
    what_is_never_sent_holds_no_connection
}

async fn it_tells_that_it_is_well(app: &mut TestApp) {
    let nobody = app.anybody();
    for (path, status) in [("/healthz", "alive"), ("/readyz", "ready")] {
        let answer = nobody.send_raw(Method::GET, path, &[], "").await;
        assert_eq!((answer.status, answer.body), (200, json!({ "status": status })));
        // As balancers ask.
        let answer = reqwest::Client::new().head(format!("http://{}{path}", app.running.address)).send().await;
        let answer = answer.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.text().await.expect("nothing")), (200, String::new()));
    }
    // Only at the root.
    for path in ["/api/v1/healthz", "/api/readyz", "/api/v1/metrics"] {
        nobody.send_raw(Method::GET, path, &[], "").await.fails(404, "not_found");
    }
    nobody.get("/courses").await.fails(401, "unauthorized");
    let url = format!("http://{}/metrics", app.running.address);
    let answer = reqwest::get(url).await.expect("an answer");
    assert!(answer.headers()["content-type"].to_str().expect("text").starts_with("text/plain; version=0.0.4"));
    let text = answer.text().await.expect("a text");
    let counted = r#"yueke_http_seconds_count{route="/api/v1/courses",status="401"}"#;
    assert!(text.contains(counted), "{text}");
    // A route is counted by its pattern: ids would be endless.
    assert!(!text.contains("01K"), "{text}");
}

async fn a_client_is_told_what_this_server_is(app: &mut TestApp) {
    let about = app.anybody().get("/about").await.is(200);
    let expected = json!({
        "name": "yueke", "version": env!("CARGO_PKG_VERSION"), "mode": "demo", "clock": "manual",
        "zone": "Asia/Shanghai", "server_time": at("08:00:00.000"),
    });
    assert_eq!(about, expected);
    app.advance_to("09:30:00.250").await;
    assert_eq!(app.anybody().get("/about").await.is(200)["server_time"], at("09:30:00.250"));
}

/// Sends this and nothing more; all that comes until the server closes.
async fn answer_to_half(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    socket.write_all(request.as_bytes()).await.expect("it is sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("a text");
    answer
}

async fn what_is_never_sent_holds_no_connection(app: &mut TestApp) {
    let chunked = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    for body in ["Content-Length: 100\r\n\r\nhello", chunked] {
        for path in ["/api/v1/nothing", "/start/none.js"] {
            let request = format!("POST {path} HTTP/1.1\r\nHost: yueke\r\n{body}");
            let answer = answer_to_half(app.running.address, &request).await;
            assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        }
    }
}

/// One request a second from an address, three at once, and no second passes.
async fn limited(more: &[(&str, &str)]) -> TestApp {
    let clock = ("YUEKE_CLOCK", "manual:2025-11-12T08:00:00+08:00");
    let settings: Vec<_> = [clock, ("YUEKE_LIMIT_PER_ADDRESS", "1")].into_iter().chain(more.iter().copied()).collect();
    TestApp::start_unpeopled(Database::sqlite(), &settings).await
}

async fn status(app: &TestApp, path: &str, forwarded: &str) -> u16 {
    let client = reqwest::Client::new();
    let url = format!("http://{}{path}", app.running.address);
    client.get(url).header("x-forwarded-for", forwarded).send().await.expect("an answer").status().as_u16()
}

#[actix::test]
async fn who_watches_the_server_is_never_told_to_wait() {
    let app = limited(&[]).await;
    for expected in [401, 401, 401, 429] {
        // Anyone can claim to forward for someone.
        assert_eq!(status(&app, "/api/v1/courses", &format!("10.0.0.{expected}")).await, expected);
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        for _ in 0..5 {
            assert_eq!(status(&app, path, "").await, 200, "{path}");
        }
    }
    app.close().await;
}

#[actix::test]
async fn behind_a_proxy_the_address_it_names_is_counted() {
    let app = limited(&[("YUEKE_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.1")]).await;
    let asked = async |forwarded: &str| status(&app, "/api/v1/courses", forwarded).await;
    for forwarded in ["1.1.1.1", "6.6.6.6, 1.1.1.1", "1.1.1.1 , 10.0.0.1"] {
        assert_eq!(asked(forwarded).await, 401, "{forwarded}");
    }
    for forwarded in ["1.1.1.1", "2.2.2.2,1.1.1.1,127.0.0.1", "::ffff:1.1.1.1", "1.1.1.1:5000"] {
        assert_eq!(asked(forwarded).await, 429, "{forwarded}");
    }
    assert_eq!(asked("2.2.2.2").await, 401);
    // What names nobody counts for the proxy itself.
    for (forwarded, expected) in [("", 401), ("unknown", 401), ("1.1.1.1, x", 401), ("", 429)] {
        assert_eq!(asked(forwarded).await, expected, "{forwarded}");
    }
    app.close().await;
}
