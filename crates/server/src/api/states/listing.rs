//! ListExecutions: newest first, of a machine, a version or an alias, of one status or all; and what any list shows of an
//! execution.

use std::sync::Arc;

use aws::ApiError;
use engine::Timestamp;
use runtime::codec::listed::Listed;
use runtime::lists::List;
use runtime::map_runs::{RunView, child};
use runtime::{ExecutionId, Namespace, Status, query};
use serde_json::{Value, json};

use super::arns;
use super::machines::page_size;
use super::params::Params;
use super::tokens::Scope;
use super::{StatesApi, epoch, errors};
use crate::front::Request;

impl StatesApi {
    pub(super) fn list_executions(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let (text, whose) = self.whose(request, params)?;
        let status = params.text("statusFilter");
        let scope = Scope {
            operation: "ListExecutions",
            arguments: &[
                &request.account,
                &request.region,
                text,
                status.unwrap_or_default(),
                params.text("redriveFilter").unwrap_or_default(),
            ],
        };
        let after = match params.text("nextToken") {
            Some(token) => Some(parse_position(&self.tokens.open(
                &scope,
                self.now_millis(),
                token,
            )?)?),
            None => None,
        };
        let none_is =
            status == Some("PENDING_REDRIVE") || params.text("redriveFilter") == Some("REDRIVEN");
        if none_is {
            return Ok(json!({ "executions": [] }));
        }
        let list = List {
            machine: &whose.listed_as,
            through: whose.through.as_deref(),
            status: status
                .and_then(|status| Status::ALL.into_iter().find(|s| s.as_str() == status)),
        };
        let page = query::list(
            self.runtime.store(),
            &Namespace::new(&request.account, &request.region),
            list,
            whose.since,
            after,
            page_size(params),
        )
        .map_err(errors::from_runtime)?;
        let show = |(id, listed): &(ExecutionId, Listed)| {
            let (region, account) = (&request.region, &request.account);
            let arn = arns::format_execution(region, account, &whose.machine, &listed.name);
            let mut item = list_item(&arn, &whose.machine_arn, id.started(), listed);
            if let Some(run) = &whose.map_run {
                item["mapRunArn"] = (**run).into();
                item["itemCount"] = listed.batch.unwrap_or(0).into();
            }
            item
        };
        let mut answer =
            json!({ "executions": page.executions.iter().map(show).collect::<Vec<_>>() });
        if let Some(next) = page.next {
            answer["nextToken"] = self
                .tokens
                .issue(&scope, self.now_millis(), &format!("{:032x}", next.0))
                .into();
        }
        Ok(answer)
    }
}

/// Executions that are listed together.
struct Whose {
    /// What the execution's ARNs have for the machine's name.
    machine: String,
    machine_arn: String,
    /// The name that they are listed under.
    listed_as: String,
    /// The version or alias that they were started through, if only those are wanted.
    through: Option<String>,
    /// The map run whose children they are.
    map_run: Option<Arc<str>>,
    /// None is older.
    since: Timestamp,
}

impl StatesApi {
    /// The machine or map run whose executions are asked for, and how it is named.
    fn whose<'p>(
        &self,
        request: &Request,
        params: &'p Params,
    ) -> Result<(&'p str, Whose), ApiError> {
        match (params.text("stateMachineArn"), params.text("mapRunArn")) {
            (Some(text), None) => {
                check_filters(params)?;
                Ok((text, self.of_machine(request, text)?))
            }
            (None, Some(text)) => {
                let (_, view) = self.map_run(request, text)?;
                Ok((text, of_map_run(&view)))
            }
            _ => Err(errors::validation(
                "Either stateMachineArn or mapRunArn must be specified, and not both.",
            )
            .with("reason", "MISSING_REQUIRED_PARAMETER")),
        }
    }

    fn of_machine(&self, request: &Request, text: &str) -> Result<Whose, ApiError> {
        let arn = self.own_machine(request, text)?;
        let machine = self.machine(request, &arn)?.value;
        if machine.is_express() {
            return Err(errors::type_not_supported());
        }
        Ok(Whose {
            machine: machine.name.clone(),
            machine_arn: self.machine_arn(request, &machine.name),
            listed_as: machine.name.clone(),
            through: self.filter(request, &arn)?,
            map_run: None,
            since: Timestamp(machine.created_millis),
        })
    }
}

fn of_map_run(view: &RunView) -> Whose {
    let listed_as = child::list_name(&view.arn).to_owned();
    let machine = listed_as
        .rsplit_once(':')
        .map_or("", |(machine, _)| machine);
    Whose {
        machine: machine.to_owned(),
        machine_arn: view.machine_arn.to_string(),
        through: None,
        map_run: Some(view.arn.clone()),
        since: view.record.started,
        listed_as,
    }
}

/// What is a filter for the children of a Map Run only. The words about redriveFilter are those of a public recording;
/// that the other one is refused, too, is in the model's documentation.
fn check_filters(params: &Params) -> Result<(), ApiError> {
    let refused = |filter: &str| {
        Err(errors::validation(format!(
            "{filter} cannot be applied to ListExecutions call with StateMachine ARN"
        )))
    };
    if params.text("redriveFilter").is_some() {
        return refused("RedriveFilter");
    }
    match params.text("statusFilter") {
        Some("PENDING_REDRIVE") => refused("PENDING_REDRIVE StatusFilter"),
        _ => Ok(()),
    }
}

fn parse_position(position: &str) -> Result<ExecutionId, ApiError> {
    u128::from_str_radix(position, 16)
        .map(ExecutionId)
        .map_err(|_| errors::invalid_token())
}

/// What a list shows of an execution; a description says more.
pub(super) fn list_item(
    arn: &str,
    machine_arn: &str,
    started: Timestamp,
    listed: &Listed,
) -> Value {
    let mut item = json!({
        "executionArn": arn,
        "stateMachineArn": machine_arn,
        "name": &*listed.name,
        "status": listed.status.as_str(),
        "startDate": epoch(started.0),
        "redriveCount": listed.redrive_count,
    });
    if let Some(date) = listed.redriven {
        item["redriveDate"] = epoch(date.0);
    }
    if let Some(version) = &listed.version {
        item["stateMachineVersionArn"] = (**version).into();
    }
    if let Some(alias) = &listed.alias {
        item["stateMachineAliasArn"] = (**alias).into();
    }
    if let Some(stopped) = listed.stopped {
        item["stopDate"] = epoch(stopped.0);
    }
    item
}
