//! Numbers as JavaScript writes and rounds them.

use std::fmt::Write;

/// The text of a number: `1e+21` from there on, `0` for both zeros, `null` for what is not finite.
pub(crate) fn number_text(value: f64) -> String {
    let mut text = String::new();
    write_number(value, &mut text);
    text
}

/// Appends [`number_text`].
pub(crate) fn write_number(value: f64, out: &mut String) {
    /// Integers below are printed the same by Rust.
    const PLAIN: f64 = 1e15;
    let written = if !value.is_finite() {
        out.write_str("null")
    } else if value.fract() == 0.0 && value.abs() < PLAIN {
        write!(out, "{}", value as i64)
    } else {
        let (digits, point) = digits(value.abs());
        if value < 0.0 {
            out.push('-');
        }
        lay_out(&digits, point, out)
    };
    written.expect("writing to a string");
}

/// The shortest digits that read back as the value, and how many of them are before the point.
fn digits(value: f64) -> (String, i32) {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.chars().filter(char::is_ascii_digit).collect();
    (digits, exponent.parse::<i32>().unwrap_or(0) + 1)
}

fn lay_out(digits: &str, point: i32, out: &mut String) -> std::fmt::Result {
    let count = digits.len();
    let places = usize::try_from(point).unwrap_or(0);
    if (-5..=0).contains(&point) {
        write!(
            out,
            "0.{:0>width$}",
            digits,
            width = count + point.unsigned_abs() as usize
        )
    } else if !(0..=21).contains(&point) {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        write!(out, "{first}{dot}{rest}e{:+}", point - 1)
    } else if places >= count {
        write!(out, "{digits:0<places$}")
    } else {
        let (whole, fraction) = digits.split_at(places);
        write!(out, "{whole}.{fraction}")
    }
}

/// The number with 15 significant digits, which hides the errors of binary arithmetic: 0.1 + 0.2 is
/// 0.3. Integers stay as they are.
pub(crate) fn tidy(value: f64) -> f64 {
    if !value.is_finite() || value.fract() == 0.0 {
        return value;
    }
    format!("{value:.14e}").parse().unwrap_or(value)
}

/// Rounds half to even at a decimal place, by the decimal text of the number; never `-0`.
pub(crate) fn round(value: f64, places: i32) -> f64 {
    let shifted = shift(value, places);
    let rounded = shift(shifted.round_ties_even(), places.saturating_neg());
    rounded + 0.0
}

/// The value times a power of ten, without the error of a multiplication.
fn shift(value: f64, places: i32) -> f64 {
    if places == 0 || !value.is_finite() {
        return value;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or(0).saturating_add(places);
    format!("{mantissa}e{exponent}").parse().unwrap_or(value)
}
