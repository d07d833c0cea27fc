//! For whoever runs the server, and for browsers: alive, ready, counted, and the console's files.

use reqwest::Method;
use serde_json::json;

use crate::harness::app::{TestApp, on_both};

on_both! {
    it_tells_that_it_is_well
    the_console_is_served_whole
}

async fn it_tells_that_it_is_well(app: &mut TestApp) {
    let nobody = app.anybody();
    for (path, status) in [("/healthz", "alive"), ("/readyz", "ready")] {
        let answer = nobody.send_raw(Method::GET, path, &[], "").await;
        assert_eq!((answer.status, answer.body), (200, json!({ "status": status })));
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

async fn the_console_is_served_whole(app: &mut TestApp) {
    let root = format!("http://{}", app.running.address);
    let client = reqwest::Client::new();
    let page = client.get(&root).send().await.expect("a page");
    let header = |name: &str| page.headers()[name].to_str().expect("text").to_owned();
    assert_eq!((page.status().as_u16(), header("content-type")), (200, "text/html; charset=utf-8".to_owned()));
    assert!(header("content-security-policy").starts_with("default-src 'self';"));
    assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff".into(), "no-cache".into()));
    let tag = header("etag");
    let html = page.text().await.expect("a text");
    let again = client.get(&root).header("if-none-match", tag).send().await.expect("an answer");
    assert_eq!((again.status().as_u16(), again.content_length()), (304, Some(0)));
    let mut files = 0;
    for part in html.split("\"").filter(|p| p.starts_with("/console/")) {
        let answer = client.get(format!("{root}{part}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{part}");
        files += 1;
    }
    assert!(files > 0, "{html}");
    for path in ["/console/", "/console/none.js", "/console/../Cargo.toml", "/console/%2e%2e/Cargo.toml"] {
        let answer = client.get(format!("{root}{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
    }
}
