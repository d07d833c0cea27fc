//! For whoever runs the server: alive, ready, counted.

use std::time::Duration;

use actix_web::HttpResponse;
use prometheus::{Encoder, TextEncoder};

use crate::{
    base::metrics,
    web::{error::Problem, extract::Ctx, reply},
};

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200)))]
pub async fn healthz() -> HttpResponse {
    reply::raw(200, r#"{"status":"alive"}"#)
}

/// The database answers, its tables are up to date, and the server is not about to stop.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200), (status = 503)))]
pub async fn readyz(ctx: Ctx) -> Result<HttpResponse, Problem> {
    if !ctx.app.readiness.get() {
        return Err(Problem::Closing);
    }
    match tokio::time::timeout(Duration::from_secs(2), ctx.app.store.ping()).await {
        Ok(answer) => answer?,
        Err(_) => return Err(Problem::Unavailable(crate::engine::journal::Fault::new("the database is slow"))),
    }
    Ok(reply::raw(200, r#"{"status":"ready"}"#))
}

/// Prometheus text.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200)))]
pub async fn serve_metrics(ctx: Ctx) -> HttpResponse {
    metrics::JOURNAL_QUEUE.set(ctx.app.store.writer().queue_len() as i64);
    let mut text = Vec::new();
    match TextEncoder::new().encode(&prometheus::gather(), &mut text) {
        Ok(()) => HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text),
        Err(error) => {
            tracing::error!(%error, "metrics could not be told");
            HttpResponse::InternalServerError().finish()
        }
    }
}
