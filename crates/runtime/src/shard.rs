//! A shard: a synchronous state machine that owns a set of executions and their timers. Inputs go in, commits come
//! out; it never waits and never does I/O but read the store when an execution is resumed.
//!
//! Architecture Invariant: an execution belongs to one shard and is changed by nobody else, so it needs no lock. A
//! shard goes on while its commits are being made durable; whatever they cause outside waits in their effects.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use asl::definition::Machine;
use bytes::Bytes;
use engine::event::Failure;
use engine::{
    Command, Execution, Facts, FrameId, Input, Limits, Machinery, Step, TaskOutcome, TimerId,
    Timestamp,
};
use expr::Entropy;
use store::{Transaction, Write};

use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::ports::TaskKey;
use crate::record::ExecutionRecord;
use crate::rows::{StepWrites, name_key};

/// What a shard is asked to do.
pub enum Request {
    /// Begin an execution.
    Start(Box<StartRow>),
    /// A call ended.
    TaskEnded {
        /// Which.
        key: TaskKey,
        /// How.
        outcome: TaskOutcome,
    },
    /// StopExecution.
    Stop {
        /// Which.
        execution: ExecutionId,
        /// Error and cause as given.
        failure: Failure,
        /// Gets the time of the end; none if the execution is not open here.
        reply: Reply<Option<Timestamp>>,
    },
    /// The start of this execution was refused by the store: it never was.
    Forget(ExecutionId),
}

/// A caller's answer, given once the commit is durable, or why there is none.
pub type Reply<T> = Box<dyn FnOnce(Result<T, RuntimeError>) + Send>;

/// A new execution.
pub struct StartRow {
    /// Its internal id, drawn for this shard.
    pub id: ExecutionId,
    /// Account and region.
    pub namespace: Namespace,
    /// What never changes about it.
    pub facts: Arc<Facts>,
    /// The compiled definition.
    pub machine: Arc<Machine>,
    /// The revision's name.
    pub revision: Arc<str>,
    /// The trace header.
    pub trace_header: Option<Arc<str>>,
    /// Gets `true` when it is started, `false` when the name is taken.
    pub reply: Reply<bool>,
}

/// A transaction and what it causes once it is durable.
pub struct Commit {
    /// To be submitted in the order in which commits come out.
    pub transaction: Transaction,
    /// In order.
    pub effects: Vec<Effect>,
}

/// What a durable commit causes.
pub enum Effect {
    /// Make a call.
    Run {
        /// Its name.
        key: TaskKey,
        /// Account and region.
        namespace: Namespace,
        /// Who calls.
        facts: Arc<Facts>,
        /// What.
        request: engine::TaskRequest,
    },
    /// Forget a call.
    Cancel(TaskKey),
    /// Mark the start as durable and tell the starter; on a conflict, that the name is taken.
    Started(ExecutionId, Arc<AtomicBool>, Reply<bool>),
    /// Tell who stopped it.
    Stopped(Timestamp, Reply<Option<Timestamp>>),
}

/// An open execution.
struct Live {
    /// Where its name is kept.
    name_key: Bytes,
    /// Set once its start is durable. Until then every further commit depends on it.
    started: Arc<AtomicBool>,
    namespace: Namespace,
    record: ExecutionRecord,
    machine: Arc<Machine>,
    execution: Execution,
    stored_frames: BTreeSet<FrameId>,
    header_stored: bool,
}

/// See the module's documentation.
pub struct Shard {
    limits: Limits,
    entropy: Box<dyn Entropy + Send>,
    live: HashMap<ExecutionId, Live>,
    timers: BTreeSet<(Timestamp, ExecutionId, TimerId)>,
    /// Executions whose last step has spent its budget.
    again: VecDeque<ExecutionId>,
}

impl Shard {
    /// An empty shard.
    pub fn new(limits: Limits, entropy: Box<dyn Entropy + Send>) -> Shard {
        Shard {
            limits,
            entropy,
            live: HashMap::new(),
            timers: BTreeSet::new(),
            again: VecDeque::new(),
        }
    }

    /// How many executions are open here.
    pub fn open(&self) -> usize {
        self.live.len()
    }

    /// When the next timer fires.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(due, _, _)| *due)
    }

    /// Takes a request; what it causes is appended to `out`.
    pub fn accept(&mut self, request: Request, now: Timestamp, out: &mut Vec<Commit>) {
        match request {
            Request::Start(row) => self.start(*row, now, out),
            Request::TaskEnded { key, outcome } => self.drive(
                key.execution,
                Input::TaskEnded {
                    task: key.task,
                    outcome,
                },
                now,
                out,
            ),
            Request::Stop {
                execution,
                failure,
                reply,
            } => self.stop(execution, failure, reply, now, out),
            Request::Forget(id) => self.forget(id),
        }
    }

    /// Fires the next timer if it is due; whether there was one.
    pub fn fire_next(&mut self, now: Timestamp, out: &mut Vec<Commit>) -> bool {
        match self.timers.first().copied() {
            Some(timer @ (due, execution, id)) if due <= now => {
                self.timers.remove(&timer);
                self.drive(execution, Input::TimerFired(id), now, out);
                true
            }
            _ => false,
        }
    }

    /// Whether an execution has spent a step's budget and waits for its next step.
    pub fn has_more(&self) -> bool {
        !self.again.is_empty()
    }

    /// One more step for the execution that has waited longest for it.
    pub fn go_on(&mut self, now: Timestamp, out: &mut Vec<Commit>) {
        if let Some(id) = self.again.pop_front() {
            self.drive(id, Input::Continue, now, out);
        }
    }

    /// Takes over an execution that was open when the process ended: its timers are set again, those that are due
    /// fire, and every call that was in flight is made again, with another Started event for the same attempt.
    pub fn resume(&mut self, row: ResumeRow, now: Timestamp, out: &mut Vec<Commit>) {
        let ResumeRow {
            id,
            namespace,
            record,
            machine,
            execution,
        } = row;
        let stored_frames = execution.frames.keys().copied().collect();
        let execution = execution.resume();
        let timers: Vec<_> = execution.timers().collect();
        let live = Live {
            name_key: name_key(&namespace, &record.facts.machine_name, &record.facts.name),
            started: Arc::new(AtomicBool::new(true)),
            namespace,
            record,
            machine,
            execution,
            stored_frames,
            header_stored: true,
        };
        if live.execution.has_ready() {
            self.again.push_back(id);
        }
        self.live.insert(id, live);
        for timer in timers {
            match timer.due <= now {
                true => self.drive(id, Input::TimerFired(timer.id), now, out),
                false => drop(self.timers.insert((timer.due, id, timer.id))),
            }
        }
        let Some(live) = self.live.get(&id) else {
            return;
        };
        let tasks: Vec<_> = live.execution.tasks().map(|(task, _)| task).collect();
        for task in tasks {
            self.drive(id, Input::Redispatch(task), now, out);
        }
    }

    fn start(&mut self, row: StartRow, now: Timestamp, out: &mut Vec<Commit>) {
        let StartRow {
            id,
            namespace,
            facts,
            machine,
            revision,
            trace_header,
            reply,
        } = row;
        let name_key = name_key(&namespace, &facts.machine_name, &facts.name);
        let transaction = Transaction::new()
            .require_absent(name_key.clone())
            .put(name_key.clone(), id_bytes(id));
        let started = Arc::new(AtomicBool::new(false));
        let live = Live {
            name_key,
            started: started.clone(),
            namespace,
            execution: Execution::new(facts.clone()),
            record: ExecutionRecord::started(facts, revision, trace_header),
            machine,
            stored_frames: BTreeSet::new(),
            header_stored: false,
        };
        self.live.insert(id, live);
        let effects = vec![Effect::Started(id, started, reply)];
        self.step(
            id,
            Input::Start,
            now,
            Commit {
                transaction,
                effects,
            },
            out,
        );
    }

    fn stop(
        &mut self,
        id: ExecutionId,
        failure: Failure,
        reply: Reply<Option<Timestamp>>,
        now: Timestamp,
        out: &mut Vec<Commit>,
    ) {
        let Some(live) = self.live.get(&id) else {
            return reply(Ok(None));
        };
        let at = now.max(live.execution.now);
        let commit = Commit {
            transaction: live.transaction(id),
            effects: vec![Effect::Stopped(at, reply)],
        };
        self.step(id, Input::Stop(failure), now, commit, out);
    }

    fn forget(&mut self, id: ExecutionId) {
        if let Some(live) = self.live.remove(&id) {
            for timer in live.execution.timers() {
                self.timers.remove(&(timer.due, id, timer.id));
            }
        }
    }

    fn drive(&mut self, id: ExecutionId, input: Input, now: Timestamp, out: &mut Vec<Commit>) {
        let Some(live) = self.live.get(&id) else {
            return;
        };
        let commit = Commit {
            transaction: live.transaction(id),
            effects: Vec::new(),
        };
        self.step(id, input, now, commit, out);
    }

    /// One step and its commit. When its budget was spent, the execution takes its turn again after others.
    fn step(
        &mut self,
        id: ExecutionId,
        input: Input,
        now: Timestamp,
        mut commit: Commit,
        out: &mut Vec<Commit>,
    ) {
        let Some(live) = self.live.get_mut(&id) else {
            return;
        };
        let machinery = Machinery {
            machine: &live.machine,
            limits: &self.limits,
            entropy: &mut *self.entropy,
        };
        let step = engine::step(machinery, &mut live.execution, input, now);
        if step.more {
            self.again.push_back(id);
        }
        let stale =
            step.events.is_empty() && step.commands.is_empty() && !live.execution.has_changed();
        if stale && commit.effects.is_empty() {
            return;
        }
        live.write(id, &step, &mut commit.transaction.writes);
        let closed = live.execution.is_closed();
        self.command(id, step.commands, &mut commit.effects);
        if closed {
            self.live.remove(&id);
        }
        out.push(commit);
    }

    /// Timers take effect at once, calls when the commit is durable.
    fn command(&mut self, id: ExecutionId, commands: Vec<Command>, effects: &mut Vec<Effect>) {
        for command in commands {
            match command {
                Command::SetTimer { timer, due } => {
                    self.timers.insert((due, id, timer));
                }
                Command::ClearTimer { timer, due } => {
                    self.timers.remove(&(due, id, timer));
                }
                Command::RunTask { task, request } => {
                    let live = &self.live[&id];
                    effects.push(Effect::Run {
                        key: TaskKey {
                            execution: id,
                            task,
                        },
                        namespace: live.namespace.clone(),
                        facts: live.record.facts.clone(),
                        request,
                    });
                }
                Command::CancelTask(task) => effects.push(Effect::Cancel(TaskKey {
                    execution: id,
                    task,
                })),
            }
        }
    }
}

impl Live {
    /// An empty transaction of this execution: void if its start was refused.
    fn transaction(&self, id: ExecutionId) -> Transaction {
        match self.started.load(Ordering::Acquire) {
            true => Transaction::new(),
            false => Transaction::new().require_equals(self.name_key.clone(), id_bytes(id)),
        }
    }

    fn write(&mut self, id: ExecutionId, step: &Step, writes: &mut Vec<Write>) {
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

/// An execution read back from its rows.
pub struct ResumeRow {
    /// Its id.
    pub id: ExecutionId,
    /// Account and region.
    pub namespace: Namespace,
    /// Its record.
    pub record: ExecutionRecord,
    /// The definition it pinned.
    pub machine: Arc<Machine>,
    /// Its checkpoint.
    pub execution: Execution,
}
