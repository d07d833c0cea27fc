//! The rules of one schedule, without anything around them.
//!
//! Tables tell what the rules say: an instant, who does what, and what comes of it.

mod examples;
