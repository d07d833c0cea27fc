//! What the clock alone brings about: reminders before class, and cleaning up.
//!
//! A reminder is no row that waits for its hour: whom to remind is read in the transaction that
//! reminds. So a cancelled or moved booking has nothing that would have to be cancelled with it.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{
    Channels, Delivery, Kind,
    address::{About, AddressBook, Source, distinct, exec_list},
    pause,
};
use crate::{
    args,
    base::{
        ids::{BookingId, BookingNo, StudentId, TeacherId},
        limits::{
            DELIVERY_KEPT, LOGIN_LOG_KEPT, OUTBOX_KEPT, RECEIPT_KEPT, REMINDER_KEPT, SESSION_KEPT, SMS_KEPT,
            UNKNOWN_LOGIN_KEPT,
        },
        time::{Clock, MINUTE, Millis, Timestamp},
    },
    domain::schedule::effects::Recipient,
    store::{
        Store, StoreError,
        sql::{self, Conn, Row},
    },
};

/// Minutes before the start, the latest first.
const MARKS: [Mark; 2] = [Mark { minutes: 15, not_after: 0 }, Mark { minutes: 30, not_after: 15 }];

/// Bookings in one write.
const REMINDERS_PER_WRITE: i64 = 128;
/// A class made or moved to within the hour is found at the next look.
const LOOK_EVERY: Duration = Duration::from_secs(10);
const TIDY_EVERY: Millis = 10 * MINUTE;
/// Rows deleted in one write.
const TIDY_STEP: i64 = 500;
const TIDY_PAUSE: Duration = Duration::from_millis(50);

/// Rows whose time is over, deleted some at a time: `$1` is the instant that they must be older
/// than, `$2` how many at once.
struct Outlived {
    sql: &'static str,
    kept: Millis,
}

/// Noted before the first of them goes: who counts notices must not miss those.
const NOTE_OUTBOX: &str = "update lease set outbox_kept_from = $1 where id = 1 and outbox_kept_from < $1";

const OUTLIVED: [Outlived; 9] = [
    Outlived {
        sql: "delete from receipts where (account_id, request_key) in (select account_id, request_key \
            from receipts where created_at < $1 order by created_at limit $2)",
        kept: RECEIPT_KEPT,
    },
    // What was given up keeps its error until somebody has looked at it.
    Outlived {
        sql: "delete from outbox where id in (select id from outbox \
            where relayed_at is not null and error is null and created_at < $1 order by id limit $2)",
        kept: OUTBOX_KEPT,
    },
    // Sent or not, the inbox still has what it said.
    Outlived {
        sql: "delete from deliveries where id in (select id from deliveries \
            where state <> 'queued' and created_at < $1 order by created_at limit $2)",
        kept: DELIVERY_KEPT,
    },
    // A class that has begun is not reminded of any more, wherever it is moved to.
    Outlived {
        sql: "delete from class_reminders where (booking_id, starts_at, minutes_before) in \
            (select booking_id, starts_at, minutes_before from class_reminders where starts_at < $1 limit $2)",
        kept: REMINDER_KEPT,
    },
    Outlived {
        sql: "delete from sessions where id in (select id from sessions \
            where expires_at < $1 order by expires_at limit $2)",
        kept: SESSION_KEPT,
    },
    Outlived {
        sql: "delete from login_logs where id in (select id from login_logs where at < $1 order by at limit $2)",
        kept: LOGIN_LOG_KEPT,
    },
    Outlived {
        sql: "delete from unknown_logins where name_hash in (select name_hash from unknown_logins \
            where updated_at < $1 order by updated_at limit $2)",
        kept: UNKNOWN_LOGIN_KEPT,
    },
    Outlived {
        sql: "delete from sms_codes where (org_id, phone, purpose) in (select org_id, phone, purpose \
            from sms_codes where expires_at < $1 order by expires_at limit $2)",
        kept: SMS_KEPT,
    },
    Outlived {
        sql: "delete from sms_sends where id in (select id from sms_sends where at < $1 order by at limit $2)",
        kept: SMS_KEPT,
    },
];

/// A reminder this long before the start, unless the next one is due already: after an outage
/// nobody gets both at once.
#[derive(Clone, Copy)]
struct Mark {
    minutes: i64,
    not_after: i64,
}

impl Mark {
    fn before(self) -> Millis {
        self.minutes * MINUTE
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    channels: Channels,
}

impl Jobs {
    pub fn new(store: Store, clock: Clock, channels: Channels) -> Self {
        Self(Arc::new(Inner { store, clock, channels }))
    }

    /// Works until it is aborted; that is safe at any point. On a manual clock whoever moves it
    /// calls [`remind`](Self::remind) on the way, at each [`next_reminder`](Self::next_reminder).
    pub fn spawn(&self) -> JoinHandle<()> {
        tokio::spawn(self.clone().run())
    }

    async fn run(self) {
        let mut tidied_at = Timestamp::MIN;
        loop {
            let now = self.0.clock.now();
            if !self.0.clock.is_manual()
                && let Err(error) = self.remind(now).await
            {
                tracing::warn!(%error, "reminders wait for the database");
            }
            if now - tidied_at >= TIDY_EVERY {
                match self.tidy(now).await {
                    Ok(_) => tidied_at = now,
                    Err(error) => tracing::warn!(%error, "cleaning waits for the database"),
                }
            }
            pause(self.until_next(now).await).await;
        }
    }

    async fn until_next(&self, now: Timestamp) -> Duration {
        let horizon = now + LOOK_EVERY.as_millis() as Millis;
        match self.next_reminder(now, horizon).await {
            Ok(Some(at)) => self.0.clock.now().until(at).clamp(Duration::from_millis(1), LOOK_EVERY),
            Ok(None) | Err(_) => LOOK_EVERY,
        }
    }

    /// The earliest instant after `after`, and up to `until`, at which someone is to be reminded.
    pub async fn next_reminder(&self, after: Timestamp, until: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut next = None;
        for mark in MARKS {
            // Org by org, because that is how the index on starts is made.
            let sql = "select min(s.starts_at) as starts_at from orgs o cross join schedules s \
                where s.org_id = o.id and s.starts_at > $1 and s.starts_at <= $2 \
                and s.status in ('open', 'blocked') \
                and exists (select 1 from bookings b where b.schedule_id = s.id and b.status = 'confirmed' \
                and b.status in ('pending', 'confirmed') and b.confirmed_at < s.starts_at - $3)";
            let args = args![after + mark.before(), until + mark.before(), mark.before()];
            let row = self.0.store.reader().one(sql, args).await?;
            let at = row.map(|r| r.opt_at("starts_at")).transpose()?.flatten().map(|starts| starts - mark.before());
            next = next.into_iter().chain(at).min();
        }
        Ok(next)
    }

    /// Reminds everyone who is to be reminded by `now` and was not; the number of bookings.
    pub async fn remind(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut reminded = 0;
        for mark in MARKS {
            loop {
                // Nobody near: the writer need not be asked.
                if !self.anyone_near(mark, now).await? {
                    break;
                }
                let channels = self.0.channels.clone();
                let some = self.0.store.write(move |tx| Box::pin(remind_some(tx, channels, mark, now))).await?;
                self.0.channels.committed();
                reminded += some;
                if (some as i64) < REMINDERS_PER_WRITE {
                    break;
                }
            }
        }
        Ok(reminded)
    }

    async fn anyone_near(&self, mark: Mark, now: Timestamp) -> Result<bool, StoreError> {
        let sql = format!("select 1 as found {}", WHOM);
        let args = args![now + mark.not_after * MINUTE, now + mark.before(), mark.before(), mark.minutes, 1i64];
        Ok(self.0.store.reader().one(&sql, args).await?.is_some())
    }

    /// Deletes what nobody may ask for any more; the number of rows.
    pub async fn tidy(&self, now: Timestamp) -> Result<u64, StoreError> {
        let kept_from = args![now - OUTBOX_KEPT];
        self.0.store.write(move |tx| Box::pin(async move { Ok(tx.exec(NOTE_OUTBOX, kept_from).await?) })).await?;
        let mut deleted = 0;
        for Outlived { sql, kept } in OUTLIVED {
            loop {
                let args = args![now - kept, TIDY_STEP];
                let some = self.0.store.write(move |tx| Box::pin(async move { Ok(tx.exec(sql, args).await?) })).await?;
                deleted += some;
                if (some as i64) < TIDY_STEP {
                    break;
                }
                pause(TIDY_PAUSE).await;
            }
        }
        Ok(deleted)
    }
}

/// Confirmed bookings of classes to come, which a blocked one keeps, that begin in `($1, $2]`, made before the mark of `$3`
/// milliseconds (`$4` minutes) and not yet reminded of it.
const WHOM: &str = "from orgs o cross join schedules s join bookings b on b.schedule_id = s.id \
    left join courses c on c.id = s.course_id \
    left join class_reminders r on r.booking_id = b.id and r.starts_at = s.starts_at and r.minutes_before = $4 \
    where s.org_id = o.id and s.starts_at > $1 and s.starts_at <= $2 and s.status in ('open', 'blocked') \
    and b.status in ('pending', 'confirmed') and b.status = 'confirmed' and b.confirmed_at < s.starts_at - $3 \
    and r.booking_id is null order by s.starts_at, b.id limit $5";

struct Reminder {
    booking: BookingId,
    no: BookingNo,
    student: StudentId,
    teacher: Option<TeacherId>,
    about: About,
}

impl Reminder {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            booking: row.parse("booking_id")?,
            no: row.parse("booking_no")?,
            student: row.parse("student_id")?,
            teacher: row.opt_parse("teacher_id")?,
            about: About::read(row)?,
        })
    }
}

async fn remind_some(tx: &mut Conn, channels: Channels, mark: Mark, now: Timestamp) -> Result<usize, StoreError> {
    let sql = format!(
        "select b.id as booking_id, b.booking_no, b.student_id, s.teacher_id, s.id as schedule_id, s.location, \
         s.starts_at, s.ends_at, c.name as course_name, o.zone {WHOM}"
    );
    let args =
        args![now + mark.not_after * MINUTE, now + mark.before(), mark.before(), mark.minutes, REMINDERS_PER_WRITE];
    let rows = tx.all(&sql, args).await?;
    let reminders = rows.iter().map(Reminder::read).collect::<Result<Vec<_>, _>>()?;
    let sent: Vec<_> = reminders.iter().map(|r| args![r.booking, r.about.starts_at, mark.minutes, now]).collect();
    exec_list(tx, &[sql::Kind::Text, sql::Kind::Int, sql::Kind::Int, sql::Kind::Int], sent, |source| {
        format!(
            "insert into class_reminders (booking_id, starts_at, minutes_before, sent_at) \
             select column1, column2, column3, column4 from {source} where column1 is not null \
             on conflict (booking_id, starts_at, minutes_before) do nothing"
        )
    })
    .await?;
    let deliveries = deliveries(tx, &reminders, mark, now).await?;
    channels.send(tx, &deliveries).await?;
    Ok(reminders.len())
}

/// One for each booking to its student's accounts, and one for each class to its teacher.
async fn deliveries(
    tx: &mut Conn,
    reminders: &[Reminder],
    mark: Mark,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let students = distinct(reminders.iter().map(|r| r.student));
    let teachers = distinct(reminders.iter().filter_map(|r| r.teacher));
    let book = AddressBook::load(&mut Source::Transaction(tx), &[], &students, &teachers).await?;
    let mut deliveries = Vec::new();
    let mut told = None;
    for r in reminders {
        let starts_at = r.about.starts_at.as_millis();
        let mut add = |to, subject: String, booking, data: serde_json::Map<String, Value>| {
            let data = Value::Object(data).to_string();
            deliveries.extend(book.accounts_of(to).iter().map(|account| Delivery {
                key: format!("class:{subject}:{starts_at}:{}:{account}", mark.minutes),
                account: *account,
                kind: Kind::ClassReminder,
                data: data.clone(),
                at: now,
                schedule: r.about.schedule,
                starts_at: r.about.starts_at,
                offer: None,
                booking,
            }));
        };
        let mut data = r.about.data();
        data.insert("minutes_before".into(), json!(mark.minutes));
        // Reminders come class by class; should one be split over two writes, the key is the same.
        if let Some(teacher) = r.teacher
            && told != Some(r.about.schedule)
        {
            told = Some(r.about.schedule);
            add(Recipient::Teacher(teacher), r.about.schedule.to_string(), None, data.clone());
        }
        data.insert("booking_id".into(), json!(r.booking));
        data.insert("booking_no".into(), json!(r.no));
        book.name_student(&mut data, r.student);
        add(Recipient::Student(r.student), r.booking.to_string(), Some(r.booking), data);
    }
    Ok(deliveries)
}
