//! Who may do what to whose: every route of the table, asked by everybody.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::{Value, json};
use yueke::web::routes::{ROUTES, Who};

use crate::harness::app::{Person, TestApp, on_both, text};

on_both! {
    every_route_for_everybody
}

/// What each kind of person is answered. The booking, the entry, the session and the message are
/// the `student`'s; the class is the `teacher`'s. A word with `$` is made anew for each request.
const TABLE: &str = r#"
                                                                                  | other student colleague teacher operator admin
get    /bookings                                                                  | 200 200 200 200 200 200
get    /bookings?student_id=$student                                              | 404 200 404 404 200 200
post   /bookings               {"schedule_id":"$free"}                            | 201 201 201 201 201 201
post   /bookings               {"schedule_id":"$free","profile_id":"$student"}    | 404 201 404 404 201 201
get    /bookings/mine/upcoming                                                    | 200 200 200 200 200 200
get    /bookings/$booking                                                         | 404 200 404 200 200 200
delete /bookings/$booking                                                         | 404 200 404 200 200 200
put    /bookings/$booking/cancel  {}                                              | 404 200 404 200 200 200
put    /bookings/$pending/confirm {}                                              | 404 403 404 200 200 200
put    /bookings/$booking/complete {}                                             | 404 403 404 409 409 409
put    /bookings/$booking/no-show {}                                              | 404 403 404 409 409 409
put    /bookings/$booking/move {"schedule_id":"$free"}                            | 404 200 404 200 200 200
get    /coach/bookings                                                            | 403 403 200 200 403 403
post   /pay                    {"booking_id":"$unpaid"}                           | 404 200 404 200 200 200

post   /login                  {"code":"dev:student:anyone"}                      | 200 200 200 200 200 200
post   /login                  {"code":"dev:student:"}                            | 401 401 401 401 401 401
post   /token/refresh          {"refresh_token":"guessed"}                        | 401 401 401 401 401 401
post   /logout                 {}                                                 | 200 200 200 200 200 200
get    /sessions                                                                  | 200 200 200 200 200 200
delete /sessions/$session                                                         | 404 200 404 404 404 404

get    /users/profile                                                             | 200 200 200 200 200 200
get    /students                                                                  | 200 200 200 200 200 200
get    /teachers                                                                  | 200 200 200 200 200 200

get    /courses                                                                   | 200 200 200 200 200 200
post   /courses                {"name":"新","kind":1,"duration_min":60}           | 403 403 201 201 201 201
get    /courses/$course                                                           | 200 200 200 200 200 200
patch  /courses/$course        {"name":"新"}                                      | 403 403 404 200 200 200

get    /slots                                                                     | 200 200 200 200 200 200
get    /slots?student_id=$student                                                 | 404 200 404 404 200 200
post   /schedules              {"course_id":"$course","starts_at":"$hour"}        | 403 403 201 201 201 201
post   /schedules              {"course_id":"$course","starts_at":"$hour","teacher_id":"$teacher"} | 403 403 403 201 201 201
get    /schedules/$class                                                          | 200 200 200 200 200 200
get    /schedules/$class?student_id=$student                                      | 404 200 404 404 200 200
patch  /schedules/$class       {"location":"B"}                                   | 403 403 404 200 200 200
post   /schedules/$class/revoke {}                                                | 403 403 404 200 200 200
post   /schedules/$class/block {}                                                 | 403 403 404 200 200 200
post   /schedules/$class/unblock {}                                               | 403 403 404 200 200 200
post   /schedules/$class/complete {}                                              | 403 403 404 409 409 409
post   /schedules/$free/hold   {}                                                 | 200 200 200 200 200 200
post   /schedules/$free/hold   {"profile_id":"$student"}                          | 404 200 404 404 200 200
delete /schedules/$free/hold   {}                                                 | 200 200 200 200 200 200
delete /schedules/$free/hold   {"profile_id":"$student"}                          | 404 200 404 404 200 200

post   /waitlist/join          {"course_schedule_id":"$full"}                     | 200 200 200 200 200 200
post   /waitlist/join          {"course_schedule_id":"$full","profile_id":"$student"} | 404 200 404 404 200 200
get    /waitlist/my                                                               | 200 200 200 200 200 200
get    /waitlist/capacity                                                         | 403 403 403 403 200 200
put    /waitlist/capacity      {"scope":"schedule","ref":"$class","capacity":3}   | 403 403 403 403 200 200
post   /waitlist/notify        {"schedule_id":"$full"}                            | 403 403 403 403 409 409
post   /waitlist/withdraw      {"schedule_id":"$contested","offer_id":"$offer"}   | 403 403 403 403 200 200
get    /waitlist/position/$entry                                                  | 404 200 404 404 200 200
get    /waitlist/$entry                                                           | 404 200 404 404 200 200
delete /waitlist/$entry        {}                                                 | 404 200 404 404 200 200
post   /waitlist/$entry/begin  {}                                                 | 404 409 404 404 409 409
put    /waitlist/$entry/respond {"action":"accept"}                               | 404 409 404 404 409 409
get    /waitlist/$entry/notifications                                             | 404 200 404 404 200 200

get    /messages                                                                  | 200 200 200 200 200 200
post   /messages/read-all      {}                                                 | 200 200 200 200 200 200
put    /messages/$message/read {}                                                 | 404 200 404 404 404 404

post   /ws/ticket              {}                                                 | 200 200 200 200 200 200
get    /ws                                                                        | 400 400 400 400 400 400

get    /dev/clock                                                                 | 200 200 200 200 200 200
put    /dev/clock              {"advance_ms":0}                                   | 403 403 403 403 403 200
post   /dev/people             {"role":"student","prefix":"p","count":1}          | 403 403 403 403 403 200
post   /dev/rush               {"schedule_id":"$free","students":1}               | 200 200 200 200 200 200
post   /dev/release            {"schedule_id":"$class"}                           | 200 409 200 200 200 200
"#;

const PEOPLE: [(&str, &str); 6] = [
    ("student", "other"),
    ("student", "student"),
    ("teacher", "colleague"),
    ("teacher", "teacher"),
    ("operator", "operator"),
    ("admin", "admin"),
];

struct Row {
    method: Method,
    path: &'static str,
    body: &'static str,
    expected: Vec<u16>,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('|'));
    lines.map(|line| read_row(line).unwrap_or_else(|| panic!("not a row: {line}"))).collect()
}

fn read_row(line: &'static str) -> Option<Row> {
    let (asked, expected) = line.rsplit_once('|')?;
    let (method, rest) = asked.split_once(' ')?;
    let (path, body) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    let expected: Vec<u16> = expected.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).ok()?;
    (expected.len() == PEOPLE.len()).then_some(Row { method, path, body: body.trim(), expected })
}

/// The route that a row asks: its made words are the route's ids.
fn route_of(row: &Row) -> (String, String) {
    let path = row.path.split('?').next().unwrap_or_default();
    let parts = path.split('/').map(|p| if p.starts_with('$') { "{id}" } else { p });
    (row.method.as_str().to_lowercase(), parts.collect::<Vec<_>>().join("/"))
}

/// What the kind of caller alone decides, before anybody looks whose record it is.
fn admits(who: Who, role: &str) -> bool {
    match who {
        Who::Anyone | Who::LoggedIn => true,
        Who::Teacher => role == "teacher",
        Who::Planner => role != "student",
        Who::Staff => role == "operator" || role == "admin",
        Who::Admin => role == "admin",
    }
}

#[test]
fn the_table_has_every_route_and_agrees_with_who_may_call_it() {
    let rows = rows();
    let asked: HashSet<(String, String)> = rows.iter().map(route_of).collect();
    for route in ROUTES {
        let this = (route.method.to_owned(), route.path.to_owned());
        assert!(asked.contains(&this), "{} {} has no row", route.method, route.path);
    }
    for row in &rows {
        let route = listed(row);
        for ((role, name), expected) in PEOPLE.iter().zip(&row.expected) {
            let refused = matches!(expected, 403 | 404);
            assert!(admits(route.who, role) || refused, "{} {} lets {name} in", row.method, row.path);
        }
    }
}

fn listed(row: &Row) -> yueke::web::routes::Listed {
    let (method, path) = route_of(row);
    let found = ROUTES.iter().find(|r| r.method == method && r.path == path);
    *found.unwrap_or_else(|| panic!("{method} {path} is no route"))
}

async fn every_route_for_everybody(app: &mut TestApp) {
    let mut scene = Scene::new(app).await;
    let mut wrong = Vec::new();
    for row in rows() {
        let listed = listed(&row);
        // No id is looked up for strangers, so none needs to exist; nor is their body read.
        for (who, token) in [("nobody", ""), ("a forger", "eyJhbGciOiJub25lIn0.e30."), ("a guesser", "guess")] {
            let expected = if listed.who == Who::Anyone { row.expected[0] } else { 401 };
            let body = if listed.who == Who::Anyone { row.body } else { "{" };
            let json = [("content-type", "application/json")];
            let path = format!("/api/v1{}", row.path);
            let answer = app.with_token(token).send_raw(row.method.clone(), &path, &json, body).await;
            if answer.status != expected {
                wrong.push(format!("{} {} as {who}: {} instead of {expected}", row.method, row.path, answer.status));
            }
        }
        for ((role, name), expected) in PEOPLE.iter().zip(&row.expected) {
            let caller = app.login(role, name).await;
            let (path, body) = scene.fill(app, &row).await;
            let answer = caller.ask(row.method.clone(), &path, body).await;
            if answer.status != *expected {
                let (method, path, told) = (&row.method, row.path, &answer.text);
                wrong.push(format!("{method} {path} {} as {name}: not {expected}: {told}", row.body));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Makes what rows ask for, each at an hour of its own.
struct Scene {
    student: Person,
    teacher: Person,
    seated: Person,
    course: String,
    hours: u32,
    offer: String,
}

impl Scene {
    async fn new(app: &TestApp) -> Self {
        let teacher = app.teacher("teacher").await;
        let course = json!({ "name": "钢琴", "kind": 1, "duration_min": 60 });
        let course = text(&teacher.post("/courses", course).await.is(201)["id"]);
        let (student, seated) = (app.student("student").await, app.student("seated").await);
        Self { student, teacher, seated, course, hours: 0, offer: String::new() }
    }

    async fn fill(&mut self, app: &TestApp, row: &Row) -> (String, Value) {
        // The path first: a body may name what the path made.
        let (mut path, mut body) = (row.path.to_owned(), row.body.to_owned());
        while let Some(word) = word_in(&path).or_else(|| word_in(&body)) {
            let made = self.make(app, &word[1..]).await;
            path = path.replace(&word, &made);
            body = body.replace(&word, &made);
        }
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).expect("JSON") };
        (path, body)
    }

    async fn make(&mut self, app: &TestApp, what: &str) -> String {
        match what {
            "student" => self.student.student.clone(),
            "teacher" => self.teacher.teacher.clone(),
            "course" => {
                let course = json!({ "name": "钢琴", "kind": 1, "duration_min": 60 });
                text(&self.teacher.post("/courses", course).await.is(201)["id"])
            }
            "hour" => self.hour(),
            "free" => self.class(&self.course.clone(), 5).await,
            "class" => {
                let class = self.class(&self.course.clone(), 5).await;
                self.student.booked(&class).await;
                class
            }
            "booking" => {
                let class = self.class(&self.course.clone(), 5).await;
                self.student.booked(&class).await
            }
            "pending" => self.booking_of(app, json!({ "confirm_mode": "teacher" })).await,
            "unpaid" => self.booking_of(app, json!({ "price_fen": 100 })).await,
            "full" => self.full().await.0,
            "entry" => {
                let (class, _) = self.full().await;
                self.student.join(&class).await
            }
            "contested" => {
                let (class, seat) = self.full().await;
                self.student.join(&class).await;
                self.seated.cancel(&seat).await.ok();
                self.offer = text(&self.student.offer(&class).await["id"]);
                class
            }
            "offer" => self.offer.clone(),
            "session" => {
                let phone = app.student("student").await;
                let sessions = phone.get("/sessions").await.items();
                let current = sessions.iter().find(|s| s["current"] == true).expect("the session that asks");
                text(&current["id"])
            }
            "message" => {
                let class = self.class(&self.course.clone(), 5).await;
                self.student.booked(&class).await;
                text(&app.messages(&self.student, "booking_confirmed").await[0]["id"])
            }
            other => panic!("nobody knows how to make {other}"),
        }
    }

    fn hour(&mut self) -> String {
        self.hours += 1;
        let (day, hour) = (self.hours / 24, self.hours % 24);
        // November and December of 2025, then January of 2026: far from any cutoff.
        let (year, month, day) = match day {
            0..15 => (2025, 11, day + 16),
            15..46 => (2025, 12, day - 14),
            _ => (2026, 1, day - 45),
        };
        format!("{year}-{month:02}-{day:02}T{hour:02}:00:00+08:00")
    }

    async fn class(&mut self, course: &str, capacity: u32) -> String {
        let new = json!({ "course_id": course, "starts_at": self.hour(), "capacity": capacity });
        text(&self.teacher.post("/schedules", new).await.is(201)["id"])
    }

    async fn booking_of(&mut self, app: &TestApp, course: Value) -> String {
        let course = app.course(crate::harness::app::with(json!({ "duration_min": 60 }), course)).await;
        let class = self.class(&course, 5).await;
        self.student.booked(&class).await
    }

    /// A class whose only seat is taken, and the booking that takes it.
    async fn full(&mut self) -> (String, String) {
        let class = self.class(&self.course.clone(), 1).await;
        let seat = self.seated.booked(&class).await;
        (class, seat)
    }
}

fn word_in(text: &str) -> Option<String> {
    let from = text.find('$')?;
    let rest = &text[from + 1..];
    let length = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
    Some(text[from..from + 1 + length].to_owned())
}
