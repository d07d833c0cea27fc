//! A panic of an actor ends that actor only; here it is a finding.

use std::cell::RefCell;

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From here on panics are kept instead of printed, by thread.
pub fn watch() {
    std::panic::set_hook(Box::new(|info| {
        SEEN.with(|seen| seen.borrow_mut().push(info.to_string().replace('\n', " ")));
    }));
}

pub fn so_far() -> usize {
    SEEN.with(|seen| seen.borrow().len())
}

pub fn since(before: usize) -> Vec<String> {
    SEEN.with(|seen| seen.borrow_mut().split_off(before))
}
