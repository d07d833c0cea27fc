//! The tests that need more than one part of the program.
mod crash;
mod engine;
mod examples;
mod live;
mod store;
mod tidy;
