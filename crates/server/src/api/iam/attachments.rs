//! Managed policies attached to roles. The role holds the list, the policy counts; both change in one transaction.

use aws::ApiError;
use aws::xml::Xml;
use store::Transaction;

use super::call::Call;
use super::constraints::{ENTITY, PATH_PREFIX, POLICY_ARN, ROLE_NAME, USAGE};
use super::model::{ManagedPolicy, Role};
use super::shelf::{Shelf, Stored};
use super::{Outcome, aws_managed, errors, managed_policies};
use crate::records::Records;

/// The most managed policies of a role.
const MAX_ATTACHED: usize = 10;

pub(super) async fn attach(records: &Records, call: &Call<'_>) -> Outcome {
    let (role_name, arn) = parameters(call)?;
    let shelf = Shelf::new(records, call.account);
    shelf
        .change(|shelf| {
            let role = shelf.role(role_name)?;
            let policy = managed_policies::attachable(shelf, arn)?;
            if role.value.attached.iter().any(|attached| attached == arn) {
                return Ok((Transaction::new(), ()));
            }
            if role.value.attached.len() >= MAX_ATTACHED {
                return Err(errors::quota_exceeded("PoliciesPerRole", MAX_ATTACHED));
            }
            let mut new = role.value.clone();
            new.attached.push(arn.to_owned());
            Ok((
                both(&role, &new, policy, |count| count.saturating_add(1)),
                (),
            ))
        })
        .await?;
    Ok(None)
}

pub(super) async fn detach(records: &Records, call: &Call<'_>) -> Outcome {
    let (role_name, arn) = parameters(call)?;
    let shelf = Shelf::new(records, call.account);
    shelf
        .change(|shelf| {
            let role = shelf.role(role_name)?;
            let mut new = role.value.clone();
            new.attached.retain(|attached| attached != arn);
            if new == role.value {
                return Err(errors::no_policy(arn));
            }
            let policy = shelf.find_policy(arn)?;
            Ok((
                both(&role, &new, policy, |count| count.saturating_sub(1)),
                (),
            ))
        })
        .await?;
    Ok(None)
}

fn parameters<'a>(call: &'a Call<'_>) -> Result<(&'a str, &'a str), ApiError> {
    let mut input = call.input();
    let role_name = input.required(&ROLE_NAME);
    let arn = input.required(&POLICY_ARN);
    input.finish()?;
    Ok((role_name, arn))
}

/// The role's new list and, unless the policy is one of AWS's, the policy's new count.
fn both(
    role: &Stored<Role>,
    new: &Role,
    policy: Option<Stored<ManagedPolicy>>,
    count: impl Fn(u32) -> u32,
) -> Transaction {
    let tx = role.put(Transaction::new(), new);
    let Some(policy) = policy else { return tx };
    let counted = ManagedPolicy {
        attachments: count(policy.value.attachments),
        ..policy.value.clone()
    };
    policy.put(tx, &counted)
}

pub(super) fn list_of_role(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    let prefix = input.optional(&PATH_PREFIX).unwrap_or("/");
    let page = input.page();
    input.finish()?;
    let mut arns = Shelf::new(records, call.account).role(name)?.value.attached;
    arns.retain(|arn| aws_managed::path_of(arn).starts_with(prefix));
    arns.sort();
    let arns = page.of(arns, String::clone);
    let mut xml = Xml::default();
    xml.list("AttachedPolicies", &arns.items, |xml, arn| {
        xml.leaf("PolicyName", aws_managed::name_of(arn));
        xml.leaf("PolicyArn", arn);
    });
    arns.write_end(&mut xml);
    Ok(Some(xml))
}

/// Only roles can have policies here: the lists of groups and users are empty.
pub(super) fn list_of_policy(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let arn = input.required(&POLICY_ARN);
    let entity = input.optional(&ENTITY);
    let prefix = input.optional(&PATH_PREFIX).unwrap_or("/");
    let usage = input.optional(&USAGE);
    let page = input.page();
    input.finish()?;
    let shelf = Shelf::new(records, call.account);
    managed_policies::read(&shelf, arn)?.ok_or_else(|| errors::no_policy(arn))?;
    let mut roles = page.collect(|role: &Role| role.name.to_ascii_lowercase());
    let of_policy = |role: &Role| match usage {
        Some("PermissionsBoundary") => role.boundary.as_deref() == Some(arn),
        _ => role.attached.iter().any(|attached| attached == arn),
    };
    if matches!(entity, None | Some("Role")) {
        shelf.each_role(page.after(), |role| {
            !(of_policy(&role) && role.path.starts_with(prefix)) || roles.push(role)
        })?;
    }
    let roles = roles.slice();
    let mut xml = Xml::default();
    xml.element("PolicyGroups", |_| {});
    xml.element("PolicyUsers", |_| {});
    xml.list("PolicyRoles", &roles.items, |xml, role| {
        xml.leaf("RoleName", &role.name);
        xml.leaf("RoleId", &role.id);
    });
    roles.write_end(&mut xml);
    Ok(Some(xml))
}
