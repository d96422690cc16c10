//! What is open in the store: all of it at a start, by its timers, and one execution whenever it is needed.

use std::sync::Arc;

use asl::definition::Machine;
use bytes::Bytes;
use engine::execution::Timer;
use engine::{Execution, FrameId, Redriven, Timestamp};
use store::{KeyRange, Order, Store};

use crate::codec::frames::{self, Header};
use crate::codec::remains::RemainsRow;
use crate::codec::{DecodeError, records};
use crate::definitions::Definitions;
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::{Namespace, REGISTRY, Table};
use crate::record::ExecutionRecord;
use crate::redrives::Remains;
use crate::rows::{FrameRows, given_by, record_key};
use crate::shard::{LoadedRemains, Loader, RedriveRow, ResumeRow};

/// Rows read at a time; some may have a quarter of a megabyte.
const PAGE: usize = 256;

/// An execution that is open, without looking into it.
pub(crate) struct OpenRow<'a> {
    pub(crate) id: ExecutionId,
    pub(crate) namespace: &'a Namespace,
    pub(crate) timers: Vec<Timer>,
    /// Whether it was doing something: a task in flight, a frame whose turn it was.
    pub(crate) is_busy: bool,
}

/// Calls `found` with every execution that is open. Rows that cannot be read are left as they are and reported.
pub(crate) fn open_executions(
    store: &Arc<dyn Store>,
    now: Timestamp,
    mut found: impl FnMut(OpenRow<'_>),
) -> Result<(), RuntimeError> {
    for namespace in namespaces(store.as_ref())? {
        let prefix = namespace.table(Table::Frame).build();
        let mut open: Option<OpenRow<'_>> = None;
        for_each(store.as_ref(), prefix.clone(), |key, value| {
            let Some(key) = RowKey::parse(&key[prefix.len()..]) else {
                return;
            };
            if open.as_ref().is_none_or(|open| open.id != key.id) {
                let next = OpenRow {
                    id: key.id,
                    namespace: &namespace,
                    timers: Vec::new(),
                    is_busy: false,
                };
                open.replace(next).into_iter().for_each(&mut found);
            }
            if let Some(open) = &mut open
                && let Err(error) = look(open, &key, value, now)
            {
                let execution = format!("{:032x}", key.id.0);
                tracing::error!(execution, %error, "a row of an open execution cannot be read");
            }
        })?;
        open.into_iter().for_each(&mut found);
    }
    Ok(())
}

/// Adds what a row says to what is known of its execution.
fn look(
    open: &mut OpenRow<'_>,
    key: &RowKey<'_>,
    value: &[u8],
    now: Timestamp,
) -> Result<(), DecodeError> {
    if !key.variable.is_empty() {
        return Ok(());
    }
    if key.row == 0 {
        open.timers.extend(Header::decode(value)?.deadline);
        return Ok(());
    }
    let outline = frames::outline(value)?;
    open.timers.extend(outline.timers.into_iter().flatten());
    // Where it really was died with the process: a full interval.
    open.timers
        .extend(outline.heartbeat.map(|(timer, seconds)| Timer {
            due: timer.due.max(now.plus_seconds(seconds)),
            ..timer
        }));
    open.is_busy |= outline.is_busy;
    Ok(())
}

/// Calls `found` with every Express execution that was acknowledged and had not ended, as it was when it began. Rows
/// that cannot be read are left as they are and reported.
pub(crate) fn express_executions(
    store: &dyn Store,
    definitions: &Definitions,
    mut found: impl FnMut(ResumeRow),
) -> Result<(), RuntimeError> {
    for namespace in namespaces(store)? {
        let prefix = namespace.table(Table::Express).build();
        let mut failed = None;
        for_each(store, prefix.clone(), |key, value| {
            match express_row(definitions, &namespace, &key[prefix.len()..], value) {
                Ok(row) => found(row),
                Err(error @ RuntimeError::Unreadable { .. }) => {
                    tracing::error!(%error, "an Express execution cannot be run again");
                }
                Err(error) => drop(failed.get_or_insert(error)),
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(())
}

fn express_row(
    definitions: &Definitions,
    namespace: &Namespace,
    id: &[u8],
    value: &[u8],
) -> Result<ResumeRow, RuntimeError> {
    let id: [u8; 16] = id.try_into().map_err(|_| unreadable(DecodeError::Short))?;
    let record = records::decode(value).map_err(unreadable)?;
    Ok(ResumeRow {
        id: ExecutionId(u128::from_be_bytes(id)),
        namespace: namespace.clone(),
        machine: definitions.machine(namespace, &record.revision.key)?,
        execution: Execution::new(record.facts.clone()),
        record,
    })
}

pub(crate) fn namespaces(store: &dyn Store) -> Result<Vec<Namespace>, RuntimeError> {
    let rows = store.scan(KeyRange::prefix(REGISTRY), Order::Ascending, usize::MAX)?;
    Ok(rows
        .iter()
        .filter_map(|(key, _)| Namespace::from_registry_key(key))
        .collect())
}

pub(crate) fn for_each(
    store: &dyn Store,
    prefix: Bytes,
    mut found: impl FnMut(&[u8], &[u8]),
) -> Result<(), RuntimeError> {
    let mut range = KeyRange::prefix(prefix);
    loop {
        let rows = store.scan(range.clone(), Order::Ascending, PAGE)?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        range = range.after(last);
        rows.iter().for_each(|(key, value)| found(key, value));
    }
}

/// What an execution's id takes of a key.
const ID_BYTES: usize = 16;

/// What follows the table in the key of a checkpoint's row.
struct RowKey<'a> {
    id: ExecutionId,
    /// 0 for the header, else frame + 1.
    row: u32,
    /// Empty for the frame itself.
    variable: &'a str,
}

impl RowKey<'_> {
    fn parse(suffix: &[u8]) -> Option<RowKey<'_>> {
        let (id, rest) = suffix.split_at_checked(ID_BYTES)?;
        let (row, variable) = rest.split_at_checked(4)?;
        Some(RowKey {
            id: ExecutionId(u128::from_be_bytes(id.try_into().ok()?)),
            row: u32::from_be_bytes(row.try_into().ok()?),
            variable: std::str::from_utf8(variable).ok()?,
        })
    }
}

/// Reads executions back from their rows.
pub(crate) struct RowLoader {
    store: Arc<dyn Store>,
    definitions: Arc<Definitions>,
}

impl RowLoader {
    pub(crate) fn new(store: Arc<dyn Store>, definitions: Arc<Definitions>) -> RowLoader {
        RowLoader { store, definitions }
    }
}

impl Loader for RowLoader {
    fn load(
        &self,
        namespace: &Namespace,
        id: ExecutionId,
    ) -> Result<Option<ResumeRow>, RuntimeError> {
        let Some(record) = self.record(namespace, id)? else {
            return Ok(None);
        };
        let rows = FrameRows::open(namespace, id);
        let Some(header) = self.store.get(&rows.header())? else {
            return Ok(None);
        };
        let header = Header::decode(&header).map_err(unreadable)?;
        self.resume(namespace, id, record, &rows, header).map(Some)
    }

    fn load_remains(
        &self,
        namespace: &Namespace,
        id: ExecutionId,
    ) -> Result<LoadedRemains, RuntimeError> {
        let rows = FrameRows::remains(namespace, id);
        let read = self.store.get(&rows.header())?;
        // After the header: a redrive that came in between is seen in it.
        let Some(record) = self.record(namespace, id)? else {
            return Ok(LoadedRemains::NotYet);
        };
        let Some(read) = read else {
            return Ok(match record.redrives.remains {
                Some(Remains::Kept { .. }) => LoadedRemains::Gone,
                _ => LoadedRemains::NotYet,
            });
        };
        let RemainsRow::Kept(header) = RemainsRow::decode(&read).map_err(unreadable)? else {
            return Ok(LoadedRemains::NotYet);
        };
        let row = self.resume(namespace, id, record, &rows, header)?;
        Ok(LoadedRemains::Kept(Box::new(RedriveRow { row, read })))
    }
}

impl RowLoader {
    fn record(
        &self,
        namespace: &Namespace,
        id: ExecutionId,
    ) -> Result<Option<ExecutionRecord>, RuntimeError> {
        let record = self.store.get(&record_key(namespace, id))?;
        record
            .map(|record| records::decode(&record).map_err(unreadable))
            .transpose()
    }

    fn resume(
        &self,
        namespace: &Namespace,
        id: ExecutionId,
        record: ExecutionRecord,
        rows: &FrameRows<'_>,
        header: Header,
    ) -> Result<ResumeRow, RuntimeError> {
        let machine = self.definitions.machine_of(namespace, &record)?;
        let mut execution = Execution::new(record.facts.clone());
        self.frames(rows, &record, &machine, &mut execution)?;
        execution.last_event = header.last_event;
        execution.now = header.now;
        execution.next_frame = header.next_frame;
        execution.next_timer = header.next_timer;
        execution.deadline = header.deadline;
        execution.redriven = Redriven {
            count: record.redrives.count,
            at: record.redrives.date,
        };
        Ok(ResumeRow {
            id,
            namespace: namespace.clone(),
            record,
            machine,
            execution,
        })
    }

    /// Reads all frames with their variables.
    fn frames(
        &self,
        rows: &FrameRows<'_>,
        record: &ExecutionRecord,
        machine: &Machine,
        execution: &mut Execution,
    ) -> Result<(), RuntimeError> {
        let known = record.known();
        let prefix = rows.prefix();
        let table = prefix.len() - ID_BYTES;
        let mut failed = Ok(());
        for_each(self.store.as_ref(), prefix, |key, value| {
            let Some(key) = RowKey::parse(&key[table..]) else {
                return;
            };
            let frame = FrameId(key.row.wrapping_sub(1));
            let read = match (key.row, key.variable) {
                (0, _) => Ok(()),
                (_, "") => {
                    let given = |parent| given_by(execution, parent);
                    frames::decode(value, machine, &known, given)
                        .map(|found| drop(execution.frames.insert(frame, found)))
                }
                (_, name) => frames::decode_variable(value).map(|value| {
                    if let Some(frame) = execution.frames.get_mut(&frame) {
                        Arc::make_mut(&mut frame.variables).insert(name.into(), value);
                    }
                }),
            };
            if failed.is_ok() {
                failed = read;
            }
        })?;
        failed.map_err(unreadable)
    }
}

fn unreadable(error: DecodeError) -> RuntimeError {
    RuntimeError::Unreadable {
        what: "checkpoint",
        reason: error.to_string(),
    }
}
