//! Logging, tracing and encryption configuration: checked, stored, shown again. What is logged is `logging`'s; nothing
//! is traced.

use aws::ApiError;
use aws::validate::Violations;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors;
use super::params::{Params, nested, nested_boolean, nested_list, nested_text, typed};
use crate::logs::{GroupPlace, Logs};

/// As given, with the defaults that Describe shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Configuration {
    pub(super) logging: Value,
    pub(super) tracing: Value,
    pub(super) encryption: Value,
}

impl Default for Configuration {
    fn default() -> Configuration {
        Configuration {
            logging: json!({ "level": "OFF", "includeExecutionData": false }),
            tracing: json!({ "enabled": false }),
            encryption: json!({ "type": "AWS_OWNED_KEY" }),
        }
    }
}

impl Configuration {
    /// These, with what the request changes.
    pub(super) fn changed_by(
        &self,
        params: &Params,
        logs: &Logs,
    ) -> Result<Configuration, ApiError> {
        Ok(Configuration {
            logging: params
                .structure("loggingConfiguration")
                .map_or(Ok(self.logging.clone()), |given| logging(given, logs))?,
            tracing: params
                .structure("tracingConfiguration")
                .map_or(Ok(self.tracing.clone()), tracing)?,
            encryption: params
                .structure("encryptionConfiguration")
                .map_or(Ok(self.encryption.clone()), encryption)?,
        })
    }
}

fn logging(given: &Value, logs: &Logs) -> Result<Value, ApiError> {
    let level = nested_text(given, "level")?.unwrap_or("OFF");
    if !["ALL", "ERROR", "FATAL", "OFF"].contains(&level) {
        return Err(one_of(
            "loggingConfiguration.level",
            level,
            "[ALL, ERROR, FATAL, OFF]",
        ));
    }
    let destinations = nested_list(given, "destinations")?;
    if (level != "OFF" && destinations.is_empty()) || destinations.len() > 1 {
        return Err(errors::invalid_logging(
            "Must specify exactly one Log Destination.",
        ));
    }
    for destination in destinations {
        check_destination(destination, logs)?;
    }
    let include = nested_boolean(given, "includeExecutionData")?;
    let mut shown = json!({ "level": level, "includeExecutionData": include });
    // An empty list is shown, too ([rec] api.logs).
    if given.get("destinations").is_some_and(Value::is_array) {
        shown["destinations"] = Value::Array(destinations.to_vec());
    }
    Ok(shown)
}

/// The ARN of a log group with `:*` behind it, and the group must be there.
fn check_destination(destination: &Value, logs: &Logs) -> Result<(), ApiError> {
    typed(destination, "destinations", Value::is_object, "structure")?;
    let group = nested(
        destination,
        "cloudWatchLogsLogGroup",
        Value::is_object,
        "structure",
    )?;
    let arn = match group {
        Some(group) => nested_text(group, "logGroupArn")?.unwrap_or_default(),
        None => "",
    };
    let place = GroupPlace::from_arn(arn).filter(|_| arn.ends_with(":*"));
    let not_found = || errors::invalid_logging("Log Destination not found.");
    let place = place.ok_or_else(not_found)?;
    match logs.may_be_named(&place) {
        Ok(true) => Ok(()),
        Ok(false) => Err(not_found()),
        Err(error) => Err(errors::from_logs(&error)),
    }
}

fn tracing(given: &Value) -> Result<Value, ApiError> {
    Ok(json!({ "enabled": nested_boolean(given, "enabled")? }))
}

pub(super) fn encryption(given: &Value) -> Result<Value, ApiError> {
    match nested_text(given, "type")? {
        None => Err(errors::validation(
            "1 validation error detected: Value null at 'encryptionConfiguration.type' failed to satisfy constraint: \
             Member must not be null",
        )),
        Some("AWS_OWNED_KEY") if given.get("kmsKeyId").is_some_and(|key| !key.is_null()) => Err(
            errors::invalid_encryption("kmsKeyId must not be set with the type AWS_OWNED_KEY."),
        ),
        Some("AWS_OWNED_KEY") => Ok(json!({ "type": "AWS_OWNED_KEY" })),
        Some("CUSTOMER_MANAGED_KMS_KEY") => customer_key(given),
        Some(other) => Err(one_of(
            "encryptionConfiguration.type",
            other,
            "[AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY]",
        )),
    }
}

/// The key is kept and shown, and that is all: there is no key service here, and what is stored is not encrypted.
fn customer_key(given: &Value) -> Result<Value, ApiError> {
    const REUSE: &str = "kmsDataKeyReusePeriodSeconds";
    let Some(key) = nested_text(given, "kmsKeyId")?.filter(|key| !key.is_empty()) else {
        return Err(errors::invalid_encryption(
            "kmsKeyId must be set with the type CUSTOMER_MANAGED_KMS_KEY.",
        ));
    };
    let reuse = nested(given, REUSE, Value::is_i64, "Integer")?;
    let reuse = reuse.and_then(Value::as_i64).unwrap_or(300);
    let path = format!("encryptionConfiguration.{REUSE}");
    let mut violations = Violations::default();
    violations.length("encryptionConfiguration.kmsKeyId", key, 1, 2_048);
    violations.range(&path, reuse, 60, 900);
    violations.check(errors::validation)?;
    tracing::warn!(
        key,
        "a customer managed key is configured: the setting is kept, nothing is encrypted with it"
    );
    Ok(
        json!({ "kmsKeyId": key, "kmsDataKeyReusePeriodSeconds": reuse, "type": "CUSTOMER_MANAGED_KMS_KEY" }),
    )
}

fn one_of(path: &str, value: &str, set: &str) -> ApiError {
    errors::validation(format!(
        "1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy \
         enum value set: {set}"
    ))
}
