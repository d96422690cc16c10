//! What is kept of a state machine: the record under its name, and one for every revision that executions may pin.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::configuration::Configuration;
use crate::records::RecordKey;

/// A state machine as it is now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MachineRecord {
    pub(super) name: String,
    /// Tells this machine from an earlier one of the same name.
    pub(super) generation: String,
    /// `STANDARD` or `EXPRESS`.
    pub(super) machine_type: String,
    pub(super) created_millis: i64,
    /// The current revision.
    pub(super) revision: Revision,
    /// In the order of their first setting.
    pub(super) tags: Vec<Tag>,
}

/// What an update replaces. An execution keeps the one it started with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Revision {
    /// Names the definition's row in the runtime.
    pub(super) key: String,
    /// As the API shows it: none before the first update.
    pub(super) id: Option<String>,
    pub(super) role_arn: String,
    pub(super) configuration: Configuration,
    pub(super) updated_millis: i64,
    /// The variables that each state reads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) variable_references: VariableReferences,
}

/// `variableReferences`: names of variables by the name of the state that reads them.
pub(super) type VariableReferences = BTreeMap<String, BTreeSet<String>>;

/// A tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// Where a machine's record is.
pub(super) fn machine_key(account: &str, region: &str, name: &str) -> RecordKey {
    RecordKey::new(account, region, "state-machine", &[name])
}

/// What the keys of all machines begin with.
pub(super) fn machine_prefix(account: &str, region: &str) -> RecordKey {
    RecordKey::new(account, region, "state-machine", &[])
}

/// Where a revision's record is.
pub(super) fn revision_key(account: &str, region: &str, revision: &str) -> RecordKey {
    RecordKey::new(account, region, "state-machine-revision", &[revision])
}
