//! `States.Array`, `States.ArrayPartition`, `States.ArrayContains`, `States.ArrayRange`,
//! `States.ArrayGetItem`, `States.ArrayLength`, `States.ArrayUnique`.

use std::collections::HashSet;

use super::{Evaluation, Failure, invalid, math};
use crate::Value;
use crate::java::{self, ByJava};

/// The most items of a range (spec: quotas.md).
const MAX_RANGE: usize = 1000;

/// `States.Array(item...)`
pub(super) fn array(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    evaluation.budget.items(arguments.len())?;
    Ok(Value::array(arguments.to_vec()))
}

/// `States.ArrayPartition(array, size)`; a fraction of the size is cut off (measured: 2.6 is 2).
pub(super) fn partition(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let items = items(&arguments[0])?;
    let size = math::truncated(&arguments[1])?;
    let size = usize::try_from(size)
        .ok()
        .filter(|size| *size > 0)
        .ok_or_else(invalid)?;
    evaluation.budget.items(items.len().saturating_mul(2))?;
    Ok(Value::array(
        items
            .chunks(size)
            .map(|chunk| Value::array(chunk.to_vec()))
            .collect(),
    ))
}

/// `States.ArrayContains(array, value)`. Values are compared by their text, as measured: looking for
/// `true` finds `"true"`, and `{"a":1,"b":2}` is not found in `[{"b":2,"a":1}]`.
pub(super) fn contains(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let items = items(&arguments[0])?;
    let wanted = java::to_text(&arguments[1], evaluation.budget)?;
    for item in items {
        evaluation.budget.visit(1)?;
        if java::to_text(item, evaluation.budget)? == wanted {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

/// `States.ArrayRange(first, last, step)`, `last` included. Fractions are cut off (measured:
/// `(5.4, -0.6, -2.4)` is `[5,3,1]`); at most 1,000 items, the step not 0.
pub(super) fn range(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let first = math::truncated(&arguments[0])?;
    let last = math::truncated(&arguments[1])?;
    let step = math::truncated(&arguments[2])?;
    let inside = |value: &i64| {
        if step > 0 {
            *value <= last
        } else {
            *value >= last
        }
    };
    if step == 0 {
        return Err(invalid());
    }
    let next = |value: &i64| value.checked_add(step).filter(inside);
    let numbers = std::iter::successors(Some(first).filter(inside), next);
    let numbers: Vec<Value> = numbers.take(MAX_RANGE + 1).map(Value::int).collect();
    if numbers.len() > MAX_RANGE {
        return Err(invalid());
    }
    evaluation.budget.items(numbers.len())?;
    Ok(Value::array(numbers))
}

/// `States.ArrayGetItem(array, index)`, from 0; a fraction is cut off. An index outside is an error,
/// except that an empty array has null everywhere (measured).
pub(super) fn get_item(arguments: &[Value], _: &mut Evaluation<'_>) -> Result<Value, Failure> {
    let items = items(&arguments[0])?;
    let index = math::truncated(&arguments[1])?;
    if items.is_empty() {
        return Ok(Value::Null);
    }
    let item = usize::try_from(index)
        .ok()
        .and_then(|index| items.get(index));
    item.cloned().ok_or_else(invalid)
}

/// `States.ArrayLength(array)`
pub(super) fn length(arguments: &[Value], _: &mut Evaluation<'_>) -> Result<Value, Failure> {
    let length = items(&arguments[0])?.len();
    Ok(Value::int(i64::try_from(length).map_err(|_| invalid())?))
}

/// `States.ArrayUnique(array)`. The service keeps the items in a Java `HashSet`, whose order shows:
/// `[true,false]` becomes `[false,true]` (measured); small integers and letters stay in order.
pub(super) fn unique(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let items = items(&arguments[0])?;
    evaluation.budget.items(items.len().saturating_mul(2))?;
    let mut seen = HashSet::with_capacity(items.len());
    let mut unique: Vec<Value> = items
        .iter()
        .filter(|item| seen.insert(ByJava(item)))
        .cloned()
        .collect();
    java::hash_order(
        &mut unique,
        java::buckets_made(items.len()),
        java::value_hash,
    );
    Ok(Value::array(unique))
}

fn items(value: &Value) -> Result<&[Value], Failure> {
    value.as_array().ok_or_else(invalid)
}
