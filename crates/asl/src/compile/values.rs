//! Reads the value of a field by its [`Shape`].

use std::sync::Arc;

use expr::json::{Kind, Value};
use expr::path::{Path, ReferencePath, Root};
use expr::template::{Expression, Template};

use super::fields::{Dialect, Parsed};
use super::schema::Shape;
use super::{Compiler, variables, warnings};
use crate::definition::Language;
use crate::location::At;
use crate::query::Written;
use crate::{resource, timestamp};

const NOT_A_PATH: &str = "Value must be a valid JSONPath.";
const NOT_A_REFERENCE: &str = "Value is not a Reference Path";

impl Compiler<'_> {
    /// The value in its parsed form, or `None` after a report.
    pub(crate) fn value<'v>(
        &mut self,
        shape: Shape,
        value: &'v Value,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<Parsed<'v>> {
        let jsonata = dialect.language == Language::Jsonata;
        match shape {
            Shape::Template | Shape::TemplateObject | Shape::Jsonata | Shape::Output if jsonata => {
                self.query(shape, value, dialect, at).map(Parsed::Query)
            }
            Shape::Assignments if jsonata => self.query_assignments(value, dialect, at),
            Shape::JsonataArray if jsonata && is_dynamic(value) => {
                self.query(shape, value, dialect, at).map(Parsed::Query)
            }
            Shape::Integer(..) | Shape::Number(..) | Shape::PathTwin | Shape::Timestamp
                if jsonata && is_dynamic(value) =>
            {
                self.query_expression(value.as_str()?, shape, dialect, at)
                    .map(Parsed::QueryExpression)
            }
            Shape::Template => self.template(value, at).map(Parsed::Template),
            Shape::TemplateObject => {
                self.of_kind(Kind::Object, value, at)?;
                self.template(value, at).map(Parsed::Template)
            }
            Shape::Assignments => self.assignments(value, at),
            _ => self.plain(shape, value, dialect, at),
        }
    }

    /// Values that are the same in both languages.
    fn plain<'v>(
        &mut self,
        shape: Shape,
        value: &'v Value,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<Parsed<'v>> {
        match shape {
            Shape::Object => self.of_kind(Kind::Object, value, at),
            Shape::Array => self.of_kind(Kind::Array, value, at),
            Shape::JsonataArray => {
                self.of_kind(Kind::Array, value, at)?;
                self.query(shape, value, dialect, at).map(Parsed::Query)
            }
            Shape::Filled => self.filled(value, at),
            Shape::Integer(least, most) => {
                self.integer(value, least, most, at).map(Parsed::Integer)
            }
            Shape::Number(least, most) => self.number(value, least, most, at).map(Parsed::Number),
            Shape::True => self.required_true(value, at),
            Shape::PathOrNull | Shape::TargetOrNull if matches!(value, Value::Null) => {
                Some(Parsed::Null)
            }
            Shape::Json
            | Shape::Jsonata
            | Shape::Output
            | Shape::Template
            | Shape::TemplateObject
            | Shape::Assignments => Some(Parsed::Json(value)),
            _ => {
                let text = self.text(value, at)?;
                self.string(shape, text, dialect, at)
            }
        }
    }

    /// Values that are written as strings.
    fn string<'v>(
        &mut self,
        shape: Shape,
        text: &'v Arc<str>,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<Parsed<'v>> {
        match shape {
            Shape::OneOf(names) => self.one_of(names, text, at),
            Shape::PathOrNull => self.path(text, at).map(Parsed::Path),
            Shape::Reference => self.reference(text, at).map(Parsed::Path),
            Shape::TargetOrNull => self.target(text, at).map(Parsed::Target),
            Shape::Expression => self.expression(text, at).map(Parsed::Expression),
            Shape::Timestamp => self.timestamp(text, at),
            Shape::Resource => self.resource(text, at),
            Shape::PathTwin => {
                if dialect.language == Language::JsonPath {
                    warnings::path_in_text(&mut self.log, text, at);
                }
                Some(Parsed::Text(text.clone()))
            }
            _ => Some(Parsed::Text(text.clone())),
        }
    }

    /// A string, or a report.
    pub(crate) fn text<'v>(&mut self, value: &'v Value, at: &At<'_>) -> Option<&'v Arc<str>> {
        match value {
            Value::String(text) => Some(text),
            _ => {
                self.wrong_kind(Kind::String, at);
                None
            }
        }
    }

    /// Reports a value of the wrong JSON type.
    pub(crate) fn wrong_kind(&mut self, expected: Kind, at: &At<'_>) {
        let expected = expected.to_string().to_uppercase();
        self.log
            .schema(at, format!("Expected value of type [{expected}]"));
    }

    /// A path; a variable in it is noted.
    pub(crate) fn path(&mut self, text: &str, at: &At<'_>) -> Option<Path> {
        match Path::parse(text) {
            Ok(path) => {
                self.variables.path(&path, at);
                Some(path)
            }
            Err(_) => self.refuse(at, NOT_A_PATH),
        }
    }

    /// A payload template; `.$` fields that are no expressions are reported at the object that contains them.
    pub(crate) fn template(&mut self, value: &Value, at: &At<'_>) -> Option<Template> {
        warnings::paths_in_template(&mut self.log, value, at);
        match Template::compile(value) {
            Ok(template) => {
                template.visit_paths(&mut |path| self.variables.path(path, at));
                Some(template)
            }
            Err(errors) => {
                for error in errors {
                    let code = crate::Code::SchemaValidationFailed;
                    self.log
                        .report_inside(code, at, &error.at, error.to_string());
                }
                None
            }
        }
    }

    fn assignments<'v>(&mut self, value: &Value, at: &At<'_>) -> Option<Parsed<'v>> {
        self.of_kind(Kind::Object, value, at)?;
        self.assigned_names(value, variables::template_name, at);
        self.template(value, at).map(Parsed::Template)
    }

    fn query_assignments<'v>(
        &mut self,
        value: &Value,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<Parsed<'v>> {
        self.of_kind(Kind::Object, value, at)?;
        self.assigned_names(value, |key| key, at);
        self.query(Shape::Assignments, value, dialect, at)
            .map(Parsed::Query)
    }

    /// `name` says which variable a key of `Assign` names.
    fn assigned_names(&mut self, value: &Value, name: fn(&str) -> &str, at: &At<'_>) {
        for (key, _) in value.as_object().into_iter().flat_map(|o| o.iter()) {
            let name = name(key);
            if variables::check_name(&mut self.log, name, at) {
                self.variables.assign(name);
            }
        }
    }

    fn of_kind<'v>(&mut self, kind: Kind, value: &'v Value, at: &At<'_>) -> Option<Parsed<'v>> {
        if value.kind() == kind {
            return Some(Parsed::Json(value));
        }
        self.wrong_kind(kind, at);
        None
    }

    fn filled<'v>(&mut self, value: &'v Value, at: &At<'_>) -> Option<Parsed<'v>> {
        let parsed = self.of_kind(Kind::Array, value, at)?;
        match value.as_array() {
            Some([]) => self.refuse(at, "Value cannot be empty"),
            _ => Some(parsed),
        }
    }

    fn integer(&mut self, value: &Value, least: u64, most: u64, at: &At<'_>) -> Option<u64> {
        let Some(number) = value.as_number().filter(|number| number.is_integer()) else {
            return self.refuse(at, "Expected value of type Integer");
        };
        let negative = number.as_f64() < 0.0;
        let value = number.as_i64().and_then(|value| u64::try_from(value).ok());
        match value {
            Some(value) if (least..=most).contains(&value) => Some(value),
            Some(value) if value < least => self.refuse(at, format!("Minimum value is {least}")),
            None if negative => self.refuse(at, format!("Minimum value is {least}")),
            _ => self.refuse(at, format!("Maximum value is {most}")),
        }
    }

    fn number(&mut self, value: &Value, least: f64, most: f64, at: &At<'_>) -> Option<f64> {
        let Some(value) = value.as_f64() else {
            self.wrong_kind(Kind::Number, at);
            return None;
        };
        if value < least {
            return self.refuse(at, format!("Minimum value is {least:?}"));
        }
        if value > most {
            return self.refuse(at, format!("Maximum value is {most:?}"));
        }
        Some(value)
    }

    fn required_true<'v>(&mut self, value: &'v Value, at: &At<'_>) -> Option<Parsed<'v>> {
        self.of_kind(Kind::Boolean, value, at)?;
        match value {
            Value::Bool(true) => Some(Parsed::Json(value)),
            _ => self.refuse(at, "Value should be one of the following: [true]"),
        }
    }

    fn one_of<'v>(&mut self, names: &[&str], text: &Arc<str>, at: &At<'_>) -> Option<Parsed<'v>> {
        if names.contains(&&**text) {
            return Some(Parsed::Text(text.clone()));
        }
        self.refuse(
            at,
            format!(
                "Value should be one of the following: [{}]",
                names.join(", ")
            ),
        )
    }

    fn reference(&mut self, text: &str, at: &At<'_>) -> Option<Path> {
        let path = self.path(text, at)?;
        if path.is_reference() {
            Some(path)
        } else {
            self.refuse(at, NOT_A_REFERENCE)
        }
    }

    /// `ResultPath`: into the state's input, never into the context or a variable.
    fn target(&mut self, text: &str, at: &At<'_>) -> Option<ReferencePath> {
        match ReferencePath::parse(text) {
            Ok(target) if *target.path().root() == Root::Input => Some(target),
            Err(_) if Path::parse(text).is_err() => self.refuse(at, NOT_A_PATH),
            _ => self.refuse(at, NOT_A_REFERENCE),
        }
    }

    fn expression(&mut self, text: &str, at: &At<'_>) -> Option<Expression> {
        let Ok(expression) = Expression::parse(text) else {
            return self.refuse(at, NOT_A_PATH);
        };
        expression.visit_paths(&mut |path| self.variables.path(path, at));
        Some(expression)
    }

    fn timestamp<'v>(&mut self, text: &Arc<str>, at: &At<'_>) -> Option<Parsed<'v>> {
        match timestamp::parse(text) {
            Some(_) => Some(Parsed::Text(text.clone())),
            None => self.refuse(at, "String does not match RFC3339 timestamp"),
        }
    }

    fn resource<'v>(&mut self, text: &Arc<str>, at: &At<'_>) -> Option<Parsed<'v>> {
        match resource::parse(text) {
            Ok(resource) => Some(Parsed::Resource(resource)),
            Err(error) => self.refuse(at, error.to_string()),
        }
    }

    /// Reports a schema error where a value was expected.
    pub(crate) fn refuse<T>(&mut self, at: &At<'_>, message: impl Into<String>) -> Option<T> {
        self.log.schema(at, message);
        None
    }
}

/// Whether the value is meant to be an expression, well closed or not.
fn is_dynamic(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| Written::read(text) != Written::Literal)
}
