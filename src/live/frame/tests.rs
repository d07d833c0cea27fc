use std::{cell::Cell, sync::Arc};

use super::*;
use crate::{
    base::{ids::*, units::Fen},
    domain::schedule::{
        Policy,
        state::{Booking, BookingState, Entry, Head, Offer, Payment, Source, Stage, Status},
        view::{Availability, OnOffer, Place, PlaceStatus, View},
    },
};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2025-11-12T{text}+08:00")).unwrap()
}

fn state() -> BoardState {
    let head = Head {
        id: ScheduleId::from_u128(1),
        org: OrgId::from_u128(2),
        course: CourseId::from_u128(3),
        teacher: None,
        starts_at: at("19:00:00"),
        ends_at: at("21:00:00"),
        capacity: 6,
        status: Status::Open,
        policy: Arc::new(Policy::default()),
    };
    let view = View {
        version: 7,
        taken: 5,
        held: 0,
        offered: 1,
        left: 0,
        availability: Availability::Booked,
        waitlist_capacity: 8,
        waitlist_len: 2,
        waitlist_open: true,
        cutoff_at: at("13:00:00"),
        rounds: vec![OnOffer { stage: Stage::Race, deadline: at("12:45:00") }],
        head,
    };
    BoardState { view, epoch: 2, at: at("12:30:00"), encoded: Default::default() }
}

fn waiting() -> Mine {
    let (entry, student) = (EntryId::from_u128(4), StudentId::from_u128(5));
    let offer = Offer {
        id: OfferId::from_u128(6),
        entry,
        student,
        stage: Stage::Race,
        sent_at: at("12:30:00"),
        deadline: at("12:45:00"),
        begun_at: None,
    };
    let entry = Entry { id: entry, student, account: AccountId::from_u128(8), seq: 1, joined_at: at("09:00:00") };
    let place = Place { entry, position: 1, status: PlaceStatus::Notified };
    Mine { place: Some(place), offer: Some(offer), ..Mine::default() }
}

fn told(kind: Kind, state: &BoardState, mine: Option<&Mine>, now: &str) -> ByteString {
    frame(kind, state, mine, at(now), || Arc::from("太极 \"server_time\":\""), Zone::SHANGHAI)
}

const STRANGER: &str = concat!(
    r#"{"type":"frame","topic":"schedule:00000000000000000000000001","epoch":2,"version":7,"#,
    r#""server_time":"2025-11-12T12:30:00.000+08:00","data":{"#,
    r#""id":"00000000000000000000000001","course_id":"00000000000000000000000003","#,
    r#""course_name":"太极 \"server_time\":\"","#,
    r#""starts_at":"2025-11-12T19:00:00.000+08:00","ends_at":"2025-11-12T21:00:00.000+08:00","capacity":6,"#,
    r#""seats_taken":5,"seats_held":0,"seats_offered":1,"seats_left":0,"availability":"booked","#,
    r#""waitlist":{"capacity":8,"length":2,"open":true},"cutoff_at":"2025-11-12T13:00:00.000+08:00","#,
    r#""epoch":2,"version":7,"server_time":"2025-11-12T12:30:00.000+08:00","#,
    r#""rounds":[{"stage":"race","deadline":"2025-11-12T12:45:00.000+08:00"}],"#,
    r#""mine":{"booking":null,"hold":null,"waitlist_entry":null,"offer":null}}}"#,
);

const MINE: &str = concat!(
    r#""mine":{"booking":null,"hold":null,"waitlist_entry":{"id":"00000000000000000000000004","position":1,"#,
    r#""status":"notified","joined_at":"2025-11-12T09:00:00.000+08:00"},"offer":{"id":"00000000000000000000000006","#,
    r#""stage":"race","sent_at":"2025-11-12T12:30:00.000+08:00","deadline":"2025-11-12T12:45:00.000+08:00","#,
    r#""begun_at":null}}}}"#,
);

#[test]
fn a_strangers_frame() {
    assert_eq!(told(Kind::Frame, &state(), None, "12:30:00.020"), STRANGER);
}

#[test]
fn strangers_share_one_encoding() {
    let state = state();
    let asked = Cell::new(0);
    let name = || {
        asked.set(asked.get() + 1);
        Arc::from("x")
    };
    let [a, b] = [(); 2].map(|()| frame(Kind::Frame, &state, Some(&Mine::default()), state.at, name, Zone::SHANGHAI));
    assert_eq!(asked.get(), 1);
    assert_eq!(a.as_ptr(), b.as_ptr());
}

#[test]
fn whoever_waits_sees_their_own_end() {
    let before = STRANGER.split(r#""mine":"#).next().unwrap();
    assert_eq!(told(Kind::Frame, &state(), Some(&waiting()), "12:30:00"), format!("{before}{MINE}"));
}

#[test]
fn a_late_look_is_told_the_time_it_is() {
    let now = "2025-11-12T12:41:00.000+08:00";
    let expected = STRANGER
        .replace(r#""type":"frame""#, r#""type":"snapshot""#)
        .replace(r#""server_time":"2025-11-12T12:30:00.000+08:00""#, &format!(r#""server_time":"{now}""#));
    assert_eq!(told(Kind::Snapshot, &state(), None, "12:41:00"), expected);
}

#[test]
fn the_waitlist_closes_without_a_commit() {
    let text = told(Kind::Snapshot, &state(), None, "13:00:00");
    assert!(
        text.contains(r#""open":false"#) && text.contains(r#""server_time":"2025-11-12T13:00:00.000+08:00","data""#)
    );
}

#[test]
fn every_frame_is_json_and_holds_the_body_of_the_schedule() {
    let state = state();
    let body = schedule_body(&state.view, 2, at("12:41:00"), "太极 \"server_time\":\"", &waiting(), Zone::SHANGHAI);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    for kind in [Kind::Frame, Kind::Snapshot] {
        let text = told(kind, &state, Some(&waiting()), "12:41:00");
        let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(frame["data"], body);
    }
}

#[test]
fn a_bookings_body() {
    let booking = Booking {
        id: BookingId::from_u128(1),
        no: BookingNo { date: 20251112, number: 1 },
        student: StudentId::from_u128(2),
        booked_by: AccountId::from_u128(3),
        source: Source::Direct,
        price: Fen(18_000),
        final_price: Fen(16_000),
        created_at: at("10:00:00"),
        payment: Payment::Unpaid,
        state: BookingState::AwaitingPayment { pay_by: at("10:05:00") },
        free_exit: false,
    };
    let body = crate::live::bodies::booking_body(&booking, &state().view.head, Zone::SHANGHAI);
    let expected = serde_json::json!({
        "id": "00000000000000000000000001", "booking_no": "BK20251112-000001",
        "schedule_id": "00000000000000000000000001", "student_id": "00000000000000000000000002",
        "status": "pending", "payment_status": "unpaid", "price_fen": 18000, "final_price_fen": 16000,
        "pay_deadline": "2025-11-12T10:05:00.000+08:00", "source": "direct",
        "starts_at": "2025-11-12T19:00:00.000+08:00", "ends_at": "2025-11-12T21:00:00.000+08:00",
        "created_at": "2025-11-12T10:00:00.000+08:00", "confirmed_at": null, "cancelled_at": null,
        "cancelled_by": null, "cancel_reason": null, "completed_at": null,
    });
    assert_eq!(serde_json::to_value(body).unwrap(), expected);
}

#[test]
fn small_frames() {
    let now = at("12:00:00");
    assert_eq!(ready(now, Zone::SHANGHAI), r#"{"type":"ready","server_time":"2025-11-12T12:00:00.000+08:00"}"#);
    assert_eq!(pong(now, Zone::SHANGHAI), r#"{"type":"pong","server_time":"2025-11-12T12:00:00.000+08:00"}"#);
    assert_eq!(error("forbidden", Some("a\"b")), r#"{"type":"error","reason":"forbidden","topic":"a\"b"}"#);
    assert_eq!(error("invalid", None), r#"{"type":"error","reason":"invalid"}"#);
}
