//! RedriveExecution, and what a description says of redriving.

use std::sync::Arc;

use aws::ApiError;
use runtime::{ExecutionRecord, Namespace, NotRedrivable, RedriveRequest, RuntimeError, Status};
use serde_json::{Value, json};

use super::params::Params;
use super::records::{MachineRecord, machine_key};
use super::{StatesApi, epoch, errors};
use crate::front::Request;

impl StatesApi {
    pub(super) async fn redrive_execution(
        &self,
        request: &Request,
        params: &Params,
    ) -> Result<Value, ApiError> {
        let text = params.required("executionArn");
        let (_, record) = self.execution(request, text)?;
        let facts = &record.facts;
        let redrive = RedriveRequest {
            namespace: Namespace::new(&request.account, &request.region),
            machine: facts.machine_name.clone(),
            name: facts.name.clone(),
            token: params.text("clientToken").map(Arc::from),
            machine_is_deleted: self.machine_is_deleted(request, &record)?,
        };
        match self.runtime.redrive(redrive).await {
            Ok(redriven) => Ok(json!({ "redriveDate": epoch(redriven.at.0) })),
            Err(RuntimeError::NotFound) => Err(errors::no_execution(text)),
            Err(RuntimeError::NotRedrivable(reason)) => Err(errors::not_redrivable(text, reason)),
            Err(error) => Err(errors::from_runtime(error)),
        }
    }

    /// `redriveStatus`, with its reason if it cannot be redriven.
    pub(super) fn show_redrive(
        &self,
        request: &Request,
        answer: &mut Value,
        record: &ExecutionRecord,
    ) -> Result<(), ApiError> {
        match self.redrivable(request, record)? {
            Ok(()) => answer["redriveStatus"] = "REDRIVABLE".into(),
            Err(NotRedrivable::Child) => {
                answer["redriveStatus"] = "REDRIVABLE_BY_MAP_RUN".into();
            }
            Err(reason) => {
                answer["redriveStatus"] = "NOT_REDRIVABLE".into();
                answer["redriveStatusReason"] = reason.to_string().into();
            }
        }
        Ok(())
    }

    fn redrivable(
        &self,
        request: &Request,
        record: &ExecutionRecord,
    ) -> Result<Result<(), NotRedrivable>, ApiError> {
        let redrivable = self.runtime.redrivable(record);
        Ok(match redrivable {
            Ok(()) if self.machine_is_deleted(request, record)? => {
                Err(NotRedrivable::MachineDeleted)
            }
            redrivable => redrivable,
        })
    }

    /// Whether the machine that an ended execution belongs to is there no more. One that was created under its name
    /// since is another one.
    fn machine_is_deleted(
        &self,
        request: &Request,
        record: &ExecutionRecord,
    ) -> Result<bool, ApiError> {
        if matches!(record.status, Status::Running | Status::Succeeded) {
            return Ok(false);
        }
        let facts = &record.facts;
        let key = machine_key(&request.account, &request.region, &facts.machine_name);
        let found = self.records.get::<MachineRecord>(&key);
        let machine = found.map_err(errors::from_records)?;
        Ok(machine.is_none_or(|machine| machine.value.created_millis > facts.started.0))
    }
}
