//! Log streams: made, listed, removed.

use runtime::codec::{DecodeError, Reader, Writer};
use store::{KeyRange, Order, Transaction};

use super::rows::number_of;
use super::{Group, Logs, LogsError, chunk};

const VERSION: u8 = 1;
/// Streams of a group.
const MOST: u64 = 100_000;

/// A stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_millis: i64,
    /// What is known of its events, if there were any.
    pub seen: Option<Seen>,
}

/// The times of a stream's events, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The first event's.
    pub first: i64,
    /// The last event's.
    pub last: i64,
    /// When the last one was taken in.
    pub ingested: i64,
}

impl Stream {
    pub(super) fn new(name: &str, created_millis: i64) -> Stream {
        Stream {
            name: name.to_owned(),
            created_millis,
            seen: None,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::versioned(VERSION);
        out.text(&self.name);
        out.int(self.created_millis);
        out.option(self.seen, |out, seen| {
            out.int(seen.first);
            out.int(seen.last);
            out.int(seen.ingested);
        });
        out.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Stream, DecodeError> {
        let mut reader = Reader::versioned(bytes, VERSION)?;
        Ok(Stream {
            name: reader.text()?.to_owned(),
            created_millis: reader.int()?,
            seen: reader.option(|reader| {
                Ok(Seen {
                    first: reader.int()?,
                    last: reader.int()?,
                    ingested: reader.int()?,
                })
            })?,
        })
    }

    /// With what a further chunk tells.
    pub(super) fn with(mut self, head: &chunk::Head) -> Stream {
        let seen = self.seen.unwrap_or(Seen {
            first: head.first,
            last: head.last,
            ingested: head.ingested,
        });
        self.seen = Some(Seen {
            first: seen.first.min(head.first),
            last: seen.last.max(head.last),
            ingested: seen.ingested.max(head.ingested),
        });
        self
    }
}

impl Logs {
    /// Makes a stream.
    pub async fn create_stream(&self, group: &Group, name: &str) -> Result<(), LogsError> {
        let _writer = self.writer.lock().await;
        // Whoever removes the group waits for its turn, too.
        let group = self.group(&group.place)?;
        if self.stream(&group, name)?.is_some() {
            return Err(LogsError::Exists);
        }
        let mut usage = self.usage(&group)?;
        if usage.streams >= MOST {
            return Err(LogsError::TooMany);
        }
        usage.streams += 1;
        let stream = Stream::new(name, self.now_millis());
        let transaction = Transaction::new()
            .put(group.stream(name), stream.encode())
            .put(group.usage(), usage.encode());
        self.commit(transaction).await
    }

    /// The stream.
    pub fn stream(&self, group: &Group, name: &str) -> Result<Option<Stream>, LogsError> {
        let row = self.store.get(&group.stream(name))?;
        Ok(row.map(|row| Stream::decode(&row)).transpose()?)
    }

    /// Streams whose names begin with a prefix, in the order of their names, after `after`; at most `limit`.
    pub fn streams(
        &self,
        group: &Group,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Stream>, LogsError> {
        let mut range = KeyRange::prefix(group.streams(prefix));
        if let Some(after) = after {
            range = range.after(group.stream(after));
        }
        let rows = self.store.scan(range, Order::Ascending, limit)?;
        rows.iter()
            .map(|(_, row)| Ok(Stream::decode(row)?))
            .collect()
    }

    /// Removes a stream with all that is in it.
    pub async fn delete_stream(&self, group: &Group, name: &str) -> Result<(), LogsError> {
        const PAGE: usize = 64;
        let _writer = self.writer.lock().await;
        let group = self.group(&group.place)?;
        self.stream(&group, name)?.ok_or(LogsError::NoStream)?;
        let range = KeyRange::prefix(group.stream_chunks(name));
        loop {
            let rows = self.store.scan(range.clone(), Order::Ascending, PAGE)?;
            let mut usage = self.usage(&group)?;
            let mut transaction = Transaction::new();
            for (key, _) in &rows {
                let chunk = group.chunk(number_of(key)?);
                let size = self.store.get(&chunk)?.map_or(0, |row| row.len());
                usage.bytes = usage.bytes.saturating_sub(size as u64);
                transaction = transaction.delete(chunk).delete(key.clone());
            }
            let is_last = rows.len() < PAGE;
            if is_last {
                usage.streams = usage.streams.saturating_sub(1);
                transaction = transaction.delete(group.stream(name));
            }
            self.commit(transaction.put(group.usage(), usage.encode()))
                .await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// The stream that a writer of this server's own writes to: made when it is missing, unless there are too many.
    pub(super) fn own_stream(
        &self,
        group: &Group,
        name: &str,
        streams: &mut u64,
    ) -> Result<Stream, LogsError> {
        if let Some(stream) = self.stream(group, name)? {
            return Ok(stream);
        }
        if *streams >= MOST {
            return Err(LogsError::TooMany);
        }
        *streams += 1;
        Ok(Stream::new(name, self.now_millis()))
    }
}
