//! What is asked of a schedule's actor, and what comes back.

use std::sync::Arc;

use actix::Message;
use tokio::sync::oneshot;

use super::{board::Board, calendars::Permit, journal::Fault};
use crate::{
    base::{
        guard::{Guard, stands},
        ids::{Epoch, ScheduleId, StudentId},
        keys::{RequestKey, StoredAnswer},
        time::Timestamp,
    },
    domain::schedule::{
        Command, Receipt, Rejection, Schedule,
        command::Evidence,
        state::Head,
        view::{Mine, View},
    },
};

/// A command with what belongs to its asking.
pub struct Order {
    pub command: Command,
    /// With a key, the rendered answer is stored in the transaction of its effect.
    pub key: Option<(RequestKey, Render)>,
    /// Whether a refusal is stored under the key, too.
    pub(super) keeps_refusals: bool,
    /// A booking there does not count as a conflict: it is about to be given up.
    pub(super) except: Option<ScheduleId>,
    pub(super) permit: Option<Permit>,
}

/// Turns an outcome into the answer that is stored; called in the turn that decides.
pub type Render = Box<dyn FnOnce(&Result<Receipt, Rejection>, &Head, Timestamp) -> StoredAnswer + Send>;

impl Order {
    pub fn new(command: Command) -> Self {
        Self { command, key: None, keeps_refusals: true, except: None, permit: None }
    }

    /// A booking that replaces the one on `origin`.
    pub fn moving(command: Command, origin: ScheduleId) -> Self {
        Self { except: Some(origin), ..Self::new(command) }
    }

    pub fn keyed(command: Command, key: Option<RequestKey>, render: Render) -> Self {
        Self { key: key.map(|key| (key, render)), ..Self::new(command) }
    }

    /// A refusal is given back instead of being stored: the caller looks into it first.
    pub fn handing_refusals_back(self) -> Self {
        Self { keeps_refusals: false, ..self }
    }

    /// Writes what the student's calendar says into the command. False when it has to be read again
    /// before anything can be decided.
    pub(super) fn look_into_calendar(&mut self, s: &Schedule) -> bool {
        let (starts_at, ends_at) = (s.head.starts_at, s.head.ends_at);
        let busy = |p: &Permit| p.conflicts(&[Some(s.head.id), self.except], starts_at, ends_at);
        let Some(busy) = self.permit.as_ref().map_or(Some(false), busy) else { return false };
        let conflict = busy && stands(Guard::Calendar);
        if let Command::Book { calendar, .. } | Command::Hold { calendar, .. } | Command::Accept { calendar, .. } =
            &mut self.command
        {
            *calendar = Evidence { starts_at, ends_at, conflict };
        }
        true
    }

    /// The student whose other bookings matter for this.
    pub(super) fn calendar_of(&self) -> Option<StudentId> {
        match &self.command {
            Command::Book { student, .. } | Command::Hold { student, .. } | Command::Accept { student, .. } => {
                Some(*student).filter(|_| self.permit.is_none())
            }
            Command::ReleaseHold { .. }
            | Command::Cancel { .. }
            | Command::MarkPaid { .. }
            | Command::Confirm { .. }
            | Command::Attend { .. }
            | Command::Join { .. }
            | Command::Leave { .. }
            | Command::Begin { .. }
            | Command::Decline { .. }
            | Command::WithdrawOffer { .. }
            | Command::OfferSeat
            | Command::SetCapacity { .. }
            | Command::Reschedule { .. }
            | Command::TellPlace
            | Command::Block
            | Command::Unblock
            | Command::Complete
            | Command::Revoke { .. }
            | Command::Tick => None,
        }
    }
}

/// A durable answer.
#[derive(Debug)]
pub enum Answer {
    Given {
        outcome: Result<Receipt, Rejection>,
        head: Box<Head>,
        at: Timestamp,
    },
    /// As it was stored under the request key, now or earlier.
    Stored(StoredAnswer),
}

/// Why there is no answer.
pub enum Trouble {
    Refused(Rejection),
    /// Too much is waiting already; nothing was done.
    Busy,
    /// The server is about to stop; nothing was done.
    Closing,
    /// Surely nothing was done.
    Unavailable(Fault),
    /// It may have been done or not.
    Unknown(Fault),
    /// The request key belongs to another request.
    KeyReused,
    /// A request under this key is being worked on.
    InProgress,
    /// Met an actor that was about to stop; nothing was done.
    Bounced(Box<Order>),
}

/// The durable state as one viewer sees it.
pub struct Seen {
    pub view: View,
    pub mine: Mine,
    pub epoch: Epoch,
    pub at: Timestamp,
}

impl Seen {
    pub fn of(s: &Schedule, at: Timestamp, waitlist: u32, epoch: Epoch, student: Option<StudentId>) -> Self {
        let mine = student.map(|student| s.mine(student)).unwrap_or_default();
        Self { view: s.view(at, waitlist), mine, epoch, at }
    }
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, Trouble>>;

#[derive(Message)]
#[rtype(result = "()")]
pub struct Submit {
    pub order: Order,
    pub reply: Reply<Answer>,
}

/// An authoritative read.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Look {
    pub student: Option<StudentId>,
    pub reply: Reply<Seen>,
}

/// Fill this board, and keep it up to date.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Attach {
    pub board: Arc<Board>,
    pub reply: Reply<()>,
}
