//! Bookings: asking twice, at once, for others, and what becomes of them.

use serde_json::json;

use crate::harness::app::{TestApp, at, on_both, text};

on_both! {
    a_seat_is_booked_and_told
}

async fn a_seat_is_booked_and_told(app: &mut TestApp) {
    let class = app.class(2, json!({})).await;
    let amy = app.student("amy").await;
    let booking = amy.book(&class).await.is(201);
    assert_eq!(booking["booking_no"], "BK20251112-000001");
    assert_eq!((&booking["status"], &booking["payment_status"]), (&json!("confirmed"), &json!("not_required")));
    assert_eq!((&booking["schedule_id"], &booking["student_id"]), (&json!(class), &json!(amy.student)));
    assert_eq!((&booking["price_fen"], &booking["final_price_fen"]), (&json!(0), &json!(0)));
    assert!(booking["pay_deadline"].is_null(), "{booking}");
    let seen = amy.sees(&class).await;
    assert_eq!(seen["starts_at"], at("19:00:00.000"));
    assert_eq!(text(&seen["mine"]["booking"]["id"]), text(&booking["id"]));
    assert_eq!(app.inbox(&amy).await, ["booking_confirmed"]);
}
