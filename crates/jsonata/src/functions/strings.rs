//! Strings. Their characters are code points.

use super::{argument, number, text};
use crate::error::Error;
use crate::eval::{Machine, Outcome};
use crate::value::{Item, Layout};

pub(super) fn string(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let value = argument(arguments, 0);
    if value.is_undefined() {
        return Ok(Item::Undefined);
    }
    let layout = match argument(arguments, 1) {
        Item::Bool(true) => Layout::Pretty,
        _ => Layout::Compact,
    };
    Ok(Item::String(machine.print(&value.unwrapped(), layout)?))
}

pub(super) fn length(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    machine.read(text.len())?;
    Ok(Item::count(text.chars().count()))
}

pub(super) fn substring(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    machine.read(text.len())?;
    let count = text.chars().count() as f64;
    let start = number(arguments, 1).unwrap_or(0.0);
    let start = if count + start < 0.0 { 0.0 } else { start };
    let end = match number(arguments, 2) {
        Some(length) if length <= 0.0 => return Ok(Item::string("")),
        Some(length) if start >= 0.0 => start + length,
        Some(length) => count + start + length,
        None => count,
    };
    let (start, end) = (place(start, count), place(end, count));
    let mut places = text.char_indices().map(|(place, _)| place);
    let first = places.nth(start).unwrap_or(text.len());
    let last = match end.saturating_sub(start) {
        0 => first,
        length => places.nth(length - 1).unwrap_or(text.len()),
    };
    machine.text(&text[first..last])
}

/// A place as JavaScript's `slice` takes it: cut off, from the end if negative, within bounds.
fn place(place: f64, count: f64) -> usize {
    let place = place.trunc();
    let place = if place < 0.0 { place + count } else { place };
    place.clamp(0.0, count) as usize
}

pub(super) fn substring_before(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    cut_at(machine, arguments, |text, place, _| &text[..place])
}

pub(super) fn substring_after(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    cut_at(machine, arguments, |text, place, length| {
        &text[place + length..]
    })
}

/// A part of the text that begins or ends where another text is found; all of it if there is none.
fn cut_at(
    machine: &mut Machine<'_>,
    arguments: &[Item],
    part: fn(&str, usize, usize) -> &str,
) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let Some(wanted) = argument(arguments, 1).as_str() else {
        return Ok(arguments[0].clone());
    };
    machine.read(text.len() + wanted.len())?;
    Ok(match text.find(wanted) {
        Some(place) => machine.text(part(text, place, wanted.len()))?,
        None => arguments[0].clone(),
    })
}

pub(super) fn lowercase(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    change(machine, arguments, str::to_lowercase)
}

pub(super) fn uppercase(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    change(machine, arguments, str::to_uppercase)
}

/// White space in a row becomes one space, and none stays at the ends.
pub(super) fn trim(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    change(machine, arguments, |text| {
        let words = text
            .split([' ', '\t', '\n', '\r'])
            .filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    })
}

fn change(machine: &mut Machine<'_>, arguments: &[Item], change: fn(&str) -> String) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    machine.make_text(text.len() * 3)?;
    machine.visit(text.len() / 2)?;
    let changed = change(text);
    machine.refund(text.len() * 3);
    machine.text(changed)
}

pub(super) fn pad(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(text) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let filling = argument(arguments, 2)
        .as_str()
        .filter(|filling| !filling.is_empty());
    let filling = filling.unwrap_or(" ");
    let width = number(arguments, 1).unwrap_or(0.0).trunc();
    machine.read(text.len())?;
    let missing = width.abs() - text.chars().count() as f64;
    if missing <= 0.0 || missing.is_nan() {
        return Ok(arguments[0].clone());
    }
    if missing > machine.limits.bytes as f64 {
        return Err(Error::of("U1003"));
    }
    let missing = missing as usize;
    let most = text.len() + missing * 4;
    machine.make_text(most)?;
    machine.visit(missing)?;
    let padding: String = filling.chars().cycle().take(missing).collect();
    let padded = match width > 0.0 {
        true => format!("{text}{padding}"),
        false => format!("{padding}{text}"),
    };
    drop(padding);
    machine.refund(most);
    machine.text(padded)
}

pub(super) fn join(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Item::Array(strings) = argument(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let separator = argument(arguments, 1).as_str().unwrap_or("");
    machine.visit(strings.len())?;
    machine.make_text(
        separator
            .len()
            .saturating_mul(strings.len().saturating_sub(1)),
    )?;
    let mut joined = String::new();
    for (place, item) in strings.iter().enumerate() {
        if place > 0 {
            joined.push_str(separator);
        }
        let part = item.as_str().unwrap_or("");
        machine.make_text(part.len())?;
        joined.push_str(part);
    }
    machine.paid_text(joined)
}
