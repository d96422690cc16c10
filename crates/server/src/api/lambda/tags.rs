//! Tags of functions.

use std::collections::BTreeMap;

use aws::ApiError;
use aws::arn::FunctionRef;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, LambdaApi, errors, model, route};
use crate::front::Request;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TagResource {
    tags: BTreeMap<String, String>,
}

impl LambdaApi {
    pub(super) fn list_tags(&self, arn: &str, request: &Request) -> Result<Answer, ApiError> {
        let found = self.find(taggable(arn)?, request)?;
        Ok((200, Some(json!({"Tags": found.function().tags}))))
    }

    pub(super) async fn tag(&self, arn: &str, request: &Request) -> Result<Answer, ApiError> {
        let given: TagResource = model::read(&request.body)?;
        let change = |function: &mut super::FunctionRecord| {
            function.tags.extend(given.tags.clone());
            model::check_tags(&function.tags)
        };
        self.change(taggable(arn)?, request, change).await?;
        Ok((204, None))
    }

    pub(super) async fn untag(&self, arn: &str, request: &Request) -> Result<Answer, ApiError> {
        let keys = route::query_values(request, "tagKeys");
        let change = |function: &mut super::FunctionRecord| {
            function.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        };
        self.change(taggable(arn)?, request, change).await?;
        Ok((204, None))
    }
}

/// Only a function itself has tags, and it is named by its ARN.
fn taggable(arn: &str) -> Result<&str, ApiError> {
    match FunctionRef::parse(arn) {
        Some(named) if arn.starts_with("arn:") && named.qualifier.is_none() => Ok(arn),
        Some(_) if arn.starts_with("arn:") => Err(errors::invalid(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        )),
        _ => Err(errors::invalid(format!(
            "'{arn}' is not the ARN of a function."
        ))),
    }
}
