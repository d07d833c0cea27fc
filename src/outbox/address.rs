//! Who stands behind a student or a teacher, and what a message has to name.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::{
    base::{
        ids::{AccountId, OfferId, ScheduleId, StudentId, TeacherId},
        time::{Timestamp, Zone},
    },
    domain::schedule::effects::Recipient,
    store::{
        StoreError,
        sql::{Arg, Bundle, Conn, Kind, ROWS_MAX, Reader, Row, rows_args, rows_source},
    },
};

/// Where to ask: committed rows, or those of a transaction.
pub enum Source<'a> {
    Reader(&'a Reader),
    Transaction(&'a mut Conn),
}

impl Source<'_> {
    pub async fn all(&mut self, sql: &str, args: Vec<Arg>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Reader(reader) => reader.all(sql, args).await?,
            Self::Transaction(tx) => tx.all(sql, args).await?,
        })
    }

    fn is_postgres(&self) -> bool {
        match self {
            Self::Reader(reader) => reader.is_postgres(),
            Self::Transaction(tx) => tx.is_postgres(),
        }
    }

    /// `sql` ends before the list: `… where id in`.
    pub async fn for_each_of<T: Copy + Into<Arg>>(&mut self, sql: &str, items: &[T]) -> Result<Vec<Row>, StoreError> {
        let postgres = self.is_postgres();
        let mut rows = Vec::new();
        for chunk in items.chunks(ROWS_MAX) {
            let source = rows_source(postgres, &[Kind::Text], chunk.len());
            let sql = format!("{sql} (select column1 from {source} where column1 is not null)");
            let list: Vec<Vec<Arg>> = chunk.iter().map(|item| vec![(*item).into()]).collect();
            rows.extend(self.all(&sql, rows_args(postgres, &[Kind::Text], list)).await?);
        }
        Ok(rows)
    }
}

/// A write of many rows, some at a time; `sql` makes the statement from the list's source.
pub async fn exec_list(
    tx: &mut Conn,
    kinds: &[Kind],
    rows: Vec<Vec<Arg>>,
    sql: impl Fn(&str) -> String,
) -> Result<(), StoreError> {
    let mut bundle = Bundle::new(tx);
    bundle.add(kinds, rows, sql);
    Ok(bundle.run(tx).await?)
}

/// What a message says of its schedule, whatever it is about.
#[derive(Clone, Debug)]
pub struct About {
    pub schedule: ScheduleId,
    pub course_name: String,
    pub location: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub zone: Zone,
}

impl About {
    pub fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            schedule: row.parse("schedule_id")?,
            course_name: row.opt_text("course_name")?.unwrap_or_default().to_owned(),
            location: row.text("location")?.to_owned(),
            starts_at: row.at("starts_at")?,
            ends_at: row.at("ends_at")?,
            zone: row.opt_text("zone")?.and_then(Zone::named).unwrap_or(Zone::SHANGHAI),
        })
    }

    pub fn data(&self) -> Map<String, Value> {
        let Self { schedule, course_name, location, starts_at, ends_at, zone } = self;
        let mut data = Map::new();
        data.insert("schedule_id".into(), json!(schedule));
        data.insert("course_name".into(), json!(course_name));
        data.insert("starts_at".into(), json!(zone.rfc3339(*starts_at)));
        data.insert("ends_at".into(), json!(zone.rfc3339(*ends_at)));
        if !location.is_empty() {
            data.insert("location".into(), json!(location));
        }
        data
    }
}

/// Everything that a batch of notices needs to know, read at once.
#[derive(Default)]
pub struct AddressBook {
    pub about: HashMap<ScheduleId, About>,
    revoked: HashSet<ScheduleId>,
    teacher_names: HashMap<ScheduleId, String>,
    student_accounts: HashMap<StudentId, Vec<AccountId>>,
    student_names: HashMap<StudentId, String>,
    teacher_accounts: HashMap<TeacherId, AccountId>,
}

impl AddressBook {
    pub async fn load(
        source: &mut Source<'_>,
        schedules: &[ScheduleId],
        students: &[StudentId],
        teachers: &[TeacherId],
    ) -> Result<Self, StoreError> {
        let mut book = Self::default();
        let sql = "select s.id as schedule_id, s.location, s.starts_at, s.ends_at, s.status, c.name as course_name, o.zone, \
            t.name as teacher_name from schedules s left join courses c on c.id = s.course_id \
            left join orgs o on o.id = s.org_id left join teachers t on t.id = s.teacher_id where s.id in";
        for row in source.for_each_of(sql, schedules).await? {
            let about = About::read(&row)?;
            if row.text("status")? == "revoked" {
                book.revoked.insert(about.schedule);
            }
            if let Some(name) = row.opt_text("teacher_name")? {
                book.teacher_names.insert(about.schedule, name.to_owned());
            }
            book.about.insert(about.schedule, about);
        }
        let sql = "select student_id, account_id from account_students where student_id in";
        for row in source.for_each_of(sql, students).await? {
            book.student_accounts.entry(row.parse("student_id")?).or_default().push(row.parse("account_id")?);
        }
        for row in source.for_each_of("select id, nickname from students where id in", students).await? {
            book.student_names.insert(row.parse("id")?, row.text("nickname")?.to_owned());
        }
        for row in source.for_each_of("select id, account_id from teachers where id in", teachers).await? {
            book.teacher_accounts.insert(row.parse("id")?, row.parse("account_id")?);
        }
        Ok(book)
    }

    /// Nobody, when a student has no login.
    pub fn accounts_of(&self, to: Recipient) -> &[AccountId] {
        match to {
            Recipient::Student(student) => self.student_accounts.get(&student).map_or(&[], Vec::as_slice),
            Recipient::Teacher(teacher) => self.teacher_accounts.get(&teacher).map_or(&[], std::slice::from_ref),
        }
    }

    pub fn is_revoked(&self, schedule: ScheduleId) -> bool {
        self.revoked.contains(&schedule)
    }

    pub fn name_teacher(&self, data: &mut Map<String, Value>, schedule: ScheduleId) {
        if let Some(name) = self.teacher_names.get(&schedule) {
            data.insert("teacher_name".into(), json!(name));
        }
    }

    pub fn name_student(&self, data: &mut Map<String, Value>, student: StudentId) {
        data.insert("student_id".into(), json!(student));
        if let Some(name) = self.student_names.get(&student) {
            data.insert("student_name".into(), json!(name));
        }
    }
}

/// Those of the offers that are still alive.
pub async fn live_offers(tx: &mut Conn, offers: &[OfferId]) -> Result<HashSet<OfferId>, StoreError> {
    let mut source = Source::Transaction(tx);
    let rows = source.for_each_of("select id from waitlist_offers where status = 'live' and id in", offers).await?;
    Ok(rows.iter().map(|row| row.parse("id")).collect::<Result<_, _>>()?)
}

/// Each once, in order.
pub fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort_unstable();
    items.dedup();
    items
}
