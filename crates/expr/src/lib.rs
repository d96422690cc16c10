//! What a value means: the JSON value, JSONPath, intrinsic functions and payload templates.
//!
//! Everything here is compiled once and evaluated many times, and is pure: the same inputs give the
//! same answer, byte for byte. There is no clock, no randomness source, no I/O and no async; random
//! numbers come in through [`Entropy`], and what a path may look at through [`Roots`].
//!
//! Nothing that arrives from outside may panic or grow without bound: texts are bounded in nesting
//! ([`json::MAX_DEPTH`]) and in length, evaluations in the nodes that they visit.
//!
//! This crate has never heard of states, executions or events.

pub mod intrinsics;
pub mod json;
pub mod path;
pub mod template;

mod budget;
mod entropy;
mod java;
mod roots;

pub use budget::Allowance;
pub use entropy::{Entropy, uuid_v4};
pub use json::Value;
pub use roots::Roots;
