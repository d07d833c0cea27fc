//! What people should hear of, on its way to them.
//!
//! A turn that tells anybody anything leaves one row in the outbox, in its own transaction. The
//! [`relay`] turns rows into deliveries, at least once and in order; every delivery has a key of
//! its own, so that twice is once for the reader. Reminders before class are no turn's effect:
//! [`jobs`] finds them by the clock. What a message says is told only when it is read
//! ([`notices`]), in the reader's language.

mod address;
pub mod inbox;
pub mod jobs;
pub mod notices;
pub mod relay;
pub mod wechat;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{sync::Notify, task::JoinHandle};

pub use self::{inbox::Inbox, jobs::Jobs, notices::Kind, relay::Relay, wechat::Postman};
use crate::{
    base::{
        ids::{AccountId, BookingId, OfferId, ScheduleId},
        time::{Clock, Timestamp},
    },
    store::{Store, StoreError, sql::Conn},
};

/// One message for one account.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The same, however often it is tried.
    pub key: String,
    pub account: AccountId,
    pub kind: Kind,
    /// A JSON object; always has `schedule_id`, `course_name` and `starts_at`.
    pub data: String,
    /// When it happened.
    pub at: Timestamp,
    pub schedule: ScheduleId,
    /// Of its class.
    pub starts_at: Timestamp,
    /// Only of use while this offer is alive.
    offer: Option<OfferId>,
    /// The booking that it tells of.
    booking: Option<BookingId>,
}

/// A way to people. It works inside of the relay's transaction, so a message and the mark that it
/// was sent are never apart. A way to the outside must not call out from here: it writes what it
/// has to send to a table of its own, and tries that at its own pace.
pub trait Channel: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// May see the same delivery again, under the same key.
    fn send<'c>(&'c self, tx: &'c mut Conn, deliveries: &'c [Delivery]) -> BoxFuture<'c, Result<(), StoreError>>;

    /// What it wrote is committed.
    fn committed(&self) {}
}

/// All ways that are in use.
#[derive(Clone)]
pub struct Channels(Arc<[Arc<dyn Channel>]>);

impl Channels {
    pub fn new(channels: impl IntoIterator<Item = Arc<dyn Channel>>) -> Self {
        Self(channels.into_iter().collect())
    }

    async fn send(&self, tx: &mut Conn, deliveries: &[Delivery]) -> Result<(), StoreError> {
        for channel in &*self.0 {
            channel.send(tx, deliveries).await.inspect_err(|error| {
                tracing::warn!(channel = channel.name(), %error, "a channel took no messages");
            })?;
        }
        Ok(())
    }

    fn committed(&self) {
        self.0.iter().for_each(|channel| channel.committed());
    }
}

/// The relay and the jobs of a server. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    pub relay: Relay,
    pub jobs: Jobs,
    /// None where nothing goes to the outside.
    pub postman: Option<Postman>,
}

impl Outbox {
    /// `bell` is rung after each commit that leaves something to relay.
    pub fn new(store: Store, clock: Clock, bell: Arc<Notify>, channels: Channels) -> Self {
        let relay = Relay::new(store.clone(), clock.clone(), bell, channels.clone());
        Self { relay, jobs: Jobs::new(store, clock, channels), postman: None }
    }

    pub fn with_postman(self, postman: Postman) -> Self {
        Self { postman: Some(postman), ..self }
    }

    /// Works in the background until the handles are aborted; that is safe at any point.
    pub fn spawn(&self) -> Vec<JoinHandle<()>> {
        let mut tasks = vec![self.relay.spawn(), self.jobs.spawn()];
        tasks.extend(self.postman.iter().flat_map(Postman::spawn));
        tasks
    }

    /// Everything that is due by now: told, written into the inbox, and sent as far as it can be.
    pub async fn drain(&self, now: Timestamp) -> Result<(), StoreError> {
        self.jobs.remind(now).await?;
        self.relay.drain().await?;
        if let Some(postman) = &self.postman {
            postman.drain().await?;
        }
        Ok(())
    }
}

#[allow(clippy::disallowed_methods, reason = "pacing of background work; no rule depends on it")]
async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

#[cfg(test)]
mod tests;
