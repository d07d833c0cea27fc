//! What the fuzzer drives: a function for each thing that others write and yueke reads. Besides not
//! panicking each holds to a property, told at its top. An ordinary test runs them over the
//! committed corpus.

pub mod bodies;
mod config;
mod headers;
mod names;
mod queries;
mod rows;
mod sockets;
mod templates;
pub mod tokens;

use yueke::web::{error::Problem, reply::Lang};

/// One input, made up by the fuzzer.
pub type Target = fn(&[u8]);

/// By name: `fuzz/corpus/<name>` holds what each begins with.
pub const TARGETS: &[(&str, Target)] = &[
    ("bodies", bodies::bodies),
    ("config", config::config),
    ("events", rows::events),
    ("fields", templates::fields),
    ("headers", headers::headers),
    ("names", names::names),
    ("notices", rows::notices),
    ("policies", bodies::policies),
    ("queries", queries::queries),
    ("sockets", sockets::sockets),
    ("templates", templates::templates),
    ("tokens", tokens::tokens),
];

/// No input is told back at length: what is told of it is bounded.
const TOLD_BYTES_MAX: usize = 1_024;

/// A problem of the input itself: 400, and it names a field.
fn check_invalid(problem: &Problem) {
    let Problem::Invalid { field, zh, en } = problem else { panic!("{problem} is no fault of a field") };
    assert!(!field.is_empty() && !zh.is_empty() && !en.is_empty(), "{problem:?}");
    assert_eq!(problem.row().status, 400);
    for lang in [Lang::Zh, Lang::En] {
        let body = problem.body(lang, "id");
        assert!(body.len() < 3 * TOLD_BYTES_MAX, "{body}");
        let body: serde_json::Value = serde_json::from_str(&body).expect("an answer is JSON");
        let message = body["message"].as_str().expect("a message");
        assert!(message.contains(&**field) && message.len() < TOLD_BYTES_MAX, "{message}");
    }
}
