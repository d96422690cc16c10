//! The lists that an execution is in: that of its machine, those of the version and alias that it was started through,
//! and of each the one for its status. A list is a range of keys in the order of ids, so that a page of any of them costs
//! what it shows and nothing else; an execution that changes its status leaves one list for another in the commit that
//! changes it, and stays where it is in the others.

use bytes::Bytes;
use store::Write;

use crate::codec::listed::Listed;
use crate::id::ExecutionId;
use crate::keys::{KeyBuilder, Namespace, Table};
use crate::record::{ExecutionRecord, Status};

/// In place of a status' number: the list for all of them.
const ANY: u8 = u8::MAX;

/// A list of executions, newest first.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// Of this machine; or of this map run, by the last part of its ARN.
    pub machine: &'a str,
    /// Those that were started through this version or alias.
    pub through: Option<&'a str>,
    /// Those of this status.
    pub status: Option<Status>,
}

impl List<'_> {
    /// What its keys begin with; an execution's id follows.
    pub(crate) fn prefix(&self, namespace: &Namespace) -> KeyBuilder {
        if let (None, None) = (self.through, self.status) {
            return namespace.table(Table::ExecutionList).text(self.machine);
        }
        namespace
            .table(Table::ExecutionIndex)
            .text(self.machine)
            .text(self.through.unwrap_or_default())
            .byte(self.status.map_or(ANY, Status::number))
    }
}

/// The lists of an execution that do not depend on its status, or those for one.
fn lists(record: &ExecutionRecord, status: Option<Status>) -> impl Iterator<Item = List<'_>> {
    let revision = &record.revision;
    let through = [revision.version.as_deref(), revision.alias.as_deref()];
    let through = through.into_iter().flatten().map(Some);
    std::iter::once(None)
        .chain(through)
        .map(move |through| List {
            machine: record.list_name(),
            through,
            status,
        })
}

fn keys(
    namespace: &Namespace,
    id: ExecutionId,
    record: &ExecutionRecord,
    status: Option<Status>,
) -> impl Iterator<Item = Bytes> {
    lists(record, status).map(move |list| list.prefix(namespace).u128(id.0).build())
}

/// Puts the execution into its lists as it is now; `before` is the status that it was listed with.
pub(crate) fn put(
    namespace: &Namespace,
    id: ExecutionId,
    record: &ExecutionRecord,
    before: Option<Status>,
    writes: &mut Vec<Write>,
) {
    if let Some(before) = before.filter(|before| *before != record.status) {
        let keys = keys(namespace, id, record, Some(before));
        writes.extend(keys.map(|key| Write::Delete { key }));
    }
    let value = Bytes::from(Listed::of(record).encode());
    let all = keys(namespace, id, record, None);
    let keys = all.chain(keys(namespace, id, record, Some(record.status)));
    writes.extend(keys.map(|key| Write::Put {
        key,
        value: value.clone(),
    }));
}

/// Takes it out of all of them.
pub(crate) fn remove(
    namespace: &Namespace,
    id: ExecutionId,
    record: &ExecutionRecord,
    writes: &mut Vec<Write>,
) {
    let all = keys(namespace, id, record, None);
    let keys = all.chain(keys(namespace, id, record, Some(record.status)));
    writes.extend(keys.map(|key| Write::Delete { key }));
}
