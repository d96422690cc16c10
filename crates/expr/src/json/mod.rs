//! JSON: an immutable value that is cheap to share, its parser and its printer.
//!
//! Why not `serde_json::Value`: integers stay exact at any size, decimals keep their literal, a clone
//! costs one reference count, nesting is bounded, and parse errors carry the words of the service
//! (which are those of Jackson). It knows nothing of paths or of the language.

mod document;
mod error;
mod lexer;
mod locate;
mod number;
mod object;
mod parse;
mod print;
mod value;

pub use document::Document;
pub use error::ParseError;
pub use locate::{Step, locate};
pub use number::Number;
pub use object::Object;
pub use parse::{MAX_DEPTH, parse};
pub use value::{Kind, Value};
