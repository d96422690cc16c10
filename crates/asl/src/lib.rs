//! The Amazon States Language: definition types, compilation, validation. Pure.
//!
//! One walk over the JSON of a definition collects every problem and builds the [`definition::Machine`] at the same
//! time. What may stand where is data ([`services`], the tables in `compile/schema.rs`); the walk interprets it.
//!
//! Architecture Invariant: nothing here reads a clock, evaluates a path or knows an execution.

mod compile;
pub mod definition;
mod diagnostic;
mod location;
mod resource;
pub mod services;
pub mod timestamp;
mod unsupported;

pub use definition::Machine;
pub use diagnostic::{Code, Diagnostic, Severity, invalid_definition_message};

/// The longest definition that is looked at, in bytes of UTF-8 (spec quotas.md).
pub const MAX_DEFINITION_BYTES: usize = 1_048_576;

/// The `type` of a state machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineType {
    /// Durable, exactly once.
    #[default]
    Standard,
    /// Short; no jobs, callbacks, activities or distributed Maps.
    Express,
}

/// What a definition is compiled for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The `type` of the state machine.
    pub machine_type: MachineType,
}

/// Compiles a definition.
///
/// Never panics and never runs away, whatever the text. Depth, size and the number of diagnostics are bounded.
///
/// # Errors
///
/// Every problem found, errors and warnings, in the service's order; at least one is an error.
pub fn compile(text: &str, options: &Options) -> Result<Machine, Vec<Diagnostic>> {
    let (machine, diagnostics) = compile::run(text, options);
    machine.ok_or(diagnostics)
}

/// Every problem of a definition, errors and warnings; no error: [`compile`] takes it.
pub fn validate(text: &str, options: &Options) -> Vec<Diagnostic> {
    compile::run(text, options).1
}
