//! The actors and their gate, on a journal whose commits are released by hand.

mod fake;

mod calendars;
mod failures;
mod gate;
mod pressure;
mod reach;
