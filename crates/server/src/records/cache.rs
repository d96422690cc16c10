//! Decoded records of what is asked for all the time: the machine that every start names.
//!
//! Owns when a kept record is still good: as long as no record at all has been written since it was read. Writes are
//! rare where reads are many, so nothing finer is needed, and nothing can be forgotten. Knows no store.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

/// Bytes of kept records, as they are stored; beyond that the cache starts over.
const ROOM: usize = 4 * 1024 * 1024;

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Cache {
    writes: AtomicU64,
    kept: Mutex<Kept>,
}

/// How many writes there had been when a record was about to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(u64);

#[derive(Default)]
struct Kept {
    by_key: HashMap<Bytes, Entry>,
    bytes: usize,
}

struct Entry {
    moment: Moment,
    value: Arc<dyn Any + Send + Sync>,
    size: usize,
}

impl Cache {
    /// A record has been written: before anybody is told.
    pub(super) fn written(&self) {
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    /// To be taken before a record is read from the store.
    pub(super) fn moment(&self) -> Moment {
        Moment(self.writes.load(Ordering::Acquire))
    }

    /// The record, if it was kept and nothing was written since.
    pub(super) fn get<T: Send + Sync + 'static>(&self, key: &Bytes) -> Option<Arc<T>> {
        let value = {
            let kept = self.kept();
            let entry = kept.by_key.get(key)?;
            (entry.moment == self.moment()).then(|| entry.value.clone())?
        };
        value.downcast().ok()
    }

    /// Keeps a record of `size` bytes that was read after `moment`.
    pub(super) fn keep<T: Send + Sync + 'static>(
        &self,
        key: &Bytes,
        value: Arc<T>,
        size: usize,
        moment: Moment,
    ) {
        let size = key.len() + size;
        if size > ROOM {
            return;
        }
        let mut kept = self.kept();
        if let Some(old) = kept.by_key.remove(key) {
            kept.bytes -= old.size;
        }
        if kept.bytes + size > ROOM {
            *kept = Kept::default();
        }
        kept.bytes += size;
        let entry = Entry {
            moment,
            value,
            size,
        };
        kept.by_key.insert(key.clone(), entry);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_good_until_something_is_written() {
        let (cache, key) = (Cache::default(), Bytes::from_static(b"key"));
        cache.keep(&key, Arc::new(1u8), 1, cache.moment());
        assert_eq!(cache.get::<u8>(&key).as_deref(), Some(&1));
        cache.written();
        assert_eq!(cache.get::<u8>(&key), None);
    }

    #[test]
    fn a_record_that_was_read_before_a_write_is_not_good_after_it() {
        let (cache, key) = (Cache::default(), Bytes::from_static(b"key"));
        let before = cache.moment();
        cache.written();
        cache.keep(&key, Arc::new(1u8), 1, before);
        assert_eq!(cache.get::<u8>(&key), None);
    }

    #[test]
    fn a_record_that_is_kept_again_takes_its_room_once() {
        let (cache, key) = (Cache::default(), Bytes::from_static(b"key"));
        let other = Bytes::from_static(b"other");
        cache.keep(&other, Arc::new(0u8), 1, cache.moment());
        for number in 0..100u8 {
            cache.keep(&key, Arc::new(number), ROOM / 3, cache.moment());
        }
        assert_eq!(cache.get::<u8>(&other).as_deref(), Some(&0));
    }

    #[test]
    fn the_room_is_bounded() {
        let cache = Cache::default();
        for number in 0..1_000u32 {
            let key = Bytes::copy_from_slice(&number.to_be_bytes());
            cache.keep(&key, Arc::new(number), ROOM / 10, cache.moment());
            assert_eq!(cache.get::<u32>(&key).as_deref(), Some(&number));
        }
        assert!(cache.kept().by_key.len() <= 10);
    }
}
