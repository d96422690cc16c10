//! The rows of an execution's remains: where its frames stood when it ended without success. They are written by the
//! commit that closes it and removed by the one that redrives it, by retention, and when nobody may redrive it any more.

use std::collections::BTreeMap;

use asl::definition::Machine;
use bytes::Bytes;
use engine::{Execution, Frame, FrameId, Phase};
use expr::json::Document;
use store::{KeyRange, MAX_TRANSACTION_BYTES, Order, Outcome, Store, Transaction, Write, commit};

use crate::codec::documents::Known;
use crate::codec::frames::{self, Header};
use crate::codec::remains::RemainsRow;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::redrives::Remains;
use crate::rows::{FrameRows, record_key};

/// What the remains may take of a commit.
const BYTES: usize = 8 * 1024 * 1024;
/// Left in the commit for its record, whose input and output are bounded.
const RESERVED: usize = 2 * 1024 * 1024;
/// The same in rows.
const ROWS: usize = 20_000;
/// Rows removed in one transaction.
const REMOVED: usize = 1_000;

/// The rows that keep the remains of an execution that has ended, if a commit that holds `writes` has room for them.
pub(crate) fn keep(
    rows: &FrameRows<'_>,
    machine: &Machine,
    known: &Known,
    execution: &Execution,
    writes: &mut Vec<Write>,
) -> Remains {
    let used: usize = writes.iter().map(size).sum();
    let room = BYTES.min(MAX_TRANSACTION_BYTES.saturating_sub(RESERVED + used));
    let before = writes.len();
    writes.push(Write::Put {
        key: rows.header(),
        value: RemainsRow::Kept(Header::of(execution)).encode().into(),
    });
    let mut taken = 0;
    for (id, frame) in &execution.remains {
        for write in frame_rows(rows, machine, known, &execution.remains, *id, frame) {
            taken += size(&write);
            if taken > room || writes.len() - before > ROWS {
                writes.truncate(before);
                return Remains::TooLarge;
            }
            writes.push(write);
        }
    }
    Remains::Kept {
        last_event: execution.last_event,
    }
}

fn size(write: &Write) -> usize {
    write.key().len() + write.value().map_or(0, |value| value.len())
}

fn frame_rows<'a>(
    rows: &'a FrameRows<'a>,
    machine: &Machine,
    known: &Known,
    all: &BTreeMap<FrameId, Frame>,
    id: FrameId,
    frame: &'a Frame,
) -> impl Iterator<Item = Write> {
    let known = Known {
        parent: frame.parent.and_then(|parent| given_by(all, parent.frame)),
        ..known.clone()
    };
    let own = Write::Put {
        key: rows.frame(id),
        value: frames::encode(frame, machine, &known).into(),
    };
    let variables = frame.variables.iter().map(move |(name, value)| Write::Put {
        key: rows.variable(id, name),
        value: frames::encode_variable(value).into(),
    });
    std::iter::once(own).chain(variables)
}

fn given_by(frames: &BTreeMap<FrameId, Frame>, parent: FrameId) -> Option<Document> {
    match &frames.get(&parent)?.phase {
        Phase::Children(children) => Some(children.effective.clone()),
        _ => None,
    }
}

/// The transaction of a redrive: it claims the remains, on condition that they are still what was read, and removes them.
pub(crate) fn claim(
    rows: &FrameRows<'_>,
    execution: &Execution,
    read: Bytes,
    claimed: Bytes,
) -> Transaction {
    let mut transaction = Transaction::new()
        .require_equals(rows.header(), read)
        .put(rows.header(), claimed);
    for (id, frame) in &execution.frames {
        let variables = frame.variables.keys();
        let keys =
            std::iter::once(rows.frame(*id)).chain(variables.map(|name| rows.variable(*id, name)));
        let deletes = keys.map(|key| Write::Delete { key });
        transaction.writes.extend(deletes);
    }
    transaction
}

/// Removes the remains of an execution, a piece at a time, unless its record is no longer what was read: then somebody
/// has redriven it, and they are not there or not ours to remove. Whether they are gone.
pub(crate) fn remove(
    store: &dyn Store,
    namespace: &Namespace,
    id: ExecutionId,
    record: Option<&Bytes>,
) -> Result<bool, RuntimeError> {
    let rows = FrameRows::remains(namespace, id);
    let key = record_key(namespace, id);
    let first = match record {
        Some(record) => Transaction::new().require_equals(key, record.clone()),
        None => Transaction::new().require_absent(key),
    };
    // Without the header nobody can claim the rest.
    if let Outcome::Conflict { .. } = commit(store, first.delete(rows.header()))? {
        return Ok(false);
    }
    loop {
        let range = KeyRange::prefix(rows.prefix());
        let found = store.scan(range, Order::Descending, REMOVED)?;
        if found.is_empty() {
            return Ok(true);
        }
        let mut transaction = Transaction::new();
        let deletes = found.into_iter().map(|(key, _)| Write::Delete { key });
        transaction.writes.extend(deletes);
        commit(store, transaction)?;
    }
}
