//! Where things are in a JSON text.

use expr::json::{ParseError, Step, locate};

use super::finding::Finding;
use super::region::Region;
use super::substitution::placeholder;

/// The finding for a text that is not JSON. The parser points behind what it did not expect.
pub(super) fn not_json(text: &str, error: &ParseError) -> Finding {
    let before = &text[..error.offset.min(text.len())];
    let start = before
        .char_indices()
        .next_back()
        .map_or(0, |(start, _)| start);
    let ended = error.offset >= text.len() && !before.ends_with(is_visible);
    let region = match ended {
        // At the end: behind the last thing that there is.
        true => {
            let end = before.trim_end().len();
            Region::of(text, end..end).first_character()
        }
        false => Region::of(text, start..start).first_character(),
    };
    let code = asl::Code::InvalidJsonDescription.as_str();
    let finding = Finding::error(code, without_source(&error.message)).at(region);
    match text[start..].starts_with("${").then(|| placeholder(&text[start..])).flatten() {
        Some(name) => finding.with_help(format!(
            "'${{{name}}}' is a placeholder outside of a string: whatever fills it in must do so before the file is JSON"
        )),
        None => finding,
    }
}

/// Jackson quotes the whole text where it says where something began: `[Source: (String)"..."; line: 1, column: 4]`.
fn without_source(message: &str) -> String {
    let parts = message.split_once("[Source: (String)");
    match parts.and_then(|(before, quoted)| Some((before, quoted.rsplit_once("; line: ")?.1))) {
        Some((before, place)) => {
            let place = place.replacen("column: ", "column ", 1);
            format!("{before}line {}", place.replacen(']', "", 1))
        }
        None => message.to_owned(),
    }
}

fn is_visible(character: char) -> bool {
    !character.is_whitespace()
}

/// Where a value is, or its name if `name` says so or the value is an object or array.
pub(super) fn region(text: &str, path: &[Step], name: bool) -> Option<Region> {
    let value = locate(text, path)?;
    let container = text[value.clone()].starts_with(['{', '[']);
    let key = match path.last() {
        Some(Step::Key(_)) if name || container => name_before(text, value.start),
        _ => None,
    };
    Some(match key {
        Some(key) => Region::of(text, key),
        None if container => Region::of(text, value.start..value.start).first_character(),
        None => Region::of(text, value),
    })
}

/// The name in front of the member's value that begins at `value`, with its quotes.
fn name_before(text: &str, value: usize) -> Option<std::ops::Range<usize>> {
    let before = text[..value].trim_end().strip_suffix(':')?.trim_end();
    let end = before.len();
    let mut inside = before.strip_suffix('"')?;
    // In a JSON string a quote has an odd number of backslashes in front of it, and the opening one has none.
    loop {
        inside = &inside[..inside.rfind('"')?];
        let backslashes = inside.len() - inside.trim_end_matches('\\').len();
        if backslashes % 2 == 0 {
            return Some(inside.len()..end);
        }
    }
}
