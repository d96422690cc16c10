//! Texts that are not definitions at all.

use expect_test::expect;

use crate::check::check;

#[test]
fn a_blank_text() {
    check(
        " ",
        expect!["Definition must be a valid JSON object at null"],
    );
    check(
        "",
        expect!["Definition must be a valid JSON object at null"],
    );
}

#[test]
fn json_that_is_not_an_object() {
    check(
        "[1]",
        expect!["Definition must be a valid JSON object at null"],
    );
    check(
        "null",
        expect!["Definition must be a valid JSON object at null"],
    );
}

#[test]
fn not_json() {
    check(
        "not a definition",
        expect![[r#"
        INVALID_JSON_DESCRIPTION: Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [Source: (String)"not a definition"; line: 1, column: 4] at [Source: (String)"not a definition"; line: 1, column: 4]"#]],
    );
}

#[test]
fn an_empty_object() {
    check(
        "{}",
        expect!["These fields are required: [States, StartAt] at /"],
    );
}

#[test]
fn all_errors_in_one_message() {
    let text = r#"{"StartAt": "a", "States": {
        "a": {"Type": "Pass", "Next": "c"}, "b": {"Type": "Pass", "End": true}}}"#;
    let diagnostics = asl::validate(text, &asl::Options::default());
    expect![[r#"Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: c at /States/a/Next, MISSING_TRANSITION_TARGET: State "b" is not reachable. at /States/b'"#]].assert_eq(&asl::invalid_definition_message(&diagnostics));
}
