//! Numbers that a field gives directly, through its `...Path` form or by a JSONata expression, and what is said when they
//! are none.

use asl::definition::{Dynamic, Map};
use expr::json::{Kind, Value};

use crate::failure::Fault;
use crate::flow::{View, select};
use crate::query::Place;
use crate::state::wait::shown;

/// The longest time that can be asked for, in seconds.
const MOST_SECONDS: i64 = 99_999_999;

/// `TimeoutSeconds`, `HeartbeatSeconds`: a positive integer.
pub(crate) fn seconds(
    field: &str,
    number: Option<&Dynamic<u64>>,
    view: &mut View<'_, '_>,
) -> Result<Option<u64>, Fault> {
    match number {
        None => Ok(None),
        Some(Dynamic::Fixed(seconds)) => Ok(Some(*seconds)),
        Some(Dynamic::Query(query)) => {
            let place = Place::Field(field);
            let seconds = view.queries().integer(query, 1..=MOST_SECONDS, place)?;
            Ok(Some(seconds.unsigned_abs()))
        }
        Some(Dynamic::Path(path)) => {
            let value = select(path, &view.context.over(view.document))?;
            match written_integer(&value)
                .filter(|n| (1..=MOST_SECONDS).contains(n))
                .and_then(|n| u64::try_from(n).ok())
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
    view: &mut View<'_, '_>,
) -> Result<Option<i64>, Fault> {
    match number {
        None => Ok(None),
        Some(Dynamic::Fixed(number)) => Ok(Some(i64::try_from(*number).unwrap_or(i64::MAX))),
        Some(Dynamic::Query(query)) => {
            let place = Place::Field(field);
            let bounds = i64::MIN..=i64::MAX;
            view.queries().integer(query, bounds, place).map(Some)
        }
        Some(Dynamic::Path(path)) => {
            let value = select(path, &view.context.over(view.document))?;
            written_integer(&value)
                .map(Some)
                .ok_or_else(|| not_valid(field, &value, "integer", path.source()))
        }
    }
}

/// `ToleratedFailurePercentage`.
pub(crate) fn float(
    field: &str,
    number: Option<&Dynamic<f64>>,
    view: &mut View<'_, '_>,
) -> Result<Option<f64>, Fault> {
    match number {
        None => Ok(None),
        Some(Dynamic::Fixed(number)) => Ok(Some(*number)),
        Some(Dynamic::Query(query)) => {
            let place = Place::Field(field);
            let value = view
                .queries()
                .expression_of_kind(query, Kind::Number, place)?;
            Ok(value.as_f64())
        }
        Some(Dynamic::Path(path)) => {
            let value = select(path, &view.context.over(view.document))?;
            written_float(&value)
                .map(Some)
                .ok_or_else(|| not_valid(field, &value, "float", path.source()))
        }
    }
}

/// The numbers of a Map.
pub(crate) struct MapNumbers {
    /// `MaxConcurrency`; 0: the service's limit.
    pub(crate) concurrency: u64,
    /// `ToleratedFailureCount`
    pub(crate) failures: Option<u64>,
    /// `ToleratedFailurePercentage`
    pub(crate) percentage: Option<f64>,
}

/// All of them, checked: the tolerated failures too where they mean nothing, as AWS does.
pub(crate) fn of_map(map: &Map, view: &mut View<'_, '_>) -> Result<MapNumbers, Fault> {
    let wanted = integer("MaxConcurrency", map.max_concurrency.as_ref(), view)?.unwrap_or(0);
    let failures = map.tolerated_failure_count.as_ref();
    let failures = integer("ToleratedFailureCount", failures, view)?;
    let percentage = map.tolerated_failure_percentage.as_ref();
    let percentage = float("ToleratedFailurePercentage", percentage, view)?;
    let not_negative = |field: &str, number: i64| {
        u64::try_from(number).map_err(|_| Fault::runtime(format!("{field} cannot be negative.")))
    };
    let concurrency = not_negative("MaxConcurrency", wanted)?;
    let failures = failures
        .map(|count| not_negative("ToleratedFailureCount", count))
        .transpose()?;
    if percentage.is_some_and(|p| !(0.0..=100.0).contains(&p)) {
        return Err(Fault::runtime(
            "ToleratedFailurePercentage must be between 0 and 100.",
        ));
    }
    Ok(MapNumbers {
        concurrency,
        failures,
        percentage,
    })
}

/// The integer that a `...Path` leads to. A string that reads as one will do ([rec]
/// MAP_STATE_REFERENCE_IN_MAX_CONCURRENCY_PATH); `1.0` will not.
pub(crate) fn written_integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        _ => value.as_i64(),
    }
}

fn written_float(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => value.as_f64(),
    }
}

/// [rec] test_max_concurrency_path, test_map_state_tolerated_failure_count_path.
fn not_valid(field: &str, value: &Value, kind: &str, path: &str) -> Fault {
    Fault::runtime(format!(
        "The {field}Path field refers to value \"{}\" which is not a valid {kind}: {path}",
        shown(value)
    ))
}
