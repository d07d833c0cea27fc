//! The tests that need more than one part of the program.
mod cli;
mod crash;
mod engine;
mod examples;
mod fuzzed;
mod golden;
mod harness;
mod http;
mod linear;
mod live;
mod model;
mod notify;
mod rules;
mod store;
mod tidy;
mod wechat;
