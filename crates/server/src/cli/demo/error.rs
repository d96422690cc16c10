//! Why the demo ends early, in words that say what to do.

use std::net::SocketAddr;

use crate::cli::client::ClientError;
use crate::config::ConfigError;
use crate::serve::ServeError;

/// Why the demo cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoError {
    /// Python or Node.js is not there.
    #[error("something that the example needs is missing; install it and run the demo again")]
    Missing,
    /// The flags make no sense together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The demo is not for others.
    #[error(
        "the demo takes any credentials, so it listens on this machine only, e.g. on 127.0.0.1:{0}"
    )]
    NotLoopback(u16),
    /// Another server has the port.
    #[error("{0} is taken, by another stepwell perhaps; choose another port: --listen {1}")]
    PortTaken(SocketAddr, SocketAddr),
    /// The server does not start, or the disk failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// No threads.
    #[error("cannot start: {0}")]
    Threads(std::io::Error),
    /// The server's API refused something.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The example's definition does not pass.
    #[error("the definition of the example is not valid:\n{0}")]
    Definition(String),
    /// A function does not work on this machine.
    #[error("the function {name} does not work here: {reason}\nIts log is below {logs}")]
    Function {
        /// The function.
        name: String,
        /// What it answered.
        reason: String,
        /// A folder.
        logs: String,
    },
    /// A function's sources cannot be packed.
    #[error("cannot pack a function's sources: {0}")]
    Package(#[from] zip::result::ZipError),
    /// Ctrl-C before the orders had ended.
    #[error("interrupted; orders that were under way go on when the server is started again: {0}")]
    Interrupted(String),
    /// A task of the demo's own ended badly.
    #[error("an order could not be followed: {0}")]
    Follow(#[from] tokio::task::JoinError),
}

impl DemoError {
    /// A server that does not start.
    pub(super) fn start(error: ServeError) -> DemoError {
        match error {
            ServeError::Listen(address, cause) if cause.kind() == std::io::ErrorKind::AddrInUse => {
                let next = SocketAddr::new(address.ip(), address.port().wrapping_add(1).max(1024));
                DemoError::PortTaken(address, next)
            }
            error => DemoError::Serve(error),
        }
    }
}
