//! What the writer asks of a database: one transaction after the other, on one connection.
//!
//! A trait, so that the very writer that serves also runs on a simulated disk, with every fault
//! that a disk and a network have.

use std::{any::Any, collections::HashMap, future::Future};

use futures_util::future::BoxFuture;

use super::{judge::Receipt, sql::Conn, writer::StoreError};
use crate::{
    base::{
        ids::{Epoch, ScheduleId, Version},
        keys::RequestKey,
    },
    engine::journal::{Batch, Fault},
};

pub type Done = Box<dyn Any + Send>;

/// An ordinary write, run in a savepoint of a group.
pub type Work = Box<dyn for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<Done, StoreError>> + Send>;

/// How far a transaction came when it failed.
#[derive(Debug)]
pub enum TransactionError {
    /// Rolled back, and the connection is still good.
    Statement(Fault),
    /// The connection is gone, and nothing was committed.
    Lost(Fault),
    /// Gone while the commit was on its way.
    CommitLost(Fault),
    /// Another process took the lease.
    Fenced,
}

/// What a transaction finds when it begins.
pub struct Begun {
    /// Whose the lease is; it stays so until the transaction ends.
    pub lease: Option<Epoch>,
    pub versions: HashMap<ScheduleId, Version>,
}

/// Makes the connection, and makes it again when it is lost.
pub trait Connect: Send + 'static {
    type Session: Session;

    /// Waits for the end of whatever the connection before may still be committing.
    fn connect(&mut self) -> impl Future<Output = Result<Self::Session, Fault>> + Send;
}

/// The writer's connection. Never cancelled in the midst of a call.
pub trait Session: Send + 'static {
    /// Begins a transaction, holds the lease, and reads the versions of the batches' schedules.
    fn begin(&mut self, batches: &[Batch]) -> impl Future<Output = Result<Begun, TransactionError>> + Send;

    /// What was answered under these keys.
    fn receipts(&mut self, keys: &[&RequestKey])
    -> impl Future<Output = Result<Vec<Receipt>, TransactionError>> + Send;

    /// Writes batches that stand, with their receipts, in their order.
    fn write(&mut self, batches: &[&Batch], epoch: Epoch) -> impl Future<Output = Result<(), TransactionError>> + Send;

    /// Runs an ordinary write; what fails is rolled back alone.
    fn run(&mut self, work: Work) -> impl Future<Output = Result<Done, StoreError>> + Send;

    fn commit(&mut self) -> impl Future<Output = Result<(), TransactionError>> + Send;

    /// Ends the transaction without effect, and says what the error means then.
    fn roll_back(&mut self, error: TransactionError) -> impl Future<Output = TransactionError> + Send;

    /// Moves what is left of a log into the database, between two transactions.
    fn checkpoint(&mut self) -> impl Future<Output = ()> + Send;

    fn close(self) -> impl Future<Output = ()> + Send;
}
