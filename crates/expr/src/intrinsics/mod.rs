//! Intrinsic functions: `States.Format('{}', $.name)`.
//!
//! A call is compiled once and evaluated many times. This module owns the syntax and the evaluation
//! of arguments; what each function does is in the module named for its kind, and which functions
//! there are, with how many arguments, is the table in `function`.
//!
//! Sources: spec asl.md section 8, the recorded cases `intrinsic_functions/*`, and measurements of the
//! service by others.

mod arrays;
mod format;
mod function;
mod hash;
mod json;
mod math;
mod parse;
mod random;
mod strings;

use std::fmt;
use std::sync::Arc;

use crate::budget::{Budget, Spent};
use crate::path::{Miss, Path, Root};
use crate::{Entropy, Roots, Value};
use function::Function;

/// A compiled call of an intrinsic function.
#[derive(Clone, Debug)]
pub struct Intrinsic {
    source: Arc<str>,
    call: Arc<Call>,
}

/// Why a text is not a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong, and where.
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

#[derive(Debug)]
struct Call {
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug)]
enum Argument {
    Literal(Value),
    Path(Path),
    Call(Call),
}

/// What an evaluation works with.
pub(crate) struct Evaluation<'e> {
    pub(crate) roots: &'e dyn Roots,
    pub(crate) entropy: &'e mut dyn Entropy,
    pub(crate) budget: &'e mut Budget,
}

/// Why a function has no result.
enum Failure {
    /// The arguments are wrong; the detail, if any, follows the service's standard words.
    Arguments(Option<&'static str>),
    /// The template of `States.Format` is malformed.
    Template(&'static str),
    /// The result, or the work for it, is too large.
    TooLarge,
}

impl From<Spent> for Failure {
    fn from(_: Spent) -> Failure {
        Failure::TooLarge
    }
}

/// The failure for a wrong argument.
fn invalid() -> Failure {
    Failure::Arguments(None)
}

impl Intrinsic {
    /// Compiles a call: `States.Name(argument, ...)` with strings in single quotes (escapes `\'`,
    /// `\{`, `\}`, `\\`; any other is an error, as recorded), numbers, `true`, `false`, `null`, paths
    /// and up to 10 nested calls. A text may be 64 KiB long.
    ///
    /// The number and the types of arguments are checked when it is evaluated, as by the service.
    pub fn parse(source: &str) -> Result<Intrinsic, SyntaxError> {
        let call = parse::call(source)?;
        Ok(Intrinsic {
            source: source.into(),
            call: Arc::new(call),
        })
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Calls `visit` with every path among the arguments, nested ones too.
    pub fn visit_paths(&self, visit: &mut dyn FnMut(&Path)) {
        self.call.visit_paths(visit);
    }

    /// The result, or the reason: what the service says after "had the following error: ".
    pub fn eval(&self, roots: &dyn Roots, entropy: &mut dyn Entropy) -> Result<Value, String> {
        self.eval_within(&mut Evaluation {
            roots,
            entropy,
            budget: &mut Budget::default(),
        })
    }

    /// [`Intrinsic::eval`] as a part of a larger evaluation.
    pub(crate) fn eval_within(&self, evaluation: &mut Evaluation<'_>) -> Result<Value, String> {
        self.call.eval(evaluation)
    }
}

impl Call {
    fn visit_paths(&self, visit: &mut dyn FnMut(&Path)) {
        for argument in &self.arguments {
            match argument {
                Argument::Literal(_) => {}
                Argument::Path(path) => visit(path),
                Argument::Call(call) => call.visit_paths(visit),
            }
        }
    }

    /// Recursive, as deep as calls nest.
    fn eval(&self, evaluation: &mut Evaluation<'_>) -> Result<Value, String> {
        let arguments: Result<Vec<Value>, String> = self
            .arguments
            .iter()
            .map(|argument| argument.eval(evaluation))
            .collect();
        self.function
            .call(&arguments?, evaluation)
            .map_err(|failure| self.reason(failure))
    }

    /// The service's words (measured; those for a result that is too large are ours).
    fn reason(&self, failure: Failure) -> String {
        let name = self.function.name();
        match failure {
            Failure::Arguments(None) => format!("Invalid arguments in {name}"),
            Failure::Arguments(Some(detail)) => format!("Invalid arguments in {name}: {detail}"),
            Failure::Template(detail) => format!("Invalid template in {name}: {detail}"),
            Failure::TooLarge => format!("The result of {name} is too large"),
        }
    }
}

impl Argument {
    fn eval(&self, evaluation: &mut Evaluation<'_>) -> Result<Value, String> {
        match self {
            Argument::Literal(value) => Ok(value.clone()),
            Argument::Path(path) => path
                .eval_within(evaluation.roots, evaluation.budget)
                .map_err(|miss| missing(path, &miss, evaluation.roots)),
            Argument::Call(call) => call.eval(evaluation),
        }
    }
}

/// The service's words for an argument that is not there (measured). A path into the Context Object
/// is named as if it were one into the input.
fn missing(path: &Path, miss: &Miss, roots: &dyn Roots) -> String {
    if matches!(miss, Miss::TooMany | Miss::UndefinedVariable { .. }) {
        return miss.to_string();
    }
    let source = match path.root() {
        Root::Context => &path.source()[1..],
        _ => path.source(),
    };
    format!(
        "The JsonPath argument for the field '{source}' could not be found in the input '{}'",
        roots.input()
    )
}
