//! Whether rows and events tell the same state.

use yueke::domain::schedule::Schedule;

/// Where they differ, in words.
pub fn difference(rows: &Schedule, events: &Schedule) -> Option<String> {
    first_difference(&words_of(rows), &words_of(events))
}

/// A state in words. Offers that ended in the same millisecond may stand in either order.
fn words_of(s: &Schedule) -> Vec<String> {
    let text = format!("{s:?}");
    let (state, ended) = text.split_once("ended_offers: [").unwrap_or((&text, ""));
    let (ended, rest) = ended.split_once(']').unwrap_or((ended, ""));
    let mut ended: Vec<&str> = ended.split("EndedOffer").map(|o| o.trim_end_matches(", ")).collect();
    ended.sort_unstable();
    [state, rest].into_iter().chain(ended).flat_map(|part| part.split(' ')).map(str::to_owned).collect()
}

fn first_difference(a: &[String], b: &[String]) -> Option<String> {
    let place = (0..a.len().max(b.len())).find(|&i| a.get(i) != b.get(i))?;
    let around = |words: &[String]| words.iter().skip(place.saturating_sub(4)).take(12).cloned().collect::<Vec<_>>();
    Some(format!("`{}` and `{}`", around(a).join(" "), around(b).join(" ")))
}
