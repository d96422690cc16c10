//! A state that stands alone, as TestState takes it: a machine is put around it. The states that it leads to are there
//! in name only.

use std::collections::HashSet;
use std::sync::Arc;

use expr::json::{Object, Value};

/// What the service calls a state that was given without a name ([rec] test_parallel_state_empty_branches).
pub(crate) const NAME: &str = "StateName";

/// A machine of this one state.
pub(crate) fn around(state: &Value) -> Value {
    let mut states: Vec<(Arc<str>, Value)> = vec![(NAME.into(), state.clone())];
    let mut named = HashSet::from([NAME]);
    for target in targets(state) {
        if named.insert(target) {
            states.push((target.clone(), succeed()));
        }
    }
    Value::object([
        ("StartAt".into(), Value::string(NAME)),
        ("States".into(), Value::object(states)),
    ])
}

fn succeed() -> Value {
    Value::object([("Type".into(), Value::string("Succeed"))])
}

/// Where the state may lead: `Next`, `Default`, and those of choice rules and catchers.
fn targets(state: &Value) -> Vec<&Arc<str>> {
    let Some(state) = state.as_object() else {
        return Vec::new();
    };
    let own = ["Next", "Default"].map(|field| text(state, field));
    let of_rules = ["Choices", "Catch"]
        .into_iter()
        .filter_map(|field| state.get(field)?.as_array())
        .flatten()
        .filter_map(|rule| text(rule.as_object()?, "Next"));
    own.into_iter().flatten().chain(of_rules).collect()
}

fn text<'v>(object: &'v Object, field: &str) -> Option<&'v Arc<str>> {
    match object.get(field)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}
