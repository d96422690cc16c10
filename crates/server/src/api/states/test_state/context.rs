//! The context object of a test: made up, or given by the request and then taken as it is.

use asl::definition::{Kind, Pattern, Target};
use asl::testing::Subject;
use aws::ApiError;
use engine::Facts;
use expr::json::{self, Value};
use uuid::Uuid;

use crate::api::states::errors;
use crate::api::states::params::Params;

/// What the service calls the tested state, whatever its name is ([rec] test_state_with_variables).
const STATE_NAME: &str = "StateName";

/// What a member of a context object must be.
enum Shape {
    Text,
    Number,
    Anything,
    Object(&'static [(&'static str, Shape)]),
}

/// Which members there are: what the service makes up itself, and what a redriven execution has besides.
const CONTEXT: &[(&str, Shape)] = &[
    (
        "Execution",
        Shape::Object(&[
            ("Id", Shape::Text),
            ("Input", Shape::Anything),
            ("StartTime", Shape::Text),
            ("Name", Shape::Text),
            ("RoleArn", Shape::Text),
            ("RedriveCount", Shape::Number),
            ("RedriveTime", Shape::Text),
        ]),
    ),
    (
        "StateMachine",
        Shape::Object(&[("Id", Shape::Text), ("Name", Shape::Text)]),
    ),
    (
        "State",
        Shape::Object(&[
            ("Name", Shape::Text),
            ("EnteredTime", Shape::Text),
            ("RetryCount", Shape::Number),
        ]),
    ),
    ("Task", Shape::Object(&[("Token", Shape::Text)])),
];

/// The context object of a test.
pub(super) fn object(
    params: &Params,
    subject: &Subject,
    facts: &Facts,
    mocked: bool,
) -> Result<Value, ApiError> {
    let Some(text) = params.text("context") else {
        return Ok(made_up(subject, facts));
    };
    // In the manner of the other members that need a mock; the service's words are not known.
    if !mocked {
        return Err(errors::validation(
            "TestState does not support Context when a mock is not specified.",
        ));
    }
    let given = json::parse(text).map_err(|_| invalid("Context object must be valid JSON"))?;
    check(&given, subject)?;
    Ok(given)
}

fn check(given: &Value, subject: &Subject) -> Result<(), ApiError> {
    let object = given
        .as_object()
        .ok_or_else(|| invalid("Context object must be a JSON object"))?;
    if object.contains_key("Map") {
        return Err(invalid(
            "'Map' field is not supported when mocking a Context object",
        ));
    }
    check_members(given, CONTEXT, "")?;
    if object.contains_key("Task") && !is_answered_later(subject) {
        return Err(invalid(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' \
             service integration pattern",
        ));
    }
    Ok(())
}

fn check_members(given: &Value, members: &[(&str, Shape)], inside: &str) -> Result<(), ApiError> {
    let Some(object) = given.as_object() else {
        return Err(invalid(&format!("{inside} must be an object")));
    };
    for (name, value) in object.iter() {
        let Some((_, shape)) = members.iter().find(|(known, _)| **known == **name) else {
            return Err(invalid(&format!("Field '{name}' is not allowed")));
        };
        let path = match inside {
            "" => name.to_string(),
            _ => format!("{inside}.{name}"),
        };
        match shape {
            Shape::Anything => {}
            Shape::Text if value.as_str().is_some() => {}
            Shape::Number if value.as_i64().is_some() => {}
            Shape::Text => return Err(invalid(&format!("{path} must be a string"))),
            Shape::Number => return Err(invalid(&format!("{path} must be a number"))),
            Shape::Object(members) => check_members(value, members, &path)?,
        }
    }
    Ok(())
}

fn invalid(detail: &str) -> ApiError {
    errors::validation(format!("Invalid Context object provided: {detail}"))
}

/// Whether the state's task is answered by somebody else or later: only then there is a token.
fn is_answered_later(subject: &Subject) -> bool {
    let Kind::Task(task) = &subject.state().kind else {
        return false;
    };
    matches!(
        task.resource.target,
        Target::Service {
            pattern: Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken,
            ..
        }
    )
}

/// As recorded: without `RedriveCount`, and with a null for a role that was not given. A state inside a Map stands in
/// its first iteration, with the input as the item.
fn made_up(subject: &Subject, facts: &Facts) -> Value {
    let text = |text: &str| Value::string(text);
    let started = text(&facts.started.to_string());
    let role = match &*facts.role_arn {
        "" => Value::Null,
        role => text(role),
    };
    let mut state = vec![
        ("Name".into(), text(STATE_NAME)),
        ("EnteredTime".into(), started.clone()),
    ];
    let kind = &subject.state().kind;
    if matches!(kind, Kind::Task(_) | Kind::Map(_) | Kind::Parallel { .. }) {
        state.push(("RetryCount".into(), Value::int(0)));
    }
    let mut members = vec![
        (
            "Execution".into(),
            Value::object([
                ("Id".into(), text(&facts.arn)),
                ("Input".into(), facts.input.value().clone()),
                ("StartTime".into(), started),
                ("Name".into(), text(&facts.name)),
                ("RoleArn".into(), role),
            ]),
        ),
        (
            "StateMachine".into(),
            Value::object([
                ("Id".into(), text(&facts.machine_arn)),
                ("Name".into(), text(&facts.machine_name)),
            ]),
        ),
        ("State".into(), Value::object(state)),
    ];
    if subject.in_map {
        let item = [
            ("Index".into(), Value::int(0)),
            ("Value".into(), facts.input.value().clone()),
        ];
        let map = [("Item".into(), Value::object(item))];
        members.push(("Map".into(), Value::object(map)));
    }
    if is_answered_later(subject) {
        let token = Value::string(Uuid::new_v4().to_string());
        members.push(("Task".into(), Value::object([("Token".into(), token)])));
    }
    Value::object(members)
}
