//! The words everything else is written in: ids, instants, units and bounds.
//!
//! Nothing here knows what a booking is, and nothing here does IO; the one exception is
//! [`time::Clock`], the only place of the program that reads the machine's clock.

pub mod guard;
pub mod ids;
pub mod keys;
pub mod lang;
pub mod limits;
pub mod metrics;
pub mod phone;
pub mod rolling;
pub mod secret;
pub mod sync;
pub mod time;
pub mod units;
