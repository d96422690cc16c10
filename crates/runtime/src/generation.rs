//! Which rows are in a store, as one number: a program that knows fewer refuses the whole store.
//!
//! Every row has a version of its own, but a program that skipped the rows it does not know would serve the rest as if it
//! were all. So the store says what the newest program that had it open may have written, and an older one leaves it alone.
//! Raise [`GENERATION`] with every new version, tag or table of rows; older generations stay readable.

use bytes::Bytes;
use store::{Store, Transaction};

use crate::error::RuntimeError;
use crate::keys::GENERATION_KEY;

/// What this program writes. 1: before this row was there. 2: versions and
/// aliases, Express, redrives, activities and task tokens, logs, lists by status. 3: map runs.
pub const GENERATION: u32 = 3;
/// Stores of before have no row that says so.
const FIRST: u32 = 1;

/// Refuses a store of a later generation; the transaction that marks it as one of this generation, if it was older.
pub fn check(store: &dyn Store) -> Result<Option<Transaction>, RuntimeError> {
    let found = match store.get(GENERATION_KEY)? {
        None => FIRST,
        Some(value) => number(&value)?,
    };
    if found > GENERATION {
        return Err(RuntimeError::Newer {
            found,
            known: GENERATION,
        });
    }
    let mark = || {
        let value = GENERATION.to_be_bytes().to_vec();
        Transaction::new().put(Bytes::from_static(GENERATION_KEY), value)
    };
    Ok((found < GENERATION).then(mark))
}

fn number(value: &[u8]) -> Result<u32, RuntimeError> {
    let bytes = value.try_into().map_err(|_| RuntimeError::Unreadable {
        what: "generation",
        reason: format!("it has {} bytes", value.len()),
    })?;
    Ok(u32::from_be_bytes(bytes))
}
