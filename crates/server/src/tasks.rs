//! What a Task state calls: adapts the function host, a remote Lambda endpoint and this server itself to the
//! runtime's [`TaskRunner`].
//!
//! Owns which resource goes where. What a service makes of parameters and answers is `integrations`' business.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use asl::definition::{Pattern, Target};
use aws::sigv4::Credentials;
use engine::{TaskOutcome, TaskRequest};
use expr::json::Document;
use integrations::lambda::{
    Invoke, InvokeOutput, LambdaClient, direct_result, optimised_result, service_error,
};
use integrations::{CallError, Endpoint, Timeouts};
use runtime::{Job, Namespace, TaskCall, TaskKey, TaskRunner};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SetOnce, watch};
use tokio::task::AbortHandle;
use uuid::Uuid;

use crate::api::lambda::{LambdaApi, Place};
use crate::api::states::{StatesApi, has_activity, integration, sdk};
use crate::front::Patience;
use crate::records::Records;

/// What resources of this server itself are called through the SDK.
const SDK: &str = "aws-sdk:sfn";
/// Calls of functions at a time; more wait here, so that a burst of executions does not throttle itself at the function host.
const CALLS: usize = 512;

/// While more calls wait than this, or more bytes of what they are called with, no execution is started.
const WAITING_CALLS: usize = 16_384;
const WAITING_BYTES: usize = 128 * 1024 * 1024;

/// Where functions are.
pub enum Functions {
    /// On this server.
    Local(LambdaApi),
    /// Behind another Lambda API.
    Remote {
        /// The client for it.
        client: Box<LambdaClient>,
        /// Signed with these.
        credentials: Credentials,
    },
}

impl Functions {
    /// Behind the Lambda API at a URL, with the credentials of the environment or made-up ones.
    pub fn remote(url: &str) -> Result<Functions, integrations::EndpointError> {
        Ok(Functions::Remote {
            client: Box::new(LambdaClient::new(
                url.parse::<Endpoint>()?,
                Timeouts::default(),
            )),
            credentials: credentials(),
        })
    }
}

/// Those of the environment, or made-up ones.
pub fn credentials() -> Credentials {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| "test".to_owned());
    Credentials {
        access_key: variable("AWS_ACCESS_KEY_ID"),
        secret_key: variable("AWS_SECRET_ACCESS_KEY"),
        session_token: std::env::var("AWS_SESSION_TOKEN").ok(),
    }
}

/// Runs tasks on tokio.
#[derive(Clone)]
pub struct Tasks {
    handle: Handle,
    functions: Arc<Functions>,
    states: Arc<SetOnce<Weak<StatesApi>>>,
    /// Where activities are looked up; without them every activity exists.
    records: Option<Records>,
    room: Arc<Semaphore>,
    /// How many are being made.
    under_way: watch::Sender<usize>,
    /// Calls that wait or are being made, and jobs that are waited for.
    running: Arc<Mutex<Running>>,
}

#[derive(Default)]
struct Running {
    calls: HashMap<TaskKey, Call>,
    /// Of these: those that wait for this server itself.
    own: usize,
    bytes: usize,
}

struct Call {
    /// None of a call that submits a job: it is not to be cut off, since nobody would know the job then.
    work: Option<AbortHandle>,
    /// Whether this server itself is waited for: for the end of a job, or for room to start an execution. What waits for a
    /// start must not keep it from being made.
    is_own: bool,
}

/// A call that waits or is being made, until its outcome is on its way: a call that was cancelled goes on.
struct UnderWay {
    calls: watch::Sender<usize>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.calls.send_modify(|calls| *calls -= 1);
    }
}

/// What a call is called with, counted for as long as it is there.
struct Counted {
    running: Arc<Mutex<Running>>,
    bytes: usize,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.bytes -= self.bytes;
    }
}

impl Running {
    fn insert(&mut self, key: TaskKey, call: Call) {
        self.remove(key);
        self.own += usize::from(call.is_own);
        self.calls.insert(key, call);
    }

    fn remove(&mut self, key: TaskKey) -> Option<Call> {
        let call = self.calls.remove(&key)?;
        self.own -= usize::from(call.is_own);
        Some(call)
    }
}

impl Tasks {
    /// On this tokio runtime. Calls of Step Functions itself wait until [`Tasks::serve_states`].
    pub fn new(handle: Handle, functions: Functions) -> Tasks {
        Tasks {
            handle,
            functions: Arc::new(functions),
            states: Arc::new(SetOnce::new()),
            records: None,
            room: Arc::new(Semaphore::new(CALLS)),
            under_way: watch::channel(0).0,
            running: Arc::default(),
        }
    }

    /// With the activities of these records.
    pub fn with_records(mut self, records: Records) -> Tasks {
        self.records = Some(records);
        self
    }

    /// Says who answers calls of Step Functions.
    pub fn serve_states(&self, states: &Arc<StatesApi>) {
        // Set once, when the server is put together.
        let _ = self.states.set(Arc::downgrade(states));
    }

    /// Makes no further calls.
    pub fn close(&self) {
        self.room.close();
    }

    /// The same, and waits for those that are being made. What is not made, or not waited for, is made again after the next
    /// start.
    pub async fn drain(&self) {
        self.close();
        // The sender is here.
        let _ = self
            .under_way
            .subscribe()
            .wait_for(|calls| *calls == 0)
            .await;
    }

    async fn call(
        &self,
        namespace: &Namespace,
        key: TaskKey,
        request: &TaskRequest,
        patience: Patience,
    ) -> Result<String, CallError> {
        let json = request.input.text();
        match &request.resource.target {
            Target::Function => {
                let output = self
                    .invoke(namespace, &Invoke::direct(&request.resource.arn, json))
                    .await?;
                direct_result(&output)
            }
            Target::Service {
                resource_type,
                action,
                ..
            } => match (&**resource_type, &**action) {
                ("lambda", "invoke") => {
                    let output = self
                        .invoke(namespace, &Invoke::from_parameters(json)?)
                        .await?;
                    optimised_result(&output)
                }
                ("states", "startExecution") => self.start_execution(namespace, key, json).await,
                (SDK, action) => {
                    let states = self.states().await;
                    let is_wanted = || self.is_wanted(key);
                    sdk::call(&states, namespace, action, json, patience, is_wanted).await
                }
                _ => Err(unsupported(&request.resource.arn)),
            },
            Target::Activity => Err(unsupported(&request.resource.arn)),
        }
    }

    async fn invoke(
        &self,
        namespace: &Namespace,
        invoke: &Invoke,
    ) -> Result<InvokeOutput, CallError> {
        match &*self.functions {
            Functions::Remote {
                client,
                credentials,
            } => client.invoke(invoke, credentials, namespace.region()).await,
            Functions::Local(lambda) => {
                let request_id = Uuid::new_v4().to_string();
                let place = Place {
                    account: namespace.account(),
                    region: namespace.region(),
                };
                lambda
                    .invoke(invoke, place, &request_id)
                    .await
                    .map_err(|error| {
                        service_error(error.status, &error.code, error.message.text(), &request_id)
                    })
            }
        }
    }

    async fn start_execution(
        &self,
        namespace: &Namespace,
        key: TaskKey,
        json: &str,
    ) -> Result<String, CallError> {
        let states = self.states().await;
        let is_wanted = || self.is_wanted(key);
        integration::start_execution(&states, namespace, key, json, is_wanted).await
    }

    /// Whether the call's task still waits for it.
    fn is_wanted(&self, key: TaskKey) -> bool {
        self.running().calls.contains_key(&key)
    }

    async fn states(&self) -> Arc<StatesApi> {
        match self.states.wait().await.upgrade() {
            Some(states) => states,
            // The server is being taken apart; the call is made again after the next start.
            None => std::future::pending().await,
        }
    }

    /// Waits for the end of a job that was submitted.
    async fn job(
        &self,
        namespace: &Namespace,
        request: &TaskRequest,
        submission: &Document,
    ) -> Result<String, CallError> {
        match &request.resource.target {
            Target::Service {
                resource_type,
                pattern,
                ..
            } if &**resource_type == "states" => {
                let runtime = self.states().await.runtime();
                let is_parsed = *pattern == Pattern::Sync2;
                let ended = integration::end_of_execution(&runtime, namespace, submission).await?;
                let states = self.states().await;
                integration::result_of_execution(&states, namespace, &ended, is_parsed).await
            }
            _ => Err(unsupported(&request.resource.arn)),
        }
    }
}

/// The definition would have been refused: this is for executions of a newer version's definitions.
fn unsupported(resource: &str) -> CallError {
    CallError::Parameters {
        name: "States.Runtime".to_owned(),
        cause: format!("The resource {resource} is not supported by this version of Stepwell yet."),
    }
}

impl TaskRunner for Tasks {
    fn run(&self, call: TaskCall) {
        let (tasks, key) = (self.clone(), call.key);
        let mut running = self.running();
        let step = Step::of(&call.request);
        let is_own = call.request.submission.is_some() || is_own(&call.request);
        let bytes = match is_own {
            true => 0,
            false => call.request.input.text().len(),
        };
        running.bytes += bytes;
        let counted = Counted {
            running: self.running.clone(),
            bytes,
        };
        let work = self.handle.spawn(async move {
            let TaskCall {
                namespace,
                facts,
                request,
                answer,
                ..
            } = call;
            let (result, _under_way) = match &request.submission {
                Some(submission) => (tasks.job(&namespace, &request, submission).await, None),
                None => {
                    let Some(under_way) = tasks.begin(&request).await else {
                        return std::future::pending().await;
                    };
                    let held = (under_way, counted);
                    let (made, held) = tasks
                        .perform(namespace.clone(), key, request.clone(), held)
                        .await;
                    (made, held)
                }
            };
            let outcome = outcome(result, step);
            let is_wanted = tasks.running().remove(key).is_some();
            if let (false, TaskOutcome::Submitted(submission)) = (is_wanted, &outcome) {
                // Given up while it was being submitted.
                tasks.stop(Job {
                    key,
                    namespace,
                    facts,
                    request: TaskRequest {
                        submission: Some(submission.clone()),
                        ..request
                    },
                });
            }
            answer.send(outcome);
        });
        let work = (step != Step::SubmitJob).then(|| work.abort_handle());
        let call = Call { work, is_own };
        running.insert(key, call);
    }

    /// A call that still waits is not made. A function that was called runs to its end, as on AWS.
    fn cancel(&self, key: TaskKey) {
        let call = self.running().remove(key);
        if let Some(work) = call.and_then(|call| call.work) {
            work.abort();
        }
    }

    fn is_overloaded(&self) -> bool {
        let running = self.running();
        running.calls.len() - running.own > WAITING_CALLS || running.bytes > WAITING_BYTES
    }

    /// As well as can be: a job that cannot be stopped runs on.
    fn stop(&self, job: Job) {
        let tasks = self.clone();
        self.handle.spawn(async move {
            let runtime = tasks.states().await.runtime();
            integration::stop_execution(&runtime, &job).await;
        });
    }

    fn has_activity(&self, namespace: &Namespace, arn: &str) -> bool {
        let found = self
            .records
            .as_ref()
            .map_or(Ok(true), |records| has_activity(records, namespace, arn));
        found.unwrap_or_else(|error| {
            tracing::error!(%error, %arn, "an activity cannot be looked up");
            true
        })
    }
}

/// What a call is to its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Its answer is the end.
    Whole,
    /// Its answer says that somebody else will give the end.
    Submit,
    /// Its answer names a job whose end is the end.
    SubmitJob,
}

impl Step {
    fn of(request: &TaskRequest) -> Step {
        match &request.resource.target {
            Target::Service { pattern, .. } if request.submission.is_none() => match pattern {
                Pattern::RequestResponse => Step::Whole,
                Pattern::WaitForTaskToken => Step::Submit,
                Pattern::Sync | Pattern::Sync2 => Step::SubmitJob,
            },
            _ => Step::Whole,
        }
    }
}

impl Tasks {
    /// Waits for room to make a call; none when no more are made. A call of this server itself needs none: what it starts
    /// may want to make calls, too.
    async fn begin(&self, request: &TaskRequest) -> Option<UnderWay> {
        // Counted first: whoever closes the room and then sees no call knows that there will be none.
        self.under_way.send_modify(|calls| *calls += 1);
        let mut under_way = UnderWay {
            calls: self.under_way.clone(),
            _room: None,
        };
        match is_own(request) {
            true if self.room.is_closed() => return None,
            true => {}
            false => under_way._room = Some(self.room.clone().acquire_owned().await.ok()?),
        }
        Some(under_way)
    }

    /// Makes the call in a task of its own, so that a panic is an answer too, and a call that is cancelled goes on. `held` is
    /// what it takes up until its end.
    async fn perform<T: Send + 'static>(
        &self,
        namespace: Namespace,
        key: TaskKey,
        request: TaskRequest,
        held: T,
    ) -> (Result<String, CallError>, Option<T>) {
        let (tasks, resource) = (self.clone(), request.resource.arn.clone());
        // Over with this future, which is not the one that makes the call: that is not to be cut off anywhere.
        let (patience, _waits) = Patience::of_caller();
        let made = tokio::spawn(async move {
            let made = tasks.call(&namespace, key, &request, patience).await;
            (made, Some(held))
        });
        made.await.unwrap_or_else(|error| {
            tracing::error!(%error, %resource, "a task's call has panicked");
            let failed = CallError::Parameters {
                name: "States.TaskFailed".to_owned(),
                cause: "An internal error occurred while the task was called.".to_owned(),
            };
            (Err(failed), None)
        })
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether this server answers the call itself.
fn is_own(request: &TaskRequest) -> bool {
    match &request.resource.target {
        Target::Service { resource_type, .. } => ["states", SDK].contains(&&**resource_type),
        Target::Function | Target::Activity => false,
    }
}

fn outcome(result: Result<String, CallError>, step: Step) -> TaskOutcome {
    let failed = |error: &str, cause: String| {
        let (error, cause) = (Some(error.to_owned()), Some(cause));
        match step {
            Step::Whole => TaskOutcome::Failed { error, cause },
            Step::Submit | Step::SubmitJob => TaskOutcome::SubmitFailed { error, cause },
        }
    };
    match result {
        // Printed again: the service shows results compactly, whatever white space the function sent.
        Ok(json) => match expr::json::parse(&json).map(Document::from_value) {
            Ok(document) => match step {
                Step::Whole => TaskOutcome::Succeeded(document),
                Step::Submit | Step::SubmitJob => TaskOutcome::Submitted(document),
            },
            Err(error) => failed(
                "States.Runtime",
                format!("The answer of the task is not JSON: {}", error.message),
            ),
        },
        Err(error) => failed(error.name(), error.cause()),
    }
}

#[cfg(test)]
mod tests;
