//! Why a text is not JSON, in Jackson's words.

use std::fmt;

/// Why and where a text is not JSON.
///
/// The service quotes Jackson (2.9 to 2.15); its wording is part of the API. The place is Jackson's
/// too: it points behind the character or the token that was not expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Jackson's message without its ` at [Source: ...]` line.
    pub message: String,
    /// Bytes before the place.
    pub offset: usize,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1 in UTF-16 units as Java does.
    pub column: u32,
}

impl ParseError {
    pub(super) fn at(text: &str, offset: usize, message: String) -> ParseError {
        let (line, column) = position(text, offset);
        ParseError {
            message,
            offset,
            line,
            column,
        }
    }

    /// Jackson's description of the place: `[Source: (String)"not a definition"; line: 1, column: 4]`
    /// (recorded: `test_create_state_machine` with an unparsable definition). It quotes the first 500
    /// characters of the text.
    pub fn location(&self, text: &str) -> String {
        source_location(text, self.line, self.column)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}

/// Line and column (both from 1, the column in UTF-16 units) of a byte offset.
pub(super) fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[line_start..].encode_utf16().count() + 1;
    (line as u32, column as u32)
}

/// `[Source: (String)"..."; line: L, column: C]`
pub(super) fn source_location(text: &str, line: u32, column: u32) -> String {
    /// Jackson's `InputSourceReference`/`JsonLocation.MAX_CONTENT_SNIPPET`.
    const SNIPPET: usize = 500;
    let shown: String = text.chars().take(SNIPPET).collect();
    let hidden = text[shown.len()..].chars().count();
    let truncated = match hidden {
        0 => String::new(),
        count => format!("[truncated {count} chars]"),
    };
    format!("[Source: (String)\"{shown}\"{truncated}; line: {line}, column: {column}]")
}
