//! What it costs to keep things: sockets, actors, and a million schedules that nobody uses.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::{Bench, figure};
use crate::{
    client::{Connection, closed_loop, request},
    databases::Kind,
    desk::Desk,
    progress::step,
    server::Server,
    table::Figure,
    ws::Socket,
};

const SOCKETS: usize = 2_000;
const CLASSES: usize = 2_000;
/// Touched before it is measured, so that what they fill once is full: caches, pools, lists.
const WARM_CLASSES: usize = 1_000;
const STORED: i64 = 1_000_000;

fn resident(server: &Server) -> anyhow::Result<f64> {
    Ok(server.resident_kib().context("memory is read from /proc, which only Linux has")? as f64)
}

async fn settled(server: &Server) -> anyhow::Result<f64> {
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    resident(server)
}

/// KiB for an idle socket, and for an actor with 30 bookings and 8 waiting.
pub async fn memory(bench: &mut Bench<'_>) -> anyhow::Result<Vec<Figure>> {
    let server = bench.yueke().await?;
    let mut desk = Desk::open(server.address).await?;
    let student = desk.students("idle", 1).await?.remove(0);
    // What the first sockets cost once is not what a socket costs.
    let mut sockets = Vec::new();
    for i in 0..SOCKETS + 100 {
        if i % 100 == 0 {
            step(&format!("socket {i} of {SOCKETS} …"));
        }
        sockets.push(Socket::open(server.address, &student.token).await?);
        if i == 99 {
            sockets.push(Socket::open(server.address, &student.token).await?);
        }
    }
    let with = settled(&server).await?;
    drop(sockets);
    let server = bench.yueke().await?;
    let mut desk = Desk::open(server.address).await?;
    let student = desk.students("idle", 1).await?.remove(0);
    let mut warm = Vec::new();
    for _ in 0..100 {
        warm.push(Socket::open(server.address, &student.token).await?);
    }
    let without = settled(&server).await?;
    let per_socket = (with - without) / SOCKETS as f64;
    let per_actor = actors(bench).await?;
    let row = |name: &str, kib: f64, goal: f64| {
        figure(name, format!("{kib:.1} KiB"), "-".into(), kib / goal, &format!("≤ {goal} KiB"), kib <= goal)
    };
    Ok(vec![
        row("memory of an idle socket", per_socket, 16.0),
        row("memory of an active class (30 booked, 8 waiting)", per_actor, 8.0),
    ])
}

async fn actors(bench: &mut Bench<'_>) -> anyhow::Result<f64> {
    let server = bench.yueke().await?;
    let mut desk = Desk::open(server.address).await?;
    let course = desk.course("thirty").await?;
    let students = desk.students("thirty", 38).await?;
    let mut schedules = Vec::new();
    for i in 0..CLASSES {
        if i % 100 == 0 {
            step(&format!("class {i} of {CLASSES} …"));
        }
        let schedule = desk.schedule(&course, 30, 2 * i as i64).await?;
        let requests: Vec<Vec<u8>> = students
            .iter()
            .enumerate()
            .map(|(n, s)| {
                let (path, body) = if n < 30 {
                    ("/api/v1/bookings", json!({ "schedule_id": schedule }))
                } else {
                    ("/api/v1/waitlist/join", json!({ "course_schedule_id": schedule }))
                };
                request("POST", path, Some(&s.token), Some(&body))
            })
            .collect();
        let (book, join) = requests.split_at(30);
        closed_loop(server.address, book.to_vec(), 30, Duration::MAX, 201).await?;
        closed_loop(server.address, join.to_vec(), 8, Duration::MAX, 200).await?;
        schedules.push(schedule);
    }
    // Loaded again from rows by a fresh process: no trace of how they came to be.
    let url_of = server.folder.clone();
    let url = bench.databases.url_of(&url_of)?;
    drop(server);
    let server = Server::yueke(&bench.binary(), &url, &url_of).await?;
    let mut connection = Connection::open(server.address).await?;
    let touch = |schedule: &str| {
        request("POST", "/api/v1/bookings", Some(&students[0].token), Some(&json!({ "schedule_id": schedule })))
    };
    for schedule in &schedules[..WARM_CLASSES] {
        connection.call(&touch(schedule)).await?;
    }
    let before = settled(&server).await?;
    for schedule in &schedules[WARM_CLASSES..] {
        connection.call(&touch(schedule)).await?;
    }
    let after = settled(&server).await?;
    Ok((after - before) / (CLASSES - WARM_CLASSES) as f64)
}

/// Resident memory with a million schedules stored and none in use, beside none stored.
pub async fn stored(bench: &mut Bench<'_>) -> anyhow::Result<Figure> {
    let server = bench.yueke().await?;
    let mut desk = Desk::open(server.address).await?;
    let course = desk.course("stored").await?;
    let schedule = desk.schedule(&course, 30, 0).await?;
    let folder = server.folder.clone();
    let url = bench.databases.url_of(&folder)?;
    drop(server);
    let empty = Server::yueke(&bench.binary(), &url, &folder).await?;
    let without = settled(&empty).await?;
    drop(empty);
    step("storing a million schedules …");
    multiply(bench.options.database, &url, &schedule).await?;
    let server = Server::yueke(&bench.binary(), &url, &folder).await?;
    let with = settled(&server).await?;
    let (ours, beside) = (format!("{:.1} MiB", with / 1_024.0), format!("{:.1} MiB with none", without / 1_024.0));
    let ratio = with / without;
    Ok(figure("memory with 1,000,000 stored schedules", ours, beside, ratio, "≤ 1.25", ratio <= 1.25))
}

/// Copies one schedule a million times, with ids and times of their own; whatever columns it has.
async fn multiply(database: Kind, url: &str, schedule: &str) -> anyhow::Result<()> {
    let series = match database {
        Kind::Sqlite => {
            format!(
                "(with recursive n(i) as (select 1 union all select i + 1 from n where i < {STORED}) select i from n)"
            )
        }
        Kind::Postgres => format!("(select i from generate_series(1, {STORED}) as i)"),
    };
    let id = match database {
        Kind::Sqlite => "printf('%026d', n.i)",
        Kind::Postgres => "lpad(n.i::text, 26, '0')",
    };
    let columns_sql = match database {
        Kind::Sqlite => "select name from pragma_table_info('schedules')",
        Kind::Postgres => {
            "select column_name::text as name from information_schema.columns where table_name = 'schedules'"
        }
    };
    let insert = |columns: Vec<String>| {
        let values = columns.iter().map(|c| match c.as_str() {
            "id" => id.to_owned(),
            "starts_at" | "ends_at" => format!("s.{c} + n.i * 60000"),
            other => format!("s.{other}"),
        });
        let values: Vec<String> = values.collect();
        format!(
            "insert into schedules ({}) select {} from schedules s cross join {series} as n where s.id = '{schedule}'",
            columns.join(", "),
            values.join(", ")
        )
    };
    match database {
        Kind::Sqlite => {
            let mut c = SqliteConnection::connect(url).await?;
            let columns: Vec<String> = sqlx::query_scalar(columns_sql).fetch_all(&mut c).await?;
            sqlx::query(sqlx::AssertSqlSafe(insert(columns))).execute(&mut c).await?;
            sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut c).await?;
        }
        Kind::Postgres => {
            let mut c = PgConnection::connect(url).await?;
            let columns: Vec<String> = sqlx::query_scalar(columns_sql).fetch_all(&mut c).await?;
            sqlx::query(sqlx::AssertSqlSafe(insert(columns))).execute(&mut c).await?;
        }
    }
    Ok(())
}
