//! JSONata, as Step Functions evaluates it.
//!
//! An [`Expression`] is compiled once and evaluated many times, from any thread. Evaluation is pure:
//! time and random numbers come in through [`Machinery`], variables through [`Scope`]. Documents are
//! not copied: what an expression does not touch costs nothing.
//!
//! Nothing that arrives from outside may panic, hang or grow without bound. Work, memory and depth
//! are counted ([`Limits`]), also inside functions and regular expressions; never wall time, so the
//! same evaluation always ends the same way.
//!
//! This crate has never heard of states, executions or fields.

mod error;
mod eval;
mod expression;
mod format;
mod functions;
mod limits;
mod message;
mod program;
mod regex;
mod signature;
mod syntax;
mod value;

pub use error::{Error, SyntaxError};
pub use expression::{Answer, Expression, Machinery, Reference, Scope};
pub use limits::Limits;
