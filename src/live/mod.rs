//! What is told over sockets: the latest state of schedules, and what happens to a person.
//!
//! Two ways of telling, because two things are wanted. A schedule's state is a *frame*: only the
//! newest matters, so a socket watches the schedule's [`Board`](crate::engine::Board) and skips
//! what it is too slow for. What happens to a person is an *event*: none may be left out, so it
//! goes through a bounded queue per socket ([`hub`]), and a socket whose queue is full is closed,
//! to come back for a snapshot.

mod boards;
pub mod bodies;
pub mod frame;
pub mod hub;
pub mod inbound;
mod logins;
pub mod session;
pub mod tickets;
pub mod wire;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::{boards::Boards, logins::Logins};
pub use self::{
    hub::Hub,
    tickets::{Tickets, Viewer},
};
use crate::{
    base::{
        ids::{CourseId, SessionId, TeacherId},
        metrics,
        time::Zone,
    },
    engine::{Engine, journal::Fault},
};

/// The names of courses, without waiting: a frame is encoded between two commits.
pub trait CourseNames: Send + Sync + 'static {
    /// Empty for a course that nobody knows.
    fn name(&self, course: CourseId) -> Arc<str>;
}

/// What the `me` and `coach` topics begin with, read from rows; a JSON object as text.
pub trait MeSnapshot: Send + Sync + 'static {
    /// The account's current waitlist entries with their offers and positions.
    fn me(&self, viewer: Viewer) -> BoxFuture<'static, Result<String, Fault>>;

    /// What the teacher's day looks like; nothing but the events by default.
    fn coach(&self, _teacher: TeacherId) -> BoxFuture<'static, Result<String, Fault>> {
        Box::pin(async { Ok("{}".to_owned()) })
    }
}

/// Whether a login still stands; asked for each socket some six times a minute, so it must not wait.
pub trait SessionCheck: Send + Sync + 'static {
    fn still_valid(&self, session: SessionId) -> bool;
}

/// Chosen by `app`, or by a test.
pub struct LiveParts {
    pub engine: Engine,
    pub hub: Arc<Hub>,
    pub zone: Zone,
    pub names: Arc<dyn CourseNames>,
    pub snapshots: Arc<dyn MeSnapshot>,
    pub sessions: Arc<dyn SessionCheck>,
}

/// What all sockets share. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    engine: Engine,
    hub: Arc<Hub>,
    boards: Boards,
    tickets: Tickets,
    zone: Zone,
    names: Arc<dyn CourseNames>,
    snapshots: Arc<dyn MeSnapshot>,
    sessions: Arc<dyn SessionCheck>,
    logins: Logins,
    closing: CancellationToken,
}

impl Live {
    pub fn new(parts: LiveParts) -> Self {
        let LiveParts { engine, hub, zone, names, snapshots, sessions } = parts;
        let tickets = Tickets::new(engine.clock().clone());
        let boards = Boards::new(engine.clone(), names.clone(), zone);
        let (logins, closing) = (Logins::default(), CancellationToken::new());
        Self(Arc::new(Inner { engine, hub, boards, tickets, zone, names, snapshots, sessions, logins, closing }))
    }

    pub fn tickets(&self) -> &Tickets {
        &self.0.tickets
    }

    /// Closes the sockets of a session that has just been ended; [`SessionCheck`] says so already.
    /// What is decided after this is not told to them.
    pub fn end_session(&self, session: SessionId) {
        self.0.logins.end(session);
    }

    /// Closes all sockets with 1012 (the service restarts), and waits for them, but not for long.
    pub async fn close(&self) {
        self.0.closing.cancel();
        let gone = async {
            let mut look = tokio::time::interval(Duration::from_millis(20));
            while metrics::SOCKETS_OPEN.get() > 0 {
                look.tick().await;
            }
        };
        if tokio::time::timeout(CLOSE_WITHIN, gone).await.is_err() {
            tracing::warn!(sockets = metrics::SOCKETS_OPEN.get(), "some sockets did not close in time");
        }
    }
}

/// Longer than a socket waits for its peer to answer the close.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);
