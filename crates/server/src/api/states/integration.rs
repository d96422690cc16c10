//! Step Functions as a Task calls it: `arn:aws:states:::states:startExecution`, answered by this server itself; and the
//! end of the child for `.sync` and `.sync:2`.

use aws::ApiError;
use engine::event::Failure;
use expr::json::{Document, Value as Json};
use integrations::CallError;
use runtime::{ExecutionRecord, Job, Namespace, Runtime, Status, TaskKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::waiting::until_admitted;
use super::{StatesApi, arns};
use crate::front::Request;

/// Starts an execution for a Task; the result is the API's, in PascalCase, with the SDK's metadata
/// (spec integrations.md 2.1).
///
/// Without a `Name` the execution is named after the attempt that starts it: when a crash has the call made again, the
/// child that was started the first time is found instead of a second one being started. It waits for room as long as
/// somebody wants the answer.
pub async fn start_execution(
    states: &StatesApi,
    namespace: &Namespace,
    key: TaskKey,
    parameters: &str,
    is_wanted: impl Fn() -> bool,
) -> Result<String, CallError> {
    let request_id = Uuid::new_v4().to_string();
    let wanted = Wanted::read(parameters, key)?;
    let body = wanted.body.to_string();
    let request = Request::internal(namespace.account(), namespace.region(), &request_id, body);
    let start = || states.perform("StartExecution", request.clone());
    let answer = match until_admitted(is_wanted, start).await {
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
            // A member that is null is not there ([rec] callback.test_start_execution_sync2).
            if let Some(value) = given.get(from).filter(|value| **value != Json::Null) {
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

/// Waits for the end of a child that was started.
pub async fn end_of_execution(
    runtime: &Runtime,
    namespace: &Namespace,
    submission: &Document,
) -> Result<ExecutionRecord, CallError> {
    let arn = child(submission);
    let Ok(child) = arns::execution(&arn) else {
        return Err(lost(format!("'{arn}' is not the ARN of an execution.")));
    };
    match runtime.end_of(namespace, &child.machine, &child.name).await {
        Ok(record) => Ok(record),
        Err(runtime::RuntimeError::NotFound) => {
            Err(lost(format!("Execution Does Not Exist: '{arn}'")))
        }
        Err(error) => {
            tracing::error!(%error, %arn, "the end of an execution cannot be learnt");
            // The process is ending; it is waited for again after the next start.
            std::future::pending().await
        }
    }
}

/// What a child that has ended is to its parent: its description, in PascalCase (spec integrations.md 2.1). One that did
/// not succeed is `States.TaskFailed`, with the description as the cause.
pub async fn result_of_execution(
    states: &StatesApi,
    namespace: &Namespace,
    record: &ExecutionRecord,
    is_parsed: bool,
) -> Result<String, CallError> {
    let request_id = Uuid::new_v4().to_string();
    let body = json!({ "executionArn": &*record.facts.arn }).to_string();
    let request = Request::internal(namespace.account(), namespace.region(), &request_id, body);
    let answer = states.perform("DescribeExecution", request).await;
    let answer = answer.map_err(|error| lost(error.message.text().to_owned()))?;
    let described = described(&answer, is_parsed).to_text();
    match record.status {
        Status::Succeeded => Ok(described),
        _ => Err(lost(described)),
    }
}

fn lost(cause: String) -> CallError {
    CallError::Parameters {
        name: "States.TaskFailed".to_owned(),
        cause,
    }
}

/// Stops a child whose parent does not wait for it any more (spec integrations.md section 3).
pub async fn stop_execution(runtime: &Runtime, job: &Job) {
    let Some(submission) = &job.request.submission else {
        return;
    };
    let arn = child(submission);
    let Ok(child) = arns::execution(&arn) else {
        return;
    };
    let cause = format!(
        "The Task state in AWS Step Functions execution [{}] which was managing this resource was aborted",
        job.facts.arn
    );
    let failure = Failure::of(None, Some(cause.into()));
    let stopped = runtime
        .stop_execution(&job.namespace, &child.machine, &child.name, failure)
        .await;
    if let Err(error) = stopped {
        tracing::warn!(%error, %arn, "a child execution could not be stopped");
    }
}

/// The ARN that starting a child returned.
fn child(submission: &Document) -> String {
    let arn = submission.value().get("ExecutionArn");
    arn.and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// DescribeExecution as a Task's result: names begin with a capital and are sorted, times are milliseconds.
fn described(answer: &Value, is_parsed: bool) -> Json {
    let Value::Object(members) = answer else {
        return Json::Null;
    };
    let mut shown: Vec<(std::sync::Arc<str>, Json)> = members
        .iter()
        .map(|(name, value)| {
            let value = match name.as_str() {
                "input" | "output" if is_parsed => parsed(value),
                _ if name.ends_with("Date") => Json::int(millis(value)),
                _ => capitals(value),
            };
            (capital(name).into(), value)
        })
        .collect();
    shown.sort_by(|(one, _), (other, _)| one.cmp(other));
    Json::object(shown)
}

/// A payload, as JSON instead of text.
fn parsed(value: &Value) -> Json {
    let text = value.as_str().unwrap_or_default();
    expr::json::parse(text).unwrap_or_else(|_| Json::string(text))
}

fn millis(epoch: &Value) -> i64 {
    (epoch.as_f64().unwrap_or_default() * 1000.0).round() as i64
}

fn capitals(value: &Value) -> Json {
    match value {
        Value::Object(members) => Json::object(
            members
                .iter()
                .map(|(name, value)| (capital(name).into(), capitals(value))),
        ),
        other => expr::json::parse(&other.to_string()).unwrap_or(Json::Null),
    }
}

pub(super) fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
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
