//! Equality.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Array, Item, Object, grow};

/// Deep equality: numbers as doubles, objects regardless of the order of their keys, functions only
/// with themselves. `visit` is asked for every pair of values, with the bytes of text that are about to
/// be compared, and may stop the comparison.
pub(crate) fn equal<E>(
    a: &Item,
    b: &Item,
    visit: &mut dyn FnMut(usize) -> Result<(), E>,
) -> Result<bool, E> {
    visit(text_bytes(a, b))?;
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

/// The bytes that tell whether two texts are the same; those of different lengths are not.
pub(crate) fn text_bytes(a: &Item, b: &Item) -> usize {
    match (a, b) {
        (Item::String(a), Item::String(b)) if a.len() == b.len() => a.len(),
        _ => 0,
    }
}

fn equal_arrays<E>(
    a: &Array,
    b: &Array,
    visit: &mut dyn FnMut(usize) -> Result<(), E>,
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
    visit: &mut dyn FnMut(usize) -> Result<(), E>,
) -> Result<bool, E> {
    if a.is_same(b) {
        return Ok(true);
    }
    if a.len() != b.len() {
        return Ok(false);
    }
    // All members are collected, whichever is the first that differs.
    visit(a.len().saturating_mul(MEMBER_WORK))?;
    for (key, item) in a.entries() {
        visit(key.len())?;
        let Some(other) = b.get(&key) else {
            return Ok(false);
        };
        if !equal(&item, &other, visit)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many values [`shallow_hash`] looks at.
pub(crate) fn hashed(item: &Item) -> usize {
    match item {
        Item::Array(array) => array.len().min(HASHED_ITEMS) + 1,
        Item::Object(object) if object.len() <= HASHED_MEMBERS => object.len() + 1,
        _ => 1,
    }
}

/// The hash that goes with [`equal`]: of the beginnings of texts and of the first level of small
/// containers. Looks at a few dozen values at most.
pub(crate) fn shallow_hash(item: &Item) -> u64 {
    match item {
        Item::Array(array) => {
            let mut hasher = DefaultHasher::new();
            array.len().hash(&mut hasher);
            for item in array.iter().take(HASHED_ITEMS) {
                scalar_hash(&item).hash(&mut hasher);
            }
            hasher.finish()
        }
        Item::Object(object) if object.len() <= HASHED_MEMBERS => {
            let mut sum = object.len() as u64;
            // The order of the members does not count.
            object.each(&mut |key, item| {
                let mut hasher = DefaultHasher::new();
                hash_text(key, &mut hasher);
                scalar_hash(&item).hash(&mut hasher);
                sum = sum.wrapping_add(hasher.finish());
            });
            sum
        }
        scalar => scalar_hash(scalar),
    }
}

/// To take a member out of an object is as much work as to compare so many bytes.
const MEMBER_WORK: usize = 16;
/// Items and members that a hash looks at.
const HASHED_ITEMS: usize = 8;
const HASHED_MEMBERS: usize = 32;
/// Bytes of a text at either end that a hash looks at.
const HASHED_TEXT: usize = 64;

/// The hash of a value that is no container; containers hash by size.
fn scalar_hash(item: &Item) -> u64 {
    let mut hasher = DefaultHasher::new();
    match item {
        Item::Bool(value) => value.hash(&mut hasher),
        Item::String(text) => hash_text(text, &mut hasher),
        Item::Array(array) => array.len().hash(&mut hasher),
        Item::Object(object) => object.len().hash(&mut hasher),
        other => match other.as_f64() {
            Some(number) => (number + 0.0).to_bits().hash(&mut hasher),
            None => std::mem::discriminant(other).hash(&mut hasher),
        },
    }
    hasher.finish()
}

fn hash_text(text: &str, hasher: &mut DefaultHasher) {
    let bytes = text.as_bytes();
    bytes.len().hash(hasher);
    bytes[..bytes.len().min(HASHED_TEXT)].hash(hasher);
    bytes[bytes.len().saturating_sub(HASHED_TEXT)..].hash(hasher);
}
