//! Tags of log groups, by ARN and by the older operations by name.

use std::collections::BTreeMap;

use aws::ApiError;
use aws::validate::Violations;
use serde::Deserialize;
use serde_json::json;

use super::groups::{Named, named_place};
use super::{Answer, LogsApi, errors, model};
use crate::front::Request;
use crate::logs::{GroupPlace, LogsError};

/// Tags per group.
pub(super) const MOST: usize = 50;

type Tags = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagResource {
    resource_arn: Option<String>,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagLogGroup {
    log_group_name: Option<String>,
    /// A map, or the list of the keys that go.
    tags: Option<serde_json::Value>,
}

/// The lengths of keys and values.
pub(super) fn check(violations: &mut Violations, tags: &Tags) {
    for (key, value) in tags {
        violations.length("tags", key, 1, 128);
        violations.length("tags", value, 0, 256);
    }
}

pub(super) fn too_many() -> ApiError {
    ApiError::sender(
        400,
        "TooManyTagsException",
        format!("The resource has more than {MOST} tags."),
    )
}

fn of_tags(error: LogsError) -> ApiError {
    match error {
        LogsError::TooMany => too_many(),
        error => errors::of_group(error),
    }
}

fn tagged(arn: Option<&str>) -> Result<GroupPlace, ApiError> {
    let Some(arn) = arn else {
        model::check(|violations| violations.required::<()>("resourceArn", None))?;
        return Err(errors::no_group());
    };
    GroupPlace::from_arn(arn)
        .ok_or_else(|| errors::invalid(format!("The resource ARN is not valid: {arn}")))
}

impl LogsApi {
    pub(super) async fn tag_resource(&self, request: &Request) -> Answer {
        let given: TagResource = model::read(request)?;
        let place = tagged(given.resource_arn.as_deref())?;
        self.add_tags(&place, given.tags).await
    }

    pub(super) async fn untag_resource(&self, request: &Request) -> Answer {
        let given: TagResource = model::read(request)?;
        let place = tagged(given.resource_arn.as_deref())?;
        self.remove_tags(&place, &given.tag_keys).await
    }

    pub(super) fn list_tags_for_resource(&self, request: &Request) -> Answer {
        let given: TagResource = model::read(request)?;
        self.tags(&tagged(given.resource_arn.as_deref())?)
    }

    pub(super) async fn tag_group(&self, request: &Request) -> Answer {
        let given: TagLogGroup = model::read(request)?;
        let place = named_place(request, given.log_group_name.as_deref())?;
        let tags = serde_json::from_value(given.tags.unwrap_or_default())
            .map_err(|error| errors::serialization(error.to_string()))?;
        self.add_tags(&place, tags).await
    }

    pub(super) async fn untag_group(&self, request: &Request) -> Answer {
        let given: TagLogGroup = model::read(request)?;
        let place = named_place(request, given.log_group_name.as_deref())?;
        let keys: Vec<String> = serde_json::from_value(given.tags.unwrap_or_default())
            .map_err(|error| errors::serialization(error.to_string()))?;
        self.remove_tags(&place, &keys).await
    }

    pub(super) fn list_tags_of_group(&self, request: &Request) -> Answer {
        self.tags(&Named::read(request)?)
    }

    fn tags(&self, place: &GroupPlace) -> Answer {
        let group = self.logs.group(place).map_err(errors::of_group)?;
        Ok(Some(json!({ "tags": group.tags })))
    }

    async fn add_tags(&self, place: &GroupPlace, new: Tags) -> Answer {
        model::check(|violations| check(violations, &new))?;
        let add = |tags: &mut Tags| tags.extend(new.clone());
        let done = self.logs.change_tags(place, MOST, add).await;
        done.map(|()| None).map_err(of_tags)
    }

    async fn remove_tags(&self, place: &GroupPlace, keys: &[String]) -> Answer {
        let remove = |tags: &mut Tags| tags.retain(|key, _| !keys.contains(key));
        let done = self.logs.change_tags(place, MOST, remove).await;
        done.map(|()| None).map_err(of_tags)
    }
}
