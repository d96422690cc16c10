//! What an execution that is a child of a map run knows of it, and the row by which the map run knows the child.
//!
//! The row of a child is written with the cursor (it is to be started), in the child's first commit (it runs) and in its
//! last one (it has ended), so whatever is killed, no item is lost and none runs twice.

use std::sync::Arc;

use crate::codec::{DecodeError, Reader, Writer};
use crate::id::ExecutionId;
use crate::map_runs::RunId;
use crate::record::Status;

/// Of which map run an execution is a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildOf {
    /// The map run.
    pub run: RunId,
    /// Its ARN.
    pub arn: Arc<str>,
    /// The Map state, whose item processor the child runs.
    pub state: Arc<str>,
    /// Which child, from 0.
    pub index: u64,
    /// The items of its batch; none: its input is one item.
    pub batch: Option<u32>,
    /// How many map runs it is inside of, itself included.
    pub depth: u32,
}

impl ChildOf {
    /// What it is listed under: the last part of the map run's ARN.
    pub fn list_name(&self) -> &str {
        list_name(&self.arn)
    }

    /// How many items it works on.
    pub fn items(&self) -> u32 {
        self.batch.unwrap_or(1)
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.bytes(&self.run.0.to_be_bytes());
        out.text(&self.arn);
        out.text(&self.state);
        out.uint(self.index);
        out.option(self.batch, |out, items| out.uint(u64::from(items)));
        out.uint(u64::from(self.depth));
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<ChildOf, DecodeError> {
        let run = reader.bytes()?.try_into().map_err(|_| DecodeError::Short)?;
        Ok(ChildOf {
            run: RunId(u128::from_be_bytes(run)),
            arn: reader.shared()?,
            state: reader.shared()?,
            index: reader.uint()?,
            batch: reader.option(Reader::uint32)?,
            depth: reader.uint32()?,
        })
    }
}

/// `<machine>/<label>:<uuid>` of a map run's ARN.
pub fn list_name(arn: &str) -> &str {
    arn.split_once(":mapRun:").map_or(arn, |(_, name)| name)
}

/// The row of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildRow {
    /// It is to be started.
    Pending {
        /// The input, JSON.
        input: Arc<str>,
        /// The items of its batch.
        batch: Option<u32>,
    },
    /// It was started.
    Started {
        /// The execution.
        execution: ExecutionId,
        /// Where it stands.
        status: Status,
        /// How many items it works on.
        items: u32,
    },
}

const VERSION: u8 = 1;

/// The rows' numbers on disk. Never reused, never renumbered.
mod tag {
    pub(super) const PENDING: u8 = 1;
    pub(super) const STARTED: u8 = 2;
}

impl ChildRow {
    /// Bytes of the row.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::versioned(VERSION);
        match self {
            ChildRow::Pending { input, batch } => {
                out.byte(tag::PENDING);
                out.text(input);
                out.option(*batch, |out, items| out.uint(u64::from(items)));
            }
            ChildRow::Started {
                execution,
                status,
                items,
            } => {
                out.byte(tag::STARTED);
                out.bytes(&execution.0.to_be_bytes());
                out.byte(status.number());
                out.uint(u64::from(*items));
            }
        }
        out.finish()
    }

    /// The row of bytes.
    pub fn decode(bytes: &[u8]) -> Result<ChildRow, DecodeError> {
        let mut reader = Reader::versioned(bytes, VERSION)?;
        match reader.byte()? {
            tag::PENDING => Ok(ChildRow::Pending {
                input: reader.shared()?,
                batch: reader.option(Reader::uint32)?,
            }),
            tag::STARTED => {
                let id = reader.bytes()?.try_into().map_err(|_| DecodeError::Short)?;
                Ok(ChildRow::Started {
                    execution: ExecutionId(u128::from_be_bytes(id)),
                    status: Status::from_number(reader.byte()?)
                        .ok_or(DecodeError::Malformed("a status is unknown"))?,
                    items: reader.uint32()?,
                })
            }
            _ => Err(DecodeError::Malformed(
                "a child's row is of an unknown kind",
            )),
        }
    }
}
