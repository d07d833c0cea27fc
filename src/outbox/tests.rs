use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{
    args,
    base::{
        ids::*,
        limits::{
            LOGIN_LOG_KEPT, OUTBOX_KEPT, RECEIPT_KEPT, REMINDER_KEPT, SESSION_KEPT, SMS_KEPT, UNKNOWN_LOGIN_KEPT,
        },
        time::{HOUR, MINUTE},
    },
    domain::schedule::{
        Opened, Policy,
        effects::{Notice, Recipient, What},
        state::{Head, Stage, Status},
    },
    store::{schedules, sql::Arg},
};

const ORG: OrgId = OrgId::from_u128(1);
const COURSE: CourseId = CourseId::from_u128(2);
const CLASS: ScheduleId = ScheduleId::from_u128(3);
const TEACHER: TeacherId = TeacherId::from_u128(4);
const AMY: StudentId = StudentId::from_u128(5);
const PARENT: AccountId = AccountId::from_u128(6);
const AMYS: AccountId = AccountId::from_u128(7);
const TEACHERS: AccountId = AccountId::from_u128(8);

fn at(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2025-11-12T{text}+08:00")).unwrap()
}

/// A class at 19:00, its teacher, and Amy with an account of her own and a parent's.
struct World {
    _folder: TempDir,
    store: Store,
    clock: Clock,
    outbox: Outbox,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(at("12:00:00"));
        let url = format!("sqlite://{}", folder.path().join("y.db").display());
        let store = Store::open(&url, clock.now()).await.unwrap();
        let inbox: Arc<dyn Channel> = Arc::new(Inbox::new(Arc::new(SeededIds::from_seed(1))));
        let outbox = Outbox::new(store.clone(), clock.clone(), Arc::default(), Channels::new([inbox]));
        let world = Self { _folder: folder, store, clock, outbox };
        let now = at("08:00:00");
        for (sql, args) in [
            (
                "insert into orgs (id, name, zone, created_at, updated_at) values ($1, 'o', 'Asia/Shanghai', $2, $2)",
                args![ORG, now],
            ),
            (
                "insert into courses (id, org_id, name, kind, tier, duration_min, default_capacity, price_fen, \
                 confirm_mode, created_by, created_at, updated_at) \
                 values ($1, $2, '太极', 1, 'standard', 120, 6, 0, 'auto', '', $3, $3)",
                args![COURSE, ORG, now],
            ),
            (
                "insert into teachers (id, org_id, account_id, name, created_at, updated_at) \
                 values ($1, $2, $3, 't', $4, $4)",
                args![TEACHER, ORG, TEACHERS, now],
            ),
            (
                "insert into students (id, org_id, nickname, created_at, updated_at) values ($1, $2, '小艾', $3, $3)",
                args![AMY, ORG, now],
            ),
            (
                "insert into account_students (account_id, student_id, relation, created_at) \
                 values ($1, $3, 'child', $4), ($2, $3, 'self', $4)",
                args![PARENT, AMYS, AMY, now],
            ),
        ] {
            world.exec(sql, args).await;
        }
        let head = Head {
            id: CLASS,
            org: ORG,
            course: COURSE,
            teacher: Some(TEACHER),
            starts_at: at("19:00:00"),
            ends_at: at("21:00:00"),
            capacity: 6,
            status: Status::Open,
            policy: Arc::new(Policy::default()),
        };
        let opened = Opened { head, at: now };
        let made = world.store.write(move |tx| Box::pin(async move { schedules::insert(tx, &opened, "", 1).await }));
        made.await.unwrap();
        world
    }

    async fn exec(&self, sql: &'static str, args: Vec<Arg>) {
        self.store.write(move |tx| Box::pin(async move { Ok(tx.exec(sql, args).await?) })).await.unwrap();
    }

    async fn leave(&self, id: u128, notices: &str) {
        let sql = "insert into outbox (id, schedule_id, notices, created_at, next_at) values ($1, $2, $3, $4, $4)";
        self.exec(sql, args![OutboxId::from_u128(id), CLASS, notices, self.clock.now()]).await;
    }

    async fn offer(&self, status: &'static str) {
        let sql = "insert into waitlist_offers (id, round_id, schedule_id, waitlist_id, student_id, stage, sent_at, \
            deadline, status, created_at, updated_at) values ($1, 'r', $2, 'w', $3, 'race', 0, 1, $4, 0, 0)";
        self.exec(sql, args![OfferId::from_u128(1), CLASS, AMY, status]).await;
    }

    async fn book(&self, id: u128, confirmed_at: Timestamp) {
        let sql = "insert into bookings (id, booking_no, schedule_id, student_id, booked_by, teacher_id, starts_at, \
            ends_at, status, payment_status, source, price_fen, final_price_fen, created_at, updated_at, confirmed_at) \
            values ($1, $2, $3, $4, '', $5, 0, 1, 'confirmed', 'not_required', 'direct', 0, 0, $6, $6, $6)";
        let no = BookingNo { date: 20251112, number: id as u32 };
        self.exec(sql, args![BookingId::from_u128(id), no, CLASS, AMY, TEACHER, confirmed_at]).await;
    }

    /// Kind and account of every message, in order.
    async fn messages(&self) -> Vec<(String, AccountId)> {
        let sql = "select kind, account_id from messages order by id";
        let rows = self.store.reader().all(sql, vec![]).await.unwrap();
        rows.iter().map(|r| (r.text("kind").unwrap().to_owned(), r.parse("account_id").unwrap())).collect()
    }

    /// The ids of a table, in order.
    async fn ids(&self, table: &str, column: &str) -> Vec<String> {
        let sql = format!("select {column} as id from {table} order by {column}");
        let rows = self.store.reader().all(&sql, vec![]).await.unwrap();
        rows.iter().map(|r| r.text("id").unwrap().to_owned()).collect()
    }

    async fn remind(&self, now: &str) -> usize {
        self.clock.move_to(at(now));
        self.outbox.jobs.remind(at(now)).await.unwrap()
    }
}

fn json_of(notices: &[Notice]) -> String {
    serde_json::to_string(notices).unwrap()
}

fn offered() -> Notice {
    let (waitlist_id, offer_id) = (EntryId::from_u128(1), OfferId::from_u128(1));
    let (sent_at, deadline) = (at("12:00:00"), at("12:15:00"));
    let what = What::SeatOffered { waitlist_id, offer_id, stage: Stage::Race, sent_at, deadline };
    Notice { to: Recipient::Student(AMY), what }
}

fn confirmed(to: Recipient) -> Notice {
    let (booking_id, booking_no) = (BookingId::from_u128(1), BookingNo { date: 20251112, number: 1 });
    Notice { to, what: What::BookingConfirmed { booking_id, booking_no, student_id: AMY } }
}

#[actix::test]
async fn a_notice_reaches_all_accounts_of_its_student_and_the_teacher_once() {
    let w = World::new().await;
    w.leave(1, &json_of(&[confirmed(Recipient::Student(AMY)), confirmed(Recipient::Teacher(TEACHER))])).await;
    assert_eq!(w.outbox.relay.drain().await.unwrap(), 1);
    assert_eq!(w.outbox.relay.drain().await.unwrap(), 0);
    // As if the mark had been lost.
    w.exec("update outbox set relayed_at = null", vec![]).await;
    assert_eq!(w.outbox.relay.drain().await.unwrap(), 1);
    let kind = "booking_confirmed".to_owned();
    assert_eq!(w.messages().await, [(kind.clone(), PARENT), (kind.clone(), AMYS), (kind, TEACHERS)]);
    let row = w.store.reader().one("select data from messages limit 1", vec![]).await.unwrap().unwrap();
    let data: Value = serde_json::from_str(row.text("data").unwrap()).unwrap();
    let expected = json!({
        "schedule_id": CLASS, "course_name": "太极", "starts_at": "2025-11-12T19:00:00.000+08:00",
        "ends_at": "2025-11-12T21:00:00.000+08:00", "student_id": AMY, "student_name": "小艾",
        "booking_id": BookingId::from_u128(1), "booking_no": "BK20251112-000001",
    });
    assert_eq!(data, expected);
}

#[actix::test]
async fn an_offer_is_announced_only_while_it_lives() {
    for (status, told) in [("live", 2), ("lost", 0)] {
        let w = World::new().await;
        w.offer(status).await;
        w.leave(1, &json_of(&[offered()])).await;
        w.outbox.relay.drain().await.unwrap();
        assert_eq!(w.messages().await.len(), told, "{status}");
    }
}

#[actix::test]
async fn a_bad_row_holds_nothing_up_and_is_given_up_in_the_end() {
    let w = World::new().await;
    w.leave(1, "not json").await;
    w.leave(2, &json_of(&[confirmed(Recipient::Teacher(TEACHER))])).await;
    w.outbox.relay.drain().await.unwrap();
    assert_eq!(w.messages().await.len(), 1);
    for _ in 0..5 {
        w.clock.move_to(w.clock.now() + HOUR);
        w.outbox.relay.drain().await.unwrap();
    }
    let sql = "select attempts, relayed_at, error from outbox where notices = 'not json'";
    let row = w.store.reader().one(sql, vec![]).await.unwrap().unwrap();
    assert_eq!(row.int("attempts").unwrap(), 5);
    assert!(row.opt_int("relayed_at").unwrap().is_some() && row.text("error").unwrap().contains("notices"));
}

#[actix::test]
async fn a_long_queue_is_told_in_several_writes() {
    let w = World::new().await;
    w.leave(1, &json_of(&vec![confirmed(Recipient::Student(AMY)); 700])).await;
    w.leave(2, "[]").await;
    assert_eq!(w.outbox.relay.drain().await.unwrap(), 2);
    assert_eq!(w.messages().await.len(), 1_400);
}

#[actix::test]
async fn half_an_hour_and_a_quarter_before_once_each() {
    let w = World::new().await;
    w.book(1, at("10:00:00")).await;
    let jobs = &w.outbox.jobs;
    assert_eq!(jobs.next_reminder(at("12:00:00"), at("20:00:00")).await.unwrap(), Some(at("18:30:00")));
    assert_eq!(jobs.next_reminder(at("12:00:00"), at("18:29:59")).await.unwrap(), None);
    assert_eq!(jobs.next_reminder(at("18:30:00"), at("20:00:00")).await.unwrap(), Some(at("18:45:00")));
    assert_eq!(jobs.next_reminder(at("18:45:00"), at("20:00:00")).await.unwrap(), None);
    assert_eq!(w.remind("18:29:59").await, 0);
    assert_eq!(w.remind("18:30:00").await, 1);
    assert_eq!(w.remind("18:31:00").await, 0);
    let kind = "class_reminder".to_owned();
    let once = [(kind.clone(), TEACHERS), (kind.clone(), PARENT), (kind.clone(), AMYS)];
    assert_eq!(w.messages().await, once);
    assert_eq!(w.remind("18:45:00").await, 1);
    assert_eq!(w.remind("18:59:59").await, 0);
    assert_eq!(w.messages().await.len(), 6);
}

#[actix::test]
async fn after_an_outage_only_the_latest_and_never_after_the_start() {
    let w = World::new().await;
    w.book(1, at("10:00:00")).await;
    assert_eq!(w.remind("18:50:00").await, 1);
    assert_eq!(w.messages().await.len(), 3);
    let late = World::new().await;
    late.book(1, at("10:00:00")).await;
    assert_eq!(late.remind("19:00:00").await, 0);
}

#[actix::test]
async fn whoever_books_after_the_mark_or_has_cancelled_is_not_reminded() {
    let w = World::new().await;
    w.book(1, at("18:30:00")).await;
    assert_eq!(w.remind("18:31:00").await, 0);
    w.exec("update bookings set status = 'cancelled'", vec![]).await;
    assert_eq!(w.remind("18:46:00").await, 0);
    w.exec("update bookings set status = 'confirmed'", vec![]).await;
    w.exec("update schedules set status = 'revoked'", vec![]).await;
    assert_eq!(w.remind("18:47:00").await, 0);
}

#[actix::test]
async fn a_moved_class_reminds_for_its_new_time() {
    let w = World::new().await;
    w.book(1, at("10:00:00")).await;
    assert_eq!(w.remind("18:30:00").await, 1);
    let later = args![at("19:00:00") + 10 * MINUTE, at("21:10:00")];
    w.exec("update schedules set starts_at = $1, ends_at = $2", later).await;
    assert_eq!(w.remind("18:35:00").await, 0);
    assert_eq!(w.remind("18:40:00").await, 1);
}

#[actix::test]
async fn old_answers_are_forgotten_some_at_a_time() {
    let w = World::new().await;
    for n in 0..1_201i64 {
        let age = if n == 0 { 0 } else { RECEIPT_KEPT + 1 };
        let sql = "insert into receipts (account_id, request_key, fingerprint, status, body, created_at) \
            values ('a', $1, '', 200, '', $2)";
        w.exec(sql, args![n.to_string(), w.clock.now() - age]).await;
    }
    assert_eq!(w.outbox.jobs.tidy(w.clock.now()).await.unwrap(), 1_200);
}

#[actix::test]
async fn what_is_outlived_goes_and_nothing_else() {
    let w = World::new().await;
    let now = w.clock.now();
    for (id, age, relayed, error) in [
        ("old", OUTBOX_KEPT + 1, true, false),
        ("new", OUTBOX_KEPT, true, false),
        ("unrelayed", OUTBOX_KEPT + 1, false, false),
        ("given up", OUTBOX_KEPT + 1, true, true),
    ] {
        let sql = "insert into outbox (id, schedule_id, notices, created_at, next_at, relayed_at, error) \
            values ($1, 's', '[]', $2, $2, $3, $4)";
        let error = error.then(|| "why".to_owned());
        w.exec(sql, args![id, now - age, relayed.then_some(now), error]).await;
    }
    for (id, ago) in [("old", REMINDER_KEPT + 1), ("new", REMINDER_KEPT)] {
        let sql =
            "insert into class_reminders (booking_id, starts_at, minutes_before, sent_at) values ($1, $2, 15, $2)";
        w.exec(sql, args![id, now - ago]).await;
    }
    for (id, ago) in [("old", SESSION_KEPT + 1), ("new", SESSION_KEPT)] {
        let sql = "insert into sessions (id, account_id, refresh_hash, created_at, updated_at, expires_at) \
            values ($1, 'a', $1, $2, $2, $2)";
        w.exec(sql, args![id, now - ago]).await;
    }
    for (id, ago) in [("old", LOGIN_LOG_KEPT + 1), ("new", LOGIN_LOG_KEPT)] {
        let sql = "insert into login_logs (id, account_id, at, method, outcome, address, network, device) \
            values ($1, 'a', $2, 'sms', 'ok', '', '', '')";
        w.exec(sql, args![id, now - ago]).await;
    }
    for (id, ago) in [("old", UNKNOWN_LOGIN_KEPT + 1), ("new", UNKNOWN_LOGIN_KEPT)] {
        let sql = "insert into unknown_logins (name_hash, failures, updated_at) values ($1, 1, $2)";
        w.exec(sql, args![id, now - ago]).await;
    }
    for (id, ago) in [("old", SMS_KEPT + 1), ("new", SMS_KEPT)] {
        let sql = "insert into sms_codes (org_id, phone, purpose, code_hash, created_at, expires_at) \
            values ('o', $1, 'login', '', $2, $2)";
        w.exec(sql, args![id, now - ago]).await;
        let sql = "insert into sms_sends (id, org_id, phone, purpose, address, device, at) \
            values ($1, 'o', '', 'login', '', '', $2)";
        w.exec(sql, args![id, now - ago]).await;
    }
    assert_eq!(w.outbox.jobs.tidy(now).await.unwrap(), 7);
    assert_eq!(w.ids("outbox", "id").await, ["given up", "new", "unrelayed"]);
    assert_eq!(w.ids("class_reminders", "booking_id").await, ["new"]);
    assert_eq!(w.ids("sessions", "id").await, ["new"]);
    for (table, column) in
        [("login_logs", "id"), ("unknown_logins", "name_hash"), ("sms_codes", "phone"), ("sms_sends", "id")]
    {
        assert_eq!(w.ids(table, column).await, ["new"], "{table}");
    }
    assert_eq!(w.outbox.jobs.tidy(now).await.unwrap(), 0);
}
