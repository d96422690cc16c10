//! What expressions compute with: JSON values as they came, values made on the way, and functions.
//!
//! Documents are not converted: an [`Item`] wraps a part of one as it is, and numbers keep their
//! literal until something is calculated with them.

mod array;
mod compare;
mod convert;
mod item;
mod object;
mod print;

pub(crate) use array::Array;
pub(crate) use compare::{equal, hashed, shallow_hash, text_bytes};
pub(crate) use convert::{Made, Unprintable, to_value};
pub(crate) use item::{Item, Tuple};
pub(crate) use object::{Members, Object};
pub(crate) use print::{Layout, Stop, print, shown};

/// Arrays and objects made by an evaluation may be nested this deep. Parts of documents in them may
/// have their own nesting in addition.
pub(crate) const MAX_NESTING: u16 = 500;

/// Runs a level of a recursion that may be deep, with enough stack left for what does not ask: to
/// drop the most deeply nested value takes less than half a megabyte.
pub(crate) fn grow<T>(run: impl FnOnce() -> T) -> T {
    const LEFT: usize = if cfg!(debug_assertions) {
        1024 * 1024
    } else {
        512 * 1024
    };
    stacker::maybe_grow(LEFT, 4 * 1024 * 1024, run)
}
