//! What the service takes and this version cannot run: a warning of a validation, an error of what would run it; the
//! service's own errors win.

use expect_test::expect;

use crate::check::{PARAMETERS, check, check_state, single};

#[test]
fn only_when_nothing_else_is_wrong() {
    check_state(
        r#""Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:query", "Parameters": {}"#,
        expect![
            "This object should have only one of the following fields: [Next, End] at /States/X"
        ],
    );
}

#[test]
fn integrations() {
    let task = |resource: &str| {
        single(&format!(
            r#""Type": "Task", "Resource": {resource:?}, {PARAMETERS}, "End": true"#
        ))
    };
    check(
        &task("arn:aws:states:::http:invoke"),
        expect![
            "(warning) NOT_SUPPORTED_YET: This version of Stepwell does not support the service integration 'http:invoke' yet at /States/X/Resource"
        ],
    );
    check(
        &task("arn:aws:states:::sqs:sendMessage"),
        expect![
            "(warning) NOT_SUPPORTED_YET: This version of Stepwell does not support the service integration 'sqs:sendMessage' yet at /States/X/Resource"
        ],
    );
    check(
        &task("arn:aws:states:::aws-sdk:dynamodb:query"),
        expect![
            "(warning) NOT_SUPPORTED_YET: This version of Stepwell does not support the service integration 'aws-sdk:dynamodb:query' yet at /States/X/Resource"
        ],
    );
}
