//! Real sockets against a real server.

mod hall;
mod site;

mod admission;
mod crowd;
mod events;
mod frames;
mod restart;
