//! What a Task state calls: adapts the function host, the integrations and this server itself to the runtime's
//! [`TaskRunner`].

use engine::TaskOutcome;
use runtime::{TaskCall, TaskKey, TaskRunner};
use tokio::runtime::Handle;

/// Runs tasks on tokio.
pub struct Tasks {
    handle: Handle,
}

impl Tasks {
    /// On this tokio runtime.
    pub fn new(handle: Handle) -> Tasks {
        Tasks { handle }
    }
}

impl TaskRunner for Tasks {
    fn run(&self, call: TaskCall) {
        self.handle.spawn(async move {
            call.answer.send(TaskOutcome::Failed { error: Some("States.Runtime".into()), cause: None });
        });
    }

    fn cancel(&self, _key: TaskKey) {}
}
