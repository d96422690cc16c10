//! A record: the transactions of one batch as bytes in the log. The layout is in `FORMAT.md`.
//!
//! Owns: encoding and decoding. Must never know: files, or where a record lies.

use crate::{MAX_KEY_BYTES, Transaction, Write};

/// Bytes before the body of a record.
pub(super) const HEADER: usize = 32;
/// Records begin at multiples of this many bytes.
pub(super) const ALIGNMENT: u64 = 8;
/// The version of the layout that is written, and the newest that is read.
pub(super) const VERSION: u8 = 1;

const DELETE: u8 = 0;
const PUT: u8 = 1;

/// The fixed part in front of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Sequence of the first transaction.
    pub sequence: u64,
    /// Bytes of the body.
    pub length: u32,
    /// Transactions in the body.
    pub count: u32,
    /// Version of the layout of the body.
    pub version: u8,
    body_crc: u32,
}

impl Header {
    /// Reads a header; `None` if these bytes were not written as one in a segment with this salt.
    pub(super) fn decode(bytes: &[u8; HEADER], salt: u64) -> Option<Self> {
        let header = Self {
            body_crc: u32_at(bytes, 4),
            sequence: u64::from(u32_at(bytes, 8)) | u64::from(u32_at(bytes, 12)) << 32,
            length: u32_at(bytes, 16),
            count: u32_at(bytes, 20),
            version: bytes[24],
        };
        // The cheap tests first: a search looks at very many places.
        let plausible = header.version != 0 && header.count != 0 && bytes[25..] == [0; 7];
        (plausible && u32_at(bytes, 0) == header_crc(bytes, salt)).then_some(header)
    }

    /// Whether this is the body that the header was written for.
    pub(super) fn matches(&self, body: &[u8]) -> bool {
        crc32fast::hash(body) == self.body_crc
    }

    /// Sequence of the last transaction.
    pub(super) fn last(&self) -> u64 {
        self.sequence + u64::from(self.count) - 1
    }

    /// Bytes from the start of this record to the start of the next one.
    pub(super) fn stride(&self) -> u64 {
        (HEADER as u64 + u64::from(self.length)).next_multiple_of(ALIGNMENT)
    }

    fn encode(&self, bytes: &mut [u8], salt: u64) {
        bytes[4..8].copy_from_slice(&self.body_crc.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.length.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.count.to_le_bytes());
        bytes[24] = self.version;
        bytes[25..HEADER].fill(0);
        let crc = header_crc(bytes, salt);
        bytes[0..4].copy_from_slice(&crc.to_le_bytes());
    }
}

/// The salt makes headers of other segments, and look-alikes inside values, invalid.
fn header_crc(bytes: &[u8], salt: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(&bytes[4..HEADER]);
    hasher.finalize()
}

fn u32_at(bytes: &[u8; HEADER], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// A record that is being put together; the buffer is used again for the next one.
#[derive(Default)]
pub(super) struct RecordBuffer {
    bytes: Vec<u8>,
    count: u32,
}

/// A buffer that grew beyond this is given back after its record was written.
const KEEP_BYTES: usize = 4 * 1024 * 1024;

impl RecordBuffer {
    /// Begins a record.
    pub(super) fn clear(&mut self) {
        if self.bytes.capacity() > KEEP_BYTES {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        self.bytes.resize(HEADER, 0);
        self.count = 0;
    }

    /// Adds the writes of a transaction.
    pub(super) fn push(&mut self, tx: &Transaction) {
        self.count += 1;
        let writes = tx.writes.len() as u32;
        self.bytes.extend_from_slice(&writes.to_le_bytes());
        for write in &tx.writes {
            self.push_write(write);
        }
    }

    fn push_write(&mut self, write: &Write) {
        let key = write.key();
        // Keys and values were measured when the transaction was submitted, so that the lengths fit.
        let key_length = (key.len() as u16).to_le_bytes();
        match write.value() {
            None => {
                self.bytes.push(DELETE);
                self.bytes.extend_from_slice(&key_length);
                self.bytes.extend_from_slice(key);
            }
            Some(value) => {
                self.bytes.push(PUT);
                self.bytes.extend_from_slice(&key_length);
                self.bytes
                    .extend_from_slice(&(value.len() as u32).to_le_bytes());
                self.bytes.extend_from_slice(key);
                self.bytes.extend_from_slice(value);
            }
        }
    }

    /// Transactions in the record.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Bytes the record takes in a segment.
    pub(super) fn stride(&self) -> u64 {
        (self.bytes.len() as u64).next_multiple_of(ALIGNMENT)
    }

    /// Completes the record for a segment with this salt; `sequence` is the one of its first transaction.
    pub(super) fn seal(&mut self, sequence: u64, salt: u64) -> &[u8] {
        let (header, body) = self.bytes.split_at_mut(HEADER);
        let fields = Header {
            sequence,
            length: body.len() as u32,
            count: self.count,
            version: VERSION,
            body_crc: crc32fast::hash(body),
        };
        fields.encode(header, salt);
        &self.bytes
    }
}

/// A write as it stands in a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RecordedWrite<'a> {
    pub key: &'a [u8],
    /// `None` if the key is removed.
    pub value: Option<&'a [u8]>,
}

/// All writes of a record's body, in order. The checksum held, so an error means a fault of the writer.
pub(super) fn decode_body<'a>(
    header: &Header,
    body: &'a [u8],
) -> Result<Vec<RecordedWrite<'a>>, String> {
    let mut rest = Input(body);
    let mut writes = Vec::new();
    for _ in 0..header.count {
        for _ in 0..rest.u32()? {
            writes.push(rest.write()?);
        }
    }
    if rest.0.is_empty() {
        Ok(writes)
    } else {
        Err(format!("{} bytes after the last transaction", rest.0.len()))
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn write(&mut self) -> Result<RecordedWrite<'a>, String> {
        let kind = self.take(1)?[0];
        let key_length = usize::from(self.u16()?);
        if key_length == 0 || key_length > MAX_KEY_BYTES {
            return Err(format!("a key of {key_length} bytes"));
        }
        match kind {
            DELETE => Ok(RecordedWrite {
                key: self.take(key_length)?,
                value: None,
            }),
            PUT => {
                let value_length = self.u32()? as usize;
                Ok(RecordedWrite {
                    key: self.take(key_length)?,
                    value: Some(self.take(value_length)?),
                })
            }
            other => Err(format!("unknown kind of write {other}")),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or("the body ends inside a transaction")?;
        self.0 = rest;
        Ok(taken)
    }

    fn u16(&mut self) -> Result<u16, String> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}
