//! The way to a socket: a ticket over HTTPS, then the upgrade.

use actix_web::{HttpRequest, HttpResponse, http::header, web::Payload};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    base::{
        ids::SessionId,
        limits::TICKET_TTL,
        time::{SECOND, Timestamp},
    },
    live::{SessionCheck, Viewer, session},
    web::{
        error::Problem,
        extract::{AnyBody, Caller, Ctx},
        tokens::Tokens,
    },
};

#[derive(Serialize, ToSchema)]
pub struct Ticket {
    /// Good once, as `{"type":"auth","ticket":"…"}` in a socket's first frame.
    pub ticket: String,
    /// Seconds.
    pub expires_in: i64,
}

/// A ticket for one socket.
#[utoipa::path(post, path = "/ws/ticket", tag = "live", responses((status = 200, body = Ticket)))]
pub async fn issue_ticket(ctx: Ctx, caller: Caller, body: AnyBody) -> Result<HttpResponse, Problem> {
    let students = ctx.app.people.students_of(caller.account()).await?;
    let viewer = Viewer {
        account: caller.account(),
        org: caller.claims.org,
        session: caller.claims.sid,
        expires_at: Timestamp::from_millis(caller.claims.exp.saturating_mul(SECOND)),
        students: students.iter().map(|s| s.id).collect(),
        teacher: caller.teacher(),
        is_staff: caller.is_staff(),
    };
    let work = async {
        let ticket = ctx.app.live.tickets().issue(viewer).ok_or(Problem::Overloaded)?;
        Ok(ctx.told(Ticket { ticket, expires_in: TICKET_TTL / SECOND }))
    };
    ctx.once(body.key, work).await
}

/// The upgrade; who it is comes in the first frame.
#[utoipa::path(get, path = "/ws", tag = "live", responses((status = 101, description = "A WebSocket")))]
pub async fn open_socket(ctx: Ctx, request: HttpRequest, payload: Payload) -> Result<HttpResponse, actix_web::Error> {
    let origin = request.headers().get(header::ORIGIN).map(|v| v.to_str().unwrap_or_default());
    if !is_allowed(origin, &ctx.app.config.allowed_origins) {
        return Err(Problem::Forbidden.into());
    }
    session::upgrade(&request, payload, &ctx.app.live)
}

/// Programs send no origin; a browser's must be on the list, where there is one.
fn is_allowed(origin: Option<&str>, allowed: &[String]) -> bool {
    let Some(origin) = origin else { return true };
    allowed.is_empty() || allowed.iter().any(|a| a.trim_end_matches('/').eq_ignore_ascii_case(origin))
}

impl SessionCheck for Tokens {
    fn still_valid(&self, session: SessionId) -> bool {
        !self.is_ended(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let list = ["https://yueke.example".to_owned(), "http://127.0.0.1:8080/".to_owned()];
        for (origin, with_list) in [
            (None, true),
            (Some("https://yueke.example"), true),
            (Some("http://127.0.0.1:8080"), true),
            (Some("https://yueke.example.evil"), false),
            (Some("null"), false),
            (Some(""), false),
        ] {
            assert_eq!(is_allowed(origin, &list), with_list, "{origin:?}");
            assert!(is_allowed(origin, &[]));
        }
    }
}
