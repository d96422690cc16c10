//! Looking into a segment: a part of it in memory, which moves along with what is looked at.
//!
//! Owns: finding valid headers of records, and how much is read at a time. Must never know: what a missing one means.

use super::record::{ALIGNMENT, HEADER, Header};
use super::segment::{self, Segment};
use crate::StoreError;
use crate::disk::Disk;

/// Bytes that are read at a time.
const WINDOW: usize = 256 * 1024;

/// A part of a segment in memory, which moves along with what is looked at.
pub(super) struct Window<'a> {
    disk: &'a dyn Disk,
    segment: &'a Segment,
    bytes: Vec<u8>,
    start: u64,
}

impl<'a> Window<'a> {
    /// Nothing is read yet.
    pub(super) fn new(disk: &'a dyn Disk, segment: &'a Segment) -> Self {
        Self {
            disk,
            segment,
            bytes: Vec::new(),
            start: 0,
        }
    }

    /// These bytes, or `None` if the segment ends before them.
    pub(super) fn view(&mut self, offset: u64, length: usize) -> Result<Option<&[u8]>, StoreError> {
        let end = offset.saturating_add(length as u64);
        if end > self.segment.bytes {
            return Ok(None);
        }
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            self.load(offset, length)?;
        }
        let at = (offset - self.start) as usize;
        Ok(self.bytes.get(at..at + length))
    }

    fn load(&mut self, offset: u64, length: usize) -> Result<(), StoreError> {
        let left = self.segment.bytes - offset;
        self.bytes.resize(length.max(WINDOW.min(left as usize)), 0);
        self.start = offset;
        let read = self.segment.file.read_at(&mut self.bytes, offset);
        let path = || self.disk.path(&segment::name(self.segment.id));
        let read = read.map_err(|e| StoreError::io("reading", &path(), e))?;
        self.bytes.truncate(read);
        Ok(())
    }

    /// The record header at `offset`, if there is a valid one.
    pub(super) fn header(&mut self, offset: u64) -> Result<Option<Header>, StoreError> {
        let salt = self.segment.salt;
        let bytes = self.view(offset, HEADER)?;
        Ok(bytes
            .and_then(|bytes| bytes.first_chunk())
            .and_then(|bytes| Header::decode(bytes, salt)))
    }

    /// The first valid header at or after `from`.
    pub(super) fn find_header(&mut self, from: u64) -> Result<Option<(u64, Header)>, StoreError> {
        let mut offset = from;
        while offset + HEADER as u64 <= self.segment.bytes {
            if let Some(header) = self.header(offset)? {
                return Ok(Some((offset, header)));
            }
            offset += ALIGNMENT;
        }
        Ok(None)
    }
}
