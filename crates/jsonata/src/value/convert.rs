//! From a value of an evaluation to a JSON value.

use std::sync::Arc;

use expr::Value;
use expr::json::Number;

use super::{Item, Object};

/// Why there is no JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unprintable {
    /// It is or holds a function.
    Function,
    /// A number is infinite or not a number.
    NotFinite,
}

/// The JSON value. Parts of documents are shared, not copied. `Undefined` in an array is null.
///
/// Recursion is bounded, because values are ([`super::MAX_NESTING`]).
pub(crate) fn to_value(item: &Item) -> Result<Value, Unprintable> {
    Ok(match item {
        Item::Undefined | Item::Null => Value::Null,
        Item::Bool(value) => Value::Bool(*value),
        Item::Number(number) => {
            Value::Number(Number::from_f64(*number).ok_or(Unprintable::NotFinite)?)
        }
        Item::Exact(number) => Value::Number(number.clone()),
        Item::String(text) => Value::String(text.clone()),
        Item::Array(array) => match array.as_document() {
            Some(items) => Value::Array(items.clone()),
            None => {
                let items: Result<Vec<Value>, _> = array.iter().map(|item| to_value(&item)).collect();
                Value::array(items?)
            }
        },
        Item::Object(Object::Document(members)) => Value::Object(members.clone()),
        Item::Object(own) => Value::Object(Arc::new(object(own)?)),
        Item::Tuples(tuples) => {
            let items: Result<Vec<Value>, _> =
                tuples.iter().map(|tuple| to_value(&tuple.item)).collect();
            Value::array(items?)
        }
        Item::Function(_) => return Err(Unprintable::Function),
    })
}

fn object(own: &Object) -> Result<expr::json::Object, Unprintable> {
    let mut members = expr::json::Object::with_capacity(own.len());
    for (key, item) in own.members().iter().flat_map(|members| members.iter()) {
        if !item.is_undefined() {
            members.insert(key.clone(), to_value(item)?);
        }
    }
    Ok(members)
}
