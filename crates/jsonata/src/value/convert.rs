//! From a value of an evaluation to a JSON value.

use std::sync::Arc;

use expr::Value;
use expr::json::Number;

use super::{Item, Object, grow};

/// Why there is no JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unprintable<E> {
    /// It is or holds a function.
    Function,
    /// A number is infinite or not a number.
    NotFinite,
    /// `pay` refused.
    Unpaid(E),
}

/// An array or object that is about to be made, with its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    Array(usize),
    Object(usize),
}

/// Pays for it.
type Pay<'p, E> = dyn FnMut(Made) -> Result<(), E> + 'p;

/// The JSON value. Parts of documents are shared, not copied. `Undefined` in an array is null.
///
/// What the evaluation shares is made once for each place it is in, so every container is paid for.
/// Recursion is bounded, because values are ([`super::MAX_NESTING`]).
pub(crate) fn to_value<E>(item: &Item, pay: &mut Pay<'_, E>) -> Result<Value, Unprintable<E>> {
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
            None => list(array.len(), array.iter(), pay)?,
        },
        Item::Object(Object::Document(members)) => Value::Object(members.clone()),
        Item::Object(own) => Value::Object(Arc::new(object(own, pay)?)),
        Item::Tuples(tuples) => list(
            tuples.len(),
            tuples.iter().map(|tuple| tuple.item.clone()),
            pay,
        )?,
        Item::Function(_) => return Err(Unprintable::Function),
    })
}

fn list<E>(
    length: usize,
    items: impl Iterator<Item = Item>,
    pay: &mut Pay<'_, E>,
) -> Result<Value, Unprintable<E>> {
    pay(Made::Array(length)).map_err(Unprintable::Unpaid)?;
    let mut values = Vec::with_capacity(length);
    for item in items {
        values.push(deeper(&item, pay)?);
    }
    Ok(Value::array(values))
}

fn deeper<E>(item: &Item, pay: &mut Pay<'_, E>) -> Result<Value, Unprintable<E>> {
    match item {
        Item::Array(_) | Item::Object(_) => grow(|| to_value(item, pay)),
        scalar => to_value(scalar, pay),
    }
}

fn object<E>(own: &Object, pay: &mut Pay<'_, E>) -> Result<expr::json::Object, Unprintable<E>> {
    pay(Made::Object(own.len())).map_err(Unprintable::Unpaid)?;
    let mut members = expr::json::Object::with_capacity(own.len());
    for (key, item) in own.members().iter().flat_map(|members| members.iter()) {
        if !item.is_undefined() {
            members.insert(key.clone(), deeper(item, pay)?);
        }
    }
    Ok(members)
}
