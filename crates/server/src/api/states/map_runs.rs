//! Describe, list and update map runs.

use aws::ApiError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime::map_runs::{RunId, RunStatus, RunView, Tally, TolerancePatch};
use runtime::{ExecutionRecord, Namespace};
use serde_json::{Value, json};

use super::machines::page_size;
use super::params::Params;
use super::tokens::Scope;
use super::{StatesApi, arns, epoch, errors};
use crate::front::Request;

impl StatesApi {
    pub(super) fn describe_map_run(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let (_, view) = self.map_run(request, params.required("mapRunArn"))?;
        let (record, tolerance) = (&view.record, &view.record.tolerance);
        let mut answer = json!({
            "mapRunArn": &*view.arn,
            "executionArn": &*view.execution_arn,
            "status": record.status.as_str(),
            "startDate": epoch(record.started.0),
            "maxConcurrency": tolerance.concurrency,
            "toleratedFailurePercentage": tolerance.percentage.unwrap_or(0.0),
            "toleratedFailureCount": tolerance.failures.unwrap_or(0),
            "itemCounts": counts(&record.counts.items),
            "executionCounts": counts(&record.counts.executions),
        });
        if let Some(stopped) = record.stopped {
            answer["stopDate"] = epoch(stopped.0);
        }
        Ok(answer)
    }

    pub(super) fn list_map_runs(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("executionArn");
        let (execution, _) = self.execution(request, text)?;
        let scope = Scope {
            operation: "ListMapRuns",
            arguments: &[&request.account, &request.region, text],
        };
        let before = match params.text("nextToken") {
            Some(token) => {
                let position = self.tokens.open(&scope, self.now_millis(), token)?;
                Some(read_position(&position)?)
            }
            None => None,
        };
        let page = self
            .runtime
            .map_runs(
                &namespace(request),
                execution,
                before.as_deref(),
                page_size(params),
            )
            .map_err(errors::from_runtime)?;
        let items: Vec<Value> = page.runs.iter().map(list_item).collect();
        let mut answer = json!({ "mapRuns": items });
        if let Some(next) = page.next {
            let position = URL_SAFE_NO_PAD.encode(next);
            answer["nextToken"] = self
                .tokens
                .issue(&scope, self.now_millis(), &position)
                .into();
        }
        Ok(answer)
    }

    pub(super) async fn update_map_run(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let (run, view) = self.map_run(request, params.required("mapRunArn"))?;
        let unsigned = |name: &str| params.integer(name).map(i64::unsigned_abs);
        let patch = TolerancePatch {
            concurrency: unsigned("maxConcurrency"),
            failures: unsigned("toleratedFailureCount"),
            percentage: params.number("toleratedFailurePercentage"),
        };
        let is_open = view.record.status == RunStatus::Running
            && self
                .runtime
                .update_map_run(&namespace(request), run, patch)
                .await
                .map_err(errors::from_runtime)?;
        match is_open {
            true => Ok(json!({})),
            false => Err(errors::completed_map_run(&view.arn)),
        }
    }

    /// The map run that an ARN names.
    pub(super) fn map_run(
        &self,
        request: &Request,
        text: &str,
    ) -> Result<(RunId, RunView), ApiError> {
        let arn = arns::map_run(text)?;
        let unknown = || errors::no_resource(text);
        let here = arn.account == *request.account && arn.region == *request.region;
        let run = RunId::parse(&arn.uuid)
            .filter(|_| here)
            .ok_or_else(unknown)?;
        let found = self.runtime.map_run(&namespace(request), run);
        let view = found.map_err(errors::from_runtime)?.ok_or_else(unknown)?;
        match *view.arn == *text {
            true => Ok((run, view)),
            false => Err(unknown()),
        }
    }
}

/// What an execution that is a child of a map run shows besides in its description.
pub(super) fn show_child(item: &mut Value, record: &ExecutionRecord) {
    if let Some(child) = &record.child {
        item["mapRunArn"] = (*child.arn).into();
    }
}

/// The item processor of the Map state that a definition has somewhere under this name.
pub(super) fn item_processor<'v>(definition: &'v Value, state: &str) -> Option<&'v Value> {
    let states = definition.get("States")?.as_object()?;
    let processor = |state: &'v Value| state.get("ItemProcessor").or_else(|| state.get("Iterator"));
    if let Some(found) = states.get(state).and_then(processor) {
        return Some(found);
    }
    states.values().find_map(|inner| {
        let branches = inner.get("Branches").and_then(Value::as_array);
        let graphs = branches.into_iter().flatten().chain(processor(inner));
        graphs
            .into_iter()
            .find_map(|graph| item_processor(graph, state))
    })
}

fn namespace(request: &Request) -> Namespace {
    Namespace::new(&request.account, &request.region)
}

fn read_position(position: &str) -> Result<Vec<u8>, ApiError> {
    URL_SAFE_NO_PAD
        .decode(position)
        .map_err(|_| errors::invalid_token())
}

fn counts(tally: &Tally) -> Value {
    json!({
        "pending": tally.pending(),
        "running": tally.running,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "timedOut": tally.timed_out,
        "aborted": tally.aborted,
        "total": tally.total,
        "resultsWritten": tally.results_written,
    })
}

fn list_item(view: &RunView) -> Value {
    let mut item = json!({
        "executionArn": &*view.execution_arn,
        "mapRunArn": &*view.arn,
        "stateMachineArn": &*view.machine_arn,
        "startDate": epoch(view.record.started.0),
    });
    if let Some(stopped) = view.record.stopped {
        item["stopDate"] = epoch(stopped.0);
    }
    item
}
