//! The first row of an execution's remains: that they are there, or that a redrive has claimed them.

use super::frames::Header;
use super::{DecodeError, Reader, Writer};

const VERSION: u8 = 1;

/// The row's kinds on disk. Never reused.
mod tag {
    pub(super) const KEPT: u8 = 1;
    pub(super) const CLAIMED: u8 = 2;
}

/// See the module's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemainsRow {
    /// The frames are in the rows behind it; this is what the execution counted.
    Kept(Header),
    /// The execution runs again. The number tells one redrive from any other, so that what follows from a redrive that
    /// was refused cannot be taken for what follows from another.
    Claimed(u64),
}

impl RemainsRow {
    /// Bytes of the row.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::versioned(VERSION);
        match self {
            RemainsRow::Kept(header) => {
                out.byte(tag::KEPT);
                out.bytes(&header.encode());
            }
            RemainsRow::Claimed(number) => {
                out.byte(tag::CLAIMED);
                out.uint(*number);
            }
        }
        out.finish()
    }

    /// The row of bytes.
    pub fn decode(bytes: &[u8]) -> Result<RemainsRow, DecodeError> {
        let mut reader = Reader::versioned(bytes, VERSION)?;
        Ok(match reader.byte()? {
            tag::KEPT => RemainsRow::Kept(Header::decode(reader.bytes()?)?),
            tag::CLAIMED => RemainsRow::Claimed(reader.uint()?),
            _ => return Err(DecodeError::Malformed("the remains are of no known kind")),
        })
    }
}
