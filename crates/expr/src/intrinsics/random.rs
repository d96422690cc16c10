//! `States.MathRandom`.

use super::{Evaluation, Failure, invalid, math};
use crate::{Entropy, Value};

/// `States.MathRandom(start, end)` or `(start, end, seed)`: an integer from `start` to below `end`.
/// Fractions are cut off; `end` must be greater than `start` (measured: `(1.4, 1.6)` is refused).
/// The same seed gives the same number, the one that `java.util.Random` gives.
pub(super) fn random(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let start = math::truncated(&arguments[0])?;
    let end = math::truncated(&arguments[1])?;
    let width = u32::try_from(end - start)
        .ok()
        .filter(|width| *width > 0)
        .ok_or_else(invalid)?;
    let offset = match arguments.get(2) {
        Some(seed) => JavaRandom::new(math::truncated(seed)?).below(width),
        None => below(evaluation.entropy, width),
    };
    Ok(Value::int(start + i64::from(offset)))
}

/// A uniform number below `bound`: the high half of a product with 64 random bits, which is even
/// enough for 32-bit bounds.
fn below(entropy: &mut dyn Entropy, bound: u32) -> u32 {
    ((u128::from(entropy.next_u64()) * u128::from(bound)) >> 64) as u32
}

/// The linear congruential generator of `java.util.Random`, as its documentation specifies it.
struct JavaRandom(u64);

impl JavaRandom {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;

    fn new(seed: i64) -> JavaRandom {
        JavaRandom((seed as u64 ^ JavaRandom::MULTIPLIER) & JavaRandom::MASK)
    }

    fn next(&mut self, bits: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(JavaRandom::MULTIPLIER)
            .wrapping_add(0xB)
            & JavaRandom::MASK;
        (self.0 >> (48 - bits)) as u32
    }

    /// `nextInt(bound)`. Bounds over 31 bits, which Java's does not take, use all 32 bits.
    fn below(&mut self, bound: u32) -> u32 {
        if bound > i32::MAX as u32 {
            return ((u64::from(self.next(32)) * u64::from(bound)) >> 32) as u32;
        }
        if bound.is_power_of_two() {
            return ((u64::from(bound) * u64::from(self.next(31))) >> 31) as u32;
        }
        loop {
            let bits = self.next(31);
            let value = bits % bound;
            // Java rejects where `bits - value + (bound - 1)` overflows a signed 32-bit integer.
            if bits - value <= i32::MAX as u32 - (bound - 1) {
                return value;
            }
        }
    }
}
