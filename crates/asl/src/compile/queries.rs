//! JSONata values of a definition: which strings are expressions, and what an expression may look at.

use std::sync::Arc;

use expr::Value;
use jsonata::Reference;

use super::Compiler;
use super::fields::{Dialect, Sees};
use super::schema::Shape;
use crate::Code;
use crate::location::At;
use crate::query::{Query, QueryExpression, Written};

impl Compiler<'_> {
    /// Any JSON whose strings may be `{% ... %}`. Everything wrong in it is reported; then there is no query.
    pub(crate) fn query(
        &mut self,
        shape: Shape,
        value: &Value,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<Query> {
        let query = match value {
            Value::String(text) if Written::read(text) != Written::Literal => {
                Query::Expression(self.query_expression(text, shape, dialect, at)?)
            }
            Value::Array(items) => {
                let mut queries = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    queries.push(self.query(shape, item, dialect, &at.index(index)));
                }
                Query::Array(queries.into_iter().collect::<Option<_>>()?)
            }
            Value::Object(members) => {
                let mut queries = Vec::with_capacity(members.len());
                for (key, member) in members.iter() {
                    let query = self.query(shape, member, dialect, &at.key(key));
                    queries.push(query.map(|query| (key.clone(), query)));
                }
                Query::Object(queries.into_iter().collect::<Option<_>>()?)
            }
            _ => Query::Constant(value.clone()),
        };
        Some(if has_expressions(&query) {
            query
        } else {
            Query::Constant(value.clone())
        })
    }

    /// A string that is meant to be an expression.
    pub(crate) fn query_expression(
        &mut self,
        text: &str,
        shape: Shape,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<QueryExpression> {
        let Written::Expression(source) = Written::read(text) else {
            return self.refuse(at, "JSONata string must start with {% and end with %}");
        };
        match jsonata::Expression::parse(source) {
            Ok(expression) => self
                .check_references(&expression, shape, dialect, at)
                .then(|| QueryExpression::new(expression)),
            Err(error) => {
                self.log
                    .report(Code::InvalidJsonataExpression, at, error.to_string());
                None
            }
        }
    }

    fn check_references(
        &mut self,
        expression: &jsonata::Expression,
        shape: Shape,
        dialect: Dialect,
        at: &At<'_>,
    ) -> bool {
        let sees = match shape {
            Shape::Output | Shape::Assignments => dialect.sees,
            _ => Sees::Nothing,
        };
        let mut unsupported: Vec<String> = Vec::new();
        let variables = &mut self.variables;
        expression.visit_references(&mut |reference| match reference {
            Reference::Root(root) => {
                unsupported.push(format!("Reference to '{root}' is not supported."));
            }
            Reference::Variable {
                name: "states",
                path,
            } => {
                unsupported.extend(missing_field(path, sees));
            }
            Reference::Variable { name, .. } => variables.read(name),
            Reference::Field(name) => unsupported.push(format!(
                "Reference to '{name}' at the top level is not supported."
            )),
        });
        unsupported.dedup();
        let is_supported = unsupported.is_empty();
        for message in unsupported {
            self.log
                .report(Code::UnsupportedJsonataExpression, at, message);
        }
        is_supported
    }
}

/// What is said of a member of `$states` that is not there.
fn missing_field(path: &[Arc<str>], sees: Sees) -> Option<String> {
    let field = path.first()?;
    let exists = match &**field {
        "input" | "context" => true,
        "result" => sees == Sees::Result,
        "errorOutput" => sees == Sees::ErrorOutput,
        _ => false,
    };
    (!exists).then(|| format!("Field '$states.{field}' does not exist."))
}

/// One level only: what is inside was looked at on the way up.
fn has_expressions(query: &Query) -> bool {
    match query {
        Query::Constant(_) => false,
        Query::Expression(_) => true,
        Query::Array(items) => items.iter().any(|item| !item.is_constant()),
        Query::Object(members) => members.iter().any(|(_, member)| !member.is_constant()),
    }
}
