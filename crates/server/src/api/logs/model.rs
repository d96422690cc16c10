//! A request's members, and the constraints that more than one operation has.

use aws::ApiError;
use aws::validate::Violations;
use serde::de::DeserializeOwned;

use super::errors;
use crate::front::Request;

const GROUP_PATTERN: &str = r"[\.\-_/#A-Za-z0-9]+";
const STREAM_PATTERN: &str = "[^:*]*";

/// The members of a request, of the right types.
pub(super) fn read<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    let body = match request.body.is_empty() {
        true => b"{}",
        false => &*request.body,
    };
    serde_json::from_slice(body).map_err(|error| errors::serialization(error.to_string()))
}

/// Fails with what is broken.
pub(super) fn check(found: impl FnOnce(&mut Violations)) -> Result<(), ApiError> {
    let mut violations = Violations::default();
    found(&mut violations);
    violations.check(errors::invalid)
}

/// A group's name that must be there.
pub(super) fn group_name(violations: &mut Violations, name: Option<&str>) {
    const PATH: &str = "logGroupName";
    let Some(name) = name else {
        return violations.required::<()>(PATH, None);
    };
    violations.length(PATH, name, 1, 512);
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_/#".contains(c);
    let matches = !name.is_empty() && name.chars().all(allowed);
    violations.pattern(PATH, name, GROUP_PATTERN, matches);
}

/// A stream's name that must be there. Control characters are refused, too.
pub(super) fn stream_name(violations: &mut Violations, name: Option<&str>) {
    const PATH: &str = "logStreamName";
    let Some(name) = name else {
        return violations.required::<()>(PATH, None);
    };
    violations.length(PATH, name, 1, 512);
    let allowed = |c: char| c != ':' && c != '*' && !c.is_control();
    violations.pattern(PATH, name, STREAM_PATTERN, name.chars().all(allowed));
}

/// `limit`, if it is there.
pub(super) fn limit(violations: &mut Violations, limit: Option<i64>, most: i64) {
    if let Some(limit) = limit {
        violations.range("limit", limit, 1, most);
    }
}

/// How many items a page has.
pub(super) fn page(limit: Option<i64>, default: usize) -> usize {
    limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(default)
}
