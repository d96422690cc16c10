//! An open execution in memory: its state between two steps, and which of its rows exist.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use asl::definition::Machine;
use bytes::Bytes;
use engine::{Event, EventKind, Execution, FrameId, Step};
use store::{Transaction, Write};

use super::promise::{Finished, Promise};
use super::{Effect, RedriveRow, Reply, ResumeRow, StartRow};
use crate::codec::documents::Known;
use crate::codec::records;
use crate::codec::remains::RemainsRow;
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::map_runs::{RunEffect, RunId};
use crate::ports::Heard;
use crate::record::{ExecutionRecord, Status};
use crate::redrives::Remains;
use crate::remains;
use crate::rows::{FrameRows, StepWrites, express_key, name_key};

/// See the module's documentation.
pub(super) struct Live {
    /// Set once its start, or its redrive, is durable. Until then every further commit depends on it.
    pub(super) started: Arc<AtomicBool>,
    pub(super) namespace: Namespace,
    pub(super) record: ExecutionRecord,
    pub(super) machine: Arc<Machine>,
    pub(super) execution: Execution,
    rows: Rows,
    /// Whether somebody listens.
    pub(super) is_heard: bool,
    /// The status that lists have of it.
    listed: Option<Status>,
    /// Every commit of this execution holds on to it until it is durable.
    hold: Arc<()>,
    /// The most that it has weighed.
    peak: usize,
}

/// What of it is made durable.
enum Rows {
    /// Every step.
    Steps {
        /// The row, and its value, by which its start or its redrive shows to have taken place.
        proof: (Bytes, Bytes),
        frames: BTreeSet<FrameId>,
        header: bool,
    },
    /// That it was started and has not ended.
    Start {
        key: Bytes,
        /// What stands there, until that is durable.
        row: Option<Bytes>,
    },
    /// Nothing: its end is told to who waits for it.
    None(Option<Reply<Finished>>),
}

impl Live {
    /// One that begins, and who is to hear that it is started.
    pub(super) fn started(row: StartRow) -> (Live, Option<Reply<bool>>) {
        let facts = row.facts;
        let record = ExecutionRecord {
            child: row.child,
            ..ExecutionRecord::started(facts.clone(), row.revision, row.trace_header)
        };
        let (rows, reply) = match row.promise {
            Promise::EveryStep(reply) => {
                let proof = name_row(&row.namespace, &record, row.id);
                (Rows::steps(proof), Some(reply))
            }
            Promise::AtLeastOnce(reply) => {
                let start = Rows::Start {
                    key: express_key(&row.namespace, row.id),
                    row: Some(records::encode(&record).into()),
                };
                (start, Some(reply))
            }
            Promise::AtMostOnce(caller) => (Rows::None(Some(caller)), None),
        };
        let mut execution = Execution::new(facts);
        execution.is_synchronous = matches!(rows, Rows::None(_));
        let live = Live {
            started: Arc::new(AtomicBool::new(execution.is_synchronous)),
            namespace: row.namespace,
            record,
            machine: row.machine,
            execution,
            rows,
            is_heard: false,
            listed: None,
            hold: Arc::new(()),
            peak: 0,
        };
        (live, reply)
    }

    /// One that was read back from its rows.
    pub(super) fn resumed(row: ResumeRow) -> Live {
        let rows = Rows::Steps {
            proof: name_row(&row.namespace, &row.record, row.id),
            frames: row.execution.frames.keys().copied().collect(),
            header: true,
        };
        Live::taken_over(row, rows)
    }

    /// One that is taken up again from its remains, and the transaction that claims them. `number` is drawn: no two
    /// redrives have the same.
    pub(super) fn redriven(row: RedriveRow, number: u64) -> (Live, Transaction) {
        let RedriveRow { row, read } = row;
        let claimed = Bytes::from(RemainsRow::Claimed(number).encode());
        let remains = FrameRows::remains(&row.namespace, row.id);
        let transaction = remains::claim(&remains, &row.execution, read, claimed.clone());
        let rows = Rows::steps((remains.header(), claimed));
        let live = Live {
            started: Arc::new(AtomicBool::new(false)),
            ..Live::taken_over(row, rows)
        };
        (live, transaction)
    }

    /// An Express execution that was started before the process was: it begins again.
    pub(super) fn begun_before(row: ResumeRow) -> Live {
        let key = express_key(&row.namespace, row.id);
        Live::taken_over(row, Rows::Start { key, row: None })
    }

    fn taken_over(row: ResumeRow, rows: Rows) -> Live {
        let listed = row.record.status;
        Live {
            started: Arc::new(AtomicBool::new(true)),
            namespace: row.namespace,
            record: row.record,
            machine: row.machine,
            execution: row.execution.resume(),
            rows,
            is_heard: false,
            listed: Some(listed),
            hold: Arc::new(()),
            peak: 0,
        }
    }

    /// The transaction that a start begins with: it takes its name, if it has one of its own, from nobody or from this
    /// one.
    pub(super) fn first_transaction(&self, from: Option<ExecutionId>) -> Transaction {
        match &self.rows {
            Rows::Steps {
                proof: (name, id), ..
            } => {
                let transaction = match from {
                    None => Transaction::new().require_absent(name.clone()),
                    Some(from) => Transaction::new().require_equals(name.clone(), id_bytes(from)),
                };
                transaction.put(name.clone(), id.clone())
            }
            Rows::Start { .. } | Rows::None(_) => Transaction::new(),
        }
    }

    /// An empty transaction of this execution: void if its start or redrive was refused.
    pub(super) fn transaction(&mut self) -> Transaction {
        let is_started = self.started.load(Ordering::Acquire);
        match &mut self.rows {
            Rows::Steps {
                proof: (key, value),
                ..
            } if !is_started => Transaction::new().require_equals(key.clone(), value.clone()),
            Rows::Start { key, row } if !is_started => match row {
                Some(row) => Transaction::new().require_equals(key.clone(), row.clone()),
                None => Transaction::new(),
            },
            Rows::Start { row, .. } => {
                *row = None;
                Transaction::new()
            }
            Rows::Steps { .. } | Rows::None(_) => Transaction::new(),
        }
    }

    /// Whether its steps leave no rows.
    pub(super) fn is_express(&self) -> bool {
        !matches!(self.rows, Rows::Steps { .. })
    }

    /// What a commit of this execution keeps until it is durable.
    pub(super) fn hold(&self) -> Arc<()> {
        self.hold.clone()
    }

    /// Whether nothing of it is on its way to the disk.
    pub(super) fn is_settled(&self) -> bool {
        Arc::strong_count(&self.hold) == 1
    }

    /// Whether its rows say all there is to say: it waits, and nothing of it is on its way to the disk.
    pub(super) fn can_leave(&self) -> bool {
        self.is_settled()
            && !self.is_express()
            && self.started.load(Ordering::Acquire)
            && !self.execution.has_ready()
    }

    /// What it keeps in memory, roughly, in bytes: a document is there as text and as a tree.
    pub(super) fn weight(&self) -> usize {
        const FIXED: usize = 2_048;
        const FRAME: usize = 512;
        let execution = &self.execution;
        let input = self.record.facts.input.text().len();
        let documents = input + execution.held_bytes() + execution.variable_bytes();
        FIXED + FRAME * execution.frames.len() + 2 * documents
    }

    /// What a durable commit of it says of one of its map runs.
    pub(super) fn map_run(&self, uuid: &str, effect: RunEffect) -> Option<Effect> {
        let run = RunId::parse(uuid)?;
        Some(Effect::MapRun(self.namespace.clone(), run, effect))
    }

    /// What its end says to the map run that it is a child of.
    pub(super) fn child_ended(&self) -> Option<Effect> {
        let child = self.record.child.as_ref()?;
        let effect = RunEffect::ChildEnded {
            index: child.index,
            status: self.record.status,
        };
        (self.record.status != Status::Running)
            .then(|| Effect::MapRun(self.namespace.clone(), child.run, effect))
    }

    /// The writes of a step.
    pub(super) fn write(&mut self, id: ExecutionId, step: &Step, writes: &mut Vec<Write>) {
        let begins = step.events.first().is_some_and(begins);
        if let Some(outcome) = &self.execution.outcome {
            self.record.close(outcome, self.execution.now);
        }
        let is_closed = self.execution.is_closed();
        match &mut self.rows {
            Rows::Steps { frames, header, .. } => {
                let known = self.record.known();
                let rows = StepWrites {
                    namespace: &self.namespace,
                    id,
                    machine: &self.machine,
                    known: &known,
                };
                rows.history(&step.events, writes);
                rows.checkpoint(&mut self.execution, frames, header, writes);
                if is_closed {
                    let remains =
                        keep_remains(&rows, &self.record, &self.execution, &known, writes);
                    self.record.redrives.remains = remains;
                }
                if begins || is_closed {
                    let before = self.listed.replace(self.record.status);
                    rows.record(&self.record, before, writes);
                    rows.child(&self.record, writes);
                }
                let now = self.execution.now;
                rows.map_runs(&self.record, &step.commands, now, writes);
            }
            Rows::Start { key, row } => {
                let key = key.clone();
                match (row, is_closed) {
                    (Some(row), false) if begins => writes.push(Write::Put {
                        key,
                        value: row.clone(),
                    }),
                    // It ended with its first step: there is nothing to run again, and never was.
                    (Some(_), true) if begins => {}
                    (_, true) => writes.push(Write::Delete { key }),
                    (_, false) => {}
                }
                self.passed(step);
            }
            Rows::None(_) => self.passed(step),
        }
    }

    /// A step of which nothing is kept.
    fn passed(&mut self, step: &Step) {
        self.execution.take_changed();
        self.execution.take_changed_variables();
        let documents = step.events.iter().filter_map(|event| event.kind.document());
        let made: usize = documents.map(|document| document.text().len()).sum();
        self.peak = self.peak.max(self.weight() + made);
    }

    /// What is told of a step, if somebody listens.
    pub(super) fn heard(&self, events: Vec<Event>) -> Option<Effect> {
        (self.is_heard && !events.is_empty()).then(|| {
            Effect::Heard(Heard {
                namespace: self.namespace.clone(),
                revision: self.record.revision.key.clone(),
                facts: self.record.facts.clone(),
                redrives: self.record.redrives.count,
                events,
            })
        })
    }

    /// What its caller hears, if it waits for an end that has come.
    pub(super) fn finished(&mut self) -> Option<Effect> {
        match &mut self.rows {
            Rows::None(caller) if self.execution.is_closed() => {
                let finished = Finished {
                    record: self.record.clone(),
                    memory_bytes: self.peak,
                };
                Some(Effect::Finished(finished, caller.take()?))
            }
            _ => None,
        }
    }
}

impl Rows {
    /// None of them is there yet.
    fn steps(proof: (Bytes, Bytes)) -> Rows {
        Rows::Steps {
            proof,
            frames: BTreeSet::new(),
            header: false,
        }
    }
}

/// Keeps what a redrive needs, if the execution ended without success; a claim of before goes in any case.
fn keep_remains(
    rows: &StepWrites<'_>,
    record: &ExecutionRecord,
    execution: &Execution,
    known: &Known,
    writes: &mut Vec<Write>,
) -> Option<Remains> {
    let remains = FrameRows::remains(rows.namespace, rows.id);
    if record.redrives.count > 0 {
        writes.push(Write::Delete {
            key: remains.header(),
        });
    }
    match record.status {
        Status::Running | Status::Succeeded => None,
        Status::Failed | Status::Aborted | Status::TimedOut => Some(remains::keep(
            &remains,
            rows.machine,
            known,
            execution,
            writes,
        )),
    }
}

/// Whether an execution begins with this event, or begins again.
fn begins(event: &Event) -> bool {
    event.id == 1 || matches!(event.kind, EventKind::ExecutionRedriven { .. })
}

/// The row that takes the execution's name.
fn name_row(namespace: &Namespace, record: &ExecutionRecord, id: ExecutionId) -> (Bytes, Bytes) {
    let facts = &record.facts;
    let key = name_key(namespace, &facts.machine_name, &facts.name);
    (key, id_bytes(id))
}

fn id_bytes(id: ExecutionId) -> Bytes {
    Bytes::copy_from_slice(&id.0.to_be_bytes())
}
