//! IAM's API: roles, their policies, managed policies. Query protocol, one account at a time, no region.
//!
//! Owns the actions and what they store. What a policy means is for the `iam` crate; who may call is not asked yet.

mod attachments;
mod aws_managed;
mod call;
mod constraints;
mod errors;
mod ids;
mod inline_policies;
mod managed_policies;
mod model;
mod paging;
mod policy_versions;
mod render;
mod role_tags;
mod roles;
mod shelf;
mod trust;

#[cfg(test)]
mod tests;

use aws::ApiError;
use aws::query::{self, Params};
use aws::xml::Xml;

use crate::front::{Request, Response};
use crate::records::Records;
use call::Call;

const XMLNS: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
const VERSION: &str = "2010-05-08";

/// What an action answers: its result, `None` for an action whose model has no output.
type Outcome = Result<Option<Xml>, ApiError>;

/// The service.
#[derive(Clone)]
pub struct Iam {
    records: Records,
}

impl Iam {
    /// Over the control plane's records.
    pub fn new(records: Records) -> Iam {
        Iam { records }
    }

    /// Answers a request.
    pub async fn handle(&self, request: &Request) -> Response {
        let body = String::from_utf8_lossy(&request.body);
        let params = Params::decode([request.query.as_deref().unwrap_or_default(), &body]);
        let params = params.unwrap_or_default();
        let action = params.get("Action").unwrap_or_default().to_owned();
        let outcome = self
            .act(
                &action,
                Call::new(params, &request.account, &request.region),
            )
            .await;
        if let Err(error) = &outcome {
            tracing::debug!(action, code = %error.code, "refused");
        }
        let rendered = query::answer(XMLNS, &action, &request.request_id, outcome);
        Response::new(rendered.status, rendered.content_type, rendered.body)
    }

    async fn act(&self, action: &str, call: Call<'_>) -> Outcome {
        let records = &self.records;
        match action {
            "CreateRole" => roles::create(records, &call).await,
            "GetRole" => roles::get(records, &call),
            "ListRoles" => roles::list(records, &call),
            "UpdateRole" => roles::update(records, &call).await,
            "UpdateRoleDescription" => roles::update_description(records, &call).await,
            "UpdateAssumeRolePolicy" => roles::update_trust(records, &call).await,
            "DeleteRole" => roles::delete(records, &call).await,
            "ListInstanceProfilesForRole" => roles::list_instance_profiles(records, &call),
            "TagRole" => role_tags::tag(records, &call).await,
            "UntagRole" => role_tags::untag(records, &call).await,
            "ListRoleTags" => role_tags::list(records, &call),
            "PutRolePolicy" => inline_policies::put(records, &call).await,
            "GetRolePolicy" => inline_policies::get(records, &call),
            "ListRolePolicies" => inline_policies::list(records, &call),
            "DeleteRolePolicy" => inline_policies::delete(records, &call).await,
            "CreatePolicy" => managed_policies::create(records, &call).await,
            "GetPolicy" => managed_policies::get(records, &call),
            "ListPolicies" => managed_policies::list(records, &call),
            "DeletePolicy" => managed_policies::delete(records, &call).await,
            "CreatePolicyVersion" => policy_versions::create(records, &call).await,
            "GetPolicyVersion" => policy_versions::get(records, &call),
            "ListPolicyVersions" => policy_versions::list(records, &call),
            "SetDefaultPolicyVersion" => policy_versions::set_default(records, &call).await,
            "DeletePolicyVersion" => policy_versions::delete(records, &call).await,
            "AttachRolePolicy" => attachments::attach(records, &call).await,
            "DetachRolePolicy" => attachments::detach(records, &call).await,
            "ListAttachedRolePolicies" => attachments::list_of_role(records, &call),
            "ListEntitiesForPolicy" => attachments::list_of_policy(records, &call),
            "" => Err(errors::missing_action()),
            other => Err(errors::unknown_action(
                other,
                call.params.get("Version").unwrap_or(VERSION),
            )),
        }
    }
}
