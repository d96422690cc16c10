//! Values that look like paths where paths are not looked for: the three warnings.
//!
//! The codes and their meaning are the service's; its wording is not known, these are the sentences of its API
//! reference.

use expr::json::Value;

use super::log::Log;
use crate::Code;
use crate::location::At;

/// NO_PATH: a path in a field that has a `...Path` twin.
pub(crate) fn path_in_text(log: &mut Log, text: &str, at: &At<'_>) {
    if looks_like_path(text) {
        log.report(
            Code::NoPath,
            at,
            "Field value looks like a path, but field name does not end with 'Path'.",
        );
    }
}

/// PASS_RESULT_IS_STATIC: a path in a Pass state's `Result`, or the name of a field in it that ends with `.$`.
pub(crate) fn path_in_result(log: &mut Log, result: &Value, at: &At<'_>) {
    if contains_path(result) {
        log.report(
            Code::PassResultIsStatic,
            at,
            "Attempt to use a path in the result of a pass state.",
        );
    }
}

/// NO_DOLLAR: a path or intrinsic in a payload template, in a field without `.$`.
pub(crate) fn paths_in_template(log: &mut Log, value: &Value, at: &At<'_>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                paths_in_template(log, item, &at.index(index));
            }
        }
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| !key.ends_with(".$")) {
                paths_in_template(log, member, &at.key(key));
            }
        }
        Value::String(text) if looks_like_path(text) || looks_like_intrinsic(text) => {
            let message = "No .$ on a field that appears to be a JSONPath or Intrinsic Function.";
            log.report(Code::NoDollar, at, message);
        }
        _ => {}
    }
}

fn contains_path(value: &Value) -> bool {
    match value {
        Value::String(text) => looks_like_path(text),
        Value::Array(items) => items.iter().any(contains_path),
        Value::Object(members) => members
            .iter()
            .any(|(key, member)| key.ends_with(".$") || contains_path(member)),
        _ => false,
    }
}

fn looks_like_path(text: &str) -> bool {
    let rest = text.strip_prefix("$$").or_else(|| text.strip_prefix('$'));
    rest.is_some_and(|rest| rest.starts_with(['.', '[']))
}

fn looks_like_intrinsic(text: &str) -> bool {
    text.starts_with("States.") && text.ends_with(')') && text.contains('(')
}
