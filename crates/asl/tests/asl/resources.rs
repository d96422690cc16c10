//! Resources of Tasks.

use expect_test::{Expect, expect};

use crate::check::{PARAMETERS, check, check_express, single};

fn task(resource: &str) -> String {
    single(&format!(
        r#""Type": "Task", "Resource": {resource:?}, {PARAMETERS}, "End": true"#
    ))
}

fn check_resource(resource: &str, expected: Expect) {
    check(&task(resource), expected);
}

#[test]
fn functions() {
    check_resource(
        "arn:aws:lambda:us-east-1:111111111111:function:f",
        expect![],
    );
    check_resource(
        "arn:aws-cn:lambda:cn-north-1:111111111111:function:f:$LATEST",
        expect![],
    );
    check_resource(
        "arn:aws:lambda:us-east-1:111111111111:function:",
        expect![
            "The resource provided arn:aws:lambda:us-east-1:111111111111:function: is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
    check_resource(
        "arn:aws:lambda:us-east-1:111111111111:layer:f",
        expect![
            "The resource provided arn:aws:lambda:us-east-1:111111111111:layer:f is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
}

#[test]
fn integrations() {
    check_resource("arn:aws:states:::lambda:invoke", expect![]);
    check_resource("arn:aws:states:::states:startExecution", expect![]);
}

#[test]
fn what_an_integration_must_be_given() {
    let state = |resource: &str, rest: &str| {
        single(&format!(
            r#""Type": "Task", "Resource": {resource:?}, "End": true{rest}"#
        ))
    };
    check(
        &state("arn:aws:states:::lambda:invoke", ""),
        expect![
            "Parameters field is required for resource ARN: arn:aws:states:::lambda:invoke at /States/X/Resource"
        ],
    );
    check(
        &state(
            "arn:aws:states:::aws-sdk:s3:listBuckets",
            r#", "QueryLanguage": "JSONata""#,
        ),
        expect![
            "Arguments field is required for resource ARN: arn:aws:states:::aws-sdk:s3:listBuckets at /States/X/Resource"
        ],
    );
    check(
        &state("arn:aws:states:::lambda:invoke", r#", "Parameters": {}"#),
        expect!["The field 'FunctionName' is required but was missing at /States/X/Parameters"],
    );
    check(
        &state(
            "arn:aws:states:::lambda:invoke",
            r#", "Parameters": {"FunctionName.$": "$.f"}"#,
        ),
        expect![],
    );
    check(
        &state(
            "arn:aws:states:::lambda:invoke",
            r#", "QueryLanguage": "JSONata", "Arguments": "{% $states.input %}""#,
        ),
        expect![],
    );
}

#[test]
fn what_is_not_an_arn() {
    check_resource(
        "createToken",
        expect!["Value is not a valid resource ARN at /States/X/Resource"],
    );
    check_resource(
        "",
        expect!["Value is not a valid resource ARN at /States/X/Resource"],
    );
    check_resource(
        "arn:aws:states",
        expect!["Value is not a valid resource ARN at /States/X/Resource"],
    );
    check(
        &single(r#""Type": "Task", "Resource": 1, "End": true"#),
        expect!["Expected value of type [STRING] at /States/X/Resource"],
    );
}

#[test]
fn what_is_not_recognized() {
    check_resource(
        "arn:aws:states:::dynamodb:query",
        expect![
            "The resource provided arn:aws:states:::dynamodb:query is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
    check_resource(
        "arn:aws:states:::lambda:invoke.sync",
        expect![
            "The resource provided arn:aws:states:::lambda:invoke.sync is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
    check_resource(
        "arn:aws:states:::glue:startJobRun.sync:2",
        expect![
            "The resource provided arn:aws:states:::glue:startJobRun.sync:2 is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
    check_resource(
        "arn:aws:states:::glue:startJobRun.waitForTaskToken",
        expect![
            "The resource provided arn:aws:states:::glue:startJobRun.waitForTaskToken is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
    check_resource(
        "arn:aws:states:::aws-sdk:s3:getObject.sync",
        expect![
            "The resource provided arn:aws:states:::aws-sdk:s3:getObject.sync is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
    check_resource(
        "arn:aws:states:::aws-sdk:s3:GetObject",
        expect![
            "The resource provided arn:aws:states:::aws-sdk:s3:GetObject is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
    check_resource(
        "arn:aws:states:::aws-sdk:sts:assumeRole",
        expect![
            "The resource provided arn:aws:states:::aws-sdk:sts:assumeRole is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
    check_resource(
        "arn:aws:states:us-east-1::lambda:invoke",
        expect![
            "The resource provided arn:aws:states:us-east-1::lambda:invoke is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
    check_resource(
        "arn:aws:s3:::bucket",
        expect![
            "The resource provided arn:aws:s3:::bucket is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/X/Resource"
        ],
    );
}

#[test]
fn express_machines_only_ask_and_answer() {
    check_express(
        &task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
        expect![
            "Express state machine does not support '.waitForTaskToken' service integration  at /States/X/Resource"
        ],
    );
    check_express(
        &task("arn:aws:states:::states:startExecution.sync:2"),
        expect![
            "Express state machine does not support '.sync' service integration at /States/X/Resource"
        ],
    );
    check_express(
        &task("arn:aws:states:us-east-1:111111111111:activity:a"),
        expect!["Express state machine does not support Activity ARN at /States/X/Resource"],
    );
    check_express(&task("arn:aws:states:::lambda:invoke"), expect![]);
}

#[test]
fn activities_have_no_credentials() {
    check(
        &single(
            r#""Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:a",
               "Credentials": {"RoleArn": "r"}, "End": true"#,
        ),
        expect!["The field 'Credentials' is not supported for activities at /States/X"],
    );
}
