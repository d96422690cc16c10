//! What can go wrong in the runtime.

use store::StoreError;

use crate::redrives::NotRedrivable;

/// An error of the runtime.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RuntimeError {
    /// An execution of this name exists and is not the same.
    #[error("the execution exists already")]
    AlreadyExists,
    /// There is no such execution.
    #[error("the execution does not exist")]
    NotFound,
    /// The execution cannot be redriven; the text is the reason.
    #[error(transparent)]
    NotRedrivable(NotRedrivable),
    /// Not a task token of this server.
    #[error("the task token is not valid")]
    InvalidToken,
    /// The task is over, or somebody else has answered.
    #[error("nobody waits for the task any more")]
    TaskTimedOut,
    /// As many workers as may poll for one activity do so.
    #[error("too many workers poll for the activity")]
    TooManyWorkers,
    /// A queue is full: try again.
    #[error("too many requests are waiting")]
    Overloaded,
    /// As many executions are open as may be.
    #[error("too many executions are open")]
    TooManyOpen,
    /// The runtime is shutting down, or the store has failed.
    #[error("the runtime has stopped")]
    Stopped,
    /// The store refused.
    #[error(transparent)]
    Store(StoreError),
    /// A later program has written here.
    #[error(
        "a later version of Stepwell has written here (generation {found} of rows, this one reads up to {known}): use that \
         version, or restore a backup of before"
    )]
    Newer {
        /// Its generation.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// A stored row cannot be read.
    #[error("a stored {what} cannot be read: {reason}")]
    Unreadable {
        /// The kind of row.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl From<StoreError> for RuntimeError {
    fn from(error: StoreError) -> RuntimeError {
        match error {
            StoreError::Overloaded => RuntimeError::Overloaded,
            StoreError::Stopped { .. } => RuntimeError::Stopped,
            error => RuntimeError::Store(error),
        }
    }
}
