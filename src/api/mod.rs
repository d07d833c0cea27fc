//! The routes' handlers, a file for each resource: its requests, its queries, its answers.

pub mod about;
pub mod accounts;
pub mod auth;
pub mod batches;
pub mod bookings;
pub mod classes;
pub mod courses;
pub mod dev;
pub mod fullness;
pub mod health;
pub mod history;
pub mod inbox;
pub mod notifications;
pub mod ops;
pub mod people;
pub mod queues;
pub mod reach;
pub mod rosters;
pub mod schedules;
pub mod sizes;
pub mod students;
pub mod subscriptions;
pub mod waitlist;
pub mod ws;
