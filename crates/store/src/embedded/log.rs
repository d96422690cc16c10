//! The write-ahead log: the truth of the embedded store.
//!
//! Owns: which segment is written, rolling over to the next, preparing it ahead of need, and giving up segments whose
//! transactions are durable in the index. Must never know: what the transactions mean, or how the index works.
//!
//! Invariant: only the committer's thread holds the log; a record is written after the one before it was synced.

use super::preparer::{Order, Preparer};
use super::record::RecordBuffer;
use super::segment::{self, FIRST_RECORD, Segment};
use crate::StoreError;
use crate::disk::Disk;
use std::collections::VecDeque;
use std::sync::Arc;

/// Recyclable segments that are kept; more are deleted.
const MAX_SPARE: usize = 4;

/// How large segments are, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct SegmentSizes {
    /// The first segment's.
    pub first: u64,
    /// What the others grow to, each being twice its predecessor.
    pub full: u64,
}

impl SegmentSizes {
    fn after(self, bytes: u64) -> u64 {
        bytes.saturating_mul(2).min(self.full).max(self.first)
    }
}

/// A segment that takes no more records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled {
    pub id: u64,
    pub bytes: u64,
    /// Sequence of the last transaction in it, or before it.
    pub last: u64,
}

/// The log, open for appending.
pub(super) struct Log {
    disk: Arc<dyn Disk>,
    sizes: SegmentSizes,
    active: Segment,
    /// Where the next record goes.
    offset: u64,
    next: Next,
    /// Makes segments beside the commits, from the first that is needed on.
    preparer: Option<Preparer>,
    /// In order of their ids, which end right before the active one's.
    filled: VecDeque<Filled>,
    /// Up to this sequence the index is durable.
    durable: u64,
}

enum Next {
    Nothing,
    /// Ordered from the preparer.
    Preparing,
    Ready(Segment),
}

/// What a log is continued from.
pub(super) struct Tail {
    pub active: Segment,
    /// Where the next record goes.
    pub offset: u64,
    /// A segment after the active one that was prepared before.
    pub next: Option<Segment>,
    pub filled: VecDeque<Filled>,
}

impl Log {
    /// Begins a log with its first segment.
    pub(super) fn create(disk: Arc<dyn Disk>, sizes: SegmentSizes) -> Result<Self, StoreError> {
        let active = segment::prepare(disk.as_ref(), 0, sizes.first, None)?;
        let tail = Tail {
            active,
            offset: FIRST_RECORD,
            next: None,
            filled: VecDeque::new(),
        };
        Ok(Self::resume(disk, sizes, tail))
    }

    /// Continues a log.
    pub(super) fn resume(disk: Arc<dyn Disk>, sizes: SegmentSizes, tail: Tail) -> Self {
        Self {
            disk,
            sizes,
            active: tail.active,
            offset: tail.offset,
            next: tail.next.map_or(Next::Nothing, Next::Ready),
            preparer: None,
            filled: tail.filled,
            durable: 0,
        }
    }

    /// Writes a record and syncs it; answers the bytes written. After an error nothing may be appended any more: what
    /// is on the disk is unknown, and a sync that failed must not be tried again.
    pub(super) fn append(
        &mut self,
        record: &mut RecordBuffer,
        sequence: u64,
    ) -> Result<u64, StoreError> {
        if self.offset + record.stride() > self.active.bytes {
            self.roll_over(record.stride(), sequence - 1)?;
        }
        let stride = record.stride();
        let bytes = record.seal(sequence, self.active.salt);
        let written = bytes.len() as u64;
        let result = self.active.file.write_at(bytes, self.offset);
        result.map_err(|e| self.failure("writing", e))?;
        let result = self.active.file.sync_data();
        result.map_err(|e| self.failure("syncing", e))?;
        self.offset += stride;
        self.prepare_ahead();
        Ok(written)
    }

    /// Gives up segments whose transactions, up to `durable`, the index holds durably: some are kept to be written
    /// again, the others are deleted.
    pub(super) fn release(&mut self, durable: u64) -> Result<(), StoreError> {
        self.durable = self.durable.max(durable);
        let free = self.filled.iter().take_while(|filled| self.is_free(filled));
        for _ in MAX_SPARE..free.count() {
            if let Some(filled) = self.filled.pop_front() {
                let name = segment::name(filled.id);
                let removed = self.disk.remove(&name);
                removed.map_err(|e| StoreError::io("removing", &self.disk.path(&name), e))?;
            }
        }
        Ok(())
    }

    /// Gives up everything that the index holds durably, up to `durable`, and what was prepared; nothing is appended
    /// after that.
    pub(super) fn trim(&mut self, durable: u64) -> Result<(), StoreError> {
        let remove = |disk: &dyn Disk, id| {
            let name = segment::name(id);
            let removed = disk.remove(&name);
            removed.map_err(|e| StoreError::io("removing", &disk.path(&name), e))
        };
        self.durable = self.durable.max(durable);
        while let Some(front) = self.filled.front().filter(|filled| self.is_free(filled)) {
            remove(self.disk.as_ref(), front.id)?;
            self.filled.pop_front();
        }
        if let Next::Ready(next) = std::mem::replace(&mut self.next, Next::Nothing) {
            remove(self.disk.as_ref(), next.id)?;
        }
        let synced = self.disk.sync_directory();
        synced.map_err(|e| self.failure("syncing the directory of", e))
    }

    /// Bytes and number of the segments on the disk.
    pub(super) fn footprint(&self) -> (u64, u64) {
        let filled: u64 = self.filled.iter().map(|filled| filled.bytes).sum();
        let next = match &self.next {
            Next::Ready(segment) => Some(segment.bytes),
            Next::Nothing | Next::Preparing => None,
        };
        let count = self.filled.len() as u64 + 1 + u64::from(next.is_some());
        (filled + self.active.bytes + next.unwrap_or(0), count)
    }

    fn is_free(&self, filled: &Filled) -> bool {
        filled.last <= self.durable
    }

    /// Goes on in the next segment, which must have room for a record of `needed` bytes.
    fn roll_over(&mut self, needed: u64, last: u64) -> Result<(), StoreError> {
        let mut next = self.take_next()?;
        if next.bytes - FIRST_RECORD < needed {
            // The prepared one holds no records; the larger one takes its name.
            let bytes = (FIRST_RECORD + needed).next_multiple_of(FIRST_RECORD);
            next = segment::prepare(self.disk.as_ref(), next.id, bytes, None)?;
        }
        self.filled.push_back(Filled {
            id: self.active.id,
            bytes: self.active.bytes,
            last,
        });
        self.active = next;
        self.offset = FIRST_RECORD;
        Ok(())
    }

    /// The prepared segment, or one made now. A preparation that failed is tried once more: it is not part of the log.
    fn take_next(&mut self) -> Result<Segment, StoreError> {
        match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Ready(segment) => return Ok(segment),
            Next::Preparing => match self.preparer.as_ref().and_then(Preparer::take) {
                Some(Ok(segment)) => return Ok(segment),
                Some(Err(error)) => tracing::warn!(%error, "preparing a log segment failed"),
                None => {
                    tracing::error!("preparing a log segment panicked");
                    self.preparer = None;
                }
            },
            Next::Nothing => {}
        }
        self.plan_next().carry_out(self.disk.as_ref())
    }

    /// Has the next segment prepared beside the commits, once the active one is half full.
    fn prepare_ahead(&mut self) {
        let half = FIRST_RECORD + (self.active.bytes - FIRST_RECORD) / 2;
        if !matches!(self.next, Next::Nothing) || self.offset < half {
            return;
        }
        if !self.has_preparer() {
            return;
        }
        let order = self.plan_next();
        if let Some(preparer) = &self.preparer {
            preparer.order(order);
            self.next = Next::Preparing;
        }
    }

    /// Starts the preparer if there is none; without one, segments are made when they are needed.
    fn has_preparer(&mut self) -> bool {
        if self.preparer.is_none() {
            match Preparer::start(self.disk.clone()) {
                Ok(preparer) => self.preparer = Some(preparer),
                Err(error) => tracing::warn!(%error, "no thread to prepare log segments"),
            }
        }
        self.preparer.is_some()
    }

    fn plan_next(&mut self) -> Order {
        let bytes = self.sizes.after(self.active.bytes);
        let recycled = match self.filled.front() {
            Some(front) if self.is_free(front) => self.filled.pop_front(),
            _ => None,
        };
        Order {
            id: self.active.id + 1,
            bytes,
            recycled: recycled.map(|filled| filled.id),
        }
    }

    fn failure(&self, operation: &'static str, error: std::io::Error) -> StoreError {
        let path = self.disk.path(&segment::name(self.active.id));
        StoreError::io(operation, &path, error)
    }
}
