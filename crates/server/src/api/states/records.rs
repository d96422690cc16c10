//! What is kept of a state machine: the record under its name, one for every revision that executions may pin, and one
//! for every version and alias.

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
    #[serde(default)]
    pub(super) releases: Releases,
}

impl MachineRecord {
    /// Whether its executions leave no history.
    pub(super) fn is_express(&self) -> bool {
        self.machine_type == "EXPRESS"
    }
}

/// What a machine's record knows of its versions and aliases. Whoever changes one of them writes the machine's record
/// in the same transaction, on condition that nobody else has: so all changes of a machine's releases are in one order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Releases {
    /// The last version's number: numbers are not used again.
    pub(super) last_version: u64,
    /// Versions that are there.
    pub(super) versions: usize,
    /// Aliases that are there.
    pub(super) aliases: usize,
    /// The version of the current revision, if there is one.
    pub(super) current: Option<u64>,
    /// Goes up with every change, so that no two states of the record are the same bytes.
    pub(super) changes: u64,
    /// What the creation said of publishing: part of its identity.
    pub(super) creation: Publication,
}

/// `publish` and `versionDescription`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Publication {
    pub(super) publish: bool,
    pub(super) description: Option<String>,
}

/// A version: a revision under a number. Never changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct VersionRecord {
    pub(super) number: u64,
    /// The revision's key.
    pub(super) revision: String,
    pub(super) description: Option<String>,
    pub(super) created_millis: i64,
}

/// An alias: a name that leads to versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AliasRecord {
    pub(super) name: String,
    pub(super) description: Option<String>,
    /// One or two; the weights make a hundred.
    pub(super) routes: Vec<Route>,
    pub(super) created_millis: i64,
    pub(super) updated_millis: i64,
}

/// Where an alias leads. A version that is named here cannot be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Route {
    pub(super) version: u64,
    /// The version's revision, whose record outlives the version: a start needs not look for the version.
    pub(super) revision: String,
    /// Of a hundred starts, how many.
    pub(super) weight: u32,
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

/// An activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ActivityRecord {
    pub(super) name: String,
    pub(super) created_millis: i64,
    /// `encryptionConfiguration`, as it is shown.
    pub(super) encryption: serde_json::Value,
    /// In the order of their first setting.
    pub(super) tags: Vec<Tag>,
}

/// Where an activity's record is.
pub(super) fn activity_key(account: &str, region: &str, name: &str) -> RecordKey {
    RecordKey::new(account, region, "activity", &[name])
}

/// What the keys of all activities begin with.
pub(super) fn activity_prefix(account: &str, region: &str) -> RecordKey {
    RecordKey::new(account, region, "activity", &[])
}

/// A record that can be tagged.
pub(super) trait Tagged {
    /// Its tags.
    fn tags(&mut self) -> &mut Vec<Tag>;
}

impl Tagged for MachineRecord {
    fn tags(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

impl Tagged for ActivityRecord {
    fn tags(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

/// Where a machine's record is.
pub(super) fn machine_key(account: &str, region: &str, name: &str) -> RecordKey {
    RecordKey::new(account, region, "state-machine", &[name])
}

/// What the keys of all machines begin with.
pub(super) fn machine_prefix(account: &str, region: &str) -> RecordKey {
    RecordKey::new(account, region, "state-machine", &[])
}

/// Where a version's record is. Keys are in the order of lists: the newest version first.
pub(super) fn version_key(account: &str, region: &str, name: &str, number: u64) -> RecordKey {
    let number = format!("{:016x}", u64::MAX - number);
    RecordKey::new(account, region, "state-machine-version", &[name, &number])
}

/// What the keys of all versions of a machine begin with.
pub(super) fn version_prefix(account: &str, region: &str, name: &str) -> RecordKey {
    RecordKey::new(account, region, "state-machine-version", &[name])
}

/// Where an alias's record is.
pub(super) fn alias_key(account: &str, region: &str, name: &str, alias: &str) -> RecordKey {
    RecordKey::new(account, region, "state-machine-alias", &[name, alias])
}

/// What the keys of all aliases of a machine begin with.
pub(super) fn alias_prefix(account: &str, region: &str, name: &str) -> RecordKey {
    RecordKey::new(account, region, "state-machine-alias", &[name])
}

/// Where a revision's record is.
pub(super) fn revision_key(account: &str, region: &str, revision: &str) -> RecordKey {
    RecordKey::new(account, region, "state-machine-revision", &[revision])
}
