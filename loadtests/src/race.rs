//! A herd at one class, and races for its freed seats; judged by what is there afterwards.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use serde_json::json;

use crate::{
    bench::step,
    client::{Connection, closed_loop, request},
    server::Desk,
};

const SEATS: usize = 20;
const PLACES: usize = 8;
const RACES: usize = 8;

pub async fn run(target: SocketAddr, clients: usize) -> anyhow::Result<()> {
    ensure!(clients > SEATS + PLACES, "take more than {} clients", SEATS + PLACES);
    let mut desk = Desk::open(target).await?;
    let course = desk.course("herd").await?;
    let schedule = desk.schedule(&course, SEATS, 0).await?;
    let run = chrono::Utc::now().timestamp_millis();
    let students = desk.students(&format!("herd{run}-"), clients).await?;
    let book = |i: usize| {
        request("POST", "/api/v1/bookings", Some(&students[i].token), Some(&json!({ "schedule_id": schedule })))
    };
    let join = |i: usize| {
        let body = json!({ "course_schedule_id": schedule });
        request("POST", "/api/v1/waitlist/join", Some(&students[i].token), Some(&body))
    };
    step(&format!("{clients} clients at {SEATS} seats …"));
    let lanes = clients.min(1_000);
    let booked = closed_loop(target, (0..clients).map(book).collect(), lanes, Duration::MAX, 409).await?;
    ensure!(booked.count(201) == SEATS as u64, "{} were booked on {SEATS} seats", booked.count(201));
    let joined = closed_loop(target, (0..clients).map(join).collect(), lanes, Duration::MAX, 409).await?;
    ensure!(joined.count(200) == PLACES as u64, "{} joined a queue of {PLACES}", joined.count(200));
    ensure!(desk.seats_taken(&schedule).await? == SEATS as u64, "seats and acknowledgements differ");
    println!("\n{clients} clients: {SEATS} booked, {PLACES} queued, p99 {:.1} ms", booked.ms(0.99));

    let mut connection = Connection::open(target).await?;
    for race in 0..RACES {
        step(&format!("race {} of {RACES} …", race + 1));
        let list = desk.get(&format!("/bookings?schedule_id={schedule}&status=confirmed&page_size=100")).await?;
        let items = list["items"].as_array().context("a list without items")?;
        let victim = items.last().and_then(|b| b["id"].as_str()).context("nobody is booked")?.to_owned();
        connection
            .json("PUT", &format!("/api/v1/bookings/{victim}/cancel"), Some(&desk.admin), Some(&json!({})))
            .await?;
        let mut confirms = Vec::new();
        for student in &students {
            // Each knows only their own place.
            let mine = connection.json("GET", "/api/v1/waitlist/my", Some(&student.token), None);
            let mine = mine.await?;
            let Some(entry) = mine["items"].as_array().and_then(|i| i.iter().find(|e| e["status"] == "notified"))
            else {
                continue;
            };
            let path = format!("/api/v1/waitlist/{}/respond", entry["id"].as_str().unwrap_or_default());
            confirms.push(request("PUT", &path, Some(&student.token), Some(&json!({ "action": "accept" }))));
        }
        let offered = confirms.len();
        let run = closed_loop(target, confirms, offered.max(1), Duration::MAX, 200).await?;
        ensure!(offered > 0 && run.count(200) == 1, "{} of {offered} won one seat", run.count(200));
        ensure!(desk.seats_taken(&schedule).await? == SEATS as u64, "a race ended with another number of seats");
    }
    println!("\n{RACES} races among those who waited: one winner each");
    Ok(())
}
