//! What commands show of executions to people: the terminal, a history as it grows, a history as a table.
//!
//! Knows the API's JSON and nothing of where it comes from: a server (`demo`), or this process (`run`).

pub mod doing;
pub mod history;
pub mod history_table;
pub mod screen;

use std::fmt::Display;
use std::io::Write;

/// Writes to standard error. Nobody may be there to read it: that is no reason to fail.
pub fn complain(text: impl Display) {
    let _ = write!(std::io::stderr(), "{text}");
}
