//! TestState: one state, run once, with what its data flow came to (spec api.md).
//!
//! Owns the request and the answer. What a state does is the engine's; a test is one that nobody keeps.

mod context;
mod driver;
mod inspection;
mod items;
mod mock;

use std::collections::BTreeMap;
use std::sync::Arc;

use asl::definition::{Kind, Pattern, Target};
use asl::testing::{Refusal, Subject};
use aws::ApiError;
use engine::probe::Given;
use engine::testing::{Left, Report, StateTest, Verdict};
use engine::{Facts, TaskOutcome, Timestamp, Variables};
use expr::json::Document;
use serde_json::{Value, json};
use uuid::Uuid;

use self::mock::Configuration;
use super::params::Params;
use super::starts::read_input;
use super::{StatesApi, errors};
use crate::front::Request;

pub(super) use driver::Tests;

/// How much more a test takes than its request: its machine, compiled, and its data, parsed.
const COMPILED: usize = 4;

/// A test that can begin.
struct Prepared {
    test: StateTest,
    subject: Subject,
    configuration: Configuration,
    variables: Variables,
    facts: Facts,
    inspected: bool,
}

impl StatesApi {
    /// Checks the definition, then what the test gives the state, then the data; and runs it.
    pub(super) async fn test_state(
        &self,
        request: &Request,
        params: Params,
    ) -> Result<Value, ApiError> {
        let prepared = self.prepare(request, &params).await?;
        request.weight.set(params.bytes().saturating_mul(COMPILED));
        drop(params);
        let Prepared {
            test,
            subject,
            configuration,
            variables,
            facts,
            inspected,
        } = prepared;
        let input = facts.input.clone();
        let namespace = runtime::Namespace::new(&request.account, &request.region);
        let report = self.tests.run(test, variables, namespace, facts).await?;
        configuration.check_iterations(&report)?;
        let mut answer = answer(&report);
        if inspected {
            answer["inspectionData"] = inspection::data(&report, &subject, &input);
        }
        Ok(answer)
    }

    async fn prepare(&self, request: &Request, params: &Params) -> Result<Prepared, ApiError> {
        mock::check_constraints(params)?;
        let name = params.text("stateName");
        let definition = params.required("definition").to_owned();
        let compiled = self.tests.compile(definition, name.map(str::to_owned));
        let subject = compiled.await?.map_err(|refusal| refused(refusal, name))?;
        let outcome = mock::outcome(params, &subject)?;
        let configuration = Configuration::read(params, &subject, outcome.is_some())?;
        check_callable(&subject, outcome.is_some())?;
        let facts = self.test_facts(request, params, &subject, outcome.is_some())?;
        let given = Given {
            context: Some(context::object(
                params,
                &subject,
                &facts,
                outcome.is_some(),
            )?),
            retries: configuration.retries,
            items: configuration.items.clone(),
            failed_iterations: configuration.failed_iterations.unwrap_or(0),
            outcome,
        };
        let variables = read_variables(params.text("variables"))?;
        let inspected = params.text("inspectionLevel").is_some_and(|l| l != "INFO");
        let test = StateTest::new(subject.machine.clone(), subject.state, facts.clone(), given);
        Ok(Prepared {
            test,
            subject,
            configuration,
            variables,
            facts,
            inspected,
        })
    }

    /// The execution that a test pretends to be: an express one of a machine nobody has heard of ([rec]).
    fn test_facts(
        &self,
        request: &Request,
        params: &Params,
        subject: &Subject,
        mocked: bool,
    ) -> Result<Facts, ApiError> {
        let (machine, name) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        let machine_arn = self.machine_arn(request, &machine);
        match params.text("roleArn") {
            Some(role) => self.check_role(&machine_arn, role)?,
            None if matches!(subject.state().kind, Kind::Task(_)) && !mocked => {
                return Err(errors::validation(
                    "RoleArn must be specified when testing a Task state",
                ));
            }
            None => {}
        }
        let arn = format!(
            "{}:{name}",
            machine_arn.replacen(":stateMachine:", ":express:", 1)
        );
        Ok(Facts {
            arn: arn.into(),
            name: name.into(),
            machine_arn: machine_arn.into(),
            machine_name: machine.into(),
            role_arn: params.text("roleArn").unwrap_or_default().into(),
            region: request.region.clone(),
            started: Timestamp(self.now_millis()),
            input: read_input(params.text("input").unwrap_or("{}"))?,
            test_case: None,
        })
    }
}

fn refused(refusal: Refusal, name: Option<&str>) -> ApiError {
    match refusal {
        Refusal::Invalid(diagnostics) => errors::invalid_definition(&diagnostics),
        Refusal::NoSuchState => errors::validation(format!(
            "State '{}' does not exist in the definition",
            name.unwrap_or_default()
        )),
    }
}

/// What a test without a mock cannot do: Map and Parallel ([rec]), and what is answered from outside.
fn check_callable(subject: &Subject, mocked: bool) -> Result<(), ApiError> {
    if mocked {
        return Ok(());
    }
    let task = match &subject.state().kind {
        Kind::Map(_) | Kind::Parallel { .. } => {
            return Err(errors::untestable(
                "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, \
                 Pass, Succeed, Fail, Choice]",
            ));
        }
        Kind::Task(task) => task,
        _ => return Ok(()),
    };
    let what = match &task.resource.target {
        Target::Activity => "Activity tasks",
        Target::Service {
            pattern: Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken,
            ..
        } => "the '.sync' and '.waitForTaskToken' service integration patterns",
        _ => {
            let missing = subject.missing();
            return missing.map_or(Ok(()), |message| Err(errors::untestable(&message)));
        }
    };
    let message = format!("TestState API does not support {what} when a mock is not specified.");
    Err(errors::untestable(&message))
}

/// A JSON object of variables by their names.
fn read_variables(text: Option<&str>) -> Result<Variables, ApiError> {
    let Some(text) = text else {
        return Ok(BTreeMap::new());
    };
    let parsed = expr::json::parse(text).ok();
    let object = parsed.as_ref().and_then(expr::json::Value::as_object);
    let object = object.ok_or_else(|| errors::validation("Variables must be a JSON object"))?;
    Ok(object
        .iter()
        .map(|(name, value)| (name.clone(), Document::from_value(value.clone())))
        .collect())
}

fn answer(report: &Report) -> Value {
    match &report.verdict {
        Verdict::Succeeded(left) => shown("SUCCEEDED", Some(left), None),
        Verdict::Caught(left, failure) => shown("CAUGHT_ERROR", Some(left), Some(failure)),
        Verdict::Retriable(failure) => shown("RETRIABLE", None, Some(failure)),
        Verdict::Failed(failure) => shown("FAILED", None, Some(failure)),
    }
}

fn shown(status: &str, left: Option<&Left>, failure: Option<&engine::event::Failure>) -> Value {
    let mut answer = json!({ "status": status });
    if let Some(left) = left {
        answer["output"] = left.output.text().into();
        if let Some(next) = &left.next {
            answer["nextState"] = (**next).into();
        }
    }
    let text = |text: &Option<Arc<str>>| text.as_deref().map(Value::from);
    if let Some(error) = failure.and_then(|failure| text(&failure.error)) {
        answer["error"] = error;
    }
    if let Some(cause) = failure.and_then(|failure| text(&failure.cause)) {
        answer["cause"] = cause;
    }
    answer
}

/// The outcome of a mocked call.
fn mocked_error(error: Option<&str>, cause: Option<&str>) -> TaskOutcome {
    TaskOutcome::Failed {
        error: error.map(str::to_owned),
        cause: cause.map(str::to_owned),
    }
}
