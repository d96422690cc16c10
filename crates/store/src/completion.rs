//! Running completions so that a broken one harms nobody else.

use crate::{Completion, Outcome, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a completion; if it panics, says so and goes on, since the thread belongs to every submitter.
pub(crate) fn run(done: Completion, result: Result<Outcome, StoreError>) {
    if catch_unwind(AssertUnwindSafe(|| done(result))).is_err() {
        tracing::error!("a completion of a transaction panicked");
    }
}
