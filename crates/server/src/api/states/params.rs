//! A request's members, read: their types and the constraints of the model.
//!
//! Order of checks, measured on AWS (spec api.md 0.1): types, then the shape of ARNs, then the constraints of the
//! model, and only then what an operation itself looks at.

use aws::ApiError;
use aws::validate::Violations;
use serde_json::{Map, Value};

use super::model::{Kind, Member};
use super::{arns, errors, reading, routing};

/// A member of a nested structure, checked for its type; missing and null are none.
pub(super) fn nested<'v>(
    value: &'v Value,
    name: &str,
    is: fn(&Value) -> bool,
    wanted: &str,
) -> Result<Option<&'v Value>, ApiError> {
    let found = value.get(name).filter(|found| !found.is_null());
    found
        .map(|found| typed(found, name, is, wanted))
        .transpose()
}

/// The value, if it has the type.
pub(super) fn typed<'v>(
    value: &'v Value,
    name: &str,
    is: fn(&Value) -> bool,
    wanted: &str,
) -> Result<&'v Value, ApiError> {
    match is(value) {
        true => Ok(value),
        false => Err(errors::serialization(format!(
            "{} can not be converted to a {wanted} at '{name}'",
            json_type(value)
        ))),
    }
}

/// A text member of a nested structure.
pub(super) fn nested_text<'v>(value: &'v Value, name: &str) -> Result<Option<&'v str>, ApiError> {
    Ok(nested(value, name, Value::is_string, "String")?.and_then(Value::as_str))
}

/// A boolean member of a nested structure; missing is false.
pub(super) fn nested_boolean(value: &Value, name: &str) -> Result<bool, ApiError> {
    let found = nested(value, name, Value::is_boolean, "Boolean")?;
    Ok(found.and_then(Value::as_bool).unwrap_or(false))
}

/// A list member of a nested structure; missing is empty.
pub(super) fn nested_list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], ApiError> {
    let found = nested(value, name, Value::is_array, "list")?;
    Ok(found
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default())
}

/// A request whose members have the types and obey the constraints of the model.
#[derive(Debug)]
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Reads and checks a body.
    pub(super) fn read(body: &[u8], members: &[Member]) -> Result<Params, ApiError> {
        let params = Params(reading::members(body, members)?);
        for member in members {
            params.check_type(member)?;
        }
        for member in members
            .iter()
            .filter(|member| matches!(member.kind, Kind::Arn(_)))
        {
            params
                .text(member.name)
                .map_or(Ok(()), arns::check_prefix)?;
        }
        let mut violations = Violations::default();
        for member in members {
            params.check_constraints(member, &mut violations);
        }
        violations.check(errors::validation)?;
        Ok(params)
    }

    /// What they take, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.0.values().map(bytes).sum()
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text member.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// A text member that the model requires.
    pub(super) fn required(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// An integer member.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_i64()
    }

    /// A number member.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.value(name)?.as_f64()
    }

    /// A boolean member.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    /// A structure or list member.
    pub(super) fn structure(&self, name: &str) -> Option<&Value> {
        self.value(name)
    }

    fn check_type(&self, member: &Member) -> Result<(), ApiError> {
        let Some(value) = self.value(member.name) else {
            return Ok(());
        };
        let (fits, wanted) = match member.kind {
            Kind::Text(..)
            | Kind::AliasName
            | Kind::ClientToken
            | Kind::Arn(_)
            | Kind::Data(_)
            | Kind::Enum(_) => (value.is_string(), "String"),
            Kind::Integer(..) => (value.is_i64(), "Integer"),
            Kind::Number(..) => (value.is_number(), "Float"),
            Kind::Boolean => (value.is_boolean(), "Boolean"),
            Kind::Structure => (value.is_object(), "structure"),
            Kind::List | Kind::Routing => (value.is_array(), "list"),
        };
        match fits {
            true if matches!(member.kind, Kind::Routing) => routing::check_types(value),
            true => Ok(()),
            false => Err(errors::serialization(format!(
                "{} can not be converted to a {wanted} at '{}'",
                json_type(value),
                member.name
            ))),
        }
    }

    fn check_constraints(&self, member: &Member, violations: &mut Violations) {
        let Some(value) = self.value(member.name) else {
            if member.required {
                violations.required::<()>(member.name, None);
            }
            return;
        };
        let text = value.as_str().unwrap_or_default();
        match member.kind {
            Kind::Text(min, max) => violations.length(member.name, text, min, max),
            Kind::AliasName => routing::check_alias_name(member.name, text, violations),
            Kind::ClientToken => {
                let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
                violations.length(member.name, text, 1, 64);
                violations.pattern(member.name, text, "[!-~]+", visible && !text.is_empty());
            }
            Kind::Routing => routing::check_constraints(member.name, value, violations),
            Kind::Arn(max) => violations.length(member.name, text, 1, max),
            Kind::Data(max) => violations.bytes(member.name, text, max),
            Kind::Integer(min, max) => {
                violations.range(member.name, value.as_i64().unwrap_or_default(), min, max)
            }
            Kind::Enum(set) => violations.one_of(member.name, text, set),
            Kind::Number(min, max) => {
                violations.number(member.name, value.as_f64().unwrap_or_default(), min, max)
            }
            Kind::Boolean | Kind::Structure | Kind::List => {}
        }
    }
}

fn bytes(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| name.len() + bytes(value))
            .sum(),
        _ => 0,
    };
    size_of::<Value>() + inside
}

/// As the service's parser calls them.
pub(super) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}
