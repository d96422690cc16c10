//! What a value is, and giving up: `$type`, `$exists`, `$boolean`, `$not`, `$error`, `$assert`.

use super::{argument, text};
use crate::error::Error;
use crate::eval::{Machine, Outcome};
use crate::message::shortened;
use crate::value::Item;

pub(super) fn boolean(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    match argument(arguments, 0) {
        Item::Undefined => Ok(Item::Undefined),
        value => machine.truth(value).map(Item::Bool),
    }
}

pub(super) fn not(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    match argument(arguments, 0) {
        Item::Undefined => Ok(Item::Undefined),
        value => machine.truth(value).map(|value| Item::Bool(!value)),
    }
}

pub(super) fn exists(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    Ok(Item::Bool(!argument(arguments, 0).is_undefined()))
}

pub(super) fn kind(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let value = argument(arguments, 0);
    Ok(Item::string(match value {
        Item::Undefined => return Ok(Item::Undefined),
        Item::Null => "null",
        Item::Bool(_) => "boolean",
        Item::Number(_) | Item::Exact(_) => {
            machine.number(value)?;
            "number"
        }
        Item::String(_) => "string",
        Item::Array(_) | Item::Tuples(_) => "array",
        Item::Object(_) => "object",
        Item::Function(_) => "function",
    }))
}

pub(super) fn error(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let message = text(arguments, 0).filter(|message| !message.is_empty());
    let message = shortened(message.unwrap_or("$error() function evaluated"));
    Err(Error::with("D3137", &[("message", message)]))
}

pub(super) fn assert(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    if matches!(argument(arguments, 0), Item::Bool(true)) {
        return Ok(Item::Undefined);
    }
    let message = text(arguments, 1).filter(|message| !message.is_empty());
    let message = shortened(message.unwrap_or("$assert() statement failed"));
    Err(Error::with("D3141", &[("message", message)]))
}
