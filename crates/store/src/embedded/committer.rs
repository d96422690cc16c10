//! The committer: one thread that turns what is queued into durable, visible, answered transactions.
//!
//! Owns: the order of things. A batch is whatever was queued while the batch before it was synced: checked against the
//! index and against the earlier transactions of the batch, written as one record, synced once, applied to the index,
//! answered in order. There is no timer.
//! Must never know: how a segment or the index works.

use super::directory::Directory;
use super::index::Index;
use super::log::Log;
use super::options::Options;
use super::queue::{Pending, Queue};
use super::record::RecordBuffer;
use super::upkeep::Upkeep;
use crate::completion::run;
use crate::{Bytes, Outcome, Precondition, Stats, StoreError, Write};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// What the committer works with. Dropped with its thread, the lock of the directory last.
pub(super) struct Committer {
    pub queue: Arc<Queue>,
    pub log: Log,
    pub index: Arc<Index>,
    pub upkeep: Upkeep,
    pub stats: Arc<Mutex<Stats>>,
    /// Sequence of the last transaction.
    pub sequence: u64,
    pub options: Options,
    pub scratch: Scratch,
    /// Keeps the lock. The last field: files of the index are removed when the index is dropped.
    pub directory: Arc<Directory>,
}

/// Buffers that are used again for every batch.
#[derive(Default)]
pub(super) struct Scratch {
    record: RecordBuffer,
    key: Vec<u8>,
    outcomes: Vec<Outcome>,
    /// Bytes of log since the index was last sealed.
    unsealed: u64,
}

/// The last write of a batch to each key; `None` if it is removed.
type Overlay<'a> = HashMap<&'a [u8], Option<&'a Bytes>>;

impl Committer {
    /// Works until the queue is stopped and empty, or a fault; answers why it ended, if by a fault.
    pub(super) fn run(mut self) -> Result<(), StoreError> {
        let mut taken = Vec::new();
        let result = catch_unwind(AssertUnwindSafe(|| self.serve(&mut taken)));
        let result = result.unwrap_or_else(|_| Err(StoreError::stopped("the committer panicked")));
        let finished = match result {
            Ok(()) => self.finish(),
            Err(error) => {
                self.refuse(&mut taken, &error);
                // The fault that stopped the store is the one to report.
                let _ = self.upkeep.finish();
                Err(error)
            }
        };
        if let Err(error) = &finished {
            tracing::error!(%error, directory = %self.directory.path().display(), "the store has stopped");
        }
        finished
    }

    fn serve(&mut self, taken: &mut Vec<Pending>) -> Result<(), StoreError> {
        while self.queue.take(taken) {
            while !taken.is_empty() {
                let count = self.batch_length(taken);
                self.commit(&taken[..count])?;
                let outcomes = self.scratch.outcomes.drain(..);
                for (pending, outcome) in taken.drain(..count).zip(outcomes) {
                    run(pending.done, Ok(outcome));
                }
                self.keep_up()?;
            }
        }
        Ok(())
    }

    /// How many of the waiting transactions go into one batch.
    fn batch_length(&self, waiting: &[Pending]) -> usize {
        let mut bytes = 0;
        let fits = waiting.iter().take_while(|pending| {
            bytes += pending.bytes;
            bytes <= self.options.batch_bytes
        });
        fits.count().max(1)
    }

    /// Decides every transaction of a batch, and makes the committed ones durable and visible.
    fn commit(&mut self, batch: &[Pending]) -> Result<(), StoreError> {
        let first = self.sequence + 1;
        let overlay = self.decide(batch)?;
        let committed = u64::from(self.scratch.record.count());
        let mut written = 0;
        if committed > 0 {
            written = self.log.append(&mut self.scratch.record, first)?;
            self.sequence += committed;
            let writes = overlay.iter().map(|(k, v)| (*k, v.map(|v| v.as_ref())));
            self.index.apply(writes, self.sequence);
        }
        self.scratch.unsealed += written;
        self.count(batch.len() as u64, committed, written);
        Ok(())
    }

    /// Checks the preconditions of each transaction; fills the record and the outcomes.
    fn decide<'a>(&mut self, batch: &'a [Pending]) -> Result<Overlay<'a>, StoreError> {
        let writes = batch.iter().map(|pending| pending.tx.writes.len()).sum();
        let mut overlay = Overlay::with_capacity(writes);
        let mut sequence = self.sequence;
        self.scratch.record.clear();
        self.scratch.outcomes.clear();
        for Pending { tx, .. } in batch {
            let broken = self.first_broken(&tx.preconditions, &overlay)?;
            let outcome = if let Some(precondition) = broken {
                Outcome::Conflict { precondition }
            } else {
                sequence += 1;
                self.scratch.record.push(tx);
                overlay.extend(
                    tx.writes
                        .iter()
                        .map(|w| (w.key().as_ref(), Write::value(w))),
                );
                Outcome::Committed { sequence }
            };
            self.scratch.outcomes.push(outcome);
        }
        Ok(overlay)
    }

    fn first_broken(
        &mut self,
        preconditions: &[Precondition],
        overlay: &Overlay<'_>,
    ) -> Result<Option<usize>, StoreError> {
        for (position, precondition) in preconditions.iter().enumerate() {
            let key = precondition.key();
            let holds = match overlay.get(key.as_ref()) {
                Some(value) => precondition.holds(value.map(|value| value.as_ref())),
                None => {
                    let found = self.index.newest(key, &mut self.scratch.key)?;
                    precondition.holds(found.as_deref())
                }
            };
            if !holds {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Keeps the index's memory and the log within their limits.
    fn keep_up(&mut self) -> Result<(), StoreError> {
        let full = self.index.unsealed_bytes() >= self.options.index_memory_bytes
            || self.scratch.unsealed >= self.options.checkpoint_bytes;
        if full {
            self.upkeep.seal(self.sequence)?;
            self.scratch.unsealed = 0;
        }
        let (durable, flushes) = self.upkeep.durable()?;
        self.log.release(durable)?;
        let (log_bytes, segments) = self.log.footprint();
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.checkpoints = flushes;
        stats.log_bytes = log_bytes;
        stats.segments = segments;
        Ok(())
    }

    fn count(&self, seen: u64, committed: u64, written: u64) {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.sequence = self.sequence;
        stats.commits += committed;
        stats.conflicts += seen - committed;
        if committed > 0 {
            stats.batches += 1;
            stats.fsyncs += 1;
            stats.bytes_written += written;
        }
    }

    /// Leaves the index complete, so that the next start has nothing to replay.
    fn finish(&mut self) -> Result<(), StoreError> {
        self.upkeep.seal(self.sequence)?;
        self.upkeep.finish()
    }

    /// Answers everything that waits, now and later, with the fault.
    fn refuse(&self, taken: &mut Vec<Pending>, error: &StoreError) {
        let reason: Arc<str> = error.to_string().into();
        self.queue.stop(&reason);
        loop {
            for pending in taken.drain(..) {
                run(pending.done, Err(StoreError::stopped(reason.clone())));
            }
            if !self.queue.take(taken) {
                return;
            }
        }
    }
}
