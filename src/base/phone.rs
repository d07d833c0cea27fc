//! Telephone numbers, as they are stored (`+8613800000000`) and as they may be shown.

use std::{fmt, str::FromStr};

/// A number in international form. Its debug output and its [`mask`](Self::masked) are all that
/// answers and logs ever tell of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// What was given is no telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a telephone number")]
pub struct BadPhone;

const CHINA: &str = "+86";
/// E.164: at most fifteen digits; no country has numbers of less than eight with its code.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// With all that people put between digits.
const CHARS_MAX: usize = 40;

impl Phone {
    /// `+86 138-0000-0000`, `0086…`, `86138…`, or a Chinese mobile number alone.
    pub fn parse(text: &str) -> Result<Self, BadPhone> {
        if text.len() > CHARS_MAX {
            return Err(BadPhone);
        }
        let kept: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
        let (is_international, digits) = match (kept.strip_prefix('+'), kept.strip_prefix("00")) {
            (Some(rest), _) | (None, Some(rest)) => (true, rest.to_owned()),
            (None, None) => (false, kept),
        };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(BadPhone);
        }
        let national = if is_international { digits.strip_prefix("86") } else { Some(&*digits) };
        let national = national.map(|n| if is_international { n } else { n.strip_prefix("86").unwrap_or(n) });
        match national {
            Some(n) if is_chinese_mobile(n) => Ok(Self(format!("{CHINA}{n}"))),
            // All of China's mobile numbers are like the above.
            Some(_) => Err(BadPhone),
            None if DIGITS.contains(&digits.len()) && !digits.starts_with('0') => Ok(Self(format!("+{digits}"))),
            None => Err(BadPhone),
        }
    }

    /// As others tell it: a country's code and the number within it.
    pub fn of_parts(country_code: &str, number: &str) -> Result<Self, BadPhone> {
        if number.starts_with('+') {
            return Self::parse(number);
        }
        Self::parse(&format!("+{}{number}", country_code.trim_start_matches('+')))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a message to it costs what messages at home cost. Elsewhere are numbers whose owners
    /// are paid for each message.
    pub fn is_at_home(&self) -> bool {
        self.0.starts_with(CHINA)
    }

    /// As it is dialled in China, without +86; elsewhere as it is.
    pub fn dialled(&self) -> &str {
        self.0.strip_prefix(CHINA).unwrap_or(&self.0)
    }

    /// `138****0000`.
    pub fn masked(&self) -> String {
        let shown = self.dialled();
        let (head, tail) = (&shown[..3], &shown[shown.len() - 4..]);
        format!("{head}****{tail}")
    }
}

fn is_chinese_mobile(n: &str) -> bool {
    let n = n.as_bytes();
    n.len() == 11 && n[0] == b'1' && (b'3'..=b'9').contains(&n[1])
}

impl FromStr for Phone {
    type Err = BadPhone;

    fn from_str(s: &str) -> Result<Self, BadPhone> {
        Self::parse(s)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_form() {
        for text in [
            "13812345678",
            "+8613812345678",
            "+86 138-1234-5678",
            "8613812345678",
            "008613812345678",
            " 138 1234 5678 ",
            "(138)1234.5678",
        ] {
            let phone = Phone::parse(text).unwrap();
            assert_eq!((phone.as_str(), &*phone.masked()), ("+8613812345678", "138****5678"), "{text}");
            assert_eq!(format!("{phone:?}"), "138****5678");
            assert!(phone.is_at_home());
        }
        let abroad = Phone::parse("+44 20 7946 0958").unwrap();
        assert_eq!((abroad.as_str(), abroad.is_at_home(), &*abroad.masked()), ("+442079460958", false, "+44****0958"));
        assert_eq!(Phone::of_parts("86", "13812345678").unwrap().as_str(), "+8613812345678");
        assert_eq!(Phone::of_parts("+44", "2079460958").unwrap().as_str(), "+442079460958");
        assert_eq!(Phone::of_parts("86", "+8613812345678").unwrap().as_str(), "+8613812345678");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let long = "1".repeat(200);
        for text in [
            "",
            "+",
            "1381234567",
            "138123456789",
            "12812345678",
            "+8612812345678",
            "+861381234567",
            "02079460958",
            "+0442079460958",
            "+1234567",
            "+1234567890123456",
            "１３８１２３４５６７８",
            "1381234567x",
            "13812345678\0",
            "' or 1=1",
            &long,
        ] {
            assert_eq!(Phone::parse(text), Err(BadPhone), "{text}");
        }
    }
}
