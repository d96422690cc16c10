//! The loop: load, step, commit, dispatch. Owns the codec between the engine's types and the store's bytes, the
//! shards, their timers, and the traits through which it reaches the outside.
//!
//! Architecture Invariant: knows no HTTP, no signature and no service by name. Calls go out through [`TaskRunner`];
//! time and randomness come in through [`Clock`] and `expr::Entropy`.
//!
//! Architecture Invariant: nothing leaves the process before the commit that contains it is durable: replies and task
//! calls are effects of a [`shard::Commit`], carried out by the store's completion.
//!
//! Where things are: [`shard`] is the synchronous state machine, `driver` runs it on tokio, [`Runtime`] is the handle
//! that the server holds, `codec` turns engine types into versioned bytes, [`query`] reads what Describe, List and
//! GetExecutionHistory show, `activities` brings offered tasks and workers together, `tokens` seals task tokens.

mod activities;
mod admission;
pub mod codec;
mod definitions;
mod driver;
mod ends;
mod error;
pub mod expiry;
mod express;
pub mod generation;
mod id;
pub mod keys;
pub mod lists;
pub mod map_runs;
mod ports;
pub mod query;
pub mod record;
mod recovery;
pub mod redrives;
mod relist;
mod remains;
pub mod retention;
mod rows;
mod runtime;
pub mod shard;
mod shards;
mod tokens;

pub use activities::ActivityTask;
pub use definitions::{definition_rows, definition_text};
pub use error::RuntimeError;
pub use id::ExecutionId;
pub use keys::Namespace;
pub use ports::{
    Answer, Clock, EntropySource, Heard, Job, Listener, NoObjects, Objects, Ports, ReadRequest,
    ResultFile, SystemClock, TaskCall, TaskKey, TaskRunner,
};
pub use record::{ExecutionRecord, PinnedRevision, Status};
pub use redrives::NotRedrivable;
pub use relist::all_listed;
pub use runtime::{Options, RedriveRequest, Redriven, Runtime, StartRequest, Started, Stopped};
pub use shard::{Finished, Room};
