//! How the runtime reaches the outside: time, randomness and task calls.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use asl::distributed::Reader;
use engine::event::Failure;
use engine::{Event, Facts, TaskId, TaskOutcome, TaskRequest, Timestamp};
use expr::Entropy;
use expr::json::Document;

use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::map_runs::{Boxed, ItemSource};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Wall time, in milliseconds.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Makes a source of randomness for a shard.
pub type EntropySource = Arc<dyn Fn() -> Box<dyn Entropy + Send> + Send + Sync>;

/// Names one attempt of one task in this process and after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskKey {
    /// Whose.
    pub execution: ExecutionId,
    /// Which.
    pub task: TaskId,
}

/// A call to make.
pub struct TaskCall {
    /// Its name.
    pub key: TaskKey,
    /// Account and region of the execution.
    pub namespace: Namespace,
    /// The execution that calls.
    pub facts: Arc<Facts>,
    /// What to call.
    pub request: TaskRequest,
    /// Where the outcome goes.
    pub answer: Answer,
}

/// A job that was submitted and that nobody waits for any more.
pub struct Job {
    /// The name of the call that submitted it.
    pub key: TaskKey,
    /// Account and region of the execution.
    pub namespace: Namespace,
    /// The execution that submitted it.
    pub facts: Arc<Facts>,
    /// What was called; its `submission` names the job.
    pub request: TaskRequest,
}

/// Takes the outcome of a call, once; a second one is dropped by the engine. Dropping it leaves the task waiting.
pub struct Answer(Box<dyn FnOnce(TaskOutcome) + Send>);

impl Answer {
    /// Around a function that carries the outcome to its shard.
    pub fn new(deliver: impl FnOnce(TaskOutcome) + Send + 'static) -> Answer {
        Answer(Box::new(deliver))
    }

    /// Delivers the outcome.
    pub fn send(self, outcome: TaskOutcome) {
        (self.0)(outcome)
    }
}

/// Calls what tasks name.
pub trait TaskRunner: Send + Sync {
    /// Begins the call, or goes on waiting for the job that it submitted (`request.submission`), and returns at once: it
    /// runs on the store's committer thread, or on the shard's.
    fn run(&self, call: TaskCall);

    /// Nobody waits for this call any more; ending it early is welcome, not required.
    fn cancel(&self, key: TaskKey);

    /// Whether so many calls wait that executions which would make more should not begin.
    fn is_overloaded(&self) -> bool {
        false
    }

    /// Nobody waits for this job any more: it is stopped if it can be. A runner that submits none has nothing to stop.
    fn stop(&self, _job: Job) {}

    /// Whether the activity exists. Asked on the shard's thread when a task of it is scheduled.
    fn has_activity(&self, _namespace: &Namespace, _arn: &str) -> bool {
        true
    }

    /// Whether it answers the tasks of this state itself, also those that workers would take. Asked on the shard's thread.
    fn is_mocked(&self, _facts: &Facts, _state: &str) -> bool {
        false
    }
}

/// What an execution did, durably as far as it is to be durable.
pub struct Heard {
    /// Account and region.
    pub namespace: Namespace,
    /// The revision that it runs, by the name of its row.
    pub revision: Arc<str>,
    /// The execution.
    pub facts: Arc<Facts>,
    /// How often it was redriven.
    pub redrives: u32,
    /// In order, and in the order of their steps.
    pub events: Vec<Event>,
}

/// Hears what executions do.
pub trait Listener: Send + Sync {
    /// Whether it wants to hear of the executions of a revision. The answer stays the same.
    fn listens(&self, namespace: &Namespace, revision: &Arc<str>) -> bool;

    /// Takes note and returns at once: it runs on the store's committer thread, or on the shard's.
    fn hear(&self, heard: Heard);
}

/// What a Map's `ItemReader` wants.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// Account and region of the execution.
    pub namespace: Namespace,
    /// As the definition has it.
    pub reader: Reader,
    /// Its parameters, evaluated.
    pub parameters: Document,
    /// Behind the last item that was read before; empty at the beginning.
    pub place: Vec<u8>,
}

/// A file of results under construction.
pub trait ResultFile: Send {
    /// Adds a text; what was added may be on its way already.
    fn write<'a>(&'a mut self, text: &'a str) -> Boxed<'a, Result<(), Failure>>;

    /// Ends the file; it is there once this has succeeded.
    fn finish(self: Box<Self>) -> Boxed<'static, Result<(), Failure>>;
}

/// Where items are read from and results are written to.
pub trait Objects: Send + Sync {
    /// The items of a reader; the first is asked for later.
    fn open(&self, request: ReadRequest) -> Result<Box<dyn ItemSource>, Failure>;

    /// A new file below the place that a `ResultWriter`'s parameters name.
    fn create(
        &self,
        namespace: &Namespace,
        parameters: &Document,
        name: &str,
    ) -> Result<Box<dyn ResultFile>, Failure>;
}

/// There is nothing to read from or write to.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObjects;

impl Objects for NoObjects {
    fn open(&self, _: ReadRequest) -> Result<Box<dyn ItemSource>, Failure> {
        let cause = "There is no object store.";
        Err(Failure::new("States.ItemReaderFailed", cause))
    }

    fn create(&self, _: &Namespace, _: &Document, _: &str) -> Result<Box<dyn ResultFile>, Failure> {
        let cause = "There is no object store.";
        Err(Failure::new("States.ResultWriterFailed", cause))
    }
}

/// All of them.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: EntropySource,
    /// Calls.
    pub runner: Arc<dyn TaskRunner>,
    /// Items and results of distributed Maps.
    pub objects: Arc<dyn Objects>,
    /// Who hears what executions do.
    pub listener: Option<Arc<dyn Listener>>,
}
