//! The sandbox's phone, and its control panel.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{harness::app::TestApp, store::database::Database};

use super::{
    FREED, Wx,
    sandbox::{fails, message},
};

#[actix::test]
async fn bad_input_is_told() {
    let wx = Wx::start().await;
    let post = "POST";
    for (method, path, body, words) in [
        (post, "/phone/%20/login-code", json!({}), "a person's name"),
        (post, "/phone/a%2Fb/login-code", json!({}), "a person's name"),
        (post, &*format!("/phone/{}/login-code", "x".repeat(65)), json!({}), "64 bytes"),
        (post, "/phone/amy/login-code", json!({ "x": 1 }), "unknown field"),
        (post, "/phone/amy/phone-code", json!({}), "number"),
        (post, "/phone/amy/phone-code", json!({ "number": "+8613800138000" }), "11 digits"),
        (post, "/phone/amy/subscribe", json!({ "choices": { FREED: "yes" } }), "`yes` is not one of"),
        (post, "/phone/amy/subscribe", json!({ "choices": 1 }), "does not fit"),
        ("PUT", "/control", json!({ "latency_ms": 60_001 }), "latency_ms"),
        ("PUT", "/control", json!({ "latency_ms": -1 }), "does not fit"),
        ("PUT", "/control", json!({ "busy_rate": 1.1 }), "busy_rate"),
        ("PUT", "/control", json!({ "down": "on" }), "`off`"),
        ("PUT", "/control", json!({ "speed": 1 }), "unknown field"),
        ("PUT", "/control", json!({ "fail_next": [{ "call": "x", "errcode": 1 }] }), "jscode2session"),
        ("PUT", "/control", json!({ "fail_next": [{ "call": "send", "errcode": 0 }] }), "errcode"),
        ("PUT", "/control", json!({ "fail_next": [{ "call": "send", "errcode": 1, "times": 0 }] }), "times"),
        (post, "/control/reset", json!([]), "does not fit"),
    ] {
        let method = method.parse::<Method>().expect("a method");
        let request = wx.http.request(method, format!("{}{path}", wx.base)).json(&body);
        let (status, answer) = super::json_of(request).await;
        assert_eq!(status, 400, "{path} {body}: {answer}");
        assert!(answer["error"].as_str().is_some_and(|e| e.contains(words)), "{path} {body}: {answer}");
    }
    let form = wx.http.post(format!("{}/control/reset", wx.base)).body("{}").send().await.expect("an answer");
    assert_eq!(form.status(), 415, "a form of another site");
    wx.stop().await;
}

#[actix::test]
async fn what_goes_wrong_can_be_chosen_and_is_counted() {
    let wx = Wx::start().await;
    wx.stable(false).await;
    wx.control(json!({ "fail_next": [{ "call": "send", "errcode": 45009, "times": 2 }], "auto_accept": true })).await;
    let good = message(&wx, "amy");
    fails(&wx.send(&good).await, 45009, "");
    fails(&wx.send(&good).await, 45009, "");
    assert_eq!(wx.send(&good).await["errcode"], 0, "consent is taken for granted");
    assert_eq!((wx.answered("send", 45009).await, wx.answered("send", 0).await), (2, 1));

    // By chance, and the same with the same seed.
    let mut runs = Vec::new();
    for _ in 0..2 {
        wx.control(json!({ "busy_rate": 0.5, "seed": 7 })).await;
        let mut run = Vec::new();
        for _ in 0..40 {
            run.push(wx.plain().await["errcode"].as_i64());
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!((5..35).contains(&runs[0].iter().filter(|c| **c == Some(-1)).count()), "{runs:?}");

    wx.post("/control/reset", json!({})).await;
    let state = wx.get("/control").await;
    assert_eq!(
        (&state["busy_rate"], &state["down"], &state["auto_accept"]),
        (&json!(0.0), &json!("off"), &json!(false))
    );
    assert_eq!(state["counts"], json!({ "people": 0, "numbers": 0, "messages": 0 }));
    wx.stop().await;
}

/// Returns once so many hang.
async fn hanging(wx: &Wx, many: usize) {
    while wx.get("/control").await["hanging"] != json!(many) {
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn it_can_be_away_in_every_way() {
    let wx = Wx::start().await;
    let url = format!("{}/cgi-bin/token", wx.base);
    wx.control(json!({ "down": "refuse" })).await;
    assert_eq!(wx.http.get(&url).send().await.expect("an answer").status(), 503);
    for down in ["reset", "lost"] {
        wx.control(json!({ "down": down })).await;
        let error = wx.http.get(&url).send().await.expect_err("no answer");
        assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
    }
    wx.control(json!({ "down": "hang" })).await;
    let brief = std::time::Duration::from_millis(100);
    assert!(wx.http.get(&url).timeout(brief).send().await.expect_err("no answer").is_timeout());
    // Who has gone without a word is let go with the others.
    wx.control(json!({ "down": "off" })).await;
    hanging(&wx, 0).await;
    wx.control(json!({ "down": "hang" })).await;
    // The phone and the control panel are there, and whoever hangs is let go.
    let (hanging, ()) = tokio::join!(wx.http.get(&url).send(), async {
        wx.login_code("amy").await;
        hanging(&wx, 1).await;
        wx.control(json!({ "down": "off" })).await;
    });
    hanging.expect_err("no answer");
    assert_eq!(wx.http.get(&url).send().await.expect("an answer").status(), 200);
    wx.stop().await;
}

#[actix::test]
async fn the_latest_200_messages_are_kept() {
    let wx = Wx::start().await;
    wx.control(json!({ "auto_accept": true })).await;
    let good = message(&wx, "amy");
    for _ in 0..205 {
        assert_eq!(wx.send(&good).await["errcode"], 0);
    }
    let got = wx.messages("amy").await;
    let number = |m: &Value| m["msgid"].as_str().and_then(|id| id.parse::<u64>().ok()).expect("a number");
    assert_eq!((got.len(), number(&got[0]) - number(&got[199])), (200, 199));
    for _ in 0..205 {
        wx.sandbox.sms("13800138000", "验证码 123456");
    }
    assert_eq!(wx.get("/phone/sms/13800138000").await["messages"].as_array().map(Vec::len), Some(200));
    let people = wx.get("/phone/people").await;
    assert_eq!((&people["people"][0]["person"], &people["people"][0]["unread"]), (&json!("amy"), &json!(200)));
    assert_eq!(people["numbers"][0]["number"], "13800138000");
    assert_eq!(wx.get("/phone/sms/13800138001").await["messages"], json!([]));
    wx.stop().await;
}

#[actix::test]
async fn the_page_runs_nothing_but_its_own_files() {
    let wx = Wx::start().await;
    let get = async |path: &str| wx.http.get(format!("{}{path}", wx.base)).send().await.expect("an answer");
    // Without its slash too.
    for path in ["", "/"] {
        let page = get(path).await;
        assert!(page.url().path().ends_with("/sandbox/"), "{}", page.url());
        let policy = page.headers()["content-security-policy"].to_str().expect("a text").to_owned();
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        let html = page.text().await.expect("a page");
        for inline in ["<style", "style=", "onclick", "<script>", "http://", "https://"] {
            assert!(!html.contains(inline), "{inline}");
        }
    }
    for (path, kind) in [("/page/app.js", "text/javascript"), ("/page/style.css", "text/css")] {
        let file = get(path).await;
        assert_eq!(file.status(), 200, "{path}");
        assert!(file.headers()["content-type"].to_str().is_ok_and(|k| k.starts_with(kind)), "{path}");
    }
    wx.stop().await;
}

#[actix::test]
async fn within_the_demo_server_it_speaks_for_itself() {
    let app = TestApp::start(Database::sqlite()).await;
    let ask = async |method: Method, path: &str, body: &str| {
        let headers = [("content-type", "application/json")];
        let path = format!("/sandbox{path}");
        let answer = app.anybody().send_raw(method, &path, &headers, body.to_owned()).await;
        (answer.status, answer.text)
    };
    let (status, told) = ask(Method::PUT, "/control", r#"{"latency_ms":-1}"#).await;
    assert!(status == 400 && told.contains("does not fit"), "{status} {told}");
    let (status, told) = ask(Method::GET, "/none", "").await;
    assert!(status == 404 && told.contains("sandbox"), "{status} {told}");
    let (status, told) = ask(Method::GET, "/wxaapi/newtmpl/gettemplate", "").await;
    assert!(status == 200 && told.contains("41001"), "{status} {told}");
    let (status, told) = ask(Method::POST, "/phone/amy/login-code", "").await;
    assert!(status == 200 && told.contains("openid"), "{status} {told}");
    app.close().await;
}

#[actix::test]
async fn a_consent_of_an_earlier_sandbox_can_be_handed_over() {
    let wx = Wx::start().await;
    let good = message(&wx, "amy");
    fails(&wx.send(&good).await, 43101, "user refuse to accept the msg");
    assert!(wx.sandbox.grant(&wx.openid("amy"), FREED, 5) && wx.sandbox.grant(&wx.openid("amy"), FREED, 2));
    for _ in 0..2 {
        assert_eq!(wx.send(&good).await["errcode"], 0, "as many as the last word said");
    }
    fails(&wx.send(&good).await, 43101, "user refuse to accept the msg");
    assert!(!wx.sandbox.grant(&wx.openid("amy"), "no-such-template", 1), "an unknown template");
    assert!(!wx.sandbox.grant("o00", FREED, 1) && !wx.sandbox.grant(&wx.openid("a/b"), FREED, 1), "nobody");
    wx.stop().await;
}

#[actix::test]
async fn somebody_appears_before_any_message() {
    let wx = Wx::start().await;
    assert!(wx.sandbox.appear("student:小明") && wx.sandbox.appear("student:小明"));
    for odd in ["student:a/b", "", "student:\u{202e}x", &"x".repeat(65)] {
        assert!(!wx.sandbox.appear(odd), "{odd:?}");
    }
    let people = wx.get("/phone/people").await["people"].clone();
    assert_eq!((people.as_array().map(Vec::len), &people[0]["person"]), (Some(1), &json!("student:小明")));
    wx.stop().await;
}
