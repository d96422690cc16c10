//! What a run calls: functions in a folder, a Lambda API elsewhere, or nothing. In memory but for a temporary folder that
//! goes with it.
//!
//! Calls are made by the server's own task runner, so that parameters, results and errors are those of the server.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use asl::definition::{Pattern, Target};
use aws::arn::FunctionRef;
use engine::{Facts, TaskId, TaskOutcome, TaskRequest};
use expr::json::{Document, Object, Value};
use functions::{CodeStore, FunctionHost, HostConfig, PythonClient};
use runtime::{ExecutionId, Namespace, TaskCall, TaskKey, TaskRunner};
use store::MemoryStore;
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::RunError;
use super::driver::{Answer, Caller};
use super::shelf::Shelf;
use crate::api::lambda::LambdaApi;
use crate::records::Records;
use crate::tasks::{Functions, Tasks};

/// How long functions may take to finish when the run is over.
const DRAIN: Duration = Duration::from_millis(500);
/// How many hints are kept.
const MAX_HINTS: usize = 20;

/// Where functions are.
#[derive(Clone, Debug)]
pub enum Source {
    /// In a folder.
    Folder(PathBuf),
    /// Behind a Lambda API.
    Endpoint(String),
    /// Nowhere.
    Nowhere,
}

/// Everything outside of an execution. Clones are one world.
#[derive(Clone)]
pub struct World {
    tasks: Tasks,
    host: FunctionHost,
    code: Known,
    /// Account and region of the execution.
    place: (Arc<str>, Arc<str>),
    facts: Arc<Facts>,
    handle: Handle,
    hints: Arc<Mutex<Vec<String>>>,
}

/// Where the code of functions is.
#[derive(Clone)]
enum Known {
    Shelf(Shelf),
    Elsewhere,
    Nowhere,
}

impl World {
    /// For one execution. Must be called on a tokio runtime.
    pub fn new(
        source: &Source,
        place: (&str, &str),
        facts: Facts,
        temporary: &TempDir,
    ) -> Result<World, RunError> {
        let mut config = HostConfig::new(temporary.path());
        // The small one: AWS's own would be installed anew for every run.
        config.python_client = PythonClient::Bundled;
        let host = FunctionHost::new(config)?;
        let records = Records::new(Arc::new(MemoryStore::new()));
        let store = CodeStore::open(temporary.path().join("code"))?;
        let lambda = LambdaApi::new(records, host.clone(), store);
        let local = Functions::Local(lambda.clone());
        let (functions, code) = match source {
            Source::Folder(folder) => (local, Known::Shelf(Shelf::new(folder, lambda))),
            Source::Endpoint(url) => {
                let remote = Functions::remote(url)
                    .map_err(|error| RunError::LambdaEndpoint(url.clone(), error))?;
                (remote, Known::Elsewhere)
            }
            Source::Nowhere => (local, Known::Nowhere),
        };
        Ok(World {
            tasks: Tasks::new(Handle::current(), functions),
            host,
            code,
            place: (place.0.into(), place.1.into()),
            facts: Arc::new(facts),
            handle: Handle::current(),
            hints: Arc::default(),
        })
    }

    /// What a person should know about calls that could not be made.
    pub fn hints(&self) -> Vec<String> {
        self.locked_hints().clone()
    }

    /// Ends the functions' processes.
    pub async fn close(&self) {
        let _ = tokio::time::timeout(DRAIN, self.host.shutdown()).await;
    }

    fn hint(&self, text: String) {
        let mut hints = self.locked_hints();
        if hints.len() < MAX_HINTS && !hints.contains(&text) {
            hints.push(text);
        }
    }

    fn locked_hints(&self) -> MutexGuard<'_, Vec<String>> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The call, once the function that it names is there, if it can be.
    async fn prepared(&self, call: TaskCall) -> TaskCall {
        let Some(named) = named_function(&call.request) else {
            return call;
        };
        let name = &named.name;
        match &self.code {
            Known::Elsewhere => call,
            Known::Nowhere => {
                self.hint(format!(
                    "nothing is known of the function {name}: say where its code is with --functions DIR (a folder with \
                     {name}.py, {name}.mjs, {name}.js or a folder {name}), or who has it with --lambda-endpoint URL"
                ));
                call
            }
            Known::Shelf(shelf) => {
                let account = named.account.as_deref().unwrap_or(&self.place.0);
                let region = named.region.as_deref().unwrap_or(&self.place.1);
                match shelf.provide(&named, (account, region)).await {
                    Ok(()) => redirected(call, &named, account, region),
                    Err(reason) => {
                        let folder = shelf.folder().display();
                        self.hint(format!(
                            "the function {name} cannot be taken from {folder}: {reason}"
                        ));
                        call
                    }
                }
            }
        }
    }
}

impl Caller for World {
    fn call(&self, task: TaskId, request: TaskRequest, answer: Answer) {
        if calls_states(&request.resource.target) {
            self.hint(
                "other state machines are not there when a definition is run by itself; stepwell serve has them".to_owned(),
            );
            return answer.send(no_machine(&request));
        }
        if awaits_token(&request.resource.target) {
            self.hint(
                "nobody can answer a task token when a definition is run by itself: only TimeoutSeconds or HeartbeatSeconds ends such a task".to_owned(),
            );
        }
        let call = TaskCall {
            key: key(task),
            namespace: Namespace::new(&self.place.0, &self.place.1),
            facts: self.facts.clone(),
            request,
            answer: runtime::Answer::new(move |outcome| answer.send(outcome)),
        };
        let world = self.clone();
        self.handle.spawn(async move {
            let call = world.prepared(call).await;
            world.tasks.run(call);
        });
    }

    fn cancel(&self, task: TaskId) {
        self.tasks.cancel(key(task));
    }
}

/// There is one execution.
fn key(task: TaskId) -> TaskKey {
    TaskKey {
        execution: ExecutionId(0),
        task,
    }
}

/// The function that a request calls.
fn named_function(request: &TaskRequest) -> Option<FunctionRef> {
    match &request.resource.target {
        Target::Function => FunctionRef::parse(&request.resource.arn),
        Target::Service { resource_type, .. } if &**resource_type == "lambda" => {
            let name = request.input.value().get("FunctionName")?;
            FunctionRef::parse(name.as_str()?)
        }
        _ => None,
    }
}

/// The call of a function of this process: in its own account and region, and whatever version or alias is named is the
/// code that there is.
fn redirected(mut call: TaskCall, named: &FunctionRef, account: &str, region: &str) -> TaskCall {
    call.namespace = Namespace::new(account, region);
    let arn: Arc<str> = named.arn(region, account).to_string().into();
    match &call.request.resource.target {
        Target::Function => call.request.resource.arn = arn,
        _ => {
            let parameters = call.request.input.value().as_object();
            let mut parameters: Object = parameters.cloned().unwrap_or_default();
            parameters.insert("FunctionName".into(), Value::String(arn));
            parameters.remove("Qualifier");
            call.request.input = Document::from_value(Value::Object(Arc::new(parameters)));
        }
    }
    call
}

fn calls_states(target: &Target) -> bool {
    matches!(target, Target::Service { resource_type, .. } if &**resource_type == "states")
}

fn awaits_token(target: &Target) -> bool {
    matches!(target, Target::Service { pattern, .. } if *pattern == Pattern::WaitForTaskToken)
}

/// What Step Functions answers when a machine is not there.
fn no_machine(request: &TaskRequest) -> TaskOutcome {
    let arn = request
        .input
        .value()
        .get("StateMachineArn")
        .and_then(Value::as_str);
    let error = integrations::CallError::Service {
        name: "StepFunctions.StateMachineDoesNotExistException".to_owned(),
        service: "AWSStepFunctions",
        status: 400,
        code: "StateMachineDoesNotExist".to_owned(),
        message: format!(
            "State Machine Does Not Exist: '{}'",
            arn.unwrap_or_default()
        ),
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    let (name, cause) = (Some(error.name().to_owned()), Some(error.cause()));
    match &request.resource.target {
        Target::Service { pattern, .. } if *pattern != Pattern::RequestResponse => {
            TaskOutcome::SubmitFailed { error: name, cause }
        }
        _ => TaskOutcome::Failed { error: name, cause },
    }
}
