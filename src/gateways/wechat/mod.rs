//! WeChat's server API, over HTTPS.

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;

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

/// Who tapped: what a login code stands for. The session key that WeChat sends along is dropped at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WxSession {
    pub openid: String,
    /// Only where the mini-program belongs to an Open Platform account.
    pub unionid: Option<String>,
}

/// The number that somebody chose to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WxPhone {
    /// Without a plus sign: `86`.
    pub country_code: String,
    /// Without the country's code.
    pub number: String,
}

/// A text that others will read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextCheck {
    /// Whose text it is; WeChat wants to have seen them within two hours.
    pub openid: String,
    pub scene: TextScene,
    pub content: String,
    pub title: Option<String>,
    pub nickname: Option<String>,
}

/// Where the text will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextScene {
    Profile,
    Comment,
    Forum,
    SocialLog,
}

/// What WeChat thinks of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub suggest: Suggest,
    /// 100 is an ordinary text.
    pub label: i64,
    /// By which WeChat finds this check again; empty where it gave none.
    pub trace_id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suggest {
    Pass,
    Review,
    Risky,
}

/// A mini-program code (小程序码), of which there may be any number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrWish {
    /// What the page gets: 1 to 32 of WeChat's characters.
    pub scene: String,
    /// Without a slash before it and without a query; none for the first page.
    pub page: Option<String>,
    pub edition: Edition,
    /// In pixels, from 280 to 1280.
    pub width: u32,
}

/// Which build of the mini-program a code opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    Release,
    Trial,
    Develop,
}

/// A picture as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    pub bytes: Bytes,
    pub mime: &'static str,
}

/// A message template of this mini-program, as WeChat keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub id: String,
    pub title: String,
    /// A line for each field: `会议时间:{{date2.DATA}}`.
    pub content: String,
    /// 2 is for one message, 3 for many.
    pub kind: i64,
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

    /// Who a login code (`wx.login`) stands for. A code is good once.
    pub async fn session_of(&self, code: &str) -> Result<WxSession, Failure> {
        let _ = code;
        Err(Failure::Unavailable("not connected".into()))
    }

    /// The number that a code of the phone button stands for. A code is good once.
    pub async fn phone_of(&self, code: &str) -> Result<WxPhone, Failure> {
        let _ = code;
        Err(Failure::Unavailable("not connected".into()))
    }

    pub async fn check_text(&self, check: &TextCheck) -> Result<Verdict, Failure> {
        let _ = check;
        Err(Failure::Unavailable("not connected".into()))
    }

    pub async fn unlimited_qr(&self, wish: &QrWish) -> Result<Image, Failure> {
        let _ = wish;
        Err(Failure::Unavailable("not connected".into()))
    }

    /// The templates that this mini-program has.
    pub async fn templates(&self) -> Result<Vec<Template>, Failure> {
        Err(Failure::Unavailable("not connected".into()))
    }

    /// Whether the appid and its secret are good: asks for a token.
    pub async fn check_credentials(&self) -> Result<(), Failure> {
        Err(Failure::Unavailable("not connected".into()))
    }

    /// False while so many calls failed that WeChat is only asked now and then.
    pub fn is_well(&self) -> bool {
        true
    }
}

impl fmt::Debug for WeChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeChat({})", self.0.settings.appid)
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}, {} bytes)", self.mime, self.bytes.len())
    }
}
