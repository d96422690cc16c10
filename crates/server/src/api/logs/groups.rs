//! Log groups: create, describe, delete, how long they keep their events.

use std::collections::BTreeMap;

use aws::ApiError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, LogsApi, errors, model, place, tags};
use crate::front::Request;
use crate::logs::{Group, GroupPlace};

const CLASSES: &[&str] = &["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"];
/// The days that the service offers.
const DAYS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateLogGroup {
    log_group_name: Option<String>,
    log_group_class: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutRetentionPolicy {
    log_group_name: Option<String>,
    retention_in_days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeLogGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

/// The member of operations that need no more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    log_group_name: Option<String>,
}

impl Named {
    /// The group's place.
    pub(super) fn read(request: &Request) -> Result<GroupPlace, ApiError> {
        let given: Named = model::read(request)?;
        named_place(request, given.log_group_name.as_deref())
    }
}

/// The place of a group whose name must be there.
pub(super) fn named_place(request: &Request, name: Option<&str>) -> Result<GroupPlace, ApiError> {
    model::check(|violations| model::group_name(violations, name))?;
    Ok(place(request, name.unwrap_or_default()))
}

impl LogsApi {
    pub(super) async fn create_group(&self, request: &Request) -> Answer {
        let given: CreateLogGroup = model::read(request)?;
        let (name, class) = (
            given.log_group_name.as_deref(),
            given.log_group_class.as_deref(),
        );
        let tags = given.tags.unwrap_or_default();
        model::check(|violations| {
            model::group_name(violations, name);
            if let Some(class) = class {
                violations.one_of("logGroupClass", class, CLASSES);
            }
            tags::check(violations, &tags);
        })?;
        if tags.len() > tags::MOST {
            return Err(tags::too_many());
        }
        let place = place(request, name.unwrap_or_default());
        let created = self.logs.create_group(&place, tags).await;
        created.map(|()| None).map_err(errors::of_group)
    }

    pub(super) async fn delete_group(&self, request: &Request) -> Answer {
        let place = Named::read(request)?;
        let deleted = self.logs.delete_group(&place).await;
        deleted.map(|()| None).map_err(errors::of_group)
    }

    pub(super) async fn put_retention(&self, request: &Request) -> Answer {
        let given: PutRetentionPolicy = model::read(request)?;
        let name = given.log_group_name.as_deref();
        model::check(|violations| {
            model::group_name(violations, name);
            match given.retention_in_days {
                None => violations.required::<()>("retentionInDays", None),
                Some(days) => {
                    let known = DAYS.map(|days| days.to_string());
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    violations.one_of("retentionInDays", &days.to_string(), &known);
                }
            }
        })?;
        let days = given
            .retention_in_days
            .and_then(|days| days.try_into().ok());
        let place = place(request, name.unwrap_or_default());
        let done = self.logs.set_retention(&place, days).await;
        done.map(|()| None).map_err(errors::of_group)
    }

    pub(super) async fn delete_retention(&self, request: &Request) -> Answer {
        let place = Named::read(request)?;
        let done = self.logs.set_retention(&place, None).await;
        done.map(|()| None).map_err(errors::of_group)
    }

    /// The token is the last name of the page before.
    pub(super) fn describe_groups(&self, request: &Request) -> Answer {
        let given: DescribeLogGroups = model::read(request)?;
        let (prefix, part) = (&given.log_group_name_prefix, &given.log_group_name_pattern);
        model::check(|violations| {
            model::limit(violations, given.limit, 50);
            for (path, text) in [
                ("logGroupNamePrefix", prefix),
                ("logGroupNamePattern", part),
            ] {
                if let Some(text) = text {
                    violations.length(path, text, 0, 512);
                }
            }
        })?;
        if prefix.is_some() && part.is_some() {
            return Err(errors::invalid(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        // Every group here is of the class STANDARD.
        if given
            .log_group_class
            .is_some_and(|class| class != "STANDARD")
        {
            return Ok(Some(json!({ "logGroups": [] })));
        }
        let (prefix, part) = (
            prefix.clone().unwrap_or_default(),
            part.clone().unwrap_or_default().to_lowercase(),
        );
        let is_wanted =
            |name: &str| name.starts_with(&prefix) && name.to_lowercase().contains(&part);
        let limit = model::page(given.limit, 50);
        let after = given.next_token.as_deref();
        let mut groups = self
            .logs
            .groups(
                &request.account,
                &request.region,
                after,
                limit + 1,
                is_wanted,
            )
            .map_err(errors::of_group)?;
        let more = groups.len() > limit;
        groups.truncate(limit);
        let shown = groups.iter().map(|group| self.show(group));
        let mut answer = json!({ "logGroups": shown.collect::<Result<Vec<_>, _>>()? });
        if let (true, Some(last)) = (more, groups.last()) {
            answer["nextToken"] = last.place.name.as_str().into();
        }
        Ok(Some(answer))
    }

    fn show(&self, group: &Group) -> Result<Value, ApiError> {
        let bytes = self.logs.stored_bytes(group).map_err(errors::of_group)?;
        let arn = group.place.arn();
        let mut shown = json!({
            "logGroupName": group.place.name,
            "creationTime": group.created_millis,
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "storedBytes": bytes,
            "logGroupClass": "STANDARD",
            "logGroupArn": arn,
        });
        if let Some(days) = group.retention_days {
            shown["retentionInDays"] = days.into();
        }
        Ok(shown)
    }
}
