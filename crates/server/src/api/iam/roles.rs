//! Roles: making, reading, changing, removing.

use aws::ApiError;
use aws::xml::Xml;
use store::Transaction;

use super::call::Call;
use super::constraints::{
    BOUNDARY, DOCUMENT, PATH, PATH_PREFIX, ROLE_DESCRIPTION, ROLE_NAME, TRUST,
};
use super::model::Role;
use super::render::{self, RoleView};
use super::shelf::Shelf;
use super::{Outcome, errors, ids, managed_policies, role_tags};
use crate::records::Records;

/// The largest trust policy, in characters without white space.
const MAX_TRUST: usize = 2048;
const DEFAULT_SESSION: u32 = 3600;
const MAX_SESSION: i64 = 43_200;

pub(super) async fn create(records: &Records, call: &Call<'_>) -> Outcome {
    let role = new_role(call)?;
    let shelf = Shelf::new(records, call.account);
    shelf
        .change(|shelf| {
            if shelf.role_name_taken(&role.name)? {
                return Err(errors::role_exists(&role.name));
            }
            if let Some(arn) = &role.boundary {
                managed_policies::attachable(shelf, arn)?;
            }
            Ok((shelf.create_role(&role), ()))
        })
        .await?;
    Ok(render::one("Role", |xml| {
        render::role(xml, &role, RoleView::Created)
    }))
}

fn new_role(call: &Call<'_>) -> Result<Role, ApiError> {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    let path = input.optional(&PATH).unwrap_or("/");
    let trust = input.required(&TRUST);
    let description = input.optional(&ROLE_DESCRIPTION);
    let max_session = session_duration(&mut input);
    let boundary = input.optional(&BOUNDARY);
    let tags = input.tags().unwrap_or_default();
    input.finish()?;
    role_tags::unique(&tags)?;
    check_trust(trust)?;
    Ok(Role {
        name: name.to_owned(),
        path: path.to_owned(),
        id: ids::role()?,
        arn: call.arn(&format!("role{path}{name}")),
        created: call.now,
        trust: trust.to_owned(),
        description: description.map(str::to_owned),
        max_session: max_session.unwrap_or(DEFAULT_SESSION),
        boundary: boundary.map(str::to_owned),
        tags,
        inline: Default::default(),
        attached: Vec::new(),
    })
}

fn session_duration(input: &mut super::call::Input<'_>) -> Option<u32> {
    let seconds = input.number(
        "MaxSessionDuration",
        "maxSessionDuration",
        i64::from(DEFAULT_SESSION),
        MAX_SESSION,
    )?;
    u32::try_from(seconds).ok()
}

fn check_trust(document: &str) -> Result<(), ApiError> {
    iam::check::trust(document).map_err(|error| errors::malformed(&error))?;
    if size(document) > MAX_TRUST {
        return Err(errors::quota_exceeded("ACLSizePerRole", MAX_TRUST));
    }
    Ok(())
}

/// A document's size as IAM counts it: characters without white space.
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

pub(super) fn get(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    input.finish()?;
    let role = Shelf::new(records, call.account).role(name)?.value;
    Ok(render::one("Role", |xml| {
        render::role(xml, &role, RoleView::Whole)
    }))
}

pub(super) fn list(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let prefix = input.optional(&PATH_PREFIX).unwrap_or("/");
    let page = input.page();
    input.finish()?;
    let mut roles = page.collect(|role: &Role| role.name.to_ascii_lowercase());
    Shelf::new(records, call.account).each_role(page.after(), |role| {
        !role.path.starts_with(prefix) || roles.push(role)
    })?;
    let roles = roles.slice();
    let mut xml = Xml::default();
    xml.list("Roles", &roles.items, |xml, role| {
        render::role(xml, role, RoleView::Listed)
    });
    roles.write_end(&mut xml);
    Ok(Some(xml))
}

pub(super) async fn update(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    let description = input.optional(&ROLE_DESCRIPTION);
    let max_session = session_duration(&mut input);
    input.finish()?;
    change(records, call, name, |role| {
        if let Some(description) = description {
            role.description = Some(description.to_owned());
        }
        role.max_session = max_session.unwrap_or(role.max_session);
        Ok(())
    })
    .await?;
    Ok(Some(Xml::default()))
}

pub(super) async fn update_description(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    let description = input.required(&ROLE_DESCRIPTION);
    input.finish()?;
    let role = change(records, call, name, |role| {
        role.description = Some(description.to_owned());
        Ok(())
    })
    .await?;
    Ok(render::one("Role", |xml| {
        render::role(xml, &role, RoleView::Described)
    }))
}

pub(super) async fn update_trust(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    let document = input.required(&DOCUMENT);
    input.finish()?;
    check_trust(document)?;
    change(records, call, name, |role| {
        role.trust = document.to_owned();
        Ok(())
    })
    .await?;
    Ok(None)
}

pub(super) async fn delete(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    input.finish()?;
    let shelf = Shelf::new(records, call.account);
    shelf
        .change(|shelf| {
            let role = shelf.role(name)?;
            if !role.value.attached.is_empty() {
                return Err(errors::delete_conflict(
                    "Cannot delete entity, must detach all policies first.",
                ));
            }
            if !role.value.inline.is_empty() {
                return Err(errors::delete_conflict(
                    "Cannot delete entity, must delete policies first.",
                ));
            }
            Ok((role.delete(Transaction::new()), ()))
        })
        .await?;
    Ok(None)
}

/// There are no instance profiles here, so no role has any.
pub(super) fn list_instance_profiles(records: &Records, call: &Call<'_>) -> Outcome {
    let mut input = call.input();
    let name = input.required(&ROLE_NAME);
    input.page();
    input.finish()?;
    Shelf::new(records, call.account).role(name)?;
    let mut xml = Xml::default();
    xml.element("InstanceProfiles", |_| {});
    xml.leaf("IsTruncated", "false");
    Ok(Some(xml))
}

/// Changes a role, and gives it as it then is.
pub(super) async fn change(
    records: &Records,
    call: &Call<'_>,
    name: &str,
    edit: impl Fn(&mut Role) -> Result<(), ApiError>,
) -> Result<Role, ApiError> {
    let shelf = Shelf::new(records, call.account);
    shelf
        .change(|shelf| {
            let role = shelf.role(name)?;
            let mut new = role.value.clone();
            edit(&mut new)?;
            let tx = if new == role.value {
                Transaction::new()
            } else {
                role.put(Transaction::new(), &new)
            };
            Ok((tx, new))
        })
        .await
}
