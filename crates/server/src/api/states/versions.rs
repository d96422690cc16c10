//! Versions: a revision published under a number that never means anything else (spec api.md,
//! PublishStateMachineVersion).

use aws::ApiError;
use serde_json::{Value, json};
use store::Transaction;

use super::arns::{self, MachineArn, Qualifier};
use super::machines::page_size;
use super::params::Params;
use super::records::{
    MachineRecord, Publication, VersionRecord, machine_key, version_key, version_prefix,
};
use super::tokens::Scope;
use super::{StatesApi, epoch, errors};
use crate::front::Request;
use crate::quotas::Quotas;
use crate::records::{Record, RecordError, RecordKey, encode};

/// The revision id of a machine that was never updated, as a request may give it.
const FIRST_REVISION: &str = "INITIAL";

impl Publication {
    /// Of `publish` and `versionDescription`.
    pub(super) fn read(params: &Params) -> Result<Publication, ApiError> {
        let publication = Publication {
            publish: params.boolean("publish") == Some(true),
            description: params.text("versionDescription").map(str::to_owned),
        };
        match (publication.publish, &publication.description) {
            (false, Some(_)) => Err(errors::validation(
                "Version description can only be set when publish is true",
            )),
            _ => Ok(publication),
        }
    }
}

impl MachineRecord {
    /// A version of the current revision, counted; to be written together with the machine.
    pub(super) fn publish(
        &mut self,
        description: Option<&str>,
        now_millis: i64,
        quotas: &Quotas,
    ) -> Result<VersionRecord, ApiError> {
        let releases = &mut self.releases;
        let most = quotas.versions;
        if releases.versions >= most {
            return Err(errors::quota_exceeded(format!(
                "The state machine has {most} versions, which is the most it can have. Delete some that are not used."
            )));
        }
        releases.last_version += 1;
        releases.versions += 1;
        releases.changes += 1;
        releases.current = Some(releases.last_version);
        Ok(VersionRecord {
            number: releases.last_version,
            revision: self.revision.key.clone(),
            description: description.map(str::to_owned),
            created_millis: now_millis,
        })
    }
}

impl StatesApi {
    /// The same revision is the same version: published again, it is the one that is there (model documentation).
    pub(super) async fn publish_version(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("stateMachineArn");
        let arn = self.unqualified(request, text)?;
        loop {
            let old = self.machine(request, &arn)?;
            check_revision(params.text("revisionId"), old.value.revision.id.as_deref())?;
            if let Some(number) = old.value.releases.current {
                match self.version(request, &arn.name, number)? {
                    Some(version) => return Ok(self.published(request, &arn.name, &version.value)),
                    // Deleted since the machine's record was read.
                    None => continue,
                }
            }
            let mut new = old.value.clone();
            let version =
                new.publish(params.text("description"), self.now_millis(), &self.quotas)?;
            let key = machine_key(&request.account, &request.region, &arn.name);
            let tx = self.records.replacing(&key, &old, &new);
            let tx = with_version(request, tx, &arn.name, Some(&version));
            match self.records.commit(tx).await {
                Ok(()) => return Ok(self.published(request, &arn.name, &version)),
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(errors::from_records(error)),
            }
        }
    }

    fn published(&self, request: &Request, machine: &str, version: &VersionRecord) -> Value {
        json!({
            "stateMachineVersionArn": self.version_arn(request, machine, version.number),
            "creationDate": epoch(version.created_millis),
        })
    }

    pub(super) fn list_versions(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("stateMachineArn");
        let arn = self.unqualified(request, text)?;
        self.machine(request, &arn)?;
        let scope = Scope {
            operation: "ListStateMachineVersions",
            arguments: &[text],
        };
        let (account, region) = (&request.account, &request.region);
        let after = match params.text("nextToken") {
            Some(token) => {
                let position = self.tokens.open(&scope, self.now_millis(), token)?;
                let number = position.parse().map_err(|_| errors::invalid_token())?;
                Some(version_key(account, region, &arn.name, number))
            }
            None => None,
        };
        let limit = page_size(params);
        let prefix = version_prefix(account, region, &arn.name);
        let mut rows: Vec<(RecordKey, VersionRecord)> = self
            .records
            .list(&prefix, after.as_ref(), limit + 1)
            .map_err(errors::from_records)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let items: Vec<Value> = rows
            .iter()
            .map(|(_, version)| self.published(request, &arn.name, version))
            .collect();
        let mut answer = json!({ "stateMachineVersions": items });
        if let (true, Some((_, last))) = (more, rows.last()) {
            let position = last.number.to_string();
            answer["nextToken"] = self
                .tokens
                .issue(&scope, self.now_millis(), &position)
                .into();
        }
        Ok(answer)
    }

    /// 200 for one that is not there, too ([rec]). Executions that it started go on.
    pub(super) async fn delete_version(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("stateMachineVersionArn");
        let arn = arns::machine(text)?;
        let number = arn.version().ok_or_else(|| {
            errors::invalid_arn(&format!("Malformed ARN - no version specified: {text}"))
        })?;
        if !is_own(request, &arn) {
            return Ok(json!({}));
        }
        let key = machine_key(&request.account, &request.region, &arn.name);
        loop {
            let machine = self.records.get::<MachineRecord>(&key);
            let Some(old) = machine.map_err(errors::from_records)? else {
                return Ok(json!({}));
            };
            if self.version(request, &arn.name, number)?.is_none() {
                return Ok(json!({}));
            }
            self.check_unreferenced(request, &arn.name, number)?;
            let tx = self
                .records
                .replacing(&key, &old, &without_version(&old.value, number))
                .delete(version_row(request, &arn.name, number).bytes().clone());
            match self.records.commit(tx).await {
                Ok(()) => return Ok(json!({})),
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(errors::from_records(error)),
            }
        }
    }

    fn check_unreferenced(
        &self,
        request: &Request,
        machine: &str,
        number: u64,
    ) -> Result<(), ApiError> {
        let aliases = self.aliases(request, machine)?;
        let names: Vec<&str> = aliases
            .iter()
            .filter(|alias| alias.leads_to(number))
            .map(|alias| alias.name.as_str())
            .collect();
        match names.is_empty() {
            true => Ok(()),
            false => Err(errors::conflict(format!(
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this \
                 version: [{}]",
                names.join(", ")
            ))),
        }
    }

    /// A machine's version, if it is there.
    pub(super) fn version(
        &self,
        request: &Request,
        machine: &str,
        number: u64,
    ) -> Result<Option<Record<VersionRecord>>, ApiError> {
        self.records
            .get(&version_row(request, machine, number))
            .map_err(errors::from_records)
    }

    pub(super) fn version_arn(&self, request: &Request, machine: &str, number: u64) -> String {
        let machine = self.machine_arn(request, machine);
        format!("{machine}:{}", Qualifier::Version(number))
    }

    /// An ARN that must name a machine itself.
    fn unqualified(&self, request: &Request, text: &str) -> Result<MachineArn, ApiError> {
        let arn = self.own_machine(request, text)?;
        match arn.qualifier {
            None => Ok(arn),
            Some(_) => Err(errors::no_machine(text)),
        }
    }
}

/// Whether the ARN is of the caller's account and region.
pub(super) fn is_own(request: &Request, arn: &MachineArn) -> bool {
    arn.account == *request.account && arn.region == *request.region
}

/// Adds a new version's row.
pub(super) fn with_version(
    request: &Request,
    tx: Transaction,
    machine: &str,
    version: Option<&VersionRecord>,
) -> Transaction {
    match version {
        Some(version) => {
            let key = version_row(request, machine, version.number);
            tx.put(key.bytes().clone(), encode(version))
        }
        None => tx,
    }
}

/// The machine's record when a version is gone.
fn without_version(machine: &MachineRecord, number: u64) -> MachineRecord {
    let mut new = machine.clone();
    let releases = &mut new.releases;
    releases.versions = releases.versions.saturating_sub(1);
    releases.changes += 1;
    releases.current = releases.current.filter(|current| *current != number);
    new
}

fn version_row(request: &Request, machine: &str, number: u64) -> RecordKey {
    version_key(&request.account, &request.region, machine, number)
}

/// The revision that a publisher wants must be the current one ([rec] for the text).
fn check_revision(wanted: Option<&str>, current: Option<&str>) -> Result<(), ApiError> {
    let Some(wanted) = wanted else {
        return Ok(());
    };
    match wanted == current.unwrap_or(FIRST_REVISION) {
        true => Ok(()),
        false => Err(errors::conflict(format!(
            "Failed to publish the State Machine version for revision {wanted}. The current State Machine revision is {}.",
            current.unwrap_or("null")
        ))),
    }
}
