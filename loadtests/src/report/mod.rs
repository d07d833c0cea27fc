//! The result for people: in the terminal, and as a page that needs nothing else.

mod html;
mod page;
mod plot;

pub use page::{compare_page, compare_text, page, text};
