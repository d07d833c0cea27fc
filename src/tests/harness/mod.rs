//! What tests of several parts are written with.

pub mod desk;
pub mod script;
mod words;
