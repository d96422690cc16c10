//! Choice rules.

use expect_test::expect;

use crate::check::{check, check_state, with_rule};

#[test]
fn rules_of_all_kinds() {
    check(
        &with_rule(
            r#"{"Comment": "c", "Next": "A", "And": [
                {"Or": [{"Variable": "$.a", "StringEquals": "x"}, {"Variable": "$.a", "StringMatches": "log-*"}]},
                {"Not": {"Variable": "$.n", "NumericGreaterThanEqualsPath": "$.m"}},
                {"Variable": "$.t", "TimestampLessThan": "2026-01-01T00:00:00Z"},
                {"Variable": "$$.Execution.Name", "IsPresent": true},
                {"Variable": "$.b", "BooleanEquals": false}]}"#,
        ),
        expect![],
    );
}

#[test]
fn no_choices() {
    check_state(
        r#""Type": "Choice", "Choices": []"#,
        expect!["Value cannot be empty at /States/X/Choices"],
    );
    check_state(
        r#""Type": "Choice", "Choices": {}"#,
        expect!["Expected value of type [ARRAY] at /States/X/Choices"],
    );
    check_state(
        r#""Type": "Choice", "Choices": [1]"#,
        expect!["Expected value of type [OBJECT] at /States/X/Choices[0]"],
    );
}

#[test]
fn a_rule_needs_a_next() {
    check(
        &with_rule(r#"{"Variable": "$", "StringMatches": "Test"}"#),
        expect!["These fields are required: [Next] at /States/C/Choices[0]"],
    );
}

#[test]
fn a_nested_rule_has_none() {
    check(
        &with_rule(r#"{"Next": "A", "And": [{"Variable": "$.a", "IsNull": true, "Next": "B"}]}"#),
        expect!["Field 'Next' is not supported at /States/C/Choices[0]/And[0]"],
    );
    check(
        &with_rule(r#"{"Next": "A", "Not": {"Variable": "$.a", "IsNull": true, "Assign": {}}}"#),
        expect!["Field 'Assign' is not supported at /States/C/Choices[0]/Not"],
    );
}

#[test]
fn exactly_one_kind() {
    check(
        &with_rule(r#"{"Next": "A"}"#),
        expect![
            "The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/C/Choices[0]"
        ],
    );
    check(
        &with_rule(r#"{"Next": "A", "StringEquals": "x"}"#),
        expect![
            "The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/C/Choices[0]"
        ],
    );
    check(
        &with_rule(
            r#"{"Next": "A", "And": [{"Variable": "$.a", "IsNull": true}], "Variable": "$.b"}"#,
        ),
        expect![
            "The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/C/Choices[0]"
        ],
    );
    check(
        &with_rule(r#"{"Next": "A", "Or": []}"#),
        expect!["Value cannot be empty at /States/C/Choices[0]/Or"],
    );
    check(
        &with_rule(r#"{"Next": "A", "Not": []}"#),
        expect!["Expected value of type [OBJECT] at /States/C/Choices[0]/Not"],
    );
    check(
        &with_rule(
            r#"{"Next": "A", "Not": {"Variable": "$.a", "IsNull": true}, "StringEquals": "x"}"#,
        ),
        expect!["Field 'StringEquals' is not supported at /States/C/Choices[0]"],
    );
}

#[test]
fn exactly_one_operator() {
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a"}"#),
        expect![
            "This object should have only one of the following fields: [StringEquals, ..., IsTimestamp] at /States/C/Choices[0]"
        ],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "IsNull": true, "IsString": true}"#),
        expect![
            "There should only be one of the following fields: [StringEquals, ..., IsTimestamp] at /States/C/Choices[0]"
        ],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "StringMatchesPath": "$.b"}"#),
        expect![[r#"
            Field 'StringMatchesPath' is not supported at /States/C/Choices[0]
            This object should have only one of the following fields: [StringEquals, ..., IsTimestamp] at /States/C/Choices[0]"#]],
    );
}

#[test]
fn operands_have_their_type() {
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "StringEquals": 1}"#),
        expect!["Expected value of type [STRING] at /States/C/Choices[0]/StringEquals"],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "NumericEquals": "1"}"#),
        expect!["Expected value of type [NUMBER] at /States/C/Choices[0]/NumericEquals"],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "BooleanEquals": "true"}"#),
        expect!["Expected value of type [BOOLEAN] at /States/C/Choices[0]/BooleanEquals"],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "IsPresent": 1}"#),
        expect!["Expected value of type [BOOLEAN] at /States/C/Choices[0]/IsPresent"],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "TimestampEquals": "yesterday"}"#),
        expect!["String does not match RFC3339 timestamp at /States/C/Choices[0]/TimestampEquals"],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "NumericEqualsPath": 1}"#),
        expect!["Expected value of type [STRING] at /States/C/Choices[0]/NumericEqualsPath"],
    );
}

#[test]
fn compared_paths() {
    check(
        &with_rule(r#"{"Next": "A", "Variable": "States.ArrayLength($.a)", "NumericEquals": 0}"#),
        expect![
            "Value is not a Reference Path: Reference path didn't start with '$' at /States/C/Choices[0]/Variable"
        ],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": "$.a", "StringEqualsPath": "b"}"#),
        expect![
            "Value is not a Reference Path: Reference path didn't start with '$' at /States/C/Choices[0]/StringEqualsPath"
        ],
    );
    check(
        &with_rule(r#"{"Next": "A", "Variable": 1, "IsNull": true}"#),
        expect!["Expected value of type [STRING] at /States/C/Choices[0]/Variable"],
    );
}
