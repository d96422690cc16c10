//! What the index needs done beside the commits: bringing full memory to the disk, and compaction.
//!
//! Owns: the threads that do it, how far behind they may fall before the committer waits for them, and up to which
//! transaction the index is durable. Must never know: what is in the log.
//!
//! The threads live as long as this does, and sleep while there is nothing to do: one for every flush would leave
//! memory behind in the allocator each time.

use super::index::Index;
use crate::StoreError;
use crate::disk::Disk;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Sealed memory that may wait for the disk; with more the committer waits.
const MAX_SEALED: usize = 1;
/// Sorted runs that may wait for compaction; with more the committer waits, so that reads do not get slower and slower.
const MAX_BACKLOG: usize = 24;

/// Flushes and compacts the index until it is finished or dropped.
pub(super) struct Upkeep {
    work: Arc<Work>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads share.
struct Work {
    index: Arc<Index>,
    disk: Arc<dyn Disk>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Last transactions of what was sealed and is not yet durable, in order.
    sealed: Vec<u64>,
    /// Up to this transaction the index is durable.
    durable: u64,
    flushes: u64,
    /// There are tables that were never looked at for compaction.
    compaction_due: bool,
    compacting: bool,
    closing: bool,
    failure: Option<StoreError>,
}

impl Upkeep {
    /// Starts the threads for an index that is durable up to transaction `durable`.
    pub(super) fn start(
        index: Arc<Index>,
        disk: Arc<dyn Disk>,
        durable: u64,
    ) -> Result<Self, StoreError> {
        let state = State {
            durable,
            ..State::default()
        };
        let mut upkeep = Self {
            work: Arc::new(Work {
                index,
                disk,
                state: Mutex::new(state),
                changed: Condvar::new(),
            }),
            threads: Vec::new(),
        };
        upkeep.spawn("store-flush", Work::flush_all)?;
        upkeep.spawn("store-compact", Work::compact_all)?;
        Ok(upkeep)
    }

    /// Up to which transaction the index is durable, and how often it was made so; or why it cannot be any more.
    pub(super) fn durable(&self) -> Result<(u64, u64), StoreError> {
        let state = self.work.lock();
        match &state.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok((state.durable, state.flushes)),
        }
    }

    /// Seals what the index holds in memory, up to transaction `applied`, and has it flushed; waits if too much is
    /// sealed already or compaction is far behind.
    pub(super) fn seal(&self, applied: u64) -> Result<(), StoreError> {
        if !self.work.index.seal() {
            return Ok(());
        }
        let mut state = self.work.lock();
        state.sealed.push(applied);
        self.work.changed.notify_all();
        while state.failure.is_none() && self.work.is_behind(&state) {
            state = self.work.wait(state);
        }
        state.failure.clone().map_or(Ok(()), Err)
    }

    /// Waits until everything sealed is durable and the threads have ended.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        self.work.lock().closing = true;
        self.work.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A panic was recorded as the failure.
            let _ = thread.join();
        }
        self.work.lock().failure.clone().map_or(Ok(()), Err)
    }

    /// Starts a thread; [`Upkeep::finish`] joins it.
    fn spawn(&mut self, name: &str, body: fn(&Work)) -> Result<(), StoreError> {
        let work = self.work.clone();
        let body = move || {
            let _guard = Guard(&work);
            body(&work);
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(body);
        self.threads.push(thread.map_err(|error| StoreError::Index {
            what: format!("no thread for {name}: {error}").into(),
        })?);
        Ok(())
    }
}

impl Drop for Upkeep {
    /// Nobody may work in the directory once it is unlocked.
    fn drop(&mut self) {
        // Whoever has to hear of a failure has finished this before.
        let _ = self.finish();
    }
}

impl Work {
    fn is_behind(&self, state: &State) -> bool {
        state.sealed.len() > MAX_SEALED || (state.compacting && self.index.backlog() > MAX_BACKLOG)
    }

    fn flush_all(&self) {
        while let Some(last) = self.next_flush() {
            if let Err(failure) = self.flush_to(last) {
                self.lock().failure = Some(failure);
                self.changed.notify_all();
                return;
            }
        }
    }

    /// Waits for something to flush; nothing once this is closing and all of it is flushed.
    fn next_flush(&self) -> Option<u64> {
        let mut state = self.lock();
        while state.sealed.is_empty() && !state.closing {
            state = self.wait(state);
        }
        state.sealed.last().copied()
    }

    fn flush_to(&self, last: u64) -> Result<(), StoreError> {
        self.index.flush()?;
        let path = self.index.path();
        let synced = self.disk.index_synced(path);
        synced.map_err(|e| StoreError::io("syncing", path, e))?;
        let mut state = self.lock();
        state.sealed.retain(|sealed| *sealed > last);
        state.durable = last;
        state.flushes += 1;
        state.compaction_due = true;
        self.changed.notify_all();
        Ok(())
    }

    fn compact_all(&self) {
        while self.next_compaction() {
            self.compact();
            self.lock().compacting = false;
            self.changed.notify_all();
        }
    }

    /// Waits until compaction is due; false once this is closing.
    fn next_compaction(&self) -> bool {
        let mut state = self.lock();
        while !state.compaction_due && !state.closing {
            state = self.wait(state);
        }
        state.compaction_due = false;
        state.compacting = !state.closing;
        state.compacting
    }

    /// Compacts until there is nothing left to do.
    fn compact(&self) {
        while !self.lock().closing {
            match self.index.compact() {
                Ok(true) => self.changed.notify_all(),
                Ok(false) => return,
                Err(failure) => {
                    // Nothing is lost: the tables that should have been merged are still there.
                    tracing::warn!(%failure, "compacting the index failed");
                    return;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let woken = self.changed.wait(state);
        woken.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stops the store if a thread of its upkeep panics.
struct Guard<'a>(&'a Work);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut state = self.0.lock();
            state.compacting = false;
            state.failure.get_or_insert(StoreError::Index {
                what: "the upkeep of the index panicked".into(),
            });
            self.0.changed.notify_all();
        }
    }
}
