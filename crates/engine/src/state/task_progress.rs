//! How a task goes on once it was scheduled: it is submitted, taken, answered, kept alive, done, or its time is over.
//!
//! Whatever nobody waits for is dropped: a second answer, a call that was given up, a worker that came too late.

use std::sync::Arc;

use asl::definition::{Resource, Target};
use expr::json::{Document, Value};

use super::task::{awaits_token, offer};
use super::task_events::{
    failed_event, submit_failed_event, submitted_event, succeeded_event, timed_out_event,
};
use crate::command::{Command, TaskId, TaskOutcome, TimerId};
use crate::event::{EventKind, Failure};
use crate::execution::{FrameId, Phase, TaskStage, TaskWait, Timer};
use crate::failure::Fault;
use crate::step::Run;

impl Run<'_> {
    /// A call says how it went.
    pub(crate) fn task_ended(&mut self, task: TaskId, outcome: TaskOutcome) {
        let Some((wait, resource)) = self.waiting_for(task) else {
            return;
        };
        let outcome = self.within_limit(&resource, outcome);
        match (wait.stage.clone(), outcome) {
            // What Step Functions itself could not do ends the execution, without a word of the task ([rec]).
            (TaskStage::Called | TaskStage::Job { .. }, TaskOutcome::Failed { error, cause })
            | (
                TaskStage::Submitting { answered: None },
                TaskOutcome::SubmitFailed { error, cause },
            ) if error.as_deref() == Some("States.Runtime") => {
                self.clear_timers(task.frame, None);
                self.fault(task.frame, Fault::Runtime(cause.unwrap_or_default()));
            }
            (
                TaskStage::Called | TaskStage::Job { .. },
                outcome @ (TaskOutcome::Succeeded(_) | TaskOutcome::Failed { .. }),
            ) => self.finish_task(task.frame, &resource, outcome),
            // Whoever answers the call knows the end already, a mock: history tells of both.
            (
                TaskStage::Submitting { answered: None },
                outcome @ (TaskOutcome::Succeeded(_) | TaskOutcome::Failed { .. }),
            ) => {
                let output = match &outcome {
                    TaskOutcome::Succeeded(output) => output.clone(),
                    _ => Document::from_value(Value::object([])),
                };
                self.emit_on(task.frame, submitted_event(&resource, output));
                self.finish_task(task.frame, &resource, outcome);
            }
            (TaskStage::Submitting { answered }, TaskOutcome::Submitted(output)) => {
                self.emit_on(task.frame, submitted_event(&resource, output.clone()));
                match answered {
                    Some(outcome) => self.finish_task(task.frame, &resource, *outcome),
                    None => self.submitted(task.frame, &resource, wait, output),
                }
            }
            // It was answered: so it is over, whatever became of the call.
            (
                TaskStage::Submitting {
                    answered: Some(outcome),
                },
                TaskOutcome::SubmitFailed { .. },
            ) => self.finish_task(task.frame, &resource, *outcome),
            (
                TaskStage::Submitting { answered: None },
                TaskOutcome::SubmitFailed { error, cause },
            ) => self.not_done(task.frame, &resource, error, cause, submit_failed_event),
            _ => {}
        }
    }

    fn submitted(
        &mut self,
        frame: FrameId,
        resource: &Resource,
        mut wait: TaskWait,
        output: Document,
    ) {
        if self.execution.is_closed() {
            return;
        }
        if awaits_token(resource) {
            wait.stage = TaskStage::Callback;
        } else {
            self.count_document(&output);
            wait.stage = TaskStage::Job { submission: output };
            self.run_task(frame, resource, &wait);
        }
        self.execution.frame_mut(frame).phase = Phase::Task(wait);
    }

    /// Somebody with the token says how it ended. Before the call has returned that is only noted: history tells of the
    /// call first.
    pub(crate) fn token_answered(&mut self, task: TaskId, outcome: TaskOutcome) {
        let Some((mut wait, resource)) = self.waiting_for(task) else {
            return;
        };
        match wait.stage {
            TaskStage::Submitting { answered: None } if awaits_token(&resource) => {
                self.accepted = true;
                if let TaskOutcome::Succeeded(output) = &outcome {
                    self.count_document(output);
                }
                wait.stage = TaskStage::Submitting {
                    answered: Some(Box::new(outcome)),
                };
                self.execution.frame_mut(task.frame).phase = Phase::Task(wait);
            }
            TaskStage::Callback | TaskStage::Taken => {
                self.accepted = true;
                let outcome = self.within_limit(&resource, outcome);
                self.finish_task(task.frame, &resource, outcome);
            }
            _ => {}
        }
    }

    /// The heartbeat's timer begins again. Nothing is written: see [`crate::Execution::move_timer`].
    pub(crate) fn heartbeat(&mut self, task: TaskId) {
        let Some((wait, resource)) = self.waiting_for(task) else {
            return;
        };
        let is_alive = match wait.stage {
            TaskStage::Submitting { answered: None } => awaits_token(&resource),
            TaskStage::Callback | TaskStage::Taken => true,
            _ => false,
        };
        self.accepted = is_alive;
        if let (true, Some(Timer { id, due }), Some(seconds)) =
            (is_alive, wait.heartbeat, wait.heartbeat_seconds)
        {
            let later = self.clock.plus_seconds(seconds);
            self.commands.push(Command::ClearTimer { timer: id, due });
            self.commands.push(Command::SetTimer {
                timer: id,
                due: later,
            });
            self.execution.move_timer(id, later);
        }
    }

    /// A worker takes the task; from now on its heart must beat.
    pub(crate) fn task_taken(&mut self, task: TaskId, worker: Option<Arc<str>>) {
        let Some((mut wait, resource)) = self.waiting_for(task) else {
            return;
        };
        let TaskStage::Offered { since } = wait.stage else {
            return;
        };
        let offer = offer(task.frame, &resource, &wait, since);
        self.emit_on(task.frame, EventKind::ActivityStarted { worker });
        if self.execution.is_closed() {
            return;
        }
        self.accepted = true;
        self.commands.push(Command::WithdrawTask(offer));
        wait.heartbeat = wait
            .heartbeat_seconds
            .map(|seconds| self.set_timer_in(seconds));
        wait.stage = TaskStage::Taken;
        self.execution.frame_mut(task.frame).phase = Phase::Task(wait);
    }

    pub(super) fn finish_task(
        &mut self,
        frame: FrameId,
        resource: &Resource,
        outcome: TaskOutcome,
    ) {
        match outcome {
            TaskOutcome::Succeeded(output) | TaskOutcome::Submitted(output) => {
                self.clear_timers(frame, None);
                self.emit_on(frame, succeeded_event(resource, output.clone()));
                self.complete(frame, &output);
            }
            TaskOutcome::Failed { error, cause } | TaskOutcome::SubmitFailed { error, cause } => {
                self.not_done(frame, resource, error, cause, failed_event);
            }
        }
    }

    /// The task failed, by the event that `event` makes.
    fn not_done(
        &mut self,
        frame: FrameId,
        resource: &Resource,
        error: Option<String>,
        cause: Option<String>,
        event: fn(&Resource, Failure) -> EventKind,
    ) {
        self.clear_timers(frame, None);
        let failure = Failure::of(error.map(Into::into), cause.map(Into::into));
        self.emit_on(frame, event(resource, failure.clone()));
        self.fail(frame, failure);
    }

    /// A result over the payload limit is a failure ([rec] states_errors).
    fn within_limit(&self, resource: &Resource, outcome: TaskOutcome) -> TaskOutcome {
        let (output, submits) = match &outcome {
            TaskOutcome::Succeeded(output) => (output, false),
            TaskOutcome::Submitted(output) => (output, true),
            _ => return outcome,
        };
        if output.fits(self.limits.payload_bytes) {
            return outcome;
        }
        let who = match &resource.target {
            Target::Service { resource_type, .. } => resource_type,
            _ => &resource.arn,
        };
        let Fault::Failure(failure) = Fault::data_limit(who) else {
            return outcome;
        };
        let error = failure.error.map(|e| e.to_string());
        let cause = failure.cause.map(|c| c.to_string());
        match submits {
            true => TaskOutcome::SubmitFailed { error, cause },
            false => TaskOutcome::Failed { error, cause },
        }
    }

    /// TimeoutSeconds or HeartbeatSeconds passed: `States.Timeout` without a cause in both cases ([rec] timeouts); only
    /// a missed heartbeat is also taken by those who name `States.HeartbeatTimeout`. One that was answered is not late.
    pub(crate) fn task_timed_out(&mut self, frame: FrameId, fired: TimerId) {
        let waits = self.execution.frame(frame);
        let Phase::Task(wait) = &waits.phase else {
            return;
        };
        let heartbeat = wait.heartbeat.is_some_and(|timer| timer.id == fired);
        let resource = self.resource(waits.state);
        let given_up = self.abandoned(frame, waits);
        if let TaskStage::Submitting {
            answered: Some(outcome),
        } = wait.stage.clone()
        {
            self.commands.extend(given_up);
            return self.finish_task(frame, &resource, *outcome);
        }
        self.clear_timers(frame, Some(fired));
        self.commands.extend(given_up);
        let failure = Failure::named("States.Timeout");
        self.emit_on(frame, timed_out_event(&resource, failure.clone()));
        self.fail_as(
            frame,
            failure,
            heartbeat.then_some("States.HeartbeatTimeout"),
        );
    }
}
