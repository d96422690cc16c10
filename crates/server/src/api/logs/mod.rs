//! CloudWatch Logs (awsJson 1.1, model 2014-03-28), as much of it as workflows, their readers and Terraform need.
//!
//! Owns the API's shapes, names and errors. What is kept, and for how long, is `logs`'.

mod errors;
mod events;
mod groups;
mod model;
mod pattern;
mod streams;
mod tags;

use aws::ApiError;
use aws::error::JsonVersion;
use serde_json::Value;

use crate::api::rendered;
use crate::front::{Request, Response};
use crate::logs::{Group, GroupPlace, Logs};

/// The service.
pub struct LogsApi {
    logs: Logs,
}

/// What an operation answers; some answer nothing.
type Answer = Result<Option<Value>, ApiError>;

impl LogsApi {
    /// Over the groups.
    pub fn new(logs: Logs) -> LogsApi {
        LogsApi { logs }
    }

    /// Answers a request.
    pub async fn handle(&self, request: &Request) -> Response {
        let target = request.header("x-amz-target").unwrap_or_default();
        let operation = target.strip_prefix("Logs_20140328.").unwrap_or(target);
        let version = JsonVersion::V1_1;
        match self.perform(operation, request).await {
            Ok(Some(answer)) => Response::new(200, version.content_type(), answer.to_string()),
            Ok(None) => Response::new(200, version.content_type(), ""),
            Err(error) => rendered(error.render_json(version)),
        }
    }

    async fn perform(&self, operation: &str, request: &Request) -> Answer {
        match operation {
            "CreateLogGroup" => self.create_group(request).await,
            "DeleteLogGroup" => self.delete_group(request).await,
            "DescribeLogGroups" => self.describe_groups(request),
            "PutRetentionPolicy" => self.put_retention(request).await,
            "DeleteRetentionPolicy" => self.delete_retention(request).await,
            "CreateLogStream" => self.create_stream(request).await,
            "DeleteLogStream" => self.delete_stream(request).await,
            "DescribeLogStreams" => self.describe_streams(request),
            "PutLogEvents" => self.put_events(request).await,
            "GetLogEvents" => self.get_events(request),
            "FilterLogEvents" => self.filter_events(request),
            "TagResource" => self.tag_resource(request).await,
            "UntagResource" => self.untag_resource(request).await,
            "ListTagsForResource" => self.list_tags_for_resource(request),
            "TagLogGroup" => self.tag_group(request).await,
            "UntagLogGroup" => self.untag_group(request).await,
            "ListTagsLogGroup" => self.list_tags_of_group(request),
            other => Err(errors::unknown_operation(other)),
        }
    }

    /// The group of this account and region by its name, or by its name or ARN.
    fn named(
        &self,
        request: &Request,
        name: Option<&str>,
        identifier: Option<&str>,
    ) -> Result<Group, ApiError> {
        let place = match (name, identifier) {
            (Some(_), Some(_)) => {
                return Err(errors::invalid(
                    "LogGroup name and LogGroup identifier cannot both be specified.",
                ));
            }
            (Some(name), None) => place(request, name),
            (None, Some(identifier)) if identifier.starts_with("arn:") => {
                GroupPlace::from_arn(identifier).ok_or_else(errors::no_group)?
            }
            (None, Some(name)) => place(request, name),
            (None, None) => {
                return Err(errors::invalid(
                    "Either LogGroup name or LogGroup identifier must be specified.",
                ));
            }
        };
        self.logs.group(&place).map_err(errors::of_group)
    }
}

/// A group's place in the account and region of the request.
fn place(request: &Request, name: &str) -> GroupPlace {
    GroupPlace {
        account: request.account.to_string(),
        region: request.region.to_string(),
        name: name.to_owned(),
    }
}
