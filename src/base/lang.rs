//! The language in which something is told.

/// Chinese unless English is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    Zh,
    En,
}

impl Lang {
    /// From an `Accept-Language` header: English when it begins with it.
    pub fn of(accept_language: Option<&str>) -> Self {
        match accept_language {
            Some(v) if v.trim_start().get(..2).is_some_and(|l| l.eq_ignore_ascii_case("en")) => Self::En,
            Some(_) | None => Self::Zh,
        }
    }
}
