//! A value of an evaluation.

use std::rc::Rc;
use std::sync::Arc;

use expr::Value;
use expr::json::Number;

use super::{Array, Object};
use crate::eval::Function;

/// A value of an evaluation. A clone copies no text and no tree.
#[derive(Clone, Debug, Default)]
pub(crate) enum Item {
    /// Nothing.
    #[default]
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    /// A number of a document that a double does not hold, or that is written in its own way.
    Exact(Number),
    String(Arc<str>),
    Array(Array),
    Object(Object),
    Function(Rc<Function>),
    /// A tuple stream on its way from one path to the one around it.
    Tuples(Rc<Vec<Tuple>>),
}

/// A value with the variables that were bound on the way to it.
#[derive(Clone, Debug)]
pub(crate) struct Tuple {
    pub(crate) item: Item,
    pub(crate) bindings: Vec<(Arc<str>, Item)>,
}

impl Tuple {
    /// Sets a variable.
    pub(crate) fn bind(&mut self, name: &Arc<str>, item: Item) {
        match self.bindings.iter_mut().find(|(known, _)| known == name) {
            Some((_, place)) => *place = item,
            None => self.bindings.push((name.clone(), item)),
        }
    }
}

impl Item {
    /// A string.
    pub(crate) fn string(text: impl Into<Arc<str>>) -> Item {
        Item::String(text.into())
    }

    /// An index or a count.
    pub(crate) fn count(count: usize) -> Item {
        Item::Number(count as f64)
    }

    pub(crate) fn is_undefined(&self) -> bool {
        matches!(self, Item::Undefined)
    }

    /// The number as a double; `None` for what is no number.
    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Item::Number(number) => Some(*number),
            Item::Exact(number) => Some(number.as_f64()),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Item::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&Array> {
        match self {
            Item::Array(array) => Some(array),
            _ => None,
        }
    }

    pub(crate) fn as_function(&self) -> Option<&Rc<Function>> {
        match self {
            Item::Function(function) => Some(function),
            _ => None,
        }
    }

    /// The document itself where it was wrapped to be one context (see [`Array::wrapper`]).
    pub(crate) fn unwrapped(&self) -> Item {
        match self {
            Item::Array(array) if array.is_wrapper() => array.get(0).unwrap_or_default(),
            other => other.clone(),
        }
    }

    /// How deep containers that were made by the evaluation are nested in it.
    pub(crate) fn nesting(&self) -> u16 {
        match self {
            Item::Array(array) => array.nesting(),
            Item::Object(object) => object.nesting(),
            _ => 0,
        }
    }

    /// Whether there is a function somewhere in it.
    pub(crate) fn holds_function(&self) -> bool {
        match self {
            Item::Function(_) | Item::Tuples(_) => true,
            Item::Array(array) => array.holds_function(),
            Item::Object(object) => object.holds_function(),
            _ => false,
        }
    }
}

impl From<&Value> for Item {
    fn from(value: &Value) -> Item {
        match value {
            Value::Null => Item::Null,
            Value::Bool(value) => Item::Bool(*value),
            Value::Number(number) => from_number(number),
            Value::String(text) => Item::String(text.clone()),
            Value::Array(items) => Item::Array(Array::document(items.clone())),
            Value::Object(members) => Item::Object(Object::Document(members.clone())),
        }
    }
}

fn from_number(number: &Number) -> Item {
    /// A double holds every integer up to here.
    const EXACT: u64 = 1 << 53;
    match number.as_i64() {
        Some(integer) if integer.unsigned_abs() <= EXACT => Item::Number(integer as f64),
        _ => Item::Exact(number.clone()),
    }
}
