//! What tests of several parts are written with.

pub mod app;
pub mod desk;
pub mod script;
mod words;
