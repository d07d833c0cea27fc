//! Our client against a server that answers anything: nothing panics, nothing secret is told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{HttpRequest, HttpResponse, dev::ServerHandle, web};
use serde_json::json;
use yueke::{
    base::time::{Clock, Timestamp},
    gateways::wechat::{Edition, Failure, QrWish, SubscribeMessage, TextCheck, TextScene, WeChat},
};

use super::{SECRET, serve, wechat_at};

const TOKEN: &str = "a-token-that-nobody-may-see";
const CODE: &str = "a-code-that-nobody-may-see";

/// What every call but the one for a token is answered.
#[derive(Clone)]
enum Says {
    Body(u16, &'static str, Vec<u8>),
    /// All that was asked, with its secrets, in the words of an error.
    Echo,
    Redirect(String),
}

struct Hostile {
    says: Arc<Mutex<Says>>,
    server: ServerHandle,
    wechat: WeChat,
    clock: Clock,
    base: String,
}

impl Hostile {
    fn start() -> Self {
        let says = Arc::new(Mutex::new(Says::Echo));
        let shared = says.clone();
        let (base, server) = serve(move |config| {
            let says = shared.clone();
            let answer = move |req: HttpRequest, body: web::Bytes| {
                let says = says.lock().expect("nobody panics with it").clone();
                async move { answer(&says, &req, &body) }
            };
            config.route("/cgi-bin/stable_token", web::post().to(token)).default_service(web::to(answer));
        });
        let clock = Clock::manual(Timestamp::from_millis(1_800_000_000_000));
        let wechat = wechat_at(&base, &clock, Duration::from_secs(5));
        Self { says, server, wechat, clock, base }
    }

    /// With another client, for whom nothing failed yet.
    fn says(&mut self, says: Says) {
        *self.says.lock().expect("nobody panics with it") = says;
        self.wechat = wechat_at(&self.base, &self.clock, Duration::from_secs(5));
    }

    /// What each call comes to.
    async fn failures(&self) -> Vec<(&'static str, Option<Failure>)> {
        let message = SubscribeMessage {
            openid: "oAmy".into(),
            template_id: "t".into(),
            page: None,
            state: "formal",
            lang: "zh_CN",
            data: [("thing1".to_owned(), "x".to_owned())].into(),
        };
        let check = TextCheck {
            openid: "oAmy".into(),
            scene: TextScene::Forum,
            content: "x".into(),
            title: None,
            nickname: None,
        };
        let wish = QrWish { scene: "x".into(), page: None, edition: Edition::Develop, width: 430 };
        // At once, as the breaker would keep the last one from being asked.
        let (session, phone, send, check, qr, templates) = tokio::join!(
            self.wechat.session_of(CODE),
            self.wechat.phone_of(CODE),
            self.wechat.send(&message),
            self.wechat.check_text(&check),
            self.wechat.unlimited_qr(&wish),
            self.wechat.templates(),
        );
        vec![
            ("session", session.err()),
            ("phone", phone.err()),
            ("send", send.err()),
            ("check", check.err()),
            ("qr", qr.err()),
            ("templates", templates.err()),
        ]
    }
}

async fn token() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "access_token": TOKEN, "expires_in": 86_400 }))
}

fn answer(says: &Says, req: &HttpRequest, body: &[u8]) -> HttpResponse {
    match says {
        Says::Body(status, kind, body) => {
            let status = actix_web::http::StatusCode::from_u16(*status).expect("a status");
            HttpResponse::build(status).content_type(*kind).body(body.clone())
        }
        Says::Echo => {
            let asked = format!("{} {}", req.uri(), String::from_utf8_lossy(body));
            HttpResponse::Ok().json(json!({ "errcode": 40125, "errmsg": format!("bad request\n{asked}") }))
        }
        Says::Redirect(to) => HttpResponse::TemporaryRedirect().insert_header(("location", to.as_str())).finish(),
    }
}

#[track_caller]
fn tells_no_secret(what: &str, failure: &Failure) {
    for told in [failure.to_string(), format!("{failure:?}")] {
        for secret in [SECRET, TOKEN, CODE] {
            assert!(!told.contains(secret), "{what}: {told}");
        }
    }
}

#[actix::test]
async fn an_error_that_echoes_what_was_asked_tells_no_secret() {
    let hostile = Hostile::start();
    for (what, failure) in hostile.failures().await {
        let failure = failure.expect(what);
        assert!(matches!(failure, Failure::Refused { code: 40125, .. }), "{what}: {failure:?}");
        assert!(failure.to_string().contains("bad request") && !failure.to_string().contains('\n'), "{failure}");
        tells_no_secret(what, &failure);
    }
    let shown = format!("{:?}", hostile.wechat);
    assert!(!shown.contains(SECRET) && !shown.contains(TOKEN), "{shown}");
    hostile.server.stop(false).await;
}

#[actix::test]
async fn an_answer_that_is_none_leaves_the_outcome_unknown() {
    let mut hostile = Hostile::start();
    let json = "application/json";
    let long = format!("{{\"errcode\":0,\"errmsg\":\"{}\"}}", "x".repeat(70_000)).into_bytes();
    let huge = [b"\x89PNG".to_vec(), vec![0; 3 << 20]].concat();
    let unknown = [
        (200, json, b"".to_vec()),
        (200, json, b"null".to_vec()),
        (200, json, b"[]".to_vec()),
        (200, json, b"{}".to_vec()),
        (200, json, b"{\"errcode\":\"x\"}".to_vec()),
        (200, json, b"{\"errcode\":1e400}".to_vec()),
        (200, json, b"{\"errcode\":[0]}".to_vec()),
        (200, json, b"{\"openid\":\"\xff\"}".to_vec()),
        (200, json, "[".repeat(60_000).into_bytes()),
        (200, "text/html", b"<html>busy</html>".to_vec()),
        (200, json, long),
        (200, "image/png", huge),
        (204, json, b"".to_vec()),
        (302, "text/html", b"".to_vec()),
        (403, "text/html", b"forbidden".to_vec()),
        (429, json, b"{\"errcode\":0,\"msgid\":1}".to_vec()),
        (500, json, b"{\"errcode\":0,\"msgid\":1}".to_vec()),
        (502, "text/html", b"<html>bad gateway</html>".to_vec()),
    ];
    for (status, kind, body) in unknown {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        hostile.says(Says::Body(status, kind, body));
        for (what, failure) in hostile.failures().await {
            let failure = failure.unwrap_or_else(|| panic!("{what} took {status} {shown}"));
            assert!(matches!(failure, Failure::Unknown(_)), "{what} of {status} {shown}: {failure:?}");
            tells_no_secret(what, &failure);
        }
    }
    hostile.server.stop(false).await;
}

#[actix::test]
async fn a_redirect_is_not_followed() {
    let mut hostile = Hostile::start();
    hostile.says(Says::Redirect(format!("{}/cgi-bin/stable_token", hostile.base)));
    for (what, failure) in hostile.failures().await {
        assert!(matches!(failure, Some(Failure::Unknown(_))), "{what}: {failure:?}");
    }
    hostile.server.stop(false).await;
}

#[actix::test]
async fn an_error_without_words_is_an_error_and_a_success_without_an_id_is_a_success() {
    let mut hostile = Hostile::start();
    hostile.says(Says::Body(200, "text/plain", b"{\"errcode\":\"43101\"}".to_vec()));
    for (what, failure) in hostile.failures().await {
        assert_eq!(failure, Some(Failure::Refused { code: 43101, message: String::new() }), "{what}");
    }
    hostile.says(Says::Body(200, "text/plain", b"{\"errcode\":0,\"msgid\":{}}".to_vec()));
    for (what, failure) in hostile.failures().await {
        assert_eq!(failure.is_none(), what == "send", "{what}: {failure:?}");
    }
    hostile.server.stop(false).await;
}
