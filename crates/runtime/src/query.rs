//! Reading: what Describe, List and GetExecutionHistory show. Sees only what is durable.

use engine::event::EventId;
use engine::{Event, Timestamp};
use store::{KeyRange, Order, Store};

use crate::codec::listed::Listed;
use crate::codec::{DecodeError, events, records};
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::lists::List;
use crate::record::ExecutionRecord;
use crate::rows::{history_prefix, name_key, record_key};

/// Chunks read at a time: of some MiB at most each.
const CHUNKS: usize = 4;
/// Payloads of a page of events, in bytes, unless a single one is larger.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// The execution of this machine and name.
pub fn find(
    store: &dyn Store,
    namespace: &Namespace,
    machine: &str,
    name: &str,
) -> Result<Option<(ExecutionId, ExecutionRecord)>, RuntimeError> {
    let Some(id) = store.get(&name_key(namespace, machine, name))? else {
        return Ok(None);
    };
    let id: [u8; 16] = id
        .as_ref()
        .try_into()
        .map_err(|_| unreadable("name", DecodeError::Short))?;
    let id = ExecutionId(u128::from_be_bytes(id));
    Ok(record(store, namespace, id)?.map(|record| (id, record)))
}

/// The record of an execution.
pub fn record(
    store: &dyn Store,
    namespace: &Namespace,
    id: ExecutionId,
) -> Result<Option<ExecutionRecord>, RuntimeError> {
    let row = store.get(&record_key(namespace, id))?;
    row.map(|row| records::decode(&row).map_err(|error| unreadable("record", error)))
        .transpose()
}

/// A page of a list.
#[derive(Debug)]
pub struct ListPage {
    /// Newest first.
    pub executions: Vec<(ExecutionId, Listed)>,
    /// Where the next page begins (after this one), if there is more.
    pub next: Option<ExecutionId>,
}

/// The executions of a list that come after `after`, newest first, down to those that were started at `since`.
///
/// A position stays what it is while executions start, end and are redriven: none that was there before the first page
/// is missed or seen twice.
pub fn list(
    store: &dyn Store,
    namespace: &Namespace,
    list: List<'_>,
    since: Timestamp,
    after: Option<ExecutionId>,
    limit: usize,
) -> Result<ListPage, RuntimeError> {
    let prefix = list.prefix(namespace).build();
    let key = |id: ExecutionId| list.prefix(namespace).u128(id.0).build();
    let mut range = KeyRange::prefix(prefix.clone()).starting_at(key(ExecutionId::first_of(since)));
    if let Some(after) = after {
        range = range.before(key(after));
    }
    let mut rows = store.scan(range, Order::Descending, limit.saturating_add(1))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let executions = rows
        .iter()
        .map(|(key, row)| {
            let listed = Listed::decode(row).map_err(|error| unreadable("list row", error))?;
            Ok((list_id(&key[prefix.len()..])?, listed))
        })
        .collect::<Result<Vec<_>, RuntimeError>>()?;
    let next = executions.last().map(|(id, _)| *id);
    Ok(ListPage {
        next: next.filter(|_| has_more),
        executions,
    })
}

fn list_id(suffix: &[u8]) -> Result<ExecutionId, RuntimeError> {
    let bytes: [u8; 16] = suffix
        .try_into()
        .map_err(|_| unreadable("list row", DecodeError::Short))?;
    Ok(ExecutionId(u128::from_be_bytes(bytes)))
}

/// A page of an execution's events.
#[derive(Debug)]
pub struct EventPage {
    /// At least one, if there are any.
    pub events: Vec<Event>,
    /// Where the next page begins.
    pub next: Option<EventId>,
}

/// Up to `limit` events, fewer when their payloads are large; oldest first, beginning with the event `from`.
pub fn events_from(
    store: &dyn Store,
    namespace: &Namespace,
    id: ExecutionId,
    record: &ExecutionRecord,
    from: EventId,
    limit: usize,
) -> Result<EventPage, RuntimeError> {
    let prefix = history_prefix(namespace, id).build();
    let mut range = KeyRange::prefix(prefix);
    let end = history_prefix(namespace, id)
        .u64(from.saturating_add(1))
        .build();
    let begin = range.clone().before(end);
    if let Some((first, _)) = store.scan(begin, Order::Descending, 1)?.pop() {
        range = range.starting_at(first);
    }
    collect(store, range, Order::Ascending, record, limit, |event| {
        event.id >= from
    })
}

/// The same, newest first, beginning with the event `from` or the last one.
pub fn events_back_from(
    store: &dyn Store,
    namespace: &Namespace,
    id: ExecutionId,
    record: &ExecutionRecord,
    from: Option<EventId>,
    limit: usize,
) -> Result<EventPage, RuntimeError> {
    let from = from.unwrap_or(EventId::MAX);
    let prefix = history_prefix(namespace, id).build();
    let mut range = KeyRange::prefix(prefix);
    if let Some(after) = from.checked_add(1) {
        range = range.before(history_prefix(namespace, id).u64(after).build());
    }
    collect(store, range, Order::Descending, record, limit, |event| {
        event.id <= from
    })
}

fn collect(
    store: &dyn Store,
    mut range: KeyRange,
    order: Order,
    record: &ExecutionRecord,
    limit: usize,
    wanted: impl Fn(&Event) -> bool,
) -> Result<EventPage, RuntimeError> {
    let known = record.known();
    let mut page = EventPage {
        events: Vec::new(),
        next: None,
    };
    let mut bytes = 0;
    loop {
        let rows = store.scan(range.clone(), order, CHUNKS)?;
        let Some((last, _)) = rows.last() else {
            return Ok(page);
        };
        range = match order {
            Order::Ascending => range.after(last),
            Order::Descending => range.before(last.clone()),
        };
        for (_, row) in &rows {
            let mut chunk =
                events::decode(row, &known).map_err(|error| unreadable("history chunk", error))?;
            if order == Order::Descending {
                chunk.reverse();
            }
            for event in chunk.into_iter().filter(&wanted) {
                bytes += event
                    .kind
                    .document()
                    .map_or(0, |document| document.text().len());
                let full = page.events.len() == limit || bytes > PAGE_BYTES;
                if full && !page.events.is_empty() {
                    page.next = Some(event.id);
                    return Ok(page);
                }
                page.events.push(event);
            }
        }
    }
}

fn unreadable(what: &'static str, error: DecodeError) -> RuntimeError {
    RuntimeError::Unreadable {
        what,
        reason: error.to_string(),
    }
}
