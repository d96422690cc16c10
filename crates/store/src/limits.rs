//! The sizes every implementation refuses to go beyond, so that a test on one store holds for the others.

use crate::{Precondition, StoreError, Transaction};

/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 4096;

/// The largest transaction: the sum of all its keys and values, in bytes, preconditions included.
pub const MAX_TRANSACTION_BYTES: usize = 16 * 1024 * 1024;

/// The most preconditions and the most writes in one transaction.
pub(crate) const MAX_ENTRIES: usize = 1 << 16;

/// Checks a transaction against the limits; answers its size in bytes.
pub(crate) fn measure(tx: &Transaction) -> Result<usize, StoreError> {
    within("transaction entries", tx.writes.len(), MAX_ENTRIES)?;
    within("preconditions", tx.preconditions.len(), MAX_ENTRIES)?;
    let mut bytes = 0;
    for precondition in &tx.preconditions {
        bytes += check_key(precondition.key())?;
        if let Precondition::Equals { value, .. } = precondition {
            bytes += value.len();
        }
    }
    for write in &tx.writes {
        bytes += check_key(write.key())? + write.value().map_or(0, |value| value.len());
    }
    within("transaction", bytes, MAX_TRANSACTION_BYTES)?;
    Ok(bytes)
}

fn check_key(key: &[u8]) -> Result<usize, StoreError> {
    if key.is_empty() {
        return Err(StoreError::EmptyKey);
    }
    within("key", key.len(), MAX_KEY_BYTES)?;
    Ok(key.len())
}

fn within(what: &'static str, size: usize, limit: usize) -> Result<(), StoreError> {
    if size > limit {
        return Err(StoreError::TooLarge { what, size, limit });
    }
    Ok(())
}
