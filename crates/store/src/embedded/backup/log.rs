//! Copying the log while it is written.
//!
//! Only valid records that follow one another are copied, so that what is being written, or being written over, is never
//! taken for the log. That a segment was not used again while it was read is known from its salt afterwards: a new one is
//! written before any new record.

use crate::StoreError;
use crate::disk::{Disk, DiskFile, RealDisk};
use crate::embedded::record::{ALIGNMENT, HEADER};
use crate::embedded::replay::contiguous_from;
use crate::embedded::segment::{self, FIRST_RECORD, Segment};
use crate::embedded::window::Window;
use std::collections::VecDeque;
use std::io::ErrorKind::NotFound;
use std::path::Path;

/// The copy of a log in the making.
pub(super) struct LogCopy<'a> {
    source: &'a RealDisk,
    target: RealDisk,
    to: &'a Path,
    /// The segments that were copied, in order; the last one may still grow.
    copied: VecDeque<Copied>,
    /// The sequence of the next record, once there was one.
    expected: Option<u64>,
}

struct Copied {
    id: u64,
    salt: u64,
    bytes: u64,
    /// Where the next record goes.
    offset: u64,
    file: Box<dyn DiskFile>,
}

/// What became of a segment while it was read.
enum Fate {
    /// It is as it was, but for records behind those that were read.
    Kept,
    /// It was given up.
    Gone,
}

/// What comes after a segment.
enum Next {
    /// Nothing yet.
    Ends,
    /// The next segment's records.
    GoesOn,
    /// The segment was given up, and what was in it may not all have been copied.
    Lost,
}

impl<'a> LogCopy<'a> {
    /// Nothing is copied yet.
    pub(super) fn new(source: &'a RealDisk, to: &'a Path) -> Self {
        Self {
            source,
            target: RealDisk::new(to),
            to,
            copied: VecDeque::new(),
            expected: None,
        }
    }

    /// Copies everything from the oldest segment to the last record.
    pub(super) fn first_pass(&mut self) -> Result<(), StoreError> {
        let list = self.source.list();
        let names = list.map_err(|e| StoreError::io("listing", &self.source.path(""), e))?;
        let parsed = names.iter().filter_map(|name| segment::parse_name(name));
        let mut ids: Vec<u64> = parsed.collect();
        ids.sort_unstable();
        for id in ids.split_off(contiguous_from(&ids)) {
            if !self.copied.is_empty() {
                match self.goes_on_in(id)? {
                    Next::Ends => return Ok(()),
                    Next::GoesOn => {}
                    Next::Lost => self.discard()?,
                }
            }
            if let Fate::Gone = self.copy(id)? {
                // So were all before it.
                self.discard()?;
            }
        }
        Ok(())
    }

    /// Copies what was written since; false if it cannot be found any more.
    pub(super) fn second_pass(&mut self) -> Result<bool, StoreError> {
        let Some(mut id) = self.copied.back().map(|last| last.id) else {
            return Ok(false);
        };
        loop {
            if let Fate::Gone = self.copy(id)? {
                return Ok(false);
            }
            id += 1;
            match self.goes_on_in(id)? {
                Next::Ends => return Ok(true),
                Next::GoesOn => {}
                Next::Lost => return Ok(false),
            }
        }
    }

    /// Makes the copy durable.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        for copied in &self.copied {
            let path = self.target.path(&segment::name(copied.id));
            let extended = std::fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_len(copied.bytes))
                .and_then(|()| copied.file.sync_data());
            extended.map_err(|e| StoreError::io("completing", &path, e))?;
        }
        let synced = self.target.sync_directory();
        synced.map_err(|e| StoreError::io("syncing", self.to, e))
    }

    /// Removes what was copied.
    pub(super) fn discard(&mut self) -> Result<(), StoreError> {
        self.expected = None;
        for copied in self.copied.drain(..) {
            let name = segment::name(copied.id);
            let removed = self.target.remove(&name);
            removed.map_err(|e| StoreError::io("removing", &self.target.path(&name), e))?;
        }
        Ok(())
    }

    /// Whether the log goes on in this segment; reads the last one to its end first, which is known only now.
    fn goes_on_in(&mut self, id: u64) -> Result<Next, StoreError> {
        let Some(next) = self.open(id)? else {
            return Ok(Next::Ends);
        };
        let Some(first) = Window::new(self.source, &next).header(FIRST_RECORD)? else {
            return Ok(Next::Ends);
        };
        let Some(last) = self.copied.back().map(|last| last.id) else {
            return Ok(Next::Lost);
        };
        if self.expected != Some(first.sequence)
            && let Fate::Gone = self.copy(last)?
        {
            return Ok(Next::Lost);
        }
        match self.expected == Some(first.sequence) {
            true => Ok(Next::GoesOn),
            false => Err(self.broken(first.sequence)),
        }
    }

    /// Copies the records of a segment from where its copy ends.
    fn copy(&mut self, id: u64) -> Result<Fate, StoreError> {
        let Some(segment) = self.open(id)? else {
            return Ok(Fate::Gone);
        };
        let known = self.copied.back().filter(|last| last.id == id);
        match known.map(|last| last.salt == segment.salt) {
            None => self.begin(&segment)?,
            Some(true) => {}
            Some(false) => return Ok(Fate::Gone),
        }
        let follower = self.append(&segment)?;
        let now = self.open(id)?;
        match (now.is_some_and(|now| now.salt == segment.salt), follower) {
            (false, _) => Ok(Fate::Gone),
            (true, None) => Ok(Fate::Kept),
            (true, Some(sequence)) => Err(self.broken(sequence)),
        }
    }

    fn begin(&mut self, segment: &Segment) -> Result<(), StoreError> {
        let name = segment::name(segment.id);
        let header = segment::encode_header(segment.id, segment.salt, segment.bytes);
        let created = self.target.create(&name);
        let file = created.and_then(|file| file.write_at(&header, 0).map(|()| file));
        self.copied.push_back(Copied {
            id: segment.id,
            salt: segment.salt,
            bytes: segment.bytes,
            offset: FIRST_RECORD,
            file: file.map_err(|e| StoreError::io("writing", &self.target.path(&name), e))?,
        });
        Ok(())
    }

    /// Copies records up to the first that is not valid; answers the sequence of one behind that, which must not be.
    fn append(&mut self, segment: &Segment) -> Result<Option<u64>, StoreError> {
        loop {
            let from = self.append_valid(segment)?;
            let mut window = Window::new(self.source, segment);
            let Some((_, follower)) = window.find_header(from + ALIGNMENT)? else {
                return Ok(None);
            };
            // Records are written one after the other: whoever sees this one sees those before it.
            if self.append_valid(segment)? == from {
                return Ok(Some(follower.sequence));
            }
        }
    }

    /// Answers where the copy ends.
    fn append_valid(&mut self, segment: &Segment) -> Result<u64, StoreError> {
        let Some(copied) = self.copied.back_mut() else {
            return Ok(FIRST_RECORD);
        };
        let mut window = Window::new(self.source, segment);
        while let Some(header) = window.header(copied.offset)? {
            let length = HEADER + header.length as usize;
            let follows = self
                .expected
                .is_none_or(|expected| expected == header.sequence);
            let record = window.view(copied.offset, length)?;
            let Some(record) = record.filter(|r| follows && header.matches(&r[HEADER..])) else {
                break;
            };
            let path = || self.target.path(&segment::name(segment.id));
            let written = copied.file.write_at(record, copied.offset);
            written.map_err(|e| StoreError::io("writing", &path(), e))?;
            copied.offset += header.stride();
            self.expected = Some(header.last() + 1);
        }
        Ok(copied.offset)
    }

    /// The report of a record that is missing behind what was copied.
    fn broken(&self, sequence: u64) -> StoreError {
        let last = self.copied.back();
        let (id, offset) = last.map_or((0, 0), |last| (last.id, last.offset));
        StoreError::Corrupt {
            file: self.source.path(&segment::name(id)),
            offset,
            what: format!("there is no valid record here, but transaction {sequence} follows"),
        }
    }

    /// Opens a segment; none if it is not there under its name, or is just being used again.
    fn open(&self, id: u64) -> Result<Option<Segment>, StoreError> {
        match segment::open(self.source, id) {
            Ok(segment) => Ok(Some(segment)),
            Err(StoreError::Io { source, .. }) if source.kind() == NotFound => Ok(None),
            // Either it was used again between its opening and its reading, and then its name is gone; or it is damaged.
            Err(error @ StoreError::Corrupt { .. }) => match self.source.open(&segment::name(id)) {
                Err(gone) if gone.kind() == NotFound => Ok(None),
                _ => segment::open(self.source, id).map(Some).map_err(|_| error),
            },
            Err(error) => Err(error),
        }
    }
}
