//! The report as GitHub Actions' workflow commands, which become annotations at the lines of a change.
//!
//! Escaping as GitHub's own toolkit does it (`@actions/core`, `command.ts`).

use asl::Severity;

use super::{Checked, untold};
use crate::cli::validate::finding::Finding;

/// A command for each finding.
pub fn report(all: &[Checked]) -> String {
    let mut text = String::new();
    for checked in all {
        for found in &checked.verdict.findings {
            text.push_str(&command(checked, found));
        }
        if let Some(line) = untold(checked) {
            text.push_str(&format!("::notice::{}\n", data(&line)));
        }
    }
    text
}

fn command(checked: &Checked, found: &Finding) -> String {
    let name = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = vec![("file", checked.name.clone())];
    if let Some(region) = found.region {
        let (start, end) = (region.start, region.end);
        properties.push(("line", start.line.to_string()));
        properties.push(("endLine", end.line.to_string()));
        // GitHub takes columns only for what is in one line; its last column is within.
        if start.line == end.line {
            properties.push(("col", start.column.to_string()));
            let last = end.column.saturating_sub(1).max(start.column);
            properties.push(("endColumn", last.to_string()));
        }
    }
    properties.push(("title", found.code.to_owned()));
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    format!(
        "::{name} {}::{}\n",
        properties.join(","),
        data(&message(found))
    )
}

fn message(found: &Finding) -> String {
    let mut message = found.message.clone();
    if let Some(location) = &found.location {
        message = format!("{message} (at {location})");
    }
    for advice in found.advice() {
        message = format!("{message}\n{advice}");
    }
    message
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
