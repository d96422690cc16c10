//! Describe, list and stop executions.

use std::sync::Arc;
use std::time::Duration;

use aws::ApiError;
use engine::Timestamp;
use engine::event::Failure;
use runtime::query::Filter;
use runtime::{ExecutionId, ExecutionRecord, Namespace, Runtime, RuntimeError, Status, query};
use serde_json::{Value, json};

use super::arns;
use super::machines::{page_size, show_revision};
use super::params::Params;
use super::redrive::show_redrives;
use super::tokens::Scope;
use super::{StatesApi, epoch, errors};
use crate::front::Request;

impl StatesApi {
    pub(super) async fn stop_execution(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("executionArn");
        let arn = arns::execution(text)?;
        let namespace = Namespace::new(&arn.account, &arn.region);
        let failure = Failure {
            error: params.text("error").map(Arc::from),
            cause: params.text("cause").map(Arc::from),
        };
        self.same_namespace(request, &arn, text)?;
        match self
            .runtime
            .stop_execution(&namespace, &arn.machine, &arn.name, failure)
            .await
        {
            Ok(stopped) => Ok(json!({ "stopDate": epoch(stopped.at.0) })),
            Err(RuntimeError::NotFound) => Err(errors::no_execution(text)),
            Err(error) => Err(errors::from_runtime(error)),
        }
    }

    pub(super) fn describe_execution(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let (_, record) = self.execution(request, params.required("executionArn"))?;
        let included = params.text("includedData") != Some("METADATA_ONLY");
        let mut answer = describe(&record, included);
        self.show_redrive(request, &mut answer, &record)?;
        Ok(answer)
    }

    pub(super) fn describe_machine_for_execution(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let (_, record) = self.execution(request, params.required("executionArn"))?;
        let revision = self
            .revision(request, &record.revision.key)?
            .ok_or_else(|| errors::no_execution(params.required("executionArn")))?;
        let mut answer = json!({
            "stateMachineArn": &*record.facts.machine_arn,
            "name": &*record.facts.machine_name,
            "definition": self.definition(request, &record.revision.key)?,
            "roleArn": revision.role_arn,
            "updateDate": epoch(revision.updated_millis),
        });
        show_revision(&mut answer, &revision);
        Ok(answer)
    }

    pub(super) fn list_executions(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = match (params.text("stateMachineArn"), params.text("mapRunArn")) {
            (Some(text), None) => text,
            (None, Some(_)) => {
                return Err(errors::not_yet(
                    "Listing the executions of a Map Run (mapRunArn)",
                ));
            }
            _ => {
                return Err(errors::validation(
                    "Either stateMachineArn or mapRunArn must be specified, and not both.",
                )
                .with("reason", "MISSING_REQUIRED_PARAMETER"));
            }
        };
        let arn = self.own_machine(request, text)?;
        let machine = self.machine(request, &arn)?.value;
        if machine.is_express() {
            return Err(errors::type_not_supported());
        }
        let through = self.filter(request, &arn)?;
        let (status, redriven) = (params.text("statusFilter"), params.text("redriveFilter"));
        let scope = Scope {
            operation: "ListExecutions",
            arguments: &[
                text,
                status.unwrap_or_default(),
                redriven.unwrap_or_default(),
            ],
        };
        let after = match params.text("nextToken") {
            Some(token) => Some(parse_position(&scope.open(self.now_millis(), token)?)?),
            None => None,
        };
        let none_matches = status == Some("PENDING_REDRIVE") || redriven == Some("REDRIVEN");
        if none_matches {
            return Ok(json!({ "executions": [] }));
        }
        let wanted =
            status.and_then(|status| Status::ALL.into_iter().find(|s| s.as_str() == status));
        let namespace = Namespace::new(&request.account, &request.region);
        let filter = Filter {
            status: wanted,
            through: through.as_deref(),
        };
        let page = query::list_matching(
            self.runtime.store(),
            &namespace,
            &machine.name,
            filter,
            after,
            page_size(params),
        )
        .map_err(errors::from_runtime)?;
        let items: Vec<Value> = page
            .executions
            .iter()
            .map(|(_, record)| list_item(record))
            .collect();
        let mut answer = json!({ "executions": items });
        if let Some(next) = page.next {
            answer["nextToken"] = scope
                .issue(self.now_millis(), &format!("{:032x}", next.0))
                .into();
        }
        Ok(answer)
    }

    /// The execution that an ARN names.
    pub(super) fn execution(
        &self,
        request: &Request,
        text: &str,
    ) -> Result<(ExecutionId, ExecutionRecord), ApiError> {
        let arn = arns::execution(text)?;
        self.same_namespace(request, &arn, text)?;
        let namespace = Namespace::new(&arn.account, &arn.region);
        query::find(self.runtime.store(), &namespace, &arn.machine, &arn.name)
            .map_err(errors::from_runtime)?
            .ok_or_else(|| errors::no_execution(text))
    }

    fn same_namespace(
        &self,
        request: &Request,
        arn: &arns::ExecutionArn,
        text: &str,
    ) -> Result<(), ApiError> {
        match arn.account == *request.account && arn.region == *request.region {
            true => Ok(()),
            false => Err(errors::no_execution(text)),
        }
    }

    /// Aborts what is open of a machine that was deleted, in the background.
    pub(super) fn abort_executions(&self, request: &Request, machine: &str) {
        let runtime = self.runtime.clone();
        let namespace = Namespace::new(&request.account, &request.region);
        let (machine, deleted) = (machine.to_owned(), self.clock.now());
        tokio::spawn(async move {
            if let Err(error) = abort_all(&runtime, &namespace, &machine, deleted).await {
                tracing::warn!(machine, %error, "the executions of a deleted state machine could not all be aborted");
            }
        });
    }
}

/// Aborts a machine's open executions, but those of one that was created under the same name since.
async fn abort_all(
    runtime: &Runtime,
    namespace: &Namespace,
    machine: &str,
    deleted: Timestamp,
) -> Result<(), RuntimeError> {
    let mut after = None;
    loop {
        let page = query::list(
            runtime.store(),
            namespace,
            machine,
            Some(Status::Running),
            after,
            100,
        )?;
        let old = page
            .executions
            .iter()
            .filter(|(_, record)| record.facts.started <= deleted);
        for (_, record) in old {
            abort(runtime, namespace, machine, &record.facts.name).await?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Aborts one, later if there is too much to do now.
async fn abort(
    runtime: &Runtime,
    namespace: &Namespace,
    machine: &str,
    name: &str,
) -> Result<(), RuntimeError> {
    loop {
        match runtime
            .stop_execution(namespace, machine, name, Failure::default())
            .await
        {
            Err(RuntimeError::Overloaded) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => return Err(error),
            Ok(_) => return Ok(()),
        }
    }
}

fn parse_position(position: &str) -> Result<ExecutionId, ApiError> {
    u128::from_str_radix(position, 16)
        .map(ExecutionId)
        .map_err(|_| errors::invalid_token())
}

pub(super) fn describe(record: &ExecutionRecord, included: bool) -> Value {
    let mut answer = list_item(record);
    answer["inputDetails"] = json!({ "included": included });
    if let Some(header) = &record.trace_header {
        answer["traceHeader"] = (**header).into();
    }
    if record.output.is_some() {
        answer["outputDetails"] = json!({ "included": included });
    }
    if included {
        show_data(&mut answer, record);
    }
    answer
}

fn show_data(answer: &mut Value, record: &ExecutionRecord) {
    answer["input"] = record.facts.input.text().into();
    if let Some(output) = &record.output {
        answer["output"] = output.text().into();
    }
    if let Some(error) = &record.failure.error {
        answer["error"] = (**error).into();
    }
    if let Some(cause) = &record.failure.cause {
        answer["cause"] = (**cause).into();
    }
}

/// What a list shows of an execution; a description says more.
fn list_item(record: &ExecutionRecord) -> Value {
    let facts = &record.facts;
    let mut item = json!({
        "executionArn": &*facts.arn,
        "stateMachineArn": &*facts.machine_arn,
        "name": &*facts.name,
        "status": record.status.as_str(),
        "startDate": epoch(facts.started.0),
    });
    show_redrives(&mut item, record);
    if let Some(version) = &record.revision.version {
        item["stateMachineVersionArn"] = (**version).into();
    }
    if let Some(alias) = &record.revision.alias {
        item["stateMachineAliasArn"] = (**alias).into();
    }
    if let Some(stopped) = record.stopped {
        item["stopDate"] = epoch(stopped.0);
    }
    item
}
