//! The envelope of every answer: `{"code", "message", "data"}`.

use actix_web::{HttpResponse, http::StatusCode};
use serde::Serialize;

use super::error::Problem;
use crate::base::keys::StoredAnswer;
pub use crate::base::lang::Lang;

fn done(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "操作成功",
        Lang::En => "Done",
    }
}

#[derive(Serialize)]
struct Envelope<'a, T: Serialize> {
    code: u16,
    message: &'a str,
    data: T,
}

/// The text of a successful answer.
pub fn body(lang: Lang, status: u16, data: impl Serialize) -> String {
    body_saying(done(lang), status, data)
}

/// The same with a message of its own.
pub fn body_saying(message: &str, status: u16, data: impl Serialize) -> String {
    serde_json::to_string(&Envelope { code: status, message, data }).expect("replies are plain data")
}

pub fn stored(status: u16, body: String) -> StoredAnswer {
    StoredAnswer { status, body: body.into() }
}

/// A problem as an answer that may be kept under a request key.
pub fn stored_problem(problem: &Problem, lang: Lang, request_id: &str) -> StoredAnswer {
    stored(problem.row().status, problem.body(lang, request_id))
}

pub fn ok(lang: Lang, data: impl Serialize) -> HttpResponse {
    raw(200, body(lang, 200, data))
}

pub fn raw(status: u16, body: impl Into<String>) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type("application/json; charset=utf-8").body(body.into())
}

pub fn from_stored(answer: &StoredAnswer) -> HttpResponse {
    raw(answer.status, &*answer.body)
}

/// A page of a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Listed<T> {
    pub items: Vec<T>,
    pub total: u64,
    pub page: u32,
    pub page_size: u32,
}
