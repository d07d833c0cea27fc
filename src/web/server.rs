//! The HTTP server: what is around every request, and how it stops.

use std::{
    cell::RefCell,
    net::{IpAddr, SocketAddr, TcpListener},
    pin::Pin,
    rc::Rc,
    sync::LazyLock,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    App as ActixApp, HttpMessage, HttpRequest, HttpResponse, HttpServer,
    body::{BodySize, BoxBody, EitherBody, MessageBody},
    dev::{Payload, ServerHandle, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::{Next, from_fn},
    web::{self, Bytes},
};
use futures_util::{StreamExt, stream};
use prometheus::{HistogramVec, register_histogram_vec};
use socket2::{Domain, Protocol, Socket, Type};
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use super::{
    error::Problem,
    extract::{ClientAddress, RequestId, lang_of},
    pages,
    routes::{self, ApiDoc, methods},
    state::App,
};
use crate::{
    api::ops,
    base::{limits, metrics},
};

static REQUESTS: LazyLock<HistogramVec> = LazyLock::new(|| {
    let buckets = prometheus::exponential_buckets(0.000_1, 2.5, 13).unwrap_or_default();
    register_histogram_vec!("yueke_http_seconds", "Requests by route and status", &["route", "status"], buckets)
        .expect("a metric is registered once")
});

/// Where the demo's WeChat is.
pub const SANDBOX_PATH: &str = "/sandbox";

/// A client that stops sending, or reading, is let go.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// In-flight requests have this long to end when the server stops.
const DRAIN_SECONDS: u64 = 10;

/// Connections that wait to be taken.
const BACKLOG: i32 = 4_096;

/// Takes the address; whoever connects waits until it is served.
pub fn listen(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On Windows this would let a second server take the same address.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until the handle stops it.
pub fn serve(app: App, listener: TcpListener) -> std::io::Result<actix_web::dev::Server> {
    metrics::register_all();
    LazyLock::force(&REQUESTS);
    let workers = app.config.workers;
    let sandbox = app.sandbox.as_ref().map(|sandbox| sandbox.configure(SANDBOX_PATH));
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .app_data(web::PayloadConfig::new(limits::BODY_BYTES_MAX))
            .wrap(from_fn(around))
            .service(web::redirect("/api/v1/docs", "/api/v1/docs/"))
            .service(SwaggerUi::new("/api/v1/docs/{_:.*}").url("/api/v1/openapi.json", ApiDoc::openapi()))
            .route("/api/openapi.json", methods::get().to(openapi))
            .configure(routes::mount("/api/v1"))
            .configure(routes::mount("/api"))
            .route("/healthz", methods::get().to(ops::healthz))
            .route("/readyz", methods::get().to(ops::readyz))
            .route("/metrics", methods::get().to(ops::serve_metrics))
            .configure(pages::mount)
            .configure(|config| {
                if let Some(sandbox) = &sandbox {
                    sandbox(config);
                }
            })
            .default_service(web::to(routes::not_found))
    })
    // A socket whose peer is stuck can be cut off at the wire.
    .on_connect(crate::live::wire::on_connect)
    .workers(workers)
    // A frame goes out when it is written: nobody waits to fill a packet.
    .tcp_nodelay(true)
    .max_connections(50_000)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(REQUEST_WITHIN)
    .client_disconnect_timeout(Duration::from_secs(2))
    .shutdown_timeout(DRAIN_SECONDS)
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

/// Stops gracefully: refuses readiness, closes sockets, drains requests, flushes writes.
pub async fn stop(app: &App, server: ServerHandle) {
    app.readiness.set(false);
    app.live.close().await;
    server.stop(true).await;
    app.engine.close().await;
}

// ---- around every request

type Response = ServiceResponse<EitherBody<BoxBody>>;

async fn around(mut req: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<Response, actix_web::Error> {
    let app = req.app_data::<App>().expect("the server is built with its state").clone();
    let began = std::time::Instant::now();
    let id = request_id(req.request(), &app);
    req.extensions_mut().insert(RequestId(id.clone()));
    let address = address_of(&req, &app.config.trusted_proxies);
    req.extensions_mut().insert(ClientAddress(address));
    let address = address.filter(|_| !UNLIMITED.contains(&req.path()));
    let limited = address.map_or(Ok(()), |a| app.limits.address(a));
    let kept = keep_body(&mut req);
    // The request must not be cloned before it is routed: the router wants it for itself alone.
    let response = match limited {
        Err(problem) => {
            let response = told(&problem, req.request(), &id);
            req.into_response(response).map_into_left_body()
        }
        Ok(()) => finish(next.call(req).await?.map_into_boxed_body(), &id).map_into_left_body(),
    };
    let response = finished(response, &id, began);
    Ok(response.map_body(|_, body| match kept {
        Some(kept) => EitherBody::new(BoxBody::new(Holding { body, _kept: kept })),
        None => body,
    }))
}

/// Whoever watches the server must see it when it has most to do.
const UNLIMITED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Who asks. A proxy of ours names who asked it; anybody else may name whom they like.
pub fn address_of(req: &ServiceRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let mut address = req.peer_addr()?.ip().to_canonical();
    let named = req.headers().get_all("x-forwarded-for").filter_map(|v| v.to_str().ok());
    let mut named: Vec<&str> = named.flat_map(|v| v.split(',')).collect();
    while trusted.contains(&address)
        && let Some(before) = named.pop().and_then(|text| parse_address(text.trim()))
    {
        address = before;
    }
    Some(address)
}

/// Some proxies name the port too.
fn parse_address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().ok().map(|a: SocketAddr| a.ip());
    text.parse().ok().or_else(with_port).map(|a: IpAddr| a.to_canonical())
}

/// An answer that holds the body of its request until it is sent.
struct Holding<B> {
    body: B,
    _kept: Rc<RefCell<Payload>>,
}

impl<B: MessageBody + Unpin> MessageBody for Holding<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

/// A body of no known length would be waited for after the answer, for ever when its end never
/// comes. One that is still held when the answer is sent closes the connection instead.
fn keep_body(req: &mut ServiceRequest) -> Option<Rc<RefCell<Payload>>> {
    if !req.headers().contains_key(header::TRANSFER_ENCODING) {
        return None;
    }
    let kept = Rc::new(RefCell::new(req.take_payload()));
    let read = kept.clone();
    let payload = stream::poll_fn(move |cx| read.borrow_mut().poll_next_unpin(cx));
    req.set_payload(Payload::Stream { payload: Box::pin(payload) });
    Some(kept)
}

/// Taken from the client when it is fit for a log, else made.
fn request_id(req: &HttpRequest, app: &App) -> std::sync::Arc<str> {
    let given = req.headers().get("x-request-id").and_then(|v| v.to_str().ok());
    match given.filter(|id| is_fit_for_a_log(id)) {
        Some(id) => id.into(),
        None => ulid::Ulid(app.ids.next(app.clock.now())).to_string().into(),
    }
}

/// Neither long, nor able to break a line or to begin a tag.
pub fn is_fit_for_a_log(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Writes the body of a problem, in the caller's language; also of those that the framework raised.
fn finish(response: ServiceResponse, id: &str) -> ServiceResponse {
    let status = response.status();
    let problem = response.response().extensions().get::<Problem>().cloned();
    let problem = match problem {
        Some(problem) => problem,
        None if status.is_client_error() || status.is_server_error() => match foreign(&response) {
            Some(problem) => problem,
            None => return response,
        },
        None => return response,
    };
    let (request, _) = response.into_parts();
    let body = told(&problem, &request, id);
    ServiceResponse::new(request, body)
}

/// An error that none of our handlers gave.
fn foreign(response: &ServiceResponse) -> Option<Problem> {
    if response.response().error().is_none() && response.headers().contains_key(header::CONTENT_TYPE) {
        // An answer of ours with a status of its own, such as a stored refusal.
        return None;
    }
    Some(match response.status() {
        StatusCode::NOT_FOUND => Problem::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::NotJson,
        StatusCode::FORBIDDEN => Problem::Forbidden,
        status if status.is_client_error() => Problem::invalid("request", "请求无法解析", "could not be read"),
        status => Problem::Internal(crate::engine::journal::Fault::new(status)),
    })
}

fn told(problem: &Problem, request: &HttpRequest, id: &str) -> HttpResponse {
    problem.log(id);
    let row = problem.row();
    let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.content_type("application/json; charset=utf-8");
    if let Some(seconds) = row.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if let (Problem::MethodNotAllowed, Some(pattern)) = (problem, request.match_pattern()) {
        response.insert_header((header::ALLOW, routes::methods_of(&pattern)));
    }
    response.body(problem.body(lang_of(request), id))
}

fn finished(mut response: Response, id: &str, began: std::time::Instant) -> Response {
    let took = began.elapsed();
    let route = response.request().match_pattern().unwrap_or_else(|| "none".into());
    let status = response.status();
    REQUESTS.with_label_values(&[route.as_str(), status.as_str()]).observe(took.as_secs_f64());
    let method = response.request().method().clone();
    if status.is_server_error() || method != Method::GET {
        tracing::debug!(request_id = id, %method, route, status = status.as_u16(), ms = took.as_millis() as u64, "request");
    }
    let host = response.request().headers().get(header::HOST).cloned();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let json = headers.get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"application/json"));
    if !json {
        // Nothing runs or is followed in JSON.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::CONTENT_SECURITY_POLICY, pages::policy_of(&route, host.as_ref()));
    }
    response
}

async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(ApiDoc::openapi())
}
