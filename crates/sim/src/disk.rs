//! A store whose transactions become durable when the world says so, some at a time, or never.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use store::{
    Completion, KeyRange, MemoryStore, Order, Outcome, Precondition, Stats, Store, StoreError,
    Transaction,
};

use crate::random::hash;
use crate::trace::{Trace, lock};

/// What is durable, and the queue in front of it.
pub(crate) struct Disk {
    durable: MemoryStore,
    queue: Mutex<VecDeque<(Transaction, Completion)>>,
    /// Every submission is refused from now on.
    broken: Mutex<bool>,
    /// The next transaction that takes a name is refused.
    refuses: Mutex<bool>,
    trace: Arc<Trace>,
}

impl Disk {
    pub(crate) fn new(trace: Arc<Trace>) -> Disk {
        Disk {
            durable: MemoryStore::new(),
            queue: Mutex::default(),
            broken: Mutex::default(),
            refuses: Mutex::default(),
            trace,
        }
    }

    /// What a reader after a crash would find.
    pub(crate) fn durable(&self) -> &dyn Store {
        &self.durable
    }

    /// Transactions that are not durable.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.queue).len()
    }

    /// One group commit: the first `count` transactions become durable together, then their completions run.
    pub(crate) fn sync(&self, count: usize) {
        let batch = self.take(count);
        self.trace.say(format_args!("sync {}", batch.len()));
        let applied: Vec<_> = batch
            .into_iter()
            .map(|(transaction, done)| (self.apply(transaction), done))
            .collect();
        for (outcome, done) in applied {
            done(outcome);
        }
    }

    /// The next start finds too much waiting.
    pub(crate) fn refuse_next_start(&self) {
        self.trace.say(format_args!("the next start is refused"));
        *lock(&self.refuses) = true;
    }

    /// The process dies: the first `count` transactions are durable, but nobody is told; the others never were.
    pub(crate) fn crash(&self, count: usize) {
        let batch = self.take(usize::MAX);
        self.trace
            .say(format_args!("crash: {count} of {} survive", batch.len()));
        for (transaction, _) in batch.into_iter().take(count) {
            let _ = self.apply(transaction);
        }
        *lock(&self.broken) = false;
    }

    /// The disk fails: the first `count` transactions are durable nevertheless, and everybody is told that it failed.
    pub(crate) fn fail(&self, count: usize) {
        *lock(&self.broken) = true;
        let batch = self.take(usize::MAX);
        self.trace.say(format_args!(
            "disk fails: {count} of {} survive",
            batch.len()
        ));
        for (position, (transaction, done)) in batch.into_iter().enumerate() {
            if position < count {
                let _ = self.apply(transaction);
            }
            done(Err(stopped()));
        }
    }

    fn take(&self, count: usize) -> Vec<(Transaction, Completion)> {
        let mut queue = lock(&self.queue);
        let count = count.min(queue.len());
        queue.drain(..count).collect()
    }

    fn apply(&self, transaction: Transaction) -> Result<Outcome, StoreError> {
        store::commit(&self.durable, transaction)
    }
}

fn stopped() -> StoreError {
    StoreError::Stopped {
        reason: "the simulated disk has failed".into(),
    }
}

/// The same for the same transaction.
fn digest(transaction: &Transaction) -> u64 {
    transaction.writes.iter().fold(0, |digest, write| {
        let digest = hash(digest, write.key());
        hash(digest, write.value().map_or(b"deleted", |value| value))
    })
}

impl Store for Disk {
    fn submit(&self, tx: Transaction, done: Completion) {
        if *lock(&self.broken) {
            return done(Err(stopped()));
        }
        let takes_name = |one: &Precondition| matches!(one, Precondition::Absent(_));
        if tx.preconditions.iter().any(takes_name) && std::mem::take(&mut *lock(&self.refuses)) {
            self.trace.say(format_args!("refuse"));
            return done(Err(StoreError::Overloaded));
        }
        let (writes, digest) = (tx.writes.len(), digest(&tx));
        self.trace
            .say(format_args!("submit {writes} writes {digest:016x}"));
        lock(&self.queue).push_back((tx, done));
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.durable.get(key)
    }

    fn scan(
        &self,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.durable.scan(range, order, limit)
    }

    fn stats(&self) -> Stats {
        self.durable.stats()
    }

    fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
