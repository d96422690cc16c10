//! The log: every record of every segment is read and its checksums compared, also after damage and before what an
//! opening would need.

use super::{Damage, LogFacts, Lost};
use crate::StoreError;
use crate::disk::Disk;
use crate::embedded::record::{self, ALIGNMENT, HEADER, Header, VERSION};
use crate::embedded::replay::contiguous_from;
use crate::embedded::segment::{self, FIRST_RECORD, Segment};
use crate::embedded::window::Window;
use std::path::PathBuf;

/// Checks all segments; the index holds what was done up to transaction `applied`.
pub(super) fn check(
    disk: &dyn Disk,
    names: &[String],
    applied: u64,
    damages: &mut Vec<Damage>,
) -> Result<LogFacts, StoreError> {
    let parsed = names.iter().filter_map(|name| segment::parse_name(name));
    let mut ids: Vec<u64> = parsed.collect();
    ids.sort_unstable();
    let kept = ids.split_off(contiguous_from(&ids));
    let mut walk = Walk {
        disk,
        applied,
        damages,
        facts: LogFacts::default(),
        // Before the first segment there was nothing.
        expected: (kept.first() == Some(&0)).then_some(1),
        end: None,
    };
    for id in kept {
        walk.facts.segments += 1;
        match segment::open(disk, id) {
            Ok(segment) => walk.segment(&segment)?,
            Err(StoreError::Corrupt { file, offset, what }) => {
                walk.end = Some(End {
                    file,
                    offset,
                    what,
                    is_file: true,
                });
            }
            Err(error) => return Err(error),
        }
    }
    walk.unreadable_last_segment();
    Ok(walk.facts)
}

/// Where the records that were read so far end, and what is there instead of the next.
struct End {
    /// Whether the whole file cannot be read.
    is_file: bool,
    file: PathBuf,
    offset: u64,
    what: String,
}

struct Walk<'a> {
    disk: &'a dyn Disk,
    applied: u64,
    damages: &'a mut Vec<Damage>,
    facts: LogFacts,
    /// The sequence of the next record, once there was one.
    expected: Option<u64>,
    end: Option<End>,
}

impl Walk<'_> {
    fn segment(&mut self, segment: &Segment) -> Result<(), StoreError> {
        self.facts.bytes += segment.bytes;
        let file = self.disk.path(&segment::name(segment.id));
        let mut window = Window::new(self.disk, segment);
        let mut offset = FIRST_RECORD;
        loop {
            match self.record(&mut window, offset, &file)? {
                Ok(stride) => offset += stride,
                Err(what) => {
                    // A header behind a bad record proves that the record was once whole.
                    let follower = window.find_header(offset + ALIGNMENT)?;
                    let end = End {
                        is_file: false,
                        file: file.clone(),
                        offset,
                        what,
                    };
                    if follower.is_some() && offset == FIRST_RECORD {
                        // It is this segment that has the damage, not the end of the one before.
                        self.end = Some(end);
                    } else {
                        self.end.get_or_insert(end);
                    }
                    match follower {
                        Some((next, _)) => offset = next,
                        None => return Ok(()),
                    }
                }
            }
        }
    }

    /// Reads a record; answers its length, or what is wrong with it.
    fn record(
        &mut self,
        window: &mut Window<'_>,
        offset: u64,
        file: &std::path::Path,
    ) -> Result<Result<u64, String>, StoreError> {
        let Some(header) = window.header(offset)? else {
            return Ok(Err("there is no valid record here".to_owned()));
        };
        if header.version > VERSION {
            return Err(StoreError::NewerFormat {
                file: file.to_owned(),
                found: u32::from(header.version),
                supported: u32::from(VERSION),
            });
        }
        let body = window.view(offset + HEADER as u64, header.length as usize)?;
        let Some(body) = body.filter(|body| header.matches(body)) else {
            return Ok(Err(
                "the checksum of the record's body does not match".to_owned()
            ));
        };
        if let Err(what) = record::decode_body(&header, body) {
            return Ok(Err(what));
        }
        self.take(&header);
        Ok(Ok(header.stride()))
    }

    /// Counts a record, and reports what is missing before it.
    fn take(&mut self, header: &Header) {
        let end = self.end.take();
        // Bad records before the first good one are not known by their number.
        let unknown = if end.is_some() { 0 } else { header.sequence };
        let expected = self.expected.unwrap_or(unknown);
        if header.sequence != expected
            && let Some(end) = end
        {
            let last = header.sequence.saturating_sub(1);
            self.report(
                end,
                expected,
                Some(last),
                format!("transaction {} follows", header.sequence),
            );
        }
        self.facts.first.get_or_insert(header.sequence);
        self.facts.last = header.last();
        self.facts.records += 1;
        self.facts.record_bytes += header.stride();
        self.expected = Some(header.last() + 1);
    }

    /// The header of the last segment tells nothing about its records.
    fn unreadable_last_segment(&mut self) {
        let expected = self.expected.unwrap_or(1);
        if let Some(end) = self.end.take_if(|end| end.is_file) {
            self.report(
                end,
                expected,
                None,
                "nothing after it can be read".to_owned(),
            );
        } else if let Some(end) = self.end.take().filter(|_| expected <= self.applied) {
            let applied = self.applied;
            let follows = format!("the index holds transactions up to {applied}");
            self.report(end, expected, Some(applied), follows);
        }
    }

    fn report(&mut self, end: End, first: u64, last: Option<u64>, proof: String) {
        let lost = match last.is_some_and(|last| last <= self.applied) {
            true => Lost::Nothing("the index holds these transactions"),
            false => Lost::Transactions(first.max(self.applied + 1), last),
        };
        self.damages.push(Damage {
            file: end.file,
            offset: end.offset,
            what: format!("{}, but {proof}", end.what),
            lost,
        });
    }
}
