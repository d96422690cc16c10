//! Log groups, their streams and what is in them: a small CloudWatch Logs in the store.
//!
//! Owns the rows: a record for each group, and below its id the streams and chunks of events. A group keeps so many
//! bytes and, if it is told, so many days; what is oldest goes first, chunk by chunk. Must never know what an event
//! says, who writes it or who asks.
//!
//! Changes of a group's rows are made one at a time (`writer`); readers see what is durable.

mod append;
mod chunk;
mod groups;
mod read;
mod rows;
mod streams;

use std::sync::Arc;

use runtime::Clock;
use runtime::codec::DecodeError;
use store::{Outcome, Store, StoreError, Transaction};
use tokio::sync::Mutex;

use crate::records::{RecordError, Records};
pub use append::LogEvent;
pub use groups::{Group, GroupPlace};
#[cfg(test)]
use read::Page;
pub use read::{Direction, Place, Search, StoredEvent, Window};
pub use rows::check_row;
pub use streams::Stream;

/// What a group keeps, in bytes; beyond it the oldest chunks go.
const GROUP_BYTES: u64 = 64 * 1024 * 1024;

/// Why something of a log could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// There is a group, or stream, of that name.
    #[error("it exists already")]
    Exists,
    /// There is no such group.
    #[error("the log group does not exist")]
    NoGroup,
    /// There is no such stream.
    #[error("the log stream does not exist")]
    NoStream,
    /// There are as many as there may be.
    #[error("there are too many")]
    TooMany,
    /// A group's record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A row of a group.
    #[error("a row of a log group cannot be read: {0}")]
    Row(#[from] DecodeError),
}

impl From<StoreError> for LogsError {
    fn from(error: StoreError) -> LogsError {
        LogsError::Record(error.into())
    }
}

/// All log groups.
#[derive(Clone)]
pub struct Logs {
    store: Arc<dyn Store>,
    records: Records,
    clock: Arc<dyn Clock>,
    writer: Arc<Mutex<()>>,
}

impl Logs {
    /// Over a store.
    pub fn new(store: Arc<dyn Store>, records: Records, clock: Arc<dyn Clock>) -> Logs {
        Logs {
            store,
            records,
            clock,
            writer: Arc::default(),
        }
    }

    /// Wall time, in milliseconds.
    pub fn now_millis(&self) -> i64 {
        self.clock.now().0
    }

    /// Writes rows that are no records, so that nobody's records are read again because of them.
    async fn commit(&self, transaction: Transaction) -> Result<(), LogsError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let done = move |result| {
            // Nobody waits any more when the request was dropped.
            let _ = sender.send(result);
        };
        self.store.submit(transaction, Box::new(done));
        match receiver.await {
            Ok(Ok(Outcome::Committed { .. })) => Ok(()),
            Ok(Ok(Outcome::Conflict { .. })) => Err(RecordError::Conflict.into()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(RecordError::Lost.into()),
        }
    }
}

#[cfg(test)]
mod tests;
