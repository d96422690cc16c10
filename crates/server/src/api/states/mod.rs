//! Step Functions (awsJson 1.0, model 2016-11-23): from `X-Amz-Target` to an operation and back.
//!
//! Owns the API's shapes, names and errors. What a definition means is `asl`'s, what an execution does is the
//! runtime's.

mod activities;
mod aliases;
mod arns;
mod census;
mod configuration;
mod errors;
mod executions;
mod history;
pub mod integration;
mod listing;
pub mod logging;
mod machines;
mod map_runs;
mod model;
mod params;
mod reading;
mod records;
mod redrive;
mod routing;
pub mod sdk;
mod starts;
mod tags;
mod targets;
mod task_answers;
mod test_state;
mod tokens;
mod updates;
mod validation;
mod versions;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use aws::ApiError;
use aws::error::JsonVersion;
use runtime::{Clock, Runtime, TaskRunner};
use serde_json::{Value, json};

use crate::api::rendered;
use crate::front::{Request, Response};
use crate::logs::Logs;
use crate::mocks::Mocks;
use crate::quotas::Quotas;
use crate::rates::Rates;
use crate::records::Records;
use crate::roles::Roles;
pub use activities::has_activity;
use census::Census;
pub use history::show as show_event;
use params::Params;
use test_state::Tests;
pub use tokens::PageTokens;

/// The service.
pub struct StatesApi {
    runtime: Arc<Runtime>,
    records: Records,
    roles: Roles,
    logs: Logs,
    clock: Arc<dyn Clock>,
    strict_roles: bool,
    tests: Tests,
    quotas: Quotas,
    rates: Rates,
    census: Census,
    mocks: Arc<Mocks>,
    tokens: PageTokens,
}

/// What the service is made from.
pub struct Parts {
    /// Executions.
    pub runtime: Arc<Runtime>,
    /// State machines.
    pub records: Records,
    /// What IAM says of roles.
    pub roles: Roles,
    /// The groups that executions log to.
    pub logs: Logs,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Whether roles that this server does not know are refused.
    pub strict_roles: bool,
    /// How much there may be.
    pub quotas: Quotas,
    /// How often operations may be called.
    pub rates: Rates,
    /// Makes the calls of tests.
    pub runner: Arc<dyn TaskRunner>,
    /// The test cases of executions.
    pub mocks: Arc<Mocks>,
    /// Where the next pages begin.
    pub tokens: PageTokens,
}

impl StatesApi {
    /// Of its parts.
    pub fn new(parts: Parts) -> StatesApi {
        StatesApi {
            tests: Tests::new(parts.runner, parts.clock.clone()),
            runtime: parts.runtime,
            records: parts.records,
            roles: parts.roles,
            logs: parts.logs,
            clock: parts.clock,
            strict_roles: parts.strict_roles,
            quotas: parts.quotas,
            rates: parts.rates,
            census: Census::default(),
            mocks: parts.mocks,
            tokens: parts.tokens,
        }
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        let target = request.header("x-amz-target").unwrap_or_default();
        let operation = target.strip_prefix("AWSStepFunctions.").unwrap_or(target);
        let operation = operation.to_owned();
        match self.perform(&operation, request).await {
            Ok(answer) => Response::new(200, JsonVersion::V1_0.content_type(), answer.to_string()),
            Err(error) => rendered(error.render_json(JsonVersion::V1_0)),
        }
    }

    /// Whether an operation is refused for what is under way already, whatever the request says, and after which pause.
    pub fn refused_after(&self, target: &str) -> Option<Duration> {
        let refused = target == "AWSStepFunctions.StartExecution" && self.runtime.is_overloaded();
        refused.then(|| self.runtime.refusal_pause())
    }

    async fn perform(&self, operation: &str, mut request: Request) -> Result<Value, ApiError> {
        let Some(members) = model::members(operation) else {
            return Err(errors::unknown_operation(operation));
        };
        if operation != "StartExecution" {
            self.count(&request, operation)?;
        }
        let params = Params::read(&request.body, members)?;
        request.body_read(params.bytes());
        let request = &request;
        match operation {
            "CreateStateMachine" => self.create_machine(request, &params).await,
            "UpdateStateMachine" => self.update_machine(request, &params).await,
            "DeleteStateMachine" => self.delete_machine(request, &params).await,
            "DescribeStateMachine" => self.describe_machine(request, &params),
            "ListStateMachines" => self.list_machines(request, &params),
            "ValidateStateMachineDefinition" => self.validate_definition(&params),
            "StartExecution" => self.start_execution(request, &params).await,
            "StartSyncExecution" => self.start_sync_execution(request, params).await,
            "StopExecution" => self.stop_execution(request, &params).await,
            "RedriveExecution" => self.redrive_execution(request, &params).await,
            "DescribeExecution" => self.describe_execution(request, &params),
            "DescribeStateMachineForExecution" => {
                self.describe_machine_for_execution(request, &params)
            }
            "DescribeMapRun" => self.describe_map_run(request, &params),
            "ListMapRuns" => self.list_map_runs(request, &params),
            "UpdateMapRun" => self.update_map_run(request, &params).await,
            "ListExecutions" => self.list_executions(request, &params),
            "GetExecutionHistory" => self.execution_history(request, &params),
            "PublishStateMachineVersion" => self.publish_version(request, &params).await,
            "ListStateMachineVersions" => self.list_versions(request, &params),
            "DeleteStateMachineVersion" => self.delete_version(request, &params).await,
            "CreateStateMachineAlias" => self.create_alias(request, &params).await,
            "UpdateStateMachineAlias" => self.update_alias(request, &params).await,
            "DescribeStateMachineAlias" => self.describe_alias(request, &params),
            "ListStateMachineAliases" => self.list_aliases(request, &params),
            "DeleteStateMachineAlias" => self.delete_alias(request, &params).await,
            "TestState" => self.test_state(request, params).await,
            "CreateActivity" => self.create_activity(request, &params).await,
            "DeleteActivity" => self.delete_activity(request, &params).await,
            "DescribeActivity" => self.describe_activity(request, &params),
            "ListActivities" => self.list_activities(request, &params),
            "GetActivityTask" => self.activity_task(request, &params).await,
            "SendTaskSuccess" => self.task_succeeded(request, &params).await,
            "SendTaskFailure" => self.task_failed(request, &params).await,
            "SendTaskHeartbeat" => self.task_heartbeat(request, &params).await,
            "TagResource" => self.tag(request, &params).await,
            "UntagResource" => self.untag(request, &params).await,
            "ListTagsForResource" => self.list_tags(request, &params),
            other => Err(errors::unknown_operation(other)),
        }
    }

    /// What runs the executions.
    pub fn runtime(&self) -> Arc<Runtime> {
        self.runtime.clone()
    }

    /// Refuses a call when there were too many of its kind lately.
    fn count(&self, request: &Request, operation: &str) -> Result<(), ApiError> {
        let (account, region) = (&request.account, &request.region);
        match self
            .rates
            .allow(account, region, operation, self.now_millis())
        {
            true => Ok(()),
            false => Err(errors::throttled()),
        }
    }

    fn now_millis(&self) -> i64 {
        self.clock.now().0
    }
}

/// A timestamp as awsJson writes it: seconds since the epoch with milliseconds.
fn epoch(millis: i64) -> Value {
    json!(millis as f64 / 1000.0)
}
