//! Reading the log when the store is opened: what is in it, where it ends, and whether it is whole.
//!
//! Owns: telling a torn tail, which is cut, from damage in the middle, which is reported. A record is written only
//! after the one before it was synced; so a bad record with a good header anywhere after it was once whole, and is
//! damage, while a bad record with nothing after it was never acknowledged.
//! Must never know: what the transactions mean.

use super::log::{Filled, Tail};
use super::record::{self, ALIGNMENT, HEADER, Header, RecordedWrite, VERSION};
use super::segment::{self, FIRST_RECORD, Segment};
use super::window::Window;
use crate::StoreError;
use crate::disk::Disk;
use std::collections::VecDeque;

/// What is done with the writes of a batch, whose last transaction is given.
pub(super) type Visit<'a> = dyn FnMut(&[RecordedWrite<'_>], u64) -> Result<(), StoreError> + 'a;

/// The segments of a log, before any record was read but the first of each.
pub(super) struct Survey {
    segments: Vec<Found>,
}

struct Found {
    segment: Segment,
    /// Sequence of the first record, if there is a valid one.
    first: Option<u64>,
}

/// Where a log ends.
pub(super) struct End {
    /// Position of the segment among those surveyed.
    index: usize,
    /// Where the next record goes in it.
    offset: u64,
    /// Sequence of the last transaction.
    pub sequence: u64,
    filled: VecDeque<Filled>,
    /// Offset and bytes of the last record, if it is in that segment.
    last: Option<(u64, u64)>,
}

/// Looks at what is in the directory.
pub(super) fn survey(disk: &dyn Disk, names: &[String]) -> Result<Survey, StoreError> {
    let mut ids: Vec<u64> = names
        .iter()
        .filter_map(|n| segment::parse_name(n))
        .collect();
    ids.sort_unstable();
    let kept = ids.split_off(contiguous_from(&ids));
    let mut segments = Vec::with_capacity(kept.len());
    for id in kept {
        let segment = segment::open(disk, id)?;
        let mut window = Window::new(disk, &segment);
        let first = window.header(FIRST_RECORD)?.map(|header| header.sequence);
        segments.push(Found { segment, first });
    }
    Ok(Survey { segments })
}

/// Where the ids that follow one another up to the last begin. Lower ones were given up and outlived a power loss.
pub(super) fn contiguous_from(ids: &[u64]) -> usize {
    let gap = ids.windows(2).rposition(|pair| pair[1] != pair[0] + 1);
    gap.map_or(0, |index| index + 1)
}

impl Survey {
    /// Whether there is no segment at all.
    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Whether there is no segment but a first one without records, as an interrupted creation leaves it.
    pub(super) fn is_blank(&self) -> bool {
        let blank = |found: &Found| found.segment.id == 0 && found.first.is_none();
        self.segments.iter().all(blank)
    }

    /// Whether every transaction ever committed is in the log.
    pub(super) fn is_complete(&self) -> bool {
        self.segments.first().is_some_and(|f| f.segment.id == 0)
    }

    /// Hands every transaction after `applied` to `visit`, batch by batch, and finds where the log goes on. The last
    /// record is made durable again, since who wrote it may have died before it was. `visit` gets the writes and the
    /// last sequence of the batch; the answer is the tail, and the last sequence in the log.
    pub(super) fn replay(
        self,
        disk: &dyn Disk,
        applied: u64,
        visit: &mut Visit<'_>,
    ) -> Result<(Tail, u64), StoreError> {
        let end = self.follow(disk, applied, visit)?;
        let sequence = end.sequence;
        Ok((self.tail(disk, end)?, sequence))
    }

    /// The part of [`Survey::replay`] that changes nothing: reads to the end and says where it is.
    pub(super) fn follow(
        &self,
        disk: &dyn Disk,
        applied: u64,
        visit: &mut Visit<'_>,
    ) -> Result<End, StoreError> {
        let start = self.start(disk, applied)?;
        let mut reader = Reader {
            disk,
            applied,
            expected: self.segments[start].first.unwrap_or(1),
            last: None,
            filled: self.skipped(start),
        };
        let mut index = start;
        let mut end = reader.read(&self.segments[index].segment, visit)?;
        while self.continues_after(index, reader.expected) {
            reader.fill(&self.segments[index].segment);
            index += 1;
            end = reader.read(&self.segments[index].segment, visit)?;
        }
        self.check_nothing_follows(disk, index, end, reader.expected)?;
        reader.check_not_behind(&self.segments[index].segment, end)?;
        Ok(End {
            index,
            offset: end,
            sequence: reader.expected - 1,
            filled: reader.filled,
            last: reader.last,
        })
    }

    /// The segment that holds the first transaction after `applied`, or the ones right before it.
    fn start(&self, disk: &dyn Disk, applied: u64) -> Result<usize, StoreError> {
        let holds = |found: &Found| found.first.is_some_and(|first| first <= applied + 1);
        if let Some(index) = self.segments.iter().rposition(holds) {
            return Ok(index);
        }
        let begins = self.segments.iter().find_map(|found| found.first);
        let reason = match begins {
            None if self.is_complete() => return Ok(0),
            // A segment is given up only when a later one has records.
            None => "the log has no records left".to_owned(),
            Some(first) => format!("the log begins at {first}"),
        };
        let oldest = self.segments.first().map_or(0, |f| f.segment.id);
        Err(StoreError::Corrupt {
            file: disk.path(&segment::name(oldest)),
            offset: 0,
            what: format!("the index holds transactions up to {applied}, but {reason}"),
        })
    }

    /// The segments before `start`, which need not be read.
    fn skipped(&self, start: usize) -> VecDeque<Filled> {
        let mut filled = VecDeque::new();
        for pair in self.segments[..=start].windows(2) {
            filled.push_back(Filled {
                id: pair[0].segment.id,
                bytes: pair[0].segment.bytes,
                last: pair[1].first.unwrap_or(0).saturating_sub(1),
            });
        }
        filled
    }

    fn continues_after(&self, index: usize, expected: u64) -> bool {
        let next = self.segments.get(index + 1);
        next.is_some_and(|found| found.first == Some(expected))
    }

    /// A valid header after the end of the chain proves that something between them was lost. At the end itself a
    /// header with the expected sequence is a torn record.
    fn check_nothing_follows(
        &self,
        disk: &dyn Disk,
        index: usize,
        end: u64,
        expected: u64,
    ) -> Result<(), StoreError> {
        for (i, found) in self.segments.iter().enumerate().skip(index) {
            let mut window = Window::new(disk, &found.segment);
            let from = match window.header(end)? {
                _ if i > index => FIRST_RECORD,
                Some(torn) if torn.sequence == expected => end + ALIGNMENT,
                _ => end,
            };
            if let Some((offset, header)) = window.find_header(from)? {
                let damage = match found.first {
                    None if i > index => (i, FIRST_RECORD),
                    _ => (index, end),
                };
                return Err(self.lost(disk, damage, (i, offset), header.sequence));
            }
        }
        Ok(())
    }

    /// The report of records that are missing at `damage`, since one was found at `follower`.
    fn lost(
        &self,
        disk: &dyn Disk,
        damage: (usize, u64),
        follower: (usize, u64),
        sequence: u64,
    ) -> StoreError {
        let path = |index: usize| disk.path(&segment::name(self.segments[index].segment.id));
        let what = format!(
            "there is no valid record here, but transaction {sequence} follows in {} at byte {}",
            path(follower.0).display(),
            follower.1,
        );
        StoreError::Corrupt {
            file: path(damage.0),
            offset: damage.1,
            what,
        }
    }

    fn tail(mut self, disk: &dyn Disk, end: End) -> Result<Tail, StoreError> {
        let mut unused = self.segments.split_off(end.index + 1).into_iter();
        let active = self.segments.swap_remove(end.index).segment;
        let path = disk.path(&segment::name(active.id));
        if let Some((at, bytes)) = end.last {
            rewrite_last(&active, at, bytes).map_err(|e| StoreError::io("rewriting", &path, e))?;
        }
        let next = unused.next().map(|found| found.segment);
        for found in unused {
            let name = segment::name(found.segment.id);
            disk.remove(&name)
                .map_err(|e| StoreError::io("removing", &disk.path(&name), e))?;
        }
        Ok(Tail {
            active,
            offset: end.offset,
            next,
            filled: end.filled,
        })
    }
}

/// Writes the last record over itself and syncs it. A mere sync would not do: after a sync that failed, the operating
/// system takes the lost pages for clean.
fn rewrite_last(active: &Segment, at: u64, bytes: u64) -> std::io::Result<()> {
    let mut record = vec![0; bytes as usize];
    let read = active.file.read_at(&mut record, at)?;
    active.file.write_at(&record[..read], at)?;
    active.file.sync_data()
}

/// Follows the chain of records.
struct Reader<'a> {
    disk: &'a dyn Disk,
    applied: u64,
    /// Sequence of the next record.
    expected: u64,
    /// Offset and bytes of the last record read in the current segment.
    last: Option<(u64, u64)>,
    filled: VecDeque<Filled>,
}

impl Reader<'_> {
    /// Reads the records of a segment up to the first that is not valid; answers where that is.
    fn read(&mut self, segment: &Segment, visit: &mut Visit<'_>) -> Result<u64, StoreError> {
        let mut window = Window::new(self.disk, segment);
        let mut offset = FIRST_RECORD;
        self.last = None;
        while let Some(header) = window.header(offset)? {
            if header.sequence != self.expected {
                break;
            }
            self.check_version(segment, &header)?;
            let length = header.length as usize;
            let Some(body) = window.view(offset + HEADER as u64, length)? else {
                break;
            };
            if !header.matches(body) {
                break;
            }
            let path = || self.disk.path(&segment::name(segment.id));
            if header.last() > self.applied {
                let writes =
                    record::decode_body(&header, body).map_err(|what| StoreError::Corrupt {
                        file: path(),
                        offset,
                        what,
                    })?;
                visit(&writes, header.last())?;
            }
            self.expected = header.last() + 1;
            self.last = Some((offset, HEADER as u64 + u64::from(header.length)));
            offset += header.stride();
        }
        Ok(offset)
    }

    fn check_version(&self, segment: &Segment, header: &Header) -> Result<(), StoreError> {
        if header.version > VERSION {
            return Err(StoreError::NewerFormat {
                file: self.disk.path(&segment::name(segment.id)),
                found: u32::from(header.version),
                supported: u32::from(VERSION),
            });
        }
        Ok(())
    }

    fn fill(&mut self, segment: &Segment) {
        self.filled.push_back(Filled {
            id: segment.id,
            bytes: segment.bytes,
            last: self.expected - 1,
        });
    }

    /// The index only ever holds what was synced in the log before.
    fn check_not_behind(&self, segment: &Segment, end: u64) -> Result<(), StoreError> {
        if self.expected > self.applied {
            return Ok(());
        }
        Err(StoreError::Corrupt {
            file: self.disk.path(&segment::name(segment.id)),
            offset: end,
            what: format!(
                "the log ends at transaction {}, but the index holds transactions up to {}",
                self.expected - 1,
                self.applied
            ),
        })
    }
}
