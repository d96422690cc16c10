//! The errors of IAM, in AWS's words: recorded from AWS in 2026-02 (LocalStack's validated snapshots) where marked so.

use aws::ApiError;
use iam::PolicyError;
use store::StoreError;

use crate::records::RecordError;

/// `NoSuchEntity` for a role. Recorded.
pub(super) fn no_role(name: &str) -> ApiError {
    no_such_entity(format!("The role with name {name} cannot be found."))
}

/// `NoSuchEntity` for a policy inside a role. Recorded.
pub(super) fn no_inline_policy(name: &str) -> ApiError {
    no_such_entity(format!("The role policy with name {name} cannot be found."))
}

/// `NoSuchEntity` for a managed policy. Recorded.
pub(super) fn no_policy(arn: &str) -> ApiError {
    no_such_entity(format!("Policy {arn} was not found."))
}

/// `NoSuchEntity` for a policy that was to be attached or changed. Recorded.
pub(super) fn not_attachable(arn: &str) -> ApiError {
    no_such_entity(format!("Policy {arn} does not exist or is not attachable."))
}

/// `NoSuchEntity` for a version of a policy. Recorded.
pub(super) fn no_version(arn: &str, version: &str) -> ApiError {
    no_such_entity(format!(
        "Policy {arn} version {version} does not exist or is not attachable."
    ))
}

fn no_such_entity(message: String) -> ApiError {
    ApiError::sender(404, "NoSuchEntity", message)
}

pub(super) fn role_exists(name: &str) -> ApiError {
    ApiError::sender(
        409,
        "EntityAlreadyExists",
        format!("Role with name {name} already exists."),
    )
}

/// Recorded.
pub(super) fn policy_exists(name: &str) -> ApiError {
    let message =
        format!("A policy called {name} already exists. Duplicate names are not allowed.");
    ApiError::sender(409, "EntityAlreadyExists", message)
}

/// What keeps an entity from being deleted.
pub(super) fn delete_conflict(message: &str) -> ApiError {
    ApiError::sender(409, "DeleteConflict", message)
}

pub(super) fn limit_exceeded(message: impl Into<String>) -> ApiError {
    ApiError::sender(409, "LimitExceeded", message)
}

pub(super) fn quota_exceeded(quota: &str, limit: usize) -> ApiError {
    limit_exceeded(format!("Cannot exceed quota for {quota}: {limit}"))
}

pub(super) fn invalid_input(message: impl Into<String>) -> ApiError {
    ApiError::sender(400, "InvalidInput", message)
}

pub(super) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::sender(400, "ValidationError", message)
}

pub(super) fn malformed(error: &PolicyError) -> ApiError {
    ApiError::sender(400, "MalformedPolicyDocument", error.to_string())
}

/// A policy of AWS cannot be changed.
pub(super) fn not_yours() -> ApiError {
    ApiError::sender(403, "AccessDenied", "Policy is outside your own account.")
}

pub(super) fn unknown_action(action: &str, version: &str) -> ApiError {
    let shown = |text: &str| text.chars().take(128).collect::<String>();
    let message = format!(
        "Could not find operation {} for version {}",
        shown(action),
        shown(version)
    );
    ApiError::sender(400, "InvalidAction", message)
}

pub(super) fn missing_action() -> ApiError {
    ApiError::sender(
        400,
        "MissingAction",
        "The request must contain the parameter Action.",
    )
}

/// Too many others changed the same thing at the same time.
pub(super) fn concurrent_modification() -> ApiError {
    let message = "The request was rejected because multiple requests to change this object were submitted \
                   simultaneously. Wait a few minutes and submit your request again.";
    ApiError::sender(409, "ConcurrentModification", message)
}

/// The store's faults, told as the service's.
pub(super) fn of_record(error: RecordError) -> ApiError {
    match error {
        RecordError::Conflict => concurrent_modification(),
        RecordError::Store(StoreError::Overloaded) => {
            ApiError::sender(400, "Throttling", "Rate exceeded")
        }
        other => {
            tracing::error!(error = %other, "IAM's records");
            ApiError::receiver(
                500,
                "ServiceFailure",
                "The request processing has failed because of an unknown error.",
            )
        }
    }
}
