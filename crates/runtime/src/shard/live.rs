//! An open execution in memory: its state between two steps, and which of its rows exist.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use asl::definition::Machine;
use bytes::Bytes;
use engine::{Execution, FrameId, Step};
use store::{Transaction, Write};

use super::{ResumeRow, StartRow};
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::record::ExecutionRecord;
use crate::rows::{StepWrites, name_key};

/// See the module's documentation.
pub(super) struct Live {
    /// Where its name is kept.
    name_key: Bytes,
    /// Set once its start is durable. Until then every further commit depends on it.
    pub(super) started: Arc<AtomicBool>,
    pub(super) namespace: Namespace,
    pub(super) record: ExecutionRecord,
    pub(super) machine: Arc<Machine>,
    pub(super) execution: Execution,
    stored_frames: BTreeSet<FrameId>,
    header_stored: bool,
    /// Every commit of this execution holds on to it until it is durable.
    hold: Arc<()>,
}

impl Live {
    /// One that begins.
    pub(super) fn started(row: &StartRow) -> Live {
        let facts = row.facts.clone();
        Live {
            name_key: name_key(&row.namespace, &facts.machine_name, &facts.name),
            started: Arc::new(AtomicBool::new(false)),
            namespace: row.namespace.clone(),
            execution: Execution::new(facts.clone()),
            record: ExecutionRecord::started(facts, row.revision.clone(), row.trace_header.clone()),
            machine: row.machine.clone(),
            stored_frames: BTreeSet::new(),
            header_stored: false,
            hold: Arc::new(()),
        }
    }

    /// One that was read back from its rows.
    pub(super) fn resumed(row: ResumeRow) -> Live {
        let facts = &row.record.facts;
        Live {
            name_key: name_key(&row.namespace, &facts.machine_name, &facts.name),
            started: Arc::new(AtomicBool::new(true)),
            namespace: row.namespace,
            record: row.record,
            machine: row.machine,
            stored_frames: row.execution.frames.keys().copied().collect(),
            execution: row.execution.resume(),
            header_stored: true,
            hold: Arc::new(()),
        }
    }

    /// The transaction that takes its name, for a start.
    pub(super) fn first_transaction(&self, id: ExecutionId) -> Transaction {
        Transaction::new()
            .require_absent(self.name_key.clone())
            .put(self.name_key.clone(), id_bytes(id))
    }

    /// An empty transaction of this execution: void if its start was refused.
    pub(super) fn transaction(&self, id: ExecutionId) -> Transaction {
        match self.started.load(Ordering::Acquire) {
            true => Transaction::new(),
            false => Transaction::new().require_equals(self.name_key.clone(), id_bytes(id)),
        }
    }

    /// What a commit of this execution keeps until it is durable.
    pub(super) fn hold(&self) -> Arc<()> {
        self.hold.clone()
    }

    /// Whether its rows say all there is to say: it waits, and nothing of it is on its way to the disk.
    pub(super) fn can_leave(&self) -> bool {
        Arc::strong_count(&self.hold) == 1
            && self.started.load(Ordering::Acquire)
            && !self.execution.has_ready()
    }

    /// What it keeps in memory, roughly, in bytes; documents that frames hold besides the input are not counted.
    pub(super) fn weight(&self) -> usize {
        const FIXED: usize = 2_048;
        const FRAME: usize = 512;
        let input = self.record.facts.input.text().len();
        FIXED + input + FRAME * self.execution.frames.len() + self.execution.variable_bytes()
    }

    /// The writes of a step.
    pub(super) fn write(&mut self, id: ExecutionId, step: &Step, writes: &mut Vec<Write>) {
        let begins = step.events.first().is_some_and(|event| event.id == 1);
        if let Some(outcome) = &self.execution.outcome {
            self.record.close(outcome, self.execution.now);
        }
        let known = self.record.known();
        let rows = StepWrites {
            namespace: &self.namespace,
            id,
            machine: &self.machine,
            known: &known,
        };
        rows.history(&step.events, writes);
        if begins || self.execution.is_closed() {
            rows.record(&self.record, writes);
        }
        rows.checkpoint(
            &mut self.execution,
            &mut self.stored_frames,
            &mut self.header_stored,
            writes,
        );
    }
}

fn id_bytes(id: ExecutionId) -> Vec<u8> {
    id.0.to_be_bytes().to_vec()
}
