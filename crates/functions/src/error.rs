//! What can go wrong in the host itself. A function that fails is not an error here: see [`crate::InvokeResult::failed`].

use std::io;
use std::path::PathBuf;

/// An invocation that did not reach the function, or code that could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Over the function's reserved concurrency, or the host's queue is full. Lambda: `TooManyRequestsException`, 429.
    #[error("Rate Exceeded.")]
    Throttled(Throttle),
    /// The runtime's name is none that Lambda knows.
    #[error("'{0}' is no Lambda runtime")]
    UnknownRuntime(String),
    /// The runtime is not on this machine, or none that this host serves.
    #[error("{0}")]
    RuntimeUnavailable(String),
    /// The function was deleted while the invocation waited.
    #[error("the function was deleted before its invocation could start")]
    Retired,
    /// The host is shutting down.
    #[error("the function host is shutting down")]
    ShuttingDown,
    /// A process could not be started.
    #[error("the function's process could not be started: {0}")]
    Launch(#[source] io::Error),
    /// The bytes are no zip archive that can be unpacked. Lambda: `InvalidParameterValueException`.
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    NotAZip(#[source] zip::result::ZipError),
    /// The archive has an entry that is not allowed: outside of the folder, or one too many. The text says which.
    #[error("{0}")]
    ForbiddenEntry(String),
    /// The archive is larger than Lambda takes; the limit is in bytes.
    #[error("the deployment package is {size} bytes; the limit is {limit}")]
    ZipTooLarge {
        /// Its size in bytes.
        size: u64,
        /// Lambda's limit in bytes.
        limit: u64,
    },
    /// Unpacked, the archive is larger than Lambda takes. Lambda: `InvalidParameterValueException`.
    #[error("Unzipped size must be smaller than {limit} bytes")]
    UnpackedTooLarge {
        /// Lambda's limit in bytes.
        limit: u64,
    },
    /// A file of the code store could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    Storage {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Why an invocation was throttled; the names are those of Lambda's `Reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttle {
    /// The function's reserved concurrency is used up.
    ReservedFunctionConcurrentInvocationLimitExceeded,
    /// As many invocations as the host takes are waiting.
    ConcurrentInvocationLimitExceeded,
}

impl Throttle {
    /// The member `Reason` of Lambda's error.
    pub fn reason(self) -> &'static str {
        match self {
            Throttle::ReservedFunctionConcurrentInvocationLimitExceeded => {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            }
            Throttle::ConcurrentInvocationLimitExceeded => "ConcurrentInvocationLimitExceeded",
        }
    }
}
