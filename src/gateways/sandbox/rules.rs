//! What WeChat takes: the fields of a message, the scene of a code. Written for itself: what the
//! client believes about the same rules is not looked at, so that each can find the other wrong.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SandboxTemplate, state::Refusal};

/// A template, read: its fields in order, each with its label.
pub struct Form {
    pub title: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// From lines like `会议时间:{{date2.DATA}}`.
    pub fn of(template: &SandboxTemplate) -> Self {
        let field = |line: &str| {
            let (label, rest) = line.split_once("{{")?;
            let (name, _) = rest.split_once(".DATA}}")?;
            Some((label.trim_end_matches([':', '：', ' ']).trim().to_owned(), name.trim().to_owned()))
        };
        Self { title: template.title.clone(), fields: template.content.lines().filter_map(field).collect() }
    }

    /// The values of a message by field, all there and all good.
    pub fn check(&self, data: &Value) -> Result<BTreeMap<String, String>, Refusal> {
        let Some(data) = data.as_object() else {
            return Err(invalid("argument invalid! data is not an object"));
        };
        if let Some(unknown) = data.keys().find(|k| !self.fields.iter().any(|(_, name)| name == *k)) {
            return Err(invalid(&format!("argument invalid! data.{unknown} is not in the template")));
        }
        let mut values = BTreeMap::new();
        for (_, name) in &self.fields {
            let Some(value) = data.get(name).and_then(|v| v.get("value")) else {
                return Err(invalid(&format!("argument invalid! data.{name}.value is missing")));
            };
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
            };
            if text.trim().is_empty() {
                return Err(invalid(&format!("argument invalid! data.{name}.value is empty")));
            }
            if text.chars().any(char::is_control) || !takes(name, &text) {
                return Err(invalid(&format!("argument invalid! data.{name}.value invalid")));
            }
            values.insert(name.clone(), text);
        }
        Ok(values)
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(47003, message)
}

/// Whether a field of this name takes the value.
fn takes(name: &str, text: &str) -> bool {
    let length = text.encode_utf16().count();
    let ascii = |good: &[u8]| text.bytes().all(|b| b.is_ascii_digit() || good.contains(&b));
    let digits = || text.bytes().filter(u8::is_ascii_digit).count();
    match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "number" => length <= 32 && digits() > 0 && decimal(text.trim_start_matches('-')),
        "letter" => length <= 32 && text.bytes().all(|b| b.is_ascii_alphabetic()),
        "symbol" => length <= 5 && !text.chars().any(char::is_alphanumeric),
        "character_string" => length <= 32 && text.bytes().all(|b| b.is_ascii_graphic()),
        "time" => span(text).iter().enumerate().all(|(i, one)| day_and_time(one, Need::Time, i > 0)),
        "date" => span(text).iter().enumerate().all(|(i, one)| day_and_time(one, Need::Day, i > 0)),
        "amount" => {
            let mut chars = text.chars();
            let rest = match chars.next() {
                Some('¥' | '￥' | '$' | '€' | '£') => chars.as_str(),
                Some(_) | None => text,
            };
            let rest = rest.strip_suffix('元').unwrap_or(rest);
            (1..=10).contains(&rest.bytes().filter(u8::is_ascii_digit).count()) && decimal(rest)
        }
        "phone_number" => length <= 17 && digits() > 0 && ascii(b"+-() *#"),
        "car_number" => length <= 8,
        "name" => {
            let latin = text.is_ascii();
            let good =
                |c: char| !c.is_numeric() && (c.is_alphabetic() || c == ' ' || c == '·' || c.is_ascii_punctuation());
            text.chars().all(good) && length <= if latin { 20 } else { 10 }
        }
        "phrase" => text.chars().count() <= 5 && text.chars().all(|c| ('\u{3400}'..='\u{9fff}').contains(&c)),
        // A thing, an enum, and what we have not heard of.
        _ => length <= 20,
    }
}

/// Digits with at most one point among them.
fn decimal(text: &str) -> bool {
    let mut parts = text.split('.');
    let good = |part: Option<&str>| part.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let whole = good(parts.next());
    match (parts.next(), parts.next()) {
        (None, None) => whole,
        (part @ Some(_), None) => whole && good(part),
        (_, Some(_)) => false,
    }
}

fn span(text: &str) -> Vec<&str> {
    text.splitn(2, '~').map(str::trim).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Need {
    Time,
    Day,
}

/// The end of a span may leave out the day that its beginning has.
fn day_and_time(text: &str, need: Need, is_end: bool) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    match words[..] {
        [one] if need == Need::Time || (is_end && one.contains(':')) => time_of_day(one),
        [one] => day(one),
        [one, two] => day(one) && time_of_day(two),
        _ => false,
    }
}

fn time_of_day(text: &str) -> bool {
    let parts: Vec<Option<u32>> = text.split(':').map(|p| p.parse().ok().filter(|_| p.len() <= 2)).collect();
    match parts[..] {
        [Some(h), Some(m)] => h < 24 && m < 60 && two_digits(text),
        [Some(h), Some(m), Some(s)] => h < 24 && m < 60 && s < 60 && two_digits(text),
        _ => false,
    }
}

fn two_digits(text: &str) -> bool {
    text.split(':').skip(1).all(|p| p.len() == 2) && text.bytes().all(|b| b.is_ascii_digit() || b == b':')
}

fn day(text: &str) -> bool {
    let plain = match text.strip_suffix('日') {
        Some(chinese) => chinese.replacen('年', "-", 1).replacen('月', "-", 1),
        None => match text.chars().find(|c| !c.is_ascii_digit()) {
            Some(mark @ ('-' | '/' | '.')) => text.replace(mark, "-"),
            Some(_) | None => return false,
        },
    };
    let parts: Vec<Option<u32>> = plain.split('-').map(|p| p.parse().ok()).collect();
    match parts[..] {
        [Some(y), Some(m), Some(d)] => (1900..3000).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d),
        _ => false,
    }
}

/// What a code may carry.
pub fn is_scene(scene: &str) -> bool {
    (1..=32).contains(&scene.chars().count())
        && scene.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&'()*+,/:;=?@-._~".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use proptest::prelude::*;

    use super::*;
    use crate::gateways::wechat::fields::fit;

    const KINDS: [&str; 13] = [
        "thing1",
        "number1",
        "letter1",
        "symbol1",
        "character_string1",
        "time1",
        "date1",
        "amount1",
        "phone_number1",
        "car_number1",
        "name1",
        "phrase1",
        "enum1",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Two readings of the same rules: what the client lets through, this side takes.
        #[test]
        fn what_the_client_makes_fit_is_taken(
            kind in proptest::sample::select(&KINDS),
            text in prop_oneof![
                any::<String>(),
                "[0-9:.~年月日 -]{0,24}",
                "[a-zA-Z0-9\u{4e00}-\u{9fff}😀 .…·-]{0,40}",
                "[¥$元0-9.+ ()-]{0,20}",
            ],
        ) {
            if let Ok(fitted) = fit(kind, &text) {
                let content = format!("x:{{{{{kind}.DATA}}}}");
                let form = Form::of(&SandboxTemplate { id: "t".into(), title: "t".into(), content });
                prop_assert_eq!(form.check(&json!({ kind: { "value": fitted } })).map(drop), Ok(()), "{:?}", text);
            }
        }
    }

    #[test]
    fn a_template_is_read_line_by_line() {
        let content = "会议时间:{{date2.DATA}}\n会议地点：{{thing1.DATA}}\n\nno field here\n".to_owned();
        let form = Form::of(&SandboxTemplate { id: "t".into(), title: "会议".into(), content });
        let of = |label: &str, name: &str| (label.to_owned(), name.to_owned());
        assert_eq!(form.fields, [of("会议时间", "date2"), of("会议地点", "thing1")]);
        let message = |data| form.check(&data).expect_err("refused").message;
        assert!(message(json!({ "date2": { "value": "2026-01-02" } })).contains("data.thing1.value"));
        assert!(message(json!({ "date2": { "value": "" }, "thing1": { "value": "x" } })).contains("data.date2.value"));
        assert!(message(json!({ "x": { "value": "" } })).contains("data.x"));
        assert!(message(json!([])).contains("data"));
        assert!(form.check(&json!({ "date2": { "value": "2026-01-02" }, "thing1": { "value": 7 } })).is_ok());
    }

    #[test]
    fn a_field_takes_what_its_kind_takes() {
        for (name, good, bad) in [
            (
                "thing1",
                &["x", "二十个字的内容正好二十个字的内容正好啊啊", "a\tb"][..2],
                &["二十一个字的内容正好二十个字的内容正好啊啊啊"][..],
            ),
            ("number1", &["1", "-1.5"], &["", "1.", "a", "1.1.1"]),
            ("letter1", &["aB"], &["a1", "约"]),
            ("symbol1", &["!?"], &["a", "!!!!!!"]),
            ("character_string1", &["BK-1_2"], &["约", "a b"]),
            (
                "time1",
                &["9:30", "19:30:00", "2026年1月2日 19:30", "19:30~21:00", "2026-01-02 19:30~21:00"],
                &["24:00", "2026-01-02", "19:3"],
            ),
            (
                "date1",
                &["2026年1月2日", "2026/1/2 19:30", "2026-01-02~2026-01-03", "2026-01-02 19:00~21:00"],
                &["19:00", "1月2日", "2026-13-01"],
            ),
            ("amount1", &["¥1.5", "100元", "$3"], &["¥", "12345678901", "-1"]),
            ("phone_number1", &["+86-138"], &["abc", "123456789012345678"]),
            ("car_number1", &["京A12345"], &["京A12345678"]),
            ("name1", &["李小明", "Amy Li"], &["Amy1", "一二三四五六七八九十一"]),
            ("phrase1", &["等待中"], &["OK", "一二三四五六"]),
        ] {
            for text in good {
                assert!(takes(name, text), "{name} {text}");
            }
            for text in bad {
                assert!(!takes(name, text), "{name} {text}");
            }
        }
    }
}
