//! What IAM checks of a document before it stores it. Owns the order of the checks and their messages.

mod identity;
mod resource;
mod trust;

pub use identity::{inline, managed};
pub use trust::trust;
