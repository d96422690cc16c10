//! What large results an evaluation has made, so that the memory of those nobody holds any more is
//! given back to it.
//!
//! The ledger holds every large text, array and object that was paid for. What it holds alone is
//! garbage. It looks for that when as much was made as was kept the time before, so looking is cheap
//! and garbage is never more than what is in use (or [`YOUNG`]). Small results are never given back:
//! the steps that make them bound them.

use std::sync::Arc;

use crate::value::Item;

/// Results below are not worth an entry.
const LARGE: usize = 512;
/// Bytes that may be made before the first look.
const YOUNG: usize = 1024 * 1024;

/// See the module.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<(Item, usize)>,
    /// What the entries were paid with.
    held: usize,
    /// What was held after the last look.
    kept: usize,
}

impl Ledger {
    /// Notes a result; whether it is time to look for garbage.
    pub(super) fn note(&mut self, item: &Item, bytes: usize) -> bool {
        if bytes < LARGE {
            return false;
        }
        self.held += bytes;
        self.entries.push((item.clone(), bytes));
        self.held > self.kept.saturating_mul(2).max(YOUNG)
    }

    /// How many results a look would look at.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Drops what nobody else holds; tells what was paid for it.
    pub(super) fn sweep(&mut self) -> usize {
        let before = self.held;
        let mut entries = std::mem::take(&mut self.entries);
        // What holds others was made after them, so going backwards frees all at once.
        for entry in entries.iter_mut().rev() {
            if is_garbage(&entry.0) {
                self.held -= entry.1;
                *entry = (Item::Undefined, 0);
            }
        }
        entries.retain(|(item, _)| !item.is_undefined());
        self.entries = entries;
        self.kept = self.held;
        before - self.held
    }
}

fn is_garbage(item: &Item) -> bool {
    match item {
        Item::String(text) => Arc::strong_count(text) == 1,
        Item::Array(array) => array.is_unique(),
        Item::Object(object) => object.is_unique(),
        _ => true,
    }
}
