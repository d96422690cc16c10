//! JSONata values: what an expression may look at, and what is said when it gives nothing usable (spec asl.md section
//! 3.2; the texts are recorded).

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use asl::query::{Query, QueryExpression};
use expr::json::{Document, Kind, Value};
use jsonata::Answer;

use crate::context::ContextSource;
use crate::failure::Fault;
use crate::flow::Tools;

/// Where in a state a value stands, as `EvaluationFailed` names it: `Output/a`, `Catch[1]/Output/v`.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// A field of the state.
    Field(&'a str),
    /// A member of the object at the place.
    Key(&'a Place<'a>, &'a str),
    /// An item of the array at the place.
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Field(name) => f.write_str(name),
            Place::Key(place, key) => write!(f, "{place}/{key}"),
            Place::Item(place, index) => write!(f, "{place}[{index}]"),
        }
    }
}

/// What came out of a state's work.
#[derive(Clone, Copy)]
pub(crate) enum Came<'a> {
    /// Nothing yet.
    Nothing,
    /// `$states.result`
    Result(&'a Document),
    /// `$states.errorOutput`
    Error(&'a Document),
}

/// Evaluates the JSONata values of one state.
pub(crate) struct Queries<'a, 't> {
    /// `$states.input`
    pub(crate) input: &'a Document,
    /// `$states.result` or `$states.errorOutput`
    pub(crate) came: Came<'a>,
    /// `$states.context`, and the variables.
    pub(crate) context: &'a ContextSource<'a>,
    /// Time and entropy.
    pub(crate) tools: &'a mut Tools<'t>,
}

impl Queries<'_, '_> {
    /// The value with every expression in it replaced by its result, in the order in which they are written.
    pub(crate) fn value(&mut self, query: &Query, place: Place<'_>) -> Result<Value, Fault> {
        match query {
            Query::Constant(value) => Ok(value.clone()),
            Query::Expression(expression) => self.expression(expression, place),
            Query::Array(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    values.push(self.value(item, Place::Item(&place, index))?);
                }
                Ok(Value::array(values))
            }
            Query::Object(members) => {
                let mut values = Vec::with_capacity(members.len());
                for (key, member) in members {
                    values.push((key.clone(), self.value(member, Place::Key(&place, key))?));
                }
                Ok(Value::object(values))
            }
        }
    }

    /// The same as a document, never nested too deep to be kept.
    pub(crate) fn document(&mut self, query: &Query, place: Place<'_>) -> Result<Document, Fault> {
        let value = self.value(query, place)?;
        match value.is_within_depth() {
            true => Ok(Document::from_value(value)),
            false => Err(Fault::query(
                place,
                "The result is nested deeper than the maximum allowed.".to_owned(),
            )),
        }
    }

    /// A value of one type; a written-out value of another one is said to be so, too.
    pub(crate) fn of_kind(
        &mut self,
        query: &Query,
        kind: Kind,
        place: Place<'_>,
    ) -> Result<Value, Fault> {
        match query {
            Query::Expression(expression) => self.expression_of_kind(expression, kind, place),
            _ => {
                let value = self.value(query, place)?;
                if value.kind() == kind {
                    return Ok(value);
                }
                let detail = format!(
                    "The value of the field '{place}' has an unexpected type. Expected '{kind}', but was '{}' for \
                     value: {}",
                    value.kind(),
                    shortened(&value)
                );
                Err(Fault::query(place, detail))
            }
        }
    }

    /// An expression's result, which must be of one type.
    pub(crate) fn expression_of_kind(
        &mut self,
        query: &QueryExpression,
        kind: Kind,
        place: Place<'_>,
    ) -> Result<Value, Fault> {
        let value = self.expression(query, place)?;
        if value.kind() == kind {
            return Ok(value);
        }
        Err(unexpected(query, &kind.to_string(), &value, place))
    }

    /// An expression's result, which must be an integer within bounds.
    pub(crate) fn integer(
        &mut self,
        query: &QueryExpression,
        bounds: std::ops::RangeInclusive<i64>,
        place: Place<'_>,
    ) -> Result<i64, Fault> {
        let value = self.expression_of_kind(query, Kind::Number, place)?;
        let Some(number) = value.as_i64() else {
            return Err(unexpected(query, "integer", &value, place));
        };
        if bounds.contains(&number) {
            return Ok(number);
        }
        let detail = format!(
            "The JSONata expression '{}' specified for the field '{place}' returned a value that is out of range: \
             {number}",
            query.expression.source()
        );
        Err(Fault::query(place, detail))
    }

    /// An expression's result.
    pub(crate) fn expression(
        &mut self,
        query: &QueryExpression,
        place: Place<'_>,
    ) -> Result<Value, Fault> {
        let scope = QueryScope {
            input: self.input,
            came: self.came,
            context: self.context,
            sees_context: query.sees_context,
            states: OnceCell::new(),
        };
        let mut machinery = jsonata::Machinery {
            entropy: self.tools.entropy,
            now_millis: self.tools.now.0,
            limits: self.tools.queries,
        };
        let what = match query.expression.eval(&scope, &mut machinery) {
            Ok(Answer::Value(value)) => return Ok(value),
            Ok(Answer::Undefined) => "returned nothing (undefined).".to_owned(),
            Ok(Answer::Unsupported) => "returned an unsupported result type.".to_owned(),
            Err(error) => format!("threw an error during evaluation. {error}"),
        };
        let detail = format!(
            "The JSONata expression '{}' specified for the field '{place}' {what}",
            query.expression.source()
        );
        Err(Fault::query(place, detail))
    }
}

fn unexpected(query: &QueryExpression, wanted: &str, value: &Value, place: Place<'_>) -> Fault {
    let detail = format!(
        "The JSONata expression '{}' specified for the field '{place}' returned an unexpected result type. Expected \
         '{wanted}', but was '{}' for value: {}",
        query.expression.source(),
        value.kind(),
        shortened(value)
    );
    Fault::query(place, detail)
}

/// A value as it stands in a message; causes are cut anyway.
fn shortened(value: &Value) -> String {
    const MOST: usize = 65_536;
    match value.text_length_within(MOST) {
        Some(_) => value.to_text(),
        None => "...".to_owned(),
    }
}

struct QueryScope<'a> {
    input: &'a Document,
    came: Came<'a>,
    context: &'a ContextSource<'a>,
    sees_context: bool,
    states: OnceCell<Value>,
}

impl QueryScope<'_> {
    fn states(&self) -> Value {
        let mut members: Vec<(Arc<str>, Value)> =
            vec![("input".into(), self.input.value().clone())];
        match self.came {
            Came::Nothing => {}
            Came::Result(result) => members.push(("result".into(), result.value().clone())),
            Came::Error(error) => members.push(("errorOutput".into(), error.value().clone())),
        }
        if self.sees_context {
            members.push(("context".into(), self.context.object()));
        }
        Value::object(members)
    }
}

impl jsonata::Scope for QueryScope<'_> {
    fn variable(&self, name: &str) -> Option<Value> {
        match name {
            "states" => Some(self.states.get_or_init(|| self.states()).clone()),
            _ => self.context.variable(name).map(|d| d.value().clone()),
        }
    }
}
