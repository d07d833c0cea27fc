//! One contract, held by both databases.

pub mod database;
pub mod scene;

mod alone;
mod contract;
mod full;
mod sabotage;
mod writing;

/// Runs each test on a database of its own: on SQLite, and on PostgreSQL where there is one.
macro_rules! on_both_databases {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[actix_web::test]
            async fn $name() {
                super::$name(crate::store::database::Database::sqlite()).await;
            })*
        }

        mod postgres {
            $(#[actix_web::test]
            async fn $name() {
                if let Some(db) = crate::store::database::Database::postgres().await {
                    super::$name(db).await;
                }
            })*
        }
    };
}
use on_both_databases;
