//! An alias's routing configuration as a request gives it: one or two versions of one machine, with weights that make
//! a hundred (spec api.md, CreateStateMachineAlias; the texts are recorded).

use aws::ApiError;
use aws::validate::Violations;
use serde_json::Value;

use super::arns::{self, MachineArn, Qualifier};
use super::params::{nested, nested_text, typed};
use super::{errors, records::Route};

/// Versions that an alias routes to.
const MOST: usize = 2;
const VERSION: &str = "stateMachineVersionArn";
const WEIGHT: &str = "weight";
/// The pattern that the model gives for the names of aliases.
const NAME_PATTERN: &str = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$";

/// Which versions an alias is to route to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Routing {
    /// The machine that all versions are of; its qualifier is the first one.
    pub(super) machine: MachineArn,
    /// Version and weight, in the order given.
    pub(super) routes: Vec<(u64, u32)>,
}

impl Routing {
    /// Reads a list that obeys the constraints of the model.
    pub(super) fn read(list: &Value) -> Result<Routing, ApiError> {
        let items: Vec<(&str, u32)> = list
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| (arn_of(item), weight_of(item)))
            .collect();
        let texts: Vec<&str> = items.iter().map(|(arn, _)| *arn).collect();
        let received = format!("[{}]", texts.join(", "));
        let wrong = |rule: &str| errors::invalid_routing(&format!("{rule}. Received: {received}"));
        let mut machines = Vec::new();
        let mut routes: Vec<(u64, u32)> = Vec::new();
        for (text, weight) in &items {
            let arn = arns::machine(text)?;
            let Some(Qualifier::Version(number)) = arn.qualifier else {
                return Err(wrong(
                    "Routing configuration must contain state machine version ARNs",
                ));
            };
            routes.push((number, *weight));
            machines.push(arn);
        }
        let (Some(machine), false) = (machines.first(), has_duplicates(&texts)) else {
            return Err(wrong(
                "Routing configuration must contain distinct state machine version ARNs",
            ));
        };
        if !machines.iter().all(|other| other.is_same_machine(machine)) {
            return Err(wrong(
                "Routing configuration must contain versions of the same state machine",
            ));
        }
        check_sum(&routes)?;
        Ok(Routing {
            machine: machine.clone(),
            routes,
        })
    }

    /// Whether an alias routes so already.
    pub(super) fn is(&self, routes: &[Route]) -> bool {
        let has: Vec<(u64, u32)> = routes
            .iter()
            .map(|route| (route.version, route.weight))
            .collect();
        self.routes == has
    }
}

fn has_duplicates(texts: &[&str]) -> bool {
    let mut sorted = texts.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

fn check_sum(routes: &[(u64, u32)]) -> Result<(), ApiError> {
    let weights: Vec<String> = routes
        .iter()
        .map(|(_, weight)| weight.to_string())
        .collect();
    match routes.iter().map(|(_, weight)| weight).sum::<u32>() {
        100 => Ok(()),
        _ => Err(errors::invalid_routing(&format!(
            "Sum of routing configuration weights must equal 100. Received: [{}]",
            weights.join(", ")
        ))),
    }
}

fn arn_of(item: &Value) -> &str {
    item.get(VERSION)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn weight_of(item: &Value) -> u32 {
    let weight = item.get(WEIGHT).and_then(Value::as_u64);
    weight
        .and_then(|weight| weight.try_into().ok())
        .unwrap_or_default()
}

/// The types of the list's members.
pub(super) fn check_types(list: &Value) -> Result<(), ApiError> {
    for item in list.as_array().into_iter().flatten() {
        typed(item, "routingConfiguration", Value::is_object, "structure")?;
        nested_text(item, VERSION)?;
        nested(item, WEIGHT, Value::is_i64, "Integer")?;
    }
    Ok(())
}

/// The model's constraints of the list.
pub(super) fn check_constraints(path: &str, list: &Value, violations: &mut Violations) {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    violations.count(path, &shown(items), items.len(), 1, MOST);
    for (position, item) in items.iter().take(MOST).enumerate() {
        let path = |member: &str| format!("{path}.{}.member.{member}", position + 1);
        match item.get(VERSION).and_then(Value::as_str) {
            Some(arn) => violations.length(&path(VERSION), arn, 1, 256),
            None => violations.required::<()>(&path(VERSION), None),
        }
        match item.get(WEIGHT).and_then(Value::as_i64) {
            Some(weight) => violations.range(&path(WEIGHT), weight, 0, 100),
            None => violations.required::<()>(&path(WEIGHT), None),
        }
    }
}

/// The list as the service's framework prints it.
fn shown(items: &[Value]) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| {
            let weight = item.get(WEIGHT).and_then(Value::as_i64);
            let weight = weight.map_or("null".to_owned(), |weight| weight.to_string());
            let arn = item.get(VERSION).and_then(Value::as_str).unwrap_or("null");
            format!("RoutingConfigurationListItem({VERSION}={arn}, {WEIGHT}={weight})")
        })
        .collect();
    format!("[{}]", items.join(", "))
}

/// The model's constraints of an alias's name.
pub(super) fn check_alias_name(path: &str, name: &str, violations: &mut Violations) {
    violations.length(path, name, 1, 80);
    violations.pattern(path, name, NAME_PATTERN, matches_pattern(name));
}

fn matches_pattern(name: &str) -> bool {
    let is_mark = |c: char| matches!(c, '_' | '-' | '.');
    let allowed = |c: char| c.is_ascii_alphanumeric() || is_mark(c);
    let lifts = |c: char| c.is_ascii_alphabetic() || is_mark(c);
    name.chars().all(allowed) && name.chars().any(lifts)
}
