//! How many machines and activities there are, so that a creation need not count them.
//!
//! Counted in the store on first use, then kept up by those who create and delete. Knows no quota by name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::records::{RecordError, RecordKey, Records};

/// Counts by what the keys begin with.
#[derive(Clone, Default)]
pub(super) struct Census(Arc<Mutex<HashMap<RecordKey, usize>>>);

/// One that is counted although it is not there yet; dropped without having been taken, it is not counted any more.
pub(super) struct Seat {
    census: Census,
    prefix: RecordKey,
    taken: bool,
}

impl Census {
    /// A seat for one more below `prefix`; none if there are `most` already.
    pub(super) fn seat(
        &self,
        records: &Records,
        prefix: RecordKey,
        most: usize,
    ) -> Result<Option<Seat>, RecordError> {
        let mut counts = self.lock();
        let count = counted(&mut counts, records, &prefix)?;
        if *count >= most {
            return Ok(None);
        }
        *count += 1;
        drop(counts);
        Ok(Some(Seat {
            census: self.clone(),
            prefix,
            taken: false,
        }))
    }

    /// To be called before one below `prefix` is removed, so that it is among those that are counted.
    pub(super) fn leaves(&self, records: &Records, prefix: &RecordKey) -> Result<(), RecordError> {
        counted(&mut self.lock(), records, prefix).map(|_| ())
    }

    /// One below `prefix` is gone.
    pub(super) fn left(&self, prefix: &RecordKey) {
        let mut counts = self.lock();
        if let Some(count) = counts.get_mut(prefix) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(prefix);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RecordKey, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The count, taken in the store if it is not known.
fn counted<'c>(
    counts: &'c mut HashMap<RecordKey, usize>,
    records: &Records,
    prefix: &RecordKey,
) -> Result<&'c mut usize, RecordError> {
    if !counts.contains_key(prefix) {
        counts.insert(prefix.clone(), records.count(prefix)?);
    }
    Ok(counts.entry(prefix.clone()).or_default())
}

impl Seat {
    /// It is there now.
    pub(super) fn take(mut self) {
        self.taken = true;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.taken {
            self.census.left(&self.prefix);
        }
    }
}
