//! Identity policies: managed ones and those inside a role. The order of the checks is the one that AWS's answers show.

use std::collections::HashSet;

use super::resource;
use crate::document::{Clause, Policy, Statement, Version};
use crate::{PolicyError, date};

type Checked = Result<(), PolicyError>;

/// A new managed policy (`CreatePolicy`, `CreatePolicyVersion`).
pub fn managed(text: &str) -> Result<Policy, PolicyError> {
    let policy = Policy::parse(text)?;
    if policy.version != Some(Version::V2012) {
        return Err(PolicyError::Version);
    }
    contents(policy)
}

/// A policy inside a role (`PutRolePolicy`), which may be of the older version.
pub fn inline(text: &str) -> Result<Policy, PolicyError> {
    contents(Policy::parse(text)?)
}

fn contents(policy: Policy) -> Result<Policy, PolicyError> {
    let statements = &policy.statements;
    statements.iter().try_for_each(legacy)?;
    unique_sids(statements)?;
    if statements
        .iter()
        .any(|statement| statement.principal.is_some())
    {
        return Err(PolicyError::HasPrincipal);
    }
    present(
        statements,
        |statement| statement.action.as_ref(),
        PolicyError::NoActions,
    )?;
    present(
        statements,
        |statement| statement.resource.as_ref(),
        PolicyError::NoResources,
    )?;
    each_pattern(
        statements,
        |statement| statement.resource.as_ref(),
        resource::check,
    )?;
    each_pattern(statements, |statement| statement.action.as_ref(), action)?;
    Ok(policy)
}

fn legacy(statement: &Statement) -> Checked {
    let mut dates = statement
        .conditions
        .iter()
        .filter(|c| c.operator.takes_dates())
        .flat_map(|c| &c.values);
    let mut resources = statement
        .resource
        .iter()
        .flat_map(|clause| &clause.patterns);
    let sound = statement.effect_exact
        && dates.all(|value| date::parse(value).is_some())
        && resources.all(|pattern| resource::legacy_shape(pattern));
    if sound {
        Ok(())
    } else {
        Err(PolicyError::Legacy)
    }
}

fn unique_sids(statements: &[Statement]) -> Checked {
    let mut seen = HashSet::new();
    let mut sids = statements
        .iter()
        .filter_map(|statement| statement.sid.as_deref())
        .filter(|sid| !sid.is_empty());
    if sids.all(|sid| seen.insert(sid)) {
        Ok(())
    } else {
        Err(PolicyError::DuplicateSid)
    }
}

fn present(
    statements: &[Statement],
    clause: impl Fn(&Statement) -> Option<&Clause>,
    error: PolicyError,
) -> Checked {
    let all = statements
        .iter()
        .all(|statement| clause(statement).is_some_and(|clause| !clause.patterns.is_empty()));
    if all { Ok(()) } else { Err(error) }
}

fn each_pattern(
    statements: &[Statement],
    clause: impl Fn(&Statement) -> Option<&Clause>,
    check: impl Fn(&str) -> Checked,
) -> Checked {
    statements
        .iter()
        .filter_map(clause)
        .flat_map(|clause| &clause.patterns)
        .try_for_each(|pattern| check(pattern))
}

/// `*`, or `vendor:name`.
fn action(pattern: &str) -> Checked {
    if pattern == "*" {
        return Ok(());
    }
    let (vendor, name) = pattern.split_once(':').ok_or(PolicyError::NoVendor)?;
    if name.contains(':') {
        return Err(PolicyError::ManyColons);
    }
    let sound = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    if vendor.bytes().all(sound) {
        Ok(())
    } else {
        Err(PolicyError::Vendor(vendor.to_owned()))
    }
}
