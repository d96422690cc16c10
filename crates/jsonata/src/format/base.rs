//! `$formatBase`: an integer in another base.

use super::{error, javascript};
use crate::error::Error;

/// The number, rounded half to even, in base `radix`, which is rounded too.
///
/// # Errors
/// `D3100`: a radix outside of 2 to 36.
pub(crate) fn format_base(value: f64, radix: f64) -> Result<String, Error> {
    let radix = javascript::round(radix, 0);
    if !(2.0..=36.0).contains(&radix) {
        return Err(error::radix(&javascript::to_text(radix)));
    }
    Ok(javascript::to_radix(
        javascript::round(value, 0),
        radix as u32,
    ))
}
