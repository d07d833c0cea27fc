//! WeChat on people's phones, and their text messages: what pages and tests ask for them.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Bytes, Data, Path, ServiceConfig},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{Sandbox, openid::is_name};
use crate::base::sync::lock;

pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/phone/people", web::get().to(people))
        .route("/phone/sms/{number}", web::get().to(sms))
        .route("/phone/{person}/messages", web::get().to(messages))
        .route("/phone/{person}/login-code", web::post().to(login_code))
        .route("/phone/{person}/phone-code", web::post().to(phone_code))
        .route("/phone/{person}/subscribe", web::post().to(subscribe))
        .route("/phone/{person}/read", web::post().to(read));
}

/// What was wrong with a request to the phone or to the control panel.
#[derive(Debug)]
pub struct Bad(StatusCode, String);

impl Bad {
    pub fn request(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, why.into())
    }
}

impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}

impl actix_web::ResponseError for Bad {
    fn status_code(&self) -> StatusCode {
        self.0
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.0).json(json!({ "error": self.1 }))
    }
}

/// JSON that is called so: a page of somebody else's cannot send that without being asked first.
pub fn read_json<T: DeserializeOwned>(req: &HttpRequest, body: &Bytes) -> Result<T, Bad> {
    let kind = req.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        let why = "send JSON, with `content-type: application/json`";
        return Err(Bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, why.into()));
    }
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    // A list would be taken for an object's values in order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Bad::request("the JSON does not fit: send an object"));
    }
    serde_json::from_slice(body).map_err(|e| Bad::request(format!("the JSON does not fit: {e}")))
}

fn person(path: Path<String>) -> Result<String, Bad> {
    let person = path.into_inner();
    if is_name(&person) {
        return Ok(person);
    }
    Err(Bad::request(r"a person's name has 1 to 64 bytes, no space around it, nothing unseen, and none of / \ ? # %"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn login_code(
    sandbox: Data<Sandbox>,
    path: Path<String>,
    req: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Bad> {
    let (person, Nothing {}) = (person(path)?, read_json(&req, &body)?);
    let now = sandbox.0.clock.now();
    Ok(HttpResponse::Ok().json(lock(&sandbox.0.world).login_code(&person, now)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    number: String,
}

async fn phone_code(
    sandbox: Data<Sandbox>,
    path: Path<String>,
    req: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Bad> {
    let (person, Number { number }) = (person(path)?, read_json(&req, &body)?);
    if number.len() != 11 || !number.starts_with('1') || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Bad::request("number: 11 digits that begin with 1, as in 13800138000"));
    }
    let now = sandbox.0.clock.now();
    Ok(HttpResponse::Ok().json(lock(&sandbox.0.world).phone_code(&person, &number, now)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    choices: BTreeMap<String, String>,
}

const CHOICES: [&str; 4] = ["accept", "reject", "ban", "filter"];

async fn subscribe(
    sandbox: Data<Sandbox>,
    path: Path<String>,
    req: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Bad> {
    let (person, Consent { choices }) = (person(path)?, read_json(&req, &body)?);
    if let Some(odd) = choices.values().find(|c| !CHOICES.contains(&&***c)) {
        return Err(Bad::request(format!("choices: `{odd}` is not one of {}", CHOICES.join(", "))));
    }
    let now = sandbox.0.clock.now();
    Ok(HttpResponse::Ok().json(lock(&sandbox.0.world).subscribe(&person, &choices, now)))
}

async fn messages(sandbox: Data<Sandbox>, path: Path<String>) -> Result<HttpResponse, Bad> {
    let person = person(path)?;
    let world = lock(&sandbox.0.world);
    let (messages, grants) = (world.messages_of(&person), world.grants_of(&person));
    let told = json!({ "person": person, "messages": messages, "grants": grants, "templates": world.titles() });
    Ok(HttpResponse::Ok().json(told))
}

async fn read(sandbox: Data<Sandbox>, path: Path<String>, req: HttpRequest, body: Bytes) -> Result<HttpResponse, Bad> {
    let (person, Nothing {}) = (person(path)?, read_json(&req, &body)?);
    lock(&sandbox.0.world).mark_read(&person);
    Ok(HttpResponse::Ok().json(json!({})))
}

async fn people(sandbox: Data<Sandbox>) -> HttpResponse {
    HttpResponse::Ok().json(lock(&sandbox.0.world).people())
}

async fn sms(sandbox: Data<Sandbox>, number: Path<String>) -> HttpResponse {
    let world = lock(&sandbox.0.world);
    HttpResponse::Ok().json(json!({ "number": *number, "messages": world.sms_of(&number) }))
}
