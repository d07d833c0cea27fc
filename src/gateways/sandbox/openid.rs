//! Openids that can be read back: after a restart the sandbox still knows whom one means.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// A person's name, in bytes.
pub const PERSON_BYTES_MAX: usize = 64;

const CHECK_BYTES: usize = 6;

/// Whether somebody may be called so: it stands in paths and on the page.
pub fn is_name(person: &str) -> bool {
    (1..=PERSON_BYTES_MAX).contains(&person.len())
        && person.trim() == person
        && !matches!(person, "." | "..")
        && !person.chars().any(|c| c.is_control() || is_unseen(c) || matches!(c, '/' | '\\' | '?' | '#' | '%'))
}

/// Characters that turn a line around, break it, or cannot be seen: two names would look alike.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// This person's openid at this mini-program: the name itself, written in safe characters, and a
/// checksum that depends on the mini-program.
pub fn openid_of(appid: &str, person: &str) -> String {
    let mut openid = "o".to_owned();
    for byte in person.as_bytes().iter().chain(&check(appid, person)) {
        // Never fails for a string.
        let _ = write!(openid, "{byte:02x}");
    }
    openid
}

/// Whose openid it is; none where it is not of this mini-program, or of nobody.
pub fn person_of(appid: &str, openid: &str) -> Option<String> {
    let hex = openid.strip_prefix('o').filter(|h| h.len() <= 2 * (PERSON_BYTES_MAX + CHECK_BYTES))?;
    if hex.len() % 2 != 0 || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok()).collect();
    let bytes = bytes?;
    let (name, sum) = bytes.split_at_checked(bytes.len().checked_sub(CHECK_BYTES)?)?;
    let person = std::str::from_utf8(name).ok().filter(|p| is_name(p))?;
    (check(appid, person) == sum).then(|| person.to_owned())
}

fn check(appid: &str, person: &str) -> [u8; CHECK_BYTES] {
    let sum = Sha256::new().chain_update(appid).chain_update([0]).chain_update(person).finalize();
    std::array::from_fn(|i| sum[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_openid_can_be_read_back_and_only_by_its_own_mini_program() {
        for person in ["amy", "小明", "a b", "Zoë-1_2.3"] {
            let openid = openid_of("wx1", person);
            assert!(openid.starts_with('o') && openid.bytes().all(|b| b.is_ascii_alphanumeric()), "{openid}");
            assert_eq!(person_of("wx1", &openid).as_deref(), Some(person));
            assert_eq!(person_of("wx2", &openid), None);
        }
    }

    #[test]
    fn what_is_no_openid_is_nobodys() {
        let good = openid_of("wx1", "amy");
        let end = good.len() - 1;
        let other = if good.ends_with('0') { "1" } else { "0" };
        for bad in [
            "",
            "o",
            "o00",
            "ohello",
            "amy",
            "o\u{2014}",
            &good[1..],
            &good[..end],
            &format!("{}{other}", &good[..end]),
        ] {
            assert_eq!(person_of("wx1", bad), None, "{bad}");
        }
        assert_eq!(person_of("wx1", &good.to_uppercase()), None);
        for odd in ["a/b", "a?", "a#", "%2F", " a", ".", "a\u{202e}b", "\u{200f}", "a\u{2066}", "a\nb"] {
            assert_eq!(person_of("wx1", &openid_of("wx1", odd)), None, "{odd:?}");
        }
    }
}
