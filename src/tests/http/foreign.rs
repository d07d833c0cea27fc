//! Another org's records in the same database: for everybody here they do not exist.

use reqwest::Method;
use serde_json::{Value, json};
use yueke::web::routes::{ROUTES, Who};

use super::{
    access::{Row, rows},
    scene::{Scene, word_in},
    tables::Tables,
};
use crate::harness::app::{Person, TestApp, on_both, text};

on_both! {
    another_orgs_records_do_not_exist
}

/// Words with `$` are the other org's, but for `$own`, a class of this one, and `$mine`, the booking
/// of this org's student.
const TABLE: &str = r#"
                                                                              | stranger | student teacher operator admin
get    /bookings/$booking                                                     | 401 | 404 404 404 404
get    /bookings?student_id=$student                                          | 401 | 404 404 404 404
post   /bookings               {"schedule_id":"$class"}                       | 401 | 404 404 404 404
post   /bookings               {"schedule_id":"$own","profile_id":"$student"} | 401 | 404 404 404 404
delete /bookings/$booking                                                     | 401 | 404 404 404 404
put    /bookings/$booking/cancel  {}                                          | 401 | 404 404 404 404
put    /bookings/$booking/confirm {}                                          | 401 | 404 404 404 404
put    /bookings/$booking/complete {}                                         | 401 | 404 404 404 404
put    /bookings/$booking/no-show {}                                          | 401 | 404 404 404 404
put    /bookings/$booking/paid {}                                             | 401 | 403 403 404 404
patch  /bookings/$booking      {"student_note":"x"}                           | 401 | 404 404 404 404
put    /bookings/$booking      {"student_note":"x"}                           | 401 | 404 404 404 404
patch  /students/$student      {"nickname":"x"}                               | 401 | 404 404 404 404
put    /students/$student      {"nickname":"x"}                               | 401 | 404 404 404 404
put    /bookings/$booking/move {"schedule_id":"$own"}                         | 401 | 404 404 404 404
put    /bookings/$mine/move    {"schedule_id":"$class"}                       | 401 | 404 404 404 404
post   /pay                    {"booking_id":"$booking"}                      | 401 | 404 404 404 404
delete /sessions/$session                                                     | 401 | 404 404 404 404
get    /users/$account                                                        | 401 | 403 403 404 404
get    /users/$account/logins                                                 | 401 | 403 403 404 404
put    /users/$account/roles   {"roles":["teacher"]}                          | 401 | 403 403 403 404
post   /users/$account/disable {}                                             | 401 | 403 403 403 404
post   /users/$account/enable  {}                                             | 401 | 403 403 403 404
post   /users/$account/unlock  {}                                             | 401 | 403 403 403 404
get    /courses/$course                                                       | 401 | 404 404 404 404
patch  /courses/$course        {"name":"新"}                                  | 401 | 403 404 404 404
get    /bookings/mine/upcoming?student_id=$student                            | 401 | 404 404 404 404
get    /slots?student_id=$student                                             | 401 | 404 404 404 404
get    /slots/week?student_id=$student                                        | 401 | 404 404 404 404
get    /slots/month?student_id=$student                                       | 401 | 404 404 404 404
get    /slots/$class                                                          | 401 | 404 404 404 404
get    /teachers/$teacher/slots                                               | 401 | 404 404 404 404
get    /courses/$course/slots                                                 | 401 | 404 404 404 404
get    /schedules/$class/roster                                               | 401 | 403 404 404 404
post   /schedules              {"course_id":"$course","starts_at":"$hour"}    | 401 | 403 400 400 400
get    /schedules/$class                                                      | 401 | 404 404 404 404
get    /schedules/$own?student_id=$student                                    | 401 | 404 404 404 404
get    /schedules/$class/history                                              | 401 | 403 404 404 404
post   /schedules/batch        {"course_id":"$course","items":[{"starts_at":"$hour"}]} | 401 | 403 400 400 400
patch  /schedules/$class       {"location":"B"}                               | 401 | 403 404 404 404
patch  /schedules/$own         {"teacher_id":"$teacher"}                      | 401 | 403 404 400 400
post   /schedules/$class/revoke {}                                            | 401 | 403 404 404 404
post   /schedules/$class/block {}                                             | 401 | 403 404 404 404
post   /schedules/$class/unblock {}                                           | 401 | 403 404 404 404
post   /schedules/$class/complete {}                                          | 401 | 403 404 404 404
post   /schedules/$class/hold  {}                                             | 401 | 404 404 404 404
post   /schedules/$own/hold    {"profile_id":"$student"}                      | 401 | 404 404 404 404
delete /schedules/$class/hold  {}                                             | 401 | 404 404 404 404
post   /waitlist/join          {"course_schedule_id":"$full"}                 | 401 | 404 404 404 404
put    /waitlist/capacity      {"scope":"schedule","ref":"$class","capacity":3} | 401 | 403 403 404 404
put    /waitlist/capacity      {"scope":"course","ref":"$course","capacity":3} | 401 | 403 403 404 404
post   /waitlist/notify        {"schedule_id":"$full"}                        | 401 | 403 403 404 404
post   /waitlist/withdraw      {"schedule_id":"$contested","offer_id":"$offer"} | 401 | 403 403 404 404
get    /waitlist/position/$entry                                              | 401 | 404 404 404 404
get    /waitlist/$entry                                                       | 401 | 404 404 404 404
delete /waitlist/$entry        {}                                             | 401 | 404 404 404 404
post   /waitlist/$entry/begin  {}                                             | 401 | 404 404 404 404
put    /waitlist/$entry/respond {"action":"accept"}                           | 401 | 404 404 404 404
get    /waitlist/$entry/notifications                                         | 401 | 404 404 404 404
get    /admin/waitlist?schedule_id=$full                                      | 401 | 403 403 404 404
put    /messages/$message/read {}                                             | 401 | 404 404 404 404
post   /notifications/$delivery/resend {}                                     | 401 | 403 403 404 404
post   /dev/rush               {"schedule_id":"$class","students":1}          | 401 | 404 404 404 404
post   /dev/release            {"schedule_id":"$class"}                       | 401 | 404 404 404 404
"#;

const PEOPLE: [&str; 4] = ["student", "teacher", "operator", "admin"];

#[test]
fn every_route_that_names_a_record_has_a_row() {
    let rows = rows(TABLE, PEOPLE.len());
    for route in ROUTES.iter().filter(|r| r.path.contains("{id}")) {
        let path = route.path.replace("{id}", "$");
        let (before, after) = path.split_once('$').expect("an id");
        let asks = |row: &&Row| {
            let path = row.path.split('?').next().unwrap_or_default();
            let is_this = path.strip_prefix(before).is_some_and(|rest| rest.starts_with('$') && rest.ends_with(after));
            is_this && row.method.as_str().eq_ignore_ascii_case(route.method)
        };
        assert!(rows.iter().any(|row| asks(&row)), "{} {} has no row", route.method, route.path);
    }
}

async fn another_orgs_records_do_not_exist(app: &mut TestApp) {
    let mut made = made_there(app).await;
    let old = [made.scene.student.clone(), made.scene.teacher.clone(), app.operator.clone(), app.admin.clone()];
    // The first one is the org of an installation: all that there is belongs to another now.
    let first = "insert into orgs (id, name, zone, created_at, updated_at) \
        values ('00000000000000000000000001', 'ours', 'Asia/Shanghai', 0, 0)";
    app.db.exec(first).await;
    app.restart("08:00:00.000").await;
    for person in old {
        for route in ROUTES.iter().filter(|r| r.who != Who::Anyone) {
            let method = Method::from_bytes(route.method.to_uppercase().as_bytes()).expect("a method");
            person.ask(method, route.path, Value::Null).await.fails(401, "unauthorized");
        }
    }
    let mut here = Vec::new();
    for role in PEOPLE {
        here.push(app.login(role, &format!("our-{role}")).await);
    }
    made.of_ours(&here).await;
    let mut tables = Tables::of(&app.db).await;
    let mut wrong = Vec::new();
    for row in rows(TABLE, PEOPLE.len()) {
        for (caller, expected) in here.iter().zip(&row.expected) {
            let (path, body) = (made.fill(row.path), made.fill(row.body));
            let before = tables.all().await;
            let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).expect("JSON") };
            let answer = caller.ask(row.method.clone(), &path, body).await;
            let what = format!("{} {} {} as {:?}", row.method, row.path, row.body, caller.account);
            if answer.status != *expected {
                wrong.push(format!("{what}: not {expected}: {} {}", answer.status, answer.text));
            }
            if before != tables.all().await {
                wrong.push(format!("{what}: something changed"));
            }
        }
    }
    for list in ["/courses", "/students", "/bookings?status=cancelled", "/messages", "/waitlist/my"] {
        let total = here[3].get(list).await.is(200)["total"].clone();
        let expected = if ["/courses", "/students"].contains(&list) { 1 } else { 0 };
        if total != expected {
            wrong.push(format!("{list} tells of {total} instead of {expected}"));
        }
    }
    for (list, key) in [("/bookings", "schedule_id"), ("/teachers", "id")] {
        for item in here[3].get(list).await.items() {
            let theirs = made.words.iter().any(|(_, id)| item[key] == **id);
            if theirs {
                wrong.push(format!("{list} tells of {item}"));
            }
        }
    }
    tables.close().await;
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What there is in the other org, by its word.
struct Made {
    scene: Scene,
    words: Vec<(String, String)>,
    ours: Vec<(String, String)>,
}

async fn made_there(app: &TestApp) -> Made {
    let mut scene = Scene::new(app).await;
    let mut words = Vec::new();
    let all = TABLE.lines().filter_map(word_in).chain(TABLE.lines().filter_map(|l| word_in(l.rsplit_once('$')?.0)));
    for word in ["student", "teacher", "contested", "offer"]
        .map(str::to_owned)
        .into_iter()
        .chain(all.map(|w| w[1..].to_owned()))
    {
        if !["own", "mine"].contains(&word.as_str()) && words.iter().all(|(known, _)| *known != word) {
            let id = scene.make(app, &word).await;
            words.push((word, id));
        }
    }
    let hour = scene.hour();
    words.push(("hour".to_owned(), hour));
    Made { scene, words, ours: Vec::new() }
}

impl Made {
    /// A class of ours with a booking of our student's.
    async fn of_ours(&mut self, here: &[Person]) {
        let course = json!({ "name": "ours", "kind": 1, "duration_min": 60 });
        let course = text(&here[3].post("/courses", course).await.is(201)["id"]);
        let mut class = async || {
            let new = json!({ "course_id": course, "starts_at": self.scene.hour(), "capacity": 5 });
            text(&here[3].post("/schedules", new).await.is(201)["id"])
        };
        let (own, booked) = (class().await, class().await);
        let mine = here[0].booked(&booked).await;
        self.ours = vec![("own".to_owned(), own), ("mine".to_owned(), mine)];
    }

    fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some(word) = word_in(&text) {
            let named = self.words.iter().chain(&self.ours).find(|(name, _)| *name == word[1..]);
            text = text.replace(&word, &named.unwrap_or_else(|| panic!("{word} was not made")).1);
        }
        text
    }
}
