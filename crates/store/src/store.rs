//! The interface that every store implements.

use crate::{KeyRange, Order, Outcome, Stats, StoreError, Transaction};
use bytes::Bytes;
use std::sync::mpsc;

/// What runs when the fate of a transaction is known. It runs on the committer's thread: it must be short, must not
/// block, and must not call [`commit`]; it may read the store and submit further transactions.
pub type Completion = Box<dyn FnOnce(Result<Outcome, StoreError>) + Send>;

/// Ordered keys with transactions that are durable when they are acknowledged.
///
/// Invariants: transactions take effect one after the other in the order of their submission; completions of queued
/// transactions run in that order too; nobody reads what is not yet durable; a transaction is visible before its
/// completion runs.
pub trait Store: Send + Sync {
    /// Queues a transaction; `done` runs once, when it is durable and visible, or refused.
    ///
    /// `done` gets an error at once, on the calling thread, if the queue is full ([`StoreError::Overloaded`]), the
    /// store has stopped ([`StoreError::Stopped`]) or the transaction is over a limit. If it gets
    /// [`StoreError::Stopped`] later, the disk has failed while the transaction was being written, and whether it
    /// survived is known only after the store was opened again.
    fn submit(&self, tx: Transaction, done: Completion);

    /// The value of a key. Sees only what is durable.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// The first `limit` keys of a range, in order, with their values, as they were at one moment. Sees only what is
    /// durable.
    fn scan(
        &self,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError>;

    /// Counters and sizes; cheap.
    fn stats(&self) -> Stats;

    /// Finishes what is queued and stops; later transactions are refused with [`StoreError::Stopped`]. Closing twice
    /// is not an error. Must not be called from a [`Completion`].
    fn close(&self) -> Result<(), StoreError>;
}

/// Submits a transaction and waits for its outcome. Blocks: not for a [`Completion`], nor for an async task.
pub fn commit(store: &dyn Store, tx: Transaction) -> Result<Outcome, StoreError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let done = move |result| {
        // The receiver waits below, so it cannot be gone.
        let _ = sender.send(result);
    };
    store.submit(tx, Box::new(done));
    receiver
        .recv()
        .unwrap_or_else(|_| Err(StoreError::stopped("the store dropped a transaction")))
}
