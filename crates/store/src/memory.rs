//! The store that keeps everything in memory: for tests, and for runs in process. Durable means "applied" here.

use crate::completion::run;
use crate::{
    Completion, KeyRange, Order, Outcome, Stats, Store, StoreError, Transaction, Write, limits,
};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most transactions that wait while completions run; more are refused with [`StoreError::Overloaded`].
const MAX_QUEUED: usize = 1 << 16;

/// A [`Store`] without a disk. Applies a transaction on the thread that submits it, unless another thread is at it or
/// the submission comes from a completion; then that one takes it over, which keeps the order.
#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    entries: BTreeMap<Bytes, Bytes>,
    queue: VecDeque<(Transaction, Completion)>,
    /// Some thread takes transactions from the queue right now.
    draining: bool,
    closed: bool,
    stats: Stats,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// No code panics under this lock, so a poisoned one still guards whole transactions.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies what is queued, one by one; completions run outside the lock.
    fn drain(&self) {
        let mut inner = self.lock();
        if std::mem::replace(&mut inner.draining, true) {
            return;
        }
        while let Some((tx, done)) = inner.queue.pop_front() {
            let outcome = inner.apply(tx);
            drop(inner);
            run(done, Ok(outcome));
            inner = self.lock();
        }
        inner.draining = false;
    }
}

impl Inner {
    fn enqueue(
        &mut self,
        tx: Transaction,
        done: Completion,
    ) -> Result<(), (Completion, StoreError)> {
        if self.closed {
            return Err((done, StoreError::stopped("closed")));
        }
        if let Err(error) = limits::measure(&tx) {
            return Err((done, error));
        }
        if self.queue.len() >= MAX_QUEUED {
            self.stats.overloads += 1;
            return Err((done, StoreError::Overloaded));
        }
        self.queue.push_back((tx, done));
        Ok(())
    }

    fn apply(&mut self, tx: Transaction) -> Outcome {
        let broken = tx
            .preconditions
            .iter()
            .position(|p| !p.holds(self.entries.get(p.key()).map(|value| value.as_ref())));
        if let Some(precondition) = broken {
            self.stats.conflicts += 1;
            return Outcome::Conflict { precondition };
        }
        for write in tx.writes {
            match write {
                Write::Put { key, value } => self.entries.insert(key, value),
                Write::Delete { key } => self.entries.remove(&key),
            };
        }
        self.stats.sequence += 1;
        self.stats.commits += 1;
        self.stats.batches += 1;
        Outcome::Committed {
            sequence: self.stats.sequence,
        }
    }
}

impl Store for MemoryStore {
    fn submit(&self, tx: Transaction, done: Completion) {
        let queued = self.lock().enqueue(tx, done);
        match queued {
            Ok(()) => self.drain(),
            Err((done, error)) => run(done, Err(error)),
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.lock().entries.get(key).cloned())
    }

    fn scan(
        &self,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let inner = self.lock();
        let found = inner.entries.range::<[u8], _>(range.bounds());
        let owned = |(key, value): (&Bytes, &Bytes)| (key.clone(), value.clone());
        Ok(match order {
            Order::Ascending => found.take(limit).map(owned).collect(),
            Order::Descending => found.rev().take(limit).map(owned).collect(),
        })
    }

    fn stats(&self) -> Stats {
        let inner = self.lock();
        Stats {
            queue_depth: inner.queue.len() as u64,
            ..inner.stats
        }
    }

    fn close(&self) -> Result<(), StoreError> {
        self.lock().closed = true;
        Ok(())
    }
}
