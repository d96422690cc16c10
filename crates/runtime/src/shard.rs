//! A shard: a synchronous state machine that owns a set of executions and their timers. Inputs go in, commits come
//! out; it never waits and never does I/O but read the store when an execution is resumed.
//!
//! Architecture Invariant: an execution belongs to one shard and is changed by nobody else, so it needs no lock. A
//! shard goes on while its commits are being made durable; whatever they cause outside waits in their effects.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use asl::definition::Machine;
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
    /// Tell the starter; on a conflict, that the name is taken.
    Started(ExecutionId, Reply<bool>),
    /// Tell who stopped it.
    Stopped(Timestamp, Reply<Option<Timestamp>>),
}

/// An open execution.
struct Live {
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
    known_namespaces: BTreeSet<Namespace>,
}

impl Shard {
    /// An empty shard.
    pub fn new(limits: Limits, entropy: Box<dyn Entropy + Send>) -> Shard {
        Shard {
            limits,
            entropy,
            live: HashMap::new(),
            timers: BTreeSet::new(),
            known_namespaces: BTreeSet::new(),
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

    /// Fires the timers that are due, at most `most` of them.
    pub fn fire_due(&mut self, now: Timestamp, most: usize, out: &mut Vec<Commit>) {
        for _ in 0..most {
            match self.timers.first().copied() {
                Some(timer @ (due, execution, id)) if due <= now => {
                    self.timers.remove(&timer);
                    self.drive(execution, Input::TimerFired(id), now, out);
                }
                _ => return,
            }
        }
    }

    /// Takes over an execution that was open when the process ended: its timers are set again, and every call that
    /// was in flight is made again, with another Started event for the same attempt.
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
        for timer in execution.timers() {
            self.timers.insert((timer.due, id, timer.id));
        }
        let tasks: Vec<_> = execution.tasks().map(|(task, _)| task).collect();
        let more = execution.has_ready();
        let live = Live {
            namespace,
            record,
            machine,
            execution,
            stored_frames,
            header_stored: true,
        };
        self.live.insert(id, live);
        for task in tasks {
            self.drive(id, Input::Redispatch(task), now, out);
        }
        if more {
            self.drive(id, Input::Continue, now, out);
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
        let name = name_key(&namespace, &facts.machine_name, &facts.name);
        let mut transaction = Transaction::new()
            .require_absent(name.clone())
            .put(name, id.0.to_be_bytes().to_vec());
        if self.known_namespaces.insert(namespace.clone()) {
            transaction = transaction.put(namespace.registry_key(), Vec::new());
        }
        let live = Live {
            namespace,
            execution: Execution::new(facts.clone()),
            record: ExecutionRecord::started(facts, revision, trace_header),
            machine,
            stored_frames: BTreeSet::new(),
            header_stored: false,
        };
        self.live.insert(id, live);
        let started = Effect::Started(id, reply);
        self.drive_into(
            id,
            Input::Start,
            now,
            Commit {
                transaction,
                effects: vec![started],
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
        if !self.live.contains_key(&id) {
            return reply(Ok(None));
        }
        let commit = Commit {
            transaction: Transaction::new(),
            effects: vec![Effect::Stopped(now, reply)],
        };
        self.drive_into(id, Input::Stop(failure), now, commit, out);
    }

    fn forget(&mut self, id: ExecutionId) {
        if let Some(live) = self.live.remove(&id) {
            for timer in live.execution.timers() {
                self.timers.remove(&(timer.due, id, timer.id));
            }
        }
    }

    fn drive(&mut self, id: ExecutionId, input: Input, now: Timestamp, out: &mut Vec<Commit>) {
        self.drive_into(
            id,
            input,
            now,
            Commit {
                transaction: Transaction::new(),
                effects: Vec::new(),
            },
            out,
        );
    }

    /// Steps the execution, and again while its budget was spent: each step is a commit of its own.
    fn drive_into(
        &mut self,
        id: ExecutionId,
        input: Input,
        now: Timestamp,
        first: Commit,
        out: &mut Vec<Commit>,
    ) {
        let mut next = Some((input, first));
        while let Some((input, commit)) = next.take() {
            if self.step(id, input, now, commit, out) {
                next = Some((
                    Input::Continue,
                    Commit {
                        transaction: Transaction::new(),
                        effects: Vec::new(),
                    },
                ));
            }
        }
    }

    /// One step and its commit; whether there is more to do at once.
    fn step(
        &mut self,
        id: ExecutionId,
        input: Input,
        now: Timestamp,
        mut commit: Commit,
        out: &mut Vec<Commit>,
    ) -> bool {
        let Some(live) = self.live.get_mut(&id) else {
            return false;
        };
        let machinery = Machinery {
            machine: &live.machine,
            limits: &self.limits,
            entropy: &mut *self.entropy,
        };
        let step = engine::step(machinery, &mut live.execution, input, now);
        if step.events.is_empty()
            && commit.effects.is_empty()
            && commit.transaction.writes.is_empty()
        {
            // A stale input. Frames may still have moved: a timer that only made a frame ready is followed by events.
            return step.more;
        }
        live.write(id, &step, &mut commit.transaction.writes);
        let closed = live.execution.is_closed();
        self.command(id, step.commands, &mut commit.effects);
        if closed {
            self.live.remove(&id);
        }
        out.push(commit);
        step.more
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
