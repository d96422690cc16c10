//! Definition revisions: an execution pins the one it started with. Compiled once, shared by all that run it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use asl::definition::Machine;
use store::{Store, Write};

use crate::codec::{Reader, Writer};
use crate::error::RuntimeError;
use crate::keys::{Namespace, Table};
use crate::record::ExecutionRecord;

const VERSION: u8 = 1;
/// Compiled definitions kept; beyond that the cache starts over.
const CACHED: usize = 4_096;

/// The writes that keep a revision's definition for the executions that will pin it, and say that its namespace holds
/// executions: a restart looks there. Never deleted while an execution may still want them.
pub fn definition_rows(namespace: &Namespace, revision: &str, definition: &str) -> [Write; 2] {
    let mut out = Writer::versioned(VERSION);
    out.text(definition);
    let key = namespace.table(Table::Definition).text(revision).build();
    let registry = namespace.registry_key();
    [
        Write::Put {
            key,
            value: out.finish().into(),
        },
        Write::Put {
            key: registry,
            value: Vec::new().into(),
        },
    ]
}

/// The definition of a revision, as it was written.
pub fn definition_text(
    store: &dyn Store,
    namespace: &Namespace,
    revision: &str,
) -> Result<String, RuntimeError> {
    let unreadable = |reason: String| RuntimeError::Unreadable {
        what: "definition",
        reason,
    };
    let key = namespace.table(Table::Definition).text(revision).build();
    let row = store
        .get(&key)?
        .ok_or_else(|| unreadable(format!("revision {revision} is not there")))?;
    let text =
        Reader::versioned(&row, VERSION).and_then(|mut reader| reader.text().map(str::to_owned));
    text.map_err(|error| unreadable(error.to_string()))
}

/// Compiled definitions by namespace and revision.
type Compiled = HashMap<Name, Arc<Machine>>;
/// A revision, and the Map state whose item processor is meant.
type Name = (Namespace, Arc<str>, Option<Arc<str>>);

/// Finds and compiles definitions.
pub(crate) struct Definitions {
    store: Arc<dyn Store>,
    compiled: Mutex<Compiled>,
}

impl Definitions {
    pub(crate) fn new(store: Arc<dyn Store>) -> Definitions {
        Definitions {
            store,
            compiled: Mutex::new(HashMap::new()),
        }
    }

    /// The machine of a revision.
    pub(crate) fn machine(
        &self,
        namespace: &Namespace,
        revision: &Arc<str>,
    ) -> Result<Arc<Machine>, RuntimeError> {
        let key = (namespace.clone(), revision.clone(), None);
        if let Some(machine) = self.lock().get(&key) {
            return Ok(machine.clone());
        }
        let machine = Arc::new(self.load(namespace, revision)?);
        Ok(self.keep(key, machine))
    }

    /// What the children of a distributed Map of a revision run.
    pub(crate) fn item_processor(
        &self,
        namespace: &Namespace,
        revision: &Arc<str>,
        state: &Arc<str>,
    ) -> Result<Arc<Machine>, RuntimeError> {
        let key = (namespace.clone(), revision.clone(), Some(state.clone()));
        if let Some(machine) = self.lock().get(&key) {
            return Ok(machine.clone());
        }
        let whole = self.machine(namespace, revision)?;
        let processor = whole.item_processor(state);
        let processor = processor.ok_or_else(|| RuntimeError::Unreadable {
            what: "definition",
            reason: format!("it has no distributed Map called {state}"),
        })?;
        Ok(self.keep(key, Arc::new(processor)))
    }

    /// What an execution runs.
    pub(crate) fn machine_of(
        &self,
        namespace: &Namespace,
        record: &ExecutionRecord,
    ) -> Result<Arc<Machine>, RuntimeError> {
        let revision = &record.revision.key;
        match &record.child {
            None => self.machine(namespace, revision),
            Some(child) => self.item_processor(namespace, revision, &child.state),
        }
    }

    fn keep(&self, key: Name, machine: Arc<Machine>) -> Arc<Machine> {
        let mut compiled = self.lock();
        if compiled.len() >= CACHED {
            compiled.clear();
        }
        compiled.entry(key).or_insert(machine).clone()
    }

    fn load(&self, namespace: &Namespace, revision: &str) -> Result<Machine, RuntimeError> {
        let unreadable = |reason: String| RuntimeError::Unreadable {
            what: "definition",
            reason,
        };
        let text = definition_text(self.store.as_ref(), namespace, revision)?;
        asl::compile_mockable(&text, &asl::Options::default())
            .map_err(|diagnostics| unreadable(asl::invalid_definition_message(&diagnostics)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Compiled> {
        self.compiled
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
