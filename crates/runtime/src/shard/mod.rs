//! A shard: a synchronous state machine that owns a set of executions and their timers. Inputs go in, commits come
//! out; it never waits and never does I/O but read the store when an execution that had left memory is named again.
//!
//! Architecture Invariant: an execution belongs to one shard and is changed by nobody else, so it needs no lock. A
//! shard goes on while its commits are being made durable; whatever they cause outside waits in their effects.

mod asks;
mod leaving;
mod live;
mod promise;
mod residents;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use asl::definition::Machine;
use bytes::Bytes;
use engine::event::Failure;
use engine::execution::Timer;
use engine::{
    Command, Execution, Facts, Input, Limits, Machinery, MapRunId, MapRunOutcome, TaskOutcome,
    TimerId, Timestamp,
};
use expr::Entropy;
use store::{Transaction, Write};

use self::asks::Asks;
use self::leaving::Leaving;
use self::live::Live;
pub use self::promise::{Finished, Promise};
use self::residents::Residents;
pub use self::residents::Room;
use crate::activities::{ActivityTask, Claim, Offered, Place};
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::map_runs::child::ChildOf;
use crate::map_runs::{RunEffect, RunId};
use crate::ports::{Heard, Job, Listener, TaskKey, TaskRunner};
use crate::record::{ExecutionRecord, PinnedRevision};
use crate::redrives::NotRedrivable;
use crate::tokens::{Around, TokenKey};

/// Reads an open execution back from its rows.
pub trait Loader: Send {
    /// The execution as its last durable commit left it; none if there are no rows of it.
    fn load(
        &self,
        namespace: &Namespace,
        id: ExecutionId,
    ) -> Result<Option<ResumeRow>, RuntimeError>;

    /// What the execution left for a redrive when it ended.
    fn load_remains(
        &self,
        namespace: &Namespace,
        id: ExecutionId,
    ) -> Result<LoadedRemains, RuntimeError>;
}

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
    /// Somebody who has a task's token says how it ended.
    Answered {
        /// Which.
        key: TaskKey,
        /// How.
        outcome: TaskOutcome,
        /// Gets whether the task was there for it.
        reply: Reply<bool>,
    },
    /// Somebody who has a task's token works on it.
    Heartbeat {
        /// Which.
        key: TaskKey,
        /// Gets whether the task was there for it.
        reply: Reply<bool>,
    },
    /// A worker takes a task.
    Take(Box<Claim>),
    /// A map run ended.
    MapRunEnded {
        /// Whose.
        execution: ExecutionId,
        /// Which.
        run: MapRunId,
        /// How.
        outcome: MapRunOutcome,
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
    /// RedriveExecution.
    Redrive {
        /// Which.
        execution: ExecutionId,
        /// Account and region.
        namespace: Namespace,
        /// The caller's name for it.
        token: Option<Arc<str>>,
        /// Gets the time of the redrive; none if there is nothing to redrive, or somebody else was first.
        reply: Reply<Option<Timestamp>>,
    },
    /// The start or redrive of this execution was refused by the store: it never was.
    Forget(ExecutionId, Life),
}

/// One start or redrive of an execution: the same pointer is the same life. Set once it is durable.
pub type Life = Arc<AtomicBool>;

/// A caller's answer, given once the commit is durable, or why there is none.
pub type Reply<T> = Box<dyn FnOnce(Result<T, RuntimeError>) + Send>;

/// A new execution.
pub struct StartRow {
    /// Its internal id, drawn for this shard.
    pub id: ExecutionId,
    /// The ended execution of an earlier machine that has its name.
    pub replaces: Option<ExecutionId>,
    /// Account and region.
    pub namespace: Namespace,
    /// What never changes about it.
    pub facts: Arc<Facts>,
    /// The compiled definition.
    pub machine: Arc<Machine>,
    /// The revision's name, and what led to it.
    pub revision: PinnedRevision,
    /// The trace header.
    pub trace_header: Option<Arc<str>>,
    /// Of which map run it is a child.
    pub child: Option<ChildOf>,
    /// What is kept of it, and what its caller hears.
    pub promise: Promise,
}

/// A transaction and what it causes once it is durable.
pub struct Commit {
    /// To be submitted in the order in which commits come out.
    pub transaction: Transaction,
    /// In order.
    pub effects: Vec<Effect>,
    /// Let go of once the commit is durable: until then the execution stays in memory.
    pub hold: Arc<()>,
    /// Nothing of it, nor of what came before, has to reach the disk: its effects are due at once.
    pub is_immediate: bool,
}

/// What a commit has before its step.
struct Draft {
    transaction: Transaction,
    effects: Vec<Effect>,
    asks: Option<Asks>,
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
    /// Stop a job.
    Stop(Box<Job>),
    /// Let workers take a task.
    Offer(Arc<str>, Offered),
    /// Workers cannot take it any more.
    Withdraw(Arc<str>, Place),
    /// Hand a task to its worker.
    Hand(Box<Claim>, ActivityTask),
    /// The task of a claim is over, or somebody else's.
    Missed(Box<Claim>),
    /// The worker of a claim is gone: give the task to the next one.
    Refused(Box<Claim>),
    /// Tell whether a task was there for an answer or a heartbeat.
    Accepted(bool, Reply<bool>),
    /// Tell those who wait for the end of an execution.
    Closed(ExecutionId),
    /// Tell whoever minds map runs.
    MapRun(Namespace, RunId, RunEffect),
    /// Mark the start as durable and tell the starter; on a conflict, that the name is taken.
    Started(ExecutionId, Life, Reply<bool>),
    /// Mark the redrive as durable and tell the caller; on a conflict, that somebody else was first.
    Redriven(ExecutionId, Life, Timestamp, Reply<Option<Timestamp>>),
    /// Tell who stopped it.
    Stopped(Timestamp, Reply<Option<Timestamp>>),
    /// Tell who waited for its end.
    Finished(Finished, Reply<Finished>),
    /// Tell who listens.
    Heard(Heard),
}

/// What a shard is told of the outside while it steps.
#[derive(Clone)]
pub struct Surroundings {
    /// Seals task tokens.
    pub tokens: TokenKey,
    /// Knows which activities there are.
    pub runner: Arc<dyn TaskRunner>,
    /// When this process took the executions over: whose heart beat before has a full interval from then on.
    pub opened: Timestamp,
    /// Who hears what executions do.
    pub listener: Option<Arc<dyn Listener>>,
}

/// See the module's documentation.
pub struct Shard {
    limits: Limits,
    express_limits: Limits,
    surroundings: Surroundings,
    entropy: Box<dyn Entropy + Send>,
    loader: Box<dyn Loader>,
    residents: Residents,
    /// Of all open executions, in memory or not.
    timers: BTreeSet<(Timestamp, ExecutionId, TimerId)>,
    /// When timers of heartbeats fire that were moved since their rows were written.
    moved: HashMap<(ExecutionId, TimerId), Timestamp>,
    /// Executions whose last step has spent its budget, each once.
    again: VecDeque<ExecutionId>,
    queued: HashSet<ExecutionId>,
    leaving: Leaving,
    failed: Option<RuntimeError>,
}

impl Shard {
    /// An empty shard.
    pub fn new(
        limits: Limits,
        room: Room,
        surroundings: Surroundings,
        entropy: Box<dyn Entropy + Send>,
        loader: Box<dyn Loader>,
    ) -> Shard {
        Shard {
            express_limits: express_limits(&limits, &room),
            limits,
            surroundings,
            entropy,
            loader,
            residents: Residents::new(room),
            timers: BTreeSet::new(),
            moved: HashMap::new(),
            again: VecDeque::new(),
            queued: HashSet::new(),
            leaving: Leaving::default(),
            failed: None,
        }
    }

    /// How many executions are open here.
    pub fn open(&self) -> usize {
        self.residents.open()
    }

    /// How many of them are Standard.
    pub fn open_standard(&self) -> usize {
        self.residents.open_standard()
    }

    /// How many of them are in memory.
    pub fn in_memory(&self) -> usize {
        self.residents.in_memory()
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
            Request::Redrive {
                execution,
                namespace,
                token,
                reply,
            } => self.redrive(execution, &namespace, token, reply, now, out),
            Request::MapRunEnded {
                execution,
                run,
                outcome,
            } => self.drive(execution, Input::MapRunEnded { run, outcome }, now, out),
            Request::Forget(id, life) => self.forget(id, &life),
            Request::Answered {
                key,
                outcome,
                reply,
            } => self.answered(key, outcome, reply, now, out),
            Request::Heartbeat { key, reply } => self.heartbeat(key, reply, now, out),
            Request::Take(claim) => self.take(claim, now, out),
        }
        // What was only looked at, by a heartbeat or an answer that came too late, has come into memory, too.
        self.residents.make_room();
    }

    /// Fires the next timer if it is due; whether there was one.
    pub fn fire_next(&mut self, now: Timestamp, out: &mut Vec<Commit>) -> bool {
        match self.timers.first().copied() {
            Some(timer @ (due, execution, id)) if due <= now => {
                self.timers.remove(&timer);
                self.moved.remove(&(execution, id));
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
            self.queued.remove(&id);
            self.drive(id, Input::Continue, now, out);
        }
    }

    /// Takes over an execution that was open when the process ended, as rows: only its timers come into memory.
    pub fn adopt(&mut self, id: ExecutionId, namespace: &Namespace, timers: &[Timer]) {
        self.residents.adopt(id, namespace);
        let timers = timers.iter().map(|timer| (timer.due, id, timer.id));
        self.timers.extend(timers);
    }

    /// Takes over an Express execution that was open when the process ended, however many there are: it begins again
    /// when it is woken.
    pub fn adopt_express(&mut self, row: ResumeRow) {
        let id = row.id;
        self.keep(id, Live::begun_before(row));
        self.residents.sleep(id);
    }

    /// Whether there is room for what an adopted execution will do.
    pub fn may_wake(&self, id: ExecutionId) -> bool {
        self.residents.may_wake(id)
    }

    /// Takes up what an adopted execution was doing: timers that are due fire, every call that was in flight is made
    /// again, with another Started event for the same attempt, and what waited for its turn goes on. An Express
    /// execution begins.
    pub fn wake(&mut self, id: ExecutionId, now: Timestamp, out: &mut Vec<Commit>) {
        self.residents.woken(id);
        if !self.bring(id) {
            return;
        }
        let Some(live) = self.residents.get(id) else {
            return;
        };
        if live.execution.last_event == 0 {
            return self.drive(id, Input::Start, now, out);
        }
        let is_ready = live.execution.has_ready();
        // Those of before: what a timer starts now is called by its own step.
        let tasks: Vec<_> = live.execution.tasks().map(|(task, _)| task).collect();
        let mut due: Vec<_> = live.execution.timers().filter(|t| t.due <= now).collect();
        due.sort_by_key(|timer| (timer.due, timer.id));
        self.await_map_runs(id, out);
        if is_ready {
            self.take_turn_later(id);
        }
        for timer in due {
            self.timers.remove(&(timer.due, id, timer.id));
            self.drive(id, Input::TimerFired(timer.id), now, out);
        }
        for task in tasks {
            self.drive(id, Input::Redispatch(task), now, out);
        }
    }

    /// Asks for the ends of map runs: one may have ended without its execution having been told.
    fn await_map_runs(&self, id: ExecutionId, out: &mut Vec<Commit>) {
        let Some(live) = self.residents.get(id) else {
            return;
        };
        let effects: Vec<Effect> = live
            .execution
            .map_runs()
            .filter_map(|(_, wait)| live.map_run(&wait.uuid, RunEffect::Await))
            .collect();
        if !effects.is_empty() {
            out.push(Commit {
                transaction: Transaction::new(),
                effects,
                is_immediate: false,
                hold: live.hold(),
            });
        }
    }

    /// It takes its turn after those that wait for theirs already.
    fn take_turn_later(&mut self, id: ExecutionId) {
        if self.queued.insert(id) {
            self.again.push_back(id);
        }
    }

    /// Why the shard cannot go on, once the store could not be read: whatever it was asked since is lost to it.
    pub fn failed(&self) -> Option<&RuntimeError> {
        self.failed.as_ref()
    }

    /// Has the execution in memory; false if it is not open here, or its rows cannot be understood: then they stay as
    /// they are. A store that cannot be read is the end of the shard: the input must not be dropped.
    fn bring(&mut self, id: ExecutionId) -> bool {
        if self.residents.get(id).is_some() {
            return true;
        }
        let Some(namespace) = self.residents.rows_of(id) else {
            return false;
        };
        match self.loader.load(namespace, id) {
            Ok(Some(row)) => {
                let mut live = Live::resumed(row);
                self.move_timers(id, &mut live.execution);
                self.keep(id, live);
                true
            }
            Ok(None) => {
                tracing::error!(
                    execution = format!("{:032x}", id.0),
                    "an open execution has no rows"
                );
                false
            }
            Err(error @ RuntimeError::Unreadable { .. }) => {
                tracing::error!(execution = format!("{:032x}", id.0), %error, "an open execution cannot be read");
                false
            }
            Err(error) => {
                self.failed.get_or_insert(error);
                false
            }
        }
    }

    /// Has it in memory from now on.
    fn keep(&mut self, id: ExecutionId, mut live: Live) {
        let listener = self.surroundings.listener.as_ref();
        live.is_heard = listener
            .is_some_and(|listener| listener.listens(&live.namespace, &live.record.revision.key));
        self.residents.insert(id, live);
    }

    fn start(&mut self, row: StartRow, now: Timestamp, out: &mut Vec<Commit>) {
        let id = row.id;
        if row.promise.is_express() && self.residents.is_full_of_express() {
            return row.promise.refuse(RuntimeError::Overloaded);
        }
        let from = row.replaces;
        let (live, reply) = Live::started(row);
        let transaction = live.first_transaction(from);
        let started = |reply| Effect::Started(id, live.started.clone(), reply);
        let effects = reply.map(started).into_iter().collect();
        self.keep(id, live);
        let draft = Draft {
            transaction,
            effects,
            asks: None,
        };
        self.step(id, Input::Start, now, draft, out);
    }

    fn stop(
        &mut self,
        id: ExecutionId,
        failure: Failure,
        reply: Reply<Option<Timestamp>>,
        now: Timestamp,
        out: &mut Vec<Commit>,
    ) {
        if !self.bring(id) {
            let unreadable = self.residents.rows_of(id).is_some();
            return reply(match unreadable || self.failed.is_some() {
                true => Err(self.unreadable()),
                false => Ok(None),
            });
        }
        let Some(live) = self.residents.get_mut(id) else {
            return reply(Ok(None));
        };
        let at = now.max(live.execution.now);
        let transaction = live.transaction();
        let effects = vec![Effect::Stopped(at, reply)];
        let draft = Draft {
            transaction,
            effects,
            asks: None,
        };
        self.step(id, Input::Stop(failure), now, draft, out);
    }

    /// Why an execution that is open here is not to be had.
    fn unreadable(&self) -> RuntimeError {
        self.failed.clone().unwrap_or(RuntimeError::Unreadable {
            what: "checkpoint",
            reason: "the execution's rows cannot be understood".to_owned(),
        })
    }

    fn redrive(
        &mut self,
        id: ExecutionId,
        namespace: &Namespace,
        token: Option<Arc<str>>,
        reply: Reply<Option<Timestamp>>,
        now: Timestamp,
        out: &mut Vec<Commit>,
    ) {
        let is_open = self.residents.get(id).is_some() || self.residents.rows_of(id).is_some();
        if is_open || self.leaving.has(id) {
            return reply(Ok(None));
        }
        let row = match self.loader.load_remains(namespace, id) {
            Ok(LoadedRemains::Kept(row)) => row,
            Ok(LoadedRemains::NotYet) => return reply(Ok(None)),
            Ok(LoadedRemains::Gone) => {
                return reply(Err(RuntimeError::NotRedrivable(NotRedrivable::Period)));
            }
            Err(error) => return reply(Err(error)),
        };
        let (mut live, transaction) = Live::redriven(*row, self.entropy.next_u64());
        let at = now.max(live.execution.now);
        live.record.reopen(at, token);
        let count = live.record.redrives.count;
        let effects = vec![Effect::Redriven(id, live.started.clone(), at, reply)];
        self.keep(id, live);
        let draft = Draft {
            transaction,
            effects,
            asks: None,
        };
        self.step(id, Input::Redrive { count }, now, draft, out);
    }

    /// A life that has ended by itself, and perhaps been followed by another one, is forgotten already.
    fn forget(&mut self, id: ExecutionId, life: &Life) {
        let is_this = |live: &Live| Arc::ptr_eq(&live.started, life);
        if !self.residents.get(id).is_some_and(is_this) {
            return;
        }
        if let Some(live) = self.residents.remove(id) {
            for timer in live.execution.timers() {
                self.timers.remove(&(timer.due, id, timer.id));
                self.moved.remove(&(id, timer.id));
            }
        }
    }

    fn drive(&mut self, id: ExecutionId, input: Input, now: Timestamp, out: &mut Vec<Commit>) {
        self.bring(id);
        let Some(live) = self.residents.get_mut(id) else {
            return;
        };
        let draft = Draft {
            transaction: live.transaction(),
            effects: Vec::new(),
            asks: None,
        };
        self.step(id, input, now, draft, out);
    }

    /// One step and its commit. Who `asks` is told what became of it. When its budget was spent, the execution takes its turn again after others.
    fn step(
        &mut self,
        id: ExecutionId,
        input: Input,
        now: Timestamp,
        draft: Draft,
        out: &mut Vec<Commit>,
    ) {
        let Draft {
            mut transaction,
            mut effects,
            asks,
        } = draft;
        let may_hold = self.residents.express_may_hold(id);
        let Some(live) = self.residents.get_mut(id) else {
            return;
        };
        let is_express = live.is_express();
        let limits = match is_express {
            true => &Limits {
                held_bytes: self.express_limits.held_bytes.min(may_hold),
                ..self.express_limits.clone()
            },
            false => &self.limits,
        };
        // What a start that is not durable causes must wait for it; one that ends with its first step waits for nothing.
        let has_begun = live.started.load(Ordering::Acquire) || live.execution.last_event == 0;
        let may_be_immediate = is_express && live.is_settled() && has_begun;
        let around = Around {
            namespace: &live.namespace,
            execution: id,
            tokens: &self.surroundings.tokens,
            runner: &*self.surroundings.runner,
        };
        let machinery = Machinery {
            machine: &live.machine,
            limits,
            entropy: &mut *self.entropy,
            surroundings: &around,
        };
        let step = engine::step(machinery, &mut live.execution, input, now);
        let stale =
            step.events.is_empty() && step.commands.is_empty() && !live.execution.has_changed();
        if let Some(asks) = asks {
            let tokens = &self.surroundings.tokens;
            effects.push(asks.told(step.accepted, live, tokens));
        }
        if stale && effects.is_empty() {
            return;
        }
        if !stale {
            live.write(id, &step, &mut transaction.writes);
        }
        let (closed, hold, finished) = (live.execution.is_closed(), live.hold(), live.finished());
        effects.extend(live.child_ended());
        effects.extend(live.heard(step.events));
        self.command(id, step.commands, &mut transaction.writes, &mut effects);
        effects.extend(finished);
        match closed {
            true => {
                effects.push(Effect::Closed(id));
                if !is_express {
                    self.leaving.add(id, &hold);
                }
                drop(self.residents.remove(id));
            }
            false => self.residents.touch(id),
        }
        if step.more {
            self.take_turn_later(id);
        }
        let is_immediate = may_be_immediate && transaction.writes.is_empty();
        out.push(Commit {
            transaction,
            effects,
            hold,
            is_immediate,
        });
        self.residents.make_room();
    }

    fn map_run_effect(&self, id: ExecutionId, uuid: &str, effect: RunEffect) -> Option<Effect> {
        self.residents.get(id)?.map_run(uuid, effect)
    }

    /// Timers take effect at once, calls and offers when the commit is durable.
    fn command(
        &mut self,
        id: ExecutionId,
        commands: Vec<Command>,
        writes: &mut Vec<Write>,
        effects: &mut Vec<Effect>,
    ) {
        for command in commands {
            match command {
                Command::SetTimer { timer, due } => {
                    self.timers.insert((due, id, timer));
                }
                Command::ClearTimer { timer, due } => {
                    self.timers.remove(&(due, id, timer));
                    self.moved.remove(&(id, timer));
                }
                Command::OfferTask(offer) => self.offer(id, offer, writes, effects),
                Command::WithdrawTask(offer) => self.withdraw(id, offer, writes, effects),
                Command::RunTask { task, request } => {
                    let Some(live) = self.residents.get(id) else {
                        continue;
                    };
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
                Command::CancelTask { task, job } => {
                    let key = TaskKey {
                        execution: id,
                        task,
                    };
                    effects.push(Effect::Cancel(key));
                    if let (Some(request), Some(live)) = (job, self.residents.get(id)) {
                        effects.push(Effect::Stop(Box::new(Job {
                            key,
                            namespace: live.namespace.clone(),
                            facts: live.record.facts.clone(),
                            request,
                        })));
                    }
                }
                Command::StartMapRun { request, .. } => {
                    effects.extend(self.map_run_effect(id, &request.uuid, RunEffect::Begin));
                }
                Command::AbortMapRun { uuid, .. } => {
                    effects.extend(self.map_run_effect(id, &uuid, RunEffect::Abort));
                }
            }
        }
    }
}

/// One Express execution takes at most a part of the room of all.
fn express_limits(limits: &Limits, room: &Room) -> Limits {
    Limits {
        held_bytes: limits.held_bytes.min(room.express_bytes / 4),
        ..limits.clone().express()
    }
}

/// What was found of an execution that may be redriven.
pub enum LoadedRemains {
    /// What it left.
    Kept(Box<RedriveRow>),
    /// Somebody else has claimed it, or its end cannot be seen yet.
    NotYet,
    /// It has ended and left something, which is not there any more.
    Gone,
}

/// An execution put together from what it left for a redrive.
pub struct RedriveRow {
    /// It, as it ended.
    pub row: ResumeRow,
    /// The first row of its remains, as it was read.
    pub read: Bytes,
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
