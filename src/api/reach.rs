//! Who hears of a freed seat: those who let us write to them in WeChat, and those who have a page open.

use std::{collections::HashSet, sync::Arc};

use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use crate::{
    args,
    base::ids::{AccountId, ScheduleId, StudentId},
    engine::Reach,
    live::Hub,
    outbox::{Kind, wechat::Templates},
    store::{Store, StoreError, sql::Row},
};

/// The students who cannot be written to, as far as anybody asked. Asked within a turn, so it must
/// not wait; whoever is not in it is taken to be reachable, because an offer too many harms nobody.
pub struct Reachable {
    store: Store,
    hub: Arc<Hub>,
    /// None where no template tells of a freed seat: then WeChat reaches nobody.
    template: Option<String>,
    silent: Cache<StudentId, ()>,
    /// One look at a time: what is read later must not be noted first.
    looking: Mutex<()>,
}

impl Reach for Reachable {
    fn can_hear(&self, student: StudentId) -> bool {
        self.silent.get(&student).is_none() || self.hub.listens(student)
    }
}

/// Beyond, some are taken to be reachable.
const SILENT_MAX: usize = 200_000;

/// A student, and whether one of their accounts has a grant for the template `$1`.
const GRANTED: &str = "l.student_id, cast(case when exists (select 1 from account_students m \
    join wx_accounts w on w.account_id = m.account_id join accounts a on a.id = m.account_id \
    join subscriptions u on u.account_id = m.account_id \
    where m.student_id = l.student_id and u.template_id = $1 and u.remaining > 0 and a.disabled_at is null) \
    then 1 else 0 end as bigint) as granted";

impl Reachable {
    pub fn new(store: Store, hub: Arc<Hub>, templates: &Templates) -> Self {
        let template = templates.of(Kind::SeatOffered).map(|t| t.id.clone());
        Self { store, hub, template, silent: Cache::new(SILENT_MAX), looking: Mutex::default() }
    }

    /// Everybody who waits.
    pub async fn load(&self) -> Result<(), StoreError> {
        let sql = format!("select distinct {GRANTED} from waitlist l where l.status = 'active'");
        self.note(&self.store.reader().all(&sql, args![self.template.as_deref().unwrap_or_default()]).await?)
    }

    /// Those who wait for this class and let us write to them.
    pub async fn written_to(&self, schedule: ScheduleId) -> Result<HashSet<StudentId>, StoreError> {
        let _looking = self.looking.lock().await;
        let sql = format!("select {GRANTED} from waitlist l where l.schedule_id = $2 and l.status = 'active'");
        let rows = self.store.reader().all(&sql, args![self.template.as_deref().unwrap_or_default(), schedule]).await?;
        self.note(&rows)?;
        let granted = rows.iter().filter(|row| row.int("granted").is_ok_and(|granted| granted == 1));
        granted.map(|row| Ok(row.parse("student_id")?)).collect()
    }

    /// The students behind accounts whose grants have changed, or that have begun to wait; in the background.
    pub fn look_again(self: &Arc<Self>, accounts: Vec<AccountId>) {
        let this = self.clone();
        tokio::spawn(async move {
            for account in accounts {
                if let Err(error) = this.look_at(account).await {
                    tracing::debug!(%error, "looking who can be reached");
                }
            }
        });
    }

    pub async fn look_at(&self, account: AccountId) -> Result<(), StoreError> {
        let _looking = self.looking.lock().await;
        let sql = format!("select {GRANTED} from account_students l where l.account_id = $2");
        let template = self.template.as_deref().unwrap_or_default();
        self.note(&self.store.reader().all(&sql, args![template, account]).await?)
    }

    fn note(&self, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            let student: StudentId = row.parse("student_id")?;
            if row.int("granted")? == 0 {
                self.silent.insert(student, ());
            } else {
                self.silent.remove(&student);
            }
        }
        Ok(())
    }
}
