//! The store as the engine's journal.

use futures_util::future::BoxFuture;

use super::{
    Store, StoreError, recover, shown,
    sql::{Arg, Kind, ROWS_MAX, rows_args, rows_source},
};
use crate::{
    args,
    base::{
        ids::{BookingNo, OutboxId, ScheduleId, StudentId},
        time::Timestamp,
    },
    domain::schedule::Schedule,
    engine::journal::{Batch, Commitment, Fault, Journal},
};

impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        Self::new(e)
    }
}

impl Journal for Store {
    fn append(&self, batch: Batch) -> Result<(), Box<Batch>> {
        self.writer().append(batch)
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), Fault>> {
        let writer = self.writer().clone();
        Box::pin(async move { writer.flush().await })
    }

    fn load(&self, id: ScheduleId) -> BoxFuture<'static, Result<Option<Schedule>, Fault>> {
        let (reader, writer) = (self.reader().clone(), self.writer().clone());
        Box::pin(async move {
            writer.wait_out_doubt().await?;
            Ok(recover::load(&reader, id).await?)
        })
    }

    fn load_shown(&self, ids: Vec<ScheduleId>) -> BoxFuture<'static, Result<Vec<Schedule>, Fault>> {
        let (reader, writer) = (self.reader().clone(), self.writer().clone());
        Box::pin(async move {
            writer.wait_out_doubt().await?;
            Ok(shown::load_shown(&reader, &ids).await?)
        })
    }

    fn due(&self, until: Timestamp, limit: u32) -> BoxFuture<'static, Result<Vec<(ScheduleId, Timestamp)>, Fault>> {
        let reader = self.reader().clone();
        Box::pin(async move {
            let sql = "select id, next_due_at from schedules where next_due_at is not null and next_due_at < $1 \
                order by next_due_at, id limit $2";
            let rows = reader.all(sql, args![until, limit]).await.map_err(StoreError::from)?;
            let read = |row: &super::sql::Row| Ok((row.parse("id")?, row.at("next_due_at")?));
            Ok(rows.iter().map(read).collect::<Result<_, StoreError>>()?)
        })
    }

    fn commitments(
        &self,
        students: Vec<StudentId>,
        after: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<(StudentId, Commitment)>, Fault>> {
        let (reader, writer) = (self.reader().clone(), self.writer().clone());
        Box::pin(async move {
            writer.wait_out_doubt().await?;
            let mut found = Vec::new();
            let (postgres, kinds) = (reader.is_postgres(), [Kind::Text, Kind::Int]);
            for chunk in students.chunks(ROWS_MAX) {
                let source = rows_source(postgres, &kinds, chunk.len());
                let sql = format!(
                    "select b.student_id, b.schedule_id, b.starts_at, b.ends_at from {source} \
                     join bookings b on b.student_id = v.column1 and b.ends_at > v.column2 \
                     and b.status in ('pending', 'confirmed')"
                );
                let rows: Vec<Vec<Arg>> = chunk.iter().map(|s| args![*s, after]).collect();
                for row in reader.all(&sql, rows_args(postgres, &kinds, rows)).await.map_err(StoreError::from)? {
                    let read = || Ok((row.parse("schedule_id")?, row.at("starts_at")?, row.at("ends_at")?));
                    let student = row.parse("student_id").map_err(StoreError::from)?;
                    found.push((student, read().map_err(|e: super::sql::BadColumn| StoreError::from(e))?));
                }
            }
            Ok(found)
        })
    }

    fn queue_len(&self) -> usize {
        self.writer().queue_len()
    }
}

impl Store {
    /// The greatest id that the engine has given to anything so far; 0 when there is none.
    pub async fn last_id(&self) -> Result<u128, StoreError> {
        let tables = ["bookings", "seat_holds", "waitlist", "waitlist_rounds", "waitlist_offers", "outbox"];
        let greatest = tables.map(|table| format!("select max(id) as id from {table}")).join(" union all ");
        let row = self.reader().one(&format!("select max(id) as id from ({greatest}) as each_table"), vec![]).await?;
        let last: Option<OutboxId> = row.map(|r| r.opt_parse("id")).transpose()?.flatten();
        Ok(last.map_or(0, OutboxId::as_u128))
    }

    /// The greatest booking number given so far.
    pub async fn last_booking_no(&self) -> Result<Option<BookingNo>, StoreError> {
        // Beyond 999,999 a day a number is longer than the text before it, so length comes first.
        let sql = "select booking_no from bookings where booking_no >= (select substr(max(booking_no), 1, 11) \
            from bookings) order by length(booking_no) desc, booking_no desc limit 1";
        let row = self.reader().one(sql, vec![]).await?;
        Ok(row.map(|r| r.parse("booking_no")).transpose()?)
    }
}
