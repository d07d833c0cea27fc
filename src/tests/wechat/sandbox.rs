//! The sandbox is as strict as WeChat's documents say: what passes here has a chance to pass there.

use reqwest::Method;
use serde_json::{Value, json};

use super::{APPID, BOOKED, FREED, SECRET, Wx, all, settings};

impl Wx {
    /// The answer's content type, and its JSON.
    async fn ask(&self, method: Method, path: &str, body: Option<String>) -> (String, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "also for an error: {path}");
        let kind = answer.headers()["content-type"].to_str().expect("a text").to_owned();
        (kind, serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
    }

    async fn login(&self, query: &str) -> Value {
        let (kind, answer) = self.ask(Method::GET, &format!("/sns/jscode2session?{query}"), None).await;
        assert!(kind.starts_with("text/plain"), "{kind}");
        answer
    }

    async fn log_in(&self, code: &str) -> Value {
        self.login(&format!("appid={APPID}&secret={SECRET}&js_code={code}&grant_type=authorization_code")).await
    }

    pub async fn stable(&self, force: bool) -> (String, i64) {
        let body =
            json!({ "grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": force });
        token(&self.ask(Method::POST, "/cgi-bin/stable_token", Some(body.to_string())).await.1)
    }

    pub async fn plain(&self) -> Value {
        let path = format!("/cgi-bin/token?grant_type=client_credential&appid={APPID}&secret={SECRET}");
        self.ask(Method::GET, &path, None).await.1
    }

    async fn templates(&self, token: &str) -> Value {
        self.ask(Method::GET, &format!("/wxaapi/newtmpl/gettemplate?access_token={token}"), None).await.1
    }

    /// With a good token.
    async fn call(&self, path: &str, body: &Value) -> Value {
        let token = self.stable(false).await.0;
        self.ask(Method::POST, &format!("{path}?access_token={token}"), Some(body.to_string())).await.1
    }

    pub async fn send(&self, body: &Value) -> Value {
        self.call("/cgi-bin/message/subscribe/send", body).await
    }
}

fn token(answer: &Value) -> (String, i64) {
    let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(token.len() > 64 && token.len() <= 512);
    (token.to_owned(), answer["expires_in"].as_i64().expect("a time"))
}

/// An error: its words begin so, and end with the request's id.
#[track_caller]
pub fn fails(answer: &Value, code: i64, words: &str) {
    assert_eq!(answer["errcode"], code, "{answer}");
    let message = answer["errmsg"].as_str().expect("a message");
    let (said, rid) = message.split_once(" rid: ").unwrap_or_else(|| panic!("{message}"));
    assert!(said.starts_with(words), "{message}");
    let parts: Vec<&str> = rid.split('-').collect();
    let good = |p: &&str| p.len() == 8 && p.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(parts.len() == 3 && parts.iter().all(good), "{message}");
}

pub fn message(wx: &Wx, person: &str) -> Value {
    json!({
        "touser": wx.openid(person),
        "template_id": FREED,
        "page": "pages/home/index?x=1",
        "data": { "thing1": { "value": "书法" }, "time2": { "value": "19:30" } },
    })
}

fn but(mut message: Value, path: &str, value: Value) -> Value {
    match message.pointer_mut(path) {
        Some(place) => *place = value,
        None => panic!("no {path}"),
    }
    message
}

#[actix::test]
async fn a_login_code_is_good_once_and_for_five_minutes() {
    let wx = Wx::start().await;
    let (code, openid) = wx.login_code("小明").await;
    let (late, _) = wx.login_code("小明").await;
    let session = wx.log_in(&code).await;
    assert_eq!((&session["openid"], session.get("errcode")), (&json!(openid), None), "no errcode on success");
    assert!(session["session_key"].is_string() && session.get("unionid").is_none());
    fails(&wx.log_in(&code).await, 40163, "code been used");
    wx.pass(300);
    fails(&wx.log_in(&late).await, 40029, "invalid code");
    fails(&wx.log_in("x").await, 40029, "invalid code");
    fails(&wx.log_in("").await, 41008, "missing code");
    let (code, _) = wx.login_code("小明").await;
    for (query, code) in [
        (format!("appid=x&secret={SECRET}&js_code={code}&grant_type=authorization_code"), 40013),
        (format!("secret={SECRET}&js_code={code}&grant_type=authorization_code"), 41002),
        (format!("appid={APPID}&secret=x&js_code={code}&grant_type=authorization_code"), 40125),
        (format!("appid={APPID}&js_code={code}&grant_type=authorization_code"), 41004),
        (format!("appid={APPID}&secret={SECRET}&js_code={code}"), 40002),
    ] {
        fails(&wx.login(&query).await, code, "");
    }
    assert!(wx.log_in(&code).await["openid"].is_string(), "a wrong secret uses nothing up");
    wx.stop().await;
}

#[actix::test]
async fn with_an_open_platform_people_have_a_unionid() {
    let wx = Wx::start_with(yueke::gateways::sandbox::SandboxSettings { open_platform: true, ..settings() }).await;
    let (code, _) = wx.login_code("amy").await;
    let session = wx.log_in(&code).await;
    assert!(session["unionid"].as_str().is_some_and(|u| session["openid"] != u));
    wx.stop().await;
}

#[actix::test]
async fn a_hundred_logins_a_minute() {
    let wx = Wx::start().await;
    for n in 0..102 {
        let (code, _) = wx.login_code("amy").await;
        let answer = wx.log_in(&code).await;
        match n {
            0..100 => assert!(answer["openid"].is_string(), "{n}"),
            _ => fails(&answer, 45011, "api minute-quota reach limit"),
        }
    }
    let (code, _) = wx.login_code("bob").await;
    assert!(wx.log_in(&code).await["openid"].is_string(), "by person");
    wx.pass(60);
    let (code, _) = wx.login_code("amy").await;
    assert!(wx.log_in(&code).await["openid"].is_string());
    wx.stop().await;
}

#[actix::test]
async fn an_openid_is_the_same_in_another_sandbox() {
    let (one, two) = (Wx::start().await, Wx::start().await);
    let openid = one.login_code("amy").await.1;
    assert_eq!(two.login_code("amy").await.1, openid);
    two.control(json!({ "auto_accept": true })).await;
    let answer = two.send(&message(&two, "amy")).await;
    assert_eq!((&answer["errcode"], &answer["errmsg"]), (&json!(0), &json!("ok")));
    one.stop().await;
    two.stop().await;
}

#[actix::test]
async fn tokens_overlap_expire_and_die() {
    let wx = Wx::start().await;
    let (first, life) = wx.stable(false).await;
    assert_eq!((life, wx.stable(false).await), (7_200, (first.clone(), 7_200)));
    wx.pass(6_899);
    assert_eq!(wx.stable(false).await, (first.clone(), 301));
    wx.pass(1);
    let (second, life) = wx.stable(false).await;
    assert!(second != first && life == 7_200);
    wx.pass(299);
    assert_eq!(wx.templates(&first).await["errcode"], 0, "both are good");
    wx.pass(1);
    fails(&wx.templates(&first).await, 42001, "access_token expired");
    let (third, _) = wx.stable(true).await;
    fails(&wx.templates(&second).await, 40001, "invalid credential, access_token is invalid or not latest");
    assert_eq!(wx.stable(true).await.0, third, "not twice within 30 seconds");
    assert_eq!(wx.templates(&third).await["errcode"], 0);
    fails(&wx.templates("").await, 41001, "access_token missing");
    fails(&wx.ask(Method::GET, "/wxaapi/newtmpl/gettemplate", None).await.1, 41001, "access_token missing");
    fails(&wx.templates("junk").await, 40001, "");
    wx.control(json!({ "kill_token": true })).await;
    fails(&wx.templates(&third).await, 40001, "");
    wx.stop().await;
}

#[actix::test]
async fn plain_tokens_replace_each_other_and_are_rationed() {
    let wx = Wx::start().await;
    let first = token(&wx.plain().await).0;
    let stable = wx.stable(false).await.0;
    token(&wx.plain().await);
    wx.pass(299);
    assert_eq!(wx.templates(&first).await["errcode"], 0);
    wx.pass(1);
    fails(&wx.templates(&first).await, 42001, "");
    assert_eq!(wx.templates(&stable).await["errcode"], 0, "the two kinds are apart");
    for chunk in [100; 20] {
        all((0..chunk).map(|_| wx.plain())).await;
    }
    fails(&wx.plain().await, 45009, "reach max api daily quota limit");
    wx.pass(86_400);
    token(&wx.plain().await);
    wx.stop().await;
}

#[actix::test]
async fn what_is_no_request_of_wechats_is_refused_in_its_words() {
    let wx = Wx::start().await;
    let (_, answer) = wx.ask(Method::GET, "/cgi-bin/stable_token", None).await;
    assert_eq!(answer["errcode"], 43002, "{answer}");
    let (_, answer) = wx.ask(Method::POST, "/wxaapi/newtmpl/gettemplate", None).await;
    assert_eq!(answer["errcode"], 43001, "{answer}");
    let token = wx.stable(false).await.0;
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(100_000));
    for (body, code) in [("", 47001), ("[]", 47001), ("{\"a\":", 47001), ("\u{1}", 47001), (&*large, 45002)] {
        let path = format!("/cgi-bin/message/subscribe/send?access_token={token}");
        fails(&wx.ask(Method::POST, &path, Some(body.to_owned())).await.1, code, "");
    }
    for path in ["/nothing", "/page/none.js", "/phone", "/page/..%2fmod.rs"] {
        let answer = wx.http.get(format!("{}{path}", wx.base)).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
    }
    wx.stop().await;
}

#[actix::test]
async fn a_message_needs_a_consent_and_uses_it_up() {
    let wx = Wx::start().await;
    let good = message(&wx, "amy");
    fails(&wx.send(&good).await, 43101, "user refuse to accept the msg");
    wx.consent("amy", 2).await;
    fails(&wx.send(&message(&wx, "bob")).await, 43101, "");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = wx.send(&good).await;
        assert_eq!((&answer["errcode"], &answer["errmsg"]), (&json!(0), &json!("ok")));
        ids.push(answer["msgid"].as_u64().expect("a number"));
    }
    assert!(ids[0] > 1 << 53 && ids[1] > ids[0]);
    fails(&wx.send(&good).await, 43101, "");
    let got = wx.messages("amy").await;
    assert_eq!(got.len(), 2);
    assert_eq!((&got[0]["msgid"], &got[0]["read"]), (&json!(ids[1].to_string()), &json!(false)), "newest first");
    assert_eq!(got[0]["title"], "候补名额提醒");
    assert_eq!(got[0]["fields"][1], json!({ "name": "time2", "label": "截止时间", "value": "19:30" }));
    assert_eq!((&got[0]["state"], &got[0]["lang"]), (&json!("formal"), &json!("zh_CN")));
    wx.post("/phone/amy/read", json!({})).await;
    assert_eq!(wx.messages("amy").await[0]["read"], true);
    wx.stop().await;
}

#[actix::test]
async fn a_message_that_does_not_fit_is_refused_and_uses_nothing_up() {
    let wx = Wx::start().await;
    wx.consent("amy", 1).await;
    let good = message(&wx, "amy");
    let long = "字".repeat(21);
    for (path, value, code, words) in [
        ("/touser", json!("oNobody"), 40003, "invalid openid"),
        ("/touser", Value::Null, 40003, ""),
        ("/template_id", json!("none"), 40037, "invalid template_id"),
        ("/page", json!("/pages/home/index"), 41030, "invalid page"),
        ("/page", json!("pages/other"), 41030, ""),
        ("/page", json!(7), 41030, ""),
        ("/data", json!([]), 47003, "argument invalid! data"),
        ("/data", json!({ "thing1": { "value": "x" } }), 47003, "argument invalid! data.time2"),
        ("/data/thing1", json!("x"), 47003, "argument invalid! data.thing1"),
        ("/data/thing1/value", json!(""), 47003, "argument invalid! data.thing1"),
        ("/data/thing1/value", json!(" "), 47003, "argument invalid! data.thing1"),
        ("/data/thing1/value", json!("a\nb"), 47003, "argument invalid! data.thing1"),
        ("/data/thing1/value", json!(long), 47003, "argument invalid! data.thing1"),
        ("/data/time2/value", json!("7pm"), 47003, "argument invalid! data.time2"),
    ] {
        fails(&wx.send(&but(good.clone(), path, value)).await, code, words);
    }
    let mut more = good.clone();
    more["data"]["thing9"] = json!({ "value": "x" });
    fails(&wx.send(&more).await, 47003, "argument invalid! data.thing9");
    more = good.clone();
    more["lang"] = json!("de_DE");
    fails(&wx.send(&more).await, 40097, "");
    assert_eq!(wx.send(&good).await["errcode"], 0);
    wx.stop().await;
}

#[actix::test]
async fn two_messages_to_one_person_at_once_meet() {
    let wx = Wx::start().await;
    wx.consent("amy", 5).await;
    wx.consent("bob", 5).await;
    wx.stable(false).await;
    wx.control(json!({ "latency_ms": 200 })).await;
    let (amy, bob) = (message(&wx, "amy"), message(&wx, "bob"));
    let answers = all([&amy, &amy, &bob].map(|m| wx.send(m))).await;
    let (met, sent): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a["errcode"] == 43108);
    assert_eq!((met.len(), sent.len()), (1, 2), "{answers:?}");
    fails(met[0], 43108, "Cannot make concurrent calls to the same OpenID, please try again");
    assert_eq!(wx.messages("bob").await.len(), 1);
    wx.stop().await;
}

#[actix::test]
async fn consent_is_told_as_wechat_tells_it() {
    let wx = Wx::start().await;
    let ask = async |choices: Value| wx.post("/phone/amy/subscribe", json!({ "choices": choices })).await;
    let ok = "requestSubscribeMessage:ok";
    let both = ask(json!({ FREED: "accept", BOOKED: "reject" })).await;
    assert_eq!(both, json!({ "errMsg": ok, FREED: "accept", BOOKED: "reject" }));
    assert_eq!(wx.get("/phone/amy/messages").await["grants"], json!({ FREED: 1 }));
    assert_eq!(ask(json!({ BOOKED: "ban" })).await[BOOKED], "ban");
    assert_eq!(ask(json!({ BOOKED: "accept" })).await[BOOKED], "ban", "stays so");
    for (choices, code) in [
        (json!({}), 10001),
        (json!({ "none": "accept" }), 20001),
        (json!({ "1": "accept", "2": "accept", "3": "accept", "4": "accept", "5": "accept", "6": "accept" }), 20003),
    ] {
        let answer = ask(choices).await;
        assert_eq!(answer["errCode"], code, "{answer}");
        assert!(answer["errMsg"].as_str().is_some_and(|m| m.starts_with("requestSubscribeMessage:fail ")), "{answer}");
    }
    wx.stop().await;
}

#[actix::test]
async fn of_two_templates_with_one_title_one_is_filtered() {
    let mut doubled = settings();
    doubled.templates[1].title = doubled.templates[0].title.clone();
    let wx = Wx::start_with(doubled).await;
    let answer = wx.post("/phone/amy/subscribe", json!({ "choices": { FREED: "accept", BOOKED: "accept" } })).await;
    let mut told = [&answer[FREED], &answer[BOOKED]].map(|v| v.as_str().expect("a choice"));
    told.sort_unstable();
    assert_eq!(told, ["accept", "filter"]);
    wx.stop().await;
}

#[actix::test]
async fn the_phone_code_is_not_the_login_code() {
    let wx = Wx::start().await;
    let code = wx.post("/phone/amy/phone-code", json!({ "number": "13800138000" })).await["code"].clone();
    let ask = async |code: &Value| wx.call("/wxa/business/getuserphonenumber", &json!({ "code": code })).await;
    fails(&wx.log_in(code.as_str().expect("a code")).await, 40029, "");
    let answer = ask(&code).await;
    assert_eq!(answer["phone_info"]["purePhoneNumber"], "13800138000");
    assert_eq!(answer["phone_info"]["countryCode"], 86);
    assert_eq!(answer["phone_info"]["watermark"]["appid"], APPID);
    fails(&ask(&code).await, 40029, "invalid code");
    let login = wx.login_code("amy").await.0;
    fails(&ask(&json!(login)).await, 40029, "");
    fails(&ask(&Value::Null).await, 40029, "");
    wx.stop().await;
}

#[actix::test]
async fn a_text_is_checked_for_somebody_who_was_here_lately() {
    let wx = Wx::start().await;
    let (code, openid) = wx.login_code("amy").await;
    let text = json!({ "openid": openid, "version": 2, "scene": 2, "content": "你好" });
    let check = async |body: &Value| wx.call("/wxa/msg_sec_check", body).await;
    fails(&check(&text).await, 61010, "");
    wx.log_in(&code).await;
    let answer = check(&text).await;
    assert_eq!((&answer["result"]["suggest"], &answer["result"]["label"]), (&json!("pass"), &json!(100)));
    assert!(answer["trace_id"].is_string() && answer["detail"].is_array());
    assert_eq!(check(&but(text.clone(), "/content", json!("赌博"))).await["result"]["suggest"], "risky");
    for (path, value, code) in [
        ("/scene", json!(5), 40129),
        ("/scene", json!("2"), 40129),
        ("/openid", json!("oNobody"), 40003),
        ("/version", json!(1), 40097),
        ("/content", json!(""), 44004),
        ("/content", json!("字".repeat(2_501)), 45002),
    ] {
        fails(&check(&but(text.clone(), path, value)).await, code, "");
    }
    wx.pass(7_199);
    assert_eq!(check(&text).await["errcode"], 0);
    wx.pass(1);
    fails(&check(&text).await, 61010, "");
    wx.stop().await;
}

#[actix::test]
async fn a_code_is_a_png_or_json() {
    let wx = Wx::start().await;
    let token = wx.stable(false).await.0;
    let url = format!("{}/wxa/getwxacodeunlimit?access_token={token}", wx.base);
    let answer = wx.http.post(url).json(&json!({ "scene": "a=1", "width": 280 })).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "image/png");
    let bytes = answer.bytes().await.expect("bytes");
    assert_eq!((&bytes[1..4], &bytes[16..24]), (&b"PNG"[..], &[0, 0, 1, 24, 0, 0, 1, 24][..]));
    for (body, code) in [
        (json!({}), 40129),
        (json!({ "scene": "" }), 40129),
        (json!({ "scene": "x".repeat(33) }), 40129),
        (json!({ "scene": "a%" }), 40129),
        (json!({ "scene": "a", "page": "/pages/home/index" }), 41030),
        (json!({ "scene": "a", "page": "pages/none" }), 41030),
        (json!({ "scene": "a", "width": 2_000 }), 40097),
        (json!({ "scene": "a", "env_version": "beta" }), 40097),
    ] {
        fails(&wx.call("/wxa/getwxacodeunlimit", &body).await, code, "");
    }
    wx.stop().await;
}
