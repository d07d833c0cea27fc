//! WeChat's server API, over HTTPS.

use std::{collections::BTreeMap, sync::Arc};

use crate::base::{secret::Secret, time::Clock};

/// Where the API is, and who we are.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://api.weixin.qq.com`, or a sandbox; without a slash at the end.
    pub url: String,
    pub appid: String,
    pub secret: Secret,
}

/// A subscribe message (订阅消息) to one person.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscribeMessage {
    pub openid: String,
    pub template_id: String,
    /// Where a tap leads, with its query; none for no link.
    pub page: Option<String>,
    /// `developer`, `trial` or `formal`.
    pub state: &'static str,
    /// `zh_CN` or `en_US`.
    pub lang: &'static str,
    /// By field, as in `thing1`.
    pub data: BTreeMap<String, String>,
}

/// Why a call had no success.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// WeChat answered, and will not do this: its code and what it said, without secrets.
    #[error("WeChat refused: {code} {message}")]
    Refused { code: i64, message: String },
    /// Surely not done, and WeChat as a whole is not to be had now: not reached, no token, too
    /// many failures lately (the breaker is open).
    #[error("WeChat is not available: {0}")]
    Unavailable(String),
    /// Sent, but no answer that could be understood: it may have been done.
    #[error("the outcome at WeChat is unknown: {0}")]
    Unknown(String),
}

/// Cheap to clone.
#[derive(Clone)]
pub struct WeChat(Arc<Inner>);

struct Inner {
    settings: Settings,
    clock: Clock,
}

impl WeChat {
    pub fn new(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Inner { settings, clock })))
    }

    pub fn appid(&self) -> &str {
        &self.0.settings.appid
    }

    /// Sends a message; WeChat's id of it. The caller sends to one person at a time.
    pub async fn send(&self, message: &SubscribeMessage) -> Result<String, Failure> {
        let _ = (message, self.0.clock.now());
        Err(Failure::Unavailable("not connected".into()))
    }

    /// False while so many calls failed that WeChat is only asked now and then.
    pub fn is_well(&self) -> bool {
        true
    }
}
