//! Paths, payload templates, credentials.

use expect_test::expect;

use crate::check::check_state;

#[test]
fn paths() {
    check_state(
        r#""Type": "Pass", "InputPath": "$$.Execution", "OutputPath": null, "ResultPath": "$.a.b[0]", "End": true"#,
        expect![],
    );
    check_state(
        r#""Type": "Pass", "InputPath": "a", "OutputPath": 1, "ResultPath": "x", "End": true"#,
        expect![[r#"
            Value must be a valid JSONPath. at /States/X/InputPath
            Expected value of type [STRING] at /States/X/OutputPath
            Value must be a valid JSONPath. at /States/X/ResultPath"#]],
    );
    check_state(
        r#""Type": "Pass", "ResultPath": "$.a[*]", "End": true"#,
        expect!["Value is not a Reference Path at /States/X/ResultPath"],
    );
    check_state(
        r#""Type": "Pass", "ResultPath": "$$.a", "End": true"#,
        expect!["Value is not a Reference Path at /States/X/ResultPath"],
    );
    check_state(
        r#""Type": "Wait", "SecondsPath": "$.a[?(@.b == 1)]", "End": true"#,
        expect!["Value is not a Reference Path at /States/X/SecondsPath"],
    );
    check_state(
        r#""Type": "Wait", "TimestampPath": null, "End": true"#,
        expect!["Expected value of type [STRING] at /States/X/TimestampPath"],
    );
}

#[test]
fn templates() {
    check_state(
        r#""Type": "Pass", "Parameters": {"a.$": "$.x", "b.$": "States.UUID()", "c": [1]}, "End": true"#,
        expect![],
    );
    check_state(
        r#""Type": "Pass", "Parameters": {"a.$": "x", "b": [{"c.$": 1}], "d": {"e.$": "States.Nope("}}, "End": true"#,
        expect![[r#"
            The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/X/Parameters
            The value for the field 'c.$' must be a valid JSONPath or a valid intrinsic function call at /States/X/Parameters/b[0]
            The value for the field 'e.$' must be a valid JSONPath or a valid intrinsic function call at /States/X/Parameters/d"#]],
    );
    check_state(
        r#""Type": "Pass", "Parameters": [1], "End": true"#,
        expect![""],
    );
}

#[test]
fn texts_of_a_failure() {
    check_state(
        r#""Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.c)""#,
        expect![],
    );
    check_state(
        r#""Type": "Fail", "ErrorPath": "e", "Cause": 1"#,
        expect![[r#"
        Value must be a valid JSONPath. at /States/X/ErrorPath
        Expected value of type [STRING] at /States/X/Cause"#]],
    );
}

#[test]
fn credentials() {
    let task = |credentials: &str| {
        format!(
            r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Credentials": {credentials}, "End": true"#
        )
    };
    check_state(&task(r#"{"RoleArn": "arn:aws:iam::1:role/r"}"#), expect![]);
    check_state(&task(r#"{"RoleArn.$": "$.role"}"#), expect![]);
    check_state(
        &task(r#"{"InvalidField": "invalid"}"#),
        expect!["The field 'RoleArn' is required but was missing at /States/X/Credentials"],
    );
    check_state(
        &task(r#"{"RoleArn": 1}"#),
        expect!["Expected value of type [STRING] at /States/X/Credentials/RoleArn"],
    );
    check_state(
        &task("1"),
        expect!["Expected value of type [OBJECT] at /States/X/Credentials"],
    );
}

#[test]
fn variable_names() {
    check_state(
        r#""Type": "Pass", "Assign": {"states": 1, "a b": 2, "_x": 3, "ok_1.$": "$.x"}, "End": true"#,
        expect![[r#"
            RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/X/Assign
            INVALID_VARIABLE_NAME: Invalid variable name 'a b': the variable name contains invalid characters. at /States/X/Assign
            INVALID_VARIABLE_NAME: Invalid variable name '_x': the variable name contains invalid characters. at /States/X/Assign"#]],
    );
}
