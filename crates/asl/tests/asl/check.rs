//! How tests ask: a definition, and the diagnostics one per line.

use asl::{Code, Diagnostic, MachineType, Options};
use expect_test::Expect;

/// All that any integration requires.
pub const PARAMETERS: &str = r#""Parameters": {"FunctionName": "f", "StateMachineArn": "a", "QueueUrl.$": "$.q",
    "MessageBody": "b", "Message": "m", "TableName": "t", "JobName": "j", "TaskDefinition": "t", "Entries": []}"#;

/// A Standard machine's diagnostics.
pub fn check(definition: &str, expected: Expect) {
    check_type(definition, MachineType::Standard, expected);
}

/// An Express machine's diagnostics.
pub fn check_express(definition: &str, expected: Expect) {
    check_type(definition, MachineType::Express, expected);
}

/// Diagnostics of a Standard machine with the single state `X`, given its fields without the braces.
pub fn check_state(fields: &str, expected: Expect) {
    check(&single(fields), expected);
}

/// A machine with the single state `X`.
pub fn single(fields: &str) -> String {
    format!(r#"{{"StartAt": "X", "States": {{"X": {{{fields}}}}}}}"#)
}

/// A machine with the Choice state `C` with this rule and two states `A` and `B`.
pub fn with_rule(rule: &str) -> String {
    format!(
        r#"{{"StartAt": "C", "States": {{
            "C": {{"Type": "Choice", "Choices": [{rule}], "Default": "B"}},
            "A": {{"Type": "Succeed"}}, "B": {{"Type": "Succeed"}}}}}}"#
    )
}

fn check_type(definition: &str, machine_type: MachineType, expected: Expect) {
    let options = Options { machine_type };
    let diagnostics = asl::validate(definition, &options);
    let refused = |d: &Diagnostic| d.is_error() || d.code == Code::NotSupportedYet;
    let accepted = !diagnostics.iter().any(refused);
    assert_eq!(
        asl::compile(definition, &options).is_ok(),
        accepted,
        "compile and validate agree"
    );
    let lines: Vec<String> = diagnostics.iter().map(print).collect();
    expected.assert_eq(&lines.join("\n"));
}

/// The code is left out where it is the usual SCHEMA_VALIDATION_FAILED; of a long list only its beginning is shown.
fn print(diagnostic: &Diagnostic) -> String {
    let severity = if diagnostic.is_error() {
        ""
    } else {
        "(warning) "
    };
    let text = diagnostic.to_string();
    let text = text
        .strip_prefix("SCHEMA_VALIDATION_FAILED: ")
        .unwrap_or(&text);
    match (text.find("StringEqualsPath, "), text.find(", IsTimestamp]")) {
        (Some(start), Some(end)) => format!("{severity}{}...{}", &text[..start], &text[end..]),
        _ => format!("{severity}{text}"),
    }
}
