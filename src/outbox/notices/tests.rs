use serde_json::json;

use super::*;
use crate::{
    base::ids::*,
    domain::schedule::state::{Canceller, SkipReason, Stage},
};

/// One of each; the match below breaks the build when one is missing.
fn all() -> Vec<What> {
    let (booking_id, booking_no) = (BookingId::from_u128(1), BookingNo { date: 20251112, number: 1 });
    let (waitlist_id, offer_id) = (EntryId::from_u128(1), OfferId::from_u128(1));
    let (student_id, stage, at) = (StudentId::from_u128(1), Stage::Race, Timestamp::from_millis(0));
    let (cancelled_by, reason) = (Canceller::System, None);
    vec![
        What::BookingPending { booking_id, booking_no, student_id, pay_deadline: None },
        What::BookingConfirmed { booking_id, booking_no, student_id },
        What::BookingCancelled { booking_id, booking_no, student_id, cancelled_by, reason, refunded: true },
        What::BookingAttended { booking_id, booking_no, student_id, present: false },
        What::SeatOffered { waitlist_id, offer_id, stage, sent_at: at, deadline: at },
        What::OfferReminder { waitlist_id, offer_id, stage, deadline: at },
        What::OfferLost { waitlist_id, offer_id },
        What::OfferLapsed { waitlist_id, offer_id, stage },
        What::OfferWithdrawn { waitlist_id, offer_id },
        What::OfferSkipped { waitlist_id, reason: SkipReason::NoHours },
        What::WaitlistClosed { waitlist_id },
        What::ScheduleChanged { starts_at: at, ends_at: at },
    ]
}

fn data() -> Value {
    json!({
        "schedule_id": "s", "course_name": "太极", "starts_at": "2025-11-12T19:00:00.000+08:00",
        "deadline": "2025-11-12T12:45:00.000+08:00", "sent_at": "2025-11-12T12:40:00.000+08:00",
        "stage": "race", "seat": "next", "booking_no": "BK20251112-000001",
    })
}

#[test]
fn every_notice_has_a_kind_of_the_same_name() {
    for what in all() {
        let stored = serde_json::to_value(&what).unwrap();
        assert_eq!(stored["kind"], Kind::of(&what).name());
    }
    // What no turn tells: reminders, what belongs to makeups, and logins.
    assert_eq!(all().len() + 4, Kind::ALL.len());
}

#[test]
fn every_kind_is_told_in_both_languages() {
    for kind in Kind::ALL {
        assert_eq!(Kind::named(kind.name()), Some(kind));
        if kind == Kind::NewLogin {
            continue;
        }
        for lang in [Lang::Zh, Lang::En] {
            let (title, body) = tell(kind.name(), &data(), lang, Zone::SHANGHAI);
            assert!(!title.is_empty(), "{kind:?}");
            assert!(body.contains("太极") && body.contains("11-12 19:00 (UTC+08:00)"), "{kind:?}: {body}");
            let is_chinese = !title.is_ascii();
            assert_eq!(is_chinese, lang == Lang::Zh, "{kind:?}: {title}");
        }
    }
}

#[test]
fn literal_texts() {
    let zh = |kind: Kind| tell(kind.name(), &data(), Lang::Zh, Zone::SHANGHAI);
    assert_eq!(zh(Kind::OfferReminder).0, "确认预约？还剩5分钟决策时间");
    assert_eq!(zh(Kind::SeatOffered).0, "有名额，立即预约");
    assert_eq!(zh(Kind::OfferLost).0, "名额已被抢占");
    assert!(zh(Kind::OfferLapsed).1.contains("候补确认已过期，名额已顺位给下一位候补用户"));
    assert_eq!(zh(Kind::CompensationGranted).0, "您有课时补偿可使用");
}

/// What a message of this kind says with these facts, and what it must not say.
#[test]
fn nothing_is_said_that_is_not_known() {
    let table: &[(Kind, Value, &[&str], &[&str])] = &[
        (Kind::OfferReminder, json!({ "sent_at": "2025-11-12T12:44:00+08:00" }), &["还剩1分钟", " 1 minute left"], &[]),
        (Kind::OfferReminder, json!({ "sent_at": "2025-11-12T12:44:30+08:00" }), &["还剩30秒", " 30 s left"], &[]),
        (Kind::OfferReminder, json!({ "sent_at": null }), &["确认预约？", "Confirm?"], &["还剩", "left"]),
        (
            Kind::OfferLapsed,
            json!({ "seat": "yours", "waiting": true }),
            &["保留给您", "kept for you"],
            &["下一位", "next in"],
        ),
        (Kind::OfferLapsed, json!({ "seat": null }), &["已过期", "expired"], &["下一位", "next in", "队列", "still"]),
        (Kind::OfferLapsed, json!({ "waiting": true }), &["仍在候补", "still on"], &[]),
        (Kind::OfferLost, json!({ "waiting": true }), &["顺位保持不变", "place in the waitlist is kept"], &[]),
        (Kind::OfferLost, json!({ "waiting": false }), &["已被抢占", "was taken"], &["保持不变", "kept"]),
        (Kind::OfferSkipped, json!({ "seat": null }), &["已跳过", "skipped"], &["下一位", "next in"]),
        (
            Kind::OfferSkipped,
            json!({ "reason": "unreachable" }),
            &[
                "无法通知到您",
                "允许接收消息",
                "顺位保持不变",
                "no way to notify you",
                "allow messages",
                "place in the waitlist is kept",
            ],
            &["下一位", "next in", "turn", "顺位已"],
        ),
        (Kind::WaitlistClosed, json!({ "revoked": true }), &["课次已撤销", "called off"], &["未候补到"]),
        (
            Kind::ScheduleChanged,
            json!({ "teacher_name": "陈老师" }),
            &["老师：陈老师", "Teacher: 陈老师"],
            &["时间已", "moved", "New time"],
        ),
        (
            Kind::BookingPending,
            json!({ "to": "teacher" }),
            &["请在开课前确认", "Please confirm"],
            &["等待老师", "Waiting"],
        ),
        (Kind::BookingAttended, json!({ "to": "teacher" }), &["未到课", "missed"], &["联系老师", "ask the teacher"]),
    ];
    for (kind, more, said, unsaid) in table {
        let mut data = data();
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let told = [Lang::Zh, Lang::En].map(|lang| tell(kind.name(), &data, lang, Zone::SHANGHAI));
        let told = told.map(|(title, body)| format!("{title} {body}")).join(" ");
        for words in *said {
            assert!(told.contains(words), "{kind:?} {more}: {words} in {told}");
        }
        for words in *unsaid {
            assert!(!told.contains(words), "{kind:?} {more}: not {words} in {told}");
        }
    }
}

#[test]
fn a_message_names_the_time_where_the_class_is() {
    let (_, body) = tell("seat_offered", &data(), Lang::Zh, Zone::named("Europe/Berlin").unwrap());
    assert!(body.contains("11-12 12:00 (UTC+01:00)") && body.contains("11-12 05:45 (UTC+01:00)"), "{body}");
}

#[test]
fn what_is_unknown_or_empty_is_told_neutrally() {
    assert_eq!(tell("from_the_future", &json!({}), Lang::En, Zone::SHANGHAI), ("Notice".into(), String::new()));
    for kind in Kind::ALL {
        for broken in [json!(null), json!([1]), json!({"starts_at": 7, "deadline": "soon"})] {
            let (title, _) = tell(kind.name(), &broken, Lang::Zh, Zone::SHANGHAI);
            assert!(!title.is_empty());
        }
    }
}
