//! The line of a text that a region is in, with the region underlined: short enough for a terminal, and without anything
//! that a terminal would obey.

use console::measure_text_width;

use crate::cli::validate::region::Region;

/// The most characters of a line that are shown.
const WIDTH: usize = 100;
/// How many of them are in front of the region where the line is longer.
const BEFORE: usize = 30;

/// A line and what is underlined in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The line, or the part of it around the region.
    pub line: String,
    /// Columns in front of the underlined ones.
    pub indent: usize,
    /// How many columns are underlined, at least one.
    pub length: usize,
}

impl Snippet {
    /// The beginning of a region; `None` if the text has no such line.
    pub fn of(text: &str, region: Region) -> Option<Snippet> {
        let line = text.split('\n').nth(region.start.line.checked_sub(1)?)?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let start = region.start.column.saturating_sub(1);
        let length = line.chars().count();
        let end = match region.end.line == region.start.line {
            true => region.end.column.saturating_sub(1).min(length),
            false => length,
        };
        let from = match length > WIDTH {
            true => start.saturating_sub(BEFORE),
            false => 0,
        };
        let part = |from: usize, to: usize| {
            let characters = line.chars().skip(from).take(to.saturating_sub(from));
            visible(&characters.collect::<String>())
        };
        let (left, right) = (
            if from > 0 { "…" } else { "" },
            if length > from + WIDTH { "…" } else { "" },
        );
        let until = length.min(from + WIDTH);
        let marked = part(start.min(until), end.min(until));
        Some(Snippet {
            line: format!("{left}{}{right}", part(from, until)),
            indent: measure_text_width(left) + measure_text_width(&part(from, start.min(until))),
            length: measure_text_width(&marked).max(1),
        })
    }
}

/// A text with a visible stand-in for every character that is none: tabs are one space, so that columns stay right.
pub fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() || is_direction(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Characters that change the order in which others are shown.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
