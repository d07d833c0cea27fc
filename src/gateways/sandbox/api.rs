//! WeChat's server API, as a server of a mini-program meets it.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    body::{BodySize, MessageBody},
    http::header::ContentType,
    web::{self, Bytes, Data, Query, ServiceConfig},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Sandbox,
    faults::Down,
    picture::picture,
    state::{Refusal, Wish, World},
};
use crate::base::{sync::lock, time::Timestamp};

/// Who asks of one that hangs is let go after this, at last.
const HANG_MAX: Duration = Duration::from_secs(60);

pub fn configure(config: &mut ServiceConfig) {
    let get = |path: &str| web::resource(path).default_service(web::to(|| wrong_method(43001, "require GET method")));
    let post = |path: &str| web::resource(path).default_service(web::to(|| wrong_method(43002, "require POST method")));
    config
        .service(get("/sns/jscode2session").route(web::get().to(session)))
        .service(get("/cgi-bin/token").route(web::get().to(plain_token)))
        .service(post("/cgi-bin/stable_token").route(web::post().to(stable_token)))
        .service(post("/cgi-bin/message/subscribe/send").route(web::post().to(send)))
        .service(post("/wxa/business/getuserphonenumber").route(web::post().to(phone)))
        .service(post("/wxa/msg_sec_check").route(web::post().to(check_text)))
        .service(post("/wxa/getwxacodeunlimit").route(web::post().to(qr)))
        .service(get("/wxaapi/newtmpl/gettemplate").route(web::get().to(templates)));
}

/// A successful answer, as it is sent.
enum Reply {
    Json(Value),
    /// JSON that is not called so.
    Text(Value),
    Png(Vec<u8>),
}

type Work<'a> = Box<dyn FnOnce(&mut World, bool, Timestamp) -> Result<Reply, Refusal> + 'a>;

/// Whatever is wrong with WeChat today comes first.
async fn serve(sandbox: &Sandbox, call: &'static str, work: Work<'_>) -> HttpResponse {
    let (latency, down) = {
        let faults = lock(&sandbox.0.faults);
        (Duration::from_millis(faults.latency_ms), faults.down)
    };
    pass(latency).await;
    match down {
        Down::Off => decide(sandbox, call, work),
        Down::Refuse => HttpResponse::ServiceUnavailable().content_type("text/html").body("<html>503</html>"),
        Down::Hang => {
            hang(sandbox).await;
            cut()
        }
        Down::Reset => cut(),
        Down::Lost => {
            decide(sandbox, call, work);
            cut()
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the pace of a network, which no deadline follows from")]
async fn pass(latency: Duration) {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}

/// Until WeChat no longer hangs.
async fn hang(sandbox: &Sandbox) {
    // Counted until it is over, also when the caller goes away.
    let _one = sandbox.0.hanging.clone();
    let healed = async {
        loop {
            let changed = sandbox.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if lock(&sandbox.0.faults).down != Down::Hang {
                return;
            }
            changed.await;
        }
    };
    // Whoever still waits is cut off either way.
    let _ = tokio::time::timeout(HANG_MAX, healed).await;
}

fn decide(sandbox: &Sandbox, call: &'static str, work: Work<'_>) -> HttpResponse {
    let now = sandbox.0.clock.now();
    let mut faults = lock(&sandbox.0.faults);
    let result = match faults.next(call) {
        Some(-1) => Err(Refusal::new(-1, "system error")),
        Some(code) => Err(Refusal::new(code, "refused by the sandbox's control panel")),
        None => work(&mut lock(&sandbox.0.world), faults.auto_accept, now),
    };
    faults.count(call, result.as_ref().err().map_or(0, |r| r.code));
    match result {
        Ok(Reply::Json(body)) => HttpResponse::Ok().json(body),
        Ok(Reply::Text(body)) => HttpResponse::Ok().content_type(ContentType::plaintext()).body(body.to_string()),
        Ok(Reply::Png(bytes)) => HttpResponse::Ok().content_type(ContentType::png()).body(bytes),
        Err(Refusal { code, message }) => {
            let message = message + &faults.rid(now.as_millis() / 1_000);
            let body = json!({ "errcode": code, "errmsg": message });
            match call {
                "jscode2session" => HttpResponse::Ok().content_type(ContentType::plaintext()).body(body.to_string()),
                _ => HttpResponse::Ok().json(body),
            }
        }
    }
}

async fn wrong_method(code: i64, message: &'static str) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "errcode": code, "errmsg": message }))
}

/// A body that ends the connection before a byte of the answer is sent.
struct Cut;

impl MessageBody for Cut {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(1_000)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}

fn cut() -> HttpResponse {
    HttpResponse::Ok().body(Cut)
}

// ---- the calls

#[derive(Deserialize)]
struct Access {
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Login {
    appid: Option<String>,
    secret: Option<String>,
    js_code: Option<String>,
    grant_type: Option<String>,
}

/// A body that WeChat can read: an object.
fn object(body: Result<Bytes, actix_web::Error>) -> Result<Value, Refusal> {
    let body = body.map_err(|_| Refusal::new(45002, "content size out of limit"))?;
    let value = serde_json::from_slice(&body).ok().filter(Value::is_object);
    value.ok_or_else(|| Refusal::new(47001, "data format error"))
}

fn check_grant(given: Option<&str>, wanted: &str) -> Result<(), Refusal> {
    if given == Some(wanted) { Ok(()) } else { Err(Refusal::new(40002, "invalid grant_type")) }
}

async fn session(sandbox: Data<Sandbox>, login: Query<Login>) -> HttpResponse {
    let Login { appid, secret, js_code, grant_type } = login.into_inner();
    let work = move |world: &mut World, _, now| {
        check_grant(grant_type.as_deref(), "authorization_code")?;
        world.check_secret(appid.as_deref(), secret.as_deref())?;
        world.session(js_code.as_deref().unwrap_or_default(), now).map(Reply::Text)
    };
    serve(&sandbox, "jscode2session", Box::new(work)).await
}

fn token((token, seconds): (String, i64)) -> Reply {
    Reply::Json(json!({ "access_token": token, "expires_in": seconds }))
}

async fn plain_token(sandbox: Data<Sandbox>, login: Query<Login>) -> HttpResponse {
    let Login { appid, secret, js_code: _, grant_type } = login.into_inner();
    let work = move |world: &mut World, _, now| {
        check_grant(grant_type.as_deref(), "client_credential")?;
        world.check_secret(appid.as_deref(), secret.as_deref())?;
        world.tokens.plain(now, &mut world.quotas).map(token)
    };
    serve(&sandbox, "token", Box::new(work)).await
}

async fn stable_token(sandbox: Data<Sandbox>, body: Result<Bytes, actix_web::Error>) -> HttpResponse {
    let work = move |world: &mut World, _, now| {
        let body = object(body)?;
        check_grant(body["grant_type"].as_str(), "client_credential")?;
        world.check_secret(body["appid"].as_str(), body["secret"].as_str())?;
        let force = body["force_refresh"].as_bool().unwrap_or_default();
        world.tokens.stable(force, now, &mut world.quotas).map(token)
    };
    serve(&sandbox, "stable_token", Box::new(work)).await
}

/// To whom a message is on its way.
#[derive(Default)]
pub struct UnderWay(Mutex<HashSet<String>>);

struct Sending<'a> {
    all: &'a UnderWay,
    openid: String,
}

impl UnderWay {
    /// None while another one is on its way.
    fn begin(&self, openid: &str) -> Option<Sending<'_>> {
        let openid = openid.to_owned();
        lock(&self.0).insert(openid.clone()).then(|| Sending { all: self, openid })
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        lock(&self.all.0).remove(&self.openid);
    }
}

async fn send(sandbox: Data<Sandbox>, access: Query<Access>, body: Result<Bytes, actix_web::Error>) -> HttpResponse {
    let body = object(body);
    let openid = body.as_ref().ok().and_then(|b| b["touser"].as_str()).unwrap_or_default();
    let openid: String = openid.chars().take(200).collect();
    let sending = sandbox.0.under_way.begin(&openid);
    let alone = sending.is_some();
    let work = move |world: &mut World, auto_accept, now| {
        world.tokens.check(access.access_token.as_deref(), now)?;
        let body = body?;
        if !alone {
            let message = "Cannot make concurrent calls to the same OpenID, please try again";
            return Err(Refusal::new(43108, message));
        }
        let msgid = world.send(&Wish { openid: &openid, body: &body, auto_accept }, now)?;
        Ok(Reply::Json(json!({ "errcode": 0, "errmsg": "ok", "msgid": msgid })))
    };
    serve(&sandbox, "send", Box::new(work)).await
}

async fn phone(sandbox: Data<Sandbox>, access: Query<Access>, body: Result<Bytes, actix_web::Error>) -> HttpResponse {
    let work = move |world: &mut World, _, now| {
        world.tokens.check(access.access_token.as_deref(), now)?;
        world.phone(object(body)?["code"].as_str().unwrap_or_default(), now).map(Reply::Json)
    };
    serve(&sandbox, "getuserphonenumber", Box::new(work)).await
}

async fn check_text(
    sandbox: Data<Sandbox>,
    access: Query<Access>,
    body: Result<Bytes, actix_web::Error>,
) -> HttpResponse {
    let work = move |world: &mut World, _, now| {
        world.tokens.check(access.access_token.as_deref(), now)?;
        world.check_text(&object(body)?, now).map(Reply::Json)
    };
    serve(&sandbox, "msg_sec_check", Box::new(work)).await
}

async fn qr(sandbox: Data<Sandbox>, access: Query<Access>, body: Result<Bytes, actix_web::Error>) -> HttpResponse {
    let work = move |world: &mut World, _, now| {
        world.tokens.check(access.access_token.as_deref(), now)?;
        let (scene, width) = world.qr(&object(body)?, now)?;
        Ok(Reply::Png(picture(&scene, width)))
    };
    serve(&sandbox, "getwxacodeunlimit", Box::new(work)).await
}

async fn templates(sandbox: Data<Sandbox>, access: Query<Access>) -> HttpResponse {
    let work = move |world: &mut World, _, now| {
        world.tokens.check(access.access_token.as_deref(), now)?;
        Ok(Reply::Json(world.templates()))
    };
    serve(&sandbox, "gettemplate", Box::new(work)).await
}
