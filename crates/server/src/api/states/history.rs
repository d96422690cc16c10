//! GetExecutionHistory: events as the API spells them (spec history.md sections 1 and 2).

use aws::ApiError;
use engine::event::{Failure, Iteration, StateType, TaskNames};
use engine::{Assignments, Event, EventKind};
use expr::json::Document;
use runtime::query::EventPage;
use runtime::{ExecutionId, ExecutionRecord, Namespace, RuntimeError, Status, query};
use serde_json::{Map, Value, json};

use super::machines::page_size;
use super::params::Params;
use super::tokens::Scope;
use super::{StatesApi, epoch, errors};
use crate::front::Request;

impl StatesApi {
    pub(super) fn execution_history(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let arn = params.required("executionArn");
        let found = self.execution(request, arn)?;
        let reverse = params.boolean("reverseOrder").unwrap_or(false);
        let scope = Scope {
            operation: "GetExecutionHistory",
            arguments: &[arn, if reverse { "reverse" } else { "" }],
        };
        let from = match params.text("nextToken") {
            Some(token) => {
                let position = self.tokens.open(&scope, self.now_millis(), token)?;
                Some(
                    position
                        .parse::<u64>()
                        .map_err(|_| errors::invalid_token())?,
                )
            }
            None => None,
        };
        let limit = page_size(params);
        let (id, record) = (found.0, &found.1);
        let page = match self.events(request, id, record, reverse, from, limit) {
            // It has ended in between: its last chunk refers to the output, which the record has only now.
            Err(RuntimeError::Unreadable { .. }) if record.status == Status::Running => {
                let (id, record) = self.execution(request, arn)?;
                self.events(request, id, &record, reverse, from, limit)
            }
            read => read,
        }
        .map_err(errors::from_runtime)?;
        let data = params.boolean("includeExecutionData").unwrap_or(true);
        let shown: Vec<Value> = page.events.iter().map(|event| show(event, data)).collect();
        let mut answer = json!({ "events": shown });
        if let Some(next) = page.next {
            answer["nextToken"] = self
                .tokens
                .issue(&scope, self.now_millis(), &next.to_string())
                .into();
        }
        Ok(answer)
    }
}

impl StatesApi {
    fn events(
        &self,
        request: &Request,
        id: ExecutionId,
        record: &ExecutionRecord,
        reverse: bool,
        from: Option<u64>,
        limit: usize,
    ) -> Result<EventPage, RuntimeError> {
        let namespace = Namespace::new(&request.account, &request.region);
        let store = self.runtime.store();
        match reverse {
            false => query::events_from(store, &namespace, id, record, from.unwrap_or(1), limit),
            true => query::events_back_from(store, &namespace, id, record, from, limit),
        }
    }
}

/// One event; `data` says whether payloads are shown.
pub fn show(event: &Event, data: bool) -> Value {
    let shape = shape(&event.kind, Details::new(data));
    let mut shown = Map::new();
    shown.insert("timestamp".into(), epoch(event.timestamp.0));
    shown.insert("type".into(), shape.name.into());
    shown.insert("id".into(), event.id.into());
    shown.insert("previousEventId".into(), event.previous.into());
    if let Some((member, details)) = shape.details {
        shown.insert(member.into(), Value::Object(details));
    }
    Value::Object(shown)
}

/// An event's type.
pub(super) fn name(kind: &EventKind) -> String {
    shape(kind, Details::new(false)).name
}

/// An event's type and its details as they are logged: what failed is told even where payloads are not ([rec] logs).
/// Of payloads that are truncated nothing is left but that they are.
pub(super) fn logged(
    kind: &EventKind,
    data: bool,
    is_truncated: bool,
) -> (String, Map<String, Value>) {
    let details = Details {
        failures: true,
        is_truncated,
        ..Details::new(data)
    };
    let shape = shape(kind, details);
    let details = shape.details.map(|(_, details)| details);
    (shape.name, details.unwrap_or_default())
}

/// An event's type and its details.
struct Shape {
    name: String,
    details: Option<(&'static str, Map<String, Value>)>,
}

impl Shape {
    fn plain(name: impl Into<String>) -> Shape {
        Shape {
            name: name.into(),
            details: None,
        }
    }

    fn with(name: impl Into<String>, member: &'static str, details: Details) -> Shape {
        Shape {
            name: name.into(),
            details: Some((member, details.map)),
        }
    }
}

fn shape(kind: &EventKind, d: Details) -> Shape {
    match kind {
        EventKind::ExecutionStarted { input, role_arn } => Shape::with(
            "ExecutionStarted",
            "executionStartedEventDetails",
            d.document("input", "inputDetails", input)
                .text("roleArn", role_arn),
        ),
        EventKind::ExecutionSucceeded { output } => Shape::with(
            "ExecutionSucceeded",
            "executionSucceededEventDetails",
            d.document("output", "outputDetails", output),
        ),
        EventKind::ExecutionFailed(failure) => Shape::with(
            "ExecutionFailed",
            "executionFailedEventDetails",
            d.failure(failure),
        ),
        EventKind::ExecutionAborted(failure) => Shape::with(
            "ExecutionAborted",
            "executionAbortedEventDetails",
            d.failure(failure),
        ),
        EventKind::ExecutionTimedOut(failure) => Shape::with(
            "ExecutionTimedOut",
            "executionTimedOutEventDetails",
            d.failure(failure),
        ),
        EventKind::ExecutionRedriven { count } => Shape::with(
            "ExecutionRedriven",
            "executionRedrivenEventDetails",
            d.number("redriveCount", Some(u64::from(*count))),
        ),
        EventKind::StateEntered {
            state_type,
            name,
            input,
        } => Shape::with(
            format!("{}StateEntered", type_name(*state_type)),
            "stateEnteredEventDetails",
            d.text("name", name)
                .document("input", "inputDetails", input),
        ),
        EventKind::StateExited {
            state_type,
            name,
            output,
            assigned,
        } => Shape::with(
            format!("{}StateExited", type_name(*state_type)),
            "stateExitedEventDetails",
            d.text("name", name)
                .document("output", "outputDetails", output)
                .assigned(assigned.as_ref()),
        ),
        EventKind::EvaluationFailed {
            state,
            location,
            failure,
        } => {
            let d = d.failure(failure);
            let d = match location {
                Some(location) => d.text("location", location),
                None => d,
            };
            Shape::with(
                "EvaluationFailed",
                "evaluationFailedEventDetails",
                d.text("state", state),
            )
        }
        EventKind::StateAborted(state_type) => {
            Shape::plain(format!("{}StateAborted", type_name(*state_type)))
        }
        EventKind::ParallelStateStarted => Shape::plain("ParallelStateStarted"),
        EventKind::ParallelStateSucceeded => Shape::plain("ParallelStateSucceeded"),
        EventKind::ParallelStateFailed => Shape::plain("ParallelStateFailed"),
        EventKind::MapStateStarted { length } => Shape::with(
            "MapStateStarted",
            "mapStateStartedEventDetails",
            d.number("length", Some(u64::from(*length))),
        ),
        EventKind::MapStateSucceeded => Shape::plain("MapStateSucceeded"),
        EventKind::MapStateFailed => Shape::plain("MapStateFailed"),
        EventKind::MapIterationStarted(i) => Shape::with(
            "MapIterationStarted",
            "mapIterationStartedEventDetails",
            d.iteration(i),
        ),
        EventKind::MapIterationSucceeded(i) => Shape::with(
            "MapIterationSucceeded",
            "mapIterationSucceededEventDetails",
            d.iteration(i),
        ),
        EventKind::MapIterationFailed(i) => Shape::with(
            "MapIterationFailed",
            "mapIterationFailedEventDetails",
            d.iteration(i),
        ),
        EventKind::MapIterationAborted(i) => Shape::with(
            "MapIterationAborted",
            "mapIterationAbortedEventDetails",
            d.iteration(i),
        ),
        EventKind::MapRunStarted { map_run_arn } => Shape::with(
            "MapRunStarted",
            "mapRunStartedEventDetails",
            d.text("mapRunArn", map_run_arn),
        ),
        EventKind::MapRunSucceeded => Shape::plain("MapRunSucceeded"),
        EventKind::MapRunFailed(failure) => Shape::with(
            "MapRunFailed",
            "mapRunFailedEventDetails",
            d.failure(failure),
        ),
        EventKind::MapRunAborted => Shape::plain("MapRunAborted"),
        task => task_shape(task, d),
    }
}

fn task_shape(kind: &EventKind, d: Details) -> Shape {
    match kind {
        EventKind::LambdaFunctionScheduled {
            resource,
            input,
            timeout_seconds,
            credentials,
        } => Shape::with(
            "LambdaFunctionScheduled",
            "lambdaFunctionScheduledEventDetails",
            d.text("resource", resource)
                .document("input", "inputDetails", input)
                .number("timeoutInSeconds", *timeout_seconds)
                .credentials(credentials.as_deref()),
        ),
        EventKind::LambdaFunctionSucceeded { output } => Shape::with(
            "LambdaFunctionSucceeded",
            "lambdaFunctionSucceededEventDetails",
            d.document("output", "outputDetails", output),
        ),
        EventKind::LambdaFunctionFailed(failure) => Shape::with(
            "LambdaFunctionFailed",
            "lambdaFunctionFailedEventDetails",
            d.failure(failure),
        ),
        EventKind::LambdaFunctionTimedOut(failure) => Shape::with(
            "LambdaFunctionTimedOut",
            "lambdaFunctionTimedOutEventDetails",
            d.failure(failure),
        ),
        EventKind::TaskScheduled {
            names,
            region,
            parameters,
            timeout_seconds,
            heartbeat_seconds,
            credentials,
        } => Shape::with(
            "TaskScheduled",
            "taskScheduledEventDetails",
            d.names(names)
                .text("region", region)
                .payload("parameters", parameters)
                .number("timeoutInSeconds", *timeout_seconds)
                .number("heartbeatInSeconds", *heartbeat_seconds)
                .credentials(credentials.as_deref()),
        ),
        EventKind::TaskStarted(names) => {
            Shape::with("TaskStarted", "taskStartedEventDetails", d.names(names))
        }
        EventKind::TaskSucceeded { names, output } => Shape::with(
            "TaskSucceeded",
            "taskSucceededEventDetails",
            d.names(names).document("output", "outputDetails", output),
        ),
        EventKind::TaskFailed { names, failure } => Shape::with(
            "TaskFailed",
            "taskFailedEventDetails",
            d.names(names).failure(failure),
        ),
        EventKind::TaskTimedOut { names, failure } => Shape::with(
            "TaskTimedOut",
            "taskTimedOutEventDetails",
            d.names(names).failure(failure),
        ),
        EventKind::TaskSubmitted { names, output } => Shape::with(
            "TaskSubmitted",
            "taskSubmittedEventDetails",
            d.names(names).document("output", "outputDetails", output),
        ),
        EventKind::TaskSubmitFailed { names, failure } => Shape::with(
            "TaskSubmitFailed",
            "taskSubmitFailedEventDetails",
            d.names(names).failure(failure),
        ),
        activity => activity_shape(activity, d),
    }
}

fn activity_shape(kind: &EventKind, d: Details) -> Shape {
    match kind {
        EventKind::ActivityScheduled {
            resource,
            input,
            timeout_seconds,
            heartbeat_seconds,
        } => Shape::with(
            "ActivityScheduled",
            "activityScheduledEventDetails",
            d.text("resource", resource)
                .document("input", "inputDetails", input)
                .number("timeoutInSeconds", *timeout_seconds)
                .number("heartbeatInSeconds", *heartbeat_seconds),
        ),
        EventKind::ActivityStarted { worker } => Shape::with(
            "ActivityStarted",
            "activityStartedEventDetails",
            match worker {
                Some(worker) => d.text("workerName", worker),
                None => d,
            },
        ),
        EventKind::ActivitySucceeded { output } => Shape::with(
            "ActivitySucceeded",
            "activitySucceededEventDetails",
            d.document("output", "outputDetails", output),
        ),
        EventKind::ActivityFailed(failure) => Shape::with(
            "ActivityFailed",
            "activityFailedEventDetails",
            d.failure(failure),
        ),
        EventKind::ActivityTimedOut(failure) => Shape::with(
            "ActivityTimedOut",
            "activityTimedOutEventDetails",
            d.failure(failure),
        ),
        _ => Shape::plain("LambdaFunctionStarted"),
    }
}

/// Details under construction.
struct Details {
    data: bool,
    /// Whether errors and causes are shown.
    failures: bool,
    /// Whether payloads are too large to be shown.
    is_truncated: bool,
    map: Map<String, Value>,
}

impl Details {
    fn new(data: bool) -> Details {
        Details {
            data,
            failures: data,
            is_truncated: false,
            map: Map::new(),
        }
    }

    fn text(mut self, name: &str, text: &str) -> Details {
        self.map.insert(name.into(), text.into());
        self
    }

    fn number(mut self, name: &str, number: Option<u64>) -> Details {
        if let Some(number) = number {
            self.map.insert(name.into(), number.into());
        }
        self
    }

    /// A payload; left out when payloads are not wanted.
    fn payload(self, name: &str, document: &Document) -> Details {
        match self.data && !self.is_truncated {
            true => self.text(name, document.text()),
            false => self,
        }
    }

    /// A payload with its `...Details`, which is truncated in logs alone.
    fn document(self, name: &str, details: &str, document: &Document) -> Details {
        let mut shown = self.payload(name, document);
        if shown.data {
            shown
                .map
                .insert(details.into(), json!({ "truncated": shown.is_truncated }));
        }
        shown
    }

    /// `assignedVariables`: names and JSON texts.
    fn assigned(mut self, assigned: Option<&Assignments>) -> Details {
        if let (Some(assigned), true) = (assigned, self.data) {
            let variables: Map<String, Value> = assigned
                .iter()
                .map(|(name, value)| (name.to_string(), value.text().into()))
                .collect();
            if !self.is_truncated {
                self.map
                    .insert("assignedVariables".into(), variables.into());
            }
            self.map.insert(
                "assignedVariablesDetails".into(),
                json!({ "truncated": self.is_truncated }),
            );
        }
        self
    }

    fn failure(self, failure: &Failure) -> Details {
        let told = self.failures;
        let put = |details: Details, name: &str, text: &Option<std::sync::Arc<str>>| match text {
            Some(text) if told => details.text(name, text),
            _ => details,
        };
        let details = put(self, "error", &failure.error);
        put(details, "cause", &failure.cause)
    }

    fn names(self, names: &TaskNames) -> Details {
        self.text("resourceType", &names.resource_type)
            .text("resource", &names.resource)
    }

    fn iteration(self, iteration: &Iteration) -> Details {
        self.text("name", &iteration.name)
            .number("index", Some(u64::from(iteration.index)))
    }

    fn credentials(mut self, role_arn: Option<&str>) -> Details {
        if let Some(role_arn) = role_arn {
            self.map
                .insert("taskCredentials".into(), json!({ "roleArn": role_arn }));
        }
        self
    }
}

fn type_name(state_type: StateType) -> &'static str {
    match state_type {
        StateType::Pass => "Pass",
        StateType::Task => "Task",
        StateType::Choice => "Choice",
        StateType::Wait => "Wait",
        StateType::Succeed => "Succeed",
        StateType::Fail => "Fail",
        StateType::Parallel => "Parallel",
        StateType::Map => "Map",
    }
}
