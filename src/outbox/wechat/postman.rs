//! Sends what is written down, at least once and in order.
//!
//! Many people at once, one message to a person at a time. What was sent is noted in groups; a
//! server that dies between the two sends those few again, because a message that comes twice opens
//! the same offer, and one that never comes loses a seat.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex as StdMutex},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, Notify},
    task::{JoinHandle, JoinSet},
};

use super::{
    GrantsChanged, Quiet, Templates,
    letter::{DUE, Letter},
    outcome::{Done, Outcome, record},
};
use crate::{
    args,
    base::{
        ids::{AccountId, DeliveryId},
        lang::Lang,
        limits::MESSAGES_AT_ONCE_MAX,
        metrics,
        sync::lock,
        time::{Clock, SECOND, Timestamp, Zone},
    },
    gateways::wechat::{Failure, SubscribeMessage, WeChat},
    outbox::{notices::Kind, pause},
    store::{Store, StoreError},
};

/// Read at once, and how often in a row: past a person to whom thousands are due.
const PAGE: usize = 512;
const PAGES_MAX: usize = 16;
/// Noted in one write as soon as there are so many …
const NOTE_AT: usize = 64;
/// … and no more, so that no booking waits for it.
const NOTE_MAX: usize = 128;
/// Noted after this long in any case.
const NOTE_WITHIN: Duration = Duration::from_millis(30);
/// Looked again at least this often, should a bell be missed or WeChat be away.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const NOTE_AGAIN: Duration = Duration::from_millis(500);
const COUNT_EVERY: Duration = Duration::from_secs(5);

pub struct PostmanParts {
    pub store: Store,
    pub clock: Clock,
    pub wechat: WeChat,
    pub templates: Arc<Templates>,
    /// Of the program that a tap opens: `developer`, `trial` or `formal`.
    pub state: &'static str,
    pub quiet: Option<Quiet>,
    pub zone: Zone,
    /// Rung when there is something to send.
    pub bell: Arc<Notify>,
    pub grants_changed: GrantsChanged,
}

/// The one postman of a server. Cheap to clone.
#[derive(Clone)]
pub struct Postman(Arc<Inner>);

struct Inner {
    parts: PostmanParts,
    /// One round at a time, so that nothing is on its way twice.
    turn: Mutex<()>,
    /// Why WeChat takes no messages at all, while it does not.
    away: StdMutex<Option<String>>,
}

/// What is on its way, and what came back and is not noted yet.
#[derive(Default)]
struct Round {
    flights: JoinSet<Done>,
    /// Their accounts, until what came of it is noted.
    busy: HashSet<AccountId>,
    /// What was taken up and is not noted yet; true for what was sent.
    held: HashMap<DeliveryId, bool>,
    back: Vec<Done>,
    first_back: Option<Instant>,
    /// Nothing new since the rows were last looked at.
    has_looked: bool,
    /// WeChat is not to be had; what is on its way may come back.
    is_over: bool,
    dealt_with: usize,
}

impl Postman {
    pub fn new(parts: PostmanParts) -> Self {
        Self(Arc::new(Inner { parts, turn: Mutex::new(()), away: StdMutex::default() }))
    }

    /// Sends and counts until the tasks are aborted; what is on its way then is sent again after the
    /// next start.
    pub fn spawn(&self) -> [JoinHandle<()>; 2] {
        // What an earlier server left is not to wait for the first look.
        self.wake();
        [tokio::spawn(self.clone().run()), tokio::spawn(self.clone().keep_count())]
    }

    /// Whether WeChat takes no messages at all.
    pub fn is_away(&self) -> bool {
        lock(&self.0.away).is_some()
    }

    /// There is something to send.
    pub fn wake(&self) {
        self.0.parts.bell.notify_one();
    }

    async fn run(self) {
        loop {
            // A bell that is missed is no harm.
            let _ = tokio::time::timeout(LOOK_EVERY, self.0.parts.bell.notified()).await;
            if let Err(error) = self.drain().await {
                tracing::warn!(%error, "the postman waits for the database");
            }
        }
    }

    async fn keep_count(self) {
        let mut count = tokio::time::interval(COUNT_EVERY);
        loop {
            count.tick().await;
            if let Err(error) = self.count().await {
                tracing::debug!(%error, "counting messages that wait");
            }
        }
    }

    /// Deals with everything that is due by now, unless WeChat is away; the number of messages.
    pub async fn drain(&self) -> Result<usize, StoreError> {
        let _turn = self.0.turn.lock().await;
        let mut round = Round { is_over: !self.is_wechat_there().await, ..Round::default() };
        let mut failed = None;
        loop {
            if !round.is_over
                && !round.has_looked
                && round.flights.len() <= MESSAGES_AT_ONCE_MAX / 2
                && let Err(error) = self.take_up(&mut round).await
            {
                // What is on its way is still to be noted.
                failed = Some(error);
                round.is_over = true;
            }
            let waits = if round.back.is_empty() { LOOK_EVERY } else { NOTE_WITHIN };
            match tokio::time::timeout(waits, round.flights.join_next()).await {
                Ok(Some(Ok(done))) => round.came_back(done),
                Ok(Some(Err(error))) => tracing::error!(%error, "a message was lost on its way"),
                Ok(None) if round.back.is_empty() => break,
                Ok(None) => {}
                Err(_) => round.has_looked = false,
            }
            if round.is_to_be_noted() {
                self.note(&mut round).await;
            }
        }
        failed.map_or(Ok(round.dealt_with), Err)
    }

    /// In the order in which they are due; of each person the first, as WeChat takes one message to a
    /// person at a time. What need not be sent any more is dealt with at once.
    async fn take_up(&self, round: &mut Round) -> Result<(), StoreError> {
        let parts = &self.0.parts;
        round.has_looked = true;
        let now = parts.clock.now();
        let mut last = (Timestamp::MIN, String::new());
        for _ in 0..PAGES_MAX {
            let rows = parts.store.reader().all(DUE, args![now, last.0, &*last.1, PAGE as i64]).await?;
            for row in &rows {
                last = (row.at("next_at")?, row.text("id")?.to_owned());
                let letter = match Letter::read(row) {
                    Ok(letter) => letter,
                    Err(error) => {
                        self.give_up(&last.1, &error).await?;
                        continue;
                    }
                };
                if round.flights.len() >= MESSAGES_AT_ONCE_MAX {
                    return Ok(());
                }
                if round.held.contains_key(&letter.id) || round.busy.contains(&letter.account) {
                    continue;
                }
                match self.why_not_now(&letter, now) {
                    None => {
                        round.busy.insert(letter.account);
                        round.held.insert(letter.id, true);
                        round.flights.spawn(self.clone().send(letter));
                    }
                    Some(outcome) => {
                        round.held.insert(letter.id, false);
                        round.came_back(self.done(&letter, now, false, outcome));
                    }
                }
            }
            if rows.len() < PAGE {
                break;
            }
        }
        Ok(())
    }

    fn why_not_now(&self, letter: &Letter, now: Timestamp) -> Option<Outcome> {
        if let Err(unsent) = letter.still_of_use(now) {
            return Some(Outcome::of_unsent(unsent));
        }
        // It may have waited into the night.
        let after = self.0.parts.quiet.map_or(now, |quiet| quiet.earliest(letter.kind, now, letter.starts_at)) - now;
        (after > 0).then(|| Outcome::Later { after, counts: false, reason: "quiet_hours", detail: String::new() })
    }

    /// Asked in another way than by a message, which would be the same one again and again.
    async fn is_wechat_there(&self) -> bool {
        let wechat = &self.0.parts.wechat;
        if wechat.is_well() && !self.is_away() {
            return true;
        }
        match wechat.templates().await {
            Ok(_) | Err(Failure::Refused { .. }) => {
                self.note_away(None);
                true
            }
            Err(Failure::Unavailable(why) | Failure::Unknown(why)) => {
                self.note_away(Some(why));
                false
            }
        }
    }

    /// Told in the log when it begins and when it is over.
    fn note_away(&self, why: Option<String>) {
        let mut away = lock(&self.0.away);
        match (&*away, &why) {
            (None, Some(why)) => tracing::warn!(why, "WeChat takes no messages: they wait"),
            (Some(_), None) => tracing::info!("WeChat takes messages again"),
            (Some(_), Some(_)) | (None, None) => {}
        }
        *away = why;
    }

    /// One that cannot be read, or of which nothing can be noted, must not be looked at for ever.
    async fn give_up(&self, id: &str, error: &StoreError) -> Result<(), StoreError> {
        tracing::error!(%error, delivery = id, "a WeChat message cannot be read or noted, and is given up");
        let args = args![id, error.to_string(), self.0.parts.clock.now()];
        let sql = "update deliveries set state = 'failed', reason = 'unreadable', detail = $2, updated_at = $3 \
            where id = $1 and state = 'queued'";
        self.0.parts.store.write(move |tx| Box::pin(async move { Ok(tx.exec(sql, args).await?) })).await?;
        Ok(())
    }

    async fn send(self, mut letter: Letter) -> Done {
        let PostmanParts { clock, wechat, templates, state, zone, .. } = &self.0.parts;
        let began_at = clock.now();
        let (Some(template), Some(openid)) = (templates.of(letter.kind), letter.openid.clone()) else {
            return self.done(&letter, began_at, false, Outcome::Refused("no_template"));
        };
        if letter.kind == Kind::OfferReminder {
            // It says how long is left: as of now, not of when it was to be sent.
            letter.data["sent_at"] = zone.rfc3339(began_at).into();
        }
        let rendered = template.render(letter.kind, &letter.data, Lang::Zh, *zone);
        let message = SubscribeMessage {
            openid,
            template_id: template.id.clone(),
            page: rendered.page,
            state,
            lang: "zh_CN",
            data: rendered.fields,
        };
        let outcome = Outcome::of(wechat.send(&message).await, &letter.before);
        self.done(&letter, began_at, true, outcome)
    }

    fn done(&self, letter: &Letter, began_at: Timestamp, was_asked: bool, outcome: Outcome) -> Done {
        let Letter { id, account, kind, before, happened_at, .. } = *letter;
        let template = self.0.parts.templates.of(kind).map(|t| t.id.clone()).unwrap_or_default();
        Done { id, account, kind, template, attempts: before.attempts, happened_at, began_at, was_asked, outcome }
    }

    /// Until it is noted: to send it again would be worse than to wait for the database.
    async fn note(&self, round: &mut Round) {
        let (back, now) = (std::mem::take(&mut round.back), self.0.parts.clock.now());
        round.first_back = None;
        for some in back.chunks(NOTE_MAX) {
            if self.note_some(some, now).await.is_ok() {
                continue;
            }
            // One that cannot be noted must not hold up the others, nor be sent again and again.
            for one in some {
                if let Err(error) = self.note_some(std::slice::from_ref(one), now).await
                    && let Err(error) = self.give_up(&one.id.to_string(), &error).await
                {
                    tracing::error!(%error, delivery = %one.id, "what was sent could not be noted");
                }
            }
        }
        back.iter().for_each(|done| observe(done, now));
        let away = back.iter().find_map(|done| match &done.outcome {
            Outcome::Stopped { detail } => Some(detail.clone()),
            _ => None,
        });
        if away.is_some() {
            self.note_away(away);
        }
        let changed = |d: &&Done| matches!(d.outcome, Outcome::Sent { .. } | Outcome::Refused(_));
        let changed: Vec<_> = back.iter().filter(changed).map(|d| d.account).collect();
        if !changed.is_empty() {
            (self.0.parts.grants_changed)(changed);
        }
        round.noted(&back);
    }

    /// While the database is away this waits for it; what a database that is there refuses is told.
    async fn note_some(&self, done: &[Done], now: Timestamp) -> Result<(), StoreError> {
        loop {
            let Err(error) = self.write_down(done.to_vec(), now).await else { return Ok(()) };
            let is_there =
                self.0.parts.store.write(|tx| Box::pin(async move { Ok(tx.one("select 1 as one", vec![]).await?) }));
            if is_there.await.is_ok() {
                return Err(error);
            }
            tracing::warn!(%error, messages = done.len(), "what was sent could not be noted yet");
            pause(NOTE_AGAIN).await;
        }
    }

    async fn write_down(&self, done: Vec<Done>, now: Timestamp) -> Result<(), StoreError> {
        self.0.parts.store.write(move |tx| Box::pin(async move { record(tx, &done, now).await })).await
    }

    async fn count(&self) -> Result<(), StoreError> {
        let reader = self.0.parts.store.reader();
        let sql =
            "select count(*) as n, min(next_at) as oldest from deliveries where state = 'queued' and next_at <= $1";
        let now = self.0.parts.clock.now();
        let row = reader.one(sql, args![now]).await?;
        let (waiting, oldest) = match row {
            Some(row) => (row.int("n")?, row.opt_at("oldest")?),
            None => (0, None),
        };
        metrics::DELIVERIES_WAITING.set(waiting);
        metrics::DELIVERIES_AGE_SECONDS.set(oldest.map_or(0, |at| (now - at).max(0) / SECOND));
        Ok(())
    }
}

impl Round {
    fn came_back(&mut self, done: Done) {
        // An answer that is lost is seldom lost alone; the next round asks whether WeChat is there.
        if matches!(done.outcome, Outcome::Stopped { .. }) {
            self.is_over = true;
        }
        self.first_back.get_or_insert_with(Instant::now);
        self.back.push(done);
    }

    fn is_to_be_noted(&self) -> bool {
        let waited = self.first_back.is_some_and(|at| at.elapsed() >= NOTE_WITHIN);
        !self.back.is_empty() && (waited || self.back.len() >= NOTE_AT || self.flights.is_empty())
    }

    fn noted(&mut self, done: &[Done]) {
        self.has_looked = false;
        for d in done {
            // What could not be sent stays taken up until the round is over, lest it be tried again at once.
            if !matches!(d.outcome, Outcome::Stopped { .. }) {
                if self.held.remove(&d.id) == Some(true) {
                    self.busy.remove(&d.account);
                }
                self.dealt_with += 1;
            }
        }
    }
}

fn observe(done: &Done, now: Timestamp) {
    let (kind, state) = (done.kind.name(), done.outcome.state());
    let reason = match &done.outcome {
        Outcome::Sent { .. } => {
            metrics::DELIVERY_SECONDS.observe((now - done.happened_at).max(0) as f64 / SECOND as f64);
            ""
        }
        Outcome::Refused(reason) | Outcome::Dropped(reason) => reason,
        Outcome::Failed { reason, detail } => {
            tracing::error!(delivery = %done.id, kind, reason, detail, "a WeChat message is given up; an operator may send it again");
            reason
        }
        Outcome::Later { reason, detail, .. } => {
            tracing::warn!(delivery = %done.id, kind, reason, detail, "a WeChat message is tried again later");
            reason
        }
        Outcome::Stopped { .. } => return,
    };
    metrics::DELIVERIES.with_label_values(&[kind, state, reason]).inc();
}
