//! Many schedules at once, as far as they are shown: a page of a list costs as many statements as
//! one class.

use std::collections::HashMap;

use super::{
    recover::{
        self, BOOKING_COLUMNS, ENTRY_COLUMNS, HOLD_COLUMNS, OFFER_COLUMNS, ROUND_COLUMNS, Rows, in_row, read_booking,
        read_entry, read_head, read_hold, read_offer, read_round,
    },
    sql::{BadColumn, Kind, ROWS_MAX, Reader, Row, rows_args, rows_source},
    writer::StoreError,
};
use crate::{args, base::ids::ScheduleId, domain::schedule::Schedule};

/// What there is of these schedules, in whatever order: all that is live. What has ended is left
/// out, so that nothing may be decided upon them.
pub async fn load_shown(reader: &Reader, ids: &[ScheduleId]) -> Result<Vec<Schedule>, StoreError> {
    let mut shown = Vec::with_capacity(ids.len());
    for some in ids.chunks(ROWS_MAX) {
        shown.extend(load_some(&List { reader, ids: some }).await?);
    }
    Ok(shown)
}

/// At most [`ROWS_MAX`].
struct List<'a> {
    reader: &'a Reader,
    ids: &'a [ScheduleId],
}

impl List<'_> {
    /// The rows of a table that belong to any of them: `filter` begins with their schedule's column.
    async fn rows(&self, columns: &str, table: &str, key: &str, filter: &str) -> Result<Vec<Row>, StoreError> {
        let (postgres, kinds) = (self.reader.is_postgres(), [Kind::Text]);
        let source = rows_source(postgres, &kinds, self.ids.len());
        let sql = format!("select {columns} from {table} where {key} in (select column1 from {source}) {filter}");
        let list = self.ids.iter().map(|id| args![*id]).collect();
        Ok(self.reader.all(&sql, rows_args(postgres, &kinds, list)).await?)
    }

    async fn versions(&self) -> Result<HashMap<ScheduleId, u64>, StoreError> {
        let rows = self.rows("id, version", "schedules", "id", "").await?;
        rows.iter().map(|row| Ok((row.parse("id")?, row.version("version")?))).collect()
    }
}

async fn load_some(list: &List<'_>) -> Result<Vec<Schedule>, StoreError> {
    let columns =
        "id, org_id, course_id, teacher_id, starts_at, ends_at, capacity, status, policy, version, stamped_at";
    let mut all: HashMap<ScheduleId, Rows> = HashMap::new();
    for row in list.rows(columns, "schedules", "id", "").await? {
        let head = read_head(&row).map_err(in_row("schedules", &row))?;
        let (version, stamped_at) = (row.version("version")?, row.at("stamped_at")?);
        all.insert(head.id, Rows::of(head, version, stamped_at));
    }
    let mut put = Sorter { list, all: &mut all };
    put.rows(BOOKING_COLUMNS, "bookings", "and status <> 'cancelled' order by id", |s, row| {
        s.bookings.push(read_booking(row)?);
        Ok(())
    })
    .await?;
    put.rows(HOLD_COLUMNS, "seat_holds", "and status = 'active' order by created_at, id", |s, row| {
        s.holds.push(read_hold(row)?);
        Ok(())
    })
    .await?;
    put.rows(ENTRY_COLUMNS, "waitlist", "and status = 'active' order by seq", |s, row| {
        s.queue.push(read_entry(row)?);
        Ok(())
    })
    .await?;
    put.rows(ROUND_COLUMNS, "waitlist_rounds", "and stage <> 'done' order by id", |s, row| {
        s.rounds.push(read_round(row)?);
        Ok(())
    })
    .await?;
    put.rows(OFFER_COLUMNS, "waitlist_offers", "and status = 'live' order by id desc", |s, row| {
        s.offers.push(read_offer(row)?);
        Ok(())
    })
    .await?;
    unchanged(list, all).await
}

/// A commit between two of the statements shows in the version; then that one is read again, alone.
async fn unchanged(list: &List<'_>, all: HashMap<ScheduleId, Rows>) -> Result<Vec<Schedule>, StoreError> {
    let versions = list.versions().await?;
    let mut shown = Vec::with_capacity(all.len());
    for (id, rows) in all {
        if versions.get(&id) == Some(&rows.version) {
            shown.push(rows.assemble());
        } else {
            shown.extend(recover::load(list.reader, id).await?);
        }
    }
    Ok(shown)
}

/// Gives each row to its schedule.
struct Sorter<'a> {
    list: &'a List<'a>,
    all: &'a mut HashMap<ScheduleId, Rows>,
}

impl Sorter<'_> {
    async fn rows(
        &mut self,
        columns: &str,
        table: &str,
        filter: &str,
        put: impl Fn(&mut Rows, &Row) -> Result<(), BadColumn>,
    ) -> Result<(), StoreError> {
        let columns =
            if columns.contains("schedule_id") { columns.to_owned() } else { format!("schedule_id, {columns}") };
        for row in self.list.rows(&columns, table, "schedule_id", filter).await? {
            // One that was made since the schedules were read is read again, with its schedule.
            if let Some(rows) = self.all.get_mut(&row.parse("schedule_id")?) {
                put(rows, &row).map_err(in_row(table, &row))?;
            }
        }
        Ok(())
    }
}
