//! What clients were told, and whether the database agrees.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use yueke::{args, store::sql::Conn};

use crate::store::database::Database;

/// Everything that was acknowledged; shared by all clients.
#[derive(Default)]
pub struct Ledger(Mutex<Entries>);

#[derive(Default, Clone)]
pub struct Entries {
    /// By id: whether its cancellation was acknowledged too.
    pub bookings: BTreeMap<String, bool>,
    /// By id: whether it was acknowledged to be over.
    pub entries: BTreeMap<String, bool>,
    /// By status code.
    pub answers: BTreeMap<u16, u64>,
    /// Answers that were asked for again after a cut, and came back byte for byte.
    pub replayed: u64,
    pub wrong: Vec<String>,
}

impl Ledger {
    pub fn note(&self, f: impl FnOnce(&mut Entries)) {
        f(&mut self.0.lock().expect("no client panics while it notes"));
    }

    pub fn so_far(&self) -> Entries {
        self.0.lock().expect("no client panics while it notes").clone()
    }

    /// A second acknowledgement of the same id under another key would be a duplicate.
    pub fn booked(&self, id: &str) {
        self.note(|e| {
            if e.bookings.insert(id.to_owned(), false).is_some() {
                e.wrong.push(format!("booking {id} was given out twice"));
            }
        });
    }

    pub fn cancelled(&self, id: &str) {
        self.note(|e| {
            e.bookings.insert(id.to_owned(), true);
        });
    }

    pub fn joined(&self, id: &str) {
        self.note(|e| {
            if e.entries.insert(id.to_owned(), false).is_some() {
                e.wrong.push(format!("place {id} was given out twice"));
            }
        });
    }

    pub fn left(&self, id: &str) {
        self.note(|e| {
            e.entries.insert(id.to_owned(), true);
        });
    }
}

/// What is stored, by id.
async fn statuses(conn: &mut Conn, table: &str) -> BTreeMap<String, String> {
    let rows = conn.all(&format!("select id, status from {table}"), args![]).await.expect("rows");
    let text = |row: &yueke::store::sql::Row, c: &str| row.text(c).expect("a text").to_owned();
    rows.iter().map(|row| (text(row, "id"), text(row, "status"))).collect()
}

/// What holds at every moment: whatever `told` has is in the rows. Clients may be at work.
pub async fn nothing_is_lost(db: &Database, told: &Entries) {
    let mut conn = db.connect().await;
    let bookings = statuses(&mut conn, "bookings").await;
    let entries = statuses(&mut conn, "waitlist").await;
    let oversold = "select id from schedules where booked > capacity or (select count(*) from bookings b \
        where b.schedule_id = schedules.id and b.status in ('pending', 'confirmed')) > capacity";
    let oversold = conn.all(oversold, args![]).await.expect("rows").len();
    conn.close().await;
    assert_eq!(oversold, 0, "schedules are oversold");
    for (id, cancelled) in &told.bookings {
        let stored = bookings.get(id).map(String::as_str);
        assert!(stored.is_some(), "acknowledged booking {id} is lost");
        assert!(!cancelled || stored == Some("cancelled"), "acknowledged cancellation of {id} is lost: {stored:?}");
    }
    for (id, over) in &told.entries {
        let stored = entries.get(id).map(String::as_str);
        assert!(stored.is_some(), "acknowledged place {id} is lost");
        assert!(!over || stored != Some("active"), "acknowledged end of place {id} is lost");
    }
    assert!(told.wrong.is_empty(), "{:#?}", told.wrong);
}

/// What holds once every request was answered: the rows are exactly what clients were told.
pub async fn rows_are_what_was_told(db: &Database, told: &Entries) {
    nothing_is_lost(db, told).await;
    let mut conn = db.connect().await;
    let bookings = statuses(&mut conn, "bookings").await;
    let entries = statuses(&mut conn, "waitlist").await;
    conn.close().await;
    let ids = |rows: &BTreeMap<String, String>| rows.keys().cloned().collect::<BTreeSet<_>>();
    let phantoms = |rows: &BTreeMap<String, String>, told: BTreeSet<String>| {
        ids(rows).difference(&told).cloned().collect::<Vec<_>>()
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(phantoms(&bookings, told.bookings.keys().cloned().collect()), none, "bookings that nobody was told of");
    assert_eq!(phantoms(&entries, told.entries.keys().cloned().collect()), none, "places that nobody was told of");
    for (id, cancelled) in &told.bookings {
        let wanted = if *cancelled { "cancelled" } else { "confirmed" };
        assert_eq!(bookings.get(id).map(String::as_str), Some(wanted), "booking {id}");
    }
}
