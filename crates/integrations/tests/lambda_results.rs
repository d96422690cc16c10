//! What an answer of Lambda is for a state, and which parameters make which call. Shapes, key order and texts are those
//! of the recorded cases services.lambda_task_service, services.lambda_task and error_handling.task_*_lambda.
#![allow(clippy::unwrap_used)]

use expect_test::{Expect, expect};
use integrations::lambda::{
    Answered, InvocationType, Invoke, InvokeOutput, LogType, direct_result, function_failure,
    optimised_result, response_headers, service_error,
};

fn output(payload: &str, function_error: Option<&str>, log: Option<&str>) -> InvokeOutput {
    InvokeOutput {
        status: 200,
        payload: payload.to_owned().into(),
        function_error: function_error.map(str::to_owned),
        executed_version: Some("$LATEST".to_owned()),
        log_result: log.map(str::to_owned),
        headers: response_headers(&Answered {
            executed_version: "$LATEST",
            request_id: "a2b4",
            content_length: payload.len(),
            date: "Sun, 22 Nov 2026 19:30:00 GMT",
            trace_id: "Root=1-0-0;Parent=0;Sampled=0",
            log_result: log,
        }),
    }
}

fn check(json: &str, expected: Expect) {
    expected.assert_eq(json);
}

#[test]
fn the_optimised_result_wraps_the_answer_in_awss_order() {
    check(
        &optimised_result(&output(r#"{"a":1.0}"#, None, None)).unwrap(),
        expect![[
            r#"{"ExecutedVersion":"$LATEST","Payload":{"a":1.0},"SdkHttpMetadata":{"AllHttpHeaders":{"X-Amz-Executed-Version":["$LATEST"],"x-amzn-Remapped-Content-Length":["0"],"Connection":["keep-alive"],"x-amzn-RequestId":["a2b4"],"Content-Length":["9"],"Date":["Sun, 22 Nov 2026 19:30:00 GMT"],"X-Amzn-Trace-Id":["Root=1-0-0;Parent=0;Sampled=0"],"Content-Type":["application/json"]},"HttpHeaders":{"Connection":"keep-alive","Content-Length":"9","Content-Type":"application/json","Date":"Sun, 22 Nov 2026 19:30:00 GMT","X-Amz-Executed-Version":"$LATEST","x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"a2b4","X-Amzn-Trace-Id":"Root=1-0-0;Parent=0;Sampled=0"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"a2b4"},"StatusCode":200}"#
        ]],
    );
}

#[test]
fn a_log_tail_is_part_of_the_optimised_result() {
    let json = optimised_result(&output("1", None, Some("bG9n"))).unwrap();
    assert!(
        json.starts_with(r#"{"ExecutedVersion":"$LATEST","LogResult":"bG9n","Payload":1,"#),
        "{json}"
    );
}

#[test]
fn the_payload_is_embedded_as_it_is_or_as_a_string() {
    for (payload, embedded) in [
        (r#""HelloWorld!""#, r#""HelloWorld!""#),
        ("0.0", "0.0"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("true", "true"),
        (" [1, 2]\n", "[1, 2]"),
        ("not json", r#""not json""#),
        ("", r#""""#),
    ] {
        let json = optimised_result(&output(payload, None, None)).unwrap();
        assert!(
            json.contains(&format!(r#""Payload":{embedded},"SdkHttpMetadata""#)),
            "{payload}: {json}"
        );
        assert_eq!(
            direct_result(&output(payload, None, None)).unwrap(),
            embedded
        );
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(direct_result(&output(&deep, None, None)).unwrap(), deep);
}

#[test]
fn a_functions_error_is_its_type_and_its_whole_answer() {
    let payload =
        r#"{"errorMessage":"Some exception was raised.","errorType":"Exception","stackTrace":[]}"#;
    for error in [
        optimised_result(&output(payload, Some("Unhandled"), None)).unwrap_err(),
        direct_result(&output(payload, Some("Handled"), None)).unwrap_err(),
    ] {
        assert_eq!(
            (error.name(), error.cause()),
            ("Exception", payload.to_owned())
        );
    }
}

#[test]
fn a_functions_error_without_a_type_is_unknown() {
    for payload in [
        r#"{"errorMessage":"Task timed out after 3.00 seconds"}"#,
        r#""text""#,
        "not json",
        "",
    ] {
        let error = function_failure(payload.as_bytes());
        assert_eq!(error.name(), "Lambda.Unknown");
        let cause = "The cause could not be determined because Lambda did not return an error type. Returned payload: ";
        assert_eq!(error.cause(), format!("{cause}{payload}"));
    }
}

#[test]
fn the_apis_errors_keep_their_name_where_it_is_modelled() {
    let error = service_error(
        404,
        "ResourceNotFoundException",
        "Function not found: f",
        "id-1",
    );
    assert_eq!(error.name(), "Lambda.ResourceNotFoundException");
    check(
        &error.cause(),
        expect![
            "Function not found: f (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: id-1; Proxy: null)"
        ],
    );
    assert_eq!(
        service_error(403, "AccessDeniedException", "no", "id").name(),
        "Lambda.AWSLambdaException"
    );
}

#[test]
fn parameters_make_a_call() {
    let call = Invoke::from_parameters(
        r#"{"FunctionName":"f","Qualifier":"1","InvocationType":"Event","LogType":"Tail","ClientContext":"e30=","Unknown":{},"Payload":{"b":1.0,"a":[ ]}}"#,
    );
    let expected = Invoke {
        function: "f".into(),
        qualifier: Some("1".into()),
        payload: r#"{"b":1.0,"a":[ ]}"#.into(),
        invocation_type: InvocationType::Event,
        log_type: LogType::Tail,
        client_context: Some("e30=".into()),
    };
    assert_eq!(call, Ok(expected));
}

#[test]
fn a_string_is_the_event_and_null_is_none() {
    for (parameters, event) in [
        (r#"{"FunctionName":"f"}"#, ""),
        (r#"{"FunctionName":"f","Payload":null}"#, ""),
        (
            r#"{"FunctionName":"f","Payload":"{\"a\":1}"}"#,
            r#"{"a":1}"#,
        ),
        (
            r#"{"FunctionName":"f","Payload":"\"Hello\""}"#,
            r#""Hello""#,
        ),
        (r#"{"FunctionName":"f","Payload":"0.0"}"#, "0.0"),
        (r#"{"FunctionName":"f","Payload":7}"#, "7"),
    ] {
        assert_eq!(
            Invoke::from_parameters(parameters).unwrap().payload,
            event,
            "{parameters}"
        );
    }
}

#[test]
fn bad_parameters_say_what_is_wrong() {
    for parameters in [
        "{}",
        r#"{"FunctionName":7}"#,
        r#"{"FunctionName":"f","InvocationType":"Soon"}"#,
        "[1]",
        "not json",
    ] {
        let error = Invoke::from_parameters(parameters).unwrap_err();
        assert_eq!(error.name(), "States.Runtime", "{parameters}");
        assert!(
            error
                .cause()
                .starts_with("The parameters of lambda:invoke could not be read: "),
            "{}",
            error.cause()
        );
    }
}
