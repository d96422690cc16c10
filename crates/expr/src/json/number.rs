//! JSON numbers: exact, and printed as they were written.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A JSON number.
///
/// Integers are exact at any size. A number with a fraction or an exponent keeps its literal
/// (`1.0`, `1e2`), so that it leaves as it came. Equality and order are by exact numeric value.
#[derive(Clone)]
pub struct Number(Repr);

#[derive(Clone)]
enum Repr {
    /// An integer that fits.
    Int(i64),
    /// A larger integer, or a literal with a fraction or an exponent. Invariant: a valid JSON
    /// number of bounded length.
    Literal(Arc<str>),
}

impl Number {
    /// An integer.
    pub fn from_i64(value: i64) -> Number {
        Number(Repr::Int(value))
    }

    /// A finite double in its shortest form; an integral one becomes an integer. `None` for NaN
    /// and the infinities.
    pub fn from_f64(value: f64) -> Option<Number> {
        /// Doubles below it are printed as plain integers.
        const PLAIN: f64 = 9.2e18;
        if !value.is_finite() {
            return None;
        }
        if value.fract() == 0.0 && value.abs() < PLAIN {
            return Some(Number::from_i64(value as i64));
        }
        Some(Number::from_literal(&format!("{value:?}")))
    }

    /// Parses a JSON number literal: an optional minus, digits, fraction, exponent.
    pub fn parse(literal: &str) -> Option<Number> {
        match super::parse(literal) {
            Ok(super::Value::Number(number)) if !literal.contains(char::is_whitespace) => {
                Some(number)
            }
            _ => None,
        }
    }

    /// From a literal that follows the JSON grammar. `-0` is the integer 0 (recorded:
    /// `States.StringToJson('-0')` is `0`).
    pub(crate) fn from_literal(literal: &str) -> Number {
        match literal.parse::<i64>() {
            Ok(value) => Number(Repr::Int(value)),
            Err(_) => Number(Repr::Literal(literal.into())),
        }
    }

    /// The integer, if it is written as one and fits (`1.0` is not).
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Int(value) => Some(value),
            Repr::Literal(_) => None,
        }
    }

    /// The nearest double; infinite beyond its range.
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            Repr::Int(value) => *value as f64,
            Repr::Literal(literal) => literal.parse().unwrap_or(f64::NAN),
        }
    }

    /// Whether it is written without fraction and exponent.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Int(_) => true,
            Repr::Literal(literal) => !literal.contains(['.', 'e', 'E']),
        }
    }

    /// The literal as it is printed.
    pub fn literal(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::Int(value) => Cow::Owned(value.to_string()),
            Repr::Literal(literal) => Cow::Borrowed(literal),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Int(value) => value.fmt(f),
            Repr::Literal(literal) => f.write_str(literal),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    /// By exact numeric value. Rounding to a double never reverses an order, so the digits decide
    /// only between numbers that share their nearest double.
    fn cmp(&self, other: &Number) -> Ordering {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0) {
            return a.cmp(b);
        }
        match self.as_f64().partial_cmp(&other.as_f64()) {
            Some(Ordering::Less) => Ordering::Less,
            Some(Ordering::Greater) => Ordering::Greater,
            _ => Decimal::of(&self.literal()).cmp(&Decimal::of(&other.literal())),
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal numbers have the same nearest double; adding zero makes -0.0 one with 0.0.
        (self.as_f64() + 0.0).to_bits().hash(state);
    }
}

/// A number as sign, significant digits (no zeros at either end) and the power of ten of the place
/// before the first of them. Zero has no digits.
struct Decimal {
    negative: bool,
    scale: i64,
    digits: Vec<u8>,
}

impl Decimal {
    fn of(literal: &str) -> Decimal {
        let negative = literal.starts_with('-');
        let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = whole.trim_start_matches('-');
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let Some(first) = digits.iter().position(|digit| *digit != b'0') else {
            return Decimal {
                negative: false,
                scale: 0,
                digits: Vec::new(),
            };
        };
        let end = digits
            .iter()
            .rposition(|digit| *digit != b'0')
            .map_or(0, |last| last + 1);
        let point = whole.len() as i64 - first as i64;
        Decimal {
            negative,
            scale: saturating_exponent(exponent).saturating_add(point),
            digits: digits[first..end].to_vec(),
        }
    }

    fn cmp(&self, other: &Decimal) -> Ordering {
        let sign = |number: &Decimal| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let magnitude = (self.scale, &self.digits).cmp(&(other.scale, &other.digits));
        sign(self).cmp(&sign(other)).then(if self.negative {
            magnitude.reverse()
        } else {
            magnitude
        })
    }
}

fn saturating_exponent(text: &str) -> i64 {
    let bound = if text.starts_with('-') {
        i64::MIN / 2
    } else {
        i64::MAX / 2
    };
    text.parse().map_or(bound, |exponent: i64| {
        exponent.clamp(i64::MIN / 2, i64::MAX / 2)
    })
}
