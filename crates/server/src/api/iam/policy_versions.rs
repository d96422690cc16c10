//! The versions of a managed policy: at most five, one of them in force.

use aws::ApiError;
use aws::xml::Xml;
use store::Transaction;

use super::call::Call;
use super::constraints::{DOCUMENT, POLICY_ARN, VERSION_ID};
use super::managed_policies::{self, own, read};
use super::model::{ManagedPolicy, PolicyVersion};
use super::shelf::Shelf;
use super::{Outcome, errors, render};
use crate::records::Records;

const MAX_VERSIONS: usize = 5;

pub(super) async fn create(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let arn = input.required(&POLICY_ARN);
    let document = input.required(&DOCUMENT);
    let as_default = input.flag("SetAsDefault", "setAsDefault");
    input.finish()?;
    let missing = || errors::not_attachable(arn);
    own(&Shelf::new(records, call.account), arn)?.ok_or_else(missing)?;
    managed_policies::check_document(document)?;
    let policy = change(records, call, arn, missing, |policy| {
        if policy.versions.len() >= MAX_VERSIONS {
            return Err(errors::limit_exceeded(
                "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
                 existing version.",
            ));
        }
        let number = policy.next_version;
        policy.versions.push(PolicyVersion { number, document: document.to_owned(), created: call.now });
        policy.next_version += 1;
        if as_default {
            policy.default_version = number;
        }
        Ok(())
    })
    .await?;
    let made = policy.versions.last().ok_or_else(missing)?;
    Ok(render::one("PolicyVersion", |xml| {
        render::version(xml, made, policy.default_version, false)
    }))
}

pub(super) fn get(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let arn = input.required(&POLICY_ARN);
    let id = input.required(&VERSION_ID);
    input.finish()?;
    let missing = || errors::no_version(arn, id);
    let policy = read(&Shelf::new(records, call.account), arn)?.ok_or_else(missing)?;
    let version = policy.version(id).ok_or_else(missing)?;
    Ok(render::one("PolicyVersion", |xml| {
        render::version(xml, version, policy.default_version, true)
    }))
}

/// Newest first.
pub(super) fn list(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let arn = input.required(&POLICY_ARN);
    let page = input.page();
    input.finish()?;
    let policy =
        read(&Shelf::new(records, call.account), arn)?.ok_or_else(|| errors::no_policy(arn))?;
    let newest_first = |version: &PolicyVersion| format!("{:010}", u32::MAX - version.number);
    let versions = page.of(policy.versions.into_iter().rev(), newest_first);
    let mut xml = Xml::default();
    xml.list("Versions", &versions.items, |xml, version| {
        render::version(xml, version, policy.default_version, false);
    });
    versions.write_end(&mut xml);
    Ok(Some(xml))
}

pub(super) async fn set_default(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let arn = input.required(&POLICY_ARN);
    let id = input.required(&VERSION_ID);
    input.finish()?;
    let missing = || errors::no_version(arn, id);
    change(records, call, arn, missing, |policy| {
        policy.default_version = policy.version(id).ok_or_else(missing)?.number;
        Ok(())
    })
    .await?;
    Ok(None)
}

pub(super) async fn delete(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let arn = input.required(&POLICY_ARN);
    let id = input.required(&VERSION_ID);
    input.finish()?;
    let missing = || errors::no_version(arn, id);
    change(records, call, arn, missing, |policy| {
        let number = policy.version(id).ok_or_else(missing)?.number;
        if number == policy.default_version {
            return Err(errors::delete_conflict(
                "Cannot delete the default version of a policy.",
            ));
        }
        policy.versions.retain(|version| version.number != number);
        Ok(())
    })
    .await?;
    Ok(None)
}

/// Changes a policy of the account, and gives it as it then is.
async fn change(
    records: &Records,
    call: &Call<'_>,
    arn: &str,
    missing: impl Fn() -> ApiError,
    edit: impl Fn(&mut ManagedPolicy) -> Result<(), ApiError>,
) -> Result<ManagedPolicy, ApiError> {
    let shelf = Shelf::new(records, call.account);
    shelf
        .change(|shelf| {
            let policy = own(shelf, arn)?.ok_or_else(&missing)?;
            let mut new = policy.value.clone();
            edit(&mut new)?;
            if new == policy.value {
                return Ok((Transaction::new(), new));
            }
            new.updated = call.now;
            Ok((policy.put(Transaction::new(), &new), new))
        })
        .await
}
