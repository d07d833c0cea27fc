//! The JSON of a schedule, a booking, a place in the queue, an offer and a hold; the same over
//! HTTP and over sockets.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    base::{
        ids::{BookingId, BookingNo, CourseId, EntryId, Epoch, HoldId, OfferId, ScheduleId, StudentId},
        time::{Timestamp, Zone},
        units::Fen,
    },
    domain::schedule::{
        state::{Booking, BookingState, Canceller, Head, Offer, Payment, SeatHold, Source, Stage},
        view::{Availability, Mine, OnOffer, Place, PlaceStatus, View},
    },
};

/// The live state of a schedule, as one viewer sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduleBody {
    #[schema(value_type = String)]
    pub id: ScheduleId,
    #[schema(value_type = String)]
    pub course_id: CourseId,
    pub course_name: String,
    pub starts_at: String,
    pub ends_at: String,
    pub capacity: u32,
    /// Booked, also when unpaid or unanswered by the teacher.
    pub seats_taken: u32,
    pub seats_held: u32,
    /// Promised to the waitlist; not open to the public.
    pub seats_offered: u32,
    pub seats_left: u32,
    pub availability: AvailabilityName,
    pub waitlist: WaitlistBody,
    pub cutoff_at: String,
    pub epoch: u64,
    pub version: u64,
    pub server_time: String,
    /// The seats on offer now, the soonest deadline first.
    pub rounds: Vec<RoundBody>,
    // Last, because a frame is shared by all viewers up to here.
    pub mine: MineBody,
}

/// A freed seat that is offered to those who wait.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SeatOnOffer)]
pub struct RoundBody {
    #[schema(value_type = String, example = "race")]
    pub stage: Stage,
    pub deadline: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Availability)]
pub enum AvailabilityName {
    Available,
    Pending,
    Booked,
    Blocked,
    Completed,
    Revoked,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Waitlist)]
pub struct WaitlistBody {
    pub capacity: u32,
    pub length: u32,
    /// Before the cutoff and the schedule open, full or not.
    pub open: bool,
}

/// What one student has here; null where nothing is active.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = Mine)]
pub struct MineBody {
    pub booking: Option<BookingBody>,
    pub hold: Option<HoldBody>,
    pub waitlist_entry: Option<EntryBody>,
    pub offer: Option<OfferBody>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Booking)]
pub struct BookingBody {
    #[schema(value_type = String)]
    pub id: BookingId,
    #[schema(value_type = String, example = "BK20251112-000001")]
    pub booking_no: BookingNo,
    #[schema(value_type = String)]
    pub schedule_id: ScheduleId,
    #[schema(value_type = String)]
    pub student_id: StudentId,
    pub status: BookingStatus,
    #[schema(value_type = String, example = "not_required")]
    pub payment_status: Payment,
    #[schema(value_type = i64)]
    pub price_fen: Fen,
    #[schema(value_type = i64)]
    pub final_price_fen: Fen,
    /// Only while the fee is due.
    pub pay_deadline: Option<String>,
    #[schema(value_type = String, example = "direct")]
    pub source: Source,
    pub starts_at: String,
    pub ends_at: String,
    pub created_at: String,
    pub confirmed_at: Option<String>,
    pub cancelled_at: Option<String>,
    #[schema(value_type = Option<String>)]
    pub cancelled_by: Option<Canceller>,
    pub cancel_reason: Option<String>,
    pub completed_at: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BookingStatus {
    Pending,
    Confirmed,
    Cancelled,
    Completed,
    NoShow,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Hold)]
pub struct HoldBody {
    #[schema(value_type = String)]
    pub hold_id: HoldId,
    pub expires_at: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WaitlistEntry)]
pub struct EntryBody {
    #[schema(value_type = String)]
    pub id: EntryId,
    /// 1 for the first in line.
    pub position: u32,
    pub status: EntryStatus,
    pub joined_at: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryStatus {
    Waiting,
    Notified,
    InTurn,
    Promoted,
    Cancelled,
    Expired,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Offer)]
pub struct OfferBody {
    #[schema(value_type = String)]
    pub id: OfferId,
    #[schema(value_type = String, example = "race")]
    pub stage: Stage,
    pub sent_at: String,
    /// At the deadline is late.
    pub deadline: String,
    pub begun_at: Option<String>,
}

/// The body of `GET /schedules/{id}`.
pub fn schedule_body(
    view: &View,
    epoch: Epoch,
    server_time: Timestamp,
    course_name: &str,
    mine: &Mine,
    zone: Zone,
) -> String {
    json(&ScheduleBody::of(view, epoch, server_time, course_name, mine, zone))
}

/// A booking of this schedule.
pub fn booking_body(b: &Booking, head: &Head, zone: Zone) -> BookingBody {
    BookingBody::of(b, head.id, (head.starts_at, head.ends_at), zone)
}

/// These types have string keys and no map, so their JSON cannot fail.
pub(super) fn json<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).expect("plain data")
}

impl ScheduleBody {
    pub fn of(view: &View, epoch: Epoch, server_time: Timestamp, course_name: &str, mine: &Mine, zone: Zone) -> Self {
        let View {
            head,
            version,
            taken,
            held,
            offered,
            left,
            availability,
            waitlist_capacity,
            waitlist_len,
            waitlist_open,
            cutoff_at,
            rounds,
        } = view;
        // The cutoff passes without a turn when nobody waits.
        let open = *waitlist_open && server_time < *cutoff_at;
        Self {
            id: head.id,
            course_id: head.course,
            course_name: course_name.to_owned(),
            starts_at: zone.rfc3339(head.starts_at),
            ends_at: zone.rfc3339(head.ends_at),
            capacity: head.capacity,
            seats_taken: *taken,
            seats_held: *held,
            seats_offered: *offered,
            seats_left: *left,
            availability: (*availability).into(),
            waitlist: WaitlistBody { capacity: *waitlist_capacity, length: *waitlist_len, open },
            cutoff_at: zone.rfc3339(*cutoff_at),
            epoch,
            version: *version,
            server_time: zone.rfc3339(server_time),
            rounds: rounds.iter().map(|r| RoundBody::of(r, zone)).collect(),
            mine: MineBody::of(mine, head, zone),
        }
    }
}

impl RoundBody {
    fn of(round: &OnOffer, zone: Zone) -> Self {
        let OnOffer { stage, deadline } = round;
        Self { stage: *stage, deadline: zone.rfc3339(*deadline) }
    }
}

impl From<Availability> for AvailabilityName {
    fn from(a: Availability) -> Self {
        match a {
            Availability::Available => Self::Available,
            Availability::Pending => Self::Pending,
            Availability::Booked => Self::Booked,
            Availability::Blocked => Self::Blocked,
            Availability::Completed => Self::Completed,
            Availability::Revoked => Self::Revoked,
        }
    }
}

impl MineBody {
    pub fn of(mine: &Mine, head: &Head, zone: Zone) -> Self {
        let Mine { booking, hold, place, offer } = mine;
        Self {
            booking: booking.as_ref().map(|b| booking_body(b, head, zone)),
            hold: hold.as_ref().map(|h| HoldBody::of(h, zone)),
            waitlist_entry: place.as_ref().map(|p| EntryBody::of(p, zone)),
            offer: offer.as_ref().map(|o| OfferBody::of(o, zone)),
        }
    }
}

impl BookingBody {
    /// For a booking that was read from its row, which repeats the schedule's times.
    pub fn of(b: &Booking, schedule: ScheduleId, (starts_at, ends_at): (Timestamp, Timestamp), zone: Zone) -> Self {
        let Booking {
            id,
            no,
            student,
            booked_by: _,
            source,
            price,
            final_price,
            created_at,
            payment,
            state,
            free_exit: _,
        } = b;
        let mut body = Self {
            id: *id,
            booking_no: *no,
            schedule_id: schedule,
            student_id: *student,
            status: BookingStatus::Pending,
            payment_status: *payment,
            price_fen: *price,
            final_price_fen: *final_price,
            pay_deadline: None,
            source: *source,
            starts_at: zone.rfc3339(starts_at),
            ends_at: zone.rfc3339(ends_at),
            created_at: zone.rfc3339(*created_at),
            confirmed_at: None,
            cancelled_at: None,
            cancelled_by: None,
            cancel_reason: None,
            completed_at: None,
        };
        body.tell_state(state, zone);
        body
    }

    fn tell_state(&mut self, state: &BookingState, zone: Zone) {
        match state {
            BookingState::AwaitingPayment { pay_by } => self.pay_deadline = Some(zone.rfc3339(*pay_by)),
            BookingState::AwaitingTeacher => {}
            BookingState::Confirmed { confirmed_at } => {
                self.status = BookingStatus::Confirmed;
                self.confirmed_at = Some(zone.rfc3339(*confirmed_at));
            }
            BookingState::Completed { confirmed_at, completed_at } => {
                self.status = BookingStatus::Completed;
                self.confirmed_at = Some(zone.rfc3339(*confirmed_at));
                self.completed_at = Some(zone.rfc3339(*completed_at));
            }
            BookingState::NoShow { confirmed_at, completed_at } => {
                self.status = BookingStatus::NoShow;
                self.confirmed_at = Some(zone.rfc3339(*confirmed_at));
                self.completed_at = Some(zone.rfc3339(*completed_at));
            }
            BookingState::Cancelled { cancelled_at, by, reason } => {
                self.status = BookingStatus::Cancelled;
                self.cancelled_at = Some(zone.rfc3339(*cancelled_at));
                self.cancelled_by = Some(*by);
                self.cancel_reason = reason.as_deref().map(str::to_owned);
            }
        }
    }
}

impl HoldBody {
    pub fn of(hold: &SeatHold, zone: Zone) -> Self {
        Self { hold_id: hold.id, expires_at: zone.rfc3339(hold.expires_at) }
    }
}

impl EntryBody {
    pub fn of(place: &Place, zone: Zone) -> Self {
        let Place { entry, position, status } = place;
        let joined_at = zone.rfc3339(entry.joined_at);
        Self { id: entry.id, position: *position, status: (*status).into(), joined_at }
    }
}

impl From<PlaceStatus> for EntryStatus {
    fn from(s: PlaceStatus) -> Self {
        match s {
            PlaceStatus::Waiting => Self::Waiting,
            PlaceStatus::Notified => Self::Notified,
            PlaceStatus::InTurn => Self::InTurn,
        }
    }
}

impl OfferBody {
    pub fn of(offer: &Offer, zone: Zone) -> Self {
        let Offer { id, entry: _, student: _, stage, sent_at, deadline, begun_at } = offer;
        Self {
            id: *id,
            stage: *stage,
            sent_at: zone.rfc3339(*sent_at),
            deadline: zone.rfc3339(*deadline),
            begun_at: begun_at.map(|t| zone.rfc3339(t)),
        }
    }
}
