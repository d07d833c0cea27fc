//! Which schedules are in memory, and on which thread. Started on first use.

use std::sync::Arc;

use actix::{
    Actor, Addr, Arbiter, ArbiterHandle, Context, Handler, Message,
    dev::{ToEnvelope, channel::channel},
    prelude::SendError,
};
use ahash::RandomState;
use dashmap::{DashMap, DashSet, Entry, mapref::one::Ref};

use super::{Inner, Threads, actor::ScheduleActor, board::Board};
use crate::base::{ids::ScheduleId, limits::MAILBOX_MAX, metrics};

pub struct Registry {
    actors: DashMap<ScheduleId, Addr<ScheduleActor>, RandomState>,
    boards: DashMap<ScheduleId, Arc<Board>, RandomState>,
    /// Whose last actor failed: what it had on its way may still be written.
    unsettled: DashSet<ScheduleId, RandomState>,
    threads: Vec<ArbiterHandle>,
}

/// The mailbox is full: the caller refuses, quickly.
pub struct Full;

impl Registry {
    /// Call within an actix system.
    pub fn start(threads: Threads) -> Self {
        let threads = match threads {
            Threads::Own | Threads::Others(0) => vec![Arbiter::current()],
            Threads::Others(n) => (0..n).map(|_| Arbiter::new().handle()).collect(),
        };
        Self { actors: DashMap::default(), boards: DashMap::default(), unsettled: DashSet::default(), threads }
    }

    pub fn is_live(&self, id: ScheduleId) -> bool {
        self.actors.contains_key(&id)
    }

    pub fn send<M>(&self, engine: &Arc<Inner>, id: ScheduleId, message: M) -> Result<(), Full>
    where
        M: Message<Result = ()> + Send + 'static,
        ScheduleActor: Handler<M>,
        <ScheduleActor as Actor>::Context: ToEnvelope<ScheduleActor, M>,
    {
        let mut message = message;
        // An actor that panicked leaves a closed address behind: start the next one.
        for _ in 0..2 {
            let closed = {
                // Not through a clone: a mailbox is full only for the very sender that has filled it.
                let addr = self.get_or_start(engine, id);
                match addr.try_send(message) {
                    Ok(()) => return Ok(()),
                    Err(SendError::Full(_)) => return Err(Full),
                    Err(SendError::Closed(back)) => message = back,
                }
                addr.clone()
            };
            self.unsettled.insert(id);
            self.retire(id, &closed);
        }
        Err(Full)
    }

    /// Keeps a lock on a part of the list: not to be held for long.
    pub fn get_or_start(&self, engine: &Arc<Inner>, id: ScheduleId) -> Ref<'_, ScheduleId, Addr<ScheduleActor>> {
        if let Some(addr) = self.actors.get(&id) {
            return addr;
        }
        match self.actors.entry(id) {
            Entry::Occupied(found) => found.into_ref().downgrade(),
            Entry::Vacant(slot) => {
                let thread = &self.threads[(id.as_u128() % self.threads.len() as u128) as usize];
                metrics::ACTORS_LIVE.inc();
                slot.insert(start(thread, ScheduleActor::new(engine.clone(), id))).downgrade()
            }
        }
    }

    /// Takes this actor, and no newer one, off the list.
    pub fn retire(&self, id: ScheduleId, addr: &Addr<ScheduleActor>) {
        if self.actors.remove_if(&id, |_, found| found == addr).is_some() {
            metrics::ACTORS_LIVE.dec();
        }
    }

    /// Takes an actor that failed off the list; the next one waits for what it had on its way.
    pub fn retire_unsettled(&self, id: ScheduleId, addr: &Addr<ScheduleActor>) {
        self.unsettled.insert(id);
        self.retire(id, addr);
    }

    pub fn is_unsettled(&self, id: ScheduleId) -> bool {
        self.unsettled.contains(&id)
    }

    pub fn note_settled(&self, id: ScheduleId) {
        self.unsettled.remove(&id);
    }

    pub fn board(&self, id: ScheduleId) -> Arc<Board> {
        self.boards.entry(id).or_default().clone()
    }

    pub fn watched_board(&self, id: ScheduleId) -> Option<Arc<Board>> {
        self.boards.get(&id).filter(|b| b.is_watched()).map(|b| b.clone())
    }

    pub fn drop_unwatched_board(&self, id: ScheduleId) {
        self.boards.remove_if(&id, |_, b| !b.is_watched());
    }
}

/// With a mailbox of its full size from the beginning: a rush may be what started the actor.
fn start(thread: &ArbiterHandle, actor: ScheduleActor) -> Addr<ScheduleActor> {
    let (sender, mailbox) = channel(MAILBOX_MAX);
    thread.spawn_fn(move || {
        actix::spawn(Context::with_receiver(mailbox).into_future(actor));
    });
    Addr::new(sender)
}
