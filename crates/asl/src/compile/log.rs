//! Collects diagnostics, boundedly.

use expr::json::Step;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::location::{At, Place};

/// How many diagnostics are kept; the API shows at most 100 of them.
const MAX_DIAGNOSTICS: usize = 1000;
/// How many bytes of messages and locations are kept: a location may repeat a name of nearly the definition's size.
const MAX_BYTES: usize = 4 * crate::MAX_DEFINITION_BYTES;
/// What a step of a path costs besides its text, in bytes.
const STEP_BYTES: usize = 32;

/// The diagnostics so far. Beyond the bounds they are counted, not kept.
#[derive(Default)]
pub(crate) struct Log {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    bytes: usize,
}

impl Log {
    /// How many errors were reported, kept or not.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// The diagnostics in the order in which they were reported.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// Reports a problem of the value at `at`.
    pub(crate) fn report(&mut self, code: Code, at: &At<'_>, message: impl Into<String>) {
        self.report_inside(code, at, &[], message);
    }

    /// Reports a schema error of the value at `at`.
    pub(crate) fn schema(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.report(Code::SchemaValidationFailed, at, message);
    }

    /// Reports a schema error of a member whose location is given as its containing object, `at`.
    pub(crate) fn member(&mut self, at: &At<'_>, name: &str, message: impl Into<String>) {
        let code = Code::SchemaValidationFailed;
        if self.has_room() {
            self.add(placed(code, at.location(), at.key(name).path(), message));
        } else {
            self.count(code);
        }
    }

    /// Reports a problem further in than `at`.
    pub(crate) fn report_inside(
        &mut self,
        code: Code,
        at: &At<'_>,
        steps: &[Step],
        message: impl Into<String>,
    ) {
        if self.has_room() {
            let mut path = at.path();
            path.extend_from_slice(steps);
            self.add(placed(code, located(at, steps), path, message));
        } else {
            self.count(code);
        }
    }

    /// Reports a problem at a place that was kept.
    pub(crate) fn place(&mut self, code: Code, place: &Place, message: impl Into<String>) {
        self.add(placed(
            code,
            place.location.clone(),
            place.path.clone(),
            message,
        ));
    }

    /// Keeps a diagnostic, if there is room.
    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        self.count(diagnostic.code);
        if self.has_room() {
            let location = diagnostic.location.as_ref().map_or(0, String::len);
            self.bytes +=
                diagnostic.message.len() + 2 * location + diagnostic.path.len() * STEP_BYTES;
            self.diagnostics.push(diagnostic);
        }
    }

    /// Adds what another log has.
    pub(crate) fn append(&mut self, other: Log) {
        let dropped = other.errors - other.diagnostics.iter().filter(|d| d.is_error()).count();
        self.errors += dropped;
        for diagnostic in other.diagnostics {
            self.add(diagnostic);
        }
    }

    fn count(&mut self, code: Code) {
        self.errors += usize::from(code.severity() == Severity::Error);
    }

    fn has_room(&self) -> bool {
        self.diagnostics.len() < MAX_DIAGNOSTICS && self.bytes < MAX_BYTES
    }
}

fn placed(code: Code, location: String, path: Vec<Step>, message: impl Into<String>) -> Diagnostic {
    Diagnostic {
        location: Some(location),
        path,
        ..Diagnostic::global(code, message)
    }
}

fn located(at: &At<'_>, steps: &[Step]) -> String {
    match steps {
        [] => at.location(),
        [Step::Key(name), rest @ ..] => located(&at.key(name), rest),
        [Step::Index(index), rest @ ..] => located(&at.index(*index), rest),
    }
}
