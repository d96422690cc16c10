//! Which state of the index every reader looks at, so that old versions of values are kept as long as somebody may
//! still read them, and no reader sees half a batch.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The published state, and the states that are being read.
pub(super) struct Readers {
    state: Mutex<State>,
}

struct State {
    /// Everything below this version of the index is published.
    published: u64,
    /// How many readers look at which version.
    reading: BTreeMap<u64, usize>,
}

/// A reader at work; its version stays readable until this is dropped.
pub(super) struct Reading<'a> {
    readers: &'a Readers,
    pub version: u64,
}

impl Readers {
    pub(super) fn new(published: u64) -> Self {
        let state = State {
            published,
            reading: BTreeMap::new(),
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Begins to read the published state.
    pub(super) fn begin(&self) -> Reading<'_> {
        let mut state = self.lock();
        let version = state.published;
        *state.reading.entry(version).or_default() += 1;
        Reading {
            readers: self,
            version,
        }
    }

    /// Lets new readers see everything below `version`.
    pub(super) fn publish(&self, version: u64) {
        self.lock().published = version;
    }

    /// Below this version only the newest value of a key can still be read.
    pub(super) fn watermark(&self) -> u64 {
        let state = self.lock();
        let oldest = state.reading.keys().next().copied();
        oldest.unwrap_or(state.published).saturating_sub(1)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut state = self.readers.lock();
        if let Some(count) = state.reading.get_mut(&self.version) {
            *count -= 1;
            if *count == 0 {
                state.reading.remove(&self.version);
            }
        }
    }
}
