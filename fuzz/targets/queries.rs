//! Query strings. What is read is written and read again to the same; a page is within its bounds;
//! an error names the parameter.

use yueke::{
    base::time::Zone,
    web::{
        error::Problem,
        extract::{Page, Query},
    },
};

use super::check_invalid;

/// The input as what stands after the `?`.
pub fn queries(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let query = match Query::parse(text) {
        Ok(query) => query,
        Err(problem) => return check_invalid(&problem),
    };
    match query.page() {
        Ok(page @ Page { page: number, page_size }) => {
            assert!(number >= 1 && (1..=100).contains(&page_size));
            assert_eq!(page.offset(), i64::from(number - 1) * page.limit());
        }
        Err(problem) => check_invalid(&problem),
    }
    for name in ["from", "to"] {
        match query.instant(name, Zone::SHANGHAI) {
            Ok(Some(at)) => assert_eq!(instant_of(&Zone::SHANGHAI.rfc3339(at)), Some(at)),
            Ok(None) => {}
            Err(problem) => check_invalid(&problem),
        }
    }
    if let Err(problem) = query.student() {
        assert!(matches!(problem, Problem::NotFound));
    }
    if let Some(status) = query.get("status") {
        assert!(!status.is_empty() && !status.contains('\0'));
        assert_eq!(
            Query::parse(&format!("status={}", encoded(status))).ok().as_ref().and_then(|q| q.get("status")),
            Some(status)
        );
    }
}

fn instant_of(text: &str) -> Option<yueke::base::time::Timestamp> {
    Query::parse(&format!("at={}", encoded(text))).ok()?.instant("at", Zone::SHANGHAI).ok()?
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02x}")).collect()
}
