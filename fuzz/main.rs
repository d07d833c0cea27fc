//! The fuzzer: libFuzzer around the target that `YUEKE_FUZZ_TARGET` names. Run by scripts/fuzz.

#![no_main]

mod targets;

use std::sync::LazyLock;

use targets::{TARGETS, Target};

/// The target of the self-check: a panic that is found within a lifetime only by following the
/// branches, a byte at a time.
fn planted(input: &[u8]) {
    for (i, wanted) in b"yue!".iter().enumerate() {
        if input.get(i) != Some(wanted) {
            return;
        }
    }
    panic!("the planted panic was found");
}

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("YUEKE_FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().chain(&[("planted", planted as Target)]).find(|(n, _)| *n == name);
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    found.unwrap_or_else(|| panic!("YUEKE_FUZZ_TARGET is `{name}`: use one of {}", names.join(", "))).1
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| TARGET(input));
