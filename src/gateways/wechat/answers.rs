//! WeChat's answers, which may be anything: each is read without trust, and nothing in it is shown
//! that should stay secret.

use std::collections::HashMap;

use serde_json::{Value, value::RawValue};

use super::{Suggest, Template, Verdict, WxPhone, WxSession, wire::Trouble};

/// What is kept of a text of WeChat's.
const TEXT_CHARS_MAX: usize = 200;
const ID_CHARS_MAX: usize = 128;
const TEMPLATES_MAX: usize = 200;
const TOKEN_CHARS_MAX: usize = 2_048;
const TOKEN_SECONDS_MAX: i64 = 24 * 3_600;

/// A JSON object, whatever its content type said. Numbers stay as they were written: some are too
/// large for a float.
#[derive(Debug)]
pub struct Fields(HashMap<String, Box<RawValue>>);

impl Fields {
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(Self)
    }

    fn value(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.0.get(name)?.get()).ok()
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A whole number, also one that was written as a text.
    fn number(&self, name: &str) -> Option<i64> {
        number(&self.value(name)?)
    }

    /// A number or a text of digits, as it was written.
    fn digits(&self, name: &str) -> Option<String> {
        let digits = self.0.get(name)?.get().trim_matches('"');
        (1..=40)
            .contains(&digits.len())
            .then_some(digits)
            .filter(|d| d.bytes().all(|b| b.is_ascii_digit()))
            .map(Into::into)
    }

    fn inner(&self, name: &str) -> Option<Self> {
        Self::read(self.0.get(name)?.get().as_bytes())
    }

    /// An id: short, and of visible characters.
    fn id(&self, name: &str) -> Option<String> {
        self.text(name).filter(|id| is_id(id, ID_CHARS_MAX))
    }

    /// The error that it tells of, if it does. Some calls tell of none by 0, others by silence.
    pub fn refusal(&self) -> Option<Trouble> {
        if !self.0.contains_key("errcode") {
            return None;
        }
        match self.number("errcode") {
            Some(0) => None,
            Some(code) => Some(Trouble::Refused { code, message: self.text("errmsg").unwrap_or_default() }),
            None => Some(odd("an errcode that is no number")),
        }
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(n) => n.as_i64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_id(text: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// An answer that says nothing we know.
pub fn odd(what: &str) -> Trouble {
    Trouble::NoAnswer(format!("the answer has {what}"))
}

/// On one line, of bounded length, and without any of these.
pub fn told(text: &str, secrets: &[&str]) -> String {
    let shown = secrets.iter().filter(|s| s.len() > 3).fold(text.to_owned(), |t, secret| t.replace(secret, "***"));
    shown.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_CHARS_MAX).collect()
}

pub fn session(fields: &Fields) -> Result<WxSession, Trouble> {
    let openid = fields.id("openid").ok_or_else(|| odd("no openid"))?;
    Ok(WxSession { openid, unionid: fields.id("unionid") })
}

/// A token, and for how many seconds it is good.
pub fn token(fields: &Fields) -> Result<(String, i64), Trouble> {
    let token = fields.text("access_token").filter(|t| is_id(t, TOKEN_CHARS_MAX)).ok_or_else(|| odd("no token"))?;
    let seconds = fields.number("expires_in").filter(|s| *s > 0).ok_or_else(|| odd("a token without a time"))?;
    Ok((token, seconds.min(TOKEN_SECONDS_MAX)))
}

/// The message's id, empty where none was given: it was sent all the same.
pub fn sent(fields: &Fields) -> Result<String, Trouble> {
    done(fields)?;
    Ok(fields.digits("msgid").unwrap_or_default())
}

pub fn phone(fields: &Fields) -> Result<WxPhone, Trouble> {
    done(fields)?;
    let info = fields.inner("phone_info").ok_or_else(|| odd("no phone_info"))?;
    let country_code = info.digits("countryCode").filter(|c| c.len() <= 4).ok_or_else(|| odd("no countryCode"))?;
    let number = info.digits("purePhoneNumber").filter(|n| (4..=15).contains(&n.len()));
    Ok(WxPhone { country_code, number: number.ok_or_else(|| odd("no purePhoneNumber"))? })
}

pub fn verdict(fields: &Fields) -> Result<Verdict, Trouble> {
    done(fields)?;
    let result = fields.inner("result").ok_or_else(|| odd("no result"))?;
    let suggest = match result.text("suggest").as_deref() {
        Some("pass") => Suggest::Pass,
        Some("review") => Suggest::Review,
        Some("risky") => Suggest::Risky,
        Some(_) | None => return Err(odd("no suggestion that we know")),
    };
    let label = result.number("label").unwrap_or_default();
    Ok(Verdict { suggest, label, trace_id: fields.id("trace_id").unwrap_or_default() })
}

pub fn templates(fields: &Fields) -> Result<Vec<Template>, Trouble> {
    done(fields)?;
    let Some(Value::Array(all)) = fields.value("data") else {
        return Err(odd("no list of templates"));
    };
    all.iter().take(TEMPLATES_MAX).map(template).collect()
}

fn template(value: &Value) -> Result<Template, Trouble> {
    let text = |name: &str| value[name].as_str().unwrap_or_default().chars().take(2_000).collect();
    let id: String = text("priTmplId");
    if !is_id(&id, ID_CHARS_MAX) {
        return Err(odd("a template without an id"));
    }
    Ok(Template {
        id,
        title: text("title"),
        content: text("content"),
        kind: number(&value["type"]).unwrap_or_default(),
    })
}

/// Success is said in words by these calls; silence is not enough.
fn done(fields: &Fields) -> Result<(), Trouble> {
    if fields.number("errcode") == Some(0) { Ok(()) } else { Err(odd("no errcode")) }
}

/// Which kind of picture it is, by its first bytes.
pub fn mime_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        Fields::read(text.as_bytes()).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn success_may_be_silent_and_ids_larger_than_floats() {
        let session = session(&fields(r#"{"openid":"oA1","session_key":"k","unionid":null}"#)).expect("a session");
        assert_eq!(session, WxSession { openid: "oA1".into(), unionid: None });
        assert!(!format!("{session:?}").contains("session_key"));
        for (msgid, kept) in [
            (r#","msgid":2097683633284153344"#, "2097683633284153344"),
            (r#","msgid":"2097683633284153344""#, "2097683633284153344"),
            (r#","msgid":98765432109876543210987"#, "98765432109876543210987"),
            (r#","msgid":1e99"#, ""),
            (r#","msgid":-1"#, ""),
            (r#","msgid":{}"#, ""),
            ("", ""),
        ] {
            let answer = format!(r#"{{"errcode":0,"errmsg":"ok"{msgid}}}"#);
            assert_eq!(sent(&fields(&answer)).as_deref(), Ok(kept), "{answer}");
        }
    }

    #[test]
    fn an_error_is_told_by_a_number_or_its_text() {
        for (answer, code) in [
            (r#"{"errcode":43101,"errmsg":"user refuse"}"#, Some(43101)),
            (r#"{"errcode":"-1"}"#, Some(-1)),
            (r#"{"errcode":0}"#, None),
            ("{}", None),
        ] {
            let told = fields(answer).refusal().map(|t| match t {
                Trouble::Refused { code, .. } => code,
                other => panic!("{other:?}"),
            });
            assert_eq!(told, code, "{answer}");
        }
        for odd in
            [r#"{"errcode":null}"#, r#"{"errcode":1e300}"#, r#"{"errcode":{}}"#, r#"{"errcode":99999999999999999999}"#]
        {
            assert!(matches!(fields(odd).refusal(), Some(Trouble::NoAnswer(_))), "{odd}");
        }
    }

    #[test]
    fn what_is_no_answer_is_an_error_and_never_a_panic() {
        let deep = "[".repeat(100_000);
        for bad in
            ["", "null", "[]", "1", "<html>502</html>", "{\"a\":", "{} {}", &deep, &format!("{{\"result\":{deep}")]
        {
            assert!(Fields::read(bad.as_bytes()).is_none());
        }
        assert!(Fields::read(b"{\"openid\":\"\xff\xfe\"}").is_none());
        let long = format!(r#"{{"openid":"{}","errcode":0}}"#, "x".repeat(300));
        let nested =
            format!(r#"{{"errcode":0,"data":{},"result":{{"suggest":"maybe"}}}}"#, "[".repeat(90) + &"]".repeat(90));
        for bad in [
            r#"{"openid":1}"#,
            r#"{"openid":""}"#,
            r#"{"openid":"a\nb"}"#,
            r#"{"errcode":0,"phone_info":[]}"#,
            r#"{"errcode":0,"phone_info":{"countryCode":"+86","purePhoneNumber":"13"}}"#,
            r#"{"errcode":0,"data":{},"result":7}"#,
            r#"{"errcode":0,"data":[1]}"#,
            r#"{"access_token":"a b","expires_in":1}"#,
            r#"{"access_token":"ab","expires_in":-1}"#,
            r#"{"access_token":"ab","expires_in":"soon"}"#,
            &long,
            &nested,
            "{}",
        ] {
            let all = fields(bad);
            assert!(session(&all).is_err(), "{bad}");
            assert!(token(&all).is_err() && phone(&all).is_err(), "{bad}");
            assert!(verdict(&all).is_err() && templates(&all).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_phone_number_is_read_with_its_country_as_a_number_or_a_text() {
        for code in ["86", "\"86\""] {
            let answer = format!(
                r#"{{"errcode":0,"phone_info":{{"phoneNumber":"13800138000","purePhoneNumber":"13800138000","countryCode":{code}}}}}"#
            );
            let read = phone(&fields(&answer)).expect("a phone");
            assert_eq!(read, WxPhone { country_code: "86".into(), number: "13800138000".into() });
        }
    }

    #[test]
    fn what_wechat_says_is_shown_without_secrets_and_on_one_line() {
        let shown = told("invalid appsecret s3cret-abc\nfor tok-1234, x", &["s3cret-abc", "tok-1234", "x", ""]);
        assert_eq!(shown, "invalid appsecret *** for ***, x");
        assert_eq!(told(&"长".repeat(9_999), &[]).chars().count(), TEXT_CHARS_MAX);
    }

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        assert_eq!(mime_of(b"\x89PNG\r\n"), Some("image/png"));
        assert_eq!(mime_of(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(mime_of(b"{\"errcode\":1}"), None);
        assert_eq!(mime_of(b""), None);
    }
}
