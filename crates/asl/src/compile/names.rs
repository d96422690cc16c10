//! The names of all states, before the walk: they are the addresses that transitions use, and must be unique in the
//! whole machine (spec asl.md section 1).

use std::collections::HashMap;
use std::sync::Arc;

use expr::json::{Object, Value};

use super::log::Log;
use crate::Code;
use crate::definition::StateId;
use crate::location::At;

/// The longest name, in characters.
const MAX_NAME: usize = 80;

/// Every state name with its position in document order, and what is wrong with the names.
pub(crate) struct Names {
    ids: HashMap<Arc<str>, StateId>,
    seen: u32,
    log: Log,
}

impl Names {
    /// Goes through all graphs of a definition.
    pub(crate) fn collect(definition: &Object) -> Names {
        let mut names = Names {
            ids: HashMap::new(),
            seen: 0,
            log: Log::default(),
        };
        names.graph(definition, &At::Root);
        names
    }

    /// The state called `name`.
    pub(crate) fn id(&self, name: &str) -> Option<StateId> {
        self.ids.get(name).copied()
    }

    /// What is wrong with the names.
    pub(crate) fn into_log(self) -> Log {
        self.log
    }

    fn graph(&mut self, graph: &Object, at: &At<'_>) {
        let Some(states) = graph.get("States").and_then(Value::as_object) else {
            return;
        };
        let at = at.key("States");
        for (name, state) in states.iter() {
            self.state(name, state, &at.key(name));
        }
    }

    fn state(&mut self, name: &Arc<str>, state: &Value, at: &At<'_>) {
        self.check(name, at);
        let id = StateId(self.seen);
        self.seen += 1;
        if self.ids.insert(name.clone(), id).is_some() {
            self.log.report(
                Code::DuplicateStateName,
                at,
                format!("Duplicate State name: {name}"),
            );
        }
        let branches = state
            .get("Branches")
            .and_then(Value::as_array)
            .unwrap_or_default();
        for (index, branch) in branches.iter().enumerate() {
            if let Some(branch) = branch.as_object() {
                self.graph(branch, &at.key("Branches").index(index));
            }
        }
        for field in ["ItemProcessor", "Iterator"] {
            if let Some(processor) = state.get(field).and_then(Value::as_object) {
                self.graph(processor, &at.key(field));
            }
        }
    }

    /// The service's words: cfn-lint issue 4079, asl-validator issue 69.
    fn check(&mut self, name: &str, at: &At<'_>) {
        if name.chars().count() > MAX_NAME {
            let message = format!(
                "Invalid State name: State '{name}' exceeds the {MAX_NAME}-character limit allowed by the service"
            );
            self.log.report(Code::InvalidStateName, at, message);
        }
    }
}
