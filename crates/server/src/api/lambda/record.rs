//! What is kept of a function, and how it looks to clients and to the function host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use aws::ApiError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use functions::{CodeStore, FunctionSpec};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::errors;
use crate::records::RecordKey;

/// A function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FunctionRecord {
    pub(super) name: String,
    /// Without a qualifier.
    pub(super) arn: String,
    pub(super) runtime: String,
    pub(super) handler: String,
    pub(super) role: String,
    pub(super) description: String,
    /// Seconds.
    pub(super) timeout: u32,
    /// MB.
    pub(super) memory: u32,
    /// None where it was never given, which is not the same as empty.
    pub(super) environment: Option<BTreeMap<String, String>>,
    pub(super) code: CodeRecord,
    /// Members of the configuration that are kept for clients and mean nothing here, e.g. `TracingConfig`.
    pub(super) settings: Map<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) reserved_concurrency: Option<u32>,
    /// The statements of the resource policy, in the order of their addition.
    pub(super) policy: Vec<Value>,
    pub(super) modified_millis: i64,
    /// Changes with every change of code or configuration.
    pub(super) revision: String,
}

/// A deployment package in the code store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CodeRecord {
    /// Hexadecimal.
    pub(super) sha256: String,
    /// Bytes of the package.
    pub(super) size: u64,
}

/// Members that clients set and read back; the value is what Lambda shows where none was set.
pub(super) const KEPT_SETTINGS: &[&str] = &[
    "VpcConfig",
    "DeadLetterConfig",
    "KMSKeyArn",
    "TracingConfig",
    "Architectures",
    "EphemeralStorage",
    "LoggingConfig",
    "SnapStart",
];

/// Where a function's record is. All regions of an account are together, so that the code still in use can be found.
pub(super) fn function_key(account: &str, region: &str, name: &str) -> RecordKey {
    RecordKey::new(account, "", "lambda-function", &[region, name])
}

/// What the keys of a region's functions begin with.
pub(super) fn region_prefix(account: &str, region: &str) -> RecordKey {
    RecordKey::new(account, "", "lambda-function", &[region])
}

/// What the keys of all of an account's functions begin with.
pub(super) fn account_prefix(account: &str) -> RecordKey {
    RecordKey::new(account, "", "lambda-function", &[])
}

impl CodeRecord {
    /// `CodeSha256`: base64 of the digest.
    pub(super) fn sha256_base64(&self) -> String {
        BASE64.encode(hex::decode(&self.sha256).unwrap_or_default())
    }
}

impl FunctionRecord {
    /// The account within the ARN.
    pub(super) fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }

    /// Where the code is.
    pub(super) fn folder(&self, code: &CodeStore) -> PathBuf {
        code.within(self.account()).path_of(&self.code.sha256)
    }

    /// What the host needs.
    pub(super) fn spec(&self, code: &CodeStore) -> Result<FunctionSpec, ApiError> {
        let runtime = self
            .runtime
            .parse()
            .map_err(|error| errors::of_host(error, &self.arn))?;
        Ok(FunctionSpec {
            name: self.name.clone(),
            arn: self.arn.clone(),
            runtime,
            handler: self.handler.clone(),
            code: self.folder(code),
            revision: self.revision.clone(),
            environment: self.environment.clone().unwrap_or_default(),
            timeout: Duration::from_secs(self.timeout.into()),
            memory_mb: self.memory,
            reserved_concurrency: self.reserved_concurrency,
        })
    }

    /// Marks a change of code or configuration.
    pub(super) fn touch(&mut self, now_millis: i64) {
        self.revision = uuid::Uuid::new_v4().to_string();
        self.modified_millis = now_millis;
    }

    /// `FunctionConfiguration`; the ARN carries `qualifier` where the request did.
    pub(super) fn configuration(&self, qualifier: Option<&str>) -> Value {
        let arn = match qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.arn),
            None => self.arn.clone(),
        };
        let modified = jiff::Timestamp::from_millisecond(self.modified_millis).unwrap_or_default();
        let mut shown = json!({
            "FunctionName": self.name,
            "FunctionArn": arn,
            "Runtime": self.runtime,
            "Role": self.role,
            "Handler": self.handler,
            "CodeSize": self.code.size,
            "Description": self.description,
            "Timeout": self.timeout,
            "MemorySize": self.memory,
            "LastModified": aws::time::lambda_millis(modified),
            "CodeSha256": self.code.sha256_base64(),
            "Version": "$LATEST",
            "TracingConfig": {"Mode": "PassThrough"},
            "RevisionId": self.revision,
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": ["x86_64"],
            "EphemeralStorage": {"Size": 512},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{}", self.name)},
        });
        if let Some(environment) = &self.environment {
            shown["Environment"] = json!({"Variables": environment});
        }
        for (name, value) in &self.settings {
            match (shown.get_mut(name).and_then(Value::as_object_mut), value) {
                // What the client did not say keeps its default.
                (Some(defaults), Value::Object(given)) => defaults.extend(given.clone()),
                _ => shown[name] = value.clone(),
            }
        }
        shown
    }
}
