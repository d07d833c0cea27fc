//! Everything that is stored, as text: to see whether something changed.

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

pub struct Tables(Option<Conn>);

impl Tables {
    pub async fn of(db: &Database) -> Self {
        Self(Some(db.connect().await))
    }

    /// A line for each row.
    pub async fn all(&mut self) -> String {
        let conn = self.0.as_mut().expect("is open");
        let mut all = String::new();
        for (table, which) in &TABLES {
            let first = conn.one(&format!("select * from {table} limit 1"), args![]).await.expect("a table");
            let Some(first) = first else { continue };
            let columns = first.columns().into_iter().map(|c| format!("coalesce(cast({c} as text), '-')"));
            let line = columns.collect::<Vec<_>>().join(" || ' ' || ");
            let sql = format!("select {line} as line from {table} where {which} order by 1");
            for row in conn.all(&sql, args![]).await.expect("rows") {
                all.push_str(&format!("{table} {}\n", row.text("line").expect("text")));
            }
        }
        all
    }

    pub async fn close(&mut self) {
        if let Some(conn) = self.0.take() {
            conn.close().await;
        }
    }
}
