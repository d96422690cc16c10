//! Arrays.

use std::collections::HashMap;

use super::{argument, whole};
use crate::error::Error;
use crate::eval::{Machine, Outcome};
use crate::format::number_text;
use crate::value::{Item, hashed, shallow_hash};

pub(super) fn count(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    Ok(Item::count(
        argument(arguments, 0)
            .as_array()
            .map_or(0, |array| array.len()),
    ))
}

pub(super) fn append(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let (first, second) = (argument(arguments, 0), argument(arguments, 1));
    if first.is_undefined() {
        return Ok(second.clone());
    }
    if second.is_undefined() {
        return Ok(first.clone());
    }
    let mut items = Vec::new();
    machine.append(&mut items, first.clone())?;
    machine.append(&mut items, second.clone())?;
    Ok(Item::Array(machine.gathered(items)?))
}

pub(super) fn reverse(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    match argument(arguments, 0) {
        Item::Array(array) if array.len() > 1 => {
            machine.make_items(array.len())?;
            let items = array.iter().rev().collect();
            Ok(Item::Array(machine.gathered(items)?))
        }
        other => Ok(other.clone()),
    }
}

/// The items of several arrays side by side, as many as the shortest has.
pub(super) fn zip(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let length = |item: &Item| item.as_array().map_or(0, |array| array.len());
    let rows = arguments.iter().map(length).min().unwrap_or(0);
    machine.make_items(rows)?;
    let mut zipped = Vec::with_capacity(rows);
    for row in 0..rows {
        let items = arguments
            .iter()
            .filter_map(Item::as_array)
            .filter_map(|array| array.get(row));
        let items = items.collect();
        zipped.push(Item::Array(machine.array(items)?));
    }
    Ok(Item::Array(machine.gathered(zipped)?))
}

/// Each value once, where it came first.
pub(super) fn distinct(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let array = match argument(arguments, 0) {
        Item::Array(array) if array.len() > 1 => array,
        other => return Ok(other.clone()),
    };
    // Each may take a place of its own in the table.
    let taken = array.len().saturating_mul(4);
    machine.make_items(taken)?;
    let mut kept: Vec<Item> = Vec::new();
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for item in array.iter() {
        machine.work(2 * hashed(&item) as u64)?;
        let alike = places.entry(shallow_hash(&item)).or_default();
        let mut known = false;
        for place in alike.iter() {
            machine.work(1)?;
            if machine.equal(&item, &kept[*place])? {
                known = true;
                break;
            }
        }
        if !known {
            alike.push(kept.len());
            kept.push(item);
        }
    }
    drop(places);
    machine.refund_items(taken);
    let kept_array = machine.array(kept)?;
    Ok(Item::Array(match array.is_sequence() {
        true => kept_array.into_sequence(),
        false => kept_array,
    }))
}

/// `$partition(array, size)` (Step Functions): pieces of that size; fractions are cut off.
pub(super) fn partition(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let (Item::Array(array), Some(size)) = (argument(arguments, 0), whole(arguments, 1)) else {
        return Ok(Item::Undefined);
    };
    if size < 1.0 {
        return Err(Error::with("D3150", &[("value", &number_text(size))]));
    }
    let size = size as usize;
    machine.make_items(array.len())?;
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < array.len() {
        let end = start.saturating_add(size).min(array.len());
        let items = (start..end).filter_map(|place| array.get(place)).collect();
        pieces.push(Item::Array(machine.array(items)?));
        start = end;
    }
    machine.refund_items(array.len());
    Ok(Item::Array(machine.array(pieces)?))
}

/// `$range(first, last, step)` (Step Functions): numbers up to and with the last; fractions are cut
/// off, and a single one is no array (recorded: `$range(1,9,9)` is 1).
pub(super) fn range(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let bounds = (
        whole(arguments, 0),
        whole(arguments, 1),
        whole(arguments, 2),
    );
    let (Some(first), Some(last), Some(step)) = bounds else {
        return Ok(Item::Undefined);
    };
    if step == 0.0 || step.is_nan() {
        return Err(Error::of("D3151"));
    }
    let count = ((last - first) / step).floor() + 1.0;
    if count.is_nan() || count < 1.0 {
        return machine.sequence(Vec::new());
    }
    if count > machine.limits.sequence as f64 {
        return Err(Error::with("D2014", &[("value", &number_text(count))]));
    }
    let count = count as usize;
    machine.make_items(count)?;
    let numbers = (0..count)
        .map(|place| Item::Number(first + place as f64 * step))
        .collect();
    machine.refund_items(count);
    machine.sequence(numbers)
}
