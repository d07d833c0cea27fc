//! Messages in WeChat: from what happens to a class, over real HTTP to the sandbox, to the phone.

mod consent;
mod operators;
mod outage;
pub mod phone;
mod race;
mod reminders;
