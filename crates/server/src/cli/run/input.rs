//! The execution's input: from the command line, a file or standard input.

use std::path::PathBuf;

use clap::Args;
use expr::json::Document;

use crate::cli::validate::file::{self, ReadError};

/// StartExecution's longest input, in bytes.
const MAX_BYTES: usize = 262_144;

/// Where the input comes from.
#[derive(Args, Clone, Debug)]
#[group(multiple = false)]
pub struct InputArgs {
    /// The input, as JSON [default: {}]
    #[arg(long, value_name = "JSON")]
    input: Option<String>,
    /// A file with the input; `-` is standard input
    #[arg(long, value_name = "FILE")]
    input_file: Option<PathBuf>,
}

/// Why there is no input.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not JSON.
    #[error("the input is not JSON: {message} (line {line}, column {column})")]
    NotJson {
        /// The parser's words.
        message: String,
        /// From 1.
        line: u32,
        /// From 1.
        column: u32,
    },
    /// AWS takes no more.
    #[error("the input has {0} bytes; an execution takes at most {MAX_BYTES}")]
    TooLarge(usize),
}

impl InputArgs {
    /// Whether the input is read from standard input.
    pub fn is_stdin(&self) -> bool {
        self.input_file.as_deref().is_some_and(file::is_stdin)
    }

    /// Reads the input.
    ///
    /// # Errors
    ///
    /// [`InputError`]
    pub fn read(&self) -> Result<Document, InputError> {
        let text = match (&self.input, &self.input_file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => file::read(path)?,
            (None, None) => "{}".to_owned(),
        };
        if text.len() > MAX_BYTES {
            return Err(InputError::TooLarge(text.len()));
        }
        Document::parse(text).map_err(|error| InputError::NotJson {
            message: error.message,
            line: error.line,
            column: error.column,
        })
    }
}
