//! The rows of one execution as they come: its checkpoint, or the chunks of its history.

use std::collections::HashMap;

use engine::event::EventId;
use engine::{EventKind, FrameId};
use expr::json::Document;
use runtime::codec::events;
use runtime::codec::remains::RemainsRow;
use runtime::keys::{Namespace, Table};
use runtime::{ExecutionId, ExecutionRecord, Status};

/// Why a row is wrong.
pub(super) type Wrong = String;

/// An execution whose checkpoint or history is being read.
pub(super) struct Current {
    pub(super) namespace: Namespace,
    pub(super) table: Table,
    pub(super) id: ExecutionId,
    /// The ARN, or else the id.
    pub(super) name: String,
    pub(super) record: Option<ExecutionRecord>,
    /// Only the first thing that is wrong is told: the others mostly follow from it.
    pub(super) is_bad: bool,
    /// History: the id of the next event, and whether the last one closed the execution.
    pub(super) next_event: EventId,
    pub(super) is_ended: bool,
    /// Checkpoint: its header was there; the frames, and what those with children give them.
    pub(super) has_header: bool,
    pub(super) frames: HashMap<FrameId, Option<Document>>,
}

impl Current {
    /// None of its rows was read yet.
    pub(super) fn new(namespace: &Namespace, table: Table, id: ExecutionId) -> Current {
        Current {
            namespace: namespace.clone(),
            table,
            id,
            name: nameless(id),
            record: None,
            is_bad: false,
            next_event: 1,
            is_ended: false,
            has_header: false,
            frames: HashMap::new(),
        }
    }
}

/// A chunk of a history: its events follow those of the chunk before.
pub(super) fn chunk(current: &mut Current, rest: &[u8], value: &[u8]) -> Result<(), Wrong> {
    let first = rest
        .try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| "a history chunk's key is wrong")?;
    let Some(record) = &current.record else {
        return Ok(());
    };
    // An execution that ended long ago is removed piece by piece, its oldest events first.
    if current.next_event == 1 && record.status != Status::Running {
        current.next_event = first;
    }
    let next = current.next_event;
    if first != next {
        return Err(match first == next + 1 {
            true => format!("event {next} is missing in its history"),
            false => format!(
                "events {next} to {} are missing in its history",
                first.wrapping_sub(1)
            ),
        });
    }
    let chunk = events::decode(value, &record.known())
        .map_err(|error| format!("its history from event {first} on cannot be read: {error}"))?;
    for event in &chunk {
        if event.id != current.next_event || event.previous >= event.id {
            return Err(format!("event {} of its history is out of order", event.id));
        }
        current.next_event += 1;
    }
    current.is_ended = chunk.last().is_some_and(|event| is_end(&event.kind));
    Ok(())
}

/// The first row of what an execution left for a redrive.
pub(super) fn remains(current: &mut Current, value: &[u8]) -> Result<(), Wrong> {
    let row = RemainsRow::decode(value)
        .map_err(|error| format!("the remains for a redrive cannot be read: {error}"))?;
    current.has_header = matches!(row, RemainsRow::Kept(_));
    Ok(())
}

fn is_end(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::ExecutionSucceeded { .. }
            | EventKind::ExecutionFailed(_)
            | EventKind::ExecutionAborted(_)
            | EventKind::ExecutionTimedOut(_)
    )
}

/// An execution whose record cannot be read.
pub(super) fn nameless(id: ExecutionId) -> String {
    format!("execution {:032x}", id.0)
}
