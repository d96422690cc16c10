//! The interpreter of the Amazon States Language: an execution and one input in, history events and commands out.
//!
//! Architecture Invariant: nothing in here reads a clock, a random source, a disk or the network, and nothing is
//! async. The same machine, execution, input, time and entropy give the same events and commands, byte for byte.
//! Limits count events, bytes and items, never wall time.
//!
//! Architecture Invariant: there is one code path. A machine that never leaves the process runs through the same
//! [`step`] as one that waits a week.
//!
//! Where things are: `step` drives; `enter` dispatches on the state's type; `state/` holds one file per type;
//! `retry` decides about a Retry, `failure` about Catch and how an error travels up; `history` gives every event its
//! id; `flow` applies InputPath to OutputPath, `query` JSONata, `variables` Assign; `context` builds the context object; `redrive` takes up what ended without success; `execution` is what is persisted, `held` how much that is.

pub mod command;
pub mod context;
mod enter;
pub mod event;
pub mod execution;
mod failure;
mod flow;
mod held;
mod history;
pub mod map_run;
pub mod probe;
mod query;
mod redrive;
mod retry;
mod state;
pub mod step;
pub mod testing;
pub mod time;
mod variables;

pub use command::{Command, Offer, TaskId, TaskOutcome, TaskRequest, TimerId};
pub use event::{Event, EventKind};
pub use execution::{Execution, Facts, Frame, FrameId, Outcome, Phase};
pub use map_run::{MapRunId, MapRunOutcome, MapRunRequest};
pub use redrive::Redriven;
pub use step::{Alone, Input, Limits, Machinery, Step, Surroundings, step};
pub use time::Timestamp;
pub use variables::{Assignments, Variables};
