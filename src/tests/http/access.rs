//! Who may do what to whose: every route of the table, asked by everybody. What is refused changes
//! nothing.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::json;
use yueke::{
    base::ids::OrgId,
    web::routes::{Listed, ROUTES, Who},
};

use super::{scene::Scene, tables::Tables, tokens::Forge};
use crate::harness::app::{Person, TestApp, on_both};

on_both! {
    every_route_for_everybody
    a_forgotten_check_is_reported
}

/// What each kind of person is answered. The booking, the entry, the session and the message are
/// the `student`'s; the class is the `teacher`'s. A word with `$` is made anew for each request. A new password
/// ends the other sessions of whoever sets it, so those rows come last.
const TABLE: &str = r#"
                                                                                  | stranger | other student colleague teacher operator admin
get    /bookings                                                                  | 401 | 200 200 200 200 200 200
get    /bookings?student_id=$student                                              | 401 | 404 200 404 404 200 200
post   /bookings               {"schedule_id":"$free"}                            | 401 | 201 201 201 201 201 201
post   /bookings               {"schedule_id":"$free","profile_id":"$student"}    | 401 | 404 201 404 404 201 201
get    /bookings/mine/upcoming                                                    | 401 | 200 200 200 200 200 200
get    /bookings/mine/upcoming?student_id=$student                                | 401 | 404 200 404 404 200 200
get    /bookings/$booking                                                         | 401 | 404 200 404 200 200 200
delete /bookings/$booking                                                         | 401 | 404 200 404 200 200 200
put    /bookings/$booking/cancel  {}                                              | 401 | 404 200 404 200 200 200
put    /bookings/$pending/confirm {}                                              | 401 | 404 403 404 200 200 200
put    /bookings/$booking/complete {}                                             | 401 | 404 403 404 409 409 409
put    /bookings/$booking/no-show {}                                              | 401 | 404 403 404 409 409 409
put    /bookings/$booking/move {"schedule_id":"$free"}                            | 401 | 404 200 404 200 200 200
put    /bookings/$unpaid/paid {}                                                  | 401 | 403 403 403 403 200 200
patch  /bookings/$booking      {"student_note":"x"}                               | 401 | 404 200 404 403 403 403
put    /bookings/$booking      {"student_note":"x"}                               | 401 | 404 200 404 403 403 403
patch  /bookings/$booking      {"teacher_note":"x"}                               | 401 | 404 403 404 200 200 200
put    /bookings/$booking      {"teacher_note":"x"}                               | 401 | 404 403 404 200 200 200
get    /coach/bookings                                                            | 401 | 403 403 200 200 403 403
post   /pay                    {"booking_id":"$unpaid"}                           | 401 | 404 200 404 200 200 200

get    /about                                                                     | 200 | 200 200 200 200 200 200

post   /login                  {"code":"dev:student:anyone"}                      | 200 | 200 200 200 200 200 200
post   /login                  {"code":"dev:student:"}                            | 401 | 401 401 401 401 401 401
post   /login/wx               {"code":"dev:student:anyone"}                      | 200 | 200 200 200 200 200 200
post   /login/phone            {"phone":"13800000000","sms_code":"guess"}         | 401 | 401 401 401 401 401 401
post   /register               {"username":"$name","password":"correct horse"}    | 201 | 201 201 201 201 201 201
post   /register               {"phone":"13800000000","sms_code":"guess","password":"correct horse"} | 400 | 400 400 400 400 400 400
post   /sms/send               {"phone":"$number","purpose":"login"}              | 200 | 200 200 200 200 200 200
post   /sms/send               {"phone":"$number","purpose":"merge"}              | 401 | 200 200 200 200 200 200
post   /password/reset         {"phone":"13800000000","sms_code":"guess","new_password":"correct horse"} | 400 | 400 400 400 400 400 400
post   /token/refresh          {"refresh_token":"guessed"}                        | 401 | 401 401 401 401 401 401
post   /logout                 {}                                                 | 401 | 200 200 200 200 200 200
get    /sessions                                                                  | 401 | 200 200 200 200 200 200
delete /sessions/$session                                                         | 401 | 404 200 404 404 404 404
get    /logins                                                                    | 401 | 200 200 200 200 200 200

get    /users/profile                                                             | 401 | 200 200 200 200 200 200
put    /users/profile          {"signature":"x"}                                  | 401 | 200 200 200 200 200 200
post   /users/role             {"role":"student"}                                 | 401 | 200 200 200 200 200 200
post   /users/role             {"role":"operator"}                                | 401 | 403 403 403 403 403 403
post   /users/role             {"role":"owner"}                                   | 401 | 403 403 403 403 403 403
put    /users/phone            {"phone":"13800000000","sms_code":"guess"}         | 401 | 400 400 400 400 400 400
post   /users/merge            {"phone":"13800000000","sms_code":"guess"}         | 401 | 400 400 400 400 400 400
get    /users                                                                     | 401 | 403 403 403 403 200 200
get    /users/$account                                                            | 401 | 403 403 403 403 200 200
get    /users/$account/logins                                                     | 401 | 403 403 403 403 200 200
put    /users/$account/roles   {"roles":["teacher"]}                              | 401 | 403 403 403 403 403 200
put    /users/$account/roles   {"roles":["admin"]}                                | 401 | 403 403 403 403 403 403
put    /users/$owner/roles     {"roles":["student"]}                              | 401 | 403 403 403 403 403 403
post   /users/$account/disable {}                                                 | 401 | 403 403 403 403 403 200
post   /users/$owner/disable   {}                                                 | 401 | 403 403 403 403 403 403
post   /users/$account/enable  {}                                                 | 401 | 403 403 403 403 403 200
post   /users/$account/unlock  {}                                                 | 401 | 403 403 403 403 403 200
get    /students                                                                  | 401 | 200 200 200 200 200 200
post   /students               {"nickname":"新"}                                  | 401 | 201 201 201 201 201 201
patch  /students/$student      {"nickname":"$name"}                               | 401 | 404 200 404 404 200 200
put    /students/$student      {"nickname":"$name"}                               | 401 | 404 200 404 404 200 200
get    /teachers                                                                  | 401 | 200 200 200 200 200 200

get    /courses                                                                   | 401 | 200 200 200 200 200 200
post   /courses                {"name":"新","kind":1,"duration_min":60}           | 401 | 403 403 201 201 201 201
get    /courses/$course                                                           | 401 | 200 200 200 200 200 200
patch  /courses/$course        {"name":"新"}                                      | 401 | 403 403 404 200 200 200

get    /slots                                                                     | 401 | 200 200 200 200 200 200
get    /slots?student_id=$student                                                 | 401 | 404 200 404 404 200 200
get    /slots/week                                                                | 401 | 200 200 200 200 200 200
get    /slots/week?student_id=$student                                            | 401 | 404 200 404 404 200 200
get    /slots/month                                                               | 401 | 200 200 200 200 200 200
get    /slots/month?student_id=$student                                           | 401 | 404 200 404 404 200 200
get    /slots/$class                                                            | 401 | 200 200 200 200 200 200
get    /slots/$class?student_id=$student                                         | 401 | 404 200 404 404 200 200
get    /teachers/$teacher/slots                                                   | 401 | 200 200 200 200 200 200
get    /teachers/$teacher/slots?student_id=$student                               | 401 | 404 200 404 404 200 200
get    /courses/$course/slots                                                     | 401 | 200 200 200 200 200 200
get    /courses/$course/slots?student_id=$student                                 | 401 | 404 200 404 404 200 200
get    /schedules                                                                 | 401 | 403 403 200 200 200 200
get    /schedules/$class/roster                                                   | 401 | 403 403 404 200 200 200
post   /schedules              {"course_id":"$course","starts_at":"$hour"}        | 401 | 403 403 201 201 201 201
post   /schedules              {"course_id":"$course","starts_at":"$hour","teacher_id":"$teacher"} | 401 | 403 403 403 201 201 201
post   /schedules/batch        {"course_id":"$course","items":[{"starts_at":"$hour"}]} | 401 | 403 403 200 200 200 200
post   /schedules/batch        {"course_id":"$course","items":[{"starts_at":"$hour"}],"teacher_id":"$teacher"} | 401 | 403 403 403 200 200 200
get    /schedules/$class                                                          | 401 | 200 200 200 200 200 200
get    /schedules/$class?student_id=$student                                      | 401 | 404 200 404 404 200 200
get    /schedules/$class/history                                                  | 401 | 403 403 404 200 200 200
patch  /schedules/$class       {"location":"B"}                                   | 401 | 403 403 404 200 200 200
post   /schedules/$class/revoke {}                                                | 401 | 403 403 404 200 200 200
post   /schedules/$class/block {}                                                 | 401 | 403 403 404 200 200 200
post   /schedules/$class/unblock {}                                               | 401 | 403 403 404 200 200 200
post   /schedules/$class/complete {}                                              | 401 | 403 403 404 409 409 409
post   /schedules/$free/hold   {}                                                 | 401 | 200 200 200 200 200 200
post   /schedules/$free/hold   {"profile_id":"$student"}                          | 401 | 404 200 404 404 200 200
delete /schedules/$free/hold   {}                                                 | 401 | 200 200 200 200 200 200
delete /schedules/$free/hold   {"profile_id":"$student"}                          | 401 | 404 200 404 404 200 200

post   /waitlist/join          {"course_schedule_id":"$full"}                     | 401 | 200 200 200 200 200 200
post   /waitlist/join          {"course_schedule_id":"$full","profile_id":"$student"} | 401 | 404 200 404 404 200 200
get    /waitlist/my                                                               | 401 | 200 200 200 200 200 200
get    /waitlist/capacity                                                         | 401 | 403 403 403 403 200 200
put    /waitlist/capacity      {"scope":"schedule","ref":"$class","capacity":3}   | 401 | 403 403 403 403 200 200
post   /waitlist/notify        {"schedule_id":"$full"}                            | 401 | 403 403 403 403 409 409
post   /waitlist/withdraw      {"schedule_id":"$contested","offer_id":"$offer"}   | 401 | 403 403 403 403 200 200
get    /waitlist/position/$entry                                                  | 401 | 404 200 404 404 200 200
get    /waitlist/$entry                                                           | 401 | 404 200 404 404 200 200
delete /waitlist/$entry        {}                                                 | 401 | 404 200 404 404 200 200
post   /waitlist/$entry/begin  {}                                                 | 401 | 404 409 404 404 409 409
put    /waitlist/$entry/respond {"action":"accept"}                               | 401 | 404 409 404 404 409 409
get    /waitlist/$entry/notifications                                             | 401 | 404 200 404 404 200 200

get    /admin/waitlist                                                            | 401 | 403 403 403 403 200 200
get    /admin/waitlist?schedule_id=$full&full=false                               | 401 | 403 403 403 403 200 200

get    /admin/waitlist/classes                                                    | 401 | 403 403 403 403 200 200
get    /admin/health                                                              | 401 | 403 403 403 403 200 200
post   /admin/audit            {}                                                 | 401 | 403 403 403 403 200 200

get    /users/subscribe                                                           | 401 | 200 200 200 200 200 200
post   /users/subscribe        {"results":{"demoSeatOffered_000000000000000000000000001":"accept"}} | 401 | 200 200 200 200 200 200
get    /notifications                                                             | 401 | 403 403 403 403 200 200
post   /notifications/$delivery/resend {}                                         | 401 | 403 403 403 403 200 200
get    /stats/notification                                                        | 401 | 403 403 403 403 200 200

get    /messages                                                                  | 401 | 200 200 200 200 200 200
post   /messages/read-all      {}                                                 | 401 | 200 200 200 200 200 200
put    /messages/$message/read {}                                                 | 401 | 404 200 404 404 404 404

post   /ws/ticket              {}                                                 | 401 | 200 200 200 200 200 200
get    /ws                                                                        | 400 | 400 400 400 400 400 400

get    /dev/clock                                                                 | 401 | 200 200 200 200 200 200
put    /dev/clock              {"advance_ms":0}                                   | 401 | 403 403 403 403 403 200
post   /dev/people             {"role":"student","prefix":"p","count":1}          | 401 | 403 403 403 403 403 200
post   /dev/rush               {"schedule_id":"$free","students":1}               | 401 | 200 200 200 200 200 200
post   /dev/release            {"schedule_id":"$class"}                           | 401 | 200 409 200 200 200 200

put    /password               {"new_password":"correct horse"}                   | 401 | 200 200 200 200 200 200
put    /password               {"new_password":"another horse"}                   | 401 | 400 400 400 400 400 400
"#;

const PEOPLE: [(&str, &str); 6] = [
    ("student", "other"),
    ("student", "student"),
    ("teacher", "colleague"),
    ("teacher", "teacher"),
    ("operator", "operator"),
    ("admin", "admin"),
];

/// A line of a table: what is asked, and what each is answered.
pub struct Row {
    pub method: Method,
    pub path: &'static str,
    pub body: &'static str,
    /// Who has no good token of this org.
    pub stranger: u16,
    pub expected: Vec<u16>,
}

/// `columns` after the stranger's.
pub fn rows(table: &'static str, columns: usize) -> Vec<Row> {
    let lines = table.lines().filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('|'));
    lines.map(|line| read_row(line, columns).unwrap_or_else(|| panic!("not a row: {line}"))).collect()
}

fn read_row(line: &'static str, columns: usize) -> Option<Row> {
    let (rest, expected) = line.rsplit_once('|')?;
    let (asked, stranger) = rest.rsplit_once('|')?;
    let (method, rest) = asked.split_once(' ')?;
    let (path, body) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    let expected: Vec<u16> = expected.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).ok()?;
    let stranger = stranger.trim().parse().ok()?;
    (expected.len() == columns).then_some(Row { method, path, body: body.trim(), stranger, expected })
}

/// The route that a row asks: its made words are the route's ids.
fn route_of(row: &Row) -> (String, String) {
    let path = row.path.split('?').next().unwrap_or_default();
    let parts = path.split('/').map(|p| if p.starts_with('$') { "{id}" } else { p });
    (row.method.as_str().to_lowercase(), parts.collect::<Vec<_>>().join("/"))
}

fn listed(row: &Row) -> Listed {
    let (method, path) = route_of(row);
    let found = ROUTES.iter().find(|r| r.method == method && r.path == path);
    *found.unwrap_or_else(|| panic!("{method} {path} is no route"))
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
    let rows = rows(TABLE, PEOPLE.len());
    let asked: HashSet<(String, String)> = rows.iter().map(route_of).collect();
    for route in ROUTES {
        let this = (route.method.to_owned(), route.path.to_owned());
        assert!(asked.contains(&this), "{} {} has no row", route.method, route.path);
    }
    for row in &rows {
        let route = listed(row);
        assert!(row.stranger == 401 || route.who == Who::Anyone, "{} {} lets strangers in", row.method, row.path);
        for ((role, name), expected) in PEOPLE.iter().zip(&row.expected) {
            let refused = matches!(expected, 403 | 404);
            assert!(admits(route.who, role) || refused, "{} {} lets {name} in", row.method, row.path);
        }
    }
}

async fn every_route_for_everybody(app: &mut TestApp) {
    let mut walk = Walk::new(app).await;
    let strangers = strangers(app).await;
    for row in rows(TABLE, PEOPLE.len()) {
        walk.strangers(app, &row, &strangers).await;
        for ((role, name), expected) in PEOPLE.iter().zip(&row.expected) {
            let caller = app.login(role, name).await;
            walk.step(app, &row, (name, &caller), *expected).await;
        }
    }
    walk.close().await;
    assert!(walk.wrong.is_empty(), "\n{}", walk.wrong.join("\n"));
}

/// Everybody without a good token of this org: each has had one, or made one up.
async fn strangers(app: &TestApp) -> Vec<(&'static str, Person)> {
    let amy = app.student("stranger").await;
    let gone = app.student("stranger").await;
    gone.post("/logout", json!({})).await.is(200);
    let forge = Forge::of(app, &amy.token);
    let elsewhere = |role: &str| forge.sign(&forge.claims(json!({ "org": OrgId::from_u128(1), "roles": [role] })));
    [
        ("nobody", String::new()),
        ("a forger", "eyJhbGciOiJub25lIn0.e30.".to_owned()),
        ("a guesser", "guess".to_owned()),
        ("an expired login", forge.sign(&forge.claims(json!({ "exp": forge.now })))),
        ("a login that was ended", gone.token),
        ("another org's student", elsewhere("student")),
        ("another org's admin", elsewhere("admin")),
    ]
    .map(|(who, token)| (who, app.with_token(&token)))
    .into()
}

/// Asks what rows ask, and notes what is answered otherwise, or changes something though refused.
pub struct Walk {
    pub scene: Scene,
    pub wrong: Vec<String>,
    tables: Tables,
}

impl Walk {
    pub async fn new(app: &TestApp) -> Self {
        Self { scene: Scene::new(app).await, wrong: Vec::new(), tables: Tables::of(&app.db).await }
    }

    /// One caller of one row.
    pub async fn step(&mut self, app: &TestApp, row: &Row, (name, caller): (&str, &Person), expected: u16) {
        let (path, body) = self.scene.fill(app, row.path, row.body).await;
        let looked = row.method != Method::GET && expected >= 400;
        let before = if looked { self.tables.all().await } else { String::new() };
        let answer = caller.ask(row.method.clone(), &path, body).await;
        let what = format!("{} {} {} as {name}", row.method, row.path, row.body);
        if answer.status != expected {
            self.wrong.push(format!("{what}: not {expected}: {} {}", answer.status, answer.text));
        }
        if looked && before != self.tables.all().await {
            self.wrong.push(format!("{what}: refused, and yet something changed"));
        }
    }

    /// All strangers, with ids that exist. Where they are refused their body is not even read.
    async fn strangers(&mut self, app: &TestApp, row: &Row, strangers: &[(&str, Person)]) {
        let (path, mut body) = self.scene.fill(app, row.path, row.body).await;
        let is_open = listed(row).who == Who::Anyone;
        let before = self.tables.all().await;
        for (who, stranger) in strangers {
            if is_open {
                // What is taken may be taken once only.
                body = self.scene.fill(app, row.path, row.body).await.1;
            }
            let body = if is_open && !body.is_null() { body.to_string() } else { "{".to_owned() };
            let json = [("content-type", "application/json")];
            let asked = stranger.send_raw(row.method.clone(), &format!("/api/v1{path}"), &json, body.clone()).await;
            if asked.status != row.stranger {
                self.wrong.push(format!("{} {} as {who}: {} {}", row.method, row.path, asked.status, asked.text));
            }
        }
        if row.stranger >= 400 && before != self.tables.all().await {
            self.wrong.push(format!("{} {}: a stranger changed something", row.method, row.path));
        }
    }

    pub async fn close(&mut self) {
        self.tables.close().await;
    }
}

// ---- the walk finds what it looks for

/// With the one check switched off that says whose student somebody is, each row that depends on it
/// is reported; and the tables show a change.
async fn a_forgotten_check_is_reported(app: &mut TestApp) {
    let (other, student) = (app.student("other").await, app.student("student").await);
    let sql = format!(
        "insert into account_students (account_id, student_id, relation, created_at) values ('{}', '{}', 'child', 0)",
        other.account, student.student
    );
    app.db.exec(&sql).await;
    app.restart("08:00:00.000").await;
    let mut walk = Walk::new(app).await;
    let guarded = |row: &Row| row.expected[0] == 404 && row.expected[1] != 403 && !row.path.starts_with("/sessions");
    let rows: Vec<Row> = rows(TABLE, PEOPLE.len()).into_iter().filter(|r| guarded(r)).collect();
    assert!(rows.len() > 15, "most routes look whose a record is");
    for row in rows.iter().filter(|r| !r.path.starts_with("/messages")) {
        let known = walk.wrong.len();
        let other = app.login("student", "other").await;
        walk.step(app, row, ("other", &other), row.expected[0]).await;
        let found = walk.wrong[known..].iter().any(|w| w.contains(": not 404"));
        assert!(found, "{} {} {} is let through", row.method, row.path, row.body);
        // There is no hold to be given back.
        let refused = row.expected[1] >= 400 || row.method == Method::GET || row.path.ends_with("/hold");
        let changed = walk.wrong[known..].iter().any(|w| w.contains("something changed"));
        assert!(refused || changed, "{} {} {} changed something unseen", row.method, row.path, row.body);
    }
    walk.close().await;
}
