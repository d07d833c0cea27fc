//! One exchange with WeChat, and how often it is tried.

use std::{sync::Mutex, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::{Method, Request, header};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    Failure, Settings,
    answers::{self, Fields, odd, told},
    token::{Fetched, Token},
};
use crate::{
    base::{
        limits::MESSAGES_AT_ONCE_MAX,
        metrics::{WECHAT_CALLS, WECHAT_SECONDS},
        sync::lock,
    },
    gateways::https::{Answer, Https, Lost, base_url, percent},
};

/// Requests that wait for an answer; more wait for one of them to end. Room for all the messages that
/// the postman has on their way, and for people who log in meanwhile.
const AT_ONCE_MAX: usize = MESSAGES_AT_ONCE_MAX + 64;
const JSON_BYTES_MAX: usize = 64 << 10;
pub const IMAGE_BYTES_MAX: usize = 2 << 20;
/// The first try and two more.
const TRIES_MAX: usize = 3;
const SOON: Duration = Duration::from_secs(2);
const PACE_MS: std::ops::RangeInclusive<u64> = 50..=400;

/// `system error`: try again.
pub const BUSY: i64 = -1;
/// Two messages to one person at once; refused, so nothing was sent.
const CONCURRENT: i64 = 43108;

/// Those that have a metric of their own.
const KNOWN_CODES: &[i64] = &[
    BUSY, CONCURRENT, 40001, 40003, 40013, 40014, 40029, 40037, 40097, 40125, 40129, 40163, 40164, 40226, 40243, 41001,
    41030, 42001, 43101, 45002, 45009, 45011, 45168, 47001, 47003, 61010,
];

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Token,
    Session,
    Phone,
    Send,
    CheckText,
    Qr,
    Templates,
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Session => "session",
            Self::Phone => "phone",
            Self::Send => "send",
            Self::CheckText => "check_text",
            Self::Qr => "qr",
            Self::Templates => "templates",
        }
    }

    /// Whether asking a second time does no harm when the first may have been received. A code is
    /// good once, and a message would come twice.
    fn is_repeatable(self) -> bool {
        match self {
            Self::Token | Self::Qr | Self::Templates => true,
            // A check does no harm either, but somebody waits for it.
            Self::Session | Self::Phone | Self::Send | Self::CheckText => false,
        }
    }

    fn bytes_max(self) -> usize {
        match self {
            Self::Qr => IMAGE_BYTES_MAX,
            Self::Token | Self::Session | Self::Phone | Self::Send | Self::CheckText | Self::Templates => {
                JSON_BYTES_MAX
            }
        }
    }
}

/// Why a call had no success, before it is told to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    Refused { code: i64, message: String },
    NotReached(String),
    NoAnswer(String),
    NoToken(Box<Trouble>),
}

impl Trouble {
    /// Whether WeChat is there at all.
    pub fn is_answer(&self) -> bool {
        match self {
            Self::Refused { code, message: _ } => *code != BUSY,
            Self::NotReached(_) | Self::NoAnswer(_) => false,
            Self::NoToken(cause) => cause.is_answer(),
        }
    }

    fn may_repeat(&self, call: Call) -> bool {
        match self {
            Self::Refused { code, message: _ } => matches!(*code, BUSY | CONCURRENT),
            Self::NotReached(_) => true,
            Self::NoAnswer(_) => call.is_repeatable(),
            Self::NoToken(_) => false,
        }
    }

    /// For a metric: of bounded variety, whatever WeChat answers.
    fn outcome(&self) -> String {
        match self {
            Self::Refused { code, message: _ } if KNOWN_CODES.contains(code) => code.to_string(),
            Self::Refused { code: _, message: _ } => "other".into(),
            Self::NotReached(_) | Self::NoToken(_) => "unavailable".into(),
            Self::NoAnswer(_) => "unknown".into(),
        }
    }
}

impl From<Lost> for Trouble {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::NotReached(why) => Self::NotReached(why),
            Lost::NoAnswer(why) => Self::NoAnswer(why),
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused { code: BUSY, message } => Self::Unavailable(format!("it is busy: {message}")),
            Trouble::Refused { code, message } => Self::Refused { code, message },
            Trouble::NotReached(why) => Self::Unavailable(why),
            Trouble::NoAnswer(why) => Self::Unknown(why),
            Trouble::NoToken(cause) => Self::Unavailable(format!("no access token: {}", Self::from(*cause))),
        }
    }
}

/// What is asked.
pub struct Ask {
    pub call: Call,
    pub path: &'static str,
    pub query: Vec<(&'static str, String)>,
    /// None for a GET.
    pub body: Option<Bytes>,
    /// What must not be shown, besides our own secret: a token, a code.
    pub secrets: Vec<String>,
}

impl Ask {
    /// With this token, whichever it had before.
    pub fn carry(&mut self, token: &Token) -> &Self {
        self.query = vec![("access_token", token.reveal().to_owned())];
        self.secrets.push(token.reveal().to_owned());
        self
    }
}

/// What is made of an answer.
pub type Read<'a, T> = dyn Fn(&Answer) -> Result<T, Trouble> + Send + Sync + 'a;

pub struct Wire {
    https: Https,
    base: String,
    settings: Settings,
    /// Only for pauses.
    dice: Mutex<StdRng>,
}

impl Wire {
    pub fn new(settings: Settings, within: Duration) -> anyhow::Result<Self> {
        let base = base_url(&settings.url).context("the address of WeChat's API")?;
        let bad = |text: &str| text.trim() != text || text.is_empty() || text.chars().any(char::is_control);
        anyhow::ensure!(!bad(&settings.appid), "WeChat's appid is empty, or has a space around it");
        anyhow::ensure!(!bad(&settings.secret.0), "WeChat's secret is empty, or has a space around it");
        let https = Https::new(AT_ONCE_MAX, within)?;
        Ok(Self { https, base, settings, dice: Mutex::new(StdRng::from_os_rng()) })
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Asks for JSON, and again where that is safe and may help.
    pub async fn ask<T>(&self, ask: &Ask, read: fn(&Fields) -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.ask_raw(ask, &move |answer| read(&json(answer)?)).await
    }

    /// The same, for an answer that may be something else than JSON.
    pub async fn ask_raw<T>(&self, ask: &Ask, read: &Read<'_, T>) -> Result<T, Trouble> {
        let began = std::time::Instant::now();
        let mut tries = 1;
        loop {
            match self.exchange(ask, read).await {
                Err(trouble)
                    if tries < TRIES_MAX
                        && trouble.may_repeat(ask.call)
                        // Everybody waits for a token: a second long silence would be too much.
                        && (ask.call != Call::Token || began.elapsed() < SOON) =>
                {
                    tracing::debug!(call = ask.call.name(), ?trouble, tries, "asking WeChat again");
                    self.pause().await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn exchange<T>(&self, ask: &Ask, read: &Read<'_, T>) -> Result<T, Trouble> {
        let began = std::time::Instant::now();
        let result = self.once(ask, read).await.map_err(|t| self.without_secrets(t, ask));
        let call = ask.call.name();
        WECHAT_SECONDS.with_label_values(&[call]).observe(began.elapsed().as_secs_f64());
        let outcome = result.as_ref().err().map_or_else(|| "ok".into(), Trouble::outcome);
        WECHAT_CALLS.with_label_values(&[call, outcome.as_str()]).inc();
        result
    }

    async fn once<T>(&self, ask: &Ask, read: &Read<'_, T>) -> Result<T, Trouble> {
        let answer = self.https.ask(self.request(ask)?, ask.call.bytes_max()).await?;
        // Errors come with 200. Anything else is a machine in between, which knows nothing of the outcome.
        if answer.status != 200 {
            return Err(Trouble::NoAnswer(format!("the answer has status {}", answer.status)));
        }
        read(&answer)
    }

    fn request(&self, ask: &Ask) -> Result<Request<Full<Bytes>>, Trouble> {
        let query: Vec<String> = ask.query.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{mark}{}", self.base, ask.path, query.join("&"));
        let method = if ask.body.is_some() { Method::POST } else { Method::GET };
        let request = Request::builder().method(method).uri(url).header(header::ACCEPT, "*/*");
        let request = match &ask.body {
            Some(body) => {
                let request = request.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
                request.body(Full::new(body.clone()))
            }
            None => request.body(Full::default()),
        };
        request.map_err(|_| Trouble::NotReached("the request could not be made".into()))
    }

    fn without_secrets(&self, trouble: Trouble, ask: &Ask) -> Trouble {
        let mut secrets: Vec<&str> = ask.secrets.iter().map(String::as_str).collect();
        secrets.push(&self.settings.secret.0);
        let clean = |text: String| told(&text, &secrets);
        match trouble {
            Trouble::Refused { code, message } => Trouble::Refused { code, message: clean(message) },
            Trouble::NotReached(why) => Trouble::NotReached(clean(why)),
            Trouble::NoAnswer(why) => Trouble::NoAnswer(clean(why)),
            Trouble::NoToken(cause) => Trouble::NoToken(cause),
        }
    }

    #[allow(clippy::disallowed_methods, reason = "the pace between two tries, which no deadline follows from")]
    async fn pause(&self) {
        let ms = lock(&self.dice).random_range(PACE_MS);
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// A token, the same as long as it is good; by force a new one, at which the old one dies.
    pub fn fetch_token<'a>(&'a self, force: bool) -> BoxFuture<'a, Result<Fetched, Trouble>> {
        let body = serde_json::json!({
            "grant_type": "client_credential",
            "appid": self.settings.appid,
            "secret": self.settings.secret.0,
            "force_refresh": force,
        });
        let ask = Ask {
            call: Call::Token,
            path: "/cgi-bin/stable_token",
            query: Vec::new(),
            body: Some(body.to_string().into()),
            secrets: Vec::new(),
        };
        Box::pin(async move {
            let (token, seconds) = self.ask(&ask, answers::token).await?;
            Ok(Fetched { token, seconds })
        })
    }
}

pub fn json(answer: &Answer) -> Result<Fields, Trouble> {
    let fields = Fields::read(&answer.body).ok_or_else(|| odd("no JSON object"))?;
    match fields.refusal() {
        Some(trouble) => Err(trouble),
        None => Ok(fields),
    }
}

/// A picture, or JSON that says why not.
pub fn picture(answer: &Answer) -> Result<super::Image, Trouble> {
    match answers::mime_of(&answer.body) {
        Some(mime) => Ok(super::Image { bytes: answer.body.clone(), mime }),
        None => Err(json(answer).err().unwrap_or_else(|| odd("no picture"))),
    }
}
