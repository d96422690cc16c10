//! `States.MathAdd`, and how functions read numbers.

use super::{Evaluation, Failure, invalid};
use crate::Value;

/// `States.MathAdd(a, b)`. Each operand is rounded first, halves towards positive infinity
/// (recorded: 1.5 + 1.51 is 4, -0.5 + 0.5 is 1); operands and sum are 32-bit integers.
pub(super) fn add(arguments: &[Value], _: &mut Evaluation<'_>) -> Result<Value, Failure> {
    let sum = rounded(&arguments[0])?
        .checked_add(rounded(&arguments[1])?)
        .ok_or_else(invalid)?;
    Ok(Value::int(sum.into()))
}

/// Java's `Math.round`.
fn rounded(value: &Value) -> Result<i32, Failure> {
    let number = value.as_f64().ok_or_else(invalid)?;
    let floor = number.floor();
    in_range(if number - floor >= 0.5 {
        floor + 1.0
    } else {
        floor
    })
}

/// A number without its fraction, as a 32-bit integer: Java's `intValue`, except that what does not
/// fit is refused.
pub(super) fn truncated(value: &Value) -> Result<i64, Failure> {
    let number = value.as_f64().ok_or_else(invalid)?;
    in_range(number.trunc()).map(i64::from)
}

fn in_range(number: f64) -> Result<i32, Failure> {
    let fits = number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX);
    if fits {
        Ok(number as i32)
    } else {
        Err(invalid())
    }
}
