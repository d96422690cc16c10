//! Create, describe, list and delete state machines.

use asl::{MachineType, Options};
use aws::ApiError;
use aws::arn::RoleArn;
use engine::Timestamp;
use runtime::lists::List;
use runtime::{Namespace, query};
use serde_json::{Value, json};
use store::{Transaction, Write};
use uuid::Uuid;

use super::arns::{self, MachineArn};
use super::configuration::Configuration;
use super::params::Params;
use super::records::{
    MachineRecord, Publication, Releases, Revision, VariableReferences, VersionRecord,
    alias_prefix, machine_key, machine_prefix, revision_key, version_prefix,
};
use super::tokens::Scope;
use super::versions::{is_own, with_version};
use super::{StatesApi, epoch, errors, tags};
use crate::front::Request;
use crate::records::{Record, RecordError, RecordKey, encode};
use crate::roles::Trust;

impl StatesApi {
    pub(super) async fn create_machine(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let name = params.required("name");
        arns::check_name(name)?;
        let creation = Publication::read(params)?;
        let machine_type = params.text("type").unwrap_or("STANDARD");
        let configuration = Configuration::default().changed_by(params, &self.logs)?;
        let tags = tags::read(params.structure("tags"), &self.machine_arn(request, name))?;
        let definition = params.required("definition");
        let machine = self.compile(name, definition, machine_type)?;
        self.check_role(&self.machine_arn(request, name), params.required("roleArn"))?;
        let now = self.creation_millis(request, name)?;
        let mut record = MachineRecord {
            name: name.to_owned(),
            generation: Uuid::new_v4().to_string(),
            machine_type: machine_type.to_owned(),
            created_millis: now,
            revision: Revision {
                key: Uuid::new_v4().to_string(),
                id: None,
                role_arn: params.required("roleArn").to_owned(),
                configuration,
                updated_millis: now,
                variable_references: variable_references(&machine),
            },
            tags,
            releases: Releases {
                creation: creation.clone(),
                ..Releases::default()
            },
        };
        let version = match creation.publish {
            true => Some(record.publish(creation.description.as_deref(), now, &self.quotas)?),
            false => None,
        };
        self.insert_machine(request, &record, definition, version.as_ref())
            .await
    }

    /// The time of a creation: after the start of every execution of an earlier machine of that name, whatever the clock
    /// says, so that what was started since belongs to the new one.
    fn creation_millis(&self, request: &Request, name: &str) -> Result<i64, ApiError> {
        let list = List {
            machine: name,
            through: None,
            status: None,
        };
        let namespace = Namespace::new(&request.account, &request.region);
        let newest = query::list(
            self.runtime.store(),
            &namespace,
            list,
            Timestamp(0),
            None,
            1,
        );
        let newest = newest.map_err(errors::from_runtime)?.executions;
        let after = newest.first().map(|(id, _)| id.started().0 + 1);
        Ok(self.now_millis().max(after.unwrap_or(0)))
    }

    /// Writes a new machine; one that is there already and equal is the same creation (spec api.md).
    async fn insert_machine(
        &self,
        request: &Request,
        record: &MachineRecord,
        definition: &str,
        version: Option<&VersionRecord>,
    ) -> Result<Value, ApiError> {
        let key = machine_key(&request.account, &request.region, &record.name);
        let machines = machine_prefix(&request.account, &request.region);
        loop {
            if let Some(existing) = self
                .records
                .get::<MachineRecord>(&key)
                .map_err(errors::from_records)?
            {
                return self.same_creation(request, &existing.value, record, definition);
            }
            let most = self.quotas.state_machines;
            let seat = self.census.seat(&self.records, machines.clone(), most);
            let seat = seat.map_err(errors::from_records)?;
            let seat = seat.ok_or_else(errors::too_many_machines)?;
            let tx = Transaction::new()
                .require_absent(key.bytes().clone())
                .put(key.bytes().clone(), encode(record));
            let tx = with_version(request, tx, &record.name, version);
            match self
                .records
                .commit(self.with_revision(request, tx, &record.revision, definition))
                .await
            {
                Ok(()) => {
                    seat.take();
                    return Ok(self.created(request, record));
                }
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(errors::from_records(error)),
            }
        }
    }

    fn created(&self, request: &Request, record: &MachineRecord) -> Value {
        let mut answer = json!({
            "stateMachineArn": self.machine_arn(request, &record.name),
            "creationDate": epoch(record.created_millis),
        });
        if record.releases.creation.publish {
            let first = self.version_arn(request, &record.name, 1);
            answer["stateMachineVersionArn"] = first.into();
        }
        answer
    }

    /// Role and tags are not compared; the definition is, as text, and what is said of publishing.
    fn same_creation(
        &self,
        request: &Request,
        existing: &MachineRecord,
        wanted: &MachineRecord,
        definition: &str,
    ) -> Result<Value, ApiError> {
        let same = existing.machine_type == wanted.machine_type
            && existing.revision.configuration == wanted.revision.configuration
            && existing.releases.creation == wanted.releases.creation
            && self.definition(request, &existing.revision.key)? == definition;
        match same {
            true => Ok(self.created(request, existing)),
            false => Err(errors::machine_exists(
                &self.machine_arn(request, &existing.name),
            )),
        }
    }

    /// Adds a revision's rows: its record and its definition.
    pub(super) fn with_revision(
        &self,
        request: &Request,
        tx: Transaction,
        revision: &Revision,
        definition: &str,
    ) -> Transaction {
        let namespace = Namespace::new(&request.account, &request.region);
        let key = revision_key(&request.account, &request.region, &revision.key);
        let mut tx = tx.put(key.bytes().clone(), encode(revision));
        tx.writes.extend(runtime::definition_rows(
            &namespace,
            &revision.key,
            definition,
        ));
        tx
    }

    pub(super) fn describe_machine(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("stateMachineArn");
        let arn = self.own_machine(request, text)?;
        let version = match arn.version() {
            Some(number) => self.version(request, &arn.name, number)?,
            None => None,
        };
        if arn.qualifier.is_some() && version.is_none() {
            return Err(errors::no_machine(text));
        }
        let target = self.target(request, &arn)?;
        let (machine, revision) = (&target.machine, target.revision());
        let version = version.map(|version| version.value);
        let created = version.as_ref().map(|version| version.created_millis);
        let mut answer = json!({
            "stateMachineArn": self.qualified_arn(request, &arn),
            "name": machine.name,
            "status": "ACTIVE",
            "definition": self.definition(request, &revision.key)?,
            "roleArn": revision.role_arn,
            "type": machine.machine_type,
            "creationDate": epoch(created.unwrap_or(machine.created_millis)),
        });
        if let Some(description) = version.and_then(|version| version.description) {
            answer["description"] = description.into();
        }
        show_revision(&mut answer, revision);
        Ok(answer)
    }

    pub(super) fn list_machines(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let scope = Scope {
            operation: "ListStateMachines",
            arguments: &[&request.account, &request.region],
        };
        let limit = page_size(params);
        let after = match params.text("nextToken") {
            Some(token) => Some(machine_key(
                &request.account,
                &request.region,
                &self.tokens.open(&scope, self.now_millis(), token)?,
            )),
            None => None,
        };
        let prefix = machine_prefix(&request.account, &request.region);
        let mut rows: Vec<(RecordKey, MachineRecord)> = self
            .records
            .list(&prefix, after.as_ref(), limit + 1)
            .map_err(errors::from_records)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let machines: Vec<Value> = rows
            .iter()
            .map(|(_, record)| self.list_item(request, record))
            .collect();
        let mut answer = json!({ "stateMachines": machines });
        if let (true, Some((_, last))) = (more, rows.last()) {
            answer["nextToken"] = self
                .tokens
                .issue(&scope, self.now_millis(), &last.name)
                .into();
        }
        Ok(answer)
    }

    fn list_item(&self, request: &Request, record: &MachineRecord) -> Value {
        json!({
            "stateMachineArn": self.machine_arn(request, &record.name),
            "name": record.name,
            "type": record.machine_type,
            "creationDate": epoch(record.created_millis),
        })
    }

    /// 200 for one that is not there, too ([rec] api.md 0.5). Its versions and aliases go with it, and its open
    /// executions are aborted.
    pub(super) async fn delete_machine(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let arn = arns::machine(params.required("stateMachineArn"))?;
        if !is_own(request, &arn) || arn.qualifier.is_some() {
            return Ok(json!({}));
        }
        self.remove_machine(request, &arn.name)
            .await
            .map_err(errors::from_records)?;
        // Also when it was not there: an earlier deletion may have been cut off before all were aborted.
        self.abort_executions(request, &arn.name);
        Ok(json!({}))
    }

    /// Removes the records of a machine, if it is there, with its versions and aliases.
    async fn remove_machine(&self, request: &Request, name: &str) -> Result<(), RecordError> {
        let (account, region) = (&request.account, &request.region);
        let key = machine_key(account, region, name);
        let machines = machine_prefix(account, region);
        loop {
            let Some(old) = self.records.get::<MachineRecord>(&key)? else {
                return Ok(());
            };
            self.census.leaves(&self.records, &machines)?;
            let versions = version_prefix(account, region, name);
            let aliases = alias_prefix(account, region, name);
            let mut rows = self.keys(&versions, old.value.releases.versions)?;
            rows.extend(self.keys(&aliases, old.value.releases.aliases)?);
            rows.push(key.clone());
            // The condition of a replacement, for rows that are not replaced.
            let mut tx = self.records.replacing(&key, &old, &old.value);
            tx.writes = rows.iter().map(delete).collect();
            match self.records.commit(tx).await {
                Err(RecordError::Conflict) => continue,
                done => {
                    if done.is_ok() {
                        self.census.left(&machines);
                    }
                    return done;
                }
            }
        }
    }

    fn keys(&self, prefix: &RecordKey, most: usize) -> Result<Vec<RecordKey>, RecordError> {
        let rows = self
            .records
            .list::<serde::de::IgnoredAny>(prefix, None, most)?;
        Ok(rows.into_iter().map(|(key, _)| key).collect())
    }

    /// The ARN, if it can be one of this server's; a machine of another account or region is not there.
    pub(super) fn own_machine(
        &self,
        request: &Request,
        text: &str,
    ) -> Result<MachineArn, ApiError> {
        let arn = arns::machine(text)?;
        match is_own(request, &arn) {
            true => Ok(arn),
            false => Err(errors::no_machine(text)),
        }
    }

    /// The record of the machine, also if the ARN names a version or alias of it.
    pub(super) fn machine(
        &self,
        request: &Request,
        arn: &MachineArn,
    ) -> Result<Record<MachineRecord>, ApiError> {
        let key = machine_key(&request.account, &request.region, &arn.name);
        let found = self.records.get(&key).map_err(errors::from_records)?;
        found.ok_or_else(|| errors::no_machine(&self.qualified_arn(request, arn)))
    }

    pub(super) fn machine_arn(&self, request: &Request, name: &str) -> String {
        arns::format_machine(&request.region, &request.account, name)
    }

    pub(super) fn definition(&self, request: &Request, revision: &str) -> Result<String, ApiError> {
        let namespace = Namespace::new(&request.account, &request.region);
        runtime::definition_text(self.runtime.store(), &namespace, revision)
            .map_err(errors::from_runtime)
    }

    /// Compiles a definition of a machine. One that has test cases may call what this version cannot.
    pub(super) fn compile(
        &self,
        machine: &str,
        definition: &str,
        machine_type: &str,
    ) -> Result<asl::Machine, ApiError> {
        let mocks = self
            .mocks
            .refresh()
            .unwrap_or_else(|_| self.mocks.current());
        let compile = match mocks.names(machine) {
            true => asl::compile_mockable,
            false => asl::compile,
        };
        compile(definition, &options(machine_type))
            .map_err(|found| errors::invalid_definition(&found))
    }

    /// A role that is there must trust the service; one never seen is accepted unless roles must exist.
    pub(super) fn check_role(&self, machine_arn: &str, role_arn: &str) -> Result<(), ApiError> {
        let role: RoleArn = role_arn
            .parse()
            .map_err(|_| errors::invalid_arn(&format!("Invalid ARN prefix: {role_arn}")))?;
        match self
            .roles
            .trust(&role, machine_arn)
            .map_err(errors::from_records)?
        {
            Trust::Given => Ok(()),
            Trust::Refused => Err(errors::role_not_assumable()),
            Trust::UnknownRole if self.strict_roles => Err(errors::role_not_assumable()),
            Trust::UnknownRole => {
                tracing::warn!(
                    role = role_arn,
                    "a state machine uses a role that this server does not know"
                );
                Ok(())
            }
        }
    }
}

pub(super) fn options(machine_type: &str) -> Options {
    Options {
        machine_type: match machine_type {
            "EXPRESS" => MachineType::Express,
            _ => MachineType::Standard,
        },
    }
}

fn delete(row: &RecordKey) -> Write {
    Write::Delete {
        key: row.bytes().clone(),
    }
}

pub(super) fn variable_references(machine: &asl::Machine) -> VariableReferences {
    let states = machine.variable_references.iter();
    states
        .map(|(state, names)| {
            let names = names.iter().map(|name| name.to_string()).collect();
            (state.to_string(), names)
        })
        .collect()
}

/// What a description says of a revision besides definition and role.
pub(super) fn show_revision(answer: &mut Value, revision: &Revision) {
    answer["loggingConfiguration"] = revision.configuration.logging.clone();
    answer["tracingConfiguration"] = revision.configuration.tracing.clone();
    answer["encryptionConfiguration"] = revision.configuration.encryption.clone();
    if let Some(id) = &revision.id {
        answer["revisionId"] = id.as_str().into();
    }
    if !revision.variable_references.is_empty() {
        answer["variableReferences"] = json!(revision.variable_references);
    }
}

/// `maxResults`: absent or 0 is 100.
pub(super) fn page_size(params: &Params) -> usize {
    params
        .integer("maxResults")
        .filter(|n| *n > 0)
        .unwrap_or(100) as usize
}
