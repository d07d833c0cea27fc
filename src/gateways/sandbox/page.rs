//! The page: a phone on which to read what WeChat delivers.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Path, ServiceConfig},
};
use rust_embed::RustEmbed;
use serde_json::json;

#[derive(RustEmbed)]
#[folder = "src/gateways/sandbox/page/"]
struct Files;

/// Only its own files; a page of the same server may show it in a frame.
const POLICY: &str =
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

pub fn configure(config: &mut ServiceConfig) {
    config.route("/", web::get().to(index)).route("/page/{file}", web::get().to(file));
}

/// Its links begin at the folder, so the address must end with a slash.
pub async fn with_slash(req: HttpRequest) -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, format!("{}/", req.path()))).finish()
}

pub async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": "the sandbox has no such path" }))
}

async fn index() -> HttpResponse {
    shown("index.html").await
}

async fn file(name: Path<String>) -> HttpResponse {
    shown(&name).await
}

async fn shown(name: &str) -> HttpResponse {
    let Some(file) = Files::get(name) else {
        return not_found().await;
    };
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "application/octet-stream",
    };
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(file.data.into_owned())
}
