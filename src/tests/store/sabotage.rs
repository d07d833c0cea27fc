//! The twins of the clean audits: rows spoilt by hand, and what audit and replay say of them. A
//! check that stays silent here proves nothing where it stays silent elsewhere.

use yueke::store::sql::Conn;

use super::{
    database::Database,
    on_both_databases,
    scene::{Mailbox, Scene, append_all, at},
};

on_both_databases![every_kind_of_damage_is_told, an_impossible_row_is_named, relayed_notices_may_be_gone,];

/// A schedule of two seats in the middle of everything: two booked, a race won, two waiting.
async fn eventful(db: &Database) -> Scene {
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scene = Scene::plain(&store, &mailbox, 1, 2).await;
    let mut batches = Vec::new();
    for n in [1, 2] {
        batches.push(scene.one(&scene.book(n)));
    }
    for n in [3, 4, 5] {
        batches.push(scene.one(&scene.join(n)));
    }
    batches.push(scene.one(&scene.cancel(1)));
    batches.push(scene.one(&scene.accept(4)));
    batches.push(scene.one(&scene.cancel(2)));
    let outcomes = append_all(&store, &mut mailbox, batches).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    scene
}

/// Damage, and the finding that it must give.
const DAMAGE: &[(&str, &str)] = &[
    ("update schedules set booked = 0", "the counter of seats differs from a recount"),
    ("update schedules set booked = 2", "the counter of seats differs from a recount"),
    ("update schedules set version = version + 1", "a schedule's version differs from its events"),
    ("delete from schedule_events where version = 3", "a schedule's version differs from its events"),
    ("delete from schedule_events", "has a row but no events"),
    ("update schedule_events set epoch = 99 where version = 9", "an event was written under an epoch newer"),
    ("update schedule_events set epoch = 0 where version = 9", "epochs fall within a schedule"),
    ("update waitlist_offers set status = 'accepted' where status = 'lost'", "a round has not exactly one winner"),
    ("update waitlist_offers set status = 'declined' where status = 'accepted'", "a round has not exactly one winner"),
    ("update waitlist_rounds set outcome = 'public' where outcome = 'won'", "a round has not exactly one winner"),
    ("update waitlist_offers set status = 'live' where status = 'lost'", "an offer is alive in a round that is over"),
    (
        "update waitlist set status = 'cancelled', end_reason = 'left' where status = 'active'",
        "an offer is alive for someone who does not wait",
    ),
    (
        "update bookings set starts_at = starts_at + 60000 where status = 'confirmed'",
        "a booking repeats other times than",
    ),
    ("update bookings set price_fen = price_fen + 1 where status = 'confirmed'", "booking"),
    ("update bookings set student_id = '00000000000000000000000000' where status = 'cancelled'", "booking"),
    (
        "update bookings set status = 'cancelled', cancelled_at = 1, cancelled_by = 'system' where status = 'confirmed'",
        "its row differs from its events",
    ),
    ("update bookings set cancelled_by = 'operator' where status = 'cancelled'", "its row differs from its events"),
    ("delete from bookings where status = 'cancelled'", "rows that the events made are missing"),
    ("delete from waitlist where status = 'promoted'", "rows that the events made are missing"),
    ("delete from waitlist_offers where status = 'lost'", "rows that the events made are missing"),
    ("update waitlist set end_reason = 'left' where status = 'promoted'", "waitlist entry"),
    ("update waitlist_offers set deadline = deadline + 1", "offer"),
    ("update waitlist_rounds set stage = 'done' where stage = 'race'", "round"),
    ("update schedules set capacity = 5", "replayed"),
    ("update schedules set location = location, ends_at = ends_at + 1", "replayed"),
    ("delete from outbox where id = (select min(id) from outbox)", "outbox rows"),
    (
        "insert into outbox (id, schedule_id, notices, created_at, next_at) select 'x', schedule_id, notices, created_at, next_at from outbox limit 1",
        "outbox rows",
    ),
    ("update waitlist set seq = 100 - seq", "waitlist entry"),
    ("update waitlist set joined_at = joined_at + 1", "waitlist entry"),
    ("update waitlist_rounds set deadline = deadline + 1", "round"),
    ("update schedules set next_due_at = null", "the next deadline"),
    ("update schedules set next_due_at = next_due_at + 1", "the next deadline"),
    ("update schedules set stamped_at = stamped_at + 1", "replayed"),
    ("update outbox set schedule_id = 'elsewhere' where id = (select min(id) from outbox)", "outbox rows"),
];

async fn every_kind_of_damage_is_told(db: Database) {
    eventful(&db).await;
    db.assert_sound().await;
    let mut conn = db.connect().await;
    conn.script(&for_each_table("create table kept_{t} as select * from {t};")).await.expect("a copy of all");
    let mut silent = Vec::new();
    for (damage, expected) in DAMAGE {
        assert!(conn.exec(damage, vec![]).await.expect(damage) > 0, "`{damage}` touches nothing");
        let faults = db.faults().await;
        if !faults.iter().any(|f| f.contains(expected)) {
            silent.push(format!("`{damage}`: expected `{expected}`, found {faults:#?}"));
        }
        mend(&mut conn).await;
    }
    db.assert_sound().await;
    conn.close().await;
    assert!(silent.is_empty(), "\n{}", silent.join("\n"));
}

const TABLES: [&str; 8] = [
    "schedules",
    "schedule_events",
    "bookings",
    "seat_holds",
    "waitlist",
    "waitlist_rounds",
    "waitlist_offers",
    "outbox",
];

fn for_each_table(sql: &str) -> String {
    TABLES.iter().map(|t| sql.replace("{t}", t)).collect()
}

async fn mend(conn: &mut Conn) {
    let sql = for_each_table("delete from {t}; insert into {t} select * from kept_{t};");
    conn.script(&sql).await.expect("all is as it was");
}

/// What no version of this program can have written.
const IMPOSSIBLE: &[(&str, &[&str])] = &[
    ("update bookings set status = 'lost' where status = 'confirmed'", &["bookings", "status", "`lost`"]),
    ("update bookings set payment_status = 'unpaid' where status = 'confirmed'", &["bookings", "status", "Unpaid"]),
    ("update bookings set confirmed_at = null where status = 'confirmed'", &["bookings", "confirmed_at"]),
    ("update bookings set source = 'thin air' where status = 'confirmed'", &["bookings", "source", "`thin air`"]),
    ("update bookings set booking_no = 'one' where status = 'confirmed'", &["bookings", "booking_no"]),
    ("update bookings set student_id = 'amy' where status = 'confirmed'", &["bookings", "student_id"]),
    ("update schedules set policy = '{}'", &["schedules", "policy"]),
    ("update schedules set status = 'half open'", &["schedules", "status", "`half open`"]),
    ("update waitlist_offers set stage = 'stroll'", &["waitlist_offers", "stage", "`stroll`"]),
    ("update waitlist_offers set status = 'maybe' where status = 'live'", &["waitlist_offers", "status", "`maybe`"]),
    ("update waitlist_rounds set passed = 'nobody' where stage <> 'done'", &["waitlist_rounds", "passed"]),
    ("update waitlist_rounds set cause = 'magic' where stage <> 'done'", &["waitlist_rounds", "cause", "`magic`"]),
    (
        "update schedule_events set events = '[{\"event\":\"vanished\"}]' where version = 4",
        &["schedule_events", "vanished"],
    ),
    ("update schedule_events set events = 'no json' where version = 4", &["schedule_events"]),
];

async fn an_impossible_row_is_named(db: Database) {
    let scene = eventful(&db).await;
    let mut conn = db.connect().await;
    conn.script(&for_each_table("create table kept_{t} as select * from {t};")).await.expect("a copy of all");
    without_checks(&mut conn).await;
    let mut silent = Vec::new();
    for (damage, words) in IMPOSSIBLE {
        assert!(conn.exec(damage, vec![]).await.expect(damage) > 0, "`{damage}` touches nothing");
        let faults = db.faults().await;
        let names = |f: &String| words.iter().all(|w| f.contains(w));
        let named_row =
            faults.iter().any(|f| names(f) && (f.contains(&scene.s.head.id.to_string()) || f.contains("01")));
        if !named_row {
            silent.push(format!("`{damage}`: expected {words:?}, found {faults:#?}"));
        }
        mend(&mut conn).await;
    }
    conn.close().await;
    assert!(silent.is_empty(), "\n{}", silent.join("\n"));
}

/// Only those from before the instant that was noted when they were deleted.
async fn relayed_notices_may_be_gone(db: Database) {
    eventful(&db).await;
    let mut conn = db.connect().await;
    conn.script("update lease set outbox_kept_from = (select max(created_at) from outbox)").await.expect("noted");
    conn.script("delete from outbox where created_at < (select outbox_kept_from from lease)").await.expect("deleted");
    db.assert_sound().await;
    conn.script("delete from outbox").await.expect("deleted");
    let faults = db.faults().await;
    assert!(faults.iter().any(|f| f.contains("outbox rows")), "{faults:?}");
    conn.script("update lease set outbox_kept_from = outbox_kept_from + 1").await.expect("noted");
    db.assert_sound().await;
    conn.close().await;
}

/// The database's own guards would not let such values in.
async fn without_checks(conn: &mut Conn) {
    if !conn.is_postgres() {
        return conn.script("pragma ignore_check_constraints = on").await.expect("checks are off");
    }
    for row in conn
        .all(
            "select conrelid::regclass::text as t, conname::text as c from pg_constraint where contype = 'c' \
            and connamespace = 'public'::regnamespace",
            vec![],
        )
        .await
        .expect("the constraints")
    {
        let (table, name) = (row.text("t").expect("a table"), row.text("c").expect("a name"));
        conn.script(&format!("alter table {table} drop constraint {name}")).await.expect("the check is off");
    }
}
