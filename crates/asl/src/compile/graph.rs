//! A `States` object and its `StartAt`: builds the states, then looks at how they hang together.
//!
//! Rules: spec validation.md section 6. Measured: a dangling target comes before MISSING_END_STATE, which only the top
//! level can have and which silences unreachable states; a dangling `StartAt` makes every state unreachable.

use std::collections::{HashMap, HashSet};

use expr::json::Object;

use super::Compiler;
use super::fields::Fields;
use crate::definition::{Graph, StateId};
use crate::location::At;
use crate::{Code, Diagnostic};

/// Whether a graph is the machine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// The machine's own; must be able to end.
    Top,
    /// A branch or an item processor.
    Nested,
    /// The item processor of a distributed Map: its executions are their own.
    Separate,
}

/// What is known of a graph while its states are compiled.
pub(crate) struct Scope<'v> {
    states: &'v Object,
    edges: HashMap<StateId, Vec<StateId>>,
    /// Whether a state ends the graph.
    has_end: bool,
    /// Whether a state is so wrong that its transitions are not known.
    is_vague: bool,
}

impl<'v> Scope<'v> {
    fn new(states: &'v Object) -> Scope<'v> {
        Scope {
            states,
            edges: HashMap::new(),
            has_end: false,
            is_vague: false,
        }
    }

    /// A state ends the graph.
    pub(crate) fn mark_end(&mut self) {
        self.has_end = true;
    }

    /// A state's transitions are not known: nothing is said of what can be reached.
    pub(crate) fn mark_vague(&mut self) {
        self.is_vague = true;
    }

    fn reachable(&self, start: Option<StateId>) -> HashSet<StateId> {
        let mut reached = HashSet::new();
        let mut open: Vec<StateId> = start.into_iter().collect();
        while let Some(state) = open.pop() {
            if reached.insert(state) {
                open.extend(self.edges.get(&state).into_iter().flatten());
            }
        }
        reached
    }
}

impl Compiler<'_> {
    /// Compiles the graph that an object with `StartAt` and `States` describes.
    pub(crate) fn graph(
        &mut self,
        fields: &mut Fields<'_>,
        level: Level,
        at: &At<'_>,
    ) -> Option<Graph> {
        let start = fields.text("StartAt");
        let states = fields.object("States")?;
        let states_at = at.key("States");
        if states.is_empty() {
            return self.refuse(&states_at, "Value cannot be empty");
        }
        let mut scope = Scope::new(states);
        let start_at = start
            .as_ref()
            .and_then(|start| self.resolve(&scope, start, &at.key("StartAt")));
        if start.is_none() {
            scope.mark_vague();
        }
        let before = self.variables.enter_graph(level == Level::Separate);
        for (name, state) in states.iter() {
            self.state(name, state, &mut scope, &states_at.key(name));
        }
        self.variables.leave(before);
        self.check_graph(&scope, start_at, level, &states_at);
        start_at.map(|start_at| Graph { start_at })
    }

    /// The state that a transition of the state `from` leads to.
    pub(crate) fn transition(
        &mut self,
        scope: &mut Scope<'_>,
        from: StateId,
        target: &str,
        at: &At<'_>,
    ) -> Option<StateId> {
        let to = self.resolve(scope, target, at)?;
        scope.edges.entry(from).or_default().push(to);
        Some(to)
    }

    /// The state of this graph called `target`. Measured: the message says Next wherever the name stands.
    fn resolve(&mut self, scope: &Scope<'_>, target: &str, at: &At<'_>) -> Option<StateId> {
        if scope.states.contains_key(target) {
            return self.names.id(target);
        }
        self.dangling.report(
            Code::MissingTransitionTarget,
            at,
            format!("Missing 'Next' target: {target}"),
        );
        None
    }

    fn check_graph(
        &mut self,
        scope: &Scope<'_>,
        start: Option<StateId>,
        level: Level,
        at: &At<'_>,
    ) {
        if scope.is_vague {
            return;
        }
        if level == Level::Top && !scope.has_end {
            self.reach.add(Diagnostic::global(
                Code::MissingEndState,
                "Workflow has no terminal state",
            ));
            return;
        }
        let reached = scope.reachable(start);
        for (name, _) in scope.states.iter() {
            if self.names.id(name).is_some_and(|id| !reached.contains(&id)) {
                let message = format!("State \"{name}\" is not reachable.");
                self.reach
                    .report(Code::MissingTransitionTarget, &at.key(name), message);
            }
        }
    }
}
