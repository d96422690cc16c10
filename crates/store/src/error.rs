//! Everything that can go wrong in a store.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a store could not do what it was asked. Cheap to clone: one failure is told to many callers.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store was closed, or gave up after a fault. Nothing more is written until it is opened again.
    #[error("the store has stopped: {reason}")]
    Stopped {
        /// What made it stop.
        reason: Arc<str>,
    },
    /// Too many transactions, or too many bytes, are waiting. Nothing was queued; try again later.
    #[error("the store has too much work queued")]
    Overloaded,
    /// The disk or the operating system refused an operation.
    #[error("{operation} {}: {source}", .path.display())]
    Io {
        /// What was attempted.
        operation: &'static str,
        /// The file or directory it was attempted on.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<io::Error>,
    },
    /// Stored bytes are not what was once written. The store does not open over such a file, and drops nothing.
    #[error("{} is damaged at byte {offset}: {what}", .file.display())]
    Corrupt {
        /// The damaged file, or the directory if no single file is.
        file: PathBuf,
        /// Where in the file the damage begins, in bytes.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The index behind the log failed. The log is untouched, and the index is rebuilt from it or repaired at the next start.
    #[error("the index failed: {what}")]
    Index {
        /// What the index said.
        what: Arc<str>,
    },
    /// A key, a value or a transaction is over its limit.
    #[error("{what} of size {size} is over the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size, in bytes or in entries.
        size: usize,
        /// The limit in the same unit.
        limit: usize,
    },
    /// A key must have at least one byte.
    #[error("a key must not be empty")]
    EmptyKey,
    /// The directory was written by a newer program.
    #[error("{} has format {found}, this program reads up to {supported}: use a newer program", .file.display())]
    NewerFormat {
        /// The file that says so.
        file: PathBuf,
        /// The version found.
        found: u32,
        /// The newest version this program reads.
        supported: u32,
    },
    /// Another process has the directory open.
    #[error("{} is in use by another process", .directory.display())]
    Locked {
        /// The directory of the store.
        directory: PathBuf,
    },
}

impl StoreError {
    pub(crate) fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            operation,
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }

    pub(crate) fn stopped(reason: impl Into<Arc<str>>) -> Self {
        Self::Stopped {
            reason: reason.into(),
        }
    }
}
