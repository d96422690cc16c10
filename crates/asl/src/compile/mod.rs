//! The walk over a definition: collects what is wrong and builds the machine at the same time.
//!
//! Schema errors come first, in document order, then names, then the graph, and last what this version cannot run yet
//! (only when nothing else is wrong).

mod choice;
mod credentials;
mod errors;
mod fields;
mod flow;
mod graph;
mod log;
mod machine;
mod map;
mod names;
mod operators;
mod parallel;
mod pass_fail;
mod queries;
mod schema;
pub(crate) mod single;
mod state;
mod task;
mod values;
mod variables;
mod wait;
mod warnings;

use std::collections::HashSet;
use std::sync::Arc;

use expr::json::{self, Object, ParseError, Value};

use self::log::Log;
use self::names::Names;
use self::variables::Variables;
use crate::definition::{Graph, Language, Machine, State};
use crate::location::At;
use crate::unsupported::Feature;
use crate::{Code, Diagnostic, MAX_DEFINITION_BYTES, Options};

/// How deep graphs may be nested in graphs, and conditions in conditions. The service's limit is not known; this one
/// keeps the recursion of the compiler and of the engine small.
const MAX_NESTING: usize = 64;

/// What a definition came to.
pub(crate) struct Compiled {
    /// There is one exactly when there is no error among the diagnostics.
    pub(crate) machine: Option<Machine>,
    /// Errors and warnings.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What this version cannot run; looked for only when there is no error.
    pub(crate) unsupported: Vec<Diagnostic>,
}

/// Compiles a text.
pub(crate) fn run(text: &str, options: &Options) -> Compiled {
    let refused = |diagnostic| Compiled {
        machine: None,
        diagnostics: vec![diagnostic],
        unsupported: Vec::new(),
    };
    match read(text) {
        Ok(value) => match value.as_object() {
            Some(object) => Compiler::new(options, object).run(object),
            None => refused(not_an_object()),
        },
        Err(diagnostic) => refused(diagnostic),
    }
}

/// Compiles a definition of which one state is to be tested: variables need not be assigned in it.
pub(crate) fn run_test(definition: &Object, options: &Options) -> Compiled {
    let mut compiler = Compiler::new(options, definition);
    compiler.variables.are_given();
    compiler.run(definition)
}

/// The JSON object that a definition is.
pub(crate) fn read_definition(text: &str) -> Result<Value, Diagnostic> {
    let value = read(text)?;
    match value.as_object() {
        Some(_) => Ok(value),
        None => Err(not_an_object()),
    }
}

fn read(text: &str) -> Result<Value, Diagnostic> {
    if text.len() > MAX_DEFINITION_BYTES {
        let message = format!("Definition exceeds the limit of {MAX_DEFINITION_BYTES} bytes");
        return Err(Diagnostic::global(Code::SchemaValidationFailed, message));
    }
    if text.trim().is_empty() {
        return Err(not_an_object());
    }
    json::parse(text).map_err(|error| not_json(text, &error))
}

/// Recorded for a blank definition: api.validation.json, EMPTY_STRING.
fn not_an_object() -> Diagnostic {
    Diagnostic::global(
        Code::SchemaValidationFailed,
        "Definition must be a valid JSON object",
    )
}

/// Jackson's message and place; recorded: api.validation.json, NOT_A_DEF.
fn not_json(text: &str, error: &ParseError) -> Diagnostic {
    let location = error.location(text);
    let message = format!("{}\n at {location}", error.message);
    Diagnostic {
        location: Some(location),
        ..Diagnostic::global(Code::InvalidJsonDescription, message)
    }
}

/// The state of the walk.
pub(crate) struct Compiler<'a> {
    options: &'a Options,
    /// The language of the machine: what a state speaks that does not say otherwise.
    language: Language,
    /// Schema errors and warnings.
    log: Log,
    /// Transitions to states that are not there.
    dangling: Log,
    /// States that cannot be reached, graphs that cannot end.
    reach: Log,
    /// What this version cannot run.
    unsupported: Log,
    names: Names,
    variables: Variables,
    labels: HashSet<Arc<str>>,
    /// In document order; empty where a state is in error.
    states: Vec<Option<State>>,
    nesting: usize,
}

impl<'a> Compiler<'a> {
    fn new(options: &'a Options, definition: &Object) -> Compiler<'a> {
        Compiler {
            options,
            language: machine::language(definition),
            log: Log::default(),
            dangling: Log::default(),
            reach: Log::default(),
            unsupported: Log::default(),
            names: Names::collect(definition),
            variables: Variables::default(),
            labels: HashSet::new(),
            states: Vec::new(),
            nesting: 0,
        }
    }

    fn run(mut self, definition: &Object) -> Compiled {
        let outline = self.machine(definition);
        let mut log = self.log;
        self.variables.check(&mut log);
        log.append(self.names.into_log());
        log.append(self.dangling);
        log.append(self.reach);
        let is_valid = log.errors() == 0;
        let machine = is_valid.then(|| {
            let mut machine = assemble(outline, self.states);
            machine.variable_references = self.variables.into_references();
            machine
        });
        let unsupported = is_valid.then(|| self.unsupported.into_diagnostics());
        Compiled {
            machine,
            diagnostics: log.into_diagnostics(),
            unsupported: unsupported.unwrap_or_default(),
        }
    }

    /// Keeps in mind that something cannot be run yet.
    fn note(&mut self, feature: Option<Feature>, at: &At<'_>) {
        if let Some(feature) = feature {
            self.unsupported
                .report(Code::NotSupportedYet, at, feature.message());
        }
    }

    /// Runs `inside` one level further in, unless that is too deep.
    fn nested<T>(&mut self, at: &At<'_>, inside: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.nesting == MAX_NESTING {
            let message = format!("The states are nested more than {MAX_NESTING} levels deep");
            self.log.report(Code::TooDeeplyNested, at, message);
            return None;
        }
        self.nesting += 1;
        let result = inside(self);
        self.nesting -= 1;
        result
    }
}

/// The machine's own fields.
struct Outline {
    timeout_seconds: Option<u64>,
    root: Graph,
}

fn assemble(outline: Option<Outline>, states: Vec<Option<State>>) -> Machine {
    let outline = outline.expect("a definition without errors has a root graph");
    let states = states.into_iter().collect::<Option<Vec<State>>>();
    let states = states.expect("in a definition without errors every state was built");
    Machine::new(outline.timeout_seconds, outline.root, states)
}
