//! What happens at a start: every execution that was open goes back to its shard.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use engine::{Execution, FrameId};
use store::{KeyRange, Order, Store};

use crate::codec::frames::{self, Header};
use crate::codec::{DecodeError, records};
use crate::definitions::Definitions;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::{Namespace, REGISTRY, Table};
use crate::rows::{given_by, record_key};
use crate::shard::ResumeRow;

/// Rows read at a time.
const PAGE: usize = 1_024;

/// The rows of one execution's checkpoint, by what follows its id in the key: 0 for the header, else frame + 1.
type Checkpoint = BTreeMap<u32, Bytes>;

/// Calls `found` with every execution that is open. One that cannot be read is left as it is and reported.
pub(crate) fn open_executions(
    store: &Arc<dyn Store>,
    definitions: &Definitions,
    mut found: impl FnMut(ResumeRow),
) -> Result<(), RuntimeError> {
    for namespace in namespaces(store.as_ref())? {
        for_each_checkpoint(store.as_ref(), &namespace, |id, rows| {
            match read(store.as_ref(), definitions, &namespace, id, rows) {
                Ok(row) => found(row),
                Err(error) => {
                    tracing::error!(execution = format!("{:032x}", id.0), %error, "an open execution cannot be resumed")
                }
            }
        })?;
    }
    Ok(())
}

fn namespaces(store: &dyn Store) -> Result<Vec<Namespace>, RuntimeError> {
    let rows = store.scan(KeyRange::prefix(REGISTRY), Order::Ascending, usize::MAX)?;
    Ok(rows
        .iter()
        .filter_map(|(key, _)| Namespace::from_registry_key(key))
        .collect())
}

fn for_each_checkpoint(
    store: &dyn Store,
    namespace: &Namespace,
    mut found: impl FnMut(ExecutionId, &Checkpoint),
) -> Result<(), RuntimeError> {
    let prefix = namespace.table(Table::Frame).build();
    let mut range = KeyRange::prefix(prefix.clone());
    let mut current: Option<(ExecutionId, Checkpoint)> = None;
    loop {
        let rows = store.scan(range.clone(), Order::Ascending, PAGE)?;
        let Some((last, _)) = rows.last() else { break };
        range = range.after(last);
        for (key, value) in rows {
            let Some((id, row)) = parse_key(&key[prefix.len()..]) else {
                continue;
            };
            match &mut current {
                Some((open, checkpoint)) if *open == id => {
                    checkpoint.insert(row, value);
                }
                _ => {
                    if let Some((id, checkpoint)) =
                        current.replace((id, Checkpoint::from([(row, value)])))
                    {
                        found(id, &checkpoint);
                    }
                }
            }
        }
    }
    if let Some((id, checkpoint)) = current {
        found(id, &checkpoint);
    }
    Ok(())
}

fn parse_key(suffix: &[u8]) -> Option<(ExecutionId, u32)> {
    let (id, row) = suffix.split_at_checked(16)?;
    Some((
        ExecutionId(u128::from_be_bytes(id.try_into().ok()?)),
        u32::from_be_bytes(row.try_into().ok()?),
    ))
}

fn read(
    store: &dyn Store,
    definitions: &Definitions,
    namespace: &Namespace,
    id: ExecutionId,
    rows: &Checkpoint,
) -> Result<ResumeRow, RuntimeError> {
    let unreadable = |error: DecodeError| RuntimeError::Unreadable {
        what: "checkpoint",
        reason: error.to_string(),
    };
    let record = store
        .get(&record_key(namespace, id))?
        .ok_or(RuntimeError::NotFound)?;
    let record = records::decode(&record).map_err(unreadable)?;
    let machine = definitions.machine(namespace, &record.revision)?;
    let known = record.known();
    let header = rows
        .get(&0)
        .ok_or(DecodeError::Short)
        .and_then(|row| Header::decode(row))
        .map_err(unreadable)?;
    let mut execution = Execution::new(record.facts.clone());
    execution.last_event = header.last_event;
    execution.now = header.now;
    execution.next_frame = header.next_frame;
    execution.next_timer = header.next_timer;
    execution.deadline = header.deadline;
    for (number, row) in rows.range(1..) {
        let frame = frames::decode(row, &machine, &known, |parent| given_by(&execution, parent))
            .map_err(unreadable)?;
        execution.frames.insert(FrameId(number - 1), frame);
    }
    Ok(ResumeRow {
        id,
        namespace: namespace.clone(),
        record,
        machine,
        execution,
    })
}
