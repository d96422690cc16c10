//! The report in its formats: for people, for programs, for GitHub's log, for code scanning.
//!
//! Owns how findings are written. Knows nothing of how they are found.

pub mod github;
pub mod json;
pub mod sarif;
pub mod snippet;
pub mod text;

use super::diagnose::Verdict;

/// A file that was looked at.
#[derive(Debug)]
pub struct Checked {
    /// Its name as it was given, `<stdin>` for standard input.
    pub name: String,
    /// Its text; empty if it could not be read.
    pub source: String,
    /// What there is to say.
    pub verdict: Verdict,
    /// Whether it was read.
    pub readable: bool,
}

/// `1 error`, `2 errors`
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// The line that says how many findings of a file are not told.
pub fn untold(checked: &Checked) -> Option<String> {
    let untold = checked.verdict.untold();
    (untold > 0).then(|| {
        let told = checked.verdict.findings.len();
        format!(
            "{}: {untold} more beyond the first {told} are not shown",
            checked.name
        )
    })
}
