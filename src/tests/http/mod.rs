//! The contract over HTTP, through the real server, on both databases. The files are those of
//! `api`, and some for what holds for all of it: habits, values, keys and repeats, crowds.

mod access;
mod accounts;
mod batches;
mod bookings;
mod classes;
mod codes;
mod courses;
mod crowds;
mod demo;
mod foreign;
mod habits;
mod health;
mod history;
mod inbox;
mod keys;
mod merging;
mod ops;
mod pages;
mod passwords;
mod payments;
mod people;
mod queues;
mod reach;
mod repeats;
mod rosters;
mod scene;
mod schedules;
mod students;
mod tables;
mod tokens;
mod values;
mod waitlist;
mod wechat;
