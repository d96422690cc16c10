//! Numbers.

use super::{argument, number as value_of, text};
use crate::error::Error;
use crate::eval::{Machine, Outcome};
use crate::format::{self, DecimalFormat, number_text};
use crate::value::{Array, Item, shown};

/// The numbers of an array argument, combined; `None` for a missing or empty array.
fn fold(
    machine: &mut Machine<'_>,
    arguments: &[Item],
    combine: fn(f64, f64) -> f64,
) -> Outcome<Option<(f64, usize)>> {
    let Item::Array(array) = argument(arguments, 0) else {
        return Ok(None);
    };
    machine.visit(array.len())?;
    Ok(numbers_of(array)
        .reduce(combine)
        .map(|value| (value, array.len())))
}

fn numbers_of(array: &Array) -> impl Iterator<Item = f64> + '_ {
    array.iter().filter_map(|item| item.as_f64())
}

pub(super) fn sum(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    if argument(arguments, 0).is_undefined() {
        return Ok(Item::Undefined);
    }
    let sum = fold(machine, arguments, |a, b| a + b)?;
    Ok(Item::Number(sum.map_or(0.0, |(sum, _)| sum)))
}

pub(super) fn average(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let sum = fold(machine, arguments, |a, b| a + b)?;
    Ok(sum.map_or(Item::Undefined, |(sum, count)| {
        Item::Number(sum / count as f64)
    }))
}

pub(super) fn max(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let most = fold(machine, arguments, f64::max)?;
    Ok(most.map_or(Item::Undefined, |(most, _)| Item::Number(most)))
}

pub(super) fn min(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let least = fold(machine, arguments, f64::min)?;
    Ok(least.map_or(Item::Undefined, |(least, _)| Item::Number(least)))
}

/// Applies to a number; of a missing one there is nothing.
fn map(arguments: &[Item], apply: impl FnOnce(f64) -> Outcome<f64>) -> Outcome {
    match value_of(arguments, 0) {
        Some(value) => apply(value).map(Item::Number),
        None => Ok(Item::Undefined),
    }
}

pub(super) fn abs(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    map(arguments, |value| Ok(value.abs()))
}

pub(super) fn floor(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    map(arguments, |value| Ok(value.floor()))
}

pub(super) fn ceil(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    map(arguments, |value| Ok(value.ceil()))
}

pub(super) fn round(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let places = value_of(arguments, 1).unwrap_or(0.0).floor();
    // A double has no more places than that.
    map(arguments, |value| {
        Ok(format::round(value, places.clamp(-400.0, 400.0) as i32))
    })
}

pub(super) fn sqrt(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    map(arguments, |value| match value < 0.0 {
        true => Err(Error::with("D3060", &[("value", &number_text(value))])),
        false => Ok(value.sqrt()),
    })
}

pub(super) fn power(_: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let exponent = value_of(arguments, 1).unwrap_or(f64::NAN);
    map(arguments, |base| {
        let result = base.powf(exponent);
        if result.is_finite() {
            return Ok(result);
        }
        let details = [
            ("value", &*number_text(base)),
            ("exp", &number_text(exponent)),
        ];
        Err(Error::with("D3061", &details))
    })
}

/// Casts to a number: decimal, hexadecimal, octal and binary texts, and booleans.
pub(super) fn number_of(item: &Item) -> Option<Item> {
    match item {
        Item::Number(_) | Item::Exact(_) => Some(item.clone()),
        Item::Bool(value) => Some(Item::Number(f64::from(u8::from(*value)))),
        Item::String(text) => decimal(text).or_else(|| prefixed(text)).map(Item::Number),
        _ => None,
    }
}

fn decimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (integer, fraction) = match mantissa.split_once('.') {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    let are_digits = [Some(integer), fraction, exponent]
        .into_iter()
        .flatten()
        .all(|part| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit()));
    let value = if are_digits {
        text.parse::<f64>().ok()
    } else {
        None
    };
    value.filter(|value| value.is_finite())
}

fn prefixed(text: &str) -> Option<f64> {
    let (radix, digits) = match text.get(..2)? {
        "0x" | "0X" => (16, &text[2..]),
        "0o" | "0O" => (8, &text[2..]),
        "0b" | "0B" => (2, &text[2..]),
        _ => return None,
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in digits.chars() {
        value = value * f64::from(radix) + f64::from(digit.to_digit(radix)?);
    }
    Some(value).filter(|value| value.is_finite())
}

pub(super) fn number(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let value = argument(arguments, 0);
    if value.is_undefined() {
        return Ok(Item::Undefined);
    }
    machine.read(value.as_str().map_or(0, str::len))?;
    number_of(value).ok_or_else(|| Error::with("D3030", &[("value", &shown(value))]))
}

/// Steps for the digits of a number written in full; zero has one, infinity a name.
fn digits(value: f64) -> u64 {
    /// Digits for one step.
    const DIGITS: f64 = 4.0;
    /// No double has more.
    const MOST: f64 = 400.0;
    (value.abs().log10().abs().min(MOST) / DIGITS) as u64
}

pub(super) fn format_number(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(value) = value_of(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let mut options = DecimalFormat::default();
    if let Item::Object(given) = argument(arguments, 2) {
        machine.visit(given.len())?;
        given.each(&mut |key, item| {
            if let Item::String(value) = item {
                options.set(key, &value);
            }
        });
    }
    let picture = text(arguments, 1).unwrap_or("");
    machine.work(picture.len() as u64 + digits(value))?;
    let made = format::format_number(value, picture, &options)?;
    machine.text(made)
}

pub(super) fn format_integer(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(value) = value_of(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let picture = text(arguments, 1).unwrap_or("");
    machine.work(picture.len() as u64 + digits(value))?;
    let made = format::format_integer(value, picture)?;
    machine.text(made)
}

pub(super) fn parse_integer(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(value) = text(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let picture = text(arguments, 1).unwrap_or("");
    machine.work((value.len() + picture.len()) as u64)?;
    let parsed = format::parse_integer(value, picture)?;
    Ok(parsed.map_or(Item::Undefined, Item::Number))
}

pub(super) fn format_base(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Some(value) = value_of(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let radix = value_of(arguments, 1).unwrap_or(10.0);
    machine.work(digits(value))?;
    let made = format::format_base(value, radix)?;
    machine.text(made)
}
