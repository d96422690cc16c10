//! Task: what it is called with, the call or the offer to workers, and its token. How it goes on is `task_progress`'.

use std::sync::Arc;

use asl::definition::{Kind, Pattern, Resource, State, StateId, Target, Task};
use expr::json::{Document, Value};

use super::task_events::{scheduled_event, started_event};
use crate::command::{Command, Offer, TaskId, TaskRequest};
use crate::execution::{Frame, FrameId, Phase, TaskStage, TaskWait};
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
        let stage = self.first_stage(state, &task.resource)?;
        let timeout_timer = timeout.map(|seconds| self.set_timer_in(seconds));
        // Of an activity it begins when a worker has it.
        let beats = heartbeat.filter(|_| !matches!(stage, TaskStage::Offered { .. }));
        let heartbeat_timer = beats.map(|seconds| self.set_timer_in(seconds));
        Ok(TaskWait {
            scheduled: 0,
            input,
            credentials,
            timeout_seconds: timeout,
            heartbeat_seconds: heartbeat,
            timeout: timeout_timer,
            heartbeat: heartbeat_timer,
            stage,
        })
    }

    fn first_stage(&self, state: &State, resource: &Resource) -> Result<TaskStage, Fault> {
        let facts = &self.execution.facts;
        let is_mocked = |activity: &Target| {
            *activity == Target::Activity && self.surroundings.is_mocked(facts, &state.name)
        };
        Ok(match &resource.target {
            // A test's answer is the end, whoever would give it.
            _ if self.given_outcome().is_some() => TaskStage::Called,
            // Workers have no part in it.
            target if is_mocked(target) => TaskStage::Called,
            Target::Activity if !self.surroundings.has_activity(&resource.arn) => {
                let detail = format!("The activity {} does not exist.", resource.arn);
                return Err(Fault::runtime(detail));
            }
            Target::Activity => TaskStage::Offered {
                since: self.execution.now,
            },
            Target::Function => TaskStage::Called,
            Target::Service { pattern, .. } => match pattern {
                Pattern::RequestResponse => TaskStage::Called,
                Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken => {
                    TaskStage::Submitting { answered: None }
                }
            },
        })
    }

    /// Scheduled and Started in one go, and the call itself once they are durable; or the offer to workers.
    fn schedule_task(&mut self, frame: FrameId, resource: &Resource, mut wait: TaskWait) {
        let region = self.execution.facts.region.clone();
        self.count_document(&wait.input);
        wait.scheduled = self.emit_on(frame, scheduled_event(resource, &wait, region));
        match &wait.stage {
            TaskStage::Offered { since } => {
                let offer = offer(frame, resource, &wait, *since);
                self.commands.push(Command::OfferTask(offer));
                self.execution.frame_mut(frame).phase = Phase::Task(wait);
            }
            _ => self.dispatch(frame, resource, wait),
        }
    }

    fn dispatch(&mut self, frame: FrameId, resource: &Resource, wait: TaskWait) {
        self.emit_on(frame, started_event(resource));
        self.run_task(frame, resource, &wait);
        self.execution.frame_mut(frame).phase = Phase::Task(wait);
    }

    pub(super) fn run_task(&mut self, frame: FrameId, resource: &Resource, wait: &TaskWait) {
        self.commands.push(Command::RunTask {
            task: TaskId {
                frame,
                scheduled: wait.scheduled,
            },
            request: self.request(self.execution.frame(frame).state, resource, wait),
        });
    }

    /// The process that made the call is gone: the same attempt, with another Started in its history and a full
    /// heartbeat interval. What was submitted is not submitted again.
    pub(crate) fn redispatch_task(&mut self, task: TaskId) {
        let Some((mut wait, resource)) = self.waiting_for(task) else {
            return;
        };
        match wait.stage {
            TaskStage::Called | TaskStage::Submitting { answered: None } => {
                if let (Some(old), Some(seconds)) = (wait.heartbeat, wait.heartbeat_seconds) {
                    self.commands.push(Command::ClearTimer {
                        timer: old.id,
                        due: old.due,
                    });
                    wait.heartbeat = Some(self.set_timer_in(seconds));
                }
                self.dispatch(task.frame, &resource, wait);
            }
            TaskStage::Submitting {
                answered: Some(outcome),
            } => self.finish_task(task.frame, &resource, *outcome),
            TaskStage::Job { .. } => self.run_task(task.frame, &resource, &wait),
            TaskStage::Callback | TaskStage::Offered { .. } | TaskStage::Taken => {}
        }
    }

    /// The wait of exactly this attempt; none when the answer is stale.
    pub(super) fn waiting_for(&self, task: TaskId) -> Option<(TaskWait, Resource)> {
        let frame = self.execution.frames.get(&task.frame)?;
        let Phase::Task(wait) = &frame.phase else {
            return None;
        };
        (wait.scheduled == task.scheduled).then(|| (wait.clone(), self.resource(frame.state)))
    }

    fn request(&self, state: StateId, resource: &Resource, wait: &TaskWait) -> TaskRequest {
        TaskRequest {
            state: self.machine.state(state).name.clone(),
            resource: resource.clone(),
            input: wait.input.clone(),
            credentials: wait.credentials.clone(),
            timeout_seconds: wait.timeout_seconds,
            submission: match &wait.stage {
                TaskStage::Job { submission } => Some(submission.clone()),
                _ => None,
            },
        }
    }

    pub(super) fn resource(&self, state: StateId) -> Resource {
        match &self.machine.state(state).kind {
            Kind::Task(task) => task.resource.clone(),
            _ => unreachable!("only a Task state waits for a task"),
        }
    }

    /// What the outside is told when a frame with a task in flight goes away.
    pub(crate) fn abandoned(&self, id: FrameId, frame: &Frame) -> Option<Command> {
        let Phase::Task(wait) = &frame.phase else {
            return None;
        };
        let resource = self.resource(frame.state);
        let task = TaskId {
            frame: id,
            scheduled: wait.scheduled,
        };
        match wait.stage {
            TaskStage::Called | TaskStage::Submitting { .. } => {
                Some(Command::CancelTask { task, job: None })
            }
            TaskStage::Job { .. } => Some(Command::CancelTask {
                task,
                job: Some(self.request(frame.state, &resource, wait)),
            }),
            TaskStage::Offered { since } => {
                Some(Command::WithdrawTask(offer(id, &resource, wait, since)))
            }
            TaskStage::Callback | TaskStage::Taken => None,
        }
    }

    /// `$$.Task.Token` of a frame in a state: only where somebody is to answer with it. While the parameters are
    /// evaluated the task is the one that its next event will name.
    pub(crate) fn token_of(&self, frame: FrameId, state: &State) -> Option<Arc<str>> {
        let Kind::Task(task) = &state.kind else {
            return None;
        };
        if !awaits_token(&task.resource) {
            return None;
        }
        let scheduled = match &self.execution.frame(frame).phase {
            Phase::Task(wait) => wait.scheduled,
            Phase::Entering | Phase::Retrying => self.execution.last_event + 1,
            _ => return None,
        };
        Some(self.surroundings.token(TaskId { frame, scheduled }))
    }
}

pub(super) fn awaits_token(resource: &Resource) -> bool {
    let awaits = |pattern| pattern == Pattern::WaitForTaskToken;
    matches!(&resource.target, Target::Service { pattern, .. } if awaits(*pattern))
}

pub(super) fn offer(
    frame: FrameId,
    resource: &Resource,
    wait: &TaskWait,
    since: crate::time::Timestamp,
) -> Offer {
    Offer {
        task: TaskId {
            frame,
            scheduled: wait.scheduled,
        },
        activity: resource.arn.clone(),
        since,
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
