//! What has to be there before an order can be processed, made through the public API: role, functions, state machine.
//! Every step takes what it finds from an earlier run.

use std::time::Instant;

use console::style;
use serde_json::{Value, json};

use super::error::DemoError;
use super::example;
use super::functions::{self, Registered};
use super::screen::{Mark, Screen, pad, seconds};
use crate::cli::client::{Client, QueryService};

/// Columns for the longest call.
const CALL_WIDTH: usize = 48;

/// Why a function may take a while to be made.
const FIRST: &str = "the first one of a language may install its runtime client";

/// What the steps made or found.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// The state machine.
    pub(super) machine_arn: String,
}

/// Takes all steps, showing each.
pub(super) async fn all(screen: &Screen, client: &Client, logs: &str) -> Result<Setup, DemoError> {
    screen.heading("Setup, through the public API");
    caller(screen, client).await?;
    let role_arn = role(screen, client).await?;
    policy(screen, client).await?;
    register(screen, client, &role_arn).await?;
    try_out(screen, client, logs).await?;
    validate(screen, client).await?;
    let machine_arn = machine(screen, client, &role_arn).await?;
    Ok(Setup { machine_arn })
}

async fn caller(screen: &Screen, client: &Client) -> Result<(), DemoError> {
    let answer = client
        .query(QueryService::Sts, "GetCallerIdentity", &[])
        .await?;
    show(screen, "sts get-caller-identity", &answer.text("Arn")?);
    Ok(())
}

async fn role(screen: &Screen, client: &Client) -> Result<String, DemoError> {
    let name = ("RoleName", example::ROLE);
    let new = [name, ("AssumeRolePolicyDocument", example::TRUST_POLICY)];
    let (call, answer) = match client.query(QueryService::Iam, "CreateRole", &new).await {
        Err(error) if error.is("EntityAlreadyExists") => (
            "iam get-role",
            client.query(QueryService::Iam, "GetRole", &[name]).await?,
        ),
        created => ("iam create-role", created?),
    };
    let arn = answer.text("Arn")?;
    show(screen, call, example::ROLE);
    Ok(arn)
}

async fn policy(screen: &Screen, client: &Client) -> Result<(), DemoError> {
    let parameters = [
        ("RoleName", example::ROLE),
        ("PolicyName", example::POLICY),
        ("PolicyDocument", example::PERMISSIONS_POLICY),
    ];
    client
        .query(QueryService::Iam, "PutRolePolicy", &parameters)
        .await?;
    show(screen, "iam put-role-policy", example::POLICY);
    Ok(())
}

async fn register(screen: &Screen, client: &Client, role_arn: &str) -> Result<(), DemoError> {
    for function in &example::FUNCTIONS {
        let busy = screen.busy("function", &format!("{}; {FIRST}", function.name));
        let registered = functions::register(client, role_arn, function).await?;
        drop(busy);
        let call = match registered {
            Registered::Created => "lambda create-function",
            Registered::Updated => "lambda update-function-code",
            Registered::Kept => "lambda get-function",
        };
        show(
            screen,
            call,
            &format!("{:<16} {}", function.name, style(function.runtime).dim()),
        );
    }
    Ok(())
}

/// Calls a function of each language once: it shows early what does not work, and the installation of a runtime's
/// interface client is not counted as an order's time.
async fn try_out(screen: &Screen, client: &Client, logs: &str) -> Result<(), DemoError> {
    for (name, event) in example::TRIALS {
        let busy = screen.busy("invoke", name);
        let began = Instant::now();
        let answered = functions::try_out(client, name, event).await?;
        drop(busy);
        answered.map_err(|reason| DemoError::Function {
            name: name.to_owned(),
            reason,
            logs: logs.to_owned(),
        })?;
        show(
            screen,
            "lambda invoke",
            &format!(
                "{name:<16} {}",
                style(format_args!("answered in {}", seconds(began.elapsed()))).dim()
            ),
        );
    }
    Ok(())
}

async fn validate(screen: &Screen, client: &Client) -> Result<(), DemoError> {
    let input = json!({ "definition": example::DEFINITION, "type": "STANDARD" });
    let answer = client
        .states("ValidateStateMachineDefinition", input)
        .await?;
    let diagnostics = answer["diagnostics"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if answer["result"] != "OK" {
        let lines: Vec<String> = diagnostics.iter().map(diagnostic).collect();
        return Err(DemoError::Definition(lines.join("\n")));
    }
    let found = match diagnostics.len() {
        0 => "OK, nothing to remark".to_owned(),
        n => format!("OK, {n} remarks"),
    };
    show(
        screen,
        "stepfunctions validate-state-machine-definition",
        &found,
    );
    Ok(())
}

fn diagnostic(found: &Value) -> String {
    let part = |name| text(found, name);
    format!(
        "  {} {} at {}: {}",
        part("severity"),
        part("code"),
        part("location"),
        part("message")
    )
}

async fn machine(screen: &Screen, client: &Client, role_arn: &str) -> Result<String, DemoError> {
    let mut input = json!({ "definition": example::DEFINITION, "roleArn": role_arn });
    let (call, arn) = match existing(client).await? {
        Some(arn) => {
            input["stateMachineArn"] = arn.as_str().into();
            client.states("UpdateStateMachine", input).await?;
            ("stepfunctions update-state-machine", arn)
        }
        None => {
            input["name"] = example::MACHINE.into();
            let created = client.states("CreateStateMachine", input).await?;
            (
                "stepfunctions create-state-machine",
                text(&created, "stateMachineArn"),
            )
        }
    };
    show(screen, call, example::MACHINE);
    Ok(arn)
}

/// The ARN of the machine that an earlier run made.
async fn existing(client: &Client) -> Result<Option<String>, DemoError> {
    let listed = client
        .states("ListStateMachines", json!({ "maxResults": 1000 }))
        .await?;
    let machines = listed["stateMachines"].as_array().into_iter().flatten();
    let mut named = machines.filter(|machine| machine["name"] == example::MACHINE);
    Ok(named.next().map(|machine| text(machine, "stateMachineArn")))
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}

/// One step: by which call of the API, with which result.
fn show(screen: &Screen, call: &str, result: &str) {
    screen.item(Mark::Good, &pad(call, CALL_WIDTH), result);
}
