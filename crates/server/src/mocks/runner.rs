//! The runner of tests: answers the calls of mocked states from the file, and hands on all others.

use std::sync::Arc;

use engine::{Facts, TaskOutcome};
use runtime::{Job, Namespace, RuntimeError, TaskCall, TaskKey, TaskRunner};
use store::Store;
use tokio::runtime::Handle;

use super::calls::Calls;
use super::file::Mocked;
use super::{MockFile, Mocks};

/// Answers calls from the file where a test case says so.
pub struct MockedTasks {
    inner: Arc<dyn TaskRunner>,
    mocks: Arc<Mocks>,
    store: Arc<dyn Store>,
    calls: Arc<Calls>,
    handle: Handle,
}

impl MockedTasks {
    /// Around the runner that calls for real; must be made on a tokio runtime.
    pub fn new(
        inner: Arc<dyn TaskRunner>,
        mocks: Arc<Mocks>,
        store: Arc<dyn Store>,
    ) -> MockedTasks {
        MockedTasks {
            inner,
            mocks,
            store,
            calls: Arc::default(),
            handle: Handle::current(),
        }
    }
}

impl TaskRunner for MockedTasks {
    fn run(&self, call: TaskCall) {
        let file = match &call.facts.test_case {
            Some(_) => self.mocks.current(),
            None => return self.inner.run(call),
        };
        let name = call.facts.test_case.as_deref().unwrap_or_default();
        match file.test_case(&call.facts.machine_name, name) {
            // It was to be mocked: it does not call for real because the file is another one now.
            None => {
                let gone =
                    format!("The mock configuration file has no test case '{name}' any more.");
                return call.answer.send(failed("States.Runtime", Some(gone)));
            }
            Some(mocked) if !mocked.contains_key(&*call.request.state) => {
                return self.inner.run(call);
            }
            Some(_) => {}
        }
        let TaskKey { execution, task } = call.key;
        // At once, in the order of the commits; the history may have to be read for the rest.
        let state = &call.request.state;
        self.calls.made(execution, state, task.scheduled);
        let (store, calls) = (self.store.clone(), self.calls.clone());
        self.handle.spawn_blocking(move || {
            let state = &call.request.state;
            let namespace = &call.namespace;
            let number = calls.number(&*store, namespace, execution, state, task.scheduled);
            let outcome = answer(&file, &call, number);
            call.answer.send(outcome);
        });
    }

    fn cancel(&self, key: TaskKey) {
        self.inner.cancel(key);
    }

    fn stop(&self, job: Job) {
        self.inner.stop(job);
    }

    fn has_activity(&self, namespace: &Namespace, arn: &str) -> bool {
        self.inner.has_activity(namespace, arn)
    }

    fn is_mocked(&self, facts: &Facts, state: &str) -> bool {
        let Some(name) = &facts.test_case else {
            return false;
        };
        let file = self.mocks.current();
        let test_case = file.test_case(&facts.machine_name, name);
        // One that is gone from the file is answered too: that it is gone.
        test_case.is_none_or(|test_case| test_case.contains_key(state))
    }

    fn is_overloaded(&self) -> bool {
        self.inner.is_overloaded()
    }
}

fn answer(file: &MockFile, call: &TaskCall, number: Result<u32, RuntimeError>) -> TaskOutcome {
    let state = &*call.request.state;
    let name = call.facts.test_case.as_deref().unwrap_or_default();
    let number = match number {
        Ok(number) => number,
        Err(error) => return failed("States.Runtime", Some(error.to_string())),
    };
    let test_case = file.test_case(&call.facts.machine_name, name);
    let responses = test_case.and_then(|test_case| test_case.get(state));
    match responses.and_then(|responses| responses.of_call(number)) {
        Some(Mocked::Return(result)) => TaskOutcome::Succeeded(result.clone()),
        Some(Mocked::Throw { error, cause }) => failed(error, cause.clone()),
        None => failed(
            "States.Runtime",
            Some(format!(
                "The test case '{name}' has no mocked response for call {number} of the state '{state}'."
            )),
        ),
    }
}

fn failed(error: &str, cause: Option<String>) -> TaskOutcome {
    TaskOutcome::Failed {
        error: Some(error.to_owned()),
        cause,
    }
}
