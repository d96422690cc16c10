//! Activities: create, describe, list, delete; and the worker's long poll (spec api.md, CreateActivity and its like).

use std::time::Duration;

use aws::ApiError;
use runtime::Namespace;
use serde_json::{Value, json};

use super::arns::{self, ActivityArn};
use super::configuration::{self, Configuration};
use super::machines::page_size;
use super::params::Params;
use super::records::{ActivityRecord, activity_key, activity_prefix};
use super::tokens::Scope;
use super::{StatesApi, epoch, errors, tags};
use crate::front::Request;
use crate::records::{Change, Record, RecordError, RecordKey, Records};

/// How long a worker waits for a task.
const POLL: Duration = Duration::from_secs(60);

/// Whether there is an activity of this ARN in the account and region.
pub fn has_activity(
    records: &Records,
    namespace: &Namespace,
    arn: &str,
) -> Result<bool, RecordError> {
    let Ok(arn) = arns::activity(arn) else {
        return Ok(false);
    };
    if (arn.account.as_str(), arn.region.as_str()) != (namespace.account(), namespace.region()) {
        return Ok(false);
    }
    let key = activity_key(&arn.account, &arn.region, &arn.name);
    Ok(records.get::<ActivityRecord>(&key)?.is_some())
}

impl StatesApi {
    /// Of the same name is the same activity, whatever its tags (spec api.md, CreateActivity).
    pub(super) async fn create_activity(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let name = params.required("name");
        arns::check_name(name)?;
        let arn = arns::format_activity(&request.region, &request.account, name);
        let wanted = ActivityRecord {
            name: name.to_owned(),
            created_millis: self.now_millis(),
            encryption: params.structure("encryptionConfiguration").map_or(
                Ok(Configuration::default().encryption),
                configuration::encryption,
            )?,
            tags: tags::read(params.structure("tags"), &arn)?,
        };
        let key = activity_key(&request.account, &request.region, name);
        let record = loop {
            let found = self.records.get::<ActivityRecord>(&key);
            if let Some(existing) = found.map_err(errors::from_records)? {
                break existing.value;
            }
            let all = activity_prefix(&request.account, &request.region);
            let seat = self.census.seat(&self.records, all, self.quotas.activities);
            let seat = seat.map_err(errors::from_records)?;
            let seat = seat.ok_or_else(errors::too_many_activities)?;
            match self.records.create(&key, &wanted).await {
                Ok(()) => {
                    seat.take();
                    break wanted.clone();
                }
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(errors::from_records(error)),
            }
        };
        match record.encryption == wanted.encryption {
            true => Ok(json!({
                "activityArn": arn,
                "creationDate": epoch(record.created_millis),
            })),
            false => Err(errors::activity_exists(&arn)),
        }
    }

    /// 200 for one that is not there, too ([rec]).
    pub(super) async fn delete_activity(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let arn = arns::activity(params.required("activityArn"))?;
        if let Some(key) = own(request, &arn) {
            let delete = |old: Option<&ActivityRecord>| {
                Ok::<_, RecordError>((Change::<ActivityRecord>::Delete, old.is_some()))
            };
            let deleted = self.records.update(&key, delete).await;
            if deleted.map_err(errors::from_records)? {
                self.census
                    .left(&activity_prefix(&arn.account, &arn.region));
            }
        }
        Ok(json!({}))
    }

    pub(super) fn describe_activity(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("activityArn");
        let record = self.activity(request, text)?.value;
        Ok(json!({
            "activityArn": text,
            "name": record.name,
            "creationDate": epoch(record.created_millis),
            "encryptionConfiguration": record.encryption,
        }))
    }

    pub(super) fn list_activities(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let (account, region) = (&*request.account, &*request.region);
        let scope = Scope {
            operation: "ListActivities",
            arguments: &[account, region],
        };
        let limit = page_size(params);
        let after = match params.text("nextToken") {
            Some(token) => {
                let name = self.tokens.open(&scope, self.now_millis(), token)?;
                Some(activity_key(account, region, &name))
            }
            None => None,
        };
        let prefix = activity_prefix(account, region);
        let mut rows: Vec<(RecordKey, ActivityRecord)> = self
            .records
            .list(&prefix, after.as_ref(), limit + 1)
            .map_err(errors::from_records)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let shown: Vec<Value> = rows
            .iter()
            .map(|(_, record)| {
                json!({
                    "activityArn": arns::format_activity(region, account, &record.name),
                    "name": record.name,
                    "creationDate": epoch(record.created_millis),
                })
            })
            .collect();
        let mut answer = json!({ "activities": shown });
        if let (true, Some((_, last))) = (more, rows.last()) {
            answer["nextToken"] = self
                .tokens
                .issue(&scope, self.now_millis(), &last.name)
                .into();
        }
        Ok(answer)
    }

    /// Waits for a task; without one the answer is empty. A worker that hangs up is not given any.
    pub(super) async fn activity_task(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let arn = params.required("activityArn");
        self.activity(request, arn)?;
        let namespace = Namespace::new(&request.account, &request.region);
        let worker = params.text("workerName").map(Into::into);
        let taken = tokio::select! {
            taken = self.runtime.take_activity_task(&namespace, arn, worker, POLL) => taken,
            () = request.patience.is_over() => Ok(None),
        };
        Ok(match taken.map_err(errors::from_runtime)? {
            Some(task) => json!({ "taskToken": task.token, "input": task.input.text() }),
            None => json!({}),
        })
    }

    fn activity(&self, request: &Request, text: &str) -> Result<Record<ActivityRecord>, ApiError> {
        let key = own(request, &arns::activity(text)?);
        let found = key.map(|key| self.records.get(&key)).transpose();
        found
            .map_err(errors::from_records)?
            .flatten()
            .ok_or_else(|| errors::no_activity(text))
    }
}

/// The key of an activity that can be this server's: one of another account or region is not there.
fn own(request: &Request, arn: &ActivityArn) -> Option<RecordKey> {
    let own = arn.account == *request.account && arn.region == *request.region;
    own.then(|| activity_key(&arn.account, &arn.region, &arn.name))
}
