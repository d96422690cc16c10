//! Start executions: of Standard machines, of Express machines, and of those while the caller waits for the end.

use std::sync::Arc;

use aws::ApiError;
use engine::{Facts, Timestamp};
use expr::json::Document;
use runtime::{ExecutionRecord, Finished, Namespace, RuntimeError, StartRequest, Started, Status};
use serde_json::{Value, json};
use uuid::Uuid;

use super::params::Params;
use super::targets::Target;
use super::{StatesApi, arns, epoch, errors};
use crate::front::Request;
use crate::rates::START_EXPRESS;

/// An Express execution is billed by the duration in steps of so many milliseconds, and the memory in steps of so many
/// bytes (spec api.md, StartSyncExecution).
const BILLED_MILLIS: i64 = 100;
const BILLED_BYTES: usize = 64 * 1024 * 1024;

impl StatesApi {
    pub(super) async fn start_execution(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let (target, test_case) = self.named_target(request, params)?;
        let is_express = target.machine.is_express();
        self.count(
            request,
            if is_express {
                START_EXPRESS
            } else {
                "StartExecution"
            },
        )?;
        let start = self.start_request(request, params, target, test_case)?;
        let arn = start.facts.arn.clone();
        let started: Result<Started, RuntimeError> = match is_express {
            true => self.runtime.start_express(start).await,
            false => self.runtime.start(start).await,
        };
        match started {
            Ok(started) => Ok(json!({ "executionArn": *arn, "startDate": epoch(started.at.0) })),
            Err(RuntimeError::AlreadyExists) => Err(errors::execution_exists(&arn)),
            Err(error) => Err(errors::from_runtime(error)),
        }
    }

    pub(super) async fn start_sync_execution(
        &self,
        request: &Request,
        params: Params,
    ) -> Result<Value, ApiError> {
        let (target, test_case) = self.named_target(request, &params)?;
        if !target.machine.is_express() {
            return Err(errors::type_not_supported());
        }
        let start = self.start_request(request, &params, target, test_case)?;
        let included = params.text("includedData") != Some("METADATA_ONLY");
        // The execution has what it needs, within bounds of its own.
        drop(params);
        request.weight.set(0);
        let finished = self.runtime.run_express(start).await;
        let finished = finished.map_err(errors::from_runtime)?;
        Ok(show(&finished, included))
    }

    /// The machine that is named, and the test case that follows it.
    fn named_target(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<(Target, Option<Arc<str>>), ApiError> {
        let (arn, test_case) = self.mocks.split(params.required("stateMachineArn"));
        let arn = self.own_machine(request, arn)?;
        let target = self.target(request, &arn)?;
        if let Some(name) = test_case {
            let file = self.mocks.refresh();
            let file = file.map_err(|error| errors::no_mocks(&error.to_string()))?;
            if file.test_case(&target.machine.name, name).is_none() {
                return Err(errors::no_test_case(name, &target.machine.name));
            }
        }
        Ok((target, test_case.map(Arc::from)))
    }

    /// Checks what is left in the order measured on AWS: machine, name, input, name in use (spec api.md 0.1).
    fn start_request(
        &self,
        request: &Request,
        params: &Params,
        target: Target,
        test_case: Option<Arc<str>>,
    ) -> Result<StartRequest, ApiError> {
        let machine = &target.machine;
        let name = match params.text("name") {
            Some(name) => {
                arns::check_name(name)?;
                name.to_owned()
            }
            None => Uuid::new_v4().to_string(),
        };
        let input = read_input(params.text("input").unwrap_or("{}"))?;
        let (region, account) = (&request.region, &request.account);
        let arn = match machine.is_express() {
            true => arns::format_express(region, account, &machine.name, &name, Uuid::new_v4()),
            false => arns::format_execution(region, account, &machine.name, &name),
        };
        let from_header = request
            .header("x-amzn-trace-id")
            .filter(|header| header.len() <= 256);
        let trace_header = from_header.or(params.text("traceHeader"));
        Ok(StartRequest {
            namespace: Namespace::new(account, region),
            facts: Facts {
                arn: arn.into(),
                name: name.into(),
                machine_arn: self.machine_arn(request, &machine.name).into(),
                machine_name: machine.name.as_str().into(),
                role_arn: target.revision().role_arn.as_str().into(),
                region: region.clone(),
                started: Timestamp(0),
                input,
                test_case,
            },
            revision: target.pinned,
            trace_header: trace_header.map(Arc::from),
            machine_created: Timestamp(target.machine.created_millis),
        })
    }
}

/// The input's text, checked to be JSON; kept as it is.
pub(super) fn read_input(text: &str) -> Result<Document, ApiError> {
    if text.trim().is_empty() {
        return Err(errors::invalid_input("Invalid execution input."));
    }
    Document::parse(text).map_err(|error| errors::invalid_input(&error.message))
}

/// How an execution ended whose caller has waited. One that failed has no output, but says that it is included ([rec]).
fn show(finished: &Finished, included: bool) -> Value {
    let record = &finished.record;
    let facts = &record.facts;
    let stopped = record.stopped.unwrap_or(facts.started);
    let mut answer = json!({
        "executionArn": &*facts.arn,
        "stateMachineArn": &*facts.machine_arn,
        "name": &*facts.name,
        "startDate": epoch(facts.started.0),
        "stopDate": epoch(stopped.0),
        "status": record.status.as_str(),
        "inputDetails": { "included": included },
        "outputDetails": { "included": included },
        "billingDetails": {
            "billedDurationInMilliseconds": billed_millis(stopped.0 - facts.started.0),
            "billedMemoryUsedInMB": billed_megabytes(finished.memory_bytes),
        },
    });
    if included {
        show_data(&mut answer, record);
    }
    if let Some(header) = &record.trace_header {
        answer["traceHeader"] = (**header).into();
    }
    answer
}

fn show_data(answer: &mut Value, record: &ExecutionRecord) {
    answer["input"] = record.facts.input.text().into();
    if let Some(output) = &record.output {
        answer["output"] = output.text().into();
    }
    let timed_out = (record.status == Status::TimedOut).then_some("States.Timeout");
    if let Some(error) = record.failure.error.as_deref().or(timed_out) {
        answer["error"] = error.into();
    }
    if let Some(cause) = &record.failure.cause {
        answer["cause"] = (**cause).into();
    }
}

fn billed_millis(millis: i64) -> i64 {
    let steps = (millis.max(1) + BILLED_MILLIS - 1) / BILLED_MILLIS;
    steps * BILLED_MILLIS
}

fn billed_megabytes(bytes: usize) -> usize {
    bytes.max(1).div_ceil(BILLED_BYTES) * (BILLED_BYTES >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_memory_are_billed_in_steps() {
        let millis = [0, 1, 100, 101, 7_512].map(billed_millis);
        assert_eq!(millis, [100, 100, 100, 200, 7_600]);
        let megabytes = [0, 1, 64 << 20, (64 << 20) + 1].map(billed_megabytes);
        assert_eq!(megabytes, [64, 64, 64, 128]);
    }
}
