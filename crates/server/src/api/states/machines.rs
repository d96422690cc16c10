//! Create, update, describe, list, delete and validate state machines.

use asl::{MachineType, Options, Severity};
use aws::ApiError;
use aws::arn::RoleArn;
use runtime::Namespace;
use serde_json::{Value, json};
use store::Transaction;
use uuid::Uuid;

use super::arns::{self, MachineArn};
use super::configuration::Configuration;
use super::model::Params;
use super::records::{
    MachineRecord, Revision, VariableReferences, machine_key, machine_prefix, revision_key,
};
use super::tokens::Scope;
use super::{StatesApi, epoch, errors, tags};
use crate::front::Request;
use crate::records::{Change, Record, RecordError, RecordKey, encode};
use crate::roles::Trust;

const NOTHING_TO_UPDATE: &str = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";

impl StatesApi {
    pub(super) async fn create_machine(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let name = params.required("name");
        arns::check_name(name)?;
        self.check_publish(params)?;
        let machine_type = params.text("type").unwrap_or("STANDARD");
        let configuration = Configuration::default().changed_by(params)?;
        let tags = tags::read(params.structure("tags"), &self.machine_arn(request, name))?;
        let definition = params.required("definition");
        let machine = compile(definition, machine_type)?;
        if machine_type == "EXPRESS" {
            return Err(errors::not_yet("The type EXPRESS"));
        }
        self.check_role(&self.machine_arn(request, name), params.required("roleArn"))?;
        let now = self.now_millis();
        let record = MachineRecord {
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
        };
        self.insert_machine(request, &record, definition).await
    }

    /// Writes a new machine; one that is there already and equal is the same creation (spec api.md).
    async fn insert_machine(
        &self,
        request: &Request,
        record: &MachineRecord,
        definition: &str,
    ) -> Result<Value, ApiError> {
        let key = machine_key(&request.account, &request.region, &record.name);
        loop {
            if let Some(existing) = self
                .records
                .get::<MachineRecord>(&key)
                .map_err(errors::from_records)?
            {
                return self.same_creation(request, &existing.value, record, definition);
            }
            let tx = Transaction::new()
                .require_absent(key.bytes().clone())
                .put(key.bytes().clone(), encode(record));
            match self
                .records
                .commit(self.with_revision(request, tx, &record.revision, definition))
                .await
            {
                Ok(()) => return Ok(self.created(request, record)),
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(errors::from_records(error)),
            }
        }
    }

    fn created(&self, request: &Request, record: &MachineRecord) -> Value {
        json!({
            "stateMachineArn": self.machine_arn(request, &record.name),
            "creationDate": epoch(record.created_millis),
        })
    }

    /// Role and tags are not compared; the definition is, as text.
    fn same_creation(
        &self,
        request: &Request,
        existing: &MachineRecord,
        wanted: &MachineRecord,
        definition: &str,
    ) -> Result<Value, ApiError> {
        let same = existing.machine_type == wanted.machine_type
            && existing.revision.configuration == wanted.revision.configuration
            && self.definition(request, &existing.revision.key)? == definition;
        match same {
            true => Ok(self.created(request, existing)),
            false => Err(errors::machine_exists(
                &self.machine_arn(request, &existing.name),
            )),
        }
    }

    /// Adds a revision's rows: its record and its definition.
    fn with_revision(
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

    pub(super) async fn update_machine(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let arn = self.own_machine(request, params.required("stateMachineArn"))?;
        if arn.qualifier.is_some() {
            return Err(errors::no_machine(params.required("stateMachineArn")));
        }
        let changes = [
            "definition",
            "roleArn",
            "loggingConfiguration",
            "tracingConfiguration",
            "encryptionConfiguration",
        ];
        if changes.iter().all(|name| params.structure(name).is_none()) {
            return Err(errors::missing_parameter(NOTHING_TO_UPDATE));
        }
        self.check_publish(params)?;
        loop {
            let old = self.machine(request, &arn)?;
            let updated = self.updated(request, params, &old.value)?;
            let Some((new, definition)) = updated else {
                return Ok(updated_answer(&old.value));
            };
            let key = machine_key(&request.account, &request.region, &arn.name);
            let tx = self.records.replacing(&key, &old, &new);
            match self
                .records
                .commit(self.with_revision(request, tx, &new.revision, &definition))
                .await
            {
                Ok(()) => return Ok(updated_answer(&new)),
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(errors::from_records(error)),
            }
        }
    }

    /// The machine after an update and its definition; none if nothing changes: no new revision then ([rec]).
    fn updated(
        &self,
        request: &Request,
        params: &Params,
        old: &MachineRecord,
    ) -> Result<Option<(MachineRecord, String)>, ApiError> {
        let current = self.definition(request, &old.revision.key)?;
        let definition = params.text("definition").unwrap_or(&current);
        let role_arn = params.text("roleArn").unwrap_or(&old.revision.role_arn);
        let configuration = old.revision.configuration.changed_by(params)?;
        let variable_references = match params.text("definition") {
            Some(_) => variable_references(&compile(definition, &old.machine_type)?),
            None => old.revision.variable_references.clone(),
        };
        if params.text("roleArn").is_some() {
            self.check_role(&self.machine_arn(request, &old.name), role_arn)?;
        }
        let unchanged = definition == current
            && role_arn == old.revision.role_arn
            && configuration == old.revision.configuration;
        if unchanged {
            return Ok(None);
        }
        let revision = Revision {
            key: Uuid::new_v4().to_string(),
            id: Some(Uuid::new_v4().to_string()),
            role_arn: role_arn.to_owned(),
            configuration,
            updated_millis: self.now_millis(),
            variable_references,
        };
        Ok(Some((
            MachineRecord {
                revision,
                ..old.clone()
            },
            definition.to_owned(),
        )))
    }

    pub(super) fn describe_machine(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let arn = self.own_machine(request, params.required("stateMachineArn"))?;
        let record = self.machine(request, &arn)?.value;
        let mut answer = json!({
            "stateMachineArn": self.machine_arn(request, &record.name),
            "name": record.name,
            "status": "ACTIVE",
            "definition": self.definition(request, &record.revision.key)?,
            "roleArn": record.revision.role_arn,
            "type": record.machine_type,
            "creationDate": epoch(record.created_millis),
        });
        show_revision(&mut answer, &record.revision);
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
                &scope.open(self.now_millis(), token)?,
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
            answer["nextToken"] = scope.issue(self.now_millis(), &last.name).into();
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

    /// 200 for one that is not there, too ([rec] api.md 0.5). Its open executions are aborted.
    pub(super) async fn delete_machine(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let arn = arns::machine(params.required("stateMachineArn"))?;
        let own = arn.account == *request.account && arn.region == *request.region;
        if !own || arn.qualifier.is_some() {
            return Ok(json!({}));
        }
        let key = machine_key(&request.account, &request.region, &arn.name);
        self.records
            .update(&key, |old: Option<&MachineRecord>| {
                Ok::<_, RecordError>((Change::Delete, old.is_some()))
            })
            .await
            .map_err(errors::from_records)?;
        // Also when it was not there: an earlier deletion may have been cut off before all were aborted.
        self.abort_executions(request, &arn.name);
        Ok(json!({}))
    }

    pub(super) fn validate_definition(&self, params: &Params) -> Result<Value, ApiError> {
        let options = options(params.text("type").unwrap_or("STANDARD"));
        let found = asl::validate(params.required("definition"), &options);
        let failed = found.iter().any(asl::Diagnostic::is_error);
        let warnings = params.text("severity") == Some("WARNING");
        let limit = params
            .integer("maxResults")
            .filter(|n| *n > 0)
            .unwrap_or(100) as usize;
        let shown: Vec<_> = found
            .iter()
            .filter(|diagnostic| warnings || diagnostic.is_error())
            .collect();
        let diagnostics: Vec<Value> = shown
            .iter()
            .take(limit)
            .map(|diagnostic| diagnostic_json(diagnostic))
            .collect();
        Ok(json!({
            "result": if failed { "FAIL" } else { "OK" },
            "diagnostics": diagnostics,
            "truncated": shown.len() > limit,
        }))
    }

    /// The ARN, if it can be one of this server's; a machine of another account or region is not there.
    pub(super) fn own_machine(
        &self,
        request: &Request,
        text: &str,
    ) -> Result<MachineArn, ApiError> {
        let arn = arns::machine(text)?;
        match arn.account == *request.account && arn.region == *request.region {
            true => Ok(arn),
            false => Err(errors::no_machine(text)),
        }
    }

    /// The machine's record. Versions and aliases are not there yet, so a qualified ARN names nothing.
    pub(super) fn machine(
        &self,
        request: &Request,
        arn: &MachineArn,
    ) -> Result<Record<MachineRecord>, ApiError> {
        let text = || match &arn.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.machine_arn(request, &arn.name)),
            None => self.machine_arn(request, &arn.name),
        };
        let key = machine_key(&request.account, &request.region, &arn.name);
        let found = self.records.get(&key).map_err(errors::from_records)?;
        found
            .filter(|_| arn.qualifier.is_none())
            .ok_or_else(|| errors::no_machine(&text()))
    }

    pub(super) fn machine_arn(&self, request: &Request, name: &str) -> String {
        arns::format_machine(&request.region, &request.account, name)
    }

    pub(super) fn definition(&self, request: &Request, revision: &str) -> Result<String, ApiError> {
        let namespace = Namespace::new(&request.account, &request.region);
        runtime::definition_text(self.runtime.store(), &namespace, revision)
            .map_err(errors::from_runtime)
    }

    fn check_publish(&self, params: &Params) -> Result<(), ApiError> {
        if params.boolean("publish") == Some(true) {
            return Err(errors::not_yet("Publishing a version (publish)"));
        }
        match params.text("versionDescription") {
            Some(_) => Err(errors::validation(
                "Version description can only be set when publish is true",
            )),
            None => Ok(()),
        }
    }

    /// A role that is there must trust the service; one never seen is accepted unless roles must exist.
    fn check_role(&self, machine_arn: &str, role_arn: &str) -> Result<(), ApiError> {
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

fn options(machine_type: &str) -> Options {
    Options {
        machine_type: match machine_type {
            "EXPRESS" => MachineType::Express,
            _ => MachineType::Standard,
        },
    }
}

fn compile(definition: &str, machine_type: &str) -> Result<asl::Machine, ApiError> {
    asl::compile(definition, &options(machine_type))
        .map_err(|found| errors::invalid_definition(&found))
}

fn variable_references(machine: &asl::Machine) -> VariableReferences {
    let states = machine.variable_references.iter();
    states
        .map(|(state, names)| {
            let names = names.iter().map(|name| name.to_string()).collect();
            (state.to_string(), names)
        })
        .collect()
}

fn diagnostic_json(diagnostic: &asl::Diagnostic) -> Value {
    let mut shown = json!({
        "severity": match diagnostic.severity { Severity::Error => "ERROR", Severity::Warning => "WARNING" },
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
    });
    if let Some(location) = &diagnostic.location {
        shown["location"] = location.as_str().into();
    }
    shown
}

fn updated_answer(record: &MachineRecord) -> Value {
    let mut answer = json!({ "updateDate": epoch(record.revision.updated_millis) });
    if let Some(id) = &record.revision.id {
        answer["revisionId"] = id.as_str().into();
    }
    answer
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
