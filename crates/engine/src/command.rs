//! What the engine asks for: the commands of a step and the names by which their answers come back.

use std::sync::Arc;

use asl::definition::Resource;
use expr::json::Document;

use crate::event::EventId;
use crate::execution::FrameId;
use crate::map_run::{MapRunId, MapRunRequest};
use crate::time::Timestamp;

/// One attempt of one task: the frame and the event that scheduled it. An answer for any other pair is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId {
    /// The frame that waits.
    pub frame: FrameId,
    /// Its `TaskScheduled` or `LambdaFunctionScheduled` event.
    pub scheduled: EventId,
}

/// A timer of an execution; never used twice within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerId(pub u32);

/// What to call.
#[derive(Clone, Debug)]
pub struct TaskRequest {
    /// The state's name.
    pub state: Arc<str>,
    /// The Task's `Resource`.
    pub resource: Resource,
    /// The effective input (a function) or the parameters (a service).
    pub input: Document,
    /// `Credentials.RoleArn`.
    pub credentials: Option<Arc<str>>,
    /// `TimeoutSeconds`, for runners that can pass a deadline on.
    pub timeout_seconds: Option<u64>,
    /// What the call returned, when it has been made: what is left is to wait for the end of the job (`.sync`).
    pub submission: Option<Document>,
}

/// How a task ended, or how far it has come.
#[derive(Clone, Debug)]
pub enum TaskOutcome {
    /// With this result.
    Succeeded(Document),
    /// Not yet: the call that submits it (`.sync`, `.waitForTaskToken`) returned this.
    Submitted(Document),
    /// The call that submits it failed; both texts as the service reports them.
    SubmitFailed {
        /// The error's name, at most 256 characters.
        error: Option<String>,
        /// The cause, at most 32,768 characters.
        cause: Option<String>,
    },
    /// With an error; both texts as the service reports them.
    Failed {
        /// The error's name, at most 256 characters.
        error: Option<String>,
        /// The cause, at most 32,768 characters.
        cause: Option<String>,
    },
}

/// A task that waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which.
    pub task: TaskId,
    /// The activity's ARN.
    pub activity: Arc<str>,
    /// Since when: workers get the oldest first.
    pub since: Timestamp,
}

/// Something to be done outside, once the step is durable.
#[derive(Clone, Debug)]
pub enum Command {
    /// Call the task.
    RunTask {
        /// Comes back with the answer.
        task: TaskId,
        /// What to call.
        request: TaskRequest,
    },
    /// Nobody waits for this task any more.
    CancelTask {
        /// Which.
        task: TaskId,
        /// The job that was submitted and is to be stopped.
        job: Option<TaskRequest>,
    },
    /// Let workers of the activity take this task.
    OfferTask(Offer),
    /// Workers cannot take it any more.
    WithdrawTask(Offer),
    /// Run the items of a distributed Map.
    StartMapRun {
        /// Comes back with its end.
        run: MapRunId,
        /// What it works with.
        request: Box<MapRunRequest>,
    },
    /// Nobody waits for this map run any more: its children are to be stopped.
    AbortMapRun {
        /// Which.
        run: MapRunId,
        /// The last part of its ARN.
        uuid: Arc<str>,
    },
    /// Wake the execution at `due`.
    SetTimer {
        /// Comes back when it fires.
        timer: TimerId,
        /// Absolute.
        due: Timestamp,
    },
    /// Forget the timer.
    ClearTimer {
        /// Which.
        timer: TimerId,
        /// When it would have fired; part of its key.
        due: Timestamp,
    },
}
