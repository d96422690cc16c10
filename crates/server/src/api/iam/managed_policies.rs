//! Managed policies: those of the account, and those of AWS for reading.

use std::collections::{HashMap, HashSet};

use aws::ApiError;
use aws::xml::Xml;
use store::Transaction;

use super::call::Call;
use super::constraints::{
    DOCUMENT, PATH, PATH_PREFIX, POLICY_ARN, POLICY_DESCRIPTION, POLICY_NAME, SCOPE, USAGE,
};
use super::model::{ManagedPolicy, PolicyVersion, Tag};
use super::render::{self, PolicyView};
use super::shelf::{Shelf, Stored};
use super::{Outcome, aws_managed, errors, ids, roles};
use crate::records::Records;

/// The largest managed policy, in characters without white space.
pub(super) const MAX_POLICY: usize = 6144;

pub(super) async fn create(records: &Records, call: &Call<'_>) -> Outcome {
    let policy = new_policy(call)?;
    let shelf = Shelf::new(records, call.account);
    shelf
        .change(|shelf| match shelf.policy_name_taken(&policy.name)? {
            true => Err(errors::policy_exists(&policy.name)),
            false => Ok((shelf.create_policy(&policy), ())),
        })
        .await?;
    Ok(render::one("Policy", |xml| {
        render::policy(xml, &policy, PolicyView::Created)
    }))
}

fn new_policy(call: &Call<'_>) -> Result<ManagedPolicy, ApiError> {
    let mut input = call.input();
    let name = input.required(&POLICY_NAME);
    let path = input.optional(&PATH).unwrap_or("/");
    let document = input.required(&DOCUMENT);
    let description = input.optional(&POLICY_DESCRIPTION);
    let tags = input.tags().unwrap_or_default();
    input.finish()?;
    unique_tags(&tags)?;
    check_document(document)?;
    Ok(ManagedPolicy {
        name: name.to_owned(),
        path: path.to_owned(),
        id: ids::policy()?,
        arn: call.arn(&format!("policy{path}{name}")),
        created: call.now,
        updated: call.now,
        description: description.map(str::to_owned),
        tags,
        versions: vec![PolicyVersion {
            number: 1,
            document: document.to_owned(),
            created: call.now,
        }],
        default_version: 1,
        next_version: 2,
        attachments: 0,
    })
}

/// The keys of a policy's tags may differ in case alone, unlike a role's. Recorded.
fn unique_tags(tags: &[Tag]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    let unique = tags.iter().all(|tag| seen.insert(&tag.key));
    if unique {
        Ok(())
    } else {
        Err(errors::invalid_input("Duplicate tag keys found."))
    }
}

pub(super) fn check_document(document: &str) -> Result<(), ApiError> {
    iam::check::managed(document).map_err(|error| errors::malformed(&error))?;
    if roles::size(document) > MAX_POLICY {
        return Err(errors::quota_exceeded("PolicySize", MAX_POLICY));
    }
    Ok(())
}

pub(super) fn get(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let arn = input.required(&POLICY_ARN);
    input.finish()?;
    let policy =
        read(&Shelf::new(records, call.account), arn)?.ok_or_else(|| errors::no_policy(arn))?;
    Ok(render::one("Policy", |xml| {
        render::policy(xml, &policy, PolicyView::Whole)
    }))
}

pub(super) fn list(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let scope = input.optional(&SCOPE).unwrap_or("All");
    let prefix = input.optional(&PATH_PREFIX).unwrap_or("/");
    let usage = input.optional(&USAGE);
    let only_attached = input.flag("OnlyAttached", "onlyAttached");
    let page = input.page();
    input.finish()?;
    let shelf = Shelf::new(records, call.account);
    // The account's own policies come first, then those of AWS; a marker's first letter says where it points.
    let after_aws = page.after().and_then(|after| after.strip_prefix('A'));
    let after_own = page.after().and_then(|after| after.strip_prefix('L'));
    let wanted = |policy: &ManagedPolicy| {
        policy.path.starts_with(prefix)
            && (!only_attached || policy.attachments > 0)
            && usage != Some("PermissionsBoundary")
    };
    let mut policies = page.collect(list_key);
    let mut room = true;
    if scope != "AWS" && after_aws.is_none() {
        shelf.each_policy(after_own, |policy| {
            room = !wanted(&policy) || policies.push(policy);
            room
        })?;
    }
    if scope != "Local" && room {
        let attachments = attachments_of_aws(&shelf)?;
        let all = aws_managed::all(call.partition).map(|policy| counted(policy, &attachments));
        let rest = all.filter(|policy| after_aws.is_none_or(|after| policy.name.as_str() > after));
        let _ = rest.filter(wanted).all(|policy| policies.push(policy));
    }
    let policies = policies.slice();
    let mut xml = Xml::default();
    xml.list("Policies", &policies.items, |xml, policy| {
        render::policy(xml, policy, PolicyView::Listed)
    });
    policies.write_end(&mut xml);
    Ok(Some(xml))
}

fn list_key(policy: &ManagedPolicy) -> String {
    if aws_managed::is_aws(&policy.arn) {
        format!("A{}", policy.name)
    } else {
        format!("L{}", policy.name.to_ascii_lowercase())
    }
}

pub(super) async fn delete(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let arn = input.required(&POLICY_ARN);
    input.finish()?;
    let shelf = Shelf::new(records, call.account);
    shelf
        .change(|shelf| {
            let policy = own(shelf, arn)?.ok_or_else(|| errors::no_policy(arn))?;
            if policy.value.attachments > 0 {
                return Err(errors::delete_conflict("Cannot delete a policy attached to entities."));
            }
            if policy.value.versions.len() > 1 {
                return Err(errors::delete_conflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                     versions. The default version is deleted with the policy.",
                ));
            }
            Ok((policy.delete(Transaction::new()), ()))
        })
        .await?;
    Ok(None)
}

/// A policy of the account that is to be changed.
pub(super) fn own(shelf: &Shelf<'_>, arn: &str) -> Result<Option<Stored<ManagedPolicy>>, ApiError> {
    check_arn(arn)?;
    match aws_managed::find(arn) {
        Some(_) => Err(errors::not_yours()),
        None => shelf.find_policy(arn),
    }
}

/// Any policy, of the account or of AWS.
pub(super) fn read(shelf: &Shelf<'_>, arn: &str) -> Result<Option<ManagedPolicy>, ApiError> {
    check_arn(arn)?;
    match aws_managed::find(arn) {
        Some(policy) => Ok(Some(counted(policy, &attachments_of_aws(shelf)?))),
        None => Ok(shelf.find_policy(arn)?.map(|stored| stored.value)),
    }
}

/// A policy that is to be attached, with its record unless it is one of AWS's; fails when there is none.
pub(super) fn attachable(
    shelf: &Shelf<'_>,
    arn: &str,
) -> Result<Option<Stored<ManagedPolicy>>, ApiError> {
    check_arn(arn)?;
    if aws_managed::find(arn).is_some() {
        return Ok(None);
    }
    shelf
        .find_policy(arn)?
        .map(Some)
        .ok_or_else(|| errors::not_attachable(arn))
}

fn check_arn(arn: &str) -> Result<(), ApiError> {
    let parsed = arn.parse::<aws::Arn>().ok();
    match parsed.filter(|arn| arn.service == "iam" && arn.resource.starts_with("policy/")) {
        Some(_) => Ok(()),
        None => Err(errors::invalid_input(format!("ARN {arn} is not valid."))),
    }
}

/// How many roles each of AWS's policies is attached to. These have no record that could count.
fn attachments_of_aws(shelf: &Shelf<'_>) -> Result<HashMap<String, u32>, ApiError> {
    let mut counts = HashMap::new();
    shelf.each_role(None, |role| {
        for arn in role
            .attached
            .into_iter()
            .filter(|arn| aws_managed::is_aws(arn))
        {
            *counts.entry(arn).or_insert(0) += 1;
        }
        true
    })?;
    Ok(counts)
}

fn counted(policy: ManagedPolicy, attachments: &HashMap<String, u32>) -> ManagedPolicy {
    ManagedPolicy {
        attachments: attachments.get(&policy.arn).copied().unwrap_or(0),
        ..policy
    }
}
