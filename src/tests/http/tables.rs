//! Everything that is stored, as text: to see whether something changed.

use std::collections::HashMap;

use yueke::{args, store::sql::Conn};

use crate::store::database::Database;

/// All tables but those that are written in the background (`outbox`, and `messages` from it) and
/// what is not about anybody (`lease`). Of messages, which of them were read.
const TABLES: [(&str, &str); 22] = [
    ("account_roles", "true"),
    ("account_students", "true"),
    ("accounts", "true"),
    ("bookings", "true"),
    ("courses", "true"),
    ("login_logs", "true"),
    ("messages", "read_at is not null"),
    ("receipts", "true"),
    ("schedule_events", "true"),
    ("schedules", "true"),
    ("seat_holds", "true"),
    ("sessions", "true"),
    ("sms_codes", "true"),
    ("sms_sends", "true"),
    ("students", "true"),
    ("teachers", "true"),
    ("unknown_logins", "true"),
    ("waitlist", "true"),
    ("waitlist_capacity", "true"),
    ("waitlist_offers", "true"),
    ("waitlist_rounds", "true"),
    ("wx_accounts", "true"),
];

pub struct Tables {
    conn: Option<Conn>,
    /// What reads a table whole, once it is known which columns it has.
    reads: HashMap<&'static str, String>,
}

impl Tables {
    pub async fn of(db: &Database) -> Self {
        Self { conn: Some(db.connect().await), reads: HashMap::new() }
    }

    /// A line for each table that is not empty. The database puts its rows together: to read them
    /// one by one takes longer than all else that a test does.
    pub async fn all(&mut self) -> String {
        let conn = self.conn.as_mut().expect("is open");
        let mut all = String::new();
        for (table, which) in TABLES {
            if !self.reads.contains_key(table) {
                let first = conn.one(&format!("select * from {table} limit 1"), args![]).await.expect("a table");
                let Some(first) = first else { continue };
                let columns = first.columns().into_iter().map(|c| format!("coalesce(cast({c} as text), '-')"));
                let row = columns.collect::<Vec<_>>().join(" || ' ' || ");
                let rows = format!("select {row} as line from {table} where {which}");
                let read =
                    format!("select coalesce(string_agg(line, ' | ' order by line), '') as rows from ({rows}) r");
                self.reads.insert(table, read);
            }
            let rows = conn.one(&self.reads[table], args![]).await.expect("rows").expect("one line");
            all.push_str(&format!("{table} {}\n", rows.text("rows").expect("text")));
        }
        all
    }

    pub async fn close(&mut self) {
        if let Some(conn) = self.conn.take() {
            conn.close().await;
        }
    }
}
