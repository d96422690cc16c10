//! What an execution left for a redrive goes when nobody may redrive it any more: 14 days after its end. The execution
//! itself stays for as long as retention keeps it.

use bytes::Bytes;
use engine::Timestamp;
use store::{KeyRange, Order, Store};

use crate::codec::records;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::{Namespace, Table};
use crate::recovery::namespaces;
use crate::redrives::REDRIVABLE_MILLIS;
use crate::remains;
use crate::retention::{Position, Swept, begin, following};
use crate::rows::record_key;

/// Executions looked at in one piece of a sweep.
const PIECE: usize = 256;

/// A sweep over all remains, in the order in which their executions were started.
#[derive(Clone, Debug, Default)]
pub struct Expiry {
    at: Position,
}

impl Expiry {
    /// Looks at the next remains, some hundred at most, and removes those that have expired.
    pub fn go_on(&mut self, store: &dyn Store, now: Timestamp) -> Result<Swept, RuntimeError> {
        let all = namespaces(store)?;
        let Some((namespace, mut last)) = begin(&mut self.at, &all) else {
            return Ok(Swept::default());
        };
        let ended_before = Timestamp(now.0.saturating_sub(REDRIVABLE_MILLIS));
        let mut removed = 0;
        for _ in 0..PIECE {
            // What was started after that cannot have ended before it.
            let next = next(store, &namespace, last)?.filter(|id| id.started() < ended_before);
            let Some(id) = next else {
                self.at = following(all, &namespace).map(|next| (next, None));
                break;
            };
            last = Some(id);
            self.at = Some((namespace.clone(), last));
            removed += usize::from(expire(store, &namespace, id, ended_before)?);
        }
        Ok(Swept {
            removed,
            more: self.at.is_some(),
        })
    }
}

/// The next execution that left something.
fn next(
    store: &dyn Store,
    namespace: &Namespace,
    after: Option<ExecutionId>,
) -> Result<Option<ExecutionId>, RuntimeError> {
    let prefix = namespace.table(Table::Remains).build();
    let mut range = KeyRange::prefix(prefix.clone());
    if let Some(after) = after.and_then(|after| after.0.checked_add(1)) {
        range = range.starting_at(namespace.table(Table::Remains).u128(after).build());
    }
    let first = store.scan(range, Order::Ascending, 1)?.pop();
    Ok(first.and_then(|(key, _)| {
        let id: [u8; 16] = key.get(prefix.len()..)?.get(..16)?.try_into().ok()?;
        Some(ExecutionId(u128::from_be_bytes(id)))
    }))
}

/// Removes the remains of one, unless it may still be redriven or runs again. Those of an execution that is gone go, too.
fn expire(
    store: &dyn Store,
    namespace: &Namespace,
    id: ExecutionId,
    ended_before: Timestamp,
) -> Result<bool, RuntimeError> {
    let record: Option<Bytes> = store.get(&record_key(namespace, id))?;
    if let Some(row) = &record {
        let Ok(row) = records::decode(row) else {
            return Ok(false);
        };
        if row.stopped.is_none_or(|at| at >= ended_before) {
            return Ok(false);
        }
    }
    remains::remove(store, namespace, id, record.as_ref())
}
