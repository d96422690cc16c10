//! The error payloads that the platform, not the function, answers with, in Lambda's words.

use std::time::Duration;

use bytes::Bytes;

use crate::invocation::MAX_RESPONSE_BYTES;
use crate::process::Exit;

/// Why an invocation failed without the function (or its runtime) having said so itself.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The process did not answer in time.
    TimedOut(Duration),
    /// The process ended before it answered.
    Exited(Exit),
    /// The process used more memory than it may.
    OutOfMemory,
    /// The answer was larger than [`MAX_RESPONSE_BYTES`].
    ResponseTooLarge,
    /// There is nothing to start: no file `bootstrap`, or one that is not executable.
    InvalidEntrypoint(String),
    /// The runtime reported why it could not start; its payload, to be passed on.
    Init(Bytes),
}

impl Fault {
    /// The payload of the invocation `request_id`.
    pub(crate) fn payload(&self, request_id: &str) -> Bytes {
        let (kind, message) = match self {
            Fault::Init(payload) => return with_request_id(payload, request_id),
            Fault::ResponseTooLarge => return response_too_large(),
            Fault::TimedOut(limit) => ("Sandbox.Timedout", timed_out(*limit)),
            Fault::Exited(exit) => ("Runtime.ExitError", exit.to_string()),
            Fault::OutOfMemory => (
                "Runtime.OutOfMemory",
                "Runtime exited with error: signal: killed".to_owned(),
            ),
            Fault::InvalidEntrypoint(message) => ("Runtime.InvalidEntrypoint", message.clone()),
        };
        let message = format!("RequestId: {request_id} Error: {message}");
        let payload = serde_json::json!({"errorType": kind, "errorMessage": message});
        payload.to_string().into()
    }

    /// The lines that Lambda's log shows after `REPORT`.
    pub(crate) fn log_line(&self, request_id: &str) -> Option<String> {
        let (kind, message) = match self {
            Fault::Init(_) | Fault::ResponseTooLarge => return None,
            Fault::TimedOut(limit) => {
                let now = jiff::Timestamp::now();
                return Some(format!("{now:.3} {request_id} {}", timed_out(*limit)));
            }
            Fault::Exited(exit) => ("Runtime.ExitError", exit.to_string()),
            Fault::OutOfMemory => (
                "Runtime.OutOfMemory",
                "Runtime exited with error: signal: killed".to_owned(),
            ),
            Fault::InvalidEntrypoint(message) => ("Runtime.InvalidEntrypoint", message.clone()),
        };
        Some(format!("RequestId: {request_id} Error: {message}\n{kind}"))
    }

    /// The `Status` of the log's `REPORT` line.
    pub(crate) fn status(&self) -> &'static str {
        match self {
            Fault::TimedOut(_) => "timeout",
            _ => "error",
        }
    }
}

fn timed_out(limit: Duration) -> String {
    format!("Task timed out after {:.2} seconds", limit.as_secs_f64())
}

fn response_too_large() -> Bytes {
    let message = format!(
        "Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    );
    let payload =
        serde_json::json!({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"});
    payload.to_string().into()
}

/// Lambda runs a failed init again within the invocation, so that its error carries the invocation's id; the interface client
/// leaves it empty.
fn with_request_id(payload: &Bytes, request_id: &str) -> Bytes {
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(payload) else {
        return payload.clone();
    };
    match value.get_mut("requestId") {
        Some(id) if id.as_str() == Some("") => *id = request_id.into(),
        _ => return payload.clone(),
    }
    value.to_string().into()
}
