//! JSON bodies. One is read only if it is one JSON object and nothing else; else the error names a
//! field and is short. A course or a policy that passes its check is within its bounds.

use serde::de::{DeserializeOwned, IgnoredAny};
use yueke::{
    api::{
        accounts::NewRoles,
        auth::{
            Login,
            codes::SendCode,
            merge::{BindPhone, Merge},
            passwords::{NewPassword, ResetPassword},
            register::Register,
            sessions::{Logout, Refresh},
        },
        batches::NewSchedules,
        bookings::{MoveTo, NewBooking, NoteChange, Pay},
        courses::{Course, CourseChange, NewCourse},
        dev::{MakePeople, MoveClock, Release, Rush},
        people::{ChooseRole, ProfileChange},
        schedules::{ForStudent, NewSchedule, PolicyChange, Reason, ScheduleChange, policy_of},
        sizes::Size,
        students::{NewStudent, StudentChange},
        subscriptions::Answered,
        waitlist::{Begin, Join, Notify, Respond, Withdraw},
    },
    base::{ids::AccountId, ids::CourseId, units::Fen},
    domain::schedule::Policy,
    web::extract::{Nothing, from_json},
};

use super::check_invalid;

macro_rules! readers {
    ($($body:ident)*) => {
        /// Every request type; a test compares this with what the handlers take.
        pub const READERS: &[(&str, fn(&[u8]) -> bool)] = &[$((stringify!($body), reads::<$body>),)*];
    };
}

readers! {
    Answered Begin BindPhone ChooseRole CourseChange ForStudent Join Login Logout MakePeople Merge MoveClock MoveTo NewBooking
    NewCourse NewPassword NewRoles NewSchedule NewSchedules NewStudent NoteChange Nothing Notify Pay ProfileChange
    Reason Refresh Register Release ResetPassword Respond Rush ScheduleChange SendCode Size StudentChange Withdraw
}

fn reads<T: DeserializeOwned>(body: &[u8]) -> bool {
    from_json::<T>(body).inspect_err(check_invalid).is_ok()
}

/// The input as the body of every request.
pub fn bodies(body: &[u8]) {
    let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok() && std::str::from_utf8(body).is_ok();
    let is_object = is_json && body.trim_ascii_start().starts_with(b"{");
    for (name, reads) in READERS {
        assert!(is_object || !reads(body), "{name} takes what is no object");
    }
    let Ok(new) = from_json::<NewCourse>(body) else { return };
    if let Err(problem) = new.check() {
        return check_invalid(&problem);
    }
    let course = new.into_course(CourseId::from_u128(1), AccountId::from_u128(2));
    assert!((1..=1_440).contains(&course.duration_min) && (0..=3).contains(&course.kind), "{course:?}");
    assert!(!course.name.trim().is_empty() && !course.name.contains('\0'), "{course:?}");
    check_policy(&policy_of(&course, &PolicyChange::default()).expect("the house rules are within their bounds"));
}

/// The input as a stored policy, and as what a new class asks for.
pub fn policies(text: &[u8]) {
    if let Ok(stored) = serde_json::from_slice::<Policy>(text) {
        check_policy(&stored);
    }
    let changed = from_json::<PolicyChange>(text).and_then(|change| policy_of(&course(), &change));
    match changed {
        Ok(policy) => {
            assert_eq!(policy.out_of_bounds(), None);
            check_policy(&policy);
        }
        Err(problem) => check_invalid(&problem),
    }
}

/// Written and read again it is the same, and its price is one.
fn check_policy(policy: &Policy) {
    let written = serde_json::to_string(policy).expect("a policy is plain data");
    assert_eq!(serde_json::from_str::<Policy>(&written).expect("is read again"), *policy);
    assert!(policy.final_price() >= Fen::ZERO, "{policy:?}");
    if let Some((field, min, max)) = policy.out_of_bounds() {
        assert!(written.contains(field) && min < max, "{field}");
    }
}

fn course() -> Course {
    let new = br#"{"name":"c","kind":1,"duration_min":60,"price_fen":100000000}"#;
    from_json::<NewCourse>(new).expect("a course").into_course(CourseId::from_u128(1), AccountId::from_u128(2))
}
