//! Sends what is written down, at least once and in order.
//!
//! Many people at once, one message to a person at a time. What was sent is noted in groups; a
//! server that dies between the two sends those few again, because a message that comes twice opens
//! the same offer, and one that never comes loses a seat.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, Notify},
    task::{JoinHandle, JoinSet},
};

use super::{
    GrantsChanged, Templates,
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
        time::{Clock, SECOND, Timestamp, Zone},
    },
    gateways::wechat::{SubscribeMessage, WeChat},
    outbox::pause,
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
}

/// What is on its way, and what came back and is not noted yet.
#[derive(Default)]
struct Round {
    flights: JoinSet<Done>,
    /// Their accounts, until what came of it is noted.
    busy: HashSet<AccountId>,
    /// What was not sent, until that is noted.
    held: HashSet<DeliveryId>,
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
        Self(Arc::new(Inner { parts, turn: Mutex::new(()) }))
    }

    /// Sends until it is aborted; what is on its way then is sent again after the next start.
    pub fn spawn(&self) -> JoinHandle<()> {
        tokio::spawn(self.clone().run())
    }

    /// There is something to send.
    pub fn wake(&self) {
        self.0.parts.bell.notify_one();
    }

    async fn run(self) {
        let mut count = tokio::time::interval(COUNT_EVERY);
        loop {
            tokio::select! {
                _ = tokio::time::timeout(LOOK_EVERY, self.0.parts.bell.notified()) => {
                    if let Err(error) = self.drain().await {
                        tracing::warn!(%error, "the postman waits for the database");
                    }
                }
                _ = count.tick() => {
                    if let Err(error) = self.count().await {
                        tracing::debug!(%error, "counting messages that wait");
                    }
                }
            }
        }
    }

    /// Deals with everything that is due by now, unless WeChat is away; the number of messages.
    pub async fn drain(&self) -> Result<usize, StoreError> {
        let _turn = self.0.turn.lock().await;
        let mut round = Round::default();
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
        // While WeChat is away one message asks for all.
        let room = if parts.wechat.is_well() { MESSAGES_AT_ONCE_MAX } else { 1 };
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
                if round.flights.len() >= room {
                    return Ok(());
                }
                if round.held.contains(&letter.id) || round.busy.contains(&letter.account) {
                    continue;
                }
                match letter.still_of_use(now) {
                    Ok(()) => {
                        round.busy.insert(letter.account);
                        round.flights.spawn(self.clone().send(letter));
                    }
                    Err(unsent) => {
                        round.held.insert(letter.id);
                        round.came_back(self.done(&letter, now, Outcome::of_unsent(unsent)));
                    }
                }
            }
            if rows.len() < PAGE {
                break;
            }
        }
        Ok(())
    }

    /// One that cannot be read must not be looked at for ever.
    async fn give_up(&self, id: &str, error: &StoreError) -> Result<(), StoreError> {
        tracing::error!(%error, delivery = id, "a WeChat message cannot be read, and is given up");
        let args = args![id, error.to_string(), self.0.parts.clock.now()];
        let sql = "update deliveries set state = 'failed', reason = 'unreadable', detail = $2, updated_at = $3 \
            where id = $1 and state = 'queued'";
        self.0.parts.store.write(move |tx| Box::pin(async move { Ok(tx.exec(sql, args).await?) })).await?;
        Ok(())
    }

    async fn send(self, letter: Letter) -> Done {
        let PostmanParts { clock, wechat, templates, state, zone, .. } = &self.0.parts;
        let began_at = clock.now();
        let (Some(template), Some(openid)) = (templates.of(letter.kind), letter.openid.clone()) else {
            return self.done(&letter, began_at, Outcome::Refused("no_template"));
        };
        let rendered = template.render(letter.kind, &letter.data, Lang::Zh, *zone);
        let message = SubscribeMessage {
            openid,
            template_id: template.id.clone(),
            page: rendered.page,
            state,
            lang: "zh_CN",
            data: rendered.fields,
        };
        let result = wechat.send(&message).await;
        let outcome = Outcome::of(result, letter.attempts, wechat.is_well());
        self.done(&letter, began_at, outcome)
    }

    fn done(&self, letter: &Letter, began_at: Timestamp, outcome: Outcome) -> Done {
        let Letter { id, account, kind, attempts, happened_at, .. } = *letter;
        let template = self.0.parts.templates.of(kind).map(|t| t.id.clone()).unwrap_or_default();
        Done { id, account, kind, template, attempts, happened_at, began_at, outcome }
    }

    /// Until it is noted: to send it again would be worse than to wait for the database.
    async fn note(&self, round: &mut Round) {
        let (back, now) = (std::mem::take(&mut round.back), self.0.parts.clock.now());
        round.first_back = None;
        for some in back.chunks(NOTE_MAX) {
            while let Err(error) = self.write_down(some.to_vec(), now).await {
                tracing::warn!(%error, messages = back.len(), "what was sent could not be noted yet");
                pause(NOTE_AGAIN).await;
            }
        }
        back.iter().for_each(|done| observe(done, now));
        let changed = |d: &&Done| matches!(d.outcome, Outcome::Sent { .. } | Outcome::Refused(_));
        let changed: Vec<_> = back.iter().filter(changed).map(|d| d.account).collect();
        if !changed.is_empty() {
            (self.0.parts.grants_changed)(changed);
        }
        round.noted(&back);
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
        if done.outcome == Outcome::Stopped {
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
            if d.outcome != Outcome::Stopped {
                if !self.held.remove(&d.id) {
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
        Outcome::Stopped => return,
    };
    metrics::DELIVERIES.with_label_values(&[kind, state, reason]).inc();
}
