//! What a client has to know of this server before anybody logs in.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::extract::Ctx;

#[derive(Serialize, ToSchema)]
pub struct About {
    name: &'static str,
    version: &'static str,
    mode: Mode,
    clock: ClockKind,
    /// The zone that its days are of.
    #[schema(example = "Asia/Shanghai")]
    zone: &'static str,
    server_time: String,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Demo,
    Production,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    Machine,
    /// Stands still until somebody moves it, so that a countdown has to stand, too.
    Manual,
}

/// What this server is.
#[utoipa::path(get, path = "/about", tag = "operations", responses((status = 200, body = About)))]
pub async fn get_about(ctx: Ctx) -> HttpResponse {
    let zone = ctx.zone();
    ctx.ok(About {
        name: "yueke",
        version: env!("CARGO_PKG_VERSION"),
        mode: if ctx.app.config.is_demo() { Mode::Demo } else { Mode::Production },
        clock: if ctx.app.clock.is_manual() { ClockKind::Manual } else { ClockKind::Machine },
        zone: zone.name(),
        server_time: zone.rfc3339(ctx.now()),
    })
}
