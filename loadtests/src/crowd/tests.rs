use super::*;

fn reply(status: u16, body: Value) -> Result<Reply, Lost> {
    Ok(Reply { status, retry_after: None, body: body.to_string().into_bytes() })
}

fn place(is_offered: bool) -> Has {
    Has::Place { id: "p".into(), is_offered }
}

#[test]
fn students_remember_what_they_were_told() {
    let booked = json!({ "data": { "id": "b" } });
    let joined = json!({ "data": { "waitlist_id": "p" } });
    let won = json!({ "data": { "booking": { "id": "b" } } });
    let offered = json!({ "data": { "mine": { "offer": { "id": "o" } } } });
    let refused = |reason: &str| json!({ "reason": reason });
    for (name, had, result, has) in [
        ("book", Has::Nothing, reply(201, booked), Has::Booking("b".into())),
        ("book", Has::Nothing, reply(409, refused("schedule_full")), Has::Nothing),
        ("book", Has::Nothing, reply(503, refused("outcome_unknown")), Has::Unknown),
        ("book", Has::Nothing, reply(503, refused("overloaded")), Has::Nothing),
        ("join", Has::Nothing, reply(200, joined), place(false)),
        ("look", place(false), reply(200, offered), place(true)),
        ("claim", place(true), reply(200, won), Has::Booking("b".into())),
        ("claim", place(true), reply(409, refused("offer_taken")), place(false)),
        ("leave", place(false), reply(200, json!({})), Has::Nothing),
        ("cancel", Has::Booking("b".into()), reply(200, json!({})), Has::Nothing),
    ] {
        assert_eq!(after(name, had, &result), (has, None), "{name}");
    }
}

#[test]
fn what_nobody_expects_is_kept() {
    let wrong = [reply(500, json!({})), reply(409, json!({ "reason": "already_booked" })), Err(Lost("gone".into()))];
    for result in wrong {
        assert!(after("book", Has::Nothing, &result).1.is_some(), "{result:?}");
    }
}

type History = (Vec<(usize, Has)>, Vec<Mine>, Vec<Class>, Vec<String>);

/// One class of one seat: one student booked, one waits, one has nothing.
fn fair() -> History {
    let has = vec![(0, Has::Booking("b".into())), (0, place(false)), (0, Has::Nothing)];
    let rows = vec![
        Mine { booking: Some("b".into()), place: None },
        Mine { booking: None, place: Some(("p".into(), 1)) },
        Mine::default(),
    ];
    (has, rows, vec![Class { capacity: 1, taken: 1, offered: 0, waiting: 1 }], Vec::new())
}

fn violated((has, rows, classes, unexpected): &History) -> Vec<String> {
    checks(has, rows, classes, unexpected, 9).into_iter().filter(|c| !c.ok).map(|c| c.name).collect()
}

/// A check's name, and what makes it fail.
type Sabotage = (&'static str, fn(&mut History));

#[test]
fn each_check_finds_its_violation() {
    assert!(violated(&fair()).is_empty());
    let sabotage: [Sabotage; 8] = [
        ("answers that the rows contradict", |h| h.0[0].1 = Has::Nothing),
        ("answers that the rows contradict", |h| h.1[2].booking = Some("x".into())),
        ("answers that the rows contradict", |h| h.1[1].place = None),
        ("classes with more sold than there is", |h| h.2[0].taken = 2),
        ("classes with more sold than there is", |h| h.2[0].offered = 1),
        ("classes that count otherwise than their students", |h| h.2[0].taken = 0),
        ("classes whose positions are not 1, 2, 3 …", |h| h.1[1].place = Some(("p".into(), 2))),
        ("answers that nobody expects", |h| h.3.push("500".into())),
    ];
    for (name, break_it) in sabotage {
        let mut history = fair();
        break_it(&mut history);
        assert!(violated(&history).iter().any(|v| v == name), "{name}: {:?}", violated(&history));
    }
}
