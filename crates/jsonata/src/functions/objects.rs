//! Objects.

use super::argument;
use crate::eval::{Machine, Outcome};
use crate::value::{Array, Item, Members, Object, grow};

pub(super) fn keys(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let mut found = Members::new();
    collect_keys(machine, argument(arguments, 0), &mut found)?;
    machine.refund_members(found.len());
    let keys = found.into_keys().map(Item::String).collect();
    machine.sequence(keys)
}

fn collect_keys(machine: &mut Machine<'_>, item: &Item, found: &mut Members) -> Outcome<()> {
    match item {
        Item::Object(object) => {
            machine.hash_keys(object)?;
            machine.make_members(object.len())?;
            let before = found.len();
            object.each(&mut |key, _| {
                found.insert(key.clone(), Item::Null);
            });
            machine.refund_members(object.len() - (found.len() - before));
            Ok(())
        }
        Item::Array(array) => {
            machine.visit(array.len())?;
            array
                .iter()
                .try_for_each(|item| grow(|| collect_keys(machine, &item, found)))
        }
        _ => Ok(()),
    }
}

pub(super) fn lookup(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    match argument(arguments, 1) {
        Item::String(key) => machine.lookup(argument(arguments, 0), key),
        _ => Ok(Item::Undefined),
    }
}

/// Every member as an object of its own.
pub(super) fn spread(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    match argument(arguments, 0) {
        Item::Array(array) => {
            let mut spread = Vec::new();
            spread_items(machine, array, &mut spread)?;
            let is_empty = array.is_empty();
            let made = machine.gathered(spread)?;
            Ok(Item::Array(if is_empty {
                made.into_sequence()
            } else {
                made
            }))
        }
        Item::Object(object) => {
            let mut spread = Vec::new();
            spread_object(machine, object, &mut spread)?;
            Ok(Item::Array(machine.gathered(spread)?.into_sequence()))
        }
        other => Ok(other.clone()),
    }
}

fn spread_items(machine: &mut Machine<'_>, array: &Array, spread: &mut Vec<Item>) -> Outcome<()> {
    machine.visit(array.len())?;
    for item in array.iter() {
        match item {
            Item::Array(inner) => grow(|| spread_items(machine, &inner, spread))?,
            Item::Object(object) => spread_object(machine, &object, spread)?,
            Item::Undefined => {}
            other => machine.push(spread, other)?,
        }
    }
    Ok(())
}

fn spread_object(
    machine: &mut Machine<'_>,
    object: &Object,
    spread: &mut Vec<Item>,
) -> Outcome<()> {
    machine.hash_keys(object)?;
    machine.make_items(object.len())?;
    for (key, item) in object.entries() {
        spread.push(machine.object(Members::from_iter([(key, item)]))?);
    }
    Ok(())
}

pub(super) fn merge(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Item::Array(array) = argument(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let mut merged = Members::new();
    for item in array.iter() {
        let Item::Object(object) = item else { continue };
        machine.hash_keys(&object)?;
        machine.make_members(object.len())?;
        let before = merged.len();
        object.each(&mut |key, item| {
            merged.insert(key.clone(), item);
        });
        machine.refund_members(object.len() - (merged.len() - before));
    }
    machine.refund_members(merged.len());
    machine.object(merged)
}

pub(super) fn clone(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    machine.deep_copy(argument(arguments, 0), 0)
}
