//! A state: what all types have in common, and the way to what they have not.

use std::sync::Arc;

use expr::json::{Object, Value};

use super::Compiler;
use super::fields::{Dialect, Fields, Sees};
use super::flow::exit;
use super::graph::Scope;
use super::machine::own_language;
use super::schema::{self, CHOICE, FAIL, MAP, PARALLEL, PASS, SUCCEED, TASK, Types, WAIT};
use crate::definition::{Kind, Language, State, StateId, Transition};
use crate::location::At;

/// The state that is being compiled.
pub(crate) struct Current<'c, 'v> {
    /// Its JSON.
    pub(crate) object: &'v Object,
    /// Its fields, parsed.
    pub(crate) fields: Fields<'v>,
    /// Its language.
    pub(crate) dialect: Dialect,
    /// Itself, as the source of transitions.
    pub(crate) id: StateId,
    /// The graph it is in.
    pub(crate) scope: &'c mut Scope<'v>,
    /// Where it is.
    pub(crate) at: &'c At<'c>,
}

impl Compiler<'_> {
    /// Compiles a state and its nested graphs into `self.states`.
    pub(super) fn state<'v>(
        &mut self,
        name: &Arc<str>,
        value: &'v Value,
        scope: &mut Scope<'v>,
        at: &At<'_>,
    ) {
        let slot = self.states.len();
        self.states.push(None);
        let before = self.variables.enter_state(name);
        let state = self.read_state(name, value, scope, at);
        self.variables.leave(before);
        self.states[slot] = state;
    }

    fn read_state<'v>(
        &mut self,
        name: &Arc<str>,
        value: &'v Value,
        scope: &mut Scope<'v>,
        at: &At<'_>,
    ) -> Option<State> {
        let Some((object, types)) = self.typed(value, at) else {
            scope.mark_vague();
            return None;
        };
        let dialect = self.state_dialect(object, types, at);
        let fields = self.fields(&schema::state(types), object, dialect, at);
        let id = self.names.id(name)?;
        let mut current = Current {
            object,
            fields,
            dialect,
            id,
            scope,
            at,
        };
        let next = self.next(types, &mut current);
        let kind = self.kind(types, &mut current);
        let retry = self.retriers(&mut current);
        let catch = self.catchers(&mut current);
        let flow = current.flow();
        let exit = exit(&mut current.fields);
        Some(State {
            name: name.clone(),
            kind: kind?,
            language: dialect.language,
            flow,
            exit,
            next: next?,
            retry: retry?,
            catch: catch?,
        })
    }

    fn typed<'v>(&mut self, value: &'v Value, at: &At<'_>) -> Option<(&'v Object, Types)> {
        let object = self.object(value, at)?;
        Some((object, self.state_type(object, at)?))
    }

    fn state_type(&mut self, object: &Object, at: &At<'_>) -> Option<Types> {
        let Some(value) = object.get("Type") else {
            return self.refuse(at, "These fields are required: [Type]");
        };
        let at = at.key("Type");
        let name = self.text(value, &at)?;
        let known = schema::STATE_TYPES
            .iter()
            .find(|(known, _)| *known == &**name);
        if known.is_none() {
            let names = schema::STATE_TYPES.map(|(name, _)| name).join(", ");
            self.log.schema(
                &at,
                format!("The field 'Type' should have one of these values: [{names}]"),
            );
        }
        known.map(|(_, types)| *types)
    }

    /// The language of a state: its own or the machine's, never that of a Map or Parallel around it.
    fn state_dialect(&mut self, object: &Object, types: Types, at: &At<'_>) -> Dialect {
        let language = own_language(object).unwrap_or(self.language);
        let foreign = language == Language::JsonPath && self.language == Language::Jsonata;
        if foreign {
            let message =
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            self.log.schema(at, message);
        }
        Dialect {
            language,
            strict: !foreign,
            sees: match types & (TASK | PARALLEL | MAP) {
                0 => Sees::Nothing,
                _ => Sees::Result,
            },
        }
    }

    fn next(&mut self, types: Types, current: &mut Current<'_, '_>) -> Option<Transition> {
        if types & (CHOICE | SUCCEED | FAIL) != 0 {
            if types != CHOICE {
                current.scope.mark_end();
            }
            return Some(Transition::End);
        }
        if current.object.contains_key("Next") && current.object.contains_key("End") {
            current.scope.mark_vague();
        }
        if let Some(next) = current.fields.text("Next") {
            let at = current.at.key("Next");
            return self
                .transition(current.scope, current.id, &next, &at)
                .map(Transition::Next);
        }
        if current.fields.json("End").is_some() {
            current.scope.mark_end();
            return Some(Transition::End);
        }
        current.scope.mark_vague();
        None
    }

    fn kind(&mut self, types: Types, current: &mut Current<'_, '_>) -> Option<Kind> {
        match types {
            PASS => Some(self.pass(current)),
            TASK => self.task(current),
            CHOICE => self.choice(current),
            WAIT => self.wait(current),
            SUCCEED => Some(Kind::Succeed),
            FAIL => Some(self.fail(current)),
            PARALLEL => self.parallel(current),
            MAP => self.map(current),
            _ => None,
        }
    }
}
