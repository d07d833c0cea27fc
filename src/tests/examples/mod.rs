//! The worked examples, over HTTP through the real binary, to the millisecond, on both databases.
//!
//! A class on Wednesday 2025-11-12 from 19:00 to 21:00 with six seats, all taken; A, B and C wait.
//! The queue ends at 13:00.

mod releases;
mod school;
mod seats;

/// Runs an example on SQLite and on PostgreSQL; each ends with a clean audit and replay.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[actix::test]
            async fn sqlite() {
                super::$name(crate::store::database::Database::sqlite()).await;
            }

            #[actix::test]
            async fn postgres() {
                if let Some(db) = crate::store::database::Database::postgres().await {
                    super::$name(db).await;
                }
            }
        }
    )*};
}
use on_both;
