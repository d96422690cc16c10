//! The queue between submitters and the committer.
//!
//! Owns: the order of submission, the bound on what waits, and waking the committer. Must never know: the log.

use super::options::Options;
use crate::{Completion, StoreError, Transaction};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A transaction that waits for the committer.
pub(super) struct Pending {
    pub tx: Transaction,
    pub bytes: usize,
    pub done: Completion,
}

pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    max_count: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct State {
    waiting: Vec<Pending>,
    bytes: usize,
    /// The committer sleeps and must be woken.
    asleep: bool,
    /// Why nothing more is taken.
    stopped: Option<Arc<str>>,
    overloads: u64,
}

/// How full the queue is.
pub(super) struct Depth {
    pub count: u64,
    pub bytes: u64,
    pub overloads: u64,
}

impl Queue {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            max_count: options.queue_transactions,
            max_bytes: options.queue_bytes,
        }
    }

    /// Queues a transaction, or gives its completion back with the reason why not.
    pub(super) fn push(&self, pending: Pending) -> Result<(), (Completion, StoreError)> {
        let mut state = self.lock();
        if let Some(reason) = &state.stopped {
            return Err((pending.done, StoreError::stopped(reason.clone())));
        }
        let bytes = state.bytes + pending.bytes;
        let full = state.waiting.len() >= self.max_count || bytes > self.max_bytes;
        if full && !state.waiting.is_empty() {
            state.overloads += 1;
            return Err((pending.done, StoreError::Overloaded));
        }
        state.bytes = bytes;
        state.waiting.push(pending);
        let wake = std::mem::take(&mut state.asleep);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits for transactions and takes them all, in order, by exchanging the queue's list with `taken`, which must be
    /// empty. False once the queue has stopped and is empty.
    pub(super) fn take(&self, taken: &mut Vec<Pending>) -> bool {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.stopped.is_some() {
                return false;
            }
            state.asleep = true;
            let woken = self.filled.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut state.waiting, taken);
        state.bytes = 0;
        true
    }

    /// Takes no more transactions; the first reason stands. What waits can still be taken.
    pub(super) fn stop(&self, reason: &str) {
        let mut state = self.lock();
        state.stopped.get_or_insert_with(|| reason.into());
        state.asleep = false;
        drop(state);
        self.filled.notify_one();
    }

    pub(super) fn depth(&self) -> Depth {
        let state = self.lock();
        Depth {
            count: state.waiting.len() as u64,
            bytes: state.bytes as u64,
            overloads: state.overloads,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
