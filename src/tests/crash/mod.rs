//! What was acknowledged survives: the real program, killed and cut off under load.

pub mod process;
pub mod proxy;

mod cluster;
mod cuts;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod durable;
mod kills;
mod ledger;
mod load;
mod outage;
