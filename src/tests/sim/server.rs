//! One process: the product's engine and writer, and what a handler does around them.

use std::sync::Arc;

use yueke::{
    base::{
        guard::{Guard, stands},
        keys::{Keyed, StoredAnswer},
    },
    engine::{Answer, Engine, Trouble},
    store::writer::Writer,
};

use super::{
    client::{Asked, words},
    disk::SimJournal,
};

/// A server process.
#[derive(Clone)]
pub struct Server {
    pub engine: Engine,
    pub writer: Writer,
    pub journal: Arc<SimJournal>,
}

pub enum Reply {
    Definite(String),
    Unclear(&'static str),
}

impl Server {
    /// As the handlers do it: look the key up, then ask.
    pub async fn handle(&self, asked: &Asked) -> Reply {
        if let Some(key) = asked.request_key() {
            match self.journal.disk.recall(&key).await {
                Ok(Some(Keyed::Answer(stored))) if stands(Guard::RequestKey) => return definite(&stored),
                Ok(Some(Keyed::Reused)) => return Reply::Unclear("key reused"),
                Ok(_) => {}
                Err(_) => return Reply::Unclear("unavailable"),
            }
        }
        match self.engine.submit(asked.schedule, asked.order()).await {
            Ok(Answer::Stored(stored)) => definite(&stored),
            Ok(Answer::Given { outcome, .. }) => Reply::Definite(words(&outcome)),
            Err(Trouble::Refused(rejection)) => Reply::Definite(format!("409 {}", rejection.name())),
            Err(Trouble::Busy) => Reply::Unclear("busy"),
            Err(Trouble::Closing) => Reply::Unclear("closing"),
            Err(Trouble::Unavailable(_)) => Reply::Unclear("unavailable"),
            Err(Trouble::Unknown(_)) => Reply::Unclear("outcome unknown"),
            Err(Trouble::InProgress) => Reply::Unclear("in progress"),
            Err(Trouble::KeyReused) => Reply::Unclear("key reused"),
            Err(Trouble::Bounced(_)) => Reply::Unclear("bounced"),
        }
    }

    /// Another took the lease. What such a server only reads it may read late: what it writes is
    /// fenced, and `/readyz` says so; nothing holds a reader back.
    pub fn is_replaced(&self) -> bool {
        self.engine.epoch() != self.journal.disk.lease()
    }

    pub async fn stop(self) {
        self.engine.close().await;
        self.writer.close().await;
    }
}

fn definite(stored: &StoredAnswer) -> Reply {
    Reply::Definite(stored.body.to_string())
}
