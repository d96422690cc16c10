//! Engine types to bytes and back. Every row begins with a version byte; the engine's types are never serialised by
//! derivation, so that they may change while rows stay.
//!
//! Integers are LEB128 varints, signed ones zigzagged; texts are length and UTF-8. A row that cannot be read is an
//! error with a reason, never a panic: lengths are checked against what is left before anything is allocated.

pub mod documents;
pub mod events;
pub mod extras;
pub mod frames;
pub mod listed;
mod read;
pub mod records;
pub mod remains;
mod write;

pub use read::{DecodeError, Reader};
pub use write::Writer;
