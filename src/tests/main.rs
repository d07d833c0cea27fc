//! The tests that need more than one part of the program.
mod store;
mod tidy;
