//! A WeChat of our own, for tests and demos: its server API as strict as the real one, the phone
//! on which people consent and read their messages, and a control panel for what may go wrong.
//!
//! It keeps everything in memory. Only openids outlive it, because one can be read back.

pub mod openid;

use std::sync::Arc;

use actix_web::web::ServiceConfig;

use crate::base::{secret::Secret, time::Clock};

/// Whose mini-program this WeChat serves.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    pub appid: String,
    pub secret: Secret,
    pub templates: Vec<SandboxTemplate>,
    /// The published pages; where there are none, every page is.
    pub pages: Vec<String>,
    /// Whether people have a unionid too.
    pub open_platform: bool,
}

impl SandboxSettings {
    /// With every page published, and people without a unionid.
    pub fn new(appid: &str, secret: &str, templates: Vec<SandboxTemplate>) -> Self {
        Self {
            appid: appid.to_owned(),
            secret: Secret(secret.to_owned()),
            templates,
            pages: Vec::new(),
            open_platform: false,
        }
    }
}

/// A message template: its content has a line for each field, `会议时间:{{date2.DATA}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxTemplate {
    pub id: String,
    pub title: String,
    pub content: String,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    settings: SandboxSettings,
    clock: Clock,
}

impl Sandbox {
    pub fn new(settings: SandboxSettings, clock: Clock) -> Self {
        Self(Arc::new(Inner { settings, clock }))
    }

    /// Mounts everything below `prefix`, as in `/sandbox`; empty for the root.
    pub fn configure(&self, prefix: &str) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
        let (sandbox, prefix) = (self.clone(), prefix.to_owned());
        move |_config: &mut ServiceConfig| {
            let _ = (&sandbox.0.settings, &sandbox.0.clock, &prefix);
        }
    }

    /// A text message (短信) arrives at this number.
    pub fn sms(&self, number: &str, text: &str) {
        let _ = (number, text);
    }
}
