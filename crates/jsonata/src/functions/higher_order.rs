//! Functions that call functions.

use std::rc::Rc;

use super::argument;
use crate::error::Error;
use crate::eval::{Function, Machine, Outcome};
use crate::value::{Array, Item, Members};

/// Calls a function with as many of the arguments as it takes, but at least the first.
fn call(machine: &mut Machine<'_>, function: &Rc<Function>, mut arguments: Vec<Item>) -> Outcome {
    arguments.truncate(function.arity().max(1));
    machine.apply(function, arguments, &Item::Null)
}

/// The array and the function that most of these take; `None` when there is no array.
fn operands(arguments: &[Item]) -> Option<(&Array, &Rc<Function>)> {
    Some((
        argument(arguments, 0).as_array()?,
        argument(arguments, 1).as_function()?,
    ))
}

/// Calls a function with each item, its index and the array.
fn each_item(
    machine: &mut Machine<'_>,
    array: &Array,
    function: &Rc<Function>,
    visit: &mut dyn FnMut(&mut Machine<'_>, Item, Item) -> Outcome<bool>,
) -> Outcome<()> {
    for (index, item) in array.iter().enumerate() {
        machine.work(1)?;
        let arguments = vec![item.clone(), Item::count(index), Item::Array(array.clone())];
        let result = call(machine, function, arguments)?;
        if !visit(machine, item, result)? {
            break;
        }
    }
    Ok(())
}

pub(super) fn map(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some((array, function)) = operands(arguments) else {
        return Ok(Item::Undefined);
    };
    let mut mapped = Vec::new();
    each_item(machine, array, function, &mut |_, _, result| {
        if !result.is_undefined() {
            mapped.push(result);
        }
        Ok(true)
    })?;
    machine.sequence(mapped)
}

pub(super) fn filter(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some((array, function)) = operands(arguments) else {
        return Ok(Item::Undefined);
    };
    let mut kept = Vec::new();
    each_item(machine, array, function, &mut |machine, item, result| {
        if machine.truth(&result)? {
            kept.push(item);
        }
        Ok(true)
    })?;
    machine.sequence(kept)
}

pub(super) fn single(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Item::Array(array) = argument(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let mut found = Vec::new();
    match argument(arguments, 1) {
        Item::Function(function) => {
            each_item(machine, array, function, &mut |machine, item, result| {
                if machine.truth(&result)? {
                    found.push(item);
                }
                Ok(found.len() < 2)
            })?
        }
        _ => found.extend(array.iter().take(2)),
    }
    match found.len() {
        0 => Err(Error::of("D3139")),
        1 => Ok(found.remove(0)),
        _ => Err(Error::of("D3138")),
    }
}

pub(super) fn reduce(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some((array, function)) = operands(arguments) else {
        return Ok(Item::Undefined);
    };
    if function.arity() < 2 {
        return Err(Error::of("D3050"));
    }
    let (mut result, start) = match argument(arguments, 2) {
        Item::Undefined => (array.get(0).unwrap_or_default(), 1),
        initial => (initial.clone(), 0),
    };
    for (index, item) in array.iter().enumerate().skip(start) {
        machine.work(1)?;
        let arguments = vec![result, item, Item::count(index), Item::Array(array.clone())];
        result = call(machine, function, arguments)?;
    }
    Ok(result)
}

pub(super) fn each(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let (object, function) = (argument(arguments, 0), argument(arguments, 1));
    let (Item::Object(members), Item::Function(function)) = (object, function) else {
        return Ok(Item::Undefined);
    };
    machine.make_members(members.len())?;
    let mut results = Vec::new();
    for (key, item) in members.entries() {
        let result = call(
            machine,
            function,
            vec![item, Item::String(key), object.clone()],
        )?;
        if !result.is_undefined() {
            results.push(result);
        }
    }
    machine.refund_members(members.len());
    machine.sequence(results)
}

pub(super) fn sift(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let (object, function) = (argument(arguments, 0), argument(arguments, 1));
    let (Item::Object(members), Item::Function(function)) = (object, function) else {
        return Ok(Item::Undefined);
    };
    machine.hash_keys(members)?;
    machine.make_members(members.len().saturating_mul(2))?;
    let mut kept = Members::new();
    for (key, item) in members.entries() {
        let arguments = vec![item.clone(), Item::String(key.clone()), object.clone()];
        let result = call(machine, function, arguments)?;
        if machine.truth(&result)? {
            kept.insert(key, item);
        }
    }
    machine.refund_members(members.len().saturating_mul(2));
    match kept.is_empty() {
        true => Ok(Item::Undefined),
        false => machine.object(kept),
    }
}

pub(super) fn sort(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let array = match argument(arguments, 0) {
        Item::Array(array) if array.len() > 1 => array,
        other => return Ok(other.clone()),
    };
    // Merging takes a copy of the halves for a moment.
    machine.make_items(array.len().saturating_mul(3))?;
    let items: Vec<Item> = array.iter().collect();
    let sorted = match argument(arguments, 1) {
        Item::Function(comparator) => machine.merge_sort(items, &mut |machine, a, b| {
            let arguments = vec![a.clone(), b.clone()];
            let after = machine.apply(comparator, arguments, &Item::Null)?;
            Ok(is_truthy(&after))
        })?,
        _ => sort_alike(machine, items)?,
    };
    machine.refund_items(array.len().saturating_mul(3));
    Ok(Item::Array(machine.array(sorted)?))
}

/// Numbers or strings in their own order.
fn sort_alike(machine: &mut Machine<'_>, items: Vec<Item>) -> Outcome<Vec<Item>> {
    let mut numbers = true;
    for item in &items {
        numbers &= machine.number(item)?.is_some();
    }
    if numbers {
        return machine.merge_sort(items, &mut |_, a, b| Ok(a.as_f64() > b.as_f64()));
    }
    if items.iter().any(|item| item.as_str().is_none()) {
        return Err(Error::of("D3070"));
    }
    machine.merge_sort(items, &mut |machine, a, b| {
        let (a, b) = (a.as_str().unwrap_or(""), b.as_str().unwrap_or(""));
        machine.read(a.len().min(b.len()))?;
        Ok(crate::eval::compare_text(a, b).is_gt())
    })
}

/// What JavaScript takes for true, which is how a comparator's answer is read.
fn is_truthy(item: &Item) -> bool {
    match item {
        Item::Undefined | Item::Null => false,
        Item::Bool(value) => *value,
        Item::String(text) => !text.is_empty(),
        Item::Number(_) | Item::Exact(_) => item
            .as_f64()
            .is_some_and(|number| number != 0.0 && !number.is_nan()),
        Item::Array(_) | Item::Object(_) | Item::Function(_) | Item::Tuples(_) => true,
    }
}
