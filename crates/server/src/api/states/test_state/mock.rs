//! What a test gives a state instead of the world: `mock` and `stateConfiguration`, and what is wrong with them.
//!
//! The words are recorded (test_state.mock_validation) except where a comment says otherwise.

use asl::definition::{Kind, Target};
use asl::responses::{self, Strictness};
use asl::testing::Subject;
use aws::ApiError;
use aws::validate::Violations;
use engine::TaskOutcome;
use engine::testing::Report;
use expr::json::{self, Document};
use serde_json::Value;

use super::{items, mocked_error};
use crate::api::states::errors;
use crate::api::states::params::{Params, nested, nested_text};

const MODES: &[&str] = &["STRICT", "PRESENT", "NONE"];
const MOST_BYTES: usize = 262_144;

/// The constraints of the nested members.
pub(super) fn check_constraints(params: &Params) -> Result<(), ApiError> {
    let mut violations = Violations::default();
    if let Some(mock) = params.structure("mock") {
        if let Some(mode) = nested_text(mock, "fieldValidationMode")? {
            violations.one_of("mock.fieldValidationMode", mode, MODES);
        }
        if let Some(result) = nested_text(mock, "result")? {
            violations.bytes("mock.result", result, MOST_BYTES);
        }
        if let Some(output) = nested(mock, "errorOutput", Value::is_object, "structure")? {
            if let Some(error) = nested_text(output, "error")? {
                violations.length("mock.errorOutput.error", error, 0, 256);
            }
            if let Some(cause) = nested_text(output, "cause")? {
                violations.length("mock.errorOutput.cause", cause, 0, 32_768);
            }
        }
    }
    if let Some(given) = params.structure("stateConfiguration") {
        for name in ["retrierRetryCount", "mapIterationFailureCount"] {
            if let Some(number) = integer(given, name)? {
                let path = format!("stateConfiguration.{name}");
                violations.range(&path, number, 0, i64::from(i32::MAX));
            }
        }
        if let Some(name) = nested_text(given, "errorCausedByState")? {
            violations.length("stateConfiguration.errorCausedByState", name, 1, 80);
        }
        if let Some(data) = nested_text(given, "mapItemReaderData")? {
            violations.bytes("stateConfiguration.mapItemReaderData", data, MOST_BYTES);
        }
    }
    violations.check(errors::validation)
}

fn integer(given: &Value, name: &str) -> Result<Option<i64>, ApiError> {
    Ok(nested(given, name, Value::is_i64, "Integer")?.and_then(Value::as_i64))
}

/// How the state's work ends, if the test says so.
pub(super) fn outcome(params: &Params, subject: &Subject) -> Result<Option<TaskOutcome>, ApiError> {
    let Some(mock) = params.structure("mock") else {
        return Ok(None);
    };
    let kind = &subject.state().kind;
    if !matches!(kind, Kind::Task(_) | Kind::Map(_) | Kind::Parallel { .. }) {
        let message = format!(
            "State type '{}' is not supported when a mock is specified",
            kind.type_name()
        );
        return Err(errors::validation(message));
    }
    if params.boolean("revealSecrets") == Some(true) {
        let message = "TestState does not support RevealSecrets when a mock is specified.";
        return Err(errors::validation(message));
    }
    let output = nested(mock, "errorOutput", Value::is_object, "structure")?;
    match (nested_text(mock, "result")?, output) {
        (Some(result), None) => {
            let mode = nested_text(mock, "fieldValidationMode")?.unwrap_or("STRICT");
            Ok(Some(TaskOutcome::Succeeded(read_result(
                result, mode, subject,
            )?)))
        }
        (None, Some(output)) => {
            let (error, cause) = (nested_text(output, "error")?, nested_text(output, "cause")?);
            Ok(Some(mocked_error(error, cause)))
        }
        // Recorded for both; for neither it is the nearest that is known.
        _ => Err(errors::validation(
            "A test mock should have only one of the following fields: [result, errorOutput].",
        )),
    }
}

fn read_result(text: &str, mode: &str, subject: &Subject) -> Result<Document, ApiError> {
    let result =
        json::parse(text).map_err(|_| errors::validation("Mocked result must be valid JSON"))?;
    match &subject.state().kind {
        Kind::Map(_) if subject.source.get("ResultWriter").is_some() => {
            let is_object = result.as_object().is_some();
            ensure(is_object, "Mocked result must be a JSON object.")?;
        }
        Kind::Map(_) => ensure(
            result.as_array().is_some(),
            "Mocked result must be an array.",
        )?,
        Kind::Parallel { branches } => {
            let items = result.as_array();
            ensure(items.is_some(), "Mocked result must be an array.")?;
            ensure(
                items.map(<[json::Value]>::len) == Some(branches.len()),
                "Mocked result must contain the same number of items as number of Parallel branches.",
            )?;
        }
        Kind::Task(task) => check_response(&task.resource.target, &result, mode)?,
        _ => {}
    }
    Ok(Document::from_value(result))
}

/// `fieldValidationMode`: whether the service could have answered this.
fn check_response(target: &Target, result: &json::Value, mode: &str) -> Result<(), ApiError> {
    let strictness = match mode {
        "NONE" => return Ok(()),
        "PRESENT" => Strictness::Present,
        _ => Strictness::Strict,
    };
    let Target::Service {
        resource_type,
        resource,
        ..
    } = target
    else {
        return Ok(());
    };
    responses::check(resource_type, resource, result, strictness).map_err(|wrong| {
        errors::validation(format!("Mock result schema validation error: {wrong}"))
    })
}

/// `stateConfiguration`.
pub(super) struct Configuration {
    pub(super) retries: u32,
    pub(super) failed_iterations: Option<u32>,
    pub(super) items: Option<Document>,
}

impl Configuration {
    /// The first refusal is recorded, the others are in its manner.
    pub(super) fn read(
        params: &Params,
        subject: &Subject,
        mocked: bool,
    ) -> Result<Configuration, ApiError> {
        let Some(given) = params.structure("stateConfiguration") else {
            return Configuration::none().with_items(None, subject, mocked);
        };
        for (member, name) in [
            ("mapIterationFailureCount", "MapIterationFailureCount"),
            ("retrierRetryCount", "RetrierRetryCount"),
            ("errorCausedByState", "ErrorCausedByState"),
            ("mapItemReaderData", "MapItemReaderData"),
        ] {
            let is_given = given.get(member).is_some_and(|value| !value.is_null());
            ensure(
                mocked || !is_given,
                &format!("TestState does not support {name} when a mock is not specified."),
            )?;
        }
        if let Some(name) = nested_text(given, "errorCausedByState")? {
            ensure(
                subject.contains(name),
                &format!("State '{name}' does not exist in the tested state"),
            )?;
        }
        let count = |name| -> Result<Option<u32>, ApiError> {
            Ok(integer(given, name)?.and_then(|number| u32::try_from(number).ok()))
        };
        let configuration = Configuration {
            retries: count("retrierRetryCount")?.unwrap_or(0),
            failed_iterations: count("mapIterationFailureCount")?,
            items: None,
        };
        configuration.with_items(nested_text(given, "mapItemReaderData")?, subject, mocked)
    }

    fn none() -> Configuration {
        Configuration {
            retries: 0,
            failed_iterations: None,
            items: None,
        }
    }

    /// A Map with an ItemReader gets its items from the test; of another state the data means nothing. That it is not
    /// refused there is not recorded.
    fn with_items(
        mut self,
        data: Option<&str>,
        subject: &Subject,
        mocked: bool,
    ) -> Result<Configuration, ApiError> {
        let reads = matches!(subject.state().kind, Kind::Map(_))
            && subject.source.get("ItemReader").is_some();
        self.items = match data {
            Some(data) if reads => {
                let reader = subject.source.get("ItemReader");
                let read = items::read(data, reader.unwrap_or(&json::Value::Null));
                Some(Document::from_value(read.map_err(errors::validation)?))
            }
            None if reads && mocked => {
                return Err(errors::validation(
                    "ItemReader data must be specified when testing a Map state with ItemReader specified.",
                ));
            }
            _ => None,
        };
        Ok(self)
    }

    /// There cannot be more iterations that failed than there are items.
    pub(super) fn check_iterations(&self, report: &Report) -> Result<(), ApiError> {
        let fits = match (self.failed_iterations, report.seen.items) {
            (Some(failed), Some(items)) => failed <= items,
            _ => true,
        };
        ensure(
            fits,
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        )
    }
}

fn ensure(holds: bool, message: &str) -> Result<(), ApiError> {
    match holds {
        true => Ok(()),
        false => Err(errors::validation(message)),
    }
}
