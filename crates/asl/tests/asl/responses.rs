//! Mocked answers against what services answer.

use asl::responses::{Strictness, check};

fn strict(service: &str, operation: &str, answer: &str) -> String {
    told(service, operation, answer, Strictness::Strict)
}

fn told(service: &str, operation: &str, answer: &str, strictness: Strictness) -> String {
    let answer = expr::json::parse(answer).expect("JSON");
    let found = check(service, operation, &answer, strictness);
    found.err().unwrap_or_else(|| "fits".to_owned())
}

#[test]
fn types_and_limits() {
    for (service, operation, answer, expected) in [
        (
            "lambda",
            "invoke",
            r#"{"StatusCode":200,"Payload":"p"}"#,
            "fits",
        ),
        (
            "lambda",
            "invoke",
            r#"{"Payload":{}}"#,
            "Field 'Payload' must be a string",
        ),
        (
            "sqs",
            "sendMessage",
            r#"{"MD5OfMessageBody":1}"#,
            "Field 'MD5OfMessageBody' must be a string",
        ),
        (
            "aws-sdk:sqs",
            "sendMessage",
            r#"{"Md5OfMessageBody":1}"#,
            "Field 'Md5OfMessageBody' must be a string",
        ),
        (
            "dynamodb",
            "getItem",
            r#"{"Item":{"a":{"M":{"b":{"L":[{"N":5}]}}}}}"#,
            "Field 'N' must be a string",
        ),
        (
            "dynamodb",
            "getItem",
            r#"{"Item":[]}"#,
            "Field 'Item' must be an object",
        ),
        (
            "events",
            "putEvents",
            r#"{"Entries":{}}"#,
            "Field 'Entries' must be an array",
        ),
        (
            "aws-sdk:lambda",
            "getFunctionConfiguration",
            r#"{"MemorySize":127}"#,
            "Field 'MemorySize' is less than the minimum value",
        ),
        (
            "aws-sdk:lambda",
            "getFunctionConfiguration",
            r#"{"MemorySize":10241}"#,
            "Field 'MemorySize' exceeds the maximum value",
        ),
        (
            "aws-sdk:lambda",
            "getFunctionConfiguration",
            r#"{"Runtime":"cobol"}"#,
            "Field 'Runtime' is not an expected value",
        ),
        ("lambda", "invoke", "[]", "Result must be an object"),
    ] {
        assert_eq!(strict(service, operation, answer), expected, "{answer}");
    }
}

#[test]
fn only_a_strict_look_misses_what_is_not_there() {
    let ask = |strictness| told("states", "startExecution", "{}", strictness);
    assert_eq!(
        ask(Strictness::Strict),
        "Required field 'ExecutionArn' is missing"
    );
    assert_eq!(ask(Strictness::Present), "fits");
}

#[test]
fn a_job_answers_as_the_operation_that_is_polled() {
    let wrong = strict("states", "startExecution.sync:2", r#"{"ExecutionArn":"a"}"#);
    assert_eq!(wrong, "Required field 'StateMachineArn' is missing");
}

#[test]
fn what_is_not_known_fits() {
    for (service, operation) in [
        ("aws-sdk:nosuch", "call"),
        ("aws-sdk:s3", "noSuchCall"),
        ("sqs", "sendMessage.waitForTaskToken"),
        ("apigateway", "invoke"),
    ] {
        assert_eq!(strict(service, operation, r#"{"a":[1]}"#), "fits");
    }
}
