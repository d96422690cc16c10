//! The public face: an expression, what it is evaluated against, and what comes out.

use std::fmt;
use std::sync::Arc;

use expr::{Entropy, Value};

use crate::program::{self, Found, Program};
use crate::{Error, Limits, SyntaxError, eval, syntax};

/// A compiled expression. A clone shares it.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

struct Compiled {
    source: Arc<str>,
    program: Program,
    references: Vec<Found>,
}

/// What an expression may look at.
pub trait Scope {
    /// The value of `$name`, unless the expression binds the name itself. Comes before a built-in
    /// function of that name.
    fn variable(&self, name: &str) -> Option<Value>;

    /// The value of `$` and `$$` at top level. Step Functions has none.
    fn context(&self) -> Option<Value> {
        None
    }
}

/// What an evaluation needs from outside besides its data.
pub struct Machinery<'a> {
    /// Random numbers, for `$random`, `$shuffle` and `$uuid`.
    pub entropy: &'a mut dyn Entropy,
    /// The time that `$now` and `$millis` tell, in milliseconds since 1970.
    pub now_millis: i64,
    /// What the evaluation may use. What it has used of steps and bytes is taken off, also when it fails, so that
    /// several evaluations can share what there is.
    pub limits: &'a mut Limits,
}

/// What an expression came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Nothing.
    Undefined,
    /// A JSON value.
    Value(Value),
    /// Something that is not JSON: it is or holds a function.
    Unsupported,
}

/// A name that an expression uses and does not bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference<'e> {
    /// `$name`, and the fields that are selected from it directly.
    Variable {
        /// The name without the dollar.
        name: &'e str,
        /// `["input", "a"]` for `$states.input.a`.
        path: &'e [Arc<str>],
    },
    /// `$` or `$$` where there is nothing for it to mean: at top level.
    Root(&'static str),
    /// A field's name where there is nothing that has fields: at top level.
    Field(&'e str),
}

impl Expression {
    /// Compiles an expression.
    pub fn parse(source: &str) -> Result<Expression, SyntaxError> {
        let compiled = syntax::parse(source).and_then(program::compile);
        let program = compiled.map_err(|error| SyntaxError {
            position: characters_before(source, error.position),
            ..error
        })?;
        Ok(Expression(Arc::new(Compiled {
            source: source.into(),
            references: program::references(&program),
            program,
        })))
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &Arc<str> {
        &self.0.source
    }

    /// Every reference to a variable that is free in the expression, in document order. The name of
    /// a built-in function is none, called or passed on. `$` counts at top level only: not inside a
    /// predicate, a step of a path or a function body.
    pub fn visit_references(&self, visit: &mut dyn FnMut(Reference<'_>)) {
        for found in &self.0.references {
            visit(match found {
                Found::Variable { name, path } => Reference::Variable { name, path },
                Found::Root(root) => Reference::Root(root),
                Found::Field(name) => Reference::Field(name),
            });
        }
    }

    /// Evaluates it.
    pub fn eval(&self, scope: &dyn Scope, machinery: &mut Machinery<'_>) -> Result<Answer, Error> {
        eval::run(&self.0.program, scope, machinery)
    }
}

/// A position in characters, of one in bytes.
fn characters_before(source: &str, position: usize) -> usize {
    source
        .char_indices()
        .take_while(|(place, _)| *place < position)
        .count()
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.0.source).finish()
    }
}
