//! Templates of subscribe messages, and what is made to fit into their fields.
//!
//! `templates`: a line each for the id, the page and then field and text by turns. What compiles
//! says something in every field that it names, whatever the message says.
//! `fields`: a field and a value by a line break. What fits, fits again unchanged, stands on one line
//! and is short.

use serde_json::json;
use yueke::{
    base::{lang::Lang, time::Zone},
    gateways::wechat::fields,
    outbox::{
        Kind,
        wechat::{Templates, templates::TemplateText},
    },
};

pub fn templates(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.lines();
    let (id, page) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let rest: Vec<&str> = lines.collect();
    let fields = rest.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let text = TemplateText { kind: "seat_offered", id, page, fields };
    let named = text.fields.len();
    match Templates::compile([text]) {
        Err(wrong) => assert!(!wrong.is_empty() && wrong.iter().all(|line| !line.is_empty())),
        Ok(templates) => {
            let template = templates.of(Kind::SeatOffered).expect("it was compiled");
            let data = json!({ "course_name": text_of(input), "deadline": text_of(input), "starts_at": 7 });
            let rendered = template.render(Kind::SeatOffered, &data, Lang::Zh, Zone::SHANGHAI);
            assert!(rendered.fields.len() <= named && !rendered.page.is_some_and(|page| page.is_empty()));
        }
    }
}

fn text_of(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

/// No field of WeChat's takes more characters than this.
const CHARS_MAX: usize = 64;

pub fn fields(input: &[u8]) {
    let text = text_of(input);
    let (field, value) = text.split_once('\n').unwrap_or((&text, ""));
    match fields::fit(field, value) {
        Ok(fitted) => {
            assert!(!fitted.is_empty() && !fitted.chars().any(char::is_control), "{field}: {fitted:?}");
            assert!(fitted.chars().count() <= CHARS_MAX, "{field}: {fitted}");
            assert_eq!(fields::fit(field, &fitted).as_deref(), Ok(&*fitted), "{field}");
        }
        Err(bad) => assert!(!bad.why.is_empty() && bad.field.chars().count() <= 40, "{bad}"),
    }
}
