//! The parameters of `lambda:invoke`, as the state gives them.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::CallError;

/// How a function is invoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum InvocationType {
    /// And its answer waited for.
    #[default]
    RequestResponse,
    /// Later; the answer goes nowhere.
    Event,
    /// Not at all: only checked.
    DryRun,
}

impl InvocationType {
    /// The `X-Amz-Invocation-Type` header.
    pub fn as_str(self) -> &'static str {
        match self {
            InvocationType::RequestResponse => "RequestResponse",
            InvocationType::Event => "Event",
            InvocationType::DryRun => "DryRun",
        }
    }
}

/// Whether the tail of the log comes with the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum LogType {
    /// No.
    #[default]
    None,
    /// Its last 4 KB.
    Tail,
}

impl LogType {
    /// The `X-Amz-Log-Type` header.
    pub fn as_str(self) -> &'static str {
        match self {
            LogType::None => "None",
            LogType::Tail => "Tail",
        }
    }
}

/// One invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invoke {
    /// A name, a partial ARN or an ARN, perhaps with a qualifier.
    pub function: String,
    /// A version or an alias.
    pub qualifier: Option<String>,
    /// The event; empty where there is none, which a function sees as `{}`.
    pub payload: Bytes,
    /// How.
    pub invocation_type: InvocationType,
    /// Whether with a log.
    pub log_type: LogType,
    /// Base64, as given.
    pub client_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameters<'a> {
    #[serde(borrow)]
    function_name: Option<Cow<'a, str>>,
    qualifier: Option<Cow<'a, str>>,
    payload: Option<&'a RawValue>,
    invocation_type: Option<InvocationType>,
    log_type: Option<LogType>,
    client_context: Option<Cow<'a, str>>,
}

impl Invoke {
    /// Reads the state's parameters (a JSON object); unknown ones are dropped. A `Payload` that is a string *is* the
    /// event's text, anything else is the event, and `null` is none (recorded: services.lambda_task_service,
    /// test_invoke_json_values, test_invoke).
    pub fn from_parameters(json: &str) -> Result<Invoke, CallError> {
        let parameters: Parameters<'_> =
            serde_json::from_str(json).map_err(|error| invalid(&error.to_string()))?;
        let function = parameters
            .function_name
            .ok_or_else(|| invalid("The field 'FunctionName' is required"))?;
        Ok(Invoke {
            function: function.into_owned(),
            qualifier: parameters.qualifier.map(Cow::into_owned),
            payload: event(parameters.payload.map(RawValue::get))?,
            invocation_type: parameters.invocation_type.unwrap_or_default(),
            log_type: parameters.log_type.unwrap_or_default(),
            client_context: parameters.client_context.map(Cow::into_owned),
        })
    }

    /// The call behind a Task whose resource is a function's ARN: the effective input is the event.
    pub fn direct(function_arn: &str, input: &str) -> Invoke {
        Invoke {
            function: function_arn.to_owned(),
            payload: Bytes::copy_from_slice(input.as_bytes()),
            ..Invoke::default()
        }
    }
}

fn event(payload: Option<&str>) -> Result<Bytes, CallError> {
    match payload {
        None | Some("null") => Ok(Bytes::new()),
        Some(text) if text.starts_with('"') => {
            let text: String =
                serde_json::from_str(text).map_err(|error| invalid(&error.to_string()))?;
            Ok(text.into())
        }
        Some(json) => Ok(Bytes::copy_from_slice(json.as_bytes())),
    }
}

fn invalid(reason: &str) -> CallError {
    CallError::Parameters {
        name: "States.Runtime".to_owned(),
        cause: format!("The parameters of lambda:invoke could not be read: {reason}"),
    }
}
