//! The errors of CloudWatch Logs, in AWS's words.

use aws::ApiError;

use crate::logs::LogsError;
use crate::records::RecordError;

fn error(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::sender(400, code, message)
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    error("InvalidParameterException", message)
}

pub(super) fn serialization(message: impl Into<String>) -> ApiError {
    error("SerializationException", message)
}

pub(super) fn unknown_operation(name: &str) -> ApiError {
    error(
        "UnknownOperationException",
        format!("This server's CloudWatch Logs has no operation '{name}'."),
    )
}

pub(super) fn no_group() -> ApiError {
    error(
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
}

/// What can go wrong with a group.
pub(super) fn of_group(error: LogsError) -> ApiError {
    of(error, "group")
}

/// What can go wrong with a stream.
pub(super) fn of_stream(error: LogsError) -> ApiError {
    of(error, "stream")
}

fn of(problem: LogsError, what: &str) -> ApiError {
    match problem {
        LogsError::Exists => error(
            "ResourceAlreadyExistsException",
            format!("The specified log {what} already exists"),
        ),
        LogsError::NoGroup => no_group(),
        LogsError::NoStream => error(
            "ResourceNotFoundException",
            "The specified log stream does not exist.",
        ),
        LogsError::TooMany => error("LimitExceededException", "Resource limit exceeded."),
        LogsError::Record(RecordError::Conflict) => error(
            "OperationAbortedException",
            "A conflicting operation is currently in progress against this resource. Please try again.",
        ),
        problem => {
            tracing::error!(error = %problem, "request failed");
            ApiError::receiver(
                500,
                "ServiceUnavailableException",
                "The service cannot complete the request. The server's log has the details.",
            )
        }
    }
}
