//! Which rows an execution has, and how a step's outcome becomes writes.

use std::collections::BTreeSet;

use asl::definition::Machine;
use bytes::Bytes;
use engine::{Command, Event, Execution, Frame, FrameId, Phase, Timestamp};
use expr::json::Document;
use store::Write;

use crate::codec::documents::Known;
use crate::codec::frames::{self, Header};
use crate::codec::{events, records};
use crate::id::ExecutionId;
use crate::keys::{KeyBuilder, Namespace, Table};
use crate::lists;
use crate::map_runs::child::ChildRow;
use crate::map_runs::{RunId, rows as map_runs};
use crate::record::{ExecutionRecord, Status};

/// The key of the execution's record.
pub(crate) fn record_key(namespace: &Namespace, id: ExecutionId) -> Bytes {
    namespace.table(Table::Execution).u128(id.0).build()
}

/// The key that finds an execution by its ARN: machine and name.
pub(crate) fn name_key(namespace: &Namespace, machine: &str, name: &str) -> Bytes {
    namespace
        .table(Table::ExecutionName)
        .text(machine)
        .text(name)
        .build()
}

/// The key of what is kept of an open Express execution: its record, from which it is run again after a crash.
pub(crate) fn express_key(namespace: &Namespace, id: ExecutionId) -> Bytes {
    namespace.table(Table::Express).u128(id.0).build()
}

/// What the history chunks of an execution begin with; the first event's id follows.
pub(crate) fn history_prefix(namespace: &Namespace, id: ExecutionId) -> KeyBuilder {
    namespace.table(Table::History).u128(id.0)
}

/// Where the frames of an execution are.
#[derive(Clone, Copy)]
pub(crate) struct FrameRows<'a> {
    namespace: &'a Namespace,
    table: Table,
    id: ExecutionId,
}

impl<'a> FrameRows<'a> {
    /// The checkpoint of an open execution.
    pub(crate) fn open(namespace: &'a Namespace, id: ExecutionId) -> FrameRows<'a> {
        FrameRows {
            namespace,
            table: Table::Frame,
            id,
        }
    }

    /// What an execution left for a redrive.
    pub(crate) fn remains(namespace: &'a Namespace, id: ExecutionId) -> FrameRows<'a> {
        FrameRows {
            namespace,
            table: Table::Remains,
            id,
        }
    }

    fn begin(&self) -> KeyBuilder {
        self.namespace.table(self.table).u128(self.id.0)
    }

    /// What all of them begin with.
    pub(crate) fn prefix(&self) -> Bytes {
        self.begin().build()
    }

    /// The header row: before all frames.
    pub(crate) fn header(&self) -> Bytes {
        self.begin().u32(0).build()
    }

    /// The row of a frame.
    pub(crate) fn frame(&self, frame: FrameId) -> Bytes {
        self.begin().u32(frame.0.saturating_add(1)).build()
    }

    /// The row of a variable of a frame: right behind the frame's.
    pub(crate) fn variable(&self, frame: FrameId, name: &str) -> Bytes {
        self.begin()
            .u32(frame.0.saturating_add(1))
            .raw(name.as_bytes())
            .build()
    }
}

/// The writes of one step.
pub(crate) struct StepWrites<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) id: ExecutionId,
    pub(crate) machine: &'a Machine,
    pub(crate) known: &'a Known,
}

impl StepWrites<'_> {
    fn frames(&self) -> FrameRows<'_> {
        FrameRows::open(self.namespace, self.id)
    }

    /// The history chunk of the step, if it made events.
    pub(crate) fn history(&self, made: &[Event], writes: &mut Vec<Write>) {
        if let Some(first) = made.first() {
            let key = history_prefix(self.namespace, self.id)
                .u64(first.id)
                .build();
            writes.push(Write::Put {
                key,
                value: events::encode(made, self.known).into(),
            });
        }
    }

    /// The checkpoint: changed frames with their variables, and the header; `stored` is kept up to date with the rows that exist.
    pub(crate) fn checkpoint(
        &self,
        execution: &mut Execution,
        stored: &mut BTreeSet<FrameId>,
        header_stored: &mut bool,
        writes: &mut Vec<Write>,
    ) {
        self.variables(execution, stored, writes);
        for frame in execution.take_changed() {
            let key = self.frames().frame(frame);
            if let Some(state) = execution.frames.get(&frame) {
                let known = Known {
                    parent: given_to(execution, state),
                    ..self.known.clone()
                };
                let value = frames::encode(state, self.machine, &known).into();
                writes.push(Write::Put { key, value });
                stored.insert(frame);
            } else if stored.remove(&frame) {
                writes.push(Write::Delete { key });
            }
        }
        let key = self.frames().header();
        if !execution.is_closed() {
            writes.push(Write::Put {
                key,
                value: Header::of(execution).encode().into(),
            });
            *header_stored = true;
        } else if std::mem::take(header_stored) {
            writes.push(Write::Delete { key });
        }
    }

    /// Changed variables; those of a frame without a row have none either.
    fn variables(
        &self,
        execution: &mut Execution,
        stored: &BTreeSet<FrameId>,
        writes: &mut Vec<Write>,
    ) {
        for (frame, name) in execution.take_changed_variables() {
            let key = self.frames().variable(frame, &name);
            let scope = execution.frames.get(&frame).map(|frame| &frame.variables);
            if let Some(value) = scope.and_then(|variables| variables.get(&name)) {
                let value = frames::encode_variable(value).into();
                writes.push(Write::Put { key, value });
            } else if stored.contains(&frame) {
                writes.push(Write::Delete { key });
            }
        }
    }

    /// The record, and the lists that it is in; `before` is the status that it was listed with.
    pub(crate) fn record(
        &self,
        record: &ExecutionRecord,
        before: Option<Status>,
        writes: &mut Vec<Write>,
    ) {
        let key = record_key(self.namespace, self.id);
        writes.push(Write::Put {
            key,
            value: records::encode(record).into(),
        });
        lists::put(self.namespace, self.id, record, before, writes);
    }
}

impl StepWrites<'_> {
    /// The row by which the map run knows its child.
    pub(crate) fn child(&self, record: &ExecutionRecord, writes: &mut Vec<Write>) {
        if let Some(child) = &record.child {
            let row = ChildRow::Started {
                execution: self.id,
                status: record.status,
                items: child.items(),
            };
            writes.push(Write::Put {
                key: map_runs::child_key(self.namespace, child.run, child.index),
                value: row.encode().into(),
            });
        }
    }

    /// The map runs that a step begins or gives up.
    pub(crate) fn map_runs(
        &self,
        record: &ExecutionRecord,
        commands: &[Command],
        now: Timestamp,
        writes: &mut Vec<Write>,
    ) {
        let depth = 1 + record.child.as_ref().map_or(0, |child| child.depth);
        for command in commands {
            match command {
                Command::StartMapRun { run, request } => {
                    map_runs::begin(self.namespace, self.id, *run, depth, request, now, writes);
                }
                Command::AbortMapRun { uuid, .. } => {
                    let run = RunId::parse(uuid);
                    writes.extend(run.map(|run| map_runs::abort(self.namespace, run)));
                }
                _ => {}
            }
        }
    }
}

/// What the frame's parent gives its children.
fn given_to(execution: &Execution, frame: &Frame) -> Option<Document> {
    given_by(execution, frame.parent?.frame)
}

/// What a Parallel or Map gives its children: its effective input.
pub(crate) fn given_by(execution: &Execution, parent: FrameId) -> Option<Document> {
    match &execution.frames.get(&parent)?.phase {
        Phase::Children(children) => Some(children.effective.clone()),
        _ => None,
    }
}
