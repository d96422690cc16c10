//! Roles and policies as XML. Which members an answer has depends on the action, as on AWS (recorded).

use aws::percent;
use aws::time::iso_seconds;
use aws::xml::Xml;

use super::model::{ManagedPolicy, PolicyVersion, Role, Tag};

/// How much of a role an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoleView {
    /// CreateRole: what was asked for, without description and session duration.
    Created,
    /// UpdateRoleDescription: the same with the description.
    Described,
    /// ListRoles: no tags.
    Listed,
    /// GetRole: everything.
    Whole,
}

pub(super) fn role(xml: &mut Xml, role: &Role, view: RoleView) {
    use RoleView::{Created, Described, Listed, Whole};
    xml.leaf("Path", &role.path);
    xml.leaf("RoleName", &role.name);
    xml.leaf("RoleId", &role.id);
    xml.leaf("Arn", &role.arn);
    xml.leaf("CreateDate", &iso_seconds(role.created));
    xml.leaf("AssumeRolePolicyDocument", &percent::encode(&role.trust));
    if matches!(view, Described | Listed | Whole) {
        xml.optional(
            "Description",
            role.description.as_deref().filter(|text| !text.is_empty()),
        );
    }
    if matches!(view, Listed | Whole) {
        xml.leaf("MaxSessionDuration", &role.max_session.to_string());
    }
    if matches!(view, Created | Whole) {
        boundary(xml, role);
        if !role.tags.is_empty() {
            tags(xml, &role.tags);
        }
    }
    if view == Whole {
        xml.element("RoleLastUsed", |_| {});
    }
}

fn boundary(xml: &mut Xml, role: &Role) {
    if let Some(arn) = &role.boundary {
        xml.element("PermissionsBoundary", |xml| {
            xml.leaf("PermissionsBoundaryType", "Policy");
            xml.leaf("PermissionsBoundaryArn", arn);
        });
    }
}

pub(super) fn tags(xml: &mut Xml, tags: &[Tag]) {
    xml.list("Tags", tags, |xml, tag| {
        xml.leaf("Key", &tag.key);
        xml.leaf("Value", &tag.value);
    });
}

/// How much of a policy an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyView {
    /// CreatePolicy: tags only when there are some.
    Created,
    /// ListPolicies: neither tags nor description.
    Listed,
    /// GetPolicy: everything.
    Whole,
}

pub(super) fn policy(xml: &mut Xml, policy: &ManagedPolicy, view: PolicyView) {
    xml.leaf("PolicyName", &policy.name);
    xml.leaf("PolicyId", &policy.id);
    xml.leaf("Arn", &policy.arn);
    xml.leaf("Path", &policy.path);
    xml.leaf("DefaultVersionId", &format!("v{}", policy.default_version));
    xml.leaf("AttachmentCount", &policy.attachments.to_string());
    xml.leaf("PermissionsBoundaryUsageCount", "0");
    xml.leaf("IsAttachable", "true");
    if view == PolicyView::Whole {
        xml.optional("Description", policy.description.as_deref());
    }
    xml.leaf("CreateDate", &iso_seconds(policy.created));
    xml.leaf("UpdateDate", &iso_seconds(policy.updated));
    if view == PolicyView::Whole || (view == PolicyView::Created && !policy.tags.is_empty()) {
        tags(xml, &policy.tags);
    }
}

/// A version, with its document where the answer has one.
pub(super) fn version(xml: &mut Xml, version: &PolicyVersion, default: u32, with_document: bool) {
    if with_document {
        xml.leaf("Document", &percent::encode(&version.document));
    }
    xml.leaf("VersionId", &version.id());
    xml.leaf(
        "IsDefaultVersion",
        if version.number == default {
            "true"
        } else {
            "false"
        },
    );
    xml.leaf("CreateDate", &iso_seconds(version.created));
}

/// An answer of one element.
pub(super) fn one(name: &'static str, content: impl FnOnce(&mut Xml)) -> Option<Xml> {
    let mut xml = Xml::default();
    xml.element(name, content);
    Some(xml)
}
