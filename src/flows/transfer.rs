//! Moving a booking to another schedule: claim the new seat first, then give up the old one.
//!
//! The new booking remembers what it was moved from, in the transaction that makes it. If the
//! server stops in between, [`resume`] finds those whose origin is still active and finishes.

use crate::{
    args,
    base::ids::{AccountId, BookingId, ScheduleId, StudentId},
    domain::schedule::{
        Command, Receipt, Rejection,
        command::Evidence,
        state::{Booking, Canceller, Head, Source},
    },
    engine::{Answer, Engine, Order, Trouble},
    store::{Store, StoreError},
};

/// A booking where it is now.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub booking: BookingId,
    pub schedule: ScheduleId,
    pub student: StudentId,
}

/// The reason that the given-up booking carries.
pub const MOVED: &str = "moved";

/// Cancels what a finished claim left behind, for all that a stop interrupted.
pub async fn resume(store: &Store, engine: &Engine) -> Result<u32, StoreError> {
    let sql = "select old.id as id, old.schedule_id as schedule_id, old.student_id as student_id from bookings new \
        join bookings old on old.id = new.moved_from where new.moved_from is not null \
        and new.status in ('pending', 'confirmed') and old.status in ('pending', 'confirmed')";
    let mut resumed = 0;
    for row in store.reader().all(sql, args![]).await? {
        let from = Origin {
            booking: row.parse("id")?,
            schedule: row.parse("schedule_id")?,
            student: row.parse("student_id")?,
        };
        if give_up(engine, from, Canceller::System).await.is_ok() {
            resumed += 1;
        }
    }
    Ok(resumed)
}

/// Claims a seat on `to` for the student of `from`. The calendar check leaves the origin out.
pub fn claim(from: Origin, account: AccountId, at_times: Evidence) -> Command {
    Command::Book {
        student: from.student,
        account,
        source: Source::Moved,
        note: None,
        expect_course: None,
        moved_from: Some(from.booking),
        calendar: at_times,
    }
}

/// Gives up the old seat; once is as good as twice.
pub async fn give_up(engine: &Engine, from: Origin, by: Canceller) -> Result<(), Trouble> {
    let Origin { booking, schedule, student } = from;
    let command = Command::Cancel { student, booking, by, reason: Some(MOVED.into()) };
    match engine.submit(schedule, Order::new(command)).await? {
        Answer::Given { outcome: Ok(_) | Err(Rejection::BookingEnded), .. } | Answer::Stored(_) => Ok(()),
        Answer::Given { outcome: Err(rejection), .. } => Err(Trouble::Refused(rejection)),
    }
}

/// A booking of the student on the target that was moved from this very origin: a repeated
/// request finds what the first one did.
pub async fn claimed_before(store: &Store, from: Origin, to: ScheduleId) -> Result<Option<BookingId>, StoreError> {
    let sql = "select id from bookings where moved_from = $1 and schedule_id = $2 and student_id = $3 \
        and status in ('pending', 'confirmed')";
    let row = store.reader().one(sql, args![from.booking, to, from.student]).await?;
    Ok(row.map(|r| r.parse("id")).transpose()?)
}

/// What a move answers with.
pub enum Moved {
    Now(Booking, Box<Head>),
    Before(BookingId),
}

/// Both steps; repeated, it finds what was done and does the rest.
pub async fn transfer(
    store: &Store,
    engine: &Engine,
    from: Origin,
    to: ScheduleId,
    account: AccountId,
    by: Canceller,
) -> Result<Moved, Trouble> {
    let unavailable = |e: StoreError| Trouble::Unavailable(e.into());
    if let Some(before) = claimed_before(store, from, to).await.map_err(unavailable)? {
        give_up(engine, from, by).await?;
        return Ok(Moved::Before(before));
    }
    let order = Order::moving(claim(from, account, Evidence::unknown()), from.schedule);
    let booked = match engine.submit(to, order).await? {
        Answer::Given { outcome: Ok(Receipt::Booked(booking)), head, .. } => Moved::Now(booking, head),
        Answer::Given { outcome: Err(rejection), .. } => return Err(Trouble::Refused(rejection)),
        Answer::Given { outcome: Ok(other), .. } => {
            unreachable!("a booking is answered with a booking, not {other:?}")
        }
        Answer::Stored(_) => unreachable!("the order had no key"),
    };
    give_up(engine, from, by).await?;
    Ok(booked)
}
