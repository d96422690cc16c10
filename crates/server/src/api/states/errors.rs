//! The errors of Step Functions, in AWS's words (spec api.md, appendix B and 0.2).

use aws::ApiError;
use runtime::{NotRedrivable, RuntimeError};

use crate::logs::LogsError;
use crate::records::RecordError;

/// The namespace of the service's own errors.
const SERVICE: &str = "com.amazonaws.swf.service.v2.model";
/// The namespace of broken model constraints.
const VALIDATION: &str = "com.amazon.coral.validate";

fn error(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::sender(400, code, message).in_namespace(SERVICE)
}

pub(super) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::sender(400, "ValidationException", message).in_namespace(VALIDATION)
}

pub(super) fn serialization(message: impl Into<String>) -> ApiError {
    ApiError::sender(400, "SerializationException", message)
}

pub(super) fn unknown_operation(name: &str) -> ApiError {
    ApiError::sender(
        400,
        "UnknownOperationException",
        format!("Step Functions has no operation called '{name}'."),
    )
}

pub(super) fn invalid_arn(detail: &str) -> ApiError {
    error("InvalidArn", format!("Invalid Arn: '{detail}'"))
}

pub(super) fn invalid_name(name: &str) -> ApiError {
    error("InvalidName", format!("Invalid Name: '{name}'"))
}

/// A test case that the mock configuration file does not have. Step Functions Local's words are not known.
pub(super) fn no_test_case(name: &str, machine: &str) -> ApiError {
    let message = format!(
        "Invalid Name: '{name}': the mock configuration file has no such test case for the state machine '{machine}'"
    );
    error("InvalidName", message)
}

/// A mock configuration file that cannot be used.
pub(super) fn no_mocks(detail: &str) -> ApiError {
    validation(format!("The test case cannot be run: {detail}"))
}

pub(super) fn invalid_token() -> ApiError {
    error("InvalidToken", "Invalid Token: 'Invalid token'")
}

pub(super) fn invalid_definition(diagnostics: &[asl::Diagnostic]) -> ApiError {
    error(
        "InvalidDefinition",
        asl::invalid_definition_message(diagnostics),
    )
}

/// A state that a test cannot run: a definition error in words of its own ([rec] test_state_type_requires_mock).
pub(super) fn untestable(message: &str) -> ApiError {
    error("InvalidDefinition", message)
}

/// A test that came to nothing: the server's own fault.
pub(super) fn test_lost() -> ApiError {
    tracing::error!("a test of a state came to nothing");
    ApiError::receiver(
        500,
        "InternalServerError",
        "An internal error occurred. The server's log has the details.",
    )
}

pub(super) fn invalid_input(detail: &str) -> ApiError {
    error(
        "InvalidExecutionInput",
        format!("Invalid State Machine Execution Input: '{detail}'"),
    )
}

pub(super) fn invalid_logging(detail: &str) -> ApiError {
    error(
        "InvalidLoggingConfiguration",
        format!("Invalid Logging Configuration: {detail}"),
    )
}

pub(super) fn invalid_encryption(detail: &str) -> ApiError {
    error(
        "InvalidEncryptionConfiguration",
        format!("Invalid Encryption Configuration: {detail}"),
    )
}

pub(super) fn machine_exists(arn: &str) -> ApiError {
    error(
        "StateMachineAlreadyExists",
        format!("State Machine Already Exists: '{arn}'"),
    )
}

/// Express where only Standard will do, or the other way round ([rec] api.express).
pub(super) fn type_not_supported() -> ApiError {
    error(
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )
}

pub(super) fn no_machine(arn: &str) -> ApiError {
    error(
        "StateMachineDoesNotExist",
        format!("State Machine Does Not Exist: '{arn}'"),
    )
}

/// A version or alias that is not there, where the operation speaks of resources ([rec] UpdateStateMachineAlias).
pub(super) fn no_version_or_alias() -> ApiError {
    error(
        "ResourceNotFound",
        "Request references a resource that does not exist.",
    )
}

pub(super) fn invalid_routing(message: &str) -> ApiError {
    validation(message).with("reason", "INVALID_ROUTING_CONFIGURATION")
}

pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    error("ConflictException", message)
}

/// The words are the API reference's.
pub(super) fn too_many_machines() -> ApiError {
    error(
        "StateMachineLimitExceeded",
        "The maximum number of state machines has been reached. Existing state machines must be deleted before a new \
         state machine can be created.",
    )
}

pub(super) fn quota_exceeded(message: impl Into<String>) -> ApiError {
    error("ServiceQuotaExceededException", message)
}

pub(super) fn too_many_activities() -> ApiError {
    error(
        "ActivityLimitExceeded",
        "The maximum number of activities has been reached.",
    )
}

pub(super) fn no_activity(arn: &str) -> ApiError {
    error(
        "ActivityDoesNotExist",
        format!("Activity Does Not Exist: '{arn}'"),
    )
}

pub(super) fn activity_exists(arn: &str) -> ApiError {
    error(
        "ActivityAlreadyExists",
        format!("Activity Already Exists: '{arn}'"),
    )
}

fn too_many_workers() -> ApiError {
    error(
        "ActivityWorkerLimitExceeded",
        "The maximum number of workers concurrently polling for activity tasks has been reached.",
    )
}

fn task_timed_out() -> ApiError {
    error(
        "TaskTimedOut",
        "Task Timed Out: 'Provided task does not exist anymore'",
    )
}

pub(super) fn invalid_output(detail: &str) -> ApiError {
    error("InvalidOutput", format!("Invalid Output: '{detail}'"))
}

pub(super) fn no_execution(arn: &str) -> ApiError {
    error(
        "ExecutionDoesNotExist",
        format!("Execution Does Not Exist: '{arn}'"),
    )
}

/// In the words of public recordings of RedriveExecution.
pub(super) fn not_redrivable(arn: &str, reason: NotRedrivable) -> ApiError {
    error(
        "ExecutionNotRedrivable",
        format!("Execution {arn} invalid for redrive as: {reason}"),
    )
}

pub(super) fn execution_exists(arn: &str) -> ApiError {
    error(
        "ExecutionAlreadyExists",
        format!("Execution Already Exists: '{arn}'"),
    )
}

pub(super) fn no_resource(arn: &str) -> ApiError {
    error("ResourceNotFound", format!("Resource not found: '{arn}'")).with("resourceName", arn)
}

/// The map run has ended.
pub(super) fn completed_map_run(arn: &str) -> ApiError {
    validation(format!(
        "Map Run is completed and cannot be updated: '{arn}'"
    ))
    .with("reason", "CANNOT_UPDATE_COMPLETED_MAP_RUN")
}

pub(super) fn too_many_tags(arn: &str) -> ApiError {
    error("TooManyTags", format!("Too many tags: '{arn}'")).with("resourceName", arn)
}

pub(super) fn missing_parameter(message: &str) -> ApiError {
    error("MissingRequiredParameter", message)
}

/// The role is there and does not trust the service, or roles must exist and it does not.
pub(super) fn role_not_assumable() -> ApiError {
    ApiError::sender(
        400,
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the \
         provided role.",
    )
}

/// The code is AWS's (spec api.md, StartExecution); the words are the API reference's.
fn too_many_open() -> ApiError {
    error(
        "ExecutionLimitExceeded",
        "The maximum number of running executions has been reached. Running executions must end or be stopped before a \
         new execution can be started.",
    )
}

pub(super) fn throttled() -> ApiError {
    ApiError::sender(400, "ThrottlingException", "Rate exceeded")
}

fn unavailable() -> ApiError {
    ApiError::receiver(503, "ServiceUnavailable", "The server is stopping.")
}

fn internal(error: &dyn std::error::Error) -> ApiError {
    tracing::error!(%error, "request failed");
    ApiError::receiver(
        500,
        "InternalServerError",
        "An internal error occurred. The server's log has the details.",
    )
}

/// What the runtime reports and no operation has an error of its own for.
pub(super) fn from_runtime(error: RuntimeError) -> ApiError {
    match error {
        RuntimeError::Overloaded => throttled(),
        RuntimeError::TooManyOpen => too_many_open(),
        RuntimeError::InvalidToken => invalid_token(),
        RuntimeError::TaskTimedOut => task_timed_out(),
        RuntimeError::TooManyWorkers => too_many_workers(),
        RuntimeError::Stopped => unavailable(),
        error => internal(&error),
    }
}

/// What the records report and no operation has an error of its own for.
pub(super) fn from_records(error: RecordError) -> ApiError {
    match error {
        RecordError::Conflict => error_conflict(),
        RecordError::Store(error) => from_runtime(error.into()),
        RecordError::Lost => unavailable(),
        error => internal(&error),
    }
}

/// What the log groups report.
pub(super) fn from_logs(error: &LogsError) -> ApiError {
    internal(error)
}

fn error_conflict() -> ApiError {
    conflict("The resource was changed at the same time. Try again.")
}
