//! Requests of the service model (2015-03-31): their members, the model's constraints and the service's own.

use std::collections::BTreeMap;
use std::fmt;

use aws::ApiError;
use aws::arn::FunctionRef;
use aws::validate::Violations;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::errors;
use super::record::KEPT_SETTINGS;

const NAME_PATTERN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
const ROLE_PATTERN: &str = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
const VARIABLE_PATTERN: &str = "[a-zA-Z]([a-zA-Z0-9_])+";
/// What Lambda names when a runtime is not in its list: those it still creates functions for.
const RUNTIMES: &str = "[nodejs20.x, provided.al2023, python3.12, java17, nodejs22.x, java21, python3.13, nodejs24.x, \
                        python3.14, python3.11, python3.10, python3.9, provided.al2, dotnet8, ruby3.3, ruby3.4]";
const ENVIRONMENT_BYTES: usize = 4096;
/// Variables that Lambda sets itself.
const RESERVED_VARIABLES: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];
const MAX_TAGS: usize = 50;

/// The code of CreateFunction, and most of UpdateFunctionCode.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Code {
    pub(super) zip_file: Option<String>,
    pub(super) s3_bucket: Option<String>,
    pub(super) s3_key: Option<String>,
    pub(super) image_uri: Option<String>,
}

/// What CreateFunction and UpdateFunctionConfiguration set.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Configuration {
    pub(super) runtime: Option<String>,
    pub(super) role: Option<String>,
    pub(super) handler: Option<String>,
    pub(super) description: Option<String>,
    pub(super) timeout: Option<i64>,
    pub(super) memory_size: Option<i64>,
    pub(super) environment: Option<Environment>,
    pub(super) layers: Vec<Value>,
    pub(super) package_type: Option<String>,
    pub(super) publish: bool,
    pub(super) revision_id: Option<String>,
    /// All other members.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// `Environment`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Environment {
    pub(super) variables: BTreeMap<String, String>,
}

/// CreateFunction.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateFunction {
    pub(super) function_name: Option<String>,
    pub(super) code: Option<Code>,
    pub(super) tags: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) configuration: Configuration,
}

/// UpdateFunctionCode.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct UpdateCode {
    pub(super) dry_run: bool,
    pub(super) publish: bool,
    pub(super) revision_id: Option<String>,
    #[serde(flatten)]
    pub(super) code: Code,
}

/// Reads a body. An empty one is an empty object.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    let mut small = 0;
    for (name, member) in &members(body)? {
        match name.as_str() {
            "Code" if member.get().starts_with('{') => {
                for (name, member) in &members(member.get().as_bytes())? {
                    small += check_size(name, member)?;
                }
            }
            _ => small += check_size(name, member)?,
        }
    }
    if small > MAX_MEMBERS {
        return Err(errors::invalid("The request is too large."));
    }
    serde_json::from_slice(body).map_err(|error| errors::not_json(&error.to_string()))
}

/// The largest member of a request besides a package, in bytes of JSON: nothing else may take much to be read or kept.
const MAX_MEMBER: usize = 128 * 1024;
/// All of them together.
const MAX_MEMBERS: usize = 512 * 1024;
/// How many there may be.
const MEMBERS: usize = 100;

/// The members of an object, not looked into.
fn members(body: &[u8]) -> Result<Vec<(String, &RawValue)>, ApiError> {
    let not_json = |error: serde_json::Error| errors::not_json(&error.to_string());
    let whole: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
    match whole.get().starts_with('{') {
        true => serde_json::from_str(whole.get())
            .map(|Members(members)| members)
            .map_err(not_json),
        false => Err(errors::not_json("The request body must be a JSON object")),
    }
}

/// The members of an object, as long as they are not too many.
struct Members<'de>(Vec<(String, &'de RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_map(Members(Vec::new()))
    }
}

impl<'de> Visitor<'de> for Members<'de> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Members<'de>, A::Error> {
        while let Some(member) = members.next_entry()? {
            if self.0.len() == MEMBERS {
                return Err(A::Error::custom("it has too many members"));
            }
            self.0.push(member);
        }
        Ok(self)
    }
}

/// What it counts: nothing for a package.
fn check_size(name: &str, member: &RawValue) -> Result<usize, ApiError> {
    let text = member.get();
    let package = name == "ZipFile" && text.starts_with('"');
    match package || text.len() <= MAX_MEMBER {
        true if package => Ok(0),
        true => Ok(name.len() + text.len()),
        false => Err(errors::invalid(format!(
            "The value of '{name}' is too large."
        ))),
    }
}

/// Checks a function's name in a request, in all its forms.
pub(super) fn function_name(text: &str) -> Result<FunctionRef, ApiError> {
    let mut violations = Violations::default();
    let parsed = check_name(text, &mut violations);
    violations.check(errors::validation)?;
    parsed.ok_or_else(|| errors::invalid(format!("'{text}' is not the name of a function.")))
}

fn check_name(text: &str, violations: &mut Violations) -> Option<FunctionRef> {
    let parsed = FunctionRef::parse(text);
    violations.length("functionName", text, 1, 140);
    violations.pattern("functionName", text, NAME_PATTERN, parsed.is_some());
    parsed
}

impl CreateFunction {
    /// Checks all members; the function's name.
    pub(super) fn check(&self) -> Result<FunctionRef, ApiError> {
        let mut violations = Violations::default();
        violations.required("functionName", self.function_name.as_ref());
        let name = self
            .function_name
            .as_deref()
            .and_then(|name| check_name(name, &mut violations));
        violations.required("role", self.configuration.role.as_ref());
        violations.required("code", self.code.as_ref());
        self.configuration.check_constraints(&mut violations);
        violations.check(errors::validation)?;
        self.configuration.check_support()?;
        check_tags(&self.tags)?;
        if self.configuration.runtime.is_none() || self.configuration.handler.is_none() {
            let message = "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
            return Err(errors::invalid(message));
        }
        name.ok_or_else(|| errors::invalid("The function has no name."))
    }
}

impl Code {
    /// The deployment package.
    pub(super) fn package(&self) -> Result<Vec<u8>, ApiError> {
        if self.image_uri.is_some() {
            return Err(errors::invalid(
                "Container images are not available on this server: give a ZipFile.",
            ));
        }
        if self.s3_bucket.is_some() || self.s3_key.is_some() {
            let message =
                "Code from S3 is not available on this server: give the package itself as ZipFile.";
            return Err(errors::invalid(message));
        }
        let Some(text) = &self.zip_file else {
            return Err(errors::invalid(
                "Please provide a source for function code.",
            ));
        };
        let package = BASE64
            .decode(text)
            .map_err(|_| errors::not_json("ZipFile is not base64"))?;
        match package.is_empty() {
            true => Err(errors::invalid("Uploaded file must be a non-empty zip")),
            false => Ok(package),
        }
    }
}

impl Configuration {
    /// The service model's constraints.
    pub(super) fn check_constraints(&self, violations: &mut Violations) {
        if let Some(role) = &self.role {
            violations.pattern("role", role, ROLE_PATTERN, is_role(role));
        }
        if let Some(handler) = &self.handler {
            violations.length("handler", handler, 0, 128);
            let spaceless = !handler.is_empty() && !handler.contains(char::is_whitespace);
            violations.pattern("handler", handler, r"[^\s]+", spaceless);
        }
        if let Some(description) = &self.description {
            violations.length("description", description, 0, 256);
        }
        if let Some(timeout) = self.timeout {
            violations.range("timeout", timeout, 1, 900);
        }
        if let Some(memory) = self.memory_size {
            violations.range("memorySize", memory, 128, 10_240);
        }
        for name in self
            .environment
            .iter()
            .flat_map(|environment| environment.variables.keys())
        {
            violations.pattern(
                "environment.variables",
                name,
                VARIABLE_PATTERN,
                is_variable(name),
            );
        }
    }

    /// What the service itself refuses, and what this server does not have.
    pub(super) fn check_support(&self) -> Result<(), ApiError> {
        if let Some(runtime) = &self.runtime {
            runtime.parse::<functions::Runtime>().map(drop).map_err(|error| match error {
                functions::Error::UnknownRuntime(name) => errors::invalid(format!(
                    "Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \
                     {RUNTIMES} or be a valid ARN"
                )),
                other => errors::invalid(other.to_string()),
            })?;
        }
        let unsupported = |what: &str| {
            Err(errors::invalid(format!(
                "{what} are not available on this server."
            )))
        };
        match self.package_type.as_deref() {
            None | Some("Zip") => {}
            Some(_) => return unsupported("Functions that are no Zip packages"),
        }
        if !self.layers.is_empty() {
            return unsupported("Layers");
        }
        if self.publish {
            return unsupported("Published versions");
        }
        self.environment.as_ref().map_or(Ok(()), Environment::check)
    }

    /// The members that are kept for the client's sake.
    pub(super) fn settings(&self) -> Map<String, Value> {
        let kept = |name: &&&str| self.rest.get(**name).is_some_and(|value| !value.is_null());
        let names = KEPT_SETTINGS.iter().filter(kept);
        names
            .map(|name| ((*name).to_owned(), self.rest[*name].clone()))
            .collect()
    }
}

impl Environment {
    fn check(&self) -> Result<(), ApiError> {
        let reserved: Vec<&str> = self
            .variables
            .keys()
            .map(String::as_str)
            .filter(|name| RESERVED_VARIABLES.contains(name))
            .collect();
        if !reserved.is_empty() {
            return Err(errors::invalid(format!(
                "Lambda was unable to configure your environment variables because the environment variables you have \
                 provided contains reserved keys that are currently not supported for modification. Reserved keys used \
                 in this request: {}",
                reserved.join(", ")
            )));
        }
        let size = serde_json::to_string(&self.variables).map_or(0, |json| json.len());
        if size > ENVIRONMENT_BYTES || self.variables.values().any(|value| value.contains('\0')) {
            return Err(errors::invalid(
                "Lambda was unable to configure your environment variables because the environment variables you have \
                 provided exceeded the 4KB limit.",
            ));
        }
        Ok(())
    }
}

/// At most 50 tags of usual length.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > MAX_TAGS {
        return Err(errors::invalid(format!(
            "A function can have at most {MAX_TAGS} tags."
        )));
    }
    let fits = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count())
            && value.chars().count() <= 256
            && !key.starts_with("aws:")
    };
    match tags.iter().all(fits) {
        true => Ok(()),
        false => Err(errors::invalid(
            "A tag key has 1 to 128 characters and does not begin with aws:, a value 0 to 256.",
        )),
    }
}

fn is_role(text: &str) -> bool {
    let Ok(arn) = text.parse::<aws::Arn>() else {
        return false;
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_/".contains(c);
    let name = arn
        .resource
        .strip_prefix("role")
        .unwrap_or_default()
        .trim_start_matches('/');
    arn.service == "iam"
        && arn.region.is_empty()
        && aws::arn::is_account_id(&arn.account)
        && !name.is_empty()
        && name.chars().all(allowed)
}

fn is_variable(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
