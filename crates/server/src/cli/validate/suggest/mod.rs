//! What was probably meant: the state, the field, the value or the resource whose name is most like a wrong one.
//!
//! Reads AWS's messages, which are part of the API and do not change.

mod fields;
mod similar;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use asl::definition::Pattern;
use asl::{Code, Diagnostic, Options, services};
use expr::json::{Object, Step, Value};

use self::similar::{Budget, nearest};
use super::definition::Definition;
use super::finding::Finding;
use super::substitution::placeholder;

/// Finds what was meant in one definition.
pub struct Suggester<'d> {
    definition: &'d Definition,
    options: &'d Options,
    vocabulary: BTreeSet<String>,
    /// Where fields that the language does not know are.
    unknown: HashSet<&'d [Step]>,
    budget: Budget,
}

impl<'d> Suggester<'d> {
    /// For these diagnostics of a definition.
    pub fn new(
        definition: &'d Definition,
        options: &'d Options,
        diagnostics: &'d [Diagnostic],
    ) -> Suggester<'d> {
        let unknown = diagnostics
            .iter()
            .filter(|found| is_unknown_field(&found.message));
        Suggester {
            definition,
            options,
            vocabulary: fields::vocabulary(),
            unknown: unknown.map(|found| found.path.as_slice()).collect(),
            budget: Budget::default(),
        }
    }

    /// The finding for a diagnostic, with what helps.
    pub fn advise(&mut self, diagnostic: &Diagnostic, mut finding: Finding) -> Finding {
        let message = &diagnostic.message;
        let path = diagnostic.path.as_slice();
        if diagnostic.code == Code::MissingTransitionTarget && message.starts_with("Missing 'Next'")
        {
            (finding.suggestion, finding.help) = self.target(path);
        } else if is_unknown_field(message) {
            let value = &self.definition.value;
            finding.suggestion = fields::meant(
                value,
                path,
                &self.vocabulary,
                self.options,
                &mut self.budget,
            );
        } else if let Some(names) = listed(message, "These fields are required: ") {
            finding.help = self.misspelt(path, &names);
        } else if let Some(names) = allowed_values(message) {
            finding.suggestion = self.nearest_to_value(path, names);
        } else if message.contains("resource ARN") {
            (finding.suggestion, finding.help) = self.resource(path);
        } else if message.starts_with("Expected value of type [") && self.definition.is_yaml() {
            finding.help = self.yaml_type(path);
        }
        finding
    }

    /// The state that a transition was meant to lead to.
    fn target(&mut self, path: &[Step]) -> (Option<String>, Option<String>) {
        let Some(wrong) = self.text(path) else {
            return (None, None);
        };
        let graph = self.definition.find(graph_around(path));
        let states = graph.and_then(|graph| graph.get("States")?.as_object());
        let names = states
            .into_iter()
            .flat_map(Object::iter)
            .map(|(name, _)| &**name);
        let meant = nearest(wrong, names, &mut self.budget)
            .first()
            .map(|name| (*name).to_owned());
        let elsewhere = meant.is_none() && has_state(&self.definition.value, wrong);
        let help = elsewhere.then(|| {
            format!("there is a state '{wrong}' in another States object; a transition cannot leave its own")
        });
        (meant, help)
    }

    /// A member of the object that looks like one that is missing. One that is refused as unknown tells it itself.
    fn misspelt(&mut self, path: &[Step], missing: &[&str]) -> Option<String> {
        let object = self.definition.find(path)?.as_object()?;
        for name in missing {
            let own = object.iter().map(|(key, _)| &**key);
            let near = nearest(name, own, &mut self.budget);
            let told = |key: &str| {
                let mut path = path.to_vec();
                path.push(Step::Key(Arc::from(key)));
                self.unknown.contains(path.as_slice())
            };
            let known = |key: &str| self.vocabulary.contains(key);
            if let Some(key) = near.iter().find(|key| !known(key) && !told(key)) {
                return Some(format!("there is a field '{key}': did you mean '{name}'?"));
            }
        }
        None
    }

    fn nearest_to_value(&mut self, path: &[Step], names: Vec<&str>) -> Option<String> {
        let wrong = self.text(path)?;
        let near = nearest(wrong, names, &mut self.budget);
        near.first().map(|name| (*name).to_owned())
    }

    /// A resource that Step Functions knows, or what to do about a placeholder.
    fn resource(&mut self, path: &[Step]) -> (Option<String>, Option<String>) {
        let Some(wrong) = self.text(path) else {
            return (None, None);
        };
        if let Some(name) = placeholder(wrong) {
            let help = format!(
                "'${{{name}}}' is a placeholder that a template fills in; say what it stands for with \
                 --substitutions {name}=VALUE"
            );
            return (None, Some(help));
        }
        let Some((prefix, integration)) = wrong.split_once(":::") else {
            return (None, None);
        };
        let known = integrations();
        let near = nearest(
            integration,
            known.iter().map(String::as_str),
            &mut self.budget,
        );
        (near.first().map(|name| format!("{prefix}:::{name}")), None)
    }

    /// What YAML made of a scalar that was meant otherwise.
    fn yaml_type(&self, path: &[Step]) -> Option<String> {
        match self.definition.find(path)? {
            Value::Null => Some("YAML reads this as null; quote it to make it a string".to_owned()),
            value @ (Value::Bool(_) | Value::Number(_)) => {
                let kind = value.kind();
                Some(format!(
                    "YAML reads this as a {kind}; quote it to make it a string"
                ))
            }
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "yes" | "on" | "y" => Some("in YAML 1.2 this is a string; write true".to_owned()),
                "no" | "off" | "n" => Some("in YAML 1.2 this is a string; write false".to_owned()),
                _ => None,
            },
            _ => None,
        }
    }

    fn text(&self, path: &[Step]) -> Option<&'d str> {
        self.definition.find(path)?.as_str()
    }
}

fn is_unknown_field(message: &str) -> bool {
    message.starts_with("Field '") && message.ends_with("' is not supported")
}

/// The names in brackets behind an introduction.
fn listed<'m>(message: &'m str, introduction: &str) -> Option<Vec<&'m str>> {
    let (_, list) = message.split_once(introduction)?;
    let list = list.strip_prefix('[')?.strip_suffix(']')?;
    Some(list.split(", ").collect())
}

fn allowed_values(message: &str) -> Option<Vec<&str>> {
    let introductions = [
        "should be one of the following: ",
        "should have one of these values: ",
    ];
    introductions
        .iter()
        .find_map(|introduction| listed(message, introduction))
}

/// The path of the object with `States` that a transition belongs to.
fn graph_around(path: &[Step]) -> &[Step] {
    let is =
        |step: &Step, names: &[&str]| matches!(step, Step::Key(key) if names.contains(&&**key));
    let mut length = 0;
    loop {
        length += match &path[length..] {
            [states, _, branches, Step::Index(_), _, ..]
                if is(states, &["States"]) && is(branches, &["Branches"]) =>
            {
                4
            }
            [states, _, processor, _, ..]
                if is(states, &["States"]) && is(processor, &["ItemProcessor", "Iterator"]) =>
            {
                3
            }
            _ => return &path[..length],
        };
    }
}

/// Whether any graph of a definition has a state of this name. The nesting of values is bounded.
fn has_state(graph: &Value, name: &str) -> bool {
    let Some(states) = graph.get("States").and_then(Value::as_object) else {
        return false;
    };
    states.contains_key(name)
        || states.iter().any(|(_, state)| {
            let branches = state
                .get("Branches")
                .and_then(Value::as_array)
                .unwrap_or_default();
            let processors = ["ItemProcessor", "Iterator"]
                .into_iter()
                .filter_map(|field| state.get(field));
            branches
                .iter()
                .chain(processors)
                .any(|graph| has_state(graph, name))
        })
}

/// All optimised integrations, as they are written behind `:::`.
fn integrations() -> Vec<String> {
    let patterns = [
        (Pattern::RequestResponse, ""),
        (Pattern::Sync, ".sync"),
        (Pattern::Sync2, ".sync:2"),
        (Pattern::WaitForTaskToken, ".waitForTaskToken"),
    ];
    let mut names = Vec::new();
    for service in services::SERVICES {
        for action in service.actions {
            let supported = patterns
                .iter()
                .filter(|(pattern, _)| action.supports(*pattern));
            names.extend(
                supported.map(|(_, suffix)| format!("{}:{}{suffix}", service.name, action.name)),
            );
        }
    }
    names
}
