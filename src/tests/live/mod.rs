//! Real sockets against a real server.

mod site;

mod admission;
mod crowd;
mod events;
mod frames;
