//! `States.StringToJson`, `States.JsonToString`, `States.JsonMerge`.

use std::sync::Arc;

use super::{Evaluation, Failure, invalid};
use crate::json::{Object, parse};
use crate::{Value, java};

/// What a parsed character may cost in memory: `[0,0,0]` is 24 bytes for two of them.
const PARSED: usize = 12;

/// `States.StringToJson(text)`; a blank text is null (recorded).
pub(super) fn string_to_json(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let text = arguments[0].as_str().ok_or_else(invalid)?;
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    evaluation.budget.text(text.len().saturating_mul(PARSED))?;
    parse(text).map_err(|_| invalid())
}

/// `States.JsonToString(value)`: compact, keys in order.
pub(super) fn json_to_string(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let length = arguments[0].text_length_within(evaluation.budget.bytes());
    evaluation.budget.text(length.ok_or(Failure::TooLarge)?)?;
    Ok(arguments[0].to_text().into())
}

/// `States.JsonMerge(a, b, false)`: the members of both, those of `b` win; nested objects are
/// replaced, not merged. The members come in the order of a Java `HashMap` (recorded: `a b d` with
/// `a c d` is `a b c d`). Deep merging (`true`) is not supported; anything else counts as false
/// (measured: the string `'false'`).
pub(super) fn merge(
    arguments: &[Value],
    evaluation: &mut Evaluation<'_>,
) -> Result<Value, Failure> {
    let (Value::Object(a), Some(b)) = (&arguments[0], arguments[1].as_object()) else {
        return Err(invalid());
    };
    if java::to_text(&arguments[2], evaluation.budget)?.eq_ignore_ascii_case("true") {
        return Err(invalid());
    }
    evaluation
        .budget
        .items((a.len() + b.len()).saturating_mul(4))?;
    let mut merged = Object::clone(a);
    merged.extend(b.iter().map(|(key, value)| (key.clone(), value.clone())));
    let mut members: Vec<(Arc<str>, Value)> = merged
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let buckets = java::buckets_grown(members.len());
    java::hash_order(&mut members, buckets, |(key, _)| java::string_hash(key));
    Ok(Value::object(members))
}
