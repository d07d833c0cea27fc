//! The control panel: what goes wrong, and what was seen.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, Data, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Sandbox,
    faults::{Faults, Wishes},
    phone::{Bad, read_json},
    state::World,
};
use crate::base::sync::lock;

pub fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/control").route(web::get().to(show)).route(web::put().to(set)))
        .route("/control/reset", web::post().to(reset));
}

async fn show(sandbox: Data<Sandbox>) -> HttpResponse {
    let faults = lock(&sandbox.0.faults);
    let counts = lock(&sandbox.0.world).counts();
    let mut shown = json!(faults.show());
    shown["counts"] = counts;
    shown["hanging"] = json!(Arc::strong_count(&sandbox.0.hanging) - 1);
    shown["appid"] = json!(sandbox.0.settings.appid);
    HttpResponse::Ok().json(shown)
}

async fn set(sandbox: Data<Sandbox>, req: HttpRequest, body: Bytes) -> Result<HttpResponse, Bad> {
    let wishes: Wishes = read_json(&req, &body)?;
    wishes.check().map_err(Bad::request)?;
    if wishes.kill_token == Some(true) {
        lock(&sandbox.0.world).tokens.kill_all();
    }
    lock(&sandbox.0.faults).set(wishes);
    sandbox.0.changed.notify_waiters();
    Ok(show(sandbox).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// As it was at the start: nobody, no tokens, nothing wrong.
async fn reset(sandbox: Data<Sandbox>, req: HttpRequest, body: Bytes) -> Result<HttpResponse, Bad> {
    let Nothing {} = read_json(&req, &body)?;
    *lock(&sandbox.0.faults) = Faults::default();
    *lock(&sandbox.0.world) = World::new(sandbox.0.settings.clone());
    sandbox.0.changed.notify_waiters();
    Ok(show(sandbox).await)
}
