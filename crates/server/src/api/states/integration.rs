//! Step Functions as a Task calls it: `arn:aws:states:::states:startExecution`, answered by this server itself.

use aws::ApiError;
use integrations::CallError;
use runtime::Namespace;
use serde_json::{Value, json};
use uuid::Uuid;

use super::StatesApi;
use crate::front::Request;

/// Starts an execution for a Task; the result is the API's, in PascalCase, with the SDK's metadata
/// (spec integrations.md 2.1).
pub async fn start_execution(
    states: &StatesApi,
    namespace: &Namespace,
    parameters: &str,
) -> Result<String, CallError> {
    let request_id = Uuid::new_v4().to_string();
    let body = request_body(parameters)?;
    let request = Request::internal(namespace.account(), namespace.region(), &request_id, body);
    let answer = states
        .perform("StartExecution", &request)
        .await
        .map_err(|error| service_error(&error, &request_id))?;
    Ok(result(&answer, &request_id).to_string())
}

/// `Input` may be any JSON and goes out as text; the other parameters are texts.
fn request_body(parameters: &str) -> Result<String, CallError> {
    let invalid = |detail: String| CallError::Parameters {
        name: "States.Runtime".to_owned(),
        cause: detail,
    };
    let given: Value =
        serde_json::from_str(parameters).map_err(|error| invalid(error.to_string()))?;
    let mut body = json!({});
    for (from, to) in [
        ("StateMachineArn", "stateMachineArn"),
        ("Name", "name"),
        ("TraceHeader", "traceHeader"),
    ] {
        if let Some(value) = given.get(from) {
            body[to] = value.clone();
        }
    }
    if let Some(input) = given.get("Input") {
        body["input"] = match input {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
        .into();
    }
    Ok(body.to_string())
}

fn result(answer: &Value, request_id: &str) -> Value {
    let headers = [
        ("x-amzn-RequestId", request_id),
        ("Content-Type", "application/x-amz-json-1.0"),
    ];
    let all: Value = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!([value])))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let one: Value = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({
        "ExecutionArn": answer["executionArn"],
        "SdkHttpMetadata": { "AllHttpHeaders": all, "HttpHeaders": one, "HttpStatusCode": 200 },
        "SdkResponseMetadata": { "RequestId": request_id },
        "StartDate": answer["startDate"],
    })
}

/// `StepFunctions.<Code>Exception` with the SDK's message ([rec] error_handling.task_service_sfn).
fn service_error(error: &ApiError, request_id: &str) -> CallError {
    let code = error.code.to_string();
    let suffix = if code.ends_with("Exception") {
        ""
    } else {
        "Exception"
    };
    CallError::Service {
        name: format!("StepFunctions.{code}{suffix}"),
        service: "AWSStepFunctions",
        status: error.status,
        code,
        message: error.message.text().to_owned(),
        request_id: request_id.to_owned(),
    }
}
