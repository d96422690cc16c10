//! Describe and stop executions.

use std::sync::Arc;
use std::time::Duration;

use aws::ApiError;
use engine::Timestamp;
use engine::event::Failure;
use runtime::codec::listed::Listed;
use runtime::lists::List;
use runtime::{ExecutionId, ExecutionRecord, Namespace, Runtime, RuntimeError, Status, query};
use serde_json::{Value, json};

use super::listing::list_item;
use super::machines::show_revision;
use super::params::Params;
use super::{StatesApi, epoch, errors};
use super::{arns, map_runs};
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
        let definition = self.definition(request, &record.revision.key)?;
        let revision = self
            .revision(request, &record.revision.key)?
            .ok_or_else(|| errors::no_execution(params.required("executionArn")))?;
        let mut answer = json!({
            "stateMachineArn": &*record.facts.machine_arn,
            "name": &*record.facts.machine_name,
            "definition": definition,
            "roleArn": revision.role_arn,
            "updateDate": epoch(revision.updated_millis),
        });
        show_revision(&mut answer, &revision);
        show_processor(&mut answer, &record);
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
    let list = List {
        machine,
        through: None,
        status: Some(Status::Running),
    };
    let mut after = None;
    loop {
        let page = query::list(runtime.store(), namespace, list, Timestamp(0), after, 100)?;
        let old = page
            .executions
            .iter()
            .filter(|(id, _)| id.started() <= deleted);
        for (_, listed) in old {
            abort(runtime, namespace, machine, &listed.name).await?;
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

/// For a child of a map run: its map run, the label and the definition that it runs.
fn show_processor(answer: &mut Value, record: &ExecutionRecord) {
    let Some(child) = &record.child else {
        return;
    };
    let whole = answer["definition"].as_str().unwrap_or_default();
    let whole: Value = serde_json::from_str(whole).unwrap_or_default();
    if let Some(processor) = map_runs::item_processor(&whole, &child.state) {
        answer["definition"] = processor.to_string().into();
    }
    let name = &record.facts.machine_name;
    answer["label"] = name.split_once('/').map_or("", |(_, label)| label).into();
    answer["mapRunArn"] = (*child.arn).into();
}

fn describe(record: &ExecutionRecord, included: bool) -> Value {
    let facts = &record.facts;
    let listed = Listed::of(record);
    let mut answer = list_item(&facts.arn, &facts.machine_arn, facts.started, &listed);
    map_runs::show_child(&mut answer, record);
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
