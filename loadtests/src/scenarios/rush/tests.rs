use super::*;

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, retry_after: None, body: body.into() }
}

/// Two seats, one place, four clients; all as it should be.
fn fair() -> History {
    let booked = |id: &str| Told { booking: Some(id.into()), ..Told::default() };
    let same = || Some((Ok(reply(201, "a")), Ok(reply(201, "a"))));
    let told = vec![
        Told { twice: same(), ..booked("b0") },
        booked("b1"),
        Told { place: Some("p2".into()), ..Told::default() },
        Told { reason: "queue_full".into(), ..Told::default() },
    ];
    let row = |id: &str| Mine { booking: Some(id.into()), place: None };
    let rows = vec![row("b0"), row("b1"), Mine { booking: None, place: Some(("p2".into(), 1)) }, Mine::default()];
    History { seats: 2, places: 1, told, rows, seats_taken: 2, waiting: 1, listed: 2 }
}

fn violated(history: &History) -> Vec<String> {
    checks(history).into_iter().filter(|c| !c.ok).map(|c| c.name).collect()
}

#[test]
fn a_fair_rush_is_safe() {
    assert_eq!(violated(&fair()), Vec::<String>::new());
}

#[test]
fn fewer_clients_than_seats_are_all_booked() {
    let mut history = fair();
    (history.seats, history.places) = (4, 9);
    assert_eq!(violated(&history).len(), 5, "two seats stayed free though four wanted them");
}

/// A check's name, and what makes it fail.
type Sabotage = (&'static str, fn(&mut History));

/// Each of these breaks one thing, and the check of that name finds it.
#[test]
fn each_check_finds_its_violation() {
    let sabotage: [Sabotage; 12] = [
        ("clients that were told they are booked", |h| h.told[3].booking = Some("b3".into())),
        ("seats taken in the end", |h| h.seats_taken = 3),
        ("active bookings in the operator's list", |h| h.listed = 1),
        ("clients that were told they are queued", |h| h.told[2].place = None),
        ("length of the waitlist in the end", |h| h.waiting = 0),
        ("answers that the rows contradict", |h| h.rows[1].booking = None),
        ("answers that the rows contradict", |h| h.rows[1].booking = Some("another".into())),
        ("answers that the rows contradict", |h| h.rows[3].place = Some(("p3".into(), 2))),
        ("double taps with two answers", |h| {
            h.told[0].twice = Some((Ok(reply(201, "a")), Ok(reply(201, "b"))));
        }),
        ("answers that nobody expects", |h| h.told[3].unexpected.push("500 {}".into())),
        ("clients without an answer", |h| h.told[3].unknown = true),
        ("positions that are not 1, 2, 3 …", |h| h.rows[2].place = Some(("p2".into(), 2))),
    ];
    for (name, break_it) in sabotage {
        let mut history = fair();
        break_it(&mut history);
        assert!(violated(&history).iter().any(|v| v == name), "{name}: {:?}", violated(&history));
    }
}

#[test]
fn what_had_no_answer_may_have_happened() {
    let mut history = fair();
    history.told[1] = Told { unknown: true, ..Told::default() };
    assert!(!violated(&history).iter().any(|v| v == "answers that the rows contradict"));
}

#[test]
fn only_the_refusals_of_the_rules_are_expected() {
    let mut told = Told::default();
    told.refused(&reply(409, r#"{"reason":"schedule_full"}"#), &["schedule_full"]);
    assert!(told.unexpected.is_empty());
    told.refused(&reply(409, r#"{"reason":"already_booked"}"#), &["schedule_full"]);
    told.refused(&reply(500, r#"{"reason":"schedule_full"}"#), &["schedule_full"]);
    assert_eq!(told.unexpected.len(), 2);
}
