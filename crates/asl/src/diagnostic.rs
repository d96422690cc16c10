//! What is wrong with a definition, in the service's words.
//!
//! Owns the shape of a diagnostic and how several are joined into one API message. Knows nothing of the rules that
//! make them.

use std::fmt;

use expr::json::Step;

/// How bad it is. Warnings never keep a definition from being accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The definition is refused.
    Error,
    /// The definition is accepted; something in it looks unintended.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        })
    }
}

/// The codes that a definition can be given (spec validation.md section 2). `Display` is the name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The text is not JSON.
    InvalidJsonDescription,
    /// A field is missing, unknown, of the wrong type or out of range.
    SchemaValidationFailed,
    /// The top-level graph has no state that ends it.
    MissingEndState,
    /// Two states of the machine have one name.
    DuplicateStateName,
    /// A transition leads nowhere, or nothing leads to a state.
    MissingTransitionTarget,
    /// A state's name is too long.
    InvalidStateName,
    /// Two distributed Maps have one label.
    DuplicateLabelName,
    /// A label is too long or has characters that it must not have.
    InvalidLabelName,
    /// Graphs inside graphs, or conditions inside conditions, beyond what is followed.
    TooDeeplyNested,
    /// A JSONata expression does not parse.
    InvalidJsonataExpression,
    /// A JSONata expression looks at something that is not there.
    UnsupportedJsonataExpression,
    /// `Assign` to `states`.
    ReservedVariableName,
    /// `Assign` to something that is not an identifier.
    InvalidVariableName,
    /// Warning: a path or intrinsic in a payload template without `.$`.
    NoDollar,
    /// Warning: a path in a field whose name does not end with `Path`.
    NoPath,
    /// Warning: a path in the `Result` of a Pass state.
    PassResultIsStatic,
    /// Stepwell's own: the definition is valid, and this version cannot run it. A warning of a validation; what keeps a
    /// state machine from being created.
    NotSupportedYet,
}

impl Code {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            Code::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Code::MissingEndState => "MISSING_END_STATE",
            Code::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Code::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Code::InvalidStateName => "INVALID_STATE_NAME",
            Code::DuplicateLabelName => "DUPLICATE_LABEL_NAME",
            Code::InvalidLabelName => "INVALID_LABEL_NAME",
            Code::TooDeeplyNested => "TOO_DEEPLY_NESTED",
            Code::InvalidJsonataExpression => "INVALID_JSONATA_EXPRESSION",
            Code::UnsupportedJsonataExpression => "UNSUPPORTED_JSONATA_EXPRESSION",
            Code::ReservedVariableName => "RESERVED_VARIABLE_NAME",
            Code::InvalidVariableName => "INVALID_VARIABLE_NAME",
            Code::NoDollar => "NO_DOLLAR",
            Code::NoPath => "NO_PATH",
            Code::PassResultIsStatic => "PASS_RESULT_IS_STATIC",
            Code::NotSupportedYet => "NOT_SUPPORTED_YET",
        }
    }

    /// Whether the code stands for a warning.
    pub fn severity(self) -> Severity {
        match self {
            Code::NoDollar | Code::NoPath | Code::PassResultIsStatic | Code::NotSupportedYet => {
                Severity::Warning
            }
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Follows from `code`.
    pub severity: Severity,
    /// What kind of finding.
    pub code: Code,
    /// The service's words.
    pub message: String,
    /// `/States/x/Choices[0]/Next`; names are not escaped. None where the service gives none.
    pub location: Option<String>,
    /// Where it is in the text: with `expr::json::locate` the line and column. May lead further in than `location`,
    /// which for a misplaced field names the containing object. Empty: the whole text.
    pub path: Vec<Step>,
}

impl Diagnostic {
    /// A finding about the text as a whole.
    pub fn global(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: code.severity(),
            code,
            message: message.into(),
            location: None,
            path: Vec::new(),
        }
    }

    /// Whether the definition is refused because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    /// As CreateStateMachine prints it: `CODE: message at location`, `at null` without a location.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.location.as_deref().unwrap_or("null");
        write!(f, "{}: {} at {}", self.code, self.message, location)
    }
}

/// The message of CreateStateMachine, UpdateStateMachine and TestState for a refused definition: all errors, joined
/// (spec validation.md section 1).
pub fn invalid_definition_message(diagnostics: &[Diagnostic]) -> String {
    let errors: Vec<String> = diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(Diagnostic::to_string)
        .collect();
    format!("Invalid State Machine Definition: '{}'", errors.join(", "))
}
