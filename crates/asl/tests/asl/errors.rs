//! Retry and Catch.

use expect_test::{Expect, expect};

use crate::check::check;

fn check_task(fields: &str, expected: Expect) {
    check(
        &format!(
            r#"{{"StartAt": "T", "States": {{
                "T": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Next": "Z", {fields}}},
                "Z": {{"Type": "Succeed"}}}}}}"#
        ),
        expected,
    );
}

#[test]
fn good_ones() {
    check_task(
        r#""Retry": [{"ErrorEquals": ["A", "States.Timeout"], "IntervalSeconds": 0, "MaxAttempts": 0, "BackoffRate": 1,
                      "MaxDelaySeconds": 31622400, "JitterStrategy": "FULL", "Comment": "c"}, {"ErrorEquals": ["States.ALL"]}],
           "Catch": [{"ErrorEquals": ["A"], "Next": "Z", "ResultPath": null}, {"ErrorEquals": ["States.ALL"], "Next": "Z"}]"#,
        expect![],
    );
    check_task(r#""Retry": [], "Catch": []"#, expect![]);
}

#[test]
fn required_fields() {
    check_task(
        r#""Retry": [{}], "Catch": [{}]"#,
        expect![[r#"
        These fields are required: [ErrorEquals] at /States/T/Retry[0]
        These fields are required: [ErrorEquals, Next] at /States/T/Catch[0]"#]],
    );
    check_task(
        r#""Retry": 1, "Catch": [1]"#,
        expect![[r#"
        Expected value of type [ARRAY] at /States/T/Retry
        Expected value of type [OBJECT] at /States/T/Catch[0]"#]],
    );
}

#[test]
fn error_names() {
    check_task(
        r#""Retry": [{"ErrorEquals": []}]"#,
        expect!["Value cannot be empty at /States/T/Retry[0]/ErrorEquals"],
    );
    check_task(
        r#""Retry": [{"ErrorEquals": "A"}]"#,
        expect!["Expected value of type [ARRAY] at /States/T/Retry[0]/ErrorEquals"],
    );
    check_task(
        r#""Retry": [{"ErrorEquals": ["A", 1]}]"#,
        expect!["Expected value of type [STRING] at /States/T/Retry[0]/ErrorEquals[1]"],
    );
}

#[test]
fn all_stands_alone_and_last() {
    check_task(
        r#""Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}],
           "Catch": [{"ErrorEquals": ["States.ALL", "A"], "Next": "Z"}]"#,
        expect![[r#"
            States.ALL must appear alone and at end of list at /States/T/Retry[0]/ErrorEquals[0]
            States.ALL must appear alone and at end of list at /States/T/Catch[0]/ErrorEquals[0]"#]],
    );
}

#[test]
fn ranges() {
    check_task(
        r#""Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": -1, "MaxAttempts": 100000000, "BackoffRate": 0.5,
                      "MaxDelaySeconds": 0, "JitterStrategy": "SOME"}]"#,
        expect![[r#"
            Minimum value is 0 at /States/T/Retry[0]/IntervalSeconds
            Maximum value is 99999999 at /States/T/Retry[0]/MaxAttempts
            Minimum value is 1.0 at /States/T/Retry[0]/BackoffRate
            Minimum value is 1 at /States/T/Retry[0]/MaxDelaySeconds
            Value should be one of the following: [NONE, FULL] at /States/T/Retry[0]/JitterStrategy"#]],
    );
    check_task(
        r#""Retry": [{"ErrorEquals": ["A"], "BackoffRate": "2", "MaxDelaySeconds": 31622401}]"#,
        expect![[r#"
            Expected value of type [NUMBER] at /States/T/Retry[0]/BackoffRate
            Maximum value is 31622400 at /States/T/Retry[0]/MaxDelaySeconds"#]],
    );
}

#[test]
fn a_catcher_has_no_output_in_jsonpath() {
    check_task(
        r#""Catch": [{"ErrorEquals": ["A"], "Next": "Z", "Output": {}}]"#,
        expect![
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/T/Catch[0]"
        ],
    );
}
