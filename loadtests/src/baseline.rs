//! What people would pick instead: the same server and the same check of the token, and a handler
//! that runs `update … where booked < capacity` and an `insert` in a transaction through a pool,
//! on the same database with the same durability. Beside it the bare limits: a handler that only
//! checks the token, and a socket server that only sends.

use std::{
    collections::HashMap,
    net::SocketAddr,
    str::FromStr,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};
use bytestring::ByteString;
use futures_util::StreamExt;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sqlx::{
    PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

const SECRET: &[u8] = b"a secret of the baseline's own, of 32 bytes and more";

#[derive(Serialize, Deserialize)]
pub struct Claims {
    sub: String,
    sid: String,
    org: String,
    roles: Vec<String>,
    aud: String,
    exp: i64,
}

/// A token like the real server's, of a student.
pub fn token(student: &str) -> String {
    let claims = Claims {
        sub: student.into(),
        sid: student.into(),
        org: student.into(),
        roles: vec!["student".into()],
        aud: "yueke".into(),
        exp: chrono::Utc::now().timestamp() + 86_400,
    };
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET))
        .expect("claims are plain data")
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

struct State {
    pool: Option<Pool>,
    key: DecodingKey,
    validation: Validation,
    numbers: AtomicU64,
    sockets: Mutex<Vec<actix_ws::Session>>,
    /// Tokens decoded before, as yueke remembers them too.
    decoded: RwLock<HashMap<String, Arc<Claims>>>,
}

const SCHEMA: &[&str] = &[
    "create table if not exists schedules (id text primary key, capacity bigint not null, \
     booked bigint not null default 0 check (booked <= capacity))",
    "create table if not exists bookings (id text primary key, booking_no text not null, schedule_id text not null, \
     student_id text not null, status text not null, created_at bigint not null)",
    "create unique index if not exists bookings_number on bookings (booking_no)",
    "create unique index if not exists bookings_active on bookings (schedule_id, student_id) where status = 'confirmed'",
];

async fn open(url: &str, connections: u32) -> anyhow::Result<Pool> {
    let wait = Duration::from_secs(30);
    let pool = if let Some(path) = url.strip_prefix("sqlite://") {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .pragma("cache_size", "-65536");
        let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(wait);
        Pool::Sqlite(pool.connect_with(options).await?)
    } else {
        let options = PgConnectOptions::from_str(url)?;
        Pool::Postgres(
            PgPoolOptions::new().max_connections(connections).acquire_timeout(wait).connect_with(options).await?,
        )
    };
    for sql in SCHEMA {
        match &pool {
            Pool::Sqlite(pool) => sqlx::query(*sql).execute(pool).await?.rows_affected(),
            Pool::Postgres(pool) => sqlx::query(*sql).execute(pool).await?.rows_affected(),
        };
    }
    Ok(pool)
}

#[derive(Deserialize)]
struct NewSchedule {
    id: String,
    capacity: i64,
}

#[derive(Deserialize)]
struct NewBooking {
    schedule_id: String,
}

/// The same check as yueke's: the signature once, the expiry each time.
fn check(req: &HttpRequest, state: &State) -> Option<Arc<Claims>> {
    let header = req.headers().get("authorization")?.to_str().ok()?;
    let token = header.strip_prefix("Bearer ")?;
    let known = state.decoded.read().ok()?.get(token).cloned();
    let claims = match known {
        Some(claims) => claims,
        None => {
            let claims = jsonwebtoken::decode::<Claims>(token, &state.key, &state.validation).ok()?.claims;
            let claims = Arc::new(claims);
            let mut decoded = state.decoded.write().ok()?;
            if decoded.len() >= 100_000 {
                decoded.clear();
            }
            decoded.insert(token.to_owned(), claims.clone());
            claims
        }
    };
    (chrono::Utc::now().timestamp() < claims.exp).then_some(claims)
}

fn answer(status: u16, message: &str, data: impl Serialize) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).expect("a status of ours");
    HttpResponse::build(status).json(serde_json::json!({ "code": status.as_u16(), "message": message, "data": data }))
}

async fn create_schedule(state: web::Data<State>, new: web::Json<NewSchedule>) -> HttpResponse {
    let sql = "insert into schedules (id, capacity) values ($1, $2)";
    let done = match state.pool.as_ref().expect("a baseline with a database") {
        Pool::Sqlite(pool) => sqlx::query(sql).bind(&new.id).bind(new.capacity).execute(pool).await.map(drop),
        Pool::Postgres(pool) => sqlx::query(sql).bind(&new.id).bind(new.capacity).execute(pool).await.map(drop),
    };
    match done {
        Ok(()) => answer(201, "ok", ()),
        Err(e) => answer(500, &e.to_string(), ()),
    }
}

async fn show(req: HttpRequest, state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    let Some(_claims) = check(&req, &state) else { return answer(401, "unauthorized", ()) };
    answer(200, "ok", serde_json::json!({ "id": *id }))
}

async fn book(req: HttpRequest, state: web::Data<State>, new: web::Json<NewBooking>) -> HttpResponse {
    let Some(claims) = check(&req, &state) else { return answer(401, "unauthorized", ()) };
    let n = state.numbers.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:026}", n);
    let number = format!("BK20251112-{n:06}");
    match try_book(&state, &new.schedule_id, &claims.sub, &id, &number).await {
        Ok(true) => answer(
            201,
            "ok",
            serde_json::json!({ "id": id, "booking_no": number, "schedule_id": new.schedule_id,
                "student_id": claims.sub, "status": "confirmed" }),
        ),
        Ok(false) => answer(409, "full", ()),
        Err(e) => answer(500, &e.to_string(), ()),
    }
}

const UPDATE: &str = "update schedules set booked = booked + 1 where id = $1 and booked < capacity";
const INSERT: &str = "insert into bookings (id, booking_no, schedule_id, student_id, status, created_at) \
    values ($1, $2, $3, $4, 'confirmed', $5)";

async fn try_book(state: &State, schedule: &str, student: &str, id: &str, number: &str) -> sqlx::Result<bool> {
    let at = chrono::Utc::now().timestamp_millis();
    match state.pool.as_ref().expect("a baseline with a database") {
        Pool::Sqlite(pool) => {
            // Immediate: a transaction that begins by reading could not be upgraded under contention.
            let mut tx = pool.begin_with("begin immediate").await?;
            if sqlx::query(UPDATE).bind(schedule).execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
            let insert = sqlx::query(INSERT).bind(id).bind(number).bind(schedule).bind(student).bind(at);
            insert.execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Pool::Postgres(pool) => {
            let mut tx = pool.begin().await?;
            if sqlx::query(UPDATE).bind(schedule).execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(false);
            }
            let insert = sqlx::query(INSERT).bind(id).bind(number).bind(schedule).bind(student).bind(at);
            insert.execute(&mut *tx).await?;
            tx.commit().await?;
        }
    }
    Ok(true)
}

/// The limit for refusals: the token is checked, the body read, and a fixed refusal sent.
async fn bare(req: HttpRequest, state: web::Data<State>, _new: web::Json<NewBooking>) -> HttpResponse {
    let Some(_claims) = check(&req, &state) else { return answer(401, "unauthorized", ()) };
    HttpResponse::Conflict().content_type("application/json").body(
        r#"{"code":409,"message":"时段已被预约","data":null,"reason":"schedule_full","error":"时段已被预约","request_id":"0"}"#,
    )
}

/// The limit for fan-out: a socket that is only kept.
async fn bare_socket(req: HttpRequest, body: web::Payload, state: web::Data<State>) -> actix_web::Result<HttpResponse> {
    let (response, session, mut messages) = actix_ws::handle(&req, body)?;
    state.sockets.lock().expect("no panic while it is held").push(session);
    rt::spawn(async move { while messages.next().await.is_some_and(|m| m.is_ok()) {} });
    Ok(response)
}

#[derive(Deserialize)]
struct Publish {
    bytes: usize,
    version: u64,
}

/// One text to all sockets.
async fn publish(state: web::Data<State>, p: web::Json<Publish>) -> HttpResponse {
    let head = format!("{{\"version\":{},\"x\":\"", p.version);
    let text: ByteString = format!("{head}{}\"}}", "x".repeat(p.bytes.saturating_sub(head.len() + 2))).into();
    let mut sessions = state.sockets.lock().expect("no panic while it is held").clone();
    for session in &mut sessions {
        // A socket that went away is no concern of a limit.
        let _ = session.text(text.clone()).await;
    }
    answer(200, "ok", ())
}

pub async fn serve(listen: SocketAddr, url: Option<&str>, connections: u32) -> anyhow::Result<()> {
    let pool = match url {
        Some(url) => Some(open(url, connections).await?),
        None => None,
    };
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["yueke"]);
    let state = web::Data::new(State {
        pool,
        key: DecodingKey::from_secret(SECRET),
        validation,
        numbers: AtomicU64::new(1),
        sockets: Mutex::default(),
        decoded: RwLock::default(),
    });
    let state: web::Data<State> = web::Data::from(Arc::clone(&state.into_inner()));
    HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/readyz", web::get().to(HttpResponse::Ok))
            .route("/schedules", web::post().to(create_schedule))
            .route("/api/v1/bookings", web::post().to(book))
            .route("/api/v1/schedules/{id}", web::get().to(show))
            .route("/bare", web::post().to(bare))
            .route("/bare-ws", web::get().to(bare_socket))
            .route("/bare-ws/publish", web::post().to(publish))
    })
    .workers(std::thread::available_parallelism().map_or(2, usize::from))
    .backlog(4_096)
    .max_connections(50_000)
    .bind(listen)?
    .run()
    .await?;
    Ok(())
}
