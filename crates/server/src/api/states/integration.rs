//! Step Functions as a Task calls it: `arn:aws:states:::states:startExecution`, answered by this server itself.

use aws::ApiError;
use integrations::CallError;
use runtime::{Namespace, TaskKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{StatesApi, arns};
use crate::front::Request;

/// Starts an execution for a Task; the result is the API's, in PascalCase, with the SDK's metadata
/// (spec integrations.md 2.1).
///
/// Without a `Name` the execution is named after the attempt that starts it: when a crash has the call made again, the
/// child that was started the first time is found instead of a second one being started.
pub async fn start_execution(
    states: &StatesApi,
    namespace: &Namespace,
    key: TaskKey,
    parameters: &str,
) -> Result<String, CallError> {
    let request_id = Uuid::new_v4().to_string();
    let wanted = Wanted::read(parameters, key)?;
    let body = wanted.body.to_string();
    let request = Request::internal(namespace.account(), namespace.region(), &request_id, body);
    let answer = match states.perform("StartExecution", &request).await {
        Err(error) if error.code == "ExecutionAlreadyExists" && wanted.named_here => {
            states.started_before(&request, &wanted.body)
        }
        answer => answer,
    };
    let answer = answer.map_err(|error| service_error(&error, &request_id))?;
    Ok(result(&answer, &request_id).to_string())
}

/// What a Task wants to start.
struct Wanted {
    /// The members of StartExecution.
    body: Value,
    /// Whether the name was made up here.
    named_here: bool,
}

impl Wanted {
    /// `Input` may be any JSON and goes out as text, number for number; the other parameters are texts.
    fn read(parameters: &str, key: TaskKey) -> Result<Wanted, CallError> {
        let given = expr::json::parse(parameters).map_err(|error| CallError::Parameters {
            name: "States.Runtime".to_owned(),
            cause: error.message,
        })?;
        let mut body = json!({ "name": name_of(key) });
        for (from, to) in [
            ("StateMachineArn", "stateMachineArn"),
            ("Name", "name"),
            ("TraceHeader", "traceHeader"),
            ("Input", "input"),
        ] {
            if let Some(value) = given.get(from) {
                let text = value.as_str().map(str::to_owned);
                body[to] = text.unwrap_or_else(|| value.to_text()).into();
            }
        }
        Ok(Wanted {
            body,
            named_here: given.get("Name").is_none(),
        })
    }
}

/// A UUID that names one attempt of one task.
fn name_of(key: TaskKey) -> String {
    let mut hash = Sha256::new();
    hash.update(key.execution.0.to_be_bytes());
    hash.update(key.task.frame.0.to_be_bytes());
    hash.update(key.task.scheduled.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

impl StatesApi {
    /// The answer that the first of two equal starts got.
    fn started_before(&self, request: &Request, body: &Value) -> Result<Value, ApiError> {
        let arn = arns::machine(body["stateMachineArn"].as_str().unwrap_or_default())?;
        let name = body["name"].as_str().unwrap_or_default();
        let execution = arns::format_execution(&arn.region, &arn.account, &arn.name, name);
        let (_, record) = self.execution(request, &execution)?;
        Ok(json!({
            "executionArn": execution,
            "startDate": super::epoch(record.facts.started.0),
        }))
    }
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
