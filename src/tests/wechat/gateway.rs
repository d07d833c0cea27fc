//! Our client against the sandbox.

use std::time::Duration;

use serde_json::json;
use yueke::gateways::wechat::{Edition, Failure, QrWish, Suggest, TextCheck, TextScene, WxPhone};

use super::{APPID, BOOKED, FREED, SECRET, Wx, all, wechat_at};

/// For what never answers.
const SHORT: Duration = Duration::from_secs(1);

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Failure>, code: i64) -> String {
    match result {
        Err(Failure::Refused { code: got, message }) if got == code => message,
        other => panic!("{code} expected, not {other:?}"),
    }
}

#[track_caller]
fn unavailable<T: std::fmt::Debug>(result: Result<T, Failure>) -> String {
    match result {
        Err(Failure::Unavailable(why)) => why,
        other => panic!("unavailable expected, not {other:?}"),
    }
}

#[track_caller]
fn unknown<T: std::fmt::Debug>(result: Result<T, Failure>) -> String {
    match result {
        Err(Failure::Unknown(why)) => why,
        other => panic!("unknown expected, not {other:?}"),
    }
}

#[actix::test]
async fn a_login_code_is_exchanged_once() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    let (code, openid) = wx.login_code("amy").await;
    let session = wechat.session_of(&code).await.expect("a session");
    assert_eq!((session.openid, session.unionid), (openid, None));
    refused(wechat.session_of(&code).await, 40163);
    refused(wechat.session_of("nobody's").await, 40029);
    for odd in ["a b&secret=x#/?", "约课", "%00\n"] {
        refused(wechat.session_of(odd).await, 40029);
    }
    let asked = wx.answered("jscode2session", 40029).await;
    refused(wechat.session_of("").await, 40029);
    refused(wechat.session_of(&"x".repeat(9_999)).await, 40029);
    assert_eq!(wx.answered("jscode2session", 40029).await, asked, "what cannot be a code is not asked");
    assert_eq!(wx.answered("stable_token", 0).await, 0, "a login needs no token");
    wx.stop().await;
}

#[actix::test]
async fn a_phone_number_is_read_with_its_country() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    let code = wx.post("/phone/amy/phone-code", json!({ "number": "13800138000" })).await;
    let code = code["code"].as_str().expect("a code");
    let phone = wechat.phone_of(code).await.expect("a number");
    assert_eq!(phone, WxPhone { country_code: "86".into(), number: "13800138000".into() });
    refused(wechat.phone_of(code).await, 40029);
    let (login, _) = wx.login_code("amy").await;
    refused(wechat.phone_of(&login).await, 40029);
    wx.stop().await;
}

#[actix::test]
async fn a_message_arrives_made_to_fit_and_uses_up_a_consent() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    refused(wechat.send(&wx.freed("amy")).await, 43101);
    wx.consent("amy", 1).await;
    let mut message = wx.freed("amy");
    message.data.insert("thing1".into(), "一门名字很长很长很长很长很长很长的\n书法课".into());
    let msgid = wechat.send(&message).await.expect("sent");
    assert!(msgid.parse::<u64>().expect("a number") > 1 << 53);
    let got = wx.messages("amy").await;
    assert_eq!(
        (got.len(), &got[0]["msgid"], &got[0]["page"]),
        (1, &json!(msgid), &json!("pages/offer/index?entry=1&a=b"))
    );
    assert_eq!(got[0]["fields"][0]["value"], "一门名字很长很长很长很长很长很长的 书…");
    refused(wechat.send(&message).await, 43101);

    // What cannot be made to fit is not asked.
    let asked = wx.answered("send", 47003).await;
    message.data.insert("time2".into(), "soon".into());
    assert!(refused(wechat.send(&message).await, 47003).contains("time2"));
    assert_eq!(wx.answered("send", 47003).await, asked);
    message.data.remove("time2");
    assert!(refused(wechat.send(&message).await, 47003).contains("time2"), "WeChat names what is missing");
    message.openid = "o123".into();
    refused(wechat.send(&message).await, 40003);
    wx.stop().await;
}

#[actix::test]
async fn texts_are_judged() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    let check = |content: &str| TextCheck {
        openid: wx.openid("amy"),
        scene: TextScene::Comment,
        content: content.to_owned(),
        title: None,
        nickname: Some("amy".into()),
    };
    refused(wechat.check_text(&check("hello")).await, 61010);
    let (code, _) = wx.login_code("amy").await;
    wechat.session_of(&code).await.expect("a session");
    for (text, suggest, label) in
        [("老师很好", Suggest::Pass, 100), ("一起赌博", Suggest::Risky, 20006), ("加微信", Suggest::Review, 10001)]
    {
        let verdict = wechat.check_text(&check(text)).await.expect("a verdict");
        assert_eq!((verdict.suggest, verdict.label), (suggest, label), "{text}");
        assert!(!verdict.trace_id.is_empty());
    }
    refused(wechat.check_text(&check(&"字".repeat(2_501))).await, 45002);
    wechat.check_text(&check(&"字".repeat(2_500))).await.expect("a verdict");
    wx.stop().await;
}

#[actix::test]
async fn a_code_is_a_picture_or_an_error() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    let wish = QrWish {
        scene: "c=01&t=a_b~".into(),
        page: Some("pages/home/index".into()),
        edition: Edition::Release,
        width: 1280,
    };
    let image = wechat.unlimited_qr(&wish).await.expect("a picture");
    assert_eq!((image.mime, &image.bytes[1..4]), ("image/png", &b"PNG"[..]));
    assert!(!format!("{image:?}").contains("PNG\\r"), "a picture is not shown whole");
    refused(wechat.unlimited_qr(&QrWish { page: Some("pages/none".into()), ..wish.clone() }).await, 41030);
    let asked = wx.answered("getwxacodeunlimit", 41030).await;
    for (wish, code) in [
        (QrWish { scene: String::new(), ..wish.clone() }, 40129),
        (QrWish { scene: "x".repeat(33), ..wish.clone() }, 40129),
        (QrWish { scene: "约".into(), ..wish.clone() }, 40129),
        (QrWish { scene: "a b".into(), ..wish.clone() }, 40129),
        (QrWish { page: Some("/pages/home/index".into()), ..wish.clone() }, 41030),
        (QrWish { page: Some("pages/home/index?a=b".into()), ..wish.clone() }, 41030),
        (QrWish { width: 279, ..wish.clone() }, 40097),
        (QrWish { width: 1281, ..wish.clone() }, 40097),
    ] {
        refused(wechat.unlimited_qr(&wish).await, code);
    }
    assert_eq!(wx.answered("getwxacodeunlimit", 41030).await, asked, "not asked");
    // A page that is not published yet can be tried out.
    let trial = QrWish { page: Some("pages/new".into()), edition: Edition::Trial, ..wish };
    wechat.unlimited_qr(&trial).await.expect("a picture");
    wx.stop().await;
}

#[actix::test]
async fn templates_are_listed_and_credentials_checked() {
    let wx = Wx::start().await;
    let templates = wx.wechat().templates().await.expect("templates");
    assert_eq!(templates.iter().map(|t| &*t.id).collect::<Vec<_>>(), [FREED, BOOKED]);
    assert_eq!((&*templates[0].title, templates[0].kind), ("候补名额提醒", 2));
    assert!(templates[0].content.contains("{{thing1.DATA}}"));
    wx.wechat().check_credentials().await.expect("good ones");

    let settings = |appid: &str, secret: &str| yueke::gateways::wechat::Settings {
        url: wx.base.clone(),
        appid: appid.into(),
        secret: yueke::base::secret::Secret(secret.into()),
    };
    for (appid, secret, code) in [("wxother", SECRET, 40013), (APPID, "another", 40125)] {
        let wechat = yueke::gateways::wechat::WeChat::new(settings(appid, secret), wx.clock.clone()).expect("settings");
        refused(wechat.check_credentials().await, code);
        let why = unavailable(wechat.send(&wx.freed("amy")).await);
        assert!(why.contains("no access token") && why.contains(&code.to_string()), "{why}");
        assert!(wechat.is_well(), "a refusal is an answer");
    }
    for (appid, secret) in [("", SECRET), (APPID, ""), (APPID, " x"), ("a\nb", SECRET)] {
        assert!(yueke::gateways::wechat::WeChat::new(settings(appid, secret), wx.clock.clone()).is_err());
    }
    wx.stop().await;
}

// ---- tokens

#[actix::test]
async fn a_hundred_callers_at_once_fetch_one_token() {
    let wx = Wx::start().await;
    wx.control(json!({ "latency_ms": 20 })).await;
    let wechat = wx.wechat();
    let answers = all((0..100).map(|_| wechat.templates())).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(wx.answered("stable_token", 0).await, 1);
    wx.stop().await;
}

#[actix::test]
async fn a_token_is_renewed_in_its_last_minutes_while_calls_go_on() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    wechat.templates().await.expect("templates");
    wx.pass(6_900);
    // Some of these go out with the old one and some with the new one, and both are good.
    while wx.answered("stable_token", 0).await < 2 {
        wechat.templates().await.expect("templates");
    }
    wx.pass(299);
    wechat.templates().await.expect("templates");
    wx.pass(1);
    all((0..20).map(|_| wechat.templates())).await.into_iter().for_each(|t| drop(t.expect("templates")));
    assert_eq!(wx.answered("stable_token", 0).await, 2);
    assert_eq!(wx.answered("gettemplate", 42001).await, 0, "never with an old one");

    // After a long sleep the old one is not even tried.
    wx.pass(86_400);
    wechat.templates().await.expect("templates");
    assert_eq!(wx.answered("gettemplate", 42001).await, 0);
    wx.stop().await;
}

#[actix::test]
async fn a_token_that_dies_under_parallel_calls_is_replaced_once_and_each_call_repeated_once() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    wechat.templates().await.expect("templates");
    wx.control(json!({ "kill_token": true, "latency_ms": 20 })).await;
    let answers = all((0..50).map(|_| wechat.templates())).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(wx.answered("stable_token", 0).await, 2);
    assert_eq!(wx.answered("gettemplate", 0).await, 51);
    let dead = wx.answered("gettemplate", 40001).await;
    assert!((1..=50).contains(&dead), "each met the dead one once at most: {dead}");
    wx.stop().await;
}

#[actix::test]
async fn a_dead_token_that_is_given_out_again_is_replaced_by_force_but_not_for_ever() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    wechat.templates().await.expect("templates");
    let refuse = |times: u32| json!({ "fail_next": [{ "call": "gettemplate", "errcode": 42001, "times": times }] });
    wx.control(refuse(1)).await;
    wechat.templates().await.expect("templates");
    assert_eq!(wx.answered("stable_token", 0).await, 3, "the first, the same again, and by force another");
    wx.control(refuse(100)).await;
    for _ in 0..3 {
        unavailable(wechat.templates().await);
    }
    assert_eq!(wx.answered("gettemplate", 42001).await, 4);
    assert_eq!(wx.answered("stable_token", 0).await, 8, "none by force so soon");
    wx.control(json!({ "fail_next": [] })).await;
    wechat.templates().await.expect("templates");
    wx.stop().await;
}

// ---- one at a time

#[actix::test]
async fn parallel_messages_to_one_person_never_meet() {
    let wx = Wx::start().await;
    wx.consent("amy", 50).await;
    wx.control(json!({ "latency_ms": 2 })).await;
    let (wechat, message) = (wx.wechat(), wx.freed("amy"));
    let sent = all((0..50).map(|_| wechat.send(&message))).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    assert_eq!(wx.answered("send", 43108).await, 0);
    assert_eq!(wx.messages("amy").await.len(), 50);
    wx.stop().await;
}

#[actix::test]
async fn without_the_guard_they_do_meet() {
    let wx = Wx::start().await;
    wx.consent("amy", 10).await;
    wx.control(json!({ "latency_ms": 50 })).await;
    // Each client has a guard of its own.
    let clients: Vec<_> = (0..10).map(|_| wx.wechat()).collect();
    let message = wx.freed("amy");
    all(clients.iter().map(|wechat| wechat.send(&message))).await;
    assert!(wx.answered("send", 43108).await > 0);
    wx.stop().await;
}

// ---- when WeChat is away

#[actix::test]
async fn a_busy_wechat_is_asked_at_most_three_times() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    wx.consent("amy", 2).await;
    let busy = |times: u32| json!({ "fail_next": [{ "call": "send", "errcode": -1, "times": times }] });
    wx.control(busy(2)).await;
    wechat.send(&wx.freed("amy")).await.expect("sent at the third try");
    wx.control(busy(3)).await;
    unavailable(wechat.send(&wx.freed("amy")).await);
    assert_eq!((wx.answered("send", -1).await, wx.messages("amy").await.len()), (5, 1));
    wx.stop().await;
}

#[actix::test]
async fn a_message_whose_answer_is_lost_is_not_repeated() {
    let wx = Wx::start().await;
    wx.consent("amy", 9).await;
    let wechat = wx.wechat_within(SHORT);
    wechat.templates().await.expect("a token");
    for (down, delivered) in [("lost", 1), ("refuse", 1), ("reset", 1), ("hang", 1)] {
        wx.control(json!({ "down": down })).await;
        unknown(wechat.send(&wx.freed("amy")).await);
        wx.control(json!({ "down": "off" })).await;
        assert_eq!(wx.messages("amy").await.len(), delivered, "{down}");
    }
    assert_eq!(wx.answered("send", 0).await, 1);
    wx.stop().await;
}

#[actix::test]
async fn a_question_whose_answer_is_lost_is_asked_again() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    wechat.templates().await.expect("a token");
    wx.control(json!({ "down": "lost" })).await;
    unknown(wechat.templates().await);
    assert_eq!(wx.answered("gettemplate", 0).await, 1 + 3);
    wx.stop().await;
}

#[actix::test]
async fn who_is_not_reached_is_unavailable() {
    let wx = Wx::start().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let wechat = wechat_at(&format!("http://{free}"), &wx.clock, SHORT);
    let (code, _) = wx.login_code("amy").await;
    let why = unavailable(wechat.session_of(&code).await);
    assert!(why.contains("refused"), "{why}");
    unavailable(wechat.check_credentials().await);
    // Without a token a message surely was not sent.
    for down in ["lost", "refuse", "reset"] {
        wx.control(json!({ "down": down })).await;
        unavailable(wx.wechat().send(&wx.freed("amy")).await);
    }
    wx.stop().await;
}

#[actix::test]
async fn a_server_without_tls_is_not_reached_over_tls() {
    let wx = Wx::start().await;
    let wechat = wechat_at(&wx.base.replace("http://", "https://"), &wx.clock, SHORT);
    let (code, _) = wx.login_code("amy").await;
    unavailable(wechat.session_of(&code).await);
    wx.stop().await;
}

#[actix::test]
async fn after_five_failures_it_is_left_alone_until_it_answers_again() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    wechat.templates().await.expect("a token");
    wx.consent("amy", 1).await;
    wx.control(json!({ "down": "reset" })).await;
    for n in 1..=5 {
        assert!(wechat.is_well(), "{n}");
        unknown(wechat.send(&wx.freed("amy")).await);
    }
    assert!(!wechat.is_well());
    wx.control(json!({ "down": "off" })).await;
    let why = unavailable(wechat.send(&wx.freed("amy")).await);
    assert!(why.contains("asked again"), "{why}");
    wx.pass(4);
    unavailable(wechat.send(&wx.freed("amy")).await);
    assert_eq!(wx.answered("send", 0).await, 0, "not asked");

    // The first one after the pause is a probe, and fails; then the pause begins anew.
    wx.pass(1);
    wx.control(json!({ "down": "reset" })).await;
    unknown(wechat.send(&wx.freed("amy")).await);
    wx.control(json!({ "down": "off" })).await;
    unavailable(wechat.send(&wx.freed("amy")).await);
    wx.pass(5);
    wechat.send(&wx.freed("amy")).await.expect("sent");
    assert!(wechat.is_well());
    // A refusal is an answer.
    for _ in 0..10 {
        refused(wechat.send(&wx.freed("amy")).await, 43101);
    }
    assert!(wechat.is_well());
    wx.stop().await;
}

#[actix::test]
async fn one_probe_at_a_time() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    wx.control(json!({ "down": "reset" })).await;
    for _ in 0..5 {
        unavailable(wechat.templates().await);
    }
    wx.pass(5);
    wx.control(json!({ "down": "off", "latency_ms": 100 })).await;
    let answers = all((0..20).map(|_| wechat.templates())).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(wx.answered("gettemplate", 0).await, 1);
    assert!(wechat.is_well());
    wx.stop().await;
}

#[actix::test]
async fn what_was_asked_is_counted() {
    let wx = Wx::start().await;
    let wechat = wx.wechat();
    refused(wechat.send(&wx.freed("counted")).await, 43101);
    let metrics = yueke::base::metrics::WECHAT_CALLS.with_label_values(&["send", "43101"]).get();
    assert!(metrics >= 1);
    wx.stop().await;
}
