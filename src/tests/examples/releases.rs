//! Freed seats: W1 to W13.

use serde_json::json;

use super::{
    on_both,
    school::{Person, School, granted, instant, refused, text},
};
use crate::store::database::Database;

/// The class full, and A, B, C in line.
struct Wednesday {
    school: School,
    class: String,
    seated: Vec<(Person, String)>,
    a: (Person, String),
    b: (Person, String),
    c: (Person, String),
}

impl Wednesday {
    async fn at(db: Database, time: &str) -> Self {
        let school = School::open(db, "08:00:00.000").await;
        let class = school.class(6, json!({}), json!({})).await;
        let mut seated = Vec::new();
        for person in school.students("seated", 6).await {
            let booking = school.booked(&person, &class).await;
            seated.push((person, booking));
        }
        let mut waiting = Vec::new();
        for name in ["a", "b", "c"] {
            let person = school.student(name).await;
            let entry = school.join(&person, &class).await;
            waiting.push((person, entry));
        }
        school.at(time).await;
        let c = waiting.pop().expect("three");
        let b = waiting.pop().expect("three");
        let a = waiting.pop().expect("three");
        Self { school, class, seated, a, b, c }
    }

    /// One of the six gives up the seat.
    async fn release(&self, nth: usize) {
        let (person, booking) = &self.seated[nth];
        self.school.cancel(person, booking).await;
    }

    async fn offer(&self, who: &(Person, String)) -> serde_json::Value {
        self.school.seen(&who.0, &self.class).await["mine"]["offer"].clone()
    }

    async fn status(&self, who: &(Person, String)) -> String {
        text(&self.school.entry(&who.0, &who.1).await["status"])
    }

    async fn accept(&self, who: &(Person, String)) -> super::school::Answer {
        self.school.accept(&who.0, &who.1).await
    }

    async fn left(&self) -> (u64, u64) {
        let seen = self.school.seen(&self.a.0, &self.class).await;
        (seen["seats_left"].as_u64().unwrap_or(99), seen["seats_offered"].as_u64().unwrap_or(99))
    }
}

const LAPSED: &str = "候补确认已过期，名额已顺位给下一位候补用户";

on_both! {
    w1_the_queue_ends_at_the_cutoff
    w2_to_w4_a_race_and_its_winner
    w5_w6_the_deadline_and_the_turn_after_it
    w7_nobody_until_the_cutoff
    w8_one_after_the_other
    w9_a_begun_confirm_is_protected
    w10_a_begun_confirm_that_never_ends
    w11_a_window_cut_by_the_cutoff
    w11_a_begun_confirm_beyond_the_cutoff_that_never_ends
    w12_a_release_after_the_cutoff
    w13_restarts
}

async fn w1_the_queue_ends_at_the_cutoff(db: Database) {
    let w = Wednesday::at(db, "12:59:59.999").await;
    let late = w.school.student("late").await;
    w.school.join(&w.school.student("just").await, &w.class).await;
    w.school.at("13:00:00.000").await;
    refused(&w.school.try_join(&late, &w.class).await, "waitlist_closed");
    w.school.close();
}

async fn w2_to_w4_a_race_and_its_winner(db: Database) {
    let w = Wednesday::at(db, "12:30:00.000").await;
    w.release(0).await;
    for who in [&w.a, &w.b, &w.c] {
        let offer = w.offer(who).await;
        assert_eq!((&offer["stage"], &offer["deadline"]), (&json!("race"), &json!(instant("12:45:00.000"))));
        assert_eq!(w.status(who).await, "notified");
    }
    let outsider = w.school.student("outsider").await;
    let answer = w.school.book(&outsider, &w.class).await;
    refused(&answer, "seat_on_offer");
    assert_eq!(answer.1["error"], "时段已被预约");
    w.school.at("12:39:59.999").await;
    assert_eq!(w.school.messages(&w.b.0, "offer_reminder").await, 0);
    w.school.at("12:40:00.000").await;
    for who in [&w.a, &w.b, &w.c] {
        assert_eq!(w.school.messages(&who.0, "seat_offered").await, 1);
        assert_eq!(w.school.messages(&who.0, "offer_reminder").await, 1);
    }
    // All three at once: exactly one winner.
    let (a, b, c) = tokio::join!(w.accept(&w.a), w.accept(&w.b), w.accept(&w.c));
    let answers = [a, b, c];
    assert_eq!(answers.iter().filter(|a| a.0 == 200).count(), 1);
    for loser in answers.iter().filter(|a| a.0 != 200) {
        refused(loser, "offer_taken");
        assert_eq!(loser.1["error"], "名额已被抢占");
    }
    let mut positions = Vec::new();
    for (who, answer) in [&w.a, &w.b, &w.c].into_iter().zip(&answers) {
        if answer.0 == 200 {
            assert_eq!(w.status(who).await, "promoted");
            assert_eq!(answer.1["data"]["booking"]["status"], "confirmed");
        } else {
            let entry = w.school.entry(&who.0, &who.1).await;
            assert_eq!(entry["status"], "waiting");
            positions.push(entry["position"].clone());
        }
    }
    assert_eq!(positions, [json!(1), json!(2)]);
    w.school.close();
}

async fn w5_w6_the_deadline_and_the_turn_after_it(db: Database) {
    let w = Wednesday::at(db, "12:30:00.000").await;
    w.release(0).await;
    w.release(1).await;
    w.school.at("12:44:59.999").await;
    granted(&w.accept(&w.c).await);
    let old = text(&w.offer(&w.a).await["id"]);
    w.school.at("12:45:00.000").await;
    let answer = w.accept(&w.b).await;
    refused(&answer, "offer_lapsed");
    assert_eq!(answer.1["error"], LAPSED);
    w.school.at("12:46:00.000").await;
    refused(&w.accept(&w.b).await, "offer_lapsed");
    refused(&w.school.respond(&w.a.0, &w.a.1, "accept", Some(&old)).await, "offer_lapsed");
    let turn = w.offer(&w.a).await;
    assert_eq!((&turn["stage"], &turn["deadline"]), (&json!("turn"), &json!(instant("13:00:00.000"))));
    granted(&w.accept(&w.a).await);
    w.school.close();
}

async fn w7_nobody_until_the_cutoff(db: Database) {
    let w = Wednesday::at(db, "12:30:00.000").await;
    w.release(0).await;
    w.school.at("13:00:00.000").await;
    for who in [&w.a, &w.b, &w.c] {
        assert_eq!(w.status(who).await, "expired");
        assert_eq!(w.school.messages(&who.0, "waitlist_closed").await, 1);
    }
    assert_eq!(w.left().await, (1, 0));
    w.school.booked(&w.school.student("outsider").await, &w.class).await;
    w.school.close();
}

async fn w8_one_after_the_other(db: Database) {
    let w = Wednesday::at(db, "09:00:00.000").await;
    w.release(0).await;
    for (time, deadline, who) in [
        ("09:15:00.000", "09:30:00.000", &w.a),
        ("09:30:00.000", "09:45:00.000", &w.b),
        ("09:45:00.000", "10:00:00.000", &w.c),
    ] {
        w.school.at(time).await;
        assert_eq!(w.status(who).await, "in_turn", "{time}");
        assert_eq!(w.offer(who).await["deadline"], instant(deadline));
        if who.1 == w.b.1 {
            w.school.at("09:31:00.000").await;
            let answer = w.accept(&w.a).await;
            refused(&answer, "offer_lapsed");
            assert_eq!(answer.1["error"], LAPSED);
            assert_eq!(w.status(&w.a).await, "expired");
        }
    }
    w.school.at("09:59:59.999").await;
    assert_eq!(w.left().await, (0, 1));
    w.school.at("10:00:00.000").await;
    assert_eq!(w.left().await, (1, 0));
    w.school.close();
}

async fn w9_a_begun_confirm_is_protected(db: Database) {
    let w = Wednesday::at(db, "12:30:00.000").await;
    w.release(0).await;
    w.school.at("12:44:00.000").await;
    let begun = w.school.begin(&w.b.0, &w.b.1).await;
    granted(&begun);
    assert_eq!(begun.1["data"]["confirm_by"], instant("12:49:00.000"));
    w.school.at("12:46:00.000").await;
    refused(&w.accept(&w.c).await, "offer_lapsed");
    assert_eq!(w.status(&w.a).await, "waiting");
    granted(&w.accept(&w.b).await);
    // A second seat: C confirms while B has begun, and is faster.
    w.release(1).await;
    w.school.at("12:47:00.000").await;
    granted(&w.school.begin(&w.a.0, &w.a.1).await);
    granted(&w.accept(&w.c).await);
    refused(&w.accept(&w.a).await, "offer_taken");
    w.school.close();
}

async fn w10_a_begun_confirm_that_never_ends(db: Database) {
    let w = Wednesday::at(db, "12:30:00.000").await;
    w.release(0).await;
    w.school.at("12:44:00.000").await;
    granted(&w.school.begin(&w.b.0, &w.b.1).await);
    w.school.at("12:45:00.000").await;
    refused(&w.school.begin(&w.a.0, &w.a.1).await, "offer_lapsed");
    w.school.at("12:48:59.999").await;
    assert_eq!(w.status(&w.a).await, "waiting");
    w.school.at("12:49:00.000").await;
    refused(&w.accept(&w.b).await, "offer_lapsed");
    let turn = w.offer(&w.a).await;
    assert_eq!(
        (&turn["stage"], &turn["sent_at"], &turn["deadline"]),
        (&json!("turn"), &json!(instant("12:49:00.000")), &json!(instant("13:00:00.000")))
    );
    w.school.close();
}

async fn w11_a_window_cut_by_the_cutoff(db: Database) {
    let w = Wednesday::at(db, "12:50:00.000").await;
    w.release(0).await;
    assert_eq!(w.offer(&w.a).await["deadline"], instant("13:00:00.000"));
    w.school.at("12:59:00.000").await;
    granted(&w.school.begin(&w.a.0, &w.a.1).await);
    w.school.at("13:01:00.000").await;
    assert_eq!(w.status(&w.c).await, "expired");
    granted(&w.accept(&w.a).await);
    w.school.close();
}

async fn w11_a_begun_confirm_beyond_the_cutoff_that_never_ends(db: Database) {
    let w = Wednesday::at(db, "12:50:00.000").await;
    w.release(0).await;
    w.school.at("12:59:00.000").await;
    granted(&w.school.begin(&w.b.0, &w.b.1).await);
    w.school.at("13:03:59.999").await;
    assert_eq!((w.status(&w.b).await.as_str(), w.status(&w.a).await.as_str()), ("notified", "expired"));
    assert_eq!(w.left().await, (0, 1));
    w.school.at("13:04:00.000").await;
    refused(&w.accept(&w.b).await, "offer_lapsed");
    assert_eq!(w.status(&w.b).await, "expired");
    assert_eq!(w.left().await, (1, 0));
    w.school.close();
}

async fn w12_a_release_after_the_cutoff(db: Database) {
    let w = Wednesday::at(db, "13:00:00.000").await;
    w.release(0).await;
    assert_eq!(w.offer(&w.a).await, json!(null));
    assert_eq!(w.left().await, (1, 0));
    w.school.close();
}

async fn w13_restarts(db: Database) {
    let mut w = Wednesday::at(db, "12:30:00.000").await;
    w.release(0).await;
    w.school.restart("12:43:00.000").await;
    for (who, position) in [(&w.a, 1), (&w.b, 2), (&w.c, 3)] {
        assert_eq!(w.offer(who).await["deadline"], instant("12:45:00.000"));
        assert_eq!(w.school.entry(&who.0, &who.1).await["position"], position);
    }
    w.school.restart("12:47:00.000").await;
    let turn = w.offer(&w.a).await;
    assert_eq!((&turn["stage"], &turn["deadline"]), (&json!("turn"), &json!(instant("13:00:00.000"))));
    granted(&w.accept(&w.a).await);
    w.school.close();
}
