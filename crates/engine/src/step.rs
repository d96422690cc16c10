//! One step: an input goes in, frames take turns until all of them wait, events and commands come out.
//!
//! Runnable frames take turns in branch order, one transition each: the order that recorded Parallel histories show.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use asl::definition::Machine;
use expr::json::Document;
use expr::{Allowance, Entropy};

use crate::command::{Command, TaskId, TaskOutcome, TimerId};
use crate::event::{Event, EventKind, Failure};
use crate::execution::{Execution, Facts, Frame, FrameId, Outcome, Phase};
use crate::flow::Tools;
use crate::map_run::{MapRunId, MapRunOutcome};
use crate::probe::{Probe, Stage};
use crate::testing;
use crate::time::Timestamp;

/// The hard limits that workflows observe (spec quotas.md).
#[derive(Clone, Debug)]
pub struct Limits {
    /// Events in a history; the one with this id is the `ExecutionFailed`.
    pub history_events: u64,
    /// Bytes of a state's or task's input or output.
    pub payload_bytes: usize,
    /// Bytes of all variables of an execution.
    pub variable_bytes: usize,
    /// Bytes of all that an execution holds at a time: documents in its frames, and variables.
    pub held_bytes: usize,
    /// Iterations of an inline Map at a time.
    pub map_concurrency: u32,
    /// Seconds that an execution may stay open.
    pub execution_seconds: u64,
    /// Events that one step may make before it says `more`.
    pub step_events: usize,
    /// Bytes of new documents that one step may make before it says `more`: what a commit may hold is bounded.
    pub step_bytes: usize,
    /// Steps of JSONata and visits of JSONPath that one step may use before it says `more`.
    pub step_work: u64,
    /// Variables of an execution; each is a row, and what a commit may hold is bounded.
    pub variables: usize,
}

impl Limits {
    /// The same for an Express execution: five minutes, and a history that nobody keeps may be as long as it likes
    /// (spec quotas.md). Its steps are shorter: a loop without an end takes its turns among others for all of its time.
    pub fn express(self) -> Limits {
        Limits {
            history_events: u64::MAX,
            execution_seconds: self.execution_seconds.min(300),
            step_events: self.step_events / 8,
            step_bytes: self.step_bytes / 8,
            step_work: self.step_work / 8,
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            history_events: 25_000,
            payload_bytes: 262_144,
            variable_bytes: 10 * 1024 * 1024,
            held_bytes: 64 * 1024 * 1024,
            map_concurrency: 40,
            execution_seconds: 31_536_000,
            step_events: 2_000,
            step_bytes: 2 * 1024 * 1024,
            step_work: 1_000_000,
            variables: 10_000,
        }
    }
}

/// What a step works with besides the execution.
pub struct Machinery<'a> {
    /// The definition that the execution pinned.
    pub machine: &'a Machine,
    /// The limits in force.
    pub limits: &'a Limits,
    /// Randomness for intrinsics, JSONata and jitter.
    pub entropy: &'a mut dyn Entropy,
    /// What there is to know of the outside.
    pub surroundings: &'a dyn Surroundings,
}

/// What a step asks about the outside while it runs.
pub trait Surroundings {
    /// The token by which a task of this execution can be answered: always the same text for the same task.
    fn token(&self, task: TaskId) -> Arc<str>;

    /// Whether the activity exists.
    fn has_activity(&self, arn: &str) -> bool;

    /// Whether somebody answers the tasks of this state instead of what they call: a mock.
    fn is_mocked(&self, _facts: &Facts, _state: &str) -> bool {
        false
    }
}

/// An execution by itself: tokens that nobody can answer, and every activity exists.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Surroundings for Alone {
    fn token(&self, task: TaskId) -> Arc<str> {
        format!("task-{}-{}", task.frame.0, task.scheduled).into()
    }

    fn has_activity(&self, _arn: &str) -> bool {
        true
    }
}

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin. Only for a new execution.
    Start,
    /// Go on after a step that said `more`, or after a restart.
    Continue,
    /// A task ended.
    TaskEnded {
        /// Which attempt.
        task: TaskId,
        /// How.
        outcome: TaskOutcome,
    },
    /// Somebody who has the task's token says how it ended.
    TokenAnswered {
        /// Which attempt.
        task: TaskId,
        /// How: it succeeded or failed.
        outcome: TaskOutcome,
    },
    /// Somebody who has the task's token says that it is being worked on. No event comes of it, and no frame takes a turn.
    Heartbeat(TaskId),
    /// A worker takes a task that was offered.
    TaskTaken {
        /// Which attempt.
        task: TaskId,
        /// What the worker calls itself.
        worker: Option<Arc<str>>,
    },
    /// A map run ended.
    MapRunEnded {
        /// Which.
        run: MapRunId,
        /// How.
        outcome: MapRunOutcome,
    },
    /// A timer fired.
    TimerFired(TimerId),
    /// The process that ran this task is gone: call it again.
    Redispatch(TaskId),
    /// StopExecution.
    Stop(Failure),
    /// RedriveExecution. Only for an execution that was put together from its remains.
    Redrive {
        /// Which redrive it is, from 1.
        count: u32,
    },
}

/// What a step did.
#[derive(Debug, Default)]
pub struct Step {
    /// New events, ids ascending without a gap.
    pub events: Vec<Event>,
    /// To be carried out once the events are durable.
    pub commands: Vec<Command>,
    /// The budget was spent before all frames waited: step again with [`Input::Continue`].
    pub more: bool,
    /// Whether the task that an answer, a heartbeat or a worker named was there for it.
    pub accepted: bool,
}

/// Runs the execution until every frame waits for something outside, it ends, or the budget is spent.
///
/// An input that nobody waits for (a second answer, a cleared timer) does nothing. After the end nothing happens.
pub fn step(
    machinery: Machinery<'_>,
    execution: &mut Execution,
    input: Input,
    now: Timestamp,
) -> Step {
    step_watched(machinery, execution, input, now, None)
}

/// The same, for a probe to watch.
pub(crate) fn step_watched(
    machinery: Machinery<'_>,
    execution: &mut Execution,
    input: Input,
    now: Timestamp,
    probe: Option<&mut Probe>,
) -> Step {
    if execution.outcome.is_some() {
        return Step::default();
    }
    execution.now = execution.now.max(now);
    let mut run = Run {
        machine: machinery.machine,
        limits: machinery.limits,
        entropy: machinery.entropy,
        surroundings: machinery.surroundings,
        execution,
        clock: now,
        events: Vec::new(),
        commands: Vec::new(),
        bytes: 0,
        last_document: 0,
        queries: jsonata::Limits::default(),
        paths: Rc::default(),
        work: 0,
        probe,
        fallen: BTreeMap::new(),
        accepted: false,
    };
    // Nothing of a heartbeat is written: so nothing else may happen with it.
    let takes_turns = !matches!(input, Input::Redrive { .. } | Input::Heartbeat(_));
    run.accept(input);
    run.settle_turn();
    if takes_turns {
        run.take_turns();
    }
    run.check_held();
    run.clear_if_ended();
    let more = run.execution.has_ready();
    Step {
        events: run.events,
        commands: run.commands,
        more,
        accepted: run.accepted,
    }
}

/// A step under way.
pub(crate) struct Run<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) limits: &'a Limits,
    pub(crate) entropy: &'a mut dyn Entropy,
    pub(crate) surroundings: &'a dyn Surroundings,
    pub(crate) execution: &'a mut Execution,
    /// The time that the step was given. Timers count from it: should the clock have been set back, `execution.now`,
    /// which events carry, stands still until it has caught up.
    pub(crate) clock: Timestamp,
    pub(crate) events: Vec<Event>,
    pub(crate) commands: Vec<Command>,
    /// Bytes of the documents in `events`, each counted once while it is handed on.
    pub(crate) bytes: usize,
    /// The address of the document counted last.
    pub(crate) last_document: usize,
    /// What JSONata may still use in this turn.
    pub(crate) queries: jsonata::Limits,
    /// What JSONPath may still use in this turn.
    pub(crate) paths: Rc<Allowance>,
    /// What JSONata and JSONPath have used in the turns before, in their steps and visits.
    pub(crate) work: u64,
    /// Who watches.
    pub(crate) probe: Option<&'a mut Probe>,
    /// Frames that went with an error or a result of this turn: what a redrive needs of them, should the turn end the
    /// execution.
    pub(crate) fallen: BTreeMap<FrameId, Frame>,
    /// Whether the task that the input names was there for it.
    pub(crate) accepted: bool,
}

impl Run<'_> {
    fn accept(&mut self, input: Input) {
        match input {
            Input::Start => self.start(),
            Input::Continue => {}
            Input::TaskEnded { task, outcome } => self.task_ended(task, outcome),
            Input::TokenAnswered { task, outcome } => self.token_answered(task, outcome),
            Input::Heartbeat(task) => self.heartbeat(task),
            Input::TaskTaken { task, worker } => self.task_taken(task, worker),
            Input::MapRunEnded { run, outcome } => self.map_run_ended(run, outcome),
            Input::TimerFired(timer) => self.timer_fired(timer),
            Input::Redispatch(task) => self.redispatch_task(task),
            Input::Stop(failure) => self.end(Outcome::Aborted(failure), 0),
            Input::Redrive { count } => self.redrive(count),
        }
    }

    fn take_turns(&mut self) {
        while self.execution.outcome.is_none() && !self.is_spent() {
            let Some(frame) = self.execution.ready.pop_front() else {
                return;
            };
            if self.execution.frames.contains_key(&frame) {
                self.turn(frame);
                self.settle_turn();
            }
        }
    }

    /// What evaluations need besides data.
    pub(crate) fn tools(&mut self) -> Tools<'_> {
        Tools {
            entropy: self.entropy,
            now: self.execution.now,
            queries: &mut self.queries,
            probe: self.probe.as_deref_mut(),
        }
    }

    /// A stage of the data flow came to this.
    pub(crate) fn reached(&mut self, stage: Stage, document: &Document) {
        if let Some(probe) = &mut self.probe {
            probe.seen.record(stage, document);
        }
    }

    fn is_spent(&self) -> bool {
        self.events.len() >= self.limits.step_events
            || self.bytes >= self.limits.step_bytes
            || self.work >= self.limits.step_work
            || self.probe.is_some() && testing::is_over(self.execution)
    }

    /// A turn may use as much JSONata as an evaluation, and its allowance of JSONPath; what it used counts for the step.
    fn settle_turn(&mut self) {
        if self.execution.outcome.is_none() {
            self.fallen.clear();
        }
        let fresh = jsonata::Limits::default();
        let used = std::mem::replace(&mut self.queries, fresh.clone());
        self.work += fresh.steps.saturating_sub(used.steps);
        self.work += std::mem::take(&mut self.paths).spent();
    }

    fn turn(&mut self, frame: FrameId) {
        match self.execution.frame(frame).phase {
            Phase::Entering => self.enter(frame),
            Phase::Retrying => self.work(frame, None),
            Phase::Leaving { .. } => self.leave(frame),
            Phase::Children(_) => self.go_on_selecting(frame),
            _ => {}
        }
    }

    fn start(&mut self) {
        let facts = self.execution.facts.clone();
        self.emit(
            0,
            EventKind::ExecutionStarted {
                input: facts.input.clone(),
                role_arn: facts.role_arn.clone(),
            },
        );
        // One that runs again after a crash begins later than it was started.
        self.set_deadline(self.clock.max(facts.started));
        self.execution.add_frame(Frame {
            parent: None,
            state: self.machine.root.start_at,
            previous: 0,
            input: facts.input.clone(),
            entered: 0,
            entered_at: facts.started,
            attempts: Vec::new(),
            item: None,
            variables: Default::default(),
            phase: Phase::Entering,
        });
    }

    /// The machine's `TimeoutSeconds` from now on, within the time that an execution may be open, which counts from
    /// `since`.
    pub(crate) fn set_deadline(&mut self, since: Timestamp) {
        let longest = since.plus_seconds(self.limits.execution_seconds);
        let timeout = self.machine.timeout_seconds;
        let timeout = timeout.map(|seconds| self.clock.plus_seconds(seconds));
        let due = timeout.map_or(longest, |due| due.min(longest));
        self.execution.deadline = Some(self.set_timer(due));
    }

    fn timer_fired(&mut self, timer: TimerId) {
        if self
            .execution
            .deadline
            .is_some_and(|deadline| deadline.id == timer)
        {
            self.execution.deadline = None;
            return self.end(Outcome::TimedOut, 0);
        }
        let owner = self
            .execution
            .frames
            .iter()
            .find(|(_, f)| f.timers().any(|t| t.id == timer));
        let Some((&id, frame)) = owner else { return };
        match &frame.phase {
            Phase::Task(_) => self.task_timed_out(id, timer),
            Phase::Waiting { .. } => self.wait_over(id),
            Phase::Backoff { .. } => {
                self.execution.frame_mut(id).phase = Phase::Retrying;
                self.execution.ready.push_back(id);
            }
            _ => {}
        }
    }
}
