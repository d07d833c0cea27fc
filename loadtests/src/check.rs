//! Safety checks: what must hold whatever the load. One that fails fails the run.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

/// One check, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub expected: String,
    pub found: String,
    pub ok: bool,
}

/// Violations that are told in full; the others are counted.
const TOLD_MAX: usize = 5;

impl Check {
    /// Found and expected are the same.
    pub fn equal<T: PartialEq + Display>(name: &str, expected: T, found: T) -> Self {
        let ok = expected == found;
        Self { name: name.into(), expected: expected.to_string(), found: found.to_string(), ok }
    }

    /// Found is not more than the bound.
    pub fn at_most(name: &str, bound: f64, found: f64, unit: &str) -> Self {
        let ok = found <= bound;
        Self { name: name.into(), expected: format!("≤ {bound:.0} {unit}"), found: format!("{found:.1} {unit}"), ok }
    }

    /// Nobody found anything wrong, and somebody looked.
    pub fn none(name: &str, looked_at: usize, violations: &[String]) -> Self {
        let told = violations.iter().take(TOLD_MAX).map(String::as_str).collect::<Vec<_>>().join("; ");
        let found = match violations.len() {
            0 => format!("none in {looked_at}"),
            n if n > TOLD_MAX => format!("{n} in {looked_at}: {told}; …"),
            n => format!("{n} in {looked_at}: {told}"),
        };
        let ok = violations.is_empty() && looked_at > 0;
        Self { name: name.into(), expected: "none".into(), found, ok }
    }

    /// The run broke off; nothing that it did not see can be vouched for.
    pub fn broken_off(error: &str) -> Self {
        let name = "the run comes to its end".into();
        Self { name, expected: "it does".into(), found: error.into(), ok: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_check_can_fail() {
        assert!(Check::equal("seats", 20, 20).ok && !Check::equal("seats", 20, 21).ok);
        assert!(Check::at_most("memory", 10.0, 10.0, "KiB").ok && !Check::at_most("memory", 10.0, 10.1, "KiB").ok);
        assert!(Check::none("gaps", 3, &[]).ok);
        assert!(!Check::none("gaps", 0, &[]).ok, "nothing was looked at");
        let gaps: Vec<String> = (0..9).map(|i| format!("gap {i}")).collect();
        let check = Check::none("gaps", 9, &gaps);
        assert!(!check.ok && check.found.starts_with("9 in 9: gap 0; ") && check.found.ends_with("…"));
        assert!(!Check::broken_off("the server ended").ok);
    }
}
