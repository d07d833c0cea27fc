//! The rules: pure and synchronous. No IO, no async, no clock, no randomness; what a rule needs
//! from outside comes in as an argument. `serde` appears here only as derives on the two things
//! that are stored as they are, [`schedule::event::Event`] and [`schedule::policy::Policy`]
//! (with the types they are made of): their JSON is a storage format, pinned by a test.

pub mod access;
pub mod schedule;
