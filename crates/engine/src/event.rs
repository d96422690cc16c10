//! The events of a history: a closed set, with exactly the details that the service shows (spec history.md).
//!
//! Owns the shapes; how they are written to disk (`runtime`) or to a client (`server`) is decided elsewhere.

use std::sync::Arc;

use expr::json::Document;

use crate::time::Timestamp;
use crate::variables::Assignments;

/// 1-based and free of gaps within an execution. 0 stands for "none" in `previous`.
pub type EventId = u64;

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// The event before it on the same path, 0 for none.
    pub previous: EventId,
    /// When the step ran that made it.
    pub timestamp: Timestamp,
    /// What happened.
    pub kind: EventKind,
}

/// The state types as they appear in event names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateType {
    /// `Pass`
    Pass,
    /// `Task`
    Task,
    /// `Choice`
    Choice,
    /// `Wait`
    Wait,
    /// `Succeed`
    Succeed,
    /// `Fail`; has no Exited event.
    Fail,
    /// `Parallel`
    Parallel,
    /// `Map`
    Map,
}

/// A task's two names in history: `lambda` and `invoke`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskNames {
    /// `resourceType`
    pub resource_type: Arc<str>,
    /// `resource`
    pub resource: Arc<str>,
}

/// An error's name and cause; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// `error`
    pub error: Option<Arc<str>>,
    /// `cause`
    pub cause: Option<Arc<str>>,
}

/// The longest error and cause that the API's model allows, in characters.
const LONGEST_ERROR: usize = 256;
const LONGEST_CAUSE: usize = 32_768;

fn cut(text: Arc<str>, characters: usize) -> Arc<str> {
    match text.char_indices().nth(characters) {
        None => text,
        Some((end, _)) => text[..end].into(),
    }
}

impl Failure {
    /// With what there is; texts over the API's limits are cut.
    pub fn of(error: Option<Arc<str>>, cause: Option<Arc<str>>) -> Failure {
        Failure {
            error: error.map(|text| cut(text, LONGEST_ERROR)),
            cause: cause.map(|text| cut(text, LONGEST_CAUSE)),
        }
    }

    /// With both.
    pub fn new(error: impl Into<Arc<str>>, cause: impl Into<Arc<str>>) -> Failure {
        Failure::of(Some(error.into()), Some(cause.into()))
    }

    /// With an error's name only.
    pub fn named(error: impl Into<Arc<str>>) -> Failure {
        Failure::of(Some(error.into()), None)
    }
}

/// Which iteration of which Map state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iteration {
    /// The **Map state's** name.
    pub name: Arc<str>,
    /// Position of the item, from 0.
    pub index: u32,
}

/// What happened. A variant's fields are the members of its `...EventDetails`.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// First of all.
    ExecutionStarted {
        /// The client's text.
        input: Document,
        /// The machine's role at the start.
        role_arn: Arc<str>,
    },
    /// Last.
    ExecutionSucceeded {
        /// The execution's output.
        output: Document,
    },
    /// Last.
    ExecutionFailed(Failure),
    /// Last; by StopExecution.
    ExecutionAborted(Failure),
    /// Last; by the machine's TimeoutSeconds.
    ExecutionTimedOut(Failure),
    /// By RedriveExecution: what comes after it is a further attempt.
    ExecutionRedriven {
        /// Which redrive it is, from 1.
        count: u32,
    },
    /// `<Type>StateEntered`
    StateEntered {
        /// The state's type.
        state_type: StateType,
        /// The state's name.
        name: Arc<str>,
        /// Its raw input.
        input: Document,
    },
    /// `<Type>StateExited`
    StateExited {
        /// The state's type.
        state_type: StateType,
        /// The state's name.
        name: Arc<str>,
        /// Its output.
        output: Document,
        /// What it assigned.
        assigned: Option<Assignments>,
    },
    /// A JSONata expression of a state failed.
    EvaluationFailed {
        /// The state's name.
        state: Arc<str>,
        /// The field: `Output/a`.
        location: Option<Arc<str>>,
        /// `States.QueryEvaluationError` and why.
        failure: Failure,
    },
    /// `<Type>StateAborted`, no details. Task, Wait, Parallel and Map only.
    StateAborted(StateType),
    /// No details.
    ParallelStateStarted,
    /// No details.
    ParallelStateSucceeded,
    /// No details.
    ParallelStateFailed,
    /// How many items.
    MapStateStarted {
        /// Number of items.
        length: u32,
    },
    /// No details.
    MapStateSucceeded,
    /// No details.
    MapStateFailed,
    /// A distributed Map's children begin.
    MapRunStarted {
        /// The map run's ARN.
        map_run_arn: Arc<str>,
    },
    /// No details.
    MapRunSucceeded,
    /// With its error.
    MapRunFailed(Failure),
    /// No details.
    MapRunAborted,
    /// An item begins.
    MapIterationStarted(Iteration),
    /// An item is done.
    MapIterationSucceeded(Iteration),
    /// An item failed.
    MapIterationFailed(Iteration),
    /// Another item failed.
    MapIterationAborted(Iteration),
    /// A direct function task is about to be called.
    LambdaFunctionScheduled {
        /// The function's ARN.
        resource: Arc<str>,
        /// The payload.
        input: Document,
        /// `TimeoutSeconds`.
        timeout_seconds: Option<u64>,
        /// `Credentials.RoleArn`.
        credentials: Option<Arc<str>>,
    },
    /// No details.
    LambdaFunctionStarted,
    /// With the function's answer.
    LambdaFunctionSucceeded {
        /// The function's answer.
        output: Document,
    },
    /// With the function's error.
    LambdaFunctionFailed(Failure),
    /// `TimeoutSeconds` passed.
    LambdaFunctionTimedOut(Failure),
    /// An activity task waits for a worker.
    ActivityScheduled {
        /// The activity's ARN.
        resource: Arc<str>,
        /// What the worker gets.
        input: Document,
        /// `TimeoutSeconds`.
        timeout_seconds: Option<u64>,
        /// `HeartbeatSeconds`.
        heartbeat_seconds: Option<u64>,
    },
    /// A worker has taken it.
    ActivityStarted {
        /// What the worker calls itself.
        worker: Option<Arc<str>>,
    },
    /// With the worker's result.
    ActivitySucceeded {
        /// The worker's result.
        output: Document,
    },
    /// With the worker's error.
    ActivityFailed(Failure),
    /// `TimeoutSeconds` or `HeartbeatSeconds` passed.
    ActivityTimedOut(Failure),
    /// A service task is about to be called.
    TaskScheduled {
        /// What is called.
        names: TaskNames,
        /// The execution's region.
        region: Arc<str>,
        /// The parameters that the integration knows.
        parameters: Document,
        /// `TimeoutSeconds`.
        timeout_seconds: Option<u64>,
        /// `HeartbeatSeconds`.
        heartbeat_seconds: Option<u64>,
        /// `Credentials.RoleArn`.
        credentials: Option<Arc<str>>,
    },
    /// The call is on its way.
    TaskStarted(TaskNames),
    /// The call has returned; the task goes on (`.sync`, `.waitForTaskToken`).
    TaskSubmitted {
        /// What was called.
        names: TaskNames,
        /// What the call returned.
        output: Document,
    },
    /// The call failed; there is nothing to wait for.
    TaskSubmitFailed {
        /// What was called.
        names: TaskNames,
        /// Its error.
        failure: Failure,
    },
    /// With its result.
    TaskSucceeded {
        /// What was called.
        names: TaskNames,
        /// Its result.
        output: Document,
    },
    /// With its error.
    TaskFailed {
        /// What was called.
        names: TaskNames,
        /// Its error.
        failure: Failure,
    },
    /// `TimeoutSeconds` or `HeartbeatSeconds` passed.
    TaskTimedOut {
        /// What was called.
        names: TaskNames,
        /// `States.Timeout`, no cause.
        failure: Failure,
    },
}

impl EventKind {
    /// The payload that the event carries, if it carries one.
    pub fn document(&self) -> Option<&Document> {
        match self {
            EventKind::ExecutionStarted { input, .. }
            | EventKind::StateEntered { input, .. }
            | EventKind::LambdaFunctionScheduled { input, .. }
            | EventKind::ActivityScheduled { input, .. } => Some(input),
            EventKind::ExecutionSucceeded { output }
            | EventKind::StateExited { output, .. }
            | EventKind::LambdaFunctionSucceeded { output }
            | EventKind::ActivitySucceeded { output }
            | EventKind::TaskSubmitted { output, .. }
            | EventKind::TaskSucceeded { output, .. } => Some(output),
            EventKind::TaskScheduled { parameters, .. } => Some(parameters),
            _ => None,
        }
    }
}
