//! Warnings; none keeps a definition from being accepted.

use expect_test::expect;

use crate::check::{check, check_state, with_rule};

#[test]
fn a_path_in_a_result() {
    check_state(
        r#""Type": "Pass", "Result": {"a": ["$.x"]}, "End": true"#,
        expect![
            "(warning) PASS_RESULT_IS_STATIC: Attempt to use a path in the result of a pass state. at /States/X/Result"
        ],
    );
    check_state(
        r#""Type": "Pass", "Result": {"a": "costs $5"}, "End": true"#,
        expect![],
    );
}

#[test]
fn a_path_in_a_template_without_its_dollar() {
    check_state(
        r#""Type": "Pass", "Parameters": {"a": "$.x", "b": [{"c": "States.UUID()"}], "d": "$", "e": "$$[0]"}, "End": true"#,
        expect![[r#"
            (warning) NO_DOLLAR: No .$ on a field that appears to be a JSONPath or Intrinsic Function. at /States/X/Parameters/a
            (warning) NO_DOLLAR: No .$ on a field that appears to be a JSONPath or Intrinsic Function. at /States/X/Parameters/b[0]/c
            (warning) NO_DOLLAR: No .$ on a field that appears to be a JSONPath or Intrinsic Function. at /States/X/Parameters/e"#]],
    );
}

#[test]
fn a_path_in_a_field_that_has_a_path_form() {
    check_state(
        r#""Type": "Fail", "Error": "$.error", "Cause": "$$.Execution.Id""#,
        expect![[r#"
            (warning) NO_PATH: Field value looks like a path, but field name does not end with 'Path'. at /States/X/Error
            (warning) NO_PATH: Field value looks like a path, but field name does not end with 'Path'. at /States/X/Cause"#]],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "StringEquals": "$.b"}"#),
        expect![
            "(warning) NO_PATH: Field value looks like a path, but field name does not end with 'Path'. at /States/C/Choices[0]/StringEquals"
        ],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "StringMatches": "$.b"}"#),
        expect![],
    );
}
