//! What the ARN of a machine, a version or an alias leads to: the revision that a start pins, or whose executions are
//! listed.

use std::sync::Arc;

use aws::ApiError;
use runtime::PinnedRevision;
use uuid::Uuid;

use super::arns::{MachineArn, Qualifier};
use super::records::{MachineRecord, Revision, Route, machine_key, revision_key};
use super::{StatesApi, errors};
use crate::front::Request;

/// What is to be started.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) machine: Arc<MachineRecord>,
    /// The revision's record, if it is not the machine's current one.
    other: Option<Arc<Revision>>,
    /// The same for the execution to keep, with the ARNs of the version and alias.
    pub(super) pinned: PinnedRevision,
}

impl Target {
    /// The revision that is pinned.
    pub(super) fn revision(&self) -> &Revision {
        self.other.as_deref().unwrap_or(&self.machine.revision)
    }
}

impl StatesApi {
    /// Follows an ARN; an alias that leads to two versions chooses one of them by chance.
    pub(super) fn target(&self, request: &Request, arn: &MachineArn) -> Result<Target, ApiError> {
        let gone = || errors::no_machine(&self.qualified_arn(request, arn));
        let key = machine_key(&request.account, &request.region, &arn.name);
        let found = self.records.shared::<MachineRecord>(&key);
        let machine = found.map_err(errors::from_records)?.ok_or_else(gone)?;
        let name = &machine.name;
        let mut pinned = PinnedRevision::unqualified(machine.revision.key.as_str());
        match &arn.qualifier {
            None => {}
            Some(Qualifier::Version(number)) => {
                let version = self.version(request, name, *number)?.ok_or_else(gone)?;
                pinned.key = version.value.revision.into();
                pinned.version = Some(self.version_arn(request, name, *number).into());
            }
            Some(Qualifier::Alias(alias)) => {
                let alias = self.alias(request, name, alias)?.ok_or_else(gone)?.value;
                let route = choose(&alias.routes, draw()).ok_or_else(gone)?;
                pinned.key = route.revision.as_str().into();
                pinned.version = Some(self.version_arn(request, name, route.version).into());
                pinned.alias = Some(self.alias_arn(request, name, &alias.name).into());
            }
        }
        let other = match *pinned.key == machine.revision.key {
            true => None,
            false => Some(self.revision(request, &pinned.key)?.ok_or_else(gone)?),
        };
        Ok(Target {
            machine,
            other,
            pinned,
        })
    }

    /// The record of a revision. Revisions are kept for the executions that pin them.
    pub(super) fn revision(
        &self,
        request: &Request,
        key: &str,
    ) -> Result<Option<Arc<Revision>>, ApiError> {
        let key = revision_key(&request.account, &request.region, key);
        self.records.shared(&key).map_err(errors::from_records)
    }

    /// The ARN of a version or alias by which executions are filtered, after a look whether it is there; none for the
    /// machine itself.
    pub(super) fn filter(
        &self,
        request: &Request,
        arn: &MachineArn,
    ) -> Result<Option<String>, ApiError> {
        let is_there = match &arn.qualifier {
            None => return Ok(None),
            Some(Qualifier::Version(number)) => {
                self.version(request, &arn.name, *number)?.is_some()
            }
            Some(Qualifier::Alias(name)) => self.alias(request, &arn.name, name)?.is_some(),
        };
        let text = self.qualified_arn(request, arn);
        match is_there {
            true => Ok(Some(text)),
            false => Err(errors::no_machine(&text)),
        }
    }

    /// The ARN as this server writes it.
    pub(super) fn qualified_arn(&self, request: &Request, arn: &MachineArn) -> String {
        let machine = self.machine_arn(request, &arn.name);
        match &arn.qualifier {
            Some(qualifier) => format!("{machine}:{qualifier}"),
            None => machine,
        }
    }
}

/// One of a hundred. The low bits of a UUID of version 4 are random.
fn draw() -> u32 {
    (Uuid::new_v4().as_u128() as u32) % 100
}

/// The route whose share of a hundred the draw falls into.
fn choose(routes: &[Route], draw: u32) -> Option<&Route> {
    let mut below = 0;
    routes.iter().find(|route| {
        below += route.weight;
        draw < below
    })
}
