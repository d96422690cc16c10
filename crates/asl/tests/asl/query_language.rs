//! Which language a state speaks and which fields it has for that; measured on the service.

use expect_test::expect;

use crate::check::{check, check_state};

#[test]
fn a_jsonata_machine_has_no_jsonpath_states() {
    check(
        r#"{"QueryLanguage": "JSONata", "StartAt": "X", "States": {
            "X": {"Type": "Pass", "QueryLanguage": "JSONPath", "Output": {"v": "{% 1 %}"}, "End": true}}}"#,
        expect![
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/X"
        ],
    );
}

#[test]
fn only_the_field_check_is_left_out_then() {
    check(
        r#"{"QueryLanguage": "JSONata", "StartAt": "M", "States": {
            "M": {"Type": "Map", "QueryLanguage": "JSONPath", "MaxConcurrency": -1, "End": true,
                  "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}}}}"#,
        expect![[r#"
            'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/M
            Minimum value is 0 at /States/M/MaxConcurrency"#]],
    );
}

#[test]
fn fields_of_the_other_language() {
    check_state(
        r#""Type": "Pass", "Output": 1, "End": true"#,
        expect![
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/X"
        ],
    );
    check_state(
        r#""Type": "Pass", "QueryLanguage": "JSONata", "InputPath": "$.a", "Parameters": {}, "Result": 1, "End": true"#,
        expect![[r#"
            The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/X
            The QueryLanguage is set to 'JSONata', but field 'Parameters' is only supported for the 'JSONPath' QueryLanguage at /States/X
            The QueryLanguage is set to 'JSONata', but field 'Result' is only supported for the 'JSONPath' QueryLanguage at /States/X"#]],
    );
    check_state(
        r#""Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"p": 1}, "End": true"#,
        expect![
            "The QueryLanguage is set to 'JSONPath', but field 'Arguments' is only supported for the 'JSONata' QueryLanguage at /States/X"
        ],
    );
}

#[test]
fn a_language_that_does_not_exist_is_jsonata() {
    check_state(
        r#""Type": "Pass", "QueryLanguage": "foo", "InputPath": "$.a", "End": true"#,
        expect![[r#"
            The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/X
            Value should be one of the following: [JSONPath, JSONata] at /States/X/QueryLanguage"#]],
    );
    check_state(
        r#""Type": "Pass", "QueryLanguage": 5, "Output": 1, "End": true"#,
        expect!["Expected value of type [STRING] at /States/X/QueryLanguage"],
    );
    check(
        r#"{"QueryLanguage": "jsonpath", "StartAt": "X", "States": {"X": {"Type": "Pass", "InputPath": "$.a", "End": true}}}"#,
        expect![[r#"
            Value should be one of the following: [JSONPath, JSONata] at /QueryLanguage
            The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/X"#]],
    );
    check(
        r#"{"QueryLanguage": "JSONata", "StartAt": "X", "States": {"X": {"Type": "Pass", "QueryLanguage": "jsonpath", "End": true}}}"#,
        expect![
            "Value should be one of the following: [JSONPath, JSONata] at /States/X/QueryLanguage"
        ],
    );
}

#[test]
fn nested_states_speak_the_language_of_the_machine() {
    check(
        r#"{"StartAt": "PAR", "States": {
            "PAR": {"Type": "Parallel", "QueryLanguage": "JSONata", "End": true, "Branches": [
                {"StartAt": "P", "States": {"P": {"Type": "Pass", "Output": 1, "End": true}}}]}}}"#,
        expect![
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/PAR/Branches[0]/States/P"
        ],
    );
}

#[test]
fn branches_and_processors_have_no_language() {
    check(
        r#"{"StartAt": "M", "States": {
            "M": {"Type": "Map", "Next": "P", "Iterator": {"QueryLanguage": "JSONata", "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}},
            "P": {"Type": "Parallel", "End": true, "Branches": [
                {"QueryLanguage": "JSONata", "StartAt": "B", "States": {"B": {"Type": "Succeed"}}}]}}}"#,
        expect![[r#"
            Field 'QueryLanguage' is not supported at /States/M/Iterator
            Field 'QueryLanguage' is not supported at /States/P/Branches[0]"#]],
    );
}

#[test]
fn halves_of_expressions() {
    check_state(
        r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": {"a": ["{% 1", "x {% y %}", "{%}"]}, "End": true"#,
        expect![[r#"
            JSONata string must start with {% and end with %} at /States/X/Output/a[0]
            JSONata string must start with {% and end with %} at /States/X/Output/a[2]"#]],
    );
    check_state(
        r#""Type": "Wait", "QueryLanguage": "JSONata", "Seconds": "{% 1", "End": true"#,
        expect!["JSONata string must start with {% and end with %} at /States/X/Seconds"],
    );
}

#[test]
fn expressions_for_numbers_and_times() {
    check_state(
        r#""Type": "Wait", "QueryLanguage": "JSONata", "Seconds": "{% 1 %}", "End": true"#,
        expect![],
    );
    check_state(
        r#""Type": "Wait", "Seconds": "{% 1 %}", "End": true"#,
        expect!["Expected value of type Integer at /States/X/Seconds"],
    );
    check_state(
        r#""Type": "Wait", "Timestamp": "{% '2016-03-14T01:59:00Z' %}", "End": true"#,
        expect!["String does not match RFC3339 timestamp at /States/X/Timestamp"],
    );
}

#[test]
fn rules_of_the_other_language() {
    check_state(
        r#""Type": "Choice", "QueryLanguage": "JSONata",
           "Choices": [{"Variable": "$.x", "StringEquals": "a", "Next": "X"}, {"Condition": "{% true %}", "Next": "X"}]"#,
        expect![[r#"
            The QueryLanguage is set to 'JSONata', but field 'Variable' is only supported for the 'JSONPath' QueryLanguage at /States/X/Choices[0]
            The QueryLanguage is set to 'JSONata', but field 'StringEquals' is only supported for the 'JSONPath' QueryLanguage at /States/X/Choices[0]
            MISSING_END_STATE: Workflow has no terminal state at null"#]],
    );
    check_state(
        r#""Type": "Choice", "Choices": [{"Condition": true, "Next": "X"}]"#,
        expect![[r#"
            The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' QueryLanguage at /States/X/Choices[0]
            MISSING_END_STATE: Workflow has no terminal state at null"#]],
    );
}
