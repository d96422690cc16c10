//! Step Functions as a Task calls it through the SDK: `arn:aws:states:::aws-sdk:sfn:<action>`, answered by this server
//! itself (spec integrations.md section 5).
//!
//! Owns how a Task's parameters become a request, and an answer the Task's result: names begin with a capital there, a
//! value where the API takes a text is printed, and times are texts.

use aws::ApiError;
use engine::Timestamp;
use expr::json::Value as Json;
use integrations::CallError;
use runtime::Namespace;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::model::{self, Kind};
use super::waiting::until_admitted;
use super::{StatesApi, errors};
use crate::front::{Patience, Request};

/// Members whose keys are names of somebody's own.
const MAPS: &[&str] = &["variableReferences", "assignedVariables"];

/// Calls an action for a Task, for as long as the Task waits.
pub async fn call(
    states: &StatesApi,
    namespace: &Namespace,
    action: &str,
    parameters: &str,
    patience: Patience,
    is_wanted: impl Fn() -> bool,
) -> Result<String, CallError> {
    let request_id = Uuid::new_v4().to_string();
    let operation = changed(action, char::to_ascii_uppercase);
    let failed = |error: ApiError| service_error(&error, &request_id);
    let body = body(&operation, parameters)?.map_err(failed)?;
    let (account, region) = (namespace.account(), namespace.region());
    let request = Request {
        patience,
        ..Request::internal(account, region, &request_id, body.to_string())
    };
    let perform = || states.perform(&operation, request.clone());
    let answer = until_admitted(is_wanted, perform).await.map_err(failed)?;
    Ok(shown(&answer).to_string())
}

/// The members of a request; what is null is not there.
fn body(operation: &str, parameters: &str) -> Result<Result<Value, ApiError>, CallError> {
    let wrong = |cause: String| CallError::Parameters {
        name: "States.Runtime".to_owned(),
        cause,
    };
    let Some(members) = model::members(operation) else {
        return Ok(Err(errors::unknown_operation(operation)));
    };
    let given = expr::json::parse(parameters).map_err(|error| wrong(error.message))?;
    let Json::Object(given) = &given else {
        return Err(wrong("The parameters of the task are no object".to_owned()));
    };
    let mut body = Map::new();
    for (name, value) in given.iter().filter(|(_, value)| **value != Json::Null) {
        let lower = changed(name, char::to_ascii_lowercase);
        let member = members.iter().find(|member| member.name == lower);
        let member = member.filter(|_| lower != **name).ok_or_else(|| {
            wrong(format!(
                "The Parameters '{parameters}' could not be used to start the Task: [The field '{name}' is not \
                 supported by Step Functions]"
            ))
        })?;
        let is_text = !matches!(
            member.kind,
            Kind::Integer(..) | Kind::Boolean | Kind::Structure | Kind::List | Kind::Routing
        );
        let value = match (is_text, value.as_str()) {
            (_, Some(text)) => text.into(),
            (true, None) => value.to_text().into(),
            (false, None) => serde_json::from_str(&value.to_text())
                .map(|value| lowered(&value))
                .map_err(|error| wrong(error.to_string()))?,
        };
        body.insert(lower, value);
    }
    Ok(Ok(body.into()))
}

/// The name with its first letter changed.
fn changed(name: &str, change: fn(&char) -> char) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| change(&letter));
    first.into_iter().chain(letters).collect()
}

fn lowered(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (changed(name, char::to_ascii_lowercase), lowered(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(lowered).collect(),
        other => other.clone(),
    }
}

/// An answer as a Task's result.
fn shown(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let is_time = name.ends_with("Date") || name == "timestamp";
                let shown = match value.as_f64() {
                    Some(seconds) if is_time => time(seconds).into(),
                    _ if MAPS.contains(&name.as_str()) => value.clone(),
                    _ => shown(value),
                };
                (changed(name, char::to_ascii_uppercase), shown)
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(shown).collect(),
        other => other.clone(),
    }
}

/// As ISO 8601 ([meas] spec integrations.md 2.1).
fn time(seconds: f64) -> String {
    Timestamp((seconds * 1000.0).round() as i64).to_string()
}

/// `Sfn.<Code>Exception` with the message of the SDK's second version ([rec] services.aws_sdk_task_service).
fn service_error(error: &ApiError, request_id: &str) -> CallError {
    let suffix = match error.code.ends_with("Exception") {
        true => "",
        false => "Exception",
    };
    CallError::Client {
        name: format!("Sfn.{}{suffix}", error.code),
        cause: format!(
            "{} (Service: Sfn, Status Code: {}, Request ID: {request_id}) (SDK Attempt Count: 1)",
            error.message.text(),
            error.status
        ),
    }
}
