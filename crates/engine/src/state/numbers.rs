//! Numbers that a field gives directly or through its `...Path` form, and what is said when they are none.

use asl::definition::Dynamic;
use expr::json::Value;

use crate::context::Scope;
use crate::failure::Fault;
use crate::flow::select;
use crate::state::wait::shown;

/// `TimeoutSeconds`, `HeartbeatSeconds`: a positive integer.
pub(crate) fn seconds(
    field: &str,
    number: Option<&Dynamic<u64>>,
    scope: &Scope<'_>,
) -> Result<Option<u64>, Fault> {
    match number {
        None => Ok(None),
        Some(Dynamic::Fixed(seconds)) => Ok(Some(*seconds)),
        Some(Dynamic::Path(path)) => {
            let value = select(path, scope)?;
            match value
                .as_i64()
                .and_then(|n| u64::try_from(n).ok())
                .filter(|n| (1..=99_999_999).contains(n))
            {
                Some(seconds) => Ok(Some(seconds)),
                None => Err(not_valid(field, &value, "integer", path.source())),
            }
        }
    }
}

/// `MaxConcurrency`, `ToleratedFailureCount`: an integer; negative ones are the caller's to judge.
pub(crate) fn integer(
    field: &str,
    number: Option<&Dynamic<u64>>,
    scope: &Scope<'_>,
) -> Result<Option<i64>, Fault> {
    match number {
        None => Ok(None),
        Some(Dynamic::Fixed(number)) => Ok(Some(i64::try_from(*number).unwrap_or(i64::MAX))),
        Some(Dynamic::Path(path)) => {
            let value = select(path, scope)?;
            value
                .as_i64()
                .map(Some)
                .ok_or_else(|| not_valid(field, &value, "integer", path.source()))
        }
    }
}

/// `ToleratedFailurePercentage`.
pub(crate) fn float(
    field: &str,
    number: Option<&Dynamic<f64>>,
    scope: &Scope<'_>,
) -> Result<Option<f64>, Fault> {
    match number {
        None => Ok(None),
        Some(Dynamic::Fixed(number)) => Ok(Some(*number)),
        Some(Dynamic::Path(path)) => {
            let value = select(path, scope)?;
            value
                .as_f64()
                .map(Some)
                .ok_or_else(|| not_valid(field, &value, "float", path.source()))
        }
    }
}

/// [rec] test_max_concurrency_path, test_map_state_tolerated_failure_count_path.
fn not_valid(field: &str, value: &Value, kind: &str, path: &str) -> Fault {
    Fault::runtime(format!(
        "The {field}Path field refers to value \"{}\" which is not a valid {kind}: {path}",
        shown(value)
    ))
}
