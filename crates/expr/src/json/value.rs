//! The JSON value.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::{MAX_DEPTH, Number, Object};

/// An immutable JSON value. A clone copies no text and no tree, it shares them.
///
/// Equality is deep: numbers are equal by value (`1 == 1.0`), objects regardless of their key order.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Any number, exact.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Arc<Vec<Value>>),
    /// An object, in the order of its keys.
    Object(Arc<Object>),
}

/// The JSON type of a value; displayed in lower case (`boolean`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Null => "null",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Array => "array",
            Kind::Object => "object",
        })
    }
}

impl Value {
    /// An array of these items.
    pub fn array(items: Vec<Value>) -> Value {
        Value::Array(Arc::new(items))
    }

    /// A string.
    pub fn string(text: impl Into<Arc<str>>) -> Value {
        Value::String(text.into())
    }

    /// An object; of a repeated key the last value wins, at the place of the first.
    pub fn object(members: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
        Value::Object(Arc::new(members.into_iter().collect()))
    }

    /// An integer.
    pub fn int(value: i64) -> Value {
        Value::Number(Number::from_i64(value))
    }

    /// The JSON type.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Boolean,
            Value::Number(_) => Kind::Number,
            Value::String(_) => Kind::String,
            Value::Array(_) => Kind::Array,
            Value::Object(_) => Kind::Object,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The integer, if the value is written as an integer that fits (`1.0` is not).
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The nearest double of a number.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The member of an object with that key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object().and_then(|members| members.get(key))
    }

    /// Compact JSON without white space, as the service prints it.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write_text(&mut text);
        text
    }

    /// Appends the compact JSON text.
    pub fn write_text(&self, out: &mut String) {
        super::print::write(self, out);
    }

    /// The length of [`Value::to_text`] in bytes, without making it; `None` when it exceeds `limit`.
    ///
    /// A value may print to far more than it takes in memory, because it can share its parts; who
    /// prints one that was put together asks here first.
    pub fn text_length_within(&self, limit: usize) -> Option<usize> {
        super::print::length_within(self, limit)
    }

    /// Whether the value is nested no deeper than [`MAX_DEPTH`], which is what [`super::parse`]
    /// accepts.
    ///
    /// Invariant of the whole system: no deeper value is kept, so that printing, comparing and
    /// dropping (all recursive) cannot exhaust the stack. Evaluations in this crate keep it; who
    /// wraps values in new arrays or objects elsewhere checks it here. Cost: one visit per
    /// container.
    pub fn is_within_depth(&self) -> bool {
        self.fits(MAX_DEPTH, &mut { usize::MAX })
    }

    /// Whether at most `depth` containers are nested in each other and at most `parts` values are
    /// in them all, counting shared ones each time; `parts` becomes what is left, 0 when exceeded.
    pub(crate) fn fits(&self, depth: usize, parts: &mut usize) -> bool {
        let length = match self {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => return true,
        };
        let Some(left) = parts.checked_sub(length) else {
            *parts = 0;
            return false;
        };
        *parts = left;
        depth > 0 && self.children().all(|child| child.fits(depth - 1, parts))
    }

    /// The values directly inside.
    pub(crate) fn children(&self) -> Children<'_> {
        match self {
            Value::Array(items) => Children::Items(items.iter()),
            Value::Object(members) => Children::Members(members.values()),
            _ => Children::Items([].iter()),
        }
    }
}

/// See [`Value::children`].
pub(crate) enum Children<'v> {
    Items(std::slice::Iter<'v, Value>),
    Members(super::object::Values<'v>),
}

impl<'v> Iterator for Children<'v> {
    type Item = &'v Value;

    fn next(&mut self) -> Option<&'v Value> {
        match self {
            Children::Items(items) => items.next(),
            Children::Members(members) => members.next(),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => Arc::ptr_eq(a, b) || a == b,
            (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

/// Agrees with equality: equal numbers and reordered objects hash alike.
impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Value::Null => {}
            Value::Bool(value) => value.hash(state),
            Value::Number(number) => number.hash(state),
            Value::String(text) => text.hash(state),
            Value::Array(items) => items.hash(state),
            Value::Object(members) => hash_members(members).hash(state),
        }
    }
}

fn hash_members(members: &Object) -> u64 {
    members.iter().fold(0, |sum, member| {
        let mut hasher = DefaultHasher::new();
        member.hash(&mut hasher);
        sum.wrapping_add(hasher.finish())
    })
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::string(text)
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Value {
        Value::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::int(value)
    }
}
