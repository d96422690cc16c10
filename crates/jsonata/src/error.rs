//! What goes wrong: when an expression is parsed, and when it is evaluated.
//!
//! The codes and texts are those of the reference implementation (jsonata 2.0), because the service
//! shows them to its users as they are. Limits have codes of our own.

use std::fmt;

/// The text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The code in the reference implementation's table, `S0203`.
    pub code: &'static str,
    /// Where the parser stopped, in characters from the beginning.
    pub position: usize,
    /// What the service shows: the text without the code.
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

/// The evaluation failed. Displayed as the service shows it: `T1006: Attempted to invoke a
/// non-function`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The code in the reference implementation's table, or one of [`crate::Limits`].
    pub code: &'static str,
    /// The text without the code.
    pub message: String,
}

impl Error {
    /// An error with its text.
    pub fn new(code: &'static str, message: impl Into<String>) -> Error {
        Error {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}
