//! Tags of state machines and activities (spec api.md, TagResource; quotas.md).

use aws::ApiError;
use aws::validate::Violations;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::params::{Params, nested_text, typed};
use super::records::{ActivityRecord, MachineRecord, Tag, Tagged, activity_key, machine_key};
use super::{StatesApi, arns, errors};
use crate::front::Request;
use crate::records::{Change, RecordError, RecordKey};

/// Tags per resource.
const MOST: usize = 50;

impl StatesApi {
    pub(super) async fn tag(&self, request: &Request, params: &Params) -> Result<Value, ApiError> {
        let arn = params.required("resourceArn");
        let new = read(params.structure("tags"), arn)?;
        self.change_tags(request, arn, |tags| {
            for tag in &new {
                match tags.iter_mut().find(|old| old.key == tag.key) {
                    Some(old) => old.value.clone_from(&tag.value),
                    None => tags.push(tag.clone()),
                }
            }
        })
        .await
    }

    pub(super) async fn untag(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let arn = params.required("resourceArn");
        let keys = params.structure("tagKeys").and_then(Value::as_array);
        let keys = keys.cloned().unwrap_or_default();
        for key in &keys {
            typed(key, "tagKeys", Value::is_string, "String")?;
        }
        self.change_tags(request, arn, |tags| {
            tags.retain(|tag| !keys.iter().any(|key| key == tag.key.as_str()))
        })
        .await
    }

    pub(super) fn list_tags(&self, request: &Request, params: &Params) -> Result<Value, ApiError> {
        let arn = params.required("resourceArn");
        let tags = match self.tagged(request, arn)? {
            Resource::Machine(key) => self.tags_of::<MachineRecord>(&key, arn)?,
            Resource::Activity(key) => self.tags_of::<ActivityRecord>(&key, arn)?,
        };
        let shown: Vec<Value> = tags
            .iter()
            .map(|tag| json!({ "key": tag.key, "value": tag.value }))
            .collect();
        Ok(json!({ "tags": shown }))
    }

    fn tags_of<T: Tagged + DeserializeOwned>(
        &self,
        key: &RecordKey,
        arn: &str,
    ) -> Result<Vec<Tag>, ApiError> {
        let found = self.records.get::<T>(key).map_err(errors::from_records)?;
        let mut record = found.ok_or_else(|| errors::no_resource(arn))?.value;
        Ok(std::mem::take(record.tags()))
    }

    /// Machines and activities have tags; a version, an alias or something of another account is not there ([rec]).
    fn tagged(&self, request: &Request, text: &str) -> Result<Resource, ApiError> {
        let (account, region) = (&*request.account, &*request.region);
        if let Ok(arn) = arns::activity(text) {
            let own = arn.account == account && arn.region == region;
            return match own {
                true => Ok(Resource::Activity(activity_key(account, region, &arn.name))),
                false => Err(errors::no_resource(text)),
            };
        }
        let arn = arns::machine(text)?;
        let own = arn.account == account && arn.region == region && arn.qualifier.is_none();
        match own {
            true => Ok(Resource::Machine(machine_key(account, region, &arn.name))),
            false => Err(errors::no_resource(text)),
        }
    }

    async fn change_tags(
        &self,
        request: &Request,
        arn: &str,
        change: impl FnMut(&mut Vec<Tag>),
    ) -> Result<Value, ApiError> {
        match self.tagged(request, arn)? {
            Resource::Machine(key) => {
                self.change_tags_of::<MachineRecord>(&key, arn, change)
                    .await
            }
            Resource::Activity(key) => {
                self.change_tags_of::<ActivityRecord>(&key, arn, change)
                    .await
            }
        }
    }

    async fn change_tags_of<T: Tagged + Clone + Serialize + DeserializeOwned>(
        &self,
        key: &RecordKey,
        arn: &str,
        mut change: impl FnMut(&mut Vec<Tag>),
    ) -> Result<Value, ApiError> {
        self.records
            .update(key, |old: Option<&T>| {
                let mut record = old
                    .cloned()
                    .ok_or_else(|| TagError(errors::no_resource(arn)))?;
                change(record.tags());
                match record.tags().len() > MOST {
                    true => Err(TagError(errors::too_many_tags(arn))),
                    false => Ok((Change::Put(record), json!({}))),
                }
            })
            .await
            .map_err(|error: TagError| error.0)
    }
}

/// What has tags, by where its record is.
enum Resource {
    Machine(RecordKey),
    Activity(RecordKey),
}

struct TagError(ApiError);

impl From<RecordError> for TagError {
    fn from(error: RecordError) -> TagError {
        TagError(errors::from_records(error))
    }
}

/// A list of tags; keys 1..128 characters without `aws:`, values up to 256, at most 50.
pub(super) fn read(list: Option<&Value>, arn: &str) -> Result<Vec<Tag>, ApiError> {
    let list = list
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if list.len() > MOST {
        return Err(errors::too_many_tags(arn));
    }
    let mut violations = Violations::default();
    let mut tags: Vec<Tag> = Vec::new();
    for (position, tag) in list.iter().enumerate() {
        typed(tag, "tags", Value::is_object, "structure")?;
        let text = |name| Ok::<_, ApiError>(nested_text(tag, name)?.unwrap_or_default().to_owned());
        let tag = Tag {
            key: text("key")?,
            value: text("value")?,
        };
        let path = format!("tags.{}.member", position + 1);
        violations.length(&format!("{path}.key"), &tag.key, 1, 128);
        violations.length(&format!("{path}.value"), &tag.value, 0, 256);
        tags.retain(|old| old.key != tag.key);
        tags.push(tag);
    }
    violations.check(errors::validation)?;
    if let Some(tag) = tags
        .iter()
        .find(|tag| !(allowed(&tag.key) && allowed(&tag.value)))
    {
        return Err(errors::validation(format!(
            "The tag '{}' contains characters that are not allowed: letters, digits, spaces and _ . : / = + - @ are.",
            tag.key
        )));
    }
    if tags.iter().any(|tag| tag.key.starts_with("aws:")) {
        return Err(errors::validation(
            "aws: prefixed tag key names are not allowed for external use.",
        ));
    }
    Ok(tags)
}

/// Letters, digits and spaces of any script, and `_ . : / = + - @` (spec api.md, TagResource).
fn allowed(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}
