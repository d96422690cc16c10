//! The top level of a definition.

use expr::json::{Object, Value};

use super::fields::{Dialect, Sees};
use super::graph::Level;
use super::schema;
use super::{Compiler, Outline};
use crate::definition::Language;
use crate::location::At;

/// The machine's language.
pub(crate) fn language(definition: &Object) -> Language {
    own_language(definition).unwrap_or(Language::JsonPath)
}

/// The language that an object declares: JSONPath only when it says exactly that, JSONata for anything else that is
/// there, wrong ones too (measured: `jsonpath`, `foo` and `5` all make a state a JSONata state).
pub(crate) fn own_language(object: &Object) -> Option<Language> {
    match object.get("QueryLanguage")? {
        Value::String(name) if &**name == Language::JsonPath.name() => Some(Language::JsonPath),
        _ => Some(Language::Jsonata),
    }
}

impl Compiler<'_> {
    /// Compiles the definition; the states go to `self.states`.
    pub(super) fn machine(&mut self, definition: &Object) -> Option<Outline> {
        let at = At::Root;
        let mut fields = self.fields(&schema::MACHINE, definition, self.machine_dialect(), &at);
        let root = self.graph(&mut fields, Level::Top, &at);
        // 0 is accepted; that it means no limit is inferred.
        let timeout_seconds = fields
            .integer("TimeoutSeconds")
            .filter(|seconds| *seconds > 0);
        Some(Outline {
            timeout_seconds,
            root: root?,
        })
    }

    /// The dialect of objects that are not in a state.
    pub(super) fn machine_dialect(&self) -> Dialect {
        Dialect {
            language: self.language,
            strict: true,
            sees: Sees::Nothing,
        }
    }
}
