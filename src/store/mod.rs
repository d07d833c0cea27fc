//! Keeps what the engine decides, and finds it again.
//!
//! All writing goes through one task with one connection ([`writer`]), which commits whatever is
//! queued as one transaction; it is never cancelled, so a client that goes away cannot leave a
//! transaction half begun. Reading goes through a pool and sees committed rows only.

pub mod audit;
pub mod backup;
mod checkpoint;
pub mod filters;
pub mod journal;
pub mod judge;
pub mod names;
pub mod open;
pub mod recover;
mod rows;
pub mod schedules;
pub mod session;
mod shown;
pub mod sql;
mod transaction;
pub mod writer;

pub use open::{OpenError, Store};
pub use writer::StoreError;
