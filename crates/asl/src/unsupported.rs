//! What the service takes and this version of Stepwell cannot run yet.
//!
//! Owns one row for each missing feature; a later version deletes rows, and with the last one this module. The walk
//! notes what it meets in parsed form; the notes become diagnostics only when nothing else is wrong, so that the
//! service's own answers win: warnings of a validation, and what keeps the definition from being run.

use crate::definition::{Resource, Target};

/// A missing feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// A value of a field of an `ItemReader`.
    ReaderConfig(&'static str),
    /// A service that is not called yet.
    Integration(String),
}

impl Feature {
    /// What the user is told.
    pub(crate) fn message(&self) -> String {
        let what = match self {
            Feature::ReaderConfig(value) => format!("an ItemReader with '{value}'"),
            Feature::Integration(name) => format!("the service integration '{name}'"),
        };
        format!("This version of Stepwell does not support {what} yet")
    }
}

/// The services that are called in this version.
const SUPPORTED: &[(&str, &str)] = &[("lambda", "invoke"), ("states", "startExecution")];

/// The actions of Step Functions that are called through the SDK.
const SFN: &[&str] = &[
    "createActivity",
    "createStateMachine",
    "createStateMachineAlias",
    "deleteActivity",
    "deleteStateMachine",
    "deleteStateMachineAlias",
    "deleteStateMachineVersion",
    "describeActivity",
    "describeExecution",
    "describeStateMachine",
    "describeStateMachineAlias",
    "describeStateMachineForExecution",
    "getActivityTask",
    "getExecutionHistory",
    "listActivities",
    "listExecutions",
    "listStateMachineAliases",
    "listStateMachineVersions",
    "listStateMachines",
    "listTagsForResource",
    "publishStateMachineVersion",
    "redriveExecution",
    "sendTaskFailure",
    "sendTaskHeartbeat",
    "sendTaskSuccess",
    "startExecution",
    "startSyncExecution",
    "stopExecution",
    "tagResource",
    "untagResource",
    "updateStateMachine",
    "updateStateMachineAlias",
    "validateStateMachineDefinition",
];

/// What is missing to call a resource.
pub(crate) fn in_resource(resource: &Resource) -> Option<Feature> {
    match &resource.target {
        Target::Function | Target::Activity => None,
        Target::Service {
            resource_type,
            action,
            ..
        } => {
            let missing = match &**resource_type {
                "aws-sdk:sfn" => !SFN.contains(&&**action),
                _ => !SUPPORTED.contains(&(resource_type, action)),
            };
            missing.then(|| Feature::Integration(format!("{resource_type}:{action}")))
        }
    }
}
