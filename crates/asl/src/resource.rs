//! A Task's `Resource`: the ARN grammar of spec integrations.md section 1.

use std::sync::Arc;

use crate::definition::{Pattern, Resource, Target};
use crate::services;

/// Why a text is not a resource; `Display` is the service's message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResourceError {
    /// Not an ARN at all.
    #[error("Value is not a valid resource ARN")]
    NotAnArn,
    /// An ARN of nothing that a Task can call.
    #[error(
        "The resource provided {0} is not recognized. The value is not a valid resource ARN, or the resource is not \
         available in this region."
    )]
    NotRecognized(String),
}

/// Reads a `Resource`.
pub(crate) fn parse(arn: &Arc<str>) -> Result<Resource, ResourceError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &["arn", partition, service, region, account, rest] = parts.as_slice() else {
        return Err(ResourceError::NotAnArn);
    };
    let owned = !region.is_empty() && !account.is_empty();
    let target = match service {
        _ if partition.is_empty() => None,
        "lambda" if owned => is_function(rest).then_some(Target::Function),
        "states" if owned && is_activity(rest) => Some(Target::Activity),
        // Region and account mean nothing here, and a published sample of AWS has them.
        "states" if owned || (region.is_empty() && account.is_empty()) => integration(rest),
        _ => None,
    };
    let target = target.ok_or_else(|| ResourceError::NotRecognized(arn.to_string()))?;
    Ok(Resource {
        arn: arn.clone(),
        target,
    })
}

/// `function:<name>[:qualifier]`
fn is_function(rest: &str) -> bool {
    let mut parts = rest.split(':');
    let named =
        parts.next() == Some("function") && parts.next().is_some_and(|name| !name.is_empty());
    named && parts.next().is_none_or(|qualifier| !qualifier.is_empty()) && parts.next().is_none()
}

/// `activity:<name>`
fn is_activity(rest: &str) -> bool {
    rest.strip_prefix("activity:")
        .is_some_and(|name| !name.is_empty() && !name.contains(':'))
}

/// `<service>:<action>[suffix]` or `aws-sdk:<service>:<action>[.waitForTaskToken]`
fn integration(rest: &str) -> Option<Target> {
    let (resource_type, resource) = split_service(rest)?;
    let (action, pattern) = split_pattern(resource)?;
    let legal = match resource_type.strip_prefix("aws-sdk:") {
        Some(service) => {
            let pattern_fits = matches!(
                pattern,
                Pattern::RequestResponse | Pattern::WaitForTaskToken
            );
            pattern_fits && services::is_sdk_action(service, action)
        }
        None => {
            services::action(resource_type, action).is_some_and(|action| action.supports(pattern))
        }
    };
    legal.then(|| Target::Service {
        resource_type: resource_type.into(),
        resource: resource.into(),
        action: action.into(),
        pattern,
    })
}

fn split_service(rest: &str) -> Option<(&str, &str)> {
    let from = if rest.starts_with("aws-sdk:") {
        "aws-sdk:".len()
    } else {
        0
    };
    let colon = from + rest[from..].find(':')?;
    Some((&rest[..colon], &rest[colon + 1..]))
}

fn split_pattern(resource: &str) -> Option<(&str, Pattern)> {
    let Some((action, suffix)) = resource.split_once('.') else {
        return Some((resource, Pattern::RequestResponse));
    };
    let pattern = match suffix {
        "sync" => Pattern::Sync,
        "sync:2" => Pattern::Sync2,
        "waitForTaskToken" => Pattern::WaitForTaskToken,
        _ => return None,
    };
    Some((action, pattern))
}
