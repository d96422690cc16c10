//! What a start promises: how much of the execution is made durable, and what its caller hears.
//!
//! Owns the three kinds of executions. They run through the same steps and commits; they differ in the rows that a
//! commit has.

use super::Reply;
use crate::error::RuntimeError;
use crate::record::ExecutionRecord;

/// See the module's documentation.
pub enum Promise {
    /// Standard: every step is durable. Its caller hears `true` once it is started, `false` if the name is taken.
    EveryStep(Reply<bool>),
    /// Express: the start is durable, and after a crash the execution runs again from there: at least once. Its caller
    /// hears that it is started.
    AtLeastOnce(Reply<bool>),
    /// Express with a caller that waits for its end: nothing is durable, and a crash ends it: at most once.
    AtMostOnce(Reply<Finished>),
}

/// An execution that has ended while its caller waited.
pub struct Finished {
    /// Closed.
    pub record: ExecutionRecord,
    /// The most that it kept in memory, roughly, in bytes.
    pub memory_bytes: usize,
}

impl Promise {
    pub(super) fn is_express(&self) -> bool {
        !matches!(self, Promise::EveryStep(_))
    }

    /// It cannot be kept: the execution never was.
    pub(super) fn refuse(self, error: RuntimeError) {
        match self {
            Promise::EveryStep(reply) | Promise::AtLeastOnce(reply) => reply(Err(error)),
            Promise::AtMostOnce(reply) => reply(Err(error)),
        }
    }
}
