//! Fields: which are known, which are required, which exclude each other, what they hold.

use expect_test::expect;

use crate::check::{check, check_state};

#[test]
fn fields_of_the_machine() {
    check(
        r#"{"Comment": "c", "Version": "1.0", "TimeoutSeconds": 0, "QueryLanguage": "JSONPath",
            "StartAt": "X", "States": {"X": {"Type": "Succeed"}}}"#,
        expect![],
    );
    check(
        r#"{"Version": "2.0", "TimeoutSeconds": -1, "Coment": "", "QueryLanguage": 5,
            "StartAt": "X", "States": {"X": {"Type": "Succeed"}}}"#,
        expect![[r#"
            Field 'Coment' is not supported at /
            Value should be one of the following: [1.0] at /Version
            Minimum value is 0 at /TimeoutSeconds
            Expected value of type [STRING] at /QueryLanguage"#]],
    );
    check(
        r#"{"States": {"X": {"Type": "Pass", "End": true}}}"#,
        expect!["These fields are required: [StartAt] at /"],
    );
    check(
        r#"{"Comment": "", "StartAt": "X"}"#,
        expect!["These fields are required: [States] at /"],
    );
    check(
        r#"{"StartAt": 1, "States": []}"#,
        expect![[r#"
        Expected value of type [STRING] at /StartAt
        Expected value of type [OBJECT] at /States"#]],
    );
    check(
        r#"{"StartAt": "X", "States": {}}"#,
        expect!["Value cannot be empty at /States"],
    );
    check(
        r#"{"StartAt": "X", "States": {"X": 1}}"#,
        expect!["Expected value of type [OBJECT] at /States/X"],
    );
}

#[test]
fn the_type_of_a_state() {
    check_state(
        r#""Type": "Task2", "End": true"#,
        expect![
            "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/X/Type"
        ],
    );
    check_state(
        r#""End": true"#,
        expect!["These fields are required: [Type] at /States/X"],
    );
    check_state(
        r#""Type": null"#,
        expect!["Expected value of type [STRING] at /States/X/Type"],
    );
}

#[test]
fn fields_of_other_types() {
    check_state(
        r#""Type": "Pass", "TimeoutSeconds": 5, "Catch": [], "Retry": [], "End": true"#,
        expect![[r#"
            Field 'TimeoutSeconds' is not supported at /States/X
            Field 'Catch' is not supported at /States/X
            Field 'Retry' is not supported at /States/X"#]],
    );
    check_state(
        r#""Type": "Wait", "Seconds": 1, "ResultPath": "$.x", "End": true"#,
        expect!["Field 'ResultPath' is not supported at /States/X"],
    );
    check_state(
        r#""Type": "Succeed", "End": true, "Assign": {}"#,
        expect![[r#"
        Field 'End' is not supported at /States/X
        Field 'Assign' is not supported at /States/X"#]],
    );
    check_state(
        r#""Type": "Fail", "InputPath": "$", "Next": "X""#,
        expect![[r#"
            Field 'InputPath' is not supported at /States/X
            Field 'Next' is not supported at /States/X"#]],
    );
    check_state(
        r#""Type": "Choice", "Choices": [], "End": true"#,
        expect![[r#"
        Field 'End' is not supported at /States/X
        Value cannot be empty at /States/X/Choices"#]],
    );
}

#[test]
fn next_and_end() {
    check_state(
        r#""Type": "Pass""#,
        expect![
            "This object should have only one of the following fields: [Next, End] at /States/X"
        ],
    );
    check_state(
        r#""Type": "Pass", "Next": "X", "End": true"#,
        expect!["There should only be one of the following fields: [Next, End] at /States/X"],
    );
    check_state(
        r#""Type": "Pass", "End": false"#,
        expect!["Value should be one of the following: [true] at /States/X/End"],
    );
    check_state(
        r#""Type": "Pass", "End": "true""#,
        expect!["Expected value of type [BOOLEAN] at /States/X/End"],
    );
    check_state(
        r#""Type": "Pass", "Next": 1"#,
        expect!["Expected value of type [STRING] at /States/X/Next"],
    );
}

#[test]
fn required_fields() {
    check_state(
        r#""Type": "Task", "End": true"#,
        expect!["These fields are required: [Resource] at /States/X"],
    );
    check_state(
        r#""Type": "Choice""#,
        expect!["These fields are required: [Choices] at /States/X"],
    );
    check_state(
        r#""Type": "Parallel", "End": true"#,
        expect!["These fields are required: [Branches] at /States/X"],
    );
    check_state(
        r#""Type": "Map", "End": true"#,
        expect![
            "This object should have only one of the following fields: [ItemProcessor, Iterator] at /States/X"
        ],
    );
    check_state(
        r#""Type": "Wait", "End": true"#,
        expect![
            "This object should have only one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/X"
        ],
    );
}

#[test]
fn exclusive_fields() {
    check_state(
        r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "TimeoutSeconds": 1,
           "TimeoutSecondsPath": "$.t", "HeartbeatSeconds": 1, "HeartbeatSecondsPath": "$.h", "End": true"#,
        expect![[r#"
            There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath] at /States/X
            There should only be one of the following fields: [HeartbeatSeconds, HeartbeatSecondsPath] at /States/X
            'HeartbeatSeconds' must be smaller than 'TimeoutSeconds' at /States/X"#]],
    );
    check_state(
        r#""Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": true"#,
        expect![
            "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/X"
        ],
    );
    check_state(
        r#""Type": "Fail", "Error": "E", "ErrorPath": "$.e", "Cause": "C", "CausePath": "$.c""#,
        expect![[r#"
            There should only be one of the following fields: [Error, ErrorPath] at /States/X
            There should only be one of the following fields: [Cause, CausePath] at /States/X"#]],
    );
}

#[test]
fn numbers_and_their_ranges() {
    check_state(
        r#""Type": "Wait", "Seconds": 99999999, "End": true"#,
        expect![],
    );
    check_state(
        r#""Type": "Wait", "Seconds": 100000000, "End": true"#,
        expect!["Maximum value is 99999999 at /States/X/Seconds"],
    );
    check_state(
        r#""Type": "Wait", "Seconds": 99999999999999999999999, "End": true"#,
        expect!["Maximum value is 99999999 at /States/X/Seconds"],
    );
    check_state(
        r#""Type": "Wait", "Seconds": -99999999999999999999999, "End": true"#,
        expect!["Minimum value is 0 at /States/X/Seconds"],
    );
    check_state(
        r#""Type": "Wait", "Seconds": -1, "End": true"#,
        expect!["Minimum value is 0 at /States/X/Seconds"],
    );
    check_state(
        r#""Type": "Wait", "Seconds": 1.0, "End": true"#,
        expect!["Expected value of type Integer at /States/X/Seconds"],
    );
    check_state(
        r#""Type": "Wait", "Seconds": "1", "End": true"#,
        expect!["Expected value of type Integer at /States/X/Seconds"],
    );
    check_state(
        r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "TimeoutSeconds": 0,
           "HeartbeatSeconds": 100000000, "End": true"#,
        expect![[r#"
            Minimum value is 1 at /States/X/TimeoutSeconds
            Maximum value is 99999999 at /States/X/HeartbeatSeconds"#]],
    );
    check_state(
        r#""Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "TimeoutSeconds": 5,
           "HeartbeatSeconds": 5, "End": true"#,
        expect!["'HeartbeatSeconds' must be smaller than 'TimeoutSeconds' at /States/X"],
    );
}
