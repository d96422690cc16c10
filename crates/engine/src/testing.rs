//! A test of one state: the same step as an execution's, up to where the state is left, retried or has failed.
//!
//! Owns when a test is over and what came of it. Knows nothing of clocks, calls or the API: whoever drives it makes the
//! calls, waits for timers and feeds their ends back, as for an execution.

use std::sync::Arc;

use asl::Machine;
use asl::definition::StateId;
use expr::Entropy;
use expr::json::Document;

use crate::command::{Command, TaskId, TaskRequest, TimerId};
use crate::event::Failure;
use crate::execution::{Execution, Facts, FrameId, Outcome, Phase};
use crate::probe::{Given, Probe, Seen};
use crate::step::{Alone, Input, Limits, Machinery, step_watched};
use crate::time::Timestamp;
use crate::variables::{self, Variables};

/// The longest that a test may take, in seconds (spec quotas.md).
pub const MOST_SECONDS: u64 = 300;

/// A test under way.
pub struct StateTest {
    machine: Machine,
    limits: Limits,
    execution: Execution,
    probe: Probe,
    /// As they were given.
    variables: Variables,
}

/// What a test waits for.
#[derive(Clone, Debug, Default)]
pub struct Awaited {
    /// A call to make; its answer is [`Input::TaskEnded`].
    pub call: Option<(TaskId, TaskRequest)>,
    /// A time; when it has come, [`Input::TimerFired`].
    pub timer: Option<(Timestamp, TimerId)>,
    /// Nothing but its next turn: [`Input::Continue`], if no time has come.
    pub more: bool,
}

/// How a state came out of its test.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// `SUCCEEDED`
    Succeeded(Left),
    /// `CAUGHT_ERROR`
    Caught(Left, Failure),
    /// `RETRIABLE`
    Retriable(Failure),
    /// `FAILED`
    Failed(Failure),
}

/// How a state was left.
#[derive(Clone, Debug)]
pub struct Left {
    /// Its output.
    pub output: Document,
    /// The state it leads to.
    pub next: Option<Arc<str>>,
}

/// What a test found out.
#[derive(Clone, Debug)]
pub struct Report {
    /// How the state came out.
    pub verdict: Verdict,
    /// Its data flow.
    pub seen: Seen,
    /// The variables afterwards.
    pub variables: Variables,
}

impl StateTest {
    /// A test of a state of the machine.
    pub fn new(mut machine: Machine, state: StateId, facts: Facts, given: Given) -> StateTest {
        machine.root.start_at = state;
        machine.timeout_seconds = None;
        let limits = Limits {
            execution_seconds: MOST_SECONDS,
            // A step for each turn: variables are there before the state is entered.
            step_events: 1,
            ..Limits::default()
        };
        StateTest {
            machine,
            limits,
            execution: Execution::new(Arc::new(facts)),
            probe: Probe {
                given,
                ..Probe::default()
            },
            variables: Variables::new(),
        }
    }

    /// Begins. None: it is over.
    pub fn begin(
        &mut self,
        variables: Variables,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Option<Awaited> {
        let mut commands = Vec::new();
        self.step(Input::Start, now, entropy, &mut commands);
        self.variables = variables.clone();
        let frame = self.execution.frame_mut(FrameId::ROOT);
        frame.variables = Arc::new(variables);
        let (bytes, count) = variables::held(frame);
        self.execution.variable_bytes = bytes;
        self.execution.variable_count = count;
        self.resume(Input::Continue, now, entropy)
    }

    /// Goes on after what it waited for. None: it is over.
    pub fn resume(
        &mut self,
        input: Input,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Option<Awaited> {
        let mut commands = Vec::new();
        let mut more = self.step(input, now, entropy, &mut commands);
        loop {
            if is_over(&self.execution) {
                return None;
            }
            let mut call = commands.drain(..).find_map(|command| match command {
                Command::RunTask { task, request } => Some((task, request)),
                _ => None,
            });
            let next = match (&call, &self.probe.given.outcome) {
                (Some((task, _)), Some(outcome)) => Input::TaskEnded {
                    task: *task,
                    outcome: outcome.clone(),
                },
                _ => {
                    let timers = self.execution.timers();
                    return Some(Awaited {
                        call: call.take(),
                        timer: timers.map(|timer| (timer.due, timer.id)).min(),
                        more,
                    });
                }
            };
            more = self.step(next, now, entropy, &mut commands);
        }
    }

    fn step(
        &mut self,
        input: Input,
        now: Timestamp,
        entropy: &mut dyn Entropy,
        commands: &mut Vec<Command>,
    ) -> bool {
        let machinery = Machinery {
            machine: &self.machine,
            limits: &self.limits,
            entropy,
            surroundings: &Alone,
        };
        let execution = &mut self.execution;
        let step = step_watched(machinery, execution, input, now, Some(&mut self.probe));
        // Nobody keeps checkpoints of a test.
        self.execution.take_changed();
        self.execution.take_changed_variables();
        commands.extend(step.commands);
        step.more
    }

    /// What came of it. None while it is not over.
    pub fn report(mut self) -> Option<Report> {
        let seen = self.probe.seen;
        let failure = seen.failure.clone().unwrap_or_default();
        let ended = self.execution.outcome.take();
        if let Some(outcome) = ended {
            return Some(Report {
                verdict: Verdict::Failed(failure_of(outcome)),
                seen,
                variables: self.variables,
            });
        }
        let frame = self.execution.remove_frame(FrameId::ROOT)?;
        let mut variables = Arc::unwrap_or_clone(frame.variables);
        let verdict = match frame.phase {
            Phase::Backoff { .. } => Verdict::Retriable(failure),
            Phase::Leaving {
                output,
                assigned,
                next,
            } => {
                let assigned = assigned.iter().flat_map(|assigned| assigned.iter());
                variables.extend(assigned.cloned());
                let next = next.map(|next| self.machine.state(next).name.clone());
                let left = Left { output, next };
                match seen.caught {
                    Some(_) => Verdict::Caught(left, failure),
                    None => Verdict::Succeeded(left),
                }
            }
            _ => return None,
        };
        Some(Report {
            verdict,
            seen,
            variables,
        })
    }
}

/// Whether the state has been left, is to be tried again, or has failed: no further turn is taken.
pub(crate) fn is_over(execution: &Execution) -> bool {
    let root = execution.frames.get(&FrameId::ROOT);
    execution.is_closed()
        || root
            .is_some_and(|root| matches!(root.phase, Phase::Leaving { .. } | Phase::Backoff { .. }))
}

fn failure_of(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) | Outcome::Aborted(failure) => failure,
        Outcome::TimedOut => Failure::named("States.Timeout"),
        Outcome::Succeeded { .. } => Failure::default(),
    }
}
