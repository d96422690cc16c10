//! One thing to say about a file: what, where, and what was probably meant.

use asl::{Diagnostic, Severity};

use super::region::Region;

/// The file is something else than a definition.
pub const NOT_A_DEFINITION: &str = "NOT_A_DEFINITION";
/// The text is not YAML, or says something that JSON cannot say.
pub const INVALID_YAML: &str = "INVALID_YAML";
/// The file cannot be read.
pub const UNREADABLE_FILE: &str = "UNREADABLE_FILE";

/// One thing to say.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Whether it keeps the definition from being accepted.
    pub severity: Severity,
    /// AWS's code, or one of those above.
    pub code: &'static str,
    /// AWS's words where it is AWS that refuses.
    pub message: String,
    /// AWS's name of the place: `/States/Pay/Next`.
    pub location: Option<String>,
    /// The place in the file; none for the file as a whole.
    pub region: Option<Region>,
    /// The text that was probably meant there.
    pub suggestion: Option<String>,
    /// More for who wants to put it right, in whole sentences.
    pub help: Option<String>,
}

impl Finding {
    /// An error of ours.
    pub fn error(code: &'static str, message: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Error,
            code,
            message: message.into(),
            location: None,
            region: None,
            suggestion: None,
            help: None,
        }
    }

    /// What the language says, at a place.
    pub fn of(diagnostic: &Diagnostic, region: Option<Region>) -> Finding {
        Finding {
            severity: diagnostic.severity,
            location: diagnostic.location.clone(),
            region,
            ..Finding::error(diagnostic.code.as_str(), diagnostic.message.clone())
        }
    }

    /// This finding, at a place.
    pub fn at(self, region: Region) -> Finding {
        Finding {
            region: Some(region),
            ..self
        }
    }

    /// This finding, with help.
    pub fn with_help(self, help: impl Into<String>) -> Finding {
        Finding {
            help: Some(help.into()),
            ..self
        }
    }

    /// Whether the definition is refused because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// What helps, as sentences, the suggestion first.
    pub fn advice(&self) -> Vec<String> {
        let meant = self
            .suggestion
            .as_ref()
            .map(|name| format!("did you mean '{name}'?"));
        meant.into_iter().chain(self.help.clone()).collect()
    }
}
