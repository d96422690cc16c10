//! The decision: an explicit deny wins, then an allow, else nothing was said.

use crate::context::Context;
use crate::document::{Clause, Effect, Policy, Statement, Version};
use crate::pattern::{self, Symbol};
use crate::principal::Caller;

/// What policies say of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allow,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement speaks of it.
    ImplicitDeny,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who asks; looked at by statements that name principals.
    pub caller: &'a Caller,
    /// `lambda:InvokeFunction`.
    pub action: &'a str,
    /// The ARN of what is touched, `*` where an action has no resource.
    pub resource: &'a str,
    /// The context keys.
    pub context: &'a Context,
}

/// What the policies together say of a request.
pub fn evaluate<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    request: &Request<'_>,
) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    for policy in policies {
        for statement in policy
            .statements
            .iter()
            .filter(|statement| applies(statement, policy.version, request))
        {
            match statement.effect {
                Effect::Deny => return Decision::ExplicitDeny,
                Effect::Allow => decision = Decision::Allow,
            }
        }
    }
    decision
}

/// Whether a role's trust policy lets a service (`states.amazonaws.com`) do `action` (`sts:AssumeRole`). `context` may
/// hold `aws:SourceArn` and `aws:SourceAccount`, on which careful trust policies are conditioned.
pub fn trusts(trust_policy: &Policy, service: &str, action: &str, context: &Context) -> bool {
    let caller = Caller::Service(service.to_owned());
    let request = Request {
        caller: &caller,
        action,
        resource: "*",
        context,
    };
    evaluate([trust_policy], &request) == Decision::Allow
}

fn applies(statement: &Statement, version: Option<Version>, request: &Request<'_>) -> bool {
    let variables = version == Some(Version::V2012);
    statement
        .principal
        .as_ref()
        .is_none_or(|clause| clause.covers(request.caller))
        && statement
            .action
            .as_ref()
            .is_some_and(|clause| covers_action(clause, request.action))
        && statement
            .resource
            .as_ref()
            .is_none_or(|clause| covers_resource(clause, request, variables))
        && statement
            .conditions
            .iter()
            .all(|condition| condition.holds(request.context, variables))
}

fn covers_action(clause: &Clause, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let covered = clause
        .patterns
        .iter()
        .any(|pattern| pattern::glob(&pattern.to_ascii_lowercase(), &action));
    covered != clause.negated
}

fn covers_resource(clause: &Clause, request: &Request<'_>, variables: bool) -> bool {
    let symbols = |text: &str| -> Option<Vec<Symbol>> {
        if variables {
            pattern::expand(text, request.context)
        } else {
            Some(pattern::plain(text))
        }
    };
    let mut expanded = clause.patterns.iter().filter_map(|text| symbols(text));
    expanded.any(|pattern| pattern::matches_arn(&pattern, request.resource)) != clause.negated
}
