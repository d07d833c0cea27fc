//! Making a schedule: its row and its first event, in one transaction.

use super::{
    sql::{BadColumn, Bundle, Conn, Kind},
    writer::StoreError,
};
use crate::{
    args,
    base::{
        ids::{Epoch, ScheduleId, TeacherId},
        time::Timestamp,
    },
    domain::schedule::{Event, Opened},
    store::names::status,
};

/// Inserts a schedule at version 1. The caller has checked that its teacher is free, within the
/// same transaction.
pub async fn insert(tx: &mut Conn, opened: &Opened, location: &str, epoch: Epoch) -> Result<(), StoreError> {
    insert_all(tx, &[(opened.clone(), location.to_owned())], epoch).await
}

const SCHEDULE: [Kind; 12] = {
    use Kind::{Int, Text};
    [Text, Text, Text, Text, Int, Int, Text, Int, Text, Text, Int, Int]
};

const EVENT: [Kind; 4] = [Kind::Text, Kind::Int, Kind::Int, Kind::Text];

/// Many of them with their places, in one trip.
pub async fn insert_all(tx: &mut Conn, all: &[(Opened, String)], epoch: Epoch) -> Result<(), StoreError> {
    let row = |(Opened { head, at }, location): &(Opened, String)| {
        let policy = serde_json::to_string(&*head.policy).expect("a policy is plain data");
        args![
            head.id,
            head.org,
            head.course,
            head.teacher,
            head.starts_at,
            head.ends_at,
            &**location,
            head.capacity,
            status(head.status),
            policy,
            epoch,
            *at,
        ]
    };
    let event = |(opened, _): &(Opened, String)| {
        let events = serde_json::to_string(&[Event::Opened(opened.clone())]).expect("events are plain data");
        args![opened.head.id, epoch, opened.at, events]
    };
    let mut bundle = Bundle::new(tx);
    bundle.add(&SCHEDULE, all.iter().map(row).collect(), |source| {
        format!(
            "insert into schedules (id, org_id, course_id, teacher_id, starts_at, ends_at, location, capacity, \
             status, policy, version, epoch, booked, stamped_at, created_at, updated_at) \
             select v.column1, v.column2, v.column3, v.column4, v.column5, v.column6, v.column7, v.column8, \
             v.column9, v.column10, 1, v.column11, 0, v.column12, v.column12, v.column12 \
             from {source} where v.column1 is not null"
        )
    });
    bundle.add(&EVENT, all.iter().map(event).collect(), |source| {
        format!(
            "insert into schedule_events (schedule_id, version, epoch, at, events) \
             select v.column1, 1, v.column2, v.column3, v.column4 from {source} where v.column1 is not null"
        )
    });
    Ok(bundle.run(tx).await?)
}

/// When this teacher has classes that touch `[from, to)`. Locks the teacher, as below.
pub async fn times_of(
    tx: &mut Conn,
    teacher: TeacherId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>, StoreError> {
    let lock = format!("select id from teachers where id = $1{}", tx.lock_suffix());
    tx.one(&lock, args![teacher]).await?;
    let sql = "select starts_at, ends_at from schedules where teacher_id = $1 and status <> 'revoked' \
        and starts_at < $3 and ends_at > $2";
    let rows = tx.all(sql, args![teacher, from, to]).await?;
    Ok(rows.iter().map(|row| Ok((row.at("starts_at")?, row.at("ends_at")?))).collect::<Result<_, BadColumn>>()?)
}

/// A schedule of this teacher, other than `except`, that overlaps `[from, to)`. Locks the teacher,
/// so that two schedules made at once cannot both miss each other.
pub async fn teacher_busy(
    tx: &mut Conn,
    teacher: TeacherId,
    except: Option<ScheduleId>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<ScheduleId>, StoreError> {
    let lock = format!("select id from teachers where id = $1{}", tx.lock_suffix());
    tx.one(&lock, args![teacher]).await?;
    let sql = "select id from schedules where teacher_id = $1 and status <> 'revoked' and starts_at < $3 \
        and ends_at > $2 and id <> $4 limit 1";
    let row = tx.one(sql, args![teacher, from, to, except.map_or(String::new(), |id| id.to_string())]).await?;
    Ok(row.map(|r| r.parse("id")).transpose()?)
}
