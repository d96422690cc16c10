//! Retention: executions that ended long ago are removed, with everything that is kept of them.
//!
//! Ids begin with the time of the start, so what may be too old comes first; a sweep walks from there to the youngest
//! execution that could have ended before the cut. Each execution is removed by transactions of its own, its history
//! first: one that was cut off is removed by the next sweep.

use engine::Timestamp;
use store::{KeyRange, Order, Outcome, Store, Transaction, Write, commit};

use crate::codec::records;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::{Namespace, Table};
use crate::record::{ExecutionRecord, Status};
use crate::recovery::namespaces;
use crate::rows::{history_prefix, list_key, name_key, record_key};

/// Records read at a time.
const PAGE: usize = 256;
/// History chunks removed in one transaction; each may be some MiB while it is looked at.
const CHUNKS: usize = 8;

/// Where a sweep is.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// The namespace that it is in, and the last execution it looked at there.
    at: Option<(Namespace, Option<ExecutionId>)>,
}

/// What a piece of a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Executions removed.
    pub removed: usize,
    /// Whether the sweep is not over yet.
    pub more: bool,
}

impl Sweep {
    /// Looks at the next executions, some hundred at most, and removes those that ended before `ended_before`.
    pub fn go_on(
        &mut self,
        store: &dyn Store,
        ended_before: Timestamp,
    ) -> Result<Swept, RuntimeError> {
        let all = namespaces(store)?;
        let (namespace, after) = match self.at.take() {
            Some(at) => at,
            None => match all.first() {
                Some(first) => (first.clone(), None),
                None => return Ok(Swept::default()),
            },
        };
        let mut removed = 0;
        let mut last = after;
        let mut is_over = true;
        for (id, record) in page(store, &namespace, after)? {
            is_over = id.started() >= ended_before;
            if is_over {
                break;
            }
            last = Some(id);
            if let Some(record) = record.filter(|record| has_ended(record, ended_before)) {
                remove(store, &namespace, id, &record)?;
                removed += 1;
            }
        }
        self.at = match is_over {
            false => Some((namespace, last)),
            true => following(all, &namespace).map(|next| (next, None)),
        };
        Ok(Swept {
            removed,
            more: self.at.is_some(),
        })
    }
}

fn following(all: Vec<Namespace>, namespace: &Namespace) -> Option<Namespace> {
    let mut rest = all.into_iter().skip_while(|one| one != namespace);
    rest.next();
    rest.next()
}

fn has_ended(record: &ExecutionRecord, before: Timestamp) -> bool {
    record.status != Status::Running && record.stopped.is_some_and(|at| at < before)
}

/// Records in the order of their ids; one that cannot be read is reported and left as it is.
fn page(
    store: &dyn Store,
    namespace: &Namespace,
    after: Option<ExecutionId>,
) -> Result<Vec<(ExecutionId, Option<ExecutionRecord>)>, RuntimeError> {
    let prefix = namespace.table(Table::Execution).build();
    let mut range = KeyRange::prefix(prefix.clone());
    if let Some(after) = after {
        range = range.after(record_key(namespace, after));
    }
    let rows = store.scan(range, Order::Ascending, PAGE)?;
    let read = |key: &[u8], value: &[u8]| {
        let id: [u8; 16] = key.get(prefix.len()..)?.try_into().ok()?;
        let record = records::decode(value).inspect_err(
            |error| tracing::error!(%error, "the record of an execution cannot be read"),
        );
        Some((ExecutionId(u128::from_be_bytes(id)), record.ok()))
    };
    Ok(rows
        .iter()
        .filter_map(|(key, value)| read(key, value))
        .collect())
}

fn remove(
    store: &dyn Store,
    namespace: &Namespace,
    id: ExecutionId,
    record: &ExecutionRecord,
) -> Result<(), RuntimeError> {
    loop {
        let range = KeyRange::prefix(history_prefix(namespace, id).build());
        let chunks = store.scan(range, Order::Ascending, CHUNKS)?;
        if chunks.is_empty() {
            break;
        }
        let mut transaction = Transaction::new();
        let deletes = chunks.into_iter().map(|(key, _)| Write::Delete { key });
        transaction.writes.extend(deletes);
        commit(store, transaction)?;
    }
    let facts = &record.facts;
    let name = name_key(namespace, &facts.machine_name, &facts.name);
    let rows = [
        list_key(namespace, &facts.machine_name, id),
        record_key(namespace, id),
    ];
    let mut transaction = Transaction::new()
        .require_equals(name.clone(), id.0.to_be_bytes().to_vec())
        .delete(name);
    let deletes = rows.map(|key| Write::Delete { key });
    transaction.writes.extend(deletes.clone());
    // The name may belong to another execution by now: then it stays.
    if let Outcome::Conflict { .. } = commit(store, transaction)? {
        let mut transaction = Transaction::new();
        transaction.writes.extend(deletes);
        commit(store, transaction)?;
    }
    Ok(())
}
