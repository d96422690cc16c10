//! `$formatNumber`: a number by an XPath decimal picture.

use std::collections::HashSet;

use super::decimal_format::DecimalFormat;
use super::decimal_picture::{self, Part, Scale, SubPicture};
use super::javascript::{self, LAST_PLACE};
use crate::error::Error;

/// A mantissa has at most so many digits before its point: any more and it would not be a double.
const MOST_DIGITS: usize = 300;

/// The number as the picture says, with the characters of the format.
///
/// # Errors
/// `D3080` to `D3093`: what is wrong with the picture.
pub(crate) fn format_number(
    value: f64,
    picture: &str,
    options: &DecimalFormat,
) -> Result<String, Error> {
    let (positive, negative) = decimal_picture::parse(picture, options)?;
    if value.is_nan() {
        return Ok(options.not_a_number.clone());
    }
    let picture = if value >= 0.0 { positive } else { negative };
    let number = write(scaled(value, picture.scale), &picture, options);
    Ok(format!("{}{number}{}", picture.prefix, picture.suffix))
}

fn scaled(value: f64, scale: Scale) -> f64 {
    match scale {
        Scale::One => value,
        Scale::Percent => value * 100.0,
        Scale::PerMille => value * 1000.0,
    }
}

/// Everything between prefix and suffix.
fn write(value: f64, picture: &SubPicture, format: &DecimalFormat) -> String {
    let (mantissa, exponent) = if picture.exponent > 0 {
        normalised(value, picture.scaling)
    } else {
        (value, 0)
    };
    if mantissa.is_infinite() {
        return format.infinity.clone();
    }
    let mut text = write_mantissa(mantissa, picture, format);
    if picture.exponent > 0 {
        text.push_str(&format.exponent_separator);
        if exponent < 0 {
            text.push_str(&format.minus_sign);
        }
        let digits = exponent.unsigned_abs().to_string();
        push_zeros(
            &mut text,
            picture.exponent.saturating_sub(digits.len()),
            format,
        );
        push_digits(&mut text, &digits, format);
    }
    text
}

/// The mantissa with `scaling` digits before its point, and the power of ten that makes it the value again.
fn normalised(value: f64, scaling: usize) -> (f64, i32) {
    let scaling = scaling.min(MOST_DIGITS) as i32;
    let (least, most) = (
        javascript::power_of_ten(scaling - 1),
        javascript::power_of_ten(scaling),
    );
    let (mut mantissa, mut exponent) = (value, 0);
    if value == 0.0 {
        return (mantissa, exponent);
    }
    // A double has some 640 powers of ten, the subnormal ones included: both loops are short.
    while mantissa.abs() < least {
        mantissa *= 10.0;
        exponent -= 1;
    }
    while mantissa.abs() > most && mantissa.is_finite() {
        mantissa /= 10.0;
        exponent += 1;
    }
    (mantissa, exponent)
}

fn write_mantissa(mantissa: f64, picture: &SubPicture, format: &DecimalFormat) -> String {
    let places = picture.fraction.most.min(LAST_PLACE);
    let rounded = javascript::round(mantissa, places as i32).abs();
    let decimal = javascript::to_fixed(rounded, places);
    let (integer, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    let mut text = write_integer(integer.trim_start_matches('0'), &picture.integer, format);
    let fraction = write_fraction(fraction.trim_end_matches('0'), &picture.fraction, format);
    if !fraction.is_empty() {
        text.push_str(&format.decimal_separator);
        text.push_str(&fraction);
    }
    text
}

fn write_integer(digits: &str, part: &Part, format: &DecimalFormat) -> String {
    let padding = part.least.saturating_sub(digits.len());
    let count = padding + digits.len();
    let every = regular(&part.grouping);
    let mut waiting = part
        .grouping
        .iter()
        .copied()
        .skip_while(|right| *right >= count)
        .peekable();
    let mut text = String::with_capacity(count * 2);
    for (index, digit) in std::iter::repeat_n('0', padding)
        .chain(digits.chars())
        .enumerate()
    {
        let right = count - index;
        let separates = match every {
            Some(every) => index > 0 && right.is_multiple_of(every),
            None => waiting.next_if_eq(&right).is_some(),
        };
        if separates {
            text.push_str(&format.grouping_separator);
        }
        text.push(in_family(digit, format));
    }
    text
}

/// The distance between separators, where it is always the same.
fn regular(places: &[usize]) -> Option<usize> {
    let every = *places.last()?;
    let mut ascending = places.iter().rev().enumerate();
    let is_regular = every > 0 && ascending.all(|(index, place)| *place == every * (index + 1));
    is_regular.then_some(every)
}

fn write_fraction(digits: &str, part: &Part, format: &DecimalFormat) -> String {
    let padding = part.least.saturating_sub(digits.len());
    let separated: HashSet<usize> = part.grouping.iter().copied().collect();
    let mut text = String::with_capacity(digits.len() + padding);
    for (index, digit) in digits
        .chars()
        .chain(std::iter::repeat_n('0', padding))
        .enumerate()
    {
        if index > 0 && separated.contains(&index) {
            text.push_str(&format.grouping_separator);
        }
        text.push(in_family(digit, format));
    }
    text
}

fn push_zeros(text: &mut String, count: usize, format: &DecimalFormat) {
    text.extend(std::iter::repeat_n(format.family(0), count));
}

fn push_digits(text: &mut String, digits: &str, format: &DecimalFormat) {
    text.extend(digits.chars().map(|digit| in_family(digit, format)));
}

fn in_family(digit: char, format: &DecimalFormat) -> char {
    digit
        .to_digit(10)
        .map_or(digit, |digit| format.family(digit))
}
