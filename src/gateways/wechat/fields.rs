//! What a field of a subscribe message may hold. WeChat refuses the whole message for one value
//! that does not fit, so values are made to fit where that does not change what they say.

/// The value is not one, and cannot be made one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field}: {why}")]
pub struct BadField {
    pub field: String,
    pub why: &'static str,
}

/// A field's kind is its name without the number: `thing1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Thing,
    Number,
    Letter,
    Symbol,
    CharacterString,
    Time,
    Date,
    Amount,
    PhoneNumber,
    CarNumber,
    Name,
    Phrase,
    Enum,
}

impl Kind {
    pub fn of(field: &str) -> Option<Self> {
        let kind = field.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &field[kind.len()..];
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        Some(match kind {
            "thing" => Self::Thing,
            "number" => Self::Number,
            "letter" => Self::Letter,
            "symbol" => Self::Symbol,
            "character_string" => Self::CharacterString,
            "time" => Self::Time,
            "date" => Self::Date,
            "amount" => Self::Amount,
            "phone_number" => Self::PhoneNumber,
            "car_number" => Self::CarNumber,
            "name" => Self::Name,
            "phrase" => Self::Phrase,
            "enum" => Self::Enum,
            _ => return None,
        })
    }

    /// What stands for nothing. None where something made up would mislead.
    fn neutral(self) -> Option<&'static str> {
        match self {
            Self::Thing | Self::Symbol | Self::CharacterString | Self::Name => Some("-"),
            Self::Number
            | Self::Letter
            | Self::Time
            | Self::Date
            | Self::Amount
            | Self::PhoneNumber
            | Self::CarNumber
            | Self::Phrase
            | Self::Enum => None,
        }
    }
}

/// The value as WeChat takes it in this field. A text is cut; a number that is cut would be
/// another one, so it is refused.
pub fn fit(field: &str, value: &str) -> Result<String, BadField> {
    let bad = |why| BadField { field: field.chars().filter(|c| !c.is_control()).take(40).collect(), why };
    let kind = Kind::of(field).ok_or_else(|| bad("a name is a kind and a number, as in thing1 or date2"))?;
    let value = fit_kind(kind, &on_one_line(value)).map_err(bad)?;
    if value.is_empty() { kind.neutral().map(Into::into).ok_or_else(|| bad("has no value")) } else { Ok(value) }
}

fn fit_kind(kind: Kind, text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let only = |good: fn(char) -> bool| -> String { text.chars().filter(|c| good(*c)).collect() };
    let known = |good: bool, why| if good { Ok(text.to_owned()) } else { Err(why) };
    match kind {
        Kind::Thing => Ok(cut(text, 20, "…")),
        Kind::Enum => Ok(cut(text, 20, "")),
        Kind::Number => known(is_number(text) && units(text) <= 32, "a number has at most 32 digits"),
        Kind::Letter => {
            Ok(cut(&known(text.chars().all(|c| c.is_ascii_alphabetic()), "only letters may stand here")?, 32, ""))
        }
        Kind::Symbol => {
            Ok(cut(&known(!text.chars().any(char::is_alphanumeric), "only symbols may stand here")?, 5, ""))
        }
        Kind::CharacterString => Ok(cut(&only(|c| c.is_ascii_graphic()), 32, "...")),
        Kind::Time => {
            known(is_range(text, is_time), "a time is like 19:30, or 2026年1月2日 19:30; a span like 19:30~21:00")
        }
        Kind::Date => {
            known(is_range(text, is_date), "a date is like 2026年1月2日 or 2026-01-02, with or without a time")
        }
        Kind::Amount => known(is_amount(text), "an amount is like ¥88.50, of at most 10 digits"),
        Kind::PhoneNumber => known(is_phone(text), "a phone number has at most 17 digits and symbols"),
        Kind::CarNumber => known(units(text) <= 8, "a car's number has at most 8 characters"),
        Kind::Name => Ok(name(&on_one_line(&only(in_a_name)))),
        Kind::Phrase => {
            known(text.chars().all(is_han), "a phrase has at most 5 Chinese characters").map(|t| cut(&t, 5, ""))
        }
    }
}

/// Without control characters, and with a space for each run of white.
fn on_one_line(text: &str) -> String {
    let shown = |c: char| if c.is_whitespace() || c.is_control() { ' ' } else { c };
    let visible = text.chars().map(shown).filter(|c| !is_invisible(*c));
    visible.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What only directs how others are written.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// What counts as a character: an emoji as two, so that no way of counting finds too many.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// At most so many, with a mark of the cut at the end.
fn cut(text: &str, max: usize, mark: &str) -> String {
    if units(text) <= max {
        return text.to_owned();
    }
    let mut room = max - units(mark);
    let mut kept: String = text
        .chars()
        .take_while(|c| match room.checked_sub(c.len_utf16()) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        })
        .collect();
    kept.truncate(kept.trim_end().len());
    kept + mark
}

/// 10 characters, or 20 where all are of the Latin alphabet.
fn name(text: &str) -> String {
    let text = text.trim();
    cut(text, if text.is_ascii() { 20 } else { 10 }, "").trim().to_owned()
}

/// Letters of any script that are not numbers too, and what joins them.
fn in_a_name(c: char) -> bool {
    (c.is_alphabetic() && !c.is_numeric()) || c.is_ascii_punctuation() || matches!(c, ' ' | '·')
}

/// Of the characters in use; the rare ones beyond are left out, as not every reader knows them.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

fn is_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    is_digits(whole, 1..=32) && is_digits(part, 1..=32)
}

fn is_amount(text: &str) -> bool {
    let text = text.strip_prefix(['¥', '￥', '$', '€', '£']).unwrap_or(text);
    let text = text.strip_suffix('元').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    is_digits(whole, 1..=10) && is_digits(part, 1..=10) && whole.len() + part.len() <= 11
}

fn is_phone(text: &str) -> bool {
    units(text) <= 17
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b"+-() *#".contains(&b))
}

/// One, or two with a wave between them.
fn is_range(text: &str, is_one: fn(&str) -> bool) -> bool {
    match text.split_once('~') {
        Some((from, to)) => is_one(from.trim()) && (is_one(to.trim()) || is_clock(to.trim())),
        None => is_one(text),
    }
}

/// With a time of day, and with or without a date before it.
fn is_time(text: &str) -> bool {
    match text.rsplit_once(' ') {
        Some((date, time)) => is_day(date.trim()) && is_clock(time),
        None => is_clock(text),
    }
}

/// With a date, and with or without a time of day after it.
fn is_date(text: &str) -> bool {
    match text.rsplit_once(' ') {
        Some((date, time)) => is_day(date.trim()) && is_clock(time),
        None => is_day(text),
    }
}

fn within(text: &str, range: std::ops::RangeInclusive<u32>) -> bool {
    is_digits(text, 1..=4) && text.parse().is_ok_and(|n| range.contains(&n))
}

fn is_clock(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let sixtieth = |part: &&str| part.len() == 2 && within(part, 0..=59);
    (2..=3).contains(&parts.len()) && parts[0].len() <= 2 && within(parts[0], 0..=23) && parts[1..].iter().all(sixtieth)
}

fn is_day(text: &str) -> bool {
    let chinese = || {
        text.strip_suffix('日').and_then(|t| t.split_once('年')).and_then(|(y, rest)| Some((y, rest.split_once('月')?)))
    };
    let dashed = || {
        ['-', '/', '.'].iter().find_map(|s| text.split_once(*s).and_then(|(y, rest)| Some((y, rest.split_once(*s)?))))
    };
    chinese().or_else(dashed).is_some_and(|(year, (month, day))| {
        year.len() == 4 && within(year, 1900..=2999) && within(month, 1..=12) && within(day, 1..=31)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_made_to_fit_as_long_as_they_say_the_same() {
        let forty = "字".repeat(40);
        let nineteen = format!("{}…", "字".repeat(19));
        let letters = "a".repeat(40);
        for (field, value, fitted) in [
            ("thing1", "书法入门", "书法入门"),
            ("thing1", "  two\r\n\tlines\u{0} ", "two lines"),
            ("thing12", &*forty, &*nineteen),
            ("thing1", &"字".repeat(20), &"字".repeat(20)),
            ("thing1", "🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉", "🎉🎉🎉🎉🎉🎉🎉🎉🎉…"),
            ("thing1", "a\u{202e}b\u{200b}", "ab"),
            ("thing1", "", "-"),
            ("thing1", " \n", "-"),
            ("number2", "-12.50", "-12.50"),
            ("letter3", &letters, &letters[..32]),
            ("symbol1", "", "-"),
            ("symbol1", "!!!!!!!", "!!!!!"),
            ("character_string4", "BK20251112-000001", "BK20251112-000001"),
            ("character_string4", "约 BK 1", "BK1"),
            ("character_string4", "约课", "-"),
            ("character_string4", &letters, &format!("{}...", &letters[..29])),
            ("time5", "19:30", "19:30"),
            ("time5", "2026年1月2日 19:30:05", "2026年1月2日 19:30:05"),
            ("time5", "2026-01-02 19:30~21:00", "2026-01-02 19:30~21:00"),
            ("date6", "2026年1月2日", "2026年1月2日"),
            ("date6", "2026/1/2 19:30", "2026/1/2 19:30"),
            ("date6", "2026.1.2~2026.1.3", "2026.1.2~2026.1.3"),
            ("amount7", "¥88.50", "¥88.50"),
            ("amount7", "88元", "88元"),
            ("phone_number8", "+86 138-0013-8000", "+86 138-0013-8000"),
            ("car_number9", "京A12345", "京A12345"),
            ("name10", "李小明", "李小明"),
            ("name10", "Amy_2 🎉", "Amy_"),
            ("name10", "Bartholomew Featherstonehaugh", "Bartholomew Feathers"),
            ("name10", "一二三四五六七八九十甲乙", "一二三四五六七八九十"),
            ("name10", "", "-"),
            ("name10", "123", "-"),
            ("phrase11", "等待中", "等待中"),
            ("phrase11", "一二三四五六", "一二三四五"),
            ("enum12", "书法", "书法"),
        ] {
            assert_eq!(fit(field, value).as_deref(), Ok(fitted), "{field} {value}");
            assert_eq!(fit(field, fitted).as_deref(), Ok(fitted), "what fits is kept: {field} {fitted}");
        }
    }

    #[test]
    fn what_would_say_something_else_is_refused_by_name() {
        let digits = "1".repeat(33);
        for (field, value) in [
            ("number2", ""),
            ("number2", "one"),
            ("number2", "１２"),
            ("number2", &*digits),
            ("number2", "1.2.3"),
            ("number2", "."),
            ("letter3", "abc1"),
            ("symbol3", "a!"),
            ("time5", ""),
            ("time5", "24:00"),
            ("time5", "7:5"),
            ("time5", "2025-11-12T19:00:00+08:00"),
            ("time5", "2026年1月2日"),
            ("time5", "19:00-21:00"),
            ("date6", "2026年13月2日"),
            ("date6", "tomorrow"),
            ("date6", "2026-01/02"),
            ("date6", "19:30"),
            ("amount7", "12345678901"),
            ("amount7", "¥"),
            ("amount7", "-1"),
            ("phone_number8", "138001380001380013"),
            ("phone_number8", "call me"),
            ("car_number9", "京A1234567"),
            ("phrase11", "OK"),
            ("phrase11", ""),
            ("enum12", ""),
        ] {
            let bad = fit(field, value).expect_err(&format!("{field} {value}"));
            assert!(bad.to_string().contains(field), "{bad}");
        }
        for field in ["thing", "1", "", "thing1x", "color1", "Thing1", "thing12345", "thing\n1", "约1"] {
            assert!(fit(field, "x").is_err(), "{field}");
        }
    }
}
