//! The files that browsers are served. `scripts/web` builds them into `web/built`, and they are
//! embedded: one binary is all that has to be deployed.
//!
//! A file with a hash in its name never changes, so a browser keeps it for good; any other is asked
//! for each time and answered with 304 while it is the same.

use std::{borrow::Cow, io::Write, sync::LazyLock};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, AcceptEncoding, Encoding, Header, HeaderValue},
    web::{Bytes, ServiceConfig},
};
use flate2::{Compression, write::GzEncoder};
use quick_cache::sync::Cache;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::{error::Problem, routes::methods, state::App};

/// The page at `/`, the mini-program as a page, and the console; a folder for each.
#[derive(RustEmbed)]
#[folder = "web/built/"]
struct Built;

/// What stands under one path of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Area {
    Start,
    MiniProgram,
    Console,
}

impl Area {
    fn get(self, path: &str) -> Option<EmbeddedFile> {
        // In a debug build the files are read from the disk.
        if path.split('/').any(|part| part == "..") {
            return None;
        }
        match self {
            Self::Start => Built::get(&format!("start/{path}")),
            Self::MiniProgram => Built::get(&format!("m/{path}")),
            Self::Console => Built::get(&format!("console/{path}")),
        }
    }
}

pub fn mount(config: &mut ServiceConfig) {
    config
        .route("/", methods::get().to(index))
        .route("/favicon.ico", methods::get().to(icon))
        .route("/start/{path:.*}", methods::get().to(start))
        .route("/m", methods::get().to(slash))
        .route("/m/{path:.*}", methods::get().to(mini_program))
        .route("/console", methods::get().to(slash))
        .route("/console/{path:.*}", methods::get().to(console));
}

/// The demo's page logs people in by bare names: it is for the demo alone.
async fn index(req: HttpRequest) -> Result<HttpResponse, Problem> {
    let is_demo = req.app_data::<App>().is_some_and(|app| app.config.is_demo());
    let name = if is_demo { "index.html" } else { "service.html" };
    if Area::Start.get(name).is_none() { Ok(not_built()) } else { file(&req, Area::Start, name) }
}

/// Browsers ask for it by this name, whatever the page says.
async fn icon() -> HttpResponse {
    HttpResponse::Ok().content_type(content_type("svg")).body(include_str!("../../start/icon.svg"))
}

async fn start(req: HttpRequest) -> Result<HttpResponse, Problem> {
    file(&req, Area::Start, path_of(&req))
}

async fn mini_program(req: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&req, Area::MiniProgram)
}

async fn console(req: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&req, Area::Console)
}

/// What a page names stands below its folder. Who is asked for stands behind the `?`, and stays.
async fn slash(req: HttpRequest) -> HttpResponse {
    let query = req.query_string();
    let mark = if query.is_empty() { "" } else { "?" };
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, format!("{}/{mark}{query}", req.path())))
        .finish()
}

fn path_of(req: &HttpRequest) -> &str {
    req.match_info().get("path").unwrap_or_default()
}

fn page(req: &HttpRequest, area: Area) -> Result<HttpResponse, Problem> {
    match path_of(req) {
        "" if area.get("index.html").is_none() => Ok(not_built()),
        "" => file(req, area, "index.html"),
        path => file(req, area, path),
    }
}

/// Of a checkout whose pages were never built.
fn not_built() -> HttpResponse {
    HttpResponse::NotFound().content_type(content_type("html")).body(NOT_BUILT)
}

const NOT_BUILT: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>yueke</title>\
    <p>此页面尚未构建：请在项目目录运行 <code>scripts/web</code>，再重新编译并启动服务器。</p>\
    <p lang=\"en\">This page is not built yet: run <code>scripts/web</code> in the project's folder, \
    then build and start the server again.</p></html>";

fn file(req: &HttpRequest, area: Area, path: &str) -> Result<HttpResponse, Problem> {
    let found = area.get(path).ok_or(Problem::NotFound)?;
    let hash = found.metadata.sha256_hash();
    let whole = match found.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    };
    let packed = if takes_gzip(req) { gzipped(hash, path, &whole) } else { None };
    let short: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    // Other bytes, other tag.
    let tag = if packed.is_some() { format!("\"{short}-gz\"") } else { format!("\"{short}\"") };
    let kept = if is_hashed(path) { FOR_GOOD } else { "no-cache" };
    let mut response = if is_known(req, &tag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, tag.as_str()))
        .insert_header((header::CACHE_CONTROL, kept))
        .insert_header((header::VARY, "accept-encoding"));
    if is_known(req, &tag) {
        return Ok(response.finish());
    }
    response.content_type(content_type(path));
    if packed.is_some() {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response.body(packed.unwrap_or(whole)))
}

const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// As in `app.3fa9c2d1.js`.
fn is_hashed(path: &str) -> bool {
    let mut parts = path.rsplit('/').next().unwrap_or_default().rsplit('.').skip(1);
    let hash = parts.next().unwrap_or_default();
    let digits = hash.len() >= 8 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    digits && parts.next().is_some_and(|name| !name.is_empty())
}

fn is_known(req: &HttpRequest, tag: &str) -> bool {
    let asked = req.headers().get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
    asked.split(',').map(|t| t.trim().trim_start_matches("W/")).any(|t| t == tag || t == "*")
}

fn takes_gzip(req: &HttpRequest) -> bool {
    let offered = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(req).is_ok_and(|asked| asked.negotiate(offered.iter()) == Some(Encoding::gzip()))
}

/// More than there are files; in a debug build they change.
const PACKED_MAX: usize = 512;

/// Packed by the first who asks, for the life of the process; by its hash. None where nothing is won.
static PACKED: LazyLock<Cache<[u8; 32], Option<Bytes>>> = LazyLock::new(|| Cache::new(PACKED_MAX));

fn gzipped(hash: [u8; 32], path: &str, whole: &Bytes) -> Option<Bytes> {
    if !is_text(path) {
        return None;
    }
    let pack = || {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(whole)?;
        let packed = gzip.finish()?;
        Ok::<_, std::io::Error>((packed.len() < whole.len()).then(|| Bytes::from(packed)))
    };
    // Writing into memory does not fail.
    PACKED.get_or_insert_with(&hash, pack).unwrap_or_default()
}

fn is_text(path: &str) -> bool {
    !matches!(path.rsplit('.').next(), Some("png" | "jpg" | "webp" | "woff2" | "ico"))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("json" | "map" | "webmanifest") => "application/json; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}

// ---- what a page may load, and who may frame it

/// The policy for what is answered on this route and is no JSON; `host` is what the request names.
pub fn policy_of(route: &str, host: Option<&HeaderValue>) -> HeaderValue {
    let (styles, framed_by) = match route {
        // Both set styles on their elements; the phone's page stands in frames of the page at `/`.
        "/m/{path:.*}" => ("'self' 'unsafe-inline'", "'self'"),
        "/console/{path:.*}" => ("'self' 'unsafe-inline'", "'none'"),
        // Has no socket, and brings styles of its own.
        _ if route.starts_with("/api/v1/docs") => return HeaderValue::from_static(DOCS),
        _ => ("'self'", "'none'"),
    };
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src {styles}; img-src 'self' data:; connect-src 'self'{}; \
         base-uri 'none'; form-action 'self'; frame-ancestors {framed_by}",
        sockets_of(host)
    );
    // What is put in are names of hosts, and ours.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(NOTHING))
}

/// The page's own sockets by their address: Safari before 15.4 does not take them for `'self'`. Behind a
/// proxy the server does not know its own scheme, so both are there.
fn sockets_of(host: Option<&HeaderValue>) -> String {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
    match host.and_then(|host| host.to_str().ok()) {
        // Anything else could end the directive and begin another.
        Some(host) if !host.is_empty() && host.chars().all(may_stand) => format!(" ws://{host} wss://{host}"),
        Some(_) | None => String::new(),
    }
}

const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";
const DOCS: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_hash_in_a_name_is_told_from_other_words() {
        for hashed in ["app.3fa9c2d1.js", "m/pages/x.0123456789abcdef.css", "icon.large.deadbeef.svg"] {
            assert!(is_hashed(hashed), "{hashed}");
        }
        for plain in ["index.html", "app.js", "app.min.js", "app.3fa9c2.js", "app.3FA9C2D1.js", ".3fa9c2d1.js", ""] {
            assert!(!is_hashed(plain), "{plain}");
        }
    }

    #[test]
    fn whoever_takes_gzip_is_given_it() {
        for (asked, expected) in [
            ("gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, gzip;q=0.8, *;q=0.1", true),
            ("identity", false),
            ("gzip;q=0", false),
            ("gzip;q=0, identity", false),
            ("br", false),
            ("", false),
        ] {
            let req = TestRequest::default().insert_header((header::ACCEPT_ENCODING, asked)).to_http_request();
            assert_eq!(takes_gzip(&req), expected, "{asked}");
        }
        assert!(!takes_gzip(&TestRequest::default().to_http_request()));
    }

    #[test]
    fn a_tag_is_known_among_others() {
        for (asked, expected) in [("\"a\"", true), ("\"b\", W/\"a\"", true), ("*", true), ("\"b\"", false), ("", false)]
        {
            let req = TestRequest::default().insert_header((header::IF_NONE_MATCH, asked)).to_http_request();
            assert_eq!(is_known(&req, "\"a\""), expected, "{asked}");
        }
    }

    #[test]
    fn a_page_may_open_sockets_to_its_own_host_and_to_no_other() {
        let table = [
            (Some("127.0.0.1:8080"), "connect-src 'self' ws://127.0.0.1:8080 wss://127.0.0.1:8080;"),
            (Some("[::1]:8080"), "connect-src 'self' ws://[::1]:8080 wss://[::1]:8080;"),
            (Some("yueke.example"), "connect-src 'self' ws://yueke.example wss://yueke.example;"),
            (Some("x; script-src *"), "connect-src 'self';"),
            (Some("x wss://evil.example"), "connect-src 'self';"),
            (Some("*"), "connect-src 'self';"),
            (Some(""), "connect-src 'self';"),
            (None, "connect-src 'self';"),
        ];
        for route in ["/", "/m/{path:.*}", "/console/{path:.*}"] {
            for (host, expected) in table {
                let host = host.map(HeaderValue::from_static);
                let policy = policy_of(route, host.as_ref());
                let policy = policy.to_str().unwrap();
                let of_sockets = policy.split_inclusive(';').map(str::trim).find(|d| d.starts_with("connect-src"));
                assert_eq!(of_sockets, Some(expected), "{route} {host:?}");
                assert_eq!(policy.matches("script-src").count(), 1, "{route} {host:?}");
            }
        }
    }
}
