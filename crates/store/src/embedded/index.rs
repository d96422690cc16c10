//! The index: what the log says, sorted by key. A log-structured merge tree without a log of its own.
//!
//! Owns: the tree, which of its versions are visible, and the mark that says up to which transaction it was filled.
//! Must never know: the log. What is in memory here is lost in a crash and filled again from the log.
//!
//! Invariant: only one thread applies; a batch becomes visible at once and whole.

use super::readers::Readers;
use crate::{KeyRange, Order, StoreError};
use bytes::Bytes;
use lsm_tree::compaction::Leveled;
use lsm_tree::config::PartitioningPolicy;
use lsm_tree::{
    AbstractTree, AnyTree, Cache, Config, Guard, SeqNo, SequenceNumberCounter, Slice, Table,
};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// First byte of the keys of the store's users.
const DATA: u8 = 1;
/// The key of the mark: the last transaction that was applied, 8 bytes little endian.
const MARK: [u8; 1] = [0];
/// Size of a table on the disk, in bytes.
const TABLE_BYTES: u64 = 16 * 1024 * 1024;

/// The sorted tree behind the log.
pub(super) struct Index {
    tree: AnyTree,
    path: PathBuf,
    versions: SequenceNumberCounter,
    readers: Readers,
    compaction: Arc<Leveled>,
}

/// Why an index could not be opened.
pub(super) enum OpenFailure {
    /// Its files are not what was written; filling it again from the log helps.
    Damaged(String),
    /// The operating system refused; trying again may help.
    Refused(String),
}

impl Index {
    /// Opens the index in `path`, or creates an empty one; `cache` bytes of blocks are kept in memory.
    pub(super) fn open(path: &Path, cache: u64) -> Result<Self, OpenFailure> {
        let versions = SequenceNumberCounter::default();
        let config = configuration(path, versions.clone(), cache);
        // The tree asserts some things of its files.
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        let tree = opened
            .map_err(|_| OpenFailure::Damaged("its files are inconsistent".to_owned()))?
            .map_err(classify)?;
        versions.fetch_max(tree.get_highest_persisted_seqno().unwrap_or(0) + 1);
        let readers = Readers::new(versions.get());
        Ok(Self {
            tree,
            path: path.to_owned(),
            versions,
            readers,
            compaction: Arc::new(Leveled::default().with_table_target_size(TABLE_BYTES)),
        })
    }

    /// Whether there is an index in `path`, whole or not.
    pub(super) fn exists(path: &Path) -> bool {
        path.join("current").exists()
    }

    /// Where the files of the index are.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The last transaction that was applied; 0 if there is none.
    pub(super) fn applied(&self) -> Result<u64, StoreError> {
        let mark = self.tree.get(MARK, SeqNo::MAX).map_err(failed)?;
        Ok(mark.map_or(0, |bytes| {
            let mut sequence = [0; 8];
            let length = bytes.len().min(8);
            sequence[..length].copy_from_slice(&bytes[..length]);
            u64::from_le_bytes(sequence)
        }))
    }

    /// Applies a batch that ends with transaction `last`, each key at most once. Not durable.
    pub(super) fn apply<'a>(
        &self,
        writes: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        last: u64,
    ) {
        let version = self.versions.next();
        let mut stored = Vec::with_capacity(128);
        for (key, value) in writes {
            store_key(&mut stored, key);
            match value {
                Some(value) => self
                    .tree
                    .insert(Slice::new(&stored), Slice::new(value), version),
                None => self.tree.remove(Slice::new(&stored), version),
            };
        }
        let mark = Slice::new(&last.to_le_bytes());
        self.tree.insert(Slice::new(&MARK), mark, version);
        self.readers.publish(version + 1);
    }

    /// The value of a key as of the last batch that was applied. Only for the thread that applies.
    pub(super) fn newest(
        &self,
        key: &[u8],
        scratch: &mut Vec<u8>,
    ) -> Result<Option<Slice>, StoreError> {
        store_key(scratch, key);
        self.tree.get(&scratch[..], SeqNo::MAX).map_err(failed)
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let mut stored = Vec::with_capacity(key.len() + 1);
        store_key(&mut stored, key);
        let reading = self.readers.begin();
        let found = self.tree.get(&stored, reading.version).map_err(failed)?;
        Ok(found.map(|value| Bytes::copy_from_slice(&value)))
    }

    /// The first `limit` keys of a range with their values.
    pub(super) fn scan(
        &self,
        range: &KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let reading = self.readers.begin();
        let found = self.tree.range(stored_range(range), reading.version, None);
        match order {
            Order::Ascending => found.take(limit).map(owned).collect(),
            Order::Descending => found.rev().take(limit).map(owned).collect(),
        }
    }

    /// Bytes in memory that were applied since the last [`Index::seal`].
    pub(super) fn unsealed_bytes(&self) -> u64 {
        self.tree.active_memtable().size()
    }

    /// Closes what is in memory for writing; [`Index::flush`] then brings it to the disk. False if there is nothing.
    pub(super) fn seal(&self) -> bool {
        self.tree.rotate_memtable().is_some()
    }

    /// Makes everything that was sealed durable.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        let lock = self.tree.get_flush_lock();
        let flushed = self.tree.flush(&lock, self.readers.watermark());
        flushed.map(drop).map_err(failed)
    }

    /// Does one step of compaction; false if there was nothing to do.
    pub(super) fn compact(&self) -> Result<bool, StoreError> {
        let before = self.tree.current_version().id();
        let strategy = self.compaction.clone();
        let compacted = self.tree.compact(strategy, self.readers.watermark());
        compacted.map_err(failed)?;
        Ok(self.tree.current_version().id() != before)
    }

    /// Hands the rows of a range to `visit`, in order, one at a time, until it answers false.
    pub(super) fn for_each(
        &self,
        range: &KeyRange,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        let reading = self.readers.begin();
        for row in self.tree.range(stored_range(range), reading.version, None) {
            let (key, value) = row.into_inner().map_err(failed)?;
            if !visit(&key[1..], &value) {
                break;
            }
        }
        Ok(())
    }

    /// The tables on the disk.
    pub(super) fn tables(&self) -> Vec<Table> {
        self.tree.current_version().iter_tables().cloned().collect()
    }

    /// Merges all tables into one sorted run, without what was overwritten or removed.
    pub(super) fn merge_all(&self) -> Result<(), StoreError> {
        let watermark = self.readers.watermark();
        let merged = self.tree.major_compact(TABLE_BYTES, watermark);
        merged.map_err(failed)
    }

    /// Sorted runs a read may have to look at besides the levels: grows while compaction lags behind.
    pub(super) fn backlog(&self) -> usize {
        self.tree.l0_run_count()
    }
}

/// The user's key of a stored one; none for the mark, which is before all of them.
pub(super) fn user_key(stored: &[u8]) -> Option<Bytes> {
    stored.strip_prefix(&[DATA]).map(Bytes::copy_from_slice)
}

/// How the tree keeps its tables. Their block indexes and filters are cut into pieces of a block's size, which are read
/// into the cache when they are needed. Whole, they would grow with the tables, and what is pinned of them with the
/// number of tables: memory in proportion to everything that was ever stored.
fn configuration(path: &Path, versions: SequenceNumberCounter, cache: u64) -> Config {
    Config::new(path, versions, SequenceNumberCounter::default())
        .use_cache(Arc::new(Cache::with_capacity_bytes(cache)))
        .index_block_partitioning_policy(PartitioningPolicy::all(true))
        .filter_block_partitioning_policy(PartitioningPolicy::all(true))
}

fn store_key(stored: &mut Vec<u8>, key: &[u8]) {
    stored.clear();
    stored.push(DATA);
    stored.extend_from_slice(key);
}

fn stored_range(range: &KeyRange) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let stored = |key: &[u8]| {
        let mut stored = Vec::with_capacity(key.len() + 1);
        store_key(&mut stored, key);
        stored
    };
    let end = match range.end() {
        Some(end) => stored(end),
        None => vec![DATA + 1],
    };
    (Bound::Included(stored(range.start())), Bound::Excluded(end))
}

fn owned(item: impl Guard) -> Result<(Bytes, Bytes), StoreError> {
    let (key, value) = item.into_inner().map_err(failed)?;
    Ok((
        Bytes::copy_from_slice(&key[1..]),
        Bytes::copy_from_slice(&value),
    ))
}

fn failed(error: lsm_tree::Error) -> StoreError {
    StoreError::Index {
        what: error.to_string().into(),
    }
}

fn classify(error: lsm_tree::Error) -> OpenFailure {
    use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    match &error {
        lsm_tree::Error::Io(io) if !matches!(io.kind(), InvalidData | NotFound | UnexpectedEof) => {
            OpenFailure::Refused(error.to_string())
        }
        _ => OpenFailure::Damaged(error.to_string()),
    }
}
