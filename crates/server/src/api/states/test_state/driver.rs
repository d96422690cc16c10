//! Drives a test: makes its call as an execution's, waits for its timers, and ends with its answer.

use std::sync::Arc;
use std::time::Duration;

use asl::testing::{Refusal, Subject, compile_subject};
use aws::ApiError;
use engine::testing::{Awaited, MOST_SECONDS, Report, StateTest};
use engine::{Facts, Input, TaskOutcome, Variables};
use runtime::{Answer, Clock, ExecutionId, Namespace, TaskCall, TaskKey, TaskRunner};
use tokio::sync::{Semaphore, oneshot};
use uuid::Uuid;

use crate::api::states::errors;
use crate::api::states::machines::options;
use crate::entropy::SystemEntropy;

/// Tests under way; each takes the memory of its data and at most five minutes.
const TESTS: usize = 256;
/// Tests that evaluate at a time, besides everything else that the processors have to do.
const EVALUATING: usize = 4;

/// The longest that a test may take, what it waits for included.
const LONGEST: Duration = Duration::from_secs(MOST_SECONDS);

/// Runs tests. Whoever drops the future gives the test up: it stops before its next turn.
pub struct Tests {
    runner: Arc<dyn TaskRunner>,
    clock: Arc<dyn Clock>,
    room: Semaphore,
    evaluating: Arc<Semaphore>,
}

/// Ends a call that nobody waits for any more, because the test was given up.
struct Calling {
    runner: Arc<dyn TaskRunner>,
    key: TaskKey,
}

impl Drop for Calling {
    fn drop(&mut self) {
        self.runner.cancel(self.key);
    }
}

impl Tests {
    /// With whoever makes the calls of executions.
    pub fn new(runner: Arc<dyn TaskRunner>, clock: Arc<dyn Clock>) -> Tests {
        Tests {
            runner,
            clock,
            room: Semaphore::new(TESTS),
            evaluating: Arc::new(Semaphore::new(EVALUATING)),
        }
    }

    /// Compiles what is to be tested: a definition of a megabyte takes a while.
    pub(super) async fn compile(
        &self,
        definition: String,
        name: Option<String>,
    ) -> Result<Result<Subject, Refusal>, ApiError> {
        let options = options("STANDARD");
        let compiled =
            self.evaluate(move || compile_subject(&definition, name.as_deref(), &options));
        match tokio::time::timeout(LONGEST, compiled).await {
            Ok(compiled) => compiled,
            Err(_) => Err(errors::throttled()),
        }
    }

    /// Runs a test to its end. One that did not get its turns in time is refused like one for which there is no room.
    pub(super) async fn run(
        &self,
        test: StateTest,
        variables: Variables,
        namespace: Namespace,
        facts: Facts,
    ) -> Result<Report, ApiError> {
        let ended = self.run_without_end(test, variables, namespace, facts);
        match tokio::time::timeout(LONGEST, ended).await {
            Ok(report) => report,
            Err(_) => Err(errors::throttled()),
        }
    }

    async fn run_without_end(
        &self,
        mut test: StateTest,
        variables: Variables,
        namespace: Namespace,
        facts: Facts,
    ) -> Result<Report, ApiError> {
        let Ok(_room) = self.room.try_acquire() else {
            return Err(errors::throttled());
        };
        let clock = self.clock.clone();
        let (returned, mut awaited) = self
            .evaluate(move || {
                let awaited = test.begin(variables, clock.now(), &mut SystemEntropy::new());
                (test, awaited)
            })
            .await?;
        test = returned;
        let execution = ExecutionId(Uuid::new_v4().as_u128());
        let facts = Arc::new(facts);
        let mut call = None;
        while let Some(next) = awaited {
            if let Some((task, request)) = next.call.clone() {
                let key = TaskKey { execution, task };
                call = Some(self.call(key, request, &namespace, &facts));
            }
            let input = self.wait(&next, &mut call).await;
            let clock = self.clock.clone();
            (test, awaited) = self
                .evaluate(move || {
                    let awaited = test.resume(input, clock.now(), &mut SystemEntropy::new());
                    (test, awaited)
                })
                .await?;
        }
        test.report().ok_or_else(errors::test_lost)
    }

    /// Evaluates where it stops nobody else.
    async fn evaluate<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let turn = self.evaluating.clone().acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| errors::test_lost())
    }

    fn call(
        &self,
        key: TaskKey,
        request: engine::TaskRequest,
        namespace: &Namespace,
        facts: &Arc<Facts>,
    ) -> Call {
        let (sender, receiver) = oneshot::channel();
        self.runner.run(TaskCall {
            key,
            namespace: namespace.clone(),
            facts: facts.clone(),
            request,
            answer: Answer::new(move |outcome| {
                // Nobody minds when the test has ended meanwhile.
                let _ = sender.send(outcome);
            }),
        });
        Call {
            calling: Calling {
                runner: self.runner.clone(),
                key,
            },
            receiver,
        }
    }

    /// Until the call is answered, the next timer fires, or its next turn.
    async fn wait(&self, awaited: &Awaited, call: &mut Option<Call>) -> Input {
        loop {
            let left = awaited.timer.map(|(due, _)| due.0 - self.clock.now().0);
            if let (Some(left), Some((_, timer))) = (left, awaited.timer)
                && left <= 0
            {
                return Input::TimerFired(timer);
            }
            if awaited.more {
                return Input::Continue;
            }
            let sleep = Duration::from_millis(left.unwrap_or(1000).unsigned_abs());
            tokio::select! {
                biased;
                input = answered(call) => return input,
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }
}

/// A call under way.
struct Call {
    calling: Calling,
    receiver: oneshot::Receiver<TaskOutcome>,
}

async fn answered(call: &mut Option<Call>) -> Input {
    let Some(Call { calling, receiver }) = call else {
        return std::future::pending().await;
    };
    let (task, answer) = (calling.key.task, receiver.await);
    *call = None;
    match answer {
        Ok(outcome) => Input::TaskEnded { task, outcome },
        // Nobody will answer: the time limit ends the test.
        Err(_) => std::future::pending().await,
    }
}
