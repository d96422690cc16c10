//! What the index needs done beside the commits: bringing full memory to the disk, and compaction.
//!
//! Owns: the threads that do it, how far behind they may fall before the committer waits for them, and up to which
//! transaction the index is durable. Must never know: what is in the log.
//!
//! Threads exist only while there is something to do: an idle store has none but its committer.

use super::index::Index;
use crate::StoreError;
use crate::disk::Disk;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Sealed memory that may wait for the disk; with more the committer waits.
const MAX_SEALED: usize = 1;
/// Sorted runs that may wait for compaction; with more the committer waits, so that reads do not get slower and slower.
const MAX_BACKLOG: usize = 24;

/// Flushes and compacts the index.
pub(super) struct Upkeep {
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
    flushing: bool,
    compacting: bool,
    closing: bool,
    failure: Option<StoreError>,
    threads: Vec<JoinHandle<()>>,
}

impl Upkeep {
    pub(super) fn new(index: Arc<Index>, disk: Arc<dyn Disk>, durable: u64) -> Arc<Self> {
        let state = State {
            durable,
            ..State::default()
        };
        Arc::new(Self {
            index,
            disk,
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    /// Up to which transaction the index is durable, and how often it was made so; or why it cannot be any more.
    pub(super) fn durable(&self) -> Result<(u64, u64), StoreError> {
        let state = self.lock();
        match &state.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok((state.durable, state.flushes)),
        }
    }

    /// Seals what the index holds in memory, up to transaction `applied`, and has it flushed; waits if too much is
    /// sealed already or compaction is far behind.
    pub(super) fn seal(self: &Arc<Self>, applied: u64) -> Result<(), StoreError> {
        if !self.index.seal() {
            return Ok(());
        }
        let mut state = self.lock();
        state.sealed.push(applied);
        self.start_flushing(&mut state)?;
        while state.failure.is_none() && self.is_behind(&state) {
            state = self.wait(state);
        }
        state.failure.clone().map_or(Ok(()), Err)
    }

    /// Waits until everything sealed is durable and nothing runs any more.
    pub(super) fn finish(&self) -> Result<(), StoreError> {
        let mut state = self.lock();
        state.closing = true;
        while state.flushing || state.compacting {
            state = self.wait(state);
        }
        let threads = std::mem::take(&mut state.threads);
        let failure = state.failure.clone();
        drop(state);
        for thread in threads {
            // A panic was recorded as the failure.
            let _ = thread.join();
        }
        failure.map_or(Ok(()), Err)
    }

    fn is_behind(&self, state: &State) -> bool {
        state.sealed.len() > MAX_SEALED || (state.compacting && self.index.backlog() > MAX_BACKLOG)
    }

    fn start_flushing(self: &Arc<Self>, state: &mut State) -> Result<(), StoreError> {
        if !state.flushing {
            self.spawn(state, "store-flush", Self::flush_all)?;
            state.flushing = true;
        }
        Ok(())
    }

    /// Starts a thread; [`Upkeep::finish`] joins it.
    fn spawn(
        self: &Arc<Self>,
        state: &mut State,
        name: &str,
        work: fn(&Arc<Self>),
    ) -> Result<(), StoreError> {
        let upkeep = self.clone();
        let body = move || {
            let guard = Guard(&upkeep);
            work(&upkeep);
            drop(guard);
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(body);
        let thread = thread.map_err(|error| StoreError::Index {
            what: format!("no thread for {name}: {error}").into(),
        })?;
        state.threads.retain(|thread| !thread.is_finished());
        state.threads.push(thread);
        Ok(())
    }

    fn flush_all(self: &Arc<Self>) {
        while let Some(last) = self.next_flush() {
            if let Err(failure) = self.flush_to(last) {
                let mut state = self.lock();
                state.failure = Some(failure);
                state.flushing = false;
                break;
            }
        }
        self.changed.notify_all();
    }

    /// What is to be flushed; if nothing, this thread is done, and compaction may have become due.
    fn next_flush(self: &Arc<Self>) -> Option<u64> {
        let mut state = self.lock();
        let last = state.sealed.last().copied();
        if last.is_none() {
            state.flushing = false;
            if !state.compacting && !state.closing {
                // Without a thread the next flush tries again.
                let started = self.spawn(&mut state, "store-compact", Self::compact_all);
                state.compacting = started.is_ok();
            }
        }
        last
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
        self.changed.notify_all();
        Ok(())
    }

    fn compact_all(self: &Arc<Self>) {
        while !self.lock().closing {
            match self.index.compact() {
                Ok(true) => self.changed.notify_all(),
                Ok(false) => break,
                Err(failure) => {
                    // Nothing is lost: the tables that should have been merged are still there.
                    tracing::warn!(%failure, "compacting the index failed");
                    break;
                }
            }
        }
        self.lock().compacting = false;
        self.changed.notify_all();
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
struct Guard<'a>(&'a Upkeep);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut state = self.0.lock();
            state.flushing = false;
            state.compacting = false;
            state.failure.get_or_insert(StoreError::Index {
                what: "the upkeep of the index panicked".into(),
            });
            self.0.changed.notify_all();
        }
    }
}
