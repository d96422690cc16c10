//! Stores of earlier versions: their executions are put into the lists that there are now, once, before anything is
//! served. How far that has come is a row of its own, so that it goes on where a crash has cut it off; what is done twice
//! is the same twice.

use bytes::Bytes;
use store::{KeyRange, Order, Store, Transaction, Write, commit};

use crate::codec::{DecodeError, Reader, Writer, records};
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::{LISTS, Namespace, Table};
use crate::lists;
use crate::recovery::namespaces;

/// Records read at a time; each may have half a megabyte.
const PAGE: usize = 64;
const VERSION: u8 = 1;

/// What the row says.
enum Progress {
    /// All executions are in the lists.
    Done,
    /// Those up to this one are.
    UpTo(Namespace, ExecutionId),
}

/// Puts all executions into the lists, unless they are there.
pub(crate) fn bring_up_to_date(store: &dyn Store) -> Result<(), RuntimeError> {
    let mut at = match read(store)? {
        Some(Progress::Done) => return Ok(()),
        Some(Progress::UpTo(namespace, id)) => Some((namespace, id)),
        None => None,
    };
    let mut listed = 0;
    for namespace in namespaces(store)? {
        let mut after = match &at {
            Some((reached, id)) if *reached == namespace => Some(*id),
            // Namespaces come in one order: those before are done.
            Some(_) => continue,
            None => None,
        };
        at = None;
        while let Some((last, count)) = page(store, &namespace, after)? {
            listed += count;
            after = Some(last);
        }
    }
    if listed > 0 {
        tracing::info!(listed, "executions of an earlier version are in the lists");
    }
    let mut done = Transaction::new();
    done.writes.push(all_listed());
    commit(store, done)?;
    Ok(())
}

/// What says that all executions are in the lists: a store that begins with it needs no look.
pub fn all_listed() -> Write {
    Write::Put {
        key: Bytes::from_static(LISTS),
        value: Progress::Done.encode().into(),
    }
}

/// Puts some into the lists: the last one looked at, and how many there were.
fn page(
    store: &dyn Store,
    namespace: &Namespace,
    after: Option<ExecutionId>,
) -> Result<Option<(ExecutionId, usize)>, RuntimeError> {
    let table = namespace.table(Table::Execution).build();
    let mut range = KeyRange::prefix(table.clone());
    if let Some(after) = after {
        range = range.after(namespace.table(Table::Execution).u128(after.0).build());
    }
    let rows = store.scan(range, Order::Ascending, PAGE)?;
    let Some((last, _)) = rows.last() else {
        return Ok(None);
    };
    let id = |key: &Bytes| {
        let id: Option<[u8; 16]> = key.get(table.len()..).and_then(|id| id.try_into().ok());
        id.map_or(ExecutionId(0), |id| ExecutionId(u128::from_be_bytes(id)))
    };
    let last = id(last);
    let mut transaction = Transaction::new();
    for (key, row) in &rows {
        match records::decode(row) {
            Ok(record) => {
                let writes = &mut transaction.writes;
                lists::put(namespace, id(key), &record, None, writes);
            }
            Err(error) => {
                let execution = format!("{:032x}", id(key).0);
                tracing::error!(execution, %error, "an execution cannot be read and is in no list");
            }
        }
    }
    transaction.writes.push(Write::Put {
        key: Bytes::from_static(LISTS),
        value: Progress::UpTo(namespace.clone(), last).encode().into(),
    });
    commit(store, transaction)?;
    Ok(Some((last, rows.len())))
}

fn read(store: &dyn Store) -> Result<Option<Progress>, RuntimeError> {
    let row = store.get(LISTS)?;
    let progress = row.map(|row| Progress::decode(&row)).transpose();
    progress.map_err(|error| RuntimeError::Unreadable {
        what: "state of the lists",
        reason: error.to_string(),
    })
}

impl Progress {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::versioned(VERSION);
        let reached = match self {
            Progress::Done => None,
            Progress::UpTo(namespace, id) => Some((namespace, id)),
        };
        out.option(reached, |out, (namespace, id)| {
            out.text(namespace.account());
            out.text(namespace.region());
            out.bytes(&id.0.to_be_bytes());
        });
        out.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Progress, DecodeError> {
        let mut reader = Reader::versioned(bytes, VERSION)?;
        let reached = reader.option(|reader| {
            let namespace = Namespace::new(reader.text()?, reader.text()?);
            let id = reader.bytes()?.try_into().map_err(|_| DecodeError::Short)?;
            Ok((namespace, ExecutionId(u128::from_be_bytes(id))))
        })?;
        Ok(match reached {
            None => Progress::Done,
            Some((namespace, id)) => Progress::UpTo(namespace, id),
        })
    }
}
