//! Places in a text as people count them: lines and characters, both from 1.
//!
//! Knows no syntax.

use std::ops::Range;

/// A place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// From a place to the one behind the last character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// The first character.
    pub start: Position,
    /// Behind the last one.
    pub end: Position,
}

impl Position {
    /// Of a byte offset; what lies within a character counts as its beginning.
    pub fn of(text: &str, offset: usize) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl Region {
    /// This region, or the end of what there is if it lies behind it.
    pub fn within(self, text: &str) -> Region {
        let text = text.trim_end();
        match self.start.line > text.split('\n').count() {
            true => Region::of(text, text.len()..text.len()).first_character(),
            false => self,
        }
    }

    /// Of a range of bytes.
    pub fn of(text: &str, range: Range<usize>) -> Region {
        Region {
            start: Position::of(text, range.start),
            end: Position::of(text, range.end),
        }
    }

    /// The character at the beginning alone: stands for what is too large to be shown.
    pub fn first_character(self) -> Region {
        let Position { line, column } = self.start;
        Region {
            start: self.start,
            end: Position {
                line,
                column: column + 1,
            },
        }
    }
}
