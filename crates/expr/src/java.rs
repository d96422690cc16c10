//! Java's view of a value, where the service lets it shine through.
//!
//! The service is written in Java and works on `Map`, `List`, `String`, numbers and null. Recorded:
//! `States.Format` prints an object as `{Arg1=1, Arg2=[]}` (`Map.toString`), and the computed members
//! of a payload template come in the iteration order of a `HashMap`. Measured: `States.ArrayUnique`
//! gives `[[2,1],[1,2]]` for `[[1,2],[1,2],[2,1]]` (the order of a `HashSet`), and
//! `States.ArrayContains` finds the string `"true"` when looking for `true`.

use std::hash::{Hash, Hasher};

use crate::Value;
use crate::budget::{Budget, Spent};

/// `String.valueOf`: strings as they are, null as `null`, lists as `[1, a]`, objects as `{k=v}`.
pub(crate) fn to_text(value: &Value, budget: &mut Budget) -> Result<String, Spent> {
    let mut text = String::new();
    write(value, &mut text, budget.bytes())?;
    budget.text(text.len())?;
    Ok(text)
}

fn write(value: &Value, out: &mut String, limit: usize) -> Result<(), Spent> {
    if out.len() > limit {
        return Err(Spent);
    }
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                write(item, out, limit)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (place, (key, item)) in members.iter().enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                out.push_str(key);
                out.push('=');
                write(item, out, limit)?;
            }
            out.push('}');
        }
        scalar => scalar.write_text(out),
    }
    Ok(())
}

/// `String.hashCode`.
pub(crate) fn string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(unit.into())
    })
}

/// `hashCode` of the object that a value is in Java.
pub(crate) fn value_hash(value: &Value) -> i32 {
    match value {
        Value::Null => 0,
        Value::Bool(true) => 1231,
        Value::Bool(false) => 1237,
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer_hash(integer),
            None => fold(number.as_f64().to_bits()),
        },
        Value::String(text) => string_hash(text),
        Value::Array(items) => items.iter().fold(1_i32, |hash, item| {
            hash.wrapping_mul(31).wrapping_add(value_hash(item))
        }),
        Value::Object(members) => members.iter().fold(0_i32, |hash, (key, item)| {
            hash.wrapping_add(string_hash(key) ^ value_hash(item))
        }),
    }
}

/// `Integer.hashCode` where it fits, else `Long.hashCode`.
fn integer_hash(integer: i64) -> i32 {
    i32::try_from(integer).unwrap_or_else(|_| fold(integer as u64))
}

fn fold(bits: u64) -> i32 {
    (bits ^ (bits >> 32)) as i32
}

/// The buckets of a `HashMap` to which that many entries were added one by one.
pub(crate) fn buckets_grown(entries: usize) -> usize {
    entries
        .saturating_mul(4)
        .div_ceil(3)
        .max(16)
        .next_power_of_two()
}

/// The buckets of a `HashSet` that was made from a collection of that size.
pub(crate) fn buckets_made(collection: usize) -> usize {
    (collection.saturating_mul(4) / 3 + 1)
        .max(16)
        .next_power_of_two()
}

/// Puts distinct items into the order in which a `HashMap` or `HashSet` with that many buckets
/// iterates over them: by bucket, then as they were inserted.
pub(crate) fn hash_order<T>(items: &mut [T], buckets: usize, hash: impl Fn(&T) -> i32) {
    let mask = buckets as u32 - 1;
    items.sort_by_cached_key(|item| {
        let hash = hash(item) as u32;
        (hash ^ (hash >> 16)) & mask
    });
}

/// A value with Java's `equals`, which tells 1 from 1.0.
#[derive(Clone, Copy)]
pub(crate) struct ByJava<'v>(pub(crate) &'v Value);

impl PartialEq for ByJava<'_> {
    fn eq(&self, other: &ByJava<'_>) -> bool {
        equals(self.0, other.0)
    }
}

impl Eq for ByJava<'_> {}

impl Hash for ByJava<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // What Java calls equal is equal here too. (The reverse does not hold, nor need it.)
        self.0.hash(state);
    }
}

fn equals(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.is_integer() == b.is_integer() && a == b,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equals(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same = |(key, value)| b.get(key).is_some_and(|other| equals(value, other));
            a.len() == b.len() && a.iter().map(|(key, value)| (&**key, value)).all(same)
        }
        _ => a == b,
    }
}
