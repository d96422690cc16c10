//! Where the rows of map runs are, and the writes of the execution that begins or gives up one.
//!
//! Table `m`: under `r`, by run: the plan, the record, the mark that it is to be aborted; under `o` the open runs; under
//! `x` the runs of an execution. Table `i`: the children of a run by their index.

use bytes::Bytes;
use engine::{MapRunId, MapRunRequest, Timestamp};
use store::{KeyRange, Order, Store, Write};

use super::RunId;
use super::child::ChildRow;
use super::plan::Plan;
use super::record::RunRecord;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::{KeyBuilder, Namespace, Table};

fn run_row(namespace: &Namespace, run: RunId, row: u32) -> Bytes {
    let table = namespace.table(Table::MapRun).open_text("r");
    table.u128(run.0).u32(row).build()
}

/// What never changes about a run.
pub(super) fn plan_key(namespace: &Namespace, run: RunId) -> Bytes {
    run_row(namespace, run, 0)
}

/// How the run stands.
pub(super) fn record_key(namespace: &Namespace, run: RunId) -> Bytes {
    run_row(namespace, run, 1)
}

/// There when the run is to be aborted.
pub(super) fn abort_key(namespace: &Namespace, run: RunId) -> Bytes {
    run_row(namespace, run, 2)
}

pub(super) fn open_prefix(namespace: &Namespace) -> KeyBuilder {
    namespace.table(Table::MapRun).open_text("o")
}

/// There while the run is open.
pub(super) fn open_key(namespace: &Namespace, run: RunId) -> Bytes {
    open_prefix(namespace).u128(run.0).build()
}

pub(super) fn of_execution_prefix(namespace: &Namespace, execution: ExecutionId) -> KeyBuilder {
    let table = namespace.table(Table::MapRun).open_text("x");
    table.u128(execution.0)
}

/// By which the runs of an execution are listed: in the order of their Started events.
fn of_execution_key(
    namespace: &Namespace,
    execution: ExecutionId,
    run: RunId,
    id: MapRunId,
) -> Bytes {
    of_execution_prefix(namespace, execution)
        .u64(id.started)
        .u128(run.0)
        .build()
}

pub(super) fn children_prefix(namespace: &Namespace, run: RunId) -> KeyBuilder {
    namespace.table(Table::MapRunChild).u128(run.0)
}

/// The row of a child.
pub(crate) fn child_key(namespace: &Namespace, run: RunId, index: u64) -> Bytes {
    children_prefix(namespace, run).u64(index).build()
}

/// The index of a child, from what follows the run in its row's key.
pub(super) fn child_index(suffix: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(suffix.try_into().ok()?))
}

/// The run at the end of a key.
pub(super) fn run_at_end(key: &[u8]) -> Option<RunId> {
    let bytes = key.last_chunk::<16>()?;
    Some(RunId(u128::from_be_bytes(*bytes)))
}

/// The writes with which a run begins; they go into the commit of its Started event.
pub(crate) fn begin(
    namespace: &Namespace,
    execution: ExecutionId,
    id: MapRunId,
    depth: u32,
    request: &MapRunRequest,
    now: Timestamp,
    writes: &mut Vec<Write>,
) {
    let Some(run) = RunId::parse(&request.uuid) else {
        return;
    };
    let mut put = |key: Bytes, value: Vec<u8>| {
        writes.push(Write::Put {
            key,
            value: value.into(),
        });
    };
    let plan = Plan {
        execution,
        id,
        depth,
        request: request.clone(),
    };
    put(plan_key(namespace, run), plan.encode());
    let record = RunRecord::begins(request, now);
    put(record_key(namespace, run), record.encode());
    put(open_key(namespace, run), Vec::new());
    put(of_execution_key(namespace, execution, run, id), Vec::new());
}

/// The write with which an execution gives up a run.
pub(crate) fn abort(namespace: &Namespace, run: RunId) -> Write {
    Write::Put {
        key: abort_key(namespace, run),
        value: Vec::new().into(),
    }
}

/// The runs of an execution, newest first, before the one that `before` names.
pub(super) fn of_execution(
    store: &dyn Store,
    namespace: &Namespace,
    execution: ExecutionId,
    before: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<(Bytes, RunId)>, RuntimeError> {
    let mut range = KeyRange::prefix(of_execution_prefix(namespace, execution).build());
    if let Some(before) = before {
        let key = of_execution_prefix(namespace, execution).raw(before);
        range = range.before(key.build());
    }
    let skip = of_execution_prefix(namespace, execution).build().len();
    let rows = store.scan(range, Order::Descending, limit)?;
    let found = rows
        .iter()
        .filter_map(|(key, _)| Some((key.slice(skip..), run_at_end(key)?)));
    Ok(found.collect())
}

/// A page of the children of a run from an index on.
pub(super) fn children(
    store: &dyn Store,
    namespace: &Namespace,
    run: RunId,
    from: u64,
    limit: usize,
) -> Result<Vec<(u64, ChildRow)>, RuntimeError> {
    let prefix = children_prefix(namespace, run).build();
    let range = KeyRange::prefix(prefix.clone()).starting_at(child_key(namespace, run, from));
    let mut found = Vec::new();
    for (key, value) in store.scan(range, Order::Ascending, limit)? {
        let Some(index) = child_index(&key[prefix.len()..]) else {
            continue;
        };
        found.push((index, ChildRow::decode(&value).map_err(super::unreadable)?));
    }
    Ok(found)
}

/// All rows of the runs of an execution, a page of them: for retention.
pub(crate) fn some_of(
    store: &dyn Store,
    namespace: &Namespace,
    execution: ExecutionId,
    limit: usize,
) -> Result<Vec<Bytes>, RuntimeError> {
    let Some((suffix, run)) = of_execution(store, namespace, execution, None, 1)?.pop() else {
        return Ok(Vec::new());
    };
    let children = KeyRange::prefix(children_prefix(namespace, run).build());
    let rows = store.scan(children, Order::Ascending, limit)?;
    if !rows.is_empty() {
        return Ok(rows.into_iter().map(|(key, _)| key).collect());
    }
    let listed = of_execution_prefix(namespace, execution).raw(&suffix);
    Ok(vec![
        plan_key(namespace, run),
        record_key(namespace, run),
        abort_key(namespace, run),
        open_key(namespace, run),
        listed.build(),
    ])
}
