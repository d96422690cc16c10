//! The report for programs: an array with an object for each file.

use serde_json::{Map, Value, json};

use super::Checked;
use crate::cli::validate::finding::Finding;

/// The whole report.
pub fn report(all: &[Checked]) -> String {
    let files: Vec<Value> = all.iter().map(file).collect();
    format!("{:#}\n", Value::Array(files))
}

fn file(checked: &Checked) -> Value {
    let verdict = &checked.verdict;
    let diagnostics: Vec<Value> = verdict.findings.iter().map(diagnostic).collect();
    json!({
        "file": checked.name,
        "result": if checked.readable && verdict.is_ok() { "OK" } else { "FAIL" },
        "errors": verdict.errors,
        "warnings": verdict.warnings,
        "diagnostics": diagnostics,
        "truncated": verdict.untold() > 0,
    })
}

/// Places are counted from 1, columns in characters; the end is behind the last character.
fn diagnostic(found: &Finding) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("severity", found.severity.to_string().into());
    put("code", found.code.into());
    put("message", found.message.as_str().into());
    if let Some(location) = &found.location {
        put("location", location.as_str().into());
    }
    if let Some(region) = found.region {
        put("line", region.start.line.into());
        put("column", region.start.column.into());
        put("endLine", region.end.line.into());
        put("endColumn", region.end.column.into());
    }
    if let Some(suggestion) = &found.suggestion {
        put("suggestion", suggestion.as_str().into());
    }
    if let Some(help) = &found.help {
        put("help", help.as_str().into());
    }
    Value::Object(shown)
}
