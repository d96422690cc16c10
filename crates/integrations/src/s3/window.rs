//! A window that moves over an object: bytes come in by ranges at its end and are let go of at its beginning.

use super::client::{ObjectName, S3Client};
use super::reader::ReadError;

/// Bytes that are fetched in one go.
const FETCH: u64 = 1024 * 1024;
/// The longest record that is looked at: no item of this size can be an input.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Window {
    client: S3Client,
    region: String,
    object: ObjectName,
    etag: Option<String>,
    /// Where the first byte of the buffer is in the object.
    start: u64,
    buffer: Vec<u8>,
    /// How many bytes at the beginning of the buffer are done with.
    used: usize,
    is_at_end: bool,
}

impl Window {
    /// From a place on; `etag` says which object it must still be.
    pub(super) fn new(
        client: S3Client,
        region: String,
        object: ObjectName,
        start: u64,
        etag: Option<String>,
    ) -> Window {
        Window {
            client,
            region,
            object,
            etag,
            start,
            buffer: Vec::new(),
            used: 0,
            is_at_end: false,
        }
    }

    /// What is there and not done with.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.used..]
    }

    /// Where it begins in the object.
    pub(super) fn place(&self) -> u64 {
        self.start + self.used as u64
    }

    /// The object's entity tag, once something was read.
    pub(super) fn etag(&self) -> &str {
        self.etag.as_deref().unwrap_or_default()
    }

    /// Whether no bytes follow those that are there.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Done with so many bytes.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.used += bytes;
    }

    /// Begins again somewhere else in the same object.
    pub(super) fn seek(&mut self, place: u64) {
        self.start = place;
        self.buffer.clear();
        self.used = 0;
        self.is_at_end = false;
    }

    /// More bytes, unless the object ends. May be given up while it waits.
    pub(super) async fn fill(&mut self) -> Result<(), ReadError> {
        if self.buffer.len() - self.used > MOST_BYTES {
            let message = "An item of the file is larger than can be read";
            return Err(ReadError(message.to_owned()));
        }
        let from = self.start + self.buffer.len() as u64;
        let etag = self.etag.as_deref();
        let part = self
            .client
            .get_part(&self.region, &self.object, from, FETCH, etag)
            .await?;
        self.buffer.drain(..self.used);
        self.start += self.used as u64;
        self.used = 0;
        self.is_at_end = part.bytes.is_empty() || from + part.bytes.len() as u64 >= part.length;
        self.buffer.extend_from_slice(&part.bytes);
        self.etag.get_or_insert(part.etag);
        Ok(())
    }
}
