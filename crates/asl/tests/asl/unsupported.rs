//! What the service takes and this version does not; the service's own errors win.

use expect_test::expect;

use crate::check::{check, check_state, single};

#[test]
fn jsonata() {
    check(
        r#"{"QueryLanguage": "JSONata", "StartAt": "X", "States": {"X": {"Type": "Pass", "Output": "{% 1 %}", "End": true}}}"#,
        expect![
            "This version of Stepwell does not support the query language 'JSONata' yet at /QueryLanguage"
        ],
    );
    check_state(
        r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "End": true"#,
        expect![
            "This version of Stepwell does not support the query language 'JSONata' yet at /States/X/QueryLanguage"
        ],
    );
    check_state(
        r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}""#,
        expect![
            "This object should have only one of the following fields: [Next, End] at /States/X"
        ],
    );
}

#[test]
fn variables() {
    check_state(
        r#""Type": "Pass", "Assign": {"x.$": "$.x"}, "End": true"#,
        expect![
            "This version of Stepwell does not support workflow variables (the field 'Assign') yet at /States/X/Assign"
        ],
    );
    check_state(
        r#""Type": "Pass", "InputPath": "$in.a", "Parameters": {"a.$": "$x", "b.$": "States.Format('{}', $y)"}, "End": true"#,
        expect![[r#"
            This version of Stepwell does not support workflow variables (the reference '$in') yet at /States/X/InputPath
            This version of Stepwell does not support workflow variables (the reference '$x') yet at /States/X/Parameters"#]],
    );
}

#[test]
fn integrations() {
    let task = |resource: &str| {
        single(&format!(
            r#""Type": "Task", "Resource": {resource:?}, "End": true"#
        ))
    };
    check(
        &task("arn:aws:states:us-east-1:111111111111:activity:a"),
        expect!["This version of Stepwell does not support activities yet at /States/X/Resource"],
    );
    check(
        &task("arn:aws:states:::states:startExecution.sync:2"),
        expect![
            "This version of Stepwell does not support the '.sync' service integration pattern yet at /States/X/Resource"
        ],
    );
    check(
        &task("arn:aws:states:::lambda:invoke.waitForTaskToken"),
        expect![
            "This version of Stepwell does not support the '.waitForTaskToken' service integration pattern yet at /States/X/Resource"
        ],
    );
    check(
        &task("arn:aws:states:::http:invoke"),
        expect![
            "This version of Stepwell does not support the service integration 'http:invoke' yet at /States/X/Resource"
        ],
    );
    check(
        &task("arn:aws:states:::sqs:sendMessage"),
        expect![
            "This version of Stepwell does not support the service integration 'sqs:sendMessage' yet at /States/X/Resource"
        ],
    );
    check(
        &task("arn:aws:states:::aws-sdk:dynamodb:query"),
        expect![
            "This version of Stepwell does not support the service integration 'aws-sdk:dynamodb:query' yet at /States/X/Resource"
        ],
    );
}
