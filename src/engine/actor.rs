//! One schedule's actor: the pipelined turn and the output gate.
//!
//! ```text
//! message ──▶ due? ──▶ decide ──▶ own state ──▶ batch to the journal ──▶ next message
//!                                                      │
//!             reply, frames, timer  ◀── gate ◀── committed (in order)
//! ```
//!
//! Replies stand in a queue behind the batch that they were decided upon. A batch that fails
//! stops the actor: what it decided since is void, because no later batch finds the version that
//! it expects; the next message starts a new actor from rows.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Recipient, WrapFuture,
};

use super::{
    Inner, Published,
    board::{Board, BoardState, Publication},
    calendars::Permit,
    journal::{AppendError, Batch, Fault, Settled},
    messages::{Answer, Attach, Look, Order, Reply, Seen, Submit, Trouble},
};
use crate::{
    base::{
        guard::{Guard, stands},
        ids::{OutboxId, ScheduleId, StudentId},
        keys::{RequestKey, StoredAnswer},
        limits::{IDLE_RETIRE, LOOK_AGAIN, STORED_ANSWERS_MAX},
        metrics,
        time::Timestamp,
    },
    domain::schedule::{
        Changes, Command, Decision, Event, Rejection, Schedule,
        due::is_over,
        effects::{Effects, effects},
        view::Mine,
    },
};

pub struct ScheduleActor {
    id: ScheduleId,
    engine: Arc<Inner>,
    life: Life,
    /// Batches on their way to the disk, with what waits for each; oldest first.
    gate: VecDeque<Gated>,
    seq: u64,
    keys: HashSet<RequestKey>,
    /// What was stored a moment ago: whoever looked for it in vain before that finds it here.
    stored: VecDeque<(RequestKey, StoredAnswer)>,
    board: Option<Arc<Board>>,
    /// Where the journal tells what became of the batches: this actor.
    owner: Option<Recipient<Settled>>,
    used: bool,
}

enum Life {
    Loading,
    Live(Box<Schedule>),
    /// There is no such schedule.
    Missing,
    /// Rows could not be read.
    Failed(Fault),
    /// Decides nothing more; waits for its last batches.
    Ending,
}

/// A batch, and what is released when it is durable.
struct Gated {
    seq: u64,
    receipt: Option<(RequestKey, StoredAnswer)>,
    permit: Option<Permit>,
    commit: Option<Commit>,
    /// This batch's own answer first, then answers that were decided on top of it.
    waiting: Vec<Waiting>,
}

/// What a committed turn makes visible.
struct Commit {
    /// How many bookings it makes.
    booked: u64,
    published: Published,
    board: Option<Publication>,
    next_due: Option<Timestamp>,
}

enum Waiting {
    Own(Reply<Answer>, Answer),
    Later(Reply<Answer>, Answer),
    Look(Reply<Seen>, Box<Seen>),
    Attach { reply: Reply<()>, board: Arc<Board>, state: Box<BoardState>, mines: HashMap<StudentId, Mine> },
}

impl Actor for ScheduleActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.owner = Some(ctx.address().recipient());
        let engine = self.engine.clone();
        let id = self.id;
        let load = async move {
            if engine.registry.is_unsettled(id) {
                // Rows that change after they were read would be a state that nobody corrects.
                engine.journal.flush().await?;
                engine.registry.note_settled(id);
            }
            let loaded = engine.journal.load(id).await;
            if let Ok(Some(s)) = &loaded {
                // Known before anyone is given a turn: a busy student is passed over.
                engine.calendars.warm(s.waiting_students()).await;
            }
            loaded
        };
        // No message is looked at before the rows are here.
        load.into_actor(self).map(|loaded, this, ctx| this.loaded(loaded, ctx)).wait(ctx);
        self.watch_idleness(ctx);
    }
}

impl ScheduleActor {
    pub(super) fn new(engine: Arc<Inner>, id: ScheduleId) -> Self {
        Self {
            id,
            engine,
            life: Life::Loading,
            gate: VecDeque::new(),
            seq: 0,
            keys: HashSet::new(),
            stored: VecDeque::new(),
            board: None,
            owner: None,
            used: true,
        }
    }

    fn loaded(&mut self, loaded: Result<Option<Schedule>, Fault>, ctx: &mut Context<Self>) {
        self.life = match loaded {
            Ok(Some(s)) => Life::Live(Box::new(s)),
            Ok(None) => Life::Missing,
            Err(fault) => {
                tracing::error!(schedule = %self.id, %fault, "a schedule could not be loaded");
                self.look_again();
                Life::Failed(fault)
            }
        };
        if let Life::Live(s) = &self.life {
            let now = self.engine.clock.now();
            self.engine.wake.arm(self.id, s.next_due(), now);
            if let Some(board) = self.engine.registry.watched_board(self.id) {
                let (state, mines) = self.board_content(s, now);
                board.fill(state, mines);
                self.board = Some(board);
            }
        } else {
            self.end(ctx);
        }
    }

    /// The timer that brought us here is used up, and whatever was due is due still.
    fn look_again(&self) {
        if stands(Guard::LookAgain) {
            let now = self.engine.clock.now();
            self.engine.wake.arm(self.id, Some(now + LOOK_AGAIN), now);
        }
    }

    /// Stops taking orders: they bounce to the next actor. What is written already is still told.
    fn end(&mut self, ctx: &mut Context<Self>) {
        self.engine.registry.retire(self.id, &ctx.address());
        if matches!(self.life, Life::Live(_)) {
            self.life = Life::Ending;
        }
        // Senders that found this address just before it was retired are bounced meanwhile.
        ctx.run_later(Duration::from_secs(1), |this, ctx| this.stop_when_settled(ctx));
    }

    fn stop_when_settled(&mut self, ctx: &mut Context<Self>) {
        if self.gate.is_empty() {
            ctx.stop();
        } else {
            ctx.run_later(Duration::from_secs(1), |this, ctx| this.stop_when_settled(ctx));
        }
    }

    fn watch_idleness(&mut self, ctx: &mut Context<Self>) {
        ctx.run_later(Duration::from_millis(IDLE_RETIRE as u64), |this, ctx| {
            let watched = this.board.as_ref().is_some_and(|b| b.is_watched());
            let idle = !std::mem::take(&mut this.used) && this.gate.is_empty() && !watched;
            if idle && matches!(this.life, Life::Live(_)) {
                this.end(ctx);
                this.engine.registry.drop_unwatched_board(this.id);
            } else {
                this.watch_idleness(ctx);
            }
        });
    }

    /// A batch failed: everything that was decided after it is void.
    fn fail(&mut self, cause: &'static str, ctx: &mut Context<Self>) {
        if matches!(self.life, Life::Live(_)) {
            tracing::warn!(schedule = %self.id, cause, "an actor stops and is loaded anew");
            metrics::ACTOR_FAILURES.with_label_values(&[cause]).inc();
            self.look_again();
            self.engine.registry.retire_unsettled(self.id, &ctx.address());
            self.end(ctx);
            if self.board.as_ref().is_some_and(|b| b.is_watched()) {
                // Those who watch must not wait for the next order to see the truth.
                drop(self.engine.registry.get_or_start(&self.engine, self.id));
            }
        }
    }

    // ---- one turn

    fn submit(&mut self, mut order: Order, reply: Reply<Answer>) {
        self.used = true;
        let now = self.engine.clock.now();
        let timer = metrics::TURN_SECONDS.start_timer();
        if let Some((key, _)) = &order.key
            && let Some(known) = self.known(key)
        {
            // Whoever asked may have gone away.
            let _ = reply.send(known);
            return;
        }
        if stands(Guard::DueFirst) || matches!(order.command, Command::Tick) {
            self.settle_due(now);
        }
        let engine = self.engine.clone();
        let s = match &mut self.life {
            Life::Live(s) => s,
            Life::Ending | Life::Loading => return refuse(reply, Trouble::Bounced(Box::new(order))),
            Life::Missing => return refuse(reply, Trouble::Refused(Rejection::UnknownSchedule)),
            Life::Failed(fault) => return refuse(reply, Trouble::Unavailable(fault.clone())),
        };
        if !order.look_into_calendar(s) {
            return refuse(reply, Trouble::Bounced(Box::new(order)));
        }
        let at = s.instant(now);
        let outcome = s.handle(&order.command, at, &*engine);
        if let Err(rejection) = &outcome {
            metrics::REJECTIONS.with_label_values(&[rejection.name()]).inc();
        }
        let (decision, outcome) = match outcome {
            Ok(Decision { events, changes, receipt }) => (Some((events, changes)), Ok(receipt)),
            Err(rejection) => (None, Err(rejection)),
        };
        let told = order.key.filter(|_| outcome.is_ok() || order.keeps_refusals);
        let receipt = told.map(|(key, render)| {
            let answer = render(&outcome, &s.head, at);
            (key, answer)
        });
        let answer = match &receipt {
            Some((_, stored)) => Answer::Stored(stored.clone()),
            None => Answer::Given { outcome, head: Box::new(s.head.clone()), at },
        };
        let receipt = receipt.filter(|(_, answer)| answer.is_remembered());
        let decision = decision.filter(|(events, _)| !events.is_empty());
        if decision.is_none() && receipt.is_none() {
            self.release_or_wait(Waiting::Later(reply, answer));
        } else {
            let (events, changes) = decision.unwrap_or_default();
            self.append(events, changes, at, receipt, order.permit, Some((reply, answer)));
        }
        timer.observe_duration();
    }

    /// Whatever is due by now happened before the message that is looked at.
    fn settle_due(&mut self, now: Timestamp) {
        loop {
            let Life::Live(s) = &mut self.life else { return };
            let Some(due) = s.next_due().filter(|&due| is_over(due, now)) else { return };
            metrics::DEADLINE_LAG_SECONDS.observe((now - due) as f64 / 1_000.0);
            let engine = self.engine.clone();
            let Some(Decision { events, changes, receipt: _ }) = s.settle_due(now, &*engine) else { return };
            if events.is_empty() {
                // Nothing can be due and without effect; looping on it would never end.
                tracing::error!(schedule = %self.id, ?due, "a deadline without effect");
                return;
            }
            let at = s.stamped_at;
            self.append(events, changes, at, None, None, None);
        }
    }

    fn append(
        &mut self,
        events: Vec<Event>,
        changes: Changes,
        at: Timestamp,
        receipt: Option<(RequestKey, StoredAnswer)>,
        permit: Option<Permit>,
        own: Option<(Reply<Answer>, Answer)>,
    ) {
        if self.board.as_ref().is_some_and(|b| !b.is_watched()) {
            // It misses this turn, so whoever watches it next must have it filled anew.
            self.board = None;
        }
        let Life::Live(s) = &mut self.life else { return };
        let expected = s.version;
        let commit = if events.is_empty() {
            None
        } else {
            s.version += 1;
            let effects = Arc::new(effects(s, &events, &changes));
            Some((effects, s.next_due()))
        };
        let Life::Live(s) = &self.life else { return };
        self.seq += 1;
        let notices = commit
            .as_ref()
            .filter(|(e, _)| !e.notices.is_empty() && stands(Guard::Outbox))
            .map(|(effects, _)| (OutboxId::from_u128(self.engine.ids.next(at)), effects.clone()));
        let booked = events.iter().filter(|e| matches!(e, Event::Booked { .. })).count() as u64;
        let batch = Batch {
            schedule: self.id,
            expected,
            epoch: self.engine.epoch,
            at,
            events,
            changes,
            head: s.head.clone(),
            booked: s.seats_taken(),
            next_due: s.next_due(),
            notices,
            receipt: receipt.clone(),
            seq: self.seq,
            owner: self.owner.clone().expect("set when the actor starts"),
        };
        let commit = commit.map(|(effects, next_due)| Commit {
            booked,
            board: self.publication(s, &effects, at),
            published: Published { head: s.head.clone(), at, effects },
            next_due,
        });
        self.keys.extend(receipt.as_ref().map(|(key, _)| key.clone()));
        let mut waiting: Vec<_> = own.map(|(reply, answer)| Waiting::Own(reply, answer)).into_iter().collect();
        if !stands(Guard::OutputGate) {
            waiting.drain(..).for_each(release);
        }
        let seq = self.seq;
        self.gate.push_back(Gated { seq, receipt, permit, commit, waiting });
        if let Err(batch) = self.engine.journal.append(batch) {
            // `Engine::submit` looks at the queue first; this is the rare rest.
            let fault = Fault::new("too much is waiting to be written");
            batch.owner.do_send(Settled(vec![(batch.seq, Err(AppendError::Refused(fault)))]));
        }
    }

    fn publication(&self, s: &Schedule, effects: &Effects, at: Timestamp) -> Option<Publication> {
        self.board.as_ref().filter(|b| b.is_watched())?;
        Some(Publication {
            state: self.board_state(s, at),
            mines: effects.touched.iter().map(|student| (*student, s.mine(*student))).collect(),
        })
    }

    fn board_state(&self, s: &Schedule, at: Timestamp) -> BoardState {
        let view = s.view(at, self.engine.sizes.of(&s.head));
        BoardState { view, epoch: self.engine.epoch, at, encoded: OnceLock::new() }
    }

    fn board_content(&self, s: &Schedule, at: Timestamp) -> (BoardState, HashMap<StudentId, Mine>) {
        let mines = s.present_students().into_iter().map(|student| (student, s.mine(student))).collect();
        (self.board_state(s, at), mines)
    }

    // ---- the gate

    fn release_or_wait(&mut self, waiting: Waiting) {
        match self.gate.back_mut().filter(|_| stands(Guard::OutputGate)) {
            Some(gated) => gated.waiting.push(waiting),
            None => release(waiting),
        }
    }

    fn settled(&mut self, seq: u64, outcome: Result<(), AppendError>, ctx: &mut Context<Self>) {
        let Some(gated) = self.gate.pop_front().filter(|g| g.seq == seq) else {
            tracing::error!(schedule = %self.id, seq, "an acknowledgement out of order");
            return self.fail("out_of_order", ctx);
        };
        if let Some((key, _)) = &gated.receipt {
            self.keys.remove(key);
        }
        match outcome {
            Ok(()) => {
                self.remember_stored(gated.receipt.clone());
                self.committed(gated);
            }
            Err(error) => self.not_committed(gated, &error, ctx),
        }
    }

    fn remember_stored(&mut self, receipt: Option<(RequestKey, StoredAnswer)>) {
        self.stored.extend(receipt);
        if self.stored.len() > STORED_ANSWERS_MAX {
            self.stored.pop_front();
        }
    }

    /// What is known of a key without asking the journal.
    fn known(&self, key: &RequestKey) -> Option<Result<Answer, Trouble>> {
        let is_same = |k: &RequestKey| (k.account, &k.key) == (key.account, &key.key);
        if let Some((before, answer)) = self.stored.iter().find(|(k, _)| is_same(k)) {
            let answer = Answer::Stored(answer.clone());
            return Some(if before == key { Ok(answer) } else { Err(Trouble::KeyReused) });
        }
        self.keys.contains(key).then_some(Err(Trouble::InProgress))
    }

    fn committed(&mut self, gated: Gated) {
        let Gated { seq: _, receipt: _, permit, commit, waiting } = gated;
        if let Some(Commit { published, board, next_due, booked }) = commit {
            metrics::BOOKINGS.inc_by(booked);
            self.settle_calendars(&published);
            if let (Some(to), Some(publication)) = (&self.board, board) {
                to.publish(publication);
            }
            self.engine.audience.publish(&published);
            self.engine.wake.arm(self.id, next_due, self.engine.clock.now());
        }
        // The calendar is right before the next command of this student looks at it.
        drop(permit);
        waiting.into_iter().for_each(release);
    }

    fn settle_calendars(&self, p: &Published) {
        let calendars = &self.engine.calendars;
        let (starts_at, ends_at) = (p.head.starts_at, p.head.ends_at);
        for b in &p.effects.bookings {
            if b.is_active() {
                calendars.commit(b.student, self.id, starts_at, ends_at);
            } else {
                calendars.free(b.student, self.id);
            }
        }
        if p.effects.rescheduled
            && let Life::Live(s) = &self.life
        {
            s.booked_students().for_each(|student| calendars.commit(student, self.id, starts_at, ends_at));
        }
    }

    fn not_committed(&mut self, gated: Gated, error: &AppendError, ctx: &mut Context<Self>) {
        let Gated { seq: _, receipt: _, permit, commit, waiting } = gated;
        if let Some(commit) = &commit {
            for b in &commit.published.effects.bookings {
                self.engine.calendars.forget(b.student);
            }
            if commit.published.effects.rescheduled
                && let Life::Live(s) = &self.life
            {
                s.booked_students().for_each(|student| self.engine.calendars.forget(student));
            }
        }
        if commit.is_some() || matches!(error, AppendError::Stale) {
            let cause = match error {
                AppendError::Replayed(_) => "replayed",
                AppendError::KeyReused => "key_reused",
                AppendError::Stale => "stale",
                AppendError::Refused(_) => "refused",
                AppendError::Unknown(_) => "unknown",
            };
            if stands(Guard::FreshStart) {
                self.fail(cause, ctx);
            }
        }
        drop(permit);
        // A refusal that could not be kept voids nothing that was decided after it, unless what all
        // of it was decided upon was lost before.
        let void = commit.is_some() || !matches!(self.life, Life::Live(_));
        for waiting in waiting {
            match waiting {
                Waiting::Own(reply, _) => answer_failed(reply, error),
                later if !void => release(later),
                Waiting::Later(reply, _) => refuse(reply, void_trouble(error)),
                Waiting::Look(reply, _) => refuse(reply, void_trouble(error)),
                Waiting::Attach { reply, .. } => refuse(reply, void_trouble(error)),
            }
        }
    }
}

/// The answer to the order whose own batch failed.
fn answer_failed(reply: Reply<Answer>, error: &AppendError) {
    match error {
        AppendError::Replayed(stored) => drop(reply.send(Ok(Answer::Stored(stored.clone())))),
        AppendError::KeyReused => refuse(reply, Trouble::KeyReused),
        AppendError::Stale => refuse(reply, Trouble::Unavailable(Fault::new("the schedule changed elsewhere"))),
        AppendError::Refused(fault) => refuse(reply, Trouble::Unavailable(fault.clone())),
        AppendError::Unknown(fault) => refuse(reply, Trouble::Unknown(fault.clone())),
    }
}

/// What was only decided on top of a failed batch did nothing itself.
fn void_trouble(error: &AppendError) -> Trouble {
    match error {
        AppendError::Refused(fault) | AppendError::Unknown(fault) => Trouble::Unavailable(fault.clone()),
        AppendError::Stale | AppendError::Replayed(_) | AppendError::KeyReused => {
            Trouble::Unavailable(Fault::new("decided upon something that was not written"))
        }
    }
}

fn refuse<T>(reply: Reply<T>, trouble: Trouble) {
    // Whoever asked may have gone away.
    let _ = reply.send(Err(trouble));
}

fn release(waiting: Waiting) {
    match waiting {
        Waiting::Own(reply, answer) | Waiting::Later(reply, answer) => drop(reply.send(Ok(answer))),
        Waiting::Look(reply, seen) => drop(reply.send(Ok(*seen))),
        Waiting::Attach { reply, board, state, mines } => {
            board.fill(*state, mines);
            let _ = reply.send(Ok(()));
        }
    }
}

impl Handler<Submit> for ScheduleActor {
    type Result = ();

    fn handle(&mut self, m: Submit, _: &mut Self::Context) {
        self.submit(m.order, m.reply);
    }
}

impl Handler<Look> for ScheduleActor {
    type Result = ();

    fn handle(&mut self, m: Look, _: &mut Self::Context) {
        self.used = true;
        let now = self.engine.clock.now();
        self.settle_due(now);
        match &self.life {
            Life::Live(s) => {
                let waitlist = self.engine.sizes.of(&s.head);
                let seen = Seen::of(s, s.instant(now), waitlist, self.engine.epoch, m.student);
                self.release_or_wait(Waiting::Look(m.reply, Box::new(seen)));
            }
            life => refuse(m.reply, life.trouble()),
        }
    }
}

impl Handler<Attach> for ScheduleActor {
    type Result = ();

    fn handle(&mut self, m: Attach, _: &mut Self::Context) {
        self.used = true;
        let now = self.engine.clock.now();
        self.settle_due(now);
        let Life::Live(s) = &self.life else { return refuse(m.reply, self.life.trouble()) };
        let Attach { board, reply } = m;
        if self.board.as_ref().is_some_and(|mine| Arc::ptr_eq(mine, &board)) {
            // Already kept up to date, and filled: or in the gate, on the way to it.
            if board.read(None).is_some() {
                let _ = reply.send(Ok(()));
                return;
            }
        }
        let (state, mines) = self.board_content(s, s.instant(now));
        self.board = Some(board.clone());
        self.release_or_wait(Waiting::Attach { reply, board, state: Box::new(state), mines });
    }
}

impl Life {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Live(_) | Self::Loading | Self::Ending => Trouble::Bounced(Box::new(Order::new(Command::Tick))),
            Self::Missing => Trouble::Refused(Rejection::UnknownSchedule),
            Self::Failed(fault) => Trouble::Unavailable(fault.clone()),
        }
    }
}

impl Handler<Settled> for ScheduleActor {
    type Result = ();

    fn handle(&mut self, m: Settled, ctx: &mut Self::Context) {
        for (seq, outcome) in m.0 {
            self.settled(seq, outcome, ctx);
        }
    }
}
