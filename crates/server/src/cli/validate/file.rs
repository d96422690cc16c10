//! Files as the command line names them, read boundedly; `-` is standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// How many bytes are read. A definition has at most [`asl::MAX_DEFINITION_BYTES`]; as YAML with comments it may be longer.
pub const MAX_BYTES: u64 = 4 * asl::MAX_DEFINITION_BYTES as u64;

/// Why a file cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refuses.
    #[error("cannot read {0}: {1}")]
    Unreadable(String, io::Error),
    /// Bytes that are not UTF-8, or that no text has.
    #[error("{0} is not a text file (UTF-8)")]
    Binary(String),
    /// More than anybody writes by hand.
    #[error("{0} is larger than {limit} bytes", limit = MAX_BYTES)]
    TooLarge(String),
}

/// How a file is named in messages.
pub fn shown(path: &Path) -> String {
    match is_stdin(path) {
        true => "<stdin>".to_owned(),
        false => path.display().to_string(),
    }
}

/// Whether the name stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a text file.
///
/// # Errors
///
/// [`ReadError`]
pub fn read(path: &Path) -> Result<String, ReadError> {
    let name = shown(path);
    let bytes = match is_stdin(path) {
        true => bounded(io::stdin().lock()),
        false => File::open(path).and_then(bounded),
    };
    let bytes = bytes.map_err(|error| ReadError::Unreadable(name.clone(), error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ReadError::TooLarge(name));
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(ReadError::Binary(name)),
    }
}

/// One byte more than the limit shows that there is more.
fn bounded(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
