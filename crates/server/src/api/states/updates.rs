//! Updates of state machines: a new revision, and with `publish` a version of it, in one change.

use aws::ApiError;
use serde_json::{Value, json};
use uuid::Uuid;

use super::machines::variable_references;
use super::params::Params;
use super::records::{MachineRecord, Publication, Revision, machine_key};
use super::versions::with_version;
use super::{StatesApi, epoch, errors};
use crate::front::Request;
use crate::records::RecordError;

const NOTHING_TO_UPDATE: &str = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";

impl StatesApi {
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
        let publication = Publication::read(params)?;
        loop {
            let old = self.machine(request, &arn)?;
            let mut new = old.value.clone();
            let definition = self.update_revision(request, params, &mut new)?;
            let version = match publication.publish && new.releases.current.is_none() {
                true => Some(new.publish(
                    publication.description.as_deref(),
                    self.now_millis(),
                    &self.quotas,
                )?),
                false => None,
            };
            if definition.is_none() && version.is_none() {
                return Ok(self.updated(request, &new, &publication));
            }
            let key = machine_key(&request.account, &request.region, &arn.name);
            let mut tx = self.records.replacing(&key, &old, &new);
            if let Some(definition) = definition {
                tx = self.with_revision(request, tx, &new.revision, &definition);
            }
            let tx = with_version(request, tx, &arn.name, version.as_ref());
            match self.records.commit(tx).await {
                Ok(()) => return Ok(self.updated(request, &new, &publication)),
                Err(RecordError::Conflict) => continue,
                Err(error) => return Err(errors::from_records(error)),
            }
        }
    }

    /// Gives the machine a new revision, and its definition to the caller; none if nothing changes: no new revision
    /// then ([rec]).
    fn update_revision(
        &self,
        request: &Request,
        params: &Params,
        machine: &mut MachineRecord,
    ) -> Result<Option<String>, ApiError> {
        let old = &*machine;
        let current = self.definition(request, &old.revision.key)?;
        let definition = params.text("definition").unwrap_or(&current);
        let role_arn = params.text("roleArn").unwrap_or(&old.revision.role_arn);
        let configuration = old.revision.configuration.changed_by(params, &self.logs)?;
        let variable_references = match params.text("definition") {
            Some(_) => {
                variable_references(&self.compile(&old.name, definition, &old.machine_type)?)
            }
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
        machine.revision = Revision {
            key: Uuid::new_v4().to_string(),
            id: Some(Uuid::new_v4().to_string()),
            role_arn: role_arn.to_owned(),
            configuration,
            updated_millis: self.now_millis(),
            variable_references,
        };
        machine.releases.current = None;
        Ok(Some(definition.to_owned()))
    }

    fn updated(
        &self,
        request: &Request,
        record: &MachineRecord,
        publication: &Publication,
    ) -> Value {
        let mut answer = json!({ "updateDate": epoch(record.revision.updated_millis) });
        if let Some(id) = &record.revision.id {
            answer["revisionId"] = id.as_str().into();
        }
        if let (true, Some(number)) = (publication.publish, record.releases.current) {
            let version = self.version_arn(request, &record.name, number);
            answer["stateMachineVersionArn"] = version.into();
        }
        answer
    }
}
