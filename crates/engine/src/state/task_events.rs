//! The events of a task, by what it calls: a function, a service, an activity.

use std::sync::Arc;

use asl::definition::{Resource, Target};
use expr::json::Document;

use crate::event::{EventKind, Failure, TaskNames};
use crate::execution::TaskWait;

/// What an event names.
enum Named {
    Function,
    Activity,
    Service(TaskNames),
}

fn named(resource: &Resource) -> Named {
    match &resource.target {
        Target::Function => Named::Function,
        Target::Activity => Named::Activity,
        Target::Service {
            resource_type,
            resource,
            ..
        } => Named::Service(TaskNames {
            resource_type: resource_type.clone(),
            resource: resource.clone(),
        }),
    }
}

pub(super) fn scheduled_event(resource: &Resource, wait: &TaskWait, region: Arc<str>) -> EventKind {
    match named(resource) {
        Named::Service(names) => EventKind::TaskScheduled {
            names,
            region,
            parameters: wait.input.clone(),
            timeout_seconds: wait.timeout_seconds,
            heartbeat_seconds: wait.heartbeat_seconds,
            credentials: wait.credentials.clone(),
        },
        Named::Function => EventKind::LambdaFunctionScheduled {
            resource: resource.arn.clone(),
            input: wait.input.clone(),
            timeout_seconds: wait.timeout_seconds,
            credentials: wait.credentials.clone(),
        },
        Named::Activity => EventKind::ActivityScheduled {
            resource: resource.arn.clone(),
            input: wait.input.clone(),
            timeout_seconds: wait.timeout_seconds,
            heartbeat_seconds: wait.heartbeat_seconds,
        },
    }
}

/// Of a call; a worker's event says who it is.
pub(super) fn started_event(resource: &Resource) -> EventKind {
    match named(resource) {
        Named::Service(names) => EventKind::TaskStarted(names),
        Named::Function => EventKind::LambdaFunctionStarted,
        Named::Activity => EventKind::ActivityStarted { worker: None },
    }
}

/// Only services have tasks that are submitted; of anything else the call's answer is the end.
pub(super) fn submitted_event(resource: &Resource, output: Document) -> EventKind {
    match named(resource) {
        Named::Service(names) => EventKind::TaskSubmitted { names, output },
        Named::Function | Named::Activity => succeeded_event(resource, output),
    }
}

pub(super) fn submit_failed_event(resource: &Resource, failure: Failure) -> EventKind {
    match named(resource) {
        Named::Service(names) => EventKind::TaskSubmitFailed { names, failure },
        Named::Function | Named::Activity => failed_event(resource, failure),
    }
}

pub(super) fn succeeded_event(resource: &Resource, output: Document) -> EventKind {
    match named(resource) {
        Named::Service(names) => EventKind::TaskSucceeded { names, output },
        Named::Function => EventKind::LambdaFunctionSucceeded { output },
        Named::Activity => EventKind::ActivitySucceeded { output },
    }
}

pub(super) fn failed_event(resource: &Resource, failure: Failure) -> EventKind {
    match named(resource) {
        Named::Service(names) => EventKind::TaskFailed { names, failure },
        Named::Function => EventKind::LambdaFunctionFailed(failure),
        Named::Activity => EventKind::ActivityFailed(failure),
    }
}

pub(super) fn timed_out_event(resource: &Resource, failure: Failure) -> EventKind {
    match named(resource) {
        Named::Service(names) => EventKind::TaskTimedOut { names, failure },
        Named::Function => EventKind::LambdaFunctionTimedOut(failure),
        Named::Activity => EventKind::ActivityTimedOut(failure),
    }
}
