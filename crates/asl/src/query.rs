//! JSON with JSONata expressions in it: what `Arguments`, `Output`, `Assign`, `Items` and `Condition` of a JSONata state
//! hold.
//!
//! Owns the parsed form and the `{% ... %}` convention; evaluation is the engine's.

use std::sync::Arc;

use expr::Value;
use jsonata::Reference;

/// What opens an expression in a string; nothing may stand before it.
const OPEN: &str = "{%";
/// What closes it; nothing may follow.
const CLOSE: &str = "%}";

/// A JSON value in which strings of the form `{% ... %}` are expressions. Keys never are.
#[derive(Clone, Debug)]
pub enum Query {
    /// No expression inside.
    Constant(Value),
    /// The string is an expression.
    Expression(QueryExpression),
    /// An array with an expression somewhere inside.
    Array(Vec<Query>),
    /// An object with an expression somewhere inside, in the order in which it is written.
    Object(Vec<(Arc<str>, Query)>),
}

/// One `{% ... %}`.
#[derive(Clone, Debug)]
pub struct QueryExpression {
    /// The expression between the marks, trimmed.
    pub expression: jsonata::Expression,
    /// Whether it may look at `$states.context`, which is dear to build.
    pub sees_context: bool,
}

/// What a string of a JSONata state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written<'t> {
    /// Itself.
    Literal,
    /// An expression: the text between the marks.
    Expression(&'t str),
    /// It begins like an expression and does not end like one.
    Unclosed,
}

impl Query {
    /// Whether there is no expression inside.
    pub fn is_constant(&self) -> bool {
        matches!(self, Query::Constant(_))
    }
}

impl QueryExpression {
    /// Takes an expression in.
    pub(crate) fn new(expression: jsonata::Expression) -> QueryExpression {
        let mut sees_context = false;
        expression.visit_references(&mut |reference| {
            if let Reference::Variable { name, path } = reference
                && name == "states"
            {
                sees_context |= path.first().is_none_or(|field| &**field == "context");
            }
        });
        QueryExpression {
            expression,
            sees_context,
        }
    }
}

impl<'t> Written<'t> {
    pub(crate) fn read(text: &'t str) -> Written<'t> {
        let Some(rest) = text.strip_prefix(OPEN) else {
            return Written::Literal;
        };
        match rest.strip_suffix(CLOSE) {
            Some(inside) => Written::Expression(inside.trim()),
            None => Written::Unclosed,
        }
    }
}
