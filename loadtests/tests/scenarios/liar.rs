//! Servers that are not what they should be: one that sells more seats than there are, and one that
//! is something else.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Mutex, mpsc},
    thread,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt::System, web};
use serde_json::{Value, json};

/// Of 20 seats.
const SOLD: usize = 25;
const PLACES: usize = 8;

/// Who has what, by token.
#[derive(Default)]
struct School {
    booked: BTreeMap<String, usize>,
    queued: BTreeMap<String, usize>,
}

type Shared = web::Data<Mutex<School>>;

fn told(status: u16, data: Value) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
    HttpResponse::build(status).json(json!({ "code": status.as_u16(), "message": "", "data": data }))
}

fn refused(reason: &str) -> HttpResponse {
    HttpResponse::Conflict().json(json!({ "code": 409, "data": null, "reason": reason, "request_id": "1" }))
}

fn token(req: &HttpRequest) -> String {
    req.headers().get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

async fn people(body: web::Json<Value>) -> HttpResponse {
    let (prefix, count) = (body["prefix"].as_str().unwrap_or_default(), body["count"].as_u64().unwrap_or_default());
    let items: Vec<Value> = (0..count).map(|i| json!({ "token": format!("{prefix}{i}") })).collect();
    told(200, json!({ "items": items }))
}

async fn book(req: HttpRequest, school: Shared, _: web::Bytes) -> HttpResponse {
    let (mut school, who) = (school.lock().expect("no panic"), token(&req));
    let next = school.booked.len();
    let number = match school.booked.get(&who) {
        Some(number) => *number,
        None if next < SOLD => *school.booked.entry(who).or_insert(next),
        None => return refused("schedule_full"),
    };
    told(201, json!({ "id": format!("b{number}") }))
}

async fn join(req: HttpRequest, school: Shared, _: web::Bytes) -> HttpResponse {
    let mut school = school.lock().expect("no panic");
    let next = school.queued.len();
    if next == PLACES {
        return refused("queue_full");
    }
    school.queued.insert(token(&req), next);
    told(200, json!({ "waitlist_id": format!("w{next}"), "position": next + 1 }))
}

async fn schedule(req: HttpRequest, school: Shared) -> HttpResponse {
    let (school, who) = (school.lock().expect("no panic"), token(&req));
    let booking = school.booked.get(&who).map(|n| json!({ "id": format!("b{n}") }));
    let entry = school.queued.get(&who).map(|n| json!({ "id": format!("w{n}"), "position": n + 1 }));
    told(
        200,
        json!({ "seats_taken": school.booked.len(), "waitlist": { "length": school.queued.len() },
            "mine": { "booking": booking, "waitlist_entry": entry } }),
    )
}

async fn bookings(school: Shared) -> HttpResponse {
    told(200, json!({ "items": [], "total": school.lock().expect("no panic").booked.len() }))
}

fn routes(config: &mut web::ServiceConfig) {
    // Whoever leaves a body unread closes the connection.
    let made =
        |status, id: &'static str| move |_: web::Bytes| async move { told(status, json!({ "id": id, "token": id })) };
    config
        .route("/readyz", web::get().to(made(200, "ready")))
        .route("/api/v1/login", web::post().to(made(200, "admin")))
        .route("/api/v1/openapi.json", web::get().to(made(200, "")))
        .route("/api/v1/dev/people", web::post().to(people))
        .route("/api/v1/courses", web::post().to(made(201, "course")))
        .route("/api/v1/schedules", web::post().to(made(201, "schedule")))
        .route("/api/v1/schedules/{id}", web::get().to(schedule))
        .route("/api/v1/bookings", web::post().to(book))
        .route("/api/v1/bookings", web::get().to(bookings))
        .route("/api/v1/waitlist/join", web::post().to(join));
}

/// Lies until the test program ends.
pub fn start() -> SocketAddr {
    let school = Shared::new(Mutex::default());
    serve(move |config| {
        config.app_data(school.clone());
        routes(config);
    })
}

/// Something else that speaks HTTP.
pub fn stranger() -> SocketAddr {
    serve(|config| {
        config.default_service(web::to(|| async { HttpResponse::Ok().body("<h1>hello</h1>") }));
    })
}

fn serve(routes: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static) -> SocketAddr {
    let (tell, address) = mpsc::channel();
    thread::spawn(move || {
        System::new().block_on(async move {
            let server = HttpServer::new(move || App::new().configure(routes.clone())).workers(1);
            let server = server.bind("127.0.0.1:0").expect("a free port");
            tell.send(server.addrs()[0]).expect("the test waits");
            server.run().await
        })
    });
    address.recv().expect("the server starts")
}
