//! What is wrong with a definition, as ValidateStateMachineDefinition tells it.

use asl::Severity;
use aws::ApiError;
use serde_json::{Value, json};

use super::StatesApi;
use super::machines::options;
use super::params::Params;

impl StatesApi {
    pub(super) fn validate_definition(&self, params: &Params) -> Result<Value, ApiError> {
        let options = options(params.text("type").unwrap_or("STANDARD"));
        let found = asl::validate(params.required("definition"), &options);
        let failed = found.iter().any(asl::Diagnostic::is_error);
        let warnings = params.text("severity") == Some("WARNING");
        let limit = params
            .integer("maxResults")
            .filter(|n| *n > 0)
            .unwrap_or(100) as usize;
        let shown: Vec<_> = found
            .iter()
            .filter(|diagnostic| warnings || diagnostic.is_error())
            .collect();
        let diagnostics: Vec<Value> = shown
            .iter()
            .take(limit)
            .map(|diagnostic| diagnostic_json(diagnostic))
            .collect();
        Ok(json!({
            "result": if failed { "FAIL" } else { "OK" },
            "diagnostics": diagnostics,
            "truncated": shown.len() > limit,
        }))
    }
}

fn diagnostic_json(diagnostic: &asl::Diagnostic) -> Value {
    let mut shown = json!({
        "severity": match diagnostic.severity { Severity::Error => "ERROR", Severity::Warning => "WARNING" },
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
    });
    if let Some(location) = &diagnostic.location {
        shown["location"] = location.as_str().into();
    }
    shown
}
