//! Retention: executions that ended long ago are removed, with everything that is kept of them.
//!
//! Ids begin with the time of the start, so what may be too old comes first; a sweep walks from there to the youngest
//! execution that could have ended before the cut. Each execution is removed by transactions of its own, its history
//! first: one that was cut off is removed by the next sweep.

use bytes::Bytes;
use engine::Timestamp;
use store::{KeyRange, Order, Outcome, Store, Transaction, Write, commit};

use crate::codec::records;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::{Namespace, Table};
use crate::lists;
use crate::map_runs;
use crate::record::{ExecutionRecord, Status};
use crate::recovery::namespaces;
use crate::remains;
use crate::rows::{history_prefix, name_key, record_key};

/// Records read at a time.
const PAGE: usize = 256;
/// History chunks removed in one transaction; each may be some MiB while it is looked at.
const CHUNKS: usize = 8;

/// Where a sweep is.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// The namespace that it is in, and the last execution it looked at there.
    at: Position,
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
        let Some((namespace, after)) = begin(&mut self.at, &all) else {
            return Ok(Swept::default());
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
            let Some(row) = decode(&record).filter(|row| has_ended(row, ended_before)) else {
                continue;
            };
            let kept = row.redrives.remains.is_some();
            if kept && !remains::remove(store, &namespace, id, Some(&record))? {
                continue;
            }
            remove(store, &namespace, id, &row)?;
            removed += 1;
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

/// Where a sweep is.
pub(crate) type Position = Option<(Namespace, Option<ExecutionId>)>;

/// Where it goes on, or begins.
pub(crate) fn begin(
    at: &mut Position,
    all: &[Namespace],
) -> Option<(Namespace, Option<ExecutionId>)> {
    at.take().or_else(|| Some((all.first()?.clone(), None)))
}

/// The namespace after this one.
pub(crate) fn following(all: Vec<Namespace>, namespace: &Namespace) -> Option<Namespace> {
    let mut rest = all.into_iter().skip_while(|one| one != namespace);
    rest.next();
    rest.next()
}

fn has_ended(record: &ExecutionRecord, before: Timestamp) -> bool {
    record.status != Status::Running && record.stopped.is_some_and(|at| at < before)
}

/// The record of a row; one that cannot be read is reported and left as it is.
fn decode(row: &[u8]) -> Option<ExecutionRecord> {
    let record = records::decode(row)
        .inspect_err(|error| tracing::error!(%error, "the record of an execution cannot be read"));
    record.ok()
}

/// Rows of records in the order of their ids.
fn page(
    store: &dyn Store,
    namespace: &Namespace,
    after: Option<ExecutionId>,
) -> Result<Vec<(ExecutionId, Bytes)>, RuntimeError> {
    let prefix = namespace.table(Table::Execution).build();
    let mut range = KeyRange::prefix(prefix.clone());
    if let Some(after) = after {
        range = range.after(record_key(namespace, after));
    }
    let rows = store.scan(range, Order::Ascending, PAGE)?;
    let id = |key: &[u8]| {
        let id: [u8; 16] = key.get(prefix.len()..)?.try_into().ok()?;
        Some(ExecutionId(u128::from_be_bytes(id)))
    };
    Ok(rows
        .into_iter()
        .filter_map(|(key, value)| Some((id(&key)?, value)))
        .collect())
}

/// The map runs of an execution; their children are executions that have their own time.
fn remove_map_runs(
    store: &dyn Store,
    namespace: &Namespace,
    id: ExecutionId,
) -> Result<(), RuntimeError> {
    loop {
        let some = map_runs::rows::some_of(store, namespace, id, PAGE)?;
        if some.is_empty() {
            return Ok(());
        }
        let mut transaction = Transaction::new();
        let deletes = some.into_iter().map(|key| Write::Delete { key });
        transaction.writes.extend(deletes);
        commit(store, transaction)?;
    }
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
    remove_map_runs(store, namespace, id)?;
    let facts = &record.facts;
    let name = name_key(namespace, &facts.machine_name, &facts.name);
    let mut deletes = vec![Write::Delete {
        key: record_key(namespace, id),
    }];
    lists::remove(namespace, id, record, &mut deletes);
    let mut transaction = Transaction::new()
        .require_equals(name.clone(), id.0.to_be_bytes().to_vec())
        .delete(name);
    transaction.writes.extend(deletes.clone());
    // The name may belong to another execution by now: then it stays.
    if let Outcome::Conflict { .. } = commit(store, transaction)? {
        let mut transaction = Transaction::new();
        transaction.writes.extend(deletes);
        commit(store, transaction)?;
    }
    Ok(())
}
