//! How the rows of a group are keyed: `group's id, kind, ...` in the table of logs.
//!
//! `c` chunks by their number, `i` the numbers of a stream's chunks, `s` streams by their names, `u` what the group
//! takes. Numbers go up within a group, so the oldest chunk of all streams comes first.

use bytes::Bytes;
use runtime::codec::{DecodeError, Reader, Writer};
use runtime::keys::{KeyBuilder, Table};

use super::{Group, Stream, chunk};

const VERSION: u8 = 1;

impl Group {
    fn rows(&self) -> KeyBuilder {
        self.place.namespace().table(Table::Log).u128(self.id)
    }

    pub(super) fn all_rows(&self) -> Bytes {
        self.rows().build()
    }

    pub(super) fn chunks(&self) -> Bytes {
        self.rows().open_text("c").build()
    }

    pub(super) fn chunk(&self, number: u64) -> Bytes {
        self.rows().open_text("c").u64(number).build()
    }

    pub(super) fn stream_chunks(&self, stream: &str) -> Bytes {
        self.rows().open_text("i").text(stream).build()
    }

    pub(super) fn stream_chunk(&self, stream: &str, number: u64) -> Bytes {
        self.rows().open_text("i").text(stream).u64(number).build()
    }

    pub(super) fn streams(&self, prefix: &str) -> Bytes {
        self.rows().open_text("s").open_text(prefix).build()
    }

    pub(super) fn stream(&self, name: &str) -> Bytes {
        self.rows().open_text("s").text(name).build()
    }

    pub(super) fn usage(&self) -> Bytes {
        self.rows().open_text("u").build()
    }
}

/// The number at the end of a key.
pub(super) fn number_of(key: &[u8]) -> Result<u64, DecodeError> {
    let number = key.last_chunk().ok_or(DecodeError::Short)?;
    Ok(u64::from_be_bytes(*number))
}

/// What a group takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Of all its chunks.
    pub(super) bytes: u64,
    /// The next chunk's number.
    pub(super) next: u64,
    /// Streams that are there.
    pub(super) streams: u64,
}

impl Usage {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut out = Writer::versioned(VERSION);
        out.uint(self.bytes);
        out.uint(self.next);
        out.uint(self.streams);
        out.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Usage, DecodeError> {
        let mut reader = Reader::versioned(bytes, VERSION)?;
        Ok(Usage {
            bytes: reader.uint()?,
            next: reader.uint()?,
            streams: reader.uint()?,
        })
    }
}

/// Whether a row of the table of logs can be read; `rest` is what follows the table in its key.
pub fn check_row(rest: &[u8], value: &[u8]) -> Result<(), String> {
    let read = match rest.get(16) {
        Some(b'c') => chunk::decode(value).map(drop),
        Some(b's') => Stream::decode(value).map(drop),
        Some(b'u') => Usage::decode(value).map(drop),
        Some(b'i') => Ok(()),
        _ => return Err("its key is wrong".to_owned()),
    };
    read.map_err(|error| format!("it cannot be read: {error}"))
}
