//! The rules of one class as tables of text: see `harness::script` for how they are read.

mod exact;
mod examples;
mod holds;
mod reach;
mod seats;
