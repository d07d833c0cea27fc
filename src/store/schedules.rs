//! Making a schedule: its row and its first event, in one transaction.

use super::{sql::Conn, writer::StoreError};
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
    let Opened { head, at } = opened;
    let policy = serde_json::to_string(&*head.policy).expect("a policy is plain data");
    let sql = "insert into schedules (id, org_id, course_id, teacher_id, starts_at, ends_at, location, capacity, \
        status, policy, version, epoch, booked, stamped_at, created_at, updated_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, 0, $12, $12, $12)";
    let args = args![
        head.id,
        head.org,
        head.course,
        head.teacher,
        head.starts_at,
        head.ends_at,
        location,
        head.capacity,
        status(head.status),
        policy,
        epoch,
        *at,
    ];
    tx.exec(sql, args).await?;
    let events = serde_json::to_string(&[Event::Opened(opened.clone())]).expect("events are plain data");
    let sql = "insert into schedule_events (schedule_id, version, epoch, at, events) values ($1, 1, $2, $3, $4)";
    tx.exec(sql, args![head.id, epoch, *at, events]).await?;
    Ok(())
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
