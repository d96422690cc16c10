//! Task: schedule a call, match its answer, and what its timers do.

use std::sync::Arc;

use asl::definition::{Resource, State, Target, Task};
use expr::json::{Document, Value};

use crate::command::{Command, TaskId, TaskOutcome, TaskRequest, TimerId};
use crate::event::{EventKind, Failure, TaskNames};
use crate::execution::{FrameId, Phase, TaskWait};
use crate::failure::Fault;
use crate::flow::{self, View};
use crate::probe::Stage;
use crate::state::numbers;
use crate::step::Run;

impl Run<'_> {
    pub(crate) fn task(&mut self, frame: FrameId, state: &State, task: &Task) -> Result<(), Fault> {
        let wait = self.prepare_task(frame, state, task)?;
        self.schedule_task(frame, &task.resource, wait);
        Ok(())
    }

    /// Everything that can fail before the call: input, parameters, credentials, times.
    fn prepare_task(
        &mut self,
        frame: FrameId,
        state: &State,
        task: &Task,
    ) -> Result<TaskWait, Fault> {
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let raw = &self.execution.frame(frame).input;
        let effective = flow::filter(&state.flow.input_path, raw, &context)?;
        let mut tools = self.tools();
        tools.reached(Stage::InputPath, &effective);
        let mut view = View::before(&effective, &context, &mut tools);
        let timeout = numbers::seconds("TimeoutSeconds", task.timeout.as_ref(), &mut view)?;
        let heartbeat = numbers::seconds("HeartbeatSeconds", task.heartbeat.as_ref(), &mut view)?;
        let parameters = state.flow.parameters.as_ref();
        let parameters = flow::payload_or_document(parameters, "Arguments", &mut view)?;
        view.tools.reached(Stage::Parameters, &parameters);
        let credentials = match &task.credentials {
            None => None,
            Some(credentials) => {
                let credentials = flow::payload(credentials, "Credentials", &mut view)?;
                credentials
                    .value()
                    .get("RoleArn")
                    .and_then(Value::as_str)
                    .map(Into::into)
            }
        };
        let input = known_parameters(&task.resource, parameters);
        if !input.fits(self.limits.payload_bytes) {
            return Err(Fault::data_limit(&state.name));
        }
        let due = |seconds: Option<u64>, run: &mut Self| {
            seconds.map(|s| {
                let due = run.clock.plus_seconds(s);
                run.set_timer(due)
            })
        };
        let (timeout_timer, heartbeat_timer) = (due(timeout, self), due(heartbeat, self));
        Ok(TaskWait {
            scheduled: 0,
            input,
            credentials,
            timeout_seconds: timeout,
            heartbeat_seconds: heartbeat,
            timeout: timeout_timer,
            heartbeat: heartbeat_timer,
        })
    }

    /// Scheduled and Started in one go, and the call itself once they are durable.
    fn schedule_task(&mut self, frame: FrameId, resource: &Resource, mut wait: TaskWait) {
        let region = self.execution.facts.region.clone();
        self.count_document(&wait.input);
        wait.scheduled = self.emit_on(frame, scheduled_event(resource, &wait, region));
        self.dispatch(frame, resource, wait);
    }

    fn dispatch(&mut self, frame: FrameId, resource: &Resource, wait: TaskWait) {
        self.emit_on(frame, started_event(resource));
        self.commands.push(Command::RunTask {
            task: TaskId {
                frame,
                scheduled: wait.scheduled,
            },
            request: TaskRequest {
                state: self.state_name(frame),
                resource: resource.clone(),
                input: wait.input.clone(),
                credentials: wait.credentials.clone(),
                timeout_seconds: wait.timeout_seconds,
            },
        });
        self.execution.frame_mut(frame).phase = Phase::Task(wait);
    }

    /// The process that made the call is gone: the same attempt, with another Started in its history and a full
    /// heartbeat interval.
    pub(crate) fn redispatch_task(&mut self, task: TaskId) {
        let Some((mut wait, resource)) = self.waiting_for(task) else {
            return;
        };
        if let (Some(old), Some(seconds)) = (wait.heartbeat, wait.heartbeat_seconds) {
            self.commands.push(Command::ClearTimer {
                timer: old.id,
                due: old.due,
            });
            wait.heartbeat = Some(self.set_timer(self.clock.plus_seconds(seconds)));
        }
        self.dispatch(task.frame, &resource, wait);
    }

    /// The wait of exactly this attempt; none when the answer is stale.
    fn waiting_for(&self, task: TaskId) -> Option<(TaskWait, Resource)> {
        let frame = self.execution.frames.get(&task.frame)?;
        let Phase::Task(wait) = &frame.phase else {
            return None;
        };
        (wait.scheduled == task.scheduled).then(|| (wait.clone(), self.resource(frame.state)))
    }

    fn state_name(&self, frame: FrameId) -> Arc<str> {
        let state = self.execution.frame(frame).state;
        self.machine.state(state).name.clone()
    }

    fn resource(&self, state: asl::definition::StateId) -> Resource {
        match &self.machine.state(state).kind {
            asl::definition::Kind::Task(task) => task.resource.clone(),
            _ => unreachable!("only a Task state waits for a task"),
        }
    }

    pub(crate) fn task_ended(&mut self, task: TaskId, outcome: TaskOutcome) {
        let Some((_, resource)) = self.waiting_for(task) else {
            return;
        };
        self.clear_timers(task.frame, None);
        match self.within_limit(&resource, outcome) {
            TaskOutcome::Succeeded(output) => {
                self.emit_on(task.frame, succeeded_event(&resource, output.clone()));
                self.complete(task.frame, &output);
            }
            // What Step Functions itself could not do ends the execution, without a word of the task ([rec]).
            TaskOutcome::Failed { error, cause } if error.as_deref() == Some("States.Runtime") => {
                let detail = cause.unwrap_or_default();
                self.fault(task.frame, Fault::Runtime(detail));
            }
            TaskOutcome::Failed { error, cause } => {
                let failure = Failure::of(error.map(Into::into), cause.map(Into::into));
                self.emit_on(task.frame, failed_event(&resource, failure.clone()));
                self.fail(task.frame, failure);
            }
        }
    }

    /// A result over the payload limit is a failure ([rec] states_errors).
    fn within_limit(&self, resource: &Resource, outcome: TaskOutcome) -> TaskOutcome {
        let TaskOutcome::Succeeded(output) = &outcome else {
            return outcome;
        };
        if output.fits(self.limits.payload_bytes) {
            return outcome;
        }
        let who = match &resource.target {
            Target::Service { resource_type, .. } => resource_type,
            _ => &resource.arn,
        };
        match Fault::data_limit(who) {
            Fault::Failure(failure) => TaskOutcome::Failed {
                error: failure.error.map(|e| e.to_string()),
                cause: failure.cause.map(|c| c.to_string()),
            },
            _ => outcome,
        }
    }

    /// TimeoutSeconds or HeartbeatSeconds passed: `States.Timeout` without a cause in both cases ([rec] timeouts); only
    /// a missed heartbeat is also taken by those who name `States.HeartbeatTimeout`.
    pub(crate) fn task_timed_out(&mut self, frame: FrameId, fired: TimerId) {
        let Phase::Task(wait) = &self.execution.frame(frame).phase else {
            return;
        };
        let task = TaskId {
            frame,
            scheduled: wait.scheduled,
        };
        let heartbeat = wait.heartbeat.is_some_and(|timer| timer.id == fired);
        let resource = self.resource(self.execution.frame(frame).state);
        self.clear_timers(frame, Some(fired));
        self.commands.push(Command::CancelTask(task));
        let failure = Failure::named("States.Timeout");
        self.emit_on(frame, timed_out_event(&resource, failure.clone()));
        self.fail_as(
            frame,
            failure,
            heartbeat.then_some("States.HeartbeatTimeout"),
        );
    }
}

/// A service keeps the parameters that it knows; the rest is dropped without a word ([rec] integrations.md section 2).
fn known_parameters(resource: &Resource, parameters: Document) -> Document {
    let Target::Service {
        resource_type,
        action,
        ..
    } = &resource.target
    else {
        return parameters;
    };
    let Some(action) = asl::services::action(resource_type, action) else {
        return parameters;
    };
    let Some(given) = parameters.value().as_object() else {
        return parameters;
    };
    if given.iter().all(|(name, _)| action.keeps(name)) {
        return parameters;
    }
    let kept = given.iter().filter(|(name, _)| action.keeps(name));
    Document::from_value(Value::object(
        kept.map(|(name, value)| (name.clone(), value.clone())),
    ))
}

fn names(resource: &Resource) -> Option<TaskNames> {
    match &resource.target {
        Target::Service {
            resource_type,
            resource,
            ..
        } => Some(TaskNames {
            resource_type: resource_type.clone(),
            resource: resource.clone(),
        }),
        Target::Function | Target::Activity => None,
    }
}

fn scheduled_event(resource: &Resource, wait: &TaskWait, region: std::sync::Arc<str>) -> EventKind {
    match names(resource) {
        Some(names) => EventKind::TaskScheduled {
            names,
            region,
            parameters: wait.input.clone(),
            timeout_seconds: wait.timeout_seconds,
            heartbeat_seconds: wait.heartbeat_seconds,
            credentials: wait.credentials.clone(),
        },
        None => EventKind::LambdaFunctionScheduled {
            resource: resource.arn.clone(),
            input: wait.input.clone(),
            timeout_seconds: wait.timeout_seconds,
            credentials: wait.credentials.clone(),
        },
    }
}

fn started_event(resource: &Resource) -> EventKind {
    names(resource).map_or(EventKind::LambdaFunctionStarted, EventKind::TaskStarted)
}

fn succeeded_event(resource: &Resource, output: Document) -> EventKind {
    match names(resource) {
        Some(names) => EventKind::TaskSucceeded { names, output },
        None => EventKind::LambdaFunctionSucceeded { output },
    }
}

fn failed_event(resource: &Resource, failure: Failure) -> EventKind {
    match names(resource) {
        Some(names) => EventKind::TaskFailed { names, failure },
        None => EventKind::LambdaFunctionFailed(failure),
    }
}

fn timed_out_event(resource: &Resource, failure: Failure) -> EventKind {
    match names(resource) {
        Some(names) => EventKind::TaskTimedOut { names, failure },
        None => EventKind::LambdaFunctionTimedOut(failure),
    }
}
