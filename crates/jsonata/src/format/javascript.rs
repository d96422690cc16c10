//! Numbers as JavaScript writes, rounds and reads them.

/// What `String(value)` is: the shortest digits that read back as the value, `1e+21` from there on.
pub(super) fn to_text(value: f64) -> String {
    if !value.is_finite() {
        return non_finite(value).to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = scientific(value.abs());
    let (mantissa, exponent) = split_exponent(&scientific);
    let digits: String = mantissa.chars().filter(|digit| *digit != '.').collect();
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, exponent + 1))
}

/// The text of a number as JSON: that of [`to_text`], or `null` for what is not finite.
pub(crate) fn number_text(value: f64) -> String {
    /// Integers below are written the same by Rust, which is faster.
    const PLAIN: f64 = 1e15;
    if !value.is_finite() {
        "null".to_owned()
    } else if value.fract() == 0.0 && value.abs() < PLAIN {
        (value as i64).to_string()
    } else {
        to_text(value)
    }
}

/// The number with 15 significant digits, which hides the errors of binary arithmetic: 0.1 + 0.2 is 0.3. Integers stay
/// as they are.
pub(crate) fn tidy(value: f64) -> f64 {
    if !value.is_finite() || value.fract() == 0.0 {
        return value;
    }
    format!("{value:.14e}").parse().unwrap_or(value)
}

fn non_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Digits whose point stands after the first `point` of them, as ECMAScript lays them out.
fn place_point(digits: &str, point: i32) -> String {
    let count = digits.len() as i32;
    match point {
        21.. if point > 21 => exponential(digits, point - 1),
        _ if point >= count => format!("{digits}{}", "0".repeat((point - count) as usize)),
        1.. => {
            let (integer, fraction) = digits.split_at(point as usize);
            format!("{integer}.{fraction}")
        }
        -5..=0 => format!("0.{}{digits}", "0".repeat(-point as usize)),
        _ => exponential(digits, point - 1),
    }
}

fn exponential(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    let size = exponent.unsigned_abs();
    match digits.split_at(1) {
        (first, "") => format!("{first}e{sign}{size}"),
        (first, rest) => format!("{first}.{rest}e{sign}{size}"),
    }
}

/// The shortest digits that read back as the value, with an exponent. Where two are as close, Rust takes the upper one
/// and JavaScript the even one.
fn scientific(value: f64) -> String {
    let shortest = format!("{value:e}");
    let (mantissa, _) = split_exponent(&shortest);
    let places = mantissa
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    let closest = format!("{value:.places$e}");
    if closest.parse() == Ok(value) {
        closest
    } else {
        shortest
    }
}

fn split_exponent(scientific: &str) -> (&str, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    (mantissa, exponent.parse().unwrap_or(0))
}

/// Rounds half to even at a decimal place, of the decimal text rather than of the binary value; never `-0`.
pub(crate) fn round(value: f64, places: i32) -> f64 {
    let shifted = shift(value, places);
    if !shifted.is_finite() {
        return value;
    }
    shift(shifted.round_ties_even(), -places) + 0.0
}

/// The value times a power of ten, without the error of a multiplication.
fn shift(value: f64, places: i32) -> f64 {
    if places == 0 || !value.is_finite() {
        return value;
    }
    let scientific = scientific(value);
    let (mantissa, exponent) = split_exponent(&scientific);
    let exponent = exponent.saturating_add(places);
    format!("{mantissa}e{exponent}").parse().unwrap_or(value)
}

/// A double has no digit beyond this place after its point.
pub(super) const LAST_PLACE: usize = 1100;

/// What `value.toFixed(places)` is of a positive number. The digits are those of the binary value; of a tie it is the
/// upper one. At most [`LAST_PLACE`] places. From `1e21` on, where JavaScript has an exponent, it is the shortest digits
/// and zeros.
pub(super) fn to_fixed(value: f64, places: usize) -> String {
    if value >= 1e21 {
        let scientific = scientific(value);
        let (mantissa, exponent) = split_exponent(&scientific);
        let digits: String = mantissa.chars().filter(|digit| *digit != '.').collect();
        return format!("{digits:0<width$}", width = exponent as usize + 1);
    }
    let rounded = format!("{value:.places$}");
    let more = places + 1;
    let longer = format!("{value:.more$}");
    let Some(half) = longer.strip_suffix('5') else {
        return rounded;
    };
    let exact = format!("{value:.LAST_PLACE$}");
    if exact.trim_end_matches('0') == longer {
        one_more(half.trim_end_matches('.'))
    } else {
        rounded
    }
}

/// The digits with one added at the last place.
fn one_more(digits: &str) -> String {
    let nines = digits
        .bytes()
        .rev()
        .take_while(|byte| matches!(byte, b'9' | b'.'))
        .count();
    let (head, tail) = digits.split_at(digits.len() - nines);
    let tail = tail.replace('9', "0");
    match head.char_indices().next_back() {
        Some((at, last)) => {
            let next = last
                .to_digit(10)
                .and_then(|digit| char::from_digit(digit + 1, 10));
            format!("{}{}{tail}", &head[..at], next.unwrap_or(last))
        }
        None => format!("1{tail}"),
    }
}

/// A power of ten, rounded once.
pub(super) fn power_of_ten(exponent: i32) -> f64 {
    shift(1.0, exponent)
}

/// What `parseInt(text)` is: the number at the beginning of the text, NaN without one.
pub(super) fn parse_int(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let hexadecimal = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    sign * match hexadecimal {
        Some(digits) => parse_hexadecimal(digits),
        None => leading(digits, 10).parse().unwrap_or(f64::NAN),
    }
}

fn parse_hexadecimal(digits: &str) -> f64 {
    let digits = leading(digits, 16);
    if digits.is_empty() {
        return f64::NAN;
    }
    digits
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .fold(0.0, |sum, digit| sum * 16.0 + f64::from(digit))
}

fn leading(text: &str, radix: u32) -> &str {
    let end = text
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(text.len());
    &text[..end]
}

/// What `\s` matches.
pub(super) fn is_space(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

/// What `value.toString(radix)` is, of an integer. As in V8, the places beyond the 53 bits of a double are zeros.
pub(super) fn to_radix(value: f64, radix: u32) -> String {
    if radix == 10 || !value.is_finite() || value == 0.0 {
        return to_text(value);
    }
    let base = f64::from(radix);
    let mut rest = value.abs();
    let mut digits = Vec::new();
    while rest / base >= EXACT {
        rest /= base;
        digits.push('0');
    }
    loop {
        let digit = rest % base;
        digits.push(char::from_digit(digit as u32, radix).unwrap_or('0'));
        rest = (rest - digit) / base;
        if rest <= 0.0 {
            break;
        }
    }
    if value < 0.0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

/// Up to here a double holds every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;
