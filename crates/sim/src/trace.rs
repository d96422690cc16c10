//! What happened, as text: the same seed gives the same text. And the first thing that must not have happened.

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shared by everything in a world.
#[derive(Default)]
pub(crate) struct Trace(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    text: String,
    lines: u64,
    violation: Option<String>,
}

impl Trace {
    /// Adds a line.
    pub(crate) fn say(&self, line: std::fmt::Arguments<'_>) {
        let mut inner = lock(&self.0);
        inner.lines += 1;
        let number = inner.lines;
        let _ = writeln!(inner.text, "{number:>6} {line}");
    }

    /// Something is wrong. The first one counts: what follows may follow from it.
    pub(crate) fn violation(&self, what: String) {
        self.say(format_args!("VIOLATION {what}"));
        lock(&self.0).violation.get_or_insert(what);
    }

    pub(crate) fn first_violation(&self) -> Option<String> {
        lock(&self.0).violation.clone()
    }

    pub(crate) fn text(&self) -> String {
        lock(&self.0).text.clone()
    }
}

/// Locks what a panic elsewhere cannot have left half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
