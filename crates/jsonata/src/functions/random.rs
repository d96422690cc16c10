//! `$random`, `$shuffle`, `$uuid`.

use super::{argument, whole};
use crate::eval::{Machine, Outcome};
use crate::value::Item;

/// Doubles have this many bits.
const BITS: u32 = 53;

/// A number from 0 to below 1; of a seed (Step Functions) always the same, the one that
/// `java.util.Random` gives.
pub(super) fn random(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let bits = match whole(arguments, 0) {
        Some(seed) => java_bits(seed as i64),
        None => machine.entropy.next_u64() >> (u64::BITS - BITS),
    };
    Ok(Item::Number(bits as f64 / (1_u64 << BITS) as f64))
}

/// The bits of `new java.util.Random(seed).nextDouble()`, as its documentation specifies it.
fn java_bits(seed: i64) -> u64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let next = |state: u64| state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
    let first = next((seed as u64 ^ MULTIPLIER) & MASK);
    let second = next(first);
    ((first >> 22) << 27) + (second >> 21)
}

pub(super) fn shuffle(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let array = match argument(arguments, 0) {
        Item::Array(array) if array.len() > 1 => array,
        other => return Ok(other.clone()),
    };
    machine.make_items(array.len())?;
    let mut items: Vec<Item> = array.iter().collect();
    for last in (1..items.len()).rev() {
        let bits = u128::from(machine.entropy.next_u64());
        let place = ((bits * (last as u128 + 1)) >> u64::BITS) as usize;
        items.swap(last, place);
    }
    Ok(Item::Array(machine.array(items)?))
}

pub(super) fn uuid(machine: &mut Machine<'_>, _: &[Item]) -> Outcome {
    let uuid = expr::uuid_v4(machine.entropy);
    machine.text(uuid)
}
