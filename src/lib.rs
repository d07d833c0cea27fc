pub mod base;
pub mod domain;
pub mod engine;
pub mod live;
pub mod outbox;
pub mod store;
