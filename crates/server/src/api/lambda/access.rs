//! Who may invoke a function, and how often at a time: its resource policy and its reserved concurrency.
//!
//! The policy is kept for the clients that manage it. Nothing is refused by it: this server takes any credentials so far.

use aws::ApiError;
use aws::validate::Violations;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, LambdaApi, errors, model};
use crate::front::Request;

/// Lambda's limit on a policy, in bytes.
const MAX_POLICY_BYTES: usize = 20_480;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AddPermission {
    statement_id: Option<String>,
    action: Option<String>,
    principal: Option<String>,
    source_arn: Option<String>,
    source_account: Option<String>,
    revision_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PutConcurrency {
    reserved_concurrent_executions: Option<i64>,
}

impl LambdaApi {
    pub(super) fn get_policy(&self, name: &str, request: &Request) -> Result<Answer, ApiError> {
        let found = self.find(name, request)?;
        let function = found.function();
        if function.policy.is_empty() {
            return Err(errors::not_found(
                "The resource you requested does not exist.",
            ));
        }
        let policy =
            json!({"Version": "2012-10-17", "Id": "default", "Statement": function.policy});
        Ok((
            200,
            Some(json!({"Policy": policy.to_string(), "RevisionId": function.revision})),
        ))
    }

    pub(super) async fn add_permission(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        let wanted: AddPermission = model::read(&request.body)?;
        let (id, action, principal) = wanted.check()?;
        let arn = self.find(name, request)?.function().arn.clone();
        let statement = wanted.statement(id, action, principal, &arn);
        let change = |function: &mut super::FunctionRecord| {
            if wanted
                .revision_id
                .as_ref()
                .is_some_and(|revision| *revision != function.revision)
            {
                return Err(errors::stale_revision());
            }
            if function
                .policy
                .iter()
                .any(|statement| statement["Sid"] == *id)
            {
                let message = format!(
                    "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the existing statement."
                );
                return Err(errors::conflict(message));
            }
            function.policy.push(statement.clone());
            if json!(function.policy).to_string().len() > MAX_POLICY_BYTES {
                let message =
                    format!("The final policy size is bigger than the limit ({MAX_POLICY_BYTES}).");
                return Err(ApiError::sender(
                    400,
                    "PolicyLengthExceededException",
                    message,
                ));
            }
            Ok(())
        };
        self.change(name, request, change).await?;
        Ok((201, Some(json!({"Statement": statement.to_string()}))))
    }

    pub(super) async fn remove_permission(
        &self,
        name: &str,
        statement_id: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        let change = |function: &mut super::FunctionRecord| {
            let before = function.policy.len();
            function
                .policy
                .retain(|statement| statement["Sid"] != *statement_id);
            match function.policy.len() < before {
                true => Ok(()),
                false => Err(errors::not_found(&format!(
                    "Statement {statement_id} is not found in resource policy."
                ))),
            }
        };
        self.change(name, request, change).await?;
        Ok((204, None))
    }

    pub(super) fn get_concurrency(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        let found = self.find(name, request)?;
        Ok((
            200,
            Some(concurrency(found.function().reserved_concurrency)),
        ))
    }

    pub(super) async fn put_concurrency(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        let wanted: PutConcurrency = model::read(&request.body)?;
        let mut violations = Violations::default();
        violations.required(
            "reservedConcurrentExecutions",
            wanted.reserved_concurrent_executions,
        );
        let number = wanted.reserved_concurrent_executions.unwrap_or_default();
        violations.range(
            "reservedConcurrentExecutions",
            number,
            0,
            i64::from(i32::MAX),
        );
        violations.check(errors::validation)?;
        let reserved = u32::try_from(number).ok();
        self.change(name, request, |function| {
            function.reserved_concurrency = reserved;
            Ok(())
        })
        .await?;
        Ok((200, Some(concurrency(reserved))))
    }

    pub(super) async fn delete_concurrency(
        &self,
        name: &str,
        request: &Request,
    ) -> Result<Answer, ApiError> {
        self.change(name, request, |function| {
            function.reserved_concurrency = None;
            Ok(())
        })
        .await?;
        Ok((204, None))
    }
}

impl AddPermission {
    /// The members that must be there.
    fn check(&self) -> Result<(&str, &str, &str), ApiError> {
        let mut violations = Violations::default();
        let members = [
            ("statementId", &self.statement_id),
            ("action", &self.action),
            ("principal", &self.principal),
        ];
        for (name, member) in members {
            violations.required(name, member.as_ref());
        }
        if let Some(id) = &self.statement_id {
            violations.length("statementId", id, 1, 100);
            let valid = id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            violations.pattern("statementId", id, "([a-zA-Z0-9-_]+)", valid);
        }
        violations.check(errors::validation)?;
        let text = |member: &'_ Option<String>| member.clone().unwrap_or_default();
        if text(&self.action).is_empty() || text(&self.principal).is_empty() {
            return Err(errors::invalid(
                "The action and the principal must not be empty.",
            ));
        }
        match (&self.statement_id, &self.action, &self.principal) {
            (Some(id), Some(action), Some(principal)) => Ok((id, action, principal)),
            _ => Err(errors::invalid("A member is missing.")),
        }
    }

    fn statement(&self, id: &str, action: &str, principal: &str, arn: &str) -> Value {
        let is_account = aws::arn::is_account_id(principal);
        let principal = match principal {
            "*" => json!("*"),
            account if is_account => json!({"AWS": format!("arn:aws:iam::{account}:root")}),
            arn if arn.starts_with("arn:") => json!({"AWS": arn}),
            service => json!({"Service": service}),
        };
        let mut statement = json!({"Sid": id, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn});
        if let Some(source) = &self.source_account {
            statement["Condition"]["StringEquals"] = json!({"AWS:SourceAccount": source});
        }
        if let Some(source) = &self.source_arn {
            statement["Condition"]["ArnLike"] = json!({"AWS:SourceArn": source});
        }
        statement
    }
}

fn concurrency(reserved: Option<u32>) -> Value {
    match reserved {
        Some(reserved) => json!({"ReservedConcurrentExecutions": reserved}),
        None => json!({}),
    }
}
