//! One state to be tested: alone, or by its name in a whole definition.
//!
//! Knows nothing of mocks, inputs or what a test finds out: those are the engine's and the API's.

use expr::json::{Object, Value};

use crate::definition::{Kind, Machine, State, StateId};
use crate::{Diagnostic, Options, compile, unsupported};

/// A state to be tested.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The machine that it is part of; one that was put around it if it came alone.
    pub machine: Machine,
    /// Itself.
    pub state: StateId,
    /// Its JSON.
    pub source: Value,
    /// Whether it runs once for every item of a Map.
    pub in_map: bool,
}

impl Subject {
    /// The state.
    pub fn state(&self) -> &State {
        self.machine.state(self.state)
    }

    /// What this version of Stepwell lacks to call what the state calls.
    pub fn missing(&self) -> Option<String> {
        match &self.state().kind {
            Kind::Task(task) => {
                unsupported::in_resource(&task.resource).map(|feature| feature.message())
            }
            _ => None,
        }
    }

    /// Whether a state of that name is inside this one.
    pub fn contains(&self, name: &str) -> bool {
        let Some(object) = self.source.as_object() else {
            return false;
        };
        graphs(object).any(|(graph, _)| find(graph, name, false).is_some())
    }
}

/// Why there is nothing to test.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The definition is wrong.
    Invalid(Vec<Diagnostic>),
    /// It has no state of that name.
    NoSuchState,
}

/// Compiles what is to be tested: the definition of one state, or with a name that state of a whole definition. That a
/// variable is assigned somewhere is not asked: a test gives it.
///
/// # Errors
///
/// What is wrong with the definition, as [`crate::compile`] tells it, or that the state is not there.
pub fn compile_subject(
    text: &str,
    name: Option<&str>,
    options: &Options,
) -> Result<Subject, Refusal> {
    let read = compile::read_definition(text).map_err(|wrong| Refusal::Invalid(vec![wrong]))?;
    let definition = match name {
        Some(_) => read,
        None => compile::single::around(&read),
    };
    let Some(object) = definition.as_object() else {
        return Err(Refusal::NoSuchState);
    };
    let compiled = compile::run_test(object, options);
    let machine = compiled
        .machine
        .ok_or(Refusal::Invalid(compiled.diagnostics))?;
    let name = name.unwrap_or(compile::single::NAME);
    let state = machine.find(name).ok_or(Refusal::NoSuchState)?;
    let (source, in_map) = find(object, name, false).ok_or(Refusal::NoSuchState)?;
    Ok(Subject {
        source: source.clone(),
        machine,
        state,
        in_map,
    })
}

/// The state of that name in a graph, and whether the nearest graph around it that repeats is a Map's.
fn find<'v>(graph: &'v Object, name: &str, in_map: bool) -> Option<(&'v Value, bool)> {
    let states = graph.get("States")?.as_object()?;
    if let Some(state) = states.get(name) {
        return Some((state, in_map));
    }
    states.iter().find_map(|(_, state)| {
        graphs(state.as_object()?).find_map(|(graph, is_map)| find(graph, name, in_map || is_map))
    })
}

/// The graphs inside a state; whether each is a Map's.
fn graphs(state: &Object) -> impl Iterator<Item = (&Object, bool)> {
    let branches = state
        .get("Branches")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let processors = ["ItemProcessor", "Iterator"]
        .into_iter()
        .filter_map(|field| state.get(field));
    branches
        .iter()
        .map(|branch| (branch, false))
        .chain(processors.map(|processor| (processor, true)))
        .filter_map(|(graph, is_map)| Some((graph.as_object()?, is_map)))
}
