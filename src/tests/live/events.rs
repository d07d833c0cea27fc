//! What happens to a person is told to them, all of it, and to nobody else.

use serde_json::{Value, json};

use super::site::{Site, Socket};

/// `event schedule offer-stage` of each event, in order.
async fn heard(socket: &mut Socket) -> Vec<Value> {
    let said = socket.settle().await;
    assert!(said.iter().all(|e| e["type"] == "event"), "{said:#?}");
    said
}

fn names(events: &[Value]) -> Vec<String> {
    let name = |e: &Value| {
        let detail = match e["event"].as_str().expect("a name") {
            "seat_offered" | "offer_lapsed" => format!(" {}", e["data"]["stage"].as_str().expect("a stage")),
            "booking" => format!(" {}", e["data"]["status"].as_str().expect("a status")),
            "position" => format!(" {}", e["data"]["position"]),
            _ => String::new(),
        };
        format!("{}{detail}", e["event"].as_str().expect("a name"))
    };
    let mut names: Vec<String> = events.iter().map(name).collect();
    // Within one turn the order is nobody's concern.
    names.sort();
    names
}

#[actix_web::test]
async fn a_race_and_a_turn_as_those_who_wait_hear_them() {
    let site = Site::start().await;
    let class = site.class(1).await;
    let (amy, ben, cat) = (site.student("amy").await, site.student("ben").await, site.student("cat").await);
    let first = site.book(&amy, &class).await;
    let (ben_waits, cat_waits) = (site.join(&ben, &class).await, site.join(&cat, &class).await);
    let mut ears = Vec::new();
    for person in [&amy, &ben, &cat] {
        let mut socket = site.socket(person).await;
        let snapshot = socket.subscribe("me").await;
        assert!(snapshot["epoch"].is_u64() && snapshot["data"].is_object(), "{snapshot}");
        ears.push(socket);
    }
    let [amy_hears, ben_hears, cat_hears] = &mut ears[..] else { panic!("three") };

    // A race: both are offered the seat.
    site.cancel(&amy, &first).await;
    assert_eq!(names(&heard(amy_hears).await), ["booking cancelled"]);
    for (socket, place) in [(&mut *ben_hears, &ben_waits), (&mut *cat_hears, &cat_waits)] {
        let events = heard(socket).await;
        assert_eq!(names(&events), ["seat_offered race"]);
        let data = &events[0]["data"];
        assert_eq!((&data["schedule_id"], &data["waitlist_id"]), (&json!(class), &json!(place)));
        assert_eq!(data["sent_at"], "2025-11-12T12:00:00.000+08:00");
        assert_eq!(data["deadline"], "2025-11-12T12:15:00.000+08:00");
        assert!(data["offer_id"].is_string() && events[0]["id"].is_string(), "{data}");
    }

    // The second in line is faster.
    let won = site.accept(&cat, &cat_waits).await;
    let events = heard(cat_hears).await;
    assert_eq!(names(&events), ["booking confirmed"]);
    assert_eq!(events[0]["data"]["id"], json!(won));
    assert_eq!(names(&heard(ben_hears).await), ["offer_lost"]);

    // The race for the next seat finds only one who waits; it lapses into an exclusive turn.
    let dan = site.student("dan").await;
    site.join(&dan, &class).await;
    let mut dan_hears = site.socket(&dan).await;
    dan_hears.subscribe("me").await;
    site.cancel(&cat, &won).await;
    assert_eq!(names(&heard(ben_hears).await), ["seat_offered race"]);
    assert_eq!(names(&heard(&mut dan_hears).await), ["seat_offered race"]);
    site.advance(10).await;
    assert_eq!(names(&heard(ben_hears).await), ["offer_reminder"]);
    site.advance(5).await;
    let events = heard(ben_hears).await;
    assert_eq!(names(&events), ["offer_lapsed race", "seat_offered turn"]);
    let offered = events.iter().find(|e| e["event"] == "seat_offered").expect("offered");
    assert_eq!(offered["data"]["deadline"], "2025-11-12T12:30:00.000+08:00");
    assert_eq!(names(&heard(&mut dan_hears).await).first().map(String::as_str), Some("offer_lapsed race"));

    // The turn lapses too: it passes on, and the queue moves up.
    site.advance(15).await;
    let events = names(&heard(ben_hears).await);
    assert!(events.contains(&"offer_lapsed turn".to_owned()), "{events:?}");
    let events = names(&heard(&mut dan_hears).await);
    assert!(events.contains(&"position 1".to_owned()), "{events:?}");
    assert!(events.contains(&"seat_offered turn".to_owned()), "{events:?}");
    assert_eq!(names(&heard(amy_hears).await), [""; 0], "amy is not concerned any more");
    site.stop().await;
}

#[actix_web::test]
async fn nobody_hears_what_happens_to_others() {
    let site = Site::start().await;
    let class = site.class(3).await;
    let (amy, ben) = (site.student("amy").await, site.student("ben").await);
    let mut ben_hears = site.socket(&ben).await;
    ben_hears.subscribe("me").await;
    site.book(&amy, &class).await;
    assert!(heard(&mut ben_hears).await.is_empty());
    let booking = site.book(&ben, &class).await;
    let events = heard(&mut ben_hears).await;
    assert_eq!(names(&events), ["booking confirmed"]);
    assert_eq!(events[0]["data"]["id"], json!(booking));
    site.stop().await;
}

#[actix_web::test]
async fn a_teacher_hears_of_bookings_on_their_own_classes() {
    let site = Site::start().await;
    let (tom, tina) = (site.login("teacher", "tom").await, site.login("teacher", "tina").await);
    let of = |teacher: &str| json!({"teacher_id": teacher});
    let (his, hers) = (site.class_of(2, of(&tom.teacher)).await, site.class_of(2, of(&tina.teacher)).await);
    let mut socket = site.socket(&tom).await;
    socket.subscribe("coach").await;
    let (amy, ben) = (site.student("amy").await, site.student("ben").await);
    let booking = site.book(&amy, &his).await;
    site.book(&ben, &hers).await;
    let events = heard(&mut socket).await;
    assert_eq!(names(&events), ["booking confirmed"]);
    assert_eq!((&events[0]["topic"], &events[0]["data"]["id"]), (&json!("coach"), &json!(booking)));
    assert_eq!(events[0]["data"]["schedule_id"], json!(his));
    site.cancel(&amy, &booking).await;
    let events = heard(&mut socket).await;
    assert_eq!(names(&events), ["booking cancelled"]);
    socket.say(json!({"type": "unsubscribe", "topic": "coach"})).await;
    site.book(&amy, &his).await;
    assert!(heard(&mut socket).await.is_empty());
    site.stop().await;
}
