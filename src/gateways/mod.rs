//! Others' servers: what we ask of them, and what we make of their answers.

pub mod https;
pub mod sandbox;
pub mod sms;
pub mod wechat;
