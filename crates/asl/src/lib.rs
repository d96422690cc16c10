//! The Amazon States Language: definition types, compilation, validation. Pure.
//!
//! One walk over the JSON of a definition collects every problem and builds the [`definition::Machine`] at the same
//! time. What may stand where is data ([`services`], the tables in `compile/schema.rs`); the walk interprets it.
//!
//! Architecture Invariant: nothing here reads a clock, evaluates a path or knows an execution.

mod compile;
pub mod definition;
mod diagnostic;
pub mod distributed;
mod location;
pub mod query;
mod resource;
pub mod responses;
pub mod services;
pub mod testing;
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
/// Every problem found, errors and warnings, in the service's order; at least one is an error. A definition that is
/// valid and that this version cannot run is an error here.
pub fn compile(text: &str, options: &Options) -> Result<Machine, Vec<Diagnostic>> {
    let compiled = compile::run(text, options);
    match compiled.machine {
        Some(machine) if compiled.unsupported.is_empty() => Ok(machine),
        Some(_) => Err(compiled.unsupported.into_iter().map(as_error).collect()),
        None => Err(compiled.diagnostics),
    }
}

/// The same for a definition whose tasks somebody else may answer: that this version cannot make their calls is not
/// refused. Also for one that was accepted once and is taken up again.
///
/// # Errors
///
/// As [`compile`].
pub fn compile_mockable(text: &str, options: &Options) -> Result<Machine, Vec<Diagnostic>> {
    let compiled = compile::run(text, options);
    let is_call = |found: &Diagnostic| {
        let last = found.path.last();
        matches!(last, Some(expr::json::Step::Key(name)) if **name == *"Resource")
    };
    let missing = compiled.unsupported.into_iter();
    let missing: Vec<Diagnostic> = missing.filter(|found| !is_call(found)).collect();
    match compiled.machine {
        Some(machine) if missing.is_empty() => Ok(machine),
        Some(_) => Err(missing.into_iter().map(as_error).collect()),
        None => Err(compiled.diagnostics),
    }
}

/// Every problem of a definition, errors and warnings. No error: the definition is valid; unless a warning says
/// [`Code::NotSupportedYet`], [`compile`] takes it.
pub fn validate(text: &str, options: &Options) -> Vec<Diagnostic> {
    let mut compiled = compile::run(text, options);
    compiled.diagnostics.append(&mut compiled.unsupported);
    compiled.diagnostics
}

/// What a validation only warns of, an attempt to run refuses.
fn as_error(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        ..diagnostic
    }
}
