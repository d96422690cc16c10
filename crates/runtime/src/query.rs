//! Reading: what Describe, List and GetExecutionHistory show. Sees only what is durable.

use engine::Event;
use engine::event::EventId;
use store::{KeyRange, Order, Store};

use crate::codec::records::ListRow;
use crate::codec::{DecodeError, events, records};
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::record::{ExecutionRecord, Status};
use crate::rows::{history_prefix, list_prefix, name_key, record_key};

/// Chunks read at a time: of some MiB at most each.
const CHUNKS: usize = 4;
/// Payloads of a page of events, in bytes, unless a single one is larger.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// List rows looked at for one page, so that a filter that matches nothing ends.
const LOOKED_AT: usize = 20_000;

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

/// A page of a machine's executions.
#[derive(Debug)]
pub struct ListPage {
    /// Newest first.
    pub executions: Vec<(ExecutionId, ExecutionRecord)>,
    /// Where the next page begins (after this one), if there may be more.
    pub next: Option<ExecutionId>,
}

/// Which executions of a machine a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Those of this status.
    pub status: Option<Status>,
    /// Those that were started through this version or alias.
    pub through: Option<&'a str>,
}

impl Filter<'_> {
    fn matches(&self, row: &ListRow<'_>) -> bool {
        self.status.is_none_or(|wanted| row.status == wanted)
            && self.through.is_none_or(|name| row.is_through(name))
    }
}

/// Executions of a machine, newest first, after `after`, of this status.
pub fn list(
    store: &dyn Store,
    namespace: &Namespace,
    machine: &str,
    status: Option<Status>,
    after: Option<ExecutionId>,
    limit: usize,
) -> Result<ListPage, RuntimeError> {
    let filter = Filter {
        status,
        through: None,
    };
    list_matching(store, namespace, machine, filter, after, limit)
}

/// Executions of a machine, newest first, after `after`, that the filter lets through.
pub fn list_matching(
    store: &dyn Store,
    namespace: &Namespace,
    machine: &str,
    filter: Filter<'_>,
    after: Option<ExecutionId>,
    limit: usize,
) -> Result<ListPage, RuntimeError> {
    let prefix = list_prefix(namespace, machine).build();
    let mut range = KeyRange::prefix(prefix.clone());
    if let Some(after) = after {
        range = range.before(list_prefix(namespace, machine).u128(after.0).build());
    }
    let mut page = ListPage {
        executions: Vec::new(),
        next: None,
    };
    let mut looked_at = 0;
    loop {
        let rows = store.scan(range.clone(), Order::Descending, limit.saturating_add(1))?;
        let Some((last, _)) = rows.last() else {
            page.next = None;
            return Ok(page);
        };
        range = range.before(last.clone());
        let full_scan = rows.len() > limit;
        for (key, value) in &rows {
            let id = list_id(&key[prefix.len()..])?;
            if page.executions.len() == limit || looked_at == LOOKED_AT {
                return Ok(page);
            }
            looked_at += 1;
            page.next = Some(id);
            let row = ListRow::decode(value).map_err(|error| unreadable("list row", error))?;
            if filter.matches(&row)
                && let Some(record) = record(store, namespace, id)?
            {
                page.executions.push((id, record));
            }
        }
        if !full_scan {
            page.next = None;
            return Ok(page);
        }
    }
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
