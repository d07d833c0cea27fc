#![doc = include_str!("ARCHITECTURE.md")]

// In reading order: the words, the rules, what runs them, what keeps them, and what is around.
pub mod api;
pub mod app;
pub mod base;
pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod flows;
pub mod gateways;
pub mod live;
pub mod outbox;
pub mod store;
pub mod web;
