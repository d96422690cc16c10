//! The report as SARIF 2.1.0, for code scanning.

use asl::Severity;
use serde_json::{Value, json};

use super::Checked;
use crate::cli::validate::finding::{Finding, INVALID_YAML, NOT_A_DEFINITION, UNREADABLE_FILE};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const ABOUT: &str = "https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html";

/// What each code stands for. A code that is not here is described by its name.
const RULES: &[(&str, &str)] = &[
    (
        "SCHEMA_VALIDATION_FAILED",
        "A field is missing, unknown, of the wrong type or out of range",
    ),
    (
        "MISSING_TRANSITION_TARGET",
        "A transition leads to no state, or no transition leads to a state",
    ),
    ("MISSING_END_STATE", "No state ends the workflow"),
    (
        "DUPLICATE_STATE_NAME",
        "Two states of the machine have one name",
    ),
    ("INVALID_STATE_NAME", "The name of a state is too long"),
    ("INVALID_JSON_DESCRIPTION", "The text is not JSON"),
    (
        "DUPLICATE_LABEL_NAME",
        "Two distributed Map states have one label",
    ),
    (
        "INVALID_LABEL_NAME",
        "A label is too long or has characters that it must not have",
    ),
    (
        "TOO_DEEPLY_NESTED",
        "States or conditions are nested too deeply",
    ),
    (
        "RESERVED_VARIABLE_NAME",
        "A reserved variable is assigned to",
    ),
    (
        "INVALID_VARIABLE_NAME",
        "The name of a variable is no identifier",
    ),
    (
        "NO_DOLLAR",
        "A path or intrinsic function in a field whose name does not end with .$",
    ),
    (
        "NO_PATH",
        "A path in a field whose name does not end with Path",
    ),
    (
        "PASS_RESULT_IS_STATIC",
        "A path in the Result of a Pass state, which is taken literally",
    ),
    (
        INVALID_YAML,
        "The text is not YAML, or has what JSON cannot express",
    ),
    (
        NOT_A_DEFINITION,
        "The file is not a state machine definition",
    ),
    (UNREADABLE_FILE, "The file cannot be read"),
];

/// The whole report.
pub fn report(all: &[Checked]) -> String {
    let mut rules: Vec<(&str, Severity)> = Vec::new();
    let mut results = Vec::new();
    for checked in all {
        for found in &checked.verdict.findings {
            let known = rules.iter().position(|(code, _)| *code == found.code);
            let index = known.unwrap_or_else(|| {
                rules.push((found.code, found.severity));
                rules.len() - 1
            });
            results.push(result(checked, found, index));
        }
    }
    let rules: Vec<Value> = rules
        .iter()
        .map(|(code, severity)| rule(code, *severity))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stepwell",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": all.iter().all(|checked| checked.readable) }],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: &str, severity: Severity) -> Value {
    let known = RULES.iter().find(|(known, _)| *known == code);
    let description = known.map_or(code, |(_, description)| description);
    json!({
        "id": code,
        "shortDescription": { "text": description },
        "fullDescription": { "text": format!("{description}.") },
        "helpUri": ABOUT,
        "defaultConfiguration": { "level": level(severity) },
    })
}

fn result(checked: &Checked, found: &Finding, rule: usize) -> Value {
    let advice = found.advice();
    let message: Vec<&str> = std::iter::once(found.message.as_str())
        .chain(advice.iter().map(String::as_str))
        .collect();
    let mut physical = json!({ "artifactLocation": { "uri": uri(&checked.name) } });
    if let Some(region) = found.region {
        physical["region"] = json!({
            "startLine": region.start.line,
            "startColumn": region.start.column,
            "endLine": region.end.line,
            "endColumn": region.end.column,
        });
    }
    let mut location = json!({ "physicalLocation": physical });
    if let Some(name) = &found.location {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": name }]);
    }
    json!({
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": level(found.severity),
        "message": { "text": message.join("\n") },
        "locations": [location],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A file's name as a URI: relative names stay relative, to whatever the reader takes for the root.
fn uri(name: &str) -> String {
    let scheme = if name.starts_with('/') { "file://" } else { "" };
    let relative = name.strip_prefix("./").unwrap_or(name);
    format!("{scheme}{}", aws::percent::encode_path(relative))
}
