//! What lists know of an execution: enough to show it, so that a page of a list reads no records.

use std::sync::Arc;

use engine::Timestamp;

use super::extras::{ExtrasWriter, read_extras};
use super::{DecodeError, Reader, Writer};
use crate::record::{ExecutionRecord, Status};

/// Greater than any status' number: rows of before began with one.
const VERSION: u8 = 16;

/// The extras' numbers on disk. Never reused, never renumbered.
mod tag {
    /// How often it was redriven, and when last.
    pub(super) const REDRIVES: u8 = 1;
    /// It is the child of a map run for a batch of this many items.
    pub(super) const BATCH: u8 = 4;
}

/// An execution as a list shows it. When it was started is in its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: Arc<str>,
    /// Where it stands.
    pub status: Status,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// The version that it was started through.
    pub version: Option<Arc<str>>,
    /// The alias that it was started through.
    pub alias: Option<Arc<str>>,
    /// `redriveCount`
    pub redrive_count: u32,
    /// `redriveDate`
    pub redriven: Option<Timestamp>,
    /// The items of its batch, if it is the child of a map run for one.
    pub batch: Option<u32>,
}

impl Listed {
    /// Of a record.
    pub fn of(record: &ExecutionRecord) -> Listed {
        Listed {
            name: record.facts.name.clone(),
            status: record.status,
            stopped: record.stopped,
            version: record.revision.version.clone(),
            alias: record.revision.alias.clone(),
            redrive_count: record.redrives.count,
            redriven: record.redrives.date,
            batch: record.child.as_ref().and_then(|child| child.batch),
        }
    }

    /// Bytes of the row.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::versioned(VERSION);
        out.byte(self.status.number());
        out.text(&self.name);
        out.option(self.stopped, |out, at| out.int(at.0));
        out.option(self.version.as_deref(), Writer::text);
        out.option(self.alias.as_deref(), Writer::text);
        let mut extras = ExtrasWriter::default();
        if self.redrive_count > 0 {
            extras.add(tag::REDRIVES, |out| {
                out.uint(u64::from(self.redrive_count));
                out.option(self.redriven, |out, at| out.int(at.0));
            });
        }
        if let Some(items) = self.batch {
            extras.add(tag::BATCH, |out| out.uint(u64::from(items)));
        }
        extras.write(&mut out);
        out.finish()
    }

    /// The row of bytes.
    pub fn decode(bytes: &[u8]) -> Result<Listed, DecodeError> {
        let mut reader = Reader::versioned(bytes, VERSION)?;
        let status = Status::from_number(reader.byte()?)
            .ok_or(DecodeError::Malformed("a status is unknown"))?;
        let mut listed = Listed {
            status,
            name: reader.shared()?,
            stopped: reader.option(Reader::int)?.map(Timestamp),
            version: reader.option(Reader::shared)?,
            alias: reader.option(Reader::shared)?,
            redrive_count: 0,
            redriven: None,
            batch: None,
        };
        read_extras(&mut reader, |tag, bytes| {
            match tag {
                tag::REDRIVES => {
                    listed.redrive_count = bytes.uint32()?;
                    listed.redriven = bytes.option(Reader::int)?.map(Timestamp);
                }
                tag::BATCH => listed.batch = Some(bytes.uint32()?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(listed)
    }
}
