//! Tables of calls and what they answer. Expected results were taken from the reference implementation or, where it
//! answers nothing of use, worked out by hand; the official suite runs through the evaluator.

mod bounds;
mod dates_read;
mod dates_written;
mod decimals;
mod integers;

use crate::error::Error;

/// What a call answers, in one line: its text, or the code of its error.
fn shown(answer: Result<String, Error>) -> String {
    answer.unwrap_or_else(|error| error.code.to_owned())
}

/// Fails with all rows that differ at once.
fn check(rows: impl IntoIterator<Item = (String, String, String)>) {
    let wrong: Vec<String> = rows
        .into_iter()
        .filter(|(_, answer, expected)| answer != expected)
        .map(|(call, answer, expected)| format!("{call}: {answer:?}, expected {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
