//! Drives one execution to its end, in memory: feeds the engine with timers, answers and the wish to stop.
//!
//! Architecture Invariant: every execution goes through [`engine::step`], here as on the server. Nothing is kept but what
//! the history and the open execution are, and the engine bounds both.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use asl::Machine;
use engine::event::Failure;
use engine::{
    Alone, Command, Event, Execution, Facts, Input, Limits, Machinery, MapRunId, MapRunOutcome,
    Outcome, Surroundings, TaskId, TaskOutcome, TaskRequest, TimerId, Timestamp, step,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::sleep;

use super::clock::RunClock;
use crate::entropy::SystemEntropy;

/// How long it sleeps at most, so that a wall clock that was set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How often whoever watches is told that time passes.
const TICK: Duration = Duration::from_millis(100);

/// Makes the calls that tasks ask for.
pub trait Caller {
    /// Begins a call and returns at once; the outcome is sent.
    fn call(&self, task: TaskId, request: TaskRequest, answer: Answer);

    /// Nobody waits for this call any more.
    fn cancel(&self, task: TaskId);
}

/// Takes the outcome of a call.
pub struct Answer {
    task: TaskId,
    answers: UnboundedSender<(TaskId, TaskOutcome)>,
}

impl Answer {
    /// Delivers the outcome; nobody minds when the execution has ended meanwhile.
    pub fn send(self, outcome: TaskOutcome) {
        let _ = self.answers.send((self.task, outcome));
    }
}

/// What there is around an execution that is run by itself: tokens that nobody can answer, and no activity.
struct ByItself;

impl Surroundings for ByItself {
    fn token(&self, task: TaskId) -> Arc<str> {
        Alone.token(task)
    }

    fn has_activity(&self, _arn: &str) -> bool {
        false
    }
}

/// Sees what happens.
pub trait Watcher {
    /// These events are new.
    fn events(&mut self, events: &[Event]);

    /// It is `now`.
    fn tick(&mut self, now: Timestamp);

    /// Whether it wants to know that time passes.
    fn wants_ticks(&self) -> bool;
}

/// What a run is made of.
pub struct Plan {
    /// The definition.
    pub machine: Machine,
    /// What never changes about the execution.
    pub facts: Facts,
    /// Whether time is skipped while nothing runs outside.
    pub skip: bool,
    /// The clock that `facts.started` was read from.
    pub clock: RunClock,
}

/// An execution that has ended.
pub struct Ended {
    /// Its history.
    pub events: Vec<Event>,
    /// How it ended.
    pub outcome: Outcome,
}

/// An execution under way.
struct Driver<'a> {
    machine: Machine,
    limits: Limits,
    entropy: SystemEntropy,
    execution: Execution,
    clock: RunClock,
    skip: bool,
    timers: BTreeSet<(Timestamp, TimerId)>,
    /// Map runs that were asked for.
    map_runs: Vec<MapRunId>,
    calls: BTreeSet<TaskId>,
    caller: &'a dyn Caller,
    answers: UnboundedReceiver<(TaskId, TaskOutcome)>,
    sender: UnboundedSender<(TaskId, TaskOutcome)>,
    stop: watch::Receiver<bool>,
    watcher: &'a mut dyn Watcher,
    events: Vec<Event>,
}

/// Runs to the end; when `stop` becomes true the execution is stopped as StopExecution does it.
pub async fn drive(
    plan: Plan,
    caller: &dyn Caller,
    stop: watch::Receiver<bool>,
    watcher: &mut dyn Watcher,
) -> Ended {
    let (sender, answers) = unbounded_channel();
    let mut driver = Driver {
        machine: plan.machine,
        limits: Limits::default(),
        entropy: SystemEntropy::new(),
        execution: Execution::new(Arc::new(plan.facts)),
        clock: plan.clock,
        skip: plan.skip,
        timers: BTreeSet::new(),
        map_runs: Vec::new(),
        calls: BTreeSet::new(),
        caller,
        answers,
        sender,
        stop,
        watcher,
        events: Vec::new(),
    };
    let mut input = Input::Start;
    loop {
        let more = driver.step(input);
        if let Some(outcome) = driver.execution.outcome.take() {
            return Ended {
                events: driver.events,
                outcome,
            };
        }
        input = match more && !*driver.stop.borrow() {
            true => Input::Continue,
            false => driver.next().await,
        };
    }
}

impl Driver<'_> {
    /// One step; whether its budget was spent before all was done.
    fn step(&mut self, input: Input) -> bool {
        let machinery = Machinery {
            machine: &self.machine,
            limits: &self.limits,
            entropy: &mut self.entropy,
            surroundings: &ByItself,
        };
        let step = step(machinery, &mut self.execution, input, self.clock.now());
        self.watcher.events(&step.events);
        self.events.extend(step.events);
        for command in step.commands {
            self.carry_out(command);
        }
        // Nobody writes checkpoints here.
        self.execution.take_changed();
        step.more
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::RunTask { task, request } => {
                let answer = Answer {
                    task,
                    answers: self.sender.clone(),
                };
                self.calls.insert(task);
                self.caller.call(task, request, answer);
            }
            Command::StartMapRun { run, .. } => self.map_runs.push(run),
            Command::AbortMapRun { .. } => {}
            Command::CancelTask { task, .. } => {
                self.calls.remove(&task);
                self.caller.cancel(task);
            }
            // There are no workers.
            Command::OfferTask(_) | Command::WithdrawTask(_) => {}
            Command::SetTimer { timer, due } => {
                self.timers.insert((due, timer));
            }
            Command::ClearTimer { timer, due } => {
                self.timers.remove(&(due, timer));
            }
        }
    }

    /// Waits for what comes next. The wish to stop goes before answers, and these before timers.
    async fn next(&mut self) -> Input {
        loop {
            if *self.stop.borrow() {
                return Input::Stop(Failure::default());
            }
            if let Some(run) = self.map_runs.pop() {
                return no_map_runs(run);
            }
            if let Ok(answer) = self.answers.try_recv() {
                return self.answered(answer);
            }
            if let Some(input) = self.due() {
                return input;
            }
            if let Some(answer) = self.sleep().await {
                return self.answered(answer);
            }
        }
    }

    fn answered(&mut self, (task, outcome): (TaskId, TaskOutcome)) -> Input {
        self.calls.remove(&task);
        Input::TaskEnded { task, outcome }
    }

    /// The next timer, if it is due, or can be made so because nothing but time is waited for.
    fn due(&mut self) -> Option<Input> {
        let (due, timer) = *self.timers.first()?;
        if self.skip && self.calls.is_empty() {
            self.clock.skip_to(due);
        }
        if due > self.clock.now() {
            return None;
        }
        self.timers.pop_first();
        Some(Input::TimerFired(timer))
    }

    /// Until something may have changed: an answer, or anything else.
    async fn sleep(&mut self) -> Option<(TaskId, TaskOutcome)> {
        self.watcher.tick(self.clock.now());
        let longest = match self.watcher.wants_ticks() {
            true => TICK,
            false => LONGEST_SLEEP,
        };
        let first = self.timers.first();
        let wait = first.map_or(longest, |(due, _)| self.clock.until(*due).min(longest));
        tokio::select! {
            biased;
            Ok(()) = self.stop.changed() => None,
            answer = self.answers.recv() => answer,
            () = sleep(wait) => None,
        }
    }
}

/// Children are executions of their own, and here there is only one.
fn no_map_runs(run: MapRunId) -> Input {
    let cause = "Distributed Maps are not run by this command: start the workflow on a server (stepwell serve).";
    let outcome = MapRunOutcome::Failed(Failure::new("States.Runtime", cause));
    Input::MapRunEnded { run, outcome }
}
