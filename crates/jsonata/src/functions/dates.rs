//! Date and time. Now is the same throughout an evaluation.

use super::{number, text};
use crate::eval::{Machine, Outcome};
use crate::format;
use crate::value::Item;

pub(super) fn millis(machine: &mut Machine<'_>, _: &[Item]) -> Outcome {
    Ok(Item::Number(machine.now_millis as f64))
}

pub(super) fn now(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    write(
        machine,
        machine.now_millis as f64,
        text(arguments, 0),
        text(arguments, 1),
    )
}

pub(super) fn from_millis(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    match number(arguments, 0) {
        Some(millis) => write(machine, millis, text(arguments, 1), text(arguments, 2)),
        None => Ok(Item::Undefined),
    }
}

fn write(
    machine: &mut Machine<'_>,
    millis: f64,
    picture: Option<&str>,
    zone: Option<&str>,
) -> Outcome {
    machine.work(picture.map_or(0, str::len) as u64 + 1)?;
    let made = format::from_millis(millis, picture, zone)?;
    machine.text(made)
}

pub(super) fn to_millis(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(timestamp) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let picture = text(arguments, 1);
    machine.work((timestamp.len() + picture.map_or(0, str::len)) as u64)?;
    let millis = format::to_millis(timestamp, picture, machine.now_millis)?;
    Ok(millis.map_or(Item::Undefined, Item::Number))
}
