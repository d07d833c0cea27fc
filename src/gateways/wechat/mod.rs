//! WeChat's server API, over HTTPS.

mod answers;
mod breaker;
pub mod fields;
mod lanes;
mod token;
mod wire;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};

use self::{
    breaker::Breaker,
    lanes::Lanes,
    token::{Fetch, Tokens},
    wire::{Ask, Call, Read, Trouble, Wire},
};
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
    wire: Arc<Wire>,
    clock: Clock,
    tokens: Tokens,
    breaker: Breaker,
    lanes: Lanes,
}

/// From a request to the end of its answer.
const WITHIN: Duration = Duration::from_secs(5);
/// The token is dead: invalid or not the latest, expired, of no valid form.
const DEAD_TOKEN: [i64; 3] = [40001, 42001, 40014];

const BAD_CODE: i64 = 40029;
const BAD_DATA: i64 = 47003;
const BAD_SCENE: i64 = 40129;
const BAD_PAGE: i64 = 41030;
const BAD_WIDTH: i64 = 40097;
const TOO_LONG: i64 = 45002;
const CODE_CHARS_MAX: usize = 512;
const CHECKED_CHARS_MAX: usize = 2_500;
const PAGE_CHARS_MAX: usize = 1_024;

impl WeChat {
    pub fn new(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        Self::with_patience(settings, clock, WITHIN)
    }

    /// The same, waiting so long for an answer.
    pub fn with_patience(settings: Settings, clock: Clock, within: Duration) -> anyhow::Result<Self> {
        let wire = Arc::new(Wire::new(settings, within)?);
        let fetcher = wire.clone();
        let fetch: Fetch = Arc::new(move |force| {
            let wire = fetcher.clone();
            Box::pin(async move { wire.fetch_token(force).await })
        });
        let tokens = Tokens::new(clock.clone(), fetch);
        Ok(Self(Arc::new(Inner { wire, clock, tokens, breaker: Breaker::default(), lanes: Lanes::default() })))
    }

    pub fn appid(&self) -> &str {
        &self.0.wire.settings().appid
    }

    /// False while so many calls failed that WeChat is only asked now and then.
    pub fn is_well(&self) -> bool {
        self.0.breaker.is_closed()
    }

    /// Who a login code (`wx.login`) stands for. A code is good once.
    pub async fn session_of(&self, code: &str) -> Result<WxSession, Failure> {
        check_code(code)?;
        let Settings { url: _, appid, secret } = self.0.wire.settings();
        let query = vec![
            ("appid", appid.clone()),
            ("secret", secret.0.clone()),
            ("js_code", code.to_owned()),
            ("grant_type", "authorization_code".to_owned()),
        ];
        let secrets = vec![code.to_owned()];
        let ask = Ask { call: Call::Session, path: "/sns/jscode2session", query, body: None, secrets };
        self.guarded(self.0.wire.ask(&ask, answers::session)).await
    }

    /// The number that a code of the phone button stands for. A code is good once.
    pub async fn phone_of(&self, code: &str) -> Result<WxPhone, Failure> {
        check_code(code)?;
        let ask = post(Call::Phone, "/wxa/business/getuserphonenumber", &json!({ "code": code }));
        let ask = Ask { secrets: vec![code.to_owned()], ..ask };
        self.guarded(self.with_token(ask, &|answer| wire::json(answer).and_then(|f| answers::phone(&f)))).await
    }

    /// Sends a message; WeChat's id of it, empty where it gave none. Its texts are made to fit
    /// first. Never repeated once it may have been received.
    pub async fn send(&self, message: &SubscribeMessage) -> Result<String, Failure> {
        let data = fitted(&message.data)?;
        let mut body = json!({
            "touser": message.openid,
            "template_id": message.template_id,
            "miniprogram_state": message.state,
            "lang": message.lang,
            "data": data,
        });
        if let Some(page) = &message.page {
            body["page"] = json!(page);
        }
        let ask = post(Call::Send, "/cgi-bin/message/subscribe/send", &body);
        // WeChat refuses two at once to one person.
        let _lane = self.0.lanes.enter(&message.openid).await;
        self.guarded(self.with_token(ask, &|answer| wire::json(answer).and_then(|f| answers::sent(&f)))).await
    }

    /// What WeChat thinks of a text that others will read.
    pub async fn check_text(&self, check: &TextCheck) -> Result<Verdict, Failure> {
        let TextCheck { openid, scene, content, title, nickname } = check;
        if content.chars().count() > CHECKED_CHARS_MAX {
            return Err(not_asked(TOO_LONG, format!("the text is longer than {CHECKED_CHARS_MAX} characters")));
        }
        let scene = match scene {
            TextScene::Profile => 1,
            TextScene::Comment => 2,
            TextScene::Forum => 3,
            TextScene::SocialLog => 4,
        };
        let mut body = json!({ "openid": openid, "scene": scene, "version": 2, "content": content });
        for (name, value) in [("title", title), ("nickname", nickname)] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        let ask = post(Call::CheckText, "/wxa/msg_sec_check", &body);
        self.guarded(self.with_token(ask, &|answer| wire::json(answer).and_then(|f| answers::verdict(&f)))).await
    }

    /// A mini-program code.
    pub async fn unlimited_qr(&self, wish: &QrWish) -> Result<Image, Failure> {
        wish.check()?;
        let QrWish { scene, page, edition, width } = wish;
        let edition = match edition {
            Edition::Release => "release",
            Edition::Trial => "trial",
            Edition::Develop => "develop",
        };
        // Only a page that is published can be looked for.
        let check_path = edition == "release";
        let mut body = json!({ "scene": scene, "width": width, "env_version": edition, "check_path": check_path });
        if let Some(page) = page {
            body["page"] = json!(page);
        }
        let ask = post(Call::Qr, "/wxa/getwxacodeunlimit", &body);
        self.guarded(self.with_token(ask, &wire::picture)).await
    }

    /// The templates that this mini-program has.
    pub async fn templates(&self) -> Result<Vec<Template>, Failure> {
        let ask = Ask { body: None, ..post(Call::Templates, "/wxaapi/newtmpl/gettemplate", &json!({})) };
        self.guarded(self.with_token(ask, &|answer| wire::json(answer).and_then(|f| answers::templates(&f)))).await
    }

    /// Whether the appid and its secret are good: asks for a token.
    pub async fn check_credentials(&self) -> Result<(), Failure> {
        self.guarded(self.0.tokens.fetch()).await.map_err(|failure| match failure {
            // No harm is done by a token that nobody got.
            Failure::Unknown(why) => Failure::Unavailable(why),
            Failure::Refused { .. } | Failure::Unavailable(_) => failure,
        })
    }

    /// Makes the call unless it would be in vain, and remembers how it went.
    async fn guarded<T>(&self, call: impl Future<Output = Result<T, Trouble>>) -> Result<T, Failure> {
        let Some(permit) = self.0.breaker.enter(self.0.clock.now()) else {
            return Err(Failure::Unavailable("it gave no answer lately, and is asked again in some seconds".into()));
        };
        let result = call.await;
        let answered = result.as_ref().err().is_none_or(Trouble::is_answer);
        permit.end(answered, self.0.clock.now());
        Ok(result?)
    }

    /// Asks with a token, and once more with another where WeChat calls the first one dead.
    async fn with_token<T>(&self, mut ask: Ask, read: &Read<'_, T>) -> Result<T, Trouble> {
        let no_token = |cause| Trouble::NoToken(Box::new(cause));
        let token = self.0.tokens.get().await.map_err(no_token)?;
        let result = self.0.wire.ask_raw(ask.carry(&token), read).await;
        match result {
            Err(Trouble::Refused { code, message: _ }) if DEAD_TOKEN.contains(&code) => {
                let fresh = self.0.tokens.instead_of(&token).await.map_err(no_token)?;
                self.0.wire.ask_raw(ask.carry(&fresh), read).await
            }
            other => other,
        }
    }
}

fn post(call: Call, path: &'static str, body: &Value) -> Ask {
    Ask { call, path, query: Vec::new(), body: Some(body.to_string().into()), secrets: Vec::new() }
}

/// Refused by us, in WeChat's own terms: it would say the same.
fn not_asked(code: i64, why: String) -> Failure {
    Failure::Refused { code, message: format!("not asked: {why}") }
}

fn check_code(code: &str) -> Result<(), Failure> {
    if (1..=CODE_CHARS_MAX).contains(&code.len()) {
        return Ok(());
    }
    Err(not_asked(BAD_CODE, format!("a code has 1 to {CODE_CHARS_MAX} characters, this one {}", code.len())))
}

fn fitted(data: &BTreeMap<String, String>) -> Result<Value, Failure> {
    let fit = |(field, value): (&String, &String)| match fields::fit(field, value) {
        Ok(value) => Ok((field.clone(), json!({ "value": value }))),
        Err(bad) => Err(not_asked(BAD_DATA, bad.to_string())),
    };
    data.iter().map(fit).collect::<Result<serde_json::Map<_, _>, _>>().map(Value::Object)
}

impl QrWish {
    /// What WeChat would refuse, found before it is asked.
    fn check(&self) -> Result<(), Failure> {
        let Self { scene, page, edition: _, width } = self;
        let may_stand = |b: u8| b.is_ascii_alphanumeric() || b"!#$&'()*+,/:;=?@-._~".contains(&b);
        if !(1..=32).contains(&scene.len()) || !scene.bytes().all(may_stand) {
            return Err(not_asked(BAD_SCENE, "a scene has 1 to 32 of 0-9 a-z A-Z !#$&'()*+,/:;=?@-._~".into()));
        }
        let bad = |p: &String| p.is_empty() || p.starts_with('/') || p.contains('?') || p.len() > PAGE_CHARS_MAX;
        if page.as_ref().is_some_and(bad) {
            return Err(not_asked(BAD_PAGE, "a page has no slash before it and no query: pages/home/index".into()));
        }
        if !(280..=1280).contains(width) {
            return Err(not_asked(BAD_WIDTH, format!("a code is 280 to 1280 pixels wide, not {width}")));
        }
        Ok(())
    }
}

impl fmt::Debug for WeChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeChat({})", self.appid())
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}, {} bytes)", self.mime, self.bytes.len())
    }
}
