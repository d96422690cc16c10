//! Lambda's errors: codes, statuses and words.

use aws::ApiError;
use functions::Error;

use crate::records::RecordError;

/// 404 for a function, or one of its versions, that is not there.
pub(super) fn function_not_found(arn: &str) -> ApiError {
    ApiError::sender(
        404,
        "ResourceNotFoundException",
        format!("Function not found: {arn}"),
    )
}

/// 404 for a part of a function that was never set.
pub(super) fn not_found(message: &str) -> ApiError {
    ApiError::sender(404, "ResourceNotFoundException", message)
}

/// 409 for a name that is taken.
pub(super) fn already_exists(name: &str) -> ApiError {
    conflict(format!("Function already exist: {name}"))
}

/// 409.
pub(super) fn conflict(message: String) -> ApiError {
    ApiError::sender(409, "ResourceConflictException", message)
}

/// 400 for a value that the service itself refuses.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::sender(400, "InvalidParameterValueException", message)
}

/// 400 for a broken constraint of the service model.
pub(super) fn validation(message: String) -> ApiError {
    ApiError::sender(400, "ValidationException", message)
}

/// 400 for a body that is not JSON.
pub(super) fn not_json(reason: &str) -> ApiError {
    let message = format!("Could not parse request body into json: {reason}");
    ApiError::sender(400, "InvalidRequestContentException", message)
}

/// 412 for a revision that is not the latest.
pub(super) fn stale_revision() -> ApiError {
    let message = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
                   retrieve the latest Revision Id";
    ApiError::sender(412, "PreconditionFailedException", message)
}

/// 413 for an event that is too large; all in bytes.
pub(super) fn payload_too_large(size: usize, invocation_type: &str, limit: usize) -> ApiError {
    let message = format!(
        "{size} byte payload is too large for the {invocation_type} invocation type (limit {limit} bytes)"
    );
    ApiError::sender(413, "RequestEntityTooLargeException", message)
}

/// 415.
pub(super) fn media_type(content_type: &str) -> ApiError {
    ApiError::sender(
        415,
        "UnsupportedMediaTypeException",
        format!("Unsupported media type: {content_type}"),
    )
}

/// 404 that names what was asked for.
pub(super) fn unknown_operation(method: &str, path: &str) -> ApiError {
    ApiError::sender(
        404,
        "UnknownOperationException",
        format!("Unknown operation: {method} {path}"),
    )
}

/// 429.
pub(super) fn throttled(reason: &'static str) -> ApiError {
    ApiError::sender(429, "TooManyRequestsException", "Rate Exceeded.").with("Reason", reason)
}

/// The store failed.
pub(super) fn of_records(error: RecordError) -> ApiError {
    tracing::error!(%error, "a function's record cannot be used");
    ApiError::receiver(
        500,
        "ServiceException",
        "An error occurred and the request cannot be processed.",
    )
}

/// A deployment package that was refused, or the host's own trouble.
pub(super) fn of_host(error: Error, arn: &str) -> ApiError {
    match error {
        Error::Throttled(throttle) => throttled(throttle.reason()),
        Error::Retired => function_not_found(arn),
        Error::UnknownRuntime(_)
        | Error::NotAZip(_)
        | Error::ForbiddenEntry(_)
        | Error::UnpackedTooLarge { .. } => invalid(error.to_string()),
        Error::ZipTooLarge { limit, .. } => {
            let message = format!("The deployment package must be smaller than {limit} bytes.");
            ApiError::sender(413, "RequestEntityTooLargeException", message)
        }
        Error::RuntimeUnavailable(message) => {
            ApiError::receiver(502, "InvalidRuntimeException", message)
        }
        Error::ShuttingDown | Error::Launch(_) | Error::Storage { .. } => {
            tracing::error!(%error, function = arn, "the function host failed");
            ApiError::receiver(500, "ServiceException", error.to_string())
        }
    }
}
