use std::collections::BTreeSet;

use futures_util::FutureExt;
use serde_json::Value;

use super::*;
use crate::{
    base::{ids::*, units::Fen},
    domain::schedule::{
        Policy,
        effects::{Effects, Notice},
        state::{BookingState, Payment, Source, Stage, Status},
    },
};

const AMY: StudentId = StudentId::from_u128(1);
const BEN: StudentId = StudentId::from_u128(2);
const TEACHER: TeacherId = TeacherId::from_u128(3);

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(Clock::manual(Timestamp::from_millis(0)), Zone::SHANGHAI, Arc::default()))
}

fn published(effects: Effects) -> Published {
    let head = Head {
        id: ScheduleId::from_u128(9),
        org: OrgId::from_u128(1),
        course: CourseId::from_u128(1),
        teacher: Some(TEACHER),
        starts_at: Timestamp::from_millis(0),
        ends_at: Timestamp::from_millis(1),
        capacity: 1,
        status: Status::Open,
        policy: Arc::new(Policy::default()),
    };
    Published { head, at: Timestamp::from_millis(0), effects: Arc::new(effects) }
}

fn offered(student: StudentId) -> Notice {
    let now = Timestamp::from_millis(0);
    let (waitlist_id, offer_id) = (EntryId::from_u128(5), OfferId::from_u128(6));
    let what = What::SeatOffered { waitlist_id, offer_id, stage: Stage::Turn, sent_at: now, deadline: now + 1 };
    Notice { to: Recipient::Student(student), what }
}

fn booking(student: StudentId, state: BookingState) -> Booking {
    Booking {
        id: BookingId::from_u128(7),
        no: BookingNo { date: 20251112, number: 1 },
        student,
        booked_by: AccountId::from_u128(1),
        source: Source::Direct,
        price: Fen::ZERO,
        final_price: Fen::ZERO,
        created_at: Timestamp::from_millis(0),
        payment: Payment::NotRequired,
        state,
        free_exit: false,
    }
}

/// What an ear has heard so far.
fn heard(ear: &mut Ear) -> Vec<Value> {
    std::iter::from_fn(|| ear.next().now_or_never().flatten()).map(|t| serde_json::from_str(&t).unwrap()).collect()
}

#[test]
fn an_offer_is_told_to_its_student_only() {
    let hub = hub();
    let (mut amy, mut ben) = (hub.ear(), hub.ear());
    amy.hear_students(&[AMY]);
    ben.hear_students(&[BEN]);
    hub.publish(&published(Effects { notices: vec![offered(AMY)], ..Effects::default() }));
    let expected = json!([{
        "type": "event", "topic": "me", "event": "seat_offered", "id": "seat_offered:00000000000000000000000006",
        "server_time": "1970-01-01T08:00:00.000+08:00",
        "data": {
            "schedule_id": "00000000000000000000000009", "waitlist_id": "00000000000000000000000005",
            "offer_id": "00000000000000000000000006", "stage": "turn",
            "sent_at": "1970-01-01T08:00:00.000+08:00", "deadline": "1970-01-01T08:00:00.001+08:00",
        },
    }]);
    assert_eq!(Value::from(heard(&mut amy)), expected);
    assert_eq!(heard(&mut ben), Vec::<Value>::new());
}

#[test]
fn a_booking_is_told_once_as_it_is_now_to_student_and_teacher() {
    let hub = hub();
    let (mut amy, mut teacher) = (hub.ear(), hub.ear());
    amy.hear_students(&[AMY]);
    teacher.hear_teacher(TEACHER);
    let confirmed = BookingState::Confirmed { confirmed_at: Timestamp::from_millis(0) };
    let bookings = vec![booking(AMY, BookingState::AwaitingTeacher), booking(AMY, confirmed)];
    hub.publish(&published(Effects { bookings, ..Effects::default() }));
    for (ear, topic) in [(&mut amy, "me"), (&mut teacher, "coach")] {
        let heard = heard(ear);
        assert_eq!(heard.len(), 1);
        assert_eq!((&heard[0]["topic"], &heard[0]["event"]), (&json!(topic), &json!("booking")));
        assert_eq!(heard[0]["data"]["status"], "confirmed");
    }
}

#[test]
fn a_move_up_is_told_with_an_id_of_its_own() {
    let hub = hub();
    let mut ear = hub.ear();
    ear.hear_students(&[AMY, BEN]);
    let entry = EntryId::from_u128(5);
    for position in [2, 1] {
        let moved = vec![Moved { student: AMY, entry, position }];
        hub.publish(&published(Effects { moved, touched: BTreeSet::from([AMY]), ..Effects::default() }));
    }
    let heard = heard(&mut ear);
    assert_eq!(heard.iter().map(|e| e["data"]["position"].as_u64()).collect::<Vec<_>>(), [Some(2), Some(1)]);
    assert_ne!(heard[0]["id"], heard[1]["id"]);
}

#[test]
fn a_full_queue_ends_its_socket_and_no_other() {
    let hub = hub();
    let (mut slow, mut quick) = (hub.ear(), hub.ear());
    slow.hear_students(&[AMY]);
    quick.hear_students(&[AMY]);
    for _ in 0..=SOCKET_QUEUE_MAX {
        hub.publish(&published(Effects { notices: vec![offered(AMY)], ..Effects::default() }));
        assert_eq!(heard(&mut quick).len(), 1);
    }
    assert_eq!(slow.next().now_or_never(), Some(None));
}

#[test]
fn whoever_leaves_leaves_nothing_behind() {
    let hub = hub();
    let mut ear = hub.ear();
    ear.hear_students(&[AMY, BEN]);
    ear.hear_teacher(TEACHER);
    ear.forget_teacher();
    assert!(!ear.is_idle());
    ear.hear_students(&[BEN]);
    assert!(!hub.students.contains_key(&AMY));
    drop(ear);
    assert!(hub.students.is_empty() && hub.teachers.is_empty());
    assert_eq!(hub.listening.load(Ordering::Relaxed), 0);
}
