use serde_json::json;

use super::*;

fn text(kind: &str, epoch: u64, version: u64) -> String {
    let data = json!({ "seats_taken": version, "waitlist": {}, "mine": {}, "server_time": "now" });
    format!(r#"{{"type":"{kind}","topic":"schedule:x","epoch":{epoch},"version":{version},"data":{data}}}"#)
}

fn after(texts: &[String]) -> Seen {
    let mut seen = Seen::default();
    for text in texts {
        seen.take(text.clone());
    }
    seen
}

#[test]
fn an_order_without_gaps_is_no_violation() {
    let seen = after(&[text("snapshot", 1, 5), text("frame", 1, 6), text("frame", 1, 9), text("snapshot", 2, 9)]);
    assert_eq!((seen.gaps.len(), seen.frames, seen.skipped), (0, 4, 1));
    assert_eq!(seen.order, Some((2, 9)));
    assert_eq!(after(&["{\"type\":\"pong\"}".into()]).frames, 0);
}

#[test]
fn every_kind_of_disorder_is_found() {
    let bare = r#"{"type":"frame","topic":"t","epoch":1,"version":9,"data":{"seats_taken":1}}"#;
    for (name, texts) in [
        ("backwards", vec![text("snapshot", 1, 5), text("frame", 1, 4)]),
        ("twice", vec![text("snapshot", 1, 5), text("frame", 1, 6), text("frame", 1, 6)]),
        ("an older epoch", vec![text("snapshot", 2, 5), text("frame", 1, 6)]),
        ("an older snapshot", vec![text("snapshot", 1, 5), text("snapshot", 1, 4)]),
        ("no snapshot first", vec![text("frame", 1, 5)]),
        ("a skip without a whole state", vec![text("snapshot", 1, 5), bare.into()]),
        ("no version", vec![r#"{"type":"frame","topic":"t"}"#.into()]),
    ] {
        assert_eq!(after(&texts).gaps.len(), 1, "{name}");
    }
}

fn fair() -> (Seen, Value) {
    let mut seen = after(&[text("snapshot", 1, 5)]);
    seen.back_in = Some(1);
    let truth = json!({ "seats_taken": 5, "waitlist": {}, "mine": {}, "server_time": "later" });
    (seen, truth)
}

fn violated(seen: Seen, truth: Value) -> Vec<String> {
    checks(&[seen], &[truth]).into_iter().filter(|c| !c.ok).map(|c| c.name).collect()
}

#[test]
fn each_check_finds_its_violation() {
    let (seen, truth) = fair();
    assert!(violated(seen.clone(), truth.clone()).is_empty());
    let (mut away, mut torn) = (seen.clone(), seen.clone());
    away.back_in = Some(0);
    torn.gaps.push("gap".into());
    assert_eq!(violated(away, truth.clone()), ["watchers that did not come back with the latest state"]);
    assert_eq!(violated(torn, truth.clone()), ["frames out of order, or gaps without a whole state"]);
    for other in [json!({ "seats_taken": 4, "waitlist": {}, "mine": {} }), Value::Null] {
        assert_eq!(violated(seen.clone(), other), ["watchers who see in the end what HTTP does not say"]);
    }
}

#[test]
fn a_change_is_timed_whoever_hears_of_it_first() {
    let (class, recorder, sent) = (Class::default(), Recorder::default(), Instant::now());
    class.saw(1, sent + Duration::from_millis(2), &recorder);
    assert_eq!(recorder.count(FRAME), 0);
    class.changed((1, 1), sent, &recorder);
    class.saw(1, sent + Duration::from_millis(4), &recorder);
    assert_eq!(recorder.count(FRAME), 2);
    class.saw(0, sent, &recorder);
    assert_eq!(recorder.count(FRAME), 2, "a state from before the run has no request");
}
