//! What an answer of Lambda is for the state: the optimised integration's wrapper, the function's own JSON, or an error.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::headers;
use crate::CallError;

/// An answer to Invoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvokeOutput {
    /// HTTP status: 200, 202 for [`super::InvocationType::Event`], 204 for a dry run.
    pub status: u16,
    /// What the function returned, or its error.
    pub payload: Bytes,
    /// `Handled` or `Unhandled` where the function failed.
    pub function_error: Option<String>,
    /// `$LATEST` or a version.
    pub executed_version: Option<String>,
    /// Base64, where it was asked for.
    pub log_result: Option<String>,
    /// All headers of the answer, in order, as [`super::response_headers`] spells them.
    pub headers: Vec<(String, String)>,
}

impl InvokeOutput {
    /// The id of the request; empty where the endpoint sent none.
    pub fn request_id(&self) -> &str {
        headers::find(&self.headers, "x-amzn-RequestId").unwrap_or_default()
    }
}

/// The result of `lambda:invoke` as JSON text, its keys in AWS's order. The function's answer is embedded as it is (it
/// may hold white space; who prints it again must keep its numbers), or as a string where it is not JSON.
pub fn optimised_result(output: &InvokeOutput) -> Result<String, CallError> {
    fail_if_function_failed(output)?;
    let mut json = String::with_capacity(output.payload.len() + 1024);
    json.push('{');
    if let Some(version) = &output.executed_version {
        json.push_str(&format!("\"ExecutedVersion\":{},", quoted(version)));
    }
    if let Some(log) = &output.log_result {
        json.push_str(&format!("\"LogResult\":{},", quoted(log)));
    }
    json.push_str("\"Payload\":");
    json.push_str(&payload_json(&output.payload));
    json.push_str(&format!(
        ",\"SdkHttpMetadata\":{{\"AllHttpHeaders\":{},\"HttpHeaders\":{},\"HttpStatusCode\":{}}}",
        all_headers(&output.headers),
        single_headers(&output.headers),
        output.status
    ));
    json.push_str(&format!(
        ",\"SdkResponseMetadata\":{{\"RequestId\":{}}}",
        quoted(output.request_id())
    ));
    json.push_str(&format!(",\"StatusCode\":{}}}", output.status));
    Ok(json)
}

/// The result of a Task whose resource is a function's ARN: what the function returned, as it is.
pub fn direct_result(output: &InvokeOutput) -> Result<String, CallError> {
    fail_if_function_failed(output)?;
    Ok(payload_json(&output.payload))
}

/// A function's error from its answer: the error is its `errorType`, the cause all of it.
pub fn function_failure(payload: &[u8]) -> CallError {
    #[derive(Deserialize)]
    struct Failure {
        #[serde(rename = "errorType")]
        error_type: Option<String>,
    }
    let text = String::from_utf8_lossy(payload).into_owned();
    let failure = serde_json::from_str::<Failure>(&text).ok();
    match failure
        .and_then(|failure| failure.error_type)
        .filter(|name| !name.is_empty())
    {
        Some(name) => CallError::Function { name, cause: text },
        None => CallError::Function {
            name: "Lambda.Unknown".to_owned(),
            cause: format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {text}"
            ),
        },
    }
}

fn fail_if_function_failed(output: &InvokeOutput) -> Result<(), CallError> {
    match output.function_error {
        Some(_) => Err(function_failure(&output.payload)),
        None => Ok(()),
    }
}

fn payload_json(payload: &[u8]) -> String {
    let text = String::from_utf8_lossy(payload);
    match serde_json::from_str::<&RawValue>(&text) {
        Ok(json) => json.get().to_owned(),
        Err(_) => quoted(&text),
    }
}

/// `{"Date":["..."],..}` in the order received.
fn all_headers(headers: &[(String, String)]) -> String {
    let mut grouped: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, value) in headers {
        match grouped
            .iter_mut()
            .find(|(seen, _)| seen.eq_ignore_ascii_case(name))
        {
            Some((_, values)) => values.push(value),
            None => grouped.push((name, vec![value])),
        }
    }
    let members = grouped.into_iter().map(|(name, values)| {
        let values: Vec<String> = values.into_iter().map(quoted).collect();
        format!("{}:[{}]", quoted(name), values.join(","))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// `{"Connection":"..",..}`, sorted without regard to case; of several values the last.
fn single_headers(headers: &[(String, String)]) -> String {
    let mut sorted: Vec<(String, &str, &str)> = Vec::new();
    for (name, value) in headers {
        let key = name.to_ascii_lowercase();
        match sorted.iter_mut().find(|(seen, ..)| *seen == key) {
            Some(slot) => slot.2 = value,
            None => sorted.push((key, name, value)),
        }
    }
    sorted.sort();
    let members = sorted
        .into_iter()
        .map(|(_, name, value)| format!("{}:{}", quoted(name), quoted(value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
