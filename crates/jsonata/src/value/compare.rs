//! Equality.

use super::{Array, Item, Object, grow};

/// Deep equality: numbers as doubles, objects regardless of the order of their keys, functions only
/// with themselves. `visit` is asked for every pair of values and may stop the comparison.
pub(crate) fn equal<E>(
    a: &Item,
    b: &Item,
    visit: &mut dyn FnMut() -> Result<(), E>,
) -> Result<bool, E> {
    visit()?;
    Ok(match (a, b) {
        (Item::Undefined, Item::Undefined) | (Item::Null, Item::Null) => true,
        (Item::Bool(a), Item::Bool(b)) => a == b,
        (Item::Number(_) | Item::Exact(_), Item::Number(_) | Item::Exact(_)) => {
            a.as_f64() == b.as_f64()
        }
        (Item::String(a), Item::String(b)) => a == b,
        (Item::Array(a), Item::Array(b)) => return grow(|| equal_arrays(a, b, visit)),
        (Item::Object(a), Item::Object(b)) => return grow(|| equal_objects(a, b, visit)),
        (Item::Function(a), Item::Function(b)) => std::rc::Rc::ptr_eq(a, b),
        _ => false,
    })
}

fn equal_arrays<E>(
    a: &Array,
    b: &Array,
    visit: &mut dyn FnMut() -> Result<(), E>,
) -> Result<bool, E> {
    if a.is_same(b) {
        return Ok(true);
    }
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.iter().zip(b.iter()) {
        if !equal(&a, &b, visit)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_objects<E>(
    a: &Object,
    b: &Object,
    visit: &mut dyn FnMut() -> Result<(), E>,
) -> Result<bool, E> {
    if a.is_same(b) {
        return Ok(true);
    }
    if a.len() != b.len() {
        return Ok(false);
    }
    for (key, item) in a.entries() {
        let Some(other) = b.get(&key) else {
            return Ok(false);
        };
        if !equal(&item, &other, visit)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The hash that goes with [`equal`] for values that are no containers; containers hash by size.
pub(crate) fn shallow_hash(item: &Item) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    match item {
        Item::Bool(value) => value.hash(&mut hasher),
        Item::String(text) => text.hash(&mut hasher),
        Item::Array(array) => {
            array.len().hash(&mut hasher);
            let first = array.get(0).and_then(|first| first.as_f64());
            first
                .map(|number| (number + 0.0).to_bits())
                .hash(&mut hasher);
        }
        Item::Object(object) => object.len().hash(&mut hasher),
        other => match other.as_f64() {
            Some(number) => (number + 0.0).to_bits().hash(&mut hasher),
            None => std::mem::discriminant(other).hash(&mut hasher),
        },
    }
    hasher.finish()
}
