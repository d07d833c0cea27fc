//! What this WeChat knows and decides: no HTTP, no clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    SandboxSettings,
    codes::{BadCode, Codes},
    openid::{is_name, openid_of, person_of},
    quotas::{Quota, Quotas},
    rules::{Form, is_scene},
    tokens::Tokens,
};
use crate::base::time::{HOUR, Millis, Timestamp};

const PEOPLE_MAX: usize = 10_000;
const NUMBERS_MAX: usize = 10_000;
/// Kept of each person, and of each number.
const MESSAGES_MAX: usize = 200;
const GRANTS_MAX: u32 = 1_000_000;
/// Templates that can be asked for at once.
const ASKED_MAX: usize = 5;
const SMS_CHARS_MAX: usize = 500;
/// A text is checked for somebody who was here this lately.
const ACTIVE: Millis = 2 * HOUR;
const CHECKED_CHARS_MAX: usize = 2_500;
/// Beyond what a float tells apart.
const FIRST_MESSAGE: u64 = 2_097_683_633_284_153_344;

/// What a text may not hold, with WeChat's label of it; and what somebody should look at.
const RISKY: &[(&str, i64)] =
    &[("赌博", 20006), ("毒品", 20006), ("代开发票", 20008), ("色情", 20002), ("risky-word", 20001)];
const DOUBTFUL: &[(&str, i64)] = &[("加微信", 10001), ("review-word", 10001)];

/// An error in WeChat's words; the request's id is added to it later.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub code: i64,
    pub message: String,
}

impl Refusal {
    pub fn new(code: i64, message: &str) -> Self {
        Self { code, message: message.to_owned() }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Message {
    pub msgid: String,
    pub template_id: String,
    pub title: String,
    pub fields: Vec<Line>,
    pub page: Option<String>,
    pub state: String,
    pub lang: String,
    /// In milliseconds since 1970.
    pub at: Timestamp,
    pub read: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub name: String,
    pub label: String,
    pub value: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Sms {
    pub text: String,
    pub at: Timestamp,
}

#[derive(Default)]
struct Person {
    grants: BTreeMap<String, u32>,
    bans: BTreeSet<String>,
    messages: VecDeque<Message>,
    logged_in_at: Option<Timestamp>,
    active_at: Option<Timestamp>,
}

/// A message that somebody wants to be sent.
pub struct Wish<'a> {
    pub openid: &'a str,
    pub body: &'a Value,
    pub auto_accept: bool,
}

/// A text that somebody wants to be checked, or a code that they want to be drawn: the body of the request.
pub type Body<'a> = &'a Value;

pub struct World {
    settings: SandboxSettings,
    forms: BTreeMap<String, Form>,
    people: BTreeMap<String, Person>,
    numbers: BTreeMap<String, VecDeque<Sms>>,
    login_codes: Codes,
    phone_codes: Codes,
    messages: u64,
    pub tokens: Tokens,
    pub quotas: Quotas,
}

impl World {
    pub fn new(settings: SandboxSettings) -> Self {
        Self {
            forms: settings.templates.iter().map(|t| (t.id.clone(), Form::of(t))).collect(),
            settings,
            people: BTreeMap::new(),
            numbers: BTreeMap::new(),
            login_codes: Codes::default(),
            phone_codes: Codes::default(),
            messages: 0,
            tokens: Tokens::default(),
            quotas: Quotas::default(),
        }
    }

    fn appid(&self) -> &str {
        &self.settings.appid
    }

    /// Whether it is our mini-program that asks.
    pub fn check_secret(&self, appid: Option<&str>, secret: Option<&str>) -> Result<(), Refusal> {
        let given = |v: Option<&str>| v.map(str::to_owned).filter(|v| !v.is_empty());
        match (given(appid), given(secret)) {
            (None, _) => Err(Refusal::new(41002, "appid missing")),
            (Some(appid), _) if appid != self.settings.appid => Err(Refusal::new(40013, "invalid appid")),
            (Some(_), None) => Err(Refusal::new(41004, "appsecret missing")),
            (Some(_), Some(secret)) if secret != self.settings.secret.0 => {
                Err(Refusal::new(40125, "invalid appsecret"))
            }
            (Some(_), Some(_)) => Ok(()),
        }
    }

    // ---- the server's side

    /// Whom a login code stands for.
    pub fn session(&mut self, code: &str, now: Timestamp) -> Result<Value, Refusal> {
        if code.is_empty() {
            return Err(Refusal::new(41008, "missing code"));
        }
        let person = self.login_codes.take(code, now).map_err(|bad| match bad {
            BadCode::Unknown => Refusal::new(40029, "invalid code"),
            BadCode::Used => Refusal::new(40163, "code been used"),
        })?;
        self.quotas.take(Quota::Login, &person, now)?;
        let openid = openid_of(self.appid(), &person);
        let mut answer = json!({ "session_key": "c2Vzc2lvbiBrZXkgb2YgYQ==", "openid": openid });
        if self.settings.open_platform {
            answer["unionid"] = json!(openid_of("open platform", &person));
        }
        self.person(&person, now).logged_in_at = Some(now);
        Ok(answer)
    }

    /// The number that a code of the phone button stands for.
    pub fn phone(&mut self, code: &str, now: Timestamp) -> Result<Value, Refusal> {
        let number = self.phone_codes.take(code, now).map_err(|_| Refusal::new(40029, "invalid code"))?;
        let watermark = json!({ "timestamp": now.as_millis() / 1_000, "appid": self.appid() });
        Ok(json!({
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": number,
                "purePhoneNumber": number,
                "countryCode": 86,
                "watermark": watermark,
            },
        }))
    }

    /// Delivers a message; its id.
    pub fn send(&mut self, wish: &Wish, now: Timestamp) -> Result<u64, Refusal> {
        let Wish { openid, body, auto_accept } = wish;
        let Some(person) = person_of(self.appid(), openid) else {
            return Err(Refusal::new(40003, "invalid openid"));
        };
        let template = body["template_id"].as_str().unwrap_or_default().to_owned();
        let Some(form) = self.forms.get(&template) else {
            return Err(Refusal::new(40037, "invalid template_id"));
        };
        let page = optional_text(body, "page").map_err(|()| Refusal::new(41030, "invalid page"))?;
        if let Some(page) = &page {
            self.check_page(page.split('?').next().unwrap_or_default(), page)?;
        }
        let state = one_of(body, "miniprogram_state", &["formal", "developer", "trial"])?;
        let lang = one_of(body, "lang", &["zh_CN", "en_US", "zh_HK", "zh_TW"])?;
        let values = form.check(&body["data"])?;
        let line = |(label, name): &(String, String)| Line {
            name: name.clone(),
            label: label.clone(),
            value: values.get(name).cloned().unwrap_or_default(),
        };
        let (title, fields) = (form.title.clone(), form.fields.iter().map(line).collect());

        let grants = self.people.get(&person).and_then(|p| p.grants.get(&template)).copied().unwrap_or_default();
        if grants == 0 && !auto_accept {
            return Err(Refusal::new(43101, "user refuse to accept the msg"));
        }
        self.quotas.take(Quota::Send, "", now)?;
        let msgid = FIRST_MESSAGE + self.messages;
        self.messages += 1;
        let person = self.person(&person, now);
        person.grants.insert(template.clone(), grants.saturating_sub(1));
        let message = Message {
            msgid: msgid.to_string(),
            template_id: template,
            title,
            fields,
            page,
            state,
            lang,
            at: now,
            read: false,
        };
        push(&mut person.messages, message);
        Ok(msgid)
    }

    pub fn check_text(&mut self, body: Body, now: Timestamp) -> Result<Value, Refusal> {
        if body["version"] != 2 {
            return Err(Refusal::new(40097, "invalid args: version"));
        }
        if !matches!(body["scene"].as_i64(), Some(1..=4)) {
            return Err(Refusal::new(40129, "invalid scene"));
        }
        let openid = body["openid"].as_str().unwrap_or_default();
        let Some(person) = person_of(self.appid(), openid) else {
            return Err(Refusal::new(40003, "invalid openid"));
        };
        let seen = self.people.get(&person).and_then(|p| p.logged_in_at);
        if seen.is_none_or(|at| now - at >= ACTIVE) {
            return Err(Refusal::new(61010, "code is expired"));
        }
        let content = body["content"].as_str().unwrap_or_default();
        if content.is_empty() {
            return Err(Refusal::new(44004, "empty content"));
        }
        if content.chars().count() > CHECKED_CHARS_MAX {
            return Err(Refusal::new(45002, "content size out of limit"));
        }
        self.quotas.take(Quota::CheckTextMinute, "", now)?;
        self.quotas.take(Quota::CheckText, "", now)?;
        let texts = ["content", "title", "nickname", "signature"].map(|n| body[n].as_str().unwrap_or_default());
        let found = |words: &[(&str, i64)]| {
            words.iter().find(|(word, _)| texts.iter().any(|t| t.contains(word))).map(|(_, label)| *label)
        };
        let (suggest, label) = match (found(RISKY), found(DOUBTFUL)) {
            (Some(label), _) => ("risky", label),
            (None, Some(label)) => ("review", label),
            (None, None) => ("pass", 100),
        };
        Ok(json!({
            "errcode": 0,
            "errmsg": "ok",
            "trace_id": format!("{:x}-{:08x}", now.as_millis(), content.len()),
            "result": { "suggest": suggest, "label": label },
            "detail": [{ "strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90 }],
        }))
    }

    /// What the code carries, and how wide it is to be.
    pub fn qr(&mut self, body: Body, now: Timestamp) -> Result<(String, u32), Refusal> {
        let scene = body["scene"].as_str().filter(|s| is_scene(s));
        let scene = scene.ok_or_else(|| Refusal::new(40129, "invalid scene"))?.to_owned();
        let page = optional_text(body, "page").map_err(|()| Refusal::new(41030, "invalid page"))?;
        if let Some(page) = page {
            let unchecked = body["check_path"] == false;
            if page.starts_with('/') || page.contains('?') || page.is_empty() {
                return Err(Refusal::new(41030, "invalid page"));
            }
            if !unchecked {
                self.check_page(&page, &page)?;
            }
        }
        one_of(body, "env_version", &["release", "trial", "develop"])?;
        let width = match &body["width"] {
            Value::Null => Some(430),
            given => given.as_u64(),
        };
        let width = width.filter(|w| (280..=1_280).contains(w));
        let width = width.ok_or_else(|| Refusal::new(40097, "invalid args: width"))?;
        self.quotas.take(Quota::QrMinute, "", now)?;
        Ok((scene, width as u32))
    }

    /// The page is published, and was written as WeChat wants it.
    fn check_page(&self, page: &str, whole: &str) -> Result<(), Refusal> {
        let known = self.settings.pages.is_empty() || self.settings.pages.iter().any(|p| p == page);
        let good = known && !page.is_empty() && !whole.starts_with('/') && !whole.chars().any(char::is_control);
        if good { Ok(()) } else { Err(Refusal::new(41030, "invalid page")) }
    }

    pub fn templates(&self) -> Value {
        let one = |t: &super::SandboxTemplate| json!({ "priTmplId": t.id, "title": t.title, "content": t.content, "example": "", "type": 2 });
        let all: Vec<Value> = self.settings.templates.iter().map(one).collect();
        json!({ "errcode": 0, "errmsg": "ok", "data": all })
    }

    // ---- the phone's side

    pub fn login_code(&mut self, person: &str, now: Timestamp) -> Value {
        self.person(person, now);
        let code = self.login_codes.make(person, now);
        json!({ "code": code, "openid": openid_of(self.appid(), person) })
    }

    pub fn phone_code(&mut self, person: &str, number: &str, now: Timestamp) -> Value {
        self.person(person, now);
        json!({ "code": self.phone_codes.make(number, now) })
    }

    /// What somebody answers when they are asked for consent, as `wx.requestSubscribeMessage` tells it.
    pub fn subscribe(&mut self, person: &str, choices: &BTreeMap<String, String>, now: Timestamp) -> Value {
        let fail =
            |code: i64, why: &str| json!({ "errMsg": format!("requestSubscribeMessage:fail {why}"), "errCode": code });
        if choices.is_empty() {
            return fail(10001, "tmplIds can't be empty");
        }
        if choices.len() > ASKED_MAX {
            return fail(20003, "Templates count out of max bounds");
        }
        if choices.keys().any(|id| !self.forms.contains_key(id)) {
            return fail(20001, "No template data return, verify the template id exist");
        }
        let mut titles = BTreeSet::new();
        let mut answer = json!({ "errMsg": "requestSubscribeMessage:ok" });
        for (id, choice) in choices {
            let doubled = self.forms.get(id).is_some_and(|form| !titles.insert(form.title.clone()));
            let person = self.person(person, now);
            let choice = match &**choice {
                _ if doubled => "filter",
                _ if person.bans.contains(id) => "ban",
                choice => choice,
            };
            if choice == "ban" {
                person.bans.insert(id.clone());
                person.grants.remove(id);
            }
            if choice == "accept" {
                let grants = person.grants.entry(id.clone()).or_default();
                *grants = (*grants + 1).min(GRANTS_MAX);
            }
            answer[id] = json!(choice);
        }
        answer
    }

    pub fn appear(&mut self, person: &str, now: Timestamp) {
        self.person(person, now);
    }

    /// What an earlier sandbox knew of a consent; false where it is nobody's.
    pub fn grant(&mut self, openid: &str, template: &str, messages: u32, now: Timestamp) -> bool {
        let known = person_of(self.appid(), openid).filter(|_| self.forms.contains_key(template));
        let Some(person) = known else { return false };
        self.person(&person, now).grants.insert(template.to_owned(), messages.min(GRANTS_MAX));
        true
    }

    /// Newest first.
    pub fn messages_of(&self, person: &str) -> Vec<&Message> {
        self.people.get(person).map(|p| p.messages.iter().rev().collect()).unwrap_or_default()
    }

    pub fn grants_of(&self, person: &str) -> BTreeMap<&str, u32> {
        let grants = self.people.get(person).map(|p| p.grants.iter().map(|(id, n)| (&**id, *n)).collect());
        grants.unwrap_or_default()
    }

    /// By template.
    pub fn titles(&self) -> BTreeMap<&str, &str> {
        self.forms.iter().map(|(id, form)| (&**id, &*form.title)).collect()
    }

    pub fn mark_read(&mut self, person: &str) {
        if let Some(person) = self.people.get_mut(person) {
            person.messages.iter_mut().for_each(|m| m.read = true);
        }
    }

    /// Who has a phone here, the latest first.
    pub fn people(&self) -> Value {
        let mut people: Vec<(&String, &Person)> = self.people.iter().collect();
        people.sort_by_key(|(_, p)| std::cmp::Reverse(p.active_at));
        let one = |(name, p): &(&String, &Person)| {
            let last = p.messages.back();
            json!({
                "person": name,
                "openid": openid_of(self.appid(), name),
                "messages": p.messages.len(),
                "unread": p.messages.iter().filter(|m| !m.read).count(),
                "last": last.map(|m| json!({ "title": m.title, "at": m.at })),
            })
        };
        let people: Vec<Value> = people.iter().take(500).map(one).collect();
        let mut numbers: Vec<(&String, &VecDeque<Sms>)> = self.numbers.iter().collect();
        numbers.sort_by_key(|(_, all)| std::cmp::Reverse(all.back().map(|s| s.at)));
        let one = |(number, all): &(&String, &VecDeque<Sms>)| json!({ "number": number, "messages": all.len(), "last": all.back() });
        let numbers: Vec<Value> = numbers.iter().take(500).map(one).collect();
        json!({ "people": people, "numbers": numbers })
    }

    pub fn counts(&self) -> Value {
        json!({ "people": self.people.len(), "numbers": self.numbers.len(), "messages": self.messages })
    }

    pub fn sms(&mut self, number: &str, text: &str, now: Timestamp) {
        if self.numbers.len() >= NUMBERS_MAX && !self.numbers.contains_key(number) {
            let oldest = self.numbers.iter().min_by_key(|(_, all)| all.back().map(|s| s.at)).map(|(n, _)| n.clone());
            oldest.map(|oldest| self.numbers.remove(&oldest));
        }
        let sms = Sms { text: text.chars().take(SMS_CHARS_MAX).collect(), at: now };
        push(self.numbers.entry(number.chars().take(32).collect()).or_default(), sms);
    }

    /// Newest first.
    pub fn sms_of(&self, number: &str) -> Vec<&Sms> {
        self.numbers.get(number).map(|all| all.iter().rev().collect()).unwrap_or_default()
    }

    /// Somebody with a phone; who was here longest ago gives way where there are too many.
    fn person(&mut self, name: &str, now: Timestamp) -> &mut Person {
        debug_assert!(is_name(name), "names are checked where they come in");
        if self.people.len() >= PEOPLE_MAX && !self.people.contains_key(name) {
            let oldest = self.people.iter().min_by_key(|(_, p)| p.active_at).map(|(n, _)| n.clone());
            oldest.map(|oldest| self.people.remove(&oldest));
        }
        let person = self.people.entry(name.to_owned()).or_default();
        person.active_at = Some(now);
        person
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= MESSAGES_MAX {
        list.pop_front();
    }
    list.push_back(item);
}

/// A text, or nothing; an empty one is nothing too.
fn optional_text(body: &Value, name: &str) -> Result<Option<String>, ()> {
    match &body[name] {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(()),
    }
}

/// One of these words, the first where there is none.
fn one_of(body: &Value, name: &str, words: &[&str]) -> Result<String, Refusal> {
    let given = match &body[name] {
        Value::Null => words.first().copied(),
        other => other.as_str().filter(|w| words.contains(w)),
    };
    given.map(str::to_owned).ok_or_else(|| Refusal::new(40097, &format!("invalid args: {name}")))
}
