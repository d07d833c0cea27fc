//! The wire: envelope, errors, who is calling, routes, the server itself. No rules live here.

mod document;
pub mod error;
pub mod extract;
pub mod limit;
mod pages;
pub mod reply;
pub mod routes;
pub mod server;
pub mod state;
pub mod tokens;
