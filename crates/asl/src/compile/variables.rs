//! Workflow variables: their names, who reads them, and what a scope may assign (spec asl.md section 5, validation.md
//! section 2).
//!
//! A graph is a scope. It sees its own variables and those of the graphs around it. The processor of a distributed Map
//! runs on its own and sees nothing from outside. That a graph must not assign a name that is assigned around it depends
//! on the order in which states run ([rec] PARALLEL_CATCH_ERROR_VARIABLE_SAMPLING is accepted): it shows at run time.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use expr::path::{Path, Root};

use super::log::Log;
use crate::Code;
use crate::location::{At, Place};

/// The longest name, in characters.
const MAX_NAME: usize = 80;
/// How many bytes of places are kept: each may repeat a name of nearly the definition's size. A definition that needs
/// more is not looked at; its executions fail where a variable is missing.
const MAX_BYTES: usize = 4 * crate::MAX_DEFINITION_BYTES;

/// Reports a name that cannot be assigned to.
pub(crate) fn check_name(log: &mut Log, name: &str, at: &At<'_>) -> bool {
    if name == "states" {
        log.report(
            Code::ReservedVariableName,
            at,
            "Cannot assign to reserved variable '$states'.",
        );
        return false;
    }
    if !is_identifier(name) {
        let message = format!(
            "Invalid variable name '{name}': the variable name contains invalid characters."
        );
        log.report(Code::InvalidVariableName, at, message);
        return false;
    }
    true
}

/// A letter, then letters, digits and `_`.
fn is_identifier(name: &str) -> bool {
    name.starts_with(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= MAX_NAME
}

/// The variable that a key of a template names.
pub(crate) fn template_name(key: &str) -> &str {
    key.strip_suffix(".$").unwrap_or(key)
}

/// A graph, by the order in which graphs are entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ScopeId(usize);

#[derive(Debug, Default)]
struct Scope {
    parent: Option<ScopeId>,
    assigned: HashSet<Arc<str>>,
}

#[derive(Debug)]
struct Read {
    scope: ScopeId,
    name: Arc<str>,
    place: Place,
}

/// What the walk has seen of variables.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    /// By the reading state's name.
    references: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    scopes: Vec<Scope>,
    /// The scope and state that the walk is in.
    here: Option<(ScopeId, Option<Arc<str>>)>,
    /// JSONPath reads, the first of each name in a scope: a name that nobody assigns is an error there.
    reads: Vec<Read>,
    seen: HashSet<(ScopeId, Arc<str>)>,
    bytes: usize,
    /// Whether they come from outside the definition.
    given: bool,
}

/// Where the walk was before it went into a graph or state.
pub(crate) struct Before(Option<(ScopeId, Option<Arc<str>>)>);

impl Variables {
    /// The definition need not assign them: whoever runs it gives them.
    pub(crate) fn are_given(&mut self) {
        self.given = true;
    }

    /// Goes into a graph; a separate one does not see the variables around it.
    pub(crate) fn enter_graph(&mut self, separate: bool) -> Before {
        let parent = self.here.as_ref().map(|(scope, _)| *scope);
        self.scopes.push(Scope {
            parent: parent.filter(|_| !separate),
            assigned: HashSet::new(),
        });
        Before(self.here.replace((ScopeId(self.scopes.len() - 1), None)))
    }

    /// Goes into a state of the graph.
    pub(crate) fn enter_state(&mut self, name: &Arc<str>) -> Before {
        let before = self.here.clone();
        if let Some((_, state)) = &mut self.here {
            *state = Some(name.clone());
        }
        Before(before)
    }

    /// Goes back.
    pub(crate) fn leave(&mut self, before: Before) {
        self.here = before.0;
    }

    /// A path is read.
    pub(crate) fn path(&mut self, path: &Path, at: &At<'_>) {
        let Root::Variable(name) = path.root() else {
            return;
        };
        self.read(name);
        if let Some((scope, _)) = self.here
            && self.seen.insert((scope, name.clone()))
            && let Some(place) = self.place(at)
        {
            self.reads.push(Read {
                scope,
                name: name.clone(),
                place,
            });
        }
    }

    /// A name is read.
    pub(crate) fn read(&mut self, name: &str) {
        if let Some((_, Some(state))) = &self.here {
            let names = self.references.entry(state.clone()).or_default();
            if !names.contains(name) {
                names.insert(name.into());
            }
        }
    }

    /// A name of `Assign`, already checked.
    pub(crate) fn assign(&mut self, name: &str) {
        if let Some((scope, _)) = self.here {
            self.scopes[scope.0].assigned.insert(name.into());
        }
    }

    /// The place, to keep, while there is room.
    fn place(&mut self, at: &At<'_>) -> Option<Place> {
        if self.bytes > MAX_BYTES {
            return None;
        }
        let place = at.place();
        self.bytes += 2 * place.location.len();
        Some(place)
    }

    /// Names that JSONPath reads and nobody assigns. Documented; the service's code and words are not known.
    pub(crate) fn check(&self, log: &mut Log) {
        if self.given {
            return;
        }
        for read in self
            .reads
            .iter()
            .filter(|read| !self.sees(read.scope, &read.name))
        {
            let message = format!("Variable '${}' is not assigned.", read.name);
            log.place(Code::SchemaValidationFailed, &read.place, message);
        }
    }

    fn sees(&self, scope: ScopeId, name: &str) -> bool {
        let mut scope = Some(scope);
        while let Some(id) = scope {
            let here = &self.scopes[id.0];
            if here.assigned.contains(name) {
                return true;
            }
            scope = here.parent;
        }
        false
    }

    /// What each state reads.
    pub(crate) fn into_references(self) -> BTreeMap<Arc<str>, BTreeSet<Arc<str>>> {
        self.references
    }
}
